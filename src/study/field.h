/* The field of n points in a plane: each gives 1 / (1 + r^2) at distance r, and the slope of the sum is what drives the
 * points of t-SNE apart. By Fourier transforms on a grid (field.c), in n + m log m steps for m nodes of the grid. */
#ifndef TEN_STUDY_FIELD_H
#define TEN_STUDY_FIELD_H

#include "study/fourier.h"

struct ten_field {
    size_t count;               /* of points */
    size_t side;                /* nodes along each axis, a multiple of 32; 0: no grid yet */
    double step, left, top;     /* between nodes; where the first one is */
    struct ten_fourier fourier; /* of 2 side numbers: a grid of twice the side, so that nothing comes round */
    float *spectrum;            /* [side / 16 + 1][side][2][16] frequencies along x */
    float *influence;           /* [side / 16 + 1][2 side][16] what a frequency is multiplied by */
    float *potential;           /* [side / 32][side][TEN_FIELD_ROWS] */
    float *buffers;             /* [threads][2 side][2][16] */
    size_t threads, *starts;    /* [side + 2] */
    uint32_t *order;            /* [count] points by the row of nodes in which their stencils begin */
    const float *x, *y;         /* the points, during one call */
};

enum { TEN_FIELD_ROWS = 36 /* a band of 32 rows, three of the next, and one to be even */ };

/* An empty field for `count` points below 2^32. */
enum ten_status ten_field_init(struct ten_field *field, size_t count, const struct ten_run *run,
                               struct ten_error *error);
void ten_field_release(struct ten_field *field);

/* The potential on the grid of the points x[count], y[count]. Fails with TEN_NUMERIC if they are not finite or farther
 * apart than a grid can be. */
enum ten_status ten_field_set(struct ten_field *field, const float *x, const float *y, const struct ten_run *run,
                              struct ten_error *error);

/* For the points first.. of `count`: sums[i] = the sum over all j of w = 1 / (1 + |i - j|^2), i itself included, and
 * fx[i], fy[i] the sums of w^2 (x[i] - x[j]), w^2 (y[i] - y[j]). */
void ten_field_get(const struct ten_field *field, size_t first, size_t count, float *fx, float *fy, float *sums);

#endif
