/* Stage 5: places. A value that is made and used within one chain lives in the thread's own memory, one chunk
 * of images at a time; others lie in the arena. Two buffers may share bytes when their lives do not meet. */
#include "base/cpu.h"
#include "plan/plan.h"
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define PAGE 4096

static void touch(cairn_plan *plan, int buffer, int region)
{
    for (; buffer >= 0; buffer = plan->buffers[buffer].inside) { /* a range keeps the whole alive */
        cairn_buffer *b = &plan->buffers[buffer];
        b->used_in = b->first > region && b->last < 0 ? region : b->used_in == region ? region : -1;
        b->first = (int)cairn_min(b->first, region);
        b->last = (int)cairn_max(b->last, region);
    }
}

static void find_lives(cairn_plan *plan)
{
    for (int i = 0; i < plan->buffer_count; i++) {
        plan->buffers[i].first = plan->region_count;
        plan->buffers[i].last = -1;
        plan->buffers[i].used_in = -1;
    }
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        if (step->idle)
            continue;
        for (int k = 0; k < step->inputs; k++)
            touch(plan, step->in[k], step->region);
        for (int k = 0; k < step->outputs; k++)
            touch(plan, step->out[k], step->region);
        touch(plan, step->packed, step->region);
    }
    for (int i = 0; i < plan->buffer_count; i++)
        if (plan->buffers[i].lasting) {
            plan->buffers[i].first = 0;
            plan->buffers[i].last = plan->region_count;
        }
}

/* Local values get lives in positions of their region's order instead. */
static void find_local(cairn_plan *plan)
{
    for (int i = 0; i < plan->buffer_count; i++) {
        cairn_buffer *b = &plan->buffers[i];
        if (b->inside < 0 && b->kind == CAIRN_BUFFER_VALUE && b->type.shape.batched && !b->lasting &&
            b->used_in >= 0 && plan->regions[b->used_in].chain) {
            b->place = CAIRN_PLACE_LOCAL;
            b->images = plan->chunk;
            b->first = plan->step_count;
            b->last = -1;
        }
    }
    for (int i = 0; i < plan->buffer_count; i++) {
        size_t bytes;
        plan->buffers[i].place = plan->buffers[cairn_outermost(plan, i, &bytes)].place;
    }
    for (int i = 0; i < plan->step_count; i++) {
        const cairn_step *step = &plan->steps[plan->order[i]];
        for (int k = 0; k < step->inputs + step->outputs; k++) {
            int buffer = k < step->inputs ? step->in[k] : step->out[k - step->inputs];
            if (buffer < 0 || plan->buffers[buffer].place != CAIRN_PLACE_LOCAL)
                continue;
            size_t bytes;
            buffer = cairn_outermost(plan, buffer, &bytes);
            plan->buffers[buffer].first = (int)cairn_min(plan->buffers[buffer].first, i);
            plan->buffers[buffer].last = (int)cairn_max(plan->buffers[buffer].last, i);
        }
    }
}

static size_t bytes_of(const cairn_buffer *b)
{
    return cairn_align(b->image_bytes * (size_t)b->images, ALIGNMENT);
}

static bool lives_meet(const cairn_buffer *a, const cairn_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

typedef struct entry {
    size_t bytes;
    int buffer;
} entry;

static int larger_first(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return a->buffer - b->buffer;
}

/* The lowest offset at which no buffer that is placed already and alive at the same time lies. `placed` is in
 * the order of offsets. */
static size_t lowest_offset(const cairn_plan *plan, const entry *placed, int count, size_t base,
                            const cairn_buffer *b)
{
    size_t offset = base, bytes = bytes_of(b);
    for (int i = 0; i < count; i++) {
        const cairn_buffer *other = &plan->buffers[placed[i].buffer];
        if (other->offset >= offset + bytes)
            break;
        if (lives_meet(b, other) && offset < other->offset + placed[i].bytes)
            offset = other->offset + placed[i].bytes;
    }
    return offset;
}

/* Keeps the first `count`, which are placed, and the next in the order of their offsets. */
static void insert_by_offset(const cairn_plan *plan, entry *entries, int count)
{
    entry added = entries[count];
    int at = count;
    while (at > 0 && plan->buffers[entries[at - 1].buffer].offset > plan->buffers[added.buffer].offset)
        at--;
    memmove(entries + at + 1, entries + at, (size_t)(count - at) * sizeof *entries);
    entries[at] = added;
}

/* What is computed from the weights and read in every run. */
static bool is_prepared(const cairn_buffer *b)
{
    return b->of_weights && b->lasting;
}

/* Largest first, each as low as it fits from *total on, which becomes the end of all of them. */
static cairn_status place_all(cairn_plan *plan, cairn_place place, bool prepared, size_t *total)
{
    size_t base = cairn_align(*total, PAGE);
    entry *entries = cairn_alloc(plan->ctx, (size_t)plan->buffer_count + 1, sizeof *entries);
    int count = 0;
    if (entries == NULL)
        return CAIRN_MEMORY;
    for (int i = 0; i < plan->buffer_count; i++)
        if (plan->buffers[i].inside < 0 && plan->buffers[i].place == place &&
            is_prepared(&plan->buffers[i]) == prepared && plan->buffers[i].last >= plan->buffers[i].first)
            entries[count++] = (entry){bytes_of(&plan->buffers[i]), i};
    qsort(entries, (size_t)count, sizeof *entries, larger_first);
    for (int i = 0; i < count; i++) {
        cairn_buffer *b = &plan->buffers[entries[i].buffer];
        b->offset = lowest_offset(plan, entries, i, base, b);
        if (b->offset + entries[i].bytes > *total)
            *total = b->offset + entries[i].bytes;
        insert_by_offset(plan, entries, i);
    }
    cairn_free(plan->ctx, entries);
    return CAIRN_OK;
}

/* Does a later step of the chain read the buffer, while the chunk of images is still in the cache? */
static bool read_at_once(const cairn_plan *plan, const cairn_region *region, int buffer)
{
    for (int i = 0; i < region->count && region->chain; i++) {
        const cairn_step *step = &plan->steps[plan->order[region->first + i]];
        for (int k = 0; k < step->inputs; k++)
            if (step->in[k] == buffer)
                return true;
    }
    return false;
}

/* What is larger than all caches has left them by the time that it is read. */
static void find_cold(cairn_plan *plan)
{
    size_t caches = (size_t)plan->threads * (size_t)cairn_machine_here()->l3_bytes;
    for (int s = 0; s < plan->step_count; s++) {
        cairn_step *step = &plan->steps[s];
        if (step->outputs == 0 || step->is_pack)
            continue;
        size_t within;
        const cairn_buffer *whole = &plan->buffers[cairn_outermost(plan, step->out[0], &within)];
        step->site.cold = whole->place == CAIRN_PLACE_ARENA && bytes_of(whole) > 2 * caches &&
                          !read_at_once(plan, &plan->regions[step->region], step->out[0]);
    }
}

cairn_status cairn_plan_place(cairn_plan *plan)
{
    size_t scratch = 0, shared = 0, prepared;
    find_lives(plan);
    find_local(plan);
    cairn_status status = place_all(plan, CAIRN_PLACE_ARENA, false, &shared);
    prepared = shared = cairn_align(shared, PAGE);
    if (status == CAIRN_OK)
        status = place_all(plan, CAIRN_PLACE_ARENA, true, &prepared);
    if (status == CAIRN_OK)
        status = place_all(plan, CAIRN_PLACE_LOCAL, false, &plan->local_bytes);
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].site.scratch > scratch)
            scratch = plan->steps[s].site.scratch;
    plan->scratch_bytes = cairn_align(scratch, PAGE);
    plan->local_bytes = cairn_align(plan->local_bytes, PAGE);
    plan->threads = plan->ctx->threads;
    plan->prepared_begin = shared;
    plan->prepared_end = cairn_align(prepared, PAGE);
    plan->arena_bytes =
        plan->prepared_end + (size_t)plan->threads * (plan->local_bytes + plan->scratch_bytes);
    find_cold(plan);
    return status;
}
