/* A training and a test set, by name or by folder. A folder is looked through once for the files that it may hold,
 * each under any of its customary names; what is missing can then be named. */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "tenfold.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, TRAIN_CSV, TEST_CSV, FILES };
enum { IDX_FILES = TRAIN_CSV, NAMES = 4, PLACES = 4, PATH_SIZE = sizeof((struct ten_data *)NULL)->path };

/* The names a file goes by, the preferred one first. */
static const char *const FILE_NAMES[FILES][NAMES] = {
    [TRAIN_IMAGES] = {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "train-images-idx3-ubyte.gz",
                      "train-images.idx3-ubyte.gz"},
    [TRAIN_LABELS] = {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", "train-labels-idx1-ubyte.gz",
                      "train-labels.idx1-ubyte.gz"},
    [TEST_IMAGES] = {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "t10k-images-idx3-ubyte.gz",
                     "t10k-images.idx3-ubyte.gz"},
    [TEST_LABELS] = {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", "t10k-labels-idx1-ubyte.gz",
                     "t10k-labels.idx1-ubyte.gz"},
    [TRAIN_CSV] = {"train.csv", "train_data.csv", "train.csv.gz", "train_data.csv.gz"},
    [TEST_CSV] = {"test.csv", "test_data.csv", "test.csv.gz", "test_data.csv.gz"},
};

static const char *const DIGITS[TEN_CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const CLOTHES[TEN_CLASSES] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                 "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/* A dataset that is known by name. */
struct known {
    const char *name, *system; /* system: the folder where the system's packages put it, or NULL */
};
static const struct known KNOWN[] = {{"mnist", NULL}, {"fashion", "/usr/share/datasets/fashion-mnist"}};

/* ---- Folders ------------------------------------------------------------------------------------------ */

/* What a folder holds: paths[i] is "" where the file i is missing. */
struct listing {
    char paths[FILES][PATH_SIZE + 32];
    size_t idx, csv; /* how many of each are there */
};

static void list_folder(struct listing *listing, const char *folder) {
    *listing = (struct listing){0};
    for (size_t i = 0; i < FILES; i++) {
        bool found = false;
        for (size_t n = 0; n < NAMES && !found; n++)
            found =
                ten_path_join(listing->paths[i], sizeof listing->paths[i], folder, FILE_NAMES[i][n], NULL) == TEN_OK &&
                ten_file_exists(listing->paths[i]);
        if (!found)
            listing->paths[i][0] = '\0';
        else if (i < IDX_FILES)
            listing->idx++;
        else
            listing->csv++;
    }
}

/* Says which of the files from..to-1 are missing. */
static enum ten_status fail_missing(const struct listing *listing, const char *folder, size_t from, size_t to,
                                    struct ten_error *error) {
    char missing[256] = "";
    for (size_t i = from; i < to; i++) {
        size_t length = strlen(missing);
        if (!listing->paths[i][0])
            snprintf(missing + length, sizeof missing - length, "%s%s", length ? ", " : "", FILE_NAMES[i][0]);
    }
    return ten_fail(error, TEN_NOT_FOUND, "%s: incomplete, missing: %s", folder, missing);
}

static enum ten_status load_files(struct ten_data *out, const struct listing *listing, const char *folder,
                                  struct ten_error *error) {
    const char(*paths)[sizeof listing->paths[0]] = listing->paths;
    enum ten_status status;
    if (listing->idx == IDX_FILES) {
        status = ten_dataset_load_idx(&out->train, paths[TRAIN_IMAGES], paths[TRAIN_LABELS], error);
        if (status != TEN_OK) return status;
        status = ten_dataset_load_idx(&out->test, paths[TEST_IMAGES], paths[TEST_LABELS], error);
    } else if (listing->csv == FILES - IDX_FILES) {
        status = ten_dataset_load_csv(&out->train, paths[TRAIN_CSV], error);
        if (status != TEN_OK) return status;
        status = ten_dataset_load_csv(&out->test, paths[TEST_CSV], error);
    } else if (listing->idx) {
        return fail_missing(listing, folder, 0, IDX_FILES, error);
    } else if (listing->csv) {
        return fail_missing(listing, folder, IDX_FILES, FILES, error);
    } else {
        return ten_fail(error, TEN_NOT_FOUND,
                        "%s: holds neither the four IDX files (%s, %s, %s, %s; also .gz) nor %s and %s", folder,
                        FILE_NAMES[TRAIN_IMAGES][0], FILE_NAMES[TRAIN_LABELS][0], FILE_NAMES[TEST_IMAGES][0],
                        FILE_NAMES[TEST_LABELS][0], FILE_NAMES[TRAIN_CSV][0], FILE_NAMES[TEST_CSV][0]);
    }
    if (status == TEN_OK && (out->train.height != out->test.height || out->train.width != out->test.width))
        status =
            ten_fail(error, TEN_FORMAT, "%s: the training images are %zu x %zu pixels, but the test images %zu x %zu",
                     folder, out->train.height, out->train.width, out->test.height, out->test.width);
    return status;
}

/* Copies as much of `text` as fits, without cutting a UTF-8 character in two. */
static void copy_name(char *name, size_t size, const char *text, size_t length) {
    if (length >= size) {
        length = size - 1;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    }
    memcpy(name, text, length);
    name[length] = '\0';
}

/* The last part of a folder's path; of "." and "..", that of the folder they stand for. */
static void name_folder(char *name, size_t size, const char *path) {
    char real[PATH_MAX];
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t end = strlen(path);
        while (end > 1 && path[end - 1] == '/') end--;
        size_t start = end;
        while (start > 0 && path[start - 1] != '/') start--;
        if (start == end) start = 0; /* "/" */
        copy_name(name, size, path + start, end - start);
        if ((strcmp(name, ".") != 0 && strcmp(name, "..") != 0) || !realpath(path, real)) return;
        path = real;
    }
}

/* Loads what `listing` found in `folder`. `name` is NULL for that of the folder itself. */
static enum ten_status load_folder(struct ten_data *out, const struct listing *listing, const char *folder,
                                   const char *name, struct ten_error *error) {
    *out = (struct ten_data){0};
    snprintf(out->path, sizeof out->path, "%s", folder);
    if (name)
        copy_name(out->name, sizeof out->name, name, strlen(name));
    else
        name_folder(out->name, sizeof out->name, folder);
    bool clothes = strcasestr(out->name, "fashion") != NULL; /* the name, not all of the path */
    ten_clean_text(out->name);
    for (size_t i = 0; i < TEN_CLASSES; i++) out->class_names[i] = clothes ? CLOTHES[i] : DIGITS[i];
    enum ten_status status = load_files(out, listing, folder, error);
    if (status != TEN_OK) {
        ten_data_release(out);
        *out = (struct ten_data){0};
    }
    return status;
}

/* ---- Names -------------------------------------------------------------------------------------------- */

static void add_place(char places[PLACES][PATH_SIZE], size_t *count, const char *base, const char *below,
                      const char *name) {
    char *place = places[*count];
    int length = snprintf(place, PATH_SIZE, "%s%s%s%s", base, below, *name ? "/" : "", name);
    if (length > 0 && length < PATH_SIZE) (*count)++;
}

/* Where a known dataset may be, the first place first; returns how many places there are. */
static size_t list_places(char places[PLACES][PATH_SIZE], const struct known *known) {
    const char *given = getenv("TENFOLD_DATA"), *shared = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    size_t count = 0;
    if (given && *given) add_place(places, &count, given, "", known->name);
    add_place(places, &count, "data", "", known->name);
    if (shared && *shared == '/')
        add_place(places, &count, shared, "/tenfold", known->name); /* else to be ignored */
    else if (home && *home)
        add_place(places, &count, home, "/.local/share/tenfold", known->name);
    if (known->system) add_place(places, &count, known->system, "", "");
    return count;
}

static enum ten_status load_known(struct ten_data *out, const struct known *known, struct listing *listing,
                                  struct ten_error *error) {
    char places[PLACES][PATH_SIZE], all[sizeof error->message] = "";
    size_t count = list_places(places, known);
    for (size_t i = 0; i < count; i++) {
        list_folder(listing, places[i]);
        if (listing->idx || listing->csv) return load_folder(out, listing, places[i], known->name, error);
        size_t length = strlen(all);
        snprintf(all + length, sizeof all - length, "%s%s", i ? ", " : "", places[i]);
    }
    if (known < KNOWN || known >= KNOWN + sizeof KNOWN / sizeof *KNOWN)
        return ten_fail(
            error, TEN_NOT_FOUND,
            "%s: no such folder, nor data of that name; expected a folder, \"mnist\" or \"fashion\" (looked "
            "in %s)",
            known->name, all);
    /* the command first: a long list of places may be cut */
    return ten_fail(error, TEN_NOT_FOUND, "%s: no such data here yet; run `tenfold fetch %s` (looked in %s)",
                    known->name, known->name, all);
}

enum ten_status ten_data_load(struct ten_data *out, const char *where, struct ten_error *error) {
    *out = (struct ten_data){0};
    if (strlen(where) >= PATH_SIZE)
        return ten_fail(error, TEN_INVALID, "%.60s...: path too long, expected at most %d bytes", where, PATH_SIZE - 1);
    struct listing *listing = malloc(sizeof *listing);
    if (!listing) return ten_fail_memory(error, "paths");
    const struct known *known = NULL;
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (strcmp(where, KNOWN[i].name) == 0) known = &KNOWN[i];
    enum ten_status status;
    struct stat info;
    if (known) {
        status = load_known(out, known, listing, error);
    } else if (stat(where, &info) != 0) {
        struct known own = {where, NULL}; /* a name that `tenfold fetch NAME --from DIR` was given */
        if (*where && *where != '.' && !strchr(where, '/'))
            status = load_known(out, &own, listing, error);
        else
            status = ten_fail(error, TEN_NOT_FOUND, "%s: no such folder; expected a folder, \"mnist\" or \"fashion\"",
                              *where ? where : "\"\"");
    } else if (!S_ISDIR(info.st_mode)) {
        status = ten_fail(error, TEN_INVALID, "%s: is a file, expected a folder, \"mnist\" or \"fashion\"", where);
    } else {
        list_folder(listing, where);
        status = load_folder(out, listing, where, NULL, error);
    }
    free(listing);
    return status;
}

void ten_data_release(struct ten_data *data) {
    if (!data) return;
    ten_dataset_release(&data->train);
    ten_dataset_release(&data->test);
}
