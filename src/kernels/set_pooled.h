/* The gradients of a convolution behind which the largest of four pixels was taken; part of set.c. Of each four pixels
 * three get no gradient, and what the ReLU cut off gets none either, so that about an eighth of the products are left:
 * they are made one by one, exactly those of the dense product. To the weights: for each unit the list of the windows
 * that reach it, whose sum stays in registers. To the input: for each window the list of the units that it reaches. */

typedef float eights __attribute__((vector_size(32), aligned(4), may_alias));

/* What a gate lets through, in lists: the first `count` of each are the entries. */
struct entries {
    uint32_t *at; /* offsets of windows, or numbers of units */
    float *gradient;
};

#if defined(__AVX512F__)
#include "kernels/square.h"
#endif

/* Appends what rows first..first+rows-1 of units j..j+columns-1 (at most 16 of each) let through to the units' lists,
 * which are `room` apart; sums[columns] is increased by it. */
static void list_by_unit(size_t rows, size_t columns, size_t n, const uint32_t *offsets, const float *out,
                         const uint8_t *place, const float *g, struct entries lists, size_t room, size_t *counts,
                         float *sums) {
#if defined(__AVX512F__)
    if (rows == 16 && columns == 16) {
        __m512i gradient[16], window[16];
        __m512 sum = _mm512_loadu_ps(sums);
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++) {
            __m512 x = _mm512_loadu_ps(g + i * n);
            if (out)
                x = _mm512_maskz_mov_ps(
                    _mm512_cmp_ps_mask(_mm512_loadu_ps(out + i * n), _mm512_setzero_ps(), _CMP_GT_OQ), x);
            sum = _mm512_add_ps(sum, x);
            gradient[i] = _mm512_castps_si512(x);
            __m512 four =
                _mm512_castsi512_ps(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(offsets + 4 * i))));
            __m512i which = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(place + i * n)));
            window[i] = _mm512_castps_si512(_mm512_permutevar_ps(four, which));
        }
        _mm512_storeu_ps(sums, sum);
        ten_transpose_square(gradient);
        ten_transpose_square(window);
#pragma GCC unroll 16
        for (size_t j = 0; j < 16; j++) {
            __mmask16 passes = _mm512_test_epi32_mask(gradient[j], _mm512_set1_epi32(0x7fffffff));
            size_t to = j * room + counts[j];
            _mm512_storeu_si512(lists.at + to, _mm512_maskz_compress_epi32(passes, window[j]));
            _mm512_storeu_si512(lists.gradient + to, _mm512_maskz_compress_epi32(passes, gradient[j]));
            counts[j] += (size_t)__builtin_popcount(passes);
        }
        return;
    }
#endif
    for (size_t i = 0; i < rows; i++, offsets += 4, g += n, place += n, out = out ? out + n : NULL)
        for (size_t j = 0; j < columns; j++) {
            float x = !out || out[j] > 0 ? g[j] : 0;
            size_t to = j * room + counts[j];
            lists.at[to] = offsets[place[j]];
            lists.gradient[to] = x;
            counts[j] += x != 0;
            sums[j] += x;
        }
}

/* to[segments x wide x lanes] += the entries' windows: `wide` vectors of each of `segments`, which are `step` apart. */
#define ENTRY_SUMS(name, type, lanes, segments, wide)                                                                  \
    static void name(size_t count, const uint32_t *at, const float *gradient, const float *data, size_t step,          \
                     float *to, size_t room) {                                                                         \
        type sum[segments][wide];                                                                                      \
        _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                                  \
            _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) sum[s][v] =                                      \
                *(const type *)(to + s * room + v * lanes);                                                            \
        for (size_t e = 0; e < count; e++) {                                                                           \
            const float *from = data + at[e];                                                                          \
            float x = gradient[e];                                                                                     \
            _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                              \
                _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) sum[s][v] +=                                 \
                x * *(const type *)(from + s * step + v * lanes);                                                      \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                                  \
                _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) *                                            \
            (type *)(to + s * room + v * lanes) = sum[s][v];                                                           \
    }
ENTRY_SUMS(sums_3x6, floats, LANES, 3, 6)
ENTRY_SUMS(sums_3x3, floats, LANES, 3, 3)
ENTRY_SUMS(sums_1x6, floats, LANES, 1, 6)
ENTRY_SUMS(sums_1x1, floats, LANES, 1, 1)
ENTRY_SUMS(sums_5x8, eights, 8, 5, 1)
ENTRY_SUMS(sums_3x8, eights, 8, 3, 1)
ENTRY_SUMS(sums_1x8, eights, 8, 1, 1)
#undef ENTRY_SUMS

/* to[segments x room] += the entries' windows; room: the depth in whole vectors. */
static void add_windows(size_t count, const uint32_t *at, const float *gradient, const struct ten_windows *a,
                        size_t room, float *to) {
    size_t s = 0;
    if (room == 8 && LANES != 8) {
        for (; s + 5 <= a->segments; s += 5)
            sums_5x8(count, at, gradient, a->data + s * a->step, a->step, to + s * 8, 8);
        for (; s + 3 <= a->segments; s += 3)
            sums_3x8(count, at, gradient, a->data + s * a->step, a->step, to + s * 8, 8);
        for (; s < a->segments; s++) sums_1x8(count, at, gradient, a->data + s * a->step, a->step, to + s * 8, 8);
        return;
    }
    if (room % (6 * LANES) == 0)
        for (; s + 3 <= a->segments && LANES == 16; s += 3)
            for (size_t v = 0; v < room; v += 6 * LANES)
                sums_3x6(count, at, gradient, a->data + s * a->step + v, a->step, to + s * room + v, room);
    else if (room % (3 * LANES) == 0)
        for (; s + 3 <= a->segments; s += 3)
            for (size_t v = 0; v < room; v += 3 * LANES)
                sums_3x3(count, at, gradient, a->data + s * a->step + v, a->step, to + s * room + v, room);
    for (; s < a->segments; s++) {
        size_t v = 0;
        for (; v + 6 * LANES <= room; v += 6 * LANES)
            sums_1x6(count, at, gradient, a->data + s * a->step + v, a->step, to + s * room + v, room);
        for (; v < room; v += LANES)
            sums_1x1(count, at, gradient, a->data + s * a->step + v, a->step, to + s * room + v, room);
    }
}

/* The depth of a segment in whole vectors. */
static inline size_t segment_room(size_t depth) { return depth <= 8 ? 8 : round_up(depth, LANES); }

static void pooled_weights(size_t m, size_t n, const struct ten_windows *a, const float *out, const uint8_t *place,
                           const float *g, bool accumulate, float *weights, float *biases, float *scratch) {
    enum { UNITS = 16 };
    size_t room = segment_room(a->depth), row = a->segments * room;
    float *sums = scratch;
    struct entries lists = {(uint32_t *)(void *)(scratch + UNITS * row), scratch + UNITS * (row + m + 16)};
    for (size_t j = 0; j < n; j += UNITS) {
        size_t columns = smaller(n - j, UNITS), counts[UNITS] = {0};
        float spare[UNITS] = {0};
        for (size_t i = 0; i < m; i += 16)
            list_by_unit(smaller(m - i, 16), columns, n, a->offsets + 4 * i, out ? out + i * n + j : NULL,
                         place + i * n + j, g + i * n + j, lists, m + 16, counts, spare);
        for (size_t u = 0; u < columns; u++) biases[j + u] = accumulate ? biases[j + u] + spare[u] : spare[u];
        memset(sums, 0, UNITS * row * sizeof *sums);
        for (size_t u = 0; u < columns; u++)
            add_windows(counts[u], lists.at + u * (m + 16), lists.gradient + u * (m + 16), a, room, sums + u * row);
        for (size_t s = 0; s < a->segments; s++)
            for (size_t d = 0; d < a->depth; d++) {
                float *to = weights + (s * a->depth + d) * n + j;
                const float *from = sums + s * room + d;
                for (size_t u = 0; u < columns; u++) to[u] = accumulate ? to[u] + from[u * row] : from[u * row];
            }
    }
}

/* The units that the four windows of a pool reach, to four lists, `room` apart. */
static void list_by_window(size_t n, const float *out, const uint8_t *place, const float *g, struct entries lists,
                           size_t room, size_t counts[4]) {
    size_t j = 0;
#if defined(__AVX512F__)
    __m512i unit = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (; j + 16 <= n; j += 16, unit = _mm512_add_epi32(unit, _mm512_set1_epi32(16))) {
        __m512 x = _mm512_loadu_ps(g + j);
        __mmask16 passes = _mm512_test_epi32_mask(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
        if (out) passes = _mm512_mask_cmp_ps_mask(passes, _mm512_loadu_ps(out + j), _mm512_setzero_ps(), _CMP_GT_OQ);
        __m128i which = _mm_loadu_si128((const __m128i *)(place + j));
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) {
            __mmask16 here = passes & _mm_cmpeq_epi8_mask(which, _mm_set1_epi8((char)r));
            size_t to = (size_t)r * room + counts[r];
            _mm512_storeu_si512(lists.at + to, _mm512_maskz_compress_epi32(here, unit));
            _mm512_storeu_ps(lists.gradient + to, _mm512_maskz_compress_ps(here, x));
            counts[r] += (size_t)__builtin_popcount(here);
        }
    }
#endif
    for (; j < n; j++) {
        float x = !out || out[j] > 0 ? g[j] : 0;
        size_t to = place[j] * room + counts[place[j]];
        lists.at[to] = (uint32_t)j;
        lists.gradient[to] = x;
        counts[place[j]] += x != 0;
    }
}

static void pooled_turned(size_t n, size_t segments, size_t depth, const float *b, float *turned) {
    size_t room = segment_room(depth);
    for (size_t j = 0; j < n; j++, turned += segments * room)
        for (size_t s = 0; s < segments; s++)
            for (size_t d = 0; d < room; d++) turned[s * room + d] = d < depth ? b[(s * depth + d) * n + j] : 0;
}

/* data += the sum of the entries' rows of `turned`, of which `wide` vectors stand at `from`. */
#define UNIT_SUMS(name, segments, wide)                                                                                \
    static void name(size_t count, const uint32_t *at, const float *gradient, const float *turned, size_t row,         \
                     size_t room, float *data, size_t step) {                                                          \
        floats sum[segments][wide];                                                                                    \
        _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                                  \
            _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) sum[s][v] =                                      \
                *(const floats *)(data + s * step + v * LANES);                                                        \
        for (size_t e = 0; e < count; e++) {                                                                           \
            const float *from = turned + at[e] * row;                                                                  \
            float x = gradient[e];                                                                                     \
            _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                              \
                _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) sum[s][v] +=                                 \
                x * *(const floats *)(from + s * room + v * LANES);                                                    \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (size_t s = 0; s < segments; s++)                                                  \
                _Pragma("GCC unroll 8") for (size_t v = 0; v < wide; v++) *                                            \
            (floats *)(data + s * step + v * LANES) = sum[s][v];                                                       \
    }
UNIT_SUMS(units_3x6, 3, 6)
UNIT_SUMS(units_3x3, 3, 3)
UNIT_SUMS(units_1x6, 1, 6)
UNIT_SUMS(units_1x1, 1, 1)
#undef UNIT_SUMS

static void pooled_spread(size_t m, size_t n, const struct ten_windows *a, const float *out, const uint8_t *place,
                          const float *g, const float *turned, float *data, float *scratch) {
    size_t room = segment_room(a->depth), row = a->segments * room, list = n + 16;
    struct entries lists = {(uint32_t *)(void *)scratch, scratch + 4 * list};
    for (size_t i = 0; i < m; i++) {
        size_t counts[4] = {0};
        list_by_window(n, out ? out + i * n : NULL, place + i * n, g + i * n, lists, list, counts);
        for (size_t r = 0; r < 4; r++) {
            const uint32_t *at = lists.at + r * list;
            const float *gradient = lists.gradient + r * list;
            float *to = data + a->offsets[4 * i + r];
            size_t s = 0;
            if (counts[r] == 0) continue;
            if (a->depth % (6 * LANES) == 0 && LANES == 16)
                for (; s + 3 <= a->segments; s += 3)
                    for (size_t v = 0; v < a->depth; v += 6 * LANES)
                        units_3x6(counts[r], at, gradient, turned + s * room + v, row, room, to + s * a->step + v,
                                  a->step);
            else if (a->depth % (3 * LANES) == 0)
                for (; s + 3 <= a->segments; s += 3)
                    for (size_t v = 0; v < a->depth; v += 3 * LANES)
                        units_3x3(counts[r], at, gradient, turned + s * room + v, row, room, to + s * a->step + v,
                                  a->step);
            for (; s < a->segments; s++) {
                float *line = to + s * a->step;
                const float *from = turned + s * room;
                size_t d = 0;
                for (; d + 6 * LANES <= a->depth; d += 6 * LANES)
                    units_1x6(counts[r], at, gradient, from + d, row, room, line + d, a->step);
                for (; d + LANES <= a->depth; d += LANES)
                    units_1x1(counts[r], at, gradient, from + d, row, room, line + d, a->step);
                for (; d < a->depth; d++) {
                    float sum = line[d];
                    for (size_t e = 0; e < counts[r]; e++) sum += gradient[e] * from[at[e] * row + d];
                    line[d] = sum;
                }
            }
        }
    }
}
