/* The pool is one word, `open`: which tasks are left to take, and how many threads may. Taking a task is one
 * compare-and-swap on it, and whatever else belongs to a round may be read once a task is taken, since the round cannot
 * end before that task is done. Half of the threads take the first task that is left, the others the last one: where
 * rounds do the same over the same memory again and again, as the steps of a training do, most tasks come back to the
 * processor that has it in its cache. Threads look at the word for a while before they sleep, because the next round
 * mostly follows at once; so does the caller before it sleeps until the last task is done. */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

enum { MOST_THREADS = 1024, LOOKS = 50000 /* about a millisecond */ };
/* The parts of `open`: threads that may take, first task that nobody has taken, last one + 1. */
enum { TASK_BITS = 26 };
static const uint64_t most_tasks = (UINT64_C(1) << TASK_BITS) - 1;

static struct {
    atomic_bool taken; /* by a caller */
    _Atomic uint64_t open;
    _Alignas(64) atomic_size_t done;
    void (*work)(void *context, size_t task, size_t thread);
    void *context;
    size_t tasks;           /* of the round */
    size_t threads;         /* that there are beside callers */
    atomic_size_t sleeping; /* of those */
    atomic_bool caller_sleeps;
    pthread_mutex_t guard;
    pthread_cond_t work_there, all_done;
} pool = {
    .guard = PTHREAD_MUTEX_INITIALIZER, .work_there = PTHREAD_COND_INITIALIZER, .all_done = PTHREAD_COND_INITIALIZER};

static _Thread_local bool inside; /* a task */

static inline void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static size_t first_left(uint64_t open) { return (size_t)(open >> TASK_BITS & most_tasks); }
static size_t end_left(uint64_t open) { return (size_t)(open & most_tasks); }
static bool may_take(uint64_t open, size_t thread) {
    return first_left(open) < end_left(open) && thread < open >> 2 * TASK_BITS;
}

/* Takes tasks and does them until there are none. */
static void work_on(size_t thread) {
    uint64_t open = atomic_load(&pool.open);
    while (may_take(open, thread)) {
        bool last = thread % 2;
        if (!atomic_compare_exchange_weak(&pool.open, &open, last ? open - 1 : open + (UINT64_C(1) << TASK_BITS)))
            continue;
        size_t tasks = pool.tasks;
        pool.work(pool.context, last ? end_left(open) - 1 : first_left(open), thread);
        if (atomic_fetch_add(&pool.done, 1) + 1 == tasks && atomic_load(&pool.caller_sleeps)) {
            pthread_mutex_lock(&pool.guard);
            pthread_cond_signal(&pool.all_done);
            pthread_mutex_unlock(&pool.guard);
        }
        open = atomic_load(&pool.open);
    }
}

static void *wait_for_work(void *number) {
    size_t thread = (size_t)(uintptr_t)number;
    inside = true;
    for (;;) {
        for (int look = 0; look < LOOKS && !may_take(atomic_load(&pool.open), thread); look++) rest();
        if (!may_take(atomic_load(&pool.open), thread)) {
            pthread_mutex_lock(&pool.guard);
            atomic_fetch_add(&pool.sleeping, 1);
            while (!may_take(atomic_load(&pool.open), thread)) pthread_cond_wait(&pool.work_there, &pool.guard);
            atomic_fetch_sub(&pool.sleeping, 1);
            pthread_mutex_unlock(&pool.guard);
        }
        work_on(thread);
    }
    return NULL;
}

/* A forked process has the calling thread alone. */
static void forget_threads(void) {
    pool.threads = 0;
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.open, 0);
    atomic_store(&pool.taken, false);
    pool.guard = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool.work_there = pool.all_done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, forget_threads); }

/* As many threads as can be had. */
static void start_threads(size_t wanted) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (pool.threads < wanted) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, wait_for_work, (void *)(uintptr_t)(pool.threads + 1)) != 0) break;
        pool.threads++;
    }
    pthread_attr_destroy(&attributes);
}

static void wait_for_the_last(size_t tasks) {
    for (int look = 0; look < LOOKS; look++) {
        if (atomic_load(&pool.done) == tasks) return;
        rest();
    }
    pthread_mutex_lock(&pool.guard);
    atomic_store(&pool.caller_sleeps, true);
    while (atomic_load(&pool.done) != tasks) pthread_cond_wait(&pool.all_done, &pool.guard);
    atomic_store(&pool.caller_sleeps, false);
    pthread_mutex_unlock(&pool.guard);
}

void ten_pool_run(size_t threads, size_t tasks, void (*work)(void *context, size_t task, size_t thread),
                  void *context) {
    bool expected = false;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    if (threads < 2 || tasks < 2 || tasks > most_tasks || inside ||
        !atomic_compare_exchange_strong(&pool.taken, &expected, true)) {
        for (size_t i = 0; i < tasks; i++) work(context, i, 0);
        return;
    }
    start_threads(threads - 1);
    pool.work = work;
    pool.context = context;
    pool.tasks = tasks;
    atomic_store(&pool.done, 0);
    atomic_store(&pool.open, (uint64_t)threads << 2 * TASK_BITS | tasks);
    if (atomic_load(&pool.sleeping) > 0) {
        pthread_mutex_lock(&pool.guard);
        pthread_cond_broadcast(&pool.work_there);
        pthread_mutex_unlock(&pool.guard);
    }
    inside = true;
    work_on(0);
    inside = false;
    wait_for_the_last(tasks);
    atomic_store(&pool.taken, false);
}

size_t ten_pool_processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (size_t)CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (size_t)count;
}
