/* What is counted, for GET /metrics. Any thread may count. */
#ifndef TEN_SERVE_METRICS_H
#define TEN_SERVE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>

struct ten_server;
enum { TEN_MOST_ROUTES = 64, TEN_CLASSES_OF_STATUS = 6, TEN_LATENCIES = 16, TEN_MOST_COUNTED = 128 };

struct ten_counts {
    /* by route, and by the status's first figure; the last route is for requests that met none */
    atomic_ullong requests[TEN_MOST_ROUTES + 1][TEN_CLASSES_OF_STATUS];
    atomic_ullong latency[TEN_LATENCIES + 1]; /* how many took so long; the last: longer */
    atomic_ullong latency_microseconds, bytes_in, bytes_out;
    struct {
        char name[96];
        atomic_ullong digits;
    } models[TEN_MOST_COUNTED]; /* guarded by the models' lock, but for the numbers */
    size_t model_count;
};

void ten_counts_request(struct ten_counts *metrics, size_t route, int status, double seconds);
/* The counter of a model; the last one where there are too many. Under the models' lock. */
atomic_ullong *ten_counts_model(struct ten_counts *metrics, const char *name);
/* All of it in Prometheus' text form; freed by the caller. NULL: out of memory. */
char *ten_counts_text(struct ten_server *server, size_t *size);

#endif
