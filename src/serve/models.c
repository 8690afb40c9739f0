/* The models that are served: every fitted pipeline for digits of 28x28 in the folder of models and in the study's. The
 * folders are looked through again and again; a file that is new or has changed is loaded beside what is there and then
 * takes its place, while requests that hold the old one finish with it. */
#include "serve/server.h"

#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char suffix[] = ".safetensors";

/* ---- Taking and giving back -------------------------------------------------------------------------------------- */

static void free_served(struct ten_served *served) {
    ten_pipeline_free(served->pipeline);
    json_decref(served->row);
    free(served);
}

struct ten_served *ten_served_take(struct ten_server *server, const char *name) {
    struct ten_models *models = &server->models;
    struct ten_served *found = NULL;
    pthread_mutex_lock(&models->lock);
    for (size_t i = 0; i < models->count && !found; i++)
        if (!name || !*name || strcmp(models->list[i]->name, name) == 0) found = models->list[i];
    if (found) found->references++;
    pthread_mutex_unlock(&models->lock);
    return found;
}

void ten_served_give(struct ten_server *server, struct ten_served *served) {
    if (!served) return;
    pthread_mutex_lock(&server->models.lock);
    bool last = --served->references == 0;
    pthread_mutex_unlock(&server->models.lock);
    if (last) free_served(served);
}

size_t ten_served_take_all(struct ten_server *server, struct ten_served **all, size_t most) {
    struct ten_models *models = &server->models;
    pthread_mutex_lock(&models->lock);
    size_t count = models->count < most ? models->count : most;
    for (size_t i = 0; i < count; i++) {
        all[i] = models->list[i];
        all[i]->references++;
    }
    pthread_mutex_unlock(&models->lock);
    return count;
}

/* ---- The order -----------------------------------------------------------------------------------------------------
 */

/* The network that was made for drawings comes first, then the best one for MNIST, then the others by accuracy. */
static int rank_of(const struct ten_served *served) {
    return strcmp(served->name, "cnn-hand") == 0 ? 0 : strcmp(served->name, "cnn-best") == 0 ? 1 : 2;
}

static double accuracy_of(const struct ten_served *served) {
    const json_t *accuracy = json_object_get(served->row, "accuracy");
    return json_is_number(accuracy) ? json_number_value(accuracy) : -1;
}

static int compare(const void *first, const void *second) {
    const struct ten_served *a = *(struct ten_served *const *)first, *b = *(struct ten_served *const *)second;
    double more = accuracy_of(b) - accuracy_of(a);
    if (rank_of(a) != rank_of(b)) return rank_of(a) - rank_of(b);
    return more > 0 ? 1 : more < 0 ? -1 : strcmp(a->name, b->name);
}

/* ---- Files ---------------------------------------------------------------------------------------------------------
 */

static struct ten_stamp stamp_of(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) return (struct ten_stamp){0};
    return (struct ten_stamp){.modified = (int64_t)file.st_mtim.tv_sec * 1000000000 + file.st_mtim.tv_nsec,
                              .size = file.st_size,
                              .node = (int64_t)file.st_ino};
}

static bool same_stamp(struct ten_stamp a, struct ten_stamp b) {
    return a.modified == b.modified && a.size == b.size && a.node == b.node;
}

/* What is served of a row; the rest of an evaluation may be long. NULL if there is none. */
static json_t *load_row(const char *path) {
    static const char *const kept[] = {"accuracy",     "accuracy_low", "accuracy_high",   "on",        "data",
                                       "prep_seconds", "fit_seconds",  "predict_seconds", "test_count"};
    json_t *document = json_load_file(path, 0, NULL), *row = json_is_object(document) ? json_object() : NULL;
    for (size_t i = 0; row && i < sizeof kept / sizeof *kept; i++) {
        json_t *value = json_object_get(document, kept[i]);
        if (value) json_object_set(row, kept[i], value);
    }
    json_decref(document);
    return row;
}

/* A model file that was found, and the row that may stand beside it. */
struct found {
    char name[96], path[1024], row_path[1024];
    struct ten_stamp file, row_file;
};

static bool good_name(const char *name, size_t length) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.=@";
    return length > 0 && length < 96 && name[0] != '.' && strspn(name, letters) >= length &&
           !(length == 3 && memcmp(name, "all", 3) == 0);
}

/* Adds the models of a folder to those found; names that are there already stay as they are. */
static size_t look(const char *folder, const char *rows, struct found *found, size_t count) {
    DIR *open = opendir(folder);
    if (!open) return count;
    const struct dirent *entry;
    while (count < TEN_MOST_SERVED && (entry = readdir(open))) {
        size_t length = strlen(entry->d_name), end = sizeof suffix - 1;
        if (length <= end || strcmp(entry->d_name + length - end, suffix) != 0) continue;
        length -= end;
        if (!good_name(entry->d_name, length)) continue;
        struct found *f = &found[count];
        snprintf(f->name, sizeof f->name, "%.*s", (int)length, entry->d_name);
        int fits = snprintf(f->path, sizeof f->path, "%s/%s", folder, entry->d_name);
        int row_fits = snprintf(f->row_path, sizeof f->row_path, "%s/%s.json", rows, f->name);
        if (fits >= (int)sizeof f->path || row_fits >= (int)sizeof f->row_path) continue;
        f->file = stamp_of(f->path);
        f->row_file = stamp_of(f->row_path);
        bool there = f->file.modified == 0;
        for (size_t i = 0; i < count; i++) there |= strcmp(found[i].name, f->name) == 0;
        count += !there;
    }
    closedir(open);
    return count;
}

/* ---- Loading -------------------------------------------------------------------------------------------------------
 */

static enum ten_status check(const struct ten_pipeline_info *info, const char *path, struct ten_error *error) {
    if (info->height != 28 || info->width != 28)
        return ten_fail(error, TEN_FORMAT, "%s: takes images of %zux%zu, not 28x28", path, info->width, info->height);
    for (int c = 0; c < TEN_CLASSES; c++)
        if (info->class_names[c][0] != '0' + c || info->class_names[c][1])
            return ten_fail(error, TEN_FORMAT, "%s: its classes are \"%s\", \"%s\", ..., no digits", path,
                            info->class_names[0], info->class_names[1]);
    return TEN_OK;
}

static enum ten_status load(struct ten_served **out, const struct found *found, struct ten_error *error) {
    struct ten_served *served = calloc(1, sizeof *served);
    *out = NULL;
    if (!served) return ten_fail_memory(error, "a model");
    enum ten_status status = ten_pipeline_load(&served->pipeline, found->path, error);
    if (status == TEN_OK) {
        served->info = ten_pipeline_describe(served->pipeline);
        status = check(&served->info, found->path, error);
    }
    if (status != TEN_OK) {
        free_served(served);
        return status;
    }
    struct ten_network_info network;
    memcpy(served->name, found->name, sizeof served->name);
    memcpy(served->path, found->path, sizeof served->path);
    memcpy(served->row_path, found->row_path, sizeof served->row_path);
    served->network = ten_pipeline_network(served->pipeline, &network, NULL) == TEN_OK;
    served->bytes = (size_t)found->file.size;
    served->file = found->file;
    served->row_file = found->row_file;
    served->row = load_row(found->row_path);
    served->references = 1;
    *out = served;
    return TEN_OK;
}

/* Whether a file was refused before, as it is now. */
static bool was_refused(const struct ten_models *models, const struct found *found) {
    for (size_t i = 0; i < models->refused_count; i++)
        if (strcmp(models->refused[i].path, found->path) == 0 && same_stamp(models->refused[i].file, found->file))
            return true;
    return false;
}

static void refuse(struct ten_models *models, const struct found *found) {
    size_t i = 0;
    while (i < models->refused_count && strcmp(models->refused[i].path, found->path) != 0) i++;
    if (i == TEN_MOST_SERVED) i = 0;
    if (i == models->refused_count) models->refused_count++;
    memcpy(models->refused[i].path, found->path, sizeof found->path);
    models->refused[i].file = found->file;
}

/* ---- Looking again --------------------------------------------------------------------------------------------------
 */

/* The model that is served from this file as it is now; NULL: it must be loaded. Only the thread that scans changes the
 * list, so that it may look without the lock. */
static struct ten_served *still_served(const struct ten_models *models, const struct found *found) {
    for (size_t i = 0; i < models->count; i++) {
        struct ten_served *served = models->list[i];
        if (strcmp(served->path, found->path) == 0 && same_stamp(served->file, found->file) &&
            same_stamp(served->row_file, found->row_file))
            return served;
    }
    return NULL;
}

/* Puts a new list in the place of the old one. Every model in it holds a reference for it already. */
static void replace(struct ten_server *server, struct ten_served **list, size_t count) {
    struct ten_models *models = &server->models;
    struct ten_served *old[TEN_MOST_SERVED];
    pthread_mutex_lock(&models->lock);
    size_t old_count = models->count;
    memcpy(old, models->list, old_count * sizeof *old);
    for (size_t i = 0; i < count; i++) list[i]->predictions = ten_counts_model(&server->counts, list[i]->name);
    for (size_t i = 0; i < count; i++) models->list[i] = list[i];
    models->count = count;
    pthread_mutex_unlock(&models->lock);
    for (size_t i = 0; i < old_count; i++) ten_served_give(server, old[i]);
}

static void scan(struct ten_server *server, struct found *found) {
    struct ten_models *models = &server->models;
    struct ten_served *list[TEN_MOST_SERVED];
    char folder[1024] = "", rows[1024] = "";
    size_t count = look(server->options.models, server->options.models, found, 0), taken = 0;
    if (ten_path_join(folder, sizeof folder, server->options.study, "models", NULL) == TEN_OK &&
        ten_path_join(rows, sizeof rows, server->options.study, "evaluate", NULL) == TEN_OK)
        count = look(folder, rows, found, count);
    for (size_t i = 0; i < count; i++) {
        struct ten_error error;
        struct ten_served *served = still_served(models, &found[i]);
        if (served) {
            pthread_mutex_lock(&models->lock);
            served->references++;
            pthread_mutex_unlock(&models->lock);
        } else if (was_refused(models, &found[i])) {
            continue;
        } else if (load(&served, &found[i], &error) == TEN_OK) {
            ten_server_say(server, "serving %s (%s)", served->name, served->path);
        } else {
            ten_server_say(server, "not served: %s", error.message);
            refuse(models, &found[i]);
            continue;
        }
        list[taken++] = served;
    }
    qsort(list, taken, sizeof *list, compare);
    replace(server, list, taken);
}

void ten_models_scan(struct ten_server *server) {
    struct found *found = malloc(TEN_MOST_SERVED * sizeof *found);
    if (!found) return;
    pthread_mutex_lock(&server->models.scanning);
    scan(server, found);
    pthread_mutex_unlock(&server->models.scanning);
    free(found);
}

void ten_models_init(struct ten_server *server) {
    pthread_mutex_init(&server->models.lock, NULL);
    pthread_mutex_init(&server->models.scanning, NULL);
}

void ten_models_release(struct ten_server *server) { replace(server, NULL, 0); }

/* ---- GET /api/models ------------------------------------------------------------------------------------------------
 */

static json_t *or_null(const json_t *row, const char *key) {
    json_t *value = json_object_get(row, key);
    return value ? json_incref(value) : json_null();
}

static json_t *settings_json(const struct ten_pipeline_info *info) {
    json_t *settings = json_object();
    for (size_t i = 0; i < info->model->parameter_count; i++) {
        const struct ten_parameter *parameter = &info->model->parameters[i];
        const char *value = strchr(info->settings[i], '=') + 1;
        char *end;
        double number = strtod(value, &end);
        bool text =
            *end || !*value || parameter->type == TEN_CHOICE || parameter->type == TEN_TEXT || !isfinite(number);
        json_object_set_new(settings, parameter->name,
                            text                             ? json_string(value)
                            : parameter->type == TEN_INTEGER ? json_integer((json_int_t)number)
                                                             : json_real(number));
    }
    return settings;
}

static json_t *model_json(const struct ten_served *served) {
    const struct ten_pipeline_info *info = &served->info;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "name", served->name, "model",
        info->model->name, "title", info->model->title, "summary", info->model->summary, "prep", info->prep, "settings",
        settings_json(info), "parameters", (json_int_t)info->parameters, "bytes", (json_int_t)served->bytes, "network",
        served->network, "train_count", (json_int_t)info->train_count, "accuracy", or_null(served->row, "accuracy"),
        "accuracy_low", or_null(served->row, "accuracy_low"), "accuracy_high", or_null(served->row, "accuracy_high"),
        "on", or_null(served->row, "on"), "fit_seconds", or_null(served->row, "fit_seconds"));
}

json_t *ten_models_json(struct ten_server *server) {
    struct ten_served *all[TEN_MOST_SERVED];
    size_t count = ten_served_take_all(server, all, TEN_MOST_SERVED);
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < count; i++) failed |= json_array_append_new(list, model_json(all[i]));
    json_t *document = json_pack("{s:s?, s:o, s:o}", "default", count ? all[0]->name : NULL, "models", list,
                                 "preparing", ten_prepare_json(server));
    for (size_t i = 0; i < count; i++) ten_served_give(server, all[i]);
    if (!failed) return document;
    json_decref(document);
    return NULL;
}
