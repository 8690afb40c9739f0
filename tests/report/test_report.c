/* The report from a small study: what the page says, that its figures are whole JSON, that words from files cannot
 * become markup, and that files with anything wrong in them are refused with file and member named. */
#include "test.h"

#include "base/file.h"
#include "report/report.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- A study of ten 2 x 2 images per set -------------------------------------------------------------- */

static const char picture[] = "data:image/png;base64,iVBORw0KGgo=";

enum { SPRITE = 6, INSIDE, EMBED, EMBED_FEATURES, CROSSVAL, TUNE, SIGNIFICANCE, SUSPECTS, RUNS, CURVES, DOCUMENTS };
static const char *const document_names[DOCUMENTS] = {
    "study.json",        "explore.json",           "preprocess.json", "compare.json",
    "evaluate/knn.json", "evaluate/logistic.json", "sprite.json",     "inside.json",
    "embed.json",        "embed-features.json",    "crossval.json",   "tune.json",
    "significance.json", "suspects.json",          "runs.json",       "curves/knn.json"};
static const char labels[] = "012345678949"; /* of the test images that the models were asked about */
enum { ASKED = sizeof labels - 1 };
/* What each of them brings to the page; NULL: must be there. */
static const char *const document_parts[DOCUMENTS] = {
    NULL,
    NULL,
    "id=\"preprocessing\"",
    NULL,
    NULL,
    "panel-logistic",
    "id=\"answers\"",
    "id=\"inside\"",
    "id=\"figure-embedding-pixels\"",
    "id=\"figure-embedding-features\"",
    "id=\"crossval\"",
    "id=\"tuning\"",
    "id=\"significance\"",
    "id=\"suspects\"",
    "The study is made of",
    "Epoch by epoch",
};

struct study {
    json_t *documents[DOCUMENTS];
};

static json_t *repeated(size_t count, json_t *item) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) json_array_append(array, item);
    json_decref(item);
    return array;
}

static json_t *class_names(void) {
    json_t *names = json_array();
    for (int i = 0; i < 10; i++) {
        char name[2] = {(char)('0' + i), 0};
        json_array_append_new(names, json_string(name));
    }
    return names;
}

/* What an older study's sets lack. */
static void add_variation(json_t *set) {
    json_t *more = json_pack(
        "{s:i,s:[{s:i,s:[{s:i,s:f,s:s}]}],s:[{s:i,s:[{s:i,s:f,s:s}]}],s:[{s:i,s:[{s:i,s:s}]}],"
        "s:[{s:i,s:{s:f,s:f},s:{s:f,s:f},s:{s:f,s:f},s:{s:f,s:f}},{s:i,s:{s:f,s:f},s:{s:f,s:f},s:{s:f,s:f},"
        "s:{s:f,s:f}}]}",
        "out_of_range", 0, "typical", "label", 5, "digits", "index", 7, "distance", 3.5, "image", picture, "atypical",
        "label", 5, "digits", "index", 8, "distance", 9.5, "image", picture, "prototypes", "label", 5, "groups",
        "count", 1234, "image", picture, "noise", "label", 5, "isolated_pixels", "mean", 0.25, "deviation", 0.5,
        "stroke_width", "mean", 2.75, "deviation", 0.5, "slant", "mean", -12.5, "deviation", 8.0, "ink", "mean", 99.0,
        "deviation", 20.0, "label", 6, "isolated_pixels", "mean", 0.5, "deviation", 0.5, "stroke_width", "mean", 3.25,
        "deviation", 0.5, "slant", "mean", 3.5, "deviation", 8.0, "ink", "mean", 109.0, "deviation", 20.0);
    assert_non_null(more);
    json_object_update(set, more);
    json_decref(more);
    json_t *images = json_array_get(json_object_get(set, "class_images"), 0);
    json_object_set_new(images, "minimum", json_string(picture));
    json_object_set_new(images, "maximum", json_string(picture));
}

static json_t *make_set(const char *name, int count) {
    json_t *counts = repeated(10, json_integer(count / 10));
    json_array_set_new(counts, 3, json_integer(count / 10 + 2));
    json_array_set_new(counts, 7, json_integer(count / 10 - 2));
    json_t *histogram = repeated(256, json_integer(0));
    json_array_set_new(histogram, 0, json_integer(count * 3));
    json_array_set_new(histogram, 255, json_integer(count));
    json_t *pixels = json_object(), *images = json_object();
    static const char *const members[] = {"mean",   "deviation", "minimum", "quartile1",
                                          "median", "quartile3", "maximum"};
    for (size_t i = 0; i < 7; i++) {
        json_object_set_new(pixels, members[i], repeated(4, json_real(12.5)));
        json_object_set_new(images, members[i], json_string(picture));
    }
    json_t *set = json_pack(
        "{s:s,s:i,s:i,s:i,s:s,s:i,s:i,s:o,s:{s:f,s:f,s:i,s:i,s:i,s:i,s:i},s:o,s:o,s:i,s:[{s:i,s:f,s:i}],"
        "s:[{s:i,s:i,s:s}],s:o,s:[{s:i,s:i,s:s,s:s,s:s}],s:o}",
        "name", name, "count", count, "height", 2, "width", 2, "checksum", "0badcafe", "missing", 0, "duplicates", 1,
        "class_counts", counts, "intensity", "mean", 33.25, "deviation", 70.5, "minimum", 0, "quartile1", 0, "median",
        0, "quartile3", 0, "maximum", 255, "histogram", histogram, "ink", repeated(10, json_real(33.5)), "empty_pixels",
        1, "first_rows", "label", 5, "ink", 30.5, "first_ink_pixel", 2, "samples", "index", 0, "label", 5, "image",
        picture, "images", images, "class_images", "label", 5, "count", 10, "mean", picture, "median", picture,
        "deviation", picture, "pixels", pixels);
    assert_non_null(set);
    add_variation(set);
    return set;
}

static json_t *make_row(const char *name, const char *prep, double accuracy, double validation) {
    json_t *row =
        json_pack("{s:s,s:s,s:s,s:s,s:{},s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:i,s:i,s:b,s:i,s:i,s:f}", "name",
                  name, "model", name, "title", *name == 'k' ? "k-nearest neighbours" : "logistic regression", "prep",
                  prep, "settings", "accuracy", accuracy, "accuracy_low", accuracy - 0.01, "accuracy_high",
                  accuracy + 0.01, "precision", 0.9, "recall", 0.9, "f1", 0.9, "log_loss", 0.5, "auc", 0.99,
                  "prep_seconds", 0.1, "fit_seconds", 0.2, "predict_seconds", 0.3, "peak_bytes", 1000000, "parameters",
                  1234, "converged", 1, "train_count", 60000, "test_count", 10000, "validation_accuracy", validation);
    assert_non_null(row);
    return row;
}

static json_t *make_evaluation(const char *name) {
    json_t *evaluation = make_row(name, "none", 0.95, 0.94), *confusion = json_array(), *classes = json_array();
    json_t *probabilities = repeated(10, json_real(0)), *curves = json_array();
    json_array_set_new(probabilities, 9, json_real(0.75));
    for (int i = 0; i < 10; i++) {
        json_t *line = repeated(10, json_integer(0));
        json_array_set_new(line, (size_t)i, json_integer(950));
        json_array_set_new(line, (size_t)(i + 5) % 10, json_integer(i == 4 ? 60 : 40));
        json_array_append_new(confusion, line);
        json_array_append_new(classes, json_pack("{s:i,s:s,s:f,s:f,s:f,s:f,s:i}", "label", i, "name", "x", "precision",
                                                 0.9, "recall", 0.9, "f1", 0.9, "auc", 0.99, "support", 990));
        json_array_append_new(curves, json_pack("{s:i,s:f,s:[[i,i],[f,f],[i,i]]}", "label", i, "auc", 0.99, "points", 0,
                                                0, 0.01, 0.9, 1, 1));
    }
    json_t *more =
        json_pack("{s:s,s:s,s:o,s:o,s:{s:f,s:f,s:f},s:o,s:o,s:{s:[s,s,s],s:[[i,f,f],[i,f,f]]},"
                  "s:[{s:i,s:i,s:i,s:o,s:s}]}",
                  "on", "test", "data", "mnist", "classes", class_names(), "per_class", classes, "weighted",
                  "precision", 0.91, "recall", 0.92, "f1", 0.93, "confusion", confusion, "roc", curves, "history",
                  "names", "epoch", "loss", "accuracy", "rows", 1, 2.5, 0.5, 2, 1.5, 0.75, "mistakes", "index", 247,
                  "truth", 4, "predicted", 9, "probabilities", probabilities, "image", picture);
    assert_non_null(more);
    json_object_update(evaluation, more);
    json_decref(more);
    return evaluation;
}

/* Measures, curves and labels as later studies have them; a model is wrong on the last images. */
static void add_answers(json_t *evaluation, const char *predicted) {
    json_t *more = json_pack(
        "{s:f,s:f,s:f,s:f,s:f,s:f,s:[{s:f,s:f,s:i,s:n,s:n},{s:f,s:f,s:i,s:f,s:f}],s:[{s:i,s:f,s:[[f,f],[f,f]]}],s:s,"
        "s:o,s:{s:i,s:i,s:f,s:f,s:f}}",
        "kappa", 0.9375, "mcc", 0.9376, "top2_accuracy", 0.9812, "top3_accuracy", 0.9923, "brier", 0.0725, "ece",
        0.0134, "calibration", "low", 0.0, "high", 0.5, "count", 0, "confidence", "accuracy", "low", 0.5, "high", 1.0,
        "count", 12, "confidence", 0.875, "accuracy", 0.75, "pr", "label", 3, "average_precision", 0.9876, "points",
        0.0, 1.0, 1.0, 0.8, "predicted", predicted, "confidence", repeated(ASKED, json_real(0.625)), "without_rejected",
        "count", 9985, "correct", 9500, "accuracy", 0.9514, "accuracy_low", 0.947, "accuracy_high", 0.9555);
    assert_non_null(more);
    json_object_update(evaluation, more);
    json_decref(more);
}

static json_t *parsed(const char *text) {
    json_error_t where;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &where);
    if (!json) fail_msg("%d: %s", where.line, where.text);
    return json;
}

static const char crossval_text[] =
    "{\"data\": \"mnist\", \"folds\": 3, \"seed\": 0, \"train_count\": 600, \"rows\": ["
    "{\"name\": \"logistic\", \"model\": \"logistic\", \"title\": \"logistic regression\", \"prep\": \"scale\", "
    "\"settings\": {},"
    " \"accuracy\": [0.90, 0.91, 0.92], \"log_loss\": [0.3, 0.3, 0.3], \"prep_seconds\": [0, 0, 0],"
    " \"fit_seconds\": [1, 2, 3], \"predict_seconds\": [0.1, 0.1, 0.1], \"mean\": 0.91, \"deviation\": 0.01,"
    " \"out_of_fold_accuracy\": 0.91, \"out_of_fold_log_loss\": 0.3, \"converged\": true},"
    "{\"name\": \"knn\", \"model\": \"knn\", \"title\": \"k-nearest neighbours\", \"prep\": \"minmax\", \"settings\": "
    "{},"
    " \"accuracy\": [0.94, 0.95, 0.96], \"log_loss\": [0.2, 0.2, 0.2], \"prep_seconds\": [1, 1, 1],"
    " \"fit_seconds\": [1, 1, 1], \"predict_seconds\": [2, 2, 2], \"mean\": 0.95, \"deviation\": 0.01,"
    " \"out_of_fold_accuracy\": 0.95, \"out_of_fold_log_loss\": 0.2, \"converged\": true}]}";

static const char tune_text[] =
    "{\"data\": \"mnist\", \"model\": \"cnn2\", \"prep\": \"minmax,crop20\", \"seed\": 0, \"strategy\": \"halving\","
    " \"train_count\": 500, \"validation_count\": 100, \"points\": 2, \"seconds\": 12.5, \"space\": ["
    "{\"name\": \"learning_rate\", \"low\": 0.001, \"high\": 0.1, \"log\": true, \"integer\": false},"
    "{\"name\": \"optimizer\", \"values\": [\"sgd\", \"adam\", \"nadam\"]}], \"trials\": ["
    "{\"trial\": 0, \"point\": 0, \"rung\": 0, \"share\": 0.5, \"epochs\": 1, \"images\": 250,"
    " \"settings\": {\"learning_rate\": \"0.01\", \"optimizer\": \"adam\"}, \"accuracy\": 0.9, \"log_loss\": 0.4,"
    " \"seconds\": 3, \"state\": \"done\"},"
    "{\"trial\": 1, \"point\": 1, \"rung\": 0, \"share\": 0.5, \"epochs\": 1, \"images\": 250,"
    " \"settings\": {\"learning_rate\": \"0.002\", \"optimizer\": \"sgd\"}, \"accuracy\": 0.8, \"log_loss\": 0.6,"
    " \"seconds\": 3, \"state\": \"pruned\"},"
    "{\"trial\": 2, \"point\": 0, \"rung\": 1, \"share\": 1, \"epochs\": 2, \"images\": 500,"
    " \"settings\": {\"learning_rate\": \"0.01\", \"optimizer\": \"adam\"}, \"accuracy\": 0.97, \"log_loss\": 0.1,"
    " \"seconds\": 6.5, \"state\": \"done\"},"
    "{\"trial\": 3, \"point\": 1, \"rung\": 1, \"share\": 1, \"epochs\": 2, \"images\": 500,"
    " \"settings\": {\"learning_rate\": \"0.002\", \"optimizer\": \"sgd\"}, \"accuracy\": null, \"log_loss\": null,"
    " \"seconds\": 0, \"state\": \"failed\", \"message\": \"the loss became infinite\"}],"
    " \"best\": {\"trial\": 2, \"settings\": {}, \"accuracy\": 0.97, \"log_loss\": 0.1},"
    " \"importance\": [{\"name\": \"optimizer\", \"importance\": 0.2}, {\"name\": \"learning_rate\", \"importance\": "
    "0.6}],"
    " \"retrained\": {\"file\": \"tuned.safetensors\", \"history\":"
    "  {\"names\": [\"epoch\", \"loss\", \"accuracy\", \"validation_loss\", \"validation_accuracy\"],"
    "   \"rows\": [[1, 0.5, 0.8, 0.5, 0.85], [2, 0.3, 0.9, 0.3, 0.92]]}}}";

static const char significance_text[] =
    "{\"names\": [\"knn\", \"logistic\"], \"test\": \"McNemar\", \"pairs\": [{\"first\": 0, \"second\": 1, "
    "\"only_first\": 400, \"only_second\": 100, \"p\": 0.0001, \"p_holm\": 0.0002}]}";

static const char suspects_text[] =
    "{\"models\": [\"knn\", \"logistic\"], \"rule\": \"Both of them <agree>\", \"count\": 3, \"digits\": [{\"index\": "
    "59, "
    "\"label\": 4, \"predicted\": 9, \"probability\": 0.98, \"given_probability\": 0.004, \"agree\": 2, \"image\": "
    "\"data:image/png;base64,iVBORw0KGgo=\"}]}";

static const char runs_text[] = "{\"runs\": [{\"id\": 1, \"kind\": \"fold\", \"name\": \"knn\", \"model\": \"knn\", "
                                "\"prep\": \"none\", \"seconds\": 2.5,"
                                " \"accuracy\": 0.95, \"started\": \"2025-03-02T10:41:07Z\", \"parent\": null},"
                                "{\"id\": 2, \"kind\": \"fit\", \"name\": \"logistic\", \"model\": \"logistic\", "
                                "\"prep\": \"none\", \"seconds\": 60,"
                                " \"accuracy\": null, \"started\": \"2025-03-02T10:41:07Z\", \"parent\": 1}]}";

static const char curves_text[] =
    "{\"name\": \"knn\", \"prep\": \"none\", \"history\": {\"names\": [\"epoch\", \"rate\", \"loss\", \"accuracy\","
    " \"validation_loss\", \"validation_accuracy\"], \"rows\": [[1, 0.1, 0.5, 0.8, 0.4, 0.85], [2, 0.1, 0.3, 0.9, 0.3, "
    "0.9],"
    " [3, 0.1, 0.2, 0.95, 0.35, 0.9], [4, 0.1, 0.1, 0.99, 0.4, 0.89]]}}";

/* What `evaluate --robustness --learning-curve` adds; `shift` sets models apart. */
static void add_further(json_t *evaluation, double shift) {
    json_t *images = repeated(5, json_string(picture));
    json_t *more = json_pack(
        "{s:i,s:{s:[{s:s,s:s,s:s,s:[i,i,i,i,i],s:[f,f,f,f,f],s:o},{s:s,s:s,s:s,s:[f,f,f,f,f],s:[f,f,f,f,f],s:O}]},"
        "s:[{s:i,s:f,s:f,s:f,s:f,s:f},{s:i,s:f,s:f,s:f,s:f,s:f}]}",
        "model_bytes", 4096, "robustness", "kinds", "name", "noise", "title", "Gaussian noise", "unit",
        "standard deviation", "strengths", 1, 2, 3, 4, 5, "accuracy", 0.9 - shift, 0.8, 0.7, 0.6, 0.5, "images", images,
        "name", "blur", "title", "Blur", "unit", "pixels", "strengths", 0.5, 1., 1.5, 2., 2.5, "accuracy", 0.95 - shift,
        0.9, 0.9, 0.8, 0.8, "images", images, "learning_curve", "train_count", 60, "train_accuracy", 1., "accuracy",
        0.8 - shift, "accuracy_low", 0.78 - shift, "accuracy_high", 0.82 - shift, "fit_seconds", 0.1, "train_count",
        600, "train_accuracy", 1., "accuracy", 0.95 - shift, "accuracy_low", 0.94 - shift, "accuracy_high",
        0.96 - shift, "fit_seconds", 1.);
    assert_non_null(more);
    json_object_update(evaluation, more);
    json_decref(more);
}

static json_t *make_sprite(void) {
    return json_pack("{s:i,s:i,s:i,s:i,s:s,s:s}", "count", ASKED, "height", 2, "width", 2, "columns", 100, "labels",
                     labels, "image", picture);
}

static json_t *make_grid(int layer, const char *text, int count) {
    return json_pack("{s:i,s:s,s:i,s:i,s:i,s:i,s:i,s:s}", "layer", layer, "text", text, "count", count, "shown", count,
                     "columns", 8, "height", 3, "width", 3, "image", picture);
}

static json_t *make_inside(void) {
    return json_pack("{s:s,s:s,s:s,s:o,s:[{s:i,s:i,s:i,s:f,s:i,s:i,s:s,s:s,s:[o,o]}]}", "model", "cnn2", "title",
                     "Two convolutions", "prep", "scale", "filters", make_grid(1, "conv 32 3x3", 32), "digits", "index",
                     7, "truth", 4, "predicted", 9, "probability", 0.75, "height", 2, "width", 2, "input", picture,
                     "saliency", picture, "layers", make_grid(1, "conv 32 3x3", 32), make_grid(4, "conv 64 3x3", 64));
}

/* The twelve images on a line, class by class, but for the last two: a 4 among the 9s, a 9 beside them. */
static json_t *make_embedding(const char *what) {
    json_t *points = json_array(), *others = json_array();
    for (int i = 0; i < (int)ASKED; i++) {
        json_array_append_new(points, json_pack("[f,f]", i < 10 ? 10.0 * i : 90.0 + i, 0.5));
        json_array_append_new(others, json_pack("[f,f]", 1.0 * i, 2.0));
    }
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:f,s:f,s:f,s:s,s:o,s:{s:f,s:[f,f],s:o}}", "data", "mnist", "on",
                     "test", "what", what, "prep", "scale", "count", ASKED, "perplexity", 30, "iterations", 1000,
                     "seed", 0, "seconds", 4.5, "kl_divergence", 1.75, "purity_10", 0.925, "labels", labels, "points",
                     points, "pca", "purity_10", 0.4125, "explained", 0.1, 0.07, "points", others);
}

static struct study make_study(void) {
    struct study study;
    study.documents[0] =
        json_pack("{s:s,s:s,s:i,s:b,s:n,s:s,s:s,s:f,s:{s:s,s:s,s:i},s:s,s:s}", "version", "0.1.0", "data", "mnist",
                  "seed", 42, "quick", 0, "limit", "command", "tenfold study --out 'my study'", "started",
                  "2025-03-02T10:41:07Z", "seconds", 193.4, "machine", "processor", "Some Processor", "kernels",
                  "generic", "threads", 2, "best", "knn", "chosen_on", "validation");
    study.documents[1] = json_pack("{s:s,s:s,s:o,s:[o,o]}", "data", "mnist", "path", "data/mnist", "classes",
                                   class_names(), "sets", make_set("train", 600), make_set("test", 100));
    json_t *across =
        json_pack("{s:{s:i,s:[{s:i,s:i,s:i,s:i}]},s:[{s:i,s:i,s:f,s:s},{s:i,s:i,s:f,s:s}]}", "between", "duplicates", 1,
                  "pairs", "train", 5, "test", 7, "train_label", 1, "test_label", 7, "contrasts", "first", 4, "second",
                  9, "distance", 2.5, "image", picture, "first", 0, "second", 1, "distance", 7.25, "image", picture);
    json_object_update(study.documents[1], across);
    json_decref(across);
    study.documents[2] =
        json_pack("{s:[{s:s,s:s,s:[{s:i,s:i,s:[{s:s,s:i,s:i,s:i,s:s},{s:s,s:i,s:i,s:i,s:s}]}]}]}", "chains", "prep",
                  "minmax,crop1", "summary", "Makes less of it.", "digits", "index", 0, "label", 5, "stages", "name",
                  "original", "features", 4, "height", 2, "width", 2, "image", picture, "name", "crop1", "features", 1,
                  "height", 1, "width", 1, "image", picture);
    study.documents[3] =
        json_pack("{s:s,s:n,s:i,s:s,s:i,s:i,s:[o,o]}", "data", "mnist", "prep", "seed", 42, "on", "test", "train_count",
                  60000, "test_count", 10000, "rows", make_row("logistic", "scale", 0.92, 0.91),
                  make_row("knn", "minmax,crop20,standardize", 0.95, 0.94));
    study.documents[4] = make_evaluation("knn");
    study.documents[5] = make_evaluation("logistic");
    add_answers(study.documents[4], "012345678999");
    add_answers(study.documents[5], "012345678888");
    study.documents[SPRITE] = make_sprite();
    study.documents[INSIDE] = make_inside();
    study.documents[EMBED] = make_embedding("pixels");
    study.documents[EMBED_FEATURES] = make_embedding("features of cnn2");
    add_further(study.documents[4], 0);
    add_further(study.documents[5], 0.05);
    study.documents[CROSSVAL] = parsed(crossval_text);
    study.documents[TUNE] = parsed(tune_text);
    study.documents[SIGNIFICANCE] = parsed(significance_text);
    study.documents[SUSPECTS] = parsed(suspects_text);
    study.documents[RUNS] = parsed(runs_text);
    study.documents[CURVES] = parsed(curves_text);
    for (size_t i = 0; i < DOCUMENTS; i++) assert_non_null(study.documents[i]);
    return study;
}

static void free_study(struct study *study) {
    for (size_t i = 0; i < DOCUMENTS; i++) json_decref(study->documents[i]);
}

static void save_document(const char *folder, size_t which, json_t *document) {
    char path[1024]; /* test_path keeps what it gives, and there are very many */
    snprintf(path, sizeof path, "%s/%s", folder, document_names[which]);
    assert_int_equal(json_dump_file(document, path, JSON_COMPACT), 0);
}

static const char *save_study(const struct study *study) {
    const char *folder = test_folder();
    assert_int_equal(mkdir(test_path(folder, "evaluate"), 0777), 0);
    assert_int_equal(mkdir(test_path(folder, "curves"), 0777), 0);
    for (size_t i = 0; i < DOCUMENTS; i++) save_document(folder, i, study->documents[i]);
    return folder;
}

/* What `path` leads to ("rows.0.f1") is set to `value` (stolen), or removed if that is NULL. */
static void change(json_t *document, const char *path, json_t *value) {
    char part[64];
    for (json_t *at = document;;) {
        size_t length = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        path += length + (path[length] == '.');
        if (!*path) {
            if (json_is_array(at)) {
                assert_int_equal(value ? json_array_set_new(at, (size_t)atoi(part), value)
                                       : json_array_remove(at, (size_t)atoi(part)),
                                 0);
            } else {
                assert_int_equal(value ? json_object_set_new(at, part, value) : json_object_del(at, part), 0);
            }
            return;
        }
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        assert_non_null(at);
    }
}

static char *build(const char *folder) {
    struct ten_error error;
    const char *out = test_path(folder, "report.html");
    assert_ok(ten_report_build(folder, out, &error));
    size_t size;
    return (char *)test_read(out, &size);
}

static char *build_study(struct study *study) {
    char *page = build(save_study(study));
    free_study(study);
    return page;
}

static void assert_in(const char *page, const char *part) {
    if (!strstr(page, part)) fail_msg("the page lacks \"%s\"", part);
}

static void assert_not_in(const char *page, const char *part) {
    const char *found = strstr(page, part);
    if (found) fail_msg("the page has \"%.120s\"", found);
}

static size_t occurrences(const char *page, const char *part) {
    size_t count = 0;
    while ((page = strstr(page, part))) count++, page++;
    return count;
}

/* ---- Tests -------------------------------------------------------------------------------------------- */

static void test_parts(void **state) {
    (void)state;
    struct study study = make_study();
    char *page = build_study(&study);
    static const char *const parts[] = {
        "<title>MNIST: a study with Tenfold</title>",
        "The ten digits are nearly equally frequent: from 58 (digit 7) to 62 (digit 3) training images.",
        "<section id=\"data\"",
        "<section id=\"preprocessing\"",
        "<section id=\"comparison\"",
        "<section id=\"model\"",
        "<section id=\"made\"",
        "One chain of steps prepares the images: <code>minmax,<wbr>crop1</code> hands the model 1 values",
        "<b>k-nearest neighbours</b> (<code>minmax,<wbr>crop20,<wbr>standardize</code>) labels <b>95.00\u202f%</b>",
        "its most frequent mistake is to take a 4 for a 9, 60 times",
        "<pre><code>tenfold study --out &#39;my study&#39;</code></pre>",
        "The training file begins with these; ink is an image’s mean intensity",
        "<span class=\"index\">image 247</span>",
        "The classes hardly differ in it.",
        "They and the peaks of memory differ from run to run",
        "The fit, epoch by epoch: loss.",
        "3\u202fmin 13\u202fs",
        "2025-03-02 10:41 UTC",
        "<tr class=\"best\">",
        "macro average",
        "weighted average",
        "0.9561", /* published for knn after the original chain */
        "<a href=\"evaluate/knn.json\">",
        "<div class=\"panel\" id=\"panel-knn\">",
        "<div class=\"panel\" id=\"panel-logistic\" hidden>",
        "<b>4</b> taken for <b>9</b></span><span>75\u202f% sure",
        /* within and between classes */
        "alt=\"most typical: training image 7, distance 3.5\"",
        "alt=\"least typical: training image 8, distance 9.5\"",
        "<small>1,234</small>",
        "Least for digit 5 (2.75), most for digit 6 (3.25).",
        "<td>\u221212.5 ± 8.0</td>",
        "Most alike are digit 4 and digit 9 (2.5), least digit 0 and digit 1 (7.2).",
        "1 training and 1 test images equal an earlier one of their set; 1 test image equals a training image",
        "<tr><th scope=\"row\">5</th><td>1</td><td>7</td><td>7</td></tr>",
        "<th scope=\"col\">Out of range</th>",
        "<th scope=\"row\">maximum</th><td>",
        /* further measures */
        "<dt>Cohen’s kappa</dt><dd>0.9375</dd>",
        "<dt>Matthews’ correlation</dt><dd>0.9376</dd>",
        "<dt>Truth among the first two</dt><dd>0.9812</dd>",
        "<dt>Truth among the first three</dt><dd>0.9923</dd>",
        "<dt>Brier score, 0 to 2</dt><dd>0.0725</dd>",
        "<dt>Calibration error (ECE)</dt><dd>0.0134</dd>",
        "<dt>Accuracy without the 15 images whose label a crowd rejected</dt><dd>0.9514",
        "Lowest for digit 3, 0.9876.",
        "On the whole it is too sure: its mean probability lies 12.50\u202f% above its accuracy.",
        "<tr><th scope=\"row\">0.500–1.000</th><td>12</td><td>0.8750</td><td>0.7500</td></tr>",
        /* image by image: knn is wrong on the 10th, logistic on the 9th, 10th and 11th */
        "<a href=\"#images\">Image by image</a>",
        "Of 12 test images 9 are labelled correctly by every one of two pipelines, and one by none.",
        "<div class=\"cell pictures live\" data-model=\"knn\" hidden></div>",
        "\"sure\":[6250]",
        "\"sure\":[6250,6250,6250]",
        "<canvas data-digit=\"10\" role=\"img\" aria-label=\"test image 10\"></canvas><span class=\"verdict\"><b>4</b>"
        "</span><span>2 of 2 wrong</span>",
        /* inside */
        "<b>Two convolutions</b> (<code>scale</code>) looks at an image through 32 filters of 3 × 3 weights first; two "
        "of "
        "its layers give pictures.",
        "<h4>Layer 4: <code>conv 64 3x3</code></h4>",
        "image 7, a 4; it says <b>9</b>, 75\u202f% sure",
        /* in a plane */
        "In the plane that t-SNE makes of the pixels, 92.5\u202f% of an image’s ten nearest have its label, against "
        "41.2\u202f% in that of two principal components; most mixed are digit ",
        "Of the features of cnn2 it is 92.5\u202f%",
        "perplexity 30, 1,000 iterations, 4.50\u202fs; Kullback–Leibler divergence 1.75.",
        "hold 10.0\u202f% and 7.0\u202f% of the variance",
        "\"points\":[0,0,990,0,",
        "labels 95.00\u202f% of the images that it was not fitted on correctly, in the mean of three folds (deviation "
        "1.00 "
        "points). The next, <b>logistic regression</b> (<code>scale</code>), is 4.00 points behind, and behind in all "
        "of "
        "the folds: more than the folds’ noise explains",
        "Of 2 settings for <b>cnn2</b> tried in 4 trials (12.5\u202fs), the best labels <b>97.00\u202f%</b> of 100 "
        "images kept "
        "apart correctly: learning rate 0.01 and optimizer adam. What mattered most is the learning rate: alone it "
        "accounts for 60\u202f%",
        "The best three trials by validation accuracy. 1 of all 4 failed.",
        "It could be fitted further: when it ended, both losses were still falling, on the images kept apart from "
        "0.5000 "
        "to 0.3000 since epoch 1 and in training from 0.5000 to 0.3000.",
        "goes from 80.00\u202f% after 60 training images to 95.00\u202f% after 600, and twice as many would, at the "
        "pace of "
        "the end, take away another 34\u202f% of its errors. It does best on the fewest images too.",
        "Of one network, trained once more with a part of the training images kept apart, <b>knn</b> overfits.",
        "It overfits from epoch 2 on: its loss on the images kept apart rises from 0.3000 to 0.4000, while that in "
        "training falls from 0.3000 to 0.1000. The accuracies end at 99.00\u202f% in training and 89.00\u202f% on the "
        "images "
        "kept apart, 10.00 points lower.",
        "still labels 78.5\u202f% of damaged test images correctly, in the mean of two kinds of damage in five "
        "strengths: the "
        "most of two models. What hurts most is “Gaussian noise”, after which the models’ mean is 69.5\u202f%.",
        "is better than each of the one others",
        "3 of the 60,000 training images (0.01\u202f%) may carry a wrong label",
        "The rule: Both of them &lt;agree&gt;. Nothing",
        "labelled <b>4</b>, looks like <b>9</b></span><span>2 of 2 say so</span><span>98.0\u202f% against 0.4\u202f%",
        "The study is made of 2 runs, which took 62.5\u202fs together",
        "<b>knn</b> is fitted soonest and is the most accurate too.",
        "<a href=\"#learning\">Learning</a>",
        "<a href=\"#robustness\">Robustness</a>",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assert_in(page, parts[i]);
    assert_not_in(page, "<a href=\"models/"); /* no such files in this study */
    assert_not_in(page, "class=\"note\">A ");
    assert_in(page, "Best of each family: neighbours <b>knn</b> (");
    assert_not_in(page, "†");
    assert_not_in(page, "did not converge");
    assert_not_in(page, "0.9233"); /* published, but for another chain than this study's */
    assert_not_in(page, "sourceMappingURL");
    assert_int_equal(occurrences(page, "<script"), occurrences(page, "</script>"));
    assert_int_equal(occurrences(page, "<section"), occurrences(page, "</section>"));
    assert_int_equal(occurrences(page, "<figure"), occurrences(page, "</figure>"));
    assert_int_equal(occurrences(page, "<table"), occurrences(page, "</table>"));
    assert_int_equal(occurrences(page, "<template"), occurrences(page, "</template>"));
    *strstr(page, "<div id=\"tip\"") = 0; /* behind it stand scripts */
    assert_not_in(page, "of those chosen");
    free(page);
}

static void test_figures(void **state) {
    (void)state;
    struct study study = make_study();
    const char *folder = save_study(&study);
    free_study(&study);
    char *page = build(folder);
    static const char *const names[] = {"accuracy",
                                        "class-distribution",
                                        "confusion-knn",
                                        "confusion-logistic",
                                        "cost-fit",
                                        "cost-predict",
                                        "cost-size",
                                        "cost-memory",
                                        "crossval-means",
                                        "crossval-boxes",
                                        "crossval-lines",
                                        "crossval-folds",
                                        "tune-progress",
                                        "tune-parallel",
                                        "tune-importance",
                                        "curves-loss-tuned",
                                        "curves-accuracy-tuned",
                                        "learning",
                                        "curves-loss-knn",
                                        "curves-accuracy-knn",
                                        "robustness",
                                        "robustness-noise",
                                        "robustness-blur",
                                        "significance",
                                        "history-knn",
                                        "history-accuracy-knn",
                                        "intensity",
                                        "ink",
                                        "pixels",
                                        "roc-knn",
                                        "roc-logistic",
                                        "history-logistic",
                                        "history-accuracy-logistic",
                                        "intensity-bins",
                                        "noise-stroke_width",
                                        "noise-slant",
                                        "noise-isolated_pixels",
                                        "noise-ink",
                                        "precision-knn",
                                        "precision-logistic",
                                        "calibration-knn",
                                        "calibration-logistic",
                                        "hardness",
                                        "embedding-pixels",
                                        "embedding-pixels-pca",
                                        "embedding-features",
                                        "embedding-features-pca"};
    enum { NAMES = sizeof names / sizeof *names };
    for (size_t i = 0; i < NAMES; i++) {
        char file[96];
        snprintf(file, sizeof file, "figures/%s.vl.json", names[i]);
        const char *path = test_path(folder, file);
        json_error_t where;
        json_t *figure = json_load_file(path, 0, &where);
        if (!figure) fail_msg("%s:%d: %s", file, where.line, where.text);
        assert_string_equal(json_string_value(json_object_get(figure, "$schema")),
                            "https://vega.github.io/schema/vega-lite/v6.json");
        assert_true(*json_string_value(json_object_get(figure, "description")));
        assert_true(json_array_size(json_object_get(json_object_get(figure, "data"), "values")) > 0);
        json_decref(figure);
        size_t size;
        char *text = (char *)test_read(path, &size);
        assert_not_in(text, "var(--"); /* colours are filled in */
        free(text);
        snprintf(file, sizeof file, "id=\"figure-%s\"", names[i]);
        assert_in(page, file);
    }
    DIR *all = opendir(test_path(folder, "figures"));
    assert_non_null(all);
    size_t files = 0;
    for (struct dirent *entry; (entry = readdir(all));) files += entry->d_name[0] != '.';
    closedir(all);
    assert_int_equal(files, NAMES);
    free(page);
}

static void test_same_bytes_again(void **state) {
    (void)state;
    struct study study = make_study();
    const char *folder = save_study(&study);
    free_study(&study);
    char *first = build(folder), *second = build(folder);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void test_words_stay_words(void **state) {
    (void)state;
    static const char hostile[] = "</script><script>alert('1 & \"2\"')</script>";
    static const struct {
        size_t document;
        const char *path;
    } places[] = {{0, "machine.processor"},
                  {0, "version"},
                  {0, "data"},
                  {0, "chosen_on"},
                  {0, "command"},
                  {0, "started"},
                  {1, "classes.3"},
                  {1, "sets.0.checksum"},
                  {2, "chains.0.prep"},
                  {2, "chains.0.summary"},
                  {1, "path"},
                  {2, "chains.0.digits.0.stages.0.name"},
                  {3, "rows.0.title"},
                  {3, "rows.0.prep"},
                  {3, "rows.0.model"},
                  {4, "history.names.1"},
                  {CROSSVAL, "rows.0.title"},
                  {CROSSVAL, "rows.1.prep"},
                  {TUNE, "model"},
                  {TUNE, "prep"},
                  {TUNE, "trials.0.settings.optimizer"},
                  {TUNE, "trials.2.settings.learning_rate"},
                  {TUNE, "trials.2.state"},
                  {TUNE, "space.1.values.0"},
                  {TUNE, "importance.1.name"},
                  {SUSPECTS, "rule"},
                  {RUNS, "runs.0.kind"},
                  {RUNS, "runs.1.name"},
                  {4, "robustness.kinds.0.title"},
                  {4, "robustness.kinds.0.unit"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct study study = make_study();
        change(study.documents[places[i].document], places[i].path, json_string(hostile));
        char *page = build_study(&study);
        assert_not_in(page, "<script>alert");
        assert_not_in(page, "'1 & \"2\"'");
        assert_int_equal(occurrences(page, "<script"), occurrences(page, "</script>"));
        free(page);
    }
    struct study study = make_study();
    change(study.documents[1], "classes.3", json_string(hostile));
    char *page = build_study(&study);
    assert_in(page, "&lt;/script&gt;&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)"); /* in the tables */
    assert_in(page, "\\u003c/script>");                                                     /* in the figures */
    free(page);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        size_t document;
        const char *path, *value, *message;
    } cases[] = {
        {0, "seed", "\"x\"", "study.json: seed: expected a whole number from 0 up, found \"x\""},
        {0, "seed", "-1", "study.json: seed: expected"},
        {0, "seed", "1.5", "study.json: seed: expected"},
        {0, "machine", "[]", "study.json: machine: expected an object, found an array"},
        {0, "best", "\"svm\"", "study.json: best: expected the name of a row of compare.json, found \"svm\""},
        {0, "best", "\"../../x\"", "study.json: best: expected a name"},
        {0, "limit", "\"x\"", "study.json: limit: expected a whole number from 0 up, found \"x\""},
        {0, "command", "1", "study.json: command: expected a text, found 1"},
        {3, "rows.0.converged", "1", "compare.json: rows[0].converged: expected true or false"},
        {0, "quick", "0", "study.json: quick: expected true or false"},
        {0, "seconds", "-1", "study.json: seconds: expected a number from 0 up, found -1"},
        {0, "seconds", NULL, "study.json: seconds: expected this member, found nothing"},
        {1, "classes.9", NULL, "explore.json: classes: expected 10 items, found 9"},
        {1, "classes.9", "7", "explore.json: classes[9]: expected a text, found 7"},
        {1, "classes.9", "\"\"", "explore.json: classes[9]: expected a text of 1 to 63 bytes"},
        {1, "sets.1", NULL, "explore.json: sets: expected 2 items, found 1"},
        {1, "sets.0.histogram.7", NULL, "explore.json: sets[0].histogram: expected 256 items, found 255"},
        {1, "sets.0.pixels.mean", "[1, 2, 3]", "explore.json: sets[0].pixels.mean: expected 4 items"},
        {1, "sets.0.height", "0", "explore.json: sets[0].height: expected a number from 1 to 1024"},
        {1, "sets.0.height", "1e9", "explore.json: sets[0].height: expected"},
        {1, "sets.0.samples.0.label", "10", "explore.json: sets[0].samples[0].label: expected a number from 0 to 9"},
        {1, "sets.0.samples.0.image", "\"http://x/\"", "explore.json: sets[0].samples[0].image: expected a PNG"},
        {1, "sets.0.samples.0.image", "\"data:image/png;base64,A\\\" onerror=\"", "samples[0].image: expected a PNG"},
        {2, "chains", "{}", "preprocess.json: chains: expected an array, found an object"},
        {2, "chains.0.digits.0.stages.0.image", "null", "stages[0].image: expected a PNG picture"},
        {3, "rows", "[]", "compare.json: rows: expected at least one row"},
        {3, "rows.1.name", "\"logistic\"", "compare.json: rows[1].name: expected a name of its own"},
        {3, "rows.1.name", "\"a/b\"", "compare.json: rows[1].name: expected a name"},
        {3, "rows.1.accuracy", "1.5", "compare.json: rows[1].accuracy: expected a number from 0 to 1, found 1.5"},
        {3, "rows.1.accuracy", "null", "compare.json: rows[1].accuracy: expected a number from 0 to 1, found null"},
        {3, "rows.0.f1", "\"high\"", "compare.json: rows[0].f1: expected a number from 0 to 1, found \"high\""},
        {4, "confusion.3", "[1]", "evaluate/knn.json: confusion[3]: expected 10 items, found 1"},
        {4, "confusion.3.3", "-1", "evaluate/knn.json: confusion[3][3]: expected a whole number"},
        {4, "roc.0.points.1", "[0.5]", "evaluate/knn.json: roc[0].points[1]: expected 2 items"},
        {4, "roc.0.points.2", "[0.001, 1]", "evaluate/knn.json: roc[0].points[2][0]: expected a false positive rate"},
        {4, "mistakes.0.probabilities", "[1]", "evaluate/knn.json: mistakes[0].probabilities: expected 10 items"},
        {4, "mistakes.0.truth", "-1", "evaluate/knn.json: mistakes[0].truth: expected a number from 0 to 9"},
        {4, "history.rows.1", "[1]", "evaluate/knn.json: history.rows[1]: expected 3 items"},
        {5, "per_class", "null", "evaluate/logistic.json: per_class: expected an array, found null"},
        {1, "sets.0.prototypes.0.label", "10", "explore.json: sets[0].prototypes[0].label: expected a number from 0"},
        {1, "sets.0.typical.0.digits.0.image", "\"x\"", "sets[0].typical[0].digits[0].image: expected a PNG"},
        {1, "sets.0.noise.0.slant", "[]", "explore.json: sets[0].noise[0].slant: expected an object"},
        {1, "between.pairs.0.train", "-1", "explore.json: between.pairs[0].train: expected a whole number"},
        {1, "contrasts.1.distance", "\"far\"", "explore.json: contrasts[1].distance: expected a number"},
        {4, "kappa", "2", "evaluate/knn.json: kappa: expected a number from -1 to 1, found 2"},
        {4, "without_rejected", "[]", "evaluate/knn.json: without_rejected: expected an object"},
        {4, "calibration.1.count", "0.5", "evaluate/knn.json: calibration[1].count: expected a whole number"},
        {4, "pr.0.points.1", "[1]", "evaluate/knn.json: pr[0].points[1]: expected 2 items"},
        {4, "predicted", "\"0123\"", "evaluate/knn.json: predicted: expected 12 digits, found \"0123\""},
        {5, "predicted", "\"01234567890x\"", "evaluate/logistic.json: predicted: expected 12 digits"},
        {5, "confidence", "[1]", "evaluate/logistic.json: confidence: expected 12 items, found 1"},
        {SPRITE, "labels", "\"01\"", "sprite.json: labels: expected 12 digits, found \"01\""},
        {SPRITE, "image", "\"https://x/\"", "sprite.json: image: expected a PNG"},
        {SPRITE, "columns", "0", "sprite.json: columns: expected a number from 1"},
        {SPRITE, "count", "1e9", "sprite.json: count: expected a number from 1"},
        {INSIDE, "filters.columns", "0", "inside.json: filters.columns: expected a number from 1"},
        {INSIDE, "digits.0.layers.1.image", "7", "inside.json: digits[0].layers[1].image: expected a PNG"},
        {INSIDE, "digits.0.truth", "10", "inside.json: digits[0].truth: expected a number from 0 to 9"},
        {EMBED, "points.3", "[1, 2, 3]", "embed.json: points[3]: expected 2 items, found 3"},
        {EMBED, "points.3.1", "null", "embed.json: points[3][1]: expected a number"},
        {EMBED, "labels", "\"01\"", "embed.json: labels: expected a digit for each point"},
        {EMBED_FEATURES, "pca.points", "[]", "embed-features.json: pca.points: expected 12 items, found 0"},
        {EMBED_FEATURES, "pca.explained", "[0.1]", "embed-features.json: pca.explained: expected 2 items"},
        {CROSSVAL, "folds", "1", "crossval.json: folds: expected a number from 2 to 100, found 1"},
        {CROSSVAL, "rows", "[]", "crossval.json: rows: expected at least one row"},
        {CROSSVAL, "rows.0.accuracy", "[0.9]", "crossval.json: rows[0].accuracy: expected 3 items, found 1"},
        {CROSSVAL, "rows.0.accuracy.2", "2", "crossval.json: rows[0].accuracy[2]: expected a number from 0 to 1"},
        {CROSSVAL, "rows.1.mean", NULL, "crossval.json: rows[1].mean: expected this member"},
        {CROSSVAL, "rows.1.fit_seconds", "7", "crossval.json: rows[1].fit_seconds: expected an array"},
        {TUNE, "space", "[]", "tune.json: space: expected at least one parameter"},
        {TUNE, "space.0.low", "0", "tune.json: space[0].low: expected a number from 1e-300 up, found 0"},
        {TUNE, "space.0.high", "0.0001", "tune.json: space[0].high: expected a number from 0.001 up"},
        {TUNE, "space.1.values", "[]", "tune.json: space[1].values: expected at least one value"},
        {TUNE, "trials.1.settings.optimizer", NULL, "tune.json: trials[1].settings.optimizer: expected this member"},
        {TUNE, "trials.1.share", "0", "tune.json: trials[1].share: expected a number from 1e-09 to 1"},
        {TUNE, "best.trial", "3", "tune.json: best.trial: expected the number of a trial with an accuracy, found 3"},
        {TUNE, "retrained.history.rows.1", "[1]", "tune.json: retrained.history.rows[1]: expected 5 items"},
        {SIGNIFICANCE, "pairs.0.p_holm", "1.5", "significance.json: pairs[0].p_holm: expected a number from 0 to 1"},
        {SIGNIFICANCE, "pairs.0.second", "2", "significance.json: pairs[0].second: expected a position"},
        {SIGNIFICANCE, "names", "[\"knn\"]", "significance.json: pairs[0].second: expected a position"},
        {SIGNIFICANCE, "names", "[\"knn\", \"svm\"]",
         "significance.json: pairs[0].second: expected the position of a name"},
        {SUSPECTS, "digits.0.image", "\"x\"", "suspects.json: digits[0].image: expected a PNG"},
        {SUSPECTS, "digits.0.agree", "0.5", "suspects.json: digits[0].agree: expected a whole number"},
        {SUSPECTS, "models", "\"knn\"", "suspects.json: models: expected a whole number"},
        {RUNS, "runs.0.seconds", "-1", "runs.json: runs[0].seconds: expected a number from 0 up"},
        {RUNS, "runs.0.kind", "null", "runs.json: runs[0].kind: expected a text"},
        {CURVES, "history.rows.2.2", "\"x\"", "curves/knn.json: history.rows[2][2]: expected a number from 0 up"},
        {CURVES, "history.rows.2.3", "1.5", "curves/knn.json: history.rows[2][3]: expected a number from 0 to 1"},
        {4, "model_bytes", "\"x\"", "evaluate/knn.json: model_bytes: expected a number from 0 up"},
        {4, "learning_curve.0.train_count", "0", "learning_curve[0].train_count: expected a number from 1 up"},
        {4, "robustness.kinds.0.images", "[]", "robustness.kinds[0].images: expected 5 items, found 0"},
        {5, "robustness.kinds.1.accuracy", "[1]", "robustness.kinds[1].accuracy: expected 5 items, found 1"},
        {5, "robustness.kinds.1.name", "\"dust\"", "robustness.kinds[1].name: expected the same kinds in every file"},
    };
    struct study whole = make_study();
    const char *folder = save_study(&whole), *out = test_path(folder, "report.html");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study study = make_study();
        json_t *value = cases[i].value ? json_loads(cases[i].value, JSON_DECODE_ANY, NULL) : NULL;
        assert_true(value || !cases[i].value);
        change(study.documents[cases[i].document], cases[i].path, value);
        save_document(folder, cases[i].document, study.documents[cases[i].document]);
        free_study(&study);
        struct ten_error error;
        assert_fails(ten_report_build(folder, out, &error), TEN_FORMAT, cases[i].message);
        assert_int_equal(ten_report_build(folder, out, NULL), TEN_FORMAT);
        assert_false(ten_file_exists(out));
        assert_false(ten_file_exists(test_path(folder, "figures/accuracy.vl.json")));
        save_document(folder, cases[i].document, whole.documents[cases[i].document]);
    }
    free_study(&whole);
}

static void test_no_json(void **state) {
    (void)state;
    static const char *const texts[] = {
        "", "{", "nonsense", "[1, 2", "{\"a\":1,\"a\":2}", "{} {}", "\xff\xfe", "[]", "{\"a\":\"\\ud800\"}", "null"};
    struct study study = make_study();
    const char *folder = save_study(&study), *out = test_path(folder, "report.html");
    for (size_t d = 0; d < DOCUMENTS; d++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            test_write(test_path(folder, document_names[d]), texts[i], strlen(texts[i]));
            struct ten_error error;
            assert_fails(ten_report_build(folder, out, &error), TEN_FORMAT, document_names[d]);
        }
        save_document(folder, d, study.documents[d]);
    }
    char *deep = malloc(100001); /* more brackets than any stack should be asked for */
    assert_non_null(deep);
    memset(deep, '[', 100000);
    test_write(test_path(folder, "study.json"), deep, 100000);
    free(deep);
    struct ten_error error;
    assert_fails(ten_report_build(folder, out, &error), TEN_FORMAT, "study.json");
    free_study(&study);
}

static void test_missing(void **state) {
    (void)state;
    struct study study = make_study();
    const char *folder = save_study(&study), *out = test_path(folder, "report.html");
    for (size_t d = 0; d < DOCUMENTS; d++) {
        const char *path = test_path(folder, document_names[d]);
        assert_int_equal(unlink(path), 0);
        struct ten_error error;
        if (document_parts[d]) {
            char *page = build(folder), link[64];
            assert_not_in(page, document_parts[d]);
            if (d == 2 || (d >= CROSSVAL && strncmp(document_parts[d], "id=", 3) ==
                                                0)) { /* nor is it in the contents or among the files */
                snprintf(link, sizeof link, "href=\"#%s", document_parts[d] + 4);
                assert_not_in(page, link);
                snprintf(link, sizeof link, "<a href=\"%s\">", document_names[d]);
                assert_not_in(page, link);
            }
            if (d == SPRITE) {
                assert_not_in(page, "id=\"lookup\"");
                assert_not_in(page, "class=\"cell");
                assert_not_in(page, "href=\"#images\"");
            }
            if (d >= SPRITE && d < CROSSVAL)
                assert_in(page, d < EMBED ? "href=\"#plane\"" : "In the plane that t-SNE makes of the ");
            free(page);
        } else {
            assert_fails(ten_report_build(folder, out, &error), TEN_NOT_FOUND, document_names[d]);
        }
        save_document(folder, d, study.documents[d]);
    }
    free_study(&study);
    struct ten_error error;
    assert_fails(ten_report_build(test_path(folder, "nowhere"), out, &error), TEN_NOT_FOUND, "nowhere/study.json");
    assert_fails(ten_report_build(folder, test_path(folder, "nowhere/report.html"), &error), TEN_IO,
                 "nowhere/report.html");
}

/* A study of before there was more than it held. */
static void test_earlier(void **state) {
    (void)state;
    struct study study = make_study();
    static const struct {
        size_t document;
        const char *path;
    } later[] = {
        {1, "between"},
        {1, "contrasts"},
        {1, "sets.0.out_of_range"},
        {1, "sets.0.typical"},
        {1, "sets.0.atypical"},
        {1, "sets.0.noise"},
        {1, "sets.0.prototypes"},
        {1, "sets.0.class_images.0.maximum"},
        {4, "kappa"},
        {4, "mcc"},
        {4, "top2_accuracy"},
        {4, "top3_accuracy"},
        {4, "brier"},
        {4, "ece"},
        {4, "calibration"},
        {4, "pr"},
        {4, "without_rejected"},
        {4, "predicted"},
        {4, "confidence"},
        {5, "predicted"},
    };
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        change(study.documents[later[i].document], later[i].path, NULL);
    const char *folder = save_study(&study);
    free_study(&study);
    char *page = build(folder);
    static const char *const parts[] = {"Variation within",  "Noise and strokes", "against another</h3>",
                                        "Copies</h3>",       "Out of range",      "id=\"images\"",
                                        "id=\"answers\"",    "figure-noise",      "figure-precision-k",
                                        "calibration-knn\"", "class=\"cell"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assert_not_in(page, parts[i]);
    free(page);
}

/* Whatever overlaps in the plane is told, however few points there are. */
static void test_overlap(void **state) {
    (void)state;
    struct study study = make_study();
    json_t *points = json_array(), *many = json_array();
    char text[101] = "";
    for (int i = 0; i < 100; i++) { /* every class a heap of ten of its own, but 3 and 8 in one */
        int class = i / 10, place = class == 8 ? 3 : class;
        text[i] = (char)('0' + class);
        json_array_append_new(points, json_pack("[f,f]", 100.0 * place + i % 10 + 0.5 * (class == 8), 0.01 * (i % 7)));
        json_array_append_new(many, json_pack("[f,f]", 0.0, 0.0)); /* and all in one place */
    }
    change(study.documents[EMBED], "count", json_integer(100));
    change(study.documents[EMBED], "labels", json_string(text));
    change(study.documents[EMBED], "points", points);
    change(study.documents[EMBED], "pca.points", many);
    char *page = build_study(&study);
    assert_in(page, "components; most mixed are digit 3 and digit 8. Of the");
    free(page);
}

static void test_old_page_stays(void **state) {
    (void)state;
    struct study study = make_study();
    const char *folder = save_study(&study), *out = test_path(folder, "report.html");
    test_write(out, "old", 3);
    change(study.documents[5], "mistakes.0.index", json_string("x")); /* one of the last things that are read */
    save_document(folder, 5, study.documents[5]);
    free_study(&study);
    struct ten_error error;
    assert_fails(ten_report_build(folder, out, &error), TEN_FORMAT, "evaluate/logistic.json: mistakes[0].index");
    size_t size;
    char *page = (char *)test_read(out, &size);
    assert_string_equal(page, "old");
    free(page);
}

static json_t *whole_numbers(const char *text) {
    json_t *array = json_loads(text, 0, NULL);
    assert_non_null(array);
    return array;
}

static void test_edge_cases(void **state) {
    (void)state;
    /* one model, without a mistake, without curves, with undefined figures, in a page that lies elsewhere */
    struct study study = make_study();
    change(study.documents[3], "rows.0", NULL);
    change(study.documents[3], "rows.0.accuracy", json_integer(1));
    change(study.documents[3], "rows.0.accuracy_high", json_integer(1));
    static const char *const undefined[] = {"precision", "recall", "f1", "log_loss", "auc", "peak_bytes"};
    change(study.documents[CROSSVAL], "rows.0", NULL);
    change(study.documents[CROSSVAL], "rows.0.accuracy", whole_numbers("[1, 1, 1]"));
    change(study.documents[TUNE], "trials.1", NULL);
    change(study.documents[TUNE], "trials.1", NULL);
    change(study.documents[TUNE], "trials.1", NULL);
    change(study.documents[TUNE], "best.trial", json_integer(0));
    change(study.documents[TUNE], "importance", json_array());
    change(study.documents[TUNE], "retrained", json_null());
    change(study.documents[SIGNIFICANCE], "names.1", NULL);
    change(study.documents[SIGNIFICANCE], "pairs", json_array());
    change(study.documents[SUSPECTS], "digits", json_array());
    change(study.documents[SUSPECTS], "count", json_integer(0));
    change(study.documents[RUNS], "runs", json_array());
    change(study.documents[CURVES], "history.rows", json_array());
    change(study.documents[4], "model_bytes", json_null());
    change(study.documents[4], "learning_curve.0", NULL);
    change(study.documents[4], "learning_curve.0.fit_seconds", json_null());
    for (size_t i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "rows.0.%s", undefined[i]);
        change(study.documents[3], path, json_null());
    }
    change(study.documents[3], "rows.0.validation_accuracy", NULL);
    change(study.documents[3], "rows.0.parameters", json_integer(0));
    change(study.documents[4], "mistakes", json_array());
    change(study.documents[4], "roc", json_array());
    change(study.documents[4], "history.rows", json_array());
    change(study.documents[1], "sets.0.ink.1", json_null());
    change(study.documents[1], "sets.0.first_rows.0.first_ink_pixel", json_null());
    json_t *confusion = json_array();
    for (size_t i = 0; i < 10; i++) {
        json_t *line = repeated(10, json_integer(0));
        json_array_set_new(line, i, json_integer(10));
        json_array_append_new(confusion, line);
    }
    change(study.documents[4], "confusion", confusion);
    const char *folder = save_study(&study), *out = test_path(test_folder(), "page.html");
    free_study(&study);
    struct ten_error error;
    assert_ok(ten_report_build(folder, out, &error));
    size_t size;
    char *page = (char *)test_read(out, &size);
    assert_in(page, "labels all 100 images correctly");
    assert_in(page, "what made no error stands where half an error would");
    assert_in(page, "Everything shown here stands in the folder <code>/");
    assert_not_in(page, "beside this page");
    assert_not_in(page, "href=\"evaluate/");
    assert_not_in(page, "figure-roc");
    assert_not_in(page, "figure-cost-size"); /* how large the model's file is nobody said */
    *strstr(page, "<div id=\"tip\"") = 0;    /* behind it stand scripts */
    assert_not_in(page, "nan");
    assert_not_in(page, "inf");
    assert_not_in(page, "It was chosen among");
    assert_in(page, "The trials in the order of the search"); /* one rung alone */
    assert_in(page, "One pipeline alone: there is nothing to tell apart.");
    assert_in(page, "Of the 60,000 training images none has a label that");
    assert_not_in(page, "What mattered most");
    assert_not_in(page, "trained again");
    assert_not_in(page, "Epoch by epoch");
    assert_not_in(page, "The study is made of");
    free(page);
}

/* A study of the first steps: a part of the images, an older program, a fit that was stopped, classes with names. */
static void test_limited(void **state) {
    (void)state;
    struct study study = make_study();
    change(study.documents[0], "quick", json_true());
    change(study.documents[0], "limit", json_integer(10000));
    change(study.documents[0], "command", NULL);
    change(study.documents[3], "rows.1.converged", json_false());
    char *page = build_study(&study);
    static const char *const parts[] = {
        "A quick run on at most 10,000 images of each set: the whole study",
        "The chosen training images begin with these",
        "The first of the chosen training images of each class",
        "<span class=\"index\">no. 247 of those chosen</span>",
        "k-nearest neighbours<sup title=\"not converged\">†</sup></th>",
        "† Not converged: the fit reached its limit",
        "Its fit did not converge",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assert_in(page, parts[i]);
    assert_int_equal(occurrences(page, "Its fit did not converge"), 1);
    assert_not_in(page, "The same again");
    free(page);

    study = make_study(); /* a limit above the test images leaves their file as it is */
    change(study.documents[0], "limit", json_integer(20000));
    page = build_study(&study);
    assert_in(page, "A run on at most 20,000 images of each set");
    assert_in(page, "The chosen training images begin with these");
    assert_in(page, "<span class=\"index\">image 247</span>");
    free(page);
}

static void test_wording(void **state) {
    (void)state;
    static const struct {
        size_t document;
        const char *path, *value, *words;
    } cases[] = {
        {4, "confusion.2", "[0, 0, 9, 0, 0, 0, 0, 0, 61, 0]", "mistake is to take a 2 for an 8, 61 times"},
        {4, "confusion.8", "[0, 0, 0, 61, 0, 0, 0, 0, 9, 0]", "mistake is to take an 8 for a 3, 61 times"},
        {4, "confusion.2", "[0, 0, 9, 0, 0, 0, 60, 0, 0, 0]",
         "one of its most frequent mistakes is to take a 2 for a 6"},
        {3, "rows.0.accuracy", "0.95", "images correctly, and so does "},
        {1, "sets.0.ink", "[10, 10, 10, 10, 10, 10, 10, 10, 10, 14]",
         "has 1.4 times the ink of the lightest, digit 0."},
        {1, "sets.0.ink", "[null, 10, 10, 10, 10, 10, 10, 10, 10, 15]", "lightest, digit 1: this alone tells"},
        {4, "roc.3.points", "[[0, 0], [0.5, 0.5], [1, 1]]", "logarithmic, which gives room to the small ones"},
        {1, "sets.0.class_counts", "[0, 0, 0, 9, 0, 0, 0, 90, 0, 0]",
         "Only two of the ten digits occur among the training images. They are very unevenly frequent: from 9 (digit "
         "3)"},
        {1, "sets.0.class_counts", "[0, 0, 0, 9, 0, 0, 0, 90, 0, 0]", "occur in training would be 50\u202f% each"},
        {1, "sets.0.class_counts", "[0, 0, 0, 9, 0, 0, 0, 0, 0, 0]", "Only one of the ten digits occurs among"},
        {1, "sets.0.pixels.mean", "[0, 0, 0, 0]", "\"domain\":[0,255.0]"},
        {4, "history.names", "[\"iteration\", \"objective\", \"gradient\"]", "objective and gradient"},
        {1, "classes.3", "\"Dress\"", "Mean intensity per class: bars"},
        {0, "chosen_on", "\"crossval\"",
         "It was chosen among two pipelines by cross-validation on the training images, "
         "where it reached 94.00"},
        {0, "chosen_on", "\"crossval\"", "(deviation 1.00 points), and is the one chosen for that. The next"},
        {0, "chosen_on", "\"crossval\"",
         "highest mean accuracy over the folds of the training images, each labelled by"},
        {0, "chosen_on", "\"crossval\"", "The marked row was chosen by its mean accuracy over the folds"},
        /* t = 0.01 / (0.0346 * sqrt(1/3 + 1/2)) is far below 4.3 */
        {CROSSVAL, "rows.0.accuracy", "[0.98, 0.93, 0.91]",
         "is 4.00 points behind, and behind in two of the folds: within the noise of the folds"},
        {CURVES, "history.rows",
         "[[1, 0, 0.5, 0.8, 0.4, 0.8], [2, 0, 0.4, 0.85, 0.3, 0.9], [3, 0, 0.4, 0.85, 0.3, 0.9]]",
         "It neither overfits nor ends too soon: its loss on the images kept apart comes to rest at 0.3000, near its "
         "least, "
         "0.3000 in epoch 2. The accuracies end at 85.00\u202f% in training and 90.00\u202f% on the images kept apart, "
         "5.00 "
         "points higher."},
        {3, "rows.0.fit_seconds", "0.05",
         "each better than what costs less: <b>logistic</b> (0.150\u202fs, 92.00\u202f%) and "
         "<b>knn</b> (0.300\u202fs, 95.00\u202f%)."},
        {CURVES, "history.rows", "[[1, 0, 0.5, 0.8, 0.4, 0.8], [2, 0, 0.4, 0.85, 0.3, 0.9]]",
         "<b>knn</b> ends before its curves come to rest"},
        {SIGNIFICANCE, "pairs.0.p_holm", "0.05",
         "<b>logistic</b> cannot be told apart from the most accurate, <b>k-nearest neighbours</b>"},
        {SUSPECTS, "models", "12", "<span>2 of 12 say so</span>"},
        {4, "robustness.kinds.1.accuracy", "[0, 0, 0, 0, 0]", "What hurts most is “Blur”"},
        {4, "learning_curve.0.accuracy", "0.95", "the curve is flat: more of the same images would hardly help"},
        {4, "learning_curve.0.accuracy", "0.5",
         "On the fewest images <b>logistic regression</b> (<code>scale</code>) does "
         "best, 75.00"},
    };
    struct study whole = make_study();
    const char *folder = save_study(&whole);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study study = make_study();
        change(study.documents[cases[i].document], cases[i].path, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        save_document(folder, cases[i].document, study.documents[cases[i].document]);
        free_study(&study);
        char *page = build(folder);
        assert_in(page, cases[i].words);
        free(page);
        save_document(folder, cases[i].document, whole.documents[cases[i].document]);
    }
    free_study(&whole);
}

/* Words of handwriting stay out of a page on other things. */
static void test_other_things(void **state) {
    (void)state;
    struct study study = make_study();
    change(study.documents[1], "classes.3", json_string("Dress"));
    char *page = build_study(&study);
    *strstr(page, "<div id=\"tip\"") = 0; /* behind it stand scripts */
    static const char *const words[] = {"writer", "stroke", "full ink", "handwriting", "with ink", "Ink per", ">Ink<"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *text = strstr(page, "<body>");
        for (const char *at = text; (at = strstr(at, words[i]));) {
            if (strncmp(at, "strokeWidth", 11) && strncmp(at, "strokeDash", 10) && strncmp(at, "strokeJoin", 10) &&
                strncmp(at, "stroke\":", 8))
                fail_msg("the page has \"%.60s\"", at);
            at++;
        }
    }
    free(page);
}

static void test_each_mistake_once(void **state) {
    (void)state;
    struct study study = make_study();
    json_t *confusion = json_array();
    for (size_t i = 0; i < 10; i++) json_array_append_new(confusion, whole_numbers("[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"));
    change(study.documents[4], "confusion", confusion);
    change(study.documents[4], "confusion.4.8", json_integer(1));
    char *page = build(save_study(&study));
    assert_in(page, " mislabels 1 of 1 images: it takes a 4 for an 8.");
    free(page);
    change(study.documents[4], "confusion.8.4", json_integer(1));
    page = build_study(&study);
    assert_in(page, " mislabels 2 of 2 images, no two in the same way.");
    free(page);
}

static void test_square_cells(void **state) {
    (void)state;
    struct study study = make_study();
    change(study.documents[1], "sets.0.height", json_integer(1));
    change(study.documents[1], "sets.0.width", json_integer(4));
    const char *folder = save_study(&study);
    free_study(&study);
    free(build(folder));
    json_t *figure = json_load_file(test_path(folder, "figures/pixels.vl.json"), 0, NULL);
    assert_non_null(figure);
    double height = json_number_value(json_object_get(figure, "height"));
    assert_true(height > 0 && json_number_value(json_object_get(figure, "width")) == 4 * height);
    json_decref(figure);
}

static void test_own_files_stay(void **state) {
    (void)state;
    struct study study = make_study();
    const char *folder = save_study(&study);
    free_study(&study);
    struct ten_error error;
    for (size_t d = 0; d < DOCUMENTS; d++) {
        const char *own = test_path(folder, document_names[d]);
        assert_fails(ten_report_build(folder, own, &error), TEN_INVALID, document_names[d]);
    }
    assert_int_equal(symlink("study.json", test_path(folder, "page.html")), 0);
    assert_fails(ten_report_build(folder, test_path(folder, "page.html"), &error), TEN_INVALID, "page.html");
    free(build(folder)); /* all as it was */
}

/* ---- Anything, anywhere ------------------------------------------------------------------------------- */

struct search {
    struct study study;
    const char *folder, *out;
    size_t document, tried, refused;
};

static void try_one(struct search *search) {
    struct ten_error error = {0};
    save_document(search->folder, search->document, search->study.documents[search->document]);
    enum ten_status status = ten_report_build(search->folder, search->out, &error);
    search->tried++;
    if (status == TEN_OK) return;
    search->refused++;
    if (status != TEN_FORMAT && status != TEN_NOT_FOUND) fail_msg("%s: %s", ten_status_words(status), error.message);
    if (!strstr(error.message, ".json")) fail_msg("names no file: %s", error.message);
}

enum { WRONG = 5 };
/* How many of the wrong values each place gets. With a sanitizer, which makes it all slow, they take turns. */
#ifdef __SANITIZE_ADDRESS__
enum { TRIED = 2 };
#else
enum { TRIED = WRONG };
#endif

/* Puts values of other types in the place of every member and of every array's first and last item. */
static void try_all(struct search *search, json_t *at) {
    json_t *wrong[WRONG] = {json_null(), json_integer(-7), json_string("\xe2\x80\xae<b>"), json_array(), json_object()};
    if (json_is_object(at)) {
        json_t *copy = json_copy(at), *value;
        const char *key;
        json_object_foreach(copy, key, value) {
            for (size_t i = 0; i < TRIED; i++) {
                json_object_set(at, key, wrong[search->tried % WRONG]);
                try_one(search);
            }
            json_object_set(at, key, value);
            try_all(search, value);
        }
        json_decref(copy);
    } else if (json_is_array(at)) {
        size_t count = json_array_size(at);
        for (size_t k = 0; k<count; k += count> 1 ? count - 1 : 1) {
            json_t *value = json_incref(json_array_get(at, k));
            for (size_t i = 0; i < TRIED; i++) {
                json_array_set(at, k, wrong[search->tried % WRONG]);
                try_one(search);
            }
            json_array_set_new(at, k, value);
            if (k == 0) try_all(search, value);
        }
    }
    for (size_t i = 0; i < WRONG; i++) json_decref(wrong[i]);
}

static void test_anything_anywhere(void **state) {
    (void)state;
    struct search search = {.study = make_study()};
    search.folder = save_study(&search.study);
    search.out = "/dev/null"; /* spares the disk */
    for (size_t d = 0; d < DOCUMENTS; d++) {
        search.document = d;
        try_all(&search, search.study.documents[d]);
        try_one(&search);
    }
    assert_true(search.tried > 200 * TRIED);
    assert_true(search.refused > search.tried / 2);
    free_study(&search.study);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_words_stay_words),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_earlier),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_old_page_stays),
        cmocka_unit_test(test_edge_cases),
        cmocka_unit_test(test_limited),
        cmocka_unit_test(test_wording),
        cmocka_unit_test(test_other_things),
        cmocka_unit_test(test_each_mistake_once),
        cmocka_unit_test(test_square_cells),
        cmocka_unit_test(test_own_files_stay),
        cmocka_unit_test(test_anything_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
