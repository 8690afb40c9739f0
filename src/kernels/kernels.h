/* The inner loops, one table of function pointers per instruction set. The generic set is the specification: portable
 * C, always built; the others do the same work with wider registers and are held against it by tests/kernels.
 * Integer kernels agree to the bit; floating-point ones within rounding, and each set gives the same bits every time,
 * whatever the number of threads (kernels never start threads). */
#ifndef TEN_KERNELS_KERNELS_H
#define TEN_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scratch floats that `matmul` needs, 64-byte aligned. */
#define TEN_MATMUL_SCRATCH ((size_t)(144 * 256 + 256 * 1024))

/* A matrix for `matmul`: element (i, j) is at data[i * row + j * column], so that a transposed one is the same data
 * with the two strides swapped. */
struct ten_strided {
    const float *data;
    size_t row, column;
};

struct ten_kernels {
    const char *name; /* "generic", "avx2", "avx512" */

    /* c[m x n] (row stride ldc) = a[m x k] b[k x n], or += if accumulate. Each element's sum runs over k in rising
     * order in blocks of fixed size. k == 0 gives zeros. */
    void (*matmul)(size_t m, size_t n, size_t k, struct ten_strided a, struct ten_strided b, float *c, size_t ldc,
                   bool accumulate, float *scratch);

    /* c[i * ldc + j] = sum over d < depth of a[i * lda + d] * b[j * ldb + d], exactly; depth <= 33025 (so that the sum
     * fits in 31 bits). m x n dot products of rows of bytes. */
    void (*dot_bytes)(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *b, size_t ldb,
                      int32_t *c, size_t ldc);

    /* Each row of x[rows x columns] becomes its softmax. log_sum[rows] (may be NULL) gets log(sum(exp(row))).
     * Finite inputs; 1 <= columns <= 1024. The relative error of a probability is below 1e-6, plus 2^-24 times the
     * difference to the row's maximum (which is rounded); those below 1e-37 may be 0. */
    void (*softmax)(size_t rows, size_t columns, float *x, float *log_sum);
};

/* The set in use; chosen once. */
const struct ten_kernels *ten_kernels(void);

/* The i-th set that this machine can run, from the generic one (0) upward; NULL behind the last. */
const struct ten_kernels *ten_kernels_at(size_t i);

/* Whether `name` is a set known to this build, usable here or not. */
bool ten_kernels_known(const char *name);

#endif
