/* The images of the dataset, and which of them are like a digit. */
#ifndef TEN_SERVE_NEAREST_H
#define TEN_SERVE_NEAREST_H

#include "serve/serve.h"
#include "study/lookup.h"

/* The dataset, if its images are of 28 x 28 pixels; NULL after a 503 "no_data". */
const struct ten_data *ten_request_data(struct ten_server *server, struct ten_reply *reply);

/* The `count` images of the training or test set nearest to 28 x 28 pixels; how many. 0 after an answer. */
size_t ten_nearest(struct ten_server *server, bool of_test, const uint8_t *pixels, size_t count,
                   struct ten_found *found, struct ten_reply *reply);

#endif
