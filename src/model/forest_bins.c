/* Features as bytes, so that a tree can count instead of sort. Bytes stay as they are. Of floats, the values of up to
 * SAMPLE rows, evenly spaced, are sorted; where few are distinct each gets a bin, otherwise bins are filled in rising
 * order with an even share of what is left, so that one value that most rows have (the background) takes one bin. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/forest.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SAMPLE = 16384, COLUMNS_PER_TASK = 16, TILE = 64, RADIX = 2048, LARGE_SIZE = 1 << 22 };

void ten_bins_release(struct ten_bins *bins) {
    free(bins->by_column);
    free(bins->made);
    *bins = (struct ten_bins){0};
}

/* Nodes read rows all over the array: large pages keep their addresses at hand. Only a hint. */
static uint8_t *allocate(size_t rows, size_t columns) {
    uint8_t *values = ten_alloc(rows * columns, 1);
#ifdef MADV_HUGEPAGE
    size_t page = 4096, skip = values ? (page - (uintptr_t)values % page) % page : 0, size = rows * columns;
    if (values && size > LARGE_SIZE) madvise(values + skip, (size - skip) / page * page, MADV_HUGEPAGE);
#endif
    return values;
}

struct binning {
    const struct ten_batch *batch;
    struct ten_bins *bins;
    float *edges;
    uint32_t *scratch; /* [threads x 2 x SAMPLE] */
    size_t most;       /* bins of a column */
};

/* Floats order as these whole numbers do; zeros of both signs are one. */
static uint32_t key_of(float x) {
    uint32_t bits;
    x += 0.0f;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key) {
    uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Three passes of 11 bits; the sorted keys end up in `spare`, which is returned. */
static uint32_t *sort(uint32_t *keys, uint32_t *spare, size_t count) {
    for (int shift = 0; shift < 33; shift += 11) {
        uint32_t place[RADIX] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++) place[keys[i] >> shift & (RADIX - 1)]++;
        for (size_t b = 0; b < RADIX; b++) {
            uint32_t here = place[b];
            place[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++) spare[place[keys[i] >> shift & (RADIX - 1)]++] = keys[i];
        uint32_t *other = keys;
        keys = spare;
        spare = other;
    }
    return keys;
}

/* Between two neighbouring values a < b: a <= edge < b. */
static float edge_between(float a, float b) {
    float middle = 0.5f * a + 0.5f * b;
    return middle >= a && middle < b ? middle : a;
}

static void find_edges(const uint32_t *keys, size_t count, size_t most, float edges[TEN_BINS]) {
    size_t distinct = 1, made = 0, filled = 0, left = count;
    for (size_t i = 1; i < count; i++) distinct += keys[i] != keys[i - 1];
    for (size_t i = 0; i + 1 < count; i++) {
        filled++;
        if (keys[i + 1] == keys[i]) continue;
        if (distinct > most && filled * (most - made) < left) continue;
        edges[made++] = edge_between(value_of(keys[i]), value_of(keys[i + 1]));
        left -= filled;
        filled = 0;
        if (made == TEN_BINS - 1) break;
    }
    while (made < TEN_BINS) edges[made++] = FLT_MAX;
}

/* out[j] = how many edges of column j lie below x[j]: the bin. The columns' searches go on side by side. */
static inline void find_bins(const float *restrict edges, const float *restrict x, size_t columns,
                             uint8_t *restrict out) {
    uint32_t bin[COLUMNS_PER_TASK] = {0};
    for (uint32_t step = TEN_BINS / 2; step > 0; step /= 2)
        for (size_t j = 0; j < columns; j++)
            bin[j] += step & -(uint32_t)(edges[j * TEN_BINS + bin[j] + step - 1] < x[j]);
    for (size_t j = 0; j < columns; j++) out[j] = (uint8_t)bin[j];
}

static enum ten_status quantise_columns(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct binning *b = context;
    const struct ten_batch *batch = b->batch;
    size_t columns = batch->shape.columns, first = task * COLUMNS_PER_TASK;
    size_t end = first + ten_block_length(columns, COLUMNS_PER_TASK, task);
    size_t count = batch->rows < SAMPLE ? batch->rows : SAMPLE;
    uint32_t *keys = b->scratch + thread * 2 * SAMPLE;
    for (size_t j = first; j < end; j++) {
        for (size_t i = 0; i < count; i++) keys[i] = key_of(batch->floats[i * batch->rows / count * columns + j]);
        find_edges(sort(keys, keys + SAMPLE, count), count, b->most, b->edges + j * TEN_BINS);
    }
    const float *edges = b->edges + first * TEN_BINS;
    for (size_t at = first; at < batch->rows * columns; at += columns) {
        if (end - first == COLUMNS_PER_TASK)
            find_bins(edges, batch->floats + at, COLUMNS_PER_TASK, b->bins->made + at);
        else
            find_bins(edges, batch->floats + at, end - first, b->bins->made + at);
    }
    return TEN_OK;
}

/* Transposes some columns, TILE rows at a time. */
static enum ten_status turn_columns(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct binning *b = context;
    size_t columns = b->batch->shape.columns, rows = b->batch->rows;
    size_t first = task * TILE, end = first + ten_block_length(columns, TILE, task);
    for (size_t r0 = 0; r0 < rows; r0 += TILE) {
        size_t count = ten_block_length(rows, TILE, r0 / TILE);
        for (size_t j = first; j < end; j++)
            for (size_t r = r0; r < r0 + count; r++)
                b->bins->by_column[j * rows + r] = b->bins->by_row[r * columns + j];
    }
    return TEN_OK;
}

enum ten_status ten_bins_make(struct ten_bins *bins, float **edges, size_t most, const struct ten_batch *batch,
                              const char *stage, const struct ten_run *run, struct ten_error *error) {
    size_t rows = batch->rows, columns = batch->shape.columns;
    struct binning binning = {.batch = batch, .bins = bins, .most = most};
    bins->by_column = allocate(rows, columns);
    bins->by_row = batch->bytes;
    bool fits = bins->by_column != NULL;
    enum ten_status status = TEN_OK;
    if (!batch->is_bytes) {
        bins->by_row = bins->made = allocate(rows, columns);
        *edges = binning.edges = ten_alloc(columns * TEN_BINS, sizeof **edges);
        binning.scratch = ten_alloc(ten_threads(run) * 2 * SAMPLE, sizeof *binning.scratch);
        fits = fits && bins->made && binning.edges && binning.scratch;
        if (fits)
            status = ten_parallel(run, stage, "columns", COLUMNS_PER_TASK, ten_block_count(columns, COLUMNS_PER_TASK),
                                  quantise_columns, &binning, error);
    }
    if (!fits) status = ten_fail_memory(error, "the trees' features");
    if (status == TEN_OK)
        status = ten_parallel(run, NULL, NULL, 0, ten_block_count(columns, TILE), turn_columns, &binning, error);
    free(binning.scratch);
    return status;
}
