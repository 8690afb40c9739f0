/* How near to each other t-SNE wants points: a symmetric sparse matrix of shares that sum to 1. */
#ifndef TEN_STUDY_AFFINITY_H
#define TEN_STUDY_AFFINITY_H

#include "tenfold.h"

struct ten_affinity {
    size_t count, *starts; /* [count + 1]: row i has the entries starts[i] to below starts[i + 1] */
    uint32_t *others;      /* columns, rising within a row */
    float *shares;
};

/* Of k neighbours each (others and squared distances[count x k], as ten_nearest_rows gives them): the conditional
 * shares exp(-beta_i d) / sum with beta_i such that their entropy is log(perplexity), by bisection, then
 * (P + P') / (2 count). Where no beta reaches it (many equal distances) the nearest that does is taken. */
enum ten_status ten_affinity_make(struct ten_affinity *out, size_t count, size_t k, const uint32_t *others,
                                  const double *distances, double perplexity, const struct ten_run *run,
                                  struct ten_error *error);
void ten_affinity_release(struct ten_affinity *affinity);

/* shares[k] of one row, from its k squared distances, rising. */
void ten_conditional_shares(size_t k, const double *distances, double perplexity, double *shares);

#endif
