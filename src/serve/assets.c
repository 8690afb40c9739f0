/* The files of web/app in the program, as src/report/assets.c has those of the report. The build writes app_files.inc:
 * a line APP(NUMBER, "name", "path") for each. */
#include "serve/server.h"

#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define APP(number, name, path)                                                                                        \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".balign 16\n"                                                                                             \
            "ten_app_" #number "_begin:\n"                                                                             \
            ".incbin \"" path "\"\n"                                                                                   \
            "ten_app_" #number "_end:\n"                                                                               \
            ".byte 0\n"                                                                                                \
            ".popsection\n");                                                                                          \
    extern const char app_##number##_begin[] __asm__("ten_app_" #number "_begin")                                      \
        __attribute__((visibility("hidden")));                                                                         \
    extern const char app_##number##_end[] __asm__("ten_app_" #number "_end") __attribute__((visibility("hidden")));
#include "app_files.inc"
#undef APP

static struct ten_app_file files[] = {
#define APP(number, file, path) {.name = file, .bytes = app_##number##_begin},
#include "app_files.inc"
#undef APP
};
static const char *const ends[] = {
#define APP(number, file, path) app_##number##_end,
#include "app_files.inc"
#undef APP
};
enum { FILES = sizeof files / sizeof *files };

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".webmanifest", "application/manifest+json"},
    };
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof types / sizeof *types; i++)
        if (strcmp(end, types[i][0]) == 0) return types[i][1];
    return "application/octet-stream";
}

/* Packs a file once for all; it stays until the program ends. */
static void pack(struct ten_app_file *file) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)file->bytes, .avail_in = (uInt)file->size};
    enum { GZIP = 16 + MAX_WBITS };
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return;
    uint8_t *packed = malloc(file->size);
    stream.next_out = packed;
    stream.avail_out = (uInt)file->size;
    if (packed && deflate(&stream, Z_FINISH) == Z_STREAM_END) { /* else it does not get smaller */
        file->packed = packed;
        file->packed_size = stream.total_out;
    } else {
        free(packed);
    }
    deflateEnd(&stream);
}

static void describe(void) {
    char hex[65];
    for (size_t i = 0; i < FILES; i++) {
        files[i].size = (size_t)(ends[i] - files[i].bytes);
        files[i].content_type = type_of(files[i].name);
        ten_sha256(files[i].bytes, files[i].size, hex);
        pack(&files[i]);
        snprintf(files[i].etag, sizeof files[i].etag, "\"%.32s\"", hex);
    }
}

const struct ten_app_file *ten_app_file_at(size_t i) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe);
    return i < FILES ? &files[i] : NULL;
}

const struct ten_app_file *ten_app_file(const char *name) {
    const struct ten_app_file *file;
    for (size_t i = 0; (file = ten_app_file_at(i)); i++)
        if (strcmp(file->name, name) == 0) return file;
    return NULL;
}
