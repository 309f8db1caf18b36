/* Stage 3a: how pixels lie.
 *
 * Concatenation in place: the makers of a concatenation's parts write straight into ranges of its
 * channels, and a slice (the gradient of a part) is a range of what it is cut from; both need no work. A part
 * that cannot move, because it can be read from outside or lies in another whole already, is copied.
 *
 * Results over addends: what a convolution adds to its sums is often read by it last, and each number of the
 * result can take the place of the one that was added to it. Half as many lines come and go then where there
 * are few products for each; see docs/adr/0020.
 *
 * Gaps: pictures that are read or written a few channels at a time are so with steps of a pixel, and steps of
 * 512 bytes or a multiple fall into few sets of the caches, which do not hold a row. A line between pixels
 * helps; see docs/adr/0017. */
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

/* ---- concatenation in place ---- */

static void no_work(const cairn_work *work)
{
    (void)work;
}

static void plan_view(cairn_site *site)
{
    site->per_image = true;
}

/* What remains of a step whose output lies where it has to be: a place in the order. */
static const cairn_kernel in_place = {
    .name = "in place", .precisions = 1u << CAIRN_F32 | 1u << CAIRN_F64, .plan = plan_view, .run = no_work};

static bool same_picture(const cairn_shape *a, const cairn_shape *b)
{
    return a->batched && b->batched && a->rank == 3 && b->rank == 3 && a->dim[0] == b->dim[0] &&
           a->dim[1] == b->dim[1] && a->dim[2] == b->dim[2];
}

/* Is the buffer seen as (H, W, C) only, so that its pixels may lie apart? */
static bool only_pictures(const cairn_plan *plan, int buffer)
{
    const cairn_shape *own = &plan->buffers[buffer].type.shape;
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->inputs; k++)
            if (step->in[k] == buffer && !same_picture(own, &plan->values[step->in_type[k]].type.shape))
                return false;
        for (int k = 0; k < step->outputs; k++)
            if (step->out[k] == buffer && !same_picture(own, &plan->values[step->out_type[k]].type.shape))
                return false;
    }
    return true;
}

static bool movable(const cairn_plan *plan, int buffer)
{
    const cairn_buffer *b = &plan->buffers[buffer];
    return b->kind == CAIRN_BUFFER_VALUE && !b->lasting && b->inside < 0 && b->type.shape.batched &&
           (b->type.element == CAIRN_REAL || b->type.element == CAIRN_BFLOAT16) &&
           only_pictures(plan, buffer);
}

static size_t channel_bytes(const cairn_plan *plan, int buffer, int64_t channels)
{
    return (size_t)channels * cairn_element_bytes(plan, plan->buffers[buffer].type.element);
}

/* A step that copies a part into its range of the whole, which the concatenation then reads instead. */
static cairn_status add_copy(cairn_plan *plan, int index, int k, int whole, size_t offset)
{
    const cairn_step *concat = &plan->steps[index];
    uint32_t from = concat->in_type[k];
    int64_t channels = plan->values[from].type.shape.dim[2];
    cairn_slice_attrs attrs = {0, (int32_t)channels};
    cairn_step copy = {
        .op = &cairn_op_slice, .inputs = 1, .outputs = 1, .packed = -1, .precision = concat->precision};
    memcpy(copy.attrs, &attrs, sizeof attrs);
    cairn_buffer part = {.kind = CAIRN_BUFFER_VALUE,
                         .type = plan->values[from].type,
                         .images = plan->options.batch,
                         .maker = -1,
                         .inside = whole,
                         .inside_bytes = offset,
                         .source = -1};
    copy.in[0] = concat->in[k];
    copy.in_value[0] = concat->in_value[k];
    copy.in_type[0] = from;
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.230s/copy_%d", concat->name, k);
    uint32_t value = cairn_plan_add_value(plan, &part.type);
    int buffer = value == 0 ? -1 : cairn_plan_add_buffer(plan, &part);
    if (buffer < 0)
        return CAIRN_MEMORY;
    plan->buffer_of[value] = buffer;
    copy.out[0] = buffer;
    copy.out_value[0] = copy.out_type[0] = value;
    plan->steps[index].in[k] = buffer;
    plan->steps[index].in_value[k] = plan->steps[index].in_type[k] = value;
    return cairn_plan_add_step(plan, &copy, name) < 0 ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_status nest_concat(cairn_plan *plan, int index)
{
    int whole = plan->steps[index].out[0];
    int64_t channel = 0;
    cairn_status status = CAIRN_OK;
    for (int k = 0; k < plan->steps[index].inputs && status == CAIRN_OK; k++) {
        int part = plan->steps[index].in[k];
        int64_t channels = plan->values[plan->steps[index].in_type[k]].type.shape.dim[2];
        size_t offset = channel_bytes(plan, whole, channel);
        if (movable(plan, part)) {
            plan->buffers[part].inside = whole;
            plan->buffers[part].inside_bytes = offset;
        } else {
            status = add_copy(plan, index, k, whole, offset);
        }
        channel += channels;
    }
    plan->steps[index].kernel = &in_place;
    return status;
}

static void nest_slice(cairn_plan *plan, cairn_step *step)
{
    const cairn_slice_attrs *attrs = (const void *)step->attrs;
    if (!movable(plan, step->out[0]) || plan->buffers[step->in[0]].kind != CAIRN_BUFFER_VALUE ||
        !only_pictures(plan, step->in[0]))
        return;
    plan->buffers[step->out[0]].inside = step->in[0];
    plan->buffers[step->out[0]].inside_bytes = channel_bytes(plan, step->in[0], attrs->first);
    step->kernel = &in_place;
}

/* ---- results over addends ---- */

/* By step: whether step `last` can only run when it has. `maker` by buffer, -1: none. */
static void find_earlier(const cairn_plan *plan, const int *maker, int last, bool *earlier, int *stack)
{
    int depth = 0;
    memset(earlier, 0, (size_t)plan->step_count * sizeof *earlier);
    stack[depth++] = last;
    while (depth > 0) {
        const cairn_step *step = &plan->steps[stack[--depth]];
        for (int k = 0; k < step->inputs; k++) {
            int made_by = step->in[k] < 0 ? -1 : maker[step->in[k]];
            if (made_by < 0 || earlier[made_by])
                continue;
            earlier[made_by] = true;
            stack[depth++] = made_by;
        }
    }
}

/* Is the buffer, or a range of it, read by steps that must have run before `last`, and by `last` as its input
 * `input`, and by nothing else? */
static bool ends_with(const cairn_plan *plan, int buffer, const bool *earlier, int last, int input)
{
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->inputs; k++) {
            size_t bytes;
            bool reads = step->in[k] >= 0 && cairn_outermost(plan, step->in[k], &bytes) == buffer;
            if (reads && (s == last ? k != input : !earlier[s]))
                return false;
        }
    }
    return true;
}

/* A result over an addend over an addend ...: each lies in the next, whose life becomes that of all. */
static void lay_over(cairn_plan *plan, const int *maker, int s, bool *earlier, int *stack)
{
    const cairn_step *step = &plan->steps[s];
    int input = step->op->addend;
    if (!step->op->over_addend || step->inputs <= input || step->in[input] < 0)
        return;
    cairn_buffer *addend = &plan->buffers[step->in[input]], *result = &plan->buffers[step->out[0]];
    if (!movable(plan, step->in[input]) || result->inside >= 0 || addend->gap != result->gap ||
        addend->type.element != result->type.element || addend->image_bytes != result->image_bytes)
        return;
    find_earlier(plan, maker, s, earlier, stack);
    if (!ends_with(plan, step->in[input], earlier, s, input))
        return;
    addend->inside = step->out[0];
    addend->inside_bytes = 0;
}

static cairn_status lay_results_over(cairn_plan *plan)
{
    size_t steps = (size_t)plan->step_count + 1;
    int *maker = cairn_alloc(plan->ctx, (size_t)plan->buffer_count + 1, sizeof *maker);
    int *stack = cairn_alloc(plan->ctx, steps, sizeof *stack);
    bool *earlier = cairn_alloc(plan->ctx, steps, sizeof *earlier);
    bool room = maker != NULL && stack != NULL && earlier != NULL;
    for (int i = 0; i < plan->buffer_count && room; i++)
        maker[i] = -1;
    for (int s = 0; s < plan->step_count && room; s++)
        for (int k = 0; k < plan->steps[s].outputs && !plan->steps[s].update; k++)
            maker[plan->steps[s].out[k]] = s;
    for (int s = 0; s < plan->step_count && room; s++)
        lay_over(plan, maker, s, earlier, stack);
    cairn_free(plan->ctx, maker);
    cairn_free(plan->ctx, stack);
    cairn_free(plan->ctx, earlier);
    return room ? CAIRN_OK : CAIRN_MEMORY;
}

/* ---- gaps ---- */

#define LINE_BYTES 64
#define LEAST_STEP 512 /* bytes; lines so far apart fall into an eighth of the sets of a first cache */

static void lay_apart(cairn_plan *plan, int buffer)
{
    if (buffer < 0 || plan->buffers[buffer].gap > 0 || !movable(plan, buffer))
        return;
    cairn_buffer *b = &plan->buffers[buffer];
    const int64_t *size = b->type.shape.dim;
    int64_t bytes = (int64_t)cairn_element_bytes(plan, b->type.element);
    if (b->type.shape.rank != 3 || size[0] * size[1] == 1 || size[2] * bytes % LEAST_STEP != 0)
        return;
    b->gap = LINE_BYTES / bytes;
    b->image_bytes += (size_t)(size[0] * size[1] * LINE_BYTES);
}

static void leave_gaps(cairn_plan *plan)
{
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        if (step->op->narrow == NULL || !step->op->narrow(step->attrs))
            continue;
        for (int k = 0; k < step->inputs; k++)
            lay_apart(plan, step->in[k]);
        for (int k = 0; k < step->outputs; k++)
            lay_apart(plan, step->out[k]);
    }
}

cairn_status cairn_plan_nest(cairn_plan *plan)
{
    cairn_status status = CAIRN_OK;
    if (plan->options.keep_all)
        return CAIRN_OK;
    for (int s = plan->step_count - 1; s >= 0 && status == CAIRN_OK; s--) /* the outer whole first */
        if (plan->steps[s].op == &cairn_op_concat)
            status = nest_concat(plan, s);
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].op == &cairn_op_slice && plan->buffers[plan->steps[s].out[0]].inside < 0)
            nest_slice(plan, &plan->steps[s]);
    leave_gaps(plan);
    return status == CAIRN_OK ? lay_results_over(plan) : status;
}
