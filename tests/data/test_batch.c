/* Batches: views, replacing values, floats on demand; leaks and double frees are the sanitizer's to find. */
#include "test.h"

#include "base/memory.h"
#include "data/batch.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t IMAGES[12] = {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255};

static void a_view_copies_nothing(void **state) {
    (void)state;
    struct ten_batch batch = ten_batch_of_images(IMAGES, 2, 2, 3);
    assert_int_equal(batch.rows, 2);
    assert_int_equal(batch.shape.columns, 6);
    assert_int_equal(batch.shape.height, 2);
    assert_int_equal(batch.shape.width, 3);
    assert_true(batch.is_bytes);
    assert_false(batch.owned);
    assert_ptr_equal(batch.bytes, IMAGES);
    assert_null(batch.floats);
    assert_true(batch.unit == 1.0f);
    ten_batch_release(&batch); /* must not free the images */
    assert_null(batch.bytes);
    assert_int_equal(batch.rows, 0);
    ten_batch_release(&batch);
    ten_batch_release(NULL);
}

static void rows_as_floats(void **state) {
    (void)state;
    struct ten_batch batch = ten_batch_of_images(IMAGES, 2, 2, 3);
    float row[7] = {[6] = -1};
    ten_batch_row(&batch, 1, row);
    for (size_t i = 0; i < 6; i++) assert_true(row[i] == (float)(250 + i));
    assert_true(row[6] == -1.0f);
    batch.unit = 1.0f / 255;
    ten_batch_row(&batch, 0, row);
    for (size_t i = 0; i < 6; i++) assert_true(row[i] == (float)i * (1.0f / 255));

    const float floats[] = {1, 2, 3, 4};
    batch = (struct ten_batch){.rows = 2, .shape = {.columns = 2}, .unit = 1, .floats = floats};
    ten_batch_row(&batch, 1, row);
    assert_true(row[0] == 3.0f && row[1] == 4.0f);
}

static void bytes_become_own_floats(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_batch batch = ten_batch_of_images(IMAGES, 2, 2, 3);
    batch.unit = 0.5f;
    float *values, *again;
    assert_ok(ten_batch_own_floats(&batch, &values, &error));
    assert_false(batch.is_bytes);
    assert_true(batch.owned);
    assert_null(batch.bytes);
    assert_ptr_equal(batch.floats, values);
    assert_int_equal(batch.rows, 2);
    assert_int_equal(batch.shape.height, 2);
    for (size_t i = 0; i < 12; i++) assert_true(values[i] == (float)IMAGES[i] * 0.5f);
    values[0] = 42; /* writable, and not copied again */
    assert_ok(ten_batch_own_floats(&batch, &again, &error));
    assert_ptr_equal(again, values);
    assert_true(batch.floats[0] == 42.0f);
    assert_int_equal(IMAGES[0], 0);
    ten_batch_release(&batch);
}

static void borrowed_floats_are_copied(void **state) {
    (void)state;
    struct ten_error error;
    float floats[] = {1, 2, 3, 4}, *values;
    struct ten_batch batch = {.rows = 2, .shape = {.columns = 2}, .unit = 1, .floats = floats};
    assert_ok(ten_batch_own_floats(&batch, &values, &error));
    assert_ptr_not_equal(values, floats);
    assert_memory_equal(values, floats, sizeof floats);
    values[0] = 9;
    assert_true(floats[0] == 1.0f);
    ten_batch_release(&batch);
}

static void replacing_frees_what_was_owned(void **state) {
    (void)state;
    struct ten_batch batch = ten_batch_of_images(IMAGES, 2, 2, 3);
    uint8_t *bytes = ten_alloc_zero(8, 1);
    float *floats = ten_alloc_zero(2, sizeof *floats);
    assert_non_null(bytes);
    assert_non_null(floats);
    bytes[5] = 200;
    floats[1] = 7;
    ten_batch_replace(&batch, (struct ten_shape){.columns = 4, .height = 2, .width = 2}, bytes, NULL, 0.25f);
    assert_true(batch.is_bytes && batch.owned && batch.unit == 0.25f);
    assert_int_equal(batch.rows, 2);
    assert_int_equal(batch.shape.columns, 4);
    float row[4];
    ten_batch_row(&batch, 1, row);
    assert_true(row[1] == 50.0f);
    ten_batch_replace(&batch, (struct ten_shape){.columns = 1}, NULL, floats, 1);
    assert_true(!batch.is_bytes && batch.owned);
    assert_null(batch.bytes);
    ten_batch_row(&batch, 1, row);
    assert_true(row[0] == 7.0f);
    ten_batch_release(&batch);
    assert_null(batch.floats);
}

static void impossible_sizes_fail(void **state) {
    (void)state;
    struct ten_error error;
    float *values = (float[]){0};
    struct ten_batch batch = ten_batch_of_images(IMAGES, SIZE_MAX / 4, 2, 3);
    assert_fails(ten_batch_own_floats(&batch, &values, &error), TEN_NO_MEMORY, "out of memory");
    assert_null(values);
    assert_ptr_equal(batch.bytes, IMAGES);
    batch = ten_batch_of_images(IMAGES, 0, 2, 3);
    assert_ok(ten_batch_own_floats(&batch, &values, &error));
    ten_batch_release(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_copies_nothing),          cmocka_unit_test(rows_as_floats),
        cmocka_unit_test(bytes_become_own_floats),        cmocka_unit_test(borrowed_floats_are_copied),
        cmocka_unit_test(replacing_frees_what_was_owned), cmocka_unit_test(impossible_sizes_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
