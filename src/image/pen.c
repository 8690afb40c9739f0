#include "image/pen.h"

#include <math.h>
#include <string.h>

static const double units = TEN_PEN_UNITS;
static const double box_share = 20.0 / 28;           /* of the image's side */
static const double pen_least = 0.6, pen_most = 1.9; /* half widths of strokes, in units */

double ten_draw_between(struct ten_random *random, double low, double high) {
    return low + (high - low) * ten_random_unit(random);
}

struct ten_drawing ten_drawing_new(struct ten_random *random, size_t height, size_t width, float *out) {
    memset(out, 0, height * width * sizeof *out);
    return (struct ten_drawing){random, height, width, ten_draw_between(random, pen_least, pen_most), out};
}

double ten_drawing_scale_x(const struct ten_drawing *d) { return box_share * (double)d->width / units; }
double ten_drawing_scale_y(const struct ten_drawing *d) { return box_share * (double)d->height / units; }

static double clamp(double value, double low, double high) { return fmin(fmax(value, low), high); }

static size_t pixel_from(double place, size_t most) {
    return place <= 0 ? 0 : place >= (double)most ? most : (size_t)place;
}

void ten_draw_line(const struct ten_drawing *d, struct ten_point from, struct ten_point to) {
    double across = ten_drawing_scale_x(d), down = ten_drawing_scale_y(d), pen = d->pen * fmin(across, down);
    double x0 = (double)d->width / 2 + (from.x - units / 2) * across - 0.5, dx = (to.x - from.x) * across;
    double y0 = (double)d->height / 2 + (from.y - units / 2) * down - 0.5, dy = (to.y - from.y) * down;
    double length = dx * dx + dy * dy, factor = length > 0 ? 1 / length : 0, reach = pen + 0.5;
    size_t left = pixel_from(fmin(x0, x0 + dx) - reach, d->width),
           top = pixel_from(fmin(y0, y0 + dy) - reach, d->height);
    size_t right = pixel_from(fmax(x0, x0 + dx) + reach + 1, d->width);
    size_t bottom = pixel_from(fmax(y0, y0 + dy) + reach + 1, d->height);
    for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++) {
            double u = (double)x - x0, v = (double)y - y0, along = clamp((u * dx + v * dy) * factor, 0, 1);
            double aside = u - along * dx, above = v - along * dy, away = sqrt(aside * aside + above * above);
            float value = (float)clamp(reach - away, 0, 1), *at = &d->out[y * d->width + x];
            *at = *at > value ? *at : value;
        }
}

static double between(double before, double from, double to, double after, double t) {
    double bend = 2 * before - 5 * from + 4 * to - after, turn = 3 * (from - to) + after - before;
    return from + t / 2 * (to - before + t * (bend + t * turn));
}

void ten_draw_curve(const struct ten_drawing *d, const struct ten_point *p, size_t count) {
    enum { STEPS = 6 };
    struct ten_point last = p[0];
    for (size_t i = 0; i + 1 < count; i++) {
        const struct ten_point *before = &p[i ? i - 1 : 0], *after = &p[i + 2 < count ? i + 2 : count - 1];
        for (int step = 1; step <= STEPS; step++) {
            double t = (double)step / STEPS;
            struct ten_point next = {between(before->x, p[i].x, p[i + 1].x, after->x, t),
                                     between(before->y, p[i].y, p[i + 1].y, after->y, t)};
            ten_draw_line(d, last, next);
            last = next;
        }
    }
}
