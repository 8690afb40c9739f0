/* The inside of a space, for those who search it. */
#ifndef TEN_STUDY_SPACE_H
#define TEN_STUDY_SPACE_H

#include "tenfold.h"

struct ten_space {
    size_t count;
    struct ten_dimension dimensions[TEN_MAX_DIMENSIONS];
};

#endif
