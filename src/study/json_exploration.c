/* An exploration as JSON: the members of `explore --json`. */
#include "study/json.h"

#include "base/memory.h"
#include "image/tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROWS = 10, SAMPLES = 10 };

static json_t *intensity_json(const struct ten_exploration *exploration) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_real(exploration->mean));
    failed |= json_object_set_new(object, "deviation", ten_json_real(exploration->deviation));
    failed |= json_object_set_new(object, "minimum", ten_json_real(exploration->minimum));
    failed |= json_object_set_new(object, "quartile1", ten_json_real(exploration->quartile1));
    failed |= json_object_set_new(object, "median", ten_json_real(exploration->median));
    failed |= json_object_set_new(object, "quartile3", ten_json_real(exploration->quartile3));
    failed |= json_object_set_new(object, "maximum", ten_json_real(exploration->maximum));
    return ten_json_whole(object, failed);
}

static json_t *histogram_json(const struct ten_exploration *exploration) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t level = 0; level < 256 && !failed; level++)
        failed |= json_array_append_new(array, json_integer((json_int_t)exploration->intensity[level]));
    return ten_json_whole(array, failed);
}

static json_t *label_json(const struct ten_dataset *dataset, size_t index) {
    return dataset->labels ? json_integer(dataset->labels[index]) : json_null();
}

static json_t *first_row_json(const struct ten_dataset *dataset, size_t index) {
    size_t pixels = dataset->height * dataset->width, first = pixels;
    const uint8_t *image = dataset->images + index * pixels;
    uint64_t ink = 0;
    for (size_t p = pixels; p-- > 0;) {
        ink += image[p];
        if (image[p]) first = p;
    }
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", label_json(dataset, index));
    failed |= json_object_set_new(object, "ink", ten_json_real((double)ink / (double)pixels));
    failed |= json_object_set_new(object, "first_ink_pixel", first < pixels ? ten_json_size(first) : json_null());
    return ten_json_whole(object, failed);
}

static json_t *first_rows_json(const struct ten_dataset *dataset) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < dataset->count && i < FIRST_ROWS && !failed; i++)
        failed |= json_array_append_new(array, first_row_json(dataset, i));
    return ten_json_whole(array, failed);
}

static json_t *sample_json(const struct ten_dataset *dataset, size_t index) {
    const uint8_t *image = dataset->images + index * dataset->height * dataset->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "index", ten_json_size(index));
    failed |= json_object_set_new(object, "label", label_json(dataset, index));
    failed |= json_object_set_new(object, "image", ten_json_picture(image, dataset->height, dataset->width));
    return ten_json_whole(object, failed);
}

/* The first SAMPLES images of each class, class by class; none of a set without labels. */
static json_t *samples_json(const struct ten_dataset *dataset) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && dataset->labels; label++)
        for (size_t i = 0, taken = 0; i < dataset->count && taken < SAMPLES && !failed; i++)
            if (dataset->labels[i] == label) {
                failed |= json_array_append_new(array, sample_json(dataset, i));
                taken++;
            }
    return ten_json_whole(array, failed);
}

/* Mean and deviation are stretched to the whole range of greys, so that their shapes show; the others are values that
 * a pixel really had (or lies half-way between), and keep theirs. */
static json_t *images_json(const struct ten_exploration *exploration) {
    const struct ten_pixel_statistics *all = &exploration->all;
    size_t height = exploration->height, width = exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_picture_of(all->mean, height, width, 0));
    failed |= json_object_set_new(object, "median", ten_json_picture_of(all->median, height, width, 255));
    failed |= json_object_set_new(object, "minimum", ten_json_picture_of(all->minimum, height, width, 255));
    failed |= json_object_set_new(object, "maximum", ten_json_picture_of(all->maximum, height, width, 255));
    failed |= json_object_set_new(object, "deviation", ten_json_picture_of(all->deviation, height, width, 0));
    return ten_json_whole(object, failed);
}

static json_t *class_image_json(const struct ten_exploration *exploration, size_t label) {
    const struct ten_pixel_statistics *class_pixels = &exploration->classes[label];
    size_t height = exploration->height, width = exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", ten_json_size(label));
    failed |= json_object_set_new(object, "count", ten_json_size(class_pixels->count));
    failed |= json_object_set_new(object, "mean", ten_json_picture_of(class_pixels->mean, height, width, 0));
    failed |= json_object_set_new(object, "median", ten_json_picture_of(class_pixels->median, height, width, 255));
    failed |= json_object_set_new(object, "minimum", ten_json_picture_of(class_pixels->minimum, height, width, 255));
    failed |= json_object_set_new(object, "maximum", ten_json_picture_of(class_pixels->maximum, height, width, 255));
    failed |= json_object_set_new(object, "deviation", ten_json_picture_of(class_pixels->deviation, height, width, 0));
    return ten_json_whole(object, failed);
}

/* Classes without images have no pictures, and are left out. */
static json_t *class_images_json(const struct ten_exploration *exploration) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        if (exploration->classes[label].count)
            failed |= json_array_append_new(array, class_image_json(exploration, label));
    return ten_json_whole(array, failed);
}

static json_t *pixels_json(const struct ten_exploration *exploration) {
    const struct ten_pixel_statistics *all = &exploration->all;
    size_t pixels = exploration->height * exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_reals(all->mean, pixels));
    failed |= json_object_set_new(object, "deviation", ten_json_reals(all->deviation, pixels));
    failed |= json_object_set_new(object, "minimum", ten_json_reals(all->minimum, pixels));
    failed |= json_object_set_new(object, "quartile1", ten_json_reals(all->quartile1, pixels));
    failed |= json_object_set_new(object, "median", ten_json_reals(all->median, pixels));
    failed |= json_object_set_new(object, "quartile3", ten_json_reals(all->quartile3, pixels));
    failed |= json_object_set_new(object, "maximum", ten_json_reals(all->maximum, pixels));
    return ten_json_whole(object, failed);
}

json_t *ten_json_exploration(const struct ten_exploration *exploration, const struct ten_dataset *dataset,
                             const char *name) {
    char checksum[16];
    snprintf(checksum, sizeof checksum, "%08x", ten_dataset_checksum(dataset));
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "name", json_string(name));
    failed |= json_object_set_new(object, "count", ten_json_size(exploration->count));
    failed |= json_object_set_new(object, "height", ten_json_size(exploration->height));
    failed |= json_object_set_new(object, "width", ten_json_size(exploration->width));
    failed |= json_object_set_new(object, "checksum", json_string(checksum));
    failed |= json_object_set_new(object, "missing", json_integer(0));
    failed |= json_object_set_new(object, "duplicates", ten_json_size(exploration->duplicates));
    failed |= json_object_set_new(object, "class_counts", ten_json_sizes(exploration->class_counts, TEN_CLASSES));
    failed |= json_object_set_new(object, "intensity", intensity_json(exploration));
    failed |= json_object_set_new(object, "histogram", histogram_json(exploration));
    failed |= json_object_set_new(object, "ink", ten_json_reals(exploration->ink, TEN_CLASSES));
    failed |= json_object_set_new(object, "empty_pixels", ten_json_size(exploration->empty_pixels));
    failed |= json_object_set_new(object, "first_rows", first_rows_json(dataset));
    failed |= json_object_set_new(object, "samples", samples_json(dataset));
    failed |= json_object_set_new(object, "images", images_json(exploration));
    failed |= json_object_set_new(object, "class_images", class_images_json(exploration));
    failed |= json_object_set_new(object, "pixels", pixels_json(exploration));
    failed |= json_object_set_new(object, "out_of_range", json_integer(0));
    return ten_json_whole(object, failed);
}

/* ---- Classes ---- */

static json_t *typical_image_json(const struct ten_typical_image *image, const struct ten_dataset *dataset) {
    const uint8_t *pixels = dataset->images + image->index * dataset->height * dataset->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "index", ten_json_size(image->index));
    failed |= json_object_set_new(object, "distance", ten_json_real(image->distance));
    failed |= json_object_set_new(object, "image", ten_json_picture(pixels, dataset->height, dataset->width));
    return ten_json_whole(object, failed);
}

json_t *ten_json_typical(const struct ten_typical typical[TEN_CLASSES], const struct ten_dataset *dataset,
                         bool atypical) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++) {
        if (typical[label].count == 0) continue;
        const struct ten_typical_image *images = atypical ? typical[label].atypical : typical[label].typical;
        json_t *object = json_object(), *digits = json_array();
        failed |= !digits;
        for (size_t i = 0; i < typical[label].count && !failed; i++)
            failed |= json_array_append_new(digits, typical_image_json(&images[i], dataset));
        failed |= json_object_set_new(object, "label", ten_json_size(label));
        failed |= json_object_set_new(object, "digits", digits);
        failed |= json_array_append_new(array, object);
    }
    return ten_json_whole(array, failed);
}

json_t *ten_json_prototypes(const struct ten_prototypes prototypes[TEN_CLASSES], size_t height, size_t width) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++) {
        const struct ten_prototypes *of_class = &prototypes[label];
        if (of_class->groups == 0) continue;
        json_t *object = json_object(), *groups = json_array();
        failed |= !groups;
        for (size_t g = 0; g < of_class->groups && !failed; g++) {
            json_t *group = json_object();
            const double *mean = of_class->means + g * height * width;
            failed |= json_object_set_new(group, "count", ten_json_size(of_class->counts[g]));
            failed |= json_object_set_new(group, "image", ten_json_picture_of(mean, height, width, 0));
            failed |= json_array_append_new(groups, group);
        }
        failed |= json_object_set_new(object, "label", ten_json_size(label));
        failed |= json_object_set_new(object, "groups", groups);
        failed |= json_array_append_new(array, object);
    }
    return ten_json_whole(array, failed);
}

static json_t *spread_json(const struct ten_spread *spread) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_real(spread->mean));
    failed |= json_object_set_new(object, "deviation", ten_json_real(spread->deviation));
    return ten_json_whole(object, failed);
}

json_t *ten_json_noise(const struct ten_noise noise[TEN_CLASSES]) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++) {
        if (noise[label].count == 0) continue;
        json_t *object = json_object();
        failed |= json_object_set_new(object, "label", ten_json_size(label));
        failed |= json_object_set_new(object, "isolated_pixels", spread_json(&noise[label].isolated_pixels));
        failed |= json_object_set_new(object, "stroke_width", spread_json(&noise[label].stroke_width));
        failed |= json_object_set_new(object, "slant", spread_json(&noise[label].slant));
        failed |= json_object_set_new(object, "ink", spread_json(&noise[label].ink));
        failed |= json_array_append_new(array, object);
    }
    return ten_json_whole(array, failed);
}

/* ---- Two sets, two classes ---- */

json_t *ten_json_between(const struct ten_duplicates *duplicates, const struct ten_dataset *train,
                         const struct ten_dataset *test) {
    json_t *object = json_object(), *pairs = json_array();
    int failed = !object || !pairs;
    for (size_t i = 0; i < duplicates->listed && !failed; i++) {
        json_t *pair = json_object();
        failed |= json_object_set_new(pair, "train", ten_json_size(duplicates->first[i]));
        failed |= json_object_set_new(pair, "test", ten_json_size(duplicates->second[i]));
        failed |= json_object_set_new(pair, "train_label", label_json(train, duplicates->first[i]));
        failed |= json_object_set_new(pair, "test_label", label_json(test, duplicates->second[i]));
        failed |= json_array_append_new(pairs, pair);
    }
    failed |= json_object_set_new(object, "duplicates", ten_json_size(duplicates->count));
    failed |= json_object_set_new(object, "pairs", pairs);
    return ten_json_whole(object, failed);
}

/* Second less first, so that blue (below 0) is where the first has more ink. */
static json_t *difference_json(const float *values, size_t height, size_t width, float reach) {
    const struct ten_tiles tiles = {1, height, width, values, 0, 1};
    const struct ten_grid grid = {.columns = 1, .rows = 1, .factor = 1, .height = height, .width = width};
    const struct ten_colours colours = {-reach, reach, true};
    struct ten_canvas canvas;
    if (ten_canvas_new(&canvas, height, width, 0, NULL) != TEN_OK) return NULL;
    ten_tiles_draw(&canvas, &tiles, &grid, &colours, 0, 0);
    uint8_t *png = NULL;
    size_t size;
    enum ten_status status = ten_canvas_encode_png(&canvas, &png, &size, NULL);
    ten_canvas_release(&canvas);
    json_t *picture = status == TEN_OK ? ten_json_png(png, size) : NULL;
    free(png);
    return picture;
}

static json_t *contrast_json(const struct ten_exploration *exploration, int first, int second, float reach,
                             double *difference, float *values) {
    size_t height = exploration->height, width = exploration->width;
    double distance = ten_class_contrast(exploration, first, second, difference);
    for (size_t p = 0; p < height * width; p++) values[p] = (float)difference[p];
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "first", json_integer(first));
    failed |= json_object_set_new(object, "second", json_integer(second));
    failed |= json_object_set_new(object, "distance", ten_json_real(distance));
    failed |= json_object_set_new(object, "image", difference_json(values, height, width, reach));
    return ten_json_whole(object, failed);
}

/* The largest difference of any pixel between any two classes: the end of the scale of colours. */
static float reach_of(const struct ten_exploration *exploration) {
    double reach = 0;
    for (size_t p = 0; p < exploration->height * exploration->width; p++) {
        double least = 255, most = 0;
        for (size_t label = 0; label < TEN_CLASSES; label++) {
            if (exploration->classes[label].count == 0) continue;
            least = fmin(least, exploration->classes[label].mean[p]);
            most = fmax(most, exploration->classes[label].mean[p]);
        }
        reach = fmax(reach, (most - least) / 255);
    }
    return (float)reach;
}

json_t *ten_json_contrasts(const struct ten_exploration *exploration) {
    size_t pixels = exploration->height * exploration->width;
    double *difference = ten_alloc(pixels, sizeof *difference);
    float *values = ten_alloc(pixels, sizeof *values), reach = reach_of(exploration);
    json_t *array = json_array();
    int failed = !array || !difference || !values;
    for (int first = 0; first < TEN_CLASSES; first++)
        for (int second = first + 1; second < TEN_CLASSES && !failed; second++)
            if (exploration->classes[first].count && exploration->classes[second].count)
                failed |=
                    json_array_append_new(array, contrast_json(exploration, first, second, reach, difference, values));
    free(difference);
    free(values);
    return ten_json_whole(array, failed);
}
