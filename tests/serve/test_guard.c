/* Which Host, Origin and Sec-Fetch headers may use a server. */
#include "test.h"

#include "serve/guard.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void expect(const struct ten_guard *guard, const char *host, bool good) {
    if (ten_guard_host(guard, host) != good)
        fail_msg("Host %s at %s:%u: expected %d", host ? host : "(none)", guard->host, guard->port, good);
}

static void test_loopback(void **state) {
    (void)state;
    static const char *const hosts[] = {NULL, "127.0.0.1", "localhost", "::1", "[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct ten_guard guard;
        ten_guard_init(&guard, hosts[i], 8000);
        assert_true(guard.loopback);
        assert_false(guard.any);
        expect(&guard, "localhost:8000", true);
        expect(&guard, "LOCALHOST:8000", true);
        expect(&guard, "127.0.0.1:8000", true);
        expect(&guard, "[::1]:8000", true);
        expect(&guard, NULL, false);
        expect(&guard, "", false);
        expect(&guard, "localhost", false); /* port 80 */
        expect(&guard, "localhost:80", false);
        expect(&guard, "localhost:8000 ", false);
        expect(&guard, "localhost:08000x", false);
        expect(&guard, "localhost:", false);
        expect(&guard, "localhost:123456", false);
        expect(&guard, ":8000", false);
        expect(&guard, "[::1:8000", false);
        expect(&guard, "[::1]x:8000", false);
        expect(&guard, "evil.example:8000", false);
        expect(&guard, "localhost.evil.example:8000", false);
        expect(&guard, "10.0.0.1:8000", false);
    }
}

static void test_port_80_may_be_left_out(void **state) {
    (void)state;
    struct ten_guard guard;
    ten_guard_init(&guard, NULL, 80);
    expect(&guard, "localhost", true);
    expect(&guard, "localhost:80", true);
    expect(&guard, "[::1]", true);
    expect(&guard, "localhost:8000", false);
}

static void test_one_address(void **state) {
    (void)state;
    struct ten_guard guard;
    ten_guard_init(&guard, "192.168.1.5", 8000);
    assert_false(guard.loopback || guard.any);
    expect(&guard, "192.168.1.5:8000", true);
    expect(&guard, "192.168.1.6:8000", false);
    expect(&guard, "localhost:8000", false);
    ten_guard_init(&guard, "digits.example", 8000);
    expect(&guard, "Digits.Example:8000", true);
    expect(&guard, "other.example:8000", false);
}

static void test_all_addresses(void **state) {
    (void)state;
    static const char *const hosts[] = {"0.0.0.0", "::", "[::]"};
    char machine[256] = "", text[300];
    gethostname(machine, sizeof machine - 1);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct ten_guard guard;
        ten_guard_init(&guard, hosts[i], 8000);
        assert_true(guard.any);
        assert_false(guard.loopback);
        expect(&guard, "10.1.2.3:8000", true);
        expect(&guard, "[fe80::1]:8000", true);
        expect(&guard, "localhost:8000", true);
        expect(&guard, "evil.example:8000", false); /* a name that someone bound to this machine's address */
        snprintf(text, sizeof text, "%s:8000", machine);
        expect(&guard, text, true);
        snprintf(text, sizeof text, "%s.local:8000", machine);
        expect(&guard, text, true);
        snprintf(text, sizeof text, "%s.example:8000", machine);
        expect(&guard, text, false);
    }
}

static void test_origin_is_the_host(void **state) {
    (void)state;
    assert_true(ten_guard_origin("http://localhost:8000", "localhost:8000"));
    assert_true(ten_guard_origin("HTTP://LOCALHOST:8000", "localhost:8000"));
    assert_false(ten_guard_origin("http://127.0.0.1:8000", "localhost:8000"));
    assert_false(ten_guard_origin("https://localhost:8000", "localhost:8000"));
    assert_false(ten_guard_origin("http://localhost:8000.evil.example", "localhost:8000"));
    assert_false(ten_guard_origin("null", "localhost:8000"));
    assert_false(ten_guard_origin("", "localhost:8000"));
}

static void test_what_browsers_tell(void **state) {
    (void)state;
    assert_true(ten_guard_fetch(NULL, NULL, false));
    assert_true(ten_guard_fetch("same-origin", "cors", false));
    assert_true(ten_guard_fetch("none", "navigate", true)); /* typed by hand */
    assert_true(ten_guard_fetch("cross-site", "navigate", true));
    assert_false(ten_guard_fetch("cross-site", "navigate", false)); /* a form */
    assert_false(ten_guard_fetch("cross-site", "no-cors", true));
    assert_false(ten_guard_fetch("same-site", "cors", true));
    assert_false(ten_guard_fetch("cross-site", NULL, true));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),           cmocka_unit_test(test_port_80_may_be_left_out),
        cmocka_unit_test(test_one_address),        cmocka_unit_test(test_all_addresses),
        cmocka_unit_test(test_origin_is_the_host), cmocka_unit_test(test_what_browsers_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
