/* `tenfold predict`: labels and probabilities for pictures (PNG, JPEG) and IDX images. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/error.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

/* What one file holds, as images for the model. */
struct input {
    const char *path;
    struct ten_dataset images;
    struct ten_box box; /* of a picture */
    bool picture;
};

static bool is_idx(const char *path) {
    FILE *file = fopen(path, "rb");
    unsigned char head[4] = {0};
    size_t got = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) fclose(file);
    bool gzip = head[0] == 0x1f && head[1] == 0x8b, idx = head[0] == 0 && head[1] == 0 && head[2] == 8;
    return got == sizeof head && (gzip || idx);
}

static enum ten_status read_input(struct input *input, const char *path, struct ten_error *error) {
    *input = (struct input){.path = path};
    if (is_idx(path)) return ten_dataset_load_idx(&input->images, path, NULL, error);
    input->picture = true;
    return ten_read_digit(path, &input->images, &input->box, error);
}

static json_t *digit_json(const struct input *input, size_t i, const float *probabilities) {
    json_t *list = json_array(), *seen = json_array();
    size_t pixels = input->images.height * input->images.width;
    for (size_t c = 0; c < TEN_CLASSES; c++) json_array_append_new(list, json_real((double)probabilities[c]));
    for (size_t p = 0; p < pixels; p++) json_array_append_new(seen, json_integer(input->images.images[i * pixels + p]));
    struct ten_box box =
        input->picture ? input->box : (struct ten_box){0, 0, input->images.width, input->images.height};
    return json_pack("{s:i, s:o, s:[I,I,I,I], s:o}", "label", ten_label(probabilities), "probabilities", list, "box",
                     (json_int_t)box.x, (json_int_t)box.y, (json_int_t)box.width, (json_int_t)box.height, "seen", seen);
}

static json_t *result_json(const struct input *input, size_t i, const char *model, double microseconds,
                           const float *probabilities, bool empty) {
    char number[2] = {empty ? '\0' : (char)('0' + ten_label(probabilities)), '\0'};
    json_t *digits = json_array();
    if (!empty) json_array_append_new(digits, digit_json(input, i, probabilities));
    json_t *result = json_pack("{s:o, s:s, s:f, s:s, s:o}", "image", ten_json_text(input->path), "model", model,
                               "microseconds", microseconds, "number", number, "digits", digits);
    if (!input->picture) json_object_set_new(result, "index", json_integer((json_int_t)i));
    return result;
}

static void print_result(const struct input *input, size_t i, const struct ten_pipeline_info *info, const float *p,
                         bool empty) {
    printf("%s", input->path);
    if (!input->picture) printf("[%zu]", i);
    if (empty) {
        printf(": nothing drawn\n");
        return;
    }
    printf(": ");
    ten_print_label(info, p);
    putchar('\n');
}

static enum ten_status predict_file(const struct ten_pipeline *pipeline, const char *path,
                                    const struct options *options, json_t *results, struct ten_error *error) {
    struct input input;
    enum ten_status status = read_input(&input, path, error);
    if (status != TEN_OK) return status;
    struct ten_run run = ten_run_for(options);
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    size_t count = input.images.count;
    if (options->limit && options->limit < count) count = options->limit;
    float *probabilities = malloc(count * TEN_CLASSES * sizeof *probabilities);
    struct ten_error why;
    double start = ten_seconds();
    status = probabilities ? ten_pipeline_predict(pipeline, input.images.images, count, input.images.height,
                                                  input.images.width, probabilities, &run, &why)
                           : ten_fail_memory(&why, "the probabilities");
    double microseconds = (ten_seconds() - start) * 1e6 / (double)count;
    if (status != TEN_OK) ten_fail(error, status, "%s: %s", path, why.message);
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        bool empty = input.picture && input.box.width == 0;
        const float *p = probabilities + i * TEN_CLASSES;
        if (!options->json)
            print_result(&input, i, &info, p, empty);
        else if (json_array_append_new(results, result_json(&input, i, info.model->name, microseconds, p, empty)) != 0)
            status = ten_fail_memory(error, "the results");
    }
    free(probabilities);
    ten_dataset_release(&input.images);
    return status;
}

static int run(const struct options *options) {
    struct ten_pipeline *pipeline;
    struct ten_error error;
    if (ten_pipeline_load(&pipeline, options->arguments[0], &error) != TEN_OK) return ten_complain_error(&error);
    json_t *results = json_array();
    int result = DONE;
    /* a file that cannot be read is told and the others are still answered */
    for (size_t i = 1; i < options->argument_count; i++) {
        const char *path = options->arguments[i];
        if (ten_stop_requested()) {
            result = ten_complain(FAILED, "stopped before %s", path);
            break;
        }
        if (predict_file(pipeline, path, options, results, &error) != TEN_OK) result = ten_complain_error(&error);
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
        "FILE is a saved model. A PNG or JPEG is read as one drawn, scanned or photographed digit: background and "
        "polarity are found, the ink is scaled and centred as MNIST's digits are. The images of an IDX file go to "
        "the model as they are.",
    .examples = "  tenfold predict knn.safetensors seven.png --json\n"
                "  tenfold predict knn.safetensors data/mnist/t10k-images-idx3-ubyte --limit 5\n",
    .options = OPT_THREADS | OPT_QUIET | OPT_JSON | OPT_HELP | OPT_LIMIT,
    .notes = (const struct option_note[]){{OPT_LIMIT, "only the first N images of an IDX file (default all)"}, {0}},
    .least_arguments = 2,
    .most_arguments = SIZE_MAX,
    .run = run,
};
