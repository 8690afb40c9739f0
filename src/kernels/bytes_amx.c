/* Dot products of bytes with AMX: tdpbuud multiplies a tile of 16 rows of 64 unsigned bytes with a tile of 64 columns
 * of 16 packed rows and adds to 16 x 16 sums of 32 bits, 16,384 products in one instruction. Tiles 0 to 3 hold the sums
 * of 32 rows times 32 packed rows, 4 and 5 the rows of a, 6 and 7 the packed rows. The packed layout is that of VNNI,
 * unsigned. A tile that would reach over the end of the rows or columns is loaded from a padded copy. */
#include "kernels/amx.h"
#include "kernels/bytes.h"

#include <string.h>

enum { SIDE = 16, DEPTH = 64, TILE = SIDE * DEPTH };

static void pack_bytes(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed) {
    ten_pack_bytes_quads(n, depth, b, ldb, packed, 0);
}

/* A part of a, `rows` x `columns`, with zeros around it. */
static void copy_padded(const uint8_t *a, size_t lda, size_t rows, size_t columns, uint8_t copy[TILE]) {
    memset(copy, 0, TILE);
    for (size_t i = 0; i < rows; i++) memcpy(copy + i * DEPTH, a + i * lda, columns);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The 32 x 32 sums of rows a and the groups low and high, into tiles 0 to 3. `edge` holds padded copies of both halves
 * of the rows for the last block of columns, if that is not whole; `whole` says that there are 32 rows. */
static void multiply(size_t rows, size_t depth, const uint8_t *a, size_t lda, const uint8_t *low, const uint8_t *high,
                     const uint8_t *edge) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    uint8_t copy[2 * TILE] __attribute__((aligned(64)));
    for (size_t d = 0; d < depth; d += DEPTH) {
        if (rows == 2 * SIDE && depth - d >= DEPTH) {
            _tile_loadd(4, a + d, lda);
            _tile_loadd(5, a + SIDE * lda + d, lda);
        } else {
            const uint8_t *padded = edge;
            if (rows < 2 * SIDE) {
                size_t columns = smaller(depth - d, DEPTH), first = smaller(rows, SIDE);
                copy_padded(a + d, lda, first, columns, copy);
                copy_padded(a + first * lda + d, lda, rows - first, columns, copy + TILE);
                padded = copy;
            }
            _tile_loadd(4, padded, DEPTH);
            _tile_loadd(5, padded + TILE, DEPTH);
        }
        _tile_loadd(6, low + d * SIDE, DEPTH);
        _tile_loadd(7, high + d * SIDE, DEPTH);
        _tile_dpbuud(0, 4, 6);
        _tile_dpbuud(1, 4, 7);
        _tile_dpbuud(2, 5, 6);
        _tile_dpbuud(3, 5, 7);
    }
}

static void store(int32_t *c, size_t ldc, size_t rows, size_t columns) {
    if (rows == 2 * SIDE && columns >= 2 * SIDE) {
        _tile_stored(0, c, ldc * sizeof *c);
        _tile_stored(1, c + SIDE, ldc * sizeof *c);
        _tile_stored(2, c + SIDE * ldc, ldc * sizeof *c);
        _tile_stored(3, c + SIDE * ldc + SIDE, ldc * sizeof *c);
        return;
    }
    int32_t sums[2 * SIDE][2 * SIDE];
    _tile_stored(0, sums, sizeof *sums);
    _tile_stored(1, &sums[0][SIDE], sizeof *sums);
    _tile_stored(2, sums[SIDE], sizeof *sums);
    _tile_stored(3, &sums[SIDE][SIDE], sizeof *sums);
    for (size_t i = 0; i < rows; i++) memcpy(c + i * ldc, sums[i], smaller(columns, 2 * SIDE) * sizeof *c);
}

static void dot_bytes(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *packed, int32_t *c,
                      size_t ldc) {
    ten_amx_start();
    size_t group = (depth + DEPTH - 1) / DEPTH * TILE, tail = depth % DEPTH;
    uint8_t edge[2 * TILE] __attribute__((aligned(64)));
    for (size_t i = 0; i < m; i += 2 * SIDE) {
        const uint8_t *rows = a + i * lda;
        if (tail && m - i >= 2 * SIDE)
            for (size_t half = 0; half < 2; half++)
                copy_padded(rows + half * SIDE * lda + depth - tail, lda, SIDE, tail, edge + half * TILE);
        for (size_t j = 0; j < n; j += 2 * SIDE) {
            const uint8_t *low = packed + j / SIDE * group;
            multiply(smaller(m - i, 2 * SIDE), depth, rows, lda, low, j + SIDE < n ? low + group : low, edge);
            store(c + i * ldc + j, ldc, smaller(m - i, 2 * SIDE), n - j);
        }
    }
    _tile_release();
}

void ten_kernels_add_amx(struct ten_kernels *kernels) {
    kernels->name = "amx";
    kernels->pack_bytes = pack_bytes;
    kernels->dot_bytes = dot_bytes;
}
