/* Drawings of no digit; see scribble.h. All but textures are lines of a round pen between points of a square of
 * `units`, which lies in the middle of the image. */
#include "image/scribble.h"

#include "image/pen.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static const double units = TEN_PEN_UNITS;

static double clamp(double value, double low, double high) { return fmin(fmax(value, low), high); }

static struct ten_point draw_point(struct ten_random *random) {
    double x = units * ten_random_unit(random);
    return (struct ten_point){x, units * ten_random_unit(random)};
}

/* ---- Lines ---------------------------------------------------------------------------------------------------------
 */

/* A curve from one random place towards the next, turning by at most so much a step: loops and bows. */
static void draw_walk(const struct ten_drawing *d, double length, double most_bend) {
    const double step = 1.5, near = 4;
    struct ten_point at = draw_point(d->random), goal = draw_point(d->random);
    double angle = ten_draw_between(d->random, 0, 2 * acos(-1));
    for (double done = 0; done < length; done += step) {
        double right = goal.x - at.x, down = goal.y - at.y;
        if (hypot(right, down) < near) goal = draw_point(d->random);
        double turn = remainder(atan2(down, right) - angle, 2 * acos(-1));
        angle += clamp(turn, -most_bend, most_bend);
        struct ten_point next = {clamp(at.x + step * cos(angle), 0, units), clamp(at.y + step * sin(angle), 0, units)};
        ten_draw_line(d, at, next);
        at = next;
    }
}

static void draw_scribble(const struct ten_drawing *d) {
    for (uint64_t n = 1 + ten_random_below(d->random, 2); n > 0; n--)
        draw_walk(d, ten_draw_between(d->random, 90, 200), ten_draw_between(d->random, 0.25, 1));
}

/* One line to and fro. */
static void draw_zigzag(const struct ten_drawing *d) {
    struct ten_point at = draw_point(d->random);
    for (uint64_t n = 6 + ten_random_below(d->random, 12); n > 0; n--) {
        struct ten_point next = draw_point(d->random);
        ten_draw_line(d, at, next);
        at = next;
    }
}

static void draw_crossed_lines(const struct ten_drawing *d) {
    for (uint64_t n = 5 + ten_random_below(d->random, 6); n > 0; n--) {
        struct ten_point from = draw_point(d->random);
        ten_draw_line(d, from, draw_point(d->random));
    }
}

/* Lines across and down, or one way and slanted: squared paper, hatching, fences. */
static void draw_grid(const struct ten_drawing *d) {
    size_t across = 3 + (size_t)ten_random_below(d->random, 4), down = (size_t)ten_random_below(d->random, 6);
    double slant = ten_draw_between(d->random, -3, 3);
    if (down == 1 || down == 2) down = 3;
    if (down == 0) across += 2;
    for (size_t i = 0; i < across; i++) {
        double x = units * (double)i / (double)(across - 1);
        ten_draw_line(d, (struct ten_point){clamp(x + slant, 0, units), 0},
                      (struct ten_point){clamp(x - slant, 0, units), units});
    }
    for (size_t i = 0; i < down; i++) {
        double y = units * (double)i / (double)(down - 1);
        ten_draw_line(d, (struct ten_point){0, y}, (struct ten_point){units, clamp(y + slant, 0, units)});
    }
}

/* Rings within or beside each other, or a spiral. */
static void draw_rings(const struct ten_drawing *d) {
    uint64_t rings = 2 + ten_random_below(d->random, 3);
    bool spiral = ten_random_below(d->random, 3) == 0, nested = ten_random_below(d->random, 2) == 0;
    double turns = spiral ? ten_draw_between(d->random, 2.2, 4) : 1, middle = units / 2;
    if (spiral) rings = 1;
    if (!nested && !spiral) rings += 2; /* two side by side or above each other would be an 8 */
    for (uint64_t n = 0; n < rings; n++) {
        bool centred = nested || spiral;
        double radius = centred ? units / 2 * (double)(n + 1) / (double)rings : ten_draw_between(d->random, 2, 6);
        struct ten_point centre = centred ? (struct ten_point){middle, middle} : draw_point(d->random);
        struct ten_point last = {0, 0};
        for (int i = 0; i <= 24 * (int)ceil(turns); i++) {
            double angle = 2 * acos(-1) * i / 24, reach = spiral ? radius * angle / (2 * acos(-1) * turns) : radius;
            if (angle > 2 * acos(-1) * turns) break;
            struct ten_point at = {clamp(centre.x + reach * cos(angle), 0, units),
                                   clamp(centre.y + reach * sin(angle), 0, units)};
            if (i > 0) ten_draw_line(d, last, at);
            last = at;
        }
    }
}

/* ---- Signs ---------------------------------------------------------------------------------------------------------
 */

/* Points as pairs of digits, x and y from the upper left; a space lifts the pen. None is close to a way of writing a
 * digit. */
static const char *const signs[] = {
    "094099 2676",                         /* A */
    "90000999 0474",                       /* E */
    "900009 0474",                         /* F */
    "0009 9099 0494",                      /* H */
    "0009 900599",                         /* K */
    "0900459099",                          /* M */
    "09009990",                            /* N */
    "09006082640444 4499",                 /* R */
    "0029437990",                          /* W */
    "090220424942709299",                  /* m */
    "0090 2029 7079",                      /* pi */
    "490401204260919449",                  /* a heart */
    "090440949909 0494",                   /* a house */
    "090440949909 39366669",               /* with a door */
    "407903932940",                        /* a star of five points */
    "407194875928051240 3233 6263 365766", /* a face */
    "407194875928051240 3334 6364 375557", /* a sad one */
    "0494 619467",                         /* an arrow to the right */
    "4940 134073",                         /* one up */
    "4049 0494 1177 7117",                 /* an asterisk */
    "3039 6069 0393 0696",                 /* a hash */
    "40990940",                            /* a triangle */
    "0090990900 0099 9009",                /* a crossed box */
    "4051433140 4346 1474 294669",         /* a stick figure */
    "0494 0191 0797",                      /* a list */
    "4946 460220 466094 4609",             /* a plant */
};
enum { SIGNS = sizeof signs / sizeof *signs };

static void draw_sign(const struct ten_drawing *d) {
    const char *text = signs[ten_random_below(d->random, SIGNS)];
    const double jitter = 0.9, step = units / 9;
    double across = ten_draw_between(d->random, 0.6, 1), down = ten_draw_between(d->random, 0.6, 1);
    struct ten_point last = {0, 0};
    for (bool pen_down = false; *text; text++) {
        if (*text == ' ') {
            pen_down = false;
            continue;
        }
        struct ten_point at = {step * (*text - '0') * across + ten_draw_between(d->random, -jitter, jitter),
                               step * (text[1] - '0') * down + ten_draw_between(d->random, -jitter, jitter)};
        if (pen_down) ten_draw_line(d, last, at);
        last = at;
        pen_down = true;
        text++;
    }
}

/* ---- Areas ---------------------------------------------------------------------------------------------------------
 */

/* A form without a stroke: within a wavy outline about its middle, and not as slim as a thick 1. */
struct form {
    double rx, ry, depth, phase; /* radii in units, how deep the waves are */
    int waves;
    double power; /* 2: an ellipse, more: ever more a rectangle */
};

static struct form draw_form(struct ten_random *random) {
    struct form f = {.rx = ten_draw_between(random, 6.5, 10), .ry = ten_draw_between(random, 5, 10)};
    f.depth = ten_draw_between(random, 0, 0.35);
    f.phase = ten_draw_between(random, 0, 2 * acos(-1));
    f.waves = 2 + (int)ten_random_below(random, 6);
    f.power = ten_random_below(random, 2) ? 2 : ten_draw_between(random, 2, 8);
    return f;
}

/* How far inside a place is, in units, about; negative outside. */
static double inside(const struct form *f, double x, double y) {
    double u = fabs(x) / f->rx, v = fabs(y) / f->ry;
    double radius = f->power == 2 ? sqrt(u * u + v * v) : pow(pow(u, f->power) + pow(v, f->power), 1 / f->power);
    if (radius > 1.2) return -1; /* by more than half a unit */
    double most = 1 - f->depth * (0.5 + 0.5 * cos(f->waves * atan2(y, x) + f->phase));
    return (most - radius) * fmin(f->rx, f->ry);
}

/* What fills it: level 0.4 to 1, or stripes, or blotches. */
static void fill_form(const struct ten_drawing *d, bool textured) {
    struct form f = draw_form(d->random);
    double base = textured ? ten_draw_between(d->random, 0.3, 0.8) : 1,
           depth = textured ? ten_draw_between(d->random, 0, 0.6) : 0;
    double angle = ten_draw_between(d->random, 0, acos(-1)), period = ten_draw_between(d->random, 2, 12);
    double right = cos(angle) * 2 * acos(-1) / period, down = sin(angle) * 2 * acos(-1) / period;
    double grain = textured ? ten_draw_between(d->random, 0, 0.4) : 0;
    for (size_t row = 0; row < d->height; row++)
        for (size_t column = 0; column < d->width; column++) {
            double x = ((double)column + 0.5 - (double)d->width / 2) / ten_drawing_scale_x(d);
            double y = ((double)row + 0.5 - (double)d->height / 2) / ten_drawing_scale_y(d), deep = inside(&f, x, y);
            if (deep <= -0.5) continue;
            double level = base + depth * sin(right * x + down * y) + ten_draw_between(d->random, -grain, grain);
            d->out[row * d->width + column] = (float)(clamp(level, 0.1, 1) * clamp(deep + 0.5, 0, 1));
        }
}

static void draw_blot(const struct ten_drawing *d) { fill_form(d, false); }
static void draw_texture(const struct ten_drawing *d) { fill_form(d, true); }

static void (*const kinds[TEN_SCRIBBLE_KINDS])(const struct ten_drawing *d) = {
    draw_scribble, draw_zigzag, draw_crossed_lines, draw_grid, draw_rings, draw_sign, draw_blot, draw_texture};

void ten_scribble(struct ten_random *random, size_t kind, size_t height, size_t width, float *out) {
    struct ten_drawing drawing = ten_drawing_new(random, height, width, out);
    kinds[kind](&drawing);
}
