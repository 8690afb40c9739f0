/* The dual problem of a binary support vector machine, solved by decomposition. */
#ifndef TEN_MODEL_SMO_H
#define TEN_MODEL_SMO_H

#include "tenfold.h"

/* Minimise a' Q a / 2 - sum(a), 0 <= a <= C, y'a = 0, with Q_ij = y_i y_j K(i, j), to LIBSVM's stopping criterion. */
struct ten_smo {
    size_t size;           /* rows */
    const int8_t *signs;   /* [size] y: 1 or -1; both must occur */
    const float *diagonal; /* [size] K(i, i) */
    double c, tolerance;
    size_t cache_bytes; /* memory for kernel rows; at least a working set is kept */
    size_t max_rounds;  /* of the outer loop */

    /* Writes kernel rows: out[j][i] = K(indices[j], i), i < size. A status other than TEN_OK ends the solver with it.
     */
    enum ten_status (*rows)(void *context, const uint32_t *indices, size_t count, float *const *out,
                            struct ten_error *error);
    /* NULL, or called before each round with how far the conditions are from holding: at most `tolerance` is good
     * enough. A status other than TEN_OK ends the solver with it. */
    enum ten_status (*round)(void *context, double gap, struct ten_error *error);
    void *context;
};

struct ten_smo_result {
    double *alpha; /* [size], the caller's */
    double rho;    /* decision: sum of alpha_i y_i K(i, x) - rho */
    double objective;
    size_t rounds, steps;
    bool converged;
};

enum ten_status ten_smo_solve(const struct ten_smo *problem, struct ten_smo_result *result, struct ten_error *error);

#endif
