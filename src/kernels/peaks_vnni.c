/* Peak loops with AVX-512: vpdpbusd for bytes and, where the processor has it, vdpbf16ps. */
#include "kernels/peaks.h"

#include "base/cpu.h"

#include <immintrin.h>

enum { SUMS = 12, TURNS = 64 };

/* As in peaks_set.c. */
#define TOUCH(value) __asm__ volatile("" : "+m"(value))

static double multiply_bytes(size_t rounds) {
    __m512i sums[SUMS], a = _mm512_set1_epi32(0x01020304), b = _mm512_set1_epi32(0x04030201);
    for (int s = 0; s < SUMS; s++) sums[s] = _mm512_setzero_si512();
    TOUCH(sums);
    for (size_t i = 0; i < rounds * TURNS; i++)
#pragma GCC unroll 12
        for (int s = 0; s < SUMS; s++) sums[s] = _mm512_dpbusd_epi32(sums[s], a, b);
    TOUCH(sums);
    return 2.0 * 64 * SUMS * TURNS * (double)rounds;
}

static double multiply_bf16(size_t rounds) {
    __m512 sums[SUMS];
    __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1), _mm512_set1_ps(1)), b = a;
    for (int s = 0; s < SUMS; s++) sums[s] = _mm512_setzero_ps();
    TOUCH(sums);
    for (size_t i = 0; i < rounds * TURNS; i++)
#pragma GCC unroll 12
        for (int s = 0; s < SUMS; s++) sums[s] = _mm512_dpbf16_ps(sums[s], a, b);
    TOUCH(sums);
    return 2.0 * 32 * SUMS * TURNS * (double)rounds;
}

void ten_peaks_vnni(struct ten_peaks *peaks) {
    peaks->bytes = multiply_bytes;
    if (ten_cpu()->bf16) peaks->bf16 = multiply_bf16;
}
