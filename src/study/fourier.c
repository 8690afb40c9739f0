#include "study/fourier.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

static size_t without(size_t n, size_t prime) {
    while (n % prime == 0) n /= prime;
    return n;
}

size_t ten_fourier_size(size_t n) {
    if (n == 0) n = 1;
    while (without(without(without(n, 2), 3), 5) != 1) n++;
    return n;
}

/* Fours first: they are the cheapest, and large blocks are the dearest. */
static void choose_radices(struct ten_fft *plan) {
    static const uint8_t radices[] = {4, 5, 3, 2};
    size_t left = plan->n;
    for (size_t r = 0; r < sizeof radices; r++)
        for (; left % radices[r] == 0; left /= radices[r]) plan->radix[plan->stages++] = radices[r];
}

static void fill_factors(const struct ten_fft *plan, float *factors) {
    size_t length = plan->n;
    for (size_t s = 0; s < plan->stages; s++) {
        size_t radix = plan->radix[s], m = length / radix;
        for (size_t j = 0; j < m; j++)
            for (size_t q = 1; q < radix; q++) {
                double angle = -2 * pi * (double)(j * q % length) / (double)length;
                *factors++ = (float)cos(angle);
                *factors++ = (float)sin(angle);
            }
        length = m;
    }
}

/* A stage sends the frequencies of one remainder into one of its blocks. */
static void fill_places(const struct ten_fft *plan, uint32_t *place) {
    for (size_t k = 0; k < plan->n; k++) {
        size_t length = plan->n, left = k, at = 0;
        for (size_t s = 0; s < plan->stages; s++) {
            length /= plan->radix[s];
            at += left % plan->radix[s] * length;
            left /= plan->radix[s];
        }
        place[k] = (uint32_t)at;
    }
}

enum ten_status ten_fourier_init(struct ten_fourier *fourier, size_t n, struct ten_error *error) {
    *fourier = (struct ten_fourier){.plan.n = n};
    choose_radices(&fourier->plan);
    fourier->factors = ten_alloc(4 * n, sizeof *fourier->factors); /* 2 n and a geometric series */
    fourier->place = ten_alloc(n, sizeof *fourier->place);
    if (!fourier->factors || !fourier->place) {
        ten_fourier_release(fourier);
        return ten_fail_memory(error, "a Fourier transform");
    }
    fill_factors(&fourier->plan, fourier->factors);
    fill_places(&fourier->plan, fourier->place);
    fourier->plan.factors = fourier->factors;
    return TEN_OK;
}

void ten_fourier_release(struct ten_fourier *fourier) {
    free(fourier->factors);
    free(fourier->place);
    *fourier = (struct ten_fourier){0};
}
