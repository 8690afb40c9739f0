/* McNemar's test (1947, "Note on the sampling error of the difference between correlated proportions or percentages"),
 * exact: if two classifiers are equally good, a row that only one of them labels rightly is either's with probability
 * 1/2, so that the rarer of both counts is binomial. */
#include "base/error.h"

#include <limits.h>
#include <math.h>

/* C(n, k) / 2^n, n > 0. As a product of k ratios and 2^-n, its exponent kept apart, so that neither over- nor
 * underflows on the way; a difference of lgamma would lose digits as n grows. */
static double binomial_half(size_t n, size_t k) {
    double product = 1;
    long exponent = 0;
    for (size_t i = 1; i <= k; i++) {
        int shift;
        product = frexp(product * (double)(n - k + i) / (double)i, &shift);
        exponent += shift;
    }
    long power = n < LONG_MAX / 2 ? exponent - (long)n : -LONG_MAX / 2;
    return power < -2000 ? 0 : ldexp(product, (int)power);
}

double ten_mcnemar_p(size_t only_first, size_t only_second) {
    if (only_first == only_second) return 1;
    size_t rarer = only_first < only_second ? only_first : only_second, n = only_first + only_second;
    double term = binomial_half(n, rarer), sum = 0;
    for (size_t i = rarer; term > 0; i--) { /* from the largest term down */
        double before = sum;
        sum += term;
        if (i == 0 || sum == before) break;
        term *= (double)i / (double)(n - i + 1);
    }
    return fmin(2 * sum, 1);
}

enum ten_status ten_mcnemar(struct ten_mcnemar *out, const uint8_t *labels, const uint8_t *first, const uint8_t *second,
                            size_t count, struct ten_error *error) {
    *out = (struct ten_mcnemar){.p = 1};
    if (count && (!labels || !first || !second))
        return ten_fail(error, TEN_INVALID, "McNemar's test needs the truth and what both classifiers gave");
    for (size_t i = 0; i < count; i++) {
        bool first_right = first[i] == labels[i], second_right = second[i] == labels[i];
        out->only_first += first_right && !second_right;
        out->only_second += second_right && !first_right;
    }
    out->p = ten_mcnemar_p(out->only_first, out->only_second);
    return TEN_OK;
}
