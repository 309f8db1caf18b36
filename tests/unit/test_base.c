/* The base layer: random numbers, elementary functions, error texts, threads, kernel levels. */
#include "base/base.h"
#include "base/cpu.h"
#include "base/real.h"
#include "base/rng.h"
#include "base/threads.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        cairn_rng rng;
        uint32_t words[4];
    } cases[] = {
        {{{0, 0}, {0, 0, 0, 0}}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{{~0u, ~0u}, {~0u, ~0u, ~0u, ~0u}}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{{0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        uint32_t words[4];
        cairn_rng_block(&cases[i].rng, 0, words);
        assert_memory_equal(words, cases[i].words, sizeof words);
    }
}

static void counter_layout(void **state)
{
    (void)state;
    cairn_rng rng = cairn_rng_at(0x1122334455667788u, CAIRN_STREAM_DROPOUT, 7, 9, 0xABC00000001u, 3);
    assert_int_equal(rng.key[0], 0x55667788);
    assert_int_equal(rng.key[1], 0x11223344);
    assert_int_equal(rng.counter[1], 5u << 24 | 7u << 16 | 9u);
    assert_int_equal(rng.counter[2], 1);
    assert_int_equal(rng.counter[3], 0xABCu << 20 | 3u);
}

static void elementary_functions(void **state)
{
    (void)state;
    for (double x = 1e-8; x < 1e8; x *= 1.001) {
        double expected = log(x);
        assert_true(fabs(cairn_real_log(x) - expected) <= 4e-16 * fmax(1, fabs(expected)));
    }
    for (double x = -690; x < 690; x += 0.0173)
        assert_true(fabs(cairn_real_exp(x) - exp(x)) <= 4e-16 * exp(x));
    assert_true(cairn_real_exp(0) == 1);
    for (double t = -2; t < 2; t += 0.0007) {
        double s, c;
        cairn_real_sincos(t, &s, &c);
        assert_true(fabs(s - sin(2 * M_PI * t)) < 4e-15 && fabs(c - cos(2 * M_PI * t)) < 4e-15);
    }
}

static void error_texts_are_escaped(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    assert_int_equal(cairn_fail(ctx, CAIRN_INPUT, "%s", "a\x1b[31m\n\xff\xc3\xa9"), CAIRN_INPUT);
    assert_string_equal(cairn_error(ctx), "a\\x1b[31m\\x0a\\xff\xc3\xa9");
    char longer[2000];
    memset(longer, '\n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cairn_fail(ctx, CAIRN_IO, "%s", longer);
    assert_true(strlen(cairn_error(ctx)) < CAIRN_ERROR_BYTES);
    cairn_ctx_destroy(ctx);
}

typedef struct meeting {
    cairn_barrier barrier;
    int threads;
    int written[8];
    int wrong;
} meeting;

/* After each barrier every thread must see what all others wrote before it. */
static void meet(void *arg, int index)
{
    meeting *m = arg;
    for (int round = 1; round <= 500; round++) {
        m->written[index] = round;
        cairn_barrier_wait(&m->barrier, m->threads);
        for (int i = 0; i < m->threads; i++)
            if (m->written[i] != round)
                __atomic_fetch_add(&m->wrong, 1, __ATOMIC_RELAXED);
        cairn_barrier_wait(&m->barrier, m->threads);
    }
}

static void threads_meet_at_barriers(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads++) {
        cairn_ctx *ctx;
        assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = threads}, &ctx), CAIRN_OK);
        meeting m = {.threads = threads};
        assert_int_equal(cairn_parallel(ctx, threads, meet, &m), CAIRN_OK);
        assert_int_equal(m.wrong, 0);
        cairn_ctx_destroy(ctx);
    }
}

static void thread_count_from_environment(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    setenv("CAIRN_THREADS", "3", 1);
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    assert_int_equal(cairn_threads(ctx), 3);
    cairn_ctx_destroy(ctx);
    setenv("CAIRN_THREADS", "8x", 1);
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_USAGE);
    assert_non_null(strstr(cairn_error(ctx), "8x"));
    cairn_ctx_destroy(ctx);
    unsetenv("CAIRN_THREADS");
}

static void aligned_memory(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    static const size_t sizes[] = {0, 1, 63, 4096, (size_t)5 << 20};
    for (size_t i = 0; i < CAIRN_COUNT(sizes); i++) {
        char *block = cairn_alloc_aligned(ctx, sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        memset(block, 1, sizes[i]); /* all of it is there */
        cairn_free_aligned(ctx, block);
    }
    assert_null(cairn_alloc(ctx, SIZE_MAX, 2));
    assert_null(cairn_alloc_aligned(ctx, SIZE_MAX));
    cairn_ctx_destroy(ctx);
}

static void kernel_levels(void **state)
{
    (void)state;
    cairn_isa isa;
    assert_true(cairn_isa_parse("avx2", &isa) && isa == CAIRN_ISA_AVX2);
    assert_false(cairn_isa_parse("avx", &isa));
    assert_true(cairn_isa_level() <= cairn_isa_detected());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),     cmocka_unit_test(counter_layout),
        cmocka_unit_test(elementary_functions),     cmocka_unit_test(error_texts_are_escaped),
        cmocka_unit_test(threads_meet_at_barriers), cmocka_unit_test(thread_count_from_environment),
        cmocka_unit_test(aligned_memory),           cmocka_unit_test(kernel_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
