/* Ways of writing the digits; see writing.h. */
#include "image/writing.h"

#include "image/pen.h"

enum { LABELS = 10, MOST_WAYS = 12, MOST_POINTS = 16 };

/* Points as pairs of digits, x and y from the upper left, behind the kind of a stroke: lines from point to point, or a
 * curve through them. */
static const char *const ways[LABELS][MOST_WAYS] = {
    {"c 60 20 03 06 29 69 96 93 60", "c 50 30 13 16 39 59 76 73 50 30", "c 70 40 12 06 28 59 87 92 60 31",
     "c 50 20 13 16 39 59 76 73 50 l 81 18"},
    {"l 50 59", "l 23 50 59", "l 14 60 59", "l 23 50 59 l 29 89", "l 50 59 l 29 79", "l 33 50 49 l 29 69", "l 14 40 39",
     "c 23 42 50 l 50 59 l 29 79", "l 24 50 49 l 29 89"},
    {"c 13 20 60 83 66 29 l 19 99", "c 12 40 82 75 28 08 18 48 99", "l 11 81 19 89", "l 11 71 74 48 l 48 89",
     "c 11 40 71 84 76 48 l 48 99", "c 12 30 60 82 65 37 18 29 48 99"},
    {"c 11 40 81 73 44 c 44 85 88 39 08", "l 10 80 44 c 44 85 88 39 08", "c 11 50 82 54 34 44 75 88 49 08",
     "c 22 13 02 20 60 82 54 44 75 88 49 08", "l 10 80 54 c 54 76 88 39 08", "c 11 50 82 54 44 75 87 49 18 26 47"},
    {"l 20 15 85 l 62 69", "l 30 05 85 l 60 69", "l 60 06 96 l 60 69", "l 60 15 65 l 60 69", "l 70 14 64 l 70 59",
     "c 20 13 05 25 l 25 75 l 61 69", "l 70 05 85 l 70 49", "l 60 14 65 l 60 79", "l 60 24 64 l 60 69",
     "l 80 24 85 l 80 69", "c 60 24 65 l 60 69", "l 20 24 64 l 60 69"},
    {"l 80 20 14 c 14 44 85 87 49 08", "l 20 80 l 20 14 c 14 44 85 87 49 08", "c 81 40 13 44 76 78 39 07",
     "l 71 20 23 c 23 53 77 87 39 08"},
    {"c 71 33 05 18 49 78 75 45 15", "l 70 14 c 14 07 29 69 86 64 34 15", "c 50 13 26 18 49 78 86 64 34 16",
     "l 60 23 c 23 06 28 59 88 75 44 16"},
    {"l 00 90 39", "l 00 90 39 l 25 75", "l 03 00 90 39", "l 01 80 c 80 54 49", "l 02 01 90 49 l 26 76",
     "c 01 30 90 40 l 90 49", "l 01 90 49 l 25 85"},
    {"c 81 50 21 34 66 88 59 28 16 45 72 81", "c 50 22 34 64 72 50 c 54 16 28 59 88 86 54",
     "c 71 40 12 35 66 77 59 27 35 43 71", "c 61 50 22 34 62 50 c 44 16 18 59 87 55 44"},
    {"c 82 50 22 14 45 74 82 l 82 79", "c 82 50 22 34 65 83 c 83 86 59 29", "c 62 41 23 44 72 81 85 58 19",
     "c 82 50 22 14 45 74 82 l 82 59", "c 72 40 21 24 64 72 l 72 49", "c 72 50 32 44 65 72 c 72 86 58 29",
     "c 62 42 34 45 63 71 83 86 68 39"},
};

/* The points of the stroke at *text, each moved by chance; *text goes on behind it. */
static size_t read_points(const char **text, struct ten_random *random, double across, double down,
                          struct ten_point *points) {
    const double jitter = 0.85, step = TEN_PEN_UNITS / 9, middle = TEN_PEN_UNITS / 2;
    size_t count = 0;
    for (; (*text)[0] == ' ' && (*text)[1] <= '9' && count < MOST_POINTS; *text += 3) {
        double x = step * ((*text)[1] - '0'), y = step * ((*text)[2] - '0');
        points[count].x = middle + (x - middle) * across + ten_draw_between(random, -jitter, jitter);
        points[count++].y = middle + (y - middle) * down + ten_draw_between(random, -jitter, jitter);
    }
    return count;
}

void ten_write_digit(struct ten_random *random, size_t label, size_t height, size_t width, float *out) {
    struct ten_drawing drawing = ten_drawing_new(random, height, width, out);
    size_t count = 0;
    while (count < MOST_WAYS && ways[label][count]) count++;
    const char *text = ways[label][ten_random_below(random, count)];
    double across = ten_draw_between(random, 0.5, 1), down = ten_draw_between(random, 0.75, 1);
    while (*text) {
        struct ten_point points[MOST_POINTS];
        char kind = *text++;
        size_t points_read = read_points(&text, random, across, down, points);
        if (kind == 'c') ten_draw_curve(&drawing, points, points_read);
        for (size_t i = 1; kind == 'l' && i < points_read; i++) ten_draw_line(&drawing, points[i - 1], points[i]);
        if (*text == ' ') text++;
    }
}
