/* What every test program shares: cmocka, small synthetic data, temporary folders. */
#ifndef TEN_TESTS_TEST_H
#define TEN_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it */
#include <cmocka.h>

#include "tenfold.h"

/* Fails with the library's message if `call`, which uses the local `struct ten_error error`, does not give TEN_OK. */
#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        enum ten_status status_ = (call);                                                                              \
        if (status_ != TEN_OK) fail_msg("%s: %s (%s)", #call, error.message, ten_status_words(status_));               \
    } while (0)

/* Fails unless `call` gives `expected` and a message of one line that contains `part`. */
#define assert_fails(call, expected, part)                                                                             \
    do {                                                                                                               \
        error.message[0] = '\0';                                                                                       \
        enum ten_status status_ = (call);                                                                              \
        test_check_failure(#call, status_, expected, error.message, part, __FILE__, __LINE__);                         \
    } while (0)

void test_check_failure(const char *call, enum ten_status got, enum ten_status expected, const char *message,
                        const char *part, const char *file, int line);

/* A progress function that stops at once; with threads = 1 it is sure to be asked. */
bool stop_at_once(void *context, const struct ten_progress *progress);

/* Labelled images of random strokes that a model can learn something from: same arguments, same bytes. */
void test_dataset(struct ten_dataset *out, size_t count, size_t height, size_t width, uint64_t seed);

/* A fresh temporary folder, removed with all in it when the program ends. The text lives until then. */
const char *test_folder(void);

/* folder/name; the text lives until the program ends. */
const char *test_path(const char *folder, const char *name);

/* A file of tests/fixtures. */
const char *test_fixture(const char *name);

/* Reads a fixture of numbers: whitespace-separated decimals, '#' starts a comment. Fails the test if it holds not
 * exactly `count`. The caller frees. */
double *test_numbers(const char *fixture, size_t count);

void test_write(const char *path, const void *bytes, size_t size);
uint8_t *test_read(const char *path, size_t *size);

#endif
