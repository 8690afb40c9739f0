/* Matrix products of values rounded to bfloat16 with AVX-512 BF16: vdpbf16ps adds the products of 16 pairs to 16 sums
 * in single precision, twice the products of a multiply-add where the processor makes one of each a cycle. Panels are
 * packed as pairs; a tile of 8 x 32 sums stays in registers. */
#include "kernels/bytes.h"
#include "kernels/pairs.h"

#include <string.h>

enum { ROWS = 8, BLOCK_M = 256 };

_Static_assert(sizeof(float) * TEN_MATMUL_SCRATCH >= sizeof(uint16_t) * (BLOCK_M + BLOCK_N) * BLOCK_K, "scratch");

/* What becomes of a sum. */
struct finish {
    bool accumulate;   /* add what is there */
    const float *bias; /* of the block's first column; NULL: none */
    bool relu;
    const struct ten_ahead *ahead; /* to be fetched meanwhile, or NULL */
};

/* Memory to be fetched along with the sums: at `place`, a step further with every pair. */
struct far {
    const char *place;
    size_t step;
};

static inline void store(__m512 sum, __mmask16 lanes, float *at, const struct finish *finish, __m512 bias) {
    if (finish->accumulate) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, at));
    if (finish->bias) sum = _mm512_add_ps(sum, bias);
    if (finish->relu) sum = _mm512_max_ps(sum, _mm512_setzero_ps());
    _mm512_mask_storeu_ps(at, lanes, sum);
}

/* c[rows x columns] = the sums of ROWS lines of a strip of a with one or two strips of b, over so many pairs, finished.
 */
static inline __attribute__((always_inline)) void block(size_t strips, size_t pairs, const uint16_t *a,
                                                        const uint16_t *b, const uint16_t *next_b, float *c, size_t ldc,
                                                        size_t rows, size_t columns, const struct finish *finish,
                                                        struct far far) {
    __m512 sum[ROWS][2];
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t p = 0; p < pairs; p++, a += DEPTH, b += DEPTH, next_b += DEPTH, far.place += far.step) {
        _mm_prefetch(far.place, _MM_HINT_T0);
        __m512bh low = (__m512bh)_mm512_load_si512(b), high = low;
        if (strips == 2) high = (__m512bh)_mm512_load_si512(next_b);
#pragma GCC unroll 8
        for (size_t i = 0; i < ROWS; i++) {
            int32_t pair;
            memcpy(&pair, a + 2 * i, sizeof pair);
            __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, low);
            if (strips == 2) sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, high);
        }
    }
    __mmask16 first = first_lanes(columns), second = strips == 2 ? first_lanes(columns - SIDE) : 0;
    __m512 bias_low = _mm512_setzero_ps(), bias_high = _mm512_setzero_ps();
    if (finish->bias) {
        bias_low = _mm512_maskz_loadu_ps(first, finish->bias);
        if (strips == 2) bias_high = _mm512_maskz_loadu_ps(second, finish->bias + SIDE);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        if (i >= rows) return;
        store(sum[i][0], first, c + i * ldc, finish, bias_low);
        if (strips == 2) store(sum[i][1], second, c + i * ldc + SIDE, finish, bias_high);
    }
}

static __attribute__((noinline)) void block_of_one(size_t pairs, const uint16_t *a, const uint16_t *b, float *c,
                                                   size_t ldc, size_t rows, size_t columns, const struct finish *finish,
                                                   struct far far) {
    block(1, pairs, a, b, b, c, ldc, rows, columns, finish, far);
}

static __attribute__((noinline)) void block_of_two(size_t pairs, const uint16_t *a, const uint16_t *b,
                                                   const uint16_t *next_b, float *c, size_t ldc, size_t rows,
                                                   size_t columns, const struct finish *finish, struct far far) {
    block(2, pairs, a, b, next_b, c, ldc, rows, columns, finish, far);
}

/* What block `number` of so many is to fetch, or else a `near` place again and again. */
static inline struct far far_of(const struct ten_ahead *ahead, size_t number, size_t blocks, size_t pairs,
                                const void *near) {
    const void *place = NULL;
    if (ahead && (number == 0 || number * ahead->count / blocks != (number - 1) * ahead->count / blocks))
        place = ahead->place(ahead->context, number * ahead->count / blocks);
    return place ? (struct far){place, ahead->bytes / pairs} : (struct far){near, 0};
}

/* The rows of a by one packed block of b. */
static void by_block(size_t m, size_t n1, size_t k1, struct ten_strided a, const uint32_t *places,
                     const uint16_t *packed_b, float *c, size_t ldc, const struct finish *finish, uint16_t *packed_a) {
    size_t strip = (k1 + DEPTH - 1) / DEPTH * TILE, pairs = (k1 + 1) / 2;
    size_t blocks = (m + ROWS - 1) / ROWS * ((n1 + 2 * SIDE - 1) / (2 * SIDE)), number = 0;
    for (size_t m0 = 0; m0 < m; m0 += BLOCK_M) {
        size_t m1 = smaller(m - m0, BLOCK_M);
        pack_places(a.data + m0 * a.row, a.row, a.column, places, m1, k1, false, packed_a);
        for (size_t j = 0; j < n1; j += 2 * SIDE) {
            const uint16_t *strip_b = packed_b + j / SIDE * strip;
            struct finish own = *finish;
            if (own.bias) own.bias += j;
            for (size_t i = 0; i < m1; i += ROWS) {
                const uint16_t *lines = packed_a + i / SIDE * strip + i % SIDE * 2;
                struct far far = far_of(finish->ahead, number++, blocks, pairs, lines);
                float *at = c + (m0 + i) * ldc + j;
                if (n1 - j <= SIDE)
                    block_of_one(pairs, lines, strip_b, at, ldc, smaller(m1 - i, ROWS), n1 - j, &own, far);
                else
                    block_of_two(pairs, lines, strip_b, strip_b + strip, at, ldc, smaller(m1 - i, ROWS),
                                 smaller(n1 - j, 2 * SIDE), &own, far);
            }
        }
    }
}

static void product(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, const uint32_t *rows,
                    float *c, size_t ldc, bool accumulate, float *scratch) {
    uint16_t *packed_b = (uint16_t *)scratch, *packed_a = packed_b + BLOCK_N * BLOCK_K;
    if (k == 0 && !accumulate)
        for (size_t i = 0; i < m; i++) memset(c + i * ldc, 0, n * sizeof *c);
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N) {
        size_t n1 = smaller(n - n0, BLOCK_N);
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            size_t k1 = smaller(k - k0, BLOCK_K), from = rows ? 0 : k0;
            const uint32_t *places = rows ? rows + k0 : NULL;
            struct finish finish = {.accumulate = accumulate || k0 > 0};
            pack_places(b.data + from * b.row + n0 * b.column, b.column, b.row, places, n1, k1, false, packed_b);
            by_block(m, n1, k1, (struct ten_strided){a.data + from * a.column, a.row, a.column}, places, packed_b,
                     c + n0, ldc, &finish, packed_a);
        }
    }
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
    for (size_t n0 = 0; n0 < n; n0 += BLOCK_N)
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            size_t k1 = smaller(k - k0, BLOCK_K);
            bool last = k0 + k1 == k;
            struct finish finish = {k0 > 0, last && bias ? bias + n0 : NULL, last && relu, n0 + k0 ? NULL : ahead};
            by_block(m, smaller(n - n0, BLOCK_N), k1, (struct ten_strided){a.data + k0 * a.column, a.row, a.column},
                     NULL, (const uint16_t *)packed + block_at(n, k, n0, k0), c + n0, ldc, &finish,
                     (uint16_t *)scratch);
        }
}

void ten_kernels_add_bf16(struct ten_kernels *kernels) {
    kernels->name = "bf16";
    kernels->bf16_pays = true;
    kernels->matmul_bf16 = matmul_bf16;
    kernels->pack_bf16 = pack_part;
    kernels->packed_bf16 = packed_bf16;
    kernels->gathered_bf16 = gathered_bf16;
}
