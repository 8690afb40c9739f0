/* Runs are joined to those of the row above by union and find; pieces are then numbered in the order of their first
 * run. */
#include "image/pieces.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEFT = 2 }; /* one part in so many may be left of what is given back to the ground */

/* The runs of one row of ink, appended. There is room for every other pixel. */
static size_t find_runs(const uint8_t *row, size_t y, size_t begin, size_t end, uint8_t low, struct ten_ink_run *runs) {
    size_t count = 0;
    for (size_t x = begin; x < end;) {
        uint64_t eight;
        while (x + 8 <= end && (memcpy(&eight, row + x, 8), eight == 0)) x += 8; /* much of a drawing is nothing */
        while (x < end && row[x] < low) {
            x++;
            if ((x & 7) == 0) break;
        }
        if (x >= end || row[x] < low) continue;
        size_t from = x;
        while (x < end && row[x] >= low) x++;
        runs[count++] = (struct ten_ink_run){.y = (uint16_t)y, .begin = (uint16_t)from, .end = (uint16_t)x};
    }
    return count;
}

static enum ten_status find_all_runs(struct ten_pieces *out, const struct ten_sheet *sheet, struct ten_error *error) {
    struct ten_box area = sheet->area;
    size_t room = 0;
    for (size_t y = 0; y <= sheet->height; y++) {
        out->rows[y] = (uint32_t)out->run_count;
        if (y < area.y || y >= area.y + area.height) continue;
        if (out->run_count + area.width / 2 + 1 > room) {
            room = 2 * room + 16 * (area.width / 2 + 1);
            struct ten_ink_run *longer = ten_realloc(out->runs, room, sizeof *longer);
            if (!longer) return ten_fail_memory(error, "the ink of a picture");
            out->runs = longer;
        }
        out->run_count += find_runs(sheet->ink + y * sheet->width, y, area.x, area.x + area.width, sheet->low,
                                    out->runs + out->run_count);
    }
    return TEN_OK;
}

static uint32_t root_of(uint32_t *parents, uint32_t i) {
    while (parents[i] != i) i = parents[i] = parents[parents[i]];
    return i;
}

static void unite(uint32_t *parents, uint32_t a, uint32_t b) {
    a = root_of(parents, a), b = root_of(parents, b);
    if (a < b)
        parents[b] = a;
    else
        parents[a] = b;
}

/* Joins the runs of each row to those above. covered[i]: pixels of run i below other ink. */
static void join_rows(const struct ten_pieces *pieces, size_t height, uint32_t *parents, uint32_t *covered) {
    const struct ten_ink_run *runs = pieces->runs;
    for (uint32_t i = 0; i < pieces->run_count; i++) parents[i] = i, covered[i] = 0;
    for (size_t y = 1; y < height; y++) {
        uint32_t a = pieces->rows[y - 1], b = pieces->rows[y];
        while (a < pieces->rows[y] && b < pieces->rows[y + 1]) {
            if (runs[a].begin <= runs[b].end && runs[b].begin <= runs[a].end) { /* diagonal neighbours, too */
                unite(parents, a, b);
                int left = runs[a].begin > runs[b].begin ? runs[a].begin : runs[b].begin;
                int right = runs[a].end < runs[b].end ? runs[a].end : runs[b].end;
                if (right > left) covered[b] += (uint32_t)(right - left);
            }
            if (runs[a].end < runs[b].end)
                a++;
            else
                b++;
        }
    }
}

static void add_run(struct ten_piece *piece, const struct ten_ink_run *run, const struct ten_sheet *sheet,
                    uint32_t covered) {
    const uint8_t *ink = sheet->ink + run->y * sheet->width;
    uint32_t sum = 0;
    uint8_t peak = piece->peak;
    for (size_t x = run->begin; x < run->end; x++) {
        sum += ink[x];
        peak = ink[x] > peak ? ink[x] : peak;
    }
    uint32_t length = (uint32_t)(run->end - run->begin);
    size_t right = piece->box.x + piece->box.width;
    if (piece->area == 0) {
        piece->box = (struct ten_box){.x = run->begin, .y = run->y, .width = length, .height = 1};
    } else {
        if (run->begin < piece->box.x) piece->box.x = run->begin;
        if (run->end > right) right = run->end;
        piece->box.width = right - piece->box.x;
        piece->box.height = run->y + 1 - piece->box.y;
    }
    piece->mass += sum;
    piece->peak = peak;
    piece->area += length;
    piece->contour += 2 + 2 * length - 2 * covered; /* left, right; above; as many sides below as above in all */
    piece->at_border =
        piece->at_border || run->y == 0 || run->y + 1u == sheet->height || run->begin == 0 || run->end == sheet->width;
}

static enum ten_status gather(struct ten_pieces *out, const struct ten_sheet *sheet, struct ten_error *error) {
    uint32_t *parents = ten_alloc(2 * out->run_count, sizeof *parents), *covered = parents + out->run_count;
    if (!parents) return ten_fail_memory(error, "the ink of a picture");
    join_rows(out, sheet->height, parents, covered);
    for (uint32_t i = 0; i < out->run_count; i++) { /* a root comes before its runs */
        uint32_t root = root_of(parents, i);
        out->runs[i].piece = root == i ? (uint32_t)out->count++ : out->runs[root].piece;
    }
    out->pieces = ten_alloc_zero(out->count, sizeof *out->pieces);
    if (out->pieces)
        for (size_t i = 0; i < out->run_count; i++)
            add_run(&out->pieces[out->runs[i].piece], &out->runs[i], sheet, covered[i]);
    free(parents);
    return out->pieces ? TEN_OK : ten_fail_memory(error, "the ink of a picture");
}

enum ten_status ten_pieces_find(struct ten_pieces *out, const struct ten_sheet *sheet, struct ten_error *error) {
    *out = (struct ten_pieces){.rows = ten_alloc(sheet->height + 1, sizeof *out->rows)};
    if (!out->rows) return ten_fail_memory(error, "the ink of a picture");
    enum ten_status status = find_all_runs(out, sheet, error);
    if (status == TEN_OK && out->run_count) status = gather(out, sheet, error);
    return status;
}

void ten_pieces_release(struct ten_pieces *pieces) {
    free(pieces->runs);
    free(pieces->pieces);
    free(pieces->rows);
    *pieces = (struct ten_pieces){0};
}

/* The lesser of ink and open ink from pixel `begin` to `end` - 1 of a row. */
static void open_row(struct ten_sheet *sheet, size_t y, size_t begin, size_t end) {
    uint8_t *ink = sheet->ink + y * sheet->width;
    const uint8_t *open = sheet->open + y * sheet->width;
    for (size_t x = begin; x < end; x++) ink[x] = ink[x] < open[x] ? ink[x] : open[x];
}

/* All but the pieces that are kept: the soft edges of what is given back must not stay. */
static void open_rest(const struct ten_pieces *pieces, struct ten_sheet *sheet, const uint64_t *left) {
    for (size_t y = 0; y < sheet->height; y++) {
        size_t done = 0;
        for (size_t i = pieces->rows[y]; i < pieces->rows[y + 1]; i++) {
            const struct ten_ink_run *run = &pieces->runs[i];
            const struct ten_piece *piece = &pieces->pieces[run->piece];
            if (piece->at_border && MOST_LEFT * left[run->piece] < piece->mass) continue;
            open_row(sheet, y, done, run->begin);
            done = run->end;
        }
        open_row(sheet, y, done, sheet->width);
    }
}

bool ten_pieces_open_border(const struct ten_pieces *pieces, struct ten_sheet *sheet) {
    bool any = false;
    if (!sheet->open || pieces->count == 0) return false;
    uint64_t *left = ten_alloc_zero(pieces->count, sizeof *left); /* without memory nothing is given back */
    if (!left) return false;
    for (size_t i = 0; i < pieces->run_count; i++) {
        const struct ten_ink_run *run = &pieces->runs[i];
        const uint8_t *open = sheet->open + run->y * sheet->width;
        for (size_t x = run->begin; x < run->end; x++) left[run->piece] += open[x];
    }
    for (size_t i = 0; i < pieces->count && !any; i++)
        any = pieces->pieces[i].at_border && MOST_LEFT * left[i] < pieces->pieces[i].mass;
    if (any) {
        open_rest(pieces, sheet, left);
        ten_sheet_measure_area(sheet);
    }
    free(left);
    return any;
}

double ten_piece_stroke(const struct ten_piece *piece) {
    return piece->contour ? 2.0 * piece->area / (piece->contour * 0.785398) : 0;
}
