/* The shared parts of the test programs. */
#include "test.h"

#include "base/random.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void test_check_failure(const char *call, enum ten_status got, enum ten_status expected, const char *message,
                        const char *part, const char *file, int line) {
    if (got != expected || !strstr(message, part) || strchr(message, '\n')) {
        print_error("%s:%d: %s gave \"%s\" (%s), expected %s with \"%s\"\n", file, line, call, message,
                    ten_status_words(got), ten_status_words(expected), part);
        _fail(file, line);
    }
}

void test_dataset(struct ten_dataset *out, size_t count, size_t height, size_t width, uint64_t seed) {
    *out = (struct ten_dataset){.count = count, .height = height, .width = width};
    out->images = calloc(count ? count : 1, height * width);
    out->labels = malloc(count ? count : 1);
    assert_non_null(out->images);
    assert_non_null(out->labels);
    for (size_t i = 0; i < count; i++) {
        struct ten_random random;
        ten_random_init(&random, seed, i);
        uint8_t label = (uint8_t)ten_random_below(&random, TEN_CLASSES);
        uint8_t *image = out->images + i * height * width;
        out->labels[i] = label;
        /* each class favours its own pixels, with noise over all */
        for (size_t p = 0; p < height * width; p++) {
            size_t part = p * TEN_CLASSES / (height * width);
            uint64_t level = part == label || part == (size_t)(label * 3 + 1) % TEN_CLASSES ? 200 : 30;
            if (ten_random_below(&random, 3))
                image[p] = (uint8_t)(ten_random_below(&random, 55) + ten_random_below(&random, level));
        }
    }
}

static char folders[64][64];
static size_t folder_count;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void remove_folders(void) {
    for (size_t i = 0; i < folder_count; i++) nftw(folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void) {
    if (folder_count == 0) atexit(remove_folders);
    assert_true(folder_count < sizeof folders / sizeof *folders);
    char *folder = folders[folder_count];
    strcpy(folder, "/tmp/tenfold-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    folder_count++;
    return folder;
}

const char *test_path(const char *folder, const char *name) {
    static char *paths[4096]; /* kept reachable, so that leak checkers see no loss */
    static size_t count;
    assert_true(count < sizeof paths / sizeof *paths);
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    assert_non_null(path);
    sprintf(path, "%s/%s", folder, name);
    return paths[count++] = path;
}

const char *test_fixture(const char *name) {
    const char *folder = getenv("TENFOLD_FIXTURES");
    return test_path(folder ? folder : "tests/fixtures", name);
}

double *test_numbers(const char *fixture, size_t count) {
    size_t size;
    char *text = (char *)test_read(test_fixture(fixture), &size), *at = text;
    double *numbers = malloc((count ? count : 1) * sizeof *numbers);
    assert_non_null(numbers);
    size_t found = 0;
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at == '#') {
            at += strcspn(at, "\n");
            continue;
        }
        if (!*at) break;
        char *end;
        double number = strtod(at, &end);
        if (end == at) fail_msg("%s: no number at byte %td", fixture, at - text);
        if (found < count) numbers[found] = number;
        found++;
        at = end;
    }
    if (found != count) fail_msg("%s: holds %zu numbers, expected %zu", fixture, found, count);
    free(text);
    return numbers;
}

void test_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

uint8_t *test_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s: cannot be opened", path);
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    uint8_t *bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), (size_t)length);
    bytes[length] = 0;
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

bool stop_at_once(void *context, const struct ten_progress *progress) {
    (void)context, (void)progress;
    return false;
}
