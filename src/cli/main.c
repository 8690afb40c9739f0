/* The program: finds the command, parses its options, runs it. */
#include "cli/cli.h"

#include "kernels/kernels.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *ten_command_name;

static const struct command *const commands[] = {
    &ten_command_study,   &ten_command_fetch,    &ten_command_convert, &ten_command_explore,  &ten_command_train,
    &ten_command_compare, &ten_command_crossval, &ten_command_tune,    &ten_command_evaluate, &ten_command_predict,
    &ten_command_inspect, &ten_command_embed,    &ten_command_report,  &ten_command_runs,     &ten_command_bench,
    &ten_command_info,    &ten_command_serve,    &ten_command_help,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static int unknown_command(const char *name) {
    char known[256] = "";
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "", commands[i]->name);
    }
    return ten_complain(WRONG_USAGE, "unknown command \"%s\"; there are %s", name, known);
}

/* ---- tenfold help ------------------------------------------------------------------------------------------------ */

static int run_help(const struct options *options) {
    if (options->argument_count == 0) {
        ten_help_overview(stdout, commands, COMMANDS);
        return DONE;
    }
    const char *name = options->arguments[options->argument_count - 1]; /* mlp, in `help train mlp` */
    const struct command *command = find(name);
    if (command)
        ten_help_command(stdout, command);
    else if (!ten_help_topic(stdout, name))
        return ten_complain(WRONG_USAGE,
                            "no help for \"%s\"; expected a command, a model, \"steps\" or \"layers\"; `tenfold help` "
                            "lists the commands, `tenfold help train` the models",
                            name);
    return DONE;
}

const struct command ten_command_help = {
    .name = "help",
    .usage = "[COMMAND|MODEL|steps|layers]",
    .summary = "shows what commands do, models' parameters, steps and layers",
    .examples = "  tenfold help compare\n  tenfold help cnn2\n",
    .options = OPT_HELP,
    .most_arguments = 2,
    .run = run_help,
};

/* ---- main ------------------------------------------------------------------------------------------------------- */

/* Where standard input, output or error is closed, the next file that is opened would take its number, and output its
 * text. Something that cannot be written to takes the place instead, so that printing fails as it should. */
static bool fill_standard_files(void) {
    for (int number = 0; number <= 2; number++)
        if (fcntl(number, F_GETFD) < 0 && open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY) < 0) return false;
    return true;
}

/* A kernel set that was asked for by name and cannot be had must not be replaced in silence. */
static int check_kernel_set(void) {
    const char *wanted = getenv("TENFOLD_CPU");
    if (!wanted || !*wanted || strcmp(wanted, ten_kernel_set()) == 0) return DONE;
    if (ten_kernels_known(wanted))
        return ten_complain(WRONG_USAGE, "TENFOLD_CPU=%s: this machine or build cannot run that kernel set", wanted);
    return ten_complain(WRONG_USAGE,
                        "TENFOLD_CPU=%s: unknown kernel set; there are generic, avx2, avx512, vnni, bf16, amx", wanted);
}

static int run_command(int argc, char **argv) {
    const struct command *command = find(argv[1]);
    if (!command) return unknown_command(argv[1]);
    ten_command_name = command->name;
    struct options options;
    int status = ten_options_parse(&options, command, argc - 1, argv + 1);
    if (status == DONE && options.help) {
        ten_help_command(stdout, command);
        return DONE;
    }
    if (status == DONE) status = check_kernel_set();
    return status == DONE ? command->run(&options) : status;
}

int main(int argc, char **argv) {
    if (!fill_standard_files()) return FAILED;
    ten_catch_signals();
    if (argc < 2) {
        ten_help_overview(stderr, commands, COMMANDS);
        return WRONG_USAGE;
    }
    int status = DONE;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        ten_help_overview(stdout, commands, COMMANDS);
    else if (strcmp(argv[1], "--version") == 0)
        printf("tenfold %s\n", ten_version());
    else
        status = run_command(argc, argv);
    return ten_finish_output(status);
}
