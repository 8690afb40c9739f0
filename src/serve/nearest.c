/* POST /api/nearest and GET /api/digit/INDEX: the digit beside images of the dataset. */
#include "serve/nearest.h"

#include "base/clock.h"
#include "base/random.h"
#include "serve/query.h"
#include "study/json.h"

#include <pthread.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, USUAL = 8 };

/* Made when first wanted, in a few milliseconds; of the training set, then of the test set. */
static struct {
    pthread_mutex_t lock;
    struct ten_lookup *lookup[2];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

const struct ten_data *ten_request_data(struct ten_server *server, struct ten_reply *reply) {
    const struct ten_data *data = ten_server_data(server);
    if (data && data->train.height == SIDE && data->train.width == SIDE && data->train.labels && data->test.labels)
        return data;
    ten_reply_error(reply, 503, "no_data",
                    "there is no dataset of labelled digits of 28x28; `tenfold fetch` gets MNIST");
    return NULL;
}

size_t ten_nearest(struct ten_server *server, bool of_test, const uint8_t *pixels, size_t count,
                   struct ten_found *found, struct ten_reply *reply) {
    const struct ten_data *data = ten_request_data(server, reply);
    struct ten_error error;
    enum ten_status status = TEN_OK;
    if (!data) return 0;
    pthread_mutex_lock(&state.lock);
    struct ten_lookup **lookup = &state.lookup[of_test];
    if (!*lookup) status = ten_lookup_new(lookup, of_test ? &data->test : &data->train, &error);
    const struct ten_lookup *made = *lookup;
    pthread_mutex_unlock(&state.lock);
    if (status == TEN_OK) return ten_lookup_find(made, pixels, count, found);
    ten_reply_failure(reply, "cannot_search", &error);
    return 0;
}

static void nearest(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    int64_t wanted;
    struct ten_digit digit;
    struct ten_found found[TEN_MOST_FOUND];
    if (!ten_request_number(request, "count", 1, TEN_MOST_FOUND, USUAL, &wanted, reply) ||
        !ten_request_data(server, reply) || !ten_request_digit(request, &digit, reply))
        return;
    size_t count = ten_nearest(server, false, digit.pixels, (size_t)wanted, found, reply);
    if (!count) return;
    const struct ten_dataset *train = &ten_server_data(server)->train;
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed |=
            json_array_append_new(list, json_pack("{s:I, s:i, s:f, s:o}", "index", (json_int_t)found[i].index, "label",
                                                  train->labels[found[i].index], "distance", found[i].distance, "image",
                                                  ten_json_bytes(train->images + found[i].index * PIXELS, PIXELS)));
    json_t *json = json_pack("{s:o}", "neighbours", list);
    ten_reply_json(reply, 200, ten_json_whole(json, failed));
}

static void digit(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    int64_t index;
    const struct ten_data *data = ten_request_data(server, reply);
    if (!data) return;
    if (strcmp(request->rest, "random") == 0) {
        struct ten_random random;
        ten_random_init(&random, (uint64_t)(ten_seconds() * 1e9), 0);
        index = (int64_t)ten_random_below(&random, data->test.count);
    } else if (!ten_request_id(request, &index, reply)) {
        return;
    }
    if ((size_t)index >= data->test.count)
        ten_reply_error(reply, 404, "not_found", "there is no test image %lld; the last is %zu", (long long)index,
                        data->test.count - 1);
    else
        ten_reply_json(reply, 200,
                       json_pack("{s:I, s:i, s:o}", "index", (json_int_t)index, "label", data->test.labels[index],
                                 "image", ten_json_bytes(data->test.images + (size_t)index * PIXELS, PIXELS)));
}

static void stop(struct ten_server *server) {
    (void)server;
    for (size_t i = 0; i < 2; i++) {
        ten_lookup_free(state.lookup[i]);
        state.lookup[i] = NULL;
    }
}

const struct ten_part ten_part_nearest = {.stop = stop};

const struct ten_route ten_routes_nearest[] = {
    {"POST", "/api/nearest", false, nearest},
    {"GET", "/api/digit/", true, digit},
    {0},
};
