/* What the parts of the report share: the study's files as they were read, the comparison's rows, the page being
 * written, and the figures collected on the way. */
#ifndef TEN_REPORT_PAGE_H
#define TEN_REPORT_PAGE_H

#include "report/html.h"

/* A row of compare.json; texts are borrowed from it. */
struct ten_row {
    const char *name, *model, *title, *prep;
    double accuracy, low, high, precision, recall, f1, log_loss, auc, validation; /* NAN: undefined */
    double prep_seconds, fit_seconds, predict_seconds, peak_bytes, parameters;
    double model_bytes; /* of the model's file, from its evaluation; NAN: not known */
    bool converged;
    struct ten_source evaluation;          /* root NULL: not there */
    struct ten_source curves;              /* a network's curves with images kept apart; root NULL: not there */
    const struct ten_published *published; /* the original study's figures for the same, or NULL */
};

/* What the original study published about a model after its own chain. */
struct ten_published {
    const char *model;
    double accuracy, seconds;
};

struct ten_page {
    struct ten_outcome *outcome;
    struct ten_html html;
    const char *folder;
    bool beside; /* the page lies in the study's folder, so that links to its files work */
    struct ten_source study, explore, compare, preprocess;
    struct ten_source sprite, inside, embeds[2];                    /* of pixels and of features */
    struct ten_source crossval, tune, significance, suspects, runs; /* root NULL: not there */
    bool by_folds; /* the best row was chosen by cross-validation, not on images held back once */
    const char *data, *data_title;
    const char *classes[TEN_CLASSES];
    bool digits; /* the classes are called "0".."9" */
    size_t train_count, test_count;
    size_t limit;         /* the most images of a set that the study used; 0: all */
    bool chosen[2];       /* whether the training and the test images are such a choice from a file */
    struct ten_row *rows; /* best test accuracy first */
    size_t row_count, best;
    json_t *templates; /* web/figures.json */
    json_t *figures;   /* name -> Vega-Lite text, as the page holds them */
    size_t figure_number;
    bool in_details; /* between ten_figure_table and ten_figure_end */
};

/* ---- figures.c ---- */

/* A figure from its template in web/figures.json, with the rows `values` as its data (stolen). A new reference; NULL
 * after a failure, which the functions below accept. */
json_t *ten_figure_new(struct ten_page *page, const char *template_name, json_t *values);
/* Sets what `path` leads to ("layer.0.encoding.x.title"; digits index arrays) to `value` (stolen). */
void ten_figure_set(struct ten_page *page, json_t *figure, const char *path, json_t *value);
/* Appends a row to `values`, built as json_pack does; NAN is not allowed in it. */
void ten_figure_row(struct ten_page *page, json_t *values, const char *format, ...);
/* Writes the figure (stolen) up to its caption's first words; the caption's markup follows, then _end or a table
 * between _table and _end. `label` describes it to those who cannot see it. `class` styles it. */
void ten_figure_begin(struct ten_page *page, json_t *figure, const char *class, const char *name, const char *label);
void ten_figure_table(struct ten_page *page);
void ten_figure_end(struct ten_page *page, const char *name);
/* The palette as CSS custom properties, light and dark. */
void ten_figures_palette(struct ten_page *page);
/* Collects a figure (stolen) for the files alone, where the page draws something else in its place. */
void ten_figure_keep(struct ten_page *page, json_t *figure, const char *name, const char *label);
/* Writes all collected figures to folder/figures/NAME.vl.json, colours filled in. */
void ten_figures_save(struct ten_page *page);

/* ---- axis.c ---- */

/* An error rate that a logarithm can take: no errors among `count` images count as half of one. */
double ten_axis_error(double accuracy, size_t count);
/* Lets `axis` ("encoding.x"), which shows error rates on a reversed logarithm, go from `low` to `high` and puts ticks
 * where accuracies are round. */
void ten_axis_stretch(struct ten_page *page, json_t *figure, const char *axis, double low, double high);
/* A figure of a matrix: `rows` lines high and with room for its texts only if `columns` of `cell` pixels fit. */
void ten_axis_matrix(struct ten_page *page, json_t *figure, size_t rows, size_t columns, size_t cell);
/* Thresholds for a colour scale of `count` + 1 colours, in equal ratios from `low` to `high`. */
json_t *ten_axis_thresholds(struct ten_page *page, double low, double high, size_t count);

/* ---- sections ---- */

void ten_section_data(struct ten_page *page);
void ten_section_preprocess(struct ten_page *page);
void ten_section_compare(struct ten_page *page);
void ten_section_costs(struct ten_page *page); /* a part of the comparison */
void ten_section_models(struct ten_page *page);
void ten_section_crossval(struct ten_page *page);
void ten_section_tune(struct ten_page *page);
void ten_section_learning(struct ten_page *page);
void ten_section_robustness(struct ten_page *page);
void ten_section_significance(struct ten_page *page);
void ten_section_suspects(struct ten_page *page);
void ten_section_runs(struct ten_page *page); /* a part of how it was made */
/* Whether any row's evaluation has `member`. */
bool ten_page_has(struct ten_page *page, const char *member);
bool ten_page_has_curves(const struct ten_page *page);
void ten_section_made(struct ten_page *page);
/* Parts of the section on the data (section_variation.c). */
void ten_part_variation(struct ten_page *page);
/* Parts of a model's panel: measures and curves beyond the classification report (section_measures.c). */
void ten_part_measures(struct ten_page *page, const struct ten_value *evaluation);
void ten_part_probabilities(struct ten_page *page, const struct ten_row *row, const struct ten_value *evaluation);
/* The test images one by one; only if the study has them as a sprite and some model's labels. */
bool ten_has_images(struct ten_page *page);
void ten_section_images(struct ten_page *page);
/* The best network seen from inside, and the test images in a plane. */
void ten_section_inside(struct ten_page *page);
void ten_section_embed(struct ten_page *page);

/* ---- words and small parts that sections share (parts.c) ---- */

/* "digit 5", or the class's name */
void ten_part_class(struct ten_page *page, size_t label);
/* "<b>k-nearest neighbours</b> (minmax,crop20,standardize)" */
void ten_part_chain(struct ten_page *page, const char *prep);
void ten_part_pipeline(struct ten_page *page, const char *title, const char *prep);
void ten_part_row(struct ten_page *page, const struct ten_row *row);
/* The row called `name`, or NULL. */
struct ten_row *ten_page_row(struct ten_page *page, const char *name);
/* <td> or a cell that sorts by `value`, whatever it shows; an undefined value stays last. */
void ten_part_cell(struct ten_page *page, double value, struct ten_show show);
/* The head row of a table, from the columns' names; `sorted`, if below their number, is the one it is in the order of.
 */
void ten_part_heads(struct ten_page *page, const char *const *names, size_t count, size_t sorted);
/* Opens and closes a box of which one part at a time is shown, chosen by a <select>: between them stand options
 * (ten_part_option), then ten_part_choices, then elements of those ids, the others than the first hidden. */
void ten_part_choose(struct ten_page *page, const char *id, const char *label);
void ten_part_option(struct ten_page *page, const char *id, const char *text);
void ten_part_choices(struct ten_page *page);
/* Opens a table in a box of its own that scrolls; `label` names the box. */
void ten_part_table(struct ten_page *page, const char *class, const char *label);
void ten_part_table_end(struct ten_page *page);
/* A picture of height x width pixels, shown `zoom` times as large. */
void ten_part_picture(struct ten_page *page, const char *uri, size_t width, size_t height, size_t zoom,
                      const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A link to a file of the study's folder, or its name where the page lies elsewhere. */
void ten_part_file(struct ten_page *page, const char *path);

#endif
