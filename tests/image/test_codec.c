/* PNG and JPEG: files of every kind written here with the libraries' own encoders, cut and damaged files, and pictures
 * that claim to be huge. */
#include "test.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

/* A picture with smooth parts, edges and noise. */
static struct ten_image make_picture(size_t height, size_t width) {
    struct ten_image image = {.height = height, .width = width, .pixels = malloc(height * width)};
    assert_non_null(image.pixels);
    struct ten_random random;
    ten_random_init(&random, 1, height * 10000 + width);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            size_t smooth = 3 * x + 2 * y, edge = x > width / 2 ? 90 : 0;
            image.pixels[y * width + x] = (uint8_t)((smooth + edge + ten_random_below(&random, 8)) % 256);
        }
    return image;
}

static void assert_same_picture(const struct ten_image *a, const struct ten_image *b) {
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->width, b->width);
    assert_memory_equal(a->pixels, b->pixels, a->height * a->width);
}

static void assert_empty(const struct ten_image *image) {
    assert_null(image->pixels);
    assert_int_equal(image->height, 0);
    assert_int_equal(image->width, 0);
}

/* ---- Writing files ------------------------------------------------------------------------------------ */

static void append(png_structp png, png_bytep data, size_t size) {
    struct bytes *file = png_get_io_ptr(png);
    file->data = realloc(file->data, file->size + size);
    assert_non_null(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void flush(png_structp png) { (void)png; }

/* A PNG of any kind; `rows` holds height rows of row_bytes as PNG wants them. */
static struct bytes write_png(size_t height, size_t width, int depth, int type, int interlace, const uint8_t *rows,
                              size_t row_bytes, const png_color *palette, const uint8_t *alpha) {
    struct bytes file = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    assert_non_null(png);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &file, append, flush);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, type, interlace, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    if (palette) png_set_PLTE(png, info, palette, 4);
    if (alpha) png_set_tRNS(png, info, alpha, 4, NULL);
    png_bytepp pointers = malloc(height * sizeof *pointers);
    for (size_t y = 0; y < height; y++) pointers[y] = (png_bytep)(uintptr_t)(rows + y * row_bytes);
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    free(pointers);
    return file;
}

static struct bytes write_jpeg(const uint8_t *pixels, size_t height, size_t width, int channels, bool progressive) {
    struct jpeg_compress_struct jpeg = {0};
    struct jpeg_error_mgr errors;
    struct bytes file = {0};
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_height = (JDIMENSION)height;
    jpeg.image_width = (JDIMENSION)width;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (size_t y = 0; y < height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + y * width * (size_t)channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    file.data = data;
    file.size = size;
    return file;
}

/* ---- PNG ---------------------------------------------------------------------------------------------- */

static void test_round_trip(void **state) {
    (void)state;
    static const size_t sides[][2] = {{1, 1}, {28, 28}, {1, 300}, {300, 1}, {61, 47}, {16384, 2}};
    struct ten_error error;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        struct ten_image image = make_picture(sides[i][0], sides[i][1]), back;
        struct bytes file, again;
        assert_ok(ten_image_encode_png(&image, &file.data, &file.size, &error));
        assert_ok(ten_image_encode_png(&image, &again.data, &again.size, &error));
        assert_int_equal(file.size, again.size);
        assert_memory_equal(file.data, again.data, file.size);
        assert_ok(ten_image_decode(&back, file.data, file.size, "it", &error));
        assert_same_picture(&back, &image);
        ten_image_release(&back);
        ten_image_release(&image);
        assert_empty(&image);
        free(again.data);
        free(file.data);
    }
    ten_image_release(NULL);
}

static void check_png(struct bytes file, const uint8_t *expected, size_t height, size_t width) {
    struct ten_error error;
    struct ten_image image;
    assert_ok(ten_image_decode(&image, file.data, file.size, "kind.png", &error));
    assert_int_equal(image.height, height);
    assert_int_equal(image.width, width);
    assert_memory_equal(image.pixels, expected, height * width);
    ten_image_release(&image);
    free(file.data);
}

static void test_depths(void **state) {
    (void)state;
    const uint8_t bits[] = {0xa0}, two[] = {0x1b}, four[] = {0x0f, 0x70}, sixteen[] = {0, 0, 128, 128, 255, 255};
    check_png(write_png(1, 3, 1, PNG_COLOR_TYPE_GRAY, 0, bits, 1, NULL, NULL), (uint8_t[]){255, 0, 255}, 1, 3);
    check_png(write_png(1, 4, 2, PNG_COLOR_TYPE_GRAY, 0, two, 1, NULL, NULL), (uint8_t[]){0, 85, 170, 255}, 1, 4);
    check_png(write_png(1, 3, 4, PNG_COLOR_TYPE_GRAY, 0, four, 2, NULL, NULL), (uint8_t[]){0, 255, 119}, 1, 3);
    check_png(write_png(1, 3, 16, PNG_COLOR_TYPE_GRAY, 0, sixteen, 6, NULL, NULL), (uint8_t[]){0, 128, 255}, 1, 3);
}

static void test_colours(void **state) {
    (void)state;
    const uint8_t grey[] = {7, 7, 7, 200, 200, 200, 255, 255, 255}, indices[] = {0, 1, 2, 3};
    const png_color palette[] = {{0, 0, 0}, {60, 60, 60}, {120, 120, 120}, {255, 255, 255}};
    check_png(write_png(1, 3, 8, PNG_COLOR_TYPE_RGB, 0, grey, 9, NULL, NULL), (uint8_t[]){7, 200, 255}, 1, 3);
    check_png(write_png(1, 4, 8, PNG_COLOR_TYPE_PALETTE, 0, indices, 4, palette, NULL), (uint8_t[]){0, 60, 120, 255}, 1,
              4);
    /* opaque: 120 and 255, mostly light, so the rest lies on black */
    check_png(write_png(1, 4, 8, PNG_COLOR_TYPE_PALETTE, 0, indices, 4, palette, (uint8_t[]){0, 0, 255, 255}),
              (uint8_t[]){0, 0, 120, 255}, 1, 4);
    /* opaque: 0 and 60, mostly dark, so the rest lies on white */
    check_png(write_png(1, 4, 8, PNG_COLOR_TYPE_PALETTE, 0, indices, 4, palette, (uint8_t[]){255, 255, 0, 0}),
              (uint8_t[]){0, 60, 255, 255}, 1, 4);
    const uint8_t primaries[] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
    struct ten_error error;
    struct ten_image image;
    struct bytes file = write_png(1, 3, 8, PNG_COLOR_TYPE_RGB, 0, primaries, 9, NULL, NULL);
    assert_ok(ten_image_decode(&image, file.data, file.size, "rgb", &error));
    assert_true(image.pixels[1] > image.pixels[0] && image.pixels[0] > image.pixels[2] && image.pixels[2] > 0);
    ten_image_release(&image);
    free(file.data);
}

static void test_transparency(void **state) {
    (void)state;
    const uint8_t dark[] = {0, 255, 0, 0, 255, 0, 10, 128}, light[] = {255, 255, 0, 0, 255, 0, 255, 128};
    check_png(write_png(1, 4, 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0, dark, 8, NULL, NULL), (uint8_t[]){0, 255, 255, 132}, 1,
              4);
    check_png(write_png(1, 4, 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0, light, 8, NULL, NULL), (uint8_t[]){255, 0, 0, 128}, 1,
              4);
    const uint8_t nothing[] = {1, 0, 2, 0, 3, 0};
    check_png(write_png(1, 3, 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0, nothing, 6, NULL, NULL), (uint8_t[]){255, 255, 255}, 1,
              3);
    const uint8_t colour[] = {9, 9, 9, 255, 0, 0, 0, 0};
    check_png(write_png(1, 2, 8, PNG_COLOR_TYPE_RGB_ALPHA, 0, colour, 8, NULL, NULL), (uint8_t[]){9, 255}, 1, 2);
}

static void test_interlaced(void **state) {
    (void)state;
    struct ten_image image = make_picture(37, 29);
    struct bytes file = write_png(37, 29, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, image.pixels, 29, NULL, NULL);
    check_png(file, image.pixels, 37, 29);
    ten_image_release(&image);
}

/* ---- JPEG --------------------------------------------------------------------------------------------- */

static void test_jpeg(void **state) {
    (void)state;
    enum { H = 45, W = 70 };
    uint8_t grey[H * W], rgb[3 * H * W];
    for (size_t i = 0; i < H * W; i++) {
        grey[i] = (uint8_t)(2 * (i % W) + i / W * 2);
        memset(rgb + 3 * i, grey[i], 3);
    }
    for (int kind = 0; kind < 4; kind++) {
        bool colour = kind & 1, progressive = kind & 2;
        struct bytes file = write_jpeg(colour ? rgb : grey, H, W, colour ? 3 : 1, progressive);
        struct ten_image image;
        struct ten_error error;
        assert_ok(ten_image_decode(&image, file.data, file.size, "it.jpg", &error));
        assert_int_equal(image.height, H);
        assert_int_equal(image.width, W);
        for (size_t i = 0; i < H * W; i++) assert_in_range(image.pixels[i] + 4 - grey[i], 0, 8);
        ten_image_release(&image);
        free(file.data);
    }
}

static void test_jpeg_of_four_colours_is_refused(void **state) {
    (void)state;
    uint8_t cmyk[4 * 64] = {0};
    struct bytes file = write_jpeg(cmyk, 8, 8, 4, false);
    struct ten_image image;
    struct ten_error error;
    assert_fails(ten_image_decode(&image, file.data, file.size, "ink.jpg", &error), TEN_FORMAT, "ink.jpg: bad JPEG");
    assert_empty(&image);
    free(file.data);
}

/* ---- Damage ------------------------------------------------------------------------------------------- */

static struct bytes sample(int kind) {
    struct ten_image image = make_picture(24, 31);
    struct bytes file = {0};
    struct ten_error error;
    if (kind == 0) assert_ok(ten_image_encode_png(&image, &file.data, &file.size, &error));
    if (kind == 1) file = write_png(24, 31, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, image.pixels, 31, NULL, NULL);
    if (kind == 2) file = write_jpeg(image.pixels, 24, 31, 1, false);
    if (kind == 3) file = write_jpeg(image.pixels, 24, 31, 1, true);
    ten_image_release(&image);
    return file;
}

static void test_truncation(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct bytes file = sample(kind);
        for (size_t size = 0; size < file.size; size++) {
            struct ten_error error;
            struct ten_image image;
            uint8_t *cut = malloc(size + !size); /* of just this size, for the address sanitizer */
            memcpy(cut, file.data, size);
            assert_fails(ten_image_decode(&image, cut, size, "cut.file", &error), TEN_FORMAT, "cut.file: ");
            assert_empty(&image);
            free(cut);
        }
        free(file.data);
    }
}

static void test_flipped_bytes(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 77, 0);
    for (int kind = 0; kind < 4; kind++) {
        struct bytes file = sample(kind);
        uint8_t *bad = malloc(file.size);
        for (int trial = 0; trial < 600; trial++) {
            memcpy(bad, file.data, file.size);
            for (size_t flips = 1 + (size_t)ten_random_below(&random, 4); flips > 0; flips--)
                bad[ten_random_below(&random, trial % 2 ? file.size : 64)] ^=
                    (uint8_t)(1 + ten_random_below(&random, 255));
            struct ten_image image;
            struct ten_error error;
            enum ten_status status = ten_image_decode(&image, bad, file.size, "bad", &error);
            if (status != TEN_OK) assert_empty(&image);
            ten_image_release(&image);
        }
        free(bad);
        free(file.data);
    }
}

static void put_u32(uint8_t *at, unsigned long value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void test_huge_claims(void **state) {
    (void)state;
    static const struct {
        unsigned long width, height;
    } claims[] = {{16385, 1}, {1, 16385}, {16384, 16384}, {8001, 8000}, {0x7fffffff, 0x7fffffff}, {0x7fffffff, 1}};
    struct bytes file = sample(0);
    struct ten_image image;
    struct ten_error error;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        put_u32(file.data + 16, claims[i].width);
        put_u32(file.data + 20, claims[i].height);
        put_u32(file.data + 29, crc32(0, file.data + 12, 17));
        assert_fails(ten_image_decode(&image, file.data, file.size, "big.png", &error), TEN_FORMAT, "64000000 in all");
        assert_empty(&image);
    }
    put_u32(file.data + 16, 0);
    put_u32(file.data + 29, crc32(0, file.data + 12, 17));
    assert_fails(ten_image_decode(&image, file.data, file.size, "none.png", &error), TEN_FORMAT, "none.png: ");
    free(file.data);
    file = sample(2);
    for (size_t i = 0; i + 9 < file.size; i++) {
        if (file.data[i] != 0xff || file.data[i + 1] != 0xc0) continue; /* start of frame: height and width */
        memset(file.data + i + 5, 0x7f, 4);
        break;
    }
    assert_fails(ten_image_decode(&image, file.data, file.size, "big.jpg", &error), TEN_FORMAT,
                 "big.jpg: bad JPEG file: it claims 32639 x 32639");
    free(file.data);
}

static void test_other_files(void **state) {
    (void)state;
    struct ten_image image;
    struct ten_error error;
    assert_fails(ten_image_decode(&image, "GIF89a", 6, "x.gif", &error), TEN_FORMAT, "x.gif: expected a PNG or JPEG");
    assert_fails(ten_image_decode(&image, NULL, 0, "nothing", &error), TEN_FORMAT, "nothing: ");
    assert_fails(ten_image_decode(&image, "\xff\xd8", 2, NULL, &error), TEN_FORMAT, "expected a PNG or JPEG");
    assert_int_equal(ten_image_decode(&image, "?", 1, "x", NULL), TEN_FORMAT);
}

static void test_load(void **state) {
    (void)state;
    struct ten_image picture = make_picture(9, 11), image;
    struct ten_error error;
    struct bytes file;
    assert_ok(ten_image_encode_png(&picture, &file.data, &file.size, &error));
    const char *path = test_path(test_folder(), "a.jpg"); /* the name does not matter */
    test_write(path, file.data, file.size);
    assert_ok(ten_image_load(&image, path, &error));
    assert_same_picture(&image, &picture);
    ten_image_release(&image);
    test_write(path, file.data, file.size / 2);
    assert_fails(ten_image_load(&image, path, &error), TEN_FORMAT, "a.jpg: bad PNG file: ");
    assert_empty(&image);
    assert_fails(ten_image_load(&image, test_path(test_folder(), "none.png"), &error), TEN_NOT_FOUND, "none.png");
    assert_empty(&image);
    ten_image_release(&picture);
    free(file.data);
}

static void test_encoding_refuses_impossible_sizes(void **state) {
    (void)state;
    struct ten_image none = {0}, wide = {.height = 1, .width = 16385, .pixels = (uint8_t *)&none};
    struct bytes file = {.data = (uint8_t *)&none, .size = 1};
    struct ten_error error;
    assert_fails(ten_image_encode_png(&none, &file.data, &file.size, &error), TEN_INVALID, "0 x 0");
    assert_null(file.data);
    assert_int_equal(file.size, 0);
    assert_fails(ten_image_encode_png(&wide, &file.data, &file.size, &error), TEN_INVALID, "16385 x 1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_depths),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_transparency),
        cmocka_unit_test(test_interlaced),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_jpeg_of_four_colours_is_refused),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_flipped_bytes),
        cmocka_unit_test(test_huge_claims),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_encoding_refuses_impossible_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
