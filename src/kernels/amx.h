/* What the files with AMX share: eight tiles of 16 rows of 64 bytes. */
#ifndef TEN_KERNELS_AMX_H
#define TEN_KERNELS_AMX_H

#include <immintrin.h>
#include <stdint.h>

static inline void ten_amx_start(void) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } configuration = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        configuration.row_bytes[t] = 64;
        configuration.rows[t] = 16;
    }
    __asm__ volatile("" : "+m"(configuration)); /* GCC 12 takes only the first 8 bytes to be used */
    _tile_loadconfig(&configuration);
}

#endif
