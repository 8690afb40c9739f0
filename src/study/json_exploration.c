/* An exploration as JSON: the members of "sets" of `explore --json`. */
#include "study/json.h"

#include <stdio.h>

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
    return ten_json_whole(object, failed);
}
