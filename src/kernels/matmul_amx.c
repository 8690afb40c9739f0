/* Matrix products of values rounded to bfloat16 with AMX: tdpbf16ps multiplies a tile of 16 rows of 32 values with a
 * tile of 32 x 16 and adds to 16 x 16 sums in single precision, 8,192 products in one instruction. Panels of a and b
 * are packed as tiles (1 KiB each): of a, 16 rows of 32 values; of b, 16 pairs of lines with 16 columns each, the two
 * values of a pair side by side. Tiles 0 to 3 hold 32 x 32 sums, 4 and 5 are of a, 6 and 7 of b. */
#include "kernels/amx.h"
#include "kernels/bytes.h"
#include "kernels/pairs.h"

#include <string.h>

enum { BLOCK_M = 256 };

_Static_assert(sizeof(float) * TEN_MATMUL_SCRATCH >= sizeof(uint16_t) * (BLOCK_M + BLOCK_N) * BLOCK_K, "scratch");

/* 32 x 32 sums over `tiles` tiles of two strips of a and two of b. */
static inline void multiply(size_t tiles, const uint16_t *a, const uint16_t *next_a, const uint16_t *b,
                            const uint16_t *next_b) {
    for (size_t t = 0; t < tiles; t++) {
        _tile_loadd(4, a + t * TILE, 2 * DEPTH);
        _tile_loadd(6, b + t * TILE, 2 * DEPTH);
        _tile_loadd(5, next_a + t * TILE, 2 * DEPTH);
        _tile_loadd(7, next_b + t * TILE, 2 * DEPTH);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
}

/* c[rows x columns] = or += those sums; rows and columns up to 32. */
static inline void block(size_t tiles, const uint16_t *a, const uint16_t *next_a, const uint16_t *b,
                         const uint16_t *next_b, float *c, size_t ldc, size_t rows, size_t columns, bool accumulate) {
    bool whole = rows == 2 * SIDE && columns == 2 * SIDE;
    if (whole && accumulate) {
        _tile_loadd(0, c, ldc * sizeof *c);
        _tile_loadd(1, c + SIDE, ldc * sizeof *c);
        _tile_loadd(2, c + SIDE * ldc, ldc * sizeof *c);
        _tile_loadd(3, c + SIDE * ldc + SIDE, ldc * sizeof *c);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    multiply(tiles, a, next_a, b, next_b);
    if (whole) {
        _tile_stored(0, c, ldc * sizeof *c);
        _tile_stored(1, c + SIDE, ldc * sizeof *c);
        _tile_stored(2, c + SIDE * ldc, ldc * sizeof *c);
        _tile_stored(3, c + SIDE * ldc + SIDE, ldc * sizeof *c);
        return;
    }
    float sums[2 * SIDE][2 * SIDE];
    _tile_stored(0, sums, sizeof *sums);
    _tile_stored(1, &sums[0][SIDE], sizeof *sums);
    _tile_stored(2, sums[SIDE], sizeof *sums);
    _tile_stored(3, &sums[SIDE][SIDE], sizeof *sums);
    __mmask16 low = first_lanes(columns), high = columns > SIDE ? first_lanes(columns - SIDE) : 0;
    for (size_t i = 0; i < rows; i++) {
        float *at = c + i * ldc;
        __m512 x = _mm512_loadu_ps(sums[i]), y = _mm512_loadu_ps(sums[i] + SIDE);
        if (accumulate) {
            x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(low, at));
            y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(high, at + SIDE));
        }
        _mm512_mask_storeu_ps(at, low, x);
        _mm512_mask_storeu_ps(at + SIDE, high, y);
    }
}

/* The rows of a by one packed block of b. */
static void by_block(size_t m, size_t n1, size_t k1, struct ten_strided a, const uint32_t *places,
                     const uint16_t *packed_b, float *c, size_t ldc, bool accumulate, uint16_t *packed_a) {
    size_t tiles = (k1 + DEPTH - 1) / DEPTH, strip = tiles * TILE;
    for (size_t m0 = 0; m0 < m; m0 += BLOCK_M) {
        size_t m1 = smaller(m - m0, BLOCK_M);
        pack_places(a.data + m0 * a.row, a.row, a.column, places, m1, k1, true, packed_a);
        for (size_t j = 0; j < n1; j += 2 * SIDE) {
            const uint16_t *strip_b = packed_b + j / SIDE * strip;
            for (size_t i = 0; i < m1; i += 2 * SIDE) {
                const uint16_t *strip_a = packed_a + i / SIDE * strip;
                block(tiles, strip_a, i + SIDE < m1 ? strip_a + strip : strip_a, strip_b,
                      j + SIDE < n1 ? strip_b + strip : strip_b, c + (m0 + i) * ldc + j, ldc, smaller(m1 - i, 2 * SIDE),
                      smaller(n1 - j, 2 * SIDE), accumulate);
            }
        }
    }
}

static void product(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, const uint32_t *rows,
                    float *c, size_t ldc, bool accumulate, float *scratch) {
    uint16_t *packed_b = (uint16_t *)scratch, *packed_a = packed_b + BLOCK_N * BLOCK_K;
    if (k == 0 && !accumulate)
        for (size_t i = 0; i < m; i++) memset(c + i * ldc, 0, n * sizeof *c);
    ten_amx_start();
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N) {
        size_t n1 = smaller(n - n0, BLOCK_N);
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            size_t k1 = smaller(k - k0, BLOCK_K), from = rows ? 0 : k0;
            const uint32_t *places = rows ? rows + k0 : NULL;
            pack_places(b.data + from * b.row + n0 * b.column, b.column, b.row, places, n1, k1, false, packed_b);
            by_block(m, n1, k1, (struct ten_strided){a.data + from * a.column, a.row, a.column}, places, packed_b,
                     c + n0, ldc, accumulate || k0 > 0, packed_a);
        }
    }
    _tile_release();
}

static void matmul_bf16(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                        bool accumulate, float *scratch) {
    product(m, n, k, a, b, NULL, c, ldc, accumulate, scratch);
}

static void gathered_bf16(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b,
                          const uint32_t *rows, float *c, size_t ldc, float *scratch) {
    product(m, n, k, a, b, rows, c, ldc, false, scratch);
}

static void packed_bf16(size_t m, size_t n, size_t k, struct ten_strided a, const float *packed, const float *bias,
                        bool relu, float *c, size_t ldc, const struct ten_ahead *ahead, float *scratch) {
    (void)ahead;
    ten_amx_start();
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N)
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K)
            by_block(m, smaller(n - n0, BLOCK_N), smaller(k - k0, BLOCK_K),
                     (struct ten_strided){a.data + k0 * a.column, a.row, a.column}, NULL,
                     (const uint16_t *)packed + block_at(n, k, n0, k0), c + n0, ldc, k0 > 0, (uint16_t *)scratch);
    _tile_release();
    if (!bias && !relu) return;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j += SIDE) {
            __mmask16 lanes = first_lanes(n - j);
            float *at = c + i * ldc + j;
            __m512 sum = _mm512_maskz_loadu_ps(lanes, at);
            if (bias) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, bias + j));
            if (relu) sum = _mm512_max_ps(sum, _mm512_setzero_ps());
            _mm512_mask_storeu_ps(at, lanes, sum);
        }
}

void ten_kernels_add_amx_products(struct ten_kernels *kernels) {
    kernels->bf16_pays = true;
    kernels->matmul_bf16 = matmul_bf16;
    kernels->pack_bf16 = pack_part;
    kernels->packed_bf16 = packed_bf16;
    kernels->gathered_bf16 = gathered_bf16;
}
