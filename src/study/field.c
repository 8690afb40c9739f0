/* Interpolation on a grid makes the sums over all pairs a convolution (Linderman et al. 2019, "Fast interpolation-based
 * t-SNE"), here with one charge a point instead of four: the sum of w = 1 / (1 + r^2) is a potential, and what is
 * wanted besides, the sum of w^2 (y_i - y_j), is minus half its slope. For a slope to be had, the interpolation is by
 * cubic splines (as in the smooth particle-mesh method of Essmann et al. 1995), which are twice differentiable: points
 * are spread over 4 x 4 nodes each, the grid is convolved with w sampled at the nodes, divided in Fourier space by the
 * splines' own transform for each of the two interpolations, and read at the points through the same splines.
 *
 * The order of work. Rows of the grid go in bands of 32: sixteen are the real parts and sixteen the imaginary parts of
 * sixteen transforms side by side, taken apart afterwards. Columns of the half spectrum go in blocks of sixteen:
 * forward, times the influence, back. All sums are made in the order of rows and points, whatever the threads. */
#include "study/field.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = TEN_FFT_LANES,
    BAND = 2 * LANES, /* rows of a band, and floats of a line of a buffer */
    STENCIL = 4,
    LEAST_SIDE = 64,
    MOST_SIDE = 8192
};

/* A node every 0.25: the forces are then off by some thousandths (a node every 0.5: by 4 %). Where the points lie close
 * together, as in the beginning, nodes do, too. */
static const double coarsest = 0.25, finest = 1.0 / 16;

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef float square[LANES][LANES];

/* ---- Turning squares of numbers --------------------------------------------------------------------------------- */

static inline void turn(const float *from, size_t line, float *to, size_t width) {
    quad a = *(const quad *)from, b = *(const quad *)(from + line);
    quad c = *(const quad *)(from + 2 * line), d = *(const quad *)(from + 3 * line);
    quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    quad ba = __builtin_shufflevector(a, b, 2, 6, 3, 7), dc = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(quad *)(to + width) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(quad *)(to + 2 * width) = __builtin_shufflevector(ba, dc, 0, 1, 4, 5);
    *(quad *)(to + 3 * width) = __builtin_shufflevector(ba, dc, 2, 3, 6, 7);
}

/* to[j * width + i] = from[i * line + j], sixteen by sixteen */
static void turn_square(const float *from, size_t line, float *to, size_t width) {
    for (size_t i = 0; i < LANES; i += 4)
        for (size_t j = 0; j < LANES; j += 4) turn(from + i * line + j, line, to + j * width + i, width);
}

/* ---- The grid --------------------------------------------------------------------------------------------------- */

static size_t blocks_of(const struct ten_field *field) { return field->side / LANES + 1; }
static size_t bands_of(const struct ten_field *field) { return field->side / BAND; }

static float *buffer_of(const struct ten_field *field, size_t thread) {
    return field->buffers + thread * 2 * field->side * BAND;
}

static void release_grid(struct ten_field *field) {
    ten_fourier_release(&field->fourier);
    free(field->spectrum);
    free(field->influence);
    free(field->potential);
    free(field->buffers);
    free(field->starts);
    field->spectrum = field->influence = field->potential = field->buffers = NULL;
    field->starts = NULL;
    field->side = 0;
}

enum ten_status ten_field_init(struct ten_field *field, size_t count, const struct ten_run *run,
                               struct ten_error *error) {
    *field = (struct ten_field){.count = count, .threads = ten_threads(run)};
    field->order = ten_alloc(count, sizeof *field->order);
    return field->order ? TEN_OK : ten_fail_memory(error, "the field of forces");
}

void ten_field_release(struct ten_field *field) {
    release_grid(field);
    free(field->order);
    *field = (struct ten_field){0};
}

/* The influence is real and even in both directions. Its transform along x: rows `32 task`.. of lags, as real and
 * imaginary parts, into spectrum[blocks][2 side][16]. */
static enum ten_status sample_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct ten_field *field = context;
    size_t side = field->side, size = 2 * side;
    float *buffer = buffer_of(field, thread);
    double squared = field->step * field->step;
    for (size_t k = 0; k < size; k++) {
        double x = (double)(k <= side ? k : size - k);
        for (size_t r = 0; r < BAND; r++) {
            double y = (double)(task * BAND + r);
            buffer[k * BAND + r] = (float)(1 / (1 + squared * (x * x + y * y)));
        }
    }
    ten_kernels()->fft(&field->fourier.plan, buffer);
    for (size_t k = 0; k <= side; k++)
        for (size_t r = 0; r < BAND && task * BAND + r <= side; r++) {
            size_t line = k / LANES * size + task * BAND + r;
            field->spectrum[line * LANES + k % LANES] = buffer[field->fourier.place[k] * BAND + r];
        }
    return TEN_OK;
}

/* 1 over the square of the splines' transform: a cubic spline is 2/3 at its node and 1/6 at the next. */
static double sharpening(size_t frequency, size_t size) {
    double angle = 2 * 3.14159265358979323846 * (double)frequency / (double)size, own = (2 + cos(angle)) / 3;
    return 1 / (own * own);
}

static enum ten_status sample_columns(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct ten_field *field = context;
    size_t side = field->side, size = 2 * side;
    float *buffer = buffer_of(field, thread), *influence = field->influence + task * size * LANES;
    double share = 0.5 / ((double)size * (double)size), along_x[LANES]; /* a half: rows are taken apart undivided */
    for (size_t y = 0; y < size; y++) {
        size_t lag = y <= side ? y : size - y;
        memcpy(buffer + y * BAND, field->spectrum + (task * size + lag) * LANES, LANES * sizeof *buffer);
        memset(buffer + y * BAND + LANES, 0, LANES * sizeof *buffer);
    }
    ten_kernels()->fft(&field->fourier.plan, buffer);
    for (size_t l = 0; l < LANES; l++) along_x[l] = share * sharpening(task * LANES + l, size);
    for (size_t k = 0; k < size; k++) {
        size_t place = field->fourier.place[k];
        double along_y = sharpening(k, size);
        for (size_t l = 0; l < LANES; l++)
            influence[place * LANES + l] =
                task * LANES + l <= side ? (float)((double)buffer[place * BAND + l] * along_y * along_x[l]) : 0;
    }
    return TEN_OK;
}

static enum ten_status make_influence(struct ten_field *field, const struct ten_run *run, struct ten_error *error) {
    memset(field->spectrum, 0, blocks_of(field) * field->side * BAND * sizeof *field->spectrum);
    enum ten_status status = ten_parallel(run, NULL, NULL, 0, bands_of(field) + 1, sample_rows, field, error);
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, blocks_of(field), sample_columns, field, error);
    return status;
}

static enum ten_status make_grid(struct ten_field *field, size_t side, double step, const struct ten_run *run,
                                 struct ten_error *error) {
    if (side != field->side) {
        release_grid(field);
        enum ten_status status = ten_fourier_init(&field->fourier, 2 * side, error);
        if (status != TEN_OK) return status;
        field->side = side;
        field->spectrum = ten_alloc(blocks_of(field) * side, BAND * sizeof *field->spectrum);
        field->influence = ten_alloc(blocks_of(field) * 2 * side, LANES * sizeof *field->influence);
        field->potential = ten_alloc(bands_of(field) * side, TEN_FIELD_ROWS * sizeof *field->potential);
        field->buffers = ten_alloc(field->threads * 2 * side, BAND * sizeof *field->buffers);
        field->starts = ten_alloc(side + 2, sizeof *field->starts);
        if (!field->spectrum || !field->influence || !field->potential || !field->buffers || !field->starts) {
            release_grid(field);
            return ten_fail_memory(error, "the field of forces");
        }
    }
    field->step = step;
    return make_influence(field, run, error);
}

/* Puts the grid around the points, a new one only if they no longer fit, or have drawn together much. */
static enum ten_status place_grid(struct ten_field *field, const struct ten_run *run, struct ten_error *error) {
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    bool finite = true;
    for (size_t i = 0; i < field->count; i++) {
        float x = field->x[i], y = field->y[i];
        finite &= isfinite(x) && isfinite(y);
        low[0] = fminf(low[0], x), high[0] = fmaxf(high[0], x);
        low[1] = fminf(low[1], y), high[1] = fmaxf(high[1], y);
    }
    double width = fmax((double)high[0] - (double)low[0], (double)high[1] - (double)low[1]);
    if (!finite || width > (MOST_SIDE - 2 * STENCIL) * coarsest)
        return ten_fail(error, TEN_NUMERIC, "the points have flown apart: the widest extent is %g", width);
    double step = coarsest;
    while (step > finest && width / step < LEAST_SIDE - 2 * STENCIL) step /= 2;
    size_t needed = (size_t)ceil(width / step) + 2 * STENCIL;
    enum ten_status status = TEN_OK;
    if (step != field->step || needed > field->side || 2 * needed < field->side) {
        size_t side = BAND * ten_fourier_size((needed + BAND - 1) / BAND);
        if (side < LEAST_SIDE) side = LEAST_SIDE;
        if (step != field->step || side != field->side) status = make_grid(field, side, step, run, error);
    }
    double half = (double)(field->side - 1) / 2 * step;
    field->left = ((double)low[0] + (double)high[0]) / 2 - half;
    field->top = ((double)low[1] + (double)high[1]) / 2 - half;
    return status;
}

/* ---- Points and nodes ------------------------------------------------------------------------------------------- */

/* The first of the four nodes along an axis, and how far beyond the second a coordinate lies, in steps. */
static inline size_t locate(const struct ten_field *field, float at, double origin, float *beyond) {
    double place = ((double)at - origin) / field->step;
    size_t node = (size_t)place;
    *beyond = (float)(place - (double)node);
    return node - 1;
}

static inline quad weights(float t) {
    float s = 1 - t;
    return (quad){s * s * s, 4 - 3 * t * t * (2 - t), 4 - 3 * s * s * (2 - s), t * t * t} * (1.0f / 6);
}

static inline quad slopes(float t) {
    float s = 1 - t;
    return (quad){-s * s, t * (3 * t - 4), -s * (3 * s - 4), t * t} * 0.5f;
}

/* The points in the order of the row in which their stencils begin, equal ones in their own order: those of row r are
 * order[starts[r]] to below [starts[r + 1]]. */
static void sort_points(struct ten_field *field) {
    size_t *starts = field->starts;
    float beyond;
    memset(starts, 0, (field->side + 2) * sizeof *starts);
    for (size_t i = 0; i < field->count; i++) starts[locate(field, field->y[i], field->top, &beyond) + 2]++;
    for (size_t r = 2; r < field->side + 2; r++) starts[r] += starts[r - 1]; /* one place too far: moved up below */
    for (size_t i = 0; i < field->count; i++)
        field->order[starts[locate(field, field->y[i], field->top, &beyond) + 1]++] = (uint32_t)i;
}

/* buffer[side][32 rows] of a band */
static void spread_point(const struct ten_field *field, size_t i, size_t band, float *buffer) {
    float right, down;
    size_t column = locate(field, field->x[i], field->left, &right),
           row = locate(field, field->y[i], field->top, &down);
    quad across = weights(right), along = weights(down);
    bool inside = row >= band * BAND && row + STENCIL <= (band + 1) * BAND;
    for (size_t c = 0; c < STENCIL; c++) {
        float *line = buffer + (column + c) * BAND;
        if (inside) {
            *(quad *)(line + (row - band * BAND)) += along * across[c];
            continue;
        }
        for (size_t r = 0; r < STENCIL; r++)
            if ((row + r) / BAND == band) line[(row + r) % BAND] += along[r] * across[c];
    }
}

/* Rows r and r + 16 of a band went in as one complex row Z: their transforms are Z(k) + conj Z(-k) and
 * -i (Z(k) - conj Z(-k)), halved, which the influence does. */
static void take_apart(const struct ten_field *field, size_t band, const float *buffer) {
    size_t side = field->side, size = 2 * side;
    for (size_t block = 0; block < blocks_of(field); block++) {
        square parts[4] __attribute__((aligned(64))) = {{{0}}};
        for (size_t l = 0; l < LANES && block * LANES + l <= side; l++) {
            size_t k = block * LANES + l;
            const float *plus = buffer + (size_t)field->fourier.place[k] * BAND;
            const float *minus = buffer + (size_t)field->fourier.place[(size - k) % size] * BAND;
            for (size_t r = 0; r < LANES; r++) {
                parts[0][l][r] = plus[r] + minus[r];
                parts[1][l][r] = plus[LANES + r] - minus[LANES + r];
                parts[2][l][r] = plus[LANES + r] + minus[LANES + r];
                parts[3][l][r] = minus[r] - plus[r];
            }
        }
        float *lines = field->spectrum + (block * side + band * BAND) * BAND;
        for (size_t p = 0; p < 4; p++)
            turn_square(parts[p][0], LANES, lines + p / 2 * LANES * BAND + p % 2 * LANES, BAND);
    }
}

static void put_together(const struct ten_field *field, size_t band, float *buffer) {
    size_t side = field->side, size = 2 * side;
    for (size_t block = 0; block < blocks_of(field); block++) {
        square parts[4] __attribute__((aligned(64)));
        const float *lines = field->spectrum + (block * side + band * BAND) * BAND;
        for (size_t p = 0; p < 4; p++)
            turn_square(lines + p / 2 * LANES * BAND + p % 2 * LANES, BAND, parts[p][0], LANES);
        for (size_t l = 0; l < LANES && block * LANES + l <= side; l++) {
            size_t k = block * LANES + l;
            float *plus = buffer + (size_t)field->fourier.place[k] * BAND;
            float *minus = buffer + (size_t)field->fourier.place[(size - k) % size] * BAND;
            for (size_t r = 0; r < LANES; r++) {
                minus[r] = parts[0][l][r] + parts[3][l][r];
                minus[LANES + r] = parts[2][l][r] - parts[1][l][r];
            }
            for (size_t r = 0; r < LANES; r++) {
                plus[r] = parts[0][l][r] - parts[3][l][r];
                plus[LANES + r] = parts[2][l][r] + parts[1][l][r];
            }
        }
    }
}

/* ---- The three rounds ------------------------------------------------------------------------------------------- */

static enum ten_status spread_band(void *context, size_t band, size_t thread, struct ten_error *error) {
    (void)error;
    const struct ten_field *field = context;
    float *buffer = buffer_of(field, thread);
    memset(buffer, 0, 2 * field->side * BAND * sizeof *buffer);
    size_t first = band ? band * BAND - (STENCIL - 1) : 0; /* the first row of which stencils reach down here */
    for (size_t p = field->starts[first]; p < field->starts[(band + 1) * BAND]; p++)
        spread_point(field, field->order[p], band, buffer);
    ten_kernels()->fft(&field->fourier.plan, buffer);
    take_apart(field, band, buffer);
    return TEN_OK;
}

static enum ten_status convolve_block(void *context, size_t block, size_t thread, struct ten_error *error) {
    (void)error;
    const struct ten_field *field = context;
    size_t side = field->side;
    float *buffer = buffer_of(field, thread), *lines = field->spectrum + block * side * BAND;
    const float *influence = field->influence + block * 2 * side * LANES;
    memcpy(buffer, lines, side * BAND * sizeof *buffer);
    memset(buffer + side * BAND, 0, side * BAND * sizeof *buffer);
    ten_kernels()->fft(&field->fourier.plan, buffer);
    for (size_t k = 0; k < 2 * side; k++)
        for (size_t l = 0; l < LANES; l++) {
            buffer[k * BAND + l] *= influence[k * LANES + l];
            buffer[k * BAND + LANES + l] *= influence[k * LANES + l];
        }
    ten_kernels()->fft_back(&field->fourier.plan, buffer);
    memcpy(lines, buffer, side * BAND * sizeof *buffer);
    return TEN_OK;
}

static enum ten_status finish_band(void *context, size_t band, size_t thread, struct ten_error *error) {
    (void)error;
    const struct ten_field *field = context;
    size_t side = field->side;
    float *buffer = buffer_of(field, thread), *own = field->potential + band * side * TEN_FIELD_ROWS;
    put_together(field, band, buffer);
    ten_kernels()->fft_back(&field->fourier.plan, buffer);
    for (size_t x = 0; x < side; x++) {
        memcpy(own + x * TEN_FIELD_ROWS, buffer + x * BAND, BAND * sizeof *own);
        if (band) /* the stencils of the band above reach down here */
            memcpy(own + x * TEN_FIELD_ROWS - side * TEN_FIELD_ROWS + BAND, buffer + x * BAND, 4 * sizeof *own);
    }
    return TEN_OK;
}

enum ten_status ten_field_set(struct ten_field *field, const float *x, const float *y, const struct ten_run *run,
                              struct ten_error *error) {
    field->x = x;
    field->y = y;
    enum ten_status status = place_grid(field, run, error);
    if (status != TEN_OK) return status;
    sort_points(field);
    status = ten_parallel(run, NULL, NULL, 0, bands_of(field), spread_band, field, error);
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, blocks_of(field), convolve_block, field, error);
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, bands_of(field), finish_band, field, error);
    return status;
}

void ten_field_get(const struct ten_field *field, size_t first, size_t count, float *fx, float *fy, float *sums) {
    float share = (float)(-0.5 / field->step);
    for (size_t i = first; i < first + count; i++) {
        float right, down;
        size_t column = locate(field, field->x[i], field->left, &right);
        size_t row = locate(field, field->y[i], field->top, &down);
        const float *at = field->potential + (row / BAND * field->side + column) * TEN_FIELD_ROWS + row % BAND;
        quad across = weights(right), along = weights(down), slope = slopes(right);
        quad value = {0}, tilt = {0};
        for (size_t c = 0; c < STENCIL; c++) {
            quad nodes = *(const quad *)(at + c * TEN_FIELD_ROWS);
            value += across[c] * nodes;
            tilt += slope[c] * nodes;
        }
        quad steep = slopes(down), sum = value * along, force_x = tilt * along, force_y = value * steep;
        sums[i] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        fx[i] = share * ((force_x[0] + force_x[1]) + (force_x[2] + force_x[3]));
        fy[i] = share * ((force_y[0] + force_y[1]) + (force_y[2] + force_y[3]));
    }
}
