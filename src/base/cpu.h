/* What the processor and the operating system support, for choosing a kernel set. */
#ifndef TEN_BASE_CPU_H
#define TEN_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

struct ten_cpu {
    char name[64]; /* the processor's brand string, "" where there is none */
    bool avx2;     /* AVX2 and FMA, and the system saves the 256-bit registers */
    bool avx512;   /* AVX-512 F, BW, DQ, VL, and the system saves the 512-bit registers and masks */
    bool vnni;     /* avx512 and AVX-512 VNNI: products of bytes */
    bool amx;      /* vnni and AMX with bytes, and the system lets this process use the tiles */
    bool bf16;     /* vnni and AVX-512 BF16 */
    bool amx_bf16; /* amx with BF16 */
};

/* Asked of the machine once. */
const struct ten_cpu *ten_cpu(void);

#endif
