/* Stage 3: buffers for values, and a kernel for each step: the first of the operator's list that this
 * processor runs, in this precision, for this shape. Kernels that want their weights packed get a step that
 * packs them; batch sums that are computed in parts get a step that adds the parts up. */
#include "base/cpu.h"
#include "ops/check.h"
#include "ops/sum_parts/sum_parts.h"
#include "plan/plan.h"
#include "plan/tuning.h"
#include <stdio.h>
#include <string.h>

/* A chunk of images should be worth this much work, so that handing it out costs nothing beside it ... */
#define CHUNK_FLOPS 4000000
/* ... but a batch should not be cut into more than this many, since batch sums are kept for each. */
#define MAX_CHUNKS 16
/* Images larger than this are worth dividing among threads by themselves ... */
#define CHAIN_IMAGE_FLOPS 64000000
/* ... unless each thread has so many chunks of its own. */
#define CHUNKS_PER_THREAD 4
#define MOST_KERNELS 8 /* that fit a step at one level */

static int buffer_for_value(cairn_plan *plan, uint32_t value, cairn_buffer_kind kind, int source)
{
    if (plan->buffer_of[value] >= 0)
        return plan->buffer_of[value];
    cairn_buffer buffer = {
        .kind = kind, .type = plan->values[value].type, .maker = -1, .inside = -1, .source = source};
    buffer.image_bytes =
        (size_t)cairn_shape_elements(&buffer.type.shape) * cairn_element_bytes(plan, buffer.type.element);
    buffer.images = buffer.type.shape.batched ? plan->options.batch : 1;
    buffer.of_weights = kind == CAIRN_BUFFER_CONSTANT || kind == CAIRN_BUFFER_VARIABLE;
    buffer.lasting = kind != CAIRN_BUFFER_VALUE || plan->options.keep_all;
    buffer.place = kind == CAIRN_BUFFER_VARIABLE ? CAIRN_PLACE_BOUND : CAIRN_PLACE_ARENA;
    return plan->buffer_of[value] = cairn_plan_add_buffer(plan, &buffer);
}

static bool is_used(const cairn_plan *plan, uint32_t value)
{
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].inputs; k++)
            if (plan->steps[s].in_value[k] == value)
                return true;
    return false;
}

/* Buffers of sources first, then of whatever the steps make. */
static bool make_buffers(cairn_plan *plan)
{
    bool ok = true;
    for (int i = 0; i < plan->variable_count; i++)
        if (is_used(plan, plan->variables[i].value.id))
            ok &= buffer_for_value(plan, plan->variables[i].value.id, CAIRN_BUFFER_VARIABLE, i) >= 0;
    for (int i = 0; i < plan->constant_count; i++)
        if (is_used(plan, plan->constants[i].value.id))
            ok &= buffer_for_value(plan, plan->constants[i].value.id, CAIRN_BUFFER_CONSTANT, i) >= 0;
    for (int i = 0; i < plan->port_count; i++)
        if (plan->ports[i].input)
            ok &= buffer_for_value(plan, plan->root[plan->ports[i].value.id], CAIRN_BUFFER_INPUT, i) >= 0;
    for (int s = 0; s < plan->step_count && ok; s++) {
        cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->inputs; k++)
            if (step->in_value[k] == 0)
                step->in[k] = -1; /* absent */
            else
                ok &= (step->in[k] = buffer_for_value(plan, step->in_value[k], CAIRN_BUFFER_VALUE, -1)) >= 0;
        for (int k = 0; k < step->outputs; k++)
            ok &= (step->out[k] = buffer_for_value(plan, step->out_value[k], CAIRN_BUFFER_VALUE, -1)) >= 0;
        for (int k = 0; k < step->outputs && ok && (step->op->flags & CAIRN_OP_LASTING) != 0; k++)
            plan->buffers[step->out[k]].lasting = true;
    }
    for (int i = 0; i < plan->port_count && ok; i++) {
        int buffer = plan->buffer_of[plan->root[plan->ports[i].value.id]];
        if (buffer >= 0)
            plan->buffers[buffer].lasting = true;
    }
    return ok;
}

/* Elements from pixel to pixel of a buffer: the channels of the one that it lies in, and its gap. */
static int64_t pitch_of(const cairn_plan *plan, int buffer)
{
    size_t bytes;
    const cairn_buffer *outer = &plan->buffers[cairn_outermost(plan, buffer, &bytes)];
    return cairn_channels(&outer->type.shape) + outer->gap;
}

static cairn_operand operand_of(const cairn_plan *plan, const cairn_value_type *type, int buffer)
{
    const cairn_shape *shape = &type->shape;
    cairn_operand operand = {.h = 1,
                             .w = 1,
                             .c = cairn_shape_elements(shape),
                             .shape = shape,
                             .batched = shape->batched,
                             .element = type->element};
    operand.elements = operand.c;
    if (shape->batched && shape->rank == 3) {
        operand.h = shape->dim[0];
        operand.w = shape->dim[1];
        operand.c = shape->dim[2];
    }
    bool apart = plan->buffers[buffer].inside >= 0 || plan->buffers[buffer].gap > 0;
    operand.pitch = apart ? pitch_of(plan, buffer) : operand.c;
    return operand;
}

static void describe_site(cairn_plan *plan, cairn_step *step)
{
    cairn_site *site = &step->site;
    *site = (cairn_site){.attrs = step->attrs,
                         .inputs = step->inputs,
                         .outputs = step->outputs,
                         .precision = step->precision,
                         .capacity = plan->options.batch,
                         .training = plan->options.training,
                         .exact = plan->options.exact,
                         .units = 1,
                         .unit_flops = 1,
                         .pack_units = 1};
    for (int k = 0; k < step->inputs; k++)
        if (step->in_value[k] != 0)
            site->in[k] = operand_of(plan, &plan->values[step->in_type[k]].type, step->in[k]);
    for (int k = 0; k < step->outputs; k++)
        site->out[k] = operand_of(plan, &plan->values[step->out_type[k]].type, step->out[k]);
}

static bool usable(cairn_plan *plan, cairn_step *step, const cairn_kernel *kernel)
{
    cairn_isa level = plan->options.reference ? CAIRN_ISA_SCALAR : cairn_isa_level();
    return kernel->isa <= level && (kernel->precisions & 1u << step->precision) != 0 &&
           (kernel->fits == NULL || kernel->fits(&step->site));
}

/* The first that is usable of the highest level that has any; if that one has a cost, the cheapest of them
 * that have. */
static const cairn_kernel *find_kernel(cairn_plan *plan, cairn_step *step)
{
    const cairn_kernel *best = NULL;
    double least = 0;
    for (const cairn_kernel *const *k = step->op->kernels; k != NULL && *k != NULL; k++) {
        bool higher = best == NULL || (*k)->isa > best->isa;
        bool rival = !higher && (*k)->isa == best->isa && (*k)->cost != NULL && best->cost != NULL;
        if ((!higher && !rival) || !usable(plan, step, *k))
            continue;
        double cost = (*k)->cost == NULL ? 0 : (*k)->cost(&step->site, cairn_machine_here());
        if (higher || cost < least) {
            best = *k;
            least = cost;
        }
    }
    return best;
}

/* With --tune: the fastest of those of the same level that are usable. What changes variables, or sums over
 * the batch, for which the plan cuts it only later, is not tried out. */
static cairn_status tune(cairn_plan *plan, cairn_step *step)
{
    const cairn_kernel *fitting[MOST_KERNELS];
    int count = 0;
    if (plan->options.tuning == NULL || step->kernel == NULL || step->kernel->isa == CAIRN_ISA_SCALAR ||
        (step->op->flags & (CAIRN_OP_BATCH_SUM | CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE)) != 0)
        return CAIRN_OK;
    for (const cairn_kernel *const *k = step->op->kernels; *k != NULL && count < MOST_KERNELS; k++)
        if ((*k)->isa == step->kernel->isa && usable(plan, step, *k))
            fitting[count++] = *k;
    return count < 2 ? CAIRN_OK : cairn_tune_step(plan, step, fitting, count, step->kernel, &step->kernel);
}

static cairn_status choose_kernel(cairn_plan *plan, cairn_step *step)
{
    describe_site(plan, step);
    if (step->kernel == NULL) {
        step->kernel = find_kernel(plan, step);
        cairn_status status = tune(plan, step);
        if (status != CAIRN_OK)
            return status;
    }
    if (step->kernel == NULL)
        return cairn_fail(plan->ctx, CAIRN_FAILURE, "%s: no kernel for %s in this precision", step->name,
                          step->op->name);
    if (step->kernel->plan != NULL)
        step->kernel->plan(&step->site);
    step->flops = cairn_units(&step->site) * step->site.unit_flops;
    return CAIRN_OK;
}

/* Images of a chunk follow from the shape alone, so that every machine and thread count gives the same bits.
 * Whether each thread takes chunks of its own through many steps does not change bits: it does so if images
 * are small, and, in training, if there are enough chunks that the threads end together; what a step makes is
 * then still in the cache for the next one. */
static void choose_chunk(cairn_plan *plan)
{
    int64_t image_flops = 1, batch = plan->options.batch;
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].site.per_image && !plan->steps[s].repeated)
            image_flops += plan->steps[s].flops / batch;
    int64_t chunk = cairn_max(CHUNK_FLOPS / image_flops, cairn_ceil_div(batch, MAX_CHUNKS));
    chunk = cairn_max(1, cairn_min(chunk, batch));
    plan->chunk =
        cairn_ceil_div(batch, cairn_ceil_div(batch, chunk)); /* equal chunks where it comes out even */
    plan->chains = image_flops <= CHAIN_IMAGE_FLOPS ||
                   (plan->options.training &&
                    cairn_ceil_div(batch, plan->chunk) >= CHUNKS_PER_THREAD * plan->ctx->threads);
}

/* Output k goes, part after part, into a buffer of its own, which becomes an operand of the step that joins.
 */
static bool part_output(cairn_plan *plan, int index, int k, cairn_step *join)
{
    cairn_step *step = &plan->steps[index];
    cairn_buffer parts = plan->buffers[step->out[k]];
    parts.kind = CAIRN_BUFFER_PARTS;
    parts.image_bytes = cairn_align(parts.image_bytes, 64);
    parts.images = cairn_ceil_div(plan->options.batch, plan->chunk);
    parts.lasting = false;
    int at = join->outputs++;
    join->inputs = join->outputs;
    join->in_value[at] = join->out_value[at] = join->in_type[at] = join->out_type[at] = step->out_value[k];
    join->out[at] = step->out[k];
    join->in[at] = step->out[k] = cairn_plan_add_buffer(plan, &parts);
    return join->in[at] >= 0;
}

/* Outputs first ... end - 1 of a step are made in parts; a new step makes the true outputs of them. */
static cairn_status join_parts(cairn_plan *plan, int index, const cairn_op *op, int first, int end)
{
    const cairn_operand *x = &plan->steps[index].site.in[0];
    const cairn_value_type *type = &plan->values[plan->steps[index].out_value[first]].type;
    size_t bytes = cairn_element_bytes(plan, type->element);
    cairn_parts_attrs attrs = {
        .images_per_part = plan->chunk,
        .stride = (int64_t)(cairn_align((size_t)cairn_shape_elements(&type->shape) * bytes, 64) / bytes),
        .pixels = x->h * x->w};
    cairn_step join = {.op = op, .packed = -1, .precision = plan->precision};
    memcpy(join.attrs, &attrs, sizeof attrs);
    for (int k = first; k < end; k++)
        if (!part_output(plan, index, k, &join))
            return CAIRN_MEMORY;
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.240s/parts", plan->steps[index].name);
    int added = cairn_plan_add_step(plan, &join, name);
    return added < 0 ? CAIRN_MEMORY : choose_kernel(plan, &plan->steps[added]);
}

static cairn_status add_parts(cairn_plan *plan, int index)
{
    const cairn_op *op = plan->steps[index].op;
    int outputs = plan->steps[index].outputs;
    if (op->join != NULL)
        return join_parts(plan, index, op->join, 0, outputs);
    cairn_status status = CAIRN_OK;
    for (int k = 0; k < outputs && status == CAIRN_OK; k++)
        status = join_parts(plan, index, &cairn_op_sum_parts, k, k + 1);
    return status;
}

/* The packed form that a step like this one has already, of the same weights; -1: none. */
static int packed_before(const cairn_plan *plan, const cairn_step *pack)
{
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *other = &plan->steps[s];
        bool same = other->is_pack && other->kernel == pack->kernel && other->inputs == pack->inputs &&
                    memcmp(other->attrs, pack->attrs, sizeof pack->attrs) == 0;
        for (int k = 0; k < pack->inputs && same; k++)
            same = other->in[k] == pack->in[k];
        if (same)
            return other->packed;
    }
    return -1;
}

static int new_packed(cairn_plan *plan, size_t bytes)
{
    cairn_buffer packed = {.kind = CAIRN_BUFFER_PACKED,
                           .type = {{.rank = 0}, CAIRN_BYTE},
                           .maker = -1,
                           .inside = -1,
                           .images = 1,
                           .image_bytes = bytes,
                           .lasting = true};
    return cairn_plan_add_buffer(plan, &packed);
}

static cairn_status add_pack(cairn_plan *plan, int index)
{
    cairn_step pack = plan->steps[index];
    pack.is_pack = true;
    pack.outputs = 0;
    /* Batched inputs are not there yet when weights are packed. */
    int kept = 0;
    for (int k = 0; k < pack.inputs; k++) {
        if (pack.in[k] >= 0 && plan->buffers[pack.in[k]].type.shape.batched)
            pack.in[k] = -1;
        kept += pack.in[k] >= 0;
    }
    int before = pack.repeated ? packed_before(plan, &pack) : -1;
    pack.packed = before >= 0 ? before : new_packed(plan, pack.site.packed);
    if (pack.packed < 0 || kept == 0)
        return CAIRN_MEMORY;
    pack.flops = (int64_t)pack.site.packed / 4 * CAIRN_PACK_COST;
    for (int k = 0; k < pack.inputs; k++)
        if ((pack.site.in_packed & 1u << k) != 0)
            plan->steps[index].in[k] = -1;
    plan->steps[index].packed = pack.packed;
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.240s/pack", pack.name);
    return before >= 0 || cairn_plan_add_step(plan, &pack, name) >= 0 ? CAIRN_OK : CAIRN_MEMORY;
}

/* Makers, and what depends on weights alone: steps are in an order in which makers come first, but for the
 * added ones, which are repeated until nothing changes. */
static void trace_weights(cairn_plan *plan)
{
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->outputs && !step->update; k++)
            plan->buffers[step->out[k]].maker = s;
        if (step->is_pack)
            plan->buffers[step->packed].maker = s;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < plan->step_count; s++) {
            cairn_step *step = &plan->steps[s];
            bool all = !step->of_weights && !step->update && step->inputs > 0;
            for (int k = 0; k < step->inputs && all; k++)
                all = step->in[k] < 0 || plan->buffers[step->in[k]].of_weights;
            for (int k = 0; k < step->outputs && all; k++)
                all = !plan->buffers[step->out[k]].type.shape.batched;
            if (!all)
                continue;
            step->of_weights = changed = true;
            for (int k = 0; k < step->outputs; k++)
                plan->buffers[step->out[k]].of_weights = true;
            if (step->is_pack)
                plan->buffers[step->packed].of_weights = true;
        }
    }
    for (int s = 0; s < plan->step_count; s++) /* what runs need again lasts */
        for (int k = 0; k < plan->steps[s].inputs && !plan->steps[s].of_weights; k++)
            if (plan->steps[s].in[k] >= 0 && plan->buffers[plan->steps[s].in[k]].of_weights)
                plan->buffers[plan->steps[s].in[k]].lasting = true;
}

/* Units of a task, by cost. */
static void choose_grain(const cairn_plan *plan, cairn_step *step)
{
    if (step->is_pack && step->unread != NULL)
        return; /* see unread.c */
    if (cairn_in_parts(step))
        step->grain = plan->chunk;
    else if (step->is_pack)
        step->grain =
            cairn_task_units(step->site.pack_units, step->flops / cairn_max(1, step->site.pack_units));
    else
        step->grain = cairn_task_units(cairn_units(&step->site), step->site.unit_flops);
}

cairn_status cairn_plan_choose(cairn_plan *plan)
{
    if (!make_buffers(plan))
        return CAIRN_MEMORY;
    cairn_status status = cairn_plan_nest(plan);
    int steps = plan->step_count;
    for (int s = 0; s < steps && status == CAIRN_OK; s++)
        status = choose_kernel(plan, &plan->steps[s]);
    choose_chunk(plan);
    for (int s = 0; s < steps && status == CAIRN_OK; s++)
        if (cairn_in_parts(&plan->steps[s]))
            status = add_parts(plan, s);
    steps = plan->step_count;
    for (int s = 0; s < steps && status == CAIRN_OK; s++)
        if (plan->steps[s].site.packed > 0)
            status = add_pack(plan, s);
    if (status == CAIRN_OK)
        status = cairn_plan_add_reads(plan);
    for (int s = 0; s < plan->step_count; s++) {
        plan->steps[s].site.attrs = plan->steps[s].attrs;
        choose_grain(plan, &plan->steps[s]);
    }
    if (status == CAIRN_OK) {
        trace_weights(plan);
        cairn_plan_keep_weights(plan);
    }
    return status;
}
