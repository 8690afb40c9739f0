/* What `tenfold help` prints, from the tables of commands, options, models and steps. Text is wrapped to the terminal,
 * between 40 and 100 columns; to 80 where there is none. */
#include "cli/cli.h"

#include "base/text.h"
#include "image/augment.h"
#include "model/model.h"
#include "nn/network.h"

#include <math.h>
#include <stdlib.h>
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

static void help_parameters(FILE *file, const struct ten_parameter *parameters, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char text[512];
        describe_parameter(text, sizeof text, &parameters[i]);
        ten_help_entry(file, 2, parameters[i].name, 22, text);
    }
}

static void help_models(FILE *file) {
    fputc('\n', file);
    print_words(file, 0, 0, "models:");
    for (size_t i = 0; ten_model_at(i); i++) {
        const struct ten_model_description *model = ten_model_at(i);
        char text[512];
        snprintf(text, sizeof text, "%s; own chain %s", model->title, model->prep);
        ten_help_entry(file, 2, model->name, 21, text);
    }
}

/* What a model is, of which layers it would be for MNIST's images, and its parameters. */
static void help_model(FILE *file, const struct ten_model_description *model) {
    char text[512];
    snprintf(text, sizeof text, "%s: %s", model->name, model->title);
    print_words(file, 0, 2, text);
    fprintf(file, "\nusage: tenfold train %s [--set NAME=VALUE]... [options]\n\n", model->name);
    snprintf(text, sizeof text, "%s Preprocessing, unless --prep names another: %s.", model->summary, model->prep);
    print_words(file, 0, 0, text);

    struct ten_pipeline *pipeline;
    char *layers = NULL;
    if (ten_pipeline_new(&pipeline, model->name, NULL, NULL, 0, NULL) == TEN_OK &&
        ten_pipeline_summarise(pipeline, 28, 28, &layers, NULL) == TEN_OK && layers)
        fprintf(file, "\nlayers for images of 28x28:\n%s", layers);
    free(layers);
    ten_pipeline_free(pipeline);

    fprintf(file, "\nparameters (--set NAME=VALUE):\n");
    help_parameters(file, model->parameters, model->parameter_count);
    fprintf(file, "\nexamples:\n  tenfold train %s --on validation --set %s=%s\n", model->name,
            model->parameters[0].name, model->parameters[0].initial);
    if (strcmp(model->name, "network") == 0)
        fprintf(file, "  tenfold train --net \"conv 16 3x3, relu, maxpool 2, dense 10\" --on validation\n"
                      "  tenfold help layers\n");
}

static void help_steps(FILE *file) {
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
    print_words(file, 0, 0, "layers of a network (--net \"LAYER, LAYER, ...\"; the last must have ten outputs):");
    for (size_t i = 0; ten_layer_types[i]; i++)
        ten_help_entry(file, 2, ten_layer_types[i]->usage, 19, ten_layer_types[i]->summary);
}

static void help_deformations(FILE *file) {
    fputc('\n', file);
    print_words(file, 0, 0, "deformations (--augment-set NAME=VALUE[,NAME=VALUE...]):");
    help_parameters(file, ten_augment_parameters, TEN_AUGMENT_PARAMETERS);
}

/* ---- Commands and topics ---------------------------------------------------------------------------------------- */

void ten_help_overview(FILE *file, const struct command *const *commands, size_t count) {
    char title[128];
    snprintf(title, sizeof title, "Tenfold %s: the complete study of handwritten-digit recognition.", ten_version());
    print_words(file, 0, 0, title);
    fprintf(file, "\nusage: tenfold COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; i < count; i++) ten_help_entry(file, 2, commands[i]->name, 13, commands[i]->summary);
    fputc('\n', file);
    print_words(
        file, 0, 0,
        "`tenfold help COMMAND` shows a command's options and examples, `tenfold help MODEL` a model's parameters, "
        "`tenfold help steps` the preprocessing, `tenfold help layers` the layers of networks. Start with:");
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
    if (command->options & (OPT_MODELS | OPT_SET)) help_models(file);
    if (command->options & OPT_AUGMENT) help_deformations(file);
    const uint64_t topics = OPT_SET | OPT_NET | OPT_PREP;
    if (command->options & topics) fprintf(file, "\nmore:\n");
    if (command->options & OPT_SET) ten_help_entry(file, 2, "tenfold help MODEL", 23, "a model's parameters");
    if (command->options & OPT_NET) ten_help_entry(file, 2, "tenfold help layers", 23, "the layers of a network");
    if (command->options & OPT_PREP) ten_help_entry(file, 2, "tenfold help steps", 23, "the preprocessing steps");
    if (command->examples) fprintf(file, "\nexamples:\n%s", command->examples);
}

bool ten_help_topic(FILE *file, const char *name) {
    const struct ten_model_type *model = ten_model_find(name);
    if (model)
        help_model(file, &model->about);
    else if (strcmp(name, "steps") == 0)
        help_steps(file);
    else if (strcmp(name, "layers") == 0)
        help_layers(file);
    else
        return false;
    return true;
}
