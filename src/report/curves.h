/* A network's training, epoch by epoch, against images kept apart: two figures and what they say of over- and
 * underfitting. */
#ifndef TEN_REPORT_CURVES_H
#define TEN_REPORT_CURVES_H

#include "report/page.h"

struct ten_curves {
    size_t epochs;
    double *epoch, *loss, *accuracy, *validation_loss, *validation_accuracy; /* one block, at `epoch` */
};

enum ten_fit { TEN_FIT_SHORT, TEN_FIT_RIGHT, TEN_FIT_OVER };

/* Reads a "history" by the names of its columns. false: too few epochs, or a column is not there, or a failure. What
 * was read must be released. */
bool ten_curves_read(struct ten_page *page, const struct ten_value *history, struct ten_curves *curves);
void ten_curves_release(struct ten_curves *curves);
/* TEN_FIT_OVER: the validation loss rose from its least while the training loss fell further. TEN_FIT_SHORT: both were
 * still falling at the end. `best` becomes the place of the least validation loss. */
enum ten_fit ten_curves_judge(const struct ten_curves *curves, size_t *best);
/* The judgement as a sentence with its numbers. */
void ten_curves_words(struct ten_page *page, const struct ten_curves *curves);
/* The figures curves-loss-NAME and curves-accuracy-NAME, side by side. */
void ten_curves_write(struct ten_page *page, const struct ten_curves *curves, const char *name);

#endif
