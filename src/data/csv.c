/* CSV files as the original study has them: `label,pixel_0,...`, one image a line. Reading is one pass with a number
 * parser that knows nothing but digits; only when a line does not fit is it looked at again, slowly, to say what is
 * wrong and where. The zero byte behind the file's last one stops every scan. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tenfold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t LARGEST_FILE = (size_t)1 << 34;
enum { SHOWN = 40 }; /* bytes of a bad cell that a message shows */

struct reader {
    const char *path;
    const uint8_t *at, *end; /* the start of the line to be read; the file's end, where a zero byte stands */
    size_t line, columns;    /* line: from 1 */
};

/* The start of the line after the line end at `at` (LF, CR LF or the file's end); NULL if there is none. */
static const uint8_t *skip_line_end(const struct reader *reader, const uint8_t *at) {
    if (at < reader->end && *at == '\r') at++;
    if (at == reader->end) return at;
    return *at == '\n' ? at + 1 : NULL;
}

/* The cell that starts at `at` ends before a comma, a line end or the file's end. */
static const uint8_t *cell_end(const struct reader *reader, const uint8_t *at) {
    while (at < reader->end && *at != ',' && *at != '\n') at++;
    return at > reader->at && at[-1] == '\r' && (at == reader->end || *at == '\n') ? at - 1 : at;
}

/* A cell's text for a message: its start, and what is no plain ASCII as '?', for it may be anything. */
static void show_cell(char text[SHOWN + 1], const uint8_t *at, size_t length) {
    if (length > SHOWN) length = SHOWN;
    for (size_t i = 0; i < length; i++) text[i] = at[i] >= 0x20 && at[i] < 0x7f ? (char)at[i] : '?';
    text[length] = '\0';
}

static void column_name(size_t column, char name[32]) {
    if (column == 0)
        strcpy(name, "label");
    else
        snprintf(name, 32, "pixel_%zu", column - 1);
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

/* Checks the names in the first line, counts them and steps to the next line. */
static enum ten_status read_header(struct reader *reader, struct ten_error *error) {
    if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xef\xbb\xbf", 3) == 0)
        reader->at += 3; /* the byte order mark that spreadsheets put before UTF-8 */
    if (reader->at == reader->end)
        return ten_fail(error, TEN_FORMAT, "%s: is empty, expected the header label,pixel_0,...", reader->path);
    const uint8_t *at = reader->at, *next = NULL;
    for (size_t column = 0; !next; column++) {
        char name[32];
        column_name(column, name);
        const uint8_t *end = cell_end(reader, at);
        size_t length = (size_t)(end - at);
        if (length != strlen(name) || memcmp(at, name, length) != 0) {
            char found[SHOWN + 1];
            show_cell(found, at, length);
            return ten_fail(error, TEN_FORMAT, "%s: line 1, column %zu: found the name \"%s\", expected \"%s\"",
                            reader->path, column + 1, found, name);
        }
        reader->columns = column + 1;
        at = end + 1; /* behind the comma, if it is one */
        next = skip_line_end(reader, end);
    }
    if (reader->columns < 2)
        return ten_fail(error, TEN_FORMAT, "%s: line 1: no pixel columns, expected label,pixel_0,...", reader->path);
    reader->at = next;
    reader->line = 2;
    return TEN_OK;
}

/* CSV keeps no shape: a square if there is one, else one row; false if neither is a possible image. */
static bool shape_of_pixels(size_t pixels, struct ten_dataset *out) {
    size_t side = 1;
    while (side < TEN_MAX_SIDE && side * side < pixels) side++;
    bool square = side * side == pixels;
    out->height = square ? side : 1;
    out->width = square ? side : pixels;
    return square || pixels <= TEN_MAX_SIDE;
}

static enum ten_status find_shape(const struct reader *reader, struct ten_dataset *out, struct ten_error *error) {
    size_t pixels = reader->columns - 1;
    if (!shape_of_pixels(pixels, out))
        return ten_fail(error, TEN_FORMAT, "%s: line 1: %zu pixels are no square of a side up to %d, nor one such row",
                        reader->path, pixels, TEN_MAX_SIDE);
    return TEN_OK;
}

/* Looks for what is wrong with the current line: the most telling fault first. */
static enum ten_status explain_line(const struct reader *reader, struct ten_error *error) {
    const uint8_t *line_end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (!line_end) line_end = reader->end;
    size_t columns = 1;
    for (const uint8_t *at = reader->at; at < line_end; at++) {
        columns += *at == ',';
        if (*at == 0)
            return ten_fail(error, TEN_FORMAT, "%s: line %zu, column %zu: holds a NUL byte, expected a whole number",
                            reader->path, reader->line, columns);
    }
    const uint8_t *at = reader->at, *end = cell_end(reader, at);
    if (columns == 1 && end == at)
        return ten_fail(error, TEN_FORMAT, "%s: line %zu: is empty, expected %zu columns", reader->path, reader->line,
                        reader->columns);
    if (columns != reader->columns)
        return ten_fail(error, TEN_FORMAT, "%s: line %zu: has %zu columns, expected %zu as in the header", reader->path,
                        reader->line, columns, reader->columns);
    for (size_t column = 0; column < columns; column++, at = end + 1) {
        end = cell_end(reader, at);
        size_t length = (size_t)(end - at), digits = 0;
        unsigned value = 0, largest = column ? 255 : TEN_CLASSES - 1;
        for (; digits < length && at[digits] >= '0' && at[digits] <= '9' && value <= largest; digits++)
            value = value * 10 + (unsigned)(at[digits] - '0');
        if (length && digits == length && value <= largest) continue;
        char name[32], found[SHOWN + 1];
        column_name(column, name);
        show_cell(found, at, length);
        return ten_fail(error, TEN_FORMAT, "%s: line %zu, column %zu (%s): found \"%s\", expected a whole number 0..%u",
                        reader->path, reader->line, column + 1, name, found, largest);
    }
    return ten_fail(error, TEN_FORMAT, "%s: line %zu: malformed", reader->path, reader->line);
}

/* Reads digits up to a value of `largest`; returns what follows them, or NULL. */
static inline const uint8_t *read_number(const uint8_t *at, unsigned largest, uint8_t *value) {
    unsigned number = (unsigned)*at++ - '0', digit;
    if (number > 9) return NULL;
    while ((digit = (unsigned)*at - '0') <= 9) {
        number = number * 10 + digit;
        if (number > largest) return NULL;
        at++;
    }
    *value = (uint8_t)number;
    return at;
}

/* Reads one line into label and pixels and steps to the next one. */
static bool read_line(struct reader *reader, uint8_t *label, uint8_t *pixels) {
    const uint8_t *at = read_number(reader->at, TEN_CLASSES - 1, label);
    for (size_t column = 1; column < reader->columns; column++) {
        if (!at || *at != ',') return false;
        at = read_number(at + 1, 255, pixels++);
    }
    if (at) at = skip_line_end(reader, at);
    if (!at) return false;
    reader->at = at;
    reader->line++;
    return true;
}

/* Nothing but line ends follows. */
static bool at_end(const struct reader *reader) {
    const uint8_t *at = reader->at;
    while (at < reader->end && (*at == '\n' || *at == '\r')) at++;
    return at == reader->end;
}

/* Gives back the memory that no row came for. */
static void trim(struct ten_dataset *dataset) {
    uint8_t *images = ten_realloc(dataset->images, dataset->count, dataset->height * dataset->width);
    uint8_t *labels = ten_realloc(dataset->labels, dataset->count, 1);
    if (images) dataset->images = images;
    if (labels) dataset->labels = labels;
}

static enum ten_status read_rows(struct reader *reader, struct ten_dataset *out, struct ten_error *error) {
    if (at_end(reader))
        return ten_fail(error, TEN_FORMAT, "%s: no rows after the header, expected one per image", reader->path);
    /* A cell and the comma or line end behind it take two bytes at least (the last line may lack its end), which
     * bounds the rows by the bytes really there. */
    size_t most = (size_t)(reader->end - reader->at) / (2 * reader->columns) + 1, pixels = reader->columns - 1;
    out->labels = ten_alloc(most, 1);
    out->images = ten_alloc(most, pixels);
    if (!out->labels || !out->images)
        return ten_fail(error, TEN_NO_MEMORY, "%s: out of memory for %zu images", reader->path, most);
    do {
        if (out->count == most || !read_line(reader, out->labels + out->count, out->images + out->count * pixels))
            return explain_line(reader, error);
        out->count++;
    } while (!at_end(reader));
    trim(out);
    return TEN_OK;
}

enum ten_status ten_dataset_load_csv(struct ten_dataset *out, const char *path, struct ten_error *error) {
    *out = (struct ten_dataset){0};
    uint8_t *bytes;
    size_t size;
    enum ten_status status = ten_file_read(path, LARGEST_FILE, &bytes, &size, error);
    if (status != TEN_OK) return status;
    struct reader reader = {.path = path, .at = bytes, .end = bytes + size, .line = 1};
    status = read_header(&reader, error);
    if (status == TEN_OK) status = find_shape(&reader, out, error);
    if (status == TEN_OK) status = read_rows(&reader, out, error);
    free(bytes);
    if (status != TEN_OK) ten_dataset_release(out);
    return status;
}

/* ---- Writing ------------------------------------------------------------------------------------------ */

/* What is saved must be loadable again. */
static enum ten_status check_savable(const struct ten_dataset *dataset, const char *path, struct ten_error *error) {
    size_t height = dataset->height, width = dataset->width;
    if (!dataset->labels) return ten_fail(error, TEN_INVALID, "%s: the dataset has no labels, CSV needs them", path);
    if (dataset->count < 1) return ten_fail(error, TEN_INVALID, "%s: the dataset has no images to write", path);
    if (height < 1 || height > TEN_MAX_SIDE || width < 1 || width > TEN_MAX_SIDE)
        return ten_fail(error, TEN_INVALID, "%s: images of %zu x %zu pixels to write, expected sides of 1..%d", path,
                        height, width, TEN_MAX_SIDE);
    struct ten_dataset read_back;
    if (!shape_of_pixels(height * width, &read_back))
        return ten_fail(
            error, TEN_INVALID,
            "%s: images of %zu x %zu pixels: CSV keeps no shape, and %zu pixels make neither a square nor one "
            "row of at most %d",
            path, height, width, height * width, TEN_MAX_SIDE);
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "%s: row %zu (counted from 0) has label %d, expected 0..%d", path, i,
                            dataset->labels[i], TEN_CLASSES - 1);
    return TEN_OK;
}

static char *put_number(char *at, uint8_t value) {
    if (value >= 100) *at++ = (char)('0' + value / 100);
    if (value >= 10) *at++ = (char)('0' + value / 10 % 10);
    *at++ = (char)('0' + value % 10);
    return at;
}

enum ten_status ten_dataset_save_csv(const struct ten_dataset *dataset, const char *path, struct ten_error *error) {
    enum ten_status status = check_savable(dataset, path, error);
    if (status != TEN_OK) return status;
    size_t pixels = dataset->height * dataset->width;
    char *line = ten_alloc(pixels + 1, 4); /* "255," */
    if (!line) return ten_fail_memory(error, "a line of CSV");
    struct ten_writer writer;
    status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = ten_writer_write(&writer, "label", 5, error);
    for (size_t p = 0; p < pixels && status == TEN_OK; p++) status = ten_writer_printf(&writer, error, ",pixel_%zu", p);
    if (status == TEN_OK) status = ten_writer_write(&writer, "\n", 1, error);
    for (size_t i = 0; i < dataset->count && status == TEN_OK; i++) {
        char *at = put_number(line, dataset->labels[i]);
        for (const uint8_t *pixel = dataset->images + i * pixels, *end = pixel + pixels; pixel < end; pixel++) {
            *at++ = ',';
            at = put_number(at, *pixel);
        }
        *at++ = '\n';
        status = ten_writer_write(&writer, line, (size_t)(at - line), error);
    }
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    free(line);
    return status;
}
