/* Dot products of bytes with AVX-512 VNNI: vpdpbusd adds four products of an unsigned and a signed byte to a 32-bit
 * sum. The packed rows become signed by subtracting 128; 128 times the sum of each row of a makes up for it: a.b = a.(b
 * - 128) + 128 sum(a).
 *
 * Packed: groups of 16 rows; in a group, for every four columns, the four bytes of each of the 16 rows. A register then
 * holds four columns of 16 rows, and a broadcast of four bytes of a row of a meets all of them. */
#include "kernels/bytes.h"
#include "kernels/kernels.h"

#include <immintrin.h>
#include <string.h>

enum { GROUP = 16, QUAD = 4, ROWS = 12 /* of a at a time: 24 sums and 2 operands in 32 registers */ };

void ten_pack_bytes_quads(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed, uint8_t flip) {
    size_t padded = (depth + 63) / 64 * 64;
    memset(packed, 0, ten_packed_bytes(n, depth));
    for (size_t j = 0; j < n; j++) {
        uint8_t *group = packed + j / GROUP * GROUP * padded + j % GROUP * QUAD;
        const uint8_t *row = b + j * ldb;
        for (size_t d = 0; d < depth; d++) group[d / QUAD * GROUP * QUAD + d % QUAD] = row[d] ^ flip;
    }
}

static void pack_bytes(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed) {
    ten_pack_bytes_quads(n, depth, b, ldb, packed, 0x80);
}

/* Up to four bytes of a row, zeros behind its end. */
static inline int32_t quad(const uint8_t *row, size_t at, size_t depth) {
    uint8_t bytes[QUAD] = {0};
    memcpy(bytes, row + at, depth - at < QUAD ? depth - at : QUAD);
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static int32_t row_sum(const uint8_t *row, size_t depth) {
    __m512i sums = _mm512_setzero_si512();
    for (size_t d = 0; d < depth; d += 64) {
        __mmask64 mask = depth - d < 64 ? (1ull << (depth - d)) - 1 : ~0ull;
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(_mm512_maskz_loadu_epi8(mask, row + d), _mm512_setzero_si512()));
    }
    return (int32_t)_mm512_reduce_add_epi64(sums);
}

/* Rows of a times two groups. `rows` is a constant where this is inlined, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void block(size_t rows, size_t depth, const uint8_t *a, size_t lda,
                                                        const uint8_t *low, const uint8_t *high,
                                                        __m512i sums[ROWS][2]) {
    for (size_t i = 0; i < rows; i++) sums[i][0] = sums[i][1] = _mm512_setzero_si512();
    size_t d = 0;
    for (; d + QUAD <= depth; d += QUAD) {
        __m512i first = _mm512_load_si512(low + d * GROUP), second = _mm512_load_si512(high + d * GROUP);
#pragma GCC unroll 12
        for (size_t i = 0; i < rows; i++) {
            int32_t bytes;
            memcpy(&bytes, a + i * lda + d, sizeof bytes);
            __m512i x = _mm512_set1_epi32(bytes);
            sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], x, first);
            sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], x, second);
        }
    }
    if (d == depth) return;
    __m512i first = _mm512_load_si512(low + d * GROUP), second = _mm512_load_si512(high + d * GROUP);
    for (size_t i = 0; i < rows; i++) {
        __m512i x = _mm512_set1_epi32(quad(a + i * lda, d, depth));
        sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], x, first);
        sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], x, second);
    }
}

/* The first `count` of 16 lanes, all if there are more. */
static __mmask16 lanes(size_t count) { return (__mmask16)(count < GROUP ? (1u << count) - 1 : 0xffffu); }

static void dot_bytes(size_t m, size_t n, size_t depth, const uint8_t *a, size_t lda, const uint8_t *packed, int32_t *c,
                      size_t ldc) {
    size_t group_bytes = (depth + 63) / 64 * 64 * GROUP;
    for (size_t i = 0; i < m; i += ROWS) {
        size_t rows = m - i < ROWS ? m - i : ROWS;
        int32_t offsets[ROWS];
        for (size_t r = 0; r < rows; r++) offsets[r] = 128 * row_sum(a + (i + r) * lda, depth);
        for (size_t j = 0; j < n; j += 2 * GROUP) {
            const uint8_t *low = packed + j / GROUP * group_bytes;
            const uint8_t *high = j + GROUP < n ? low + group_bytes : low;
            __m512i sums[ROWS][2];
            if (rows == ROWS)
                block(ROWS, depth, a + i * lda, lda, low, high, sums);
            else
                for (size_t r = 0; r < rows; r++) block(1, depth, a + (i + r) * lda, lda, low, high, &sums[r]);
            for (size_t r = 0; r < rows; r++) {
                int32_t *out = c + (i + r) * ldc + j;
                __m512i offset = _mm512_set1_epi32(offsets[r]);
                size_t columns = n - j;
                __mmask16 first = lanes(columns), second = columns > GROUP ? lanes(columns - GROUP) : 0;
                _mm512_mask_storeu_epi32(out, first, _mm512_add_epi32(sums[r][0], offset));
                if (second) _mm512_mask_storeu_epi32(out + GROUP, second, _mm512_add_epi32(sums[r][1], offset));
            }
        }
    }
}

void ten_kernels_add_vnni(struct ten_kernels *kernels) {
    kernels->name = "vnni";
    kernels->pack_bytes = pack_bytes;
    kernels->dot_bytes = dot_bytes;
}
