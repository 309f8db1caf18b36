/* A restricted reader of Python's pickles: values, of which nothing is ever executed. Functions and classes
 * are names; calling one of the few that PyTorch builds tensors with gives a value that describes the call,
 * calling any other gives an opaque value that remembers the name. */
#ifndef CAIRN_IO_PICKLE_H
#define CAIRN_IO_PICKLE_H

#include "io/source.h"

typedef enum cairn_pickle_kind {
    CAIRN_PICKLE_NONE,
    CAIRN_PICKLE_BOOL,
    CAIRN_PICKLE_INT,
    CAIRN_PICKLE_LONG, /* an integer of more than 64 bits: bytes, least first */
    CAIRN_PICKLE_REAL,
    CAIRN_PICKLE_TEXT,
    CAIRN_PICKLE_BYTES,
    CAIRN_PICKLE_TUPLE,
    CAIRN_PICKLE_LIST,
    CAIRN_PICKLE_DICT,    /* items: key, value, key, value, ... */
    CAIRN_PICKLE_GLOBAL,  /* what: a cairn_pickle_global */
    CAIRN_PICKLE_STORAGE, /* items: of the persistent id */
    CAIRN_PICKLE_TENSOR,  /* items: arguments of the function that makes it, which is `what` */
    CAIRN_PICKLE_OPAQUE,  /* made by something unknown */
} cairn_pickle_kind;

/* Names with a meaning. */
typedef enum cairn_pickle_global {
    CAIRN_GLOBAL_OTHER,
    CAIRN_GLOBAL_DICT,
    CAIRN_GLOBAL_SIZE,
    CAIRN_GLOBAL_TENSOR_V1,
    CAIRN_GLOBAL_TENSOR_V2,
    CAIRN_GLOBAL_TENSOR_V3,
    CAIRN_GLOBAL_PARAMETER, /* hands on its first argument */
    CAIRN_GLOBAL_FROM_TYPE, /* calls its first argument with its third */
    CAIRN_GLOBAL_STORAGE,   /* of a type: index in cairn_torch_types */
    CAIRN_GLOBAL_DTYPE,     /* the same */
    CAIRN_GLOBAL_UNTYPED,   /* a storage of bytes */
} cairn_pickle_global;

typedef struct cairn_pickle_value cairn_pickle_value;
struct cairn_pickle_value {
    uint8_t kind, what;
    uint8_t seen;   /* while looking for containers that hold themselves */
    uint32_t count; /* of items or bytes */
    union {
        int64_t integer; /* of globals and opaque values: index of a type or of a name, -1: there is none */
        double real;
        size_t text; /* where text and bytes begin among the machine's bytes */
        cairn_pickle_value **items;
    } as;
};

/* Element types of PyTorch. Integers without a type of their own are widened to I64. */
typedef enum cairn_torch_storing {
    CAIRN_TORCH_COPY,
    CAIRN_TORCH_WIDEN_SIGNED,
    CAIRN_TORCH_WIDEN_UNSIGNED,
    CAIRN_TORCH_REFUSE,
} cairn_torch_storing;
typedef struct cairn_torch_type {
    const char *name, *storage; /* "float32", and "FloatStorage" or NULL */
    uint8_t width;              /* bytes */
    cairn_torch_storing storing;
    cairn_dtype dtype;
} cairn_torch_type;
extern const cairn_torch_type cairn_torch_types[];

struct cairn_pickle_block;

/* The machine. Pickles that follow each other in a stream are run one after the other; their values live
 * until the end. */
typedef struct cairn_pickle {
    const cairn_source *from; /* errors, and the bytes to come */
    uint8_t *bytes;           /* that were read, from the source's first on; or an entry of an archive */
    size_t have, at;
    bool entry; /* all bytes are there */
    cairn_pickle_value **stack, **memo;
    size_t depth, stack_room, memo_room, memo_count;
    cairn_pickle_value **storages; /* every persistent id of a storage */
    size_t storage_count, storage_room;
    char **names; /* of unknown globals */
    size_t name_count;
    struct cairn_pickle_block *blocks;
    size_t memory;
    bool done;
} cairn_pickle;

#define CAIRN_PICKLE_LIMIT ((size_t)64 << 20)

/* Runs one pickle from p->at on, which is its end afterwards. CAIRN_INPUT with the offset of what is wrong.
 */
cairn_status cairn_pickle_run(cairn_pickle *p, cairn_pickle_value **root);
void cairn_pickle_free(cairn_pickle *p);

/* Logs the unknown globals, and which of them would run programs. */
void cairn_pickle_log_names(const cairn_pickle *p);

/* The name behind a global or an opaque value. */
const char *cairn_pickle_name(const cairn_pickle *p, const cairn_pickle_value *v);

static inline const char *cairn_pickle_text(const cairn_pickle *p, const cairn_pickle_value *v)
{
    return (const char *)p->bytes + v->as.text;
}
bool cairn_pickle_is(const cairn_pickle *p, const cairn_pickle_value *v, const char *text);

/* ---- between the machine's parts ---- */

cairn_status cairn_pickle_fail(const cairn_pickle *p, const char *what);
/* An opcode: how its operand is read, and what it does. */
typedef enum cairn_pickle_operand {
    CAIRN_PICKLE_NO_OPERAND,
    CAIRN_PICKLE_NUMBER, /* of `width` bytes */
    CAIRN_PICKLE_SIZED,  /* bytes behind their number */
    CAIRN_PICKLE_LINES,  /* two lines */
} cairn_pickle_operand;
typedef struct cairn_pickle_opcode {
    cairn_status (*run)(cairn_pickle *p, uint64_t number, uint8_t variant);
    uint8_t operand, width, variant;
} cairn_pickle_opcode;
extern const cairn_pickle_opcode cairn_pickle_opcodes[256];

cairn_status cairn_pickle_push(cairn_pickle *p, cairn_pickle_value *v); /* NULL: a mark */
/* The topmost `count` values, none of which is a mark, at items[0 .. count-1]. */
cairn_status cairn_pickle_top(const cairn_pickle *p, size_t count, cairn_pickle_value ***items);
/* The values above the topmost mark, which is taken away with them. */
cairn_status cairn_pickle_pop_to_mark(cairn_pickle *p, cairn_pickle_value ***items, size_t *count);
/* Zeroed, from the machine's memory, which is limited. */
cairn_status cairn_pickle_make(cairn_pickle *p, cairn_pickle_kind kind, cairn_pickle_value **made);
cairn_status cairn_pickle_append(cairn_pickle *p, cairn_pickle_value *to, cairn_pickle_value **items,
                                 size_t count);
cairn_status cairn_pickle_check_tree(const cairn_pickle *p, cairn_pickle_value *root);
/* "module" and "name" become a global. */
cairn_status cairn_pickle_find_global(cairn_pickle *p, const char *module, size_t module_size,
                                      const char *name, size_t name_size, cairn_pickle_value **made);
/* What a call gives, and what a persistent id stands for. */
cairn_status cairn_pickle_call(cairn_pickle *p, const cairn_pickle_value *function,
                               cairn_pickle_value *arguments, cairn_pickle_value **made);
cairn_status cairn_pickle_find_persistent(cairn_pickle *p, cairn_pickle_value *id, cairn_pickle_value **made);

#endif
