/* Chains of steps: what their text may be, what it becomes, and how a chain fails. */
#include "test.h"

#include "prep/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_parse(const char *text, const char *canonical, size_t count) {
    struct ten_chain chain;
    struct ten_error error;
    assert_ok(ten_chain_parse(&chain, text, &error));
    assert_string_equal(chain.text, canonical);
    assert_int_equal(chain.count, count);
    ten_chain_release(&chain);
    assert_int_equal(chain.count, 0);
    struct ten_chain again; /* the canonical text means the same */
    assert_ok(ten_chain_parse(&again, canonical, &error));
    assert_string_equal(again.text, canonical);
    ten_chain_release(&again);
}

static void test_parse(void **state) {
    (void)state;
    check_parse("none", "none", 0);
    check_parse("scale", "scale", 1);
    check_parse("minmax,crop20", "minmax,crop20", 2);
    check_parse("original", "minmax,crop20,standardize", 3);
    check_parse("original,pca=50", "minmax,crop20,standardize,pca=50", 4);
    check_parse("deskew,original", "deskew,minmax,crop20,standardize", 4);
    check_parse("none,scale,none", "scale", 1);
    check_parse("none,none", "none", 0);
    check_parse("pca=1", "pca=1", 1);
    check_parse("pca=4096", "pca=4096", 1);
    check_parse("scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale",
                "scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale", 16);
}

static void test_longest_text_fits(void **state) {
    (void)state;
    char text[256] = "standardize";
    for (int i = 1; i < TEN_MAX_STEPS; i++) strcat(text, ",standardize");
    check_parse(text, text, TEN_MAX_STEPS);
}

static void check_refused(const char *text, const char *message) {
    struct ten_chain chain;
    struct ten_error error;
    memset(&chain, 0x55, sizeof chain);
    assert_fails(ten_chain_parse(&chain, text, &error), TEN_INVALID, message);
    assert_int_equal(chain.count, 0);
    assert_string_equal(chain.text, "");
    ten_chain_release(&chain); /* safe on what a failure leaves */
    assert_int_equal(ten_chain_parse(&chain, text, NULL), TEN_INVALID);
}

static void test_refused(void **state) {
    (void)state;
    check_refused("sharpen", "no preprocessing step 'sharpen'; expected scale, multiply=N, minmax, crop20, center, "
                             "deskew, trim=N, standardize, pca=N, original or none");
    check_refused("scale,Minmax", "'Minmax'");
    check_refused("scale ,minmax", "'scale '");
    check_refused("", "a preprocessing step is missing");
    check_refused(",", "a preprocessing step is missing");
    check_refused("scale,", "a preprocessing step is missing");
    check_refused(",scale", "a preprocessing step is missing");
    check_refused("scale,,minmax", "a preprocessing step is missing");
    check_refused("=", "no preprocessing step ''");
    check_refused("pca", "pca needs an argument: pca=N");
    check_refused("pca=", "pca needs an argument: pca=N");
    check_refused("scale=2", "scale takes no argument, but was given '2'");
    check_refused("scale=", "scale takes no argument");
    check_refused("original=1", "'original' takes no argument");
    check_refused("none=", "'none' takes no argument");
    static const char *const numbers[] = {"0", "-1", "4097", "050", "5.0", "5x", "99999999999999999999", "=5", "+5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[64], message[128];
        snprintf(text, sizeof text, "minmax,pca=%s", numbers[i]);
        snprintf(message, sizeof message, "pca=%s: expected a whole number of components from 1 to 4096", numbers[i]);
        check_refused(text, message);
    }
    check_refused("trim", "trim needs an argument: trim=N");
    check_refused("trim=0", "trim=0: expected a whole number of pixels from 1 to 1024");
    check_refused("trim=1025", "from 1 to 1024");
    check_refused("trim=2.5", "from 1 to 1024");
    check_refused("multiply=0", "multiply=0: expected a number from 1e-6 to 1e6");
    check_refused("multiply=-1", "from 1e-6 to 1e6");
    check_refused("multiply=nan", "from 1e-6 to 1e6");
    check_refused("multiply=two", "from 1e-6 to 1e6");
    check_refused(
        "scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale,scale",
        "at most 16 preprocessing steps");
    check_refused("original,original,original,original,original,original", "at most 16 preprocessing steps");
    char *long_name = malloc(100001);
    memset(long_name, 'a', 100000);
    long_name[100000] = '\0';
    check_refused(long_name, "there is no preprocessing step 'aaaa");
    free(long_name);
}

static void test_table(void **state) {
    (void)state;
    size_t count = 0;
    for (const struct ten_step_description *step; (step = ten_step_at(count)); count++) {
        assert_non_null(ten_step_find(step->name));
        assert_ptr_equal(&ten_step_find(step->name)->about, step);
        assert_true(step->summary && *step->summary);
        assert_int_equal(step->argument != NULL, ten_step_find(step->name)->configure != NULL);
    }
    assert_int_equal(count, 9);
    assert_null(ten_step_at(SIZE_MAX));
    assert_null(ten_step_find("original")); /* an alias is no step */
    assert_null(ten_step_find(""));
}

static void check_reshape(const char *text, size_t side, size_t columns, size_t height) {
    struct ten_chain chain;
    struct ten_error error;
    struct ten_shape shape = {.columns = side * side, .height = side, .width = side};
    assert_ok(ten_chain_parse(&chain, text, &error));
    assert_ok(ten_chain_reshape(&chain, &shape, &error));
    assert_int_equal(shape.columns, columns);
    assert_int_equal(shape.height, height);
    assert_int_equal(shape.width, height);
    ten_chain_release(&chain);
}

static void test_reshape(void **state) {
    (void)state;
    check_reshape("none", 28, 784, 28);
    check_reshape("original", 28, 400, 20);
    check_reshape("crop20,center,deskew,scale", 9, 784, 28);
    check_reshape("crop20,pca=50,standardize", 28, 50, 0);
    check_reshape("pca=784", 28, 784, 0);
    check_reshape("trim=2,scale,multiply=2.5", 28, 576, 24);
    check_reshape("trim=3,trim=1", 28, 400, 20);
}

static void check_impossible(const char *text, size_t side, const char *message) {
    struct ten_chain chain;
    struct ten_error error;
    struct ten_shape shape = {.columns = side * side, .height = side, .width = side};
    assert_ok(ten_chain_parse(&chain, text, &error));
    assert_fails(ten_chain_reshape(&chain, &shape, &error), TEN_INVALID, message);
    uint8_t *bytes = calloc(2, side * side);
    struct ten_batch batch = ten_batch_of_images(bytes, 2, side, side);
    assert_fails(ten_chain_fit(&chain, &batch, NULL, &error), TEN_INVALID, message);
    assert_ptr_equal(batch.bytes, bytes); /* refused before any work */
    ten_chain_release(&chain);
    free(bytes);
}

static void test_impossible_chains(void **state) {
    (void)state;
    check_impossible("scale,pca=50,crop20", 28, "crop20 needs pixels, but the steps before it left 50 features");
    check_impossible("pca=5,center", 28, "center needs pixels");
    check_impossible("pca=5,deskew", 28, "deskew needs pixels");
    check_impossible("pca=5,trim=1", 28, "trim needs pixels, but the steps before it left 5 features");
    check_impossible("trim=14", 28, "trim=14 leaves nothing of images of 28x28");
    check_impossible("pca=10", 3, "pca=10: there are only 9 features");
    check_impossible("pca=50,pca=51", 28, "pca=51: there are only 50 features");
    check_impossible("pca=50", 65, "at most 4096 features and is given 4225");
}

/* A chain is the same as its steps one by one. */
static void test_order(void **state) {
    (void)state;
    struct ten_dataset data;
    struct ten_error error;
    test_dataset(&data, 60, 10, 12, 5);
    static const char *const parts[] = {"deskew", "minmax", "crop20", "standardize"};
    struct ten_batch step_by_step = ten_batch_of_images(data.images, 60, 10, 12), at_once = step_by_step;
    struct ten_chain chain;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(ten_chain_parse(&chain, parts[i], &error));
        assert_ok(ten_chain_fit(&chain, &step_by_step, NULL, &error));
        ten_chain_release(&chain);
    }
    assert_ok(ten_chain_parse(&chain, "deskew,original", &error));
    assert_ok(ten_chain_fit(&chain, &at_once, NULL, &error));
    ten_chain_release(&chain);
    assert_memory_equal(step_by_step.floats, at_once.floats, 60 * 400 * sizeof(float));
    ten_batch_release(&step_by_step);
    ten_batch_release(&at_once);
    ten_dataset_release(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_longest_text_fits),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_table),
        cmocka_unit_test(test_reshape), cmocka_unit_test(test_impossible_chains),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
