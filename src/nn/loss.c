/* Softmax with cross-entropy: the gradient in the logits is probability minus target. */
#include "nn/loss.h"

#include "kernels/kernels.h"
#include "nn/network.h"

#include <math.h>
#include <string.h>

double ten_cross_entropy(size_t rows, const float *logits, const uint8_t *labels, float smoothing, float factor,
                         float skip, float *gradient, bool *left, size_t *correct) {
    float log_sum[TEN_MOST_SHARD], share = smoothing / TEN_CLASSES;
    double loss = 0;
    *correct = 0;
    memcpy(gradient, logits, rows * TEN_CLASSES * sizeof *gradient);
    ten_kernels()->softmax(rows, TEN_CLASSES, gradient, log_sum);
    for (size_t i = 0; i < rows; i++, logits += TEN_CLASSES, gradient += TEN_CLASSES) {
        double sum = 0;
        float most = 0;
        bool classed = labels[i] != TEN_NO_CLASS;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            float error =
                classed ? gradient[c] - share - (c == labels[i] ? 1 - smoothing : 0) : gradient[c] - 1.0f / TEN_CLASSES;
            sum += (double)logits[c];
            most = fmaxf(most, fabsf(error));
            gradient[c] = factor * error;
        }
        left[i] = !(most < skip);
        if (!left[i]) memset(gradient, 0, TEN_CLASSES * sizeof *gradient);
        if (!classed) continue;
        loss += (double)log_sum[i] - (1 - (double)smoothing) * (double)logits[labels[i]] - (double)share * sum;
        *correct += ten_label(logits) == labels[i];
    }
    return loss;
}
