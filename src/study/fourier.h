/* What a Fourier transform of the kernels needs beside its numbers: factors, and where it leaves which frequency. */
#ifndef TEN_STUDY_FOURIER_H
#define TEN_STUDY_FOURIER_H

#include "kernels/kernels.h"
#include "tenfold.h"

struct ten_fourier {
    struct ten_fft plan;
    float *factors;
    uint32_t *place; /* [n] where `fft` leaves frequency k */
};

/* For n > 1 whose prime factors are 2, 3 and 5. */
enum ten_status ten_fourier_init(struct ten_fourier *fourier, size_t n, struct ten_error *error);
void ten_fourier_release(struct ten_fourier *fourier);

/* The least number that is at least `n` and has no prime factors but 2, 3 and 5. */
size_t ten_fourier_size(size_t n);

#endif
