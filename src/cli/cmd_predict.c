/* `tenfold predict`: labels and probabilities for pictures (PNG, JPEG) and IDX images. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/error.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_idx(const char *path) {
    FILE *file = fopen(path, "rb");
    unsigned char head[4] = {0};
    size_t got = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) fclose(file);
    bool gzip = head[0] == 0x1f && head[1] == 0x8b, idx = head[0] == 0 && head[1] == 0 && head[2] == 8;
    return got == sizeof head && (gzip || idx);
}

/* What is to be told of one file. */
struct answer {
    const struct ten_pipeline *pipeline;
    const struct options *options;
    json_t *results;
};

static enum ten_status add_result(const struct answer *answer, const char *path, json_t *result,
                                  struct ten_error *error) {
    int failed = !result || json_object_set_new(result, "image", ten_json_text(path)) ||
                 json_array_append(answer->results, result);
    json_decref(result);
    return failed ? ten_fail_memory(error, "the results") : TEN_OK;
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static void print_readings(const struct answer *answer, const char *path, const struct ten_digits *digits,
                           const struct ten_reading *readings) {
    struct ten_pipeline_info info = ten_pipeline_describe(answer->pipeline);
    printf("%s: ", path);
    if (digits->count == 0) printf("nothing drawn");
    if (digits->count > 1) {
        for (size_t i = 0; i < digits->count; i++) putchar(readings[i].label < 0 ? '?' : '0' + readings[i].label);
        printf(", digit by digit");
    }
    for (size_t i = 0; i < digits->count; i++) {
        if (digits->count > 1) printf("\n    ");
        if (readings[i].label < 0)
            printf("no digit");
        else
            ten_print_label(&info, readings[i].probabilities);
    }
    putchar('\n');
}

static enum ten_status read_picture(const struct answer *answer, const char *path, const struct ten_image *picture,
                                    struct ten_error *error) {
    struct ten_digits digits;
    struct ten_error why;
    enum ten_status status = ten_image_to_digits(&digits, picture, error);
    if (status != TEN_OK) return status;
    struct ten_run run = ten_run_for(answer->options);
    struct ten_reading *readings = malloc((digits.count + 1) * sizeof *readings);
    double start = ten_seconds();
    status = readings ? ten_pipeline_read(answer->pipeline, digits.digits, digits.count, readings, &run, &why)
                      : ten_fail_memory(&why, "the readings");
    double microseconds = (ten_seconds() - start) * 1e6;
    if (status != TEN_OK)
        ten_fail(error, status, "%s: %s", path, why.message);
    else if (answer->options->json)
        status = add_result(answer, path,
                            ten_json_reading(ten_pipeline_describe(answer->pipeline).model->name, microseconds, &digits,
                                             readings, true),
                            error);
    else
        print_readings(answer, path, &digits, readings);
    free(readings);
    ten_digits_release(&digits);
    return status;
}

static enum ten_status predict_picture(const struct answer *answer, const char *path, struct ten_error *error) {
    struct ten_image picture;
    enum ten_status status = ten_image_load(&picture, path, error);
    if (status != TEN_OK) return status;
    status = read_picture(answer, path, &picture, error);
    ten_image_release(&picture);
    return status;
}

/* ---- Images of an IDX file, as they are ---------------------------------------------------------------------------
 */

static json_t *image_json(const struct ten_dataset *images, size_t i, const char *model, double microseconds,
                          const float *probabilities) {
    char number[2] = {(char)('0' + ten_label(probabilities)), '\0'};
    json_t *list = json_array(), *seen = json_array();
    size_t pixels = images->height * images->width;
    for (size_t c = 0; c < TEN_CLASSES; c++) json_array_append_new(list, json_real((double)probabilities[c]));
    for (size_t p = 0; p < pixels; p++) json_array_append_new(seen, json_integer(images->images[i * pixels + p]));
    json_t *digit = json_pack("{s:i, s:o, s:[i,i,I,I], s:o}", "label", ten_label(probabilities), "probabilities", list,
                              "box", 0, 0, (json_int_t)images->width, (json_int_t)images->height, "seen", seen);
    return json_pack("{s:s, s:f, s:s, s:[o], s:I}", "model", model, "microseconds", microseconds, "number", number,
                     "digits", digit, "index", (json_int_t)i);
}

static enum ten_status predict_images(const struct answer *answer, const char *path, const struct ten_dataset *images,
                                      struct ten_error *error) {
    const struct options *options = answer->options;
    struct ten_run run = ten_run_for(options);
    struct ten_pipeline_info info = ten_pipeline_describe(answer->pipeline);
    size_t count = options->limit && options->limit < images->count ? options->limit : images->count;
    float *probabilities = malloc(count * TEN_CLASSES * sizeof *probabilities);
    struct ten_error why;
    double start = ten_seconds();
    enum ten_status status = probabilities
                                 ? ten_pipeline_predict(answer->pipeline, images->images, count, images->height,
                                                        images->width, probabilities, &run, &why)
                                 : ten_fail_memory(&why, "the probabilities");
    double microseconds = (ten_seconds() - start) * 1e6 / (double)count;
    if (status != TEN_OK) ten_fail(error, status, "%s: %s", path, why.message);
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        const float *p = probabilities + i * TEN_CLASSES;
        if (options->json) {
            status = add_result(answer, path, image_json(images, i, info.model->name, microseconds, p), error);
        } else {
            printf("%s[%zu]: ", path, i);
            ten_print_label(&info, p);
            putchar('\n');
        }
    }
    free(probabilities);
    return status;
}

static enum ten_status predict_idx(const struct answer *answer, const char *path, struct ten_error *error) {
    struct ten_dataset images;
    enum ten_status status = ten_dataset_load_idx(&images, path, NULL, error);
    if (status != TEN_OK) return status;
    status = predict_images(answer, path, &images, error);
    ten_dataset_release(&images);
    return status;
}

static int run(const struct options *options) {
    struct ten_pipeline *pipeline;
    struct ten_error error;
    if (ten_pipeline_load(&pipeline, options->arguments[0], &error) != TEN_OK) return ten_complain_error(&error);
    json_t *results = json_array();
    const struct answer answer = {.pipeline = pipeline, .options = options, .results = results};
    int result = DONE;
    /* a file that cannot be read is told and the others are still answered */
    for (size_t i = 1; i < options->argument_count; i++) {
        const char *path = options->arguments[i];
        if (ten_stop_requested()) {
            result = ten_complain(FAILED, "stopped before %s", path);
            break;
        }
        enum ten_status status =
            is_idx(path) ? predict_idx(&answer, path, &error) : predict_picture(&answer, path, &error);
        if (status != TEN_OK) result = ten_complain_error(&error);
    }
    ten_pipeline_free(pipeline);
    if (options->json) {
        int printed = ten_print_json(json_pack("{s:O}", "results", results), NULL);
        if (printed != DONE) result = printed;
    }
    json_decref(results);
    return result;
}

const struct command ten_command_predict = {
    .name = "predict",
    .usage = "FILE IMAGE...",
    .summary = "labels and probabilities for PNG, JPEG or IDX input",
    .details =
        "FILE is a saved model. A PNG or JPEG is read as a drawing, scan or photograph of one digit or of several side "
        "by side: background and polarity are found, each digit's ink is scaled and centred as MNIST's digits are. The "
        "images of an IDX file go to "
        "the model as they are.",
    .examples = "  tenfold predict knn.safetensors seven.png --json\n"
                "  tenfold predict knn.safetensors data/mnist/t10k-images-idx3-ubyte --limit 5\n",
    .options = OPT_THREADS | OPT_QUIET | OPT_JSON | OPT_HELP | OPT_LIMIT,
    .notes = (const struct option_note[]){{OPT_LIMIT, "only the first N images of an IDX file (default all)"}, {0}},
    .least_arguments = 2,
    .most_arguments = SIZE_MAX,
    .run = run,
};
