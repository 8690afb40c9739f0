/* Tests of the Fourier transforms and of the forces in a plane, for test_kernels.c. */
#ifndef TEN_TESTS_KERNELS_PLANE_H
#define TEN_TESTS_KERNELS_PLANE_H

#include "kernels/kernels.h"

void test_fft_of(const struct ten_kernels *set);
void test_plane_of(const struct ten_kernels *set);

#endif
