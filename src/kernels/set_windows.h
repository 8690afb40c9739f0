/* Products with windows of images, a part of set.c. A matrix whose rows are windows is never laid out: a tile reads its
 * rows where they are in the image, and its edges repeat their last row. */

#define INLINE static inline __attribute__((always_inline))
enum { WINDOW_M = LANES == 16 ? 12 : 4, PIXELS = 192 /* whose part of the gradient stays in the first cache */ };

/* The first `count` values, at most LANES of them; the others are 0. */
INLINE floats load_some(const float *from, size_t count) {
    if (count >= LANES) return *(const floats *)from;
    float some[LANES] = {0};
    memcpy(some, from, count * sizeof *from);
    return *(const floats *)some;
}

/* c[columns] = or += v; less than a whole tile is wide takes care of the edge. */
INLINE void put(float *c, const floats v[2], size_t columns, bool add) {
    floats sum[2] = {v[0], v[1]};
    if (columns == TILE_N) {
        if (add) sum[0] += *(const floats *)c, sum[1] += *(const floats *)(c + LANES);
        *(floats *)c = sum[0];
        *(floats *)(c + LANES) = sum[1];
        return;
    }
    if (columns >= LANES) {
        if (add) sum[0] += *(const floats *)c;
        *(floats *)c = sum[0];
    }
    size_t first = columns >= LANES ? LANES : 0;
    float edge[LANES];
    memcpy(edge, &sum[first / LANES], sizeof edge);
    for (size_t j = first; j < columns; j++) c[j] = add ? c[j] + edge[j - first] : edge[j - first];
}

/* The first `rows` of a tile, to rows n apart. */
INLINE void put_rows(floats sum[WINDOW_M][2], size_t rows, size_t columns, bool add, float *to, size_t n) {
    if (rows == WINDOW_M && columns == TILE_N) {
#pragma GCC unroll 12
        for (size_t i = 0; i < WINDOW_M; i++) put(to + i * n, sum[i], TILE_N, add);
        return;
    }
    floats edge[WINDOW_M][2];
    memcpy(edge, sum, sizeof edge);
    for (size_t i = 0; i < rows; i++) put(to + i * n, edge[i], columns, add);
}

/* sum += the rows' products with a strip of b, whose rows are ldb apart; wide: the strip has more than LANES columns.
 */
INLINE void window_sums(const struct ten_windows *a, const float *const row[WINDOW_M], const float *restrict b,
                        size_t ldb, bool wide, floats sum[WINDOW_M][2]) {
    for (size_t s = 0; s < a->segments; s++) {
        const float *at[WINDOW_M];
#pragma GCC unroll 12
        for (int i = 0; i < WINDOW_M; i++) at[i] = row[i] + s * a->step;
        for (size_t d = 0; d < a->depth; d++, b += ldb) {
            floats low = *(const floats *)b, high = wide ? *(const floats *)(b + LANES) : low;
#pragma GCC unroll 12
            for (int i = 0; i < WINDOW_M; i++) {
                sum[i][0] += at[i][d] * low;
                if (wide) sum[i][1] += at[i][d] * high;
            }
        }
    }
}

/* a > b ? a : b in each lane. */
INLINE floats larger(floats a, floats b) {
#if defined(__AVX512F__)
    return (floats)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (floats)_mm256_max_ps((__m256)a, (__m256)b);
#else
    ints above = a > b;
    return (floats)((above & (ints)a) | (~above & (ints)b));
#endif
}

/* The largest of four rows, and which: the first of equal ones. */
INLINE void put_largest(floats sum[4][2], size_t columns, float *out, uint8_t *place) {
    floats most[2] = {sum[0][0], sum[0][1]};
    ints which[2] = {0};
#pragma GCC unroll 3
    for (int i = 1; i < 4; i++)
#pragma GCC unroll 2
        for (int h = 0; h < 2; h++) {
            ints above = sum[i][h] > most[h];
            which[h] = (above & i) | (~above & which[h]);
            most[h] = larger(sum[i][h], most[h]);
        }
    put(out, most, columns, false);
    if (!place) return;
    uint8_t bytes[TILE_N];
    narrow_lanes(which[0], bytes);
    narrow_lanes(which[1], bytes + LANES);
    if (columns == TILE_N)
        memcpy(place, bytes, TILE_N);
    else
        memcpy(place, bytes, columns);
}

INLINE void window_tile(const struct ten_windows *a, size_t first, size_t rows, const float *b, size_t ldb,
                        size_t columns, bool wide, const float *bias, bool relu, bool pool, size_t n, float *out,
                        uint8_t *place) {
    const float *row[WINDOW_M];
    floats sum[WINDOW_M][2], start[2] = {*(const floats *)bias, *(const floats *)(bias + LANES)};
#pragma GCC unroll 12
    for (int i = 0; i < WINDOW_M; i++) {
        row[i] = a->data + a->offsets[first + smaller((size_t)i, rows - 1)];
        sum[i][0] = start[0];
        sum[i][1] = start[1];
    }
    window_sums(a, row, b, ldb, wide, sum);
#pragma GCC unroll 12
    for (int i = 0; i < WINDOW_M; i++)
#pragma GCC unroll 2
        for (int h = 0; h < 2; h++)
            if (relu) sum[i][h] = larger(sum[i][h], (floats){0});
    if (pool) {
        out += first / 4 * n;
        place = place ? place + first / 4 * n : NULL;
#pragma GCC unroll 3
        for (size_t i = 0; i < WINDOW_M / 4; i++)
            if (4 * i < rows) put_largest(sum + 4 * i, columns, out + i * n, place ? place + i * n : NULL);
    } else {
        put_rows(sum, rows, columns, false, out + first * n, n);
    }
}

/* The two arguments that the tile must know beforehand, spelled out. */
static void window_strip(const struct ten_windows *a, size_t m, const float *b, size_t ldb, size_t columns,
                         const float *bias, bool relu, bool pool, size_t n, float *out, uint8_t *place) {
    for (size_t i = 0; i < m; i += WINDOW_M) {
        size_t rows = smaller(m - i, WINDOW_M);
        if (columns > LANES && pool)
            window_tile(a, i, rows, b, ldb, columns, true, bias, relu, true, n, out, place);
        else if (columns > LANES)
            window_tile(a, i, rows, b, ldb, columns, true, bias, relu, false, n, out, place);
        else if (pool)
            window_tile(a, i, rows, b, ldb, columns, false, bias, relu, true, n, out, place);
        else
            window_tile(a, i, rows, b, ldb, columns, false, bias, relu, false, n, out, place);
    }
}

/* One row, `vectors` registers wide. */
INLINE void single_row(const struct ten_windows *a, const float *restrict b, size_t ldb, size_t vectors,
                       const float *bias, bool relu, float *out) {
    floats sum[4];
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) sum[v] = *(const floats *)(bias + v * LANES);
    for (size_t s = 0; s < a->segments; s++) {
        const float *row = a->data + a->offsets[0] + s * a->step;
        for (size_t d = 0; d < a->depth; d++, b += ldb)
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; v++) sum[v] += row[d] * *(const floats *)(b + v * LANES);
    }
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) *(floats *)(out + v * LANES) = relu ? larger(sum[v], (floats){0}) : sum[v];
}

/* Few rows use the strips of b where they lie; what is left of its columns is packed in any case. */
static void windows_product(size_t m, size_t n, const struct ten_windows *a, const float *b, const float *bias,
                            bool relu, bool pool, float *out, uint8_t *place, float *scratch) {
    size_t taps = a->segments * a->depth, ready = m <= 3 * WINDOW_M ? n / TILE_N * TILE_N : 0, j = 0;
    pack(b + ready, 1, n, n - ready, taps, TILE_N, scratch);
    if (m == 1) {
        for (; j + 2 * TILE_N <= ready; j += 2 * TILE_N) single_row(a, b + j, n, 4, bias + j, relu, out + j);
        for (; j < ready; j += TILE_N) single_row(a, b + j, n, 2, bias + j, relu, out + j);
    }
    for (; j < n; j += TILE_N) {
        float starts[TILE_N] = {0};
        size_t columns = smaller(n - j, TILE_N);
        bool packed = j >= ready;
        memcpy(starts, bias + j, columns * sizeof *starts);
        window_strip(a, m, packed ? scratch + (j - ready) * taps : b + j, packed ? TILE_N : n, columns, starts, relu,
                     pool, n, out + j, place ? place + j : NULL);
    }
}

/* Taps tap[0..rows-1] of each pixel with its gradient; neighbours: they lie side by side. */
INLINE void weight_tile(const struct ten_windows *a, size_t first, size_t pixels, const size_t tap[WINDOW_M],
                        size_t rows, bool neighbours, const float *g, size_t ldg, size_t columns, bool wide, bool add,
                        size_t n, float *out) {
    floats sum[WINDOW_M][2] = {0};
    const uint32_t *offset = a->offsets + first;
    const float *data = a->data + tap[0];
    g += first * ldg;
    for (size_t p = 0; p < pixels; p++, g += ldg) {
        floats low = *(const floats *)g, high = wide ? *(const floats *)(g + LANES) : low;
        const float *at = data + offset[p];
#pragma GCC unroll 12
        for (int i = 0; i < WINDOW_M; i++) {
            float x = neighbours ? at[i] : a->data[offset[p] + tap[i]];
            sum[i][0] += x * low;
            if (wide) sum[i][1] += x * high;
        }
    }
    put_rows(sum, rows, columns, add, out, n);
}

static void weight_tiles(const struct ten_windows *a, size_t first, size_t pixels, const float *g, size_t ldg,
                         size_t columns, bool add, size_t n, float *out) {
    size_t taps = a->segments * a->depth;
    for (size_t t = 0, rows; t < taps; t += rows) {
        size_t tap[WINDOW_M], left = a->depth - t % a->depth;
        bool neighbours = left >= WINDOW_M;
        rows = a->depth < WINDOW_M ? smaller(taps - t, WINDOW_M) : smaller(left, WINDOW_M);
        for (size_t i = 0; i < WINDOW_M; i++) {
            size_t number = t + smaller(i, rows - 1);
            tap[i] = number / a->depth * a->step + number % a->depth;
        }
        float *to = out + t * n;
        if (columns > LANES && neighbours)
            weight_tile(a, first, pixels, tap, rows, true, g, ldg, columns, true, add, n, to);
        else if (columns > LANES)
            weight_tile(a, first, pixels, tap, rows, false, g, ldg, columns, true, add, n, to);
        else if (neighbours)
            weight_tile(a, first, pixels, tap, rows, true, g, ldg, columns, false, add, n, to);
        else
            weight_tile(a, first, pixels, tap, rows, false, g, ldg, columns, false, add, n, to);
    }
}

static void windows_weights(size_t m, size_t n, const struct ten_windows *a, const float *g, bool accumulate,
                            float *out, float *scratch) {
    for (size_t p = 0; p < m; p += PIXELS)
        for (size_t j = 0; j < n; j += TILE_N) {
            size_t columns = smaller(n - j, TILE_N), pixels = smaller(m - p, PIXELS), ldg = n;
            const float *from = g + j;
            if (columns != TILE_N && columns != LANES) { /* loads of whole registers stay inside */
                memset(scratch, 0, pixels * TILE_N * sizeof *scratch);
                for (size_t i = 0; i < pixels; i++)
                    memcpy(scratch + i * TILE_N, from + (p + i) * n, columns * sizeof *scratch);
                from = scratch - p * TILE_N;
                ldg = TILE_N;
            }
            weight_tiles(a, p, pixels, from, ldg, columns, accumulate || p > 0, n, out + j);
        }
}

INLINE void spread_tile(const struct ten_windows *a, float *data, size_t first, size_t rows, const float *g, size_t n,
                        const float *restrict b, size_t columns, bool wide) {
    floats sum[WINDOW_M][2] = {0};
    const float *row[WINDOW_M];
#pragma GCC unroll 12
    for (int i = 0; i < WINDOW_M; i++) row[i] = g + (first + smaller((size_t)i, rows - 1)) * n;
    for (size_t d = 0; d < n; d++, b += TILE_N) {
        floats low = *(const floats *)b, high = wide ? *(const floats *)(b + LANES) : low;
#pragma GCC unroll 12
        for (int i = 0; i < WINDOW_M; i++) {
            sum[i][0] += row[i][d] * low;
            if (wide) sum[i][1] += row[i][d] * high;
        }
    }
    if (rows == WINDOW_M && columns == TILE_N) {
#pragma GCC unroll 12
        for (size_t i = 0; i < WINDOW_M; i++) put(data + a->offsets[first + i], sum[i], TILE_N, true);
        return;
    }
    floats edge[WINDOW_M][2];
    memcpy(edge, sum, sizeof edge);
    for (size_t i = 0; i < rows; i++) put(data + a->offsets[first + i], edge[i], columns, true);
}

static void windows_spread(size_t m, size_t n, const struct ten_windows *a, const float *g, const float *b, float *data,
                           float *scratch) {
    size_t strips = (a->depth + TILE_N - 1) / TILE_N;
    for (size_t s = 0; s < a->segments; s++)
        pack(b + s * a->depth * n, n, 1, a->depth, n, TILE_N, scratch + s * strips * TILE_N * n);
    for (size_t s = 0; s < a->segments; s++)
        for (size_t strip = 0; strip < strips; strip++) {
            size_t columns = smaller(a->depth - strip * TILE_N, TILE_N);
            const float *packed = scratch + (s * strips + strip) * TILE_N * n;
            float *to = data + s * a->step + strip * TILE_N;
            for (size_t i = 0; i < m; i += WINDOW_M) {
                if (columns > LANES)
                    spread_tile(a, to, i, smaller(m - i, WINDOW_M), g, n, packed, columns, true);
                else
                    spread_tile(a, to, i, smaller(m - i, WINDOW_M), g, n, packed, columns, false);
            }
        }
}

static void windows_finish(size_t m, size_t n, const float *raw, const float *bias, bool relu, bool pool, float *out,
                           uint8_t *place) {
    size_t group = pool ? 4 : 1;
    for (size_t i = 0; i < m; i += group, raw += group * n, out += n, place = place ? place + n : NULL)
        for (size_t j = 0; j < n; j += LANES) {
            size_t columns = smaller(n - j, LANES);
            floats sum[4][2] = {0}, start = load_some(bias + j, columns);
            for (size_t r = 0; r < group; r++) {
                sum[r][0] = load_some(raw + r * n + j, columns) + start;
                if (relu) sum[r][0] = larger(sum[r][0], (floats){0});
            }
            if (pool)
                put_largest(sum, columns, out + j, place ? place + j : NULL);
            else if (columns == LANES)
                *(floats *)(out + j) = sum[0][0];
            else
                put(out + j, sum[0], columns, false);
        }
}

/* The rows of a pool, or the one row: what passes where it belongs, 0 elsewhere. */
INLINE void give(floats x, const uint8_t *place, size_t n, float *raw) {
    if (!place) {
        *(floats *)raw = x;
        return;
    }
    ints which = widen_lanes(place);
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) *(floats *)(raw + (size_t)r * n) = (floats)((ints)x & (which == r));
}

/* One register's columns of all rows: its sums stay where they are added up. */
static void windows_gate(size_t m, size_t n, const float *out, const uint8_t *place, const float *g, float *raw,
                         float *sums) {
    size_t rows = place ? 4 : 1, ready = n / LANES * LANES;
    for (size_t j = 0; j < ready; j += LANES) {
        floats sum = {0};
        if (sums) sum = *(const floats *)(sums + j);
        for (size_t i = 0, at = j; i < m; i++, at += n) {
            floats x = *(const floats *)(g + at);
            if (out) x = (floats)((ints)x & (*(const floats *)(out + at) > 0));
            sum += x;
            give(x, place ? place + at : NULL, n, raw + rows * n * i + j);
        }
        if (sums) *(floats *)(sums + j) = sum;
    }
    for (size_t i = 0; i < m && ready < n; i++)
        for (size_t j = ready; j < n; j++) {
            size_t at = i * n + j;
            float x = out && !(out[at] > 0) ? 0 : g[at];
            if (sums) sums[j] += x;
            for (size_t r = 0; r < rows; r++) raw[(rows * i + r) * n + j] = !place || place[at] == r ? x : 0;
        }
}
