/* Status words, and messages that stay one terminated line whatever is put into them. */
#include "test.h"

#include "base/error.h"

#include <string.h>

static void test_words(void **state) {
    (void)state;
    const enum ten_status all[] = {
#define X(code, words) code,
        TEN_STATUS_LIST(X)
#undef X
    };
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i], i);
        assert_true(strlen(ten_status_words(all[i])) > 3);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(ten_status_words(all[i]), ten_status_words(all[j]));
    }
    assert_string_equal(ten_status_words(TEN_OK), "no error");
    assert_string_equal(ten_status_words(TEN_CANCELLED), "stopped on request");
    assert_string_equal(ten_status_words((enum ten_status)count), "unknown status");
    assert_string_equal(ten_status_words((enum ten_status) - 1), "unknown status");
}

static void test_version(void **state) {
    (void)state;
    assert_string_equal(ten_version(), TEN_VERSION_STRING);
}

static void test_message(void **state) {
    (void)state;
    struct ten_error error;
    assert_int_equal(ten_fail(&error, TEN_IO, "%s: %d of %d", "a file", 3, 4), TEN_IO);
    assert_int_equal(error.status, TEN_IO);
    assert_string_equal(error.message, "a file: 3 of 4");
    assert_int_equal(ten_fail(NULL, TEN_FORMAT, "%s", "nobody reads this"), TEN_FORMAT);
    assert_int_equal(ten_fail_memory(&error, "a test"), TEN_NO_MEMORY);
    assert_int_equal(error.status, TEN_NO_MEMORY);
    assert_string_equal(error.message, "out of memory for a test");
    assert_int_equal(ten_fail_memory(NULL, "a test"), TEN_NO_MEMORY);
}

static void test_control_characters(void **state) {
    (void)state;
    struct ten_error error;
    char all[256];
    for (int i = 1; i < 256; i++) all[i - 1] = (char)i;
    all[255] = '\0';
    ten_fail(&error, TEN_FORMAT, "%s", all);
    assert_int_equal(strlen(error.message), 255);
    for (int i = 1; i < 256; i++) {
        char expected = i < 0x20 || i >= 0x7f ? '?' : (char)i; /* above 0x7f: no UTF-8 in this order */
        assert_int_equal(error.message[i - 1], expected);
    }
    ten_fail(&error, TEN_FORMAT, "%s", "\xc3\xa9t\xe9.png");
    assert_string_equal(error.message, "\xc3\xa9t?.png");
}

static void test_long_message(void **state) {
    (void)state;
    struct ten_error error;
    char text[3 * sizeof error.message];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (size_t cut = sizeof error.message - 3; cut < sizeof error.message + 3; cut++) {
        memset(&error, 0x55, sizeof error);
        ten_fail(&error, TEN_FORMAT, "%.*s", (int)cut, text);
        size_t expected = cut < sizeof error.message ? cut : sizeof error.message - 1;
        assert_int_equal(strnlen(error.message, sizeof error.message), expected);
    }
    ten_fail(&error, TEN_FORMAT, "%s", text);
    assert_int_equal(strnlen(error.message, sizeof error.message), sizeof error.message - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),        cmocka_unit_test(test_version),
        cmocka_unit_test(test_message),      cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
