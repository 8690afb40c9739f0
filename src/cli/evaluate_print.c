/* One model's metrics for people: scikit-learn's classification report, to four digits, and what it leaves out. */
#include "cli/evaluate.h"

#include <math.h>
#include <string.h>

/* The columns that UTF-8 text takes, roughly: one a character. */
static size_t columns_of(const char *text) {
    size_t columns = 0;
    for (; *text; text++) columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

static void print_heading(const char *name, size_t width) {
    printf("%*s%s ", columns_of(name) < width ? (int)(width - columns_of(name)) : 0, "", name);
}

static void print_line(const char *name, size_t width, double precision, double recall, double f1, size_t support) {
    print_heading(name, width);
    printf(" %9.4f %9.4f %9.4f %9zu\n", precision, recall, f1, support);
}

/* Classes that neither occur nor are predicted have no line, and no part in the averages. */
static void print_classes(const struct ten_metrics *m, const char *const names[TEN_CLASSES]) {
    size_t width = strlen("weighted avg");
    for (int c = 0; c < TEN_CLASSES; c++)
        if (columns_of(names[c]) > width) width = columns_of(names[c]);
    print_heading("", width);
    printf(" %9s %9s %9s %9s\n\n", "precision", "recall", "f1-score", "support");
    for (int c = 0; c < TEN_CLASSES; c++) {
        const struct ten_class_metrics *measures = &m->classes[c];
        size_t predicted = 0;
        for (int t = 0; t < TEN_CLASSES; t++) predicted += m->confusion[t][c];
        if (measures->support || predicted)
            print_line(names[c], width, measures->precision, measures->recall, measures->f1, measures->support);
    }
    putchar('\n');
    print_heading("accuracy", width);
    printf(" %9s %9s %9.4f %9zu\n", "", "", m->accuracy, m->count);
    print_line("macro avg", width, m->precision, m->recall, m->f1, m->count);
    print_line("weighted avg", width, m->weighted_precision, m->weighted_recall, m->weighted_f1, m->count);
}

static void print_confusion(const struct ten_metrics *m, const char *const names[TEN_CLASSES]) {
    printf("confusion matrix (rows: truth; columns: predicted)\n%14s", "");
    for (int c = 0; c < TEN_CLASSES; c++) printf(" %5d", c);
    for (int t = 0; t < TEN_CLASSES; t++) {
        printf("\n%-14s", names[t]);
        for (int p = 0; p < TEN_CLASSES; p++) printf(" %5zu", m->confusion[t][p]);
    }
    putchar('\n');
}

void ten_print_evaluation(const struct measured *measured, const struct ten_data *data, const char *on) {
    const struct ten_metrics *m = &measured->metrics;
    struct ten_pipeline_info info = ten_pipeline_describe(measured->pipeline);
    printf("%s%s%s (%s) on the %zu %s images of %s\n", ten_bold(), info.model->title, ten_plain(), info.prep, m->count,
           on, data->name);
    printf("accuracy %.4f (95 %% interval %.4f to %.4f), log loss %.4f, macro AUC %.4f\n", m->accuracy, m->accuracy_low,
           m->accuracy_high, m->log_loss, m->auc);
    if (!isnan(info.out_of_bag)) printf("accuracy out of bag %.4f\n", info.out_of_bag);
    putchar('\n');
    print_classes(m, info.class_names);
    printf("\nCohen's kappa %.4f, Matthews correlation %.4f; top-2 accuracy %.4f, top-3 %.4f\n", m->kappa, m->mcc,
           m->top2_accuracy, m->top3_accuracy);
    printf("Brier score %.4f, expected calibration error %.4f\n", m->brier, m->ece);
    struct ten_share share;
    if (ten_without_rejected(&share, &data->test, measured->probabilities))
        printf("without the %zu images whose label people rejected: accuracy %.4f (%.4f to %.4f), %zu wrong\n",
               m->count - share.count, share.accuracy, share.accuracy_low, share.accuracy_high,
               share.count - share.correct);
    putchar('\n');
    print_confusion(m, info.class_names);
}
