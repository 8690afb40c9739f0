/* The images of a set class by class: a counting sort by label. */
#include "study/classes.h"

#include "base/error.h"
#include "base/memory.h"

enum ten_status ten_check_images(const struct ten_dataset *dataset, struct ten_error *error) {
    if (dataset->count == 0 || dataset->height == 0 || dataset->width == 0 || !dataset->images)
        return ten_fail(error, TEN_INVALID, "no images to explore, expected at least one");
    if (dataset->count > UINT32_MAX)
        return ten_fail(error, TEN_INVALID, "%zu images to explore, expected at most %u", dataset->count, UINT32_MAX);
    for (size_t i = 0; dataset->labels && i < dataset->count; i++)
        if (dataset->labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "image %zu (from 0): label %d, expected 0..%d", i, dataset->labels[i],
                            TEN_CLASSES - 1);
    return TEN_OK;
}

enum ten_status ten_order_by_class(struct ten_class_order *out, const struct ten_dataset *dataset,
                                   struct ten_error *error) {
    *out = (struct ten_class_order){.order = ten_alloc(dataset->count, sizeof *out->order)};
    if (!out->order) return ten_fail_memory(error, "the order of the images");
    size_t next[TEN_CLASSES];
    for (size_t i = 0; i < dataset->count; i++) out->begin[dataset->labels ? dataset->labels[i] + 1 : 1]++;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        next[label] = out->begin[label];
        out->begin[label + 1] += out->begin[label];
    }
    for (size_t i = 0; i < dataset->count; i++) out->order[next[dataset->labels ? dataset->labels[i] : 0]++] = i;
    return TEN_OK;
}
