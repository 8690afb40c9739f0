/* The program: finds the command, parses its options, runs it. */
#include "cli/cli.h"

#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

const char *ten_command_name;

static const struct command *const commands[] = {
    &ten_command_study,   &ten_command_fetch,    &ten_command_convert, &ten_command_explore,
    &ten_command_train,   &ten_command_compare,  &ten_command_evaluate, &ten_command_predict,
    &ten_command_report,  &ten_command_info,     &ten_command_help,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

/* ---- Help ---------------------------------------------------------------------------------------------------- */

static void help_overview(FILE *file) {
    fprintf(file, "Tenfold %s: the complete study of handwritten-digit recognition.\n\n"
                  "usage: tenfold COMMAND [options]\n\ncommands:\n", ten_version());
    for (size_t i = 0; i < COMMANDS; i++) fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(file, "\n`tenfold help COMMAND` shows a command's options and examples. Start with:\n"
                  "  tenfold fetch mnist\n  tenfold study\n");
}

static void help_models(FILE *file) {
    fprintf(file, "\nmodels and their parameters (--set NAME=VALUE):\n");
    for (size_t i = 0; ten_model_at(i); i++) {
        const struct ten_model_description *model = ten_model_at(i);
        fprintf(file, "  %-14s %s (own chain: %s)\n", model->name, model->title, model->prep);
        for (size_t p = 0; p < model->parameter_count; p++)
            fprintf(file, "      %-14s %s (default %s)\n", model->parameters[p].name, model->parameters[p].help,
                    model->parameters[p].initial);
    }
}

static void help_steps(FILE *file) {
    fprintf(file, "\npreprocessing steps (--prep STEP[,STEP...]):\n");
    for (size_t i = 0; ten_step_at(i); i++) {
        const struct ten_step_description *step = ten_step_at(i);
        char name[48];
        snprintf(name, sizeof name, "%s%s%s", step->name, step->argument ? "=" : "", step->argument ? step->argument : "");
        fprintf(file, "  %-14s %s\n", name, step->summary);
    }
    fprintf(file, "  %-14s minmax,crop20,standardize: the original study's chain\n  %-14s the bytes as they are\n",
            "original", "none");
}

static void help_command(const struct command *command, FILE *file) {
    fprintf(file, "tenfold %s: %s\n\nusage: tenfold %s %s%s[options]\n", command->name, command->summary, command->name,
            command->usage, *command->usage ? " " : "");
    if (command->details) fprintf(file, "\n%s", command->details);
    if (command->options) {
        fprintf(file, "\noptions:\n");
        ten_options_help(file, command->options);
    }
    if (command->options & (OPT_MODELS | OPT_SET)) help_models(file);
    if (command->options & OPT_PREP) help_steps(file);
    if (command->examples) fprintf(file, "\nexamples:\n%s", command->examples);
}

static int unknown_command(const char *name) {
    char known[256] = "";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (i) strcat(known, ", ");
        strcat(known, commands[i]->name);
    }
    return ten_complain(WRONG_USAGE, "unknown command \"%s\"; there are %s", name, known);
}

static int run_help(const struct options *options) {
    if (options->argument_count == 0) {
        help_overview(stdout);
        return DONE;
    }
    const struct command *command = find(options->arguments[0]);
    if (!command) return unknown_command(options->arguments[0]);
    help_command(command, stdout);
    return DONE;
}

const struct command ten_command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "shows what the commands do",
    .examples = "  tenfold help compare\n",
    .options = OPT_HELP,
    .most_arguments = 1,
    .run = run_help,
};

/* ---- main ------------------------------------------------------------------------------------------------------- */

/* A kernel set that was asked for by name and cannot be had must not be replaced in silence. */
static int check_kernel_set(void) {
    const char *wanted = getenv("TENFOLD_CPU");
    if (!wanted || strcmp(wanted, ten_kernel_set()) == 0) return DONE;
    if (ten_kernels_known(wanted))
        return ten_complain(WRONG_USAGE, "TENFOLD_CPU=%s: this machine or build cannot run that kernel set", wanted);
    return ten_complain(WRONG_USAGE, "TENFOLD_CPU=%s: unknown kernel set; there are generic, avx2, avx512", wanted);
}

int main(int argc, char **argv) {
    ten_catch_signals();
    if (argc < 2) {
        help_overview(stderr);
        return WRONG_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_overview(stdout);
        return ten_finish_output(DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tenfold %s\n", ten_version());
        return ten_finish_output(DONE);
    }
    const struct command *command = find(argv[1]);
    if (!command) return unknown_command(argv[1]);
    ten_command_name = command->name;
    struct options options;
    int status = ten_options_parse(&options, command, argc - 1, argv + 1);
    if (status != DONE) return status;
    if (options.help) {
        help_command(command, stdout);
        return ten_finish_output(DONE);
    }
    status = check_kernel_set();
    if (status == DONE) status = command->run(&options);
    return ten_finish_output(status);
}
