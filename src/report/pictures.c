/* The figures as pictures for papers and slides. What draws them is what draws the page: Vega in a browser, here one
 * without a window, which is given a page of all figures and prints what became of it. */
#include "report/report.h"

#include "base/error.h"
#include "base/file.h"
#include "report/assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FIGURE_LIMIT = 1 << 26, OUTPUT_LIMIT = 1 << 30 };

struct pictures {
    const char *folder; /* the study's */
    char figures[4096]; /* its folder of figures */
    char work[512];     /* a folder for the browser's page and profile; "": not made */
    bool png, svg;
    size_t count;
    struct ten_error *error;
};

/* ---- The page ----------------------------------------------------------------------------------------- */

static const char ending[] = ".vl.json";

static int is_figure(const struct dirent *entry) {
    size_t length = strlen(entry->d_name), end = sizeof ending - 1;
    /* such names go into the page and come back as names of files */
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_.,=";
    return length > end && *entry->d_name != '.' && strcmp(entry->d_name + length - end, ending) == 0 &&
           strspn(entry->d_name, letters) == length;
}

static enum ten_status write_asset(struct ten_writer *page, struct ten_asset asset, struct ten_error *error) {
    enum ten_status status = ten_writer_printf(page, error, "<script>");
    if (status == TEN_OK) status = ten_writer_write(page, asset.bytes, asset.size, error);
    return status == TEN_OK ? ten_writer_printf(page, error, "</script>\n") : status;
}

/* Writes a figure as a member of a JavaScript object. */
static enum ten_status write_figure(struct pictures *pictures, struct ten_writer *page, const char *file) {
    char path[4096];
    uint8_t *text = NULL;
    size_t size = 0;
    enum ten_status status = ten_path_join(path, sizeof path, pictures->figures, file, pictures->error);
    if (status == TEN_OK) status = ten_file_read(path, FIGURE_LIMIT, &text, &size, pictures->error);
    if (status == TEN_OK)
        status = ten_writer_printf(page, pictures->error, "\"%.*s\": ", (int)(strlen(file) - sizeof ending + 1), file);
    for (size_t begin = 0; status == TEN_OK && begin < size;) { /* no text may end the script */
        uint8_t *bracket = memchr(text + begin, '<', size - begin);
        size_t end = bracket ? (size_t)(bracket - text) : size;
        status = ten_writer_write(page, text + begin, end - begin, pictures->error);
        if (status == TEN_OK && bracket) status = ten_writer_printf(page, pictures->error, "\\u003c");
        begin = end + (bracket != NULL);
    }
    free(text);
    return status == TEN_OK ? ten_writer_printf(page, pictures->error, ",\n") : status;
}

static enum ten_status write_page(struct pictures *pictures, const char *path, struct dirent **files, int count) {
    struct ten_error *error = pictures->error;
    struct ten_writer page = {0};
    enum ten_status status = ten_writer_open(&page, path, error);
    if (status == TEN_OK)
        status = ten_writer_printf(&page, error, "<!doctype html><html><head><meta charset=\"utf-8\"></head><body>\n");
    const struct ten_asset assets[] = {ten_asset_vega(), ten_asset_vega_lite(), ten_asset_names(),
                                       ten_asset_pictures()};
    for (size_t i = 0; i < sizeof assets / sizeof *assets && status == TEN_OK; i++)
        status = write_asset(&page, assets[i], error);
    if (status == TEN_OK) status = ten_writer_printf(&page, error, "<script>drawPictures({\n");
    for (int i = 0; i < count && status == TEN_OK; i++) status = write_figure(pictures, &page, files[i]->d_name);
    if (status == TEN_OK)
        status = ten_writer_printf(&page, error, "}, {png: %s, svg: %s});</script></body></html>\n",
                                   pictures->png ? "true" : "false", pictures->svg ? "true" : "false");
    if (status == TEN_OK) status = ten_writer_commit(&page, error);
    ten_writer_abandon(&page);
    return status;
}

/* ---- The browser -------------------------------------------------------------------------------------- */

/* Starts `browser` on the page; its document goes to `out`. 0, or an errno. */
static int start(const struct pictures *pictures, const char *browser, const char *page, const char *out,
                 pid_t *child) {
    char profile[600], address[700];
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", pictures->work);
    snprintf(address, sizeof address, "file://%s", page);
    const char *words[16] = {browser,
                             "--headless",
                             "--disable-gpu",
                             "--no-first-run",
                             "--disable-background-networking",
                             "--disable-component-update",
                             "--disable-sync",
                             "--disable-extensions",
                             profile,
                             "--virtual-time-budget=600000", /* of a clock that stands while there is work */
                             "--dump-dom"};
    size_t count = 11;
    if (geteuid() == 0) words[count++] = "--no-sandbox"; /* Chromium's sandbox does not work for the superuser */
    words[count] = address;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int why = posix_spawnp(child, browser, &actions, &attributes, (char *const *)words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

static enum ten_status browse(const struct pictures *pictures, const char *page, const char *out) {
    const char *named = getenv("CHROMIUM");
    const char *const browsers[] = {named && *named ? named : "chromium", "chromium-browser", "google-chrome"};
    size_t count = named && *named ? 1 : sizeof browsers / sizeof *browsers;
    pid_t child = -1;
    int why = ENOENT, state = 0;
    size_t which = 0;
    for (; which < count; which++)
        if ((why = start(pictures, browsers[which], page, out, &child)) == 0) break;
    if (why != 0 && named && *named)
        return ten_fail(pictures->error, TEN_NOT_FOUND, "$CHROMIUM names %s: %s", named, strerror(why));
    if (why != 0)
        return ten_fail(pictures->error, TEN_NOT_FOUND,
                        "--png and --svg need Chromium, which draws the pictures: install it (Debian, Ubuntu: "
                        "apt-get install chromium) or name such a browser in $CHROMIUM");
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR) return ten_fail(pictures->error, TEN_IO, "%s: %s", browsers[which], strerror(errno));
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return TEN_OK;
    return ten_fail(pictures->error, TEN_IO, "%s could not draw the pictures (%s %d)", browsers[which],
                    WIFEXITED(state) ? "exit status" : "signal",
                    WIFEXITED(state) ? WEXITSTATUS(state) : WTERMSIG(state));
}

/* ---- The pictures ------------------------------------------------------------------------------------- */

/* Decodes base64 in place; gives the number of bytes. What is no letter of it ends it. */
static size_t decode(char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    size_t held = 0, size = 0;
    for (const char *at = text; *at; at++) {
        const char *letter = strchr(letters, *at);
        if (!letter) break;
        bits = (bits << 6 | (uint32_t)(letter - letters)) & 0xffffff;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        text[size++] = (char)(bits >> held & 0xff);
    }
    return size;
}

/* Writes the picture of a line "kind name base64". */
static enum ten_status save(struct pictures *pictures, char *line) {
    char *name = strchr(line, ' '), *data = name ? strchr(name + 1, ' ') : NULL, path[4096], file[300];
    if (!data) return ten_fail(pictures->error, TEN_IO, "the browser gave a line that is no picture: %.40s", line);
    *name++ = 0;
    *data++ = 0;
    size_t size = decode(data);
    if (strcmp(line, "error") == 0)
        return ten_fail(pictures->error, TEN_FORMAT, "%s/%s%s: could not be drawn: %.*s", pictures->figures, name,
                        ending, (int)(size < 200 ? size : 200), data);
    snprintf(file, sizeof file, "%s.%s", name, line);
    enum ten_status status = ten_path_join(path, sizeof path, pictures->figures, file, pictures->error);
    if (status == TEN_OK) status = ten_file_write(path, data, size, pictures->error);
    if (status == TEN_OK) pictures->count++;
    return status;
}

/* Takes the pictures off the document that the browser printed. */
static enum ten_status save_all(struct pictures *pictures, const char *out, size_t expected) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum ten_status status = ten_file_read(out, OUTPUT_LIMIT, &bytes, &size, pictures->error);
    if (status != TEN_OK) return status;
    char *text = (char *)bytes, *line = strstr(text, "<pre>"), *end = strstr(text, "\ndone\n");
    if (!line || !end || end < line) {
        free(bytes);
        return ten_fail(pictures->error, TEN_IO, "the browser did not finish drawing the pictures");
    }
    *end = 0;
    char *rest = NULL;
    for (line = strtok_r(line + 5, "\n", &rest); line && status == TEN_OK; line = strtok_r(NULL, "\n", &rest))
        status = save(pictures, line);
    free(bytes);
    if (status == TEN_OK && pictures->count != expected)
        status = ten_fail(pictures->error, TEN_IO, "the browser drew %zu of %zu pictures", pictures->count, expected);
    return status;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place) {
    (void)about, (void)kind, (void)place;
    return remove(path);
}

static enum ten_status draw(struct pictures *pictures, struct dirent **files, int count) {
    const char *temporary = getenv("TMPDIR");
    char page[600], out[600];
    snprintf(pictures->work, sizeof pictures->work, "%.400s/tenfold-XXXXXX",
             temporary && *temporary == '/' ? temporary : "/tmp");
    if (!mkdtemp(pictures->work)) {
        enum ten_status status = ten_fail(pictures->error, TEN_IO, "%s: %s", pictures->work, strerror(errno));
        pictures->work[0] = 0;
        return status;
    }
    snprintf(page, sizeof page, "%s/figures.html", pictures->work);
    snprintf(out, sizeof out, "%s/drawn.html", pictures->work);
    enum ten_status status = write_page(pictures, page, files, count);
    if (status == TEN_OK) status = browse(pictures, page, out);
    if (status == TEN_OK)
        status = save_all(pictures, out, (size_t)count * ((size_t)pictures->png + (size_t)pictures->svg));
    return status;
}

enum ten_status ten_report_pictures(const char *folder, bool png, bool svg, size_t *count, struct ten_error *error) {
    struct pictures pictures = {.folder = folder, .png = png, .svg = svg, .error = error};
    enum ten_status status = ten_path_join(pictures.figures, sizeof pictures.figures, folder, "figures", error);
    if (status != TEN_OK) return status;
    struct dirent **files = NULL;
    int file_count = scandir(pictures.figures, &files, is_figure, alphasort);
    if (file_count < 0) {
        status = ten_fail(error, errno == ENOENT ? TEN_NOT_FOUND : TEN_IO, "%s: %s", pictures.figures, strerror(errno));
    } else {
        status = draw(&pictures, files, file_count);
    }
    if (pictures.work[0]) nftw(pictures.work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    for (int i = 0; i < file_count; i++) free(files[i]);
    free(files);
    *count = pictures.count;
    return status;
}
