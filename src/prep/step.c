/* The table of preprocessing steps, and chains of them: text in, steps applied one after the other, tensors out. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ten_step_type *const steps[] = {
    &ten_step_scale,  &ten_step_multiply, &ten_step_minmax,      &ten_step_crop20, &ten_step_center,
    &ten_step_deskew, &ten_step_trim,     &ten_step_standardize, &ten_step_pca,
};

enum { STEP_TYPES = sizeof steps / sizeof *steps };

/* Short names for whole chains. */
static const struct alias {
    const char *name, *chain;
} aliases[] = {
    {"original", "minmax,crop20,standardize"}, /* the chain of the study that this one re-makes */
    {"none", ""},
};

const struct ten_step_type *ten_step_find(const char *name) {
    for (size_t i = 0; i < STEP_TYPES; i++)
        if (strcmp(steps[i]->about.name, name) == 0) return steps[i];
    return NULL;
}

const struct ten_step_description *ten_step_at(size_t i) { return i < STEP_TYPES ? &steps[i]->about : NULL; }

static const struct alias *find_alias(const char *name) {
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0) return &aliases[i];
    return NULL;
}

/* ---- Parsing ------------------------------------------------------------------------------------------ */

static enum ten_status unknown_step(const char *name, struct ten_error *error) {
    char known[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < STEP_TYPES && used < sizeof known; i++) {
        const struct ten_step_description *about = &steps[i]->about;
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s%s, ", about->name, about->argument ? "=" : "",
                                 about->argument ? about->argument : "");
    }
    return ten_fail(error, TEN_INVALID, "there is no preprocessing step '%s'; expected %soriginal or none", name,
                    known);
}

/* Adds one step and its argument (NULL: none given) to the chain. */
static enum ten_status add_step(struct ten_chain *chain, const char *name, const char *argument,
                                struct ten_error *error) {
    const struct ten_step_type *type = ten_step_find(name);
    if (!type) return unknown_step(name, error);
    const char *wanted = type->about.argument;
    if (wanted && (!argument || !*argument))
        return ten_fail(error, TEN_INVALID, "the step %s needs an argument: %s=%s", name, name, wanted);
    if (!wanted && argument)
        return ten_fail(error, TEN_INVALID, "the step %s takes no argument, but was given '%s'", name, argument);
    if (chain->count == TEN_MAX_STEPS)
        return ten_fail(error, TEN_INVALID, "a chain has at most %d preprocessing steps", TEN_MAX_STEPS);
    void *state = ten_alloc_zero(1, type->state_size);
    if (!state) return ten_fail_memory(error, "a preprocessing step");
    chain->steps[chain->count].type = type;
    chain->steps[chain->count++].state = state;
    if (type->configure) {
        enum ten_status status = type->configure(state, argument, error);
        if (status != TEN_OK) return status;
    }
    size_t used = strlen(chain->text), room = sizeof chain->text - used;
    int length = snprintf(chain->text + used, room, "%s%s%s%s", used ? "," : "", name, argument ? "=" : "",
                          argument ? argument : "");
    if (length < 0 || (size_t)length >= room)
        return ten_fail(error, TEN_INVALID, "the chain of preprocessing steps is too long to write down");
    return TEN_OK;
}

static enum ten_status add_chain(struct ten_chain *chain, const char *text, struct ten_error *error);

/* Adds what stands between two commas. */
static enum ten_status add_element(struct ten_chain *chain, const char *text, size_t length, struct ten_error *error) {
    if (length == 0)
        return ten_fail(error, TEN_INVALID,
                        "a preprocessing step is missing: expected STEP[,STEP...], or none for no step");
    char name[64];
    if (length >= sizeof name) return ten_fail(error, TEN_INVALID, "there is no preprocessing step '%.40s...'", text);
    memcpy(name, text, length);
    name[length] = '\0';
    char *argument = strchr(name, '=');
    if (argument) *argument++ = '\0';
    const struct alias *alias = find_alias(name);
    if (!alias) return add_step(chain, name, argument, error);
    if (argument) return ten_fail(error, TEN_INVALID, "'%s' takes no argument, but was given '%s'", name, argument);
    return *alias->chain ? add_chain(chain, alias->chain, error) : TEN_OK;
}

static enum ten_status add_chain(struct ten_chain *chain, const char *text, struct ten_error *error) {
    for (;;) {
        size_t length = strcspn(text, ",");
        enum ten_status status = add_element(chain, text, length, error);
        if (status != TEN_OK) return status;
        if (!text[length]) return TEN_OK;
        text += length + 1;
    }
}

enum ten_status ten_chain_parse(struct ten_chain *chain, const char *text, struct ten_error *error) {
    *chain = (struct ten_chain){0};
    enum ten_status status = add_chain(chain, text, error);
    if (status != TEN_OK) ten_chain_release(chain);
    if (status == TEN_OK && chain->count == 0) strcpy(chain->text, "none");
    return status;
}

/* ---- Using a chain ------------------------------------------------------------------------------------ */

static enum ten_status reshape_step(const struct ten_chain *chain, size_t i, struct ten_shape *shape,
                                    struct ten_error *error) {
    const struct ten_step_type *type = chain->steps[i].type;
    return type->reshape ? type->reshape(chain->steps[i].state, shape, error) : TEN_OK;
}

enum ten_status ten_chain_reshape(const struct ten_chain *chain, struct ten_shape *shape, struct ten_error *error) {
    for (size_t i = 0; i < chain->count; i++) {
        enum ten_status status = reshape_step(chain, i, shape, error);
        if (status != TEN_OK) return status;
    }
    return TEN_OK;
}

enum ten_status ten_chain_fit(struct ten_chain *chain, struct ten_batch *batch, const struct ten_run *run,
                              struct ten_error *error) {
    struct ten_shape shape = batch->shape; /* a chain that cannot work says so before any work is done */
    enum ten_status status = ten_chain_reshape(chain, &shape, error);
    for (size_t i = 0; i < chain->count && status == TEN_OK; i++) {
        const struct ten_step_type *type = chain->steps[i].type;
        if (type->fit && batch->rows == 0)
            return ten_fail(error, TEN_INVALID, "the step %s needs at least one image to learn from", type->about.name);
        if (type->fit) status = type->fit(chain->steps[i].state, batch, run, error);
        if (status == TEN_OK) status = type->apply(chain->steps[i].state, batch, run, error);
    }
    return status;
}

enum ten_status ten_chain_apply(const struct ten_chain *chain, struct ten_batch *batch, const struct ten_run *run,
                                struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < chain->count && status == TEN_OK; i++)
        status = chain->steps[i].type->apply(chain->steps[i].state, batch, run, error);
    return status;
}

/* ---- Saving and loading ------------------------------------------------------------------------------- */

static void set_prefix(struct ten_tensors *tensors, size_t i) {
    snprintf(tensors->prefix, sizeof tensors->prefix, "step%zu.", i);
}

enum ten_status ten_chain_save(const struct ten_chain *chain, struct ten_tensors *tensors, struct ten_error *error) {
    char before[sizeof tensors->prefix];
    memcpy(before, tensors->prefix, sizeof before);
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < chain->count && status == TEN_OK; i++) {
        set_prefix(tensors, i);
        if (chain->steps[i].type->save) status = chain->steps[i].type->save(chain->steps[i].state, tensors, error);
    }
    memcpy(tensors->prefix, before, sizeof before);
    return status;
}

enum ten_status ten_chain_load(struct ten_chain *chain, const struct ten_shape *input, struct ten_tensors *tensors,
                               struct ten_error *error) {
    char before[sizeof tensors->prefix];
    memcpy(before, tensors->prefix, sizeof before);
    struct ten_shape shape = *input, output = *input;
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < chain->count && status == TEN_OK; i++, shape = output) {
        set_prefix(tensors, i);
        status = reshape_step(chain, i, &output, error);
        if (status == TEN_OK && chain->steps[i].type->load)
            status = chain->steps[i].type->load(chain->steps[i].state, &shape, tensors, error);
    }
    memcpy(tensors->prefix, before, sizeof before);
    return status;
}

void ten_chain_release(struct ten_chain *chain) {
    if (!chain) return;
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->steps[i].type->release) chain->steps[i].type->release(chain->steps[i].state);
        free(chain->steps[i].state);
    }
    *chain = (struct ten_chain){0};
}
