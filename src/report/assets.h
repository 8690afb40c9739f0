/* The files of web/ and the figures' renderer, inside the program. */
#ifndef TEN_REPORT_ASSETS_H
#define TEN_REPORT_ASSETS_H

#include <stddef.h>

struct ten_asset {
    const char *bytes; /* followed by a zero byte that `size` does not count */
    size_t size;
};

struct ten_asset ten_asset_style(void);            /* web/report.css */
struct ten_asset ten_asset_script(void);           /* web/report.js */
struct ten_asset ten_asset_linked(void);           /* web/linked.js */
struct ten_asset ten_asset_names(void);            /* web/names.js */
struct ten_asset ten_asset_pictures(void);         /* web/pictures.js */
struct ten_asset ten_asset_figures(void);          /* web/figures.json: palette, configuration, figures */
struct ten_asset ten_asset_vega(void);             /* vega.min.js */
struct ten_asset ten_asset_vega_lite(void);        /* vega-lite.min.js */
struct ten_asset ten_asset_vega_interpreter(void); /* vega-interpreter.js, a module */

#endif
