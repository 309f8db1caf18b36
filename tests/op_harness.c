/* Runs one operator without a plan. */
#include "op_harness.h"
#include "ops/sum_parts/sum_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 0x5A
#define GUARD_BYTES 256

uint64_t op_random_next(op_random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

int64_t op_random_range(op_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)(op_random_next(random) % (uint64_t)(high - low + 1));
}

double op_random_unit(op_random *random)
{
    return (double)(op_random_next(random) >> 40) * 0x1p-23 - 1.0;
}

int64_t op_tensor_count(const op_tensor *tensor)
{
    return tensor->n * cairn_shape_elements(&tensor->type.shape);
}

op_tensor op_tensor_new(cairn_shape shape, cairn_element element, int64_t n)
{
    op_tensor tensor = {.type = {shape, element}, .n = shape.batched ? n : 1};
    tensor.data = calloc((size_t)op_tensor_count(&tensor), sizeof *tensor.data);
    if (tensor.data == NULL)
        abort();
    return tensor;
}

void op_tensor_free(op_tensor *tensor)
{
    free(tensor->data);
    tensor->data = NULL;
}

void op_tensor_fill(op_tensor *tensor, op_random *random)
{
    int64_t count = op_tensor_count(tensor);
    for (int64_t i = 0; i < count; i++)
        tensor->data[i] = op_random_unit(random);
}

cairn_status op_call_infer(op_call *call, cairn_ctx *ctx)
{
    cairn_infer rule = {.ctx = ctx,
                        .name = "test",
                        .attrs = call->attrs,
                        .inputs = call->inputs,
                        .outputs = call->op->outputs};
    for (int i = 0; i < call->inputs; i++) {
        rule.in[i] = &call->in[i].type;
        if (call->in[i].n == 0 && rule.inputs > i)
            rule.inputs = i;
    }
    cairn_status status = call->op->infer(&rule);
    if (status != CAIRN_OK)
        return status;
    for (int i = 0; i < call->op->outputs; i++) {
        op_tensor_free(&call->out[i]);
        call->out[i] = op_tensor_new(rule.out[i].shape, rule.out[i].element, call->run.n);
    }
    return CAIRN_OK;
}

void op_call_free(op_call *call)
{
    for (int i = 0; i < CAIRN_MAX_OPERANDS; i++) {
        op_tensor_free(&call->in[i]);
        op_tensor_free(&call->out[i]);
    }
}

bool op_kernel_runs(const cairn_kernel *kernel, cairn_dtype precision)
{
    return kernel->isa <= cairn_isa_detected() && (kernel->precisions >> precision & 1) != 0;
}

const cairn_kernel *op_reference(const cairn_op *op, cairn_dtype precision)
{
    for (int i = 0; op->kernels[i] != NULL; i++)
        if (op->kernels[i]->isa == CAIRN_ISA_SCALAR && (op->kernels[i]->precisions >> precision & 1) != 0)
            return op->kernels[i];
    return NULL;
}

/* ---- bfloat16 ---- */

uint16_t op_bf16(double value)
{
    float f = (float)value;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (f != f)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double op_from_bf16(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* ---- operands in memory ---- */

static size_t element_bytes(cairn_element element, cairn_dtype precision)
{
    switch (element) {
    case CAIRN_REAL:
        return precision == CAIRN_F64 ? 8 : 4;
    case CAIRN_BYTE:
        return 1;
    case CAIRN_BFLOAT16:
        return 2;
    case CAIRN_INT32:
    case CAIRN_FLOAT32:
        return 4;
    case CAIRN_INT64:
        break;
    }
    return 8;
}

static void put(char *at, cairn_element element, cairn_dtype precision, double value)
{
    if (element == CAIRN_REAL && precision == CAIRN_F64)
        *(double *)(void *)at = value;
    else if (element == CAIRN_REAL || element == CAIRN_FLOAT32)
        *(float *)(void *)at = (float)value;
    else if (element == CAIRN_BFLOAT16)
        *(uint16_t *)(void *)at = op_bf16(value);
    else if (element == CAIRN_BYTE)
        *(uint8_t *)at = (uint8_t)value;
    else if (element == CAIRN_INT32)
        *(int32_t *)(void *)at = (int32_t)value;
    else
        *(int64_t *)(void *)at = (int64_t)value;
}

static double get(const char *at, cairn_element element, cairn_dtype precision)
{
    if (element == CAIRN_REAL && precision == CAIRN_F64)
        return *(const double *)(const void *)at;
    if (element == CAIRN_REAL || element == CAIRN_FLOAT32)
        return (double)*(const float *)(const void *)at;
    if (element == CAIRN_BFLOAT16)
        return op_from_bf16(*(const uint16_t *)(const void *)at);
    if (element == CAIRN_BYTE)
        return *(const uint8_t *)at;
    if (element == CAIRN_INT32)
        return *(const int32_t *)(const void *)at;
    return (double)*(const int64_t *)(const void *)at;
}

/* An operand with its memory: guards before, behind and between pixels. */
typedef struct placed {
    cairn_operand operand;
    char *memory;
    size_t width, bytes;
    cairn_element element;
    cairn_dtype precision;
    int64_t n;
} placed;

static placed place(const op_tensor *tensor, cairn_dtype precision, int64_t extra_pitch)
{
    const cairn_shape *shape = &tensor->type.shape;
    placed p = {.element = tensor->type.element, .precision = precision, .n = tensor->n};
    cairn_operand *o = &p.operand;
    if (p.element == CAIRN_REAL && precision == CAIRN_BF16 && shape->batched)
        p.element = CAIRN_BFLOAT16; /* parameters are floats */
    o->element = p.element;
    o->elements = cairn_shape_elements(shape);
    o->batched = shape->batched;
    o->shape = shape;
    o->h = o->w = 1;
    o->c = o->elements;
    if (shape->batched && shape->rank == 3) {
        o->h = shape->dim[0];
        o->w = shape->dim[1];
        o->c = shape->dim[2];
    }
    o->pitch = o->c + (shape->batched && shape->rank == 3 ? extra_pitch : 0);
    p.width = element_bytes(p.element, precision);
    p.bytes = (size_t)(p.n * o->h * o->w * o->pitch) * p.width;
    size_t room = (p.bytes + 2 * GUARD_BYTES + 63) / 64 * 64;
    p.memory = aligned_alloc(64, room);
    if (p.memory == NULL)
        abort();
    memset(p.memory, GUARD, room);
    o->data = p.memory + GUARD_BYTES;
    return p;
}

static void store(placed *p, const op_tensor *tensor)
{
    const cairn_operand *o = &p->operand;
    for (int64_t pixel = 0; pixel < p->n * o->h * o->w; pixel++)
        for (int64_t c = 0; c < o->c; c++)
            put(o->data + (size_t)(pixel * o->pitch + c) * p->width, p->element, p->precision,
                tensor->data[pixel * o->c + c]);
}

static void fetch(const placed *p, op_tensor *tensor)
{
    const cairn_operand *o = &p->operand;
    for (int64_t pixel = 0; pixel < p->n * o->h * o->w; pixel++)
        for (int64_t c = 0; c < o->c; c++)
            tensor->data[pixel * o->c + c] =
                get(o->data + (size_t)(pixel * o->pitch + c) * p->width, p->element, p->precision);
}

static bool all_guard(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != GUARD)
            return false;
    return true;
}

static bool guards_hold(const placed *p)
{
    const cairn_operand *o = &p->operand;
    bool hold = all_guard(p->memory, GUARD_BYTES) && all_guard(o->data + p->bytes, GUARD_BYTES);
    for (int64_t pixel = 0; pixel < p->n * o->h * o->w && hold; pixel++)
        hold = all_guard(o->data + (size_t)(pixel * o->pitch + o->c) * p->width,
                         (size_t)(o->pitch - o->c) * p->width);
    return hold;
}

/* ---- running ---- */

typedef struct session {
    cairn_site site;
    cairn_work work;
    placed in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
} session;

static void *aligned_bytes(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (memory == NULL)
        abort();
    memset(memory, GUARD, (bytes + 127) / 64 * 64);
    return memory;
}

/* Where pitches are drawn, half of the time an output that may lie where the addend does is put there. */
static void place_over_addend(const op_call *call, session *s, op_random *coin)
{
    int addend = call->op->addend;
    if (!call->op->over_addend || call->pitches == 0 || call->inputs <= addend || call->in[addend].n == 0 ||
        s->in[addend].element != s->out[0].element || op_random_range(coin, 0, 1) == 0)
        return;
    free(s->out[0].memory);
    s->out[0] = s->in[addend];
    s->in[addend].memory = NULL; /* which is freed once */
    s->work.out[0] = s->work.in[addend];
    s->site.out[0] = s->site.in[addend];
}

static void place_all(op_call *call, session *s, cairn_dtype precision)
{
    op_random pitches = {call->pitches};
    int64_t widest = call->pitches != 0 ? 5 : 0;
    for (int i = 0; i < call->inputs; i++) {
        int64_t pitch = op_random_range(&pitches, 0, widest);
        if (call->in[i].n == 0)
            continue;
        s->in[i] = place(&call->in[i], precision, pitch);
        store(&s->in[i], &call->in[i]);
        s->work.in[i] = s->site.in[i] = s->in[i].operand;
        s->site.in[i].data = NULL;
    }
    for (int i = 0; i < call->op->outputs; i++) {
        s->out[i] = place(&call->out[i], precision, op_random_range(&pitches, 0, widest));
        s->work.out[i] = s->site.out[i] = s->out[i].operand;
        s->site.out[i].data = NULL;
        if ((call->op->flags & CAIRN_OP_IN_PLACE) != 0) {
            int from = call->op->in_place[i];
            store(&s->out[i], &call->in[from]);
            s->work.in[from].data = s->work.out[i].data;
        }
    }
    place_over_addend(call, s, &pitches);
}

/* Moves the batched operands of the work order to image `image`. */
static void seek(session *s, cairn_work *work, int64_t image)
{
    work->first_image = image;
    for (int i = 0; i < s->site.inputs; i++)
        if (work->in[i].batched)
            work->in[i].data +=
                (size_t)(image * work->in[i].h * work->in[i].w * work->in[i].pitch) * s->in[i].width;
    for (int i = 0; i < s->site.outputs; i++)
        if (work->out[i].batched)
            work->out[i].data +=
                (size_t)(image * work->out[i].h * work->out[i].w * work->out[i].pitch) * s->out[i].width;
}

/* The outputs `first` ... end - 1 of all images from those of parts, in double, by the operator that joins.
 */
static void join_parts(op_call *call, const session *s, const cairn_op *op, double *const *parts, int first,
                       int end, int64_t per_part)
{
    const cairn_operand *x = &s->site.in[0];
    cairn_parts_attrs attrs = {per_part, op_tensor_count(&call->out[first]), x->h * x->w};
    cairn_site site = {.attrs = &attrs, .capacity = call->run.n, .units = 1};
    cairn_work work = {.site = &site, .attrs = &attrs, .run = &call->run};
    const cairn_kernel *const *kernel = op->kernels;
    while (((*kernel)->precisions & 1u << CAIRN_F64) == 0)
        kernel++;
    for (int o = first; o < end; o++) {
        work.in[o - first].data = (char *)parts[o];
        work.out[o - first] =
            (cairn_operand){.data = (char *)call->out[o].data, .elements = op_tensor_count(&call->out[o])};
    }
    site.out[0] = work.out[0];
    (*kernel)->plan(&site);
    work.end = site.units;
    work.scratch = malloc(site.scratch + 1);
    (*kernel)->run(&work);
    free(work.scratch);
}

/* Per-image kernels of batch sums: every piece writes a part of its own, and the parts are joined. */
static void run_parts(op_call *call, session *s, const cairn_kernel *kernel)
{
    int64_t n = call->run.n, per = op_random_range(&call->random, 1, n), count = (n + per - 1) / per;
    double *parts[CAIRN_MAX_OPERANDS];
    for (int o = 0; o < s->site.outputs; o++)
        parts[o] = malloc((size_t)(count * op_tensor_count(&call->out[o])) * sizeof(double));
    for (int64_t p = 0; p < count; p++) {
        cairn_work work = s->work;
        seek(s, &work, p * per);
        work.end = (p == count - 1 ? n - p * per : per) * s->site.units;
        kernel->run(&work);
        for (int o = 0; o < s->site.outputs; o++) {
            int64_t elements = op_tensor_count(&call->out[o]);
            op_tensor part = op_tensor_new(call->out[o].type.shape, call->out[o].type.element, 1);
            fetch(&s->out[o], &part);
            memcpy(parts[o] + p * elements, part.data, (size_t)elements * sizeof(double));
            op_tensor_free(&part);
        }
    }
    if (call->op->join != NULL)
        join_parts(call, s, call->op->join, parts, 0, s->site.outputs, per);
    for (int o = 0; o < s->site.outputs; o++) {
        if (call->op->join == NULL)
            join_parts(call, s, &cairn_op_sum_parts, parts, o, o + 1, per);
        free(parts[o]);
    }
}

static void run_pieces(op_call *call, session *s, const cairn_kernel *kernel)
{
    int64_t per = s->site.units, units = s->site.per_image ? per * call->run.n : per;
    for (int64_t unit = 0, next; unit < units; unit = next) {
        next = unit + op_random_range(&call->random, 1, units - unit);
        cairn_work work = s->work;
        int64_t image = s->site.per_image ? unit / per : 0;
        seek(s, &work, image);
        work.begin = unit - image * per;
        work.end = next - image * per;
        work.goes_on = !s->site.per_image && unit > 0 && op_random_range(&call->random, 0, 1) == 1;
        if (!work.goes_on)
            memset(work.scratch, 0xff, s->site.scratch); /* which are no numbers */
        kernel->run(&work);
    }
    for (int o = 0; o < s->site.outputs; o++)
        fetch(&s->out[o], &call->out[o]);
}

static bool finish(op_call *call, session *s, const cairn_kernel *kernel)
{
    bool hold = true;
    for (int i = 0; i < call->inputs; i++)
        hold &= s->in[i].memory == NULL || guards_hold(&s->in[i]);
    for (int i = 0; i < call->op->outputs; i++)
        hold &= guards_hold(&s->out[i]);
    hold &=
        all_guard(s->work.scratch + s->site.scratch, 64) && all_guard(s->work.packed + s->site.packed, 64);
    if (!hold)
        printf("%s.%s (%s) wrote outside its operands\n", call->op->name, kernel->name,
               cairn_isa_text(kernel->isa));
    return hold;
}

op_result op_call_run(op_call *call, const cairn_kernel *kernel, cairn_dtype precision)
{
    session s = {.site = {.attrs = call->attrs,
                          .inputs = call->inputs,
                          .outputs = call->op->outputs,
                          .precision = precision,
                          .capacity = call->run.n,
                          .training = call->training,
                          .cold = call->training, /* as good as anything */
                          .units = 1,
                          .unit_flops = 1,
                          .pack_units = 1}};
    call->run.capacity = call->run.n;
    place_all(call, &s, precision);
    op_result result = OP_UNFIT;
    if (kernel->fits == NULL || kernel->fits(&s.site)) {
        if (kernel->plan != NULL)
            kernel->plan(&s.site);
        s.work.site = &s.site;
        s.work.attrs = call->attrs;
        s.work.run = &call->run;
        s.work.packed = aligned_bytes(s.site.packed);
        s.work.scratch = aligned_bytes(s.site.scratch);
        if (s.site.packed > 0)
            for (int64_t unit = 0, next; unit < s.site.pack_units; unit = next) {
                cairn_work work = s.work;
                next = unit + op_random_range(&call->random, 1, s.site.pack_units - unit);
                work.begin = unit;
                work.end = next;
                kernel->pack(&work);
            }
        if ((call->op->flags & CAIRN_OP_BATCH_SUM) != 0 && s.site.per_image)
            run_parts(call, &s, kernel);
        else
            run_pieces(call, &s, kernel);
        result = finish(call, &s, kernel) ? OP_RAN : OP_STRAYED;
        free(s.work.packed);
        free(s.work.scratch);
    }
    for (int i = 0; i < call->inputs; i++)
        free(s.in[i].memory);
    for (int i = 0; i < call->op->outputs; i++)
        free(s.out[i].memory);
    return result;
}
