/* What the steps of a plan are and what they ask of the machine, for tables and pictures. */
#include "plan/plan.h"

int cairn_plan_step_count(const cairn_plan *plan)
{
    return plan->step_count;
}

void cairn_plan_profile(cairn_plan *plan, bool on)
{
    plan->profile = on;
}

/* The operator's own rule; what a kernel saves or adds does not count. Rules speak of one image where images
 * come in batches, be it only as inputs, as they do in sums over the batch. */
static int64_t work_of(const cairn_plan *plan, const cairn_step *step)
{
    if (step->op->macs == NULL || step->is_pack)
        return 0;
    const cairn_value_type *in[CAIRN_MAX_OPERANDS];
    bool batched = false;
    for (int k = 0; k < step->inputs; k++) {
        in[k] = &plan->values[step->in_type[k]].type;
        batched |= step->in_type[k] != 0 && in[k]->shape.batched;
    }
    int64_t macs = step->op->macs(step->attrs, in, &plan->values[step->out_type[0]].type);
    return 2 * macs * (batched ? plan->options.batch : 1);
}

typedef struct traffic {
    double batched, weights;
} traffic;

static void add_operand(const cairn_plan *plan, traffic *t, int buffer, uint32_t type, double share)
{
    const cairn_value_type *value = &plan->values[type].type;
    double bytes =
        (double)cairn_shape_elements(&value->shape) * (double)cairn_element_bytes(plan, value->element);
    double images = value->shape.batched ? plan->options.batch : 1;
    if (buffer >= 0) {
        bytes = (double)plan->buffers[buffer].image_bytes;
        images = (double)plan->buffers[buffer].images;
    }
    *(images > 1 || value->shape.batched ? &t->batched : &t->weights) += bytes * images * share;
}

/* A window that is smaller than its stride leaves pixels out. */
static double share_read(const cairn_step *step)
{
    const cairn_window *w = step->op->window != NULL ? step->op->window(step->attrs) : NULL;
    double share = 1;
    if (w != NULL && w->k_h < w->stride_h)
        share *= (double)w->k_h / w->stride_h;
    if (w != NULL && w->k_w < w->stride_w)
        share *= (double)w->k_w / w->stride_w;
    return share;
}

static traffic traffic_of(const cairn_plan *plan, const cairn_step *step)
{
    traffic t = {0, 0}, stored = {0, 0};
    for (int k = 0; k < step->inputs; k++) {
        bool in_packed = !step->is_pack && (step->site.in_packed & 1u << k) != 0;
        if (step->in_type[k] != 0 && (step->in[k] >= 0 || in_packed))
            add_operand(plan, in_packed ? &stored : &t, step->in[k], step->in_type[k],
                        k == 0 ? share_read(step) : 1);
    }
    for (int k = 0; k < step->outputs; k++)
        add_operand(plan, &t, step->out[k], step->out_type[k], 1);
    /* A packed form may be larger, which is the kernel's affair, or have shorter numbers. */
    double packed = step->packed >= 0 ? (double)plan->buffers[step->packed].image_bytes : 0;
    t.weights += step->is_pack || packed < stored.weights ? packed : stored.weights;
    return t;
}

cairn_step_info cairn_plan_step_at(const cairn_plan *plan, int index)
{
    int s = plan->order[index];
    const cairn_step *step = &plan->steps[s];
    traffic t = traffic_of(plan, step);
    cairn_step_info info = {.name = step->name,
                            .op = step->op->name,
                            .kernel = step->kernel->name,
                            .isa = cairn_isa_text(step->kernel->isa),
                            .flops = step->flops,
                            .work = work_of(plan, step),
                            .bytes = (int64_t)(t.batched + t.weights),
                            .working_set = (int64_t)(t.batched + t.weights),
                            .prepares = step->of_weights && !plan->options.training};
    if (plan->regions[step->region].chain) { /* each thread has a chunk, and needs all weights */
        double chunks = (double)cairn_ceil_div(plan->options.batch, plan->chunk);
        info.working_set = (int64_t)(plan->threads * (t.batched / chunks + t.weights));
    }
    for (int i = 0; i < plan->threads && plan->thread != NULL; i++)
        info.seconds += plan->thread[i].seconds[s];
    return info;
}
