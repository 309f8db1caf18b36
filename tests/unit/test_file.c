/* The I/O layer: what it refuses, atomic writes, and every system call of a write failing once. The calls
 * below stand in for libc's in this program, so that faults and short transfers can be planned. */
#include "support.h"

#include "base/map.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- faults ---- */

enum { CALL_WRITE, CALL_PREAD, CALL_FSYNC, CALL_CLOSE, CALL_RENAME, CALL_KINDS };

static struct {
    bool active;
    int made[CALL_KINDS]; /* calls so far */
    int kind, at, error;  /* the at-th call of that kind fails */
    size_t most;          /* bytes that one transfer moves at most; 0: any */
    bool interrupt;       /* every second transfer is interrupted */
} plan;

static bool fails(int kind)
{
    if (!plan.active)
        return false;
    int call = plan.made[kind]++;
    bool interrupted = plan.interrupt && (kind == CALL_WRITE || kind == CALL_PREAD) && call % 2 == 0;
    if (interrupted || (plan.error != 0 && kind == plan.kind && call == plan.at)) {
        errno = interrupted ? EINTR : plan.error;
        return true;
    }
    return false;
}

static size_t shortened(size_t size)
{
    return plan.active && plan.most > 0 && size > plan.most ? plan.most : size;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return fails(CALL_WRITE) ? -1 : syscall(SYS_write, fd, data, shortened(size));
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return fails(CALL_PREAD) ? -1 : syscall(SYS_pread64, fd, data, shortened(size), offset);
}

int fsync(int fd)
{
    return fails(CALL_FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
    bool failed = fails(CALL_CLOSE);
    int error = errno, result = (int)syscall(SYS_close, fd); /* a failed close still closes */
    errno = failed ? error : errno;
    return failed ? -1 : result;
}

int rename(const char *from, const char *to)
{
    return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

/* ---- looking ---- */

static void assert_holds(bench *b, const char *path, const char *expected)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &data, &size), CAIRN_OK);
    assert_int_equal(size, strlen(expected));
    assert_string_equal((const char *)data, expected);
    cairn_free(b->ctx, data);
}

static size_t entries(bench *b)
{
    char **names;
    size_t count;
    assert_int_equal(cairn_folder_list(b->ctx, b->folder, &names, &count), CAIRN_OK);
    cairn_names_free(b->ctx, names, count);
    return count;
}

static cairn_status put(bench *b, const char *path, const char *text)
{
    return cairn_file_write(b->ctx, path, text, strlen(text));
}

/* ---- reading ---- */

static void refuses_what_is_no_file(void **state)
{
    bench *b = *state;
    uint8_t *data;
    size_t size;
    const char *pipe = bench_path(b, "pipe"), *loop = bench_path(b, "loop");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("loop", loop), 0);
    assert_fails(b, cairn_file_read(b->ctx, pipe, 10, &data, &size), CAIRN_INPUT, "is a pipe");
    assert_fails(b, cairn_file_read(b->ctx, loop, 10, &data, &size), CAIRN_INPUT, "symbolic links");
    assert_fails(b, cairn_file_read(b->ctx, b->folder, 10, &data, &size), CAIRN_INPUT, "is a folder");
    assert_fails(b, cairn_file_read(b->ctx, "/dev/null", 10, &data, &size), CAIRN_INPUT, "is a device");
    assert_fails(b, cairn_file_read(b->ctx, bench_path(b, "none"), 10, &data, &size), CAIRN_IO,
                 "none: cannot open: No such");
    bench_put(bench_path(b, "long"), "12345678901", 11);
    assert_fails(b, cairn_file_read(b->ctx, bench_path(b, "long"), 10, &data, &size), CAIRN_INPUT,
                 "too large (expected at most 10 bytes, found 11)");
    assert_null(data);
}

static void reads_text(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "list");
    char *text;
    bench_put(path, "\xEF\xBB\xBFone\r\n", 8);
    assert_int_equal(cairn_file_read_text(b->ctx, path, 10, &text), CAIRN_OK);
    assert_string_equal(text, "one\r\n");
    cairn_free(b->ctx, text);
    bench_put(path, "one\0two", 7);
    assert_fails(b, cairn_file_read_text(b->ctx, path, 10, &text), CAIRN_INPUT, "list: NUL at byte 3");
    assert_null(text);
    bench_put(path, "12345678901", 11);
    assert_fails(b, cairn_file_read_text(b->ctx, path, 10, &text), CAIRN_INPUT, "too large");
    assert_null(text);
}

static void reads_ranges(void **state)
{
    bench *b = *state;
    cairn_file file;
    char part[4] = "";
    const char *path = bench_path(b, "file");
    bench_put(path, "0123456789", 10);
    assert_int_equal(cairn_file_open(b->ctx, path, &file), CAIRN_OK);
    assert_int_equal(file.size, 10);
    assert_int_equal(cairn_file_read_at(&file, 7, part, 3), CAIRN_OK);
    assert_string_equal(part, "789");
    assert_int_equal(truncate(path, 8), 0); /* cut while it is open */
    assert_fails(b, cairn_file_read_at(&file, 7, part, 3), CAIRN_INPUT, "ends at byte 8 (expected 2 more)");
    plan = (typeof(plan)){.active = true, .kind = CALL_PREAD, .error = EIO};
    assert_fails(b, cairn_file_read_at(&file, 0, part, 3), CAIRN_IO, "Input/output error");
    plan.active = false;
    cairn_file_close(&file);
}

static void short_and_interrupted_transfers_do_not_show(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "file"), *text = "a text that is moved in pieces of three";
    plan = (typeof(plan)){.active = true, .most = 3, .interrupt = true};
    assert_int_equal(put(b, path, text), CAIRN_OK);
    assert_int_equal(cairn_file_append(b->ctx, path, "!", 1, true), CAIRN_OK);
    assert_holds(b, path, "a text that is moved in pieces of three!");
    assert_true(plan.made[CALL_WRITE] > 20);
    plan.active = false;
}

/* ---- writing ---- */

static void writes_whole_or_not_at_all(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "file");
    assert_int_equal(put(b, path, "old"), CAIRN_OK);
    cairn_writer *writer;
    assert_int_equal(cairn_writer_open(b->ctx, path, &writer), CAIRN_OK);
    assert_int_equal(cairn_writer_write(writer, "ne", 2), CAIRN_OK);
    assert_holds(b, path, "old");
    assert_int_equal(cairn_writer_write(writer, "w", 1), CAIRN_OK);
    assert_int_equal(cairn_writer_commit(writer), CAIRN_OK);
    assert_holds(b, path, "new");
    assert_int_equal(cairn_writer_open(b->ctx, path, &writer), CAIRN_OK);
    assert_int_equal(cairn_writer_write(writer, "never", 5), CAIRN_OK);
    cairn_writer_abort(writer);
    assert_holds(b, path, "new");
    assert_int_equal(entries(b), 1);
}

static void each_failing_call_leaves_the_old_file(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "file");
    static const struct {
        int kind, error;
        const char *piece;
    } faults[] = {
        {CALL_WRITE, ENOSPC, "cannot write: No space left on device"},
        {CALL_WRITE, EIO, "cannot write: Input/output error"},
        {CALL_WRITE, EDQUOT, "cannot write: Disk quota exceeded"},
        {CALL_FSYNC, EIO, "cannot make durable"},
        {CALL_CLOSE, ENOSPC, "cannot close"},
        {CALL_RENAME, EACCES, "cannot rename into place: Permission denied"},
    };
    assert_int_equal(put(b, path, "old"), CAIRN_OK);
    for (size_t i = 0; i < CAIRN_COUNT(faults); i++) {
        plan = (typeof(plan)){.active = true, .kind = faults[i].kind, .error = faults[i].error};
        assert_fails(b, put(b, path, "new"), CAIRN_IO, faults[i].piece);
        plan.active = false;
        assert_holds(b, path, "old");
        assert_int_equal(entries(b), 1);
    }
    /* the second fsync is the folder's: the new file is there, only its survival is not certain */
    plan = (typeof(plan)){.active = true, .kind = CALL_FSYNC, .at = 1, .error = EIO};
    assert_fails(b, put(b, path, "new"), CAIRN_IO, "cannot make the folder durable");
    plan.active = false;
    assert_holds(b, path, "new");
}

static void refuses_destinations(void **state)
{
    bench *b = *state;
    const char *target = bench_path(b, "target"), *link = bench_path(b, "link"),
               *dangling = bench_path(b, "dangling");
    assert_int_equal(put(b, target, "precious"), CAIRN_OK);
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(symlink("nothing", dangling), 0);
    assert_fails(b, put(b, link, "x"), CAIRN_IO, "is a symbolic link and is not overwritten");
    assert_fails(b, put(b, dangling, "x"), CAIRN_IO, "symbolic link");
    assert_fails(b, put(b, b->folder, "x"), CAIRN_IO, "is a folder");
    assert_fails(b, put(b, "/dev/full", "x"), CAIRN_IO, "is a device");
    assert_fails(b, put(b, bench_path(b, "none/file"), "x"), CAIRN_IO, "No such file or directory");
    assert_fails(b, cairn_file_append(b->ctx, link, "x", 1, false), CAIRN_IO, "is a symbolic link");
    assert_holds(b, target, "precious");
    assert_int_equal(entries(b), 3);
}

/* What killed processes left is neither used nor in the way. */
static void steps_over_stale_temporaries(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "file"), *target = bench_path(b, "target");
    char stale[300];
    snprintf(stale, sizeof stale, "%s.tmp.%ld", path, (long)getpid());
    assert_int_equal(put(b, target, "precious"), CAIRN_OK);
    assert_int_equal(symlink(target, stale), 0);
    assert_int_equal(put(b, path, "new"), CAIRN_OK);
    assert_holds(b, path, "new");
    assert_holds(b, target, "precious");
}

static void full_disk_and_limits(void **state)
{
    bench *b = *state;
    assert_fails(b, cairn_file_append(b->ctx, "/dev/full", "x", 1, false), CAIRN_IO,
                 "No space left on device");
    const char *path = bench_path(b, "file");
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cairn_status status = put(b, path, "too long");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_fails(b, status, CAIRN_IO, "File too large");
    assert_int_equal(entries(b), 0);
}

static void read_only_folder(void **state)
{
    bench *b = *state;
    uid_t user = geteuid();
    assert_int_equal(chmod(b->folder, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0); /* nothing is read-only for root */
    assert_fails(b, put(b, bench_path(b, "file"), "x"), CAIRN_IO, "Permission denied");
    assert_fails(b, cairn_folder_make(b->ctx, bench_path(b, "a/b")), CAIRN_IO, "Permission denied");
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(b->folder, 0700), 0);
}

static void logs_grow_and_are_cut(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "log");
    assert_int_equal(cairn_file_append(b->ctx, path, "one\n", 4, false), CAIRN_OK);
    assert_int_equal(cairn_file_append(b->ctx, path, "two\n", 4, true), CAIRN_OK);
    assert_holds(b, path, "one\ntwo\n");
    assert_int_equal(cairn_file_truncate(b->ctx, path, 4), CAIRN_OK);
    assert_holds(b, path, "one\n");
    assert_fails(b, cairn_file_truncate(b->ctx, bench_path(b, "none"), 0), CAIRN_IO, "No such file");
}

/* ---- folders ---- */

static void folders(void **state)
{
    bench *b = *state;
    char **names;
    size_t count;
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "x//y/z/")), CAIRN_OK);
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "x/y")), CAIRN_OK);
    assert_int_equal(cairn_path_look(bench_path(b, "x/y/z")), CAIRN_PATH_FOLDER);
    const char *files[] = {"b", "a", "B", "a10", "a2"};
    for (size_t i = 0; i < CAIRN_COUNT(files); i++) {
        char *path = cairn_path_join(b->ctx, bench_path(b, "x"), files[i]);
        assert_int_equal(put(b, path, ""), CAIRN_OK);
        cairn_free(b->ctx, path);
    }
    assert_fails(b, cairn_folder_make(b->ctx, bench_path(b, "x/a/c")), CAIRN_IO, "cannot make the folder");
    assert_int_equal(cairn_folder_list(b->ctx, bench_path(b, "x"), &names, &count), CAIRN_OK);
    const char *sorted[] = {"B", "a", "a10", "a2", "b", "y"};
    assert_int_equal(count, CAIRN_COUNT(sorted));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(names[i], sorted[i]);
    cairn_names_free(b->ctx, names, count);
    assert_fails(b, cairn_folder_list(b->ctx, bench_path(b, "none"), &names, &count), CAIRN_IO,
                 "No such file");
    /* removing a tree does not follow links out of it */
    assert_int_equal(put(b, bench_path(b, "kept"), "kept"), CAIRN_OK);
    assert_int_equal(symlink("../../kept", bench_path(b, "x/y/link")), 0);
    assert_int_equal(symlink("..", bench_path(b, "x/y/up")), 0);
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "x")), CAIRN_OK);
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "x")), CAIRN_OK);
    assert_holds(b, bench_path(b, "kept"), "kept");
    assert_int_equal(entries(b), 1);
}

/* ---- maps ---- */

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!cairn_map_fault(info->si_addr))
        signal(number, SIG_DFL);
}

/* What is cut away is zeros, and said. */
static void maps_survive_a_cut(void **state)
{
    bench *b = *state;
    static char bytes[3 * 65536 + 100];
    const char *path = bench_path(b, "mapped");
    cairn_map first, map;
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO}, before;
    assert_int_equal(sigaction(SIGBUS, &action, &before), 0);
    memset(bytes, 7, sizeof bytes);
    bench_put(path, bytes, sizeof bytes);
    assert_int_equal(cairn_map_open(b->ctx, path, &first), CAIRN_OK);
    assert_int_equal(cairn_map_open(b->ctx, path, &map), CAIRN_OK);
    assert_false(cairn_map_fault(bytes));
    cairn_map_close(b->ctx, &first);
    assert_int_equal(map.bytes[sizeof bytes - 1], 7);
    assert_int_equal(cairn_map_check(b->ctx, &map), CAIRN_OK);
    assert_int_equal(truncate(path, 65536), 0);
    assert_int_equal(map.bytes[65535], 7);
    assert_int_equal(map.bytes[2 * 65536], 0);
    assert_int_equal(map.bytes[sizeof bytes - 1], 0);
    assert_fails(b, cairn_map_check(b->ctx, &map), CAIRN_INPUT, "was cut to 65536 bytes while it was in use");
    assert_int_equal(truncate(path, sizeof bytes), 0);
    assert_fails(b, cairn_map_check(b->ctx, &map), CAIRN_INPUT,
                 "mapped: could not be read while it was in use");
    assert_false(cairn_map_fault(map.bytes + map.size));
    cairn_map_close(b->ctx, &map);
    assert_int_equal(sigaction(SIGBUS, &before, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_what_is_no_file),
        TEST(reads_text),
        TEST(reads_ranges),
        TEST(short_and_interrupted_transfers_do_not_show),
        TEST(writes_whole_or_not_at_all),
        TEST(each_failing_call_leaves_the_old_file),
        TEST(refuses_destinations),
        TEST(steps_over_stale_temporaries),
        TEST(full_disk_and_limits),
        TEST(read_only_folder),
        TEST(logs_grow_and_are_cut),
        TEST(folders),
        TEST(maps_survive_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
