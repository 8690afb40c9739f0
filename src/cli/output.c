/* Messages to standard error, results to standard output. A result that could not be written is a failure. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { JSON_FLAGS = JSON_INDENT(1) | JSON_REAL_PRECISION(10) | JSON_ENSURE_ASCII };

int ten_complain(int status, const char *format, ...) {
    ten_progress_clear();
    fputs("tenfold", stderr);
    if (ten_command_name) fprintf(stderr, " %s", ten_command_name);
    fputs(": ", stderr);
    char text[1280];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    fprintf(stderr, "%s\n", text);
    return status;
}

int ten_complain_error(const struct ten_error *error) { return ten_complain(FAILED, "%s", error->message); }

int ten_complain_words(const struct ten_error *error) {
    return ten_complain(error->status == TEN_INVALID ? WRONG_USAGE : FAILED, "%s", error->message);
}

/* A reader that went away (`| head`) has seen enough and needs no message. */
static int complain_output(int why) {
    if (why == EPIPE) return FAILED;
    return ten_complain(FAILED, "standard output: writing failed: %s", why ? strerror(why) : "data lost");
}

void ten_say(const struct options *options, const char *format, ...) {
    if (options->quiet) return;
    ten_progress_clear();
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

enum ten_status ten_write_json(json_t *document, const char *path, struct ten_error *error) {
    char *text = document ? json_dumps(document, JSON_FLAGS) : NULL;
    json_decref(document);
    if (!text) return ten_fail(error, TEN_NO_MEMORY, "%s: out of memory for JSON", path);
    struct ten_writer writer;
    enum ten_status status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = ten_writer_printf(&writer, error, "%s\n", text);
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    free(text);
    return status;
}

int ten_print_json(json_t *document, const char *path) {
    ten_progress_clear();
    if (path) {
        struct ten_error error;
        return ten_write_json(document, path, &error) == TEN_OK ? DONE : ten_complain_error(&error);
    }
    if (!document) return ten_complain(FAILED, "out of memory for JSON");
    errno = 0;
    bool good = json_dumpf(document, stdout, JSON_FLAGS) == 0;
    int why = errno;
    json_decref(document);
    if (!good) return complain_output(why);
    putchar('\n');
    return DONE;
}

int ten_finish_output(int status) {
    ten_progress_clear();
    errno = 0;
    bool good = fflush(stdout) == 0 && !ferror(stdout);
    if (good || status != DONE) return status;
    return complain_output(errno);
}

static bool wants_colour(void) {
    const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(none && *none) && terminal && strcmp(terminal, "dumb") != 0;
}

const char *ten_bold(void) { return wants_colour() ? "\033[1m" : ""; }
const char *ten_plain(void) { return wants_colour() ? "\033[0m" : ""; }

size_t ten_terminal_width(FILE *file) {
    struct winsize size;
    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* ---- Tables ------------------------------------------------------------------------------------------------- */

char (*ten_table_row(struct table *table))[72] {
    size_t cells = (table->rows + 1) * table->columns;
    void *larger = realloc(table->cells, cells * sizeof *table->cells);
    if (!larger) {
        table->lost = true;
        return table->spare;
    }
    table->cells = larger;
    char(*row)[72] = table->cells + table->rows * table->columns;
    memset(row, 0, table->columns * sizeof *row);
    table->rows++;
    return row;
}

/* Characters, not bytes, of a UTF-8 text. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(FILE *file, const char *text, size_t width, bool right, bool last) {
    size_t padding = width - width_of(text);
    if (right)
        fprintf(file, "%*s%s", (int)padding, "", text);
    else
        fprintf(file, "%s%*s", text, last ? 0 : (int)padding, "");
    fputs(last ? "\n" : "  ", file);
}

/* The widest text of a column, heading included. */
static size_t column_width(const struct table *table, size_t column) {
    const char *heading = table->headings[column];
    size_t width = width_of(heading + (heading[0] == '>'));
    for (size_t r = 0; r < table->rows; r++) {
        size_t w = width_of(table->cells[r * table->columns + column]);
        if (w > width) width = w;
    }
    return width;
}

static void print_narrow(const struct table *table, FILE *file) {
    size_t width = 0;
    for (size_t c = 0; c < table->columns; c++) {
        size_t w = width_of(table->headings[c]);
        if (w > width) width = w;
    }
    for (size_t r = 0; r < table->rows; r++)
        for (size_t c = 0; c < table->columns; c++) {
            const char *heading = table->headings[c], *text = table->cells[r * table->columns + c];
            heading += heading[0] == '>';
            if (c == 0)
                fprintf(file, "%s%s%s\n", ten_bold(), text, ten_plain());
            else
                fprintf(file, "  %s%*s  %s\n", heading, (int)(width - width_of(heading)), "", text);
        }
}

static void print_table(const struct table *table, FILE *file) {
    size_t columns = table->columns, terminal = ten_terminal_width(file), total = 2 * (columns - 1);
    for (size_t c = 0; c < columns; c++) total += column_width(table, c);
    if (terminal && total > terminal) {
        print_narrow(table, file);
        return;
    }
    fputs(ten_bold(), file);
    for (size_t r = 0; r <= table->rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            bool right = table->headings[c][0] == '>';
            const char *text = r ? table->cells[(r - 1) * columns + c] : table->headings[c] + right;
            print_cell(file, text, column_width(table, c), right, c + 1 == columns);
        }
        if (r == 0) fputs(ten_plain(), file);
    }
}

int ten_table_print(struct table *table, FILE *file) {
    if (!table->lost) print_table(table, file);
    free(table->cells);
    table->cells = NULL;
    table->rows = 0;
    return table->lost ? ten_complain(FAILED, "out of memory for the table") : DONE;
}

char *ten_format_bytes(char *out, double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 999.5 && unit < 4; unit++) bytes /= 1000;
    snprintf(out, 24, unit && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return out;
}

char *ten_format_seconds(char *out, double seconds) {
    snprintf(out, 24, seconds < 9.995 ? "%.2f s" : "%.1f s", seconds);
    return out;
}
