/* The look of ink; see inking.h. Everything is a few passes over small canvases with rows in the inner loops, so that
 * training hardly notices. */
#include "image/inking.h"

#include <math.h>
#include <string.h>

/* What strokes keep of their width at least. */
static const double least_kept = 0.4;
/* Lengths in pixels of the image: half the width of a gap, how far from its middle it cuts, the length of a speck and
 * half its width. */
static const double gap_least = 0.2, gap_most = 0.75, gap_reach = 4;
static const double speck_length = 5, speck_least = 0.3, speck_most = 1.1;
/* The level where a digit's box begins. */
static const float box_level = 0.15f;

/* One image on its way: its canvas, and room for two more. */
struct canvas {
    size_t height, width;
    float *values, *next, *room;
};

static double draw_between(struct ten_random *random, double low, double high) {
    return low + (high - low) * ten_random_unit(random);
}

bool ten_inking_wanted(const struct ten_inking *ink) {
    return ink->stroke > 0 || ink->gaps > 0 || ink->specks > 0 || ink->blur > 0 || ink->edge > 0 || ink->grain > 0 ||
           ink->fit > 0;
}

static size_t canvas_size(size_t height, size_t width) { return TEN_INKING_FINE * TEN_INKING_FINE * height * width; }
size_t ten_inking_scratch(size_t height, size_t width) { return 2 * canvas_size(height, width); }

/* ---- Strokes ----------------------------------------------------------------------------------------------------- */

/* out[i] = the largest (sign 1) or smallest (-1) of in[i - step], in[i] and in[i + step]; what lies outside does not
 * count. */
static void extreme(const float *restrict in, size_t count, size_t step, float sign, float *restrict out) {
    if (count <= 2 * step) {
        for (size_t i = 0; i < count; i++) {
            float most = sign * in[i];
            if (i >= step) most = fmaxf(most, sign * in[i - step]);
            if (i + step < count) most = fmaxf(most, sign * in[i + step]);
            out[i] = sign * most;
        }
        return;
    }
    for (size_t i = 0; i < step; i++) out[i] = sign * fmaxf(sign * in[i], sign * in[i + step]);
    for (size_t i = step; i + step < count; i++) {
        float before = sign * in[i - step], here = sign * in[i], behind = sign * in[i + step];
        float most = before > behind ? before : behind;
        out[i] = sign * (here > most ? here : most);
    }
    for (size_t i = count - step; i < count; i++) out[i] = sign * fmaxf(sign * in[i], sign * in[i - step]);
}

/* next = the extreme value of each pixel's 3x3 neighbourhood. Rows are taken as one line: a stroke that leaves the
 * canvas on one side may touch the other, which the warp's border of background mostly prevents. */
static void spread(const struct canvas *c, float sign) {
    size_t count = c->height * c->width;
    extreme(c->values, count, 1, sign, c->room);
    extreme(c->room, count, c->width, sign, c->next);
}

static double mass_of(const float *values, size_t count) {
    enum { LANES = 16 };
    float sum[LANES] = {0};
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) sum[k] += values[i + k];
    double all = 0;
    for (size_t k = 0; k < LANES; k++) all += (double)sum[k];
    for (size_t i = whole; i < count; i++) all += (double)values[i];
    return all;
}

/* A round of 3x3 neighbourhoods changes the width by 2 pixels of the canvas; what is left of a whole round is a blend.
 * A stroke of width w and length l has area w l and loses 2 l of it to a round inward, which tells its width. */
static void change_strokes(struct canvas *c, double strength, struct ten_random *random) {
    size_t count = c->height * c->width;
    double change = TEN_INKING_FINE * draw_between(random, -strength, strength);
    if (change < 0) {
        spread(c, -1);
        double area = mass_of(c->values, count), lost = area - mass_of(c->next, count);
        if (!(lost > 0)) return;
        change = fmax(change, (least_kept - 1) * 2 * area / lost);
    }
    float sign = change > 0 ? 1 : -1;
    for (double rounds = fabs(change) / 2; rounds > 0; rounds--) {
        float share = (float)fmin(rounds, 1);
        spread(c, sign);
        for (size_t i = 0; i < count; i++) c->values[i] += share * (c->next[i] - c->values[i]);
    }
}

/* The square of pixels within `reach` of a place, cut at the canvas. */
struct area {
    size_t top, bottom, left, right; /* bottom and right are one past it */
};

static size_t clamp_to(double place, size_t most) {
    return place <= 0 ? 0 : place >= (double)most ? most : (size_t)place;
}

static struct area area_around(const struct canvas *c, double y, double x, double reach) {
    return (struct area){clamp_to(y - reach, c->height), clamp_to(y + reach + 1, c->height),
                         clamp_to(x - reach, c->width), clamp_to(x + reach + 1, c->width)};
}

/* A pixel drawn with the ink on it as its chance; false on an empty canvas. */
static bool draw_pixel(const struct canvas *c, struct ten_random *random, size_t *pixel) {
    size_t count = c->height * c->width;
    double wanted = ten_random_unit(random) * mass_of(c->values, count), sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)c->values[i];
        if (sum <= wanted) continue;
        *pixel = i;
        return true;
    }
    return false;
}

/* Takes the ink from a band across some stroke. */
static void break_stroke(const struct canvas *c, struct ten_random *random) {
    double angle = acos(-1) * ten_random_unit(random), down = sin(angle), right = cos(angle);
    double half = TEN_INKING_FINE * draw_between(random, gap_least, gap_most), reach = TEN_INKING_FINE * gap_reach;
    size_t pixel;
    if (!draw_pixel(c, random, &pixel)) return;
    double y0 = (double)(pixel / c->width), x0 = (double)(pixel % c->width);
    struct area area = area_around(c, y0, x0, reach);
    for (size_t y = area.top; y < area.bottom; y++)
        for (size_t x = area.left; x < area.right; x++) {
            double v = (double)y - y0, u = (double)x - x0;
            if (u * u + v * v > reach * reach) continue;
            double left = fabs(u * right + v * down) - half + 0.5;
            c->values[y * c->width + x] *= (float)fmin(fmax(left, 0), 1);
        }
}

/* A point or a short line anywhere. */
static void add_speck(const struct canvas *c, struct ten_random *random) {
    double angle = acos(-1) * ten_random_unit(random), y = (double)c->height * draw_between(random, 0.05, 0.95);
    double x = (double)c->width * draw_between(random, 0.05, 0.95), level = draw_between(random, 0.3, 1);
    double length = TEN_INKING_FINE * speck_length * ten_random_unit(random) / 2, down = sin(angle), right = cos(angle);
    double half = TEN_INKING_FINE * draw_between(random, speck_least, speck_most);
    struct area area = area_around(c, y, x, length + half + 1);
    for (size_t row = area.top; row < area.bottom; row++)
        for (size_t column = area.left; column < area.right; column++) {
            double v = (double)row - y, u = (double)column - x, along = u * right + v * down;
            along = fmin(fmax(along, -length), length);
            double away = hypot(u - along * right, v - along * down);
            float value = (float)(level * fmin(fmax(half + 0.5 - away, 0), 1)),
                  *at = &c->values[row * c->width + column];
            *at = *at > value ? *at : value;
        }
}

/* ---- Back to the image's size --------------------------------------------------------------------------------------
 */

static void shrink(const struct canvas *c, size_t height, size_t width, float *out) {
    for (size_t y = 0; y < height; y++) {
        const float *above = c->values + TEN_INKING_FINE * y * c->width, *below = above + c->width;
        for (size_t x = 0; x < width; x++)
            out[y * width + x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) / 4;
    }
}

/* The box of what is above box_level; false if there is none. */
static bool find_box(const struct canvas *c, struct area *box) {
    *box = (struct area){c->height, 0, c->width, 0};
    for (size_t y = 0; y < c->height; y++) {
        const float *row = c->values + y * c->width;
        size_t first = 0, last = c->width;
        while (first < c->width && !(row[first] > box_level)) first++;
        if (first == c->width) continue;
        while (!(row[last - 1] > box_level)) last--;
        if (box->top == c->height) box->top = y;
        box->bottom = y + 1;
        box->left = first < box->left ? first : box->left;
        box->right = last > box->right ? last : box->right;
    }
    return box->bottom > 0;
}

/* How an axis is resampled: output o is the mean of the source between begin + o step and begin + (o + 1) step. */
struct axis {
    double begin, step;
    size_t count;
};

static struct axis axis_of(size_t begin, size_t end, double step) {
    double length = (double)(end - begin);
    size_t count = (size_t)ceil(length / step - 1e-9);
    count = count ? count : 1;
    return (struct axis){(double)begin + (length - (double)count * step) / 2, step, count};
}

/* The part of source pixel i that output o covers, as a share of the output. */
static float cover(const struct axis *axis, size_t o, size_t i) {
    double low = axis->begin + (double)o * axis->step, high = low + axis->step;
    double from = (double)i > low ? (double)i : low, to = (double)(i + 1) < high ? (double)(i + 1) : high;
    double covered = to - from;
    return covered > 0 ? (float)(covered / axis->step) : 0;
}

static size_t first_of(const struct axis *axis, size_t o, size_t most) {
    return clamp_to(floor(axis->begin + (double)o * axis->step), most);
}
static size_t end_of(const struct axis *axis, size_t o, size_t most) {
    return clamp_to(ceil(axis->begin + (double)(o + 1) * axis->step), most);
}

/* small[down.count x along.count] */
static void resample(const struct canvas *c, const struct axis *down, const struct axis *along, float *small) {
    float *line = c->room;
    for (size_t o = 0; o < down->count; o++) {
        memset(line, 0, c->width * sizeof *line);
        size_t end = end_of(down, o, c->height);
        for (size_t y = first_of(down, o, c->height); y < end; y++) {
            float share = cover(down, o, y);
            for (size_t x = 0; x < c->width; x++) line[x] += share * c->values[y * c->width + x];
        }
        for (size_t p = 0; p < along->count; p++) {
            float sum = 0;
            size_t last = end_of(along, p, c->width);
            for (size_t x = first_of(along, p, c->width); x < last; x++) sum += cover(along, p, x) * line[x];
            small[o * along->count + p] = sum;
        }
    }
}

/* Puts the small image into the middle by its centre of mass, as ten_center_by_mass does. */
static void place(const float *small, size_t rows, size_t columns, size_t height, size_t width, float *out) {
    double mass = 0, y_sum = 0, x_sum = 0;
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++) {
            double value = (double)small[y * columns + x];
            mass += value;
            y_sum += value * (double)y;
            x_sum += value * (double)x;
        }
    memset(out, 0, height * width * sizeof *out);
    if (!(mass > 0)) return;
    ptrdiff_t down = (ptrdiff_t)floor((double)(height / 2) + 0.5 - y_sum / mass);
    ptrdiff_t right = (ptrdiff_t)floor((double)(width / 2) + 0.5 - x_sum / mass);
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++) {
            ptrdiff_t to_y = (ptrdiff_t)y + down, to_x = (ptrdiff_t)x + right;
            if (to_y >= 0 && to_y < (ptrdiff_t)height && to_x >= 0 && to_x < (ptrdiff_t)width)
                out[to_y * (ptrdiff_t)width + to_x] = small[y * columns + x];
        }
}

static void fit(const struct canvas *c, double longest, size_t height, size_t width, float *out) {
    struct area box;
    if (!find_box(c, &box)) {
        shrink(c, height, width, out);
        return;
    }
    size_t rows = box.bottom - box.top, columns = box.right - box.left;
    double side = fmax(1, fmin(longest, (double)(height < width ? height : width)));
    double step = (double)(rows > columns ? rows : columns) / side;
    struct axis down = axis_of(box.top, box.bottom, step), along = axis_of(box.left, box.right, step);
    resample(c, &down, &along, c->next);
    place(c->next, down.count, along.count, height, width, out);
}

/* ---- Pens, paper, cameras ------------------------------------------------------------------------------------------
 */

/* Weights (k, 1 - 2k, k) along rows and columns: a deviation of sqrt(2k). */
static void blur(size_t height, size_t width, double deviation, float *values, float *room) {
    float side = (float)(deviation * deviation / 2), middle = 1 - 2 * side;
    size_t count = height * width;
    for (size_t y = 0; y < height; y++) {
        const float *row = values + y * width;
        for (size_t x = 0; x < width; x++)
            room[y * width + x] =
                middle * row[x] + side * ((x > 0 ? row[x - 1] : 0) + (x + 1 < width ? row[x + 1] : 0));
    }
    for (size_t i = 0; i < count; i++)
        values[i] =
            middle * room[i] + side * ((i >= width ? room[i - width] : 0) + (i + width < count ? room[i + width] : 0));
}

static void change_edges(size_t count, double strength, struct ten_random *random, float *values) {
    float gain = (float)draw_between(random, 1, 1 + strength), bend = (float)draw_between(random, -strength, strength);
    for (size_t i = 0; i < count; i++) {
        float v = gain * values[i];
        v = v < 1 ? v : 1;
        values[i] = v + bend * v * (1 - v);
    }
}

static void add_grain(size_t count, double strength, struct ten_random *random, float *values) {
    float most = (float)(strength * ten_random_unit(random));
    for (size_t i = 0; i < count; i += 4) {
        uint64_t bits = ten_random_bits(random);
        for (size_t k = i; k < i + 4 && k < count; k++, bits >>= 16)
            values[k] *= 1 - most * (float)(bits & 0xffff) * 0x1p-16f;
    }
}

static void scale_to_one(size_t count, float *values) {
    float most = 0;
    for (size_t i = 0; i < count; i++) most = values[i] > most ? values[i] : most;
    if (most == 0) return;
    float factor = 1 / most;
    for (size_t i = 0; i < count; i++) values[i] *= factor;
}

/* ---- One image -----------------------------------------------------------------------------------------------------
 */

void ten_inking_draw(const struct ten_inking *ink, struct ten_random *random, size_t height, size_t width,
                     float *canvas, float *out, float *scratch) {
    size_t count = height * width;
    struct canvas c = {TEN_INKING_FINE * height, TEN_INKING_FINE * width, canvas, scratch,
                       scratch + canvas_size(height, width)};
    if (ink->stroke > 0) change_strokes(&c, ink->stroke, random);
    if (ink->gaps > 0 && ten_random_unit(random) < ink->gaps)
        for (uint64_t n = 1 + ten_random_below(random, 2); n > 0; n--) break_stroke(&c, random);
    if (ink->specks > 0 && ten_random_unit(random) < ink->specks)
        for (uint64_t n = 1 + ten_random_below(random, 2); n > 0; n--) add_speck(&c, random);
    if (ink->fit > 0)
        fit(&c, ink->fit, height, width, out);
    else
        shrink(&c, height, width, out);
    if (ink->blur > 0) blur(height, width, ink->blur * ten_random_unit(random), out, scratch);
    if (ink->edge > 0) change_edges(count, ink->edge, random, out);
    if (ink->grain > 0) add_grain(count, ink->grain, random, out);
    scale_to_one(count, out);
}
