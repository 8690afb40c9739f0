/* The progress line on a terminal, and stopping on request. The library calls back as often as it likes; the line is
 * redrawn at most ten times a second. */
#include "cli/cli.h"

#include "base/clock.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static struct {
    char stage[64];
    double started, drawn, done;
    bool visible;
} line;

static void on_signal(int signal_number) {
    stop = 1;
    signal(signal_number, SIG_DFL);
}

void ten_catch_signals(void) {
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
}

bool ten_stop_requested(void) { return stop; }

void ten_progress_clear(void) {
    if (!line.visible) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    line.visible = false;
}

/* "12s", "3m05s" */
static void format_left(char *out, size_t size, double seconds) {
    if (seconds < 60)
        snprintf(out, size, "%.0fs", ceil(seconds));
    else if (seconds < 3600)
        snprintf(out, size, "%dm%02ds", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(out, size, "%dh%02dm", (int)seconds / 3600, (int)seconds % 3600 / 60);
}

/* How often the same work comes again behind this: the epochs after "epoch 2/20". */
static double repeats(const char *stage) {
    const char *epoch = strstr(stage, " epoch ");
    unsigned now = 0, all = 0;
    return epoch && sscanf(epoch, " epoch %u/%u", &now, &all) == 2 && all > now ? all - now : 0;
}

/* As much as fits: the bar shrinks first, then the end of the line is cut. */
static void draw(const struct ten_progress *p, double now) {
    char text[320], rest[224], left[40] = "", score[64] = "";
    double elapsed = now - line.started, rate = elapsed > 0 ? p->done / elapsed : 0;
    size_t width = ten_terminal_width(stderr), bar = 0;
    width = width ? width - 1 : 79;
    if (p->score_name) snprintf(score, sizeof score, "  %s %.6g", p->score_name, p->score);
    if (p->total > 0) {
        double share = fmin(p->done / p->total, 1);
        if (rate > 0) {
            memcpy(left, "  ", 3);
            format_left(left + 2, sizeof left - 8, (p->total - p->done + repeats(p->stage) * p->total) / rate);
            strcat(left, " left");
        }
        snprintf(rest, sizeof rest, "%3.0f%%  %.*f %s/s%s%s", 100 * share, rate < 10 ? 1 : 0, rate, p->unit, left,
                 score);
        size_t taken = strlen(p->stage) + strlen(rest) + 5;
        bar = taken + 6 > width ? 0 : width - taken > 20 ? 20 : width - taken;
        size_t full = (size_t)((double)bar * share);
        snprintf(text, sizeof text, bar ? "%s [%.*s%.*s] %s" : "%s %.*s%.*s%s", p->stage, (int)full,
                 "====================", (int)(bar - full), "....................", rest);
    } else {
        snprintf(text, sizeof text, "%s  %.0f %s  %.*f/s%s", p->stage, p->done, p->unit, rate < 10 ? 1 : 0, rate,
                 score);
    }
    fprintf(stderr, "\r%.*s\033[K", (int)width, text);
    fflush(stderr);
    line.visible = true;
    line.drawn = now;
}

static bool on_progress(void *context, const struct ten_progress *progress) {
    (void)context;
    double now = ten_seconds();
    if (strncmp(line.stage, progress->stage, sizeof line.stage - 1) != 0 || progress->done < line.done) {
        snprintf(line.stage, sizeof line.stage, "%s", progress->stage);
        line.started = line.drawn = now;
    }
    line.done = progress->done;
    if (now - line.drawn >= 0.1) draw(progress, now);
    return !stop;
}

static bool only_stop(void *context, const struct ten_progress *progress) {
    (void)context, (void)progress;
    return !stop;
}

struct ten_run ten_run_for(const struct options *options) {
    const char *terminal = getenv("TERM");
    bool lines = !options->quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    return (struct ten_run){.seed = options->seed,
                            .threads = options->threads,
                            .progress = lines ? on_progress : only_stop,
                            .checkpoint = options->checkpoint};
}
