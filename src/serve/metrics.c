#include "serve/metrics.h"

#include "base/clock.h"
#include "serve/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Upper ends in seconds. */
static const double latencies[TEN_LATENCIES] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02,
                                                0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

void ten_counts_request(struct ten_counts *metrics, size_t route, int status, double seconds) {
    int class = status / 100;
    if (class < 0 || class >= TEN_CLASSES_OF_STATUS) class = 0;
    if (route > TEN_MOST_ROUTES) route = TEN_MOST_ROUTES;
    size_t i = 0;
    while (i < TEN_LATENCIES && seconds > latencies[i]) i++;
    atomic_fetch_add_explicit(&metrics->requests[route][class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->latency[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->latency_microseconds, (unsigned long long)(seconds * 1e6),
                              memory_order_relaxed);
}

atomic_ullong *ten_counts_model(struct ten_counts *metrics, const char *name) {
    size_t i = 0;
    while (i < metrics->model_count && strcmp(metrics->models[i].name, name) != 0) i++;
    if (i == TEN_MOST_COUNTED) return &metrics->models[TEN_MOST_COUNTED - 1].digits;
    if (i == metrics->model_count) {
        snprintf(metrics->models[i].name, sizeof metrics->models[i].name, "%s", name);
        metrics->model_count++;
    }
    return &metrics->models[i].digits;
}

/* Bytes of memory that this process has in use now; 0 where the system does not tell. */
static unsigned long long resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
    fclose(file);
    return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static void head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP tenfold_%s %s\n# TYPE tenfold_%s %s\n", name, help, name, type);
}

static void print_requests(FILE *out, struct ten_counts *metrics) {
    head(out, "requests_total", "counter", "Requests answered, by route and class of status.");
    for (size_t r = 0; r <= TEN_MOST_ROUTES; r++)
        for (int c = 0; c < TEN_CLASSES_OF_STATUS; c++) {
            unsigned long long count = atomic_load(&metrics->requests[r][c]);
            if (!count) continue;
            const char *route = r < ten_http_routes() ? ten_http_route_name(r) : "none";
            fprintf(out, "tenfold_requests_total{route=\"%s\",status=\"%dxx\"} %llu\n", route, c, count);
        }
    head(out, "request_seconds", "histogram", "From a request's last byte to its answer's last byte.");
    unsigned long long total = 0;
    for (int i = 0; i <= TEN_LATENCIES; i++) {
        total += atomic_load(&metrics->latency[i]);
        if (i < TEN_LATENCIES)
            fprintf(out, "tenfold_request_seconds_bucket{le=\"%g\"} %llu\n", latencies[i], total);
        else
            fprintf(out, "tenfold_request_seconds_bucket{le=\"+Inf\"} %llu\n", total);
    }
    fprintf(out, "tenfold_request_seconds_sum %.6f\ntenfold_request_seconds_count %llu\n",
            (double)atomic_load(&metrics->latency_microseconds) * 1e-6, total);
}

static void print_models(FILE *out, struct ten_server *server) {
    struct ten_counts *metrics = &server->counts;
    head(out, "digits_read_total", "counter", "Digits that a model read.");
    pthread_mutex_lock(&server->models.lock);
    for (size_t i = 0; i < metrics->model_count; i++)
        fprintf(out, "tenfold_digits_read_total{model=\"%s\"} %llu\n", metrics->models[i].name,
                (unsigned long long)atomic_load(&metrics->models[i].digits));
    head(out, "models", "gauge", "Models that are served.");
    fprintf(out, "tenfold_models %zu\n", server->models.count);
    pthread_mutex_unlock(&server->models.lock);
}

static void print_number(FILE *out, const char *name, const char *type, const char *help, double value) {
    head(out, name, type, help);
    fprintf(out, "tenfold_%s %.17g\n", name, value);
}

char *ten_counts_text(struct ten_server *server, size_t *size) {
    struct ten_counts *m = &server->counts;
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) return NULL;
    print_requests(out, m);
    print_models(out, server);
    pthread_mutex_lock(&server->connections.lock);
    size_t open = server->connections.count;
    pthread_mutex_unlock(&server->connections.lock);
    print_number(out, "connections", "gauge", "Open connections.", (double)open);
    print_number(out, "connections_total", "counter", "Connections taken.",
                 (double)atomic_load(&server->connections.total));
    print_number(out, "connections_evicted_total", "counter", "Idle connections closed for newer ones.",
                 (double)atomic_load(&server->connections.evicted));
    print_number(out, "connections_late_total", "counter", "Connections closed because their time was over.",
                 (double)atomic_load(&server->connections.late));
    print_number(out, "streams", "gauge", "Streams of events that are followed.", (double)ten_streams_followed());
    print_number(out, "received_bytes_total", "counter", "Bytes of bodies received.",
                 (double)atomic_load(&m->bytes_in));
    print_number(out, "sent_bytes_total", "counter", "Bytes of bodies sent.", (double)atomic_load(&m->bytes_out));
    print_number(out, "process_resident_memory_bytes", "gauge", "Memory in use.", (double)resident_bytes());
    print_number(out, "uptime_seconds", "gauge", "Since the start.", ten_seconds() - server->started);
    fclose(out);
    return text;
}
