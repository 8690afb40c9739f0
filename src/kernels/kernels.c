/* Choosing a kernel set: the best that processor and operating system support, or the one that TENFOLD_CPU names. */
#include "kernels/kernels.h"

#include "base/cpu.h"
#include "tenfold.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern const struct ten_kernels ten_kernels_generic, ten_kernels_avx2, ten_kernels_avx512;

static const char *const names[] = {"generic", "avx2", "avx512"};

static const struct ten_kernels *usable[3];
static const struct ten_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void) {
    size_t count = 0;
    usable[count++] = &ten_kernels_generic;
#ifdef TEN_HAVE_AVX2
    if (ten_cpu()->avx2) usable[count++] = &ten_kernels_avx2;
#endif
#ifdef TEN_HAVE_AVX512
    if (ten_cpu()->avx512) usable[count++] = &ten_kernels_avx512;
#endif
    chosen = usable[count - 1];
    const char *wanted = getenv("TENFOLD_CPU");
    for (size_t i = 0; wanted && i < count; i++)
        if (strcmp(usable[i]->name, wanted) == 0) chosen = usable[i];
}

const struct ten_kernels *ten_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct ten_kernels *ten_kernels_at(size_t i) {
    pthread_once(&once, choose);
    return i < sizeof usable / sizeof *usable ? usable[i] : NULL;
}

bool ten_kernels_known(const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

const char *ten_kernel_set(void) { return ten_kernels()->name; }
