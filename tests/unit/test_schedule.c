/* Learning-rate schedules against their formulas, computed with the C library, and against the rates that
 * PyTorch 2's schedulers give. */
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
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_CONSTANT, .lr = 0.3, .steps = 100, .warmup_steps = 0};
    for (int64_t step = 0; step < 100; step++)
        assert_rate(&s, &still, step, 0.3);
}

static void warm_up_climbs_in_a_line(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_CONSTANT, .lr = 0.4, .steps = 100, .warmup_steps = 10};
    for (int64_t step = 0; step < 10; step++)
        assert_rate(&s, &still, step, 0.4 * (double)(step + 1) / 10);
    assert_rate(&s, &still, 10, 0.4);
}

static void cosine_falls_to_zero_after_the_warm_up(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_COSINE, .lr = 0.05, .steps = 1000, .warmup_steps = 100};
    for (int64_t step = 100; step <= 1000; step++)
        assert_rate(&s, &still, step, 0.05 * 0.5 * (1 + cos(acos(-1) * (double)(step - 100) / 900)));
    assert_true((double)cairn_schedule_rate(&s, &still, 1000) < 1e-15);
}

static void step_drops_after_each_third(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_STEP, .lr = 0.1, .steps = 90, .warmup_steps = 0};
    assert_rate(&s, &still, 29, 0.1);
    assert_rate(&s, &still, 30, 0.01);
    assert_rate(&s, &still, 59, 0.01);
    assert_rate(&s, &still, 60, 0.001);
    assert_rate(&s, &still, 89, 0.001);
}

static void plateau_waits_and_drops(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_PLATEAU, .lr = 1.0, .steps = 100, .warmup_steps = 0};
    cairn_plateau p;
    cairn_plateau_begin(&p);
    static const double losses[] = {2.0, 1.5, 1.5, 1.49999, 1.6, 1.5, 1.4, 1.4, NAN, 1.5};
    static const double rates[] = {1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01};
    for (int i = 0; i < 10; i++) {
        cairn_plateau_update(&p, losses[i], 2);
        assert_rate(&s, &p, i, rates[i]);
    }
}

static void warm_up_begins_at_its_factor(void **unused)
{
    (void)unused;
    cairn_schedule s = {
        .kind = CAIRN_SCHEDULE_COSINE, .lr = 0.5, .steps = 100, .warmup_steps = 20, .warmup_factor = 0.01};
    for (int64_t step = 0; step < 20; step++)
        assert_rate(&s, &still, step, 0.5 * (0.01 + 0.99 * (double)(step + 1) / 20));
    assert_rate(&s, &still, 20, 0.5);
}

static void steps_have_a_period_and_a_factor(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_STEP, .lr = 0.4, .steps = 100, .gamma = 0.94, .period = 4};
    static const double rates[] = {0.4, 0.4, 0.4, 0.4, 0.376, 0.376, 0.376, 0.376, 0.35344, 0.35344};
    for (int64_t step = 0; step < 10; step++)
        assert_rate(&s, &still, step, rates[step]);
    s.period = 2.5; /* after 2.5, 5, 7.5 ... steps */
    assert_rate(&s, &still, 2, 0.4);
    assert_rate(&s, &still, 3, 0.376);
    assert_rate(&s, &still, 5, 0.35344);
}

static void milestones_drop(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_MULTISTEP,
                        .lr = 0.4,
                        .steps = 12,
                        .gamma = 0.2,
                        .milestone_count = 3,
                        .milestones = {3, 5, 9}};
    static const double rates[] = {0.4,   0.4,   0.4,   0.08,   0.08,   0.016,
                                   0.016, 0.016, 0.016, 0.0032, 0.0032, 0.0032};
    for (int64_t step = 0; step < 12; step++)
        assert_rate(&s, &still, step, rates[step]);
}

static void cosine_ends_at_its_least(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_COSINE, .lr = 0.4, .steps = 8, .lr_min = 0.01};
    static const double rates[] = {0.4,   0.38515650883970093, 0.34288582233137677, 0.2796232693111925,
                                   0.205, 0.13037673068880748, 0.06711417766862324, 0.024843491160299085};
    for (int64_t step = 0; step < 8; step++)
        assert_rate(&s, &still, step, rates[step]);
    assert_rate(&s, &still, 8, 0.01);
}

static void polynomial_falls_by_its_power(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_POLYNOMIAL, .lr = 0.4, .steps = 10, .power = 0.5};
    static const double rates[] = {0.4,
                                   0.37947331922020555,
                                   0.35777087639996635,
                                   0.3346640106136302,
                                   0.30983866769659335,
                                   0.282842712474619,
                                   0.25298221281347033,
                                   0.21908902300206645,
                                   0.17888543819998315,
                                   0.12649110640673517,
                                   0};
    for (int64_t step = 0; step <= 10; step++)
        assert_rate(&s, &still, step, rates[step]);
    s.power = 0; /* 1 */
    s.lr_min = 0.1;
    for (int64_t step = 0; step <= 10; step++)
        assert_rate(&s, &still, step, 0.1 + 0.3 * (double)(10 - step) / 10);
}

static void one_cycle_climbs_and_falls(void **unused)
{
    (void)unused;
    cairn_schedule s = {.kind = CAIRN_SCHEDULE_ONE_CYCLE, .lr = 0.4, .steps = 10};
    static const double rates[] = {0.016,
                                   0.208,
                                   0.4,
                                   0.38019385280538953,
                                   0.3246982615799052,
                                   0.24450480877451572,
                                   0.1554967912254843,
                                   0.0753033384200948,
                                   0.019807747194610516,
                                   1.6e-06};
    for (int64_t step = 0; step < 10; step++)
        assert_rate(&s, &still, step, rates[step]);
    cairn_schedule other = {.kind = CAIRN_SCHEDULE_ONE_CYCLE,
                            .lr = 0.4,
                            .steps = 20,
                            .climb = 0.25,
                            .climb_factor = 10,
                            .fall_factor = 100};
    static const double others[] = {0.04,
                                    0.09272077938642143,
                                    0.22,
                                    0.3472792206135786,
                                    0.4,
                                    0.3956338906266144,
                                    0.38272638243699164,
                                    0.3618415954761145,
                                    0.3338922951504999,
                                    0.3001,
                                    0.2619415954761145,
                                    0.2210847869608772,
                                    0.17931521303912287,
                                    0.13845840452388553,
                                    0.1003,
                                    0.0665077048495002,
                                    0.03855840452388552,
                                    0.017673617563008327,
                                    0.004766109373385624};
    for (int64_t step = 0; step < 19; step++)
        assert_rate(&other, &still, step, others[step]);
}

static void a_run_that_is_all_warm_up_divides_by_nothing(void **unused)
{
    (void)unused;
    for (int kind = CAIRN_SCHEDULE_CONSTANT; kind <= CAIRN_SCHEDULE_PLATEAU; kind++) {
        cairn_schedule s = {.kind = (cairn_schedule_kind)kind, .lr = 1.0, .steps = 5, .warmup_steps = 5};
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
        cmocka_unit_test(warm_up_begins_at_its_factor),
        cmocka_unit_test(steps_have_a_period_and_a_factor),
        cmocka_unit_test(milestones_drop),
        cmocka_unit_test(cosine_ends_at_its_least),
        cmocka_unit_test(polynomial_falls_by_its_power),
        cmocka_unit_test(one_cycle_climbs_and_falls),
        cmocka_unit_test(a_run_that_is_all_warm_up_divides_by_nothing),
        cmocka_unit_test(names_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
