/* Accuracy without the images of MNIST's test set whose label people rejected (Northcutt, Athalye and Mueller 2021,
 * "Pervasive label errors in test sets destabilize machine learning benchmarks"): models proposed candidates, and the
 * majority of five people did not agree with the given label of these 15. */
#include "tenfold.h"

enum { MNIST_COUNT = 10000, MNIST_SIDE = 28 };

static const uint32_t mnist_checksum = 0xd5ddc8f9; /* ten_dataset_checksum of the test set */

static const size_t rejected[] = {947,  1621, 1901, 2130, 2462, 2597, 2654, 3520,
                                  3558, 5937, 6651, 6783, 8527, 9679, 9729};
enum { REJECTED = sizeof rejected / sizeof *rejected };

static bool is_mnist_test(const struct ten_dataset *dataset) {
    return dataset->labels && dataset->count == MNIST_COUNT && dataset->height == MNIST_SIDE &&
           dataset->width == MNIST_SIDE && ten_dataset_checksum(dataset) == mnist_checksum;
}

bool ten_without_rejected(struct ten_share *out, const struct ten_dataset *dataset, const float *probabilities) {
    *out = (struct ten_share){0};
    if (!is_mnist_test(dataset)) return false;
    out->count = dataset->count - REJECTED;
    for (size_t i = 0, next = 0; i < dataset->count; i++) {
        if (next < REJECTED && rejected[next] == i)
            next++;
        else
            out->correct += ten_label(probabilities + i * TEN_CLASSES) == dataset->labels[i];
    }
    out->accuracy = (double)out->correct / (double)out->count;
    ten_wilson_interval(out->correct, out->count, &out->accuracy_low, &out->accuracy_high);
    return true;
}
