/* The inside of a plan. It is made in stages, one file each:
 *   lower.c     nodes that are needed become steps on values; views vanish
 *   fold.c      padding, normalisation and scaling move into convolutions
 *   fuse.c      activations move into the steps that make their inputs
 *   recompute.c what training makes a second time instead of keeping it
 *   precision.c which activations are stored in bfloat16
 *   nest.c      parts of concatenations become ranges of the whole, results take their addends' place
 *   choose.c    a kernel for each step; packed forms, parts of batch sums and the steps that make them
 *   tune.c      the same by measuring, when that is asked for; tuning.c keeps what was measured
 *   unread.c    steps that read parameters from their file
 *   prepared.c  what inference keeps of the weights, and what it takes over from another plan
 *   schedule.c  steps are ordered in regions, between which the threads meet
 *   delay.c     training packs weights shortly before they are used
 *   memory.c    every buffer gets its place
 *   bind.c      weights, arena, pointers of each thread
 * and run by execute.c; steps.c tells what they ask of the machine, peak.c and bandwidth.c what it can do. */
#ifndef CAIRN_PLAN_PLAN_H
#define CAIRN_PLAN_PLAN_H

#include "base/threads.h"
#include "graph/graph.h"
#include <cairn/plan.h>
#include <stdatomic.h>

typedef enum cairn_place {
    CAIRN_PLACE_ARENA, /* in the arena, for all images */
    CAIRN_PLACE_LOCAL, /* in a thread's own memory, for one chunk of images: made and used within one region
                        */
    CAIRN_PLACE_BOUND, /* a tensor of the weights or the optimiser's state */
} cairn_place;

typedef enum cairn_buffer_kind {
    CAIRN_BUFFER_VALUE,
    CAIRN_BUFFER_INPUT,
    CAIRN_BUFFER_CONSTANT,
    CAIRN_BUFFER_VARIABLE,
    CAIRN_BUFFER_PARTS,  /* partial sums over the batch, one for each chunk */
    CAIRN_BUFFER_PACKED, /* a kernel's own form of the weights */
} cairn_buffer_kind;

/* Memory of a value, or of something that lowering adds. */
typedef struct cairn_buffer {
    cairn_buffer_kind kind;
    cairn_value_type type;
    size_t image_bytes; /* of one image if batched, of one part, else of the whole */
    int64_t images;     /* images or parts it has room for; 1 if neither */
    int64_t gap;        /* elements between neighbouring pixels that hold nothing */
    bool lasting;       /* read or written from outside: keeps its place for the whole run and after */
    bool of_weights;    /* depends on weights and constants alone */
    bool shared;        /* another plan's: bound to its memory */
    int maker;          /* step, -1: none */
    int first, last;    /* life: regions, or positions within the region if local */
    int used_in;        /* the only region that uses it, -1: several */
    cairn_place place;
    size_t offset;
    int inside;          /* the buffer that this one is a range of channels of, or all of them, -1: none */
    size_t inside_bytes; /* where in a pixel of it */
    int source;          /* variable or constant of the graph that it came from */
    char *bound;         /* CAIRN_PLACE_BOUND: the data; of a variable kept in the arena: what is copied */
} cairn_buffer;

typedef struct cairn_step {
    char *name;
    const cairn_op *op;
    const cairn_kernel *kernel;
    _Alignas(16) char attrs[CAIRN_ATTR_BYTES];
    int inputs, outputs;
    uint32_t in_value[CAIRN_MAX_OPERANDS], out_value[CAIRN_MAX_OPERANDS]; /* roots: whose memory it is */
    uint32_t in_type[CAIRN_MAX_OPERANDS], out_type[CAIRN_MAX_OPERANDS]; /* values: the shape it is seen in */
    int in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];                /* buffers */
    int packed;                                                         /* buffer, -1: none */
    bool is_pack;                                                       /* runs kernel->pack */
    bool update, last;                                                  /* CAIRN_OP_UPDATE, CAIRN_OP_LAST */
    bool backward;         /* belongs to gradients or the update */
    bool repeated;         /* makes again what was dropped */
    uint32_t after;        /* a value that must have been made before; 0: none */
    cairn_dtype precision; /* of its kernel; REAL is not affected by BF16 */
    bool of_weights;
    bool idle;                  /* everything it would make is shared */
    const cairn_tensor *unread; /* it reads this tensor's file, and packs what it read if it is_pack */
    cairn_site site;
    int region;
    int64_t grain; /* units of a task, or images of a chunk */
    int64_t flops; /* of a full batch */
} cairn_step;

typedef struct cairn_region {
    int first, count; /* in plan->order */
    bool chain;       /* tasks are chunks of images that go through all steps */
    bool of_weights;  /* inference runs it once */
} cairn_region;

/* What a thread keeps ready: a work order for each step, and its counters. */
typedef struct cairn_thread {
    cairn_work *work; /* by step */
    char *local;
    int last_step; /* what it did last in the region, -1: nothing yet; and up to which unit */
    int64_t last_end;
    double *seconds; /* by step, when profiling */
} cairn_thread;

struct cairn_plan {
    cairn_ctx *ctx;
    cairn_plan_options options;
    cairn_dtype precision; /* of REAL: F32 or F64 */
    cairn_value *values;   /* copy of the graph's types */
    uint32_t *root;        /* by value: the value whose memory it is */
    int *buffer_of;        /* by root value, -1: none */
    cairn_step *steps;
    cairn_buffer *buffers;
    int *order;
    cairn_region *regions;
    cairn_port *ports; /* names that can be read or written */
    cairn_variable *variables;
    cairn_constant *constants;
    int value_count, step_count, buffer_count, region_count, port_count, variable_count, constant_count;
    int step_room, buffer_room;
    bool chains;   /* images go through regions in chunks */
    int64_t chunk; /* images of one */
    size_t arena_bytes, local_bytes, scratch_bytes;
    size_t prepared_begin, prepared_end; /* of the arena: what is computed from the weights */
    int threads;
    char *arena;
    cairn_thread *thread;
    atomic_llong *next_task; /* by region and share, see cairn_next_task */
    cairn_barrier barrier;
    cairn_run_values run;
    bool weights_ready;          /* regions of weights were run since the last change */
    bool preparing;              /* none but those run */
    bool touched;                /* all threads have used their stacks */
    const cairn_weights *source; /* while the plan is made; NULL: none */
    atomic_int unreadable;       /* a step that could not read its file, + 1 */
    bool profile;
};

/* The stages. */
cairn_status cairn_plan_lower(cairn_plan *plan, const cairn_graph *graph);
void cairn_plan_fuse(cairn_plan *plan);
cairn_status cairn_plan_recompute(cairn_plan *plan);
cairn_status cairn_plan_choose(cairn_plan *plan);
cairn_status cairn_plan_schedule(cairn_plan *plan);
cairn_status cairn_plan_delay(cairn_plan *plan);
cairn_status cairn_plan_place(cairn_plan *plan);
cairn_status cairn_plan_bind(cairn_plan *plan, cairn_weights *weights, cairn_weights *state);

/* Stage 2a: padding, normalisation and scaling move into the convolutions beside them (inference). */
cairn_status cairn_plan_fold(cairn_plan *plan);
/* Stage 3a: parts of concatenations become ranges of the whole, results take their addends' place. */
cairn_status cairn_plan_nest(cairn_plan *plan);

/* Stage 3b: activations in bfloat16, and every step's precision. */
cairn_status cairn_plan_reduce(cairn_plan *plan);
/* Stage 3b: steps that read the parameters that are still in their file (inference). */
cairn_status cairn_plan_add_reads(cairn_plan *plan);
cairn_status cairn_plan_end_reads(cairn_plan *plan, cairn_status status);
static inline bool cairn_is_read(const cairn_plan *plan, const cairn_buffer *variable)
{
    return variable->maker >= 0 && plan->steps[variable->maker].unread != NULL;
}

/* Stage 5a: parameters that runs read are kept; what options.share holds is not made again. */
void cairn_plan_keep_weights(cairn_plan *plan);

/* Facts about steps on values, before there are buffers: the only maker of a value, the number of its
 * readers, whether it can be read from outside. */
cairn_step *cairn_plan_maker_of(cairn_plan *plan, uint32_t value);
int cairn_plan_count_uses(const cairn_plan *plan, uint32_t value);
bool cairn_plan_is_port(const cairn_plan *plan, uint32_t value);

/* Removes the steps that have no outputs left. */
void cairn_plan_sweep(cairn_plan *plan);

/* A new value of that type; 0 without memory. */
uint32_t cairn_plan_add_value(cairn_plan *plan, const cairn_value_type *type);

/* Appends; the returned index is -1 without memory. */
int cairn_plan_add_buffer(cairn_plan *plan, const cairn_buffer *buffer);
int cairn_plan_add_step(cairn_plan *plan, const cairn_step *step, const char *name);

/* Is the step a sum over the batch that is computed in parts, one for each chunk of images? */
static inline bool cairn_in_parts(const cairn_step *step)
{
    return step->site.per_image && (step->op->flags & CAIRN_OP_BATCH_SUM) != 0;
}

/* Between the stored and the packed form of weights lie others, folded or masked. They are made so many bytes
 * at a time and used in the next region, so that they are read from the cache and one piece of memory serves
 * all layers. */
#define CAIRN_PASSING_BYTES ((size_t)4 << 20)

static inline int64_t cairn_units(const cairn_site *site)
{
    return site->units * (site->per_image ? site->capacity : 1);
}

/* A task of a step that is divided by units: so many operations, or one unit. A step with few of them is
 * divided further, so that threads end together, but into tasks that are worth handing out. */
#define CAIRN_TASK_FLOPS 1000000
#define CAIRN_TASK_LEAST_FLOPS 65536
#define CAIRN_TASKS_LEAST 16
static inline int64_t cairn_task_units(int64_t units, int64_t unit_flops)
{
    int64_t flops = cairn_max(1, unit_flops);
    int64_t few = cairn_max(CAIRN_TASK_LEAST_FLOPS / flops, cairn_ceil_div(units, CAIRN_TASKS_LEAST));
    return cairn_max(1, cairn_min(CAIRN_TASK_FLOPS / flops, few));
}

/* The buffer whose memory it is, and where in its pixels a nested one begins. */
static inline int cairn_outermost(const cairn_plan *plan, int buffer, size_t *bytes)
{
    *bytes = 0;
    for (; plan->buffers[buffer].inside >= 0; buffer = plan->buffers[buffer].inside)
        *bytes += plan->buffers[buffer].inside_bytes;
    return buffer;
}

/* The counter of tasks that are handed out of one thread's share of a region; each has a cache line. */
#define CAIRN_COUNTER_STRIDE 8
static inline atomic_llong *cairn_next_task(const cairn_plan *plan, int region, int share)
{
    return plan->next_task + ((int64_t)region * plan->threads + share) * CAIRN_COUNTER_STRIDE;
}

/* How the plan stores elements. */
static inline cairn_dtype cairn_element_dtype(const cairn_plan *plan, cairn_element element)
{
    switch (element) {
    case CAIRN_REAL:
        return plan->precision;
    case CAIRN_BYTE:
        return CAIRN_U8;
    case CAIRN_BFLOAT16:
        return CAIRN_BF16;
    case CAIRN_INT32:
        return CAIRN_I32;
    case CAIRN_INT64:
        return CAIRN_I64;
    case CAIRN_FLOAT32:
        break;
    }
    return CAIRN_F32;
}

static inline size_t cairn_element_bytes(const cairn_plan *plan, cairn_element element)
{
    return cairn_dtype_size(cairn_element_dtype(plan, element));
}

#endif
