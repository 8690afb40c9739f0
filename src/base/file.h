/* Whole files in, whole files out. A file that is written appears under its name only when it is complete and on
 * disk; reading takes plain and gzipped files alike. */
#ifndef TEN_BASE_FILE_H
#define TEN_BASE_FILE_H

#include "tenfold.h"

#include <stdio.h>

/* Reads a whole file, unpacking gzip (told by content). *bytes belongs to the caller (free) and is followed by one
 * zero byte that *size does not count. Files over `limit` bytes unpacked fail with TEN_FORMAT. A missing file is
 * TEN_NOT_FOUND; a gzip stream that is cut or corrupt, TEN_FORMAT; anything else, TEN_IO. */
enum ten_status ten_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size, struct ten_error *error);

/* A file being written. All zero: not open. */
struct ten_writer {
    char *path, *target; /* as it was given; where that leads through links */
    char *temporary;     /* NULL: no regular file, written directly */
    FILE *file;
    void *gzip; /* gzFile, if the path ends in ".gz" */
};

/* Opens `path` for writing beside its final name. Missing folders are not made (see ten_make_folder). */
enum ten_status ten_writer_open(struct ten_writer *writer, const char *path, struct ten_error *error);
enum ten_status ten_writer_write(struct ten_writer *writer, const void *bytes, size_t size, struct ten_error *error);
enum ten_status ten_writer_printf(struct ten_writer *writer, struct ten_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Flushes, syncs and gives the file its name; on failure the old file, if any, is untouched. Closes in any case. */
enum ten_status ten_writer_commit(struct ten_writer *writer, struct ten_error *error);
/* Closes and removes what was written. Does nothing on a closed writer, so that it can stand on every exit path. */
void ten_writer_abandon(struct ten_writer *writer);

/* Open, write, commit in one. */
enum ten_status ten_file_write(const char *path, const void *bytes, size_t size, struct ten_error *error);

/* Makes a folder and those above it; one that exists is fine. */
enum ten_status ten_make_folder(const char *path, struct ten_error *error);

bool ten_file_exists(const char *path);

/* The path "folder/name" in `out`; TEN_INVALID if it does not fit. */
enum ten_status ten_path_join(char *out, size_t size, const char *folder, const char *name, struct ten_error *error);

#endif
