/* Allocation: overflow-checked, 64-byte aligned. */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Large blocks ask for huge pages: rows picked here and there then seldom wait for the address of their page. */
static void *alloc_large(size_t bytes) {
    void *block;
    if (posix_memalign(&block, HUGE_PAGE, bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

void *ten_alloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - HUGE_PAGE) return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes >= 2 * (size_t)HUGE_PAGE) return alloc_large(bytes);
    return aligned_alloc(ALIGNMENT, bytes ? bytes : ALIGNMENT);
}

void *ten_alloc_zero(size_t count, size_t size) {
    void *block = ten_alloc(count, size);
    if (block) memset(block, 0, count * size);
    return block;
}

void *ten_realloc(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) return NULL;
    return realloc(block, bytes ? bytes : 1);
}
