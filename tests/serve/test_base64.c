/* Base64: the examples of RFC 4648, what is no base64, and every length there and back. */
#include "test.h"

#include "serve/serve.h"

#include <stdlib.h>
#include <string.h>

static void assert_decodes(const char *text, const char *expected) {
    size_t size;
    uint8_t *bytes = ten_base64_decode(text, strlen(text), &size);
    assert_non_null(bytes);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static void test_examples_of_the_standard(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *text = ten_base64_encode(pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(text, pairs[i][1]);
        free(text);
        assert_decodes(pairs[i][1], pairs[i][0]);
    }
}

static void test_what_else_is_taken(void **state) {
    (void)state;
    assert_decodes("Zm9vYg", "foob"); /* padding left out */
    assert_decodes("Zm9v\r\nYmFy\n", "foobar");
    assert_decodes("data:image/png;base64,Zm9v", "foo");
    assert_decodes("DATA:;BASE64,Zm9v", "foo");
    assert_decodes("data:image/png;charset=x;base64,", "");
}

static void test_what_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"A",
                                        "AAAAA",
                                        "AA=",
                                        "A===",
                                        "AA===",
                                        "=",
                                        "====",
                                        "AA=A",
                                        "AAA=AAAA",
                                        "Zm9v-",
                                        "Zm 9v",
                                        "Zm9v_",
                                        "ZZZ\x80",
                                        "data:,Zm9v",
                                        "data:x,base64,AA==",
                                        "data:image/png;base64"};
    size_t size;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (ten_base64_decode(wrong[i], strlen(wrong[i]), &size)) fail_msg("\"%s\" was taken", wrong[i]);
    assert_null(ten_base64_decode("AA\0A", 4, &size));
}

static void test_there_and_back(void **state) {
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 167 + i / 7);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        size_t size;
        char *text = ten_base64_encode(bytes, length);
        uint8_t *back = ten_base64_decode(text, strlen(text), &size);
        assert_non_null(back);
        assert_int_equal(size, length);
        assert_memory_equal(back, bytes, length);
        free(back);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_standard),
        cmocka_unit_test(test_what_else_is_taken),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
