/* From a picture to MNIST-like digits: the order of the steps, and the last of them. A digit's ink is drawn on a fine
 * grid of 60 pixels, three to one of MNIST's; there its edges are made as sharp as a pen's, its strokes as wide as
 * those of MNIST; then it is scaled to 20 pixels on its longer side by averaging areas, which leaves the soft grey
 * edges that MNIST has, and centred by mass as LeCun et al. (1998, section III.A) did. */
#include "tenfold.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/geometry.h"
#include "image/rank.h"
#include "image/segment.h"
#include "image/sheet.h"
#include "image/stroke.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 28,
    INNER = 20,
    FINE = 3 * INNER,         /* the longer side of the ink on the fine grid */
    MARGIN = TEN_MOST_RADIUS, /* for strokes to grow into */
    GRID = FINE + 2 * MARGIN,
    MOST_TAPS = 224, /* 16384 pixels, the longest side, by FINE, and what is cut at both ends */
    PAD = 2          /* pixels around the ink's box where its soft edges end */
};

static const double full_share = 0.7;                  /* of a digit's pixels are full ink */
static const double least_fine = 2;                    /* pixels of the fine grid that a stroke is wide */
static const double edge_low = 0.25, edge_high = 0.75; /* of full ink: where edges begin and end */

/* ---- A digit's own ink ------------------------------------------------------------------------------------ */

/* A window of the sheet with nothing in it but one digit. */
struct cutting {
    size_t height, width;
    uint8_t *ink;
};

/* The box and a margin around it, without the ink of other pieces; what lies beyond the sheet is empty. */
static enum ten_status cut(struct cutting *out, const struct ten_sheet *sheet, const struct ten_pieces *pieces,
                           struct ten_box box, uint32_t group, struct ten_error *error) {
    *out = (struct cutting){.height = box.height + 2 * PAD, .width = box.width + 2 * PAD};
    out->ink = ten_alloc_zero(out->height, out->width);
    if (!out->ink) return ten_fail_memory(error, "a digit");
    size_t left = box.x < PAD ? box.x : PAD, right = box.x + box.width + PAD; /* of the sheet's columns */
    if (right > sheet->width) right = sheet->width;
    for (size_t i = 0; i < out->height; i++) {
        if (box.y + i < PAD || box.y + i - PAD >= sheet->height) continue;
        size_t y = box.y + i - PAD, begin = box.x - left;
        uint8_t *row = out->ink + i * out->width;
        memcpy(row + PAD - left, sheet->ink + y * sheet->width + begin, right - begin);
        for (uint32_t k = pieces->rows[y]; k < pieces->rows[y + 1]; k++) {
            const struct ten_ink_run *run = &pieces->runs[k];
            if (pieces->pieces[run->piece].group == group || run->end <= begin || run->begin >= right) continue;
            size_t from = run->begin > begin ? run->begin : begin, to = run->end < right ? run->end : right;
            memset(row + PAD - left + (from - begin), 0, to - from);
        }
    }
    return TEN_OK;
}

/* Strokes that averaging to the grid, `step` pixels to one, would wash out are made two of its pixels wide. */
static void thicken(struct cutting *cutting, double stroke, double step) {
    if (stroke >= least_fine * step) return;
    uint8_t *scratch = ten_alloc(cutting->height, cutting->width);
    size_t reach = (size_t)ceil((least_fine * step - stroke) / 2);
    if (scratch) ten_rank_largest(cutting->ink, cutting->height, cutting->width, reach, scratch);
    free(scratch);
}

/* The level that full_share of the ink's pixels reach, by a sample of some thousand of them. */
static uint8_t full_level(const struct cutting *cutting, uint8_t threshold) {
    uint32_t parts[2][256] = {{0}}, total = 0, below = 0, level = threshold;
    size_t count = cutting->height * cutting->width, step = 1 + count / 4096;
    for (size_t i = 0, k = 0; i < count; i += step, k++) parts[k & 1][cutting->ink[i]]++;
    for (size_t i = threshold; i < 256; i++) total += parts[0][i] + parts[1][i];
    while (level < 255) {
        below += parts[0][level] + parts[1][level];
        if ((double)below > (1 - full_share) * total) break;
        level++;
    }
    return (uint8_t)level;
}

/* ---- The fine grid ---------------------------------------------------------------------------------------- */

/* What one pixel of the grid takes of a row or column: weights of `count` pixels from `first` on. */
struct taps {
    size_t first, count;
    float weights[MOST_TAPS];
};

static double cubic(double x) { /* Catmull-Rom */
    x = fabs(x);
    return x < 1 ? 1 + x * x * (1.5 * x - 2.5) : x < 2 ? 2 + x * (-4 + x * (2.5 - 0.5 * x)) : 0;
}

/* What covers begin to begin + step of `length` pixels: their mean if step is 1 or more, the cubic through the nearest
 * four at its middle if it is less. Nothing lies outside. */
static void make_taps(struct taps *taps, double begin, double step, size_t length) {
    double low = begin, high = begin + step, middle = begin + step / 2;
    if (step < 1) low = floor(middle - 0.5) - 1, high = low + 4;
    ptrdiff_t first = (ptrdiff_t)floor(low), last = (ptrdiff_t)ceil(high);
    if (first < 0) first = 0;
    if (last > (ptrdiff_t)length) last = (ptrdiff_t)length;
    taps->count = 0;
    taps->first = first < last ? (size_t)first : 0;
    for (ptrdiff_t i = first; i < last && taps->count < MOST_TAPS; i++) {
        double cover = fmin(high, (double)i + 1) - fmax(low, (double)i);
        taps->weights[taps->count++] = (float)(step < 1 ? cubic((double)i + 0.5 - middle) : fmax(cover, 0) / step);
    }
}

static uint8_t byte_of(float value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/* Where the cutting lies on the grid: step pixels of it to one of the grid's. */
static void draw_fine(const struct cutting *cutting, double step, uint8_t *grid, float *rows) {
    struct taps taps;
    double top = (double)cutting->height / 2 - step * GRID / 2, left = (double)cutting->width / 2 - step * GRID / 2;
    size_t width = cutting->width;
    float *row = rows + GRID * width; /* one row of the grid, as wide as the cutting; `rows` is [x][y], too */
    for (size_t y = 0; y < GRID; y++) {
        memset(row, 0, width * sizeof *row);
        make_taps(&taps, top + (double)y * step, step, cutting->height);
        for (size_t k = 0; k < taps.count; k++) {
            const uint8_t *from = cutting->ink + (taps.first + k) * width;
            float weight = taps.weights[k];
            for (size_t x = 0; x < width; x++) row[x] += weight * (float)from[x];
        }
        for (size_t x = 0; x < width; x++) rows[x * GRID + y] = row[x];
    }
    float columns[GRID * GRID]; /* [x][y]: rows of sums that need not wait for each other */
    for (size_t x = 0; x < GRID; x++) {
        float *to = columns + x * GRID;
        make_taps(&taps, left + (double)x * step, step, width);
        for (size_t y = 0; y < GRID; y++) to[y] = 0.5f;
        for (size_t k = 0; k < taps.count; k++) {
            const float *from = rows + (taps.first + k) * GRID;
            float weight = taps.weights[k];
            for (size_t y = 0; y < GRID; y++) to[y] += weight * from[y];
        }
    }
    for (size_t y = 0; y < GRID; y++)
        for (size_t x = 0; x < GRID; x++) grid[y * GRID + x] = byte_of(columns[x * GRID + y]);
}

/* Edges as sharp as a pen's: nothing below edge_low of full ink, 255 from edge_high on. */
static void sharpen(uint8_t *grid, uint8_t full) {
    float low = (float)edge_low * full, scale = 255 / ((float)(edge_high - edge_low) * full);
    for (size_t i = 0; i < (size_t)GRID * GRID; i++) grid[i] = byte_of(((float)grid[i] - low) * scale + 0.5f);
}

/* The box of pixels that are at least half ink. */
static struct ten_box fine_box(const uint8_t *grid) {
    size_t left = GRID, right = 0, top = GRID, bottom = 0;
    uint8_t columns[GRID] = {0}; /* the highest bit: 128 and more */
    for (size_t y = 0; y < GRID; y++) {
        const uint8_t *row = grid + y * GRID;
        uint8_t all = 0;
        for (size_t x = 0; x < GRID; x++) columns[x] |= row[x];
        for (size_t x = 0; x < GRID; x++) all |= row[x];
        if (all < 128) continue;
        if (top == GRID) top = y;
        bottom = y + 1;
    }
    for (size_t x = 0; x < GRID; x++) {
        if (columns[x] < 128) continue;
        if (left == GRID) left = x;
        right = x + 1;
    }
    if (right == 0) return (struct ten_box){0};
    return (struct ten_box){.x = left, .y = top, .width = right - left, .height = bottom - top};
}

/* Scales the ink to INNER pixels on its longer side and centres it. */
static void finish(const uint8_t *grid, uint8_t *digit) {
    struct ten_box box = fine_box(grid);
    size_t longer = box.width > box.height ? box.width : box.height;
    if (longer == 0) return;
    double step = (double)longer / INNER;
    float small[INNER * INNER], large[SIDE * SIDE], most = 0;
    struct taps across[INNER], down;
    const uint8_t *ink = grid + box.y * GRID + box.x;
    for (size_t x = 0; x < INNER; x++) make_taps(&across[x], (double)x * step, step, box.width);
    for (size_t y = 0; y < INNER; y++) {
        float row[GRID] = {0};
        make_taps(&down, (double)y * step, step, box.height);
        for (size_t k = 0; k < down.count; k++)
            for (size_t x = 0; x < box.width; x++) row[x] += down.weights[k] * (float)ink[(down.first + k) * GRID + x];
        for (size_t x = 0; x < INNER; x++) {
            float sum = 0;
            for (size_t k = 0; k < across[x].count; k++) sum += across[x].weights[k] * row[across[x].first + k];
            small[y * INNER + x] = sum;
        }
    }
    ten_center_by_mass(small, INNER, INNER, large, SIDE);
    for (size_t i = 0; i < SIDE * SIDE; i++) most = large[i] > most ? large[i] : most;
    for (size_t i = 0; i < SIDE * SIDE && most > 0; i++) digit[i] = (uint8_t)lrintf(large[i] * (255 / most));
}

static enum ten_status write_digit(struct ten_digit *out, const struct ten_sheet *sheet,
                                   const struct ten_pieces *pieces, struct ten_box box, uint32_t group, double stroke,
                                   struct ten_error *error) {
    struct cutting cutting;
    uint8_t grid[GRID * GRID], scratch[3 * GRID * GRID];
    size_t longer = box.width > box.height ? box.width : box.height;
    double step = (double)longer / FINE;
    memset(out->pixels, 0, sizeof out->pixels);
    enum ten_status status = cut(&cutting, sheet, pieces, box, group, error);
    if (status != TEN_OK) return status;
    float *rows = ten_alloc((size_t)(GRID + 1) * cutting.width, sizeof *rows);
    if (rows) {
        thicken(&cutting, stroke, step);
        draw_fine(&cutting, step, grid, rows);
        sharpen(grid, full_level(&cutting, sheet->high));
        struct ten_box fine = fine_box(grid);
        ten_stroke_even(grid, GRID, GRID, (double)(fine.width > fine.height ? fine.width : fine.height), INNER,
                        scratch);
        finish(grid, out->pixels);
    } else {
        status = ten_fail_memory(error, "a digit");
    }
    free(rows);
    free(cutting.ink);
    return status;
}

/* ---- The interface ---------------------------------------------------------------------------------------- */

/* A picture's ink, its pieces and what they make. */
struct analysis {
    struct ten_sheet sheet;
    struct ten_pieces pieces;
    struct ten_group groups[TEN_MOST_DIGITS];
    size_t count;
};

/* Whether a piece goes through the picture, as printed lines do, or several come in from its border. */
static bool look_ruled(const struct analysis *analysis) {
    enum { SEVERAL = 5 };
    size_t at_border = 0;
    for (size_t i = 0; i < analysis->pieces.count; i++) {
        struct ten_box box = analysis->pieces.pieces[i].box;
        if (box.x < 2 && box.x + box.width + 2 > analysis->sheet.width) return true;
        if (box.y < 2 && box.y + box.height + 2 > analysis->sheet.height) return true;
        at_border += analysis->pieces.pieces[i].at_border;
    }
    return at_border >= SEVERAL;
}

static enum ten_status find_pieces(struct analysis *out, struct ten_error *error) {
    ten_pieces_release(&out->pieces);
    ten_sheet_find_levels(&out->sheet);
    return out->sheet.level ? ten_pieces_find(&out->pieces, &out->sheet, error) : TEN_OK;
}

/* Whether what is left beside one or two lines is of another pen: strokes clearly wider or darker than the lines. */
static bool lines_differ(const struct analysis *analysis) {
    double stroke = 0, mass = 0;
    for (size_t i = 0; analysis->sheet.level && i < analysis->pieces.count; i++) {
        const struct ten_piece *piece = &analysis->pieces.pieces[i];
        if (piece->peak < analysis->sheet.high) continue;
        stroke += ten_piece_stroke(piece) * (double)piece->mass;
        mass += (double)piece->mass;
    }
    return mass > 0 &&
           (analysis->sheet.rule_height < 0.6 * stroke / mass || analysis->sheet.rule_level < analysis->sheet.level);
}

/* Takes printed lines out, unless they may be a digit's own strokes. */
static enum ten_status take_rules_out(struct analysis *out, struct ten_error *error) {
    struct ten_sheet *sheet = &out->sheet;
    uint8_t *before = ten_alloc(sheet->height, sheet->width);
    if (!before) return ten_fail_memory(error, "a picture");
    memcpy(before, sheet->ink, sheet->height * sheet->width);
    size_t found;
    enum ten_status status = ten_sheet_remove_rules(sheet, &found, error);
    if (status == TEN_OK && found) status = find_pieces(out, error);
    if (status == TEN_OK && found && found < TEN_RULED && !lines_differ(out)) {
        uint8_t *after = sheet->ink;
        sheet->ink = before, before = after;
        sheet->rule_gap = 0;
        ten_sheet_measure_area(sheet);
        status = find_pieces(out, error);
    }
    free(before);
    return status;
}

static enum ten_status analyse(struct analysis *out, const struct ten_image *image, struct ten_error *error) {
    *out = (struct analysis){0};
    if (!image->pixels || image->height == 0 || image->width == 0)
        return ten_fail(error, TEN_INVALID, "a picture of %zu x %zu pixels holds no digit", image->width,
                        image->height);
    enum ten_status status = ten_sheet_make(&out->sheet, image, error);
    if (status == TEN_OK) status = ten_sheet_subtract_ground(&out->sheet, error);
    if (status == TEN_OK) status = find_pieces(out, error);
    if (status == TEN_OK && look_ruled(out)) status = take_rules_out(out, error);
    if (status == TEN_OK && ten_pieces_open_border(&out->pieces, &out->sheet)) status = find_pieces(out, error);
    if (status == TEN_OK) status = ten_segment(&out->sheet, &out->pieces, out->groups, &out->count, error);
    return status;
}

static void release(struct analysis *analysis) {
    ten_sheet_release(&analysis->sheet);
    ten_pieces_release(&analysis->pieces);
}

static enum ten_status write_group(struct ten_digit *out, const struct analysis *analysis, size_t group,
                                   const struct ten_image *image, struct ten_error *error) {
    struct ten_box box = analysis->groups[group].box;
    out->box = ten_sheet_box(&analysis->sheet, box, image);
    return write_digit(out, &analysis->sheet, &analysis->pieces, box, (uint32_t)group, analysis->groups[group].stroke,
                       error);
}

static size_t heaviest(const struct analysis *analysis) {
    size_t most = 0;
    for (size_t i = 1; i < analysis->count; i++)
        if (analysis->groups[i].mass > analysis->groups[most].mass) most = i;
    return most;
}

enum ten_status ten_image_to_digit(const struct ten_image *image, uint8_t digit[28 * 28], struct ten_box *box,
                                   struct ten_error *error) {
    struct analysis analysis;
    struct ten_digit found = {0};
    enum ten_status status = analyse(&analysis, image, error);
    if (status == TEN_OK && analysis.count) status = write_group(&found, &analysis, heaviest(&analysis), image, error);
    release(&analysis);
    memcpy(digit, found.pixels, sizeof found.pixels);
    if (box) *box = found.box;
    return status;
}

enum ten_status ten_image_to_digits(struct ten_digits *out, const struct ten_image *image, struct ten_error *error) {
    struct analysis analysis;
    *out = (struct ten_digits){0};
    enum ten_status status = analyse(&analysis, image, error);
    if (status == TEN_OK && analysis.count) {
        out->digits = ten_alloc(analysis.count, sizeof *out->digits);
        if (!out->digits) status = ten_fail_memory(error, "digits");
        out->heaviest = heaviest(&analysis);
    }
    for (size_t i = 0; i < analysis.count && status == TEN_OK; i++)
        status = write_group(&out->digits[out->count++], &analysis, i, image, error);
    release(&analysis);
    if (status != TEN_OK) ten_digits_release(out);
    return status;
}

void ten_digits_release(struct ten_digits *digits) {
    if (!digits) return;
    free(digits->digits);
    *digits = (struct ten_digits){0};
}
