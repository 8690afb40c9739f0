/* Numbered tasks over the pool's threads, with progress, cancellation and errors. Only the calling thread reports
 * progress, as the interface promises. */
#include "base/parallel.h"

#include "base/error.h"
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>

/* Asked once: the answer follows the thread's affinity, and scratch memory for each thread must fit all along. */
static size_t processors;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_processors(void) { processors = ten_pool_processors(); }

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

/* What the tasks of one call share. */
struct round {
    const struct ten_run *run;
    ten_task *task;
    void *context;
    struct ten_error *error;
    double per_task;
    struct ten_progress progress;
    atomic_size_t failed; /* the lowest task that failed; those above need not start, those below must */
    atomic_bool stop;     /* on request */
    atomic_size_t done;
    pthread_mutex_t guard; /* of the status and the error */
    enum ten_status status;
};

static void do_task(void *context, size_t i, size_t thread) {
    struct round *r = context;
    if (atomic_load(&r->stop) || i > atomic_load(&r->failed)) return;
    struct ten_error mine = {.status = TEN_OK};
    enum ten_status result = r->task(r->context, i, thread, &mine);
    size_t finished = atomic_fetch_add(&r->done, 1) + 1, number = i;
    if (result == TEN_OK && r->progress.stage && thread == 0) {
        r->progress.done = r->per_task * (double)finished;
        result = ten_report(r->run, &r->progress, &mine);
        if (result != TEN_OK) atomic_store(&r->stop, true);
        number = SIZE_MAX - 1; /* an error that is there already comes first */
    }
    if (result == TEN_OK) return;
    pthread_mutex_lock(&r->guard);
    if (number < atomic_load(&r->failed)) {
        atomic_store(&r->failed, number);
        r->status = result;
        if (r->error) *r->error = mine;
    }
    pthread_mutex_unlock(&r->guard);
}

enum ten_status ten_parallel(const struct ten_run *run, const char *stage, const char *unit, double per_task,
                             size_t tasks, ten_task *task, void *context, struct ten_error *error) {
    struct round round = {.run = run,
                          .task = task,
                          .context = context,
                          .error = error,
                          .per_task = per_task,
                          .progress = {.stage = stage, .unit = unit, .total = per_task * (double)tasks},
                          .failed = SIZE_MAX,
                          .guard = PTHREAD_MUTEX_INITIALIZER,
                          .status = TEN_OK};
    ten_pool_run(ten_workers(run, tasks), tasks, do_task, &round);
    return round.status;
}
