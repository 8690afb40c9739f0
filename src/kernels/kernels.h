/* The inner loops, one table of function pointers per instruction set. The generic set is the specification: portable
 * C, always built; the others do the same work with wider registers or special instructions, each set taking over what
 * it does not improve from the one below, and are held against it by tests/kernels.
 * Integer kernels agree to the bit; floating-point ones within rounding, and each set gives the same bits every time,
 * whatever the number of threads (kernels never start threads). */
#ifndef TEN_KERNELS_KERNELS_H
#define TEN_KERNELS_KERNELS_H

#include "kernels/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scratch floats that `matmul` needs, 64-byte aligned. */
#define TEN_MATMUL_SCRATCH ((size_t)(144 * 256 + 256 * 1024))
/* Floats of a packed right factor: lines and depth filled up to whole tiles. */
#define TEN_PACKED(n, k) (((size_t)(n) + 31) / 32 * 32 * (((size_t)(k) + 31) / 32 * 32))

/* A matrix for `matmul`: element (i, j) is at data[i * row + j * column], so that a transposed one is the same data
 * with the two strides swapped. */
struct ten_strided {
    const float *data;
    size_t row, column;
};

/* A matrix whose rows are windows of images, where they lie: element (i, s * depth + d) is data[offsets[i] + s * step +
 * d], s < segments, d < depth. */
struct ten_windows {
    const float *data;
    const uint32_t *offsets;
    size_t segments, step, depth;
};

/* Images [count][height][width][channels], the zeros around them included. */
struct ten_images {
    const float *data;
    size_t count, height, width, channels;
};

/* Lanes of class counts in `best_cut`: one vector register of the widest sets. */
enum { TEN_COUNT_LANES = 16 };
struct ten_cut {
    double score;
    uint32_t last, next; /* the last value on the left, the first one that is there on the right */
};

/* The numbers of one step of Adam. */
struct ten_adam {
    float keep, decay, beta1, rest1, beta2, rest2, rate, spread, epsilon;
};

/* A Fourier transform of n = the product of the radices (each 2, 3, 4 or 5), as ten_fourier_init makes it. A stage of
 * radix r over blocks of m r numbers has the factors exp(-2 pi i j q / (m r)), q = 1 to r - 1, j < m, as pairs (cosine,
 * sine); those of all stages stand one behind the other. */
enum { TEN_FFT_LANES = 16, TEN_FFT_STAGES = 24 };
struct ten_fft {
    size_t n, stages;
    uint8_t radix[TEN_FFT_STAGES];
    const float *factors;
};

/* What will be needed soon and may be far: place(context, i), of `bytes` bytes each, i < count. A kernel that
 * calculates for long may fetch some or all of them meanwhile. NULL is a place with nothing to fetch. */
struct ten_ahead {
    const void *(*place)(void *context, size_t i);
    void *context;
    size_t count, bytes;
};

/* A part of a matrix: rows row..past_row - 1 in columns column..past_column - 1. */
struct ten_part {
    size_t row, past_row, column, past_column;
};

/* Each kernel stands in list.h, too. */
struct ten_kernels {
    const char *name; /* "generic", "avx2", "avx512", "vnni", "bf16", "amx" */
    bool bf16_pays;   /* matmul_bf16 is faster than matmul */

    /* c[m x n] (row stride ldc) = a[m x k] b[k x n], or += if accumulate. Each element's sum runs over k in rising
     * order in blocks of fixed size. k == 0 gives zeros. */
    void (*matmul)(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                   bool accumulate, float *scratch);

    /* The same with the elements of a and b rounded to bfloat16 (8 bits of mantissa, to even; subnormal ones may be 0),
     * products and sums in single precision. */
    void (*matmul_bf16)(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                        bool accumulate, float *scratch);

    /* The same product, k at least 1, with a b[k x n] that was packed once for many: packed[TEN_PACKED(n, k)] floats,
     * 64-byte aligned, in an order of the set's own. What is packed is b's `part`, all of it in the end: rows from a
     * multiple of 16 to another or to k, columns from a multiple of 32 to another or to n. c[m x n] = a b + bias[n]
     * (NULL: none), and below 0 then 0 if `relu`; each element's sum is that of matmul_bf16. ahead: NULL if nothing. */
    void (*pack_bf16)(size_t n, size_t k, struct ten_strided b, struct ten_part part, float *packed);
    void (*packed_bf16)(size_t m, size_t n, size_t k, struct ten_strided a, const float *packed, const float *bias,
                        bool relu, float *c, size_t ldc, const struct ten_ahead *ahead, float *scratch);

    /* c[m x n] = the sum over i < k of column rows[i] of a times row rows[i] of b, as matmul_bf16 has it; rows NULL: of
     * the first k. */
    void (*gathered_bf16)(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b,
                          const uint32_t *rows, float *c, size_t ldc, float *scratch);

    /* Convolution, with a the windows of m pixels, b[taps x n] the weights (taps = segments x depth), and scratch
     * memory of ten_windows_scratch floats, 64-byte aligned. windows_product    out[m x n] = bias[n] + a b, and below 0
     * then 0 if `relu`. With `pool`, m is a multiple of 4 and out[m / 4 x n] holds the largest of four rows each, place
     * (may be NULL) which of them: the first of equal ones. windows_weights    out[taps x n] = or += a^T g[m x n]
     *     windows_spread     the windows in data += g[m x n] b^T; those of a are not used */
    void (*windows_product)(size_t m, size_t n, const struct ten_windows *a, const float *b, const float *bias,
                            bool relu, bool pool, float *out, uint8_t *place, float *scratch);
    void (*windows_weights)(size_t m, size_t n, const struct ten_windows *a, const float *g, bool accumulate,
                            float *out, float *scratch);
    void (*windows_spread)(size_t m, size_t n, const struct ten_windows *a, const float *g, const float *b, float *data,
                           float *scratch);

    /* The same for windows of 3x3 and stride 1, by minimal filtering (Winograd): 2.25 times fewer products, and other
     * rounding. Scratch memory of ten_winograd_scratch floats, 64-byte aligned; height and width are at least 3.
     *     winograd_filters   filters (ten_winograd_filters floats) of the weights b[3 x 3 x channels][n], for the other
     *                        two; `turned` for the gradient to the input: then those that turn images of n channels
     * into images of `channels`, the windows seen from the other end winograd_product   out[count x height - 2 x width
     * - 2][n] as windows_product, biases 0 if bias is NULL; with `pool`, out and place are [count x (height - 2) / 2 x
     * (width - 2) / 2][n] winograd_weights   out[3 x 3 x channels][n] = or += the gradient to the weights, g[count x
     * height - 2 x width - 2][n] being that of the product */
    void (*winograd_filters)(size_t channels, size_t n, const float *b, bool turned, float *filters);
    void (*winograd_product)(const struct ten_images *in, size_t n, const float *filters, const float *bias, bool relu,
                             bool pool, float *out, uint8_t *place, float *scratch);
    void (*winograd_weights)(const struct ten_images *in, size_t n, const float *g, bool accumulate, float *out,
                             float *scratch);

    /* The same three with the values at the points, which are multiplied, rounded to bfloat16. The filters are for each
     * other only. */
    void (*winograd_filters_bf16)(size_t channels, size_t n, const float *b, bool turned, float *filters);
    void (*winograd_product_bf16)(const struct ten_images *in, size_t n, const float *filters, const float *bias,
                                  bool relu, bool pool, float *out, uint8_t *place, float *scratch);
    void (*winograd_weights_bf16)(const struct ten_images *in, size_t n, const float *g, bool accumulate, float *out,
                                  float *scratch);

    /* The gradients behind windows_product with `pool`, from that of its m rows, g[m x n]; place as it gave it, and out
     * its result (NULL without relu). a holds the windows of 4 m pixels. What place and relu leave out is not
     * multiplied at all. Scratch memory of ten_pooled_scratch floats, 64-byte aligned. pooled_turned      the weights
     * b[taps x n] as pooled_spread wants them: ten_pooled_turned floats pooled_weights     weights[taps x n] = or +=
     * the gradient to the weights, biases[n] likewise; 15 floats behind each window must be readable pooled_spread the
     * windows in data += the gradient to the input; those of a are not used */
    void (*pooled_turned)(size_t n, size_t segments, size_t depth, const float *b, float *turned);
    void (*pooled_weights)(size_t m, size_t n, const struct ten_windows *a, const float *out, const uint8_t *place,
                           const float *g, bool accumulate, float *weights, float *biases, float *scratch);
    void (*pooled_spread)(size_t m, size_t n, const struct ten_windows *a, const float *out, const uint8_t *place,
                          const float *g, const float *turned, float *data, float *scratch);

    /* What stands around such a product when it is made in another way. windows_finish: as windows_product, with raw[m
     * x n] for a b; without pool, out may be raw. windows_gate, for m rows of its output and their gradient g: raw gets
     * the gradient of the rows before pool and relu (out: NULL without relu; place: NULL without pool, and raw may then
     * be g), and sums[n] (may be NULL) is increased by that of the bias. */
    void (*windows_finish)(size_t m, size_t n, const float *raw, const float *bias, bool relu, bool pool, float *out,
                           uint8_t *place);
    void (*windows_gate)(size_t m, size_t n, const float *out, const uint8_t *place, const float *g, float *raw,
                         float *sums);

    /* out[i] = bytes[i] * unit, i < n. */
    void (*widen_bytes)(size_t n, const uint8_t *bytes, float unit, float *out);

    /* Dot products of rows of bytes, exactly. `pack_bytes` rearranges the n rows of b (row stride ldb) as this set's
     * dot_bytes wants them; `packed` has room for ten_packed_bytes(n, depth) bytes, 64-byte aligned. Then
     *     c[i * ldc + j] = sum over d < depth of a[i * lda + d] * b[j * ldb + d],    i < m, j < n.
     * depth <= 33025, so that a sum fits in 31 bits. */
    void (*pack_bytes)(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed);
    void (*dot_bytes)(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *packed, int32_t *c,
                      size_t ldc);

    /* Finds the pairs (i, j), i < m, j < n, with offsets[i] - 2 c[i * ldc + j] < limits[j], a difference that fits in
     * 32 bits: found[] gets i * n + j in rising order (room for m x n). Returns how many. */
    size_t (*find_below_i32)(size_t m, size_t n, const int32_t *c, size_t ldc, const int32_t *offsets,
                             const int32_t *limits, uint32_t *found);
    size_t (*find_below_f32)(size_t m, size_t n, const float *c, size_t ldc, const float *offsets, const float *limits,
                             uint32_t *found);

    /* out[i] = exp(-gamma * (offsets[i] + offset - 2 dots[i])), the distance taken as at least 0; gamma >= 0. Relative
     * error as softmax's; results below 1e-37 may be 0. */
    void (*rbf_i32)(size_t n, const int32_t *dots, const int32_t *offsets, int32_t offset, float gamma, float *out);
    void (*rbf_f32)(size_t n, const float *dots, const float *offsets, float offset, float gamma, float *out);

    /* Steps of sequential minimal optimisation over n values, n a multiple of 16. smo_first: the place of the smallest
     * f[k] + bars[k] (the first on a tie). smo_second: among the k with f[k] + bars[k] > from, the place of the largest
     * (f[k] + bars[k] - from)^2 / max(diagonal_i + diagonal[k] - 2 row_i[k], 1e-6), or n if there is none; *largest
     * gets the largest f[k] + bars[k]. Bars are 0 or an infinity that excludes. smo_update: f[k] += step * (row_i[k] -
     * row_j[k]). */
    size_t (*smo_first)(size_t n, const float *f, const float *bars);
    size_t (*smo_second)(size_t n, const float *f, const float *bars, float from, const float *row_i,
                         const float *diagonal, float diagonal_i, float *largest);
    void (*smo_update)(size_t n, float step, const float *row_i, const float *row_j, float *f);

    /* y[i] += sum over j < count of factors[j] * rows[j][i], i < n, in the order of j. */
    void (*combine)(size_t n, size_t count, const float *factors, const float *const *rows, float *y);

    /* sums[i * n + j] = sum over d < depth of (x[i * depth + d] * scale[j * depth + d] - offset[j * depth + d])^2,
     * i < m, j < n, in double throughout: the squared distance of row i from point j, each in units of j's own. A sum
     * does not depend on m or n. */
    void (*scaled_distances)(size_t m, size_t n, size_t depth, const float *x, const double *scale,
                             const double *offset, double *sums);

    /* Each row of x[rows x columns] becomes its softmax. log_sum[rows] (may be NULL) gets log(sum(exp(row))).
     * Finite inputs; 1 <= columns <= 1024. The relative error of a probability is below 1e-6, plus 2^-24 times the
     * difference to the row's maximum (which is rounded); those below 1e-37 may be 0. */
    void (*softmax)(size_t rows, size_t columns, float *x, float *log_sum);

    /* The best place to cut a feature of 256 values in two, by Gini's criterion. counts[256 x TEN_COUNT_LANES] tells
     * how many rows of each class have each value (class c in lane c, at most twelve classes, the other lanes 0),
     * touched[256] is 1 for the values that any row has and 0 for the others, total[TEN_COUNT_LANES] holds the rows of
     * each class, less than 65536 together. Over the values v that are not the last touched one and leave at
     * least `least` rows on either side, the first with the largest
     *     score(v) = sum over c of left[c]^2 / sum left + sum over c of right[c]^2 / sum right,
     * exact sums divided and added in double; best->score is negative if there is none. Returns how many values are
     * touched. All are 64-byte aligned; counts and touched are zeroed for the next use. */
    size_t (*best_cut)(uint16_t *counts, uint8_t *touched, const uint32_t *total, uint32_t least, struct ten_cut *best);

    /* One step of Adam over n parameters x with gradients g and moments m and v, which must not overlap:
     *     x = keep x;  s = g + decay x;  m = beta1 m + rest1 s;  v = beta2 v + rest2 s^2;
     *     x -= rate m / (spread sqrt(v) + epsilon),    epsilon > 0.
     * Of s, m and v, what is below 1e-18, 1e-30 and 1e-36 in size counts as 0.
     * An element's result does not depend on its place. Square root and division may be off by two roundings. */
    void (*adam)(size_t n, const struct ten_adam *step, const float *g, float *m, float *v, float *x);

    /* Sixteen discrete Fourier transforms side by side, in place: data[n][2][TEN_FFT_LANES], real and imaginary parts,
     * 64-byte aligned. fft leaves the frequencies in an order of digits turned round (ten_fourier_init tells the
     * places); fft_back takes them so and gives n times what fft was given. */
    void (*fft)(const struct ten_fft *plan, float *data);
    void (*fft_back)(const struct ten_fft *plan, float *data);

    /* Points in a plane, w = 1 / (1 + squared distance), x and y of point i standing in points[i][2].
     *
     * plane_attract, for the points i = first.. of `count`:
     *
     *     fx[i] = sum over e from starts[i] to below starts[i + 1] of shares[e] w (x[i] - x[others[e]]), fy[i] alike
     *
     * plane_repel, for the same points, over all j < n, i itself included:
     *
     *     fx[i] = sum of w^2 (x[i] - x[j]), fy[i] alike, sums[i] = sum of w
     *
     * Coordinates are below 1e15 in size. */
    void (*plane_attract)(size_t first, size_t count, const size_t *starts, const uint32_t *others, const float *shares,
                          const float *points, float *fx, float *fy);
    void (*plane_repel)(size_t first, size_t count, size_t n, const float *x, const float *y, float *fx, float *fy,
                        float *sums);
};

/* Room for `n` packed rows of `depth` bytes, in bytes: whole groups of 16 rows and 64 columns. */
static inline size_t ten_packed_bytes(size_t n, size_t depth) { return (n + 15) / 16 * ((depth + 63) / 64) * 1024; }

/* Scratch floats that the kernels for windows need. */
static inline size_t ten_windows_scratch(size_t n, size_t segments, size_t depth) {
    size_t product = segments * depth * ((n + 31) / 32 * 32), spread = n * segments * ((depth + 31) / 32 * 32);
    size_t most = product > spread ? product : spread;
    return most > 192 * 32 ? most : 192 * 32;
}

static inline size_t ten_winograd_filters(size_t channels, size_t n) {
    size_t forward = channels * ((n + 31) / 32 * 32), turned = n * ((channels + 31) / 32 * 32);
    return 16 * (forward > turned ? forward : turned);
}
static inline size_t ten_winograd_scratch(size_t channels, size_t n) {
    size_t line = (n + 31) / 32 * 32, inputs = (channels + 15) / 16 * 16 + 12;
    size_t product = 192 * (inputs + 32), weights = 16 * inputs * line + 512 * (inputs + line);
    return product > weights ? product : weights;
}
static inline size_t ten_pooled_turned(size_t n, size_t segments, size_t depth) {
    return n * segments * ((depth + 15) / 16 * 16);
}
static inline size_t ten_pooled_scratch(size_t m, size_t n, size_t segments, size_t depth) {
    size_t weights = 16 * (segments * ((depth + 15) / 16 * 16) + 2 * (m + 16)), spread = 8 * (n + 16);
    return weights > spread ? weights : spread;
}

/* The set in use; chosen once. */
const struct ten_kernels *ten_kernels(void);

/* The i-th set that this machine can run, from the generic one (0) upward; NULL behind the last. */
const struct ten_kernels *ten_kernels_at(size_t i);

/* Whether `name` is a set known to this build, usable here or not. */
bool ten_kernels_known(const char *name);

#endif
