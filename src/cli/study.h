/* A study under way: what is studied, its folder, and the parts it is made of. Each part is one file that says with
 * what it was made; a part that is there and was made with the same is kept, so that a study that was stopped goes on
 * with the same command. */
#ifndef TEN_CLI_STUDY_H
#define TEN_CLI_STUDY_H

#include "cli/cli.h"
#include "store/store.h"

enum { MOST_ROWS = 2 * MOST_MODELS + 1, STUDY_TEXT = 2048 };

/* A row of the study: a model with a chain and settings. */
struct ten_entry {
    char name[96]; /* "knn", "knn+original", "tuned" */
    const char *model;
    char prep[256];              /* in full */
    bool own;                    /* with the model's own chain, which is looked at more closely */
    struct options *own_options; /* its settings */
    double validation;           /* mean accuracy over the folds */
};

struct ten_study {
    struct options options; /* --quick has become a limit */
    const char *folder;
    struct ten_data data;
    struct ten_run run;
    struct ten_store *store;
    double began;        /* when this run did */
    double since;        /* when the part that is being made was begun */
    double seconds;      /* that all parts took, those made by earlier runs too */
    char subject[160];   /* data and seed: one folder holds one study */
    char made_with[256]; /* version, data, seed, kernels: what every part depends on */
    size_t folds;
    struct ten_entry entries[MOST_ROWS];
    size_t entry_count;
    size_t best; /* the entry with the highest validation accuracy */
};

/* ---- Parts (study_parts.c) ---- */

/* The path of folder + name + ending below the study's folder, in `path` of STUDY_TEXT bytes. */
enum ten_status ten_study_path(const struct ten_study *study, char *path, const char *folder, const char *name,
                               const char *ending, struct ten_error *error);
/* The part in a file if it was made with the same as now; else NULL. A new reference. */
json_t *ten_study_kept(struct ten_study *study, const char *path, const char *made_with);
/* Writes a part and keeps the caller's reference. NULL is out of memory. */
enum ten_status ten_study_write(struct ten_study *study, json_t *part, const char *path, const char *made_with,
                                struct ten_error *error);
/* Makes a part that is one document, unless it is kept: `make` gives a new reference, or NULL and a status. */
typedef json_t *ten_part_maker(struct ten_study *study, const void *context, enum ten_status *status,
                               struct ten_error *error);
enum ten_status ten_study_part(struct ten_study *study, const char *folder, const char *name, const char *made_with,
                               ten_part_maker *make, const void *context, json_t **part, struct ten_error *error);
/* What a part of an entry depends on, in `text` of STUDY_TEXT bytes, which is returned. */
const char *ten_study_made_with(const struct ten_study *study, const struct ten_entry *entry, char *text);
/* What a part depends on that is made of all entries. */
const char *ten_study_made_of_all(const struct ten_study *study, char *text);
enum ten_status ten_study_pipeline(const struct ten_entry *entry, struct ten_pipeline **pipeline,
                                   struct ten_error *error);
/* One line of progress. */
void ten_study_say(const struct ten_study *study, const struct ten_entry *entry, const char *on, double accuracy,
                   const char *note);

/* ---- The models (study_models.c) ---- */

/* Searches the original study's space for cnn2 and adds the entry `tuned`. Left out where cnn2 is not studied. */
enum ten_status ten_study_tune(struct ten_study *study, struct ten_error *error);
/* Cross-validates every entry; sets their validation accuracies and the best. */
enum ten_status ten_study_crossval(struct ten_study *study, struct ten_error *error);
/* Trains each neural network once more with images kept apart, for its curves. */
enum ten_status ten_study_curves(struct ten_study *study, struct ten_error *error);
/* Fits every entry on the whole training set and measures it on the test set; appends rows of compare.json. */
enum ten_status ten_study_compare(struct ten_study *study, json_t *rows, struct ten_error *error);

/* ---- What is made of the models' answers (study_findings.c) ---- */

enum ten_status ten_study_significance(struct ten_study *study, struct ten_error *error);
enum ten_status ten_study_suspects(struct ten_study *study, struct ten_error *error);
enum ten_status ten_study_embed(struct ten_study *study, struct ten_error *error);
enum ten_status ten_study_inside(struct ten_study *study, struct ten_error *error);
enum ten_status ten_study_sprite(struct ten_study *study, struct ten_error *error);
/* runs.json: what the run database holds, for the report. */
enum ten_status ten_study_runs(struct ten_study *study, struct ten_error *error);

#endif
