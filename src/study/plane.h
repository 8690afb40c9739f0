/* Rows as points in a plane: along their two principal components. */
#ifndef TEN_STUDY_PLANE_H
#define TEN_STUDY_PLANE_H

#include "tenfold.h"

enum { TEN_PLANE_COLUMNS = 4096 /* at most: the covariance has that many squared */ };

/* points[rows x 2] gets the first two principal components of rows x columns values, measured from their mean (each of
 * a sign that makes the largest entry of its axis positive; 0 where there is no second), explained[2] their shares of
 * the whole variance. */
enum ten_status ten_principal_plane(const struct ten_features *features, float *points, double explained[2],
                                    const struct ten_run *run, struct ten_error *error);

#endif
