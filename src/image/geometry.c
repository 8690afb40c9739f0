/* Geometry of grey images: bounding box, area resampling, cropping, centring, deskewing.
 * Area resampling weighs source pixels by the share of the output pixel that they cover, in whole numbers over the
 * common grid of both sizes, so that equal sizes copy exactly. Centring follows LeCun et al. (1998), section III.A;
 * deskewing is the moment-based shear of the same paper's section III.C. The mass of a pixel is the magnitude of its
 * value: then the centre lies inside the image for features of either sign too. */
#include "image/geometry.h"

#include <math.h>
#include <string.h>

struct ten_box ten_ink_box(const float *image, size_t height, size_t width) {
    size_t left = width, right = 0, top = height, bottom = 0; /* right and bottom are one past the ink */
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            if (image[y * width + x] == 0.0f) continue;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (top == height) top = y;
            bottom = y + 1;
        }
    if (right == 0) return (struct ten_box){0};
    return (struct ten_box){.x = left, .y = top, .width = right - left, .height = bottom - top};
}

/* The part of source pixel `i` that lies in output pixel `o`, in units of 1/out of a source pixel. */
static size_t overlap(size_t i, size_t o, size_t in, size_t out) {
    size_t begin = i * out > o * in ? i * out : o * in;
    size_t end = (i + 1) * out < (o + 1) * in ? (i + 1) * out : (o + 1) * in;
    return end - begin;
}

/* Output pixel `o` covers the source pixels first(o) up to, not including, last(o). */
static size_t first(size_t o, size_t in, size_t out) { return o * in / out; }
static size_t last(size_t o, size_t in, size_t out) { return ((o + 1) * in + out - 1) / out; }

void ten_resize_area(const float *image, size_t stride, struct ten_box from, float *out, size_t out_stride,
                     size_t out_height, size_t out_width) {
    const float *source = image + from.y * stride + from.x;
    double area = (double)from.height * (double)from.width;
    for (size_t oy = 0; oy < out_height; oy++) {
        size_t top = first(oy, from.height, out_height), bottom = last(oy, from.height, out_height);
        for (size_t ox = 0; ox < out_width; ox++) {
            size_t left = first(ox, from.width, out_width), right = last(ox, from.width, out_width);
            double sum = 0;
            for (size_t y = top; y < bottom; y++) {
                double row = 0;
                for (size_t x = left; x < right; x++)
                    row += (double)overlap(x, ox, from.width, out_width) * (double)source[y * stride + x];
                sum += (double)overlap(y, oy, from.height, out_height) * row;
            }
            out[oy * out_stride + ox] = from.width && from.height ? (float)(sum / area) : 0.0f;
        }
    }
}

void ten_crop_to_box(const float *image, size_t height, size_t width, float *out, size_t side, size_t inner) {
    memset(out, 0, side * side * sizeof *out);
    struct ten_box box = ten_ink_box(image, height, width);
    size_t longer = box.width > box.height ? box.width : box.height;
    if (longer == 0 || inner == 0) return;
    size_t out_height = box.height * inner / longer, out_width = box.width * inner / longer;
    if (out_height == 0) out_height = 1;
    if (out_width == 0) out_width = 1;
    size_t y = (side - out_height) / 2, x = (side - out_width) / 2;
    ten_resize_area(image, width, box, out + y * side + x, side, out_height, out_width);
}

/* Total mass and centre of mass, in pixels from the middle of the first one. */
struct moments {
    double mass, x, y;
};

/* False if the image is empty or not finite; the centre is then the middle of the image. */
static bool measure(const float *image, size_t height, size_t width, struct moments *moments) {
    double mass = 0, x_sum = 0, y_sum = 0;
    for (size_t y = 0; y < height; y++) {
        double row = 0;
        for (size_t x = 0; x < width; x++) {
            double value = fabs((double)image[y * width + x]);
            row += value;
            x_sum += value * (double)x;
        }
        mass += row;
        y_sum += row * (double)y;
    }
    bool usable = mass > 0 && isfinite(x_sum) && isfinite(y_sum);
    moments->mass = mass;
    moments->x = usable ? x_sum / mass : ((double)width - 1) / 2;
    moments->y = usable ? y_sum / mass : ((double)height - 1) / 2;
    return usable;
}

void ten_center_by_mass(const float *image, size_t height, size_t width, float *out, size_t side) {
    memset(out, 0, side * side * sizeof *out);
    struct moments moments;
    measure(image, height, width, &moments);
    /* The middle is the pixel side / 2. For even sides that is half a pixel right of and below the geometric middle,
     * and it is where MNIST has it: all but 4 of its 60000 training images have their centre within half a pixel of
     * pixel (14, 14), so that this leaves them as they are. */
    double middle = (double)(side / 2) + 0.5;
    ptrdiff_t right = (ptrdiff_t)floor(middle - moments.x), down = (ptrdiff_t)floor(middle - moments.y);
    ptrdiff_t begin = right < 0 ? -right : 0, end = (ptrdiff_t)side - right; /* the columns that stay inside */
    if (end > (ptrdiff_t)width) end = (ptrdiff_t)width;
    if (begin >= end) return;
    for (ptrdiff_t y = 0; y < (ptrdiff_t)height; y++) {
        if (y + down < 0 || y + down >= (ptrdiff_t)side) continue;
        memcpy(out + (y + down) * (ptrdiff_t)side + begin + right, image + y * (ptrdiff_t)width + begin,
               (size_t)(end - begin) * sizeof *out);
    }
}

/* One row moved left by `shift` pixels, between pixels by linear interpolation; zero from outside. */
static void shift_row(const float *row, size_t width, double shift, float *out) {
    for (size_t x = 0; x < width; x++) {
        double position = (double)x + shift, whole = floor(position);
        out[x] = 0.0f;
        if (!(whole >= -1 && whole < (double)width)) continue;
        ptrdiff_t left = (ptrdiff_t)whole;
        double share = position - whole;
        double a = left >= 0 ? (double)row[left] : 0, b = left + 1 < (ptrdiff_t)width ? (double)row[left + 1] : 0;
        out[x] = (float)(a + share * (b - a));
    }
}

static double slant_about(const float *image, size_t height, size_t width, const struct moments *centre,
                          double *vertical) {
    double mixed = 0; /* mu11, and mu02 in *vertical */
    *vertical = 0;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            double value = fabs((double)image[y * width + x]), dy = (double)y - centre->y;
            mixed += value * ((double)x - centre->x) * dy;
            *vertical += value * dy * dy;
        }
    double slant = *vertical > 0 ? mixed / *vertical : 0;
    return isfinite(slant) ? slant : 0;
}

bool ten_slant(const float *image, size_t height, size_t width, double *slant) {
    struct moments centre;
    double vertical = 0;
    *slant = measure(image, height, width, &centre) ? slant_about(image, height, width, &centre, &vertical) : 0;
    return vertical > 0 && isfinite(vertical);
}

void ten_deskew(const float *image, size_t height, size_t width, float *out) {
    struct moments centre;
    double vertical;
    bool usable = measure(image, height, width, &centre);
    double slant = usable ? slant_about(image, height, width, &centre, &vertical) : 0;
    if (slant == 0) {
        memcpy(out, image, height * width * sizeof *out);
        return;
    }
    for (size_t y = 0; y < height; y++)
        shift_row(image + y * width, width, slant * ((double)y - centre.y), out + y * width);
}
