/* Operators as data. An operator is what it means (shape rule, gradient, work) and a list of kernels,
 * best first; the graph, the passes and the plan know no operator by name. One folder an operator. */
#ifndef CAIRN_OPS_OP_H
#define CAIRN_OPS_OP_H

#include "base/base.h"
#include "base/cpu.h"
#include <cairn/graph.h>
#include <cairn/weights.h>

#define CAIRN_MAX_OPERANDS 8 /* inputs and outputs of a node, each */
#define CAIRN_ATTR_BYTES 128

/* What an element is. REAL is the plan's precision, a float in plans of reduced precision, in which BFLOAT16
 * are the batched values that a stage of the plan chose. */
typedef enum cairn_element {
    CAIRN_REAL,
    CAIRN_BYTE,
    CAIRN_INT32,
    CAIRN_INT64,
    CAIRN_FLOAT32,
    CAIRN_BFLOAT16
} cairn_element;

typedef struct cairn_value_type {
    cairn_shape shape;
    cairn_element element;
} cairn_value_type;

/* The window of a convolution or pool with every default resolved. */
typedef struct cairn_window {
    int32_t k_h, k_w, stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_top, pad_bottom, pad_left, pad_right;
} cairn_window;

/* ---- meaning ---- */

typedef struct cairn_node cairn_node;
typedef struct cairn_op cairn_op;

/* A node under construction, given to an operator's shape rule. */
typedef struct cairn_infer {
    cairn_ctx *ctx;
    const char *name; /* for messages */
    void *attrs;      /* may be completed (output sizes, paddings) */
    int inputs;
    const cairn_value_type *in[CAIRN_MAX_OPERANDS];
    int outputs;
    cairn_value_type out[CAIRN_MAX_OPERANDS]; /* to be filled in */
} cairn_infer;

/* What a gradient rule needs to know; it adds nodes with cairn_add_node. */
typedef struct cairn_grad {
    cairn_graph *graph;
    const char *name; /* of the node, for the names of the new ones */
    const void *attrs;
    int inputs, outputs;
    cairn_val in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
    cairn_val d_out[CAIRN_MAX_OPERANDS]; /* id 0: no gradient arrives */
    /* If an output goes into an activation and nowhere else: which, and the gradient of what that gave. */
    cairn_activation_kind act[CAIRN_MAX_OPERANDS];
    cairn_val d_act[CAIRN_MAX_OPERANDS];
    bool wanted[CAIRN_MAX_OPERANDS];    /* is the gradient of this input needed? */
    cairn_val d_in[CAIRN_MAX_OPERANDS]; /* to be filled in; id 0: zero */
} cairn_grad;

/* Adds a node; attrs (attr_size of the operator) is copied. The values of its outputs go to out (may be NULL
 * when there is one, which is returned). Implemented by src/graph. */
cairn_val cairn_add_node(cairn_graph *graph, const cairn_op *op, const char *name, const void *attrs,
                         int inputs, const cairn_val *in, cairn_val *out);

typedef struct cairn_site cairn_site;
typedef struct cairn_kernel cairn_kernel;

struct cairn_op {
    const char *name;  /* "conv2d" */
    const char *label; /* "Conv2D"; NULL: not shown to people */
    int min_inputs, max_inputs, outputs;
    size_t attr_size;
    /* Checks the inputs, completes the attributes, gives the outputs' types. */
    cairn_status (*infer)(cairn_infer *node);
    /* Adds the nodes that compute the gradients of the inputs; NULL: none flows. */
    void (*grad)(cairn_grad *grad);
    /* Multiply-accumulates for one image (or in all, if not batched); NULL: none worth counting. */
    int64_t (*macs)(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out);
    /* Few words for people: "5x5, stride 1". NULL: none. */
    void (*describe)(const void *attrs, char *text, size_t size);
    /* The activation that the operator can apply to its output before it stores it. NULL: cannot. */
    cairn_activation_kind *(*epilogue)(void *attrs);
    /* The input which the other operand of an add behind the operator may become: added to the output before
     * the activation. Those before it may be absent then. 0: none. */
    int addend;
    bool over_addend; /* the output may lie where the addend does: no kernel reads that at a place that it has
                       * written to */
    bool adds;        /* the operator is the addition of two */
    /* The input by which the gradient of a ReLU behind the operator may hold its output back, after the
     * addition: numbers count where that input is above 0, and are 0 elsewhere. Those before it may be absent
     * then. 0: none. */
    int gate;
    /* Is a node of the operator that gradient: its second input where the first is above 0? NULL: none is. */
    bool (*gates)(const void *attrs);
    /* The activation that a node of this operator is, if it is nothing else. NULL: it is not. */
    cairn_activation_kind (*activation)(const void *attrs);
    /* Does the operator go over a picture's pixels a few channels at a time? NULL: no. */
    bool (*narrow)(const void *attrs);
    /* The window, for drawings and receptive fields. NULL: none. */
    const cairn_window *(*window)(const void *attrs);
    const cairn_kernel *const *kernels; /* best first, ends with NULL */
    /* With CAIRN_OP_BATCH_SUM: makes the outputs of all images of those of parts. NULL: they are added up. */
    const cairn_op *join;
    unsigned flags;
    /* With CAIRN_OP_IN_PLACE: output o lives where input in_place[o] lies. */
    int8_t in_place[CAIRN_MAX_OPERANDS];
};

enum {
    CAIRN_OP_VIEW = 1, /* output 0 is input 0 seen in another shape; no kernel runs */
    CAIRN_OP_BATCH_SUM =
        2,               /* the outputs are sums over the batch: unbatched results of batched inputs. A kernel
                          * may work on a part of the images; the plan adds the parts in a fixed order */
    CAIRN_OP_UPDATE = 4, /* changes variables: runs in the plan's last section */
    CAIRN_OP_IN_PLACE = 8,   /* outputs live in the memory of inputs (update) */
    CAIRN_OP_LAST = 32,      /* an update that runs behind all others, whose results it reads */
    CAIRN_OP_LASTING = 64,   /* outputs keep their numbers from run to run, for the next one to read */
    CAIRN_OP_FLOAT_OUT = 16, /* kernels of reduced precision can store an output that is a float */
};

/* ---- execution ---- */

typedef struct cairn_operand {
    char *data;       /* of the first image of the work at hand */
    int64_t h, w, c;  /* batched: of one image, flat values have h = w = 1. Else: c = elements */
    int64_t pitch;    /* elements between neighbouring pixels, >= c; batched values only */
    int64_t elements; /* of one image, or of the whole value */
    bool batched;
    bool turned; /* of a matrix (K, N) that pack() is given: lies as (N, K), as files have it */
    cairn_element element;
    const cairn_shape *shape;
} cairn_operand;

typedef struct cairn_run_values {
    int64_t n;        /* images in this run */
    int64_t capacity; /* images the plan was made for */
    double lr;
    int64_t step;
    uint32_t epoch;
    uint64_t seed;
    bool training;
    int part;     /* of a step that takes several runs: which this is */
    double share; /* of the step's images */
    bool more;    /* others follow */
} cairn_run_values;

/* What a kernel is told about its node when the plan is made, and what it answers. */
struct cairn_site {
    const void *attrs;
    int inputs, outputs;
    cairn_operand in[CAIRN_MAX_OPERANDS],
        out[CAIRN_MAX_OPERANDS]; /* data is NULL; in[i].shape NULL: absent */
    cairn_dtype precision;
    int64_t capacity;
    bool training; /* weights change from run to run */
    bool exact;    /* sums should err as little as they can, and be of the products that the operator means */
    /* Answers of the kernel's plan(): */
    int64_t units;      /* work units: for one image if per_image, else in all [1] */
    bool per_image;     /* units of one image can be computed apart from other images */
    int64_t unit_flops; /* rough cost of a unit, from which the plan decides how many make a task [1] */
    size_t scratch;     /* bytes a thread needs while it runs [0] */
    size_t packed;      /* bytes of a packed form of unbatched inputs, made by pack() [0] */
    int64_t pack_units; /* units of pack() [1] */
    /* Columns of in[1], a matrix (K, N), that a unit of pack() reads, and nothing else of it; pack() takes
     * that matrix turned, too. 0: it reads what it likes [0] */
    int64_t pack_columns;
    bool cold; /* output 0 is so large that its readers find it in memory, not in a cache; set for run() */
    unsigned in_packed; /* bits 1 << input of those that run() needs only in the packed form [0] */
};

typedef struct cairn_work {
    const cairn_site *site;
    const void *attrs;
    const cairn_run_values *run;
    cairn_operand in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
    int64_t begin, end;  /* units to do. Per-image: counted from the image that data points at */
    bool goes_on;        /* from the unit before `begin`: scratch is as that one left it */
    int64_t first_image; /* batch index of that image */
    char *packed;        /* site->packed bytes, written by pack(), 64-byte aligned */
    char *scratch;       /* site->scratch bytes of this thread alone, 64-byte aligned */
} cairn_work;

struct cairn_kernel {
    const char *name;                     /* "gemm" */
    cairn_isa isa;                        /* needs */
    unsigned precisions;                  /* bits 1 << cairn_dtype */
    bool (*fits)(const cairn_site *site); /* NULL: always */
    /* Seconds of one core for the whole batch, as a model has it: among kernels that fit and have a cost the
     * cheapest is taken. NULL: taken if no earlier one fits. */
    double (*cost)(const cairn_site *site, const cairn_machine *machine);
    void (*plan)(cairn_site *site);       /* NULL: one unit, not per image */
    void (*pack)(const cairn_work *work); /* makes work->packed from unbatched inputs, units begin ... end */
    /* Does the units begin ... end. A BATCH_SUM operator's kernel that is per_image writes (not adds) the sum
     * over its images to out. A result must not depend on how units are grouped, but for BATCH_SUM. */
    void (*run)(const cairn_work *work);
};

/* What it costs to move a number of the weights to another place, in operations. */
#define CAIRN_PACK_COST 8

/* ---- names of kernels ----
 * ref.c is compiled for float and double (CAIRN_REAL_T, suffix f32, f64), *.simd.c for every ISA level, and
 * *.real.simd.c once more for every level with activations stored as bfloat16 (CAIRN_STORE_BF16, see
 * simd/bf16.h). In all a kernel is defined as `const cairn_kernel CAIRN_KERNEL(conv2d_gemm) = { ... };` and
 * its static functions need no suffix. An operator's kernels.def lists them best first:
 * KERNEL_REAL(conv2d_gemm), KERNEL_SIMD of those in floats alone, KERNEL_REF(conv2d). */
#define CAIRN_PASTE_(a, b, c, d) a##b##c##d
#define CAIRN_PASTE(a, b, c, d) CAIRN_PASTE_(a, b, c, d)

#if defined(CAIRN_REAL_F64)
#define CAIRN_REAL_T double
#define CAIRN_KERNEL(name) CAIRN_PASTE(cairn_kernel_, name, _, f64)
#define CAIRN_KERNEL_PRECISION (1u << CAIRN_F64)
#define CAIRN_KERNEL_ISA CAIRN_ISA_SCALAR
#elif defined(CAIRN_REAL_F32)
#define CAIRN_REAL_T float
#define CAIRN_KERNEL(name) CAIRN_PASTE(cairn_kernel_, name, _, f32)
#define CAIRN_KERNEL_PRECISION (1u << CAIRN_F32)
#define CAIRN_KERNEL_ISA CAIRN_ISA_SCALAR
#else
#if defined(CAIRN_SIMD_AVX512BF16) /* AVX-512 and products of pairs of bfloat16 */
#define CAIRN_SIMD_AVX512
#define CAIRN_KERNEL_ISA CAIRN_ISA_AVX512BF16
#define CAIRN_VECTOR_BYTES 64
#define CAIRN_LEVEL avx512bf16
#define CAIRN_FLOAT_LEVEL avx512
#elif defined(CAIRN_SIMD_AVX512)
#define CAIRN_KERNEL_ISA CAIRN_ISA_AVX512
#define CAIRN_VECTOR_BYTES 64
#define CAIRN_LEVEL avx512
#elif defined(CAIRN_SIMD_AVX2)
#define CAIRN_KERNEL_ISA CAIRN_ISA_AVX2
#define CAIRN_VECTOR_BYTES 32
#define CAIRN_LEVEL avx2
#elif defined(CAIRN_SIMD_BASE)
#define CAIRN_KERNEL_ISA CAIRN_ISA_BASE
#define CAIRN_VECTOR_BYTES 16
#define CAIRN_LEVEL base
#endif
#if !defined(CAIRN_FLOAT_LEVEL)
#define CAIRN_FLOAT_LEVEL CAIRN_LEVEL
#endif
/* Functions that several *.simd.c files call are compiled once for each level, too. */
#define CAIRN_SIMD_FLOAT(name) CAIRN_PASTE(name, _, CAIRN_FLOAT_LEVEL, )
#if defined(CAIRN_STORE_BF16)
#define CAIRN_SIMD(name) CAIRN_PASTE(name, _bf16_, CAIRN_LEVEL, )
#define CAIRN_KERNEL(name) CAIRN_PASTE(cairn_kernel_, name, _bf16_, CAIRN_LEVEL)
#define CAIRN_KERNEL_PRECISION (1u << CAIRN_BF16)
#else
#define CAIRN_SIMD(name) CAIRN_SIMD_FLOAT(name)
#define CAIRN_KERNEL(name) CAIRN_PASTE(cairn_kernel_, name, _, CAIRN_LEVEL)
#define CAIRN_KERNEL_PRECISION (1u << CAIRN_F32)
#endif
#endif

/* All operators, from ops.def. */
#define OP(name) extern const cairn_op cairn_op_##name;
#include "ops/ops.def"
#undef OP

/* NULL-terminated list of all operators, for tests, benchmarks and doctor. */
extern const cairn_op *const cairn_all_ops[];

#endif
