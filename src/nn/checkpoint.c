/* Checkpoints as safetensors: the vectors, the numbers and the history as tensors, and what they are of as text. */
#include "nn/checkpoint.h"

#include "base/error.h"
#include "data/history.h"
#include "data/safetensors.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT "tenfold checkpoint 1"

static const char *const vector_names[TEN_TRAIN_VECTORS] = {
    "parameters", "statistics", "moment", "second_moment", "average", "average_statistics", "best", "best_statistics"};

enum {
#define X(name) NUMBER_##name,
    TEN_TRAIN_NUMBERS(X)
#undef X
        NUMBERS
};

/* ---- Writing -------------------------------------------------------------------------------------------------- */

static enum ten_status add_all(struct ten_tensors *tensors, const struct ten_train_state *state, const double *numbers,
                               const struct ten_history *history, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t v = 0; status == TEN_OK && v < TEN_TRAIN_VECTORS; v++)
        if (state->vector[v])
            status = ten_tensors_add(tensors, vector_names[v], TEN_F32, 1, &state->length[v], state->vector[v], error);
    size_t count = NUMBERS, rows[] = {history->rows, history->columns};
    if (status == TEN_OK) status = ten_tensors_add(tensors, "numbers", TEN_F64, 1, &count, numbers, error);
    if (status == TEN_OK && history->rows)
        status = ten_tensors_add(tensors, "history", TEN_F64, 2, rows, history->values, error);
    return status;
}

enum ten_status ten_checkpoint_write(const char *path, const struct ten_train_state *state,
                                     const struct ten_train_identity *identity, const struct ten_history *history,
                                     struct ten_error *error) {
    double numbers[NUMBERS] = {
#define X(name) state->name,
        TEN_TRAIN_NUMBERS(X)
#undef X
    };
    struct ten_tensors tensors = {.metadata = json_pack("{s:s}", "format", FORMAT)};
    bool good = tensors.metadata != NULL;
    for (size_t i = 0; i < TEN_TRAIN_IDENTITIES; i++)
        good = good && json_object_set_new(tensors.metadata, identity[i].what, json_string(identity[i].text)) == 0;
    enum ten_status status =
        good ? add_all(&tensors, state, numbers, history, error) : ten_fail_memory(error, "a checkpoint");
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------------------------- */

/* The parts of two texts, as between commas, in which they first differ: where, and how long. */
static size_t first_difference(const char *a, const char *b, int *of_a, int *of_b) {
    size_t at = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if ((a[i] == ',' || a[i] == ';') && a[i + 1] == ' ') at = i + 2;
    *of_a = (int)strcspn(a + at, ",;");
    *of_b = (int)strcspn(b + at, ",;");
    return at;
}

static enum ten_status check_identity(const struct ten_tensors *file, const struct ten_train_identity *identity,
                                      struct ten_error *error) {
    const char *format = json_string_value(json_object_get(file->metadata, "format"));
    if (!format || strcmp(format, FORMAT) != 0)
        return ten_fail(error, TEN_FORMAT, "%s: is no checkpoint that this version wrote; name another file",
                        file->path);
    for (size_t i = 0; i < TEN_TRAIN_IDENTITIES; i++) {
        const char *text = json_string_value(json_object_get(file->metadata, identity[i].what));
        if (!text)
            return ten_fail(error, TEN_FORMAT, "%s: no \"%s\" in __metadata__; no checkpoint that tenfold wrote",
                            file->path, identity[i].what);
        if (strcmp(text, identity[i].text) == 0) continue;
        int its, ours;
        size_t at = first_difference(text, identity[i].text, &its, &ours);
        return ten_fail(error, TEN_INVALID,
                        "%s: is a checkpoint of another training: its %s has \"%.*s\", here it has \"%.*s\"; name "
                        "another file, or remove this one",
                        file->path, identity[i].what, its, text + at, ours, identity[i].text + at);
    }
    return TEN_OK;
}

static enum ten_status take_vectors(struct ten_tensors *file, struct ten_train_state *state, struct ten_error *error) {
    for (size_t v = 0; v < TEN_TRAIN_VECTORS; v++) {
        if (!state->vector[v]) continue;
        void *values;
        enum ten_status status = ten_tensors_take(file, vector_names[v], TEN_F32, 1, &state->length[v], &values, error);
        if (status != TEN_OK) return status;
        memcpy(state->vector[v], values, state->length[v] * sizeof(float));
        free(values);
    }
    return TEN_OK;
}

static enum ten_status take_numbers(struct ten_tensors *file, struct ten_train_state *state, struct ten_error *error) {
    size_t count = NUMBERS;
    double *numbers;
    enum ten_status status = ten_tensors_take(file, "numbers", TEN_F64, 1, &count, (void **)&numbers, error);
    if (status != TEN_OK) return status;
#define X(name) state->name = numbers[NUMBER_##name];
    TEN_TRAIN_NUMBERS(X)
#undef X
    free(numbers);
    return TEN_OK;
}

static enum ten_status take_history(struct ten_tensors *file, size_t columns, const char *const *names,
                                    struct ten_history *history, struct ten_error *error) {
    if (!ten_tensors_has(file, "history")) return TEN_OK;
    size_t shape[] = {TEN_ANY, columns};
    double *values;
    enum ten_status status = ten_tensors_take(file, "history", TEN_F64, 2, shape, (void **)&values, error);
    for (size_t i = 0; status == TEN_OK && i < shape[0]; i++)
        status = ten_history_append(history, columns, names, values + i * columns, error);
    free(values);
    return status;
}

enum ten_status ten_checkpoint_read(const char *path, struct ten_train_state *state,
                                    const struct ten_train_identity *identity, size_t columns, const char *const *names,
                                    struct ten_history *history, struct ten_error *error) {
    struct ten_tensors file = {0};
    enum ten_status status = ten_safetensors_read(&file, path, error);
    if (status == TEN_OK) status = check_identity(&file, identity, error);
    if (status == TEN_OK) status = take_vectors(&file, state, error);
    if (status == TEN_OK) status = take_numbers(&file, state, error);
    if (status == TEN_OK) status = take_history(&file, columns, names, history, error);
    if (status == TEN_OK) status = ten_tensors_check_all_taken(&file, error);
    if (status == TEN_OK && (!(state->epoch >= 0) || state->epoch != (double)history->rows))
        status = ten_fail(error, TEN_FORMAT, "%s: tensor \"numbers\" and \"history\" do not fit together", path);
    ten_tensors_release(&file);
    return status;
}
