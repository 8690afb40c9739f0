/* Fourier transforms against the sum that defines them, in double; forces in a plane against naive sums in double. All
 * sets, the generic one too, are held against the truth. */
#include "kernels/plane.h"

#include "test.h"

#include "base/memory.h"
#include "base/random.h"
#include "study/fourier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = TEN_FFT_LANES, LINE = 2 * LANES };
static const double pi = 3.14159265358979323846;

/* ---- Fourier transforms ---- */

/* A number of rounding steps that grows with log n, each of 2^-24 of the root mean square. */
static void check_close(const char *set, const char *what, size_t n, double got, double expected, double scale) {
    if (!(fabs(got - expected) <= 2e-6 * scale))
        fail_msg("%s: %s of %zu: %.9g, expected %.9g (scale %.3g)", set, what, n, got, expected, scale);
}

static void check_transform(const struct ten_kernels *set, const struct ten_fourier *f, const float *before,
                            const float *after) {
    size_t n = f->plan.n;
    for (size_t k = 0; k < n; k++) {
        double re[LANES] = {0}, im[LANES] = {0};
        for (size_t i = 0; i < n; i++) {
            double c = cos(-2 * pi * (double)(i * k % n) / (double)n),
                   s = sin(-2 * pi * (double)(i * k % n) / (double)n);
            for (size_t l = 0; l < LANES; l++) {
                double x = (double)before[i * LINE + l], y = (double)before[i * LINE + LANES + l];
                re[l] += c * x - s * y;
                im[l] += s * x + c * y;
            }
        }
        assert_true(f->place[k] < n);
        for (size_t l = 0; l < LANES; l++) {
            check_close(set->name, "fft", n, (double)after[f->place[k] * LINE + l], re[l], sqrt((double)n));
            check_close(set->name, "fft", n, (double)after[f->place[k] * LINE + LANES + l], im[l], sqrt((double)n));
        }
    }
}

void test_fft_of(const struct ten_kernels *set) {
    static const size_t sizes[] = {2,  3,  4,  5,   6,   8,   9,   10,  15,  16,  25,  27,
                                   36, 64, 75, 120, 128, 160, 192, 240, 320, 500, 512, 640};
    struct ten_random random;
    ten_random_init(&random, 7, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s], count = n * LINE;
        struct ten_fourier f;
        struct ten_error error;
        assert_ok(ten_fourier_init(&f, n, &error));
        assert_int_equal(f.plan.n, n);
        float *before = ten_alloc(count, sizeof *before), *data = ten_alloc(count, sizeof *data);
        assert_true(before && data);
        for (size_t i = 0; i < count; i++) data[i] = before[i] = (float)(2 * ten_random_unit(&random) - 1);
        set->fft(&f.plan, data);
        check_transform(set, &f, before, data);
        set->fft_back(&f.plan, data);
        for (size_t i = 0; i < count; i++)
            check_close(set->name, "fft_back", n, (double)data[i] / (double)n, (double)before[i], 1);
        free(before);
        free(data);
        ten_fourier_release(&f);
    }
    assert_int_equal(ten_fourier_size(0), 1);
    assert_int_equal(ten_fourier_size(7), 8);
    assert_int_equal(ten_fourier_size(13), 15);
    assert_int_equal(ten_fourier_size(121), 125);
}

/* ---- Forces ---- */

struct sums {
    double x, y, w, size; /* size: of the forces that are added up */
};

static void add(struct sums *sum, const float *points, size_t i, size_t j, double share, bool squared) {
    double dx = (double)points[2 * i] - (double)points[2 * j],
           dy = (double)points[2 * i + 1] - (double)points[2 * j + 1];
    double w = 1 / (1 + dx * dx + dy * dy), force = share * (squared ? w * w : w);
    sum->x += force * dx;
    sum->y += force * dy;
    sum->w += w;
    sum->size += fabs(force) * hypot(dx, dy);
}

static void check_force(const char *set, const char *what, size_t n, size_t i, double got, double expected,
                        double size) {
    if (!(fabs(got - expected) <= 2e-6 * size + 1e-30))
        fail_msg("%s: %s, %zu points, point %zu: %.9g, expected %.9g", set, what, n, i, got, expected);
}

static void try_repel(const struct ten_kernels *set, size_t n, const float *points, size_t first, size_t count) {
    float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y); /* to the byte: a read outside is seen */
    float *out = malloc(3 * n * sizeof *out), *fx = out, *fy = out + n, *sums = out + 2 * n;
    assert_true(x && y && out);
    for (size_t i = 0; i < n; i++) x[i] = points[2 * i], y[i] = points[2 * i + 1];
    for (size_t i = 0; i < 3 * n; i++) out[i] = -77;
    set->plane_repel(first, count, n, x, y, fx, fy, sums);
    for (size_t i = 0; i < n; i++) {
        if (i < first || i >= first + count) {
            assert_true(fx[i] == -77 && fy[i] == -77 && sums[i] == -77);
            continue;
        }
        struct sums expected = {0};
        for (size_t j = 0; j < n; j++) add(&expected, points, i, j, 1, true);
        check_force(set->name, "plane_repel", n, i, (double)fx[i], expected.x, expected.size);
        check_force(set->name, "plane_repel", n, i, (double)fy[i], expected.y, expected.size);
        check_force(set->name, "plane_repel's sum", n, i, (double)sums[i], expected.w, expected.w);
    }
    free(x);
    free(y);
    free(out);
}

static void try_attract(const struct ten_kernels *set, struct ten_random *random, size_t n, const float *points,
                        size_t first, size_t count) {
    size_t *starts = malloc((n + 1) * sizeof *starts), entries = 0;
    assert_non_null(starts);
    for (size_t i = 0; i < n; i++) {
        starts[i] = entries;
        entries += ten_random_below(random, 70);
    }
    starts[n] = entries;
    uint32_t *others = malloc(entries * sizeof *others + 1);
    float *shares = malloc(entries * sizeof *shares + 1), *out = malloc(2 * n * sizeof *out), *fx = out, *fy = out + n;
    assert_true(others && shares && out);
    for (size_t e = 0; e < entries; e++) {
        others[e] = (uint32_t)ten_random_below(random, n);
        shares[e] = (float)ten_random_unit(random);
    }
    for (size_t i = 0; i < 2 * n; i++) out[i] = -77;
    set->plane_attract(first, count, starts, others, shares, points, fx, fy);
    for (size_t i = 0; i < n; i++) {
        if (i < first || i >= first + count) {
            assert_true(fx[i] == -77 && fy[i] == -77);
            continue;
        }
        struct sums expected = {0};
        for (size_t e = starts[i]; e < starts[i + 1]; e++)
            add(&expected, points, i, others[e], (double)shares[e], false);
        check_force(set->name, "plane_attract", n, i, (double)fx[i], expected.x, expected.size);
        check_force(set->name, "plane_attract", n, i, (double)fy[i], expected.y, expected.size);
    }
    free(starts);
    free(others);
    free(shares);
    free(out);
}

void test_plane_of(const struct ten_kernels *set) {
    static const size_t counts[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 100, 1023, 1024, 1025, 2049};
    static const double extents[] = {1e-4, 1, 100, 1e6};
    struct ten_random random;
    ten_random_init(&random, 8, 0);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t e = 0; e < sizeof extents / sizeof *extents; e++) {
            size_t n = counts[c], first = ten_random_below(&random, n),
                   count = ten_random_below(&random, n - first + 1);
            float *points = malloc(2 * n * sizeof *points);
            assert_non_null(points);
            for (size_t i = 0; i < 2 * n; i++) points[i] = (float)(extents[e] * (2 * ten_random_unit(&random) - 1));
            if (n > 2) points[4] = points[0], points[5] = points[1]; /* two in one place */
            try_repel(set, n, points, first, count);
            try_attract(set, &random, n, points, first, count);
            free(points);
        }
}
