/* Threads that wait for work, for ten_parallel. A round of tasks is over when its tasks are done, not when every thread
 * has looked in: where the processor is shared with other programs, threads that do not get it are not waited for. */
#ifndef TEN_BASE_POOL_H
#define TEN_BASE_POOL_H

#include <stddef.h>

/* Calls work(context, task, thread) for every task in 0..tasks-1, on the calling thread (number 0) and on up to
 * threads - 1 others (1..threads-1), and returns when all are done. The calling thread does all of them where the
 * threads cannot be had: they are busy with another caller's tasks, or the caller is one of them. */
void ten_pool_run(size_t threads, size_t tasks, void (*work)(void *context, size_t task, size_t thread), void *context);

/* The processors that this process may use; at least 1. */
size_t ten_pool_processors(void);

#endif
