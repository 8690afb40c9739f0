/* Inside t-SNE, for its tests. */
#ifndef TEN_STUDY_EMBED_H
#define TEN_STUDY_EMBED_H

#include "study/affinity.h"

/* Kullback and Leibler's divergence of the shares from those in the plane, w / sum of w over all pairs of different
 * points, w = 1 / (1 + r^2): the sum over the entries of `p`; the sum over the pairs is exact. */
enum ten_status ten_embedding_divergence(const struct ten_affinity *p, const float *x, const float *y, double *out,
                                         const struct ten_run *run, struct ten_error *error);

/* Its gradient with the shares multiplied by `exaggeration`, through the field on a grid (`grid`) or pair by pair. */
enum ten_status ten_embedding_gradient(const struct ten_affinity *p, const float *x, const float *y,
                                       double exaggeration, bool grid, float *gx, float *gy, const struct ten_run *run,
                                       struct ten_error *error);

#endif
