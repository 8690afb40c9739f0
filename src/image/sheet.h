/* A picture on its way to digits: how much ink lies on every pixel. sheet.c makes it of a picture, at a size that can
 * be worked on; background.c tells ink from ground; rules.c takes printed lines out; ink.c finds the levels, pieces.c
 * the connected pieces, segment.c which pieces make a digit; stroke.c evens the strokes; digit.c writes the 28x28
 * pixels. */
#ifndef TEN_IMAGE_SHEET_H
#define TEN_IMAGE_SHEET_H

#include "tenfold.h"

enum { TEN_SHEET_PIXELS = 1 << 20 }; /* larger pictures are shrunk to at most so many */

struct ten_sheet {
    size_t height, width;
    size_t factor; /* one pixel is factor x factor of the picture's */
    uint8_t *ink;  /* height x width: first the grey levels, then how far each lies from the ground, 0 for none */
    uint8_t *open; /* NULL, or the same with all as ground that may go on beyond the border */
    double noise;  /* deviation of the ground, in units of ink */
    bool flat;     /* the ground is one level, as a drawing program's */
    uint8_t low;   /* ink from here on belongs to a stroke if it hangs together with ink above `high` */
    uint8_t high;
    uint8_t level;       /* of full ink; 0: there is none */
    double rule_gap;     /* from one printed line to the next; 0: there are none */
    double rule_height;  /* of the highest of them, in pixels */
    uint8_t rule_level;  /* up to which ink may be theirs */
    struct ten_box area; /* where there is anything above 0 */
};

/* The picture's grey levels, each the mean of factor x factor pixels. */
enum ten_status ten_sheet_make(struct ten_sheet *sheet, const struct ten_image *image, struct ten_error *error);
void ten_sheet_release(struct ten_sheet *sheet);

/* A box of the sheet in the picture's pixels. */
struct ten_box ten_sheet_box(const struct ten_sheet *sheet, struct ten_box box, const struct ten_image *image);

/* Grey levels become ink: finds ground, polarity and noise, and the area. */
enum ten_status ten_sheet_subtract_ground(struct ten_sheet *sheet, struct ten_error *error);

/* Finds level, low and high; level is 0 if nothing stands out of the ground. */
void ten_sheet_find_levels(struct ten_sheet *sheet);

/* Takes out lines that go through the picture, as those of ruled and squared paper do, and tells how many there were;
 * fewer than TEN_RULED may be somebody's strokes. */
enum { TEN_RULED = 3 };
enum ten_status ten_sheet_remove_rules(struct ten_sheet *sheet, size_t *found, struct ten_error *error);

/* Finds the area anew. */
void ten_sheet_measure_area(struct ten_sheet *sheet);

#endif
