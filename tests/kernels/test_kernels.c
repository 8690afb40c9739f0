/* Every kernel set against the generic one and against naive loops in double (int64 for integers). Sizes lie around
 * vector widths, tiles and blocks; operands are transposed and strided; outputs start from a guard pattern of which
 * everything outside the result must survive. Integer kernels agree to the bit, floats within the tolerances below.
 *
 * TENFOLD_TEST_SEED=N replays or changes the random part; the seed is printed. */
#include "test.h"

#include "base/memory.h"
#include "base/random.h"
#include "kernels/convolution.h"
#include "kernels/kernels.h"
#include "kernels/plane.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 20250607;
static size_t sets_tested, functions_tested;

static const size_t sizes[] = {0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   11,  12,  13,  15,   16,  17,
                               24, 31, 32, 33, 63, 64, 65, 143, 144, 145, 255, 256, 257, 1023, 1025};
enum { SIZES = sizeof sizes / sizeof *sizes, GUARD = 37 };

static size_t draw_size(struct ten_random *random, size_t largest) {
    for (;;) {
        size_t size = sizes[ten_random_below(random, SIZES)];
        if (size <= largest) return size;
    }
}

/* ---- Memory with guards ---- */

/* Fresh memory of exactly `count` items, so that the sanitizer sees an access outside. */
static void *fresh(size_t count, size_t size) {
    size_t bytes = count * size;
    void *block = malloc(bytes ? bytes : 1);
    assert_non_null(block);
    return block;
}

static uint8_t guard_byte(size_t i) { return (uint8_t)(0xa5 ^ i * 29); }

static void guard_fill(void *block, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) ((uint8_t *)block)[i] = guard_byte(i);
}

/* Whether bytes from..to-1 of a block still hold the pattern. */
static bool guard_intact(const void *block, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (((const uint8_t *)block)[i] != guard_byte(i)) return false;
    return true;
}

/* An output of m x n items of 4 bytes with a stride: GUARD items before it, behind every row, and behind it all. */
struct output {
    uint8_t *block;
    size_t m, n, stride, bytes;
};

static struct output output_new(size_t m, size_t n, size_t stride) {
    struct output out = {.m = m, .n = n, .stride = stride, .bytes = 4 * (2 * GUARD + m * stride)};
    out.block = fresh(out.bytes, 1);
    guard_fill(out.block, out.bytes);
    return out;
}

static void *output_row(const struct output *out, size_t i) { return out->block + 4 * (GUARD + i * out->stride); }

static void check_guards(const struct output *out, const char *what) {
    size_t at = 0;
    for (size_t i = 0; i < out->m; i++) {
        size_t row = 4 * (GUARD + i * out->stride);
        if (!guard_intact(out->block, at, row)) fail_msg("%s: wrote outside, before row %zu", what, i);
        at = row + 4 * out->n;
    }
    if (!guard_intact(out->block, at, out->bytes)) fail_msg("%s: wrote outside, behind the last row", what);
}

static bool same_output(const struct output *a, const struct output *b) {
    for (size_t i = 0; i < a->m; i++)
        if (memcmp(output_row(a, i), output_row(b, i), 4 * a->n) != 0) return false;
    return true;
}

/* ---- Matrix product ---- */

enum values { UNIFORM, WHOLE, ZEROS, ONES, ALTERNATING, HUGE_VALUES, TINY, MIXED, KINDS };

static float draw_value(struct ten_random *random, enum values kind, size_t i) {
    double unit = 2 * ten_random_unit(random) - 1;
    switch (kind) {
    case WHOLE: return (float)ten_random_below(random, 256);
    case ZEROS: return 0;
    case ONES: return 255;
    case ALTERNATING: return i % 2 ? -1.0f : 1.0f;
    case HUGE_VALUES: return (float)(unit * 1e17); /* 1025 products of two stay below FLT_MAX */
    case TINY: return (float)(unit * 1e-18);
    case MIXED: return (float)ldexp(unit, (int)ten_random_below(random, 60) - 30);
    default: return (float)unit;
    }
}

struct product {
    size_t m, n, k;
    struct ten_strided a, b; /* data allocated */
    float *before;           /* what c holds before, m x n */
    bool accumulate, bf16;
    enum values kind;
};

/* A matrix of rows x columns elements, plain or transposed, with gaps; what lies in the gaps is NaN and must not be
 * read as a value. */
static struct ten_strided draw_matrix(struct ten_random *random, size_t rows, size_t columns, enum values kind) {
    size_t gap = ten_random_below(random, 3) ? 0 : 1 + ten_random_below(random, 20), step = 1;
    if (ten_random_below(random, 5) == 0) step = 2; /* elements that are not neighbours in either direction */
    bool turned = ten_random_below(random, 2);
    struct ten_strided matrix = {.row = turned ? step : columns * step + gap,
                                 .column = turned ? rows * step + gap : step};
    size_t count = rows && columns ? (rows - 1) * matrix.row + (columns - 1) * matrix.column + 1 : 0;
    float *data = fresh(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = NAN;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) data[i * matrix.row + j * matrix.column] = draw_value(random, kind, i + j);
    matrix.data = data;
    return matrix;
}

static struct product product_new(struct ten_random *random, size_t m, size_t n, size_t k, enum values kind,
                                  bool bf16) {
    struct product p = {.m = m, .n = n, .k = k, .kind = kind, .bf16 = bf16, .accumulate = ten_random_below(random, 2)};
    p.a = draw_matrix(random, m, k, kind);
    p.b = draw_matrix(random, k, n, kind);
    p.before = fresh(m * n, sizeof *p.before);
    for (size_t i = 0; i < m * n; i++) p.before[i] = draw_value(random, kind, i);
    return p;
}

static void product_release(struct product *p) {
    free((float *)p->a.data);
    free((float *)p->b.data);
    free(p->before);
}

static void run_product(const struct ten_kernels *set, const struct product *p, struct output *c, float *scratch) {
    for (size_t i = 0; p->accumulate && i < p->m && p->n; i++)
        memcpy(output_row(c, i), p->before + i * p->n, p->n * sizeof(float));
    (p->bf16 ? set->matmul_bf16 : set->matmul)(p->m, p->n, p->k, p->a, p->b, output_row(c, 0), c->stride, p->accumulate,
                                               scratch);
    check_guards(c, p->bf16 ? "matmul_bf16" : "matmul");
}

/* To eight bits of mantissa, a tie to the even one. */
static double to_bf16(float x) {
    int exponent;
    double mantissa = frexp((double)x, &exponent);
    return ldexp(rint(mantissa * 256), exponent - 8);
}

/* The naive sum in double, and the sum of magnitudes on which the error bound rests. */
static void naive_element(const struct product *p, size_t i, size_t j, double *sum, double *magnitude) {
    *sum = p->accumulate ? (double)p->before[i * p->n + j] : 0;
    *magnitude = fabs(*sum);
    for (size_t d = 0; d < p->k; d++) {
        float a = p->a.data[i * p->a.row + d * p->a.column], b = p->b.data[d * p->b.row + j * p->b.column];
        double part = p->bf16 ? to_bf16(a) * to_bf16(b) : (double)a * (double)b;
        *sum += part;
        *magnitude += fabs(part);
    }
}

/* A sum of n products in any order errs by at most about n 2^-24 times the sum of magnitudes (Higham 2002, section
 * 3.1), and by half the smallest float for each product that underflows; the smallest normal one with bfloat16, where
 * subnormal numbers may be zeros. Products of whole numbers below 256 are exact
 * as long as the sum stays below 2^24. */
static void check_product(const struct product *p, const struct output *c, const char *set) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            float got = ((const float *)output_row(c, i))[j];
            double sum, magnitude;
            naive_element(p, i, j, &sum, &magnitude);
            double n = (double)p->k + 1, tolerance = n * 0x1p-24 * magnitude + n * (p->bf16 ? 0x1p-126 : 0x1p-149);
            if (p->kind == WHOLE && magnitude < 0x1p24) tolerance = 0;
            if (!(fabs((double)got - sum) <= tolerance))
                fail_msg("%s: matmul%s %zux%zux%zu kind %d accumulate %d: c[%zu, %zu] is %.9g, expected %.9g", set,
                         p->bf16 ? "_bf16" : "", p->m, p->n, p->k, p->kind, p->accumulate, i, j, (double)got, sum);
        }
}

/* Packs b whole or as four parts, cut anywhere that parts may be. */
static void pack_in_parts(const struct ten_kernels *set, struct ten_random *random, const struct product *p,
                          float *packed) {
    size_t row = 16 * ten_random_below(random, p->k / 16 + 1), column = 32 * ten_random_below(random, p->n / 32 + 1);
    struct ten_part parts[] = {
        {row, p->k, column, p->n}, {0, row, 0, column}, {row, p->k, 0, column}, {0, row, column, p->n}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) set->pack_bf16(p->n, p->k, p->b, parts[i], packed);
}

/* Places are asked for in rising order, none twice. */
static const void *note_place(void *context, size_t i) {
    size_t *noted = context;
    if (i < *noted || i >= 5) fail_msg("packed_bf16 asks for place %zu behind %zu", i, *noted);
    *noted = i + 1;
    return i % 2 ? noted : NULL;
}

/* A right factor that was packed before gives the same sums; bias and relu are what they are one after the other. */
static void try_packed(const struct ten_kernels *set, struct ten_random *random, const struct product *p,
                       float *scratch) {
    if (!p->bf16 || p->k == 0 || p->accumulate) return;
    float *packed = ten_alloc(TEN_PACKED(p->n, p->k), sizeof *packed), *bias = fresh(p->n, sizeof *bias);
    bool relu = ten_random_below(random, 2), with_bias = ten_random_below(random, 2);
    size_t noted = 0;
    struct output c = output_new(p->m, p->n, p->n + 1), expected = output_new(p->m, p->n, p->n + 1);
    for (size_t j = 0; j < p->n; j++) bias[j] = draw_value(random, p->kind, j);
    run_product(set, p, &expected, scratch);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            float *value = (float *)output_row(&expected, i) + j;
            if (with_bias) *value += bias[j];
            if (relu && !(*value > 0)) *value = 0;
        }
    for (size_t i = 0; i < TEN_PACKED(p->n, p->k); i++) packed[i] = NAN;
    pack_in_parts(set, random, p, packed);
    for (size_t i = 0; i < TEN_MATMUL_SCRATCH; i += 97) scratch[i] = NAN;
    set->packed_bf16(p->m, p->n, p->k, p->a, packed, with_bias ? bias : NULL, relu, output_row(&c, 0), c.stride,
                     &(struct ten_ahead){note_place, &noted, 5, sizeof noted}, scratch);
    check_guards(&c, "packed_bf16");
    if (!same_output(&c, &expected))
        fail_msg("%s: packed_bf16 %zux%zux%zu, bias %d, relu %d: not what matmul_bf16 gives", set->name, p->m, p->n,
                 p->k, with_bias, relu);
    free(packed);
    free(bias);
    free(c.block);
    free(expected.block);
}

/* Some rows of the sum are those rows put side by side. */
static void try_gathered(const struct ten_kernels *set, struct ten_random *random, const struct product *p,
                         float *scratch) {
    if (!p->bf16 || p->accumulate) return;
    uint32_t *rows = fresh(p->k, sizeof *rows);
    size_t some = 0;
    for (size_t i = 0; i < p->k; i++)
        if (ten_random_below(random, 3)) rows[some++] = (uint32_t)i;
    struct product q = {.m = p->m, .n = p->n, .k = some, .bf16 = true};
    float *a = fresh(p->m * some, sizeof *a), *b = fresh(some * p->n, sizeof *b);
    for (size_t k = 0; k < some; k++) {
        for (size_t i = 0; i < p->m; i++) a[i * some + k] = p->a.data[i * p->a.row + rows[k] * p->a.column];
        for (size_t j = 0; j < p->n; j++) b[k * p->n + j] = p->b.data[rows[k] * p->b.row + j * p->b.column];
    }
    q.a = (struct ten_strided){a, some, 1};
    q.b = (struct ten_strided){b, p->n, 1};
    struct output c = output_new(p->m, p->n, p->n + 1), expected = output_new(p->m, p->n, p->n);
    run_product(set, &q, &expected, scratch);
    for (size_t i = 0; i < TEN_MATMUL_SCRATCH; i += 97) scratch[i] = NAN;
    set->gathered_bf16(p->m, p->n, some, p->a, p->b, rows, output_row(&c, 0), c.stride, scratch);
    check_guards(&c, "gathered_bf16");
    if (!same_output(&c, &expected))
        fail_msg("%s: gathered_bf16 %zux%zux%zu of %zu: not what matmul_bf16 gives", set->name, p->m, p->n, some, p->k);
    set->gathered_bf16(p->m, p->n, p->k, p->a, p->b, NULL, output_row(&c, 0), c.stride, scratch);
    struct output whole = output_new(p->m, p->n, p->n);
    run_product(set, p, &whole, scratch);
    if (!same_output(&c, &whole)) fail_msg("%s: gathered_bf16 of all rows: not what matmul_bf16 gives", set->name);
    free(a);
    free(b);
    free(rows);
    free(c.block);
    free(expected.block);
    free(whole.block);
}

/* The set, again for the same bits, and the generic set. */
static void try_product(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n, size_t k,
                        enum values kind, bool bf16, float *scratch) {
    struct product p = product_new(random, m, n, k, kind, bf16);
    size_t stride = n + (ten_random_below(random, 2) ? 0 : 1 + ten_random_below(random, 40));
    struct output c = output_new(m, n, stride), again = output_new(m, n, stride + 3),
                  generic = output_new(m, n, stride);
    for (size_t i = 0; i < TEN_MATMUL_SCRATCH; i += 97) scratch[i] = NAN; /* left over from something else */
    run_product(set, &p, &c, scratch);
    check_product(&p, &c, set->name);
    run_product(set, &p, &again, scratch);
    if (!same_output(&c, &again))
        fail_msg("%s: matmul %zux%zux%zu gives other bits the second time", set->name, m, n, k);
    try_packed(set, random, &p, scratch);
    try_gathered(set, random, &p, scratch);
    run_product(ten_kernels_at(0), &p, &generic, scratch);
    check_product(&p, &generic, "generic"); /* both within the bound of the truth: within twice that of each other */
    free(c.block);
    free(again.block);
    free(generic.block);
    product_release(&p);
}

static void test_products_of(const struct ten_kernels *set, bool bf16) {
    float *scratch = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch);
    assert_non_null(scratch);
    struct ten_random random;
    ten_random_init(&random, seed, bf16 ? 11 : 1);
    for (size_t m = 0; m <= 17; m++) /* all around one tile */
        for (size_t n = 0; n <= 34; n += 1 + ten_random_below(&random, 4))
            try_product(set, &random, m, n, ten_random_below(&random, 6), (enum values)(m % KINDS), bf16, scratch);
    for (size_t i = 0; i < SIZES; i++) { /* every size in every place */
        size_t small = ten_random_below(&random, 5);
        try_product(set, &random, sizes[i], 1 + small, draw_size(&random, 17), UNIFORM, bf16, scratch);
        try_product(set, &random, 1 + small, sizes[i], draw_size(&random, 17), MIXED, bf16, scratch);
        try_product(set, &random, draw_size(&random, 17), 1 + small, sizes[i], WHOLE, bf16, scratch);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        try_product(set, &random, 13, 33, 257, (enum values)kind, bf16, scratch);
        try_product(set, &random, 5, 3, 1025, (enum values)kind, bf16, scratch);
    }
    for (int round = 0, work = 0; round < 60 && work < 3000000; round++) {
        size_t m = draw_size(&random, 1025), n = draw_size(&random, 1025), k = draw_size(&random, 1025);
        if (m * n * k > 500000) continue;
        work += (int)(m * n * (k + 1));
        try_product(set, &random, m, n, k, (enum values)ten_random_below(&random, KINDS), bf16, scratch);
    }
    free(scratch);
}

static void test_matmul_of(const struct ten_kernels *set) { test_products_of(set, false); }

static void test_matmul_bf16_of(const struct ten_kernels *set) { test_products_of(set, true); }

/* Each element's sum may not depend on what other rows and columns are computed with it (batches of any size give the
 * same logits). */
static void test_matmul_rows_alone(const struct ten_kernels *set) {
    enum { M = 29, N = 45, K = 300 };
    float *scratch = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch), all[M * N], one[N];
    float *a = fresh(M * K, sizeof *a), *b = fresh(K * N, sizeof *b);
    assert_non_null(scratch);
    struct ten_random random;
    ten_random_init(&random, seed, 2);
    for (size_t i = 0; i < M * K; i++) a[i] = draw_value(&random, UNIFORM, i);
    for (size_t i = 0; i < K * N; i++) b[i] = draw_value(&random, UNIFORM, i);
    struct ten_strided right = {b, N, 1};
    for (int bf16 = 0; bf16 < 2; bf16++) {
        void (*multiply)(size_t, size_t, size_t, struct ten_strided, struct ten_strided, float *, size_t, bool,
                         float *) = bf16 ? set->matmul_bf16 : set->matmul;
        multiply(M, N, K, (struct ten_strided){a, K, 1}, right, all, N, false, scratch);
        for (size_t i = 0; i < M; i++) {
            multiply(1, N, K, (struct ten_strided){a + i * K, K, 1}, right, one, N, false, scratch);
            assert_memory_equal(one, all + i * N, sizeof one);
        }
    }
    free(scratch);
    free(a);
    free(b);
}

/* ---- Dot products of bytes ---- */

enum bytes { RANDOM_BYTES, ALL_ZERO, ALL_255, ALTERNATING_BYTES, MOSTLY_ZERO, BYTE_KINDS };

static uint8_t draw_byte(struct ten_random *random, enum bytes kind, size_t i) {
    switch (kind) {
    case ALL_ZERO: return 0;
    case ALL_255: return 255;
    case ALTERNATING_BYTES: return i % 2 ? 255 : 0;
    case MOSTLY_ZERO: return ten_random_below(random, 8) ? 0 : 128;
    default: return (uint8_t)ten_random_below(random, 256);
    }
}

/* rows x depth bytes with a stride; the gaps are 255, so that reading them shows. */
static uint8_t *draw_bytes(struct ten_random *random, size_t rows, size_t depth, size_t stride, enum bytes kind) {
    size_t count = rows ? (rows - 1) * stride + depth : 0;
    uint8_t *bytes = fresh(count, 1);
    memset(bytes, 255, count ? count : 1);
    for (size_t i = 0; i < rows; i++)
        for (size_t d = 0; d < depth; d++) bytes[i * stride + d] = draw_byte(random, kind, d);
    return bytes;
}

/* Packs b and multiplies; the packed bytes have exactly the room they are promised. */
static void dot_packed(const struct ten_kernels *set, size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda,
                       const uint8_t *b, size_t ldb, struct output *c) {
    size_t room = ten_packed_bytes(n, depth);
    uint8_t *packed = ten_alloc(room, 1); /* a multiple of 64: the sanitizer sees an access behind it */
    assert_non_null(packed);
    memset(packed, 0xee, room);
    set->pack_bytes(n, depth, b, ldb, packed);
    set->dot_bytes(m, n, depth, a, lda, packed, output_row(c, 0), c->stride);
    check_guards(c, "dot_bytes");
    free(packed);
}

static void try_dots(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n, size_t depth,
                     enum bytes kind) {
    size_t lda = depth + ten_random_below(random, 2) * 9, ldb = depth + ten_random_below(random, 2) * 5;
    size_t ldc = n + ten_random_below(random, 2) * 7;
    uint8_t *a = draw_bytes(random, m, depth, lda, kind), *b = draw_bytes(random, n, depth, ldb, kind);
    struct output c = output_new(m, n, ldc), generic = output_new(m, n, ldc);
    dot_packed(set, m, n, depth, a, lda, b, ldb, &c);
    dot_packed(ten_kernels_at(0), m, n, depth, a, lda, b, ldb, &generic);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            int64_t sum = 0;
            for (size_t d = 0; d < depth; d++) sum += (int64_t)a[i * lda + d] * b[j * ldb + d];
            int32_t got = ((const int32_t *)output_row(&c, i))[j];
            if (got != sum)
                fail_msg("%s: dot_bytes %zux%zux%zu kind %d: c[%zu, %zu] is %d, expected %lld", set->name, m, n, depth,
                         kind, i, j, got, (long long)sum);
        }
    assert_true(same_output(&c, &generic));
    free(c.block);
    free(generic.block);
    free(a);
    free(b);
}

static void test_dots_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 3);
    for (size_t m = 0; m <= 9; m++)
        for (size_t n = 0; n <= 9; n++)
            try_dots(set, &random, m, n, ten_random_below(&random, 70), (enum bytes)(m % BYTE_KINDS));
    for (size_t i = 0; i < SIZES; i++) {
        try_dots(set, &random, 3, 5, sizes[i], RANDOM_BYTES);
        try_dots(set, &random, sizes[i], 3, 17, RANDOM_BYTES);
        try_dots(set, &random, 2, sizes[i], 33, RANDOM_BYTES);
        for (int kind = 0; kind < BYTE_KINDS; kind++) try_dots(set, &random, 2, 6, sizes[i], (enum bytes)kind);
    }
    for (size_t depth = 33025 - 2; depth <= 33025; depth++) { /* 33025 * 255 * 255 is 33022 below 2^31 */
        try_dots(set, &random, 2, 5, depth, ALL_255);
        try_dots(set, &random, 1, 1, depth, RANDOM_BYTES);
    }
    for (int round = 0, work = 0; round < 60 && work < 1500000; round++) {
        size_t m = draw_size(&random, 1025), n = draw_size(&random, 1025), depth = draw_size(&random, 1025);
        if (m * n * depth > 300000) continue;
        work += (int)(m * n * (depth + 1));
        try_dots(set, &random, m, n, depth, (enum bytes)ten_random_below(&random, BYTE_KINDS));
    }
}

/* ---- Searching ---- */

/* Whole numbers, so that both kinds must agree with the plain comparison; some hits, many, or none. */
static void try_find(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n, int share) {
    size_t ldc = n + ten_random_below(random, 2) * 5, expected = 0;
    int32_t *c = fresh(m * ldc, 4), *offsets = fresh(m, 4), *limits = fresh(n, 4);
    float *c_f32 = fresh(m * ldc, 4), *offsets_f32 = fresh(m, 4), *limits_f32 = fresh(n, 4);
    uint32_t *found = fresh(m * n, 4), *wanted = fresh(m * n, 4);
    for (size_t i = 0; i < m * ldc; i++) c_f32[i] = (float)(c[i] = (int32_t)ten_random_below(random, 1000));
    for (size_t i = 0; i < m; i++) offsets_f32[i] = (float)(offsets[i] = (int32_t)ten_random_below(random, 100));
    for (size_t j = 0; j < n; j++) limits_f32[j] = (float)(limits[j] = -2000 + 20 * share + (int32_t)j % 3);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            if (offsets[i] - 2 * c[i * ldc + j] < limits[j]) wanted[expected++] = (uint32_t)(i * n + j);
    for (int real = 0; real < 2; real++) {
        size_t count = real ? set->find_below_f32(m, n, c_f32, ldc, offsets_f32, limits_f32, found)
                            : set->find_below_i32(m, n, c, ldc, offsets, limits, found);
        if (count != expected) fail_msg("%s: find_below %zux%zu: %zu of %zu", set->name, m, n, count, expected);
        if (count) assert_memory_equal(found, wanted, count * sizeof *found);
    }
    free(c), free(offsets), free(limits), free(c_f32), free(offsets_f32), free(limits_f32), free(found), free(wanted);
}

static void test_find_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 5);
    for (size_t i = 0; i < SIZES; i++)
        for (int share = 0; share <= 100; share += share < 5 ? 1 : 31) {
            try_find(set, &random, 3, sizes[i], share);
            try_find(set, &random, sizes[i], 33, share);
        }
    /* infinities, as before anything was found: everything finite is below */
    float products[40] = {0}, offset = FLT_MAX, limits[40];
    uint32_t found[40];
    for (size_t j = 0; j < 40; j++) limits[j] = j % 2 ? INFINITY : -INFINITY;
    assert_int_equal(set->find_below_f32(1, 40, products, 40, &offset, limits, found), 20);
}

/* ---- Kernel values and optimisation steps ---- */

static void assert_near(const char *what, const char *set, double got, double expected, double relative,
                        double absolute) {
    if (!(fabs(got - expected) <= relative * fabs(expected) + absolute))
        fail_msg("%s: %s gives %.9g, expected %.9g", set, what, got, expected);
}

static void try_rbf(const struct ten_kernels *set, struct ten_random *random, size_t n, float gamma) {
    int32_t *dots = fresh(n, 4), *offsets = fresh(n, 4), offset = (int32_t)ten_random_below(random, 1 << 24);
    float *dots_f32 = fresh(n, 4), *offsets_f32 = fresh(n, 4), *out = fresh(n, 4), *again = fresh(n, 4);
    for (size_t i = 0; i < n; i++) {
        offsets_f32[i] = (float)(offsets[i] = (int32_t)ten_random_below(random, 1 << 24));
        dots_f32[i] = (float)(dots[i] = (int32_t)ten_random_below(random, 1 << 24));
    }
    set->rbf_i32(n, dots, offsets, offset, gamma, out);
    set->rbf_f32(n, dots_f32, offsets_f32, (float)offset, gamma, again);
    for (size_t i = 0; i < n; i++) {
        double distance = fmax(0, (double)offsets[i] - 2.0 * dots[i] + offset), argument = -(double)gamma * distance;
        /* the argument is rounded to 2^-24 of itself, which is then the result's relative error */
        double relative = 1e-6 - 2.5 * 0x1p-24 * argument;
        assert_near("rbf_i32", set->name, (double)out[i], exp(argument), relative, 1e-37);
        assert_near("rbf_f32", set->name, (double)again[i], exp(argument), relative, 1e-37);
    }
    free(dots), free(offsets), free(dots_f32), free(offsets_f32), free(out), free(again);
}

/* n a multiple of 16; values from few levels, so that there are ties. */
static void try_smo(const struct ten_kernels *set, struct ten_random *random, size_t n) {
    float *f = fresh(n, 4), *bars = fresh(n, 4), *falls = fresh(n, 4), *row = fresh(n, 4), *other = fresh(n, 4),
          *diagonal = fresh(n, 4), largest, most = -INFINITY, gain = 0;
    size_t first = 0, second = n;
    for (size_t i = 0; i < n; i++) {
        f[i] = (float)ten_random_below(random, 40) - 20;
        bars[i] = ten_random_below(random, 3) ? 0 : INFINITY;
        falls[i] = ten_random_below(random, 3) ? 0 : -INFINITY;
        row[i] = (float)ten_random_below(random, 9) / 8;
        other[i] = (float)ten_random_below(random, 9) / 8;
        diagonal[i] = (float)ten_random_below(random, 2) + 1;
    }
    for (size_t i = 1; i < n; i++)
        if (f[i] + bars[i] < f[first] + bars[first]) first = i;
    assert_int_equal(set->smo_first(n, f, bars), first);
    float from = f[first];
    for (size_t i = 0; i < n; i++) {
        float value = f[i] + falls[i], curvature = 1 + diagonal[i] - 2 * row[i];
        if (value > most) most = value;
        float own = value > from ? (value - from) * (value - from) / fmaxf(curvature, 1e-6F) : 0;
        if (own > gain) gain = own, second = i;
    }
    assert_int_equal(set->smo_second(n, f, falls, from, row, diagonal, 1, &largest), second);
    assert_true(largest == most);
    float *before = fresh(n, 4);
    memcpy(before, f, n * sizeof *f);
    set->smo_update(n, 0.25F, row, other, f); /* exact in these numbers */
    for (size_t i = 0; i < n; i++) assert_true(f[i] == before[i] + 0.25F * (row[i] - other[i]));
    free(f), free(bars), free(falls), free(row), free(other), free(diagonal), free(before);
}

static void try_combine(const struct ten_kernels *set, struct ten_random *random, size_t n, size_t count) {
    float *rows = fresh(n * count, 4), *factors = fresh(count, 4), *y = fresh(n, 4);
    const float **list = fresh(count, sizeof *list);
    for (size_t i = 0; i < n * count; i++) rows[i] = (float)ten_random_below(random, 16);
    for (size_t j = 0; j < count; j++) {
        factors[j] = (float)ten_random_below(random, 16) - 8;
        list[j] = rows + j * n;
    }
    for (size_t i = 0; i < n; i++) y[i] = 5;
    set->combine(n, count, factors, list, y);
    for (size_t i = 0; i < n; i++) { /* small whole numbers: exact in any order */
        float sum = 5;
        for (size_t j = 0; j < count; j++) sum += factors[j] * list[j][i];
        assert_true(y[i] == sum);
    }
    free(rows), free(factors), free(y), free(list);
}

static void test_steps_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 6);
    for (size_t i = 0; i < SIZES; i++) {
        try_rbf(set, &random, sizes[i], 1e-7F);
        try_rbf(set, &random, sizes[i], 0);
        try_rbf(set, &random, sizes[i], 3);
        try_combine(set, &random, sizes[i], i % 11);
    }
    for (size_t n = 16; n <= 512; n += 16)
        for (int round = 0; round < 5; round++) try_smo(set, &random, n);
    /* nobody may rise or fall */
    float f[16] = {0}, rise[16], fall[16], ones[16], largest;
    for (int i = 0; i < 16; i++) rise[i] = INFINITY, fall[i] = -INFINITY, ones[i] = 1;
    assert_true(set->smo_first(16, f, rise) < 16);
    assert_int_equal(set->smo_second(16, f, fall, INFINITY, ones, ones, 1, &largest), 16);
    assert_true(largest == -INFINITY);
}

/* ---- Softmax ---- */

enum logits { ORDINARY, EQUAL, SPREAD, ONE_LARGE, NEAR, EXTREME, LOGIT_KINDS };

static float draw_logit(struct ten_random *random, enum logits kind, size_t j) {
    double unit = 2 * ten_random_unit(random) - 1;
    switch (kind) {
    case EQUAL: return -3.25f;
    case SPREAD: return (float)(unit * 1e4);
    case ONE_LARGE: return j == 1 ? 0.0f : -0.4f; /* a long sum of equal parts, whose roundings add up */
    case NEAR: return (float)(1e4 + unit);
    case EXTREME: return ten_random_below(random, 2) ? FLT_MAX : -FLT_MAX;
    default: return (float)(unit * 10);
    }
}

/* The header promises a relative error below 1e-6, and that of one rounding of the difference to the row's maximum.
 * Values that are no normal floats any more may be 0. */
static void check_softmax_row(const float *before, const float *after, const float *log_sum, size_t columns,
                              const char *set) {
    double top = -INFINITY, sum = 0, total = 0;
    for (size_t j = 0; j < columns; j++) top = fmax(top, (double)before[j]);
    for (size_t j = 0; j < columns; j++) sum += exp((double)before[j] - top);
    for (size_t j = 0; j < columns; j++) {
        double expected = exp((double)before[j] - top) / sum, got = (double)after[j];
        double relative = 1e-6 + 0x1p-24 * (top - (double)before[j]);
        total += got;
        if (!(fabs(got - expected) <= relative * expected + 2e-38))
            fail_msg("%s: softmax of %zu columns: [%zu] is %.9g, expected %.9g (%.2g off)", set, columns, j, got,
                     expected, fabs(got - expected) / expected);
    }
    if (!(fabs(total - 1) <= 1e-6)) fail_msg("%s: softmax of %zu columns sums to %.9g", set, columns, total);
    double expected = top + log(sum);
    /* an error of 1e-6 in the sum is one of 1e-6 in its logarithm; then one rounding of the result */
    if (log_sum && !(fabs((double)*log_sum - expected) <= 1e-6 + 0x1p-23 * fabs(expected)))
        fail_msg("%s: log_sum of %zu columns is %.9g, expected %.9g", set, columns, (double)*log_sum, expected);
}

static void try_softmax(const struct ten_kernels *set, struct ten_random *random, size_t rows, size_t columns,
                        enum logits kind) {
    float *before = fresh(rows * columns, sizeof *before);
    for (size_t i = 0; i < rows * columns; i++) before[i] = draw_logit(random, kind, i % columns);
    struct output x[3], log_sum[3];
    const struct ten_kernels *run[3] = {set, set, ten_kernels_at(0)};
    for (size_t t = 0; t < 3; t++) {
        x[t] = output_new(1, rows * columns, rows * columns);
        log_sum[t] = output_new(1, rows, rows);
        memcpy(output_row(&x[t], 0), before, rows * columns * sizeof *before);
        bool wanted = t != 1; /* the second time without log_sum, which must not change the rest */
        run[t]->softmax(rows, columns, output_row(&x[t], 0), wanted ? output_row(&log_sum[t], 0) : NULL);
        check_guards(&x[t], "softmax");
        check_guards(&log_sum[t], "log_sum");
        for (size_t i = 0; i < rows; i++)
            check_softmax_row(before + i * columns, (const float *)output_row(&x[t], 0) + i * columns,
                              wanted ? (const float *)output_row(&log_sum[t], 0) + i : NULL, columns, run[t]->name);
    }
    if (!same_output(&x[0], &x[1])) fail_msg("%s: softmax gives other bits the second time", set->name);
    for (size_t t = 0; t < 3; t++) {
        free(x[t].block);
        free(log_sum[t].block);
    }
    free(before);
}

static void test_softmax_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 4);
    for (size_t columns = 1; columns <= 1024; columns += columns < 70 ? 1 : 53) {
        if (columns > 1000) columns = 1024;
        for (int kind = 0; kind < LOGIT_KINDS; kind++)
            try_softmax(set, &random, 1 + ten_random_below(&random, 3), columns, (enum logits)kind);
    }
    for (size_t i = 0; i < SIZES; i++) try_softmax(set, &random, sizes[i], 10, (enum logits)(i % LOGIT_KINDS));
    for (int round = 0; round < 30; round++)
        try_softmax(set, &random, draw_size(&random, 257), 1 + ten_random_below(&random, 40),
                    (enum logits)(round % LOGIT_KINDS));
}

/* ---- Scaled distances ---- */

/* The same rows in a batch and alone, against long double. */
static void try_distances(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n, size_t depth) {
    float *x = fresh(m * depth, sizeof *x);
    double *scale = fresh(n * depth, sizeof *scale), *offset = fresh(n * depth, sizeof *offset);
    double *sums = fresh(m * n + 2, sizeof *sums), *alone = fresh(n, sizeof *alone);
    for (size_t i = 0; i < m * depth; i++) x[i] = (float)(ten_random_unit(random) * 255);
    for (size_t i = 0; i < n * depth; i++) {
        scale[i] = ldexp(ten_random_unit(random) + 0.5, (int)ten_random_below(random, 20) - 10);
        offset[i] = scale[i] * ten_random_unit(random) * 255;
    }
    sums[0] = sums[m * n + 1] = 77;
    set->scaled_distances(m, n, depth, x, scale, offset, sums + 1);
    assert_true(sums[0] == 77 && sums[m * n + 1] == 77);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            long double expected = 0, size = 0;
            for (size_t d = 0; d < depth; d++) {
                long double moved = (long double)x[i * depth + d] * (long double)scale[j * depth + d];
                long double t = moved - (long double)offset[j * depth + d];
                expected += t * t;
                size += moved * moved;
            }
            double got = sums[1 + i * n + j];
            if (!(fabsl((long double)got - expected) <= 1e-14L * (expected + size)))
                fail_msg("%s: distance [%zu, %zu] of depth %zu is %.17g, expected %.17Lg", set->name, i, j, depth, got,
                         expected);
        }
        set->scaled_distances(1, n, depth, x + i * depth, scale, offset, alone);
        if (n) assert_memory_equal(alone, sums + 1 + i * n, n * sizeof *alone);
    }
    free(x);
    free(scale);
    free(offset);
    free(sums);
    free(alone);
}

static void test_distances_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 6);
    for (size_t i = 0; i < SIZES; i++) try_distances(set, &random, 6, 10, sizes[i]);
    for (size_t m = 0; m < 10; m++)
        for (size_t n = 0; n < 6; n++) try_distances(set, &random, m, n, 1 + ten_random_below(&random, 70));
}

/* ---- Cutting a feature in two ---- */

static double naive_side(const uint64_t *counts) {
    uint64_t squares = 0, rows = 0;
    for (size_t c = 0; c < TEN_COUNT_LANES; c++) {
        squares += counts[c] * counts[c];
        rows += counts[c];
    }
    return rows ? (double)squares / (double)rows : 0;
}

/* `most`: the largest count of a value and class; `share`: one value in so many is there. */
static void try_cut(const struct ten_kernels *set, struct ten_random *random, uint64_t most, uint64_t share,
                    uint32_t least) {
    _Alignas(64) uint16_t counts[256 * TEN_COUNT_LANES] = {0};
    _Alignas(64) uint8_t touched[256] = {0};
    _Alignas(64) uint32_t total[TEN_COUNT_LANES] = {0};
    uint64_t left[TEN_COUNT_LANES] = {0}, right[TEN_COUNT_LANES] = {0}, l = 0, r = 0;
    for (size_t v = 0; v < 256; v++) {
        if (ten_random_below(random, share)) continue;
        size_t class = ten_random_below(random, 10), second = ten_random_below(random, 12);
        counts[v * TEN_COUNT_LANES + class] = (uint16_t)(1 + ten_random_below(random, most));
        counts[v * TEN_COUNT_LANES + second] = (uint16_t)(1 + ten_random_below(random, most));
        touched[v] = 1;
    }
    for (size_t i = 0; i < 256 * TEN_COUNT_LANES; i++) {
        total[i % TEN_COUNT_LANES] += counts[i];
        right[i % TEN_COUNT_LANES] += counts[i];
        r += counts[i];
    }
    if (r >= 65536) return;
    struct ten_cut expected = {.score = -1}, got;
    size_t values = 0;
    for (uint32_t v = 0, last = 0; v < 256; v++) {
        if (!touched[v]) continue;
        double score = naive_side(left) + naive_side(right);
        if (values++ && l >= least && r >= least && score > expected.score) expected = (struct ten_cut){score, last, v};
        for (size_t c = 0; c < TEN_COUNT_LANES; c++) {
            uint64_t count = counts[v * TEN_COUNT_LANES + c];
            left[c] += count, l += count;
            right[c] -= count, r -= count;
        }
        last = v;
    }
    assert_int_equal(set->best_cut(counts, touched, total, least, &got), values);
    assert_true(got.score == expected.score);
    if (got.score >= 0) assert_true(got.last == expected.last && got.next == expected.next);
    for (size_t i = 0; i < 256 * TEN_COUNT_LANES; i++) assert_int_equal(counts[i], 0);
    for (size_t i = 0; i < 256; i++) assert_int_equal(touched[i], 0);
}

static void test_cut_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 5);
    const uint64_t most[] = {1, 2, 5, 20, 60, 80, 120, 1000, 10000, 32000};
    const uint64_t shares[] = {1, 2, 10, 60, 128, 300};
    for (size_t m = 0; m < sizeof most / sizeof *most; m++)
        for (size_t s = 0; s < sizeof shares / sizeof *shares; s++)
            for (uint32_t least = 1; least < 40; least += 13) try_cut(set, &random, most[m], shares[s], least);
}

/* ---- Adam ---- */

/* Steps against the same in double; then the same elements at other places of a vector, which must get the same bits.
 */
static void try_adam(const struct ten_kernels *set, struct ten_random *random, size_t n, const struct ten_adam *step) {
    float *g = fresh(n, 4), *m = fresh(n, 4), *v = fresh(n, 4), *x = fresh(n, 4);
    double *exact[3];
    for (int k = 0; k < 3; k++) exact[k] = fresh(n, 8);
    for (size_t i = 0; i < n; i++) {
        double size = pow(10, -8 * ten_random_unit(random));
        g[i] = ten_random_below(random, 6) ? (float)(size * (2 * ten_random_unit(random) - 1)) : 0;
        exact[0][i] = m[i] = ten_random_below(random, 3) ? (float)(size * (2 * ten_random_unit(random) - 1)) : 0;
        exact[1][i] = v[i] = ten_random_below(random, 3) ? (float)(size * size * ten_random_unit(random)) : 0;
        exact[2][i] = x[i] = (float)(2 * ten_random_unit(random) - 1);
    }
    size_t shift = n > 3 ? 3 : 0, moved = n - shift;
    float *m2 = fresh(moved, 4), *v2 = fresh(moved, 4), *x2 = fresh(moved, 4);
    if (moved) memcpy(m2, m + shift, 4 * moved), memcpy(v2, v + shift, 4 * moved), memcpy(x2, x + shift, 4 * moved);
    for (int again = 0; again < 3; again++) {
        set->adam(n, step, g, m, v, x);
        set->adam(moved, step, g + shift, m2, v2, x2);
        for (size_t i = 0; i < n; i++) {
            double at = exact[2][i] * (double)step->keep, slope = (double)g[i] + (double)step->decay * at;
            double first = (double)step->beta1 * exact[0][i] + (double)step->rest1 * slope;
            double second = (double)step->beta2 * exact[1][i] + (double)step->rest2 * slope * slope;
            double change = (double)step->rate * first / ((double)step->spread * sqrt(second) + (double)step->epsilon);
            /* these are sums that may nearly cancel: what they are made of bounds the error */
            double slopes = fabs((double)g[i]) + fabs((double)step->decay * at);
            double scale = fabs((double)step->beta1 * exact[0][i]) + (double)step->rest1 * slopes;
            double squares = (double)step->beta2 * exact[1][i] + (double)step->rest2 * slopes * slopes;
            double bound = (double)step->rate * scale / ((double)step->spread * sqrt(second) + (double)step->epsilon);
            if (!(fabs((double)m[i] - first) <= 3e-7 * (scale + 1e-30)) ||
                !(fabs((double)v[i] - second) <= 4e-7 * (squares + 1e-30)) ||
                !(fabs((double)x[i] - (at - change)) <= 2e-7 * fabs(at) + 1.5e-6 * bound))
                fail_msg("%s: adam, n %zu, element %zu: %.9g %.9g %.9g, expected %.9g %.9g %.9g", set->name, n, i,
                         (double)m[i], (double)v[i], (double)x[i], first, second, at - change);
            exact[0][i] = m[i], exact[1][i] = v[i], exact[2][i] = x[i];
        }
    }
    if (moved) {
        assert_memory_equal(m2, m + shift, 4 * moved);
        assert_memory_equal(v2, v + shift, 4 * moved);
        assert_memory_equal(x2, x + shift, 4 * moved);
    }
    void *all[] = {g, m, v, x, m2, v2, x2, exact[0], exact[1], exact[2]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void test_adam_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 6);
    const struct ten_adam steps[] = {{1, 0, 0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1.5f, 1e-8f},
                                     {0.99f, 0, 0.7f, 0.3f, 0.9f, 0.1f, 1e-2f, 1, 1e-6f},
                                     {1, 0.01f, 0, 1, 0, 1, 1, 1, 1e-3f}};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t i = 0; i < SIZES; i++) try_adam(set, &random, sizes[i], &steps[s]);
}

/* ---- Windows of images ---- */

struct windows_case {
    size_t m, n, segments, depth, step, size; /* size: of data */
    struct ten_windows windows;
    float *data, *b, *bias, *g;
    uint32_t *offsets;
};

/* Windows that overlap and come in any order, with the last one at the very end of the data. */
static struct windows_case windows_new(struct ten_random *random, size_t m, size_t n, size_t segments, size_t depth) {
    struct windows_case w = {.m = m, .n = n, .segments = segments, .depth = depth};
    w.step = depth + ten_random_below(random, 9);
    w.size = (segments - 1) * w.step + depth + 3 * m;
    w.data = fresh(w.size, sizeof *w.data);
    w.b = fresh(segments * depth * n, sizeof *w.b);
    w.bias = fresh(n, sizeof *w.bias);
    w.g = fresh(m * n, sizeof *w.g);
    w.offsets = fresh(m, sizeof *w.offsets);
    for (size_t i = 0; i < w.size; i++) w.data[i] = draw_value(random, UNIFORM, i);
    for (size_t i = 0; i < segments * depth * n; i++) w.b[i] = draw_value(random, UNIFORM, i);
    for (size_t i = 0; i < n; i++) w.bias[i] = draw_value(random, UNIFORM, i);
    for (size_t i = 0; i < m * n; i++) w.g[i] = draw_value(random, UNIFORM, i);
    for (size_t i = 0; i < m; i++) w.offsets[i] = (uint32_t)(i ? ten_random_below(random, 3 * m) : 3 * m);
    w.windows = (struct ten_windows){w.data, w.offsets, segments, w.step, depth};
    return w;
}

static void windows_release(struct windows_case *w) {
    free(w->data);
    free(w->b);
    free(w->bias);
    free(w->g);
    free(w->offsets);
}

static size_t tap_at(const struct windows_case *w, size_t i, size_t tap) {
    return w->offsets[i] + tap / w->depth * w->step + tap % w->depth;
}

static void check_sum(const struct ten_kernels *set, const char *what, const struct windows_case *w, float got,
                      double expected, double parts) {
    if (!(fabs((double)got - expected) <= (parts + 2) * 0x1p-23 * (parts + 2) / 4 + 1e-6))
        fail_msg("%s: %s, %zu windows of %zux%zu, %zu units: %.9g, expected %.9g", set->name, what, w->m, w->segments,
                 w->depth, w->n, (double)got, expected);
}

/* Rows before bias, relu and pooling, in double. */
static double naive_window(const struct windows_case *w, size_t i, size_t j) {
    double sum = 0;
    for (size_t t = 0; t < w->segments * w->depth; t++)
        sum += (double)w->data[tap_at(w, i, t)] * (double)w->b[t * w->n + j];
    return sum;
}

/* The product, plain and in every way of ending it; windows_finish makes the same of the same rows. */
static void try_windows_product(const struct ten_kernels *set, const struct windows_case *w, float *scratch) {
    size_t taps = w->segments * w->depth, n = w->n;
    struct output rows = output_new(1, w->m * n, w->m * n), plain = output_new(1, w->m * n, w->m * n);
    float *zeros = calloc(n + 1, sizeof *zeros), *raw = output_row(&rows, 0), *whole = output_row(&plain, 0);
    assert_non_null(zeros);
    set->windows_product(w->m, n, &w->windows, w->b, zeros, false, false, raw, NULL, scratch);
    check_guards(&rows, "windows_product");
    for (size_t i = 0; i < w->m * n; i++)
        check_sum(set, "product", w, raw[i], naive_window(w, i / n, i % n), (double)taps);
    for (int way = 0; way < 4; way++) {
        bool relu = way & 1, pool = way & 2;
        if (pool && w->m % 4) continue;
        size_t m = pool ? w->m / 4 : w->m;
        struct output out = output_new(1, m * n, m * n), finished = output_new(1, m * n, m * n);
        uint8_t *place = fresh(m * n + 2, 1), *place_finished = fresh(m * n, 1);
        guard_fill(place, m * n + 2);
        set->windows_product(w->m, n, &w->windows, w->b, w->bias, false, false, whole, NULL, scratch);
        set->windows_product(w->m, n, &w->windows, w->b, w->bias, relu, pool, output_row(&out, 0),
                             pool ? place + 1 : NULL, scratch);
        assert_true(guard_intact(place, 0, 1) && guard_intact(place, m * n + 1, m * n + 2));
        set->windows_finish(w->m, n, raw, w->bias, relu, pool, output_row(&finished, 0), pool ? place_finished : NULL);
        check_guards(&out, "windows_product");
        check_guards(&finished, "windows_finish");
        for (size_t i = 0; i < m * n; i++) {
            size_t first = pool ? i / n * 4 * n + i % n : i, best = 0, count = pool ? 4 : 1;
            for (size_t r = 1; r < count; r++)
                if (whole[first + r * n] > whole[first + best * n]) best = r;
            float expected = whole[first + best * n];
            expected = relu && !(expected > 0) ? 0 : expected;
            assert_true(((float *)output_row(&out, 0))[i] == expected);
            check_sum(set, "finish", w, ((float *)output_row(&finished, 0))[i], (double)expected, (double)taps);
            if (!pool || (relu && expected == 0)) continue;
            assert_int_equal(place[1 + i], best);
            best = 0;
            for (size_t r = 1; r < count; r++)
                if (raw[first + r * n] + w->bias[i % n] > raw[first + best * n] + w->bias[i % n]) best = r;
            assert_int_equal(place_finished[i], best);
        }
        if (pool) { /* nobody wants the places */
            set->windows_product(w->m, n, &w->windows, w->b, w->bias, relu, true, output_row(&finished, 0), NULL,
                                 scratch);
            assert_true(same_output(&out, &finished));
        }
        free(out.block);
        free(finished.block);
        free(place);
        free(place_finished);
    }
    free(rows.block);
    free(plain.block);
    free(zeros);
}

static void try_windows_gradients(const struct ten_kernels *set, const struct windows_case *w, bool add,
                                  float *scratch) {
    size_t taps = w->segments * w->depth, n = w->n;
    struct output out = output_new(1, taps * n, taps * n), spread = output_new(1, w->size, w->size);
    float *got = output_row(&out, 0), *moved = output_row(&spread, 0);
    double *expected = calloc(w->size + 1, sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; add && i < taps * n; i++) got[i] = w->b[i];
    set->windows_weights(w->m, n, &w->windows, w->g, add, got, scratch);
    check_guards(&out, "windows_weights");
    for (size_t t = 0; t < taps; t++)
        for (size_t j = 0; j < n; j++) {
            double sum = add ? (double)w->b[t * n + j] : 0;
            for (size_t i = 0; i < w->m; i++) sum += (double)w->data[tap_at(w, i, t)] * (double)w->g[i * n + j];
            check_sum(set, "weights", w, got[t * n + j], sum, (double)w->m);
        }
    for (size_t i = 0; i < w->size; i++) expected[i] = (double)(moved[i] = w->data[i]);
    set->windows_spread(w->m, n, &w->windows, w->g, w->b, moved, scratch);
    check_guards(&spread, "windows_spread");
    for (size_t i = 0; i < w->m; i++)
        for (size_t t = 0; t < taps; t++)
            for (size_t j = 0; j < n; j++)
                expected[tap_at(w, i, t)] += (double)w->g[i * n + j] * (double)w->b[t * n + j];
    for (size_t i = 0; i < w->size; i++)
        check_sum(set, "spread", w, moved[i], expected[i], (double)(n * (taps < w->m ? taps : w->m)));
    free(out.block);
    free(spread.block);
    free(expected);
}

/* m rows of output; exact. */
static void try_gate(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n) {
    float *out = fresh(m * n, sizeof *out), *g = fresh(m * n, sizeof *g), *sums = fresh(n, sizeof *sums);
    float *before = fresh(n, sizeof *before);
    uint8_t *place = fresh(m * n, 1);
    for (size_t i = 0; i < m * n; i++) {
        out[i] = fmaxf(0, draw_value(random, UNIFORM, i));
        g[i] = (float)ten_random_below(random, 100) - 50;
        place[i] = (uint8_t)ten_random_below(random, 4);
    }
    for (int way = 0; way < 8; way++) {
        bool relu = way & 1, pool = way & 2, wanted = way & 4;
        size_t rows = pool ? 4 * m : m;
        struct output raw = output_new(1, rows * n, rows * n);
        float *got = output_row(&raw, 0);
        for (size_t j = 0; j < n; j++) sums[j] = before[j] = (float)j;
        set->windows_gate(m, n, relu ? out : NULL, pool ? place : NULL, g, got, wanted ? sums : NULL);
        check_guards(&raw, "windows_gate");
        for (size_t i = 0; i < rows * n; i++) {
            size_t at = pool ? i / n / 4 * n + i % n : i;
            bool passes = (!relu || out[at] > 0) && (!pool || place[at] == i / n % 4);
            assert_true(got[i] == (passes ? g[at] : 0));
            before[i % n] += wanted ? got[i] : 0;
        }
        assert_memory_equal(sums, before, n * sizeof *sums);
        free(raw.block);
    }
    free(out);
    free(g);
    free(sums);
    free(before);
    free(place);
}

static void test_windows_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 8);
    const size_t units[] = {1, 5, 8, 10, 15, 16, 17, 24, 31, 32, 33, 48, 64, 70};
    for (size_t round = 0; round < 120; round++) {
        size_t m = round < 30  ? round + 1
                   : round % 2 ? 4 * (1 + ten_random_below(&random, 60))
                               : draw_size(&random, 257);
        size_t n = units[ten_random_below(&random, 14)];
        struct windows_case w = windows_new(&random, m ? m : 1, n, 1 + ten_random_below(&random, 5),
                                            1 + ten_random_below(&random, round % 5 ? 9 : 70));
        size_t room = ten_windows_scratch(w.n, w.segments, w.depth);
        float *scratch = ten_alloc(room, sizeof *scratch);
        assert_non_null(scratch);
        for (size_t i = 0; i < room; i++) scratch[i] = NAN;
        try_windows_product(set, &w, scratch);
        try_windows_gradients(set, &w, round % 3 == 0, scratch);
        free(scratch);
        windows_release(&w);
        try_gate(set, &random, 1 + ten_random_below(&random, 9), n);
    }
}

/* A row's sums may not depend on its neighbours, nor on which of the rows of a tile it is. */
static void test_windows_alone(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 9);
    for (size_t n = 1; n < 70; n += 9) {
        struct windows_case w = windows_new(&random, 29, n, 3, 7);
        float *scratch = ten_alloc(ten_windows_scratch(n, 3, 7), sizeof *scratch), all[29 * 70], one[70];
        assert_non_null(scratch);
        set->windows_product(w.m, n, &w.windows, w.b, w.bias, true, false, all, NULL, scratch);
        for (size_t i = 0; i < w.m; i++) {
            struct ten_windows alone = w.windows;
            alone.offsets += i;
            set->windows_product(1, n, &alone, w.b, w.bias, true, false, one, NULL, scratch);
            assert_memory_equal(one, all + i * n, n * sizeof *one);
        }
        free(scratch);
        windows_release(&w);
    }
}

/* ---- Bytes to floats ---- */

static void test_widen_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, seed, 13);
    for (size_t s = 0; s < SIZES; s++) {
        uint8_t *bytes = fresh(sizes[s], 1);
        for (size_t i = 0; i < sizes[s]; i++) bytes[i] = (uint8_t)ten_random_below(&random, 256);
        struct output out = output_new(1, sizes[s], sizes[s]);
        set->widen_bytes(sizes[s], bytes, 0.1f, output_row(&out, 0));
        check_guards(&out, "widen_bytes");
        for (size_t i = 0; i < sizes[s]; i++) assert_true(((float *)output_row(&out, 0))[i] == (float)bytes[i] * 0.1f);
        free(bytes);
        free(out.block);
    }
}

/* The test of each kernel of the list; a kernel without one fails test_something_was_tested. */
static void (*const test_of[TEN_KERNELS])(const struct ten_kernels *set) = {
    [TEN_KERNEL_matmul] = test_matmul_of,
    [TEN_KERNEL_matmul_bf16] = test_matmul_bf16_of,
    [TEN_KERNEL_pack_bf16] = test_matmul_bf16_of,
    [TEN_KERNEL_packed_bf16] = test_matmul_bf16_of,
    [TEN_KERNEL_gathered_bf16] = test_matmul_bf16_of,
    [TEN_KERNEL_windows_product] = test_windows_of,
    [TEN_KERNEL_windows_weights] = test_windows_of,
    [TEN_KERNEL_windows_spread] = test_windows_of,
    [TEN_KERNEL_winograd_filters] = test_winograd_of,
    [TEN_KERNEL_winograd_product] = test_winograd_of,
    [TEN_KERNEL_winograd_weights] = test_winograd_of,
    [TEN_KERNEL_winograd_filters_bf16] = test_winograd_bf16_of,
    [TEN_KERNEL_winograd_product_bf16] = test_winograd_bf16_of,
    [TEN_KERNEL_winograd_weights_bf16] = test_winograd_bf16_of,
    [TEN_KERNEL_pooled_turned] = test_pooled_of,
    [TEN_KERNEL_pooled_weights] = test_pooled_of,
    [TEN_KERNEL_pooled_spread] = test_pooled_of,
    [TEN_KERNEL_windows_finish] = test_windows_of,
    [TEN_KERNEL_windows_gate] = test_windows_of,
    [TEN_KERNEL_widen_bytes] = test_widen_of,
    [TEN_KERNEL_pack_bytes] = test_dots_of,
    [TEN_KERNEL_dot_bytes] = test_dots_of,
    [TEN_KERNEL_find_below_i32] = test_find_of,
    [TEN_KERNEL_find_below_f32] = test_find_of,
    [TEN_KERNEL_rbf_i32] = test_steps_of,
    [TEN_KERNEL_rbf_f32] = test_steps_of,
    [TEN_KERNEL_smo_first] = test_steps_of,
    [TEN_KERNEL_smo_second] = test_steps_of,
    [TEN_KERNEL_smo_update] = test_steps_of,
    [TEN_KERNEL_combine] = test_steps_of,
    [TEN_KERNEL_scaled_distances] = test_distances_of,
    [TEN_KERNEL_softmax] = test_softmax_of,
    [TEN_KERNEL_best_cut] = test_cut_of,
    [TEN_KERNEL_adam] = test_adam_of,
    [TEN_KERNEL_fft] = test_fft_of,
    [TEN_KERNEL_fft_back] = test_fft_of,
    [TEN_KERNEL_plane_attract] = test_plane_of,
    [TEN_KERNEL_plane_repel] = test_plane_of,
};
static bool ran[TEN_KERNELS];

static void on_every_set(void (*test)(const struct ten_kernels *set)) {
    size_t i = 0;
    for (size_t k = 0; k < TEN_KERNELS; k++) ran[k] |= test_of[k] == test;
    for (; ten_kernels_at(i); i++) {
        test(ten_kernels_at(i));
        functions_tested++;
    }
    assert_true(i > 0);
}

static void test_matmul(void **state) {
    (void)state;
    on_every_set(test_matmul_of);
}

static void test_matmul_bf16(void **state) {
    (void)state;
    on_every_set(test_matmul_bf16_of);
}

static void test_matmul_alone(void **state) {
    (void)state;
    on_every_set(test_matmul_rows_alone);
}

static void test_windows(void **state) {
    (void)state;
    on_every_set(test_windows_of);
}

static void test_windows_rows(void **state) {
    (void)state;
    on_every_set(test_windows_alone);
}

static void test_winograd(void **state) {
    (void)state;
    on_every_set(test_winograd_of);
}

static void test_winograd_bf16(void **state) {
    (void)state;
    on_every_set(test_winograd_bf16_of);
}

static void test_pooled(void **state) {
    (void)state;
    on_every_set(test_pooled_of);
}

static void test_widen(void **state) {
    (void)state;
    on_every_set(test_widen_of);
}

static void test_dot_bytes(void **state) {
    (void)state;
    on_every_set(test_dots_of);
}

static void test_find_below(void **state) {
    (void)state;
    on_every_set(test_find_of);
}

static void test_steps(void **state) {
    (void)state;
    on_every_set(test_steps_of);
}

static void test_distances(void **state) {
    (void)state;
    on_every_set(test_distances_of);
}

static void test_softmax(void **state) {
    (void)state;
    on_every_set(test_softmax_of);
}

static void test_best_cut(void **state) {
    (void)state;
    on_every_set(test_cut_of);
}

static void test_adam(void **state) {
    (void)state;
    on_every_set(test_adam_of);
}

static void test_fft(void **state) {
    (void)state;
    on_every_set(test_fft_of);
}

static void test_plane(void **state) {
    (void)state;
    on_every_set(test_plane_of);
}

/* The table: the generic set first, names known and different, every function there, the set in use among them. */
static void test_sets(void **state) {
    (void)state;
    assert_non_null(ten_kernels_at(0));
    assert_string_equal(ten_kernels_at(0)->name, "generic");
    bool in_use = false;
    print_message("# kernel sets:");
    for (; ten_kernels_at(sets_tested); sets_tested++) {
        const struct ten_kernels *set = ten_kernels_at(sets_tested);
        print_message(" %s", set->name);
        assert_true(ten_kernels_known(set->name));
        for (size_t i = 0; i < sets_tested; i++) assert_string_not_equal(ten_kernels_at(i)->name, set->name);
#define X(kernel) assert_non_null(set->kernel);
        TEN_KERNEL_LIST(X)
#undef X
        in_use |= set == ten_kernels();
    }
    print_message("; in use: %s; TENFOLD_TEST_SEED=%llu\n", ten_kernel_set(), (unsigned long long)seed);
    assert_true(in_use);
    assert_string_equal(ten_kernels()->name, ten_kernel_set());
    assert_null(ten_kernels_at(sets_tested + 1));
    assert_null(ten_kernels_at(SIZE_MAX));
    assert_true(ten_kernels_known("avx2") && ten_kernels_known("avx512"));
    assert_false(ten_kernels_known("") || ten_kernels_known("AVX2") || ten_kernels_known("avx"));
    const char *wanted = getenv("TENFOLD_CPU");
    for (size_t i = 0; i < sets_tested; i++)
        if (wanted && strcmp(wanted, ten_kernels_at(i)->name) == 0) assert_string_equal(ten_kernel_set(), wanted);
    if (!wanted) assert_ptr_equal(ten_kernels(), ten_kernels_at(sets_tested - 1));
}

/* Runs last: a harness that tested nothing, or not every kernel, must not pass. */
static void test_something_was_tested(void **state) {
    (void)state;
    enum { TESTS = 18 };
    static const char *const names[] = {
#define X(name) #name,
        TEN_KERNEL_LIST(X)
#undef X
    };
    for (size_t k = 0; k < TEN_KERNELS; k++)
        if (!ran[k]) fail_msg("the kernel %s has no test", names[k]);
    assert_true(sets_tested >= 1);
    assert_int_equal(functions_tested, TESTS * sets_tested);
}

int main(void) {
    const char *wanted = getenv("TENFOLD_TEST_SEED");
    if (wanted) seed = strtoull(wanted, NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),          cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_matmul_bf16),   cmocka_unit_test(test_matmul_alone),
        cmocka_unit_test(test_windows),       cmocka_unit_test(test_windows_rows),
        cmocka_unit_test(test_widen),         cmocka_unit_test(test_winograd),
        cmocka_unit_test(test_winograd_bf16), cmocka_unit_test(test_pooled),
        cmocka_unit_test(test_dot_bytes),     cmocka_unit_test(test_find_below),
        cmocka_unit_test(test_distances),     cmocka_unit_test(test_steps),
        cmocka_unit_test(test_best_cut),      cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_adam),          cmocka_unit_test(test_fft),
        cmocka_unit_test(test_plane),         cmocka_unit_test(test_something_was_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
