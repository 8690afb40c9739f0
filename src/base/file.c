/* Reading through zlib, which passes plain files on as they are; writing to a temporary name in the same folder, then
 * fsync and rename. Devices and pipes are written directly: renaming would replace them. */
#include "base/file.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 1 << 20 };

enum ten_status ten_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size, struct ten_error *error) {
    *bytes = NULL;
    *size = 0;
    struct stat info;
    if (stat(path, &info) != 0)
        return ten_fail(error, errno == ENOENT || errno == ENOTDIR ? TEN_NOT_FOUND : TEN_IO, "%s: %s", path,
                        strerror(errno));
    if (S_ISDIR(info.st_mode)) return ten_fail(error, TEN_IO, "%s: is a folder, expected a file", path);
    gzFile file = gzopen(path, "rb");
    if (!file) return ten_fail(error, TEN_IO, "%s: %s", path, errno ? strerror(errno) : "cannot be opened");
    gzbuffer(file, info.st_size > 0 && info.st_size < CHUNK / 4 ? (unsigned)info.st_size + 1 : CHUNK / 4);

    size_t length = 0, capacity = 0;
    uint8_t *block = NULL;
    enum ten_status status = TEN_OK;
    size_t first = info.st_size > 0 && (size_t)info.st_size < limit ? (size_t)info.st_size + 2 : CHUNK;
    for (;;) {
        if (length + 1 >= capacity) {
            capacity = capacity ? capacity + capacity / 2 + CHUNK : first;
            uint8_t *larger = ten_realloc(block, capacity, 1);
            if (!larger) {
                status = ten_fail(error, TEN_NO_MEMORY, "%s: out of memory after %zu bytes", path, length);
                break;
            }
            block = larger;
        }
        size_t room = capacity - length - 1;
        int got = gzread(file, block + length, room > CHUNK ? CHUNK : (unsigned)room);
        int code;
        if (got < 0) {
            const char *words = gzerror(file, &code), *own = strrchr(words, ':'); /* zlib says "PATH: words" */
            if (own) words = own + 1 + (own[1] == ' ');
            status = code == Z_ERRNO ? ten_fail(error, TEN_IO, "%s: %s", path, strerror(errno))
                                     : ten_fail(error, TEN_FORMAT, "%s: corrupt gzip data (%s)", path, words);
            break;
        }
        length += (size_t)got;
        if (length > limit) {
            status = ten_fail(error, TEN_FORMAT, "%s: larger than the %zu bytes expected at most", path, limit);
            break;
        }
        if (got == 0) {
            gzerror(file, &code);
            if (code == Z_BUF_ERROR)
                status = ten_fail(error, TEN_FORMAT, "%s: the gzip data ends too early, after %zu bytes unpacked", path,
                                  length);
            break;
        }
    }
    gzclose(file);
    if (status != TEN_OK) {
        free(block);
        return status;
    }
    block[length] = 0;
    *bytes = block;
    *size = length;
    return TEN_OK;
}

static bool ends_in_gz(const char *path) {
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".gz") == 0;
}

static void writer_clear(struct ten_writer *writer) {
    free(writer->path);
    free(writer->target);
    free(writer->temporary);
    *writer = (struct ten_writer){0};
}

/* Opens a new file beside `path`, under a name that nobody else has. */
static FILE *open_temporary(struct ten_writer *writer, mode_t mode) {
    static atomic_uint counter;
    size_t size = strlen(writer->target) + 48;
    writer->temporary = malloc(size);
    if (!writer->temporary) return NULL;
    int file = -1;
    for (int attempt = 0; attempt < 100 && file < 0; attempt++) {
        snprintf(writer->temporary, size, "%s.partial-%ld-%u", writer->target, (long)getpid(),
                 atomic_fetch_add(&counter, 1));
        file = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) break;
    }
    if (file < 0) {
        free(writer->temporary);
        writer->temporary = NULL;
        return NULL;
    }
    if (mode) fchmod(file, mode); /* the new file is as open as the one it replaces */
    return fdopen(file, "wb");
}

enum ten_status ten_writer_open(struct ten_writer *writer, const char *path, struct ten_error *error) {
    /* through links, so that the file they lead to is replaced and not the link */
    char *real = realpath(path, NULL);
    *writer = (struct ten_writer){.path = strdup(path), .target = real ? real : strdup(path)};
    if (!writer->path || !writer->target) {
        writer_clear(writer);
        return ten_fail_memory(error, "a file name");
    }
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        writer_clear(writer);
        return ten_fail(error, TEN_IO, "%s: is a folder, expected a file to write", path);
    }
    /* devices and pipes, and regular files behind /proc/self/fd, are written as they are */
    bool replace = !there || (S_ISREG(info.st_mode) && real && strncmp(path, "/proc/", 6) && strncmp(path, "/dev/", 5));
    errno = 0;
    writer->file = replace ? open_temporary(writer, there ? info.st_mode & 07777 : 0) : fopen(path, "wb");
    if (!writer->file) {
        int why = errno;
        if (writer->temporary) unlink(writer->temporary);
        writer_clear(writer);
        return ten_fail(error, TEN_IO, "%s: cannot be written: %s", path, strerror(why));
    }
    if (ends_in_gz(path)) {
        int copy = dup(fileno(writer->file));
        writer->gzip = copy < 0 ? NULL : gzdopen(copy, "wb6");
        if (!writer->gzip) {
            if (copy >= 0) close(copy);
            ten_writer_abandon(writer);
            return ten_fail(error, TEN_IO, "%s: cannot be written through gzip", path);
        }
    }
    return TEN_OK;
}

static enum ten_status write_failed(const struct ten_writer *writer, struct ten_error *error) {
    return ten_fail(error, TEN_IO, "%s: writing failed: %s", writer->path, errno ? strerror(errno) : "unknown error");
}

enum ten_status ten_writer_write(struct ten_writer *writer, const void *bytes, size_t size, struct ten_error *error) {
    errno = 0;
    if (!writer->gzip) return fwrite(bytes, 1, size, writer->file) == size ? TEN_OK : write_failed(writer, error);
    const uint8_t *at = bytes;
    while (size) {
        unsigned part = size > (1u << 30) ? 1u << 30 : (unsigned)size;
        if (gzwrite(writer->gzip, at, part) != (int)part) return write_failed(writer, error);
        at += part;
        size -= part;
    }
    return TEN_OK;
}

enum ten_status ten_writer_printf(struct ten_writer *writer, struct ten_error *error, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char small[512];
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    enum ten_status status = TEN_OK;
    if (length < 0) status = ten_fail(error, TEN_INVALID, "%s: a text cannot be formatted", writer->path);
    if (length >= 0 && (size_t)length < sizeof small) {
        status = ten_writer_write(writer, small, (size_t)length, error);
    } else if (length >= 0) {
        char *large = malloc((size_t)length + 1);
        if (large) {
            vsnprintf(large, (size_t)length + 1, format, again);
            status = ten_writer_write(writer, large, (size_t)length, error);
            free(large);
        } else {
            status = ten_fail_memory(error, "a line of text");
        }
    }
    va_end(again);
    return status;
}

enum ten_status ten_writer_commit(struct ten_writer *writer, struct ten_error *error) {
    errno = 0;
    bool good = true;
    if (writer->gzip) {
        good = gzclose(writer->gzip) == Z_OK;
        writer->gzip = NULL;
    }
    good = good && fflush(writer->file) == 0 && (!writer->temporary || fsync(fileno(writer->file)) == 0);
    int why = errno;
    good = fclose(writer->file) == 0 && good;
    writer->file = NULL;
    if (good && writer->temporary) {
        good = rename(writer->temporary, writer->target) == 0;
        if (good) {
            free(writer->temporary); /* nothing is left to remove */
            writer->temporary = NULL;
        }
    }
    enum ten_status status = TEN_OK;
    if (!good) {
        if (why) errno = why;
        status = write_failed(writer, error);
    }
    ten_writer_abandon(writer);
    return status;
}

void ten_writer_abandon(struct ten_writer *writer) {
    if (!writer->path) return;
    if (writer->gzip) gzclose(writer->gzip);
    if (writer->file) fclose(writer->file);
    if (writer->temporary) unlink(writer->temporary);
    writer_clear(writer);
}

enum ten_status ten_file_write(const char *path, const void *bytes, size_t size, struct ten_error *error) {
    struct ten_writer writer;
    enum ten_status status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = ten_writer_write(&writer, bytes, size, error);
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    return status;
}

enum ten_status ten_make_folder(const char *path, struct ten_error *error) {
    char *copy = strdup(path);
    if (!copy) return ten_fail_memory(error, "a path");
    for (char *slash = copy + 1; *copy; slash++) {
        if (*slash != '/' && *slash != '\0') continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            int why = errno;
            free(copy);
            return ten_fail(error, TEN_IO, "%s: cannot make this folder: %s", path, strerror(why));
        }
        *slash = kept;
        if (kept == '\0') break;
    }
    free(copy);
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return ten_fail(error, TEN_IO, "%s: exists and is no folder", path);
    return TEN_OK;
}

bool ten_file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

enum ten_status ten_path_join(char *out, size_t size, const char *folder, const char *name, struct ten_error *error) {
    size_t length = strlen(folder);
    const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";
    int written = snprintf(out, size, "%s%s%s", folder, slash, name);
    if (written < 0 || (size_t)written >= size)
        return ten_fail(error, TEN_INVALID, "%s/%s: path too long", folder, name);
    return TEN_OK;
}
