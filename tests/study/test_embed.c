/* t-SNE from the inside out: neighbours, shares, principal plane, gradient and descent, each against a naive version in
 * double; purity against counting; the same bytes for any threads; what cannot be embedded. */
#include "test.h"

#include "base/random.h"
#include "study/affinity.h"
#include "study/embed.h"
#include "study/neighbours.h"
#include "study/plane.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows in ten clouds around corners of a cube; fresh memory. */
static struct ten_features clouds(size_t rows, size_t columns, double offset, uint64_t seed, uint8_t *labels) {
    struct ten_features f = {.rows = rows, .columns = columns, .values = malloc(rows * columns * sizeof(float))};
    struct ten_random random;
    assert_non_null(f.values);
    ten_random_init(&random, seed, 0);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double noise = ten_random_unit(&random) + ten_random_unit(&random) + ten_random_unit(&random) - 1.5;
            double corner = (double)((i % 10 * 7919 + 13) >> j % 12 & 1);
            f.values[i * columns + j] = (float)(offset + 1.5 * corner + noise * (j % 3 == 0 ? 1.5 : 0.7));
        }
    for (size_t i = 0; labels && i < rows; i++) labels[i] = (uint8_t)(i % 10);
    return f;
}

/* ---- Neighbours ---- */

static double naive_distance(const struct ten_features *f, size_t a, size_t b) {
    double sum = 0;
    for (size_t j = 0; j < f->columns; j++) {
        double d = (double)f->values[a * f->columns + j] - (double)f->values[b * f->columns + j];
        sum += d * d;
    }
    return sum;
}

/* Each found one must have the distance that is said, in rising order of (distance, index), and whatever is not found
 * must not come before the last. */
static void check_neighbours(const struct ten_features *f, size_t k) {
    size_t n = f->rows;
    uint32_t *others = malloc(n * k * sizeof *others);
    double *distances = malloc(n * k * sizeof *distances);
    bool *found = malloc(n);
    struct ten_error error;
    assert_true(others && distances && found);
    assert_ok(ten_nearest_rows(f->values, n, f->columns, k, others, distances, NULL, &error));
    for (size_t i = 0; i < n; i++) {
        memset(found, 0, n);
        found[i] = true;
        for (size_t e = i * k; e < (i + 1) * k; e++) {
            assert_true(others[e] < n && !found[others[e]]);
            found[others[e]] = true;
            double truth = naive_distance(f, i, others[e]);
            assert_true(fabs(distances[e] - truth) <= 1e-13 * truth);
            if (e > i * k)
                assert_true(distances[e - 1] < distances[e] ||
                            (distances[e - 1] == distances[e] && others[e - 1] < others[e]));
        }
        double last = distances[(i + 1) * k - 1];
        for (size_t r = 0; r < n; r++)
            if (!found[r]) assert_true(naive_distance(f, i, r) >= last * (1 - 1e-13));
    }
    free(others);
    free(distances);
    free(found);
}

static void test_neighbours(void **state) {
    (void)state;
    const size_t rows[] = {2, 7, 100, 513, 800}, columns[] = {1, 3, 40};
    for (size_t r = 0; r < 5; r++)
        for (size_t c = 0; c < 3; c++) {
            struct ten_features f = clouds(rows[r], columns[c], 0, r, NULL);
            check_neighbours(&f, 1);
            check_neighbours(&f, rows[r] > 30 ? 30 : rows[r] - 1);
            free(f.values);
        }
    struct ten_features far = clouds(300, 10, 1e4, 1, NULL); /* the products would cancel to nothing */
    check_neighbours(&far, 20);
    for (size_t i = 10; i < 300; i++) memcpy(far.values + i * 10, far.values + i % 10 * 10, 10 * sizeof(float));
    check_neighbours(&far, 12); /* thirty of each */
    memset(far.values, 0, 3000 * sizeof(float));
    check_neighbours(&far, 299);
    free(far.values);
}

/* ---- Shares ---- */

static void test_conditional(void **state) {
    (void)state;
    enum { K = 91 };
    double distances[K], shares[K];
    struct ten_random random;
    ten_random_init(&random, 3, 0);
    const double units[] = {1e-12, 1, 1e9}, perplexities[] = {2, 5, 30, 60};
    for (size_t u = 0; u < 3; u++)
        for (size_t p = 0; p < 4; p++) {
            double at = 5;
            for (size_t i = 0; i < K; i++) distances[i] = units[u] * (at += ten_random_unit(&random));
            ten_conditional_shares(K, distances, perplexities[p], shares);
            double sum = 0, entropy = 0;
            for (size_t i = 0; i < K; i++) {
                sum += shares[i];
                if (shares[i] > 0) entropy -= shares[i] * log(shares[i]);
                if (i) assert_true(shares[i] <= shares[i - 1]);
            }
            assert_true(fabs(sum - 1) < 1e-12);
            assert_true(fabs(entropy - log(perplexities[p])) < 1e-8);
            /* Gaussian: the logarithms fall along a straight line over the distances */
            double slope = log(shares[0] / shares[1]) / (distances[1] - distances[0]);
            for (size_t i = 2; i < K && shares[i] > 1e-200; i++)
                assert_true(fabs(log(shares[0] / shares[i]) / (distances[i] - distances[0]) / slope - 1) < 1e-6);
        }
    for (size_t i = 0; i < K; i++) distances[i] = 4; /* no spread: all alike */
    ten_conditional_shares(K, distances, 30, shares);
    for (size_t i = 0; i < K; i++) assert_true(fabs(shares[i] - 1.0 / K) < 1e-15);
    for (size_t i = 0; i < K; i++) distances[i] = i < 50 ? 0 : 1; /* more equal ones than the perplexity */
    ten_conditional_shares(K, distances, 30, shares);
    for (size_t i = 0; i < K; i++) assert_true(fabs(shares[i] - (i < 50 ? 0.02 : 0)) < 1e-9);
}

static struct ten_affinity affinity_of(const struct ten_features *f, double perplexity) {
    size_t k = (size_t)(3 * perplexity + 1);
    uint32_t *others = malloc(f->rows * k * sizeof *others);
    double *distances = malloc(f->rows * k * sizeof *distances);
    struct ten_affinity p;
    struct ten_error error;
    assert_true(others && distances);
    assert_ok(ten_nearest_rows(f->values, f->rows, f->columns, k, others, distances, NULL, &error));
    assert_ok(ten_affinity_make(&p, f->rows, k, others, distances, perplexity, NULL, &error));
    free(others);
    free(distances);
    return p;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Row i of the conditional shares over all others, by its own bisection for the precision. */
static void naive_row(const struct ten_features *f, size_t i, size_t k, double perplexity, double *row) {
    size_t n = f->rows, count = 0;
    double *sorted = malloc(n * sizeof *sorted), low = 0, high = 1e6, sum = 0;
    assert_non_null(sorted);
    for (size_t j = 0; j < n; j++)
        if (j != i) sorted[count++] = naive_distance(f, i, j);
    qsort(sorted, count, sizeof *sorted, by_size);
    for (int step = 0; step < 200; step++) {
        double beta = (low + high) / 2, entropy = 0;
        sum = 0;
        for (size_t e = 0; e < k; e++) sum += exp(-beta * sorted[e]);
        for (size_t e = 0; e < k; e++) {
            double share = exp(-beta * sorted[e]) / sum;
            if (share > 0) entropy -= share * log(share);
        }
        if (!(sum > 0) || entropy < log(perplexity))
            high = beta;
        else
            low = beta;
    }
    for (size_t j = 0; j < n; j++)
        row[j] = j != i && naive_distance(f, i, j) <= sorted[k - 1] ? exp(-low * naive_distance(f, i, j)) / sum : 0;
    free(sorted);
}

static void test_shares(void **state) {
    (void)state;
    enum { N = 150 };
    struct ten_features f = clouds(N, 12, 0, 5, NULL);
    struct ten_affinity p = affinity_of(&f, 10);
    double *dense = malloc(N * N * sizeof *dense), sum = 0;
    assert_non_null(dense);
    for (size_t i = 0; i < N; i++) naive_row(&f, i, 31, 10, dense + i * N);
    for (size_t i = 0; i < N; i++) {
        size_t e = p.starts[i];
        for (size_t j = 0; j < N; j++) {
            double expected = (dense[i * N + j] + dense[j * N + i]) / (2 * N);
            if (expected == 0) continue;
            assert_true(e < p.starts[i + 1]);
            assert_int_equal(p.others[e], j);
            assert_true(fabs((double)p.shares[e] - expected) <= 1e-6 * expected + 1e-12);
            sum += (double)p.shares[e++];
        }
        assert_int_equal(e, p.starts[i + 1]);
    }
    assert_true(fabs(sum - 1) < 1e-6);
    free(dense);
    free(f.values);
    ten_affinity_release(&p);
}

/* ---- Principal plane and purity ---- */

/* An axis is right if the covariance only stretches it, and the variance along it is what is said. */
static void test_plane(void **state) {
    (void)state;
    const size_t columns[] = {1, 2, 3, 8, 9, 30};
    for (size_t c = 0; c < 6; c++) {
        size_t n = columns[c], rows = 200;
        struct ten_features f = clouds(rows, n, 100, c, NULL);
        float points[400];
        double explained[2], mean[30] = {0}, total = 0, variance[2] = {0}, mixed = 0;
        struct ten_error error;
        assert_ok(ten_principal_plane(&f, points, explained, NULL, &error));
        for (size_t i = 0; i < rows * n; i++) mean[i % n] += (double)f.values[i] / (double)rows;
        for (size_t i = 0; i < rows * n; i++) total += pow((double)f.values[i] - mean[i % n], 2);
        for (size_t i = 0; i < rows; i++) {
            for (size_t a = 0; a < 2; a++) variance[a] += (double)points[2 * i + a] * (double)points[2 * i + a];
            mixed += (double)points[2 * i] * (double)points[2 * i + 1];
        }
        for (int a = 0; a < 2; a++) assert_true(fabs(variance[a] / total - explained[a]) < 1e-5);
        assert_true(fabs(mixed) < 1e-4 * variance[0]);
        assert_true(explained[0] >= explained[1] && explained[0] + explained[1] < 1 + 1e-6);
        if (n == 1) assert_true(fabs(explained[0] - 1) < 1e-6 && explained[1] == 0);
        if (n == 2) assert_true(fabs(explained[0] + explained[1] - 1) < 1e-6);
        /* X' (X v) is parallel to v: so are X X' (X v) and X v */
        for (size_t a = 0; a < 2 && a < n; a++) {
            double axis[30] = {0};
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < n; j++)
                    axis[j] += (double)points[2 * i + a] * ((double)f.values[i * n + j] - mean[j]);
            for (size_t i = 0; i < rows; i++) {
                double again = 0;
                for (size_t j = 0; j < n; j++) again += axis[j] * ((double)f.values[i * n + j] - mean[j]);
                assert_true(fabs(again / variance[a] - (double)points[2 * i + a]) < 1e-3);
            }
        }
        free(f.values);
    }
}

static void test_purity(void **state) {
    (void)state;
    enum { N = 300 };
    static float points[2 * N];
    uint8_t labels[N];
    struct ten_random random;
    struct ten_error error;
    ten_random_init(&random, 4, 0);
    for (size_t i = 0; i < N; i++) {
        labels[i] = (uint8_t)ten_random_below(&random, 3);
        for (size_t a = 0; a < 2; a++)
            points[2 * i + a] = (float)ten_random_below(&random, 12) + labels[i]; /* many ties */
    }
    const size_t counts[] = {2, 11, 64, 65, N}, neighbours[] = {1, 10, 40};
    for (size_t c = 0; c < 5; c++)
        for (size_t k = 0; k < 3; k++) {
            size_t n = counts[c], most = neighbours[k], alike = 0;
            double got;
            if (most >= n) {
                assert_fails(ten_plane_purity(&got, points, labels, n, most, NULL, &error), TEN_INVALID, "neighbours");
                assert_true(isnan(got));
                continue;
            }
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    size_t before = 0; /* others that are nearer, or as near and earlier */
                    float dx = points[2 * j] - points[2 * i], dy = points[2 * j + 1] - points[2 * i + 1];
                    for (size_t o = 0; o < n; o++) {
                        float ox = points[2 * o] - points[2 * i], oy = points[2 * o + 1] - points[2 * i + 1];
                        float own = dx * dx + dy * dy, other = ox * ox + oy * oy;
                        before += o != i && (other < own || (other == own && o < j));
                    }
                    alike += j != i && before < most && labels[i] == labels[j];
                }
            assert_ok(ten_plane_purity(&got, points, labels, n, most, NULL, &error));
            assert_true(fabs(got - (double)alike / (double)(n * most)) < 1e-12);
        }
    double got;
    assert_fails(ten_plane_purity(&got, points, labels, N, 0, NULL, &error), TEN_INVALID, "0 neighbours");
    points[7] = NAN;
    assert_fails(ten_plane_purity(&got, points, labels, N, 10, NULL, &error), TEN_INVALID, "point 3");
}

/* ---- Gradient and divergence ---- */

static double naive_divergence(const struct ten_affinity *p, const double *points) {
    double z = 0, sum = 0;
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; j < p->count; j++) {
            double dx = points[2 * i] - points[2 * j], dy = points[2 * i + 1] - points[2 * j + 1];
            if (i != j) z += 1 / (1 + dx * dx + dy * dy);
        }
    for (size_t i = 0; i < p->count; i++)
        for (size_t e = p->starts[i]; e < p->starts[i + 1]; e++) {
            size_t j = p->others[e];
            double dx = points[2 * i] - points[2 * j], dy = points[2 * i + 1] - points[2 * j + 1];
            double q = 1 / (1 + dx * dx + dy * dy) / z, share = (double)p->shares[e];
            if (share > 0) sum += share * log(share / q);
        }
    return sum;
}

static void draw_points(size_t n, double extent, uint64_t seed, float *x, float *y) {
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    for (size_t i = 0; i < n; i++) {
        double angle = 6.283185307179586 * ten_random_unit(&random), radius = extent * sqrt(ten_random_unit(&random));
        x[i] = (float)(radius * cos(angle));
        y[i] = (float)(0.7 * radius * sin(angle) + 0.1 * extent);
    }
}

/* Both ways against differences of the divergence in double. */
static void test_gradient(void **state) {
    (void)state;
    enum { N = 120 };
    struct ten_features f = clouds(N, 6, 0, 9, NULL);
    struct ten_affinity p = affinity_of(&f, 8);
    float x[N], y[N], gx[N], gy[N];
    double points[2 * N], got;
    struct ten_error error;
    draw_points(N, 4, 1, x, y);
    for (size_t i = 0; i < N; i++) points[2 * i] = (double)x[i], points[2 * i + 1] = (double)y[i];
    assert_ok(ten_embedding_divergence(&p, x, y, &got, NULL, &error));
    assert_true(fabs(got - naive_divergence(&p, points)) < 1e-5);
    for (int grid = 0; grid < 2; grid++) {
        double worst = 0, size = 0;
        assert_ok(ten_embedding_gradient(&p, x, y, 1, grid, gx, gy, NULL, &error));
        for (size_t i = 0; i < 2 * N; i++) {
            const double step = 1e-5;
            double kept = points[i];
            points[i] = kept + step;
            double above = naive_divergence(&p, points);
            points[i] = kept - step;
            double slope = (above - naive_divergence(&p, points)) / (2 * step);
            points[i] = kept;
            worst = fmax(worst, fabs(slope - (double)(i % 2 ? gy : gx)[i / 2]));
            size = fmax(size, fabs(slope));
        }
        if (!(worst < (grid ? 5e-3 : 1e-5) * size)) fail_msg("grid %d: off by %g of %g", grid, worst, size);
    }
    free(f.values);
    ten_affinity_release(&p);
}

/* The grid against all pairs: the root mean square of the errors of the repulsion over that of the repulsion, from
 * points in one place, where forces are differences of nearly equal numbers, to points far apart. */
static void test_grid(void **state) {
    (void)state;
    enum { N = 3000 };
    static float x[N], y[N], g[4][N];
    static size_t starts[N + 1]; /* no neighbours: repulsion alone */
    uint32_t none = 0;
    float no_share = 0;
    const struct ten_affinity p = {N, starts, &none, &no_share};
    const struct {
        double extent, bound;
    } cases[] = {{1e-4, 0.02}, {1e-2, 4e-3}, {1, 1e-4}, {5, 2e-4}, {20, 3e-3}, {60, 0.01}, {200, 0.025}};
    struct ten_error error;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double wrong = 0, whole = 0;
        draw_points(N, cases[c].extent, c, x, y);
        assert_ok(ten_embedding_gradient(&p, x, y, 1, true, g[0], g[1], NULL, &error));
        assert_ok(ten_embedding_gradient(&p, x, y, 1, false, g[2], g[3], NULL, &error));
        for (size_t i = 0; i < N; i++)
            for (int a = 0; a < 2; a++) {
                wrong += pow((double)g[a][i] - (double)g[2 + a][i], 2);
                whole += pow((double)g[2 + a][i], 2);
            }
        double error_share = sqrt(wrong / whole);
        print_message("# extent %g: %.2g\n", cases[c].extent, error_share);
        if (!(error_share < cases[c].bound)) fail_msg("extent %g: off by %.4g", cases[c].extent, error_share);
    }
    x[17] = INFINITY;
    assert_fails(ten_embedding_gradient(&p, x, y, 1, true, g[0], g[1], NULL, &error), TEN_NUMERIC, "apart");
    x[17] = 1e6f;
    assert_fails(ten_embedding_gradient(&p, x, y, 1, true, g[0], g[1], NULL, &error), TEN_NUMERIC, "apart");
}

/* ---- The descent ---- */

/* t-SNE as it stands in the paper, in double, over the shares of `p`, from the same start but for the jitter. */
static double naive_descent(const struct ten_affinity *p, const float *components, size_t iterations) {
    size_t n = p->count, early = iterations / 4 < 250 ? iterations / 4 : 250;
    double *memory = calloc(8 * n, sizeof *memory), *at = memory, *step = at + 2 * n, *gain = step + 2 * n;
    double *slope = gain + 2 * n, squares = 0, rate = fmax((double)n / 48, 50);
    assert_non_null(memory);
    for (size_t i = 0; i < n; i++) squares += (double)components[2 * i] * (double)components[2 * i];
    for (size_t i = 0; i < 2 * n; i++) at[i] = (double)components[i] * 1e-4 / sqrt(squares / (double)n);
    for (size_t t = 0; t < iterations; t++) {
        double exaggeration = t < early ? 12 : 1, z = 0;
        for (size_t i = 0; t == 0 || t == early ? i < 2 * n : false; i++) gain[i] = 1, step[i] = 0;
        memset(slope, 0, 2 * n * sizeof *slope);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double dx = at[2 * i] - at[2 * j], dy = at[2 * i + 1] - at[2 * j + 1], w = 1 / (1 + dx * dx + dy * dy);
                if (i != j) z += w;
                slope[2 * i] += w * w * dx;
                slope[2 * i + 1] += w * w * dy;
            }
        for (size_t i = 0; i < n; i++) {
            double pull[2] = {0};
            for (size_t e = p->starts[i]; e < p->starts[i + 1]; e++) {
                size_t j = p->others[e];
                double dx = at[2 * i] - at[2 * j], dy = at[2 * i + 1] - at[2 * j + 1];
                double force = (double)p->shares[e] / (1 + dx * dx + dy * dy);
                pull[0] += force * dx;
                pull[1] += force * dy;
            }
            for (size_t a = 0; a < 2; a++) slope[2 * i + a] = 4 * (exaggeration * pull[a] - slope[2 * i + a] / z);
        }
        for (size_t i = 0; i < 2 * n; i++) {
            gain[i] = fmax(step[i] * slope[i] < 0 ? gain[i] + 0.2 : gain[i] * 0.8, 0.01);
            step[i] = (t < early ? 0.5 : 0.8) * step[i] - rate * gain[i] * slope[i];
            at[i] += step[i];
        }
    }
    double result = naive_divergence(p, at);
    free(memory);
    return result;
}

/* Few points pair by pair, more through the grid: about as low as the naive descent, and what is said is true. */
static void test_descent(void **state) {
    (void)state;
    const size_t counts[] = {300, 1200};
    for (size_t c = 0; c < 2; c++) {
        size_t n = counts[c], iterations = 320;
        uint8_t *labels = malloc(n);
        struct ten_features f = clouds(n, 15, 0, 20 + c, labels);
        struct ten_affinity p = affinity_of(&f, 20);
        struct ten_embedding e, early;
        struct ten_error error;
        double *points = malloc(2 * n * sizeof *points), pure, beside;
        assert_true(labels && points);
        assert_ok(ten_embed(&e, &f, 20, iterations, NULL, &error));
        assert_ok(ten_embed(&early, &f, 20, 40, NULL, &error));
        assert_int_equal(e.count, n);
        for (size_t i = 0; i < 2 * n; i++) points[i] = (double)e.points[i];
        double naive = naive_descent(&p, e.components, iterations);
        assert_true(fabs(e.kl_divergence - naive_divergence(&p, points)) < 1e-4);
        if (!(e.kl_divergence < 1.03 * naive))
            fail_msg("%zu points: a divergence of %g, the naive descent's is %g", n, e.kl_divergence, naive);
        assert_true(e.kl_divergence > 0.5 * naive);
        assert_true(e.kl_divergence < 0.8 * early.kl_divergence);
        assert_ok(ten_plane_purity(&pure, e.points, labels, n, 10, NULL, &error));
        assert_ok(ten_plane_purity(&beside, e.components, labels, n, 10, NULL, &error));
        assert_true(pure > 0.9 && pure > beside);
        ten_embedding_release(&e);
        ten_embedding_release(&early);
        assert_null(e.points);
        ten_affinity_release(&p);
        free(f.values);
        free(labels);
        free(points);
    }
}

static void test_threads(void **state) {
    (void)state;
    enum { N = 1300 };
    struct ten_features f = clouds(N, 10, 0, 31, NULL);
    struct ten_embedding first, again;
    struct ten_error error;
    struct ten_run run = {.threads = 1, .seed = 5};
    assert_ok(ten_embed(&first, &f, 15, 60, &run, &error));
    for (int threads = 2; threads <= 5; threads += 3) {
        run.threads = threads;
        assert_ok(ten_embed(&again, &f, 15, 60, &run, &error));
        assert_memory_equal(first.points, again.points, 2 * N * sizeof(float));
        assert_memory_equal(first.components, again.components, 2 * N * sizeof(float));
        assert_true(first.kl_divergence == again.kl_divergence);
        ten_embedding_release(&again);
    }
    run.seed = 6;
    assert_ok(ten_embed(&again, &f, 15, 60, &run, &error));
    assert_memory_not_equal(first.points, again.points, 2 * N * sizeof(float));
    ten_embedding_release(&again);
    ten_embedding_release(&first);
    free(f.values);
}

/* Equal rows, all rows equal, a single column, as few rows as there may be. */
static void test_odd_rows(void **state) {
    (void)state;
    const size_t counts[] = {5, 6, 50, 1100};
    struct ten_error error;
    for (size_t c = 0; c < 4; c++)
        for (int kind = 0; kind < 3; kind++) {
            size_t n = counts[c], columns = kind == 2 ? 1 : 4;
            struct ten_features f = clouds(n, columns, 0, c, NULL);
            for (size_t i = 0; i < n * columns && kind == 0; i++) f.values[i] = 3;
            for (size_t i = 3; i < n && kind == 1; i++)
                memcpy(f.values + i * columns, f.values + i % 3 * columns, columns * sizeof(float));
            struct ten_embedding e;
            assert_ok(ten_embed(&e, &f, n == 1100 ? 10 : 1.2, 60, NULL, &error));
            double mean[2] = {0};
            for (size_t i = 0; i < 2 * n; i++) {
                assert_true(isfinite(e.points[i]) && isfinite(e.components[i]));
                mean[i % 2] += (double)e.points[i] / (double)n;
            }
            assert_true(fabs(mean[0]) < 1e-2 && fabs(mean[1]) < 1e-2);
            assert_true(isfinite(e.kl_divergence) && e.kl_divergence > -1e-3);
            if (kind == 0) assert_true(e.explained[0] == 0 && e.explained[1] == 0);
            ten_embedding_release(&e);
            free(f.values);
        }
}

static bool stop_at_the_third(void *context, const struct ten_progress *progress) {
    size_t *calls = context;
    return strcmp(progress->stage, "t-SNE") != 0 || ++*calls < 3;
}

static bool watch(void *context, const struct ten_progress *progress) {
    double *scores = context;
    if (strcmp(progress->stage, "t-SNE") != 0) return true;
    assert_string_equal(progress->unit, "iterations");
    assert_string_equal(progress->score_name, "divergence");
    assert_true(progress->total == 200 && progress->done < 200 && isfinite(progress->score));
    if (progress->done == 0) scores[0] = progress->score;
    scores[1] = progress->score;
    return true;
}

static void test_progress(void **state) {
    (void)state;
    struct ten_features f = clouds(200, 5, 0, 1, NULL);
    struct ten_embedding e;
    struct ten_error error;
    size_t calls = 0;
    double scores[2] = {0};
    struct ten_run run = {.progress = stop_at_the_third, .context = &calls};
    assert_fails(ten_embed(&e, &f, 10, 200, &run, &error), TEN_CANCELLED, "t-SNE");
    assert_null(e.points);
    assert_int_equal(calls, 3);
    run = (struct ten_run){.progress = watch, .context = scores};
    assert_ok(ten_embed(&e, &f, 10, 200, &run, &error));
    assert_true(scores[1] < scores[0] && scores[1] > 0);
    ten_embedding_release(&e);
    free(f.values);
}

static void test_bad_arguments(void **state) {
    (void)state;
    struct ten_features f = clouds(31, 4, 0, 1, NULL);
    struct ten_embedding e;
    struct ten_error error;
    assert_fails(ten_embed(&e, &f, 10, 100, NULL, &error), TEN_INVALID, "less than 10");
    assert_fails(ten_embed(&e, &f, 0.5, 100, NULL, &error), TEN_INVALID, "perplexity of 0.5");
    assert_fails(ten_embed(&e, &f, NAN, 100, NULL, &error), TEN_INVALID, "perplexity");
    assert_fails(ten_embed(&e, &f, 5, 0, NULL, &error), TEN_INVALID, "iterations");
    assert_ok(ten_embed(&e, &f, 9.99, 1, NULL, &error));
    ten_embedding_release(&e);
    f.rows = 4;
    assert_fails(ten_embed(&e, &f, 1, 100, NULL, &error), TEN_INVALID, "4 rows");
    f.rows = 31;
    f.values[9] = NAN;
    assert_fails(ten_embed(&e, &f, 5, 100, NULL, &error), TEN_INVALID, "feature 1 of row 2");
    f.values[9] = 1e30f;
    assert_fails(ten_embed(&e, &f, 5, 100, NULL, &error), TEN_NUMERIC, "");
    assert_null(e.points);
    free(f.values);
    struct ten_features wide = {.rows = 5, .columns = 4097, .values = calloc(5 * 4097, sizeof(float))};
    assert_non_null(wide.values);
    assert_fails(ten_embed(&e, &wide, 1, 100, NULL, &error), TEN_INVALID, "4097 features");
    free(wide.values);
    ten_embedding_release(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours), cmocka_unit_test(test_conditional), cmocka_unit_test(test_shares),
        cmocka_unit_test(test_plane),      cmocka_unit_test(test_purity),      cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_grid),       cmocka_unit_test(test_descent),     cmocka_unit_test(test_threads),
        cmocka_unit_test(test_odd_rows),   cmocka_unit_test(test_progress),    cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
