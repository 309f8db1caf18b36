/* What unit tests of files share: a context that remembers its warnings, a folder of its own, and files. */
#ifndef CAIRN_TESTS_SUPPORT_H
#define CAIRN_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/file.h"

/* A test's surroundings, made by bench_setup as cmocka's state. */
typedef struct bench {
    cairn_ctx *ctx;
    char folder[64];
    int warnings;
    char last_warning[CAIRN_ERROR_BYTES];
} bench;

static inline void bench_log(void *user, cairn_log_level level, const char *line)
{
    bench *b = user;
    if (level != CAIRN_LOG_WARNING)
        return;
    b->warnings++;
    snprintf(b->last_warning, sizeof b->last_warning, "%s", line);
}

static inline int bench_setup(void **state)
{
    bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return -1;
    snprintf(b->folder, sizeof b->folder, "/tmp/cairn-test-XXXXXX");
    cairn_ctx_options options = {.threads = 1, .log = bench_log, .log_user = b};
    if (mkdtemp(b->folder) == NULL || cairn_ctx_create(&options, &b->ctx) != CAIRN_OK)
        return -1;
    *state = b;
    return 0;
}

static inline int bench_teardown(void **state)
{
    bench *b = *state;
    cairn_status status = cairn_tree_remove(b->ctx, b->folder);
    cairn_ctx_destroy(b->ctx);
    free(b);
    return status == CAIRN_OK ? 0 : -1;
}

/* A path below the test's folder, valid until the fourth call after. */
static inline const char *bench_path(bench *b, const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", b->folder, name);
    return path;
}

static inline void bench_put(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The status, and a piece of the message that goes with it. */
#define assert_fails(b, call, expected_status, piece)                                                        \
    do {                                                                                                     \
        assert_int_equal(call, expected_status);                                                             \
        if (strstr(cairn_error((b)->ctx), piece) == NULL)                                                    \
            fail_msg("'%s' is not in '%s'", piece, cairn_error((b)->ctx));                                   \
    } while (0)

#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_setup, bench_teardown)

#endif
