/* The report: one HTML file that needs no network, made of the JSON files in a study's folder (docs/formats.md), and
 * its figures as Vega-Lite texts. */
#ifndef TEN_REPORT_REPORT_H
#define TEN_REPORT_REPORT_H

#include "tenfold.h"

/* Reads the study in `folder` and writes the page to `out` and its figures to folder/figures. study.json, explore.json,
 * compare.json and the evaluation of the best row must be there (TEN_NOT_FOUND); preprocess.json and the other
 * evaluations may be missing, their part is then left out. A file that is no JSON, lacks a member or has one of another
 * type or range gives TEN_FORMAT, naming file and member; an `out` that is one of the study's own files gives
 * TEN_INVALID. Nothing is written unless everything could be read. */
enum ten_status ten_report_build(const char *folder, const char *out, struct ten_error *error);
/* The page alone; nothing is written into the study's folder. */
enum ten_status ten_report_page(const char *folder, const char *out, struct ten_error *error);

/* Draws every folder/figures/NAME.vl.json as NAME.png (twice its size, for sharp print), NAME.svg or both, beside it,
 * in Chromium without a window; *count is how many pictures were written. No such browser gives TEN_NOT_FOUND, with
 * what to install; a browser that does not do its work, TEN_IO. */
enum ten_status ten_report_pictures(const char *folder, bool png, bool svg, size_t *count, struct ten_error *error);

#endif
