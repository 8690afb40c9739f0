/* Convolution with windows of 3x3 and stride 1 by minimal filtering, F(2x2, 3x3) (Winograd 1980; Lavin and Gray 2016,
 * section 4.1); part of set.c. Tiles of 4x4 pixels, two apart, and the weights are taken to 16 points, where a tile's
 * four outputs cost 16 products for each pair of channels instead of 36; sums over channels, at each point for itself,
 * are matrix products. The gradient to the weights is the same with the roles turned, F(3x3, 2x2): the tile's gradient
 * is the filter, the weights are the output. */

enum { POINTS = 16, GRADIENT_TILES = 32 };

/* What becomes of values at the points: they stay as they are, are rounded to bfloat16, or are rounded and put side by
 * side with their partner in a 32-bit word, for instructions that multiply pairs: NEIGHBOURS are two channels of a
 * tile, a LOWER and an UPPER one the same channel of two tiles. */
enum form { SINGLE, ROUNDED, NEIGHBOURS, LOWER, UPPER };
#if defined(__AVX512BF16__)
#define CHANNEL_FORM NEIGHBOURS
#define TILE_FORM    LOWER
#else
#define CHANNEL_FORM ROUNDED
#define TILE_FORM    ROUNDED
#endif

typedef uint32_t words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE words round_words(floats x) {
    words bits = (words)x;
    return (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
}

/* Writes LANES values; `to` is that of the first one, `at` counts values behind it. */
INLINE void put_points(floats x, enum form form, float *to, size_t at) {
    switch (form) {
    case SINGLE: *(floats *)(to + at) = x; break;
    case ROUNDED: *(words *)(to + at) = round_words(x); break;
    case NEIGHBOURS:
#if defined(__AVX512BF16__)
        _mm256_storeu_si256((__m256i *)((uint16_t *)to + at), (__m256i)_mm512_cvtneps_pbh((__m512)x));
#endif
        break;
    case LOWER: *(words *)(to + at) = round_words(x) >> 16; break;
    case UPPER: *(words *)(to + at) |= round_words(x); break;
    }
}

/* The four points of a line of four pixels, `step` vectors apart. */
INLINE void line_to_points(const floats *d, size_t step, floats *out) {
    out[0] = d[0] - d[2 * step];
    out[step] = d[step] + d[2 * step];
    out[2 * step] = d[2 * step] - d[step];
    out[3 * step] = d[step] - d[3 * step];
}

/* A tile of 4x4 pixels, LANES channels of each, to its points, which are written from `at` on, `apart` values apart. */
INLINE void tile_to_points(const floats d[POINTS], enum form form, float *points, size_t at, size_t apart) {
    floats t[POINTS], v[POINTS];
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) line_to_points(d + x, 4, t + x);
#pragma GCC unroll 4
    for (int y = 0; y < 4; y++) line_to_points(t + 4 * y, 1, v + 4 * y);
#pragma GCC unroll 16
    for (size_t p = 0; p < POINTS; p++) put_points(v[p], form, points, at + p * apart);
}

/* Where tile `number` lies, counted along rows of `across` tiles, `down` of them an image. */
struct tile_place {
    size_t image, y, x;
};
INLINE struct tile_place place_of(size_t number, size_t down, size_t across) {
    return (struct tile_place){number / (down * across), number / across % down * 2, number % across * 2};
}

/* A tile's points from value `first` on. Pixels outside the image are 0. */
INLINE void take_tile(const struct ten_images *in, struct tile_place at, size_t padded, enum form form, float *points,
                      size_t first, size_t apart) {
    size_t channels = in->channels, line = in->width * channels;
    const float *from = in->data + ((at.image * in->height + at.y) * in->width + at.x) * channels;
    bool whole = at.y + 4 <= in->height && at.x + 4 <= in->width;
    for (size_t c = 0; c < padded; c += LANES) {
        floats d[POINTS];
        if (whole && c + LANES <= channels) {
#pragma GCC unroll 16
            for (size_t p = 0; p < POINTS; p++) d[p] = *(const floats *)(from + p / 4 * line + p % 4 * channels + c);
        } else {
            for (size_t p = 0; p < POINTS; p++) {
                bool inside = at.y + p / 4 < in->height && at.x + p % 4 < in->width;
                d[p] = (floats){0};
                if (inside) d[p] = load_some(from + p / 4 * line + p % 4 * channels + c, channels - c);
            }
        }
        tile_to_points(d, form, points, first + c, apart);
    }
}

/* One line of the filters' way to the points: three taps to four. */
INLINE void taps_to_points(const floats *w, size_t step, floats *out, size_t apart) {
    floats ends = (w[0] + w[2 * step]) * 0.5f, middle = w[step] * 0.5f;
    out[0] = w[0];
    out[apart] = ends + middle;
    out[2 * apart] = ends - middle;
    out[3 * apart] = w[2 * step];
}

/* The weights from input i to LANES outputs from j on, at the points. */
static void filter_points(size_t channels, size_t n, const float *b, bool turned, size_t i, size_t j,
                          floats v[POINTS]) {
    size_t columns = smaller((turned ? channels : n) - j, LANES);
    floats w[9], t[12];
    for (size_t k = 0; k < 9; k++) {
        if (!turned) {
            w[k] = load_some(b + (k * channels + i) * n + j, columns);
            continue;
        }
        const float *from = b + ((8 - k) * channels + j) * n + i;
        float some[LANES] = {0};
        for (size_t l = 0; l < columns; l++) some[l] = from[l * n];
        w[k] = *(const floats *)some;
    }
    for (size_t x = 0; x < 3; x++) taps_to_points(w + x, 3, t + x, 3);
    for (size_t y = 0; y < 4; y++) taps_to_points(t + 3 * y, 1, v + 4 * y, 1);
}

/* Strips of TILE_N outputs, each [POINTS][inputs][TILE_N]; in pairs, [POINTS][pairs of inputs][TILE_N] words. */
INLINE void make_filters(size_t channels, size_t n, const float *b, bool turned, enum form form, float *filters) {
    size_t inputs = turned ? n : channels, outputs = turned ? channels : n;
    size_t lines = form == NEIGHBOURS ? (inputs + 1) / 2 : inputs;
    for (size_t j = 0; j < round_up(outputs, TILE_N); j += LANES) {
        float *strip = filters + j / TILE_N * TILE_N * POINTS * lines + j % TILE_N;
        for (size_t i = 0; i < inputs; i++) {
            floats v[POINTS] = {0};
            if (j < outputs) filter_points(channels, n, b, turned, i, j, v);
            for (size_t p = 0; p < POINTS; p++) {
                if (form == NEIGHBOURS)
                    put_points(v[p], i % 2 ? UPPER : LOWER, strip + (p * lines + i / 2) * TILE_N, 0);
                else
                    put_points(v[p], form, strip + (p * lines + i) * TILE_N, 0);
            }
        }
    }
}

/* sum += x y, or with pairs the products of both halves. */
INLINE floats add_product(floats sum, const float *x, floats y, bool pairs) {
#if defined(__AVX512BF16__)
    if (pairs) {
        int32_t both;
        memcpy(&both, x, sizeof both);
        return (floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(both), (__m512bh)y);
    }
#endif
    (void)pairs;
    return sum + *x * y;
}

/* m[rows x TILE_N] = v[rows x lines] (rows `line` floats or words apart) b[lines x TILE_N]. */
INLINE void point_product(size_t rows, const float *v, size_t line, size_t lines, const float *restrict b, bool wide,
                          bool pairs, float *m) {
    floats sum[WINDOW_M][2] = {0};
    for (size_t c = 0; c < lines; c++, b += TILE_N) {
        floats low = *(const floats *)b, high = wide ? *(const floats *)(b + LANES) : low;
#pragma GCC unroll 12
        for (size_t i = 0; i < rows; i++) {
            sum[i][0] = add_product(sum[i][0], v + i * line + c, low, pairs);
            if (wide) sum[i][1] = add_product(sum[i][1], v + i * line + c, high, pairs);
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++) {
        *(floats *)(m + i * TILE_N) = sum[i][0];
        if (wide) *(floats *)(m + i * TILE_N + LANES) = sum[i][1];
    }
}

INLINE void all_points(size_t rows, const float *v, size_t line, size_t lines, const float *b, bool wide, bool pairs,
                       float *m) {
    for (size_t p = 0; p < POINTS; p++)
        point_product(rows, v + p * WINDOW_M * line, line, lines, b + p * lines * TILE_N, wide, pairs,
                      m + p * WINDOW_M * TILE_N);
}

/* The rows that a product is made of: a multiple of ROW_STEP. */
enum { ROW_STEP = LANES == 16 ? 3 : WINDOW_M };

INLINE void points_of_strip(size_t tiles, const float *v, size_t line, size_t lines, const float *b, bool wide,
                            bool pairs, float *m) {
    size_t rows = (tiles + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
#define ROWS(count)                                                                                                    \
    (wide ? all_points(count, v, line, lines, b, true, pairs, m)                                                       \
          : all_points(count, v, line, lines, b, false, pairs, m))
    if (rows == WINDOW_M) ROWS(WINDOW_M);
#if defined(__AVX512F__)
    else if (rows == 9)
        ROWS(9);
    else if (rows == 6)
        ROWS(6);
    else
        ROWS(3);
#endif
#undef ROWS
}

/* The four outputs of a tile from its points, which are `apart` floats apart. */
INLINE void points_to_pixels(const float *m, size_t apart, floats start, bool relu, floats out[4]) {
    floats s[2][4];
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++) {
        floats a = *(const floats *)(m + x * apart), b = *(const floats *)(m + (4 + x) * apart);
        floats c = *(const floats *)(m + (8 + x) * apart), d = *(const floats *)(m + (12 + x) * apart);
        s[0][x] = a + b + c;
        s[1][x] = b - c - d;
    }
#pragma GCC unroll 2
    for (int y = 0; y < 2; y++) {
        floats left = s[y][0] + s[y][1] + s[y][2] + start, right = s[y][1] - s[y][2] - s[y][3] + start;
        out[2 * y] = relu ? larger(left, (floats){0}) : left;
        out[2 * y + 1] = relu ? larger(right, (floats){0}) : right;
    }
}

struct winograd {
    const struct ten_images *in;
    size_t n, out_height, out_width, down, across;
    bool relu, pool;
    float *out;
    uint8_t *place;
};

/* Columns j.. of the outputs of a tile. */
INLINE void put_tile(const struct winograd *w, struct tile_place at, const float *m, size_t j, const float *starts) {
    size_t columns = smaller(w->n - j, TILE_N);
    floats pixels[2][4], sum[4][2];
    for (size_t h = 0; h < 2; h++)
        points_to_pixels(m + h * LANES, WINDOW_M * TILE_N, *(const floats *)(starts + h * LANES), w->relu, pixels[h]);
    for (size_t r = 0; r < 4; r++) sum[r][0] = pixels[0][r], sum[r][1] = pixels[1][r];
    if (w->pool) {
        size_t to = ((at.image * w->down + at.y / 2) * w->across + at.x / 2) * w->n + j;
        put_largest(sum, columns, w->out + to, w->place ? w->place + to : NULL);
        return;
    }
    for (size_t r = 0; r < 4; r++) {
        size_t y = at.y + r / 2, x = at.x + r % 2;
        if (y < w->out_height && x < w->out_width)
            put(w->out + ((at.image * w->out_height + y) * w->out_width + x) * w->n + j, sum[r], columns, false);
    }
}

INLINE void make_product(const struct ten_images *in, size_t n, const float *filters, const float *bias, bool relu,
                         bool pool, float *out, uint8_t *place, float *scratch, enum form form) {
    bool pairs = form == NEIGHBOURS;
    size_t channels = in->channels, padded = round_up(channels, LANES), height = in->height - 2, width = in->width - 2;
    size_t lines = pairs ? (channels + 1) / 2 : channels, line = pairs ? padded / 2 : padded;
    struct winograd w = {in, n, height, width, (height + !pool) / 2, (width + !pool) / 2, relu, pool, out, place};
    float *v = scratch, *m = scratch + POINTS * WINDOW_M * padded;
    for (size_t first = 0, tiles = in->count * w.down * w.across; first < tiles; first += WINDOW_M) {
        size_t some = smaller(tiles - first, WINDOW_M);
        struct tile_place at[WINDOW_M];
        for (size_t i = 0; i < some; i++) {
            at[i] = place_of(first + i, w.down, w.across);
            take_tile(in, at[i], padded, form, v, i * padded, WINDOW_M * padded);
        }
        for (size_t j = 0; j < n; j += TILE_N) {
            float starts[TILE_N] = {0};
            if (bias) memcpy(starts, bias + j, smaller(n - j, TILE_N) * sizeof *starts);
            points_of_strip(some, v, line, lines, filters + j * POINTS * lines, n - j > LANES, pairs, m);
            for (size_t i = 0; i < some; i++) put_tile(&w, at[i], m + i * TILE_N, j, starts);
        }
    }
}

/* ---- The gradient to the weights ---- */

/* The gradient of a tile's 2x2 pixels to its points. */
INLINE void take_gradient(const struct winograd *w, const float *g, struct tile_place at, size_t padded, enum form form,
                          float *points, size_t apart) {
    const float *from = g + ((at.image * w->out_height + at.y) * w->out_width + at.x) * w->n;
    bool below = at.y + 1 < w->out_height, beside = at.x + 1 < w->out_width;
    for (size_t c = 0; c < padded; c += LANES) {
        size_t columns = w->n - c;
        floats zero = {0}, t[4][2];
        floats a = load_some(from + c, columns), b = zero, d = zero, e = zero;
        if (beside) b = load_some(from + w->n + c, columns);
        if (below) d = load_some(from + w->out_width * w->n + c, columns);
        if (below && beside) e = load_some(from + (w->out_width + 1) * w->n + c, columns);
        t[0][0] = a, t[0][1] = b;
        t[1][0] = (a + d) * 0.5f, t[1][1] = (b + e) * 0.5f;
        t[2][0] = (a - d) * 0.5f, t[2][1] = (b - e) * 0.5f;
        t[3][0] = d, t[3][1] = e;
#pragma GCC unroll 4
        for (size_t y = 0; y < 4; y++) {
            size_t to = c + 4 * y * apart;
            put_points(t[y][0], form, points, to);
            put_points((t[y][0] + t[y][1]) * 0.5f, form, points, to + apart);
            put_points((t[y][0] - t[y][1]) * 0.5f, form, points, to + 2 * apart);
            put_points(t[y][1], form, points, to + 3 * apart);
        }
    }
}

/* c[WINDOW_M x TILE_N] (rows ldc apart) = or += v^T t over so many tiles or pairs of them. */
INLINE void gradient_product(size_t steps, const float *v, size_t ldv, const float *restrict t, size_t ldt, bool wide,
                             bool pairs, bool add, float *c, size_t ldc) {
    floats sum[WINDOW_M][2] = {0};
    for (size_t k = 0; k < steps; k++, v += ldv, t += ldt) {
        floats low = *(const floats *)t, high = wide ? *(const floats *)(t + LANES) : low;
#pragma GCC unroll 12
        for (size_t i = 0; i < WINDOW_M; i++) {
            sum[i][0] = add_product(sum[i][0], v + i, low, pairs);
            if (wide) sum[i][1] = add_product(sum[i][1], v + i, high, pairs);
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < WINDOW_M; i++) {
        floats *at = (floats *)(c + i * ldc), *next = (floats *)(c + i * ldc + LANES);
        if (add) sum[i][0] += *at;
        if (add && wide) sum[i][1] += *next;
        *at = sum[i][0];
        if (wide) *next = sum[i][1];
    }
}

/* The points' sums to the nine weights. */
static void points_to_weights(size_t channels, size_t n, const float *sums, size_t room, size_t line, bool add,
                              float *out) {
    for (size_t c = 0; c < channels; c++)
        for (size_t j = 0; j < n; j += LANES) {
            floats s[3][4];
            for (size_t x = 0; x < 4; x++) {
                const float *m = sums + x * room + c * line + j;
                floats a = *(const floats *)m, b = *(const floats *)(m + 4 * room);
                floats d = *(const floats *)(m + 8 * room), e = *(const floats *)(m + 12 * room);
                s[0][x] = a + b + d;
                s[1][x] = b - d;
                s[2][x] = b + d - e;
            }
            for (size_t y = 0; y < 3; y++) {
                floats w[3] = {s[y][0] + s[y][1] + s[y][2], s[y][1] - s[y][2], s[y][1] + s[y][2] - s[y][3]};
                for (size_t x = 0; x < 3; x++) {
                    float *to = out + ((3 * y + x) * channels + c) * n + j;
                    if (n - j >= LANES) {
                        if (add) w[x] += *(floats *)to;
                        *(floats *)to = w[x];
                    } else {
                        float some[LANES];
                        *(floats *)some = w[x];
                        for (size_t l = 0; l < n - j; l++) to[l] = add ? to[l] + some[l] : some[l];
                    }
                }
            }
        }
}

INLINE void make_weights(const struct ten_images *in, size_t n, const float *g, bool accumulate, float *out,
                         float *scratch, enum form form) {
    bool pairs = form == LOWER;
    size_t channels = in->channels, height = in->height - 2, width = in->width - 2, each = pairs ? 2 : 1;
    struct winograd w = {.in = in, .n = n, height, width, (height + 1) / 2, (width + 1) / 2};
    size_t rows = round_up(channels, WINDOW_M), inputs = round_up(channels, LANES), line = round_up(n, TILE_N);
    inputs = rows > inputs ? rows : inputs; /* a tile of the product reads whole rows */
    float *sums = scratch, *v = sums + POINTS * rows * line, *t = v + GRADIENT_TILES * POINTS * inputs;
    size_t tiles = in->count * w.down * w.across;
    for (size_t first = 0; first < tiles; first += GRADIENT_TILES) {
        size_t some = smaller(tiles - first, GRADIENT_TILES), steps = (some + each - 1) / each;
        for (size_t i = 0; i < some; i++) {
            struct tile_place at = place_of(first + i, w.down, w.across);
            float *to = t + i / each * line;
            if (pairs && i % 2) {
                take_tile(in, at, round_up(channels, LANES), UPPER, v, i / 2 * inputs, GRADIENT_TILES * inputs);
                take_gradient(&w, g, at, round_up(n, LANES), UPPER, to, GRADIENT_TILES * line);
            } else {
                take_tile(in, at, round_up(channels, LANES), form, v, i / each * inputs, GRADIENT_TILES * inputs);
                take_gradient(&w, g, at, round_up(n, LANES), form, to, GRADIENT_TILES * line);
            }
        }
        for (size_t p = 0; p < POINTS; p++)
            for (size_t j = 0; j < n; j += TILE_N)
                for (size_t c = 0; c < channels; c += WINDOW_M) {
                    const float *rows_of = v + p * GRADIENT_TILES * inputs + c;
                    const float *columns_of = t + p * GRADIENT_TILES * line + j;
                    float *to = sums + (p * rows + c) * line + j;
                    if (n - j > LANES)
                        gradient_product(steps, rows_of, inputs, columns_of, line, true, pairs, first > 0, to, line);
                    else
                        gradient_product(steps, rows_of, inputs, columns_of, line, false, pairs, first > 0, to, line);
                }
    }
    if (tiles)
        points_to_weights(channels, n, sums, rows * line, line, accumulate, out);
    else if (!accumulate)
        memset(out, 0, 9 * channels * n * sizeof *out);
}

/* ---- The kernels ---- */

static void winograd_filters(size_t channels, size_t n, const float *b, bool turned, float *filters) {
    make_filters(channels, n, b, turned, SINGLE, filters);
}

static void winograd_filters_bf16(size_t channels, size_t n, const float *b, bool turned, float *filters) {
    make_filters(channels, n, b, turned, CHANNEL_FORM, filters);
}

static void winograd_product(const struct ten_images *in, size_t n, const float *filters, const float *bias, bool relu,
                             bool pool, float *out, uint8_t *place, float *scratch) {
    make_product(in, n, filters, bias, relu, pool, out, place, scratch, SINGLE);
}

static void winograd_product_bf16(const struct ten_images *in, size_t n, const float *filters, const float *bias,
                                  bool relu, bool pool, float *out, uint8_t *place, float *scratch) {
    make_product(in, n, filters, bias, relu, pool, out, place, scratch, CHANNEL_FORM);
}

static void winograd_weights(const struct ten_images *in, size_t n, const float *g, bool accumulate, float *out,
                             float *scratch) {
    make_weights(in, n, g, accumulate, out, scratch, SINGLE);
}

static void winograd_weights_bf16(const struct ten_images *in, size_t n, const float *g, bool accumulate, float *out,
                                  float *scratch) {
    make_weights(in, n, g, accumulate, out, scratch, TILE_FORM);
}
