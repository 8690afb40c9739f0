/* `tenfold info`: version, processor, kernel sets, datasets, models, steps. */
#include "cli/cli.h"

#include "base/cpu.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "study/json.h"

#include <string.h>

static json_t *dataset_json(const char *name) {
    struct ten_data data;
    struct ten_error error;
    if (ten_data_load(&data, name, &error) != TEN_OK)
        return json_pack("{s:s, s:b, s:s}", "name", name, "found", 0, "message", error.message);
    json_t *found =
        json_pack("{s:s, s:b, s:o, s:I, s:I, s:I, s:I}", "name", name, "found", 1, "path", ten_json_text(data.path),
                  "train", (json_int_t)data.train.count, "test", (json_int_t)data.test.count, "height",
                  (json_int_t)data.train.height, "width", (json_int_t)data.train.width);
    ten_data_release(&data);
    return found;
}

static json_t *parameters_json(const struct ten_model_description *model) {
    json_t *list = json_array();
    for (size_t i = 0; i < model->parameter_count; i++) {
        const struct ten_parameter *p = &model->parameters[i];
        json_t *item = json_pack("{s:s, s:s, s:s}", "name", p->name, "default", p->initial, "help", p->help);
        if (p->type != TEN_CHOICE) {
            json_object_set_new(item, "minimum", json_real(p->minimum));
            json_object_set_new(item, "maximum", json_real(p->maximum));
        }
        json_t *choices = json_array();
        for (size_t c = 0; p->choices && p->choices[c]; c++) json_array_append_new(choices, json_string(p->choices[c]));
        if (p->choices) json_object_set(item, "choices", choices);
        json_decref(choices);
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *info_json(void) {
    json_t *sets = json_array(), *datasets = json_array(), *models = json_array(), *steps = json_array();
    for (size_t i = 0; ten_kernels_at(i); i++) json_array_append_new(sets, json_string(ten_kernels_at(i)->name));
    json_array_append_new(datasets, dataset_json("mnist"));
    json_array_append_new(datasets, dataset_json("fashion"));
    for (size_t i = 0; ten_model_at(i); i++) {
        const struct ten_model_description *m = ten_model_at(i);
        json_array_append_new(models,
                              json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", m->name, "title", m->title, "summary",
                                        m->summary, "prep", m->prep, "parameters", parameters_json(m)));
    }
    for (size_t i = 0; ten_step_at(i); i++)
        json_array_append_new(steps, json_pack("{s:s, s:s?, s:s}", "name", ten_step_at(i)->name, "argument",
                                               ten_step_at(i)->argument, "summary", ten_step_at(i)->summary));
    return json_pack("{s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "version", ten_version(), "processor", ten_cpu()->name,
                     "processors", (int)ten_threads(NULL), "kernels", ten_kernel_set(), "kernel_sets", sets, "datasets",
                     datasets, "models", models, "steps", steps);
}

static const char *text(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* Why a dataset cannot be used, without its name where the message begins with that. */
static const char *message_of(const json_t *item) {
    const char *name = text(item, "name"), *message = text(item, "message");
    size_t length = strlen(name);
    return strncmp(message, name, length) == 0 && message[length] == ':' ? message + length + 2 : message;
}

static void print_info(const json_t *info) {
    size_t i;
    const json_t *item;
    printf("tenfold %s\nprocessor    %s, %lld usable\nkernels      %s (of", text(info, "version"),
           text(info, "processor"), (long long)json_integer_value(json_object_get(info, "processors")),
           text(info, "kernels"));
    json_array_foreach(json_object_get(info, "kernel_sets"), i, item) printf(" %s", json_string_value(item));
    printf("; TENFOLD_CPU chooses)\n");
    json_array_foreach(json_object_get(info, "datasets"), i, item) {
        if (json_is_true(json_object_get(item, "found")))
            printf("%-12s %s: %lld + %lld images of %lldx%lld\n", text(item, "name"), text(item, "path"),
                   (long long)json_integer_value(json_object_get(item, "train")),
                   (long long)json_integer_value(json_object_get(item, "test")),
                   (long long)json_integer_value(json_object_get(item, "height")),
                   (long long)json_integer_value(json_object_get(item, "width")));
        else
            printf("%-12s not usable: %s\n", text(item, "name"), message_of(item));
    }
    printf("models      ");
    json_array_foreach(json_object_get(info, "models"), i, item) printf(" %s", text(item, "name"));
    printf("\nsteps       ");
    json_array_foreach(json_object_get(info, "steps"), i, item) printf(" %s", text(item, "name"));
    putchar('\n');
}

static int run(const struct options *options) {
    json_t *info = info_json();
    if (!info) return ten_complain(FAILED, "out of memory");
    if (options->json) return ten_print_json(info, NULL);
    print_info(info);
    json_decref(info);
    return DONE;
}

const struct command ten_command_info = {
    .name = "info",
    .usage = "",
    .summary = "version, processor, kernel set, datasets found",
    .examples = "  tenfold info\n  TENFOLD_CPU=generic tenfold info --json\n",
    .options = OPT_JSON | OPT_HELP,
    .run = run,
};
