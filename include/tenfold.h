/*
 * tenfold.h - the public interface of libtenfold: handwritten-digit recognition, from the raw files to
 * class probabilities and their metrics.
 *
 * The journey of a digit: file -> struct ten_dataset (bytes) -> struct ten_pipeline (preprocessing steps and
 * one estimator, fitted, saved and applied as one thing) -> class probabilities -> struct ten_metrics.
 *
 * Conventions
 *   - A function that can fail returns an enum ten_status and takes a struct ten_error * as its last argument,
 *     which may be NULL. On failure the message says what was wrong, where, and what was expected; outputs are
 *     left empty (safe to release) unless said otherwise. The library never prints, exits or aborts.
 *   - _new/_free make and destroy an opaque object. _init/_release, and a loader and _release, fill and empty a
 *     struct that the caller places. Free and release accept NULL, and a struct that is all zero.
 *   - Matrices are row-major. Images are height x width bytes, 0 background to 255 ink.
 *   - Strings are UTF-8; paths go to the operating system as they are.
 *   - Functions may be called from several threads at once on different objects. A fitted pipeline may be used
 *     by several threads at once through the functions that take it as const.
 */
#ifndef TENFOLD_H
#define TENFOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEN_API __attribute__((visibility("default")))

/* ---- Version ------------------------------------------------------------------------------------------ */

#define TEN_VERSION_STRING "0.3.0"

/* The version of the library that is linked, as "major.minor.patch". */
TEN_API const char *ten_version(void);

/* The name of the kernel set in use: "generic", "avx2", "avx512", "vnni" or "amx". Chosen once, at the first call of
 * the library that needs it, as the best that processor and operating system support (for AMX, Linux is asked to let
 * this process use it); the environment variable TENFOLD_CPU chooses a lesser one by name (an unknown or unsupported
 * name is ignored here; `tenfold` reports it). */
TEN_API const char *ten_kernel_set(void);

/* ---- Errors ------------------------------------------------------------------------------------------- */

/* One list gives codes and words, so that they cannot part. */
#define TEN_STATUS_LIST(X)                                                                                             \
    X(TEN_OK, "no error")                                                                                              \
    X(TEN_INVALID, "invalid argument")                                                                                 \
    X(TEN_NO_MEMORY, "out of memory")                                                                                  \
    X(TEN_IO, "input or output failed")                                                                                \
    X(TEN_FORMAT, "malformed data")                                                                                    \
    X(TEN_NOT_FOUND, "not found")                                                                                      \
    X(TEN_CANCELLED, "stopped on request")                                                                             \
    X(TEN_NUMERIC, "the computation did not stay finite")

enum ten_status {
#define X(code, words) code,
    TEN_STATUS_LIST(X)
#undef X
};

/* The words for a status, never NULL. */
TEN_API const char *ten_status_words(enum ten_status status);

/* What went wrong: one line, no newline at its end, always terminated. */
struct ten_error {
    enum ten_status status;
    char message[1024];
};

/* ---- How to run --------------------------------------------------------------------------------------- */

/* One progress report. `stage` says what is being done ("fit knn"); `done` of `total` are counted in `unit`
 * ("images", "iterations"; total 0: unknown). `score_name` is NULL or names what `score` holds. The strings live
 * during the call only. */
struct ten_progress {
    const char *stage, *unit, *score_name;
    double done, total, score;
};

struct ten_pipeline;

/* How a long computation is run. NULL stands for {0}: seed 0, all processors, no progress. */
struct ten_run {
    uint64_t seed; /* of every random choice; same seed, data and kernel set: same result to the bit */
    int threads;   /* 0: as many as the processors this process may use; the result does not depend on it */
    /* NULL, or called now and then, always from the thread that called the library. Returning false stops the
     * computation: the function that was called returns TEN_CANCELLED. */
    bool (*progress)(void *context, const struct ten_progress *progress);
    void *context;
    /* NULL, or a file into which models that can (ten_model_description) write while they are fitted all that is needed
     * to go on, and from which they go on if it is there: a fit that was killed, started again with the same data,
     * settings and seed, ends with the same bytes as one that was not. A checkpoint of anything else is TEN_INVALID. It
     * stays when the fit is done. */
    const char *checkpoint;
    /* NULL, or called with `context` after each epoch of a neural network's fit, from the thread that called the
     * library. For the time of the call `pipeline` is what training would end with now: fitted, with a history up to
     * this epoch, to be asked for predictions, filters and the like; it must not be fitted, freed or kept. Returning
     * false stops as `progress` does. What comes of the training does not depend on it, and its time does not count as
     * training. */
    bool (*epoch)(void *context, const struct ten_pipeline *pipeline);
};

/* ---- Data --------------------------------------------------------------------------------------------- */

#define TEN_CLASSES  10   /* labels are 0..9 */
#define TEN_MAX_SIDE 1024 /* largest height and width of an image in a dataset, in pixels */

/* Labelled images: `images` holds count x height x width bytes, `labels` holds count bytes in 0..9, or is NULL for
 * images without labels. Both are owned by the struct (from malloc). */
struct ten_dataset {
    size_t count, height, width;
    uint8_t *images, *labels;
};

/* A named pair of training and test set. */
struct ten_data {
    char name[64];                        /* "mnist", "fashion", or the last part of the folder's path */
    char path[1024];                      /* the folder it was read from */
    struct ten_dataset train, test;       /* of the same height and width */
    const char *class_names[TEN_CLASSES]; /* static strings: "0".."9", or Fashion-MNIST's clothes */
};

/* Reads IDX files (http://yann.lecun.com/exdb/mnist: magic 0x803 for images, 0x801 for labels), plain or gzipped
 * whatever their names. `labels` may be NULL: images without labels. Fails with TEN_FORMAT if a file is truncated,
 * has bytes too many, a wrong magic number, sides outside 1..TEN_MAX_SIDE, a label over 9, no images at all, or if
 * the two files differ in number. */
TEN_API enum ten_status ten_dataset_load_idx(struct ten_dataset *out, const char *images, const char *labels,
                                             struct ten_error *error);

/* Writes IDX files, gzipped if the path ends in ".gz". Each appears under its final name only when complete.
 * `labels` may be NULL: write the images only. */
TEN_API enum ten_status ten_dataset_save_idx(const struct ten_dataset *dataset, const char *images, const char *labels,
                                             struct ten_error *error);

/* Reads CSV, plain or gzipped: a header line `label,pixel_0,...,pixel_N-1`, then one line an image, whole numbers,
 * labels 0..9, pixels 0..255. CSV keeps no shape: N pixels become a square if N is a square number, else one row. */
TEN_API enum ten_status ten_dataset_load_csv(struct ten_dataset *out, const char *path, struct ten_error *error);

/* Writes that CSV (gzipped if the path ends in ".gz"). The dataset must have labels. */
TEN_API enum ten_status ten_dataset_save_csv(const struct ten_dataset *dataset, const char *path,
                                             struct ten_error *error);

/* Copies the rows indices[0..count-1] of `from`, in that order. */
TEN_API enum ten_status ten_dataset_select(struct ten_dataset *out, const struct ten_dataset *from,
                                           const size_t *indices, size_t count, struct ten_error *error);

TEN_API void ten_dataset_release(struct ten_dataset *dataset);

/* CRC-32 (of zlib) over shape, images and labels: tells whether two datasets are the same. */
TEN_API uint32_t ten_dataset_checksum(const struct ten_dataset *dataset);

/* Loads a training and test set. `where` is "mnist", "fashion", a folder, or a name that is no folder here.
 * A name is looked for in $TENFOLD_DATA/NAME, data/NAME, $XDG_DATA_HOME/tenfold/NAME (~/.local/share by default) and
 * where the system keeps it (/usr/share/datasets/fashion-mnist). A folder holds the four IDX files
 * {train,t10k}-images[-.]idx3-ubyte[.gz] and {train,t10k}-labels[-.]idx1-ubyte[.gz], or train.csv and test.csv
 * (also train_data.csv and test_data.csv, and .csv.gz). TEN_NOT_FOUND says where it looked and how to get the data. */
TEN_API enum ten_status ten_data_load(struct ten_data *out, const char *where, struct ten_error *error);
TEN_API void ten_data_release(struct ten_data *data);

/* Chooses `keep` of `count` rows at random so that every class keeps its share (largest remainders; a class never
 * asks for more rows than it has). kept[0..keep-1] and rest[0..count-keep-1] (may be NULL) get the row numbers in
 * rising order. keep <= count. */
TEN_API enum ten_status ten_split_stratified(const uint8_t *labels, size_t count, size_t keep, uint64_t seed,
                                             size_t *kept, size_t *rest, struct ten_error *error);

/* Deals the rows into `folds` folds (2..count), every class evenly over the folds, in an order shuffled by `seed`.
 * fold[i] gets the fold of row i, 0..folds-1. Sizes of folds differ by at most one per class and one in all. */
TEN_API enum ten_status ten_split_folds(const uint8_t *labels, size_t count, size_t folds, uint64_t seed, size_t *fold,
                                        struct ten_error *error);

/* ---- Images ------------------------------------------------------------------------------------------- */

/* A grey picture, height x width bytes; 0 is black. Owned by the struct (from malloc). */
struct ten_image {
    size_t height, width;
    uint8_t *pixels;
};

/* Decodes PNG or JPEG (told by content, not by name) to grey; transparent pixels lie on black if the opaque ones are
 * mostly light, else on white. Grey is luma, or, where colours differ that are much alike in it (yellow on white), the
 * projection in which neighbouring pixels differ most. Photos are turned as their Exif orientation says. At most 16384
 * pixels a side and 64 million in all. CMYK JPEG is TEN_FORMAT. */
TEN_API enum ten_status ten_image_load(struct ten_image *out, const char *path, struct ten_error *error);
TEN_API enum ten_status ten_image_decode(struct ten_image *out, const void *bytes, size_t size, const char *name,
                                         struct ten_error *error);
/* Encodes grey PNG into memory that the caller frees with free(). */
TEN_API enum ten_status ten_image_encode_png(const struct ten_image *image, uint8_t **bytes, size_t *size,
                                             struct ten_error *error);
TEN_API void ten_image_release(struct ten_image *image);

/* A rectangle of pixels: left and top edge, width, height. */
struct ten_box {
    size_t x, y, width, height;
};

/* Of the digits that ten_image_to_digits finds, the one with most ink. `digit` gets 28 x 28 bytes, light ink on black.
 * `box` (may be NULL) says where in the picture it is. A picture without ink gives an empty box and a black digit. */
TEN_API enum ten_status ten_image_to_digit(const struct ten_image *image, uint8_t digit[28 * 28], struct ten_box *box,
                                           struct ten_error *error);

/* A digit found in a picture: where, and as the models see it, 28 x 28 bytes, light ink on black. */
struct ten_digit {
    struct ten_box box;
    uint8_t pixels[28 * 28];
};
/* Those of a picture, from left to right. `digits` is owned by the struct. */
struct ten_digits {
    size_t count;
    size_t heaviest; /* which of them has most ink, from 0 */
    struct ten_digit *digits;
};

/* Finds the digits of one line in a drawing, scan or photo of any size, dark on light or light on dark.
 *   Ground: one level, as in a drawing, or what a window wider than any stroke finds behind the ink (morphological
 * closing), which follows uneven light and the edges of shadows. Three or more thin lines through the whole picture are
 * ruled or squared paper and taken out; one or two if the ink beside them is clearly wider or darker.
 *   Ink: what differs from the ground by at least 14 levels and 6 deviations of its noise, by Otsu's threshold among
 * what noise does not reach, with hysteresis. Connected pieces of it that are light beside the heaviest, cut off by the
 * border, a frame around others, or low beside the tallest digit are none.
 *   Digits: pieces above each other or parted by a gap no wider than a stroke are one, others are several, from left to
 * right; of more than 64 those with most ink. Digits that touch each other are not parted.
 *   Form: scaled so that the longer side is 20 with proportions kept, strokes evened to the mean width of MNIST's,
 * edges grey as MNIST's are, centred by mass in 28 x 28 (LeCun et al. 1998, section III.A).
 * A picture without ink gives count 0. Pictures of more than 2^20 pixels are shrunk first by a whole number; memory is
 * some 8 bytes a pixel of what is left. TEN_INVALID for a picture without pixels. */
TEN_API enum ten_status ten_image_to_digits(struct ten_digits *out, const struct ten_image *image,
                                            struct ten_error *error);
TEN_API void ten_digits_release(struct ten_digits *digits);

/* ---- Spoilt images ------------------------------------------------------------------------------------ */

#define TEN_STRENGTHS 5

/* A way to spoil images, with five strengths to measure at, rising: at the first a person hardly notices, at the last a
 * person still reads the digit. They suit digits of 28 x 28 pixels. Strength 0 changes nothing. */
struct ten_corruption {
    const char *name;  /* "rotation" */
    const char *title; /* for people */
    const char *unit;  /* of the strengths: "degrees, either way" */
    double maximum;    /* largest strength that ten_corrupt takes */
    double strengths[TEN_STRENGTHS];
};

/* The i-th of the table, from 0; NULL behind the last. The idea is that of MNIST-C (Mu and Gilmer 2019). */
TEN_API const struct ten_corruption *ten_corruption_at(size_t i);

/* Copies `from` (1 to 2^32 - 1 images; labels or none) with every image spoilt by the kind-th of the table. `strength`
 * is in 0..maximum. Directions, places and noise are random, from the run's seed, the kind and the image's number
 * alone: every strength has the same ones. Background comes in from outside, values are rounded and cut to 0..255. */
TEN_API enum ten_status ten_corrupt(struct ten_dataset *out, const struct ten_dataset *from, size_t kind,
                                    double strength, const struct ten_run *run, struct ten_error *error);

/* ---- Models and preprocessing steps: what there is ---------------------------------------------------- */

enum ten_parameter_type { TEN_INTEGER, TEN_REAL, TEN_CHOICE, TEN_TEXT };

/* A hyper-parameter. Values are given as text and checked against this. */
struct ten_parameter {
    const char *name, *help;
    enum ten_parameter_type type;
    const char *initial;     /* the default, as text */
    double minimum, maximum; /* numbers: the closed range; open_minimum: the minimum itself is excluded */
    bool open_minimum;
    const char *const *choices; /* TEN_CHOICE: the words, NULL-terminated; numbers: words allowed besides, or NULL */
};

struct ten_model_description {
    const char *name;    /* as on the command line: "naive-bayes" */
    const char *title;   /* for people: "Gaussian naive Bayes" */
    const char *summary; /* one sentence */
    const char *prep;    /* the chain used where none is named */
    const struct ten_parameter *parameters;
    size_t parameter_count;
    bool checkpoints; /* whether a fit heeds the run's checkpoint */
    bool on_request;  /* whether it is left out where all models are compared: it takes minutes, or needs more words */
};

struct ten_step_description {
    const char *name, *summary;
    const char *argument; /* NULL, or what stands behind "=": "N" */
};

/* The i-th of the table, from 0; NULL behind the last. */
TEN_API const struct ten_model_description *ten_model_at(size_t i);
TEN_API const struct ten_step_description *ten_step_at(size_t i);

/* ---- Pipelines ---------------------------------------------------------------------------------------- */

/* Preprocessing steps and one estimator. */
struct ten_pipeline;

/* Makes an unfitted pipeline. `model` names the estimator; `prep` is a chain "STEP[,STEP...]", "original" for
 * minmax,crop20,standardize, "none" for bytes as they are, or NULL for the model's own; `settings` are `setting_count`
 * texts "name=value". TEN_INVALID names an unknown model, step or parameter and lists those there are, or a value out
 * of range with the range. */
TEN_API enum ten_status ten_pipeline_new(struct ten_pipeline **out, const char *model, const char *prep,
                                         const char *const *settings, size_t setting_count, struct ten_error *error);
TEN_API void ten_pipeline_free(struct ten_pipeline *pipeline);

/* Fits the steps, then the estimator, on the whole dataset (which must have labels). Keeps nothing of the dataset.
 * A pipeline that was fitted before starts from nothing. After a failure it is unfitted. */
TEN_API enum ten_status ten_pipeline_fit(struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                                         const struct ten_run *run, struct ten_error *error);

/* What the model would be for images of height x width pixels, as lines for people: a network's table of layers.
 * *summary belongs to the caller (free), and is NULL for models that have nothing to tell before they are fitted. Fails
 * if chain and model cannot take such images. */
TEN_API enum ten_status ten_pipeline_summarise(const struct ten_pipeline *pipeline, size_t height, size_t width,
                                               char **summary, struct ten_error *error);

/* Class probabilities for count images of height x width bytes, which must be of the size that the pipeline was
 * fitted on. probabilities[count x TEN_CLASSES]; each row sums to 1. The label is the index of the largest one, the
 * smaller index on a tie (ten_label). */
TEN_API enum ten_status ten_pipeline_predict(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                             size_t height, size_t width, float *probabilities,
                                             const struct ten_run *run, struct ten_error *error);

/* What a pipeline makes of one digit that was found in a picture. */
struct ten_reading {
    int label; /* ten_label of the probabilities; -1: no digit */
    float probabilities[TEN_CLASSES];
};
/* Reads count digits (ten_image_to_digits). readings[count]. TEN_INVALID unless the pipeline was fitted on images of
 * 28x28. */
TEN_API enum ten_status ten_pipeline_read(const struct ten_pipeline *pipeline, const struct ten_digit *digits,
                                          size_t count, struct ten_reading *readings, const struct ten_run *run,
                                          struct ten_error *error);

/* The index of the largest of TEN_CLASSES probabilities; the smaller one on a tie. */
TEN_API int ten_label(const float *probabilities);

/* A table of numbers per iteration or epoch, as fitting left it: rows x columns values, row-major. A column "seconds"
 * is not saved. */
struct ten_history {
    size_t rows, columns;
    const char *names[8];
    double *values;
};

/* What a pipeline is. Pointers belong to the pipeline. */
struct ten_pipeline_info {
    const struct ten_model_description *model;
    const char *prep;            /* the chain in full: "minmax,crop20,standardize"; "none" if empty */
    const char *const *settings; /* parameter_count texts "name=value", all parameters in table order */
    bool fitted, converged;      /* converged: true unless an iterative fit ran out of iterations */
    size_t height, width;        /* of the images it was fitted on, in pixels */
    size_t features;             /* columns that reach the estimator */
    size_t parameters;           /* learned numbers in the estimator (for knn: the stored values) */
    size_t train_count;          /* images it was fitted on */
    uint32_t train_checksum;     /* their ten_dataset_checksum */
    uint64_t seed;
    const char *class_names[TEN_CLASSES];
    const char *version;               /* of the program that fitted it */
    const struct ten_history *history; /* rows 0 if the model keeps none */
    /* How much each of the `features` counts, summing to 1 (to 0 if none does): for decision trees the mean decrease of
     * impurity (Breiman et al. 1984). NULL if the model tells none. */
    const double *importances;
    /* Accuracy on the training images, each labelled by those trees only that had not drawn it (Breiman 2001): an
     * estimate without a test set. NaN if the model has none. */
    double out_of_bag;
    double prep_seconds, fit_seconds; /* of the last ten_pipeline_fit; not saved */
};
TEN_API struct ten_pipeline_info ten_pipeline_describe(const struct ten_pipeline *pipeline);

/* Names the classes (at most 63 bytes each), to be saved with the model; "0".."9" until then. Control characters and
 * what is no UTF-8 become '?'. */
TEN_API enum ten_status ten_pipeline_name_classes(struct ten_pipeline *pipeline, const char *const names[TEN_CLASSES],
                                                  struct ten_error *error);

/* Saves a fitted pipeline as one safetensors file, byte for byte the same for the same fit; everything that is not a
 * tensor stands in `__metadata__`. The file appears under its name only when complete. */
TEN_API enum ten_status ten_pipeline_save(const struct ten_pipeline *pipeline, const char *path,
                                          struct ten_error *error);

/* Loads what _save wrote, checking everything: sizes, offsets, types, shapes against each other, names, ranges. */
TEN_API enum ten_status ten_pipeline_load(struct ten_pipeline **out, const char *path, struct ten_error *error);

/* The preprocessing alone: what the estimator would see. The result belongs to the caller (ten_features_release).
 * `height` and `width` are 0 once columns are no longer pixels. */
struct ten_features {
    size_t rows, columns, height, width;
    float *values; /* rows x columns */
};
TEN_API enum ten_status ten_pipeline_features(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                              size_t height, size_t width, struct ten_features *out,
                                              const struct ten_run *run, struct ten_error *error);
TEN_API void ten_features_release(struct ten_features *features);

/* ---- Inside a neural network -------------------------------------------------------------------------- */

/* All functions here want a fitted pipeline whose estimator is a neural network; any other model is TEN_INVALID, saying
 * so. Images go through the pipeline's own preprocessing first: what is told is what the network makes of them when it
 * predicts (dropout changes nothing then, batch normalisation uses its running means). Layers are counted from 0 here,
 * and from 1 in messages, in model files and on the command line. A layer that is not there is TEN_INVALID; numbers of
 * a model so large that results do not stay finite are TEN_NUMERIC. */

/* A network as a whole. Its input is height x width x channels values: an image in one channel, or, where preprocessing
 * leaves no pixels, a vector, which is 1 x 1 x channels. */
struct ten_network_info {
    size_t layers;
    size_t height, width, channels; /* of the input */
    size_t parameters;              /* learned numbers */
    size_t operations;              /* multiply-adds an image */
    size_t penultimate;             /* columns of ten_pipeline_penultimate */
};
TEN_API enum ten_status ten_pipeline_network(const struct ten_pipeline *pipeline, struct ten_network_info *out,
                                             struct ten_error *error);

/* One of its layers. Pointers belong to the pipeline and live until it is fitted again or freed; NULL where there is
 * nothing. Weights are [inputs x units] in a dense layer (inputs row by row, column by column, channel by channel) and
 * [height x width x channels x units] in a convolution; ten_pipeline_filters gives them unit by unit. */
struct ten_layer_info {
    const char *kind;               /* "conv" */
    const char *text;               /* in full, as a network is written out: "conv 32 3x3" */
    size_t height, width, channels; /* of what it gives for an image; a vector is 1 x 1 x channels */
    size_t parameters, operations;  /* learned numbers; multiply-adds an image */
    size_t weight_count, offset_count, statistic_count;
    const float *weights;
    const float *offsets;    /* biases; of batch normalisation the scales, then the offsets */
    const float *statistics; /* of batch normalisation: running means, then variances */
};
TEN_API enum ten_status ten_pipeline_layer(const struct ten_pipeline *pipeline, size_t layer,
                                           struct ten_layer_info *out, struct ten_error *error);

/* `count` times height x width x channels values, in this order. */
struct ten_maps {
    size_t count, height, width, channels;
    float *values; /* owned, freed by _release */
};
TEN_API void ten_maps_release(struct ten_maps *maps);

/* The weights of a layer, one filter for each of its units, in the shape of what the unit sees: a convolution's window,
 * all that comes into a dense layer. Filters of the first layer are pictures of what it looks for. TEN_INVALID for a
 * layer without weights. */
TEN_API enum ten_status ten_pipeline_filters(const struct ten_pipeline *pipeline, size_t layer, struct ten_maps *out,
                                             struct ten_error *error);

/* What a layer gives for count images of height x width bytes, which must be of the size that the pipeline was fitted
 * on: feature maps, of the shape that ten_pipeline_layer tells; of the last layer, the ten logits. Convolution and what
 * follows it are told apart: the convolution's maps are those before the ReLU. As fast as predicting; a row's do not
 * depend on the others, nor on the number of threads. */
TEN_API enum ten_status ten_pipeline_activations(const struct ten_pipeline *pipeline, const uint8_t *images,
                                                 size_t count, size_t height, size_t width, size_t layer,
                                                 struct ten_maps *out, const struct ten_run *run,
                                                 struct ten_error *error);

/* What the last layer with weights is given (in a network that ends in "dense 128, relu, dense 10", the 128 values of
 * the ReLU): the features in which the network tells the classes apart by ten weighted sums. One row an image, a volume
 * row by row, column by column, channel by channel; `height` and `width` of *out are 0. *out belongs to the caller
 * (ten_features_release). */
TEN_API enum ten_status ten_pipeline_penultimate(const struct ten_pipeline *pipeline, const uint8_t *images,
                                                 size_t count, size_t height, size_t width, struct ten_features *out,
                                                 const struct ten_run *run, struct ten_error *error);

/* Saliency: the gradient of a class's logit with respect to what the network is given of an image (Simonyan, Vedaldi
 * and Zisserman 2013, "Deep inside convolutional networks", section 3; with its sign: where it is positive, more ink
 * speaks for the class). In logits per unit of the preprocessed values: with `scale` a unit is the way from black to
 * white. classes[count] in 0..9, or NULL: of each image the label that the network gives. One row an image, `height`
 * and `width` those of the preprocessed image, 0 if it is none. In single precision, whatever the network predicts in.
 * *out belongs to the caller (ten_features_release). */
TEN_API enum ten_status ten_pipeline_saliency(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                              size_t height, size_t width, const uint8_t *classes,
                                              struct ten_features *out, const struct ten_run *run,
                                              struct ten_error *error);

/* ---- Metrics ------------------------------------------------------------------------------------------ */

struct ten_class_metrics {
    double precision, recall, f1; /* 0 where undefined (nothing predicted, nothing there) */
    double auc;                   /* area under this class's ROC curve, one against the rest; NaN if undefined */
    size_t support;               /* rows that truly are of this class */
};

#define TEN_CALIBRATION_BINS 15

/* The rows whose given label has a probability in one of TEN_CALIBRATION_BINS parts of 0..1, all of the same width; a
 * probability on a border belongs to the lower one. Means are NaN where there are no rows. */
struct ten_calibration_bin {
    size_t count;
    double confidence; /* mean probability of the given label */
    double accuracy;   /* share of rows whose label is right */
};

struct ten_metrics {
    size_t count, correct;
    double accuracy, accuracy_low, accuracy_high; /* Wilson's 95 % interval */
    double precision, recall, f1;                 /* macro: the plain mean over classes with support or predictions */
    double weighted_precision, weighted_recall, weighted_f1; /* weighted by support */
    double log_loss; /* mean natural-log loss, probabilities clipped to [1e-15, 1] */
    double auc;      /* mean over the classes for which it is defined */
    double kappa;    /* agreement of truth and prediction beyond chance (Cohen 1960), -1..1; NaN where chance is 1 */
    double mcc;      /* correlation of truth and prediction (Matthews' for more classes: Gorodkin 2004), -1..1; 0 where
                        undefined: all rows of one class, or all given the same label */
    double top2_accuracy, top3_accuracy; /* share of rows with the truth among the two or three most probable labels;
                                            of equally probable ones the smaller comes first, as for ten_label */
    double brier; /* mean squared distance of the probabilities and the truth's 0 and 1, summed over classes: 0..2
                     (Brier 1950) */
    double ece;   /* expected calibration error: mean over rows of their bin's |accuracy - confidence| (Guo et al.
                     2017) */
    struct ten_calibration_bin calibration[TEN_CALIBRATION_BINS];
    struct ten_class_metrics classes[TEN_CLASSES];
    size_t confusion[TEN_CLASSES][TEN_CLASSES]; /* [truth][predicted] */
};

/* All metrics of count >= 1 rows: labels[count] in 0..9, probabilities[count x TEN_CLASSES], finite. */
TEN_API enum ten_status ten_metrics_compute(struct ten_metrics *out, const uint8_t *labels, const float *probabilities,
                                            size_t count, struct ten_error *error);

/* Wilson's score interval for `correct` of `count` at 95 % (Wilson 1927). count 0 gives 0..1. */
TEN_API void ten_wilson_interval(size_t correct, size_t count, double *low, double *high);

/* One class's ROC curve, one against the rest: `count` vertices from (0,0) to (1,1), points on a straight line left
 * out. Undefined (count 0) if the class has all rows or none. */
struct ten_roc {
    size_t count;
    double *false_positive_rate, *true_positive_rate, *threshold; /* owned; one block, freed by _release */
    double auc;
};
TEN_API enum ten_status ten_roc_compute(struct ten_roc *out, const uint8_t *labels, const float *probabilities,
                                        size_t count, int label, struct ten_error *error);
TEN_API void ten_roc_release(struct ten_roc *roc);

/* One class's precision-recall curve, one against the rest: from recall 0 and precision 1 (threshold infinity) one
 * point for each different probability, falling. Undefined (count 0) if no row is of the class. */
struct ten_pr {
    size_t count;
    double *recall, *precision, *threshold; /* owned; one block, freed by _release */
    double average_precision;               /* sum of precisions weighted by the steps of recall; NaN if undefined */
};
TEN_API enum ten_status ten_pr_compute(struct ten_pr *out, const uint8_t *labels, const float *probabilities,
                                       size_t count, int label, struct ten_error *error);
TEN_API void ten_pr_release(struct ten_pr *pr);

/* A share of rows with its 95 % interval (ten_wilson_interval). */
struct ten_share {
    size_t count, correct;
    double accuracy, accuracy_low, accuracy_high;
};

/* Accuracy on MNIST's test set without the 15 images whose label the people asked by Northcutt, Athalye and Mueller
 * (2021, "Pervasive label errors in test sets destabilize machine learning benchmarks") rejected. The dataset is known
 * by its ten_dataset_checksum; of any other, or of a part of it, nothing is said: false, and all of *out is 0.
 * probabilities[count x TEN_CLASSES]. */
TEN_API bool ten_without_rejected(struct ten_share *out, const struct ten_dataset *dataset, const float *probabilities);

/* McNemar's test (1947): do two classifiers that labelled the same rows differ in accuracy? Only rows that just one of
 * them labelled rightly tell. */
struct ten_mcnemar {
    size_t only_first, only_second; /* rows that only this one labelled rightly */
    double p;                       /* ten_mcnemar_p */
};
/* labels, first and second hold count labels each: the truth and what either gave. */
TEN_API enum ten_status ten_mcnemar(struct ten_mcnemar *out, const uint8_t *labels, const uint8_t *first,
                                    const uint8_t *second, size_t count, struct ten_error *error);
/* The test's exact two-sided p-value: the probability that of only_first + only_second tosses of a coin so few or fewer
 * fall on the rarer side, on either. 1 where both are equal. Takes time in proportion to the smaller count. */
TEN_API double ten_mcnemar_p(size_t only_first, size_t only_second);

/* ---- Cross-validation ---------------------------------------------------------------------------------- */

/* One fold: what a pipeline fitted on all other folds makes of it. */
struct ten_fold {
    double accuracy, log_loss;
    double prep_seconds, fit_seconds, predict_seconds;
    bool converged;
};

/* k-fold cross-validation of the pipeline that ten_pipeline_new makes of model, prep and settings: for each of the
 * `folds` folds, chain and estimator are fitted from nothing on the rows of the others and applied to its own, so that
 * no row is ever judged by what has seen it. fold[count] gives each row's fold, 0..folds-1 (ten_split_folds), none of
 * them empty; the dataset has labels. results[folds]; probabilities[count x TEN_CLASSES] (may be NULL) gets each row's
 * by the pipeline that had not seen it. Every fold is fitted with the run's seed. */
TEN_API enum ten_status ten_crossvalidate(const char *model, const char *prep, const char *const *settings,
                                          size_t setting_count, const struct ten_dataset *dataset, const size_t *fold,
                                          size_t folds, struct ten_fold *results, float *probabilities,
                                          const struct ten_run *run, struct ten_error *error);

/* ---- Search for parameters ------------------------------------------------------------------------------ */

enum { TEN_MAX_DIMENSIONS = 16 };

/* A parameter that is searched: some values as text, or a range. */
struct ten_dimension {
    char name[64];
    size_t value_count;        /* 0: a range */
    const char *const *values; /* owned by the space */
    double low, high;          /* the range; both ends belong to it */
    bool logarithmic, integer;
};

/* What is searched. Opaque: made by the functions below, freed by _free. */
struct ten_space;

/* Reads "learning_rate=0.001,0.003 filters=32,64 dropout=0.1..0.5 C=1e-3..1e3:log": parameters apart by spaces, values
 * by commas; LOW..HIGH is a range, of whole numbers if the model's parameter is one. Every value is checked against the
 * model's parameters. TEN_INVALID says what is wrong. */
TEN_API enum ten_status ten_space_parse(struct ten_space **out, const char *text, const char *model,
                                        struct ten_error *error);
/* The same as JSON text: {"learning_rate": [0.001, 0.003], "dropout": {"low": 0.1, "high": 0.5, "log": false}}. `name`
 * is that of the file, for messages. */
TEN_API enum ten_status ten_space_parse_json(struct ten_space **out, const char *text, const char *name,
                                             const char *model, struct ten_error *error);
TEN_API void ten_space_free(struct ten_space *space);
TEN_API size_t ten_space_count(const struct ten_space *space); /* of dimensions */
TEN_API const struct ten_dimension *ten_space_at(const struct ten_space *space, size_t i);
/* How many points there are, if all dimensions are lists; 0 if one is a range. */
TEN_API size_t ten_space_points(const struct ten_space *space);

enum ten_strategy { TEN_GRID, TEN_RANDOM, TEN_HALVING, TEN_TPE };

/* How to search. */
struct ten_search {
    const struct ten_space *space;
    enum ten_strategy strategy;
    /* Points to try; 0: grid all; halving all of a space of lists, else 27; random and tpe 30. More than there are of a
     * space of lists: all. A grid has no ranges. */
    size_t points;
    uint64_t seed;
};

/* One evaluation: a point with a share of the whole budget of training. */
struct ten_trial {
    size_t point, rung;
    double share;                        /* of the budget, 0 < share <= 1 */
    double position[TEN_MAX_DIMENSIONS]; /* per dimension: index of the value, or the value itself */
    bool failed, pruned; /* set when it is over: it could not be fitted; it will not get a larger share */
    double accuracy, log_loss;
};

/* The trial after `count` finished ones, a function of these alone: a search that was stopped goes on where it was from
 * the trials it had. *done is set when there is none. Strategies:
 *   grid     every point in order, with the whole budget.
 *   random   different random points. Each is tried with a ninth of the budget first, and from the eighth on pruned if
 *            its accuracy is below the median of those before it at that share (Golovin et al. 2017, section 3.2).
 *   tpe      points proposed by tree-structured Parzen estimators (Bergstra et al. 2011) after ten random ones; pruned
 *            likewise.
 *   halving  all points with a small share; the best third goes on with three times the share, and so on to the whole
 *            budget (Jamieson and Talwalkar 2016), with as many rungs as leave at least two points for the last. */
TEN_API enum ten_status ten_search_next(const struct ten_search *search, struct ten_trial *trials, size_t count,
                                        struct ten_trial *next, bool *done, struct ten_error *error);
/* The settings "name=value" of a trial; `out` [dimensions] texts of 128 bytes. */
TEN_API void ten_search_settings(const struct ten_space *space, const struct ten_trial *trial, char (*out)[128]);
/* The trial with the highest accuracy among those with the largest share (then the lowest log loss, the first one);
 * count if all failed. */
TEN_API size_t ten_search_best(const struct ten_trial *trials, size_t count);
/* How much of the variance of the accuracies each dimension explains on its own: between groups over all (the
 * first-order part of functional ANOVA, Hutter et al. 2014; ranges are cut into four). Of every point's first trial, as
 * these had all the same share. importance[dimensions]; all 0 if the accuracies do not differ. */
TEN_API void ten_search_importance(const struct ten_space *space, const struct ten_trial *trials, size_t count,
                                   double *importance);

/* ---- Robustness and learning curves --------------------------------------------------------------------- */

/* Accuracy of a fitted pipeline on a labelled dataset spoilt by the kind-th corruption, at each of its strengths: as
 * many predictions of the whole dataset. */
TEN_API enum ten_status ten_robustness(double accuracy[TEN_STRENGTHS], const struct ten_pipeline *pipeline,
                                       const struct ten_dataset *dataset, size_t kind, const struct ten_run *run,
                                       struct ten_error *error);

#define TEN_LEARNING_POINTS 5

/* A pipeline fitted on a part of the training set. */
struct ten_learning_point {
    size_t train_count;
    double train_accuracy; /* on a random part, at most 10,000, of the images that it was fitted on */
    double accuracy, accuracy_low, accuracy_high; /* on the test set, with Wilson's 95 % interval */
    double fit_seconds; /* of the estimator; NaN if unknown: the whole set, and a pipeline that was loaded */
};

/* Model, chain, settings and seed of `fitted` once more, fitted from nothing on 1/100, 1/30, 1/10 and 1/3 of the
 * training set, stratified, each part within the next; of every class at least 10 images if there are so many. The last
 * point, the whole set, is `fitted` itself, which must have been fitted on `train` (TEN_INVALID). *count is the number
 * of points; parts of a small set that are no larger than the one before are left out. The run's seed chooses the
 * parts. */
TEN_API enum ten_status ten_learning_curve(struct ten_learning_point points[TEN_LEARNING_POINTS], size_t *count,
                                           const struct ten_pipeline *fitted, const struct ten_dataset *train,
                                           const struct ten_dataset *test, const struct ten_run *run,
                                           struct ten_error *error);

/* ---- Exploration -------------------------------------------------------------------------------------- */

/* Statistics per pixel (height x width values each) over all images of a set or of one class. Quartiles as in
 * numpy: linear interpolation. Deviation is the sample one (n - 1), as pandas prints it. */
struct ten_pixel_statistics {
    size_t count;
    double *mean, *deviation, *minimum, *quartile1, *median, *quartile3, *maximum; /* owned, one block */
};

struct ten_exploration {
    size_t count, height, width;
    size_t class_counts[TEN_CLASSES];
    uint64_t intensity[256];                                                /* how many pixels have this value */
    double mean, deviation, minimum, quartile1, median, quartile3, maximum; /* over all pixels of all images */
    double ink[TEN_CLASSES]; /* mean intensity of each class's images, 0..255 */
    size_t empty_pixels;     /* pixels that are 0 in every image */
    size_t duplicates;       /* images that equal an earlier one */
    struct ten_pixel_statistics all;
    struct ten_pixel_statistics classes[TEN_CLASSES]; /* count 0 and NULLs where a class has no images */
};
TEN_API enum ten_status ten_explore(struct ten_exploration *out, const struct ten_dataset *dataset,
                                    const struct ten_run *run, struct ten_error *error);
TEN_API void ten_exploration_release(struct ten_exploration *exploration);

/* Images that are in both of two sets, byte for byte. */
enum { TEN_LISTED_PAIRS = 100 };
struct ten_duplicates {
    size_t count;  /* images of the second set that equal one of the first */
    size_t listed; /* how many stand in the lists: all, but at most TEN_LISTED_PAIRS */
    size_t first[TEN_LISTED_PAIRS], second[TEN_LISTED_PAIRS]; /* the earliest equal image; rising in `second` */
};
/* Sets of different height or width have no image in common. TEN_INVALID for a set without images or with a label
 * beyond 9. */
TEN_API enum ten_status ten_duplicates_between(struct ten_duplicates *out, const struct ten_dataset *first,
                                               const struct ten_dataset *second, const struct ten_run *run,
                                               struct ten_error *error);

/* The functions from here on tell of each class of a set apart: out[TEN_CLASSES], in which a class without images, and
 * every class of a set without labels, has count (groups) 0. TEN_INVALID for a set without images or with a label
 * beyond 9; *out is then all zero. */

/* The images of a class that are most like all others of it, nearest first, and least like them, farthest first; the
 * lower index first where two are equal. `distance` is the root of the mean squared Euclidean distance to every other
 * image of the class (0 if there is none), after each was deskewed, blurred (twice 1 4 6 4 1, both ways) and scaled to
 * unit length, so that neither slant nor boldness counts: 0 to sqrt(2). An image without ink is a vector of zeros. */
enum { TEN_TYPICAL = 8 };
struct ten_typical_image {
    size_t index; /* in the set, from 0 */
    double distance;
};
struct ten_typical {
    size_t count; /* in either list: the images of the class, but at most TEN_TYPICAL */
    struct ten_typical_image typical[TEN_TYPICAL], atypical[TEN_TYPICAL];
};
TEN_API enum ten_status ten_find_typical(struct ten_typical out[TEN_CLASSES], const struct ten_dataset *dataset,
                                         const struct ten_run *run, struct ten_error *error);

/* The images of a class in TEN_PROTOTYPES groups of likes, by k-means on their pixels: k-means++ for the start (Arthur
 * and Vassilvitskii 2007), then Lloyd's rounds until no image changes its group, at most 50. The run's seed decides.
 * Fewer groups if the class has fewer different images, or if a group loses all of its own. */
enum { TEN_PROTOTYPES = 5 };
struct ten_prototypes {
    size_t groups;
    size_t counts[TEN_PROTOTYPES]; /* images of each group, largest first */
    double *means;                 /* [groups x height x width] the average image of each, 0..255; owned */
};
TEN_API enum ten_status ten_find_prototypes(struct ten_prototypes out[TEN_CLASSES], const struct ten_dataset *dataset,
                                            const struct ten_run *run, struct ten_error *error);
/* All ten. */
TEN_API void ten_prototypes_release(struct ten_prototypes prototypes[TEN_CLASSES]);

/* Mean and sample deviation (n - 1) over the `count` images for which a measure is defined; NaN where there are too
 * few. */
struct ten_spread {
    size_t count;
    double mean, deviation;
};
/* How the images of a class are written. */
struct ten_noise {
    size_t count;
    struct ten_spread isolated_pixels; /* pixels of at least 64 none of whose eight neighbours is */
    /* Pixels: w in X w^2 - P / 2 w + A = 0, with area A the ink, perimeter P the total variation, both relative to the
     * darkest pixel, and X the pieces less the loops at half of its darkness (by quads, Gray 1971): exact for strokes
     * of one width with ends, branches and loops, and for discs. None for an image without ink. */
    struct ten_spread stroke_width;
    /* Degrees, positive for strokes that lean to the right as "/" does: what `deskew` takes away, from the central
     * second moments. None for an image whose ink has no vertical extent. */
    struct ten_spread slant;
    struct ten_spread ink; /* pixels' worth of full ink */
};
TEN_API enum ten_status ten_measure_noise(struct ten_noise out[TEN_CLASSES], const struct ten_dataset *dataset,
                                          const struct ten_run *run, struct ten_error *error);

/* The Euclidean distance of the average images of two classes (0..9), with pixels from 0 to 1; NaN if either has no
 * images. difference[height x width] (may be NULL) gets second minus first, -1..1. */
TEN_API double ten_class_contrast(const struct ten_exploration *exploration, int first, int second, double *difference);

/* ---- Embedding: rows as points in a plane ---------------------------------------------------------------- */

struct ten_embedding {
    size_t count;         /* of points */
    float *points;        /* [count x 2], their mean at 0; owned, freed by _release, as components */
    double kl_divergence; /* of the points from the rows, without exaggeration; the less, the better */
    float *components;    /* [count x 2] beside them, the first two principal components of the rows */
    double explained[2];  /* the components' shares of the whole variance, 0..1 */
};

/* t-SNE (van der Maaten and Hinton 2008): points in a plane, near to each other where rows are. Of each row the
 * 3 perplexity + 1 nearest others count, found exactly; gradient descent starts from the principal components (the
 * first with a deviation of 1e-4) and does `iterations` steps (1000 are usual), the first 250 of them, or a quarter if
 * that is less, with an exaggeration of 12; the rate of learning is rows / 48, at least 50. Forces between all pairs
 * come from interpolation on a grid (after Linderman et al. 2019), of up to 1000 rows from all pairs. The divergence is
 * exact. `features` has at least 5 rows of at most 4096 finite values, perplexity is at least 1 and less than (rows -
 * 1) / 3: otherwise TEN_INVALID. Progress has the divergence as its score, every fiftieth iteration's. The seed only
 * keeps equal rows from standing on one another. */
TEN_API enum ten_status ten_embed(struct ten_embedding *out, const struct ten_features *features, double perplexity,
                                  size_t iterations, const struct ten_run *run, struct ten_error *error);
TEN_API void ten_embedding_release(struct ten_embedding *embedding);

/* How well labels stay together in the plane: *out gets the share of those with a point's own label among the
 * `neighbours` (1..100) nearest other points (of equal distance those that come first), the mean over count
 * points[count x 2]. NaN after a failure. */
TEN_API enum ten_status ten_plane_purity(double *out, const float *points, const uint8_t *labels, size_t count,
                                         size_t neighbours, const struct ten_run *run, struct ten_error *error);

#ifdef __cplusplus
}
#endif

#endif
