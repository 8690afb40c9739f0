/* The levels that part ink from ground. Most of a picture is ground, often all but a thousandth, so that a threshold
 * between two classes of all pixels would part the ground's noise from itself. Otsu's threshold (1979) is therefore
 * taken among the pixels that noise does not reach, between a stroke's soft edges and its core: the core's mean is the
 * level of full ink. Strokes begin at a share of it, and only pieces that reach half of it count (hysteresis). */
#include "image/sheet.h"

#include <math.h>

enum {
    BINS = 256,
    SAMPLE = 1 << 18, /* pixels, about, that are looked at */
    FLAT_SAMPLE = 1 << 13,
    MOST_STEP = 8 /* rows: less than any digit has */
};

static const double beyond_noise = 3;                   /* deviations of the ground that its own pixels seldom reach */
static const double least_distinct = 6;                 /* deviations between ground and ink, else nothing is drawn */
static const double least_contrast = 14;                /* the same in grey levels */
static const double low_share = 0.25, high_share = 0.5; /* of full ink */

/* Of the pixels from `floor` on: those of the upper of Otsu's two classes have this mean. */
static double upper_mean(const size_t counts[BINS], size_t floor) {
    double all = 0, total = 0, below = 0, sum_below = 0, best = -1, mean = 0;
    for (size_t bin = floor; bin < BINS; bin++) {
        all += (double)counts[bin];
        total += (double)counts[bin] * (double)bin;
    }
    if (all == 0) return 0;
    mean = total / all;
    for (size_t bin = floor; bin + 1 < BINS; bin++) {
        below += (double)counts[bin];
        sum_below += (double)counts[bin] * (double)bin;
        if (counts[bin] == 0 || below == all) continue;
        double upper = (total - sum_below) / (all - below), difference = upper - sum_below / below;
        double between = below * (all - below) * difference * difference;
        if (between <= best) continue;
        best = between;
        mean = upper;
    }
    return mean;
}

void ten_sheet_find_levels(struct ten_sheet *sheet) {
    size_t parts[4][BINS] = {{0}}, counts[BINS];
    struct ten_box area = sheet->area;
    size_t step = 1 + area.height * area.width / (sheet->flat ? FLAT_SAMPLE : SAMPLE); /* rows */
    if (step > MOST_STEP) step = MOST_STEP;
    for (size_t y = area.y + step / 2; y < area.y + area.height; y += step) {
        const uint8_t *row = sheet->ink + y * sheet->width + area.x;
        for (size_t x = 0; x < area.width; x++) parts[x & 3][row[x]]++; /* four: equal neighbours do not wait */
    }
    for (size_t i = 0; i < BINS; i++) counts[i] = parts[0][i] + parts[1][i] + parts[2][i] + parts[3][i];
    size_t floor = (size_t)ceil(fmin(fmax(beyond_noise * sheet->noise, 4), BINS - 1));
    double level = upper_mean(counts, floor);
    sheet->level = level < fmax(least_contrast, least_distinct * sheet->noise) ? 0 : (uint8_t)lrint(level);
    sheet->high = (uint8_t)lrint(high_share * level);
    sheet->low = (uint8_t)lrint(fmin(fmax(low_share * level, beyond_noise * sheet->noise), high_share * level));
    if (sheet->low == 0) sheet->low = 1;
}
