/* Stratified splits and folds. Rows are grouped by class and shuffled within it, every class from a random stream of
 * its own; what is then taken from each group is fixed arithmetic. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "tenfold.h"

#include <stdlib.h>

/* Streams that nothing else draws from, whatever else uses the same seed. */
static const uint64_t SPLIT_STREAM = 0x53504c4954000000, FOLD_STREAM = 0x464f4c4453000000;

/* Row numbers class by class: those of class c are rows[start[c] .. start[c + 1] - 1], shuffled. */
struct groups {
    size_t *rows, start[TEN_CLASSES + 1];
};

static enum ten_status group_rows(struct groups *groups, const uint8_t *labels, size_t count, uint64_t seed,
                                  uint64_t stream, struct ten_error *error) {
    *groups = (struct groups){0};
    for (size_t i = 0; i < count; i++) {
        if (labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "row %zu has label %d, expected 0..%d", i, labels[i], TEN_CLASSES - 1);
        groups->start[labels[i] + 1]++;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) groups->start[c + 1] += groups->start[c];
    groups->rows = ten_alloc(count, sizeof *groups->rows);
    if (!groups->rows) return ten_fail_memory(error, "row numbers");
    size_t next[TEN_CLASSES];
    for (size_t c = 0; c < TEN_CLASSES; c++) next[c] = groups->start[c];
    for (size_t i = 0; i < count; i++) groups->rows[next[labels[i]]++] = i;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        struct ten_random random;
        ten_random_init(&random, seed, stream + c);
        ten_random_shuffle(&random, groups->rows + groups->start[c], groups->start[c + 1] - groups->start[c]);
    }
    return TEN_OK;
}

/* How many rows of each class to keep: keep * size / count rounded down, and one more for the classes with the largest
 * remainders (the lower label on a tie) until the sum is `keep`. A class that gets one more had a remainder, so that
 * it has that row. */
static void share_out(const size_t start[TEN_CLASSES + 1], size_t count, size_t keep, size_t shares[TEN_CLASSES]) {
    __extension__ typedef unsigned __int128 wide;
    size_t remainders[TEN_CLASSES], left = keep;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        wide exact = (wide)keep * (start[c + 1] - start[c]);
        shares[c] = count ? (size_t)(exact / count) : 0;
        remainders[c] = count ? (size_t)(exact % count) : 0;
        left -= shares[c];
    }
    for (; left; left--) {
        size_t best = 0;
        for (size_t c = 1; c < TEN_CLASSES; c++)
            if (remainders[c] > remainders[best]) best = c;
        shares[best]++;
        remainders[best] = 0;
    }
}

enum ten_status ten_split_stratified(const uint8_t *labels, size_t count, size_t keep, uint64_t seed, size_t *kept,
                                     size_t *rest, struct ten_error *error) {
    if (keep > count)
        return ten_fail(error, TEN_INVALID, "%zu rows to keep, expected at most the %zu there are", keep, count);
    struct groups groups;
    enum ten_status status = group_rows(&groups, labels, count, seed, SPLIT_STREAM, error);
    uint8_t *chosen = ten_alloc_zero(count, 1);
    if (status == TEN_OK && !chosen) status = ten_fail_memory(error, "a split");
    if (status == TEN_OK) {
        size_t shares[TEN_CLASSES];
        share_out(groups.start, count, keep, shares);
        for (size_t c = 0; c < TEN_CLASSES; c++)
            for (size_t i = 0; i < shares[c]; i++) chosen[groups.rows[groups.start[c] + i]] = 1;
        for (size_t i = 0; i < count; i++) {
            if (chosen[i])
                *kept++ = i;
            else if (rest)
                *rest++ = i;
        }
    }
    free(chosen);
    free(groups.rows);
    return status;
}

enum ten_status ten_split_folds(const uint8_t *labels, size_t count, size_t folds, uint64_t seed, size_t *fold,
                                struct ten_error *error) {
    if (folds < 2 || folds > count)
        return ten_fail(error, TEN_INVALID, "%zu folds of %zu rows, expected 2..%zu", folds, count, count);
    struct groups groups;
    enum ten_status status = group_rows(&groups, labels, count, seed, FOLD_STREAM, error);
    /* Dealing in turn, without starting anew at a class, balances every class and the whole at once. */
    if (status == TEN_OK)
        for (size_t i = 0; i < count; i++) fold[groups.rows[i]] = i % folds;
    free(groups.rows);
    return status;
}
