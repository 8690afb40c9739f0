/* Softmax with cross-entropy: the gradient in the logits is probability minus target. */
#include "nn/loss.h"

#include "kernels/kernels.h"
#include "nn/network.h"

#include <math.h>
#include <string.h>

double ten_cross_entropy(size_t rows, const float *logits, const uint8_t *labels, float smoothing, float factor,
                         float skip, float *gradient, bool *left, size_t *correct) {
    float log_sum[TEN_MOST_SHARD], share = smoothing / TEN_CLASSES;
    double loss = 0, sums[TEN_CLASSES] = {0}; /* sums: of the logits, class by class */
    *correct = 0;
    memcpy(gradient, logits, rows * TEN_CLASSES * sizeof *gradient);
    ten_kernels()->softmax(rows, TEN_CLASSES, gradient, log_sum);
    for (size_t i = 0; i < rows; i++, logits += TEN_CLASSES, gradient += TEN_CLASSES) {
        bool classed = labels[i] != TEN_NO_CLASS;
        float target = classed ? share : 1.0f / TEN_CLASSES, most = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) gradient[c] -= target;
        if (classed) gradient[labels[i]] -= 1 - smoothing;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            float size = fabsf(gradient[c]);
            most = size > most ? size : most;
        }
        left[i] = !(most < skip);
        float weight = left[i] ? factor : 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) gradient[c] *= weight;
        if (!classed) continue;
        for (size_t c = 0; c < TEN_CLASSES; c++) sums[c] += (double)logits[c];
        loss += (double)log_sum[i] - (1 - (double)smoothing) * (double)logits[labels[i]];
        *correct += ten_label(logits) == labels[i];
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) loss -= (double)share * sums[c];
    return loss;
}
