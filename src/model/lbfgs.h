/* Limited-memory BFGS for smooth functions of many variables. */
#ifndef TEN_MODEL_LBFGS_H
#define TEN_MODEL_LBFGS_H

#include "tenfold.h"

struct ten_lbfgs {
    size_t size;   /* number of variables */
    size_t memory; /* correction pairs kept, 1..64 */
    size_t max_iterations;
    double tolerance; /* converged when every entry of the gradient is at most this in magnitude */

    /* Writes the gradient at x and returns the value through *value; both must be finite for the first x. Any status
     * but TEN_OK ends the minimisation with it. */
    enum ten_status (*evaluate)(void *context, const double *x, double *value, double *gradient,
                                struct ten_error *error);
    /* Called after each iteration (from 1); any status but TEN_OK ends the minimisation with it. */
    enum ten_status (*iterated)(void *context, size_t iteration, double value, double largest_gradient,
                                struct ten_error *error);
    /* May be NULL. Called before each iteration (from 1); the last evaluation but for failed searches
     * was of the present point. The place to renew what `precondition` uses. */
    enum ten_status (*renew)(void *context, size_t iteration, struct ten_error *error);
    /* May be NULL. Multiplies d by a symmetric, positive definite approximation of the inverse Hessian, which may
     * differ from iteration to iteration; false if there is none at present, with d as it was. */
    bool (*precondition)(void *context, double *d);
    void *context;
};

/* Minimises from x[size], which gets the best point found, also on failure. *converged tells whether the tolerance
 * was reached, or no lower value could be told apart in the precision of the function any more. */
enum ten_status ten_lbfgs_minimize(const struct ten_lbfgs *problem, double *x, bool *converged,
                                   struct ten_error *error);

#endif
