#include "image/scatter.h"

#include <math.h>

static const uint32_t colours[TEN_CLASSES] = {0x1f77b4, 0xff7f0e, 0x2ca02c, 0xd62728, 0x9467bd,
                                              0x8c564b, 0xe377c2, 0x7f7f7f, 0xbcbd22, 0x17becf};

/* Lays a colour over a pixel. */
static void cover(uint8_t *pixel, uint32_t colour, double share) {
    for (int c = 0; c < 3; c++) {
        double above = (double)(colour >> (16 - 8 * c) & 0xff);
        pixel[c] = (uint8_t)((double)pixel[c] + (above - (double)pixel[c]) * share + 0.5);
    }
}

/* A disc with a soft edge, centred anywhere between pixels. */
static void draw_disc(struct ten_canvas *canvas, double x, double y, double radius, uint32_t colour) {
    double reach = radius + 1;
    long top = lround(floor(y - reach)), bottom = lround(ceil(y + reach));
    long left = lround(floor(x - reach)), right = lround(ceil(x + reach));
    for (long r = top < 0 ? 0 : top; r <= bottom && r < (long)canvas->height; r++)
        for (long c = left < 0 ? 0 : left; c <= right && c < (long)canvas->width; c++) {
            double share = radius + 0.5 - hypot((double)c + 0.5 - x, (double)r + 0.5 - y);
            share = 0.8 * fmin(fmax(share, 0), 1);
            if (share > 0) cover(canvas->pixels + 3 * ((size_t)r * canvas->width + (size_t)c), colour, share);
        }
}

void ten_scatter_draw(struct ten_canvas *canvas, const float *points, const uint8_t *labels, size_t count) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < 2 * count; i++) {
        low[i % 2] = fmin(low[i % 2], (double)points[i]);
        high[i % 2] = fmax(high[i % 2], (double)points[i]);
    }
    double side = (double)(canvas->height < canvas->width ? canvas->height : canvas->width);
    double radius = fmin(fmax(side / 100 * 20 / sqrt((double)count + 1), side / 500), side / 100), margin = 3 * radius;
    double extent = fmax(high[0] - low[0], high[1] - low[1]), scale = extent > 0 ? (side - 2 * margin) / extent : 0;
    for (size_t i = 0; i < count; i++) {
        double x = (double)points[2 * i] - (low[0] + high[0]) / 2,
               y = (double)points[2 * i + 1] - (low[1] + high[1]) / 2;
        draw_disc(canvas, (double)canvas->width / 2 + scale * x, (double)canvas->height / 2 - scale * y, radius,
                  colours[labels[i] % TEN_CLASSES]);
    }
}
