/* `tenfold serve`: the page and its API. */
#include "cli/record.h"

#include "base/text.h"
#include "serve/serve.h"

#include <string.h>
#include <unistd.h>

/* This program's own file, for trainings. */
static const char *own_file(char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0 || (size_t)length >= size - 1) return "tenfold";
    path[length] = '\0';
    return path;
}

static bool only_here(const char *host) {
    return !host || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "[::1]") == 0;
}

static void ready(void *context, const char *address) {
    const struct options *options = context;
    if (!only_here(options->host))
        ten_say(options,
                "everybody who reaches %s over the network can use this server and what it keeps; there is no "
                "password",
                options->host);
    printf("the page is at %s\n", address);
    fflush(stdout);
}

static int run(const struct options *options) {
    char program[1024];
    struct ten_error error;
    const char *runs = ten_record_path(options);
    if (ten_record_check(options) != DONE) return FAILED;
    const struct ten_serve_options serve = {
        .host = options->host,
        .port = options->port_given ? options->port : 8000,
        .data = options->data,
        .models = options->models,
        .study = options->study,
        .runs = strcmp(runs, "none") == 0 ? NULL : runs,
        .program = own_file(program, sizeof program),
        .threads = options->threads,
        .patience = options->patience,
        .train = !options->no_train,
        .quiet = options->quiet,
        .stop = ten_stop_requested,
        .ready = ready,
        .context = (void *)(uintptr_t)options,
    };
    if (ten_serve(&serve, &error) != TEN_OK) return ten_complain_error(&error);
    ten_say(options, "stopped");
    return DONE;
}

const struct command ten_command_serve = {
    .name = "serve",
    .usage = "",
    .summary = "the page on which digits are drawn and read, and its API",
    .details =
        "Serves every model of the folder of models and of the study's, those that appear later, too. Without any, a "
        "quick one is trained at once; then those that are missing are trained in the background, one after the other, "
        "into the folder of models. Ctrl-C ends it; a training goes on from there the next time. docs/api.md describes "
        "the API.",
    .examples = "  tenfold serve\n"
                "  tenfold serve --port 8080 --models my-models --no-train\n"
                "  tenfold serve --host 0.0.0.0\n",
    .options = OPT_HOST | OPT_PORT | OPT_MODEL_FOLDER | OPT_STUDY | OPT_RUNS | OPT_DATA | OPT_THREADS | OPT_NO_TRAIN |
               OPT_PATIENCE | OPT_QUIET | OPT_HELP,
    .notes = (const struct option_note[]){{OPT_THREADS, "threads that answer (default: one for each processor)"},
                                          {OPT_QUIET, "no access log and no messages but errors"},
                                          {OPT_DATA, "the dataset of trainings and nearest images (default mnist)"},
                                          {OPT_RUNS, "the run database, which keeps corrections, too (default "
                                                     "$TENFOLD_RUNS, else runs.sqlite here)"},
                                          {0}},
    .run = run,
};
