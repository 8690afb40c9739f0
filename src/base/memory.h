/* Allocation with the product checked for overflow, and aligned for the widest vectors. */
#ifndef TEN_BASE_MEMORY_H
#define TEN_BASE_MEMORY_H

#include <stddef.h>

/* count x size bytes, aligned to 64, uninitialised; NULL if the product overflows or memory is short. A count of 0
 * gives a valid pointer to nothing. Freed by free(). */
void *ten_alloc(size_t count, size_t size);

/* The same, zeroed. */
void *ten_alloc_zero(size_t count, size_t size);

/* Like realloc for count x size bytes (not aligned beyond malloc's promise); the old block stays on failure. */
void *ten_realloc(void *block, size_t count, size_t size);

#endif
