/* This program once more, as a child whose output is read line by line. */
#include "serve/serve.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { MOST_ARGUMENTS = 128, MOST_LINE = 8 << 20 };

/* In the child: nothing here may allocate. */
static _Noreturn void become(const char *program, char *const *words, int output, bool low, bool silent, pid_t parent) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* so that it never outlives the server, which may be killed */
#endif
    if (getppid() != parent) _exit(127);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    for (int s = 1; s < 32; s++) sigaction(s, &standard, NULL);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0) _exit(127);
    if (silent) dup2(nothing, STDERR_FILENO);
    if (low && setpriority(PRIO_PROCESS, 0, 19) != 0) low = false; /* then at the server's own */
    execv(program, words);
    _exit(127);
}

enum ten_status ten_child_start(struct ten_child *child, const char *program, const char *const *arguments, bool low,
                                bool silent, struct ten_error *error) {
    *child = (struct ten_child){.output = -1};
    char *words[MOST_ARGUMENTS + 2] = {(char *)(uintptr_t) "tenfold"};
    size_t count = 1;
    while (arguments[count - 1] && count <= MOST_ARGUMENTS) {
        words[count] = (char *)(uintptr_t)arguments[count - 1];
        count++;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ten_fail(error, TEN_IO, "no pipe to a process: %s", strerror(errno));
    pid_t self = getpid(), pid = fork();
    if (pid == 0) become(program, words, ends[1], low, silent, self);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return ten_fail(error, TEN_IO, "no new process: %s", strerror(errno));
    }
    child->pid = (int)pid;
    child->output = ends[0];
    return TEN_OK;
}

/* Takes a whole line out of what was read. */
static char *take_line(struct ten_child *child) {
    char *end = child->length ? memchr(child->text, '\n', child->length) : NULL;
    if (!end) return NULL;
    size_t length = (size_t)(end - child->text);
    char *line = strndup(child->text, length);
    child->length -= length + 1;
    memmove(child->text, end + 1, child->length);
    return line;
}

/* Reads what is there. False: no more will come. */
static bool read_more(struct ten_child *child) {
    if (child->capacity - child->length < 4096) {
        size_t wanted = 2 * child->capacity + 8192;
        char *longer = wanted <= 2 * MOST_LINE ? realloc(child->text, wanted) : NULL;
        if (!longer) return false;
        child->text = longer;
        child->capacity = wanted;
    }
    ssize_t got = read(child->output, child->text + child->length, child->capacity - child->length);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    child->length += (size_t)got;
    return true;
}

int ten_child_line(struct ten_child *child, double wait, char **line) {
    double end = ten_seconds() + wait;
    for (;;) {
        if ((*line = take_line(child))) return 1;
        if (child->output < 0) return -1;
        double left = end - ten_seconds();
        struct pollfd ready = {.fd = child->output, .events = POLLIN};
        int found = poll(&ready, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (found == 0) return 0;
        if (found < 0 && errno != EINTR) return -1;
        if (found > 0 && !read_more(child)) {
            close(child->output);
            child->output = -1;
        }
    }
}

void ten_child_stop(struct ten_child *child, double patience) {
    if (child->pid <= 0) return;
    kill(child->pid, SIGTERM);
    double end = ten_seconds() + patience;
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) return;
        if (ten_seconds() > end) break;
        usleep(10000);
    }
    kill(child->pid, SIGKILL);
}

int ten_child_end(struct ten_child *child) {
    int status = 0;
    if (child->pid > 0)
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) continue;
    if (child->output >= 0) close(child->output);
    free(child->text);
    *child = (struct ten_child){.output = -1};
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
