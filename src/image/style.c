/* Other hands' ways of writing a digit; see style.h. Places are looked up in the ink: the stem of a 1 or 7 is what its
 * rows have their centres on. */
#include "image/style.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

struct point {
    double x, y;
};

struct writing {
    struct ten_random *random;
    size_t height, width;
    float *values, *scratch, peak;
    size_t top, bottom; /* rows with ink; bottom is one past the last */
    double pen;         /* half the strokes' width */
};

static double draw_between(struct ten_random *random, double low, double high) {
    return low + (high - low) * ten_random_unit(random);
}
static bool chance(struct ten_random *random, double share) { return ten_random_unit(random) < share; }

/* ---- What there is -------------------------------------------------------------------------------------------------
 */

static float at(const struct writing *w, size_t y, size_t x) { return w->values[y * w->width + x]; }

static bool is_ink(const struct writing *w, size_t y, size_t x) { return at(w, y, x) > w->peak / 2; }

/* Half the width of the strokes: a stroke's area is its width times its length, and all but twice its length of it has
 * ink on both sides, across and down. */
static double find_pen(const struct writing *w) {
    double area = 0, rim = 0;
    for (size_t y = 0; y < w->height; y++)
        for (size_t x = 0; x < w->width; x++) {
            if (!is_ink(w, y, x)) continue;
            bool inner = y > 0 && x > 0 && y + 1 < w->height && x + 1 < w->width && is_ink(w, y - 1, x) &&
                         is_ink(w, y + 1, x) && is_ink(w, y, x - 1) && is_ink(w, y, x + 1);
            area++;
            rim += !inner;
        }
    return rim > 0 ? fmax(0.5, area / rim) : 0.5;
}

/* False if there is no ink to speak of. */
static bool find_rows(struct writing *w) {
    w->top = w->height;
    w->bottom = 0;
    for (size_t i = 0; i < w->height * w->width; i++) w->peak = fmaxf(w->peak, w->values[i]);
    for (size_t y = 0; y < w->height; y++)
        for (size_t x = 0; x < w->width; x++) {
            if (w->peak == 0 || !is_ink(w, y, x)) continue;
            if (w->top == w->height) w->top = y;
            w->bottom = y + 1;
        }
    return w->bottom >= w->top + 5;
}

/* The centre of the ink in the row at a share of the height from the top. */
static struct point stem_at(const struct writing *w, double share) {
    size_t y = w->top + (size_t)(share * (double)(w->bottom - 1 - w->top) + 0.5);
    double sum = 0, places = 0;
    for (size_t x = 0; x < w->width; x++) {
        sum += (double)at(w, y, x);
        places += (double)x * (double)at(w, y, x);
    }
    return (struct point){sum > 0 ? places / sum : (double)w->width / 2, (double)y};
}

static double height_of(const struct writing *w) { return (double)(w->bottom - w->top); }

/* ---- Strokes -------------------------------------------------------------------------------------------------------
 */

static void add_line(const struct writing *w, struct point from, struct point to) {
    double dx = to.x - from.x, dy = to.y - from.y, length = dx * dx + dy * dy, factor = length > 0 ? 1 / length : 0;
    for (size_t y = 0; y < w->height; y++)
        for (size_t x = 0; x < w->width; x++) {
            double u = (double)x - from.x, v = (double)y - from.y;
            double along = fmin(fmax((u * dx + v * dy) * factor, 0), 1);
            double aside = u - along * dx, above = v - along * dy, away = sqrt(aside * aside + above * above);
            double cover = fmin(fmax(w->pen + 0.5 - away, 0), 1);
            float value = w->peak * (float)cover, *pixel = &w->values[y * w->width + x];
            *pixel = *pixel > value ? *pixel : value;
        }
}

/* A line through a point, so long to both sides, at an angle to the horizontal. */
static void add_bar(const struct writing *w, struct point middle, double left, double right, double angle) {
    double c = cos(angle), s = sin(angle);
    add_line(w, (struct point){middle.x - left * c, middle.y - left * s},
             (struct point){middle.x + right * c, middle.y + right * s});
}

/* From its upper end down to the left, and along its foot. Neither where the stem leans so much that the upstroke would
 * be the roof of a 7, or the whole a 2. */
static void restyle_one(const struct writing *w) {
    const double most_slant = 40, most_slant_on_base = 18, least_angle = 20, most_angle = 58, flattest = 62;
    double tall = height_of(w), degree = acos(-1) / 180;
    struct point head = stem_at(w, 0.04), foot = stem_at(w, 0.96);
    double slant = atan2(head.x - foot.x, foot.y - head.y) / degree; /* from upright to the right */
    bool with_base = fabs(slant) < most_slant_on_base && chance(w->random, 0.4);
    if (slant < most_slant && (!with_base || chance(w->random, 0.8))) {
        double angle = draw_between(w->random, slant + least_angle, fmin(slant + most_angle, flattest)) * degree;
        double length = tall * draw_between(w->random, 0.2, 0.65);
        add_line(w, head, (struct point){head.x - length * sin(angle), head.y + length * cos(angle)});
    }
    if (!with_base) return;
    double left = tall * draw_between(w->random, 0.15, 0.4), right = tall * draw_between(w->random, 0.15, 0.4);
    add_bar(w, foot, left, right, degree * draw_between(w->random, -10, 10));
}

/* Across its stem, and down from where its roof begins. */
static void restyle_seven(const struct writing *w) {
    double tall = height_of(w), degree = acos(-1) / 180;
    if (chance(w->random, 0.75)) {
        double half = tall * draw_between(w->random, 0.12, 0.32);
        add_bar(w, stem_at(w, draw_between(w->random, 0.45, 0.62)), half, half,
                degree * draw_between(w->random, -25, 15));
    }
    if (!chance(w->random, 0.35)) return;
    for (size_t x = 0; x < w->width; x++)
        for (size_t y = w->top; y < w->top + (w->bottom - w->top) / 3; y++) {
            if (!is_ink(w, y, x)) continue;
            double length = tall * draw_between(w->random, 0.06, 0.18);
            add_line(w, (struct point){(double)x + w->pen / 2, (double)y},
                     (struct point){(double)x + draw_between(w->random, -1, 1), (double)y + length});
            return;
        }
}

/* On from its foot in an arc to the left. */
static void restyle_nine(const struct writing *w) {
    double tall = height_of(w), radius = tall * draw_between(w->random, 0.12, 0.3);
    double most = acos(-1) / 180 * draw_between(w->random, 60, 150);
    struct point last = stem_at(w, 0.95), centre = {last.x - radius, last.y};
    for (double angle = 0.2; angle < most; angle += 0.2) {
        struct point next = {centre.x + radius * cos(angle), centre.y + radius * sin(angle)};
        add_line(w, last, next);
        last = next;
    }
}

/* The row with the widest ink between the thirds of the height: the crossbar of a 4. */
static size_t crossbar_of(const struct writing *w) {
    size_t best = 0, row = 0, third = (w->bottom - w->top) / 3;
    for (size_t y = w->top + third; y < w->bottom - third / 2; y++) {
        size_t ink = 0;
        for (size_t x = 0; x < w->width; x++) ink += is_ink(w, y, x);
        if (ink > best) best = ink, row = y;
    }
    return row;
}

/* Draws what lies above the crossbar together towards the upper end of the right stroke. */
static void restyle_four(const struct writing *w) {
    const double least = 0.15;
    size_t bar = crossbar_of(w), right = 0;
    if (bar < w->top + 5) return;
    size_t y_end = w->top + (bar - w->top) / 2;
    for (size_t y = w->top; y < y_end; y++)
        for (size_t x = 0; x < w->width; x++)
            if (is_ink(w, y, x) && x > right) right = x;
    double apex = (double)right + 1 - 2 * w->pen; /* where the right stroke begins */
    memcpy(w->scratch, w->values, w->height * w->width * sizeof *w->values);
    for (size_t y = 0; y < bar; y++) {
        double share = fmax(least, ((double)y - (double)w->top) / (double)(bar - w->top));
        for (size_t x = 0; x < w->width; x++) {
            /* right of the apex everything stays */
            double from = (double)x < apex ? apex + ((double)x - apex) / share : (double)x, whole = floor(from);
            const float *row = w->scratch + y * w->width;
            float before = whole >= 0 ? row[(size_t)whole] : 0;
            float behind = whole >= -1 && whole + 1 < (double)w->width ? row[(size_t)(whole + 1)] : 0;
            w->values[y * w->width + x] = before + (float)(from - whole) * (behind - before);
        }
    }
}

void ten_restyle(double share, struct ten_random *random, size_t label, size_t height, size_t width, float *image,
                 float *scratch) {
    struct writing w = {.random = random, .height = height, .width = width, .values = image, .scratch = scratch};
    bool known = label == 1 || label == 4 || label == 7 || label == 9;
    if (!known || !chance(random, share) || !find_rows(&w)) return;
    w.pen = find_pen(&w) * draw_between(random, 0.8, 1.1);
    if (label == 1) restyle_one(&w);
    if (label == 4) restyle_four(&w);
    if (label == 7) restyle_seven(&w);
    if (label == 9) restyle_nine(&w);
}
