/* The parts of `tenfold inspect`: what is asked for and known (cmd_inspect.c), what is shown of it (inspect_show.c) and
 * drawn (inspect_pictures.c). */
#ifndef TEN_CLI_INSPECT_H
#define TEN_CLI_INSPECT_H

#include "cli/cli.h"

enum { MOST_NUMBERS = 64 };

/* Whole numbers of the command line: "0,3,12". */
struct list {
    size_t count, numbers[MOST_NUMBERS];
};

struct inspection {
    const struct options *options;
    struct ten_run run;
    const char *on;              /* "test" or "train" */
    struct list indices, chosen; /* images of the set; layers, from 1 (none: all) */
    int class;                   /* whose logit saliency explains; -1: the label's */
    struct ten_pipeline *pipeline;
    struct ten_pipeline_info about;
    struct ten_network_info net;
    struct ten_layer_info *layers; /* [net.layers] */
    size_t shown;                  /* answers printed so far */
    json_t *files;                 /* the paths of the pictures that were written */
};

/* One image that is looked at. */
struct subject {
    const char *path; /* NULL: it is one of the set */
    size_t index;     /* in the set */
    int truth;        /* its label there */
    size_t height, width;
    const uint8_t *pixels;
};

/* What the network makes of it. */
struct answer {
    float probabilities[TEN_CLASSES];
    struct ten_features input, saliency, features; /* a row each */
    struct ten_maps *maps;                         /* [net.layers]; without values where a layer was not asked for */
    uint8_t class;                                 /* of the saliency */
};

/* The tables for people; DONE, or FAILED after a message. */
int ten_inspect_print_network(const struct inspection *in);
int ten_inspect_print_answer(const struct inspection *in, const struct subject *subject, const struct answer *answer);

/* The members of the JSON document that concern the network, and one of its "images"; NULL when memory is short. */
json_t *ten_inspect_network_json(const struct inspection *in);
json_t *ten_inspect_answer_json(const struct inspection *in, const struct subject *subject,
                                const struct answer *answer);

/* Writes filters.png into --out; maps-N-KIND.png and saliency.png into a folder, which is made. What is no picture is
 * left out, saying so. */
enum ten_status ten_inspect_draw_filters(struct inspection *in, struct ten_error *error);
enum ten_status ten_inspect_draw_answer(struct inspection *in, const char *folder, const struct answer *answer,
                                        struct ten_error *error);

#endif
