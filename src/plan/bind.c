/* Stage 6: weights and optimiser state by name, the arena, and for each thread a work order for each step in
 * which only the pointers of batched operands still change. */
#include "plan/plan.h"
#include <string.h>

static bool same_shape(const cairn_shape *a, const cairn_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static cairn_status find_tensor(cairn_plan *plan, const cairn_variable *variable, const cairn_shape *shape,
                                cairn_weights *weights, cairn_weights *state, const cairn_tensor **tensor)
{
    bool is_state = variable->role == CAIRN_ROLE_STATE;
    cairn_weights *container = is_state ? state : weights;
    if (container == NULL)
        return cairn_fail(plan->ctx, CAIRN_USAGE, "plan: '%s' needs a container for %s", variable->name,
                          is_state ? "the optimiser's state" : "weights");
    *tensor = cairn_weights_find(container, variable->name);
    if (*tensor == NULL && is_state)
        return cairn_weights_add(container, variable->name, plan->precision, cairn_layout_of(shape), shape,
                                 tensor);
    if (*tensor == NULL)
        return cairn_fail(plan->ctx, CAIRN_INPUT, "weights: tensor '%s' is missing", variable->name);
    return CAIRN_OK;
}

static cairn_status bind_variable(cairn_plan *plan, cairn_buffer *buffer, cairn_weights *weights,
                                  cairn_weights *state)
{
    const cairn_variable *variable = &plan->variables[buffer->source];
    const cairn_tensor *tensor = NULL;
    cairn_status status = find_tensor(plan, variable, &buffer->type.shape, weights, state, &tensor);
    if (status != CAIRN_OK)
        return status;
    if (tensor->data == NULL)
        return cairn_fail(plan->ctx, CAIRN_USAGE,
                          "weights: tensor '%s' is still in its file: cairn_weights_read first",
                          variable->name);
    if (tensor->dtype != plan->precision || !same_shape(&tensor->shape, &buffer->type.shape))
        return cairn_fail(plan->ctx, CAIRN_INPUT, "weights: tensor '%s' does not fit the plan in %s",
                          variable->name, tensor->dtype != plan->precision ? "type" : "shape");
    buffer->bound = tensor->data;
    return CAIRN_OK;
}

static bool is_used(const cairn_plan *plan, int buffer)
{
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].inputs && !plan->steps[s].idle; k++)
            if (plan->steps[s].in[k] == buffer)
                return true;
    return false;
}

static void write_constant(const cairn_plan *plan, const cairn_buffer *buffer)
{
    const double *from = plan->constants[buffer->source].data;
    char *to = plan->arena + buffer->offset;
    int64_t elements = cairn_shape_elements(&buffer->type.shape);
    for (int64_t i = 0; i < elements; i++) {
        if (plan->precision == CAIRN_F64)
            ((double *)(void *)to)[i] = from[i];
        else
            ((float *)(void *)to)[i] = (float)from[i];
    }
}

static char *base_of(const cairn_plan *plan, int index, const cairn_thread *thread)
{
    if (index < 0)
        return NULL;
    size_t within;
    const cairn_buffer *buffer = &plan->buffers[cairn_outermost(plan, index, &within)];
    switch (buffer->place) {
    case CAIRN_PLACE_BOUND:
        return buffer->bound;
    case CAIRN_PLACE_LOCAL:
        return thread->local + buffer->offset + within;
    case CAIRN_PLACE_ARENA:
        break;
    }
    return plan->arena + buffer->offset + within;
}

static void write_work(cairn_plan *plan, cairn_thread *thread, int index, char *scratch)
{
    const cairn_step *step = &plan->steps[index];
    cairn_work *work = &thread->work[index];
    work->site = &step->site;
    work->attrs = step->attrs;
    work->run = &plan->run;
    work->scratch = scratch;
    work->packed = base_of(plan, step->packed, thread);
    for (int k = 0; k < step->inputs; k++) {
        work->in[k] = step->site.in[k];
        work->in[k].data = base_of(plan, step->in[k], thread);
    }
    for (int k = 0; k < step->outputs; k++) {
        work->out[k] = step->site.out[k];
        work->out[k].data = base_of(plan, step->out[k], thread);
    }
}

static cairn_status make_threads(cairn_plan *plan)
{
    size_t steps = (size_t)plan->step_count + 1, own = plan->local_bytes + plan->scratch_bytes;
    char *memory = plan->arena + plan->arena_bytes - (size_t)plan->threads * own;
    plan->thread = cairn_alloc(plan->ctx, (size_t)plan->threads, sizeof *plan->thread);
    size_t counters = (size_t)(plan->region_count + 1) * (size_t)plan->threads * CAIRN_COUNTER_STRIDE;
    plan->next_task = cairn_alloc(plan->ctx, counters, sizeof *plan->next_task);
    if (plan->thread == NULL || plan->next_task == NULL)
        return CAIRN_MEMORY;
    for (int t = 0; t < plan->threads; t++, memory += own) {
        cairn_thread *thread = &plan->thread[t];
        thread->local = memory;
        thread->work = cairn_alloc(plan->ctx, steps, sizeof *thread->work);
        thread->seconds = cairn_alloc(plan->ctx, steps, sizeof *thread->seconds);
        if (thread->work == NULL || thread->seconds == NULL)
            return CAIRN_MEMORY;
        for (int s = 0; s < plan->step_count; s++)
            write_work(plan, thread, s, memory + plan->local_bytes);
    }
    return CAIRN_OK;
}

/* Every page is touched before the first run, but for those that it fills from all threads. In pieces, since
 * threads share the system's work of clearing them. */
#define TOUCHED_BYTES ((size_t)2 << 20)

static size_t pieces_of(size_t bytes)
{
    return (bytes + TOUCHED_BYTES - 1) / TOUCHED_BYTES;
}

static void touch(void *arg, size_t index)
{
    const cairn_plan *plan = arg;
    size_t before = pieces_of(plan->prepared_begin);
    size_t end = index < before ? plan->prepared_begin : plan->arena_bytes;
    size_t begin =
        index < before ? index * TOUCHED_BYTES : plan->prepared_end + (index - before) * TOUCHED_BYTES;
    memset(plan->arena + begin, 0, end - begin < TOUCHED_BYTES ? end - begin : TOUCHED_BYTES);
}

cairn_status cairn_plan_bind(cairn_plan *plan, cairn_weights *weights, cairn_weights *state)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < plan->buffer_count && status == CAIRN_OK; i++)
        if (plan->buffers[i].kind == CAIRN_BUFFER_VARIABLE && !plan->buffers[i].shared && is_used(plan, i) &&
            !cairn_is_read(plan, &plan->buffers[i]))
            status = bind_variable(plan, &plan->buffers[i], weights, state);
    if (status != CAIRN_OK)
        return status;
    plan->arena = cairn_alloc_aligned(plan->ctx, plan->arena_bytes);
    if (plan->arena == NULL)
        return CAIRN_MEMORY;
    size_t pieces = pieces_of(plan->prepared_begin) + pieces_of(plan->arena_bytes - plan->prepared_end);
    if (pieces * TOUCHED_BYTES > CAIRN_ONE_THREAD_BYTES)
        status = cairn_for_each(plan->ctx, pieces, touch, plan);
    else
        for (size_t i = 0; i < pieces; i++)
            touch(plan, i);
    if (status != CAIRN_OK)
        return status;
    for (int i = 0; i < plan->buffer_count; i++)
        if (plan->buffers[i].kind == CAIRN_BUFFER_CONSTANT)
            write_constant(plan, &plan->buffers[i]);
    return make_threads(plan);
}
