#include "draw.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ten_image draw_blank(size_t height, size_t width, uint8_t level) {
    struct ten_image image = {.height = height, .width = width, .pixels = malloc(height * width)};
    assert_non_null(image.pixels);
    memset(image.pixels, level, height * width);
    return image;
}

/* How far the point lies from the segment a-b. */
static double distance(double x, double y, struct point a, struct point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(x - a.x - t * dx, y - a.y - t * dy);
}

static uint8_t byte(double value) { return (uint8_t)lrint(fmin(fmax(value, 0), 255)); }

void draw_line(struct ten_image *image, const struct point *points, size_t count, double radius, double level) {
    double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        left = fmin(left, points[i].x - radius - 2), right = fmax(right, points[i].x + radius + 2);
        top = fmin(top, points[i].y - radius - 2), bottom = fmax(bottom, points[i].y + radius + 2);
    }
    for (size_t y = (size_t)fmax(top, 0); y < image->height && (double)y < bottom; y++)
        for (size_t x = (size_t)fmax(left, 0); x < image->width && (double)x < right; x++) {
            double nearest = 1e9;
            for (size_t i = 0; i + 1 < count; i++)
                nearest = fmin(nearest, distance((double)x + 0.5, (double)y + 0.5, points[i], points[i + 1]));
            double cover = fmin(fmax(radius + 0.5 - nearest, 0), 1);
            uint8_t *pixel = &image->pixels[y * image->width + x];
            *pixel = byte(*pixel + cover * (level - *pixel));
        }
}

static const struct {
    int digit;
    size_t count;
    struct point points[10];
} shapes[] = {
    {0, 9, {{50, 0}, {20, 15}, {10, 50}, {20, 85}, {50, 100}, {80, 85}, {90, 50}, {80, 15}, {50, 0}}},
    {1, 2, {{55, 0}, {45, 100}}},
    {2, 6, {{10, 20}, {40, 0}, {75, 15}, {70, 45}, {10, 100}, {90, 100}}},
    {4, 5, {{60, 100}, {60, 0}, {10, 70}, {90, 70}, {90, 70}}},
    {5, 7, {{80, 0}, {25, 0}, {20, 45}, {60, 40}, {80, 70}, {55, 100}, {15, 95}}},
    {7, 3, {{10, 0}, {85, 0}, {40, 100}}},
};

void draw_digit(struct ten_image *image, int digit, double x, double y, double scale, double radius, double level) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (shapes[i].digit != digit) continue;
        struct point points[10];
        for (size_t k = 0; k < shapes[i].count; k++)
            points[k] = (struct point){x + scale * shapes[i].points[k].x, y + scale * shapes[i].points[k].y};
        draw_line(image, points, shapes[i].count, radius, level);
        return;
    }
    fail_msg("no shape of %d", digit);
}

/* Where a pixel lies along the direction, -0.5 to 0.5 or a little more, and in pixels. */
static double along(const struct ten_image *image, size_t y, size_t x, double direction, double *pixels) {
    double u = (double)x - (double)image->width / 2, v = (double)y - (double)image->height / 2;
    *pixels = cos(direction) * u + sin(direction) * v;
    return cos(direction) * u / (double)image->width + sin(direction) * v / (double)image->height;
}

void draw_shade(struct ten_image *image, double least, double direction) {
    double pixels;
    for (size_t i = 0; i < image->height * image->width; i++) {
        double place = along(image, i / image->width, i % image->width, direction, &pixels);
        image->pixels[i] = byte(image->pixels[i] * (1 - (1 - least) * fmin(fmax(place + 0.5, 0), 1)));
    }
}

void draw_shadow(struct ten_image *image, double share, double direction, double soft) {
    double pixels;
    for (size_t i = 0; i < image->height * image->width; i++) {
        along(image, i / image->width, i % image->width, direction, &pixels);
        double shade = fmin(fmax(pixels / soft + 0.5, 0), 1);
        image->pixels[i] = byte(image->pixels[i] * (1 - (1 - share) * shade));
    }
}

void draw_rules(struct ten_image *image, double step, double thickness, double slope, bool squared, double share) {
    for (size_t y = 0; y < image->height; y++)
        for (size_t x = 0; x < image->width; x++) {
            double level = fabs(fmod((double)y + slope * (double)x + 1000 * step + 7, step) - step / 2);
            double upright = fabs(fmod((double)x - slope * (double)y + 1000 * step + 3, step) - step / 2);
            double far = squared ? fmin(level, upright) : level;
            double cover = fmin(fmax(thickness / 2 + 0.5 - far, 0), 1);
            uint8_t *pixel = &image->pixels[y * image->width + x];
            *pixel = byte(*pixel * (1 - (1 - share) * cover));
        }
}

void draw_noise(struct ten_image *image, double deviation, uint64_t seed) {
    struct ten_random random;
    ten_random_init(&random, seed, 1);
    for (size_t i = 0; i < image->height * image->width; i++) {
        double sum = 0; /* of twelve uniform ones: variance 1 */
        for (int k = 0; k < 12; k++) sum += ten_random_unit(&random) - 0.5;
        image->pixels[i] = byte(image->pixels[i] + deviation * sum);
    }
}
