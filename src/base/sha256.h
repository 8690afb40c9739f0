/* SHA-256 (FIPS 180-4), for checking fetched files against published sums. */
#ifndef TEN_BASE_SHA256_H
#define TEN_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* The digest of `size` bytes as 64 lower-case hexadecimal digits and a terminating zero. */
void ten_sha256(const void *bytes, size_t size, char hex[65]);

#endif
