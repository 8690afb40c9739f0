/* The nearest of many images to one, exactly and at once: for who asks about one image after another. */
#ifndef TEN_STUDY_LOOKUP_H
#define TEN_STUDY_LOOKUP_H

#include "tenfold.h"

struct ten_lookup;
struct ten_found {
    size_t index;
    double distance; /* Euclidean, in values of pixels */
};

/* Over the images of a dataset, which must stay. TEN_INVALID for more than 33025 pixels an image. */
enum ten_status ten_lookup_new(struct ten_lookup **out, const struct ten_dataset *dataset, struct ten_error *error);
void ten_lookup_free(struct ten_lookup *lookup);

/* The `count` images nearest to one of the same size, nearest first, of equally near ones the lower index first; how
 * many: fewer if the dataset has fewer. found[count], count <= TEN_MOST_FOUND. By any number of threads at a time. */
enum { TEN_MOST_FOUND = 100 };
size_t ten_lookup_find(const struct ten_lookup *lookup, const uint8_t *image, size_t count, struct ten_found *found);

#endif
