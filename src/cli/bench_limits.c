/* The machine's measured limits: the peak loops of the kernel set in use, on one thread and on all, the best of several
 * measurements. */
#include "cli/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TIMES = 5, TASKS = 64, PER_THREAD = 1 << 20 /* buffers up to this size each thread has its own */ };

static size_t reading_size(enum limit limit) { return (size_t)(16 << 10) << (limit - LIMIT_READ); }

/* The smallest reading of at least so many bytes, up to `largest`. */
static enum limit reading_of(double bytes, enum limit largest) {
    enum limit limit = LIMIT_READ;
    while (limit < largest && (double)reading_size(limit) < bytes) limit++;
    return limit;
}

/* Four times the last cache or more, but at most a quarter of what the machine has, and 256 MiB at least. */
static enum limit far_larger_than_caches(void) {
    double cache = 64 << 20, memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
#ifdef _SC_LEVEL3_CACHE_SIZE
    if (sysconf(_SC_LEVEL3_CACHE_SIZE) > 0) cache = (double)sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    enum limit limit = reading_of(fmax(4 * cache, 256 << 20), LIMITS - 1);
    while ((double)reading_size(limit) > fmax(memory / 4, 256 << 20)) limit--;
    return limit;
}

void bench_limits_init(struct limits *limits, const struct options *options) {
    *limits = (struct limits){
        .loops = ten_peaks(),
        .run = ten_run_for(options),
        .seconds = options->quick ? 0.005 : 0.08,
        .memory = options->quick ? reading_of(256 << 20, LIMITS - 1) : far_larger_than_caches(),
    };
}

struct measurement {
    const struct limits *limits;
    enum limit limit;
    size_t rounds, size;
    uint8_t *buffer; /* of `size` bytes for each thread, or for all if that is large */
    double operations[TASKS];
};

static bool each_its_own(const struct measurement *m) { return m->size <= PER_THREAD; }

static enum ten_status measure_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct measurement *m = context;
    const struct ten_peaks *loops = &m->limits->loops;
    switch (m->limit) {
    case LIMIT_FLOATS: m->operations[task] = loops->floats(m->rounds); break;
    case LIMIT_BYTES: m->operations[task] = loops->bytes(m->rounds); break;
    case LIMIT_BF16: m->operations[task] = loops->bf16(m->rounds); break;
    default:
        if (each_its_own(m))
            for (size_t i = 0; i < m->rounds; i++) loops->read(m->buffer + thread * m->size, m->size);
        else
            loops->read(m->buffer + task % TASKS * (m->size / TASKS), m->size / TASKS);
    }
    return TEN_OK;
}

/* Operations or bytes a second. */
static enum ten_status measure_once(struct measurement *m, const struct ten_run *run, double *rate, double *seconds,
                                    struct ten_error *error) {
    bool shared = m->buffer && !each_its_own(m);
    size_t tasks = shared ? TASKS * m->rounds : TASKS;
    struct ten_progress progress = {.stage = "measuring the machine", .unit = "parts", .total = 1};
    double start = ten_seconds(), done = 0;
    enum ten_status status = ten_report(run, &progress, error);
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, tasks, measure_task, m, error);
    *seconds = ten_seconds() - start;
    for (size_t i = 0; i < TASKS; i++) done += m->operations[i];
    if (m->buffer) done = (double)m->rounds * (double)m->size * (shared ? 1 : TASKS);
    *rate = done / *seconds;
    return status;
}

static enum ten_status allocate(struct measurement *m, size_t threads, struct ten_error *error) {
    enum { HUGE_PAGE = 2 << 20 };
    size_t size = each_its_own(m) ? m->size * threads : m->size;
    if (posix_memalign((void **)&m->buffer, HUGE_PAGE, size) != 0) {
        m->buffer = NULL;
        return ten_fail_memory(error, "the memory to read");
    }
#ifdef MADV_HUGEPAGE
    madvise(m->buffer, size, MADV_HUGEPAGE); /* the limit is the memory, not the table of its pages */
#endif
    memset(m->buffer, 1, size);
    return TEN_OK;
}

static enum ten_status measure(struct limits *limits, enum limit limit, bool all, struct ten_error *error) {
    struct measurement m = {.limits = limits, .limit = limit, .rounds = 1};
    struct ten_run run = limits->run;
    if (!all) run.threads = 1;
    enum ten_status status = TEN_OK;
    double best = 0, rate, seconds = 0;
    if (limit >= LIMIT_READ) {
        m.size = reading_size(limit);
        status = allocate(&m, ten_threads(&run), error);
    }
    while (status == TEN_OK && seconds < limits->seconds) { /* the first ones find how many rounds it takes */
        status = measure_once(&m, &run, &rate, &seconds, error);
        if (seconds < limits->seconds) m.rounds *= 2;
    }
    for (size_t i = 0; status == TEN_OK && i < TIMES; i++) {
        status = measure_once(&m, &run, &rate, &seconds, error);
        best = fmax(best, rate);
    }
    free(m.buffer);
    limits->peak[limit][all].rate = best;
    limits->peak[limit][all].measured = status == TEN_OK;
    return status;
}

enum ten_status bench_peak(struct limits *limits, enum limit limit, bool all, double *rate, struct ten_error *error) {
    if (ten_threads(&limits->run) == 1) all = false;
    enum ten_status status = TEN_OK;
    bool there = limit != LIMIT_BF16 || limits->loops.bf16;
    if (there && !limits->peak[limit][all].measured) status = measure(limits, limit, all, error);
    *rate = limits->peak[limit][all].rate;
    return status;
}

enum ten_status bench_least_seconds(struct limits *limits, const struct work *work, bool all, double *seconds,
                                    enum limit *limit, struct ten_error *error) {
    double rate;
    enum ten_status status = TEN_OK;
    *seconds = 0;
    *limit = work->kind;
    if (work->operations > 0) {
        status = bench_peak(limits, work->kind, all, &rate, error);
        if (status == TEN_OK && rate > 0) *seconds = work->operations / rate;
    }
    if (status == TEN_OK && work->bytes > 0) {
        enum limit reading = reading_of(work->footprint, limits->memory);
        status = bench_peak(limits, reading, all, &rate, error);
        if (status == TEN_OK && work->bytes / rate > *seconds) {
            *seconds = work->bytes / rate;
            *limit = reading;
        }
    }
    return status;
}

/* ---- Showing ------------------------------------------------------------------------------------------------------
 */

char *bench_limit_name(char *out, enum limit limit) {
    static const char *const names[] = {"single precision", "8-bit integers", "BF16"};
    size_t size = limit >= LIMIT_READ ? reading_size(limit) >> 10 : 0;
    if (limit < LIMIT_READ)
        snprintf(out, 48, "%s", names[limit]);
    else
        snprintf(out, 48, "reading %zu %s", size < 1024 ? size : size >> 10, size < 1024 ? "KiB" : "MiB");
    return out;
}

char *bench_rate_name(char *out, enum limit limit, double rate) {
    const char *unit = limit >= LIMIT_READ ? "GB/s" : limit == LIMIT_BYTES ? "GOP/s" : "GFLOP/s";
    if (rate > 0)
        snprintf(out, 24, rate < 9.95e9 ? "%.1f %s" : "%.0f %s", rate / 1e9, unit);
    else
        snprintf(out, 24, "-");
    return out;
}

char *bench_format_time(char *out, double seconds) {
    if (seconds < 1e-3)
        snprintf(out, 24, "%.2f µs", 1e6 * seconds);
    else if (seconds < 1)
        snprintf(out, 24, "%.2f ms", 1e3 * seconds);
    else
        snprintf(out, 24, "%.2f s", seconds);
    return out;
}

enum ten_status bench_peaks(struct limits *limits, json_t *out, struct ten_error *error) {
    const enum limit shown[] = {LIMIT_FLOATS,
                                LIMIT_BYTES,
                                LIMIT_BF16,
                                reading_of(32 << 10, limits->memory),
                                reading_of(1 << 20, limits->memory),
                                reading_of(64 << 20, limits->memory),
                                limits->memory};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        enum limit limit = shown[i];
        double one, all;
        char name[48];
        enum ten_status status = bench_peak(limits, limit, false, &one, error);
        if (status == TEN_OK) status = bench_peak(limits, limit, true, &all, error);
        if (status != TEN_OK) return status;
        const char *unit = limit >= LIMIT_READ ? "bytes/s" : "operations/s";
        json_t *row =
            json_pack("{s:s, s:s, s:o, s:o}", "name", bench_limit_name(name, limit), "unit", unit, "one_thread",
                      one > 0 ? json_real(one) : json_null(), "all_threads", all > 0 ? json_real(all) : json_null());
        if (json_array_append_new(out, row) != 0) return ten_fail_memory(error, "the result");
    }
    return TEN_OK;
}

int bench_print_peaks(const struct limits *limits, const json_t *rows) {
    char all[40], text[24];
    snprintf(all, sizeof all, ">%zu threads", ten_threads(&limits->run));
    const char *headings[] = {"peak", ">one thread", all};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table);
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(row, "name")));
        for (int c = 1; c <= 2; c++) {
            double rate = json_number_value(json_object_get(row, c == 1 ? "one_thread" : "all_threads"));
            snprintf(cell[c], sizeof *cell, "%s",
                     bench_rate_name(text, i < LIMIT_READ ? (enum limit)i : LIMIT_READ, rate));
        }
    }
    return ten_table_print(&table, stdout);
}
