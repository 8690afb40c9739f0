/* The documents that the report looks into a network and into the test images with: what they hold against what the
 * public functions give, pixel by pixel where a picture is grey. */
#include "test.h"

#include "cli/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 130, HEIGHT = 12, WIDTH = 10, PIXELS = HEIGHT * WIDTH };

/* ---- Pictures ---- */

static int digit_of(char letter) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = strchr(digits, letter);
    return found && letter ? (int)(found - digits) : 0;
}

/* The member as a picture in greys; the caller releases it. */
static struct ten_image picture(const json_t *object, const char *member) {
    static const char head[] = "data:image/png;base64,";
    const char *text = json_string_value(json_object_get(object, member));
    assert_non_null(text);
    assert_int_equal(strncmp(text, head, sizeof head - 1), 0);
    text += sizeof head - 1;
    size_t length = strlen(text);
    assert_int_equal(length % 4, 0);
    uint8_t *bytes = malloc(length / 4 * 3);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i += 4) {
        int group =
            digit_of(text[i]) << 18 | digit_of(text[i + 1]) << 12 | digit_of(text[i + 2]) << 6 | digit_of(text[i + 3]);
        for (size_t k = 0; k < 3; k++) bytes[i / 4 * 3 + k] = (uint8_t)(group >> (16 - 8 * k));
    }
    size_t size = length / 4 * 3 - (text[length - 1] == '=') - (text[length - 2] == '=');
    struct ten_image image;
    struct ten_error error;
    assert_ok(ten_image_decode(&image, bytes, size, member, &error));
    free(bytes);
    return image;
}

static size_t whole(const json_t *object, const char *member) {
    const json_t *value = json_object_get(object, member);
    assert_true(json_is_integer(value) && json_integer_value(value) >= 0);
    return (size_t)json_integer_value(value);
}

/* ---- The sprite ---- */

static void test_sprite(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    json_t *sprite = ten_sprite_json(&set);
    assert_non_null(sprite);
    assert_true(whole(sprite, "count") == COUNT && whole(sprite, "columns") == 100);
    assert_true(whole(sprite, "height") == HEIGHT && whole(sprite, "width") == WIDTH);
    const char *labels = json_string_value(json_object_get(sprite, "labels"));
    assert_int_equal(strlen(labels), COUNT);
    struct ten_image image = picture(sprite, "image");
    assert_true(image.height == 2 * HEIGHT && image.width == 100 * WIDTH);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(labels[i], '0' + set.labels[i]);
        for (size_t p = 0; p < PIXELS; p++) {
            size_t y = i / 100 * HEIGHT + p / WIDTH, x = i % 100 * WIDTH + p % WIDTH;
            assert_int_equal(image.pixels[y * image.width + x], set.images[i * PIXELS + p]);
        }
    }
    assert_int_equal(image.pixels[image.height * image.width - 1], 0); /* where no image is */
    ten_image_release(&image);
    json_decref(sprite);
    struct ten_dataset unlabelled = set;
    unlabelled.labels = NULL;
    assert_null(ten_sprite_json(&unlabelled));
    ten_dataset_release(&set);
}

/* ---- The inside ---- */

static struct ten_pipeline *make_fitted(const char *model, const char *net, const char *prep,
                                        const struct ten_dataset *set) {
    char text[256];
    snprintf(text, sizeof text, "net=%s", net ? net : "");
    const char *const settings[] = {text, "epochs=1", "batch_size=20"};
    struct ten_pipeline *pipeline;
    struct ten_error error;
    assert_ok(ten_pipeline_new(&pipeline, model, prep, settings, net ? 3 : 0, &error));
    assert_ok(ten_pipeline_fit(pipeline, set, &(struct ten_run){.seed = 5}, &error));
    return pipeline;
}

static void assert_grid(const json_t *grid, size_t layer, const char *text, size_t count, size_t height, size_t width) {
    assert_string_equal(json_string_value(json_object_get(grid, "text")), text);
    assert_true(whole(grid, "layer") == layer && whole(grid, "count") == count && whole(grid, "shown") == count);
    assert_true(whole(grid, "height") == height && whole(grid, "width") == width);
    size_t columns = whole(grid, "columns"), rows = (count + columns - 1) / columns;
    struct ten_image image = picture(grid, "image");
    assert_int_equal(image.height, rows * (height + 1) + 1);
    assert_int_equal(image.width, columns * (width + 1) + 1);
    ten_image_release(&image);
}

static void assert_digit(const json_t *digit, const struct ten_pipeline *pipeline, const struct ten_dataset *set) {
    size_t index = whole(digit, "index");
    const uint8_t *pixels = set->images + index * PIXELS;
    float probabilities[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_pipeline_predict(pipeline, pixels, 1, HEIGHT, WIDTH, probabilities, NULL, &error));
    size_t label = (size_t)ten_label(probabilities);
    assert_int_equal(whole(digit, "truth"), set->labels[index]);
    assert_int_equal(whole(digit, "predicted"), label);
    assert_true(fabs(json_real_value(json_object_get(digit, "probability")) - (double)probabilities[label]) < 1e-6);
    assert_true(whole(digit, "height") == HEIGHT && whole(digit, "width") == WIDTH);
    struct ten_image input = picture(digit, "input"), saliency = picture(digit, "saliency");
    assert_true(saliency.height == HEIGHT && saliency.width == WIDTH);
    uint8_t most = 0;
    for (size_t p = 0; p < PIXELS; p++) most = pixels[p] > most ? pixels[p] : most;
    for (size_t p = 0; p < PIXELS; p++) /* the darkest is black, the brightest white */
        assert_true(fabs(input.pixels[p] - 255.0 * pixels[p] / most) <= 1);
    ten_image_release(&input);
    ten_image_release(&saliency);
    const json_t *layers = json_object_get(digit, "layers");
    assert_int_equal(json_array_size(layers), 2);
    assert_grid(json_array_get(layers, 0), 1, "conv 20 3x3 pad 1", 20, HEIGHT, WIDTH);
    assert_grid(json_array_get(layers, 1), 4, "conv 5 3x3", 5, 4, 3);
}

static void test_network(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    enum ten_status status;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
    struct ten_pipeline *pipeline =
        make_fitted("network", "conv 20 3x3 pad 1, relu, maxpool 2, conv 5 3x3, relu, dense 10", "scale", &set);
    json_t *inside = ten_inside_json(pipeline, &set, 17, NULL, &status, &error);
    assert_int_equal(status, TEN_OK);
    assert_non_null(inside);
    assert_string_equal(json_string_value(json_object_get(inside, "prep")), "scale");
    assert_grid(json_object_get(inside, "filters"), 1, "conv 20 3x3 pad 1", 20, 3, 3);
    const json_t *digits = json_object_get(inside, "digits");
    assert_int_equal(json_array_size(digits), TEN_CLASSES);
    bool seen[TEN_CLASSES] = {false};
    for (size_t i = 0; i < TEN_CLASSES; i++) {
        const json_t *digit = json_array_get(digits, i);
        assert_digit(digit, pipeline, &set);
        size_t truth = whole(digit, "truth");
        assert_false(seen[truth]);
        seen[truth] = true;
    }
    assert_int_equal(whole(json_array_get(digits, 0), "index"), 17);
    json_t *again = ten_inside_json(pipeline, &set, 17, &(struct ten_run){.threads = 3}, &status, &error);
    assert_true(json_equal(inside, again));
    json_decref(again);
    json_decref(inside);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

static void test_without_pixels(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    enum ten_status status;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
    struct ten_pipeline *pipeline = make_fitted("network", "dense 7, relu, dense 10", "scale,pca=5", &set);
    json_t *inside = ten_inside_json(pipeline, &set, 0, NULL, &status, &error);
    assert_int_equal(status, TEN_OK);
    assert_true(json_is_null(json_object_get(inside, "filters")));
    assert_int_equal(json_array_size(json_object_get(inside, "digits")), 0);
    json_decref(inside);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

static enum ten_status refused(const struct ten_pipeline *pipeline, const struct ten_dataset *set, size_t index,
                               struct ten_error *error) {
    enum ten_status status;
    assert_null(ten_inside_json(pipeline, set, index, NULL, &status, error));
    return status;
}

static void test_refused(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
    struct ten_pipeline *other = make_fitted("naive-bayes", NULL, "scale", &set);
    assert_fails(refused(other, &set, 0, &error), TEN_INVALID, "naive-bayes");
    ten_pipeline_free(other);
    struct ten_pipeline *pipeline = make_fitted("network", "dense 10", "scale", &set);
    assert_fails(refused(pipeline, &set, COUNT, &error), TEN_INVALID, "image 130: the set has 130");
    struct ten_dataset unlabelled = set;
    unlabelled.labels = NULL;
    assert_fails(refused(pipeline, &unlabelled, 0, &error), TEN_INVALID, "no labels");
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sprite),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_without_pixels),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
