/* GET /api/catalogue: the models that a training can be started with, their parameters, the preprocessing steps and how
 * many images there are. All but that number is the program's own, so that what the page offers is what it can do. */
#include "model/model.h"
#include "serve/serve.h"

static const char *const type_words[] = {
    [TEN_INTEGER] = "integer", [TEN_REAL] = "real", [TEN_CHOICE] = "choice", [TEN_TEXT] = "text"};

/* A parameter; numbers have bounds, and words have choices. */
static json_t *parameter_json(const struct ten_parameter *parameter) {
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:n, s:n, s:b, s:n}", "name", parameter->name, "help",
                             parameter->help, "type", type_words[parameter->type], "initial", parameter->initial,
                             "minimum", "maximum", "open_minimum", parameter->open_minimum, "choices");
    if (parameter->type == TEN_INTEGER || parameter->type == TEN_REAL) {
        json_object_set_new(json, "minimum", json_real(parameter->minimum));
        json_object_set_new(json, "maximum", json_real(parameter->maximum));
    }
    if (parameter->choices) {
        json_t *choices = json_array();
        for (size_t i = 0; parameter->choices[i]; i++)
            json_array_append_new(choices, json_string(parameter->choices[i]));
        json_object_set_new(json, "choices", choices);
    }
    return json;
}

static json_t *model_json(const struct ten_model_description *model) {
    json_t *parameters = json_array();
    for (size_t i = 0; i < model->parameter_count; i++)
        json_array_append_new(parameters, parameter_json(&model->parameters[i]));
    const struct ten_model_type *type = ten_model_find(model->name);
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "name", model->name, "title", model->title, "summary",
                     model->summary, "prep", model->prep, "network", type && type->network != NULL, "parameters",
                     parameters);
}

static void get_catalogue(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    json_t *models = json_array(), *steps = json_array();
    for (size_t i = 0; ten_model_at(i); i++) json_array_append_new(models, model_json(ten_model_at(i)));
    for (size_t i = 0; ten_step_at(i); i++) {
        const struct ten_step_description *step = ten_step_at(i);
        json_array_append_new(steps, json_pack("{s:s, s:s, s:s?}", "name", step->name, "summary", step->summary,
                                               "argument", step->argument));
    }
    const struct ten_data *data = ten_server_data(server);
    json_t *images = data ? json_integer((json_int_t)data->train.count) : json_null();
    ten_reply_json(reply, 200, json_pack("{s:o, s:o, s:o}", "models", models, "steps", steps, "images", images));
}

const struct ten_route ten_routes_catalogue[] = {
    {.method = "GET", .path = "/api/catalogue", .handle = get_catalogue},
    {.path = NULL},
};
