/* Equal images of one set. */
#ifndef TEN_STUDY_DUPLICATES_H
#define TEN_STUDY_DUPLICATES_H

#include "tenfold.h"

/* *repeated becomes the number of images that equal an earlier one. */
enum ten_status ten_count_repeated(const struct ten_dataset *dataset, size_t *repeated, const struct ten_run *run,
                                   struct ten_error *error);

#endif
