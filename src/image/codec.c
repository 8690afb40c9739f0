/* PNG and JPEG to and from grey pictures, through libpng and libjpeg. Both libraries report errors by a jump out of
 * the failing call; each decoder is therefore one function that jumps and keeps all it owns in a struct of its caller.
 * A header that claims more pixels than allowed is refused before anything is allocated for them, and what a library
 * only warns of counts as corrupt where pixels would be made up. */
#include "image/codec.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/colour.h"
#include "image/orient.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
/* jerror.h wants jpeglib.h before it */
#include <jerror.h>
#include <png.h>

enum {
    MAX_SIDE = 16384,
    MAX_PIXELS = 64000000,
    MAX_FILE = 1 << 28, /* bytes of a picture file */
    MAX_SCANS = 100     /* of a progressive JPEG; a small file can ask for many slow passes over a large picture */
};

/* What both decoders share. */
struct decoder {
    const uint8_t *bytes; /* the file: what is still to be read */
    size_t left;
    size_t height, width, most; /* pixels in all */
    bool too_large;
    uint8_t *pixels; /* height x width x channels; grey at last */
    enum ten_colours colours;
    bool grey;       /* one channel: `colours` does not count */
    int orientation; /* Exif's; 0 and 1: upright */
    char words[256]; /* what the library said when it gave up */
    jmp_buf give_up;
};

/* Checks the size that a header claims; false leaves the reason in `words`. */
static bool check_size(struct decoder *decoder, size_t height, size_t width) {
    decoder->height = height;
    decoder->width = width;
    if (height >= 1 && width >= 1 && height <= MAX_SIDE && width <= MAX_SIDE && height * width <= decoder->most)
        return true;
    decoder->too_large = height >= 1 && width >= 1;
    snprintf(decoder->words, sizeof decoder->words,
             "it claims %zu x %zu pixels, expected 1 to %d a side and at most %zu in all", width, height, MAX_SIDE,
             decoder->most);
    return false;
}

/* ---- PNG ---------------------------------------------------------------------------------------------- */

struct png_decoder {
    struct decoder common;
    png_structp png;
    png_infop info;
    png_bytep *rows;
};

static _Noreturn void png_give_up(png_structp png, png_const_charp words) {
    struct decoder *decoder = png_get_error_ptr(png);
    snprintf(decoder->words, sizeof decoder->words, "%s", words);
    longjmp(decoder->give_up, 1);
}

static void png_ignore(png_structp png, png_const_charp words) { (void)png, (void)words; }

static void png_read_bytes(png_structp png, png_bytep out, size_t size) {
    struct decoder *decoder = png_get_io_ptr(png);
    if (size > decoder->left) png_error(png, "the file ends too early");
    memcpy(out, decoder->bytes, size);
    decoder->bytes += size;
    decoder->left -= size;
}

/* Asks libpng to turn whatever the file holds into grey or red, green and blue, with opacity where some of it may be
 * transparent, a byte each. Returns the bytes a pixel. */
static size_t png_ask_for_bytes(png_structp png, png_infop info) {
    bool opaque = !(png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) && !png_get_valid(png, info, PNG_INFO_tRNS);
    png_set_expand(png); /* palettes, fewer than 8 bits, transparent colours */
    png_set_scale_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR ? 3U : 1U) + (opaque ? 0U : 1U);
}

static enum ten_status decode_png_or_jump(struct png_decoder *decoder) {
    struct decoder *common = &decoder->common;
    if (setjmp(common->give_up)) return TEN_FORMAT;
    decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, common, png_give_up, png_ignore);
    if (!decoder->png) return TEN_NO_MEMORY;
    png_set_chunk_cache_max(decoder->png, 8); /* of texts, which may be large and are not wanted */
    decoder->info = png_create_info_struct(decoder->png);
    if (!decoder->info) return TEN_NO_MEMORY;
    png_set_read_fn(decoder->png, common, png_read_bytes);
    png_set_user_limits(decoder->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* check_size says it better */
    png_read_info(decoder->png, decoder->info);
    size_t height = png_get_image_height(decoder->png, decoder->info);
    size_t width = png_get_image_width(decoder->png, decoder->info);
    if (!check_size(common, height, width)) return TEN_FORMAT;
    size_t channels = png_ask_for_bytes(decoder->png, decoder->info);
    common->colours = channels == 4 ? TEN_RGBA : channels == 3 ? TEN_RGB : TEN_GREY_ALPHA;
    common->grey = channels == 1;
    if (png_get_rowbytes(decoder->png, decoder->info) != channels * width)
        png_error(decoder->png, "unexpected pixel format");
    common->pixels = malloc(channels * height * width);
    decoder->rows = malloc(height * sizeof *decoder->rows);
    if (!common->pixels || !decoder->rows) return TEN_NO_MEMORY;
    for (size_t y = 0; y < height; y++) decoder->rows[y] = common->pixels + channels * y * width;
    png_read_image(decoder->png, decoder->rows);
    png_read_end(decoder->png, NULL);
    return TEN_OK;
}

static enum ten_status decode_png(struct decoder *common) {
    struct png_decoder decoder = {.common = *common};
    enum ten_status status = decode_png_or_jump(&decoder);
    if (decoder.png) png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    free(decoder.rows);
    *common = decoder.common;
    return status;
}

/* ---- JPEG --------------------------------------------------------------------------------------------- */

struct jpeg_decoder {
    struct decoder common;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg; /* client_data points back to this struct */
};

static _Noreturn void jpeg_give_up(j_common_ptr jpeg) {
    struct jpeg_decoder *decoder = jpeg->client_data;
    char words[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, words);
    snprintf(decoder->common.words, sizeof decoder->common.words, "%.200s", words);
    longjmp(decoder->common.give_up, 1);
}

/* libjpeg goes on after damage with pixels of its own invention and calls that a warning. Harmless are only bytes
 * between markers and contradictory headers. */
static void jpeg_refuse_damage(j_common_ptr jpeg, int level) {
    int code = jpeg->err->msg_code;
    if (level >= 0 || code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR) return;
    jpeg_give_up(jpeg);
}

static void jpeg_limit_scans(j_common_ptr jpeg) {
    struct jpeg_decoder *decoder = jpeg->client_data;
    if (decoder->jpeg.input_scan_number <= MAX_SCANS) return;
    snprintf(decoder->common.words, sizeof decoder->common.words, "it has more than %d scans", MAX_SCANS);
    longjmp(decoder->common.give_up, 1);
}

static enum ten_status decode_jpeg_or_jump(struct jpeg_decoder *decoder) {
    struct decoder *common = &decoder->common;
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg->err = jpeg_std_error(&decoder->errors);
    jpeg->client_data = decoder;
    decoder->errors.error_exit = jpeg_give_up;
    decoder->errors.emit_message = jpeg_refuse_damage;
    if (setjmp(common->give_up)) return TEN_FORMAT;
    jpeg_create_decompress(jpeg);
    decoder->progress.progress_monitor = jpeg_limit_scans;
    jpeg->progress = &decoder->progress;
    jpeg_mem_src(jpeg, common->bytes, common->left);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    if (!check_size(common, jpeg->image_height, jpeg->image_width)) return TEN_FORMAT;
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker && !common->orientation; marker = marker->next)
        if (marker->data_length > 6 && memcmp(marker->data, "Exif", 4) == 0)
            common->orientation = ten_exif_orientation(marker->data, marker->data_length);
    J_COLOR_SPACE space = jpeg->jpeg_color_space;
    bool colour = space == JCS_YCbCr || space == JCS_RGB;
    jpeg->out_color_space = colour ? space : JCS_GRAYSCALE;
    common->colours = space == JCS_RGB ? TEN_RGB : TEN_YCC;
    size_t channels = colour ? 3 : 1;
    jpeg_start_decompress(jpeg);
    common->pixels = malloc(channels * common->height * common->width);
    if (!common->pixels) return TEN_NO_MEMORY;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = common->pixels + (size_t)jpeg->output_scanline * common->width * channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    common->grey = !colour;
    return TEN_OK;
}

static enum ten_status decode_jpeg(struct decoder *common) {
    struct jpeg_decoder decoder = {.common = *common};
    enum ten_status status = decode_jpeg_or_jump(&decoder);
    jpeg_destroy_decompress(&decoder.jpeg);
    *common = decoder.common;
    return status;
}

/* Makes the pixels grey and upright, in no more memory than they need. */
static enum ten_status finish(struct decoder *decoder) {
    size_t count = decoder->height * decoder->width;
    if (!decoder->grey) ten_colour_to_grey(decoder->pixels, decoder->height, decoder->width, decoder->colours);
    if (decoder->orientation > 1) {
        uint8_t *upright = malloc(count);
        if (!upright) return TEN_NO_MEMORY;
        ten_turn_upright(decoder->pixels, &decoder->height, &decoder->width, decoder->orientation, upright);
        free(decoder->pixels);
        decoder->pixels = upright;
    } else if (!decoder->grey) {
        uint8_t *shorter = ten_realloc(decoder->pixels, count, 1);
        if (shorter) decoder->pixels = shorter;
    }
    return TEN_OK;
}

/* ---- The interface ------------------------------------------------------------------------------------ */

enum ten_status ten_image_decode_within(struct ten_image *out, const void *bytes, size_t size, const char *name,
                                        size_t most_pixels, bool *too_large, struct ten_error *error) {
    *out = (struct ten_image){0};
    if (!name) name = "picture";
    if (too_large) *too_large = false;
    struct decoder decoder = {.bytes = bytes, .left = size, .most = most_pixels};
    bool png = size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
    bool jpeg = size >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
    if (!png && !jpeg) return ten_fail(error, TEN_FORMAT, "%s: expected a PNG or JPEG picture, this is neither", name);
    enum ten_status status = png ? decode_png(&decoder) : decode_jpeg(&decoder);
    if (status == TEN_OK) status = finish(&decoder);
    if (status != TEN_OK) {
        free(decoder.pixels);
        if (too_large) *too_large = decoder.too_large;
        if (status == TEN_NO_MEMORY) return ten_fail_memory(error, "the pixels of a picture");
        return ten_fail(error, TEN_FORMAT, "%s: bad %s file: %s", name, png ? "PNG" : "JPEG", decoder.words);
    }
    *out = (struct ten_image){.height = decoder.height, .width = decoder.width, .pixels = decoder.pixels};
    return TEN_OK;
}

enum ten_status ten_image_decode(struct ten_image *out, const void *bytes, size_t size, const char *name,
                                 struct ten_error *error) {
    return ten_image_decode_within(out, bytes, size, name, MAX_PIXELS, NULL, error);
}

enum ten_status ten_image_load(struct ten_image *out, const char *path, struct ten_error *error) {
    *out = (struct ten_image){0};
    uint8_t *bytes = NULL;
    size_t size;
    enum ten_status status = ten_file_read(path, MAX_FILE, &bytes, &size, error);
    if (status != TEN_OK) return status;
    status = ten_image_decode(out, bytes, size, path, error);
    free(bytes);
    return status;
}

enum ten_status ten_picture_check(size_t height, size_t width, struct ten_error *error) {
    struct decoder check = {.most = MAX_PIXELS};
    if (check_size(&check, height, width)) return TEN_OK;
    return ten_fail(error, TEN_INVALID, "a picture to encode: %s", check.words);
}

enum ten_status ten_png_encode(const uint8_t *pixels, size_t height, size_t width, size_t channels, uint8_t **bytes,
                               size_t *size, struct ten_error *error) {
    *bytes = NULL;
    *size = 0;
    enum ten_status status = ten_picture_check(height, width, error);
    if (status != TEN_OK) return status;
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)width,
                     .height = (png_uint_32)height,
                     .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    png_alloc_size_t length = PNG_IMAGE_PNG_SIZE_MAX(png);
    uint8_t *out = malloc(length);
    if (!out) return ten_fail_memory(error, "a PNG file");
    if (!png_image_write_to_memory(&png, out, &length, 0, pixels, 0, NULL)) {
        free(out);
        return ten_fail(error, TEN_IO, "a picture of %zu x %zu pixels was not encoded: %s", width, height, png.message);
    }
    uint8_t *shorter = ten_realloc(out, length, 1);
    *bytes = shorter ? shorter : out;
    *size = length;
    return TEN_OK;
}

enum ten_status ten_image_encode_png(const struct ten_image *image, uint8_t **bytes, size_t *size,
                                     struct ten_error *error) {
    return ten_png_encode(image->pixels, image->height, image->width, 1, bytes, size, error);
}

void ten_image_release(struct ten_image *image) {
    if (!image) return;
    free(image->pixels);
    *image = (struct ten_image){0};
}
