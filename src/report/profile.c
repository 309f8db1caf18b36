/* The profile of a plan: measured, and held against the roofline. */
#include "report/profile.h"
#include "base/file.h"
#include "plan/peak.h"
#include <stdlib.h>

void cairn_profile_judge(const cairn_profile *profile, double working_set, cairn_profile_step *step)
{
    const cairn_memory_level *levels = profile->bandwidth.level;
    int level = 0;
    while (level < CAIRN_MEMORY_LEVELS - 1 && (levels[level].read <= 0 || working_set > levels[level].bytes))
        level++;
    double arithmetic = profile->peak > 0 ? 1e-9 * step->work / profile->peak : 0;
    double moving = levels[level].read > 0 ? 1e-9 * step->bytes / levels[level].read : 0;
    step->level = level;
    step->memory_bound = moving > arithmetic;
    step->roof = step->memory_bound ? moving : arithmetic;
}

double cairn_profile_gflops(const cairn_profile_step *step)
{
    return step->seconds > 0 ? 1e-9 * step->work / step->seconds : 0;
}

double cairn_profile_share_of_roof(const cairn_profile_step *step)
{
    return step->seconds > 0 ? step->roof / step->seconds : 0;
}

static void add_to_total(cairn_profile_step *total, const cairn_profile_step *step)
{
    total->cpu_seconds += step->cpu_seconds;
    total->seconds += step->seconds;
    total->work += step->work;
    total->bytes += step->bytes;
    total->roof += step->roof;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* Steps that prepare weights are no part of a run. seconds: [step][run]. */
static void fill(cairn_profile *profile, const cairn_plan *plan, double *seconds, int runs)
{
    for (int i = 0; i < cairn_plan_step_count(plan); i++) {
        cairn_step_info info = cairn_plan_step_at(plan, i);
        if (info.prepares)
            continue;
        cairn_profile_step *step = &profile->step[profile->count++];
        *step = (cairn_profile_step){.name = info.name,
                                     .op = info.op,
                                     .kernel = info.kernel,
                                     .isa = info.isa,
                                     .cpu_seconds = median_of(seconds + (int64_t)i * runs, runs),
                                     .work = (double)info.work,
                                     .bytes = (double)info.bytes};
        step->seconds = step->cpu_seconds / profile->threads;
        cairn_profile_judge(profile, (double)info.working_set, step);
        add_to_total(&profile->total, step);
    }
}

/* The times of the steps go to seconds, [step][run], and those of the runs behind them. */
static cairn_status run_often(cairn_plan *plan, const cairn_run_options *options, int runs, double *seconds)
{
    int count = cairn_plan_step_count(plan);
    cairn_status status = cairn_plan_run(plan, options); /* the caches may be full of other things */
    cairn_plan_profile(plan, true);
    for (int run = 0; !status && run < runs; run++) {
        double begin = cairn_peak_clock();
        status = cairn_plan_run(plan, options);
        seconds[(int64_t)count * runs + run] = cairn_peak_clock() - begin;
        for (int i = 0; i < count; i++)
            seconds[(int64_t)i * runs + run] = cairn_plan_step_at(plan, i).seconds;
    }
    cairn_plan_profile(plan, false);
    return status;
}

cairn_status cairn_profile_measure(cairn_ctx *ctx, cairn_plan *plan, const cairn_run_options *options,
                                   int runs, double peak, cairn_profile *profile)
{
    size_t count = (size_t)cairn_plan_step_count(plan);
    *profile = (cairn_profile){.ctx = ctx, .threads = cairn_threads(ctx), .peak = peak};
    cairn_status status = cairn_measure_bandwidth(ctx, &profile->bandwidth);
    double *seconds = cairn_alloc(ctx, (count + 1) * (size_t)runs, sizeof *seconds);
    profile->step = cairn_alloc(ctx, count + 1, sizeof *profile->step);
    if (!seconds || !profile->step)
        status = CAIRN_MEMORY;
    if (!status)
        status = run_often(plan, options, runs, seconds);
    if (!status) {
        fill(profile, plan, seconds, runs);
        profile->run_seconds = median_of(seconds + count * (size_t)runs, runs);
    }
    cairn_free(ctx, seconds);
    if (status)
        cairn_profile_free(profile);
    return status;
}

void cairn_profile_free(cairn_profile *profile)
{
    cairn_free(profile->ctx, profile->step);
    profile->step = NULL;
    profile->count = 0;
}

cairn_status cairn_profile_write(const cairn_profile *profile, const char *path, const char *title,
                                 const char *text)
{
    cairn_picture_format format = cairn_format_of(path);
    if (format == CAIRN_FORMAT_NONE || format == CAIRN_FORMAT_DOT)
        return cairn_fail(profile->ctx, CAIRN_USAGE,
                          "%s: unknown kind of picture (expected a name that ends in .svg, .pdf or .png)",
                          path);
    cairn_text bytes = {.ctx = profile->ctx};
    cairn_scene scene;
    cairn_scene_begin(&scene, profile->ctx, CAIRN_PROFILE_WIDTH);
    cairn_plot_profile(&scene, profile, title, text);
    cairn_status status = cairn_scene_render(&scene, format, &bytes);
    cairn_scene_end(&scene);
    if (!status)
        status = bytes.failed ? CAIRN_MEMORY : cairn_file_write(profile->ctx, path, bytes.data, bytes.size);
    cairn_free(profile->ctx, bytes.data);
    return status;
}
