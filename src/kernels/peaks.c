/* The peak loops of the kernel set in use: those of every set up to it, each over those of the one below. */
#include "kernels/peaks.h"

#include "kernels/kernels.h"

#include <string.h>

static const struct {
    const char *set;
    void (*add)(struct ten_peaks *peaks);
} table[] = {
    {"generic", ten_peaks_generic},
#ifdef TEN_HAVE_AVX2
    {"avx2", ten_peaks_avx2},
#endif
#ifdef TEN_HAVE_AVX512
    {"avx512", ten_peaks_avx512},   {"vnni", ten_peaks_vnni}, {"amx", ten_peaks_amx},
#endif
};

struct ten_peaks ten_peaks(void) {
    struct ten_peaks peaks = {0};
    for (size_t i = 0;; i++) {
        const struct ten_kernels *set = ten_kernels_at(i);
        for (size_t t = 0; t < sizeof table / sizeof *table; t++)
            if (strcmp(table[t].set, set->name) == 0) table[t].add(&peaks);
        if (set == ten_kernels()) return peaks;
    }
}
