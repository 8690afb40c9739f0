/* The one way in which the library uses several threads: independent tasks, numbered, handed out in turn. A task's
 * result must depend on its number only; sums over tasks are added up afterwards in the order of numbers. Then the
 * number of threads cannot change a result. */
#ifndef TEN_BASE_PARALLEL_H
#define TEN_BASE_PARALLEL_H

#include "tenfold.h"

/* One task; `thread` is in 0..ten_workers(run, tasks)-1 and picks scratch memory. */
typedef enum ten_status ten_task(void *context, size_t task, size_t thread, struct ten_error *error);

/* How many threads a run may use, at least 1; the same all through a process for the same run->threads. */
size_t ten_threads(const struct ten_run *run);

/* How many of them ten_parallel uses for so many tasks: what scratch memory is needed for. */
size_t ten_workers(const struct ten_run *run, size_t tasks);

/* Runs tasks 0..tasks-1. `stage` NULL: no progress is reported; otherwise progress is reported in `unit`, each task
 * counting for `per_task` of them, and the run can be stopped. If tasks fail, the error of the lowest-numbered one is
 * returned, whatever the number of threads; tasks behind it that had not started are left out. */
enum ten_status ten_parallel(const struct ten_run *run, const char *stage, const char *unit, double per_task,
                             size_t tasks, ten_task *task, void *context, struct ten_error *error);

/* Reports progress from a serial loop; TEN_CANCELLED if the caller wants to stop. */
enum ten_status ten_report(const struct ten_run *run, const struct ten_progress *progress, struct ten_error *error);

/* The length of block `i` when `count` items are cut into blocks of `size`. */
static inline size_t ten_block_length(size_t count, size_t size, size_t i) {
    return count - i * size < size ? count - i * size : size;
}
static inline size_t ten_block_count(size_t count, size_t size) { return (count + size - 1) / size; }

#endif
