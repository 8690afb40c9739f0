/* Hyper-parameters as text: defaults, ranges, words, and messages that tell what would have been right; the table of
 * models; the history that iterative fits keep. */
#include "test.h"

#include "model/model.h"

#include <stdlib.h>
#include <string.h>

/* ---- A model that has a parameter of every kind ---- */

static const char *const words[] = {"sqrt", "log2", NULL};
static const char *const kernels[] = {"linear", "rbf", NULL};
static const struct ten_parameter parameters[] = {
    {.name = "count", .help = "", .type = TEN_INTEGER, .initial = "5", .minimum = 1, .maximum = 1000},
    {.name = "C", .help = "", .type = TEN_REAL, .initial = "1", .minimum = 0, .maximum = 1e9, .open_minimum = true},
    {.name = "kernel", .help = "", .type = TEN_CHOICE, .initial = "rbf", .choices = kernels},
    {.name = "features",
     .help = "",
     .type = TEN_INTEGER,
     .initial = "sqrt",
     .minimum = 1,
     .maximum = 99,
     .choices = words},
    {.name = "rate", .help = "", .type = TEN_REAL, .initial = "-0.5", .minimum = -1, .maximum = 1},
};
static const struct ten_model_description about = {
    .name = "trial", .parameters = parameters, .parameter_count = sizeof parameters / sizeof *parameters};

static enum ten_status parse(struct ten_values *values, const char *setting, struct ten_error *error) {
    return ten_values_parse(values, &about, &setting, setting ? 1 : 0, error);
}

static void assert_formats(const struct ten_values *values, size_t i, const char *expected) {
    char text[48];
    ten_values_format(values, &about, i, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_defaults(void **state) {
    (void)state;
    struct ten_values values;
    struct ten_error error;
    assert_ok(ten_values_parse(&values, &about, NULL, 0, &error));
    const double numbers[] = {5, 1, 0, 0, -0.5};
    const int places[] = {-1, -1, 1, 0, -1};
    for (size_t i = 0; i < about.parameter_count; i++) {
        assert_true(values.number[i] == numbers[i]);
        assert_int_equal(values.word[i], places[i]);
        assert_formats(&values, i, parameters[i].initial);
    }
}

static void test_settings(void **state) {
    (void)state;
    struct ten_values values;
    struct ten_error error;
    const char *const settings[] = {"kernel=linear", "count=1000", "features=12", "rate=1", "C=1e-300", "count=7"};
    assert_ok(ten_values_parse(&values, &about, settings, 6, &error));
    assert_formats(&values, 0, "7"); /* the later one counts */
    assert_formats(&values, 1, "1e-300");
    assert_formats(&values, 2, "linear");
    assert_formats(&values, 3, "12");
    assert_int_equal(values.word[3], -1);
    assert_formats(&values, 4, "1");
    assert_ok(parse(&values, "features=log2", &error));
    assert_int_equal(values.word[3], 1);
    assert_ok(parse(&values, "C=0.1", &error));
    assert_formats(&values, 1, "0.1");
    assert_ok(parse(&values, "C=0.30000000000000004", &error));
    assert_formats(&values, 1, "0.30000000000000004");
}

static void test_bounds(void **state) {
    (void)state;
    struct ten_values values;
    struct ten_error error;
    static const char *const good[] = {"count=1", "count=1000",  "C=1e9",   "rate=-1",
                                       "rate=1",  "features=99", "C=5e-324"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_ok(parse(&values, good[i], &error));
    static const char *const bad[] = {"count=0",
                                      "count=1001",
                                      "count=-1",
                                      "count=2.5",
                                      "count=1e2",
                                      "count=",
                                      "count= 3",
                                      "count=3 ",
                                      "count=x",
                                      "count=sqrt",
                                      "C=0",
                                      "C=-1",
                                      "C=1.1e9",
                                      "C=nan",
                                      "C=inf",
                                      "C=1e999",
                                      "C=0x10",
                                      "C=1,5",
                                      "C=",
                                      "rate=-1.01",
                                      "rate=1.01",
                                      "kernel=",
                                      "kernel=RBF",
                                      "kernel=0",
                                      "kernel=rbf ",
                                      "features=0",
                                      "features=100",
                                      "features=cube",
                                      "count=99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(parse(&values, bad[i], &error), TEN_INVALID, "trial: ");
}

static void test_messages(void **state) {
    (void)state;
    struct ten_values values;
    struct ten_error error;
    assert_fails(parse(&values, "count=0", &error), TEN_INVALID,
                 "trial: count=\"0\" is not valid: expected a whole number from 1 to 1000");
    assert_fails(parse(&values, "C=0", &error), TEN_INVALID, "expected a number above 0 up to 1e+09");
    assert_fails(parse(&values, "kernel=poly", &error), TEN_INVALID, "expected one of linear, rbf");
    assert_fails(parse(&values, "features=0", &error), TEN_INVALID, "a whole number from 1 to 99, or sqrt, log2");
    assert_fails(parse(&values, "size=3", &error), TEN_INVALID,
                 "trial has no parameter \"size\"; it has count, C, kernel, features, rate");
    assert_fails(parse(&values, "coun=3", &error), TEN_INVALID, "no parameter \"coun\"");
    assert_fails(parse(&values, "counts=3", &error), TEN_INVALID, "no parameter \"counts\"");
    assert_fails(parse(&values, "=3", &error), TEN_INVALID, "no parameter \"\"");
    assert_fails(parse(&values, "count", &error), TEN_INVALID, "setting \"count\": expected NAME=VALUE");
    assert_fails(parse(&values, "", &error), TEN_INVALID, "expected NAME=VALUE");
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_fails(parse(&values, longer, &error), TEN_INVALID, "setting \"xxx");
    memcpy(longer, "count=", 6);
    assert_fails(parse(&values, longer, &error), TEN_INVALID, "trial: count=\"xxx");
    longer[5] = 'x';
    longer[1000] = '=';
    assert_fails(parse(&values, longer, &error), TEN_INVALID, "no parameter \"countxxx");
    assert_int_equal(parse(&values, "count=0", NULL), TEN_INVALID);
}

/* ---- The table ---- */

static void test_table(void **state) {
    (void)state;
    size_t count = 0;
    for (const struct ten_model_description *model; (model = ten_model_at(count)); count++) {
        assert_true(*model->name && *model->title && *model->summary && *model->prep);
        assert_true(strlen(model->name) < 32 && model->parameter_count <= TEN_MAX_PARAMETERS);
        const struct ten_model_type *type = ten_model_find(model->name);
        assert_ptr_equal(&type->about, model);
        assert_true(type->state_size && type->fit && type->predict && type->save && type->load && type->parameters &&
                    type->release);
        struct ten_values values;
        struct ten_error error;
        assert_ok(ten_values_parse(&values, model, NULL, 0, &error)); /* every default lies in its range */
        for (size_t i = 0; i < model->parameter_count; i++) {
            assert_true(*model->parameters[i].name && *model->parameters[i].help);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(model->parameters[i].name, model->parameters[j].name);
        }
        struct ten_pipeline *pipeline; /* the chain that the model names for itself is one */
        assert_ok(ten_pipeline_new(&pipeline, model->name, NULL, NULL, 0, &error));
        ten_pipeline_free(pipeline);
    }
    assert_true(count >= 3);
    assert_null(ten_model_at(count + 1));
    assert_null(ten_model_find(""));
    assert_null(ten_model_find("Knn"));
    assert_null(ten_model_find("knn "));
}

/* ---- History ---- */

static void test_history(void **state) {
    (void)state;
    struct ten_history history = {0};
    static const char *const names[] = {"iteration", "loss", "gradient"};
    struct ten_error error;
    for (int i = 0; i < 300; i++) {
        const double row[] = {i, 1.0 / (i + 1), -i};
        assert_ok(ten_history_append(&history, 3, names, row, &error));
    }
    assert_int_equal(history.rows, 300);
    assert_int_equal(history.columns, 3);
    for (size_t j = 0; j < 3; j++) assert_string_equal(history.names[j], names[j]);
    for (int i = 0; i < 300; i++) {
        assert_true(history.values[3 * i] == i);
        assert_true(history.values[3 * i + 1] == 1.0 / (i + 1));
        assert_true(history.values[3 * i + 2] == -i);
    }
    free(history.values);
}

/* ---- A parameter that is a text ---- */

static void test_text(void **state) {
    (void)state;
    static const struct ten_parameter one[] = {
        {.name = "depth", .help = "", .type = TEN_INTEGER, .initial = "3", .minimum = 1, .maximum = 9},
        {.name = "net", .help = "", .type = TEN_TEXT, .initial = "dense 10"}};
    static const struct ten_model_description model = {.name = "trial", .parameters = one, .parameter_count = 2};
    struct ten_values values;
    struct ten_error error;
    char text[TEN_MAX_TEXT], longest[TEN_MAX_TEXT + 8] = "net=";
    assert_ok(ten_values_parse(&values, &model, NULL, 0, &error));
    ten_values_format(&values, &model, 1, text, sizeof text);
    assert_string_equal(text, "dense 10");
    const char *setting = "net=a = b, \"c\"";
    assert_ok(ten_values_parse(&values, &model, &setting, 1, &error));
    ten_values_format(&values, &model, 1, text, sizeof text);
    assert_string_equal(text, "a = b, \"c\"");
    ten_values_format(&values, &model, 0, text, sizeof text);
    assert_string_equal(text, "3");
    memset(longest + 4, 'x', TEN_MAX_TEXT - 1);
    setting = longest;
    assert_ok(ten_values_parse(&values, &model, &setting, 1, &error));
    ten_values_format(&values, &model, 1, text, sizeof text);
    assert_string_equal(text, longest + 4);
    longest[4 + TEN_MAX_TEXT - 1] = 'x';
    assert_fails(ten_values_parse(&values, &model, &setting, 1, &error), TEN_INVALID, "less than 512 bytes");
    setting = "net=dense\n10";
    assert_fails(ten_values_parse(&values, &model, &setting, 1, &error), TEN_INVALID, "plain text");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_settings), cmocka_unit_test(test_text),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_messages), cmocka_unit_test(test_table),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
