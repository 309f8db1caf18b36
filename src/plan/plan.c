/* Making, asking and ending a plan. */
#include "plan/plan.h"
#include "base/cpu.h"
#include <stdio.h>
#include <string.h>

static cairn_status check_options(cairn_ctx *ctx, const cairn_plan_options *options)
{
    if (options->batch < 1 || options->batch > 1 << 20)
        return cairn_fail(ctx, CAIRN_USAGE, "plan: expected a batch of 1 to %d, found %d", 1 << 20,
                          options->batch);
    bool reduced = options->precision == CAIRN_BF16;
    if (options->precision != CAIRN_F32 && options->precision != CAIRN_F64 && !reduced)
        return cairn_fail(ctx, CAIRN_USAGE, "plan: precision (expected F32, F64 or BF16, found %s)",
                          cairn_dtype_name(options->precision));
    if (reduced && options->reference)
        return cairn_fail(ctx, CAIRN_USAGE, "plan: reference kernels do not compute in BF16");
    const cairn_plan *share = options->share;
    if (share != NULL &&
        (options->training || !share->weights_ready || share->options.precision != options->precision))
        return cairn_fail(ctx, CAIRN_USAGE,
                          "plan: share (expected a prepared inference plan of the same precision)");
    if (reduced && cairn_isa_level() < CAIRN_ISA_AVX512BF16)
        cairn_log(
            ctx, CAIRN_LOG_INFO,
            "bf16: this processor has no instruction for it at level %s and multiplies no faster than in f32",
            cairn_isa_name());
    return CAIRN_OK;
}

static cairn_status go_through_stages(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *weights,
                                      const cairn_plan_options *options, cairn_plan **result)
{
    cairn_plan *plan = cairn_alloc(ctx, 1, sizeof *plan);
    if (plan == NULL)
        return CAIRN_MEMORY;
    plan->ctx = ctx;
    plan->options = *options;
    plan->precision = options->precision == CAIRN_F64 ? CAIRN_F64 : CAIRN_F32;
    plan->source = weights;
    cairn_status status = cairn_plan_lower(plan, graph);
    plan->options.outputs = NULL; /* the caller's text */
    if (status == CAIRN_OK)
        status = cairn_plan_fold(plan);
    if (status == CAIRN_OK)
        cairn_plan_fuse(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_recompute(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_reduce(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_choose(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_schedule(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_delay(plan);
    if (status == CAIRN_OK)
        status = cairn_plan_place(plan);
    plan->options.tuning = NULL; /* the caller's, for so long */
    if (status == CAIRN_OK)
        *result = plan;
    else
        cairn_plan_destroy(plan);
    return status;
}

/* Everything but memory for tensors. */
static cairn_status make(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *weights,
                         const cairn_plan_options *options, cairn_plan **result)
{
    cairn_plan_options chosen = {0};
    if (options != NULL)
        chosen = *options;
    if (chosen.batch == 0)
        chosen.batch = 1;
    *result = NULL;
    cairn_status status = cairn_graph_ok(graph) ? check_options(ctx, &chosen) : graph->status;
    if (status == CAIRN_OK)
        status = go_through_stages(ctx, graph, weights, &chosen, result);
    if (status != CAIRN_OK || !chosen.recompute)
        return status;
    /* Where images go through the layers in chunks, little is kept in the first place. */
    cairn_plan *plain;
    chosen.recompute = false;
    status = go_through_stages(ctx, graph, weights, &chosen, &plain);
    if (status == CAIRN_OK && plain->arena_bytes <= (*result)->arena_bytes) {
        cairn_plan *larger = *result;
        *result = plain;
        plain = larger;
    }
    if (status != CAIRN_OK) {
        plain = *result;
        *result = NULL;
    }
    cairn_plan_destroy(plain);
    return status;
}

cairn_status cairn_plan_create(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                               cairn_weights *state, const cairn_plan_options *options, cairn_plan **result)
{
    cairn_status status = make(ctx, graph, weights, options, result);
    if (status != CAIRN_OK)
        return status;
    status = cairn_plan_bind(*result, weights, state);
    if (status != CAIRN_OK) {
        cairn_plan_destroy(*result);
        *result = NULL;
    }
    return status;
}

void cairn_plan_destroy(cairn_plan *plan)
{
    if (plan == NULL)
        return;
    cairn_ctx *ctx = plan->ctx;
    for (int i = 0; i < plan->step_count; i++)
        cairn_free(ctx, plan->steps[i].name);
    for (int i = 0; i < plan->port_count; i++)
        cairn_free(ctx, plan->ports[i].name);
    for (int i = 0; i < plan->variable_count; i++)
        cairn_free(ctx, plan->variables[i].name);
    for (int i = 0; i < plan->constant_count; i++)
        cairn_free(ctx, plan->constants[i].data);
    for (int i = 0; plan->thread != NULL && i < plan->threads; i++) {
        cairn_free(ctx, plan->thread[i].work);
        cairn_free(ctx, plan->thread[i].seconds);
    }
    void *const blocks[] = {plan->values,    plan->root,      plan->buffer_of, plan->steps,
                            plan->buffers,   plan->order,     plan->regions,   plan->ports,
                            plan->variables, plan->constants, plan->thread,    plan->next_task};
    for (size_t i = 0; i < CAIRN_COUNT(blocks); i++)
        cairn_free(ctx, blocks[i]);
    cairn_free_aligned(ctx, plan->arena);
    cairn_free(ctx, plan);
}

/* The value behind a name: a port, or with keep_all a node. */
static bool find_value(const cairn_plan *plan, const char *name, uint32_t *value)
{
    for (int i = 0; i < plan->port_count; i++)
        if (strcmp(plan->ports[i].name, name) == 0) {
            *value = plan->ports[i].value.id;
            return true;
        }
    for (int s = 0; plan->options.keep_all && s < plan->step_count; s++)
        if (!plan->steps[s].is_pack && strcmp(plan->steps[s].name, name) == 0) {
            *value = plan->steps[s].out_value[0];
            return true;
        }
    return false;
}

void *cairn_plan_data(cairn_plan *plan, const char *name)
{
    uint32_t value;
    if (!find_value(plan, name, &value) || plan->buffer_of[plan->root[value]] < 0)
        return NULL;
    const cairn_buffer *buffer = &plan->buffers[plan->buffer_of[plan->root[value]]];
    return buffer->place == CAIRN_PLACE_BOUND ? buffer->bound : plan->arena + buffer->offset;
}

cairn_shape cairn_plan_shape(const cairn_plan *plan, const char *name)
{
    uint32_t value;
    return find_value(plan, name, &value) ? plan->values[value].type.shape : (cairn_shape){0};
}

cairn_dtype cairn_plan_dtype(const cairn_plan *plan, const char *name)
{
    uint32_t value;
    return find_value(plan, name, &value) ? cairn_element_dtype(plan, plan->values[value].type.element)
                                          : CAIRN_F32;
}

void cairn_plan_refresh(cairn_plan *plan)
{
    plan->weights_ready = false;
}

cairn_plan_memory cairn_plan_memory_of(const cairn_plan *plan)
{
    cairn_plan_memory memory = {.arena = plan->arena_bytes,
                                .packed = plan->prepared_end - plan->prepared_begin};
    for (int i = 0; i < plan->buffer_count; i++) {
        const cairn_buffer *buffer = &plan->buffers[i];
        if (buffer->kind != CAIRN_BUFFER_VARIABLE)
            continue;
        if (plan->variables[buffer->source].role == CAIRN_ROLE_STATE)
            memory.state += buffer->image_bytes;
        else
            memory.weights += buffer->image_bytes;
    }
    return memory;
}

cairn_status cairn_plan_estimate(cairn_ctx *ctx, const cairn_graph *graph, const cairn_plan_options *options,
                                 cairn_plan_memory *memory)
{
    cairn_plan *plan;
    cairn_plan_options untuned = options != NULL ? *options : (cairn_plan_options){0};
    untuned.tuning = NULL; /* measuring takes memory */
    cairn_status status = make(ctx, graph, NULL, &untuned, &plan);
    if (status != CAIRN_OK)
        return status;
    *memory = cairn_plan_memory_of(plan);
    cairn_plan_destroy(plan);
    return CAIRN_OK;
}

size_t cairn_plan_print(const cairn_plan *plan, char *text, size_t size)
{
    size_t length = 0;
    if (size > 0)
        text[0] = '\0';
    for (int i = 0; i < plan->step_count; i++) {
        const cairn_step *step = &plan->steps[plan->order[i]];
        const cairn_region *region = &plan->regions[step->region];
        bool room = length < size;
        int added = snprintf(room ? text + length : NULL, room ? size - length : 0, "%d %s %s %s %s.%s\n",
                             step->region,
                             region->of_weights ? "weights"
                             : region->chain    ? "chain"
                                                : "apart",
                             step->name, step->op->name, step->is_pack ? "pack" : step->kernel->name,
                             cairn_isa_text(step->kernel->isa));
        length += added > 0 ? (size_t)added : 0;
    }
    return length;
}
