/* Packing values as pairs of bfloat16, for the products of matmul_bf16.c and matmul_amx.c: included by sources that are
 * compiled for AVX-512 with BF16. A strip of 16 lines is a row of tiles along the depth, each of 16 pairs of every line
 * (1 KiB); zeros fill up lines and depth. */
#ifndef TEN_KERNELS_PAIRS_H
#define TEN_KERNELS_PAIRS_H

#include "kernels/kernels.h"
#include "kernels/square.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIDE = 16, DEPTH = 32, TILE = SIDE * DEPTH };

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static inline __mmask16 first_lanes(size_t count) { return (__mmask16)(count >= 16 ? 0xffff : (1u << count) - 1); }

/* One tile's worth of a matrix: `lines` <= 16 lines, each with `depth` <= 32 values; zeros beyond. A line's values are
 * `step` apart, lines are `line` apart; one of them is 1, or the matrix is read value by value. Of a line the values
 * `places` are taken, the first ones if that is NULL. v[i] gets the pairs of line i if `by_line`, else the i-th pair of
 * every line. */
static inline void load_pairs(const float *from, size_t line, size_t step, const uint32_t *places, size_t lines,
                              size_t depth, bool by_line, __m512i v[SIDE]) {
    float copy[SIDE * DEPTH];
    if (line != 1 && (step != 1 || places)) {
        for (size_t i = 0; i < lines; i++)
            for (size_t k = 0; k < depth; k++) copy[i * DEPTH + k] = from[i * line + (places ? places[k] : k) * step];
        from = copy;
        line = DEPTH;
        step = 1;
        places = NULL;
    }
    if (step == 1 && !places) {
        __mmask16 low = first_lanes(depth), high = depth > SIDE ? first_lanes(depth - SIDE) : 0;
        for (size_t i = 0; i < SIDE; i++) {
            const float *at = from + (i < lines ? i : 0) * line;
            __mmask16 there = i < lines ? 0xffff : 0;
            __m512 a = _mm512_maskz_loadu_ps(low & there, at), b = _mm512_maskz_loadu_ps(high & there, at + SIDE);
            v[i] = (__m512i)_mm512_cvtne2ps_pbh(b, a);
        }
        if (!by_line) ten_transpose_square(v);
        return;
    }
    const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                                6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __mmask16 there = first_lanes(lines);
    for (size_t i = 0; i < SIDE; i++) {
        size_t k = 2 * i < depth ? 2 * i : 0, next = 2 * i + 1 < depth ? 2 * i + 1 : 0;
        if (places) {
            k = places[k];
            next = places[next];
        }
        __m512 a = _mm512_maskz_loadu_ps(2 * i < depth ? there : 0, from + k * step);
        __m512 b = _mm512_maskz_loadu_ps(2 * i + 1 < depth ? there : 0, from + next * step);
        v[i] = _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
    if (by_line) ten_transpose_square(v);
}

/* Packs `lines` lines of `depth` values, those of `places` or the first ones: strips of 16 lines, each a row of tiles
 * along the depth. */
static inline void pack_places(const float *from, size_t line, size_t step, const uint32_t *places, size_t lines,
                               size_t depth, bool by_line, uint16_t *to) {
    for (size_t i = 0; i < lines; i += SIDE)
        for (size_t k = 0; k < depth; k += DEPTH, to += TILE) {
            __m512i v[SIDE];
            load_pairs(from + i * line + (places ? 0 : k * step), line, step, places ? places + k : NULL,
                       smaller(lines - i, SIDE), smaller(depth - k, DEPTH), by_line, v);
            for (size_t p = 0; p < SIDE; p++) _mm512_store_si512(to + p * DEPTH, v[p]);
        }
}

/* The blocks of a factor of n lines and k values that is packed whole: those of lines n0 on, then of values k0 on. */
enum { BLOCK_N = 512, BLOCK_K = 512 };
static inline size_t block_at(size_t n, size_t k, size_t n0, size_t k0) {
    size_t lines = smaller(n - n0, BLOCK_N);
    return n0 * ((k + DEPTH - 1) / DEPTH * DEPTH) + (lines + SIDE - 1) / SIDE * SIDE * k0;
}

/* Tile by tile, of which the part may have the first rows alone, or the last ones. Past the caches: where several
 * processors have read what is written anew, each line would have to be asked back from them. */
static inline void pack_part(size_t n, size_t k, struct ten_strided b, struct ten_part part, float *packed) {
    for (size_t j = part.column; j < part.past_column; j += SIDE)
        for (size_t i = part.row, past; i < part.past_row; i = past) {
            size_t n0 = j / BLOCK_N * BLOCK_N, k0 = i / BLOCK_K * BLOCK_K, in_tile = i % DEPTH;
            size_t tiles = (smaller(k - k0, BLOCK_K) + DEPTH - 1) / DEPTH;
            uint16_t *tile =
                (uint16_t *)packed + block_at(n, k, n0, k0) + ((j - n0) / SIDE * tiles + (i - k0) / DEPTH) * TILE;
            past = smaller(part.past_row, i - in_tile + DEPTH);
            size_t end = past < k ? (past - i + in_tile) / 2 : SIDE;
            __m512i v[SIDE];
            load_pairs(b.data + i * b.row + j * b.column, b.column, b.row, NULL, smaller(part.past_column - j, SIDE),
                       past - i, false, v);
            for (size_t p = in_tile / 2; p < end; p++)
                _mm512_stream_si512((__m512i *)(tile + p * DEPTH), v[p - in_tile / 2]);
        }
    _mm_sfence();
}

#endif
