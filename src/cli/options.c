/* One table of all options; a command names the set it takes. */
#include "cli/cli.h"

#include "base/text.h"
#include "model/model.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const struct option_entry {
    uint64_t bit;
    const char *name, *argument, *help;
    char letter; /* of getopt's answer; 'o', 'q' and 'h' may also be given as -o, -q, -h */
} table[] = {
    {OPT_DATA, "data", "mnist|fashion|DIR", "the dataset (default mnist)", 'd'},
    {OPT_MODELS, "models", "NAME[,NAME...]", "which models (default all)", 'm'},
    {OPT_PREP, "prep", "STEP[,STEP...]", "preprocessing chain (default the model's own)", 'p'},
    {OPT_NET, "net", "LAYER[, LAYER...]", "a neural network by its layers: the model `network`", 'N'},
    {OPT_SET, "set", "NAME=VALUE", "a model parameter; repeatable", 's'},
    {OPT_INDEX, "index", "N[,N...]", "images of the set by their place, from 0", 'i'},
    {OPT_LAYER, "layer", "N[,N...]", "which layers, from 1 (default all)", 'L'},
    {OPT_CLASS, "class", "N", "which class (default the label that the model gives)", 'c'},
    {OPT_FEATURES, "features", "FILE", "write the features of the whole set", 'F'},
    {OPT_ON, "on", "SET", "what to measure on", 'O'},
    {OPT_LIMIT, "limit", "N", "at most N images of each set, every class keeping its share (default all)", 'l'},
    {OPT_FROM, "from", "DIR", "a folder that holds the files", 'f'},
    {OPT_TO, "to", "csv|idx", "format to write (default csv)", 't'},
    {OPT_GZIP, "gzip", NULL, "write gzipped files", 'z'},
    {OPT_QUICK, "quick", NULL, "a first look", 'k'},
    {OPT_AUGMENT, "augment", "N", "add N deformed copies of each training image, behind the images (default 0)", 'a'},
    {OPT_AUGMENT, "augment-set", "NAME=VALUE[,...]", "strengths of the deformations; 0 leaves one out", 'A'},
    {OPT_REPEAT, "repeat", "N", "how many times (default 3, once where that takes long)", 'r'},
    {OPT_ARRAYS, "arrays", "FILE", "write the prepared images and labels (safetensors)", 'y'},
    {OPT_ANSWERS, "answers", "FILE", "write the predicted labels and probabilities (safetensors)", 'Y'},
    {OPT_MODEL, "model", "FILE", "write the fitted model", 'M'},
    {OPT_CHECKPOINT, "checkpoint", "FILE", "keep what a long fit has reached, and go on from it if it is there", 'C'},
    {OPT_FOLDS, "folds", "N", "how many folds (default 5)", 'x'},
    {OPT_GRID, "grid", "NAME=V,V... ...",
     "values to try, parameters apart by spaces; NAME=LOW..HIGH and NAME=LOW..HIGH:log are ranges", 'g'},
    {OPT_SPACE, "space", "FILE", "the same as JSON", 'G'},
    {OPT_STRATEGY, "strategy", "WORD", "grid, random, halving or tpe (default halving)", 'W'},
    {OPT_TRIALS, "trials", "N", "at most so many trials", 'n'},
    {OPT_SECONDS, "max-seconds", "S", "begin no new trial after so many seconds", 'X'},
    {OPT_ROBUSTNESS, "robustness", NULL, "measure on deformed and spoilt images, too", 'b'},
    {OPT_LEARNING, "learning-curve", NULL, "fit on growing parts of the training images, too", 'u'},
    {OPT_PERPLEXITY, "perplexity", "P", "how many neighbours a point minds, roughly (default 30)", 'P'},
    {OPT_ITERATIONS, "iterations", "N", "steps of gradient descent", 'I'},
    {OPT_PICTURES, "png", NULL, "write each figure as PNG, too", 'B'},
    {OPT_PICTURES, "svg", NULL, "write each figure as SVG, too", 'V'},
    {OPT_KIND, "kind", "KIND", "which runs", 'K'},
    {OPT_RUNS, "runs", "FILE|none", "the run database (default $TENFOLD_RUNS, else runs.sqlite here)", 'D'},
    {OPT_SPEEDRUN, "speedrun", NULL, "train to 99 % against the clock", 'R'},
    {OPT_WATCH, "watch", NULL, "print what happens while it happens, a JSON object a line", 'w'},
    {OPT_HOST, "host", "ADDRESS", "the address to listen at (default 127.0.0.1: this machine only)", 'H'},
    {OPT_PORT, "port", "N", "the port (default 8000; 0: any that is free)", 'Q'},
    {OPT_MODEL_FOLDER, "models", "DIR", "the folder of models (default models)", 'E'},
    {OPT_STUDY, "study", "DIR", "the study's folder (default study)", 'U'},
    {OPT_PATIENCE, "patience", "S", "seconds that a request may take to arrive (default 30)", 'Z'},
    {OPT_NO_TRAIN, "no-train", NULL, "train nothing", 'J'},
    {OPT_OUT, "out", "PATH", "where to write", 'o'},
    {OPT_SEED, "seed", "N", "seed of every random choice (default 0)", 'S'},
    {OPT_THREADS, "threads", "N", "processor threads (default all); the results do not depend on it", 'T'},
    {OPT_JSON, "json", NULL, "print one JSON document on standard output", 'j'},
    {OPT_QUIET, "quiet", NULL, "no progress and no messages but errors", 'q'},
    {OPT_HELP, "help", NULL, "print this help", 'h'},
};
enum { COUNT = sizeof table / sizeof *table };

/* ---- Values ---------------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, int64_t low, int64_t high, int64_t *value) {
    return ten_parse_integer(text, value) && *value >= low && *value <= high;
}

static int take_limit(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 1, INT64_MAX, &number))
        return ten_complain(WRONG_USAGE, "--limit \"%s\": expected a whole number, at least 1", value);
    o->limit = (size_t)number;
    return DONE;
}

static int take_augment(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 0, 1000, &number))
        return ten_complain(WRONG_USAGE, "--augment \"%s\": expected a whole number from 0 to 1000", value);
    o->augment = (size_t)number;
    return DONE;
}

static int take_seed(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 0, INT64_MAX, &number))
        return ten_complain(WRONG_USAGE, "--seed \"%s\": expected a whole number from 0 to %" PRId64, value, INT64_MAX);
    o->seed = (uint64_t)number;
    return DONE;
}

static int take_repeat(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 1, 1000, &number))
        return ten_complain(WRONG_USAGE, "--repeat \"%s\": expected a whole number from 1 to 1000", value);
    o->repeat = (size_t)number;
    return DONE;
}

/* A whole number of at least `low`. */
static int take_count(size_t *count, const char *name, const char *value, int64_t low, int64_t high) {
    int64_t number;
    if (!read_number(value, low, high, &number))
        return ten_complain(WRONG_USAGE, "--%s \"%s\": expected a whole number from %" PRId64 " to %" PRId64, name,
                            value, low, high);
    *count = (size_t)number;
    return DONE;
}

static int take_real(double *real, const char *name, const char *value, double low, double high) {
    if (!ten_parse_real(value, real) || !(*real >= low && *real <= high))
        return ten_complain(WRONG_USAGE, "--%s \"%s\": expected a number from %g to %g", name, value, low, high);
    return DONE;
}

static int take_threads(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 1, 1024, &number))
        return ten_complain(WRONG_USAGE, "--threads \"%s\": expected a whole number from 1 to 1024", value);
    o->threads = (int)number;
    return DONE;
}

static int take_port(struct options *o, const char *value) {
    int64_t number;
    if (!read_number(value, 0, 65535, &number))
        return ten_complain(WRONG_USAGE, "--port \"%s\": expected a whole number from 0 to 65535", value);
    o->port = (unsigned)number;
    o->port_given = true;
    return DONE;
}

static int take_setting(struct options *o, const char *value) {
    if (o->setting_count == MAX_SETTINGS)
        return ten_complain(WRONG_USAGE, "--set: given more than %d times", MAX_SETTINGS);
    if (!strchr(value, '=')) return ten_complain(WRONG_USAGE, "--set \"%s\": expected NAME=VALUE", value);
    o->settings[o->setting_count++] = value;
    return DONE;
}

static int take_net(struct options *o, const char *value) {
    size_t length = (size_t)snprintf(o->net_setting, sizeof o->net_setting, "net=%s", value);
    if (!*value || length >= sizeof o->net_setting)
        return ten_complain(WRONG_USAGE, "--net \"%.40s\": expected layers with commas between", value);
    if (o->net) return ten_complain(WRONG_USAGE, "--net: given more than once");
    o->net = value;
    return take_setting(o, o->net_setting);
}

static int take_path(const char **path, const char *name, const char *value) {
    if (!*value) return ten_complain(WRONG_USAGE, "--%s \"\": expected a path", name);
    *path = value;
    return DONE;
}

static int take_format(struct options *o, const char *value) {
    if (strcmp(value, "csv") != 0 && strcmp(value, "idx") != 0)
        return ten_complain(WRONG_USAGE, "--to \"%s\": expected csv or idx", value);
    o->to = value;
    return DONE;
}

static int take(struct options *o, char letter, const char *value) {
    switch (letter) {
    case 'd': o->data = value; break;
    case 'm': o->models = value; break;
    case 'p': o->prep = value; break;
    case 'O': o->on = value; break;
    case 'f': o->from = value; break;
    case 'y': o->arrays = value; break;
    case 'Y': o->answers = value; break;
    case 'M': o->model = value; break;
    case 'i': o->index = value; break;
    case 'L': o->layer = value; break;
    case 'c': o->class_wanted = value; break;
    case 'F': return take_path(&o->features, "features", value);
    case 'r': return take_repeat(o, value);
    case 'o': return take_path(&o->out, "out", value);
    case 'C': return take_path(&o->checkpoint, "checkpoint", value);
    case 'N': return take_net(o, value);
    case 't': return take_format(o, value);
    case 's': return take_setting(o, value);
    case 'l': return take_limit(o, value);
    case 'S': return take_seed(o, value);
    case 'T': return take_threads(o, value);
    case 'a': return take_augment(o, value);
    case 'A': o->augment_set = value; break;
    case 'z': o->gzip = true; break;
    case 'k': o->quick = true; break;
    case 'x': return take_count(&o->folds, "folds", value, 2, 1000);
    case 'g': o->grid = value; break;
    case 'G': return take_path(&o->space, "space", value);
    case 'W': o->strategy = value; break;
    case 'n': return take_count(&o->trials, "trials", value, 1, 1000000);
    case 'X': return take_real(&o->max_seconds, "max-seconds", value, 1e-3, 1e9);
    case 'b': o->robustness = true; break;
    case 'u': o->learning = true; break;
    case 'P': return take_real(&o->perplexity, "perplexity", value, 1, 10000);
    case 'I': return take_count(&o->iterations, "iterations", value, 1, 1000000);
    case 'B': o->png = true; break;
    case 'V': o->svg = true; break;
    case 'K': o->kind = value; break;
    case 'D': return take_path(&o->runs, "runs", value);
    case 'R': o->speedrun = true; break;
    case 'w': o->watch = true; break;
    case 'H': return take_path(&o->host, "host", value);
    case 'Q': return take_port(o, value);
    case 'E': return take_path(&o->models, "models", value);
    case 'U': return take_path(&o->study, "study", value);
    case 'Z': return take_real(&o->patience, "patience", value, 0.1, 3600);
    case 'J': o->no_train = true; break;
    case 'j': o->json = true; break;
    case 'q': o->quiet = true; break;
    case 'h': o->help = true; break;
    default: break;
    }
    return DONE;
}

/* ---- Parsing ---------------------------------------------------------------------------------------------------- */

/* getopt tells an unknown option, one cut too short and one with a value too many alike; the words tell them apart. */
static int refuse(const struct command *command, const char *word) {
    size_t length = strcspn(word, "=");
    char alike[128] = "";
    const struct option_entry *entry = NULL;
    int count = 0;
    for (size_t i = 0; i < COUNT && strncmp(word, "--", 2) == 0 && length > 2; i++) {
        if (!(command->options & table[i].bit) || strncmp(table[i].name, word + 2, length - 2) != 0) continue;
        size_t used = strlen(alike);
        snprintf(alike + used, sizeof alike - used, "%s--%s", count++ ? ", " : "", table[i].name);
        entry = &table[i];
    }
    if (count > 1) return ten_complain(WRONG_USAGE, "%s could be any of %s; expected one of them", word, alike);
    if (count == 1 && word[length]) return ten_complain(WRONG_USAGE, "%s: --%s takes no value", word, entry->name);
    return ten_complain(WRONG_USAGE, "unknown option %s; see `tenfold help %s`", word, command->name);
}

static int refuse_missing(const struct command *command, const char *word) {
    return ten_complain(WRONG_USAGE, "%s needs a value; see `tenfold help %s`", word, command->name);
}

static int check_arguments(const struct options *options, const struct command *command) {
    if (options->argument_count < command->least_arguments)
        return ten_complain(WRONG_USAGE, "expected `tenfold %s %s`; see `tenfold help %s`", command->name,
                            command->usage, command->name);
    if (options->argument_count <= command->most_arguments) return DONE;
    const char *one_more = options->arguments[command->most_arguments];
    return ten_complain(WRONG_USAGE, "unexpected argument \"%s\"; %ssee `tenfold help %s`", one_more,
                        command->options & OPT_MODELS && ten_model_find(one_more) ? "models are named by --models; "
                                                                                  : "",
                        command->name);
}

int ten_options_parse(struct options *options, const struct command *command, int argc, char **argv) {
    *options = (struct options){0};
    struct option known[COUNT + 1] = {{0}};
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (command->options & table[i].bit)
            known[count++] = (struct option){table[i].name, table[i].argument ? required_argument : no_argument, NULL,
                                             table[i].letter};
    char letters[16] = ":h";
    if (command->options & OPT_OUT) strcat(letters, "o:");
    if (command->options & OPT_QUIET) strcat(letters, "q");
    opterr = 0;
    optind = 1;
    for (;;) {
        int at = optind; /* where getopt looks next; words before it may be moved only afterwards */
        int letter = getopt_long(argc, argv, letters, known, NULL);
        if (letter == -1) break;
        const char *word = optind > at && argv[optind - 1] ? argv[optind - 1] : argv[at];
        if (letter == '?') return refuse(command, word);
        if (letter == ':') return refuse_missing(command, word);
        int status = take(options, (char)letter, optarg);
        if (status != DONE) return status;
    }
    options->arguments = argv + optind;
    options->argument_count = (size_t)(argc - optind);
    return options->help ? DONE : check_arguments(options, command);
}

/* ---- Help -------------------------------------------------------------------------------------------------------- */

static const char *help_of(const struct command *command, const struct option_entry *entry) {
    for (const struct option_note *note = command->notes; note && note->option; note++)
        if (note->option == entry->bit) return note->help;
    return entry->help;
}

void ten_options_help(FILE *file, const struct command *command) {
    for (size_t i = 0; i < COUNT; i++) {
        const struct option_entry *entry = &table[i];
        if (!(command->options & entry->bit)) continue;
        char left[64], letter[8] = "    ";
        if (strchr("oqh", entry->letter)) snprintf(letter, sizeof letter, "-%c, ", entry->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, entry->name, entry->argument ? " " : "",
                 entry->argument ? entry->argument : "");
        ten_help_entry(file, 2, left, 32, help_of(command, entry));
    }
}
