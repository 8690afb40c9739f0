/* Labels that may be wrong, told by models that had not seen the image: the plain core of confident learning
 * (Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels").
 *
 * The models' probabilities are averaged. A class's threshold is the average probability of that class over the images
 * that are labelled so: how sure the models are of it where they should be. An image is suspect if another class than
 * the given one is the most probable, and more probable than that class's threshold - or if there are several models
 * and all of them give it, however sure: where models are good, thresholds are so high that few wrong labels exceed
 * them. */
#include "study/json.h"

#include "base/memory.h"

#include <stdlib.h>

static const char rule[] = "all models give the same other label; or it is the most probable by their mean out-of-fold "
                           "probabilities, and more probable than on average where it is the given one";
enum { SEVERAL = 3 };

struct suspect {
    size_t index;
    int predicted;
    double probability, given_probability;
};

static double mean_of(const float *const *probabilities, size_t models, size_t cell) {
    double sum = 0;
    for (size_t model = 0; model < models; model++) sum += (double)probabilities[model][cell];
    return sum / (double)models;
}

static int most_probable(const double *means) {
    int best = 0;
    for (int label = 1; label < TEN_CLASSES; label++)
        if (means[label] > means[best]) best = label;
    return best;
}

/* A class without images gets no threshold: nothing exceeds NaN. */
static void measure_thresholds(double thresholds[TEN_CLASSES], const struct ten_dataset *train, const double *means) {
    size_t counts[TEN_CLASSES] = {0};
    for (int label = 0; label < TEN_CLASSES; label++) thresholds[label] = 0;
    for (size_t i = 0; i < train->count; i++) {
        thresholds[train->labels[i]] += means[i * TEN_CLASSES + train->labels[i]];
        counts[train->labels[i]]++;
    }
    for (int label = 0; label < TEN_CLASSES; label++) thresholds[label] /= (double)counts[label];
}

/* Those that the models are surest of first. */
static int by_margin(const void *left, const void *right) {
    const struct suspect *a = left, *b = right;
    double first = a->probability - a->given_probability, second = b->probability - b->given_probability;
    if (first != second) return first < second ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

static size_t count_agreeing(const float *const *probabilities, size_t models, size_t row, int label) {
    size_t agree = 0;
    for (size_t model = 0; model < models; model++)
        agree += ten_label(probabilities[model] + row * TEN_CLASSES) == label;
    return agree;
}

static size_t find(struct suspect *suspects, const struct ten_dataset *train, const float *const *probabilities,
                   size_t models, const double *means) {
    double thresholds[TEN_CLASSES];
    size_t count = 0;
    measure_thresholds(thresholds, train, means);
    for (size_t i = 0; i < train->count; i++) {
        const double *row = means + i * TEN_CLASSES;
        int predicted = most_probable(row);
        if (predicted == train->labels[i]) continue;
        bool unanimous = models >= SEVERAL && count_agreeing(probabilities, models, i, predicted) == models;
        if (!unanimous && !(row[predicted] > thresholds[predicted])) continue;
        suspects[count++] = (struct suspect){i, predicted, row[predicted], row[train->labels[i]]};
    }
    if (count) qsort(suspects, count, sizeof *suspects, by_margin);
    return count;
}

static json_t *suspect_json(const struct suspect *suspect, const struct ten_dataset *train,
                            const float *const *probabilities, size_t models) {
    size_t i = suspect->index, agree = count_agreeing(probabilities, models, i, suspect->predicted);
    const uint8_t *image = train->images + i * train->height * train->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "index", ten_json_size(i));
    failed |= json_object_set_new(object, "label", json_integer(train->labels[i]));
    failed |= json_object_set_new(object, "predicted", json_integer(suspect->predicted));
    failed |= json_object_set_new(object, "probability", ten_json_real_6(suspect->probability));
    failed |= json_object_set_new(object, "given_probability", ten_json_real_6(suspect->given_probability));
    failed |= json_object_set_new(object, "agree", ten_json_size(agree));
    failed |= json_object_set_new(object, "image", ten_json_picture(image, train->height, train->width));
    return ten_json_whole(object, failed);
}

json_t *ten_suspects_json(const struct ten_dataset *train, const float *const *probabilities, const char *const *names,
                          size_t models, size_t most) {
    double *means = ten_alloc(train->count, TEN_CLASSES * sizeof *means);
    struct suspect *suspects = ten_alloc(train->count, sizeof *suspects);
    json_t *object = json_object(), *list = json_array(), *digits = json_array();
    int failed = !means || !suspects || !object || !list || !digits;
    size_t count = 0;
    if (!failed && models) {
        for (size_t i = 0; i < train->count * TEN_CLASSES; i++) means[i] = mean_of(probabilities, models, i);
        count = find(suspects, train, probabilities, models, means);
    }
    for (size_t model = 0; model < models && !failed; model++)
        failed |= json_array_append_new(list, ten_json_text(names[model]));
    for (size_t i = 0; i < count && i < most && !failed; i++)
        failed |= json_array_append_new(digits, suspect_json(&suspects[i], train, probabilities, models));
    failed |= json_object_set_new(object, "models", list);
    failed |= json_object_set_new(object, "rule", json_string(rule));
    failed |= json_object_set_new(object, "count", ten_json_size(count));
    failed |= json_object_set_new(object, "digits", digits);
    free(means);
    free(suspects);
    return ten_json_whole(object, failed);
}
