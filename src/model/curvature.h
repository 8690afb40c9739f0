/* The curvature of multinomial logistic regression, as a preconditioner for its solver. */
#ifndef TEN_MODEL_CURVATURE_H
#define TEN_MODEL_CURVATURE_H

#include "tenfold.h"

/* With p the probabilities of class c, the objective's second derivatives in that class's own weights are
 *     B_c = sum over rows of p (1 - p) [x, 1]' [x, 1]  +  ridge on the weights.
 * The blocks of two classes are left out, and the result kept to where the classes' weights sum to zero: there all
 * gradients lie, as nothing changes when every class gains the same score. */
struct ten_curvature {
    size_t rows, features;
    const float *x;       /* [rows x features], borrowed */
    const float *weights; /* [TEN_CLASSES x rows], p (1 - p), borrowed */
    double *roots;        /* [TEN_CLASSES x (features + 1)^2], w with w w' = B_c^-1 */
    double *scratch;      /* [TEN_CLASSES x (features + 1)] */
    bool ready;           /* roots are there */
};

/* Whether there are features few enough, and rows many enough, for blocks of that size to pay. */
bool ten_curvature_pays(size_t rows, size_t features);

/* The curvature where the weights now stand. Rows with a weight below 1e-3 count for the intercept's own entry alone,
 * and a millionth of the mean is added to the diagonal. `same`: all classes have the same weights, as at the start.
 * Where a block is too close to singular the former ones stay. About 1.3 features^2 operations per class and row that
 * counts. */
enum ten_status ten_curvature_update(struct ten_curvature *curvature, double ridge, bool same,
                                     const struct ten_run *run, struct ten_error *error);

/* d[TEN_CLASSES x features, then TEN_CLASSES intercepts] becomes about the inverse of the curvature times d. */
void ten_curvature_solve(const struct ten_curvature *curvature, double *d);

void ten_curvature_release(struct ten_curvature *curvature); /* frees roots and scratch */

#endif
