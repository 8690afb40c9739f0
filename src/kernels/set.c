/* One kernel set. This file is compiled once per instruction set, with that set's compiler flags and its name in
 * TEN_KERNEL_SET; the width of the vectors follows from the flags. It is written in GCC's vector extension (clang has
 * it too), which becomes plain scalar code on a machine without vectors: with the default flags it is the generic set,
 * the specification of the others.
 *
 * Matrix product: the blocking of Goto and van de Geijn (2008). Panels of b (BLOCK_K x BLOCK_N) and of a (BLOCK_M x
 * BLOCK_K) are packed so that the innermost loop, a tile of TILE_M x TILE_N sums held in registers, reads both
 * contiguously. */
#include "kernels/kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif

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

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* ---- Matrix product ------------------------------------------------------------------------------------- */

/* Turns four lines of four elements. */
static inline void turn(const float *from, size_t line, float *to, size_t width) {
    quad a = *(const quad *)from, b = *(const quad *)(from + line);
    quad c = *(const quad *)(from + 2 * line), d = *(const quad *)(from + 3 * line);
    quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    quad ba = __builtin_shufflevector(a, b, 2, 6, 3, 7), dc = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(quad *)(to + width) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(quad *)(to + 2 * width) = __builtin_shufflevector(ba, dc, 0, 1, 4, 5);
    *(quad *)(to + 3 * width) = __builtin_shufflevector(ba, dc, 2, 3, 6, 7);
}

/* Packs `count` lines of `depth` elements into strips of `width` lines, depth-major inside a strip, short strips filled
 * up with zeros. A line is a row of a or a column of b; `line` and `step` are the strides between lines and along. Of
 * a line the elements `places` are taken, the first ones if that is NULL. */
static void pack_places(const float *from, size_t line, size_t step, const uint32_t *places, size_t count, size_t depth,
                        size_t width, float *to) {
    for (size_t first = 0; first < count; first += width, to += width * depth) {
        size_t lines = count - first < width ? count - first : width;
        size_t fours = step == 1 ? lines / 4 * 4 : 0, deep = depth / 4 * 4; /* what is turned as squares */
        const float *strip = from + first * line;
        if (line == 1 && lines == width && !places) {
            for (size_t k = 0; k < depth; k++) memcpy(to + k * width, strip + k * step, width * sizeof *to);
            continue;
        }
        if (lines < width) memset(to, 0, width * depth * sizeof *to);
        if (places) {
            for (size_t k = 0; k < depth; k++)
                for (size_t i = 0; i < lines; i++) to[k * width + i] = strip[i * line + places[k] * step];
            continue;
        }
        for (size_t k0 = 0; k0 < depth; k0 += LANES) { /* a cache line of each line of the strip at a time */
            size_t k1 = smaller(depth, k0 + LANES);
            for (size_t i = 0; i < fours; i += 4)
                for (size_t k = k0; k + 4 <= k1; k += 4) turn(strip + i * line + k, line, to + k * width + i, width);
            for (size_t k = k0; k < k1; k++)
                for (size_t i = k < deep ? fours : 0; i < lines; i++) to[k * width + i] = strip[i * line + k * step];
        }
    }
}

static void pack(const float *from, size_t line, size_t step, size_t count, size_t depth, size_t width, float *to) {
    pack_places(from, line, step, NULL, count, depth, width, to);
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

/* Rounds packed values to bfloat16; they are finite. */
static void round_to_bf16(float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
        memcpy(values + i, &bits, sizeof bits);
    }
}

static inline size_t round_up(size_t a, size_t multiple) { return (a + multiple - 1) / multiple * multiple; }

static void round_if(bool wanted, float *values, size_t count) {
    if (wanted) round_to_bf16(values, count);
}

/* The rows of a by one packed block of b. */
static inline __attribute__((always_inline)) void by_block(size_t m, size_t n1, size_t k1, struct ten_strided a,
                                                           const uint32_t *places, const float *packed_b, float *c,
                                                           size_t ldc, bool add, bool bf16, float *packed_a) {
    for (size_t m0 = 0; m0 < m; m0 += BLOCK_M) {
        size_t m1 = smaller(m - m0, BLOCK_M);
        pack_places(a.data + m0 * a.row, a.row, a.column, places, m1, k1, TILE_M, packed_a);
        round_if(bf16, packed_a, round_up(m1, TILE_M) * k1);
        for (size_t j = 0; j < n1; j += TILE_N)
            for (size_t i = 0; i < m1; i += TILE_M)
                tile(k1, packed_a + i * k1, packed_b + j * k1, c + (m0 + i) * ldc + j, ldc, smaller(m1 - i, TILE_M),
                     smaller(n1 - j, TILE_N), add);
    }
}

static inline __attribute__((always_inline)) void multiply(size_t m, size_t n, size_t k, struct ten_strided a,
                                                           struct ten_strided b, const uint32_t *rows, float *c,
                                                           size_t ldc, bool accumulate, float *scratch, bool bf16) {
    float *packed_a = scratch, *packed_b = scratch + BLOCK_M * BLOCK_K;
    if (k == 0 && !accumulate)
        for (size_t i = 0; i < m; i++) memset(c + i * ldc, 0, n * sizeof *c);
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N) {
        size_t n1 = smaller(n - n0, BLOCK_N);
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            size_t k1 = smaller(k - k0, BLOCK_K), from = rows ? 0 : k0;
            const uint32_t *places = rows ? rows + k0 : NULL;
            pack_places(b.data + from * b.row + n0 * b.column, b.column, b.row, places, n1, k1, TILE_N, packed_b);
            round_if(bf16, packed_b, round_up(n1, TILE_N) * k1);
            by_block(m, n1, k1, (struct ten_strided){a.data + from * a.column, a.row, a.column}, places, packed_b,
                     c + n0, ldc, accumulate || k0 > 0, bf16, packed_a);
        }
    }
}

static void matmul(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                   bool accumulate, float *scratch) {
    multiply(m, n, k, a, b, NULL, c, ldc, accumulate, scratch, false);
}

static void matmul_bf16(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                        bool accumulate, float *scratch) {
    multiply(m, n, k, a, b, NULL, c, ldc, accumulate, scratch, true);
}

static void gathered_bf16(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b,
                          const uint32_t *rows, float *c, size_t ldc, float *scratch) {
    multiply(m, n, k, a, b, rows, c, ldc, false, scratch, true);
}

/* Of a factor that is packed whole, the block of lines n0 and values k0 on. */
static size_t block_at(size_t n, size_t k, size_t n0, size_t k0) {
    return n0 * k + round_up(smaller(n - n0, BLOCK_N), TILE_N) * k0;
}

static void pack_bf16(size_t n, size_t k, struct ten_strided b, struct ten_part part, float *packed) {
    for (size_t j = part.column; j < part.past_column; j += TILE_N)
        for (size_t i = part.row, past; i < part.past_row; i = past) {
            size_t n0 = j / BLOCK_N * BLOCK_N, k0 = i / BLOCK_K * BLOCK_K, deep = smaller(k - k0, BLOCK_K);
            float *to = packed + block_at(n, k, n0, k0) + (j - n0) * deep + (i - k0) * TILE_N;
            past = smaller(part.past_row, k0 + BLOCK_K);
            pack(b.data + i * b.row + j * b.column, b.column, b.row, smaller(part.past_column - j, TILE_N), past - i,
                 TILE_N, to);
            round_to_bf16(to, TILE_N * (past - i));
        }
}

static void packed_bf16(size_t m, size_t n, size_t k, struct ten_strided a, const float *packed, const float *bias,
                        bool relu, float *c, size_t ldc, const struct ten_ahead *ahead, float *scratch) {
    (void)ahead;
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N)
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K)
            by_block(m, smaller(n - n0, BLOCK_N), smaller(k - k0, BLOCK_K),
                     (struct ten_strided){a.data + k0 * a.column, a.row, a.column}, NULL,
                     packed + block_at(n, k, n0, k0), c + n0, ldc, k0 > 0, true, scratch);
    for (size_t i = 0; i < m && (bias || relu); i++)
        for (size_t j = 0; j < n; j++) {
            float sum = c[i * ldc + j] + (bias ? bias[j] : 0);
            c[i * ldc + j] = relu && !(sum > 0) ? 0 : sum;
        }
}

/* ---- Windows of images ----------------------------------------------------------------------------------- */

typedef int32_t ints __attribute__((vector_size(4 * LANES), may_alias));
typedef uint8_t bytes_of_lanes __attribute__((vector_size(LANES), aligned(1), may_alias));

/* Bytes to integers and, where they fit, back. GCC makes many instructions of the vector extension's conversions. */
static inline ints widen_lanes(const uint8_t *bytes) {
#if defined(__AVX512F__)
    return (ints)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes));
#elif defined(__AVX2__)
    return (ints)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes));
#else
    return __builtin_convertvector(*(const bytes_of_lanes *)bytes, ints);
#endif
}

static inline void narrow_lanes(ints lanes, uint8_t *bytes) {
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)bytes, _mm512_cvtepi32_epi8((__m512i)lanes));
#else
    *(bytes_of_lanes *)bytes = __builtin_convertvector(lanes, bytes_of_lanes);
#endif
}

#include "kernels/set_windows.h"

#include "kernels/set_winograd.h"

#include "kernels/set_pooled.h"

/* ---- Bytes ----------------------------------------------------------------------------------------------- */

static void widen_bytes(size_t n, const uint8_t *bytes, float unit, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        *(floats *)(out + i) = __builtin_convertvector(widen_lanes(bytes + i), floats) * unit;
    for (; i < n; i++) out[i] = (float)bytes[i] * unit;
}

/* ---- Dot products of bytes ------------------------------------------------------------------------------ */

/* Packed rows simply follow each other. */
static void pack_bytes(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed) {
    for (size_t j = 0; j < n; j++) memcpy(packed + j * depth, b + j * ldb, depth);
}

/* Four packed rows at a time, so that each byte of a is widened once for four products. */
static void dot_bytes(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *packed, int32_t *c,
                      size_t ldc) {
    for (size_t i = 0; i < m; i++) {
        const uint8_t *x = a + i * lda;
        for (size_t j = 0; j < n; j += 4) {
            size_t columns = smaller(n - j, 4);
            const uint8_t *b0 = packed + j * depth, *b1 = b0 + (columns > 1 ? depth : 0);
            const uint8_t *b2 = b0 + (columns > 2 ? 2 * depth : 0), *b3 = b0 + (columns > 3 ? 3 * depth : 0);
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

/* ---- Searching ------------------------------------------------------------------------------------------ */

/* Hits are rare: 32 columns are looked at together, without a branch, and one by one only if there is a hit. */
enum { LOOK = 32 };

/* a - 2 b + c where the result fits and parts of it may not. */
static inline int32_t difference(int32_t a, int32_t b, int32_t c) {
    return (int32_t)((uint32_t)a - 2 * (uint32_t)b + (uint32_t)c);
}

static size_t find_below_i32(size_t m, size_t n, const int32_t *c, size_t ldc, const int32_t *offsets,
                             const int32_t *limits, uint32_t *found) {
    size_t count = 0;
    for (size_t i = 0; i < m; i++) {
        const int32_t *row = c + i * ldc, offset = offsets[i];
        for (size_t j = 0; j < n; j += LOOK) {
            size_t width = smaller(n - j, LOOK);
            int32_t any = width < LOOK;
            for (size_t l = 0; l < LOOK && width == LOOK; l++) any |= difference(offset, row[j + l], 0) < limits[j + l];
            for (size_t l = 0; l < width && any; l++)
                if (difference(offset, row[j + l], 0) < limits[j + l]) found[count++] = (uint32_t)(i * n + j + l);
        }
    }
    return count;
}

static size_t find_below_f32(size_t m, size_t n, const float *c, size_t ldc, const float *offsets, const float *limits,
                             uint32_t *found) {
    size_t count = 0;
    for (size_t i = 0; i < m; i++) {
        const float *row = c + i * ldc, offset = offsets[i];
        for (size_t j = 0; j < n; j += LOOK) {
            size_t width = smaller(n - j, LOOK);
            int32_t any = width < LOOK;
            for (size_t l = 0; l < LOOK && width == LOOK; l++) any |= offset - 2 * row[j + l] < limits[j + l];
            for (size_t l = 0; l < width && any; l++)
                if (offset - 2 * row[j + l] < limits[j + l]) found[count++] = (uint32_t)(i * n + j + l);
        }
    }
    return count;
}

/* ---- Scaled distances ----------------------------------------------------------------------------------- */

enum { DOUBLES = LANES / 2, DISTANCE_M = 4, DISTANCE_N = 2 };
typedef double doubles __attribute__((vector_size(8 * DOUBLES), aligned(8), may_alias));
typedef float half_floats __attribute__((vector_size(4 * DOUBLES), aligned(4), may_alias));

static double sum_lanes(doubles v) {
    double sum = 0;
    for (int l = 0; l < DOUBLES; l++) sum += v[l];
    return sum;
}

/* Four rows and two points at a time: a row is widened once for two points, a point read once for four rows. Edges
 * repeat their last row or point. */
static void distance_tile(size_t depth, const float *const x[DISTANCE_M], const double *const scale[DISTANCE_N],
                          const double *const offset[DISTANCE_N], double out[DISTANCE_M][DISTANCE_N]) {
    doubles sum[DISTANCE_M][DISTANCE_N] = {0};
    size_t whole = depth / DOUBLES * DOUBLES;
    for (size_t d = 0; d < whole; d += DOUBLES) {
#pragma GCC unroll 2
        for (int j = 0; j < DISTANCE_N; j++) {
            doubles s = *(const doubles *)(scale[j] + d), o = *(const doubles *)(offset[j] + d);
#pragma GCC unroll 4
            for (int i = 0; i < DISTANCE_M; i++) {
                doubles t = __builtin_convertvector(*(const half_floats *)(x[i] + d), doubles) * s - o;
                sum[i][j] += t * t;
            }
        }
    }
    for (int i = 0; i < DISTANCE_M; i++)
        for (int j = 0; j < DISTANCE_N; j++) {
            out[i][j] = sum_lanes(sum[i][j]);
            for (size_t d = whole; d < depth; d++) {
                double t = (double)x[i][d] * scale[j][d] - offset[j][d];
                out[i][j] += t * t;
            }
        }
}

static void scaled_distances(size_t m, size_t n, size_t depth, const float *x, const double *scale,
                             const double *offset, double *sums) {
    for (size_t i = 0; i < m; i += DISTANCE_M)
        for (size_t j = 0; j < n; j += DISTANCE_N) {
            const float *rows[DISTANCE_M];
            const double *scales[DISTANCE_N], *offsets[DISTANCE_N];
            double out[DISTANCE_M][DISTANCE_N];
            size_t height = smaller(m - i, DISTANCE_M), width = smaller(n - j, DISTANCE_N);
            for (size_t k = 0; k < DISTANCE_M; k++) rows[k] = x + (i + smaller(k, height - 1)) * depth;
            for (size_t k = 0; k < DISTANCE_N; k++) {
                scales[k] = scale + (j + smaller(k, width - 1)) * depth;
                offsets[k] = offset + (j + smaller(k, width - 1)) * depth;
            }
            distance_tile(depth, rows, scales, offsets, out);
            for (size_t k = 0; k < height; k++) memcpy(sums + (i + k) * n + j, out[k], width * sizeof *sums);
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

/* A block at a time, so that the compiler can keep apart what it must not assume to be: input and output. */
static void rbf_i32(size_t n, const int32_t *dots, const int32_t *offsets, int32_t offset, float gamma, float *out) {
    for (size_t i = 0; i < n; i++) {
        int32_t distance = difference(offsets[i], dots[i], offset);
        out[i] = -gamma * (float)(distance > 0 ? distance : 0);
    }
    for (size_t i = 0; i < n; i++) out[i] = exp_negative(out[i]);
}

static void rbf_f32(size_t n, const float *dots, const float *offsets, float offset, float gamma, float *out) {
    for (size_t i = 0; i < n; i++) {
        float distance = offsets[i] - 2 * dots[i] + offset;
        out[i] = -gamma * (distance > 0 ? distance : 0);
    }
    for (size_t i = 0; i < n; i++) out[i] = exp_negative(out[i]);
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

/* ---- Sequential minimal optimisation -------------------------------------------------------------------- */

enum { WIDE = 16 }; /* lanes that are compared side by side, whatever the set, so that ties fall alike */

static size_t smo_first(size_t n, const float *f, const float *bars) {
    float least[WIDE], best;
    for (size_t l = 0; l < WIDE; l++) least[l] = INFINITY;
    for (size_t k = 0; k < n; k += WIDE)
        for (size_t l = 0; l < WIDE; l++) {
            float value = f[k + l] + bars[k + l];
            least[l] = value < least[l] ? value : least[l];
        }
    best = least[0];
    for (size_t l = 1; l < WIDE; l++) best = least[l] < best ? least[l] : best;
    for (size_t k = 0; k < n; k += WIDE) {
        int32_t any = 0;
        for (size_t l = 0; l < WIDE; l++) any |= f[k + l] + bars[k + l] == best;
        for (size_t l = 0; l < WIDE && any; l++)
            if (f[k + l] + bars[k + l] == best) return k + l;
    }
    return 0;
}

static size_t smo_second(size_t n, const float *f, const float *bars, float from, const float *row_i,
                         const float *diagonal, float diagonal_i, float *largest) {
    float most[WIDE], top[WIDE];
    int32_t place[WIDE];
    for (size_t l = 0; l < WIDE; l++) most[l] = 0, top[l] = -INFINITY, place[l] = -1;
    for (size_t k = 0; k < n; k += WIDE)
        for (size_t l = 0; l < WIDE; l++) {
            float value = f[k + l] + bars[k + l], above = value - from;
            float curvature = diagonal_i + diagonal[k + l] - 2 * row_i[k + l];
            curvature = curvature > 1e-6f ? curvature : 1e-6f;
            float gain = above > 0 ? above * above / curvature : 0;
            place[l] = gain > most[l] ? (int32_t)(k + l) : place[l];
            most[l] = gain > most[l] ? gain : most[l];
            top[l] = value > top[l] ? value : top[l];
        }
    size_t best = 0;
    *largest = top[0];
    for (size_t l = 1; l < WIDE; l++) {
        if (most[l] > most[best] || (most[l] == most[best] && place[l] < place[best] && place[l] >= 0)) best = l;
        if (top[l] > *largest) *largest = top[l];
    }
    return place[best] < 0 ? n : (size_t)place[best];
}

static void smo_update(size_t n, float step, const float *row_i, const float *row_j, float *f) {
    for (size_t k = 0; k < n; k++) f[k] += step * (row_i[k] - row_j[k]);
}

static void combine(size_t n, size_t count, const float *factors, const float *const *rows, float *y) {
    enum { PART = 1024 }; /* of y, which stays in the first cache */
    for (size_t first = 0; first < n; first += PART) {
        size_t width = smaller(n - first, PART), j = 0;
        float *restrict out = y + first;
        for (; j + 4 <= count; j += 4) {
            const float *a = rows[j] + first, *b = rows[j + 1] + first, *c = rows[j + 2] + first,
                        *d = rows[j + 3] + first;
            float s = factors[j], t = factors[j + 1], u = factors[j + 2], v = factors[j + 3];
            for (size_t i = 0; i < width; i++) out[i] = out[i] + s * a[i] + t * b[i] + u * c[i] + v * d[i];
        }
        for (; j < count; j++)
            for (size_t i = 0; i < width; i++) out[i] += factors[j] * rows[j][first + i];
    }
}

/* ---- Cutting a feature in two --------------------------------------------------------------------------- */

typedef uint32_t lanes __attribute__((vector_size(4 * TEN_COUNT_LANES), may_alias));
typedef uint16_t short_lanes __attribute__((vector_size(2 * TEN_COUNT_LANES), may_alias));

/* sums[0], [4] and [8] become those of the first twelve lanes of the three (the others must be zero): halves of the
 * three are folded onto each other until each is one number. */
static inline void sum_three(const lanes products[3], uint32_t sums[TEN_COUNT_LANES]) {
    lanes a = products[0], b = products[1], c = products[2], zero = {0};
    lanes ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
               __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    lanes cz = c + __builtin_shufflevector(c, zero, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16);
    lanes all = __builtin_shufflevector(ab, cz, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
                __builtin_shufflevector(ab, cz, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    all += __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    all += __builtin_shufflevector(all, all, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    *(lanes *)sums = all;
}

/* A set of bits of the touched values; none is touched any more. */
static inline void take_touched(uint8_t *touched, uint64_t bits[4]) {
    for (size_t word = 0; word < 4; word++) {
        bits[word] = 0;
#if defined(__AVX2__)
        for (size_t half = 0; half < 2; half++) {
            __m256i *at = (__m256i *)(void *)(touched + 64 * word + 32 * half);
            __m256i set = _mm256_cmpgt_epi8(_mm256_load_si256(at), _mm256_setzero_si256());
            bits[word] |= (uint64_t)(uint32_t)_mm256_movemask_epi8(set) << 32 * half;
            _mm256_store_si256(at, _mm256_setzero_si256());
        }
#else
        for (size_t i = 0; i < 64; i++) bits[word] |= (uint64_t)touched[64 * word + i] << i;
        memset(touched + 64 * word, 0, 64);
#endif
    }
}

/* With left L and total T, the right side's squares are sum T^2 - 2 sum T L + sum L^2: differences of whole numbers, in
 * 32 bits as T stays below 2^16 in sum. A value's score is computed when the next touched one is known. */
static size_t best_cut_plain(uint16_t *counts, uint8_t *touched, const uint32_t *total, uint32_t least,
                             struct ten_cut *best) {
    lanes left = {0}, all = *(const lanes *)total;
    uint32_t squares = 0, rows = 0, last = 0;
    uint32_t sums[TEN_COUNT_LANES] __attribute__((aligned(64))) = {0};
    uint64_t touched_bits[4];
    size_t values = 0;
    take_touched(touched, touched_bits);
    *best = (struct ten_cut){.score = -1};
    for (size_t c = 0; c < TEN_COUNT_LANES; c++) {
        squares += total[c] * total[c];
        rows += total[c];
    }
    for (uint32_t word = 0; word < 4; word++) {
        for (uint64_t bits = touched_bits[word]; bits; bits &= bits - 1) {
            uint32_t value = 64 * word + (uint32_t)__builtin_ctzll(bits), l = sums[8], r = rows - l;
            if (values++ > 0 && l >= least && r >= least) {
                double score = (double)sums[0] / l + (double)(squares - 2 * sums[4] + sums[0]) / r;
                if (score > best->score) *best = (struct ten_cut){score, last, value};
            }
            short_lanes *here = (short_lanes *)(counts + (size_t)value * TEN_COUNT_LANES);
            left += __builtin_convertvector(*here, lanes);
            *here = (short_lanes){0};
            sum_three((const lanes[]){left * left, left * all, left}, sums);
            last = value;
        }
    }
    return values;
}

#if defined(__AVX2__)
/* The same below 2^15 rows, where sixteen signed products of shorts are summed in pairs by one instruction. */
static size_t best_cut(uint16_t *counts, uint8_t *touched, const uint32_t *total, uint32_t least,
                       struct ten_cut *best) {
    uint32_t squares = 0, rows = 0, last = 0;
    uint16_t shorts[TEN_COUNT_LANES];
    for (size_t c = 0; c < TEN_COUNT_LANES; c++) {
        squares += total[c] * total[c];
        rows += total[c];
        shorts[c] = (uint16_t)total[c];
    }
    if (rows >= 1 << 15) return best_cut_plain(counts, touched, total, least, best);
    __m256i left = _mm256_setzero_si256(), ones = _mm256_set1_epi16(1);
    __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)shorts);
    __m128i whole = _mm_setr_epi32(0, (int)squares, 0, (int)rows), odd = _mm_setr_epi32(0, -1, 0, -1);
    uint64_t touched_bits[4];
    size_t values = 0;
    double score = -1;
    take_touched(touched, touched_bits);
    *best = (struct ten_cut){.score = -1};
    for (uint32_t word = 0; word < 4; word++) {
        for (uint64_t bits = touched_bits[word]; bits; bits &= bits - 1) {
            uint32_t value = 64 * word + (uint32_t)__builtin_ctzll(bits);
            if (score > best->score) *best = (struct ten_cut){score, last, value};
            __m256i *here = (__m256i *)(void *)(counts + (size_t)value * TEN_COUNT_LANES);
            left = _mm256_add_epi16(left, _mm256_load_si256(here));
            _mm256_store_si256(here, _mm256_setzero_si256());
            __m256i products = _mm256_hadd_epi32(_mm256_madd_epi16(left, left), _mm256_madd_epi16(left, all));
            __m256i sum = _mm256_madd_epi16(left, ones);
            sum = _mm256_hadd_epi32(products, _mm256_hadd_epi32(sum, sum));
            /* sum L^2, sum T L, rows, rows; then the squares and the rows of either side */
            __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
            __m128i twice = _mm_and_si128(_mm_add_epi32(four, four), odd);
            four = _mm_add_epi32(_mm_sub_epi32(_mm_shuffle_epi32(four, 0xa0), twice), whole);
            __m128d shares = _mm_div_pd(_mm_cvtepi32_pd(four), _mm_cvtepi32_pd(_mm_unpackhi_epi64(four, four)));
            score = _mm_cvtsd_f64(shares) + _mm_cvtsd_f64(_mm_unpackhi_pd(shares, shares));
            if (least > 1) {
                uint32_t l = (uint32_t)_mm_extract_epi32(four, 2), r = (uint32_t)_mm_extract_epi32(four, 3);
                if (l < least || r < least) score = -1;
            }
            last = value;
            values++;
        }
    }
    return values;
}
#else
static size_t best_cut(uint16_t *counts, uint8_t *touched, const uint32_t *total, uint32_t least,
                       struct ten_cut *best) {
    return best_cut_plain(counts, touched, total, least, best);
}
#endif

/* ---- Adam ----------------------------------------------------------------------------------------------- */

#if defined(__AVX512F__)
/* One step of Newton's method on 14 bits: square root and division would share one slow unit. */
static inline floats root(floats x) {
    __m512 v = (__m512)x, half = _mm512_set1_ps(0.5f);
    __m512 y = _mm512_maskz_rsqrt14_ps(_mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ), v);
    __m512 s = _mm512_mul_ps(v, y); /* x and infinity: that of an infinity is lost, but nothing finite follows */
    __m512 rest = _mm512_fnmadd_ps(s, s, v);
    return (floats)_mm512_fmadd_ps(_mm512_mul_ps(half, y), rest, s);
}

static inline floats quotient(floats a, floats b) {
    __m512 x = (__m512)a, d = (__m512)b, y = _mm512_rcp14_ps(d);
    __m512 q = _mm512_mul_ps(x, y);
    return (floats)_mm512_fmadd_ps(_mm512_fnmadd_ps(q, d, x), y, q);
}
#else
static inline floats root(floats x) {
#if defined(__AVX2__)
    return (floats)_mm256_sqrt_ps((__m256)x);
#else
    for (int i = 0; i < LANES; i++) x[i] = sqrtf(x[i]);
    return x;
#endif
}

static inline floats quotient(floats a, floats b) { return a / b; }
#endif

/* Moments of weights that are no longer used would sink to the smallest denormal numbers and stay there for ever, each
 * step a hundred times as slow: what is that small becomes 0. The processor does so by itself when told to. */
#if defined(__SSE__)
enum { TINY_IS_ZERO = 0x8040 /* results, factors */ };
static unsigned drop_tiny(void) {
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | TINY_IS_ZERO);
    return before;
}
static void keep_tiny(unsigned before) { _mm_setcsr(before); }
static inline floats without_tiny(floats x) { return x; }
#else
static unsigned drop_tiny(void) { return 0; }
static void keep_tiny(unsigned before) { (void)before; }
static inline floats without_tiny(floats x) {
    for (int i = 0; i < LANES; i++) x[i] = fabsf(x[i]) >= FLT_MIN ? x[i] : 0;
    return x;
}
#endif

static inline void adam_lanes(const struct ten_adam *step, const float *g, float *m, float *v, float *x) {
    floats at = *(const floats *)x * step->keep, slope = *(const floats *)g + step->decay * at;
    floats first = without_tiny(step->beta1 * *(const floats *)m + step->rest1 * slope);
    floats second = without_tiny(step->beta2 * *(const floats *)v + step->rest2 * slope * slope);
    *(floats *)m = first;
    *(floats *)v = second;
    *(floats *)x = at - quotient(step->rate * first, step->spread * root(second) + step->epsilon);
}

/* Apart, so that nothing of it is done before or behind its caller's change of the rounding. */
static __attribute__((noinline)) void adam_rows(size_t n, const struct ten_adam *step, const float *restrict g,
                                                float *restrict m, float *restrict v, float *restrict x) {
    struct ten_adam own = *step;
    size_t whole = n / LANES * LANES, left = (n - whole) * sizeof *x;
    for (size_t i = 0; i < whole; i += LANES) adam_lanes(&own, g + i, m + i, v + i, x + i);
    if (!left) return;
    float edge[4][LANES] = {{0}};
    const float *from[] = {g, m, v, x};
    for (int k = 0; k < 4; k++) memcpy(edge[k], from[k] + whole, left);
    adam_lanes(&own, edge[0], edge[1], edge[2], edge[3]);
    memcpy(m + whole, edge[1], left);
    memcpy(v + whole, edge[2], left);
    memcpy(x + whole, edge[3], left);
}

static void adam(size_t n, const struct ten_adam *step, const float *g, float *m, float *v, float *x) {
    unsigned before = drop_tiny();
    adam_rows(n, step, g, m, v, x);
    keep_tiny(before);
}

/* ---- Fourier transforms, forces in the plane -------------------------------------------------------------- */

#include "kernels/set_plane.h"

/* ---- The table ------------------------------------------------------------------------------------------ */

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)

extern const struct ten_kernels JOIN(ten_kernels_, TEN_KERNEL_SET);
const struct ten_kernels JOIN(ten_kernels_, TEN_KERNEL_SET) = {
#define X(kernel) .kernel = kernel,
    TEN_KERNEL_LIST(X)
#undef X
        .name = TEXT(TEN_KERNEL_SET),
};
