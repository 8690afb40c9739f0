/* CPUID says what the processor has, XGETBV what the operating system saves on a task switch; only both together
 * make an instruction usable. */
#include "base/cpu.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

static struct ten_cpu cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void detect(void) {
    unsigned a, b, c, d;
    unsigned brand[12];
    if (__get_cpuid(0x80000000u, &a, &b, &c, &d) && a >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &brand[4 * i], &brand[4 * i + 1], &brand[4 * i + 2], &brand[4 * i + 3]);
        memcpy(cpu.name, brand, 48);
        size_t start = strspn(cpu.name, " ");
        memmove(cpu.name, cpu.name + start, strlen(cpu.name + start) + 1);
    }
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    bool fma = c & bit_FMA, osxsave = c & bit_OSXSAVE;
    if (!osxsave || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    uint64_t saved = saved_state();
    bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    cpu.avx2 = ymm && fma && (b & bit_AVX2);
    cpu.avx512 = cpu.avx2 && zmm && (b & bit_AVX512F) && (b & bit_AVX512BW) && (b & bit_AVX512DQ) && (b & bit_AVX512VL);
}
#else
static void detect(void) {}
#endif

const struct ten_cpu *ten_cpu(void) {
    pthread_once(&once, detect);
    return &cpu;
}
