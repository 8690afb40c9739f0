/* Images that are in two sets, planted and against comparing all. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Every image of the second set against every one of the first. */
static void check_naively(const struct ten_duplicates *got, const struct ten_dataset *first,
                          const struct ten_dataset *second) {
    size_t pixels = first->height * first->width, count = 0;
    for (size_t i = 0; i < second->count; i++)
        for (size_t j = 0; j < first->count; j++) {
            if (memcmp(first->images + j * pixels, second->images + i * pixels, pixels) != 0) continue;
            if (count < TEN_LISTED_PAIRS) {
                assert_int_equal(got->first[count], j);
                assert_int_equal(got->second[count], i);
            }
            count++;
            break;
        }
    assert_int_equal(got->count, count);
    assert_int_equal(got->listed, count < TEN_LISTED_PAIRS ? count : TEN_LISTED_PAIRS);
}

static void test_planted(void **state) {
    (void)state;
    struct ten_dataset first, second;
    struct ten_duplicates duplicates;
    struct ten_error error;
    test_dataset(&first, 400, 7, 5, 1);
    test_dataset(&second, 90, 7, 5, 2);
    assert_ok(ten_duplicates_between(&duplicates, &first, &second, NULL, &error));
    assert_int_equal(duplicates.count, 0);
    memcpy(first.images + 300 * 35, first.images + 20 * 35, 35); /* twice in the first: the earlier one is named */
    memcpy(second.images + 3 * 35, first.images + 300 * 35, 35);
    memcpy(second.images + 89 * 35, first.images + 399 * 35, 35);
    memcpy(second.images + 50 * 35, first.images + 0 * 35, 35);
    memcpy(second.images + 51 * 35, first.images + 0 * 35, 35); /* twice in the second: both count */
    memcpy(second.images + 60 * 35, first.images + 5 * 35, 35);
    second.images[61 * 35 - 1] ^= 1; /* all but the last bit */
    assert_ok(ten_duplicates_between(&duplicates, &first, &second, NULL, &error));
    assert_int_equal(duplicates.count, 4);
    assert_int_equal(duplicates.listed, 4);
    const size_t expected[][2] = {{20, 3}, {0, 50}, {0, 51}, {399, 89}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(duplicates.first[i], expected[i][0]);
        assert_int_equal(duplicates.second[i], expected[i][1]);
    }
    check_naively(&duplicates, &first, &second);
    ten_dataset_release(&first);
    ten_dataset_release(&second);
}

static void test_many(void **state) {
    (void)state;
    struct ten_dataset first, second;
    struct ten_error error;
    test_dataset(&first, 3000, 1, 2, 3); /* so small that many are equal */
    test_dataset(&second, 1500, 1, 2, 4);
    for (int threads = 1; threads < 5; threads += 3) {
        struct ten_duplicates duplicates;
        assert_ok(ten_duplicates_between(&duplicates, &first, &second, &(struct ten_run){.threads = threads}, &error));
        assert_true(duplicates.count > TEN_LISTED_PAIRS);
        check_naively(&duplicates, &first, &second);
    }
    ten_dataset_release(&first);
    ten_dataset_release(&second);
}

static void test_shapes_and_labels(void **state) {
    (void)state;
    uint8_t images[12] = {0}, labels[12] = {0};
    struct ten_duplicates duplicates;
    struct ten_error error;
    const struct ten_dataset square = {3, 2, 2, images, NULL}, line = {3, 1, 4, images, labels};
    assert_ok(ten_duplicates_between(&duplicates, &square, &square, NULL, &error));
    assert_int_equal(duplicates.count, 3); /* black ones are equal, too; each to the first */
    assert_int_equal(duplicates.first[2], 0);
    assert_ok(ten_duplicates_between(&duplicates, &square, &line, NULL, &error)); /* same bytes, another shape */
    assert_int_equal(duplicates.count, 0);
    const struct ten_dataset none = {0}, dot = {1, 1, 1, images, labels};
    assert_ok(ten_duplicates_between(&duplicates, &dot, &dot, NULL, &error));
    assert_int_equal(duplicates.count, 1);
    assert_fails(ten_duplicates_between(&duplicates, &none, &dot, NULL, &error), TEN_INVALID, "no images");
    assert_fails(ten_duplicates_between(&duplicates, &dot, &none, NULL, &error), TEN_INVALID, "no images");
    assert_int_equal(duplicates.count, 0);
    labels[0] = 10;
    assert_fails(ten_duplicates_between(&duplicates, &square, &line, NULL, &error), TEN_INVALID, "label 10");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_shapes_and_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
