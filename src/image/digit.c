/* One MNIST-like digit of a drawing, scan or photo. The background is a smooth surface fitted to what is not ink, from
 * the border inward; ink is what departs from it, told apart by Otsu's threshold (1979) with hysteresis, so that soft
 * edges stay and specks go; its bounding box is scaled and centred as LeCun et al. (1998, section III.A) did. */
#include "tenfold.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORK_SIDE = 1024,  /* larger pictures are shrunk to at most this */
    SAMPLES = 1 << 15, /* pixels, about, that the background is fitted to */
    TERMS = 6,         /* of the background's polynomial: 1, x, y, x^2, x y, y^2 */
    ROUNDS = 6,        /* of each fit, outliers weighing less from one to the next */
    INNER = 20,
    SIDE = 28 /* of the digit */
};

static const double least_contrast = 14; /* grey levels between ink and background, below which nothing is drawn */
static const double least_distinct = 4;  /* the same in deviations of the background */
static const double low_share = 0.4;     /* of the threshold: where soft edges end */
static const double speck_share = 0.04;  /* of the mass of the main ink: lighter pieces are specks */
static const double scrap_share = 0.3;   /* the same for pieces that the picture's border cuts: parts of other things */
static const double full_share = 0.7;    /* of the ink's pixels are full ink, 255 */

/* The picture on its way: grey levels, then ink (0: none). */
struct canvas {
    size_t height, width, factor; /* one pixel here is factor x factor of the original */
    float *values;
    size_t *stack; /* height x width, for flooding */
    uint8_t *seen; /* height x width */
};

static void release_canvas(struct canvas *canvas) {
    free(canvas->values);
    free(canvas->stack);
    free(canvas->seen);
}

/* The mean of one block of the original, cut at its edges. */
static float block_mean(const struct ten_image *image, size_t top, size_t left, size_t factor) {
    size_t bottom = top + factor < image->height ? top + factor : image->height;
    size_t right = left + factor < image->width ? left + factor : image->width;
    unsigned sum = 0;
    for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++) sum += image->pixels[y * image->width + x];
    return (float)sum / (float)((bottom - top) * (right - left));
}

static enum ten_status make_canvas(struct canvas *canvas, const struct ten_image *image, struct ten_error *error) {
    size_t longer = image->height > image->width ? image->height : image->width;
    size_t factor = (longer + WORK_SIDE - 1) / WORK_SIDE;
    size_t height = (image->height + factor - 1) / factor, width = (image->width + factor - 1) / factor;
    *canvas = (struct canvas){.height = height, .width = width, .factor = factor};
    canvas->values = ten_alloc(height, width * sizeof *canvas->values);
    canvas->stack = ten_alloc(height, width * sizeof *canvas->stack);
    canvas->seen = ten_alloc_zero(height, width);
    if (!canvas->values || !canvas->stack || !canvas->seen) return ten_fail_memory(error, "a picture");
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            canvas->values[y * width + x] = block_mean(image, y * factor, x * factor, factor);
    return TEN_OK;
}

/* ---- Background --------------------------------------------------------------------------------------- */

/* A polynomial of degree 0, 1 or 2 over the picture, whose sides are -1 and 1. */
struct surface {
    double terms[TERMS];
};

static void basis(const struct canvas *canvas, size_t y, size_t x, double out[TERMS]) {
    double u = canvas->width > 1 ? 2.0 * (double)x / (double)(canvas->width - 1) - 1 : 0;
    double v = canvas->height > 1 ? 2.0 * (double)y / (double)(canvas->height - 1) - 1 : 0;
    out[0] = 1, out[1] = u, out[2] = v, out[3] = u * u, out[4] = u * v, out[5] = v * v;
}

static double level_at(const struct surface *surface, const double at[TERMS]) {
    double level = 0;
    for (size_t i = 0; i < TERMS; i++) level += surface->terms[i] * at[i];
    return level;
}

/* Solves the normal equations m t = r (m's lower triangle) by Cholesky's method; a direction that the pixels do not
 * determine (a picture one pixel high) gets 0. */
static void solve(double m[TERMS][TERMS], double r[TERMS], size_t n) {
    for (size_t j = 0; j < n; j++) {
        double before = m[j][j];
        for (size_t k = 0; k < j; k++) m[j][j] -= m[j][k] * m[j][k];
        bool free_direction = !(m[j][j] > 1e-9 * before);
        m[j][j] = free_direction ? 0 : sqrt(m[j][j]);
        for (size_t i = j + 1; i < n; i++) {
            for (size_t k = 0; k < j; k++) m[i][j] -= m[i][k] * m[j][k];
            m[i][j] = free_direction ? 0 : m[i][j] / m[j][j];
        }
        for (size_t k = 0; k < j; k++) r[j] -= m[j][k] * r[k];
        r[j] = free_direction ? 0 : r[j] / m[j][j];
    }
    for (size_t j = n; j-- > 0;) {
        for (size_t i = j + 1; i < n; i++) r[j] -= m[i][j] * r[i];
        r[j] = m[j][j] > 0 ? r[j] / m[j][j] : 0;
    }
}

/* How much a pixel counts, `distance` away from the present surface: nearly all where it lies within `spread`, little
 * or (for the final fit) nothing where it is ink. */
static double weight(double distance, double spread, bool cut) {
    double share = distance / spread;
    if (cut) return fabs(share) < 1 ? (1 - share * share) * (1 - share * share) : 0; /* Tukey's biweight */
    return 1 / fmax(1, fabs(share));                                                 /* least absolute deviations */
}

/* Fits the first `terms` terms to the picture, only to its border of `frame` pixels if that is not 0, by iteratively
 * reweighted least squares from the present surface. */
static void fit_surface(const struct canvas *canvas, struct surface *surface, size_t terms, size_t frame,
                        double spread) {
    size_t height = canvas->height, width = canvas->width, step = 1;
    while (!frame && height * width / (step * step) > SAMPLES) step++;
    for (int round = 0; round < ROUNDS; round++) {
        double m[TERMS][TERMS] = {0}, r[TERMS] = {0};
        for (size_t y = 0; y < height; y += step) {
            bool whole_row = !frame || y < frame || y + frame >= height;
            for (size_t x = 0; x < width; x += step) {
                if (!whole_row && x == frame && width > 2 * frame) x = width - frame; /* skip the inside */
                double at[TERMS], value = (double)canvas->values[y * width + x];
                basis(canvas, y, x, at);
                double w = weight(value - level_at(surface, at), spread, !frame);
                for (size_t i = 0; i < terms; i++) {
                    for (size_t j = 0; j <= i; j++) m[i][j] += w * at[i] * at[j];
                    r[i] += w * at[i] * value;
                }
            }
        }
        if (!(m[0][0] > 0)) return; /* nothing looks like background: keep what there is */
        solve(m, r, terms);
        for (size_t i = 0; i < TERMS; i++) surface->terms[i] = i < terms ? r[i] : 0;
    }
}

/* The median distance of the border's pixels from the surface. */
static double border_median(const struct canvas *canvas, const struct surface *surface, size_t frame) {
    size_t counts[256] = {0}, total = 0, below = 0, level = 0;
    for (size_t y = 0; y < canvas->height; y++)
        for (size_t x = 0; x < canvas->width; x++) {
            if (y >= frame && y + frame < canvas->height && x >= frame && x + frame < canvas->width) continue;
            double at[TERMS], value = (double)canvas->values[y * canvas->width + x];
            basis(canvas, y, x, at);
            counts[(size_t)fmin(fabs(value - level_at(surface, at)), 255)]++;
            total++;
        }
    while (level < 255 && 2 * (below += counts[level]) < total) level++;
    return (double)level + 0.5;
}

/* Turns grey levels into ink: the distance from the background to the side on which more lies, 0 on the other.
 * Returns the deviation of the background. */
static double subtract_background(struct canvas *canvas) {
    size_t shorter = canvas->height < canvas->width ? canvas->height : canvas->width, frame = 1 + shorter / 32;
    struct surface surface = {0};
    surface.terms[0] = border_median(canvas, &surface, frame); /* from a surface at 0 */
    fit_surface(canvas, &surface, 3, frame, 2);
    double deviation = 1.4826 * border_median(canvas, &surface, frame);
    fit_surface(canvas, &surface, TERMS, 0, fmax(12, 4 * deviation));
    double dark = 0, light = 0;
    for (size_t y = 0; y < canvas->height; y++)
        for (size_t x = 0; x < canvas->width; x++) {
            double at[TERMS];
            float *value = &canvas->values[y * canvas->width + x];
            basis(canvas, y, x, at);
            *value -= (float)level_at(&surface, at);
            if (*value < 0)
                dark += (double)(*value * *value);
            else
                light += (double)(*value * *value);
        }
    float sign = dark > light ? -1 : 1;
    for (size_t i = 0; i < canvas->height * canvas->width; i++) canvas->values[i] = fmaxf(0, sign * canvas->values[i]);
    return deviation;
}

/* ---- Ink ---------------------------------------------------------------------------------------------- */

/* Otsu's threshold between background and ink, and the difference of their means. */
static double otsu(const struct canvas *canvas, double *contrast) {
    enum { BINS = 256 };
    double count[BINS] = {0}, sum[BINS] = {0}, all = 0, total = 0, count_below = 0, sum_below = 0, best = 0, cut = 0;
    for (size_t i = 0; i < canvas->height * canvas->width; i++) {
        size_t bin = (size_t)fminf(canvas->values[i], BINS - 1);
        count[bin]++;
        sum[bin] += (double)canvas->values[i];
        all++;
        total += (double)canvas->values[i];
    }
    *contrast = 0;
    for (size_t bin = 0; bin + 1 < BINS; bin++) {
        count_below += count[bin];
        sum_below += sum[bin];
        if (count[bin] == 0 || count_below == all) continue;
        double difference = (total - sum_below) / (all - count_below) - sum_below / count_below;
        double between = count_below * (all - count_below) * difference * difference;
        if (between <= best) continue;
        best = between;
        *contrast = difference;
        cut = sum_below / count_below + difference / 2; /* in the middle, since any cut between the two is as good */
    }
    return cut;
}

/* A connected piece of ink; its pixels are stack[0..count-1]. */
struct piece {
    double mass;
    float peak;
    size_t count;
    bool at_border; /* of the picture */
};

/* Floods the piece of ink above `low` that holds pixel `start`. */
static struct piece flood(struct canvas *canvas, size_t start, float low) {
    size_t width = canvas->width, height = canvas->height, done = 0;
    struct piece piece = {0};
    canvas->seen[start] = 1;
    canvas->stack[piece.count++] = start;
    while (done < piece.count) {
        size_t at = canvas->stack[done++], y = at / width, x = at % width;
        piece.mass += (double)canvas->values[at];
        piece.peak = fmaxf(piece.peak, canvas->values[at]);
        piece.at_border = piece.at_border || x == 0 || y == 0 || x + 1 == width || y + 1 == height;
        for (size_t ny = y ? y - 1 : 0; ny <= y + 1 && ny < height; ny++)
            for (size_t nx = x ? x - 1 : 0; nx <= x + 1 && nx < width; nx++) {
                size_t next = ny * width + nx;
                if (canvas->seen[next] || !(canvas->values[next] > low)) continue;
                canvas->seen[next] = 1;
                canvas->stack[piece.count++] = next;
            }
    }
    return piece;
}

/* Sets to 0 what is not above `low`, pieces that nowhere exceed `high`, and pieces too light beside the `heaviest` one.
 * Returns the mass of the heaviest piece. */
static double keep_pieces(struct canvas *canvas, float low, float high, double heaviest) {
    size_t pixels = canvas->height * canvas->width;
    double found = 0;
    memset(canvas->seen, 0, pixels);
    for (size_t i = 0; i < pixels; i++) {
        if (!(canvas->values[i] > low)) canvas->values[i] = 0;
        if (canvas->seen[i] || canvas->values[i] == 0) continue;
        struct piece piece = flood(canvas, i, low);
        double least = heaviest * (piece.at_border ? scrap_share : speck_share);
        if (piece.peak > high && piece.mass >= least)
            found = fmax(found, piece.mass);
        else
            for (size_t k = 0; k < piece.count; k++) canvas->values[canvas->stack[k]] = 0;
    }
    return found;
}

/* The level that full_share of the ink's pixels reach. */
static float full_level(const struct canvas *canvas, float threshold) {
    size_t counts[256] = {0}, total = 0, below = 0, level = 0;
    for (size_t i = 0; i < canvas->height * canvas->width; i++) {
        if (!(canvas->values[i] > threshold)) continue;
        counts[(size_t)fminf(canvas->values[i], 255)]++;
        total++;
    }
    while (level < 255 && (double)(below += counts[level]) <= (1 - full_share) * (double)total) level++;
    return (float)level;
}

/* Leaves the ink alone, stretched to 0..255. False if there is none. */
static bool find_ink(struct canvas *canvas) {
    double deviation = subtract_background(canvas), contrast;
    float threshold = (float)otsu(canvas, &contrast), low = (float)low_share * threshold;
    if (contrast < least_contrast || contrast < least_distinct * deviation) return false;
    keep_pieces(canvas, low, threshold, keep_pieces(canvas, low, threshold, 0));
    float full = full_level(canvas, threshold);
    for (size_t i = 0; i < canvas->height * canvas->width; i++)
        canvas->values[i] = fminf(255, canvas->values[i] * (255 / full));
    return true;
}

/* ---- The digit ---------------------------------------------------------------------------------------- */

/* How many source pixels make `*out` output pixels of longer / INNER each, at least `length`: the box is widened by a
 * little background instead of being stretched. */
static size_t widen(size_t length, size_t longer, size_t *out) {
    *out = (length * INNER + longer - 1) / longer;
    size_t wide = (2 * *out * longer + INNER) / (2 * INNER);
    return wide > length ? wide : length;
}

/* Scales the ink in `box` to INNER pixels, centres it and writes the digit. */
static enum ten_status write_digit(const struct canvas *canvas, struct ten_box box, uint8_t *digit,
                                   struct ten_error *error) {
    size_t longer = box.width > box.height ? box.width : box.height, out_height, out_width;
    size_t height = widen(box.height, longer, &out_height), width = widen(box.width, longer, &out_width);
    float *ink = ten_alloc_zero(height, width * sizeof *ink);
    if (!ink) return ten_fail_memory(error, "a digit");
    size_t top = (height - box.height) / 2, left = (width - box.width) / 2;
    for (size_t y = 0; y < box.height; y++)
        memcpy(ink + (top + y) * width + left, canvas->values + (box.y + y) * canvas->width + box.x,
               box.width * sizeof *ink);
    float small[INNER * INNER], large[SIDE * SIDE], most = 0;
    struct ten_box whole = {.height = height, .width = width};
    ten_resize_area(ink, width, whole, small, out_width, out_height, out_width);
    ten_center_by_mass(small, out_height, out_width, large, SIDE);
    for (size_t i = 0; i < SIDE * SIDE; i++) most = fmaxf(most, large[i]);
    for (size_t i = 0; i < SIDE * SIDE && most > 0; i++) digit[i] = (uint8_t)lrintf(large[i] * (255 / most));
    free(ink);
    return TEN_OK;
}

/* The box in the original picture. */
static struct ten_box enlarge_box(struct ten_box box, size_t factor, const struct ten_image *image) {
    size_t right = (box.x + box.width) * factor, bottom = (box.y + box.height) * factor;
    if (right > image->width) right = image->width;
    if (bottom > image->height) bottom = image->height;
    return (struct ten_box){
        .x = box.x * factor, .y = box.y * factor, .width = right - box.x * factor, .height = bottom - box.y * factor};
}

enum ten_status ten_image_to_digit(const struct ten_image *image, uint8_t digit[28 * 28], struct ten_box *box,
                                   struct ten_error *error) {
    memset(digit, 0, SIDE * SIDE);
    if (box) *box = (struct ten_box){0};
    if (!image->pixels || image->height == 0 || image->width == 0)
        return ten_fail(error, TEN_INVALID, "a picture of %zu x %zu pixels holds no digit", image->width,
                        image->height);
    struct canvas canvas;
    enum ten_status status = make_canvas(&canvas, image, error);
    if (status == TEN_OK && find_ink(&canvas)) {
        struct ten_box ink = ten_ink_box(canvas.values, canvas.height, canvas.width);
        if (ink.width) status = write_digit(&canvas, ink, digit, error);
        if (ink.width && status == TEN_OK && box) *box = enlarge_box(ink, canvas.factor, image);
    }
    release_canvas(&canvas);
    return status;
}

enum ten_status ten_image_to_digits(struct ten_digits *out, const struct ten_image *image, struct ten_error *error) {
    *out = (struct ten_digits){0};
    struct ten_digit *digit = ten_alloc_zero(1, sizeof *digit);
    if (!digit) return ten_fail_memory(error, "a digit");
    enum ten_status status = ten_image_to_digit(image, digit->pixels, &digit->box, error);
    if (status != TEN_OK || digit->box.width == 0) {
        free(digit);
        return status;
    }
    *out = (struct ten_digits){.count = 1, .digits = digit};
    return TEN_OK;
}

void ten_digits_release(struct ten_digits *digits) {
    if (!digits) return;
    free(digits->digits);
    *digits = (struct ten_digits){0};
}
