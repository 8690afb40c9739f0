/* Training rows as lists of cells. A histogram over all features is one array of cells; a row adds itself to the cells
 * it lists, and what the usual cells would have got is the rest of the sum. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/boosting.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 16, ROWS = 512, WORD = 64, NOT_LISTED = -1 };

void ten_cells_release(struct ten_cells *cells) {
    free(cells->feature);
    free(cells->last);
    free(cells->mask);
    free(cells->start);
    free(cells->entry);
    *cells = (struct ten_cells){0};
}

struct making {
    struct ten_cells *cells;
    const struct ten_bins *bins;
    size_t rows, columns, max_bin;
    uint32_t *counts; /* [columns x TEN_BINS] rows with each byte */
    int32_t *cell;    /* [columns x TEN_BINS] the cell of each byte, or NOT_LISTED */
};

static enum ten_status count_bytes(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct making *m = context;
    size_t first = task * COLUMNS, end = first + ten_block_length(m->columns, COLUMNS, task);
    for (size_t j = first; j < end; j++) {
        const uint8_t *column = m->bins->by_column + j * m->rows;
        for (size_t r = 0; r < m->rows; r++) m->counts[j * TEN_BINS + column[r]]++;
    }
    return TEN_OK;
}

/* Cuts a column's bytes into cells: each its own, or, where there are too many, an even share of the rows that are
 * left. Returns how many cells there are; own[byte] gets the number of each byte that occurs. */
static size_t cut_column(const uint32_t counts[TEN_BINS], size_t rows, size_t max_bin, uint8_t own[TEN_BINS]) {
    size_t distinct = 0, made = 0, filled = 0, left = rows;
    for (size_t v = 0; v < TEN_BINS; v++) distinct += counts[v] > 0;
    for (size_t v = 0; v < TEN_BINS; v++) {
        if (!counts[v]) continue;
        own[v] = (uint8_t)made;
        filled += counts[v];
        bool full = distinct <= max_bin || filled * (max_bin - made) >= left;
        if (!full || filled == left || made + 1 == max_bin) continue;
        left -= filled;
        filled = 0;
        made++;
    }
    return made + 1;
}

/* Gives column `j` its cells, if it has more than one. */
static void place_column(struct making *m, size_t j) {
    struct ten_cells *cells = m->cells;
    const uint32_t *counts = m->counts + j * TEN_BINS;
    int32_t *cell = m->cell + j * TEN_BINS;
    uint8_t own[TEN_BINS];
    uint32_t inside[TEN_BINS] = {0}, usual = 0;
    size_t count = cut_column(counts, m->rows, m->max_bin, own), first = cells->count;
    for (size_t v = 0; v < TEN_BINS; v++) cell[v] = NOT_LISTED;
    if (count == 1) return;
    for (size_t v = 0; v < TEN_BINS; v++)
        if (counts[v]) {
            inside[own[v]] += counts[v];
            cells->last[first + own[v]] = (uint8_t)v;
        }
    for (uint32_t i = 1; i < count; i++)
        if (inside[i] > inside[usual]) usual = i;
    for (size_t v = 0; v < TEN_BINS; v++)
        if (counts[v] && own[v] != usual) cell[v] = (int32_t)(first + own[v]);
    for (size_t i = 0; i < count; i++)
        if (i != usual) cells->mask[(first + i) / WORD] |= (uint64_t)1 << i % WORD;
    cells->feature[cells->features++] =
        (struct ten_cell_feature){(uint32_t)j, (uint32_t)first, (uint32_t)count, (uint32_t)first + usual};
    cells->used += count - 1;
    cells->count += (count + WORD - 1) / WORD * WORD;
}

static enum ten_status count_entries(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct making *m = context;
    size_t first = task * ROWS, end = first + ten_block_length(m->rows, ROWS, task);
    for (size_t r = first; r < end; r++) {
        const uint8_t *row = m->bins->by_row + r * m->columns;
        size_t listed = 0;
        for (size_t j = 0; j < m->columns; j++) listed += m->cell[j * TEN_BINS + row[j]] != NOT_LISTED;
        m->cells->start[r + 1] = listed;
    }
    return TEN_OK;
}

static enum ten_status list_entries(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct making *m = context;
    size_t first = task * ROWS, end = first + ten_block_length(m->rows, ROWS, task);
    for (size_t r = first; r < end; r++) {
        const uint8_t *row = m->bins->by_row + r * m->columns;
        uint32_t *entry = m->cells->entry + m->cells->start[r];
        for (size_t j = 0; j < m->columns; j++) {
            int32_t cell = m->cell[j * TEN_BINS + row[j]];
            if (cell != NOT_LISTED) *entry++ = (uint32_t)cell;
        }
    }
    return TEN_OK;
}

static enum ten_status list_rows(struct making *m, const char *stage, const struct ten_run *run,
                                 struct ten_error *error) {
    struct ten_cells *cells = m->cells;
    size_t tasks = ten_block_count(m->rows, ROWS);
    enum ten_status status = ten_parallel(run, NULL, NULL, 0, tasks, count_entries, m, error);
    if (status != TEN_OK) return status;
    cells->start[0] = 0;
    for (size_t r = 0; r < m->rows; r++) cells->start[r + 1] += cells->start[r];
    cells->entry = ten_alloc(cells->start[m->rows], sizeof *cells->entry);
    if (!cells->entry) return ten_fail_memory(error, "the rows' cells");
    return ten_parallel(run, stage, "images", ROWS, tasks, list_entries, m, error);
}

enum ten_status ten_cells_make(struct ten_cells *cells, const struct ten_bins *bins, size_t rows, size_t columns,
                               size_t max_bin, const char *stage, const struct ten_run *run, struct ten_error *error) {
    struct making m = {.cells = cells, .bins = bins, .rows = rows, .columns = columns, .max_bin = max_bin};
    size_t most = columns * TEN_BINS;
    if (columns > INT32_MAX / TEN_BINS)
        return ten_fail(error, TEN_INVALID, "%s: %zu features, at most %d are supported", stage, columns,
                        INT32_MAX / TEN_BINS);
    m.counts = ten_alloc_zero(most, sizeof *m.counts);
    m.cell = ten_alloc(most, sizeof *m.cell);
    cells->feature = ten_alloc(columns, sizeof *cells->feature);
    cells->last = ten_alloc_zero(most, sizeof *cells->last);
    cells->mask = ten_alloc_zero(most / WORD, sizeof *cells->mask);
    cells->start = ten_alloc(rows + 1, sizeof *cells->start);
    bool fits = m.counts && m.cell && cells->feature && cells->last && cells->mask && cells->start;
    enum ten_status status = fits ? TEN_OK : ten_fail_memory(error, "the cells");
    if (status == TEN_OK)
        status = ten_parallel(run, NULL, NULL, 0, ten_block_count(columns, COLUMNS), count_bytes, &m, error);
    for (size_t j = 0; status == TEN_OK && j < columns; j++) place_column(&m, j);
    if (status == TEN_OK) status = list_rows(&m, stage, run, error);
    free(m.counts);
    free(m.cell);
    return status;
}
