/* Whole files in and out: a file that is written appears complete or not at all, gzip is unpacked whatever the name
 * says and its damage is noticed, and every failure says which file and why. */
#include "test.h"

#include "base/file.h"
#include "base/random.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* How many files there are in a folder. */
static size_t files_in(const char *folder) {
    DIR *open = opendir(folder);
    assert_non_null(open);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(open));) count += entry->d_name[0] != '.';
    closedir(open);
    return count;
}

static void assert_holds(const char *path, const void *bytes, size_t size) {
    size_t found;
    uint8_t *content = test_read(path, &found);
    assert_int_equal(found, size);
    assert_memory_equal(content, bytes, size);
    free(content);
}

/* Bytes that gzip can pack by about half. */
static uint8_t *some_bytes(size_t size) {
    uint8_t *bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    struct ten_random random;
    ten_random_init(&random, 1, size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(ten_random_bits(&random) & 15);
    return bytes;
}

/* One gzip member in memory. */
static size_t pack(const void *bytes, size_t size, uint8_t *out, size_t room) {
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

/* ---- Writing ---- */

static void test_write_and_read(void **state) {
    (void)state;
    const char *folder = test_folder();
    const size_t sizes[] = {0, 1, 511, 512, 4096, 100000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3000001};
    const char *const names[] = {"plain", "packed.gz", ".gz"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            if (n && sizes[s] > 2000000) continue; /* packing is slow */
            const char *path = test_path(folder, names[n]);
            uint8_t *bytes = some_bytes(sizes[s]), *got;
            size_t size;
            struct ten_error error;
            assert_ok(ten_file_write(path, bytes, sizes[s], &error));
            assert_ok(ten_file_read(path, SIZE_MAX, &got, &size, &error));
            assert_int_equal(size, sizes[s]);
            assert_memory_equal(got, bytes, size);
            assert_int_equal(got[size], 0);
            size_t stored;
            uint8_t *raw = test_read(path, &stored);
            bool packed = stored >= 2 && raw[0] == 0x1f && raw[1] == 0x8b;
            assert_int_equal(packed, n > 0);
            free(raw);
            free(got);
            free(bytes);
        }
    assert_int_equal(files_in(folder), 2); /* and ".gz", which files_in does not see; nothing else is left behind */
}

static void test_old_file_until_commit(void **state) {
    (void)state;
    const char *const names[] = {"file", "file.gz"};
    for (size_t n = 0; n < 2; n++) {
        const char *folder = test_folder(), *path = test_path(folder, names[n]);
        struct ten_error error;
        struct ten_writer writer;
        test_write(path, "old", 3);
        assert_ok(ten_writer_open(&writer, path, &error));
        assert_ok(ten_writer_write(&writer, "new text", 8, &error));
        assert_holds(path, "old", 3);
        ten_writer_abandon(&writer);
        assert_holds(path, "old", 3);
        assert_int_equal(files_in(folder), 1);
        ten_writer_abandon(&writer); /* may stand on every way out */

        assert_ok(ten_writer_open(&writer, path, &error));
        assert_ok(ten_writer_printf(&writer, &error, "%s %d", "new", 7));
        assert_holds(path, "old", 3);
        assert_ok(ten_writer_commit(&writer, &error));
        ten_writer_abandon(&writer);
        assert_int_equal(files_in(folder), 1);
        uint8_t *bytes;
        size_t size;
        assert_ok(ten_file_read(path, 100, &bytes, &size, &error));
        assert_string_equal((char *)bytes, "new 7");
        free(bytes);
    }
    struct ten_writer closed = {0};
    ten_writer_abandon(&closed);
}

static void test_abandoned_new_file(void **state) {
    (void)state;
    const char *folder = test_folder();
    struct ten_error error;
    struct ten_writer writer;
    assert_ok(ten_writer_open(&writer, test_path(folder, "file.gz"), &error));
    assert_ok(ten_writer_write(&writer, "abc", 3, &error));
    ten_writer_abandon(&writer);
    assert_int_equal(files_in(folder), 0);
}

static void test_printf(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "text");
    static char expected[5000];
    size_t length = 0;
    struct ten_error error;
    struct ten_writer writer;
    assert_ok(ten_writer_open(&writer, path, &error));
    const int widths[] = {0, 1, 510, 511, 512, 513, 2000}; /* around the size of its own buffer */
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        assert_ok(ten_writer_printf(&writer, &error, "%*s", widths[i], ""));
        memset(expected + length, ' ', (size_t)widths[i]);
        length += (size_t)widths[i];
    }
    assert_ok(ten_writer_commit(&writer, &error));
    assert_holds(path, expected, length);
}

/* A device that takes nothing: the failure is told at the latest on commit, and the device stays what it is. */
static void test_full_device(void **state) {
    (void)state;
    struct stat before, after;
    if (stat("/dev/full", &before) != 0 || access("/dev/full", W_OK) != 0) {
        print_message("# nothing tested: there is no /dev/full to write to\n");
        return;
    }
    struct ten_error error;
    uint8_t *bytes = some_bytes(1 << 20);
    const size_t sizes[] = {1, 5000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_fails(ten_file_write("/dev/full", bytes, sizes[i], &error), TEN_IO,
                     "/dev/full: writing failed: No space");
    free(bytes);
    assert_int_equal(stat("/dev/full", &after), 0);
    assert_true(S_ISCHR(after.st_mode) && after.st_rdev == before.st_rdev && after.st_ino == before.st_ino);
}

/* Through a link named .gz, so that the packed way fails as well; the link stays, too. */
static void test_full_device_packed(void **state) {
    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        print_message("# nothing tested: there is no /dev/full to write to\n");
        return;
    }
    const char *folder = test_folder(), *path = test_path(folder, "full.gz");
    assert_int_equal(symlink("/dev/full", path), 0);
    struct ten_error error;
    uint8_t *bytes = some_bytes(1 << 20);
    assert_fails(ten_file_write(path, bytes, 10, &error), TEN_IO, "full.gz: writing failed: No space");
    assert_fails(ten_file_write(path, bytes, 1 << 20, &error), TEN_IO, "full.gz: writing failed: No space");
    free(bytes);
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(files_in(folder), 1);
}

static void test_bad_targets(void **state) {
    (void)state;
    const char *folder = test_folder();
    struct ten_error error;
    struct ten_writer writer;
    assert_fails(ten_writer_open(&writer, folder, &error), TEN_IO, "is a folder");
    assert_null(writer.path);
    assert_fails(ten_file_write(folder, "x", 1, &error), TEN_IO, folder);
    const char *lost = test_path(folder, "no/such/folder");
    assert_fails(ten_file_write(lost, "x", 1, &error), TEN_IO, lost);
    test_write(test_path(folder, "file"), "x", 1);
    assert_fails(ten_file_write(test_path(folder, "file/below"), "x", 1, &error), TEN_IO, "file/below");
    assert_fails(ten_file_write("", "x", 1, &error), TEN_IO, "");
    assert_int_equal(ten_file_write(folder, "x", 1, NULL), TEN_IO);
    assert_int_equal(files_in(folder), 1);
}

/* The name is taken by a folder between open and commit: the new file cannot get it, and what was written goes. */
static void test_commit_fails(void **state) {
    (void)state;
    const char *folder = test_folder(), *path = test_path(folder, "name");
    struct ten_error error;
    struct ten_writer writer;
    assert_ok(ten_writer_open(&writer, path, &error));
    assert_ok(ten_writer_write(&writer, "abc", 3, &error));
    assert_int_equal(mkdir(path, 0777), 0);
    assert_fails(ten_writer_commit(&writer, &error), TEN_IO, path);
    assert_null(writer.path);
    assert_int_equal(files_in(folder), 1);
}

/* ---- Reading ---- */

static void test_missing(void **state) {
    (void)state;
    const char *folder = test_folder(), *path = test_path(folder, "missing");
    uint8_t *bytes = (uint8_t *)folder;
    size_t size = 5;
    struct ten_error error;
    assert_fails(ten_file_read(path, 100, &bytes, &size, &error), TEN_NOT_FOUND, path);
    assert_null(bytes);
    assert_int_equal(size, 0);
    assert_fails(ten_file_read("", 100, &bytes, &size, &error), TEN_NOT_FOUND, "");
    assert_fails(ten_file_read(folder, 100, &bytes, &size, &error), TEN_IO, "is a folder");
    test_write(path, "x", 1);
    assert_fails(ten_file_read(test_path(path, "below"), 100, &bytes, &size, &error), TEN_NOT_FOUND, "missing/below");
    assert_int_equal(ten_file_read(folder, 100, &bytes, &size, NULL), TEN_IO);
}

static void test_limit(void **state) {
    (void)state;
    enum { SIZE = 3000 };
    const char *folder = test_folder();
    uint8_t *bytes = some_bytes(SIZE), *got;
    size_t size;
    struct ten_error error;
    const char *const names[] = {"plain", "packed.gz"};
    for (size_t n = 0; n < 2; n++) {
        const char *path = test_path(folder, names[n]);
        assert_ok(ten_file_write(path, bytes, SIZE, &error));
        assert_ok(ten_file_read(path, SIZE, &got, &size, &error));
        assert_int_equal(size, SIZE);
        free(got);
        const size_t limits[] = {SIZE - 1, SIZE / 2, 1, 0};
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            assert_fails(ten_file_read(path, limits[i], &got, &size, &error), TEN_FORMAT, names[n]);
            assert_null(got);
        }
    }
    free(bytes);
}

/* A file of zeros of which gzip leaves next to nothing must not be unpacked beyond the limit. */
static void test_bomb(void **state) {
    (void)state;
    size_t size = 30 << 20, room = 1 << 20, got_size;
    uint8_t *zeros = calloc(size, 1), *packed = malloc(room), *got;
    assert_non_null(zeros);
    assert_non_null(packed);
    const char *path = test_path(test_folder(), "bomb");
    test_write(path, packed, pack(zeros, size, packed, room));
    struct ten_error error;
    assert_fails(ten_file_read(path, 1000, &got, &got_size, &error), TEN_FORMAT, "larger than the 1000 bytes");
    free(zeros);
    free(packed);
}

static void test_concatenated(void **state) {
    (void)state;
    uint8_t packed[512];
    size_t size = pack("one,", 4, packed, sizeof packed);
    size += pack("", 0, packed + size, sizeof packed - size);
    size += pack("two", 3, packed + size, sizeof packed - size);
    const char *path = test_path(test_folder(), "two members, no .gz");
    test_write(path, packed, size);
    uint8_t *bytes;
    struct ten_error error;
    assert_ok(ten_file_read(path, 100, &bytes, &size, &error));
    assert_int_equal(size, 7);
    assert_string_equal((char *)bytes, "one,two");
    free(bytes);
}

/* Cut anywhere, a gzip file is an error. One byte of it, or none, is no gzip yet: a plain file. */
static void test_truncated(void **state) {
    (void)state;
    enum { SIZE = 400 };
    uint8_t *bytes = some_bytes(SIZE), packed[1024], *got;
    size_t stored = pack(bytes, SIZE, packed, sizeof packed), size;
    const char *path = test_path(test_folder(), "cut.gz");
    struct ten_error error;
    for (size_t cut = 2; cut < stored; cut++) {
        test_write(path, packed, cut);
        assert_fails(ten_file_read(path, 10000, &got, &size, &error), TEN_FORMAT, "cut.gz: ");
        assert_null(got);
        assert_int_equal(size, 0);
    }
    for (size_t cut = 0; cut < 2; cut++) {
        test_write(path, packed, cut);
        assert_ok(ten_file_read(path, 10000, &got, &size, &error));
        assert_int_equal(size, cut);
        free(got);
    }
    free(bytes);
}

/* A changed byte is noticed by the checksum, or it stood in a part of the header that says nothing about the data. */
static void test_corrupt(void **state) {
    (void)state;
    enum { SIZE = 400, HEADER = 10 };
    uint8_t *bytes = some_bytes(SIZE), packed[1024], *got;
    size_t stored = pack(bytes, SIZE, packed, sizeof packed), size;
    const char *path = test_path(test_folder(), "corrupt.gz");
    struct ten_error error;
    for (size_t i = 2; i < stored; i++) {
        packed[i] ^= 0xff;
        test_write(path, packed, stored);
        packed[i] ^= 0xff;
        if (i >= HEADER || i < 4) {
            assert_fails(ten_file_read(path, 10000, &got, &size, &error), TEN_FORMAT, "corrupt.gz: ");
            assert_null(got);
        } else {
            assert_ok(ten_file_read(path, 10000, &got, &size, &error));
            assert_memory_equal(got, bytes, SIZE);
            free(got);
        }
    }
    free(bytes);
}

/* ---- Folders and paths ---- */

static void test_make_folder(void **state) {
    (void)state;
    const char *folder = test_folder();
    struct ten_error error;
    struct stat info;
    assert_ok(ten_make_folder(test_path(folder, "a/b//c"), &error));
    assert_int_equal(stat(test_path(folder, "a/b/c"), &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_ok(ten_make_folder(test_path(folder, "a/b/c"), &error));
    assert_ok(ten_make_folder(test_path(folder, "a/d/"), &error));
    assert_true(ten_file_exists(test_path(folder, "a/d")));
    assert_ok(ten_make_folder("/", &error));
    assert_ok(ten_make_folder(".", &error));
    const char *file = test_path(folder, "file");
    test_write(file, "x", 1);
    assert_fails(ten_make_folder(file, &error), TEN_IO, file);
    assert_fails(ten_make_folder(test_path(file, "below"), &error), TEN_IO, "below");
    assert_int_equal(ten_make_folder("", &error), TEN_IO);
    assert_holds(file, "x", 1);
    assert_int_equal(ten_make_folder(file, NULL), TEN_IO);
}

static void test_exists(void **state) {
    (void)state;
    const char *folder = test_folder(), *file = test_path(folder, "file");
    assert_true(ten_file_exists(folder));
    assert_false(ten_file_exists(file));
    test_write(file, "", 0);
    assert_true(ten_file_exists(file));
}

static void test_join(void **state) {
    (void)state;
    char out[12];
    struct ten_error error;
    assert_ok(ten_path_join(out, sizeof out, "folder", "name", &error)); /* with its end just as long as the room */
    assert_string_equal(out, "folder/name");
    assert_ok(ten_path_join(out, sizeof out, "folder/", "name", &error));
    assert_string_equal(out, "folder/name");
    assert_ok(ten_path_join(out, sizeof out, "/", "name", &error));
    assert_string_equal(out, "/name");
    assert_fails(ten_path_join(out, sizeof out, "folder", "name1", &error), TEN_INVALID, "folder/name1: path too long");
    assert_fails(ten_path_join(out, 1, "a", "b", &error), TEN_INVALID, "too long");
    assert_int_equal(ten_path_join(out, sizeof out, "folder", "a longer name", NULL), TEN_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_old_file_until_commit),
        cmocka_unit_test(test_abandoned_new_file),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_full_device),
        cmocka_unit_test(test_full_device_packed),
        cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_commit_fails),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_concatenated),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_make_folder),
        cmocka_unit_test(test_exists),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
