/* |x|^2 + |y|^2 - 2 x.y in whole numbers, hence exact. For one image all is reading the others once from memory, which
 * a plain loop does about as fast as memory gives them. */
#include "study/lookup.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_PIXELS = 33025 /* sums fit in 31 bits */ };

struct ten_lookup {
    const uint8_t *images;
    size_t count, pixels;
    int32_t *norms; /* squared */
};

static int32_t dot(const uint8_t *restrict a, const uint8_t *restrict b, size_t count) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (uint32_t)a[i] * b[i];
    return (int32_t)sum;
}

enum ten_status ten_lookup_new(struct ten_lookup **out, const struct ten_dataset *dataset, struct ten_error *error) {
    *out = NULL;
    size_t pixels = dataset->height * dataset->width;
    if (pixels > MOST_PIXELS)
        return ten_fail(error, TEN_INVALID, "images of %zu pixels: at most %d are supported", pixels, MOST_PIXELS);
    struct ten_lookup *lookup = calloc(1, sizeof *lookup);
    int32_t *norms = ten_alloc(dataset->count, sizeof *norms);
    if (!lookup || !norms) {
        free(lookup);
        free(norms);
        return ten_fail_memory(error, "a search for neighbours");
    }
    for (size_t i = 0; i < dataset->count; i++) {
        const uint8_t *image = dataset->images + i * pixels;
        norms[i] = dot(image, image, pixels);
    }
    *lookup = (struct ten_lookup){dataset->images, dataset->count, pixels, norms};
    *out = lookup;
    return TEN_OK;
}

void ten_lookup_free(struct ten_lookup *lookup) {
    if (!lookup) return;
    free(lookup->norms);
    free(lookup);
}

/* Into a sorted list of at most `most`; rows come in rising order, so that an equal one goes behind. */
static void keep(struct ten_found *found, size_t *kept, size_t most, struct ten_found new) {
    size_t at = *kept < most ? (*kept)++ : most - 1;
    for (; at > 0 && new.distance < found[at - 1].distance; at--) found[at] = found[at - 1];
    found[at] = new;
}

size_t ten_lookup_find(const struct ten_lookup *lookup, const uint8_t *image, size_t count, struct ten_found *found) {
    size_t kept = 0;
    int32_t limit = INT32_MAX;
    if (count > TEN_MOST_FOUND) count = TEN_MOST_FOUND;
    for (size_t i = 0; i < lookup->count && count > 0; i++) {
        int32_t rest = lookup->norms[i] - 2 * dot(image, lookup->images + i * lookup->pixels, lookup->pixels);
        if (rest >= limit) continue;
        keep(found, &kept, count, (struct ten_found){i, rest});
        if (kept == count) limit = (int32_t)found[count - 1].distance;
    }
    double own = dot(image, image, lookup->pixels);
    for (size_t i = 0; i < kept; i++) found[i].distance = sqrt(found[i].distance + own);
    return kept;
}
