/* The plan: how a graph is run on this machine. Kernels are chosen and all memory is laid out when the plan
 * is made; a run allocates nothing. Results depend on the graph, the weights, the inputs, the batch capacity
 * and the kernel level, never on the number of threads. */
#ifndef CAIRN_PLAN_H
#define CAIRN_PLAN_H

#include <cairn/weights.h>

CAIRN_BEGIN

typedef struct cairn_plan cairn_plan;

/* Choices of kernels that were measured on this machine. Without one (cairn_plan_options), the same machine
 * always chooses the same kernels and nothing is read or measured. For one thread at a time. */
typedef struct cairn_tuning cairn_tuning;

typedef struct cairn_plan_options {
    int unused_;
    int batch;             /* [1] capacity; a run may use fewer images */
    cairn_dtype precision; /* [CAIRN_F32], CAIRN_F64 (reference kernels), or CAIRN_BF16: packed weights and
                            * what passes between layers are bfloat16; parameters, sums, statistics, inputs
                            * and outputs floats */
    bool training;         /* [false] dropout is active; weights may change between runs, so that what is
                            * derived from them (packed forms) is made anew by every run */
    bool no_dropout;       /* [false] with training: dropout passes everything, for comparisons */
    bool recompute;        /* [false] with training: keeps fewer activations for the way back and makes the
                            * others again, a third more work for a fraction of the memory; same bits */
    bool keep_all;         /* [false] every value can be read after a run; costs memory and fusion */
    bool reference;        /* [false] reference kernels only */
    bool exact;            /* [false] sums as the graph has them, in short sequences: no Winograd and no
                            * Strassen, for comparisons with other programs. Slower */
    const char *outputs;   /* [NULL: all] comma-separated names of the graph's outputs wanted */
    /* [NULL] inference: a prepared plan for the same weights, perhaps for another batch or in another
     * context. Packed forms that it holds are used and not made again. It must outlive this plan and not be
     * refreshed. */
    const struct cairn_plan *share;
    /* [NULL] kernels are chosen by measuring them here, or as was measured before, and not by the model of
     * what they cost; bits then depend on these choices, too. Used while the plan is made. */
    cairn_tuning *tuning;
} cairn_plan_options;

/* Makes a plan. weights holds the parameters (may be NULL if options->share has all that is needed), state
 * (may be NULL for graphs without update) the optimiser's tensors, which are added to it when missing; both
 * must outlive the plan, but see cairn_plan_prepare. The graph may go. */
CAIRN_API cairn_status cairn_plan_create(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                                         cairn_weights *state, const cairn_plan_options *options,
                                         cairn_plan **plan);
CAIRN_API void cairn_plan_destroy(cairn_plan *plan);

/* Where an input is to be written, or an output, kept value or gradient is read: (N, shape), contiguous, of
 * the plan's precision (with CAIRN_BF16 floats; of kept values cairn_plan_dtype tells), or bytes, int32 or
 * int64 where graph.h says so. NULL if the plan does not hold that name. */
CAIRN_API void *cairn_plan_data(cairn_plan *plan, const char *name);
CAIRN_API cairn_shape cairn_plan_shape(const cairn_plan *plan, const char *name);

/* How its numbers are stored; CAIRN_F32 if the plan does not hold that name. */
CAIRN_API cairn_dtype cairn_plan_dtype(const cairn_plan *plan, const char *name);

typedef struct cairn_run_options {
    int n;        /* images in this run, 1 ... batch [batch] */
    double lr;    /* learning rate of the update */
    int64_t step; /* updates before this one: 0 is an optimiser's first */
    uint32_t epoch;
    uint64_t seed;
    /* With cairn_update_options.accumulate a step may take several runs, whose gradients are added up, each
     * by its share of the images. Statistics move in every run, parameters in the last. */
    int part;  /* which of them this is, from 0 [0] */
    int whole; /* images of all of them [n] */
    bool more; /* others follow [false] */
} cairn_run_options;

/* Runs the plan once on the context's threads. */
CAIRN_API cairn_status cairn_plan_run(cairn_plan *plan, const cairn_run_options *options);

/* Inference: packs the weights, which the first run does otherwise; either fails with CAIRN_INPUT when they
 * are still in a file (cairn_weights_attach) that was changed since. From then on the container of the
 * weights is not read, and may be destroyed unless cairn_plan_refresh is to be used. Any number of plans in
 * any threads may share a prepared plan's packed weights while it runs. */
CAIRN_API cairn_status cairn_plan_prepare(cairn_plan *plan);

/* After the weights were changed from outside: an inference plan packs them anew before its next run. */
CAIRN_API void cairn_plan_refresh(cairn_plan *plan);

typedef struct cairn_plan_memory {
    size_t arena;   /* activations, gradients, packed weights, scratch */
    size_t packed;  /* of these: what is computed from the weights and kept */
    size_t weights; /* parameters bound to the plan */
    size_t state;   /* optimiser */
} cairn_plan_memory;

/* Bytes of the plan. */
CAIRN_API cairn_plan_memory cairn_plan_memory_of(const cairn_plan *plan);

/* What a plan with these options would take, without touching memory. */
CAIRN_API cairn_status cairn_plan_estimate(cairn_ctx *ctx, const cairn_graph *graph,
                                           const cairn_plan_options *options, cairn_plan_memory *memory);

typedef struct cairn_step_info {
    const char *name; /* node */
    const char *op;
    const char *kernel; /* "gemm" */
    const char *isa;    /* level it was compiled for: "avx512" */
    int64_t flops;      /* of one full batch, as the kernel estimates its own cost */
    /* What the operator asks for, by whatever means the kernel does it, for one full batch: floating-point
     * operations (a multiply-add counts 2; 0: none worth counting), and bytes read and written if each number
     * of its inputs, weights and outputs moves once. */
    int64_t work, bytes;
    int64_t working_set; /* of these bytes, what is in use at a time: images may be taken a few at a time */
    bool prepares;       /* serves the packed weights only: inference does it once, not in every run */
    double seconds;      /* of the last profiled run, summed over threads */
} cairn_step_info;

CAIRN_API int cairn_plan_step_count(const cairn_plan *plan);
CAIRN_API cairn_step_info cairn_plan_step_at(const cairn_plan *plan, int index);

/* Runs measure each step from now on (or no longer). */
CAIRN_API void cairn_plan_profile(cairn_plan *plan, bool on);

/* Writes the steps as text; for tests and debugging. Returns the length it would have. */
CAIRN_API size_t cairn_plan_print(const cairn_plan *plan, char *text, size_t size);

/* What this machine can do at best: 1e9 floating-point operations a second in this precision (F32 or BF16)
 * on the context's threads, by the kernel level in use, measured for some ten milliseconds. A fused
 * multiply-add counts 2. 0: the threads could not be started. */
CAIRN_API double cairn_measure_peak(cairn_ctx *ctx, cairn_dtype precision);

/* Reads the choices that were measured before by this version, on this processor and kernel level, from a
 * file in the folder; the folder may be missing, or NULL: nothing is read or kept. A file that cannot be used
 * is warned of and ignored. Choices do not depend on the number of threads: they are those of the context
 * that first met a layer of that shape. */
CAIRN_API cairn_status cairn_tuning_open(cairn_ctx *ctx, const char *folder, cairn_tuning **tuning);

/* Writes what was measured since to that file, making the folder if need be; what other processes wrote to it
 * meanwhile stays. Nothing is written when nothing was measured. */
CAIRN_API cairn_status cairn_tuning_save(cairn_tuning *tuning);
CAIRN_API void cairn_tuning_close(cairn_tuning *tuning);

typedef struct cairn_tuning_info {
    const char *path; /* the file; NULL: none */
    int measured;     /* choices made by measuring; layers of the same shape are one choice */
    int read;         /* choices taken from the file */
    int differ;       /* of both, those that the model of costs would have made otherwise */
} cairn_tuning_info;

CAIRN_API cairn_tuning_info cairn_tuning_about(const cairn_tuning *tuning);

/* A level of the memory, as the context's threads have it together. */
typedef struct cairn_memory_level {
    const char *name; /* "L1", "L2", "L3", "DRAM" */
    double bytes;     /* that it holds; of DRAM: 0 */
    double read;      /* 1e9 bytes a second, all threads reading at once; 0: there is no such level */
} cairn_memory_level;

#define CAIRN_MEMORY_LEVELS 4
typedef struct cairn_bandwidth {
    cairn_memory_level level[CAIRN_MEMORY_LEVELS]; /* the nearest first, DRAM last */
} cairn_bandwidth;

/* Measures how fast the threads read from each level, for some ten milliseconds; takes up to 512 MiB of
 * memory for that time. */
CAIRN_API cairn_status cairn_measure_bandwidth(cairn_ctx *ctx, cairn_bandwidth *bandwidth);

CAIRN_END

#endif
