/* Numbered tasks over threads: each exactly once, the error of the lowest one, progress and stopping, and results that
 * do not know how many threads there were. */
#include "test.h"

#include "base/error.h"
#include "base/parallel.h"
#include "base/random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 1000, THREADS = 16 };

static void pause_for(long microseconds) { nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL); }

/* ---- Tasks and threads ---- */

struct counting {
    size_t threads;
    atomic_int done[TASKS];
    atomic_int busy[THREADS]; /* which scratch memory is in use */
    atomic_int errors;
};

static enum ten_status count_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct counting *c = context;
    if (task >= TASKS || thread >= c->threads) {
        atomic_fetch_add(&c->errors, 1);
        return TEN_OK;
    }
    if (atomic_fetch_add(&c->busy[thread], 1) != 0) atomic_fetch_add(&c->errors, 1);
    atomic_fetch_add(&c->done[task], 1);
    atomic_fetch_sub(&c->busy[thread], 1);
    return TEN_OK;
}

static void test_every_task_once(void **state) {
    (void)state;
    const size_t sizes[] = {0, 1, 2, 3, 7, 64, TASKS};
    for (int threads = 0; threads <= THREADS; threads++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct ten_run run = {.threads = threads};
            static struct counting counting;
            memset(&counting, 0, sizeof counting);
            counting.threads = ten_threads(&run) < THREADS ? ten_threads(&run) : THREADS;
            struct ten_error error;
            assert_ok(ten_parallel(&run, NULL, NULL, 0, sizes[s], count_task, &counting, &error));
            assert_int_equal(atomic_load(&counting.errors), 0);
            for (size_t i = 0; i < TASKS; i++) assert_int_equal(atomic_load(&counting.done[i]), i < sizes[s]);
        }
}

static void test_threads(void **state) {
    (void)state;
    assert_true(ten_threads(NULL) >= 1);
    assert_int_equal(ten_threads(&(struct ten_run){0}), ten_threads(NULL));
    assert_int_equal(ten_threads(&(struct ten_run){.threads = -3}), ten_threads(NULL));
    assert_int_equal(ten_threads(&(struct ten_run){.threads = 1}), 1);
    assert_int_equal(ten_threads(&(struct ten_run){.threads = 5}), 5);
}

static void test_blocks(void **state) {
    (void)state;
    for (size_t size = 1; size < 12; size++)
        for (size_t count = 0; count < 40; count++) {
            size_t blocks = ten_block_count(count, size), sum = 0;
            for (size_t i = 0; i < blocks; i++) {
                size_t length = ten_block_length(count, size, i);
                assert_true(length >= 1 && length <= size && (length == size || i == blocks - 1));
                sum += length;
            }
            assert_int_equal(sum, count);
        }
}

/* ---- The same result whatever the threads ---- */

static enum ten_status draw_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    struct ten_random random;
    ten_random_init(&random, 17, task);
    double sum = 0;
    for (uint64_t i = ten_random_below(&random, 50); i-- > 0;) sum += ten_random_unit(&random) - 0.5;
    ((double *)context)[task] = sum;
    return TEN_OK;
}

static void test_thread_count_does_not_show(void **state) {
    (void)state;
    static double expected[TASKS], got[TASKS];
    for (size_t i = 0; i < TASKS; i++) draw_task(expected, i, 0, NULL);
    for (int threads = 1; threads <= THREADS; threads++) {
        struct ten_error error;
        memset(got, 0, sizeof got);
        assert_ok(ten_parallel(&(struct ten_run){.threads = threads}, NULL, NULL, 0, TASKS, draw_task, got, &error));
        assert_memory_equal(got, expected, sizeof got);
    }
}

/* ---- Callers in a row, at once, inside each other, in another process ---- */

/* Every number of tasks again and again: a thread that comes late must not find another round's work. */
static void test_many_rounds(void **state) {
    (void)state;
    static double expected[TASKS], got[TASKS];
    for (size_t i = 0; i < TASKS; i++) draw_task(expected, i, 0, NULL);
    for (int round = 0; round < 20000; round++) {
        size_t tasks = (size_t)round % 9;
        struct ten_run run = {.threads = 1 + round % 5};
        struct ten_error error;
        memset(got, 0, tasks * sizeof *got);
        assert_ok(ten_parallel(&run, NULL, NULL, 0, tasks, draw_task, got, &error));
        assert_memory_equal(got, expected, tasks * sizeof *got);
    }
}

static void *call_again_and_again(void *wrong) {
    static _Thread_local double expected[64], got[64];
    for (size_t i = 0; i < 64; i++) draw_task(expected, i, 0, NULL);
    for (int round = 0; round < 500; round++) {
        struct ten_run run = {.threads = 3};
        memset(got, 0, sizeof got);
        if (ten_parallel(&run, NULL, NULL, 0, 64, draw_task, got, NULL) != TEN_OK ||
            memcmp(got, expected, sizeof got) != 0)
            atomic_fetch_add((atomic_int *)wrong, 1);
    }
    return NULL;
}

static void test_several_callers(void **state) {
    (void)state;
    pthread_t callers[4];
    atomic_int wrong = 0;
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&callers[i], NULL, call_again_and_again, &wrong), 0);
    for (size_t i = 0; i < 4; i++) pthread_join(callers[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

static enum ten_status nesting_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    double got[20];
    enum ten_status status = ten_parallel(&(struct ten_run){.threads = 4}, NULL, NULL, 0, 20, draw_task, got, error);
    ((double *)context)[task] = got[task % 20];
    return status;
}

static void test_nested(void **state) {
    (void)state;
    static double expected[20], got[100];
    struct ten_error error;
    for (size_t i = 0; i < 20; i++) draw_task(expected, i, 0, NULL);
    assert_ok(ten_parallel(&(struct ten_run){.threads = 4}, NULL, NULL, 0, 100, nesting_task, got, &error));
    for (size_t i = 0; i < 100; i++) assert_true(got[i] == expected[i % 20]);
}

/* A child has no threads but the one that forked. */
static void test_fork(void **state) {
    (void)state;
    atomic_int wrong = 0;
    call_again_and_again(&wrong);
    pid_t child = fork();
    if (child == 0) {
        call_again_and_again(&wrong);
        _exit(atomic_load(&wrong) ? 1 : 0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    call_again_and_again(&wrong);
    assert_int_equal(atomic_load(&wrong), 0);
}

/* ---- Failing ---- */

struct failing {
    size_t lowest, step; /* task `lowest` fails, and every `step`-th behind it */
    size_t late;         /* this one waits, so that others fail first */
    atomic_size_t started;
};

static enum ten_status failing_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    struct failing *f = context;
    atomic_fetch_add(&f->started, 1);
    if (task < f->lowest || (task - f->lowest) % f->step) return TEN_OK;
    if (task == f->late) pause_for(2000);
    return ten_fail(error, task == f->lowest ? TEN_NUMERIC : TEN_IO, "task %zu went wrong", task);
}

static void check_lowest(int threads, size_t lowest, size_t step, size_t late) {
    struct failing failing = {.lowest = lowest, .step = step, .late = late};
    struct ten_error error;
    char message[64];
    snprintf(message, sizeof message, "task %zu went wrong", lowest);
    assert_fails(
        ten_parallel(&(struct ten_run){.threads = threads}, NULL, NULL, 0, TASKS, failing_task, &failing, &error),
        TEN_NUMERIC, message);
    assert_string_equal(error.message, message);
    assert_int_equal(error.status, TEN_NUMERIC);
    /* the later ones are left out: with one thread all of them, else most */
    if (threads == 1) assert_int_equal(atomic_load(&failing.started), lowest + 1);
}

static void test_lowest_error(void **state) {
    (void)state;
    for (int threads = 1; threads <= 8; threads++)
        for (int round = 0; round < 40; round++) {
            check_lowest(threads, 0, 1, SIZE_MAX);
            check_lowest(threads, 3, 1, SIZE_MAX);
            check_lowest(threads, (size_t)round * 20, 7, SIZE_MAX);
            check_lowest(threads, TASKS - 1, 1, SIZE_MAX);
            if (round < 5) check_lowest(threads, (size_t)round, 1, (size_t)round); /* found although it is the last */
        }
    struct failing failing = {.lowest = 2, .step = 3, .late = SIZE_MAX};
    assert_int_equal(ten_parallel(NULL, NULL, NULL, 0, TASKS, failing_task, &failing, NULL), TEN_NUMERIC);
}

static enum ten_status silent_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)context, (void)thread, (void)error;
    return task == 5 ? TEN_NO_MEMORY : TEN_OK;
}

/* A task that fails without a message leaves none of before. */
static void test_error_without_message(void **state) {
    (void)state;
    struct ten_error error;
    memset(&error, 0x55, sizeof error);
    assert_int_equal(ten_parallel(NULL, NULL, NULL, 0, 10, silent_task, NULL, &error), TEN_NO_MEMORY);
    assert_string_equal(error.message, "");
}

/* ---- Progress and stopping ---- */

struct watching {
    pthread_t caller;
    size_t calls, stop_at; /* stop_at: the call that asks to stop */
    double last;
    bool good;
    atomic_size_t tasks;
};

static bool watch(void *context, const struct ten_progress *progress) {
    struct watching *w = context;
    w->good = w->good && pthread_equal(pthread_self(), w->caller) && strcmp(progress->stage, "test things") == 0 &&
              strcmp(progress->unit, "things") == 0 && progress->score_name == NULL && progress->total == 2.5 * TASKS &&
              progress->done > w->last && progress->done <= progress->total;
    w->last = progress->done;
    return ++w->calls != w->stop_at;
}

static enum ten_status watched_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)task, (void)thread, (void)error;
    atomic_fetch_add(&((struct watching *)context)->tasks, 1);
    return TEN_OK;
}

static enum ten_status run_watched(struct watching *watching, int threads, size_t stop_at, struct ten_error *error) {
    *watching = (struct watching){.caller = pthread_self(), .stop_at = stop_at, .good = true};
    struct ten_run run = {.threads = threads, .progress = watch, .context = watching};
    return ten_parallel(&run, "test things", "things", 2.5, TASKS, watched_task, watching, error);
}

static void test_progress(void **state) {
    (void)state;
    struct watching watching;
    struct ten_error error;
    for (int threads = 1; threads <= 8; threads++) {
        assert_ok(run_watched(&watching, threads, SIZE_MAX, &error));
        assert_true(watching.good);
        assert_int_equal(atomic_load(&watching.tasks), TASKS);
        if (threads > 1) continue;
        assert_int_equal(watching.calls, TASKS);
        assert_true(watching.last == 2.5 * TASKS);
    }
}

static void test_stopping(void **state) {
    (void)state;
    struct watching watching;
    struct ten_error error;
    for (size_t stop_at = 1; stop_at <= 20; stop_at++) {
        assert_fails(run_watched(&watching, 1, stop_at, &error), TEN_CANCELLED, "test things");
        assert_true(watching.good);
        assert_int_equal(watching.calls, stop_at);
        assert_int_equal(atomic_load(&watching.tasks), stop_at);
    }
    for (int threads = 2; threads <= 8; threads++) {
        enum ten_status status = run_watched(&watching, threads, 1, &error);
        assert_true(watching.good && watching.calls <= 1);
        /* the calling thread may by chance have got no task at all */
        assert_int_equal(status, watching.calls == 1 ? TEN_CANCELLED : TEN_OK);
    }
    assert_int_equal(run_watched(&watching, 1, 1, NULL), TEN_CANCELLED);
}

static enum ten_status stopped_task(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)context, (void)thread;
    return task == 2 ? ten_fail(error, TEN_IO, "task 2 went wrong") : TEN_OK;
}

/* Without a stage nobody is asked. */
static void test_no_stage(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_run run = {.threads = 3, .progress = stop_at_once};
    static struct counting counting;
    memset(&counting, 0, sizeof counting);
    counting.threads = 3;
    assert_ok(ten_parallel(&run, NULL, NULL, 0, TASKS, count_task, &counting, &error));
    assert_fails(ten_parallel(&run, NULL, NULL, 0, TASKS, stopped_task, NULL, &error), TEN_IO, "task 2");
}

static void test_report(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_progress progress = {.stage = "count sheep", .unit = "sheep"};
    assert_ok(ten_report(NULL, &progress, &error));
    assert_ok(ten_report(&(struct ten_run){0}, &progress, &error));
    struct ten_run run = {.progress = stop_at_once};
    assert_fails(ten_report(&run, &progress, &error), TEN_CANCELLED, "count sheep");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_blocks),          cmocka_unit_test(test_thread_count_does_not_show),
        cmocka_unit_test(test_lowest_error),    cmocka_unit_test(test_error_without_message),
        cmocka_unit_test(test_progress),        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_many_rounds),     cmocka_unit_test(test_several_callers),
        cmocka_unit_test(test_nested),          cmocka_unit_test(test_fork),
        cmocka_unit_test(test_no_stage),        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
