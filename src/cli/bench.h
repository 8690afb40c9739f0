/* What the parts of `tenfold bench` share: the machine's measured limits, and what a computation needs at least. */
#ifndef TEN_CLI_BENCH_H
#define TEN_CLI_BENCH_H

#include "cli/cli.h"

#include "data/batch.h"
#include "kernels/peaks.h"

/* What can limit a computation: arithmetic, or reading memory, which is the slower the more of it is read in turn. The
 * readings are of 16 KiB, 32 KiB, and so on, over and over. */
enum limit { LIMIT_FLOATS, LIMIT_BYTES, LIMIT_BF16, LIMIT_READ, LIMITS = LIMIT_READ + 24 };

/* Limits are measured when they are first asked for. */
struct limits {
    struct ten_peaks loops;
    struct ten_run run;
    double seconds;    /* of one measurement; the best of several counts */
    enum limit memory; /* the largest reading, far larger than the caches where that can be had */
    struct {
        bool measured;
        double rate; /* operations or bytes a second; 0 where there is no such instruction */
    } peak[LIMITS][2];
};

void bench_limits_init(struct limits *limits, const struct options *options);

/* The measured rate of one thread or of all. */
enum ten_status bench_peak(struct limits *limits, enum limit limit, bool all, double *rate, struct ten_error *error);

/* "single precision", "8-bit integers", "reading 32 KiB"; `out` of at least 48 bytes, which is returned. */
char *bench_limit_name(char *out, enum limit limit);
/* "120 GFLOP/s", "15 GB/s", "-" for 0; `out` of at least 24 bytes, which is returned. */
char *bench_rate_name(char *out, enum limit limit, double rate);

/* "12.34 µs", "12.34 ms", "1.23 s"; `out` of at least 24 bytes, which is returned. */
char *bench_format_time(char *out, double seconds);

/* What a computation cannot do without: arithmetic of one kind, and bytes to be read, which lie in
 * `footprint` bytes of memory. 0: none. */
struct work {
    enum limit kind;
    double operations, bytes, footprint;
};

/* The least seconds that `work` takes at the measured limits, and which of them is the tighter one. 0 seconds where
 * nothing can be said. */
enum ten_status bench_least_seconds(struct limits *limits, const struct work *work, bool all, double *seconds,
                                    enum limit *limit, struct ten_error *error);

/* The parts. Each appends its rows to `out` and prints no result. */
enum ten_status bench_peaks(struct limits *limits, json_t *out, struct ten_error *error);
enum ten_status bench_kernels(struct limits *limits, json_t *out, struct ten_error *error);
int bench_models(struct limits *limits, const struct options *options, json_t *out);
/* Checks the options of `bench models` before any work. DONE, or a status after a message. */
int bench_models_check(const struct options *options);

/* `bench --speedrun`: the whole command. */
int bench_speedrun(const struct options *options);

/* `bench predict`, which stands alone: prints its table or document. */
int bench_predict(const struct options *options);
int bench_predict_check(const struct options *options);

/* Files for others, safetensors. `train` NULL: only the test set. */
enum ten_status bench_write_arrays(const char *path, const struct ten_data *data, const char *prep,
                                   const struct ten_batch *train, const struct ten_batch *test,
                                   struct ten_error *error);
enum ten_status bench_write_answers(const char *path, const float *probabilities, size_t rows, struct ten_error *error);

/* The tables for people. */
int bench_print_peaks(const struct limits *limits, const json_t *rows);
int bench_print_kernels(const json_t *rows);
int bench_print_models(const json_t *rows);

#endif
