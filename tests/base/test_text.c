/* Numbers from and to text: what is a number and what is not, the way there and back, and that the locale of the
 * surrounding program does not matter. */
#include "test.h"

#include "base/random.h"
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_reals(void) {
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"-0", -0.0},
                {"1", 1},
                {"0.5", 0.5},
                {".5", 0.5},
                {"5.", 5},
                {"-1.25", -1.25},
                {"1e-9", 1e-9},
                {"1E+3", 1000},
                {"1e9", 1e9},
                {"1.7976931348623157e308", DBL_MAX},
                {"4.9406564584124654e-324", 4.9406564584124654e-324},
                {"1234567.8901234567", 1234567.8901234567}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double value = 99;
        if (!ten_parse_real(good[i].text, &value)) fail_msg("\"%s\" is a number", good[i].text);
        assert_memory_equal(&value, &good[i].value, sizeof value);
    }
}

static void test_reals(void **state) {
    (void)state;
    check_reals();
    static const char *const bad[] = {"",      " ",      "1 ",   " 1",   "\t1",   "1\n",   "1,5", "1.5.", "1.5,",
                                      "--1",   "e5",     "1e",   "0x10", "0x1p3", "nan",   "NaN", "inf",  "-Infinity",
                                      "1e999", "-1e400", "1e5x", "abc",  "1_000", "1'000", ".",   "-",    "+"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = 99;
        if (ten_parse_real(bad[i], &value)) fail_msg("\"%s\" was taken for %g", bad[i], value);
        assert_true(value == 99);
    }
}

static void test_integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},       {"-0", 0},
                {"7", 7},       {"007", 7},
                {"-12", -12},   {"9223372036854775807", INT64_MAX},
                {"1000", 1000}, {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t value = 99;
        if (!ten_parse_integer(good[i].text, &value)) fail_msg("\"%s\" is a whole number", good[i].text);
        assert_true(value == good[i].value);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "--1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "1,0",
                                      "12a",
                                      "a12",
                                      "\n1",
                                      "1-",
                                      "-",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 99;
        if (ten_parse_integer(bad[i], &value)) fail_msg("\"%s\" was taken for a number", bad[i]);
        assert_true(value == 99);
    }
}

/* ---- There and back ---- */

static void check_round_trip(double value) {
    char text[40], shorter[400];
    ten_format_real(text, sizeof text, value);
    assert_null(strchr(text, ','));
    double back = 0;
    if (!ten_parse_real(text, &back)) fail_msg("\"%s\", made of %.17g, does not read back", text, value);
    assert_memory_equal(&back, &value, sizeof value);
    /* no text of fewer digits would do */
    size_t digits = 0;
    for (const char *c = text; *c && *c != 'e'; c++) digits += *c >= '0' && *c <= '9';
    if (digits < 2 || strchr(text, 'e') == NULL) return;
    snprintf(shorter, sizeof shorter, "%.*g", (int)digits - 1, value);
    assert_true(!ten_parse_real(shorter, &back) || back != value); /* it may round to infinity */
}

static void check_formats(void) {
    static const struct {
        double value;
        const char *text;
    } known[] = {{0, "0"},
                 {1, "1"},
                 {-1, "-1"},
                 {0.1, "0.1"},
                 {0.5, "0.5"},
                 {1e-9, "1e-09"},
                 {1e300, "1e+300"},
                 {2000, "2000"},
                 {1e7, "1e+07"},
                 {1234.5, "1234.5"},
                 {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[40];
        ten_format_real(text, sizeof text, known[i].value);
        assert_string_equal(text, known[i].text);
    }
}

static void test_round_trip(void **state) {
    (void)state;
    check_formats();
    const double special[] = {0.0,       -0.0, DBL_MIN, DBL_MAX, -DBL_MAX, DBL_EPSILON,
                              0x1p-1074, M_PI, 1e23,    5e-324,  0.1 + 0.2};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) check_round_trip(special[i]);
    struct ten_random random;
    ten_random_init(&random, 9, 0);
    for (int i = 0; i < 3000; i++) {
        uint64_t bits = ten_random_bits(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) check_round_trip(value);
        check_round_trip((double)ten_random_below(&random, 100000) / 1000);
    }
}

/* A text that does not fit is cut, not overrun. */
static void test_small_room(void **state) {
    (void)state;
    char text[8];
    memset(text, '#', sizeof text);
    ten_format_real(text, 5, 1.0 / 3);
    assert_int_equal(strnlen(text, 5), 4);
    assert_memory_equal(text + 5, "###", 3);
}

/* ---- Text from elsewhere ---- */

static void test_clean_text(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
    } known[] = {
        {"", ""},
        {"plain ~ text", "plain ~ text"},
        {"a\tb\nc\x1b[31m\x7f", "a?b?c?[31m?"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"}, /* as it is */
        {"\x80 \xbf \xff \xfe", "? ? ? ?"},
        {"\xc3", "?"}, /* cut */
        {"\xe2\x82", "??"},
        {"\xf0\x9f\x98", "???"},
        {"\xe2\x82z", "??z"},
        {"\xc0\xaf \xc1\xbf \xe0\x9f\xbf \xf0\x8f\xbf\xbf", "?? ?? ??? ????"}, /* overlong */
        {"\xe0\xa0\x80 \xf0\x90\x80\x80", "\xe0\xa0\x80 \xf0\x90\x80\x80"},    /* just not overlong */
        {"\xed\xa0\x80 \xed\x9f\xbf", "??? \xed\x9f\xbf"},                     /* a surrogate; the one before */
        {"\xf4\x90\x80\x80 \xf4\x8f\xbf\xbf \xf5\x80\x80\x80", "???? \xf4\x8f\xbf\xbf ????"}, /* beyond U+10FFFF */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char *text = strdup(known[i].from); /* of exactly its size, so that reading too far shows */
        assert_non_null(text);
        ten_clean_text(text);
        assert_string_equal(text, known[i].to);
        free(text);
    }
}

/* ---- Another locale ---- */

static void test_locale(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",       "fr_FR.UTF-8",
                                        "fr_FR.utf8",  "fr_FR",       "es_ES.UTF-8", "it_IT.UTF-8",
                                        "ru_RU.UTF-8", "sv_SE.UTF-8", "nl_NL.UTF-8"};
    bool comma = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !comma; i++)
        comma = setlocale(LC_ALL, names[i]) && *localeconv()->decimal_point == ',';
    if (!comma) {
        setlocale(LC_ALL, "C");
        print_message("# nothing tested: no locale with a decimal comma is installed\n");
        return;
    }
    char text[16];
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* the program's own locale is in force, */
    check_reals();                    /* the library does not notice, */
    check_formats();
    for (int i = 1; i < 100; i++) check_round_trip(1.0 / i);
    double value;
    assert_false(ten_parse_real("0,5", &value));
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* and leaves it as it was */
    setlocale(LC_ALL, "C");
}

static void test_grouped(void **state) {
    (void)state;
    char text[32];
    assert_string_equal(ten_format_grouped(text, 0), "0");
    assert_string_equal(ten_format_grouped(text, 999), "999");
    assert_string_equal(ten_format_grouped(text, 1000), "1,000");
    assert_string_equal(ten_format_grouped(text, 1234567), "1,234,567");
    assert_string_equal(ten_format_grouped(text, SIZE_MAX), "18,446,744,073,709,551,615");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reals),      cmocka_unit_test(test_integers),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_small_room), cmocka_unit_test(test_clean_text), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_grouped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
