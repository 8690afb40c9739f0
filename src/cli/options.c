/* One table of all options; a command names the set it takes. */
#include "cli/cli.h"

#include "base/text.h"

#include <getopt.h>
#include <string.h>

static const struct option_entry {
    unsigned bit;
    const char *name, *argument, *help;
    char letter;
} table[] = {
    {OPT_DATA, "data", "mnist|fashion|DIR", "the dataset (default mnist)", 'd'},
    {OPT_MODELS, "models", "NAME[,NAME...]", "which models (default all)", 'm'},
    {OPT_PREP, "prep", "STEP[,STEP...]", "preprocessing chain, \"original\" or \"none\" (default: the model's own)", 'p'},
    {OPT_SET, "set", "NAME=VALUE", "a model parameter; repeatable", 's'},
    {OPT_ON, "on", "SET", "what to measure on", 'O'},
    {OPT_LIMIT, "limit", "N", "use at most N images of each set, every class keeping its share", 'l'},
    {OPT_FROM, "from", "DIR", "a folder that holds the files", 'f'},
    {OPT_TO, "to", "csv|idx", "format to write", 't'},
    {OPT_GZIP, "gzip", NULL, "write gzipped files", 'z'},
    {OPT_QUICK, "quick", NULL, "a first look: on 6,000 images", 'k'},
    {OPT_OUT, "out", "PATH", "where to write", 'o'},
    {OPT_SEED, "seed", "N", "seed of every random choice (default 0)", 'S'},
    {OPT_THREADS, "threads", "N", "processor threads (default: all); results do not depend on it", 'T'},
    {OPT_JSON, "json", NULL, "print one JSON document on standard output", 'j'},
    {OPT_QUIET, "quiet", NULL, "no progress and no messages but errors", 'q'},
    {OPT_HELP, "help", NULL, "this help", 'h'},
};
enum { COUNT = sizeof table / sizeof *table };

static bool read_number(const char *text, int64_t low, int64_t high, int64_t *value) {
    return ten_parse_integer(text, value) && *value >= low && *value <= high;
}

static int take(struct options *o, char letter, const char *value) {
    int64_t number = 0;
    switch (letter) {
    case 'd': o->data = value; break;
    case 'm': o->models = value; break;
    case 'p': o->prep = value; break;
    case 'O': o->on = value; break;
    case 'f': o->from = value; break;
    case 't':
        if (strcmp(value, "csv") != 0 && strcmp(value, "idx") != 0)
            return ten_complain(WRONG_USAGE, "--to \"%s\": expected csv or idx", value);
        o->to = value;
        break;
    case 'o':
        if (!*value) return ten_complain(WRONG_USAGE, "--out \"\": expected a path");
        o->out = value;
        break;
    case 's':
        if (o->setting_count == MAX_SETTINGS)
            return ten_complain(WRONG_USAGE, "--set: given more than %d times", MAX_SETTINGS);
        o->settings[o->setting_count++] = value;
        break;
    case 'l':
        if (!read_number(value, 1, INT64_MAX, &number))
            return ten_complain(WRONG_USAGE, "--limit \"%s\": expected a whole number, at least 1", value);
        o->limit = (size_t)number;
        break;
    case 'S':
        if (!read_number(value, 0, INT64_MAX, &number))
            return ten_complain(WRONG_USAGE, "--seed \"%s\": expected a whole number, at least 0", value);
        o->seed = (uint64_t)number;
        break;
    case 'T':
        if (!read_number(value, 1, 1024, &number))
            return ten_complain(WRONG_USAGE, "--threads \"%s\": expected a whole number from 1 to 1024", value);
        o->threads = (int)number;
        break;
    case 'z': o->gzip = true; break;
    case 'k': o->quick = true; break;
    case 'j': o->json = true; break;
    case 'q': o->quiet = true; break;
    case 'h': o->help = true; break;
    default: break;
    }
    return DONE;
}

static int refuse(const struct command *command, const char *word, bool missing) {
    if (missing) return ten_complain(WRONG_USAGE, "%s needs a value; see `tenfold help %s`", word, command->name);
    return ten_complain(WRONG_USAGE, "unknown option %s; see `tenfold help %s`", word, command->name);
}

int ten_options_parse(struct options *options, const struct command *command, int argc, char **argv) {
    *options = (struct options){0};
    struct option known[COUNT + 1] = {{0}};
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (command->options & table[i].bit)
            known[count++] = (struct option){table[i].name, table[i].argument ? required_argument : no_argument, NULL,
                                             table[i].letter};
    opterr = 0;
    optind = 1;
    for (;;) {
        int at = optind; /* where getopt looks next; words before it may be moved only afterwards */
        int letter = getopt_long(argc, argv, ":ho:q", known, NULL);
        if (letter == -1) break;
        if (letter == '?' || letter == ':' || (letter == 'o' && !(command->options & OPT_OUT))) {
            const char *word = optind > at && argv[optind - 1] ? argv[optind - 1] : argv[at];
            return refuse(command, word, letter == ':');
        }
        int status = take(options, (char)letter, optarg);
        if (status != DONE) return status;
    }
    options->arguments = argv + optind;
    options->argument_count = (size_t)(argc - optind);
    if (options->help) return DONE;
    if (options->argument_count < command->least_arguments)
        return ten_complain(WRONG_USAGE, "expected `tenfold %s %s`; see `tenfold help %s`", command->name,
                            command->usage, command->name);
    if (options->argument_count > command->most_arguments)
        return ten_complain(WRONG_USAGE, "unexpected argument \"%s\"; see `tenfold help %s`",
                            options->arguments[command->most_arguments], command->name);
    return DONE;
}

void ten_options_help(FILE *file, unsigned set) {
    for (size_t i = 0; i < COUNT; i++) {
        if (!(set & table[i].bit)) continue;
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].argument ? " " : "",
                 table[i].argument ? table[i].argument : "");
        fprintf(file, "  %-26s %s\n", left, table[i].help);
    }
}
