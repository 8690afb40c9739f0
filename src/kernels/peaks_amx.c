/* Peak loops with AMX: tdpbuud for bytes and, where the processor has it, tdpbf16ps, into four tiles in turn. */
#include "kernels/peaks.h"

#include "base/cpu.h"
#include "kernels/amx.h"

enum { TURNS = 256 };

static void start(void) {
    ten_amx_start();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    uint8_t numbers[1024]; /* like pixels or, in pairs, BF16 numbers of small size: zeros would be multiplied faster */
    for (size_t i = 0; i < sizeof numbers; i++) numbers[i] = (uint8_t)(i % 2 ? 0x3d + i / 64 % 4 : 37 * i);
    _tile_loadd(4, numbers, 64);
    _tile_loadd(5, numbers, 64);
    _tile_loadd(6, numbers, 64);
    _tile_loadd(7, numbers, 64);
}

static double multiply_bytes(size_t rounds) {
    start();
    for (size_t i = 0; i < rounds * TURNS; i++) {
        _tile_dpbuud(0, 4, 6);
        _tile_dpbuud(1, 4, 7);
        _tile_dpbuud(2, 5, 6);
        _tile_dpbuud(3, 5, 7);
    }
    _tile_release();
    return 2.0 * 4 * 16 * 16 * 64 * TURNS * (double)rounds;
}

static double multiply_bf16(size_t rounds) {
    start();
    for (size_t i = 0; i < rounds * TURNS; i++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    return 2.0 * 4 * 16 * 16 * 32 * TURNS * (double)rounds;
}

void ten_peaks_amx(struct ten_peaks *peaks) {
    peaks->bytes = multiply_bytes;
    if (ten_cpu()->amx_bf16) peaks->bf16 = multiply_bf16;
}
