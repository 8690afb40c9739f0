/* Numbered tasks over OpenMP threads, with progress, cancellation and errors. Only the calling thread reports
 * progress, as the interface promises. */
#include "base/parallel.h"

#include "base/error.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>

/* Asked once: the answer follows the thread's affinity, and scratch memory for each thread must fit all along. */
static size_t processors;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_processors(void) {
    int count = omp_get_num_procs();
    processors = count < 1 ? 1 : (size_t)count;
}

size_t ten_threads(const struct ten_run *run) {
    pthread_once(&once, count_processors);
    return run && run->threads > 0 ? (size_t)run->threads : processors;
}

size_t ten_workers(const struct ten_run *run, size_t tasks) {
    size_t threads = ten_threads(run);
    return threads < tasks ? threads : tasks ? tasks : 1;
}

enum ten_status ten_report(const struct ten_run *run, const struct ten_progress *progress, struct ten_error *error) {
    if (!run || !run->progress || run->progress(run->context, progress)) return TEN_OK;
    return ten_fail(error, TEN_CANCELLED, "stopped during %s", progress->stage);
}

enum ten_status ten_parallel(const struct ten_run *run, const char *stage, const char *unit, double per_task,
                             size_t tasks, ten_task *task, void *context, struct ten_error *error) {
    size_t threads = ten_workers(run, tasks);
    enum ten_status status = TEN_OK;
    atomic_size_t failed = SIZE_MAX; /* the lowest task that failed; those above need not start, those below must */
    pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
    atomic_bool stop = false; /* on request */
    atomic_size_t done = 0;
    struct ten_progress progress = {.stage = stage, .unit = unit, .total = per_task * (double)tasks};
#pragma omp parallel for num_threads((int)threads) schedule(monotonic : dynamic, 1)
    for (size_t i = 0; i < tasks; i++) {
        if (atomic_load(&stop) || i > atomic_load(&failed)) continue;
        struct ten_error mine = {.status = TEN_OK};
        enum ten_status result = task(context, i, (size_t)omp_get_thread_num(), &mine);
        size_t finished = atomic_fetch_add(&done, 1) + 1, number = i;
        if (result == TEN_OK && stage && omp_get_thread_num() == 0) {
            progress.done = per_task * (double)finished;
            result = ten_report(run, &progress, &mine);
            if (result != TEN_OK) atomic_store(&stop, true);
            number = SIZE_MAX - 1; /* an error that is there already comes first */
        }
        if (result != TEN_OK) {
            pthread_mutex_lock(&guard); /* an omp critical section would leave a global symbol of its own */
            if (number < atomic_load(&failed)) {
                atomic_store(&failed, number);
                status = result;
                if (error) *error = mine;
            }
            pthread_mutex_unlock(&guard);
        }
    }
    return status;
}
