/* Choosing a kernel by measuring those that fit. Each runs as it would in a plan: in tasks that all threads
 * of the context share, its input in the cache and its weights in memory, as other layers' weights have
 * passed through the cache since. The choice does not depend on how many threads ask for it later. */
#include "base/sha256.h"
#include "base/text.h"
#include "base/threads.h"
#include "plan/peak.h"
#include "plan/tuning.h"
#include <string.h>

#define REPEATS 7                      /* and one before, which does not count */
#define HOPELESS 3                     /* times the best: not worth more repeats */
#define SWEPT_BYTES ((size_t)64 << 20) /* what pushes weights out of the cache */
#define ANY_NUMBER 0x3c                /* bytes of small numbers in every type of real */

/* ---- what is asked for, as text ---- */

static void put_operand(cairn_text *text, const cairn_operand *o)
{
    static const char *const types[] = {"", ":byte", ":int32", ":int64", ":float32", ":bf16"};
    if (o->shape == NULL)
        cairn_text_add(text, " -");
    else if (!o->batched)
        cairn_text_format(text, " %lld%s", (long long)o->elements, types[o->element]);
    else
        cairn_text_format(text, " %lldx%lldx%lld/%lld%s", (long long)o->h, (long long)o->w, (long long)o->c,
                          (long long)o->pitch, types[o->element]);
}

/* Operator, attributes, precision, batch and shapes. Attributes are told twice: for people, and exactly. */
static void put_site(cairn_text *text, const cairn_step *step)
{
    const cairn_site *site = &step->site;
    char few_words[128] = "", hash[CAIRN_SHA256_TEXT];
    cairn_sha256_hex(step->attrs, step->op->attr_size, hash);
    if (step->op->describe != NULL)
        step->op->describe(step->attrs, few_words, sizeof few_words);
    cairn_text_format(text, "%s%s%s (%.16s) %s batch %lld%s:", step->op->name,
                      few_words[0] != '\0' ? " " : "", few_words, hash, cairn_dtype_name(site->precision),
                      (long long)site->capacity, site->training ? " training" : "");
    for (int k = 0; k < site->inputs; k++)
        put_operand(text, &site->in[k]);
    cairn_text_add(text, " ->");
    for (int k = 0; k < site->outputs; k++)
        put_operand(text, &site->out[k]);
}

/* ---- a kernel at work ---- */

typedef struct trial {
    const cairn_kernel *kernel;
    cairn_site site;
    cairn_run_values run;
    cairn_work packing, work; /* each thread's but for begin, end and scratch */
    int64_t units, grain;
    int threads;
    char *memory, *swept, *scratch;
    size_t input_bytes; /* of the first operand */
    double limit, best;
    atomic_llong next_packed, next;
    cairn_barrier barrier;
    _Atomic int64_t keep; /* so that sweeping is not found useless */
    bool hopeless;
} trial;

static size_t bytes_of(const cairn_plan *plan, const cairn_site *site, const cairn_operand *o)
{
    int64_t elements = o->batched ? site->capacity * o->h * o->w * o->pitch : o->elements;
    return o->shape == NULL ? 0 : cairn_align((size_t)elements * cairn_element_bytes(plan, o->element), 64);
}

/* A place for an operand; integers are 0, which is a class or an index whatever else it may be. */
static cairn_operand place(const cairn_plan *plan, const cairn_site *site, cairn_operand operand,
                           char **memory)
{
    size_t bytes = bytes_of(plan, site, &operand);
    bool integer = operand.element == CAIRN_INT32 || operand.element == CAIRN_INT64;
    if (bytes == 0)
        return operand;
    memset(*memory, integer ? 0 : ANY_NUMBER, bytes);
    operand.data = *memory;
    *memory += bytes;
    return operand;
}

static cairn_status begin(cairn_plan *plan, const cairn_step *step, trial *t)
{
    t->site = step->site;
    if (t->kernel->plan != NULL)
        t->kernel->plan(&t->site);
    const cairn_site *site = &t->site;
    size_t packed = cairn_align(site->packed, 64), scratch = cairn_align(site->scratch, 4096), bytes = 0;
    for (int k = 0; k < site->inputs; k++)
        bytes += bytes_of(plan, site, &site->in[k]);
    for (int k = 0; k < site->outputs; k++)
        bytes += bytes_of(plan, site, &site->out[k]);
    t->memory = cairn_alloc_aligned(plan->ctx, SWEPT_BYTES + bytes + packed + scratch * (size_t)t->threads);
    if (t->memory == NULL)
        return CAIRN_MEMORY;
    t->swept = t->memory;
    memset(t->swept, 1, SWEPT_BYTES); /* pages that nobody wrote to are all the same one */
    char *next = t->memory + SWEPT_BYTES;
    t->run = (cairn_run_values){.n = site->capacity, .capacity = site->capacity, .training = site->training};
    t->work = (cairn_work){.site = site, .attrs = site->attrs, .run = &t->run, .packed = next};
    memset(next, 0, packed);
    next += packed;
    t->scratch = next;
    memset(next, 0, scratch * (size_t)t->threads);
    next += scratch * (size_t)t->threads;
    for (int k = 0; k < site->inputs; k++)
        t->work.in[k] = place(plan, site, site->in[k], &next);
    for (int k = 0; k < site->outputs; k++)
        t->work.out[k] = place(plan, site, site->out[k], &next);
    t->input_bytes = bytes_of(plan, site, &site->in[0]);
    t->units = cairn_units(site);
    t->grain = cairn_task_units(t->units, site->unit_flops);
    return CAIRN_OK;
}

/* What packs is not given batched inputs, and what runs not those that it needs packed only, as in a plan. */
static void part_inputs(trial *t)
{
    t->packing = t->work;
    for (int k = 0; k < t->site.inputs; k++) {
        if (t->site.in[k].batched)
            t->packing.in[k].data = NULL;
        if ((t->site.in_packed & 1u << k) != 0)
            t->work.in[k].data = NULL;
    }
}

static int64_t read_lines(const char *data, size_t bytes, int index, int threads)
{
    int64_t sum = 0;
    size_t end = bytes / (size_t)threads * (size_t)(index + 1);
    for (size_t i = bytes / (size_t)threads * (size_t)index; i < end; i += 64)
        sum += data[i];
    return sum;
}

/* One unit after the other, or `grain` at a time, whoever is free. */
static void share(atomic_llong *next, void (*task)(const cairn_work *work), cairn_work *work, int64_t units,
                  int64_t grain)
{
    for (int64_t i; (i = atomic_fetch_add_explicit(next, 1, memory_order_relaxed)) * grain < units;) {
        work->begin = i * grain;
        work->end = cairn_min(work->begin + grain, units);
        task(work);
    }
}

/* All threads pass the same barriers, so what the first decides between two of them holds for all. Training
 * packs in every step; inference did so once. */
static void repeat(void *arg, int index)
{
    trial *t = arg;
    cairn_work work = t->work, packing = t->packing;
    packing.scratch = work.scratch = t->scratch + (size_t)index * cairn_align(t->site.scratch, 4096);
    for (int i = 0; i <= REPEATS && !t->hopeless; i++) {
        t->keep += read_lines(t->swept, SWEPT_BYTES, index, t->threads);
        if (work.in[0].data != NULL)
            t->keep += read_lines(work.in[0].data, t->input_bytes, index, t->threads);
        if (index == 0) {
            atomic_store(&t->next, 0);
            atomic_store(&t->next_packed, 0);
        }
        cairn_barrier_wait(&t->barrier, t->threads);
        double start = cairn_peak_clock();
        if (t->site.packed > 0 && (t->site.training || i == 0)) {
            share(&t->next_packed, t->kernel->pack, &packing, t->site.pack_units, 1);
            cairn_barrier_wait(&t->barrier, t->threads);
        }
        share(&t->next, t->kernel->run, &work, t->units, t->grain);
        cairn_barrier_wait(&t->barrier, t->threads);
        double seconds = cairn_peak_clock() - start;
        if (index == 0 && i > 0 && (i == 1 || seconds < t->best))
            t->best = seconds;
        if (index == 0 && i > 0 && t->limit > 0)
            t->hopeless = t->best > HOPELESS * t->limit;
        cairn_barrier_wait(&t->barrier, t->threads);
    }
}

/* Least seconds of a kernel at the step's site; limit: the best so far, 0: none. */
static cairn_status measure(cairn_plan *plan, const cairn_step *step, const cairn_kernel *kernel,
                            double limit, double *seconds)
{
    trial t = {.kernel = kernel, .threads = cairn_threads(plan->ctx), .limit = limit};
    cairn_status status = begin(plan, step, &t);
    if (status == CAIRN_OK) {
        part_inputs(&t);
        status = cairn_parallel(plan->ctx, t.threads, repeat, &t);
    }
    cairn_free_aligned(plan->ctx, t.memory);
    *seconds = t.best;
    return status;
}

static cairn_status measure_all(cairn_plan *plan, const cairn_step *step, const cairn_kernel *const *kernels,
                                int count, const cairn_kernel **best)
{
    double least = 0, seconds;
    for (int i = 0; i < count; i++) {
        cairn_status status = measure(plan, step, kernels[i], least, &seconds);
        if (status != CAIRN_OK)
            return status;
        if (i > 0 && seconds >= least)
            continue;
        *best = kernels[i];
        least = seconds;
    }
    return CAIRN_OK;
}

cairn_status cairn_tune_step(cairn_plan *plan, const cairn_step *step, const cairn_kernel *const *kernels,
                             int count, const cairn_kernel *modelled, const cairn_kernel **best)
{
    cairn_tuning *tuning = plan->options.tuning;
    cairn_text site = {.ctx = plan->ctx};
    put_site(&site, step);
    const char *known = site.failed ? NULL : cairn_tuning_find(tuning, site.data);
    *best = NULL;
    for (int i = 0; i < count && known != NULL; i++)
        if (strcmp(kernels[i]->name, known) == 0)
            *best = kernels[i];
    cairn_status status = site.failed ? CAIRN_MEMORY : CAIRN_OK;
    if (*best != NULL) {
        cairn_tuning_used(tuning, site.data, *best != modelled);
    } else if (status == CAIRN_OK) {
        status = measure_all(plan, step, kernels, count, best);
        if (status == CAIRN_OK)
            status = cairn_tuning_measured(tuning, site.data, (*best)->name, *best != modelled);
    }
    cairn_free(plan->ctx, site.data);
    return status;
}
