/* Running a plan: all threads walk the regions together. Which thread does a task is left to chance; what the
 * task computes is not. */
#include "plan/plan.h"
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Where an image of a buffer in the arena begins. */
static char *image_in_arena(const cairn_plan *plan, int index, int64_t image)
{
    size_t within;
    const cairn_buffer *buffer = &plan->buffers[cairn_outermost(plan, index, &within)];
    return plan->arena + buffer->offset + within + buffer->image_bytes * (size_t)image;
}

static bool in_arena(const cairn_plan *plan, int index, const cairn_operand *operand)
{
    return index >= 0 && operand->batched && plan->buffers[index].place == CAIRN_PLACE_ARENA;
}

/* Moves the pointers of batched operands to `image`, which is image 0 of what lies in local memory. */
static void aim(const cairn_plan *plan, cairn_work *work, const cairn_step *step, int64_t image)
{
    work->first_image = image;
    for (int k = 0; k < step->inputs; k++)
        if (in_arena(plan, step->in[k], &work->in[k]))
            work->in[k].data = image_in_arena(plan, step->in[k], image);
    for (int k = 0; k < step->outputs; k++) {
        const cairn_buffer *buffer = &plan->buffers[step->out[k]];
        if (buffer->kind == CAIRN_BUFFER_PARTS)
            work->out[k].data =
                plan->arena + buffer->offset + buffer->image_bytes * (size_t)(image / plan->chunk);
        else if (in_arena(plan, step->out[k], &work->out[k]))
            work->out[k].data = image_in_arena(plan, step->out[k], image);
    }
}

static void read_pieces(cairn_plan *plan, int s, const cairn_work *work)
{
    for (int64_t i = work->begin; i < work->end; i++)
        if (cairn_tensor_read_piece(plan->steps[s].unread, (size_t)i, work->scratch, work->out[0].data) !=
            CAIRN_OK)
            atomic_store(&plan->unreadable, s + 1);
}

/* A unit's columns are read just before it packs them; each task has its own room for them. */
static void read_and_pack(cairn_plan *plan, int s, const cairn_work *work)
{
    const cairn_step *step = &plan->steps[s];
    const cairn_tensor *matrix = step->unread;
    size_t columns = (size_t)step->site.pack_columns, all = (size_t)matrix->shape.dim[1];
    size_t room_bytes = plan->buffers[step->out[0]].image_bytes, column_bytes = room_bytes / columns;
    char *room = work->out[0].data + (size_t)(work->begin / step->grain) * room_bytes;
    cairn_work unit = *work;
    unit.in[1].turned = true;
    for (unit.begin = work->begin; unit.begin < work->end; unit.begin = unit.end) {
        size_t first = (size_t)unit.begin * columns, end = first + columns < all ? first + columns : all;
        unit.end = unit.begin + 1;
        unit.in[1].data = (char *)((uintptr_t)room - first * column_bytes);
        if (cairn_tensor_read_columns(matrix, first, end, room) != CAIRN_OK)
            atomic_store(&plan->unreadable, s + 1);
        else
            step->kernel->pack(&unit);
    }
}

static void perform(cairn_plan *plan, cairn_thread *thread, int s, int64_t begin, int64_t end)
{
    const cairn_step *step = &plan->steps[s];
    cairn_work *work = &thread->work[s];
    double start = plan->profile ? now() : 0;
    work->begin = begin;
    work->end = end;
    work->goes_on = thread->last_step == s && thread->last_end == begin;
    thread->last_step = s;
    thread->last_end = end;
    if (step->unread != NULL)
        (step->is_pack ? read_and_pack : read_pieces)(plan, s, work);
    else if (step->is_pack)
        step->kernel->pack(work);
    else
        step->kernel->run(work);
    if (plan->profile)
        thread->seconds[s] += now() - start;
}

static void run_chunk(cairn_plan *plan, cairn_thread *thread, const cairn_region *region, int64_t chunk)
{
    int64_t image = chunk * plan->chunk, images = cairn_min(plan->chunk, plan->run.n - image);
    for (int i = 0; i < region->count; i++) {
        int s = plan->order[region->first + i];
        aim(plan, &thread->work[s], &plan->steps[s], image);
        perform(plan, thread, s, 0, images * plan->steps[s].site.units);
    }
}

static int64_t units_of(const cairn_plan *plan, const cairn_step *step)
{
    if (step->idle)
        return 0;
    if (step->is_pack)
        return step->site.pack_units;
    return step->site.per_image ? plan->run.n * (cairn_in_parts(step) ? 1 : step->site.units)
                                : step->site.units;
}

static void run_task(cairn_plan *plan, cairn_thread *thread, int s, int64_t task)
{
    const cairn_step *step = &plan->steps[s];
    int64_t begin = task * step->grain, end = cairn_min(begin + step->grain, units_of(plan, step));
    if (cairn_in_parts(step)) { /* a part is a chunk of images */
        aim(plan, &thread->work[s], step, begin);
        perform(plan, thread, s, 0, (end - begin) * step->site.units);
    } else {
        perform(plan, thread, s, begin, end);
    }
}

/* Of a region's i-th step; those of a chain are chunks, counted with its first. */
static int64_t tasks_of(const cairn_plan *plan, const cairn_region *region, int i)
{
    if (region->chain)
        return i == 0 ? cairn_ceil_div(plan->run.n, plan->chunk) : 0;
    const cairn_step *step = &plan->steps[plan->order[region->first + i]];
    return cairn_ceil_div(units_of(plan, step), step->grain);
}

static int64_t count_tasks(const cairn_plan *plan, const cairn_region *region)
{
    int64_t tasks = 0;
    for (int i = 0; i < region->count; i++)
        tasks += tasks_of(plan, region, i);
    return tasks;
}

/* A thread's share of a region is a share of each of its steps; the same one of every region, since the
 * images or rows that it worked on before are still in its cache. */
typedef struct share {
    int number, of;
} share;

/* Does task number `task` of the share, if it has so many. */
static bool run_nth(cairn_plan *plan, cairn_thread *thread, const cairn_region *region, share s, int64_t task)
{
    for (int i = 0; i < region->count; i++) {
        int64_t tasks = tasks_of(plan, region, i);
        int64_t first = cairn_part_begin(tasks, s.number, s.of);
        int64_t count = cairn_part_begin(tasks, s.number + 1, s.of) - first;
        if (task < count) {
            if (region->chain)
                run_chunk(plan, thread, region, first + task);
            else
                run_task(plan, thread, plan->order[region->first + i], first + task);
            return true;
        }
        task -= count;
    }
    return false;
}

/* A thread that is through with its share helps the others. */
static void run_region(cairn_plan *plan, int number, int index, int threads)
{
    const cairn_region *region = &plan->regions[number];
    cairn_thread *thread = &plan->thread[index];
    thread->last_step = -1;
    for (int k = 0; k < threads; k++) {
        share s = {(index + k) % threads, threads};
        atomic_llong *next = cairn_next_task(plan, number, s.number);
        while (run_nth(plan, thread, region, s, atomic_fetch_add_explicit(next, 1, memory_order_relaxed)))
            ;
    }
}

typedef struct team {
    cairn_plan *plan;
    int threads;
} team;

static bool skipped(const cairn_plan *plan, int number)
{
    return plan->regions[number].of_weights ? plan->weights_ready : plan->preparing;
}

#define STACK_BYTES 65536 /* more than the frames of any kernel */
#define PAGE_BYTES 4096

/* Which thread does what is left to chance, so that one may need more of its stack in a later run than in the
 * first. No run but the first shall ask the system for pages. */
static void touch_stack(void)
{
    volatile char stack[STACK_BYTES];
    for (size_t i = 0; i < sizeof stack; i += PAGE_BYTES)
        stack[i] = 0;
}

static void work_through(void *arg, int index)
{
    const team *t = arg;
    if (!t->plan->touched)
        touch_stack();
    for (int r = 0; r < t->plan->region_count; r++) {
        if (skipped(t->plan, r))
            continue;
        run_region(t->plan, r, index, t->threads);
        cairn_barrier_wait(&t->plan->barrier, t->threads);
    }
}

/* A plan whose every region is one task needs no second thread. */
static int threads_worth(cairn_plan *plan)
{
    int64_t most = 1;
    for (int r = 0; r < plan->region_count; r++)
        if (!skipped(plan, r))
            most = cairn_max(most, count_tasks(plan, &plan->regions[r]));
    return (int)cairn_min(most, plan->threads) == 1 ? 1 : plan->threads;
}

static void copy_variables(cairn_plan *plan)
{
    for (int i = 0; i < plan->buffer_count; i++) {
        const cairn_buffer *b = &plan->buffers[i];
        if (b->kind == CAIRN_BUFFER_VARIABLE && b->place == CAIRN_PLACE_ARENA && !cairn_is_read(plan, b))
            memcpy(plan->arena + b->offset, b->bound, b->image_bytes);
    }
}

static cairn_status run_regions(cairn_plan *plan)
{
    if (!plan->weights_ready)
        copy_variables(plan);
    for (int r = 0; r < plan->region_count; r++)
        for (int t = 0; t < plan->threads; t++)
            atomic_store_explicit(cairn_next_task(plan, r, t), 0, memory_order_relaxed);
    for (int t = 0; t < plan->threads && plan->profile; t++)
        for (int s = 0; s < plan->step_count; s++)
            plan->thread[t].seconds[s] = 0;
    team everyone = {plan, threads_worth(plan)};
    cairn_status status = cairn_parallel(plan->ctx, everyone.threads, work_through, &everyone);
    if (!plan->weights_ready)
        status = cairn_plan_end_reads(plan, status);
    if (status == CAIRN_OK)
        plan->weights_ready = !plan->options.training;
    plan->touched |= everyone.threads == plan->threads;
    return status;
}

cairn_status cairn_plan_run(cairn_plan *plan, const cairn_run_options *options)
{
    int64_t n = options == NULL || options->n == 0 ? plan->options.batch : options->n;
    if (n < 1 || n > plan->options.batch)
        return cairn_fail(plan->ctx, CAIRN_USAGE, "run: expected 1 to %d images, found %lld",
                          plan->options.batch, (long long)n);
    plan->run = (cairn_run_values){.n = n,
                                   .capacity = plan->options.batch,
                                   .share = 1.0,
                                   .training = plan->options.training && !plan->options.no_dropout};
    if (options != NULL) {
        plan->run.lr = options->lr;
        plan->run.step = options->step;
        plan->run.epoch = options->epoch;
        plan->run.seed = options->seed;
        plan->run.part = options->part;
        plan->run.more = options->more;
        plan->run.share = options->whole > 0 ? (double)n / options->whole : 1.0;
    }
    return run_regions(plan);
}

cairn_status cairn_plan_prepare(cairn_plan *plan)
{
    if (plan->options.training || plan->weights_ready)
        return CAIRN_OK;
    plan->preparing = true;
    cairn_status status = run_regions(plan);
    plan->preparing = false;
    return status;
}
