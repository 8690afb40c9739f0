/* Which pieces of ink make a digit, and which none. */
#ifndef TEN_IMAGE_SEGMENT_H
#define TEN_IMAGE_SEGMENT_H

#include "image/pieces.h"

enum { TEN_MOST_DIGITS = 64 };

struct ten_group {
    struct ten_box box; /* in the sheet */
    uint64_t mass;
    double stroke; /* mean width of its strokes, in pixels of the sheet */
};

/* Gives every piece its group: digits from left to right, at most TEN_MOST_DIGITS (those with most ink), or
 * TEN_NO_GROUP. groups[TEN_MOST_DIGITS]. */
enum ten_status ten_segment(const struct ten_sheet *sheet, struct ten_pieces *pieces, struct ten_group *groups,
                            size_t *count, struct ten_error *error);

#endif
