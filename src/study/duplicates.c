/* Equal images, in one set and between two: a table of hashes, where equal hashes have the images compared. */
#include "study/duplicates.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "study/classes.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 /* images a task */ };

/* ---- Hashes ---- */

/* Any hash would do, since equal hashes are looked at again; this one takes eight bytes at a time. */
static uint64_t hash(const uint8_t *bytes, size_t size) {
    uint64_t state = size;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, size - i < 8 ? size - i : 8);
        state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        state ^= state >> 32;
    }
    return state;
}

struct work {
    const struct ten_dataset *dataset;
    uint64_t *hashes;
};

static enum ten_status hash_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    size_t pixels = work->dataset->height * work->dataset->width, first = task * BLOCK;
    size_t length = ten_block_length(work->dataset->count, BLOCK, task);
    for (size_t i = first; i < first + length; i++) work->hashes[i] = hash(work->dataset->images + i * pixels, pixels);
    return TEN_OK;
}

static enum ten_status hash_all(const struct ten_dataset *dataset, uint64_t **hashes, const struct ten_run *run,
                                struct ten_error *error) {
    *hashes = ten_alloc(dataset->count, sizeof **hashes);
    if (!*hashes) return ten_fail_memory(error, "the hashes of the images");
    size_t tasks = ten_block_count(dataset->count, BLOCK);
    struct work work = {dataset, *hashes};
    return ten_parallel(run, "look for duplicates", "images", (double)dataset->count / (double)tasks, tasks, hash_block,
                        &work, error);
}

/* ---- The table ---- */

/* Open-addressed, and at most half full. */
struct table {
    const struct ten_dataset *dataset;
    const uint64_t *hashes;
    size_t *slots, mask; /* image number + 1, or 0 */
};

static enum ten_status table_init(struct table *table, const struct ten_dataset *dataset, const uint64_t *hashes,
                                  struct ten_error *error) {
    size_t slots = 2;
    while (slots / 2 < dataset->count) slots *= 2;
    *table = (struct table){dataset, hashes, ten_alloc_zero(slots, sizeof *table->slots), slots - 1};
    return table->slots ? TEN_OK : ten_fail_memory(error, "the table of images");
}

/* The slot of the image in the table that equals this one, or the empty slot where it would go. */
static size_t *find(const struct table *table, const uint8_t *image, uint64_t image_hash) {
    size_t pixels = table->dataset->height * table->dataset->width, slot = image_hash & table->mask;
    for (; table->slots[slot]; slot = (slot + 1) & table->mask) {
        size_t other = table->slots[slot] - 1;
        if (table->hashes[other] == image_hash && memcmp(table->dataset->images + other * pixels, image, pixels) == 0)
            break;
    }
    return table->slots + slot;
}

/* Puts all images in, the first of equal ones; returns how many equal an earlier one. */
static size_t fill(struct table *table) {
    size_t pixels = table->dataset->height * table->dataset->width, repeated = 0;
    for (size_t i = 0; i < table->dataset->count; i++) {
        size_t *slot = find(table, table->dataset->images + i * pixels, table->hashes[i]);
        if (*slot)
            repeated++;
        else
            *slot = i + 1;
    }
    return repeated;
}

enum ten_status ten_count_repeated(const struct ten_dataset *dataset, size_t *repeated, const struct ten_run *run,
                                   struct ten_error *error) {
    uint64_t *hashes;
    struct table table = {0};
    enum ten_status status = hash_all(dataset, &hashes, run, error);
    if (status == TEN_OK) status = table_init(&table, dataset, hashes, error);
    if (status == TEN_OK) *repeated = fill(&table);
    free(table.slots);
    free(hashes);
    return status;
}

/* ---- Between two sets ---- */

static void look_up(struct ten_duplicates *out, const struct table *table, const struct ten_dataset *second,
                    const uint64_t *hashes) {
    size_t pixels = second->height * second->width;
    for (size_t i = 0; i < second->count; i++) {
        size_t found = *find(table, second->images + i * pixels, hashes[i]);
        if (!found) continue;
        if (out->listed < TEN_LISTED_PAIRS) {
            out->first[out->listed] = found - 1;
            out->second[out->listed++] = i;
        }
        out->count++;
    }
}

enum ten_status ten_duplicates_between(struct ten_duplicates *out, const struct ten_dataset *first,
                                       const struct ten_dataset *second, const struct ten_run *run,
                                       struct ten_error *error) {
    *out = (struct ten_duplicates){0};
    enum ten_status status = ten_check_images(first, error);
    if (status == TEN_OK) status = ten_check_images(second, error);
    if (status != TEN_OK) return status;
    if (first->height != second->height || first->width != second->width) return TEN_OK;
    uint64_t *first_hashes, *second_hashes = NULL;
    struct table table = {0};
    status = hash_all(first, &first_hashes, run, error);
    if (status == TEN_OK) status = hash_all(second, &second_hashes, run, error);
    if (status == TEN_OK) status = table_init(&table, first, first_hashes, error);
    if (status == TEN_OK) {
        fill(&table);
        look_up(out, &table, second, second_hashes);
    }
    free(table.slots);
    free(first_hashes);
    free(second_hashes);
    return status;
}
