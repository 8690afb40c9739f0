/* Choosing a kernel set: the best that processor and operating system support, or the one that TENFOLD_CPU names. */
#include "kernels/kernels.h"

#include "base/cpu.h"
#include "kernels/bytes.h"
#include "tenfold.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct ten_kernels) ==
                   offsetof(struct ten_kernels, matmul) + TEN_KERNELS * sizeof(void (*)(void)),
               "every kernel stands in list.h");

extern const struct ten_kernels ten_kernels_generic, ten_kernels_avx2, ten_kernels_avx512, ten_kernels_bf16;

static const char *const names[] = {"generic", "avx2", "avx512", "vnni", "bf16", "amx"};
enum { SETS = sizeof names / sizeof *names };

static struct ten_kernels sets[SETS]; /* those this machine can run, from the generic one upward */
static size_t set_count;
static const struct ten_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void) {
    sets[set_count++] = ten_kernels_generic;
#ifdef TEN_HAVE_AVX2
    if (ten_cpu()->avx2) sets[set_count++] = ten_kernels_avx2;
#endif
#ifdef TEN_HAVE_AVX512
    if (ten_cpu()->avx512) sets[set_count++] = ten_kernels_avx512;
    if (ten_cpu()->vnni) {
        sets[set_count] = sets[set_count - 1];
        ten_kernels_add_vnni(&sets[set_count++]);
    }
    if (ten_cpu()->bf16) {
        sets[set_count] = ten_kernels_bf16;
        ten_kernels_add_vnni(&sets[set_count]);
        ten_kernels_add_bf16(&sets[set_count++]);
    }
    if (ten_cpu()->amx) {
        sets[set_count] = sets[set_count - 1];
        ten_kernels_add_amx(&sets[set_count]);
        if (ten_cpu()->amx_bf16 && ten_cpu()->bf16) ten_kernels_add_amx_products(&sets[set_count]);
        set_count++;
    }
#endif
    chosen = &sets[set_count - 1];
    const char *wanted = getenv("TENFOLD_CPU");
    for (size_t i = 0; wanted && i < set_count; i++)
        if (strcmp(sets[i].name, wanted) == 0) chosen = &sets[i];
}

const struct ten_kernels *ten_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct ten_kernels *ten_kernels_at(size_t i) {
    pthread_once(&once, choose);
    return i < set_count ? &sets[i] : NULL;
}

bool ten_kernels_known(const char *name) {
    for (size_t i = 0; i < SETS; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

const char *ten_kernel_set(void) { return ten_kernels()->name; }
