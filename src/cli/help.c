/* What `tenfold help` prints, from the tables of commands, options, models and steps. Text is wrapped to the terminal,
 * between 40 and 100 columns; to 80 where there is none. */
#include "cli/cli.h"

#include "base/text.h"
#include "image/augment.h"
#include "nn/network.h"

#include <math.h>
#include <string.h>

static size_t help_width(FILE *file) {
    size_t width = ten_terminal_width(file);
    return width == 0 ? 80 : width < 40 ? 40 : width > 100 ? 100 : width;
}

/* Prints words from column `at` on; further lines start at column `indent`. A newline in the text is kept. */
static void print_words(FILE *file, size_t at, size_t indent, const char *text) {
    size_t width = help_width(file);
    bool first = true; /* on its line */
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (!first && at + 1 + length > width) {
            fprintf(file, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        fprintf(file, "%s%.*s", first ? "" : " ", (int)length, text);
        at += length + !first;
        first = false;
        text += length;
        if (*text == '\n') {
            fprintf(file, "\n%*s", text[1] ? (int)indent : 0, "");
            at = indent;
            first = true;
        }
        text += *text != '\0';
    }
    if (!first) fputc('\n', file);
}

void ten_help_entry(FILE *file, size_t margin, const char *name, size_t column, const char *text) {
    size_t at = margin + strlen(name);
    fprintf(file, "%*s%s", (int)margin, "", name);
    bool narrow = column + 20 > help_width(file);
    if (narrow) column = margin + 6;
    if (narrow || at + 2 > column) {
        fputc('\n', file);
        at = 0;
    }
    fprintf(file, "%*s", (int)(column - at), "");
    print_words(file, column, column, text);
}

/* ---- Models and steps ------------------------------------------------------------------------------------------- */

/* "1000000", "0.5", "1e9": without the plus and zeros of C's exponents. */
static const char *number_text(char *out, size_t size, double number) {
    if (fabs(number) <= 1e6 && number == floor(number))
        snprintf(out, size, "%.0f", number);
    else
        ten_format_real(out, size, number);
    char *exponent = strstr(out, "e+");
    if (exponent) {
        size_t skip = 1 + strspn(exponent + 2, "0");
        memmove(exponent + 1, exponent + 1 + skip, strlen(exponent + 1 + skip) + 1);
    }
    return out;
}

/* "how many neighbours vote (1 to 1000; default 5)" */
static void describe_parameter(char *out, size_t size, const struct ten_parameter *parameter) {
    char range[160] = "", low[32], high[32];
    size_t length = 0;
    if (parameter->type != TEN_CHOICE && parameter->type != TEN_TEXT)
        length = (size_t)snprintf(range, sizeof range, "%s%s to %s", parameter->open_minimum ? "above " : "",
                                  number_text(low, sizeof low, parameter->minimum),
                                  number_text(high, sizeof high, parameter->maximum));
    for (size_t i = 0; parameter->choices && parameter->choices[i] && length < sizeof range; i++)
        length += (size_t)snprintf(range + length, sizeof range - length, "%s%s", length ? " or " : "",
                                   parameter->choices[i]);
    snprintf(out, size, "%s (%s%sdefault %s)", parameter->help, range, *range ? "; " : "", parameter->initial);
}

/* How many parameters a model has in common with one before it, apart from defaults. */
static size_t shared_parameters(const struct ten_model_description *model, const struct ten_model_description *before) {
    size_t count = 0;
    while (count < model->parameter_count && count < before->parameter_count &&
           strcmp(model->parameters[count].help, before->parameters[count].help) == 0)
        count++;
    return count;
}

/* The parameters of a model, those that stand there already in one line. */
static void help_parameters(FILE *file, size_t number) {
    const struct ten_model_description *model = ten_model_at(number), *same = NULL;
    size_t shared = 0;
    for (size_t i = 0; i < number && shared < 8; i++) { /* networks, not two forests */
        same = ten_model_at(i);
        shared = shared_parameters(model, same);
    }
    if (shared < 8) shared = 0;
    char text[512];
    if (shared) {
        size_t length = (size_t)snprintf(text, sizeof text, "%s", same->name);
        for (size_t p = 0; p < shared && length < sizeof text; p++)
            if (strcmp(model->parameters[p].initial, same->parameters[p].initial) != 0)
                length += (size_t)snprintf(text + length, sizeof text - length, ", %s %s", model->parameters[p].name,
                                           model->parameters[p].initial);
        ten_help_entry(file, 4, "as those of", 21, text);
    }
    for (size_t p = shared; p < model->parameter_count; p++) {
        describe_parameter(text, sizeof text, &model->parameters[p]);
        ten_help_entry(file, 4, model->parameters[p].name, 21, text);
    }
}

static void help_models(FILE *file, bool with_parameters) {
    fputc('\n', file);
    print_words(file, 0, 0, with_parameters ? "models and their parameters (--set NAME=VALUE):" : "models:");
    for (size_t i = 0; ten_model_at(i); i++) {
        const struct ten_model_description *model = ten_model_at(i);
        char text[512];
        snprintf(text, sizeof text, "%s; own chain %s", model->title, model->prep);
        ten_help_entry(file, 2, model->name, 17, text);
        if (with_parameters) help_parameters(file, i);
    }
}

static void help_steps(FILE *file) {
    fputc('\n', file);
    print_words(file, 0, 0, "preprocessing steps (--prep STEP[,STEP...]):");
    for (size_t i = 0; ten_step_at(i); i++) {
        const struct ten_step_description *step = ten_step_at(i);
        char name[48];
        snprintf(name, sizeof name, "%s%s%s", step->name, step->argument ? "=" : "",
                 step->argument ? step->argument : "");
        ten_help_entry(file, 2, name, 17, step->summary);
    }
    ten_help_entry(file, 2, "original", 17, "The original study's chain: minmax,crop20,standardize.");
    ten_help_entry(file, 2, "none", 17, "The bytes as they are.");
}

static void help_layers(FILE *file) {
    fputc('\n', file);
    print_words(file, 0, 0, "layers of a network (--net LAYER[, LAYER...]; the last must have ten outputs):");
    for (size_t i = 0; ten_layer_types[i]; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s: %s", ten_layer_types[i]->usage, ten_layer_types[i]->summary);
        ten_help_entry(file, 2, ten_layer_types[i]->name, 17, text);
    }
}

static void help_deformations(FILE *file) {
    fputc('\n', file);
    print_words(file, 0, 0, "deformations (--augment-set NAME=VALUE[,NAME=VALUE...]):");
    for (size_t i = 0; i < TEN_AUGMENT_PARAMETERS; i++) {
        char text[512];
        describe_parameter(text, sizeof text, &ten_augment_parameters[i]);
        ten_help_entry(file, 2, ten_augment_parameters[i].name, 17, text);
    }
}

/* ---- Commands -----------------------------------------------------------------------------------------------------
 */

void ten_help_overview(FILE *file, const struct command *const *commands, size_t count) {
    char title[128];
    snprintf(title, sizeof title, "Tenfold %s: the complete study of handwritten-digit recognition.", ten_version());
    print_words(file, 0, 0, title);
    fprintf(file, "\nusage: tenfold COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; i < count; i++) ten_help_entry(file, 2, commands[i]->name, 13, commands[i]->summary);
    fputc('\n', file);
    print_words(file, 0, 0, "`tenfold help COMMAND` shows a command's options and examples. Start with:");
    fprintf(file, "  tenfold fetch mnist\n  tenfold study\n");
}

void ten_help_command(FILE *file, const struct command *command) {
    char text[256];
    snprintf(text, sizeof text, "tenfold %s: %s", command->name, command->summary);
    print_words(file, 0, 2, text);
    fprintf(file, "\nusage: tenfold %s %s%s[options]\n", command->name, command->usage, *command->usage ? " " : "");
    if (command->details) {
        fputc('\n', file);
        print_words(file, 0, 0, command->details);
    }
    fprintf(file, "\noptions:\n");
    ten_options_help(file, command);
    if (command->options & (OPT_MODELS | OPT_SET)) help_models(file, command->options & OPT_SET);
    if (command->options & OPT_NET) help_layers(file);
    if (command->options & OPT_AUGMENT) help_deformations(file);
    if (command->options & OPT_PREP) help_steps(file);
    if (command->examples) fprintf(file, "\nexamples:\n%s", command->examples);
}
