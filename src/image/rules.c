/* The lines of ruled and squared paper, told from ink by what they are: thin, nearly straight, from one side of the
 * picture to the other, and several. The picture is cut into narrow strips; in each, a line is a short band of rows in
 * which almost every column has something. Bands that continue each other from strip to strip are one line, which may
 * lean or bend as in a photo, and may be hidden in some strips by what is written over it. A line is taken out by what
 * lies just above and below it: where there is ink on both sides, ink crosses it. Upright lines are the same in the
 * transposed picture. */
#include "image/sheet.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_STRIPS = 64,
    LEAST_STRIPS = 6,
    LEAST_STRIP = 5,  /* pixels */
    MOST_BANDS = 256, /* in a strip; more are texture */
    MOST_LINES = 256,
    MOST_LEAVING = 2, /* strips that a line may be from the edge that it leaves by */
};

static const double full_cover = 0.75;          /* of a strip's columns that a line covers */
static const double least_found[] = {0.6, 0.4}; /* of the strips must show the line; fewer when others are known */
static const size_t most_missing[] = {3, 2};    /* of so many parts of all strips, one may hide it in a row */

struct band {
    float middle, height;
    bool taken;
};

struct line {
    float at[MOST_STRIPS]; /* the row in the middle of each strip */
    float height;          /* rows */
    bool whole;            /* from the left side to the right one */
};

struct lines {
    size_t height, width, strips, strip, count;
    struct line *lines;
};

/* The bands of a strip: rows where most columns reach `least` in this row or a neighbouring one. */
static size_t find_bands(const uint8_t *ink, const struct lines *in, size_t strip, uint8_t least, double thickest,
                         uint8_t *cover, struct band *bands) {
    size_t height = in->height, width = in->width, count = 0, begin = strip * in->strip, first = 0;
    size_t needed = (size_t)ceil(full_cover * (double)in->strip);
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = ink + y * width + begin, *above = y ? row - width : row;
        const uint8_t *below = y + 1 < height ? row + width : row;
        size_t covered = 0;
        for (size_t x = 0; x < in->strip; x++) covered += row[x] >= least || above[x] >= least || below[x] >= least;
        cover[y] = covered >= needed;
    }
    for (size_t y = 0; y <= height; y++) {
        bool inside = y < height && cover[y];
        if (inside && !(y && cover[y - 1])) first = y;
        if (inside || y == 0 || !cover[y - 1]) continue;
        double tall = fmax(1, (double)(y - first) - 2); /* less what the neighbours add */
        if (tall > thickest || count == MOST_BANDS) continue;
        bands[count++] = (struct band){.middle = (float)(first + y - 1) / 2, .height = (float)tall};
    }
    return count;
}

/* The band that continues a line at `row`, if there is one. */
static struct band *find_next(struct band *bands, size_t count, double row, double tolerance) {
    struct band *best = NULL;
    for (size_t i = 0; i < count; i++) {
        double far = fabs((double)bands[i].middle - row);
        if (bands[i].taken || far > tolerance) continue;
        if (!best || far < fabs((double)best->middle - row)) best = &bands[i];
    }
    return best;
}

/* Whether a line that is at this row leaves the picture above or below before the next strip. */
static bool leaves(const struct lines *in, double row, double slope) {
    double next = row + slope * 2 * (double)MOST_LEAVING;
    return fmin(row, next) < 2 || fmax(row, next) > (double)in->height - 3;
}

/* Follows a line from a band of strip `first` on. True if it goes through the picture. */
static bool follow(const struct lines *in, int round, struct band (*bands)[MOST_BANDS], const size_t *counts,
                   size_t first, struct band *band, struct line *line) {
    double row = (double)band->middle, slope = 0, heights = 0;
    size_t found = 0, last = first;
    struct band *used[MOST_STRIPS];
    for (size_t s = first; s < in->strips && s <= last + 2 + in->strips / most_missing[round]; s++) {
        double tolerance = 1.6 + 0.04 * (double)in->strip * (double)(found < 4) + 0.4 * (double)(s - last);
        struct band *next =
            s == first ? band : find_next(bands[s], counts[s], row + slope * (double)(s - last), tolerance);
        if (!next) continue;
        if (found) {
            double now = ((double)next->middle - row) / (double)(s - last);
            slope += (now - slope) / (double)(found < 4 ? found + 1 : 4);
            for (size_t k = last + 1; k < s; k++) line->at[k] = (float)(row + now * (double)(k - last));
        }
        row = (double)next->middle;
        line->at[s] = next->middle;
        used[found++] = next;
        heights += (double)next->height;
        last = s;
    }
    line->whole = first < 2 && last + 2 >= in->strips;
    if (first >= 2 && !leaves(in, (double)line->at[first], -slope)) return false;
    if (last + 2 < in->strips && !leaves(in, row, slope)) return false;
    if (found < LEAST_STRIPS / 2 || (double)found < least_found[round] * (double)(last + 1 - first)) return false;
    for (size_t s = 0; s < first; s++) line->at[s] = (float)((double)line->at[first] - slope * (double)(first - s));
    for (size_t s = last + 1; s < in->strips; s++) line->at[s] = (float)(row + slope * (double)(s - last));
    for (size_t i = 0; i < found; i++) used[i]->taken = true;
    line->height = (float)(heights / (double)found);
    for (size_t s = 0; s < in->strips; s++) /* what the border cuts may be a wide stroke */
        line->whole = line->whole && line->at[s] > line->height && line->at[s] + line->height < (float)in->height - 1;
    return true;
}

static enum ten_status find_lines(struct lines *out, const uint8_t *ink, size_t height, size_t width, uint8_t least,
                                  int round, struct ten_error *error) {
    size_t strip = width / MOST_STRIPS > LEAST_STRIP ? width / MOST_STRIPS : LEAST_STRIP;
    while (width / strip > MOST_STRIPS) strip++;
    *out = (struct lines){.height = height, .width = width, .strip = strip, .strips = width / strip};
    if (out->strips < LEAST_STRIPS || strip > 255) return TEN_OK;
    double thickest = fmax(6, (double)(height < width ? height : width) / 32);
    struct band(*bands)[MOST_BANDS] = ten_alloc(out->strips, sizeof *bands);
    uint8_t *cover = ten_alloc(height, 1);
    size_t counts[MOST_STRIPS];
    out->lines = ten_alloc(MOST_LINES, sizeof *out->lines);
    enum ten_status status = bands && cover && out->lines ? TEN_OK : ten_fail_memory(error, "the lines of a picture");
    for (size_t s = 0; status == TEN_OK && s < out->strips; s++)
        counts[s] = find_bands(ink, out, s, least, thickest, cover, bands[s]);
    for (size_t s = 0; status == TEN_OK && s < out->strips; s++)
        for (size_t i = 0; i < counts[s] && out->count < MOST_LINES; i++)
            if (!bands[s][i].taken && follow(out, round, bands, counts, s, &bands[s][i], &out->lines[out->count]))
                out->count++;
    free(cover);
    free(bands);
    return status;
}

/* ---- Taking them out -------------------------------------------------------------------------------------- */

/* The line's row at a column, between the middles of strips. */
static double row_at(const struct lines *in, const struct line *line, size_t x) {
    double place = ((double)x + 0.5) / (double)in->strip - 0.5;
    if (in->strips == 1) return (double)line->at[0];
    double whole = fmin(fmax(floor(place), 0), (double)in->strips - 2);
    size_t s = (size_t)whole;
    return (double)line->at[s] + (place - whole) * ((double)line->at[s + 1] - (double)line->at[s]);
}

/* The largest of a few columns' pixels in a row; 0 outside. */
static uint8_t largest_near(const uint8_t *ink, const struct lines *in, ptrdiff_t y, size_t x, size_t reach) {
    uint8_t most = 0;
    if (y < 0 || y >= (ptrdiff_t)in->height) return 0;
    const uint8_t *row = ink + (size_t)y * in->width;
    for (size_t u = x > reach ? x - reach : 0; u <= x + reach && u < in->width; u++)
        most = row[u] > most ? row[u] : most;
    return most;
}

static int by_value(const void *a, const void *b) { return *(const uint8_t *)a - *(const uint8_t *)b; }

/* The line's own ink: the median over its columns. */
static uint8_t level_of(const uint8_t *ink, const struct lines *in, const struct line *line, uint8_t *values) {
    size_t count = 0;
    for (size_t x = 0; x < in->width; x++) {
        ptrdiff_t y = (ptrdiff_t)lrint(row_at(in, line, x));
        if (y < 0 || y >= (ptrdiff_t)in->height) continue;
        values[count] = 0;
        for (ptrdiff_t v = y - 1; v <= y + 1; v++)
            if (v >= 0 && v < (ptrdiff_t)in->height && ink[(size_t)v * in->width + x] > values[count])
                values[count] = ink[(size_t)v * in->width + x];
        count++;
    }
    qsort(values, count, 1, by_value);
    return count ? values[count / 2] : 0;
}

/* Returns the level up to which ink is the line's own. */
static unsigned remove_line(uint8_t *ink, const struct lines *in, const struct line *line, uint8_t *values) {
    ptrdiff_t half = (ptrdiff_t)ceil((double)line->height / 2) + 1;
    unsigned own = level_of(ink, in, line, values), clearly = own + own / 2 + 8;
    for (size_t x = 0; x < in->width; x++) {
        ptrdiff_t middle = (ptrdiff_t)lrint(row_at(in, line, x)), first = middle - half, last = middle + half;
        /* a crossing stroke may lean: it leaves the band some columns from where it enters */
        unsigned above = largest_near(ink, in, first - 1, x, 1), below = largest_near(ink, in, last + 1, x, 1);
        unsigned across = above < below ? above : below;
        for (ptrdiff_t y = first < 0 ? 0 : first; y <= last && y < (ptrdiff_t)in->height; y++) {
            uint8_t *pixel = &ink[(size_t)y * in->width + x];
            if (*pixel <= clearly && *pixel > across) *pixel = (uint8_t)across;
        }
    }
    return clearly;
}

static void transpose(const uint8_t *from, size_t height, size_t width, uint8_t *to) {
    for (size_t top = 0; top < height; top += 16)
        for (size_t left = 0; left < width; left += 16)
            for (size_t y = top; y < top + 16 && y < height; y++)
                for (size_t x = left; x < left + 16 && x < width; x++) to[x * height + y] = from[y * width + x];
}

/* The mean distance from one line to the next. */
static double gap_of(const struct lines *lines) {
    float least = INFINITY, most = 0;
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++) {
        if (!lines->lines[i].whole) continue;
        least = fminf(least, lines->lines[i].at[0]);
        most = fmaxf(most, lines->lines[i].at[0]);
        count++;
    }
    return count > 1 ? (double)(most - least) / (double)(count - 1) : INFINITY;
}

static size_t count_whole(const struct lines *lines) {
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++) count += lines->lines[i].whole;
    return count;
}

/* Takes the i-th line out of the sheet's ink or its transpose, and notes how strong and high lines are at most. */
static void note_line(struct ten_sheet *sheet, const struct lines *lines, size_t i, uint8_t *ink, uint8_t *values) {
    unsigned own = remove_line(ink, lines, &lines->lines[i], values);
    if (!lines->lines[i].whole) return;
    sheet->rule_level = own > sheet->rule_level ? (uint8_t)(own > 255 ? 255 : own) : sheet->rule_level;
    sheet->rule_height = fmax(sheet->rule_height, (double)lines->lines[i].height);
}

/* Finds the lines in both directions and takes them out if there are enough, or if some are known already. turned and
 * values are scratch. */
static enum ten_status remove_round(struct ten_sheet *sheet, int round, uint8_t *turned, uint8_t *values, size_t *found,
                                    struct ten_error *error) {
    size_t height = sheet->height, width = sheet->width;
    uint8_t least = (uint8_t)fmin(fmax(3.5 * sheet->noise, 6), 255);
    struct lines level = {0}, upright = {0};
    transpose(sheet->ink, height, width, turned);
    enum ten_status status = find_lines(&level, sheet->ink, height, width, least, round, error);
    if (status == TEN_OK) status = find_lines(&upright, turned, width, height, least, round, error);
    if (status == TEN_OK && (*found || count_whole(&level) + count_whole(&upright) > 0)) {
        if (!*found) sheet->rule_gap = fmin(fmin(gap_of(&level), gap_of(&upright)), (double)(height + width) / 4);
        *found += count_whole(&level) + count_whole(&upright);
        for (size_t i = 0; i < level.count; i++) note_line(sheet, &level, i, sheet->ink, values);
        if (upright.count) transpose(sheet->ink, height, width, turned);
        for (size_t i = 0; i < upright.count; i++) note_line(sheet, &upright, i, turned, values);
        if (upright.count) transpose(turned, width, height, sheet->ink);
    }
    free(level.lines);
    free(upright.lines);
    return status;
}

/* In a second round lines are found that others had hidden. */
enum ten_status ten_sheet_remove_rules(struct ten_sheet *sheet, size_t *found, struct ten_error *error) {
    size_t height = sheet->height, width = sheet->width;
    uint8_t *turned = ten_alloc(height, width), *values = ten_alloc(height + width, 1);
    enum ten_status status = turned && values ? TEN_OK : ten_fail_memory(error, "the lines of a picture");
    *found = 0;
    if (status == TEN_OK) status = remove_round(sheet, 0, turned, values, found, error);
    if (status == TEN_OK && *found >= TEN_RULED) status = remove_round(sheet, 1, turned, values, found, error);
    if (*found) ten_sheet_measure_area(sheet);
    free(turned);
    free(values);
    return status;
}
