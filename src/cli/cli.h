/* What the commands share: the option table, the command table, messages, progress, output. */
#ifndef TEN_CLI_CLI_H
#define TEN_CLI_CLI_H

#include "tenfold.h"

#include <jansson.h>
#include <stdio.h>

/* Exit statuses. */
enum { DONE = 0, FAILED = 1, WRONG_USAGE = 2 };

/* ---- Options (options.c) --------------------------------------------------------------------------------------- */

/* Which options a command takes: a set of these. The common ones every command that computes takes. */
#define OPT_DATA         (UINT64_C(1) << 0)
#define OPT_SEED         (UINT64_C(1) << 1)
#define OPT_THREADS      (UINT64_C(1) << 2)
#define OPT_OUT          (UINT64_C(1) << 3)
#define OPT_QUIET        (UINT64_C(1) << 4)
#define OPT_JSON         (UINT64_C(1) << 5)
#define OPT_LIMIT        (UINT64_C(1) << 6)
#define OPT_PREP         (UINT64_C(1) << 7)
#define OPT_SET          (UINT64_C(1) << 8)
#define OPT_MODELS       (UINT64_C(1) << 9)
#define OPT_ON           (UINT64_C(1) << 10)
#define OPT_FROM         (UINT64_C(1) << 11)
#define OPT_TO           (UINT64_C(1) << 12)
#define OPT_GZIP         (UINT64_C(1) << 13)
#define OPT_QUICK        (UINT64_C(1) << 14)
#define OPT_HELP         (UINT64_C(1) << 15)
#define OPT_AUGMENT      (UINT64_C(1) << 16) /* --augment and --augment-set */
#define OPT_REPEAT       (UINT64_C(1) << 17)
#define OPT_ARRAYS       (UINT64_C(1) << 18)
#define OPT_ANSWERS      (UINT64_C(1) << 19)
#define OPT_MODEL        (UINT64_C(1) << 20)
#define OPT_NET          (UINT64_C(1) << 21)
#define OPT_CHECKPOINT   (UINT64_C(1) << 22)
#define OPT_SPEEDRUN     (UINT64_C(1) << 23)
#define OPT_INDEX        (UINT64_C(1) << 24)
#define OPT_LAYER        (UINT64_C(1) << 25)
#define OPT_CLASS        (UINT64_C(1) << 26)
#define OPT_FEATURES     (UINT64_C(1) << 27)
#define OPT_FOLDS        (UINT64_C(1) << 28)
#define OPT_GRID         (UINT64_C(1) << 29)
#define OPT_SPACE        (UINT64_C(1) << 30)
#define OPT_STRATEGY     (UINT64_C(1) << 31)
#define OPT_TRIALS       (UINT64_C(1) << 32)
#define OPT_SECONDS      (UINT64_C(1) << 33)
#define OPT_RUNS         (UINT64_C(1) << 34)
#define OPT_PERPLEXITY   (UINT64_C(1) << 35)
#define OPT_ITERATIONS   (UINT64_C(1) << 36)
#define OPT_ROBUSTNESS   (UINT64_C(1) << 37)
#define OPT_LEARNING     (UINT64_C(1) << 38)
#define OPT_PICTURES     (UINT64_C(1) << 39) /* --png and --svg */
#define OPT_KIND         (UINT64_C(1) << 40)
#define OPT_WATCH        (UINT64_C(1) << 50)
#define OPT_HOST         (UINT64_C(1) << 51)
#define OPT_PORT         (UINT64_C(1) << 52)
#define OPT_STUDY        (UINT64_C(1) << 53)
#define OPT_NO_TRAIN     (UINT64_C(1) << 54)
#define OPT_MODEL_FOLDER (UINT64_C(1) << 55) /* --models DIR */
#define OPT_PATIENCE     (UINT64_C(1) << 56)
#define OPT_COMMON       (OPT_SEED | OPT_THREADS | OPT_QUIET | OPT_JSON | OPT_HELP)

enum { MAX_SETTINGS = 64 };

struct options {
    const char *data, *out, *prep, *models, *on, *from, *to; /* NULL where not given */
    const char *arrays, *answers, *model, *net, *checkpoint;
    const char *index, *layer, *class_wanted, *features;
    uint64_t seed;
    int threads;
    size_t limit;                                      /* 0: all */
    size_t augment;                                    /* copies of each image */
    const char *augment_set;                           /* NULL where not given */
    size_t repeat;                                     /* 0: not given */
    const char *grid, *space, *strategy, *runs, *kind; /* NULL where not given */
    size_t folds, trials, iterations;                  /* 0: not given */
    double max_seconds, perplexity, patience;          /* 0: not given */
    const char *host, *study;                          /* NULL where not given */
    unsigned port;                                     /* if port_given */
    bool robustness, learning, png, svg, watch, port_given, no_train;
    bool quiet, json, gzip, quick, speedrun, help;
    const char *settings[MAX_SETTINGS];
    size_t setting_count;
    char net_setting[1024]; /* "net=TEXT" of --net, which is one of the settings */
    char **arguments;       /* what is no option, in order */
    size_t argument_count;
};

/* Help for an option where it differs from that in the table of options. */
struct option_note {
    uint64_t option; /* 0 ends a list of these */
    const char *help;
};

struct command {
    const char *name, *usage, *summary;
    const char *details;  /* further help, to be wrapped; NULL: none */
    const char *examples; /* lines of help, indented by two */
    uint64_t options;
    const struct option_note *notes; /* NULL: none */
    size_t least_arguments, most_arguments;
    int (*run)(const struct options *options);
};

/* Parses argv[1..] of a command. DONE, or WRONG_USAGE after a message. `argv` is reordered. */
int ten_options_parse(struct options *options, const struct command *command, int argc, char **argv);
/* The lines of help for a command's options. */
void ten_options_help(FILE *file, const struct command *command);

/* ---- Help (help.c) ---------------------------------------------------------------------------------------------- */

void ten_help_overview(FILE *file, const struct command *const *commands, size_t count);
void ten_help_command(FILE *file, const struct command *command);
/* Help for a model by its name, for "steps" or "layers"; false if there is no such topic. */
bool ten_help_topic(FILE *file, const char *name);
/* A name behind `margin` spaces, and from `column` on what is to be said of it, wrapped. */
void ten_help_entry(FILE *file, size_t margin, const char *name, size_t column, const char *text);

/* ---- Commands (main.c) ------------------------------------------------------------------------------------------ */

extern const struct command ten_command_study, ten_command_fetch, ten_command_convert, ten_command_explore,
    ten_command_train, ten_command_compare, ten_command_bench, ten_command_evaluate, ten_command_predict,
    ten_command_inspect, ten_command_embed, ten_command_crossval, ten_command_tune, ten_command_runs,
    ten_command_report, ten_command_info, ten_command_serve, ten_command_help;

/* The command being run, for messages. */
extern const char *ten_command_name;

/* ---- Messages and results (output.c) ------------------------------------------------------------------------------
 */

/* "tenfold COMMAND: message" on standard error. Clears a progress line first. Returns `status`. */
int ten_complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The message of a library error; FAILED. */
int ten_complain_error(const struct ten_error *error);
/* The same where nothing but the words of the command line was looked at: WRONG_USAGE for TEN_INVALID. */
int ten_complain_words(const struct ten_error *error);
/* A line on standard error unless --quiet. */
void ten_say(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints one JSON document on standard output (or to --out where `path` is given) and releases it. */
int ten_print_json(json_t *document, const char *path);
/* Writes a JSON document into a file and releases it. NULL is out of memory. */
enum ten_status ten_write_json(json_t *document, const char *path, struct ten_error *error);
/* Flushes standard output: FAILED with a message if anything printed was lost. */
int ten_finish_output(int status);

/* Whether standard output is a terminal that wants colour; the text to start and end emphasis ("" if not). */
const char *ten_bold(void);
const char *ten_plain(void);

/* The columns of the terminal that `file` is; 0 if it is none. */
size_t ten_terminal_width(FILE *file);

/* A table of texts: columns as wide as needed, numbers to the right. On a terminal that is too narrow, each row
 * becomes lines "heading value". */
enum { MOST_COLUMNS = 33 };
struct table {
    size_t columns, rows;         /* at most MOST_COLUMNS columns */
    const char *const *headings;  /* one that starts with '>' is aligned to the right */
    char (*cells)[72];            /* [rows x columns] */
    bool lost;                    /* memory was short for a row */
    char spare[MOST_COLUMNS][72]; /* which takes its place */
};
/* Adds a row of `columns` empty cells and gives the first, to be filled in whatever happens. */
char (*ten_table_row(struct table *table))[72];
/* Prints the table and releases it: DONE, or FAILED after a message if memory was short for a row. */
int ten_table_print(struct table *table, FILE *file);

/* "1.3 GB", "0.42 s". Into `out` of at least 24 bytes, which is returned. */
char *ten_format_bytes(char *out, double bytes);
char *ten_format_seconds(char *out, double seconds);

/* ---- Progress (progress.c) ------------------------------------------------------------------------------------------
 */

/* How the library is run for these options: seed, threads, a progress line on a terminal, Ctrl-C. */
struct ten_run ten_run_for(const struct options *options);
/* Removes the progress line. */
void ten_progress_clear(void);
/* Whether the user asked to stop. */
bool ten_stop_requested(void);
/* Makes Ctrl-C (and a terminate signal) ask to stop; a second one ends the program at once. */
void ten_catch_signals(void);

/* ---- Work that several commands do (work.c)
 * --------------------------------------------------------------------------- */

/* Whether a file of this name (may be NULL) can be written, told before the long work; DONE, or FAILED after a
 * message. */
int ten_check_out(const char *path);

/* Whether a model belongs to those that are used where none are named. */
bool ten_among_all(const struct options *options, const struct ten_model_description *model);

/* The model that a command is given as its argument, or `network` with --net. DONE, or WRONG_USAGE after a message. */
int ten_choose_model(const struct options *options, const char **model);

/* The models of --models, or all but those that want to be named; `network`, too, with --net. With --prep and --set,
 * every name and value is checked before any work. DONE, or WRONG_USAGE after a message. names[MOST_MODELS]. */
enum { MOST_MODELS = 32 };
int ten_choose_models(const struct options *options, char (*names)[96], size_t *chosen);
/* The options with those settings that are parameters of this model. */
void ten_settings_for(const struct options *options, const char *model, struct options *own);

/* Loads --data (default mnist), cut by --limit. */
enum ten_status ten_load_data(const struct options *options, struct ten_data *data, struct ten_error *error);

/* TEN_FORMAT, naming both, if the classes that a model was fitted on are not those of the data: a model of clothes says
 * nothing about digits. `path` is the model's file. */
enum ten_status ten_check_classes(const struct ten_pipeline *pipeline, const struct ten_data *data, const char *path,
                                  struct ten_error *error);

/* One PNG or JPEG as a digit of 28 x 28 pixels without a label: of those in it the one with most ink. *found gets how
 * many there are; with none the digit is black. */
enum ten_status ten_read_digit(const char *path, struct ten_dataset *digit, size_t *found, struct ten_error *error);

/* Splits a sixth of the training set off, stratified, into the place of the test set. */
enum ten_status ten_hold_out(struct ten_data *data, uint64_t seed, struct ten_error *error);

/* A pipeline fitted on data->train and measured on data->test. */
struct measured {
    char name[96];
    struct ten_pipeline *pipeline;
    float *probabilities; /* [test.count x TEN_CLASSES] */
    struct ten_metrics metrics;
    double predict_seconds;
    size_t peak_bytes;
};
/* `name` NULL: the model's. `measure` false: fits only. */
enum ten_status ten_measure(struct measured *out, const char *name, const char *model, const char *prep,
                            const struct options *options, const struct ten_data *data, bool measure,
                            const struct ten_run *run, struct ten_error *error);
/* Measures out->pipeline, which is fitted, on data->test. */
enum ten_status ten_measure_fitted(struct measured *out, const struct ten_data *data, const struct ten_run *run,
                                   struct ten_error *error);
void ten_measured_release(struct measured *measured);

/* A pipeline's parameters as an object. */
json_t *ten_settings_json(const struct ten_pipeline_info *info);
/* A row as docs/formats.md has it. `with_fit`: also seconds of fitting and peak bytes. test_count 0: not measured. */
json_t *ten_row_json(const struct measured *measured, size_t test_count, bool with_fit);
/* An evaluation: a row, and all of `evaluate --json`. */
json_t *ten_evaluation_json(const struct measured *measured, const struct ten_data *data, const char *on,
                            bool with_fit);
/* A member that is a number; 0 if it is none. */
double ten_number_of(const json_t *row, const char *key);
/* The comparison table for people. */
int ten_print_rows(const json_t *rows);

/* Prints the label of ten probabilities, how sure it is and what comes next: "7 (99.8 %; next 1, 0.1 %)". */
void ten_print_label(const struct ten_pipeline_info *info, const float *probabilities);

/* Cuts a list "a,b,c" into at most `most` names kept in `storage`; false if there are too many, empty or too long. */
bool ten_split_list(const char *text, char (*storage)[96], size_t most, size_t *count);

#endif
