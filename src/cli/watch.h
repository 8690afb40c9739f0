/* `train --watch`: a training that tells what happens while it happens, a JSON object a line (docs/formats.md). */
#ifndef TEN_CLI_WATCH_H
#define TEN_CLI_WATCH_H

#include "cli/cli.h"

/* Lives on the caller's stack as long as the run that ten_watch_run gives. */
struct watch {
    const struct ten_dataset *validation; /* NULL: no images are held out */
    int threads;
    double told;          /* when progress was told last */
    bool broken;          /* nobody reads any more */
    float *probabilities; /* [validation->count x TEN_CLASSES] */
};

/* The run of these options, its progress and epochs told. `validation` may be NULL. */
struct ten_run ten_watch_run(struct watch *watch, const struct options *options, const struct ten_dataset *validation);
void ten_watch_release(struct watch *watch);

/* "begin": what will be trained on so many images. `summary` may be NULL. */
enum ten_status ten_watch_begin(struct watch *watch, const struct ten_pipeline *unfitted, size_t train_count,
                                const char *summary, struct ten_error *error);
/* "done" with the members of a row, which is borrowed. */
void ten_watch_done(struct watch *watch, const json_t *row);
/* "failed" with the message, or "stopped". */
void ten_watch_failed(struct watch *watch, const struct ten_error *error);

#endif
