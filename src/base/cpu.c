/* CPUID says what the processor has, XGETBV what the operating system saves on a task switch; only both together
 * make an instruction usable. */
#include "base/cpu.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct ten_cpu cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Bits of leaf 7 that older compilers' <cpuid.h> does not name. */
enum { AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, AMX_BF16 = 1 << 22, AVX512_BF16 = 1 << 5 /* of subleaf 1 */ };

/* Linux saves the 8 KiB of tiles only for processes that ask (arch_prctl, ARCH_REQ_XCOMP_PERM). */
static bool tiles_allowed(void) {
#if defined(__linux__) && defined(__x86_64__)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
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
    cpu.vnni = cpu.avx512 && (c & bit_AVX512VNNI);
    bool amx = (saved & 0x60000) == 0x60000 && (d & AMX_TILE) && (d & AMX_INT8);
    cpu.amx = cpu.vnni && amx && tiles_allowed();
    cpu.amx_bf16 = cpu.amx && (d & AMX_BF16);
    cpu.bf16 = cpu.vnni && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX512_BF16);
}
#else
static void detect(void) {}
#endif

const struct ten_cpu *ten_cpu(void) {
    pthread_once(&once, detect);
    return &cpu;
}
