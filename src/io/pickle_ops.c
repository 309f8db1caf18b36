/* What the opcodes do that PyTorch's files have. Those that only other programs write (text protocols, old
 * classes, extensions, buffers outside the stream) are not in the table and so refused. */
#include "io/pickle.h"
#include <string.h>

#define MAX_MEMO ((size_t)2000000)
#define MAX_LONG 255
#define MAX_TEXT ((size_t)1 << 20)
#define MAX_PROTOCOL 5

typedef cairn_pickle machine;
typedef cairn_pickle_value value;

static cairn_status push_new(machine *p, cairn_pickle_kind kind, value **made)
{
    cairn_status status = cairn_pickle_make(p, kind, made);
    return status == CAIRN_OK ? cairn_pickle_push(p, *made) : status;
}

/* ---- handlers ---- */

static cairn_status op_protocol(machine *p, uint64_t number, uint8_t variant)
{
    (void)variant;
    return number <= MAX_PROTOCOL ? CAIRN_OK
                                  : cairn_pickle_fail(p, "unknown protocol (expected 5 or earlier)");
}

static cairn_status op_nothing(machine *p, uint64_t number, uint8_t variant)
{
    (void)p, (void)number, (void)variant;
    return CAIRN_OK;
}

static cairn_status op_stop(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items;
    p->done = true;
    return cairn_pickle_top(p, 1, &items);
}

static cairn_status op_constant(machine *p, uint64_t number, uint8_t variant)
{
    (void)number;
    value *v;
    cairn_status status = push_new(p, variant < 2 ? CAIRN_PICKLE_BOOL : CAIRN_PICKLE_NONE, &v);
    if (status == CAIRN_OK)
        v->as.integer = variant == 1;
    return status;
}

/* variant: bytes of a signed number, 0: unsigned */
static cairn_status op_integer(machine *p, uint64_t number, uint8_t variant)
{
    value *v;
    cairn_status status = push_new(p, CAIRN_PICKLE_INT, &v);
    if (status == CAIRN_OK)
        v->as.integer = variant == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return status;
}

static cairn_status op_long(machine *p, uint64_t size, uint8_t variant)
{
    (void)variant;
    value *v;
    size_t begin = p->at - (size_t)size;
    if (size > MAX_LONG)
        return cairn_pickle_fail(p, "an integer is too long (expected at most 255 bytes)");
    cairn_status status = push_new(p, size > 8 ? CAIRN_PICKLE_LONG : CAIRN_PICKLE_INT, &v);
    if (status != CAIRN_OK)
        return status;
    v->count = (uint32_t)size;
    v->as.text = begin;
    if (size <= 8) {
        uint64_t bits = size > 0 && p->bytes[p->at - 1] >= 0x80 ? UINT64_MAX : 0;
        for (size_t i = (size_t)size; i > 0; i--)
            bits = bits << 8 | p->bytes[begin + i - 1];
        v->as.integer = (int64_t)bits;
    }
    return CAIRN_OK;
}

static cairn_status op_real(machine *p, uint64_t number, uint8_t variant)
{
    (void)variant;
    value *v;
    uint64_t bits = __builtin_bswap64(number); /* the only number that has its first byte first */
    cairn_status status = push_new(p, CAIRN_PICKLE_REAL, &v);
    if (status == CAIRN_OK)
        memcpy(&v->as.real, &bits, sizeof bits);
    return status;
}

static cairn_status op_text(machine *p, uint64_t size, uint8_t kind)
{
    value *v;
    if (kind == CAIRN_PICKLE_TEXT && size > MAX_TEXT)
        return cairn_pickle_fail(p, "a text is too long (expected at most 1 MiB)");
    cairn_status status = push_new(p, kind, &v);
    if (status == CAIRN_OK) {
        v->count = (uint32_t)size; /* as much as is in memory, at most 64 MiB */
        v->as.text = p->at - (size_t)size;
    }
    return status;
}

static cairn_status op_empty(machine *p, uint64_t number, uint8_t kind)
{
    (void)number;
    value *v;
    cairn_status status = push_new(p, kind, &v);
    if (status == CAIRN_OK && kind == CAIRN_PICKLE_OPAQUE)
        v->as.integer = -1; /* a set, which has no meaning here */
    return status;
}

static cairn_status op_mark(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    return cairn_pickle_push(p, NULL);
}

/* What lies above the mark becomes one value; variant: a kind. */
static cairn_status op_collect(machine *p, uint64_t number, uint8_t kind)
{
    (void)number;
    value **items, *v;
    size_t count;
    cairn_status status = cairn_pickle_pop_to_mark(p, &items, &count);
    if (status == CAIRN_OK)
        status = cairn_pickle_make(p, kind, &v);
    if (status != CAIRN_OK)
        return status;
    if (kind == CAIRN_PICKLE_OPAQUE)
        v->as.integer = -1;
    else
        status = cairn_pickle_append(p, v, items, count);
    return status == CAIRN_OK ? cairn_pickle_push(p, v) : status;
}

/* variant: how many */
static cairn_status op_tuple(machine *p, uint64_t number, uint8_t variant)
{
    (void)number;
    value **items, *v;
    cairn_status status = cairn_pickle_top(p, variant, &items);
    if (status == CAIRN_OK)
        status = cairn_pickle_make(p, CAIRN_PICKLE_TUPLE, &v);
    if (status == CAIRN_OK)
        status = cairn_pickle_append(p, v, items, variant);
    if (status != CAIRN_OK)
        return status;
    p->depth -= variant;
    return cairn_pickle_push(p, v);
}

/* Into a list, a dictionary or a set below; what is unknown takes everything and keeps nothing. */
static cairn_status add_items(machine *p, uint8_t kind, value **items, size_t count)
{
    value **below;
    cairn_status status = cairn_pickle_top(p, 1, &below);
    if (status != CAIRN_OK || below[0]->kind == CAIRN_PICKLE_OPAQUE)
        return status;
    if (below[0]->kind != kind || (kind == CAIRN_PICKLE_DICT && count % 2 != 0))
        return cairn_pickle_fail(p, "items are added to what does not take them");
    return cairn_pickle_append(p, below[0], items, count);
}

static cairn_status op_append(machine *p, uint64_t number, uint8_t kind)
{
    (void)number;
    value **items;
    size_t count = kind == CAIRN_PICKLE_DICT ? 2 : 1;
    cairn_status status = cairn_pickle_top(p, count, &items);
    if (status != CAIRN_OK)
        return status;
    p->depth -= count;
    return add_items(p, kind, items, count);
}

static cairn_status op_appends(machine *p, uint64_t number, uint8_t kind)
{
    (void)number;
    value **items;
    size_t count;
    cairn_status status = cairn_pickle_pop_to_mark(p, &items, &count);
    return status == CAIRN_OK ? add_items(p, kind, items, count) : status;
}

static cairn_status op_pop(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    if (p->depth == 0)
        return cairn_pickle_fail(p, "a value is missing on the stack");
    p->depth--;
    return CAIRN_OK;
}

static cairn_status op_pop_mark(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items;
    size_t count;
    return cairn_pickle_pop_to_mark(p, &items, &count);
}

static cairn_status op_duplicate(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items;
    cairn_status status = cairn_pickle_top(p, 1, &items);
    return status == CAIRN_OK ? cairn_pickle_push(p, items[0]) : status;
}

static cairn_status op_get(machine *p, uint64_t number, uint8_t variant)
{
    (void)variant;
    if (number >= p->memo_room || p->memo[number] == NULL)
        return cairn_pickle_fail(p, "asks for what was not remembered");
    return cairn_pickle_push(p, p->memo[number]);
}

/* variant 1: under the next free number */
static cairn_status op_put(machine *p, uint64_t number, uint8_t variant)
{
    value **items;
    cairn_status status = cairn_pickle_top(p, 1, &items);
    number = variant == 1 ? p->memo_count : number;
    if (status != CAIRN_OK)
        return status;
    if (number >= MAX_MEMO)
        return cairn_pickle_fail(p, "remembers too much (expected at most 2000000 values)");
    if (number >= p->memo_room) {
        size_t room = p->memo_room == 0 ? 1024 : p->memo_room;
        while (room <= number)
            room *= 2;
        value **larger = cairn_resize(p->from->ctx, p->memo, room, sizeof(value *));
        if (larger == NULL)
            return CAIRN_MEMORY;
        memset(larger + p->memo_room, 0, (room - p->memo_room) * sizeof(value *));
        p->memo = larger;
        p->memo_room = room;
    }
    p->memo_count += p->memo[number] == NULL;
    p->memo[number] = items[0];
    return CAIRN_OK;
}

/* Module and name, a line each. */
static cairn_status op_global(machine *p, uint64_t size, uint8_t variant)
{
    (void)variant;
    const char *end = (const char *)p->bytes + p->at - 1, *module = end + 1 - size;
    const char *between = memchr(module, '\n', (size_t)size);
    value *v;
    cairn_status status = cairn_pickle_find_global(p, module, (size_t)(between - module), between + 1,
                                                   (size_t)(end - between - 1), &v);
    return status == CAIRN_OK ? cairn_pickle_push(p, v) : status;
}

static cairn_status op_stack_global(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items, *v;
    cairn_status status = cairn_pickle_top(p, 2, &items);
    if (status != CAIRN_OK)
        return status;
    if (items[0]->kind != CAIRN_PICKLE_TEXT || items[1]->kind != CAIRN_PICKLE_TEXT)
        return cairn_pickle_fail(p, "a global's name is no text");
    p->depth -= 2;
    status = cairn_pickle_find_global(p, cairn_pickle_text(p, items[0]), items[0]->count,
                                      cairn_pickle_text(p, items[1]), items[1]->count, &v);
    return status == CAIRN_OK ? cairn_pickle_push(p, v) : status;
}

/* Function and arguments; variant: values that follow and are dropped (keywords). */
static cairn_status op_call(machine *p, uint64_t number, uint8_t variant)
{
    (void)number;
    value **items, *v;
    cairn_status status = cairn_pickle_top(p, 2u + variant, &items);
    if (status == CAIRN_OK)
        status = cairn_pickle_call(p, items[0], items[1], &v);
    if (status != CAIRN_OK)
        return status;
    p->depth -= 2u + variant;
    return cairn_pickle_push(p, v);
}

/* The state of an object: nothing that tensors need. */
static cairn_status op_build(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items;
    cairn_status status = cairn_pickle_top(p, 2, &items);
    p->depth -= status == CAIRN_OK;
    return status;
}

static cairn_status op_persistent(machine *p, uint64_t number, uint8_t variant)
{
    (void)number, (void)variant;
    value **items, *v;
    cairn_status status = cairn_pickle_top(p, 1, &items);
    if (status == CAIRN_OK)
        status = cairn_pickle_find_persistent(p, items[0], &v);
    if (status == CAIRN_OK)
        p->stack[p->depth - 1] = v;
    return status;
}

/* ---- the table ---- */

const cairn_pickle_opcode cairn_pickle_opcodes[256] = {
    [0x80] = {op_protocol, CAIRN_PICKLE_NUMBER, 1, 0},                  /* PROTO */
    [0x95] = {op_nothing, CAIRN_PICKLE_NUMBER, 8, 0},                   /* FRAME */
    ['.'] = {op_stop, CAIRN_PICKLE_NO_OPERAND, 0, 0},                   /* STOP */
    ['N'] = {op_constant, CAIRN_PICKLE_NO_OPERAND, 0, 2},               /* NONE */
    [0x88] = {op_constant, CAIRN_PICKLE_NO_OPERAND, 0, 1},              /* NEWTRUE */
    [0x89] = {op_constant, CAIRN_PICKLE_NO_OPERAND, 0, 0},              /* NEWFALSE */
    ['J'] = {op_integer, CAIRN_PICKLE_NUMBER, 4, 4},                    /* BININT */
    ['K'] = {op_integer, CAIRN_PICKLE_NUMBER, 1, 0},                    /* BININT1 */
    ['M'] = {op_integer, CAIRN_PICKLE_NUMBER, 2, 0},                    /* BININT2 */
    [0x8a] = {op_long, CAIRN_PICKLE_SIZED, 1, 0},                       /* LONG1 */
    [0x8b] = {op_long, CAIRN_PICKLE_SIZED, 4, 0},                       /* LONG4 */
    ['G'] = {op_real, CAIRN_PICKLE_NUMBER, 8, 0},                       /* BINFLOAT */
    ['X'] = {op_text, CAIRN_PICKLE_SIZED, 4, CAIRN_PICKLE_TEXT},        /* BINUNICODE */
    [0x8c] = {op_text, CAIRN_PICKLE_SIZED, 1, CAIRN_PICKLE_TEXT},       /* SHORT_BINUNICODE */
    [0x8d] = {op_text, CAIRN_PICKLE_SIZED, 8, CAIRN_PICKLE_TEXT},       /* BINUNICODE8 */
    ['U'] = {op_text, CAIRN_PICKLE_SIZED, 1, CAIRN_PICKLE_TEXT},        /* SHORT_BINSTRING, of Python 2 */
    ['T'] = {op_text, CAIRN_PICKLE_SIZED, 4, CAIRN_PICKLE_TEXT},        /* BINSTRING */
    ['C'] = {op_text, CAIRN_PICKLE_SIZED, 1, CAIRN_PICKLE_BYTES},       /* SHORT_BINBYTES */
    ['B'] = {op_text, CAIRN_PICKLE_SIZED, 4, CAIRN_PICKLE_BYTES},       /* BINBYTES */
    [0x8e] = {op_text, CAIRN_PICKLE_SIZED, 8, CAIRN_PICKLE_BYTES},      /* BINBYTES8 */
    [')'] = {op_empty, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_TUPLE}, /* EMPTY_TUPLE, EMPTY_LIST, ... */
    [']'] = {op_empty, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_LIST},
    ['}'] = {op_empty, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_DICT},
    [0x8f] = {op_empty, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_OPAQUE},
    ['('] = {op_mark, CAIRN_PICKLE_NO_OPERAND, 0, 0},                     /* MARK */
    ['t'] = {op_collect, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_TUPLE}, /* TUPLE, LIST, FROZENSET */
    ['l'] = {op_collect, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_LIST},
    [0x91] = {op_collect, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_OPAQUE},
    [0x85] = {op_tuple, CAIRN_PICKLE_NO_OPERAND, 0, 1}, /* TUPLE1 .. TUPLE3 */
    [0x86] = {op_tuple, CAIRN_PICKLE_NO_OPERAND, 0, 2},
    [0x87] = {op_tuple, CAIRN_PICKLE_NO_OPERAND, 0, 3},
    ['a'] = {op_append, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_LIST},  /* APPEND */
    ['s'] = {op_append, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_DICT},  /* SETITEM */
    ['e'] = {op_appends, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_LIST}, /* APPENDS, SETITEMS, ADDITEMS */
    ['u'] = {op_appends, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_DICT},
    [0x90] = {op_appends, CAIRN_PICKLE_NO_OPERAND, 0, CAIRN_PICKLE_OPAQUE},
    ['0'] = {op_pop, CAIRN_PICKLE_NO_OPERAND, 0, 0},           /* POP */
    ['1'] = {op_pop_mark, CAIRN_PICKLE_NO_OPERAND, 0, 0},      /* POP_MARK */
    ['2'] = {op_duplicate, CAIRN_PICKLE_NO_OPERAND, 0, 0},     /* DUP */
    ['h'] = {op_get, CAIRN_PICKLE_NUMBER, 1, 0},               /* BINGET */
    ['j'] = {op_get, CAIRN_PICKLE_NUMBER, 4, 0},               /* LONG_BINGET */
    ['q'] = {op_put, CAIRN_PICKLE_NUMBER, 1, 0},               /* BINPUT */
    ['r'] = {op_put, CAIRN_PICKLE_NUMBER, 4, 0},               /* LONG_BINPUT */
    [0x94] = {op_put, CAIRN_PICKLE_NO_OPERAND, 0, 1},          /* MEMOIZE */
    ['c'] = {op_global, CAIRN_PICKLE_LINES, 0, 0},             /* GLOBAL */
    [0x93] = {op_stack_global, CAIRN_PICKLE_NO_OPERAND, 0, 0}, /* STACK_GLOBAL */
    ['R'] = {op_call, CAIRN_PICKLE_NO_OPERAND, 0, 0},          /* REDUCE */
    [0x81] = {op_call, CAIRN_PICKLE_NO_OPERAND, 0, 0},         /* NEWOBJ */
    [0x92] = {op_call, CAIRN_PICKLE_NO_OPERAND, 0, 1},         /* NEWOBJ_EX */
    ['b'] = {op_build, CAIRN_PICKLE_NO_OPERAND, 0, 0},         /* BUILD */
    ['Q'] = {op_persistent, CAIRN_PICKLE_NO_OPERAND, 0, 0},    /* BINPERSID */
};
