/* The sheet itself: a picture shrunk to what is needed, by averaging blocks of whole pixels. */
#include "image/sheet.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One row of the sheet: means of factor x factor pixels, fewer where the picture ends. sums[width of the picture]. */
static void shrink_row(const struct ten_image *image, size_t row, size_t factor, uint32_t *sums, uint8_t *out) {
    size_t top = row * factor, bottom = top + factor < image->height ? top + factor : image->height;
    memset(sums, 0, image->width * sizeof *sums);
    for (size_t y = top; y < bottom; y++) {
        const uint8_t *pixels = image->pixels + y * image->width;
        for (size_t x = 0; x < image->width; x++) sums[x] += pixels[x];
    }
    for (size_t left = 0, i = 0; left < image->width; left += factor, i++) {
        size_t right = left + factor < image->width ? left + factor : image->width;
        uint32_t sum = 0, count = (uint32_t)((right - left) * (bottom - top));
        for (size_t x = left; x < right; x++) sum += sums[x];
        out[i] = (uint8_t)((sum + count / 2) / count);
    }
}

static enum ten_status shrink(struct ten_sheet *sheet, const struct ten_image *image, struct ten_error *error) {
    uint32_t *sums = ten_alloc(image->width, sizeof *sums);
    if (!sums) return ten_fail_memory(error, "a picture");
    for (size_t y = 0; y < sheet->height; y++) shrink_row(image, y, sheet->factor, sums, sheet->ink + y * sheet->width);
    free(sums);
    return TEN_OK;
}

enum ten_status ten_sheet_make(struct ten_sheet *sheet, const struct ten_image *image, struct ten_error *error) {
    size_t factor = 1;
    while ((image->height / factor) * (image->width / factor) > TEN_SHEET_PIXELS) factor++;
    size_t height = (image->height + factor - 1) / factor, width = (image->width + factor - 1) / factor;
    *sheet = (struct ten_sheet){.height = height, .width = width, .factor = factor, .ink = ten_alloc(height, width)};
    if (!sheet->ink) return ten_fail_memory(error, "a picture");
    if (factor > 1) return shrink(sheet, image, error);
    memcpy(sheet->ink, image->pixels, height * width);
    return TEN_OK;
}

void ten_sheet_release(struct ten_sheet *sheet) {
    free(sheet->ink);
    free(sheet->open);
    *sheet = (struct ten_sheet){0};
}

struct ten_box ten_sheet_box(const struct ten_sheet *sheet, struct ten_box box, const struct ten_image *image) {
    size_t factor = sheet->factor, right = (box.x + box.width) * factor, bottom = (box.y + box.height) * factor;
    if (right > image->width) right = image->width;
    if (bottom > image->height) bottom = image->height;
    return (struct ten_box){
        .x = box.x * factor, .y = box.y * factor, .width = right - box.x * factor, .height = bottom - box.y * factor};
}

/* Bitwise or of a row into `all`. */
static void gather(uint8_t *all, const uint8_t *row, size_t count) {
    for (size_t i = 0; i < count; i++) all[i] |= row[i];
}

static bool any(const uint8_t *pixels, size_t count) {
    uint8_t all = 0;
    for (size_t i = 0; i < count; i++) all |= pixels[i];
    return all != 0;
}

void ten_sheet_measure_area(struct ten_sheet *sheet) {
    enum { BLOCK = 512 };
    size_t height = sheet->height, width = sheet->width, top = 0, bottom = height, left = width, right = 0;
    sheet->area = (struct ten_box){0};
    while (top < height && !any(sheet->ink + top * width, width)) top++;
    if (top == height) return;
    while (!any(sheet->ink + (bottom - 1) * width, width)) bottom--;
    for (size_t begin = 0; begin < width; begin += BLOCK) {
        uint8_t all[BLOCK] = {0};
        size_t count = begin + BLOCK < width ? BLOCK : width - begin;
        for (size_t y = top; y < bottom; y++) gather(all, sheet->ink + y * width + begin, count);
        for (size_t i = 0; i < count; i++) {
            if (!all[i]) continue;
            if (left == width) left = begin + i;
            right = begin + i + 1;
        }
    }
    sheet->area = (struct ten_box){.x = left, .y = top, .width = right - left, .height = bottom - top};
}
