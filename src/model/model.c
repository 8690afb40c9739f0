/* The table of models, and what all of them share: hyper-parameters checked against their description. */
#include "model/model.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const struct ten_model_type *const table[] = {
    &ten_model_naive_bayes,
    &ten_model_nearest_centroid,
    &ten_model_lda,
    &ten_model_qda,
    &ten_model_logistic,
    &ten_model_decision_tree,
    &ten_model_extra_trees,
    &ten_model_random_forest,
    &ten_model_gradient_boosting,
    &ten_model_knn,
    &ten_model_svm,
    &ten_model_mlp,
    &ten_model_mlp2,
    &ten_model_cnn,
    &ten_model_cnn2,
    &ten_model_lenet5,
    &ten_model_cnn_best,
    &ten_model_cnn_hand,
    &ten_model_network,
};

const struct ten_model_description *ten_model_at(size_t i) {
    return i < sizeof table / sizeof *table ? &table[i]->about : NULL;
}

const struct ten_model_type *ten_model_find(const char *name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i]->about.name, name) == 0) return table[i];
    return NULL;
}

/* ---- Hyper-parameters ----------------------------------------------------------------------------------- */

/* Appends to a text that is cut, not overrun, when full. */
static void append(char *text, size_t size, const char *part) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s", part);
}

static void list_words(const char *const *words, char *text, size_t size) {
    for (size_t i = 0; words && words[i]; i++) {
        append(text, size, i ? ", " : "");
        append(text, size, words[i]);
    }
}

/* What may stand there, for people: "a whole number from 1 to 1000". */
static void describe_range(const struct ten_parameter *parameter, char *text, size_t size) {
    text[0] = '\0';
    if (parameter->type == TEN_CHOICE) {
        append(text, size, "one of ");
        list_words(parameter->choices, text, size);
        return;
    }
    if (parameter->type == TEN_TEXT) {
        append(text, size, "plain text of less than 512 bytes");
        return;
    }
    char low[32], high[32], words[160];
    ten_format_real(low, sizeof low, parameter->minimum);
    ten_format_real(high, sizeof high, parameter->maximum);
    snprintf(words, sizeof words, "%s %s %s %s %s", parameter->type == TEN_INTEGER ? "a whole number" : "a number",
             parameter->open_minimum ? "above" : "from", low, parameter->open_minimum ? "up to" : "to", high);
    append(text, size, words);
    if (parameter->choices) append(text, size, ", or ");
    list_words(parameter->choices, text, size);
}

static bool parse_value(struct ten_values *values, size_t i, const struct ten_parameter *parameter, const char *text) {
    for (int w = 0; parameter->choices && parameter->choices[w]; w++)
        if (strcmp(parameter->choices[w], text) == 0) {
            values->word[i] = w;
            values->number[i] = 0;
            return true;
        }
    double number = 0;
    int64_t whole;
    switch (parameter->type) {
    case TEN_CHOICE: return false;
    case TEN_TEXT:
        for (const char *at = text; *at; at++)
            if (*at < ' ' || *at > '~') return false;
        if (strlen(text) >= TEN_MAX_TEXT) return false;
        snprintf(values->text, sizeof values->text, "%s", text);
        values->number[i] = 0;
        values->word[i] = -1;
        return true;
    case TEN_INTEGER:
        if (!ten_parse_integer(text, &whole)) return false;
        number = (double)whole;
        break;
    case TEN_REAL:
        if (!ten_parse_real(text, &number)) return false;
        break;
    }
    if (number < parameter->minimum || number > parameter->maximum) return false;
    if (parameter->open_minimum && number <= parameter->minimum) return false;
    values->number[i] = number;
    values->word[i] = -1;
    return true;
}

static enum ten_status set_value(struct ten_values *values, const struct ten_model_description *model,
                                 const char *setting, struct ten_error *error) {
    const char *equals = strchr(setting, '=');
    if (!equals) return ten_fail(error, TEN_INVALID, "setting \"%s\": expected NAME=VALUE", setting);
    size_t length = (size_t)(equals - setting);
    for (size_t i = 0; i < model->parameter_count; i++) {
        const struct ten_parameter *parameter = &model->parameters[i];
        if (strlen(parameter->name) != length || memcmp(parameter->name, setting, length) != 0) continue;
        if (parse_value(values, i, parameter, equals + 1)) return TEN_OK;
        char range[256];
        describe_range(parameter, range, sizeof range);
        return ten_fail(error, TEN_INVALID, "%s: %s=\"%s\" is not valid: expected %s", model->name, parameter->name,
                        equals + 1, range);
    }
    char known[512] = "";
    for (size_t i = 0; i < model->parameter_count; i++) {
        append(known, sizeof known, i ? ", " : "");
        append(known, sizeof known, model->parameters[i].name);
    }
    return ten_fail(error, TEN_INVALID, "%s has no parameter \"%.*s\"; it has %s", model->name, (int)length, setting,
                    known);
}

enum ten_status ten_values_parse(struct ten_values *values, const struct ten_model_description *model,
                                 const char *const *settings, size_t count, struct ten_error *error) {
    for (size_t i = 0; i < model->parameter_count; i++)
        if (!parse_value(values, i, &model->parameters[i], model->parameters[i].initial))
            return ten_fail(error, TEN_INVALID, "%s: the default of %s is out of its range", model->name,
                            model->parameters[i].name);
    for (size_t i = 0; i < count; i++) {
        enum ten_status status = set_value(values, model, settings[i], error);
        if (status != TEN_OK) return status;
    }
    return TEN_OK;
}

void ten_values_format(const struct ten_values *values, const struct ten_model_description *model, size_t i, char *out,
                       size_t size) {
    if (model->parameters[i].type == TEN_TEXT)
        snprintf(out, size, "%s", values->text);
    else if (values->word[i] >= 0)
        snprintf(out, size, "%s", model->parameters[i].choices[values->word[i]]);
    else if (model->parameters[i].type == TEN_INTEGER)
        snprintf(out, size, "%.0f", values->number[i]);
    else
        ten_format_real(out, size, values->number[i]);
}
