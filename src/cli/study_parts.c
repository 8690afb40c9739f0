/* The parts of a study as files: kept while what they depend on stays the same. */
#include "cli/study.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum ten_status ten_study_path(const struct ten_study *study, char *path, const char *folder, const char *name,
                               const char *ending, struct ten_error *error) {
    char file[256];
    snprintf(file, sizeof file, "%s%s%s", folder, name, ending);
    return ten_path_join(path, STUDY_TEXT, study->folder, file, error);
}

json_t *ten_study_kept(struct ten_study *study, const char *path, const char *made_with) {
    json_t *part = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *with = json_string_value(json_object_get(part, "made_with"));
    study->since = ten_seconds();
    if (with && strcmp(with, made_with) == 0) {
        study->seconds += json_number_value(json_object_get(part, "made_in"));
        return part;
    }
    json_decref(part);
    return NULL;
}

enum ten_status ten_study_write(struct ten_study *study, json_t *part, const char *path, const char *made_with,
                                struct ten_error *error) {
    double now = ten_seconds(), seconds = now - study->since;
    study->seconds += seconds;
    study->since = now; /* where the next part begins, if no file is looked at for it */
    if (!part || json_object_set_new(part, "made_with", json_string(made_with)) != 0 ||
        json_object_set_new(part, "made_in", json_real(seconds)) != 0)
        return ten_fail(error, TEN_NO_MEMORY, "%s: out of memory for JSON", path);
    return ten_write_json(json_incref(part), path, error);
}

enum ten_status ten_study_part(struct ten_study *study, const char *folder, const char *name, const char *made_with,
                               ten_part_maker *make, const void *context, json_t **part, struct ten_error *error) {
    char path[STUDY_TEXT];
    enum ten_status status = ten_study_path(study, path, folder, name, ".json", error);
    if (part) *part = NULL;
    if (status != TEN_OK) return status;
    json_t *made = ten_study_kept(study, path, made_with);
    if (!made) {
        if (!*folder) ten_say(&study->options, "%s", name);
        made = make(study, context, &status, error);
        if (status == TEN_OK) status = ten_study_write(study, made, path, made_with, error);
    }
    if (status == TEN_OK && part)
        *part = made;
    else
        json_decref(made);
    return status;
}

const char *ten_study_made_with(const struct ten_study *study, const struct ten_entry *entry, char *text) {
    size_t length = (size_t)snprintf(text, STUDY_TEXT, "%s; %s; %s", study->made_with, entry->model, entry->prep);
    for (size_t i = 0; i < entry->own_options->setting_count && length < STUDY_TEXT; i++)
        length += (size_t)snprintf(text + length, STUDY_TEXT - length, "; %s", entry->own_options->settings[i]);
    return text;
}

const char *ten_study_made_of_all(const struct ten_study *study, char *text) {
    size_t length = (size_t)snprintf(text, STUDY_TEXT, "%s; %zu folds", study->made_with, study->folds);
    for (size_t i = 0; i < study->entry_count && length < STUDY_TEXT; i++)
        length += (size_t)snprintf(text + length, STUDY_TEXT - length, "; %s %s", study->entries[i].name,
                                   study->entries[i].prep);
    return text;
}

enum ten_status ten_study_pipeline(const struct ten_entry *entry, struct ten_pipeline **pipeline,
                                   struct ten_error *error) {
    return ten_pipeline_new(pipeline, entry->model, entry->prep, entry->own_options->settings,
                            entry->own_options->setting_count, error);
}

void ten_study_say(const struct ten_study *study, const struct ten_entry *entry, const char *on, double accuracy,
                   const char *note) {
    ten_say(&study->options, "%-24s %-9s %.4f  %s%s", entry->name, on, accuracy, entry->prep, note);
}
