/* Connected pieces of ink, found by runs: stretches of a row's pixels that are ink. */
#ifndef TEN_IMAGE_PIECES_H
#define TEN_IMAGE_PIECES_H

#include "image/sheet.h"

struct ten_ink_run {
    uint16_t y, begin, end; /* pixels begin..end - 1 of row y */
    uint32_t piece;
};

struct ten_piece {
    struct ten_box box;
    uint64_t mass;    /* sum of its pixels' ink */
    uint32_t area;    /* pixels */
    uint32_t contour; /* the sides of its pixels that are not ink's */
    uint8_t peak;
    bool at_border; /* of the picture */
    uint32_t group; /* segment.c: the digit that it belongs to; TEN_NO_GROUP for none */
};
#define TEN_NO_GROUP UINT32_MAX

struct ten_pieces {
    size_t run_count, count;
    struct ten_ink_run *runs; /* row by row, from left to right */
    struct ten_piece *pieces;
    uint32_t *rows; /* [height + 1]: the first run of each row */
};

/* Pieces of pixels that have at least the sheet's low ink, diagonal neighbours included. */
enum ten_status ten_pieces_find(struct ten_pieces *out, const struct ten_sheet *sheet, struct ten_error *error);
/* Gives the ink of pieces at the picture's border back to the ground where most of it may go on beyond the border (the
 * corner of a shadow, a table's edge). True if there were any: then levels and pieces must be found anew. */
bool ten_pieces_open_border(const struct ten_pieces *pieces, struct ten_sheet *sheet);
void ten_pieces_release(struct ten_pieces *pieces);

/* The mean width of the piece's strokes: twice its area by its contour, whose sides are longer than a smooth line by
 * 4 / pi on the average over all directions. */
double ten_piece_stroke(const struct ten_piece *piece);

#endif
