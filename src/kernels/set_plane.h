/* Part of set.c: Fourier transforms, sixteen side by side, and the forces between points in a plane. */
#ifndef TEN_KERNELS_SET_PLANE_H
#define TEN_KERNELS_SET_PLANE_H

/* ---- Fourier transforms --------------------------------------------------------------------------------- */

/* Forward by decimation in frequency, back by decimation in time with the same stages in reverse: neither needs its
 * numbers put in order (Gentleman and Sande 1966). Small blocks go through all their stages at once, in the first
 * cache. */
enum { FFT_LINE = 2 * TEN_FFT_LANES, FFT_SMALL = 128 /* numbers of a block that stays in the first cache */ };

#define ALWAYS static inline __attribute__((always_inline))

/* A number times -i; times i on the way back. */
ALWAYS void quarter_turn(floats *re, floats *im, bool back) {
    floats kept = *re;
    *re = back ? -*im : *im;
    *im = back ? kept : -kept;
}

ALWAYS void transform_2(floats *re, floats *im) {
    floats r = re[1], i = im[1];
    re[1] = re[0] - r, im[1] = im[0] - i;
    re[0] += r, im[0] += i;
}

ALWAYS void transform_3(floats *re, floats *im, bool back) {
    floats sum_re = re[1] + re[2], sum_im = im[1] + im[2];
    floats turned_re = 0.866025403784438647f * (re[1] - re[2]), turned_im = 0.866025403784438647f * (im[1] - im[2]);
    floats middle_re = re[0] - 0.5f * sum_re, middle_im = im[0] - 0.5f * sum_im;
    quarter_turn(&turned_re, &turned_im, back);
    re[0] += sum_re, im[0] += sum_im;
    re[1] = middle_re + turned_re, im[1] = middle_im + turned_im;
    re[2] = middle_re - turned_re, im[2] = middle_im - turned_im;
}

ALWAYS void transform_4(floats *re, floats *im, bool back) {
    floats a_re = re[0] + re[2], a_im = im[0] + im[2], b_re = re[0] - re[2], b_im = im[0] - im[2];
    floats c_re = re[1] + re[3], c_im = im[1] + im[3], d_re = re[1] - re[3], d_im = im[1] - im[3];
    quarter_turn(&d_re, &d_im, back);
    re[0] = a_re + c_re, im[0] = a_im + c_im;
    re[1] = b_re + d_re, im[1] = b_im + d_im;
    re[2] = a_re - c_re, im[2] = a_im - c_im;
    re[3] = b_re - d_re, im[3] = b_im - d_im;
}

ALWAYS void transform_5(floats *re, floats *im, bool back) {
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f;
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;
    floats a_re = re[1] + re[4], a_im = im[1] + im[4], b_re = re[1] - re[4], b_im = im[1] - im[4];
    floats c_re = re[2] + re[3], c_im = im[2] + im[3], d_re = re[2] - re[3], d_im = im[2] - im[3];
    floats near_re = re[0] + c1 * a_re + c2 * c_re, near_im = im[0] + c1 * a_im + c2 * c_im;
    floats far_re = re[0] + c2 * a_re + c1 * c_re, far_im = im[0] + c2 * a_im + c1 * c_im;
    floats first_re = s1 * b_re + s2 * d_re, first_im = s1 * b_im + s2 * d_im;
    floats second_re = s2 * b_re - s1 * d_re, second_im = s2 * b_im - s1 * d_im;
    quarter_turn(&first_re, &first_im, back);
    quarter_turn(&second_re, &second_im, back);
    re[0] += a_re + c_re, im[0] += a_im + c_im;
    re[1] = near_re + first_re, im[1] = near_im + first_im;
    re[2] = far_re + second_re, im[2] = far_im + second_im;
    re[3] = far_re - second_re, im[3] = far_im - second_im;
    re[4] = near_re - first_re, im[4] = near_im - first_im;
}

ALWAYS void apply_factors(size_t radix, const float *factors, floats *re, floats *im, bool back) {
#pragma GCC unroll 4
    for (size_t q = 1; q < radix; q++) {
        float c = factors[2 * q - 2], s = back ? -factors[2 * q - 1] : factors[2 * q - 1];
        floats r = re[q];
        re[q] = r * c - im[q] * s;
        im[q] = r * s + im[q] * c;
    }
}

/* One stage over a block of m * radix numbers. */
ALWAYS void fft_stage(size_t radix, size_t m, const float *factors, float *data, bool back) {
    for (size_t j = 0; j < m; j++, factors += 2 * (radix - 1))
        for (size_t g = 0; g < TEN_FFT_LANES; g += LANES) {
            floats re[5], im[5];
            float *at = data + j * FFT_LINE + g;
#pragma GCC unroll 5
            for (size_t q = 0; q < radix; q++) {
                re[q] = *(const floats *)(at + q * m * FFT_LINE);
                im[q] = *(const floats *)(at + q * m * FFT_LINE + TEN_FFT_LANES);
            }
            if (back && m > 1) apply_factors(radix, factors, re, im, back);
            if (radix == 2) transform_2(re, im);
            if (radix == 3) transform_3(re, im, back);
            if (radix == 4) transform_4(re, im, back);
            if (radix == 5) transform_5(re, im, back);
            if (!back && m > 1) apply_factors(radix, factors, re, im, back);
#pragma GCC unroll 5
            for (size_t q = 0; q < radix; q++) {
                *(floats *)(at + q * m * FFT_LINE) = re[q];
                *(floats *)(at + q * m * FFT_LINE + TEN_FFT_LANES) = im[q];
            }
        }
}

ALWAYS void fft_stage_of(size_t radix, size_t m, const float *factors, float *data, bool back) {
    switch (radix) {
    case 2: fft_stage(2, m, factors, data, back); break;
    case 3: fft_stage(3, m, factors, data, back); break;
    case 4: fft_stage(4, m, factors, data, back); break;
    default: fft_stage(5, m, factors, data, back);
    }
}

static void fft_forward(const struct ten_fft *plan, size_t stage, size_t length, const float *factors, float *data) {
    size_t whole = length; /* small: all stages, block by block, before the caller goes on */
    for (; stage < plan->stages; stage++) {
        size_t radix = plan->radix[stage], m = length / radix;
        for (size_t start = 0; start < whole; start += length)
            fft_stage_of(radix, m, factors, data + start * FFT_LINE, false);
        factors += 2 * m * (radix - 1);
        if (whole > FFT_SMALL) {
            for (size_t q = 0; q < radix; q++) fft_forward(plan, stage + 1, m, factors, data + q * m * FFT_LINE);
            return;
        }
        length = m;
    }
}

static void fft(const struct ten_fft *plan, float *data) { fft_forward(plan, 0, plan->n, plan->factors, data); }

static void fft_backward(const struct ten_fft *plan, size_t stage, size_t length, const float *factors, float *data) {
    size_t radix = plan->radix[stage], m = length / radix, lengths[TEN_FFT_STAGES];
    const float *tables[TEN_FFT_STAGES];
    if (length > FFT_SMALL) {
        for (size_t q = 0; q < radix; q++)
            fft_backward(plan, stage + 1, m, factors + 2 * m * (radix - 1), data + q * m * FFT_LINE);
        fft_stage_of(radix, m, factors, data, true);
        return;
    }
    for (size_t s = stage, left = length; s < plan->stages; s++) {
        lengths[s] = left;
        tables[s] = factors;
        left /= plan->radix[s];
        factors += 2 * left * (plan->radix[s] - 1u);
    }
    for (size_t s = plan->stages; s-- > stage;)
        for (size_t start = 0; start < length; start += lengths[s])
            fft_stage_of(plan->radix[s], lengths[s] / plan->radix[s], tables[s], data + start * FFT_LINE, true);
}

static void fft_back(const struct ten_fft *plan, float *data) { fft_backward(plan, 0, plan->n, plan->factors, data); }

/* ---- Forces --------------------------------------------------------------------------------------------- */

ALWAYS float sum_of_lanes(floats x) {
    float part[LANES];
    *(floats *)part = x;
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) part[l] += part[l + half];
    return part[0];
}

/* The points of `places`, apart by axis. Loads two by two are faster than gathering on most processors: lane by lane of
 * 128 bits, a takes places 0 and 1 of each four, b places 2 and 3. */
ALWAYS void look_up(const float *points, const uint32_t *places, floats *x, floats *y) {
#if defined(__AVX2__)
    const double *pairs = (const double *)(const void *)points;
#define TWO(i)  _mm_loadh_pd(_mm_load_sd(pairs + places[i]), pairs + places[(i) + 1])
#define FOUR(i) _mm256_insertf128_pd(_mm256_castpd128_pd256(TWO(i)), TWO((i) + 4), 1)
#if defined(__AVX512F__)
    __m512 a = _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(FOUR(0)), FOUR(8), 1));
    __m512 b = _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(FOUR(2)), FOUR(10), 1));
    *x = (floats)_mm512_shuffle_ps(a, b, 0x88);
    *y = (floats)_mm512_shuffle_ps(a, b, 0xdd);
#else
    __m256 a = _mm256_castpd_ps(FOUR(0)), b = _mm256_castpd_ps(FOUR(2));
    *x = (floats)_mm256_shuffle_ps(a, b, 0x88);
    *y = (floats)_mm256_shuffle_ps(a, b, 0xdd);
#endif
#undef TWO
#undef FOUR
#else
    for (int l = 0; l < LANES; l++) {
        (*x)[l] = points[2 * (size_t)places[l]];
        (*y)[l] = points[2 * (size_t)places[l] + 1];
    }
#endif
}

static void plane_attract(size_t first, size_t count, const size_t *starts, const uint32_t *others, const float *shares,
                          const float *points, float *fx, float *fy) {
    for (size_t i = first; i < first + count; i++) {
        floats sum_x = {0}, sum_y = {0};
        float xi = points[2 * i], yi = points[2 * i + 1];
        for (size_t e = starts[i]; e < starts[i + 1]; e += LANES) {
            size_t left = starts[i + 1] - e;
            uint32_t places[LANES] = {0};
            float parts[LANES] = {0};
            const uint32_t *at = others + e;
            const float *share = shares + e;
            if (left < LANES) { /* the rest has no share */
                for (size_t l = 0; l < left; l++) places[l] = at[l], parts[l] = share[l];
                at = places;
                share = parts;
            }
            floats x, y;
            look_up(points, at, &x, &y);
            floats dx = xi - x, dy = yi - y, force = quotient(*(const floats *)share, 1.0f + (dx * dx + dy * dy));
            sum_x += force * dx;
            sum_y += force * dy;
        }
        fx[i] = sum_of_lanes(sum_x);
        fy[i] = sum_of_lanes(sum_y);
    }
}

struct repulsion {
    floats x, y, sum;
};

ALWAYS void repel(struct repulsion *r, float xi, float yi, const float *x, const float *y) {
    floats one = {0}, dx = xi - *(const floats *)x, dy = yi - *(const floats *)y;
    one += 1.0f;
    floats w = quotient(one, 1.0f + (dx * dx + dy * dy)), force = w * w;
    r->sum += w;
    r->x += force * dx;
    r->y += force * dy;
}

/* What is left behind the last whole register is filled up with points so far away that they do nothing. */
static void plane_repel(size_t first, size_t count, size_t n, const float *x, const float *y, float *fx, float *fy,
                        float *sums) {
    enum { STRETCH = 1024 }; /* numbers that are added up in single precision */
    float edge_x[LANES], edge_y[LANES];
    size_t whole = n / LANES * LANES;
    for (size_t l = 0; l < LANES; l++) edge_x[l] = edge_y[l] = 1e17f;
    for (size_t l = 0; l < n - whole; l++) edge_x[l] = x[whole + l], edge_y[l] = y[whole + l];
    for (size_t i = first; i < first + count; i++) {
        double all[3] = {0};
        for (size_t from = 0; from < n; from += STRETCH) {
            struct repulsion r = {{0}, {0}, {0}};
            size_t to = smaller(whole, from + STRETCH);
            for (size_t j = from; j < to; j += LANES) repel(&r, x[i], y[i], x + j, y + j);
            if (n - from <= STRETCH && whole < n) repel(&r, x[i], y[i], edge_x, edge_y);
            all[0] += (double)sum_of_lanes(r.x);
            all[1] += (double)sum_of_lanes(r.y);
            all[2] += (double)sum_of_lanes(r.sum);
        }
        fx[i] = (float)all[0];
        fy[i] = (float)all[1];
        sums[i] = (float)all[2];
    }
}

#undef ALWAYS

#endif
