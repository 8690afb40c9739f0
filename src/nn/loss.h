/* Softmax with cross-entropy. */
#ifndef TEN_NN_LOSS_H
#define TEN_NN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* logits[rows x TEN_CLASSES], rows at most TEN_MOST_SHARD. A label's target is 1 - smoothing for its class plus
 * smoothing / TEN_CLASSES for every class (Szegedy et al. 2016, section 7); that of TEN_NO_CLASS is 1 / TEN_CLASSES for
 * every class. Returns the sum of the cross-entropies of the rows that have a class; gradient[rows x TEN_CLASSES] gets
 * the gradient of `factor` times the sum of all, *correct how many rows' largest logit (the first on a tie) is the
 * label's. A row whose probabilities are all within `skip` of their targets gets the gradient 0; left[rows] tells those
 * that do not (Jiang et al. 2019, "Accelerating deep learning by focusing on the biggest losers": rows that are learned
 * have little to say). skip 0: none. */
double ten_cross_entropy(size_t rows, const float *logits, const uint8_t *labels, float smoothing, float factor,
                         float skip, float *gradient, bool *left, size_t *correct);

#endif
