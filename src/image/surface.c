/* A polynomial of degree 2 by iteratively reweighted least squares: each pixel counts by the inverse of its distance
 * from the present surface (least absolute deviations), so that ink, which most pixels are not, hardly counts. */
#include "image/surface.h"

#include <math.h>
#include <string.h>

enum { TERMS = TEN_SURFACE_TERMS, ROUNDS = 8, SAMPLES = 2500 };

static const double least_better = 0.4; /* of the median distance from a level may remain, */
static const double most_pixels = 0.8;  /* of the pixels must come nearer, too: ink is less than the rest */
static const double most_left = 2;      /* and so many times what neighbours differ by: else it is no smooth light */

static void basis(size_t height, size_t width, size_t y, size_t x, double out[TERMS]) {
    double u = width > 1 ? 2.0 * (double)x / (double)(width - 1) - 1 : 0;
    double v = height > 1 ? 2.0 * (double)y / (double)(height - 1) - 1 : 0;
    out[0] = 1, out[1] = u, out[2] = v, out[3] = u * u, out[4] = u * v, out[5] = v * v;
}

static double level_at(const struct ten_surface *surface, const double at[TERMS]) {
    double level = 0;
    for (size_t i = 0; i < TERMS; i++) level += surface->terms[i] * at[i];
    return level;
}

/* Solves the normal equations m t = r (m's lower triangle) by Cholesky's method; a direction that the pixels do not
 * determine (a picture one pixel high) gets 0. */
static void solve(double m[TERMS][TERMS], double r[TERMS]) {
    for (size_t j = 0; j < TERMS; j++) {
        double before = m[j][j];
        for (size_t k = 0; k < j; k++) m[j][j] -= m[j][k] * m[j][k];
        bool free_direction = !(m[j][j] > 1e-9 * before);
        m[j][j] = free_direction ? 0 : sqrt(m[j][j]);
        for (size_t i = j + 1; i < TERMS; i++) {
            for (size_t k = 0; k < j; k++) m[i][j] -= m[i][k] * m[j][k];
            m[i][j] = free_direction ? 0 : m[i][j] / m[j][j];
        }
        for (size_t k = 0; k < j; k++) r[j] -= m[j][k] * r[k];
        r[j] = free_direction ? 0 : r[j] / m[j][j];
    }
    for (size_t j = TERMS; j-- > 0;) {
        for (size_t i = j + 1; i < TERMS; i++) r[j] -= m[i][j] * r[i];
        r[j] = m[j][j] > 0 ? r[j] / m[j][j] : 0;
    }
}

/* The distance from the surface that this share of the pixels, every step-th of both ways, does not exceed. */
static double distance(const struct ten_surface *surface, const uint8_t *pixels, size_t height, size_t width,
                       size_t step, double share) {
    size_t counts[1024] = {0}, total = 0, below = 0, bin = 0;
    for (size_t y = 0; y < height; y += step)
        for (size_t x = 0; x < width; x += step) {
            double at[TERMS];
            basis(height, width, y, x, at);
            counts[(size_t)fmin(4 * fabs(pixels[y * width + x] - level_at(surface, at)), 1023)]++;
            total++;
        }
    while (bin < 1023 && (double)(below += counts[bin]) < share * (double)total) bin++;
    return ((double)bin + 0.5) / 4;
}

/* The median difference of neighbouring pixels, less the surface's. */
static double median_step(const struct ten_surface *surface, const uint8_t *pixels, size_t height, size_t width) {
    size_t counts[1024] = {0}, total = 0, below = 0, bin = 0;
    for (size_t y = 0; y < height; y += 2)
        for (size_t x = 0; x + 1 < width; x++) {
            double here[TERMS], next[TERMS];
            basis(height, width, y, x, here);
            basis(height, width, y, x + 1, next);
            double step = pixels[y * width + x + 1] - pixels[y * width + x];
            counts[(size_t)fmin(4 * fabs(step - level_at(surface, next) + level_at(surface, here)), 1023)]++;
            total++;
        }
    while (bin < 1023 && 2 * (below += counts[bin]) < total) bin++;
    return ((double)bin + 0.5) / 4;
}

static void refit(struct ten_surface *surface, const uint8_t *pixels, size_t height, size_t width, size_t step) {
    double m[TERMS][TERMS] = {0}, r[TERMS] = {0};
    for (size_t y = 0; y < height; y += step)
        for (size_t x = 0; x < width; x += step) {
            double at[TERMS], value = pixels[y * width + x];
            basis(height, width, y, x, at);
            double w = 1 / fmax(1, fabs(value - level_at(surface, at)));
            for (size_t i = 0; i < TERMS; i++) {
                for (size_t j = 0; j <= i; j++) m[i][j] += w * at[i] * at[j];
                r[i] += w * at[i] * value;
            }
        }
    solve(m, r);
    memcpy(surface->terms, r, sizeof r);
}

bool ten_surface_fit(struct ten_surface *surface, const uint8_t *pixels, size_t height, size_t width) {
    size_t step = 1;
    while (height * width / (step * step) > SAMPLES) step++;
    *surface = (struct ten_surface){0};
    surface->terms[0] = distance(surface, pixels, height, width, step, 0.5); /* from 0: the median itself */
    double before = distance(surface, pixels, height, width, step, 0.5);
    double most_before = distance(surface, pixels, height, width, step, most_pixels);
    for (int round = 0; round < ROUNDS; round++) refit(surface, pixels, height, width, step);
    double left = distance(surface, pixels, height, width, step, 0.5);
    return left < least_better * before && left < most_left * median_step(surface, pixels, height, width) + 1 &&
           distance(surface, pixels, height, width, step, most_pixels) < 0.5 * most_before;
}

void ten_surface_subtract(const struct ten_surface *surface, uint8_t *pixels, size_t height, size_t width) {
    const double *t = surface->terms;
    float mean = (float)(t[0] + (t[3] + t[5]) / 3); /* over the square from -1 to 1 */
    for (size_t y = 0; y < height; y++) {
        double at[TERMS];
        basis(height, width, y, 0, at);
        double v = at[2];
        float a = (float)(t[0] + v * (t[2] + v * t[5])) - mean, b = (float)(t[1] + v * t[4]), c = (float)t[3];
        float unit = width > 1 ? 2 / (float)(width - 1) : 0;
        for (size_t x = 0; x < width; x++) {
            float u = width > 1 ? unit * (float)x - 1 : 0, value = (float)pixels[y * width + x] - (a + u * (b + u * c));
            pixels[y * width + x] = (uint8_t)(fminf(fmaxf(value, 0), 255) + 0.5f);
        }
    }
}
