/* Loops that do nothing but what a kernel set's instructions do fastest, out of registers or along memory: what the
 * kernels can be measured against. They run on the calling thread. */
#ifndef TEN_KERNELS_PEAKS_H
#define TEN_KERNELS_PEAKS_H

#include <stddef.h>

struct ten_peaks {
    /* Each does its work `rounds` times and returns how many operations that were, a multiplication and an addition
     * being two. NULL: the set has no instruction for it. */
    double (*floats)(size_t rounds); /* single precision */
    double (*bytes)(size_t rounds);  /* products of 8-bit integers, summed in 32 bits */
    double (*bf16)(size_t rounds);   /* products of BF16 numbers, summed in single precision */
    /* Reads bytes[size], 64-byte aligned, size a multiple of 1024. */
    void (*read)(const void *bytes, size_t size);
};

/* The loops of the kernel set in use. */
struct ten_peaks ten_peaks(void);

/* Each puts the loops of one set over those of the set below. */
void ten_peaks_generic(struct ten_peaks *peaks);
void ten_peaks_avx2(struct ten_peaks *peaks);
void ten_peaks_avx512(struct ten_peaks *peaks);
void ten_peaks_vnni(struct ten_peaks *peaks);
void ten_peaks_amx(struct ten_peaks *peaks);

#endif
