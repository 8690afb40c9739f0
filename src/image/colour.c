/* Grey is luma, as people see it, unless ink and ground are much alike in it: yellow on white, green on red. Then it is
 * the projection in which they differ most: the first principal axis of the differences of pixels some way apart. Light
 * that changes slowly hardly counts in those, and most of what counts is ink against ground. */
#include "image/colour.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SAMPLES = 4096, ROUNDS = 24, FIXED = 15 };

static const double least_luma = 0.3; /* of the best projection's variance must be left in luma */

/* Weights of red, green and blue in luma: of sRGB, in units of 2^-15, as libpng has them. */
static const int luma[3] = {6968, 23434, 2366};

/* Red, green and blue less their mean level from luma and the two differences of JPEG (ITU-T T.871). */
static const double from_ycc[3][3] = {{1, 0, 1.402}, {1, -0.344136, -0.714136}, {1, 1.772, 0}};

static size_t channels_of(enum ten_colours colours) {
    return colours == TEN_GREY_ALPHA ? 2 : colours == TEN_RGBA ? 4 : 3;
}

/* ---- Opacity ---------------------------------------------------------------------------------------------- */

static unsigned over(unsigned value, unsigned opacity, unsigned ground) {
    return (value * opacity + ground * (255 - opacity) + 127) / 255;
}

/* Lays pixels with opacity (the last channel) on black or white. */
static void lay_on_ground(uint8_t *pixels, size_t count, size_t channels) {
    uint64_t light = 0, opacity = 0;
    uint8_t least = 255;
    for (size_t i = 0; i < count; i++)
        least = pixels[i * channels + channels - 1] < least ? pixels[i * channels + channels - 1] : least;
    if (least == 255) return;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = pixels + i * channels;
        unsigned grey = channels == 2
                            ? pixel[0]
                            : (unsigned)(luma[0] * pixel[0] + luma[1] * pixel[1] + luma[2] * pixel[2]) >> FIXED;
        light += grey * pixel[channels - 1];
        opacity += pixel[channels - 1];
    }
    unsigned ground = 2 * light > 255 * opacity ? 0 : 255; /* black below mostly light ink, else white */
    for (size_t i = 0; i < count; i++) {
        uint8_t *pixel = pixels + i * channels;
        for (size_t c = 0; c + 1 < channels; c++) pixel[c] = (uint8_t)over(pixel[c], pixel[channels - 1], ground);
    }
}

/* ---- The projection --------------------------------------------------------------------------------------- */

/* Adds the difference of two pixels to the covariance of red, green and blue. */
static void add_difference(double covariance[3][3], const uint8_t *a, const uint8_t *b, bool ycc) {
    double raw[3], rgb[3];
    for (int c = 0; c < 3; c++) raw[c] = a[c] - b[c];
    for (int c = 0; c < 3; c++)
        rgb[c] = ycc ? from_ycc[c][0] * raw[0] + from_ycc[c][1] * raw[1] + from_ycc[c][2] * raw[2] : raw[c];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) covariance[i][j] += rgb[i] * rgb[j];
}

static void measure(double covariance[3][3], const uint8_t *pixels, size_t height, size_t width, size_t channels,
                    bool ycc) {
    size_t step = 1, shorter = height < width ? height : width, far = 1 + shorter / 32;
    while (height * width / (step * step) > SAMPLES) step++;
    for (size_t y = 0; y < height; y += step)
        for (size_t x = 0; x < width; x += step) {
            const uint8_t *here = pixels + (y * width + x) * channels;
            if (x + far < width) add_difference(covariance, here, here + far * channels, ycc);
            if (y + far < height) add_difference(covariance, here, here + far * width * channels, ycc);
        }
}

static double variance_along(double covariance[3][3], const double axis[3]) {
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) sum += axis[i] * covariance[i][j] * axis[j];
    return sum;
}

/* Makes the magnitudes' sum 1: then the projection's range is that of one byte. */
static void normalise(double axis[3]) {
    double sum = fabs(axis[0]) + fabs(axis[1]) + fabs(axis[2]);
    for (int c = 0; c < 3 && sum > 0; c++) axis[c] /= sum;
}

/* Whether luma will not do, and the weights of red, green and blue that will. */
static bool find_axis(double covariance[3][3], double axis[3]) {
    double seen[3] = {luma[0], luma[1], luma[2]};
    normalise(seen);
    /* from the channel that varies most: the axis cannot be at a right angle to it */
    int most = covariance[1][1] >= covariance[0][0] ? 1 : 0;
    if (covariance[2][2] > covariance[most][most]) most = 2;
    for (int c = 0; c < 3; c++) axis[c] = covariance[most][c];
    for (int round = 0; round < ROUNDS; round++) { /* power iteration */
        double next[3] = {0};
        normalise(axis);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) next[i] += covariance[i][j] * axis[j];
        memcpy(axis, next, sizeof next);
    }
    normalise(axis);
    double left = variance_along(covariance, seen), best = variance_along(covariance, axis);
    if (!(best > 0) || left >= least_luma * best) return false;
    if (axis[0] * seen[0] + axis[1] * seen[1] + axis[2] * seen[2] < 0) /* lighter stays lighter */
        for (int c = 0; c < 3; c++) axis[c] = -axis[c];
    return true;
}

/* Each pixel along the axis; what would be negative is moved up. */
static void project(uint8_t *pixels, size_t count, size_t channels, bool ycc, const double axis[3]) {
    double offset = 0, weights[3];
    int fixed[3];
    for (int c = 0; c < 3; c++) offset += axis[c] < 0 ? -255 * axis[c] : 0;
    for (int c = 0; c < 3; c++)
        weights[c] = ycc ? axis[0] * from_ycc[0][c] + axis[1] * from_ycc[1][c] + axis[2] * from_ycc[2][c] : axis[c];
    if (ycc) offset -= 128 * (weights[1] + weights[2]);
    for (int c = 0; c < 3; c++) fixed[c] = (int)lrint(weights[c] * (1 << FIXED));
    int rounding = (int)lrint((offset + 0.5) * (1 << FIXED));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = pixels + i * channels;
        int value = (fixed[0] * pixel[0] + fixed[1] * pixel[1] + fixed[2] * pixel[2] + rounding) >> FIXED;
        pixels[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

static void take_first(uint8_t *pixels, size_t count, size_t channels) {
    for (size_t i = 0; i < count; i++) pixels[i] = pixels[i * channels];
}

static bool is_grey(const uint8_t *pixels, size_t count, size_t channels) {
    unsigned differences = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = pixels + i * channels;
        differences |= (unsigned)((pixel[0] ^ pixel[1]) | (pixel[1] ^ pixel[2]));
    }
    return differences == 0;
}

void ten_colour_to_grey(uint8_t *pixels, size_t height, size_t width, enum ten_colours colours) {
    size_t channels = channels_of(colours), count = height * width;
    double covariance[3][3] = {{0}}, axis[3];
    bool ycc = colours == TEN_YCC;
    if (colours == TEN_GREY_ALPHA || colours == TEN_RGBA) lay_on_ground(pixels, count, channels);
    if (colours == TEN_GREY_ALPHA || (!ycc && is_grey(pixels, count, channels))) {
        take_first(pixels, count, channels);
        return;
    }
    measure(covariance, pixels, height, width, channels, ycc);
    if (find_axis(covariance, axis)) {
        project(pixels, count, channels, ycc, axis);
    } else if (ycc) {
        take_first(pixels, count, channels);
    } else {
        for (size_t i = 0; i < count; i++) {
            const uint8_t *pixel = pixels + i * channels;
            pixels[i] = (uint8_t)((luma[0] * pixel[0] + luma[1] * pixel[1] + luma[2] * pixel[2]) >> FIXED);
        }
    }
}
