/* The images of a set class by class. */
#ifndef TEN_STUDY_CLASSES_H
#define TEN_STUDY_CLASSES_H

#include "tenfold.h"

/* Fails with TEN_INVALID unless the set holds images, not too many to count, with labels (if any) in 0..9. */
enum ten_status ten_check_images(const struct ten_dataset *dataset, struct ten_error *error);

/* Class c has the images order[begin[c]] to order[begin[c + 1] - 1], in the order of the set; without labels all are
 * "class" 0. Freed by free(order). */
struct ten_class_order {
    size_t begin[TEN_CLASSES + 1];
    size_t *order;
};
enum ten_status ten_order_by_class(struct ten_class_order *out, const struct ten_dataset *dataset,
                                   struct ten_error *error);

static inline size_t ten_class_count(const struct ten_class_order *classes, size_t label) {
    return classes->begin[label + 1] - classes->begin[label];
}

#endif
