/* Learning-rate schedules against their formulas, computed with the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/schedule.h"
#include <math.h>

static const cairn_plateau still = {.best = INFINITY};

static void assert_rate(const cairn_schedule *s, const cairn_plateau *plateau, int64_t step, double expected)
{
    double rate = (double)cairn_schedule_rate(s, plateau, step);
    if (fabs(rate - expected) > 1e-7 * fabs(expected) + 1e-12)
        fail_msg("step %lld: expected %g, found %g", (long long)step, expected, rate);
}

static void constant_is_constant(void **unused)
{
    (void)unused;
    cairn_schedule s = {CAIRN_SCHEDULE_CONSTANT, 0.3, 100, 0};
    for (int64_t step = 0; step < 100; step++)
        assert_rate(&s, &still, step, 0.3);
}

static void warm_up_climbs_in_a_line(void **unused)
{
    (void)unused;
    cairn_schedule s = {CAIRN_SCHEDULE_CONSTANT, 0.4, 100, 10};
    for (int64_t step = 0; step < 10; step++)
        assert_rate(&s, &still, step, 0.4 * (double)(step + 1) / 10);
    assert_rate(&s, &still, 10, 0.4);
}

static void cosine_falls_to_zero_after_the_warm_up(void **unused)
{
    (void)unused;
    cairn_schedule s = {CAIRN_SCHEDULE_COSINE, 0.05, 1000, 100};
    for (int64_t step = 100; step <= 1000; step++)
        assert_rate(&s, &still, step, 0.05 * 0.5 * (1 + cos(acos(-1) * (double)(step - 100) / 900)));
    assert_true((double)cairn_schedule_rate(&s, &still, 1000) < 1e-15);
}

static void step_drops_after_each_third(void **unused)
{
    (void)unused;
    cairn_schedule s = {CAIRN_SCHEDULE_STEP, 0.1, 90, 0};
    assert_rate(&s, &still, 29, 0.1);
    assert_rate(&s, &still, 30, 0.01);
    assert_rate(&s, &still, 59, 0.01);
    assert_rate(&s, &still, 60, 0.001);
    assert_rate(&s, &still, 89, 0.001);
}

static void plateau_waits_and_drops(void **unused)
{
    (void)unused;
    cairn_schedule s = {CAIRN_SCHEDULE_PLATEAU, 1.0, 100, 0};
    cairn_plateau p;
    cairn_plateau_begin(&p);
    static const double losses[] = {2.0, 1.5, 1.5, 1.49999, 1.6, 1.5, 1.4, 1.4, NAN, 1.5};
    static const double rates[] = {1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01};
    for (int i = 0; i < 10; i++) {
        cairn_plateau_update(&p, losses[i]);
        assert_rate(&s, &p, i, rates[i]);
    }
}

static void a_run_that_is_all_warm_up_divides_by_nothing(void **unused)
{
    (void)unused;
    for (int kind = CAIRN_SCHEDULE_CONSTANT; kind <= CAIRN_SCHEDULE_PLATEAU; kind++) {
        cairn_schedule s = {(cairn_schedule_kind)kind, 1.0, 5, 5};
        assert_rate(&s, &still, 4, 1.0);
        assert_rate(&s, &still, 5, 1.0);
    }
}

static void names_are_parsed(void **unused)
{
    (void)unused;
    cairn_schedule_kind kind;
    for (int i = CAIRN_SCHEDULE_CONSTANT; i <= CAIRN_SCHEDULE_PLATEAU; i++) {
        assert_true(cairn_schedule_parse(cairn_schedule_name((cairn_schedule_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(cairn_schedule_parse("Cosine", &kind));
    assert_false(cairn_schedule_parse("", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_is_constant),
        cmocka_unit_test(warm_up_climbs_in_a_line),
        cmocka_unit_test(cosine_falls_to_zero_after_the_warm_up),
        cmocka_unit_test(step_drops_after_each_third),
        cmocka_unit_test(plateau_waits_and_drops),
        cmocka_unit_test(a_run_that_is_all_warm_up_divides_by_nothing),
        cmocka_unit_test(names_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
