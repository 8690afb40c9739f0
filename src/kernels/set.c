/* One kernel set. This file is compiled once per instruction set, with that set's compiler flags and its name in
 * TEN_KERNEL_SET; the width of the vectors follows from the flags. It is written in GCC's vector extension (clang has
 * it too), which becomes plain scalar code on a machine without vectors: with the default flags it is the generic set,
 * the specification of the others.
 *
 * Matrix product: the blocking of Goto and van de Geijn (2008). Panels of b (BLOCK_K x BLOCK_N) and of a (BLOCK_M x
 * BLOCK_K) are packed so that the innermost loop, a tile of TILE_M x TILE_N sums held in registers, reads both
 * contiguously. */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16, TILE_M = 12 };
#elif defined(__AVX2__)
enum { LANES = 8, TILE_M = 6 };
#else
enum { LANES = 4, TILE_M = 4 };
#endif
enum { TILE_N = 2 * LANES, BLOCK_M = 144, BLOCK_K = 256, BLOCK_N = 1024 };

_Static_assert(BLOCK_M % TILE_M == 0 && BLOCK_N % TILE_N == 0, "blocks hold whole tiles");
_Static_assert(TEN_MATMUL_SCRATCH == BLOCK_M * BLOCK_K + BLOCK_K * BLOCK_N, "scratch as the header promises");

typedef float floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* ---- Matrix product ------------------------------------------------------------------------------------- */

/* Packs `count` lines of `depth` elements into strips of `width` lines, depth-major inside a strip, short strips filled
 * up with zeros. A line is a row of a or a column of b; `line` and `step` are the strides between lines and along. */
static void pack(const float *from, size_t line, size_t step, size_t count, size_t depth, size_t width, float *to) {
    for (size_t first = 0; first < count; first += width, to += width * depth) {
        size_t lines = count - first < width ? count - first : width;
        const float *strip = from + first * line;
        if (line == 1 && lines == width) {
            for (size_t k = 0; k < depth; k++) memcpy(to + k * width, strip + k * step, width * sizeof *to);
            continue;
        }
        if (lines < width) memset(to, 0, width * depth * sizeof *to);
        for (size_t i = 0; i < lines; i++)
            for (size_t k = 0; k < depth; k++) to[k * width + i] = strip[i * line + k * step];
    }
}

/* c[rows x columns] = or += the product of one strip of a and one of b; rows <= TILE_M, columns <= TILE_N. */
static inline void tile(size_t depth, const float *restrict a, const float *restrict b, float *restrict c, size_t ldc,
                        size_t rows, size_t columns, bool accumulate) {
    floats sum[TILE_M][2] = {0};
    for (size_t k = 0; k < depth; k++, a += TILE_M, b += TILE_N) {
        floats low = *(const floats *)b, high = *(const floats *)(b + LANES);
#pragma GCC unroll 12
        for (int i = 0; i < TILE_M; i++) {
            sum[i][0] += a[i] * low;
            sum[i][1] += a[i] * high;
        }
    }
    if (rows == TILE_M && columns == TILE_N) {
#pragma GCC unroll 12
        for (int i = 0; i < TILE_M; i++) {
            floats *at = (floats *)(c + (size_t)i * ldc), *next = (floats *)(c + (size_t)i * ldc + LANES);
            if (accumulate) {
                sum[i][0] += *at;
                sum[i][1] += *next;
            }
            *at = sum[i][0];
            *next = sum[i][1];
        }
        return;
    }
    float edge[TILE_M * TILE_N];
    memcpy(edge, sum, sizeof edge);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            c[i * ldc + j] = accumulate ? c[i * ldc + j] + edge[i * TILE_N + j] : edge[i * TILE_N + j];
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void matmul(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                   bool accumulate, float *scratch) {
    float *packed_a = scratch, *packed_b = scratch + BLOCK_M * BLOCK_K;
    if (k == 0 && !accumulate)
        for (size_t i = 0; i < m; i++) memset(c + i * ldc, 0, n * sizeof *c);
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N) {
        size_t n1 = smaller(n - n0, BLOCK_N);
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            size_t k1 = smaller(k - k0, BLOCK_K);
            bool add = accumulate || k0 > 0;
            pack(b.data + k0 * b.row + n0 * b.column, b.column, b.row, n1, k1, TILE_N, packed_b);
            for (size_t m0 = 0; m0 < m; m0 += BLOCK_M) {
                size_t m1 = smaller(m - m0, BLOCK_M);
                pack(a.data + m0 * a.row + k0 * a.column, a.row, a.column, m1, k1, TILE_M, packed_a);
                for (size_t j = 0; j < n1; j += TILE_N)
                    for (size_t i = 0; i < m1; i += TILE_M)
                        tile(k1, packed_a + i * k1, packed_b + j * k1, c + (m0 + i) * ldc + n0 + j, ldc,
                             smaller(m1 - i, TILE_M), smaller(n1 - j, TILE_N), add);
            }
        }
    }
}

/* ---- Dot products of bytes ------------------------------------------------------------------------------ */

/* Four rows of b at a time, so that each byte of a is widened once for four products. */
static void dot_bytes(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *b, size_t ldb,
                      int32_t *c, size_t ldc) {
    for (size_t j = 0; j < n; j += 4) {
        const uint8_t *row[4];
        size_t columns = smaller(n - j, 4);
        for (size_t r = 0; r < 4; r++) row[r] = b + (j + (r < columns ? r : 0)) * ldb;
        const uint8_t *b0 = row[0], *b1 = row[1], *b2 = row[2], *b3 = row[3];
        for (size_t i = 0; i < m; i++) {
            const uint8_t *x = a + i * lda;
            int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (size_t d = 0; d < depth; d++) {
                int16_t v = x[d];
                s0 += v * (int16_t)b0[d];
                s1 += v * (int16_t)b1[d];
                s2 += v * (int16_t)b2[d];
                s3 += v * (int16_t)b3[d];
            }
            int32_t sums[4] = {s0, s1, s2, s3};
            memcpy(c + i * ldc + j, sums, columns * sizeof *c);
        }
    }
}

/* ---- Softmax -------------------------------------------------------------------------------------------- */

/* exp(x) for x <= 0, relative error below 2e-7: x = n log 2 + r, |r| <= log(2)/2, and Taylor's polynomial of degree 7
 * in r (remainder below 1e-8); n goes into the exponent. Below -87 the result would not be a normal number: 0. */
static inline float exp_negative(float x) {
    float y = x < -87.0f ? -87.0f : x;
    float n = y * 1.44269504088896341f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    int32_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= 12582912.0f;
    float r = (y - n * 0.693359375f) + n * 2.12194440e-4f; /* log 2 in two parts, the first exact in few bits */
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t scale_bits = (int32_t)((uint32_t)(bits - 0x4b400000 + 127) << 23);
    float scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return x < -87.0f ? 0.0f : p * scale;
}

static void softmax(size_t rows, size_t columns, float *x, float *log_sum) {
    enum { BLOCK = 1024 };
    size_t rows_per_block = BLOCK / columns;
    float largest[BLOCK];
    for (size_t first = 0; first < rows; first += rows_per_block) {
        size_t count = smaller(rows - first, rows_per_block);
        float *block = x + first * columns;
        for (size_t i = 0; i < count; i++) {
            float *row = block + i * columns, top = row[0];
            for (size_t j = 1; j < columns; j++) top = row[j] > top ? row[j] : top;
            for (size_t j = 0; j < columns; j++) row[j] -= top;
            largest[i] = top;
        }
        for (size_t i = 0; i < count * columns; i++) block[i] = exp_negative(block[i]);
        for (size_t i = 0; i < count; i++) {
            float *row = block + i * columns;
            double exact = 0; /* in single precision the roundings of many equal parts would add up */
            for (size_t j = 0; j < columns; j++) exact += (double)row[j];
            float sum = (float)exact;
            for (size_t j = 0; j < columns; j++) row[j] /= sum;
            if (log_sum) log_sum[first + i] = largest[i] + logf(sum);
        }
    }
}

/* ---- The table ------------------------------------------------------------------------------------------ */

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)

extern const struct ten_kernels JOIN(ten_kernels_, TEN_KERNEL_SET);
const struct ten_kernels JOIN(ten_kernels_, TEN_KERNEL_SET) = {
    .name = TEXT(TEN_KERNEL_SET),
    .matmul = matmul,
    .dot_bytes = dot_bytes,
    .softmax = softmax,
};
