/* Tests of one kernel set that stand in a file of their own; test_kernels.c runs them on every set. */
#ifndef TEN_TESTS_CONVOLUTION_H
#define TEN_TESTS_CONVOLUTION_H

#include "test.h"

#include "kernels/kernels.h"

void test_winograd_of(const struct ten_kernels *set);
void test_winograd_bf16_of(const struct ten_kernels *set);
void test_pooled_of(const struct ten_kernels *set);

#endif
