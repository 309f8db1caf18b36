/* Values of pickles, and the stack. Values come from blocks of memory that are given back together, and of
 * which there is a limit, so that a small file cannot make many. */
#include "io/pickle.h"
#include <string.h>

#define BLOCK_BYTES ((size_t)64 << 10)
#define MEMORY_BYTES ((size_t)33 << 20) /* two million values */
#define MAX_DEPTH 64
#define MAX_STACK ((size_t)100000)

typedef struct cairn_pickle_block {
    struct cairn_pickle_block *next;
    size_t used, room;
    _Alignas(8) char bytes[];
} block;

cairn_status cairn_pickle_fail(const cairn_pickle *p, const char *what)
{
    return cairn_fail(p->from->ctx, CAIRN_INPUT, "%s: pickle, byte %zu: %s", p->from->name, p->at, what);
}

static void *take(cairn_pickle *p, size_t bytes, cairn_status *status)
{
    bytes = cairn_align(bytes, 8);
    if (p->blocks == NULL || p->blocks->room - p->blocks->used < bytes) {
        size_t room = bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES;
        if (p->memory + room > MEMORY_BYTES) {
            *status = cairn_pickle_fail(p, "too many values");
            return NULL;
        }
        block *b = cairn_resize(p->from->ctx, NULL, 1, sizeof *b + room);
        if (b == NULL) {
            *status = CAIRN_MEMORY;
            return NULL;
        }
        *b = (block){.next = p->blocks, .room = room};
        p->blocks = b;
        p->memory += room;
    }
    void *taken = p->blocks->bytes + p->blocks->used;
    p->blocks->used += bytes;
    return taken;
}

cairn_status cairn_pickle_make(cairn_pickle *p, cairn_pickle_kind kind, cairn_pickle_value **made)
{
    cairn_status status = CAIRN_OK;
    *made = take(p, sizeof **made, &status);
    if (*made != NULL)
        **made = (cairn_pickle_value){.kind = (uint8_t)kind};
    return status;
}

/* Room is a power of two, which the count tells when it must grow. */
cairn_status cairn_pickle_append(cairn_pickle *p, cairn_pickle_value *to, cairn_pickle_value **items,
                                 size_t count)
{
    size_t have = to->count, room = have == 0 ? 0 : 1, want = 1;
    while (room < have)
        room *= 2;
    if (have + count > room) {
        cairn_status status = CAIRN_OK;
        while (want < have + count)
            want *= 2;
        cairn_pickle_value **larger = take(p, want * sizeof(cairn_pickle_value *), &status);
        if (larger == NULL)
            return status;
        if (have > 0)
            memcpy(larger, to->as.items, have * sizeof(cairn_pickle_value *));
        to->as.items = larger;
    }
    if (count > 0)
        memcpy(to->as.items + have, items, count * sizeof(cairn_pickle_value *));
    to->count = (uint32_t)(have + count);
    return CAIRN_OK;
}

/* ---- stack ---- */

/* A mark is NULL. */
cairn_status cairn_pickle_push(cairn_pickle *p, cairn_pickle_value *v)
{
    if (p->depth == p->stack_room) {
        if (p->depth == MAX_STACK)
            return cairn_pickle_fail(p, "the stack is too high (expected at most 100000 values)");
        size_t room = p->stack_room == 0 ? 1024 : 2 * p->stack_room;
        room = room > MAX_STACK ? MAX_STACK : room;
        cairn_pickle_value **larger =
            cairn_resize(p->from->ctx, p->stack, room, sizeof(cairn_pickle_value *));
        if (larger == NULL)
            return CAIRN_MEMORY;
        p->stack = larger;
        p->stack_room = room;
    }
    p->stack[p->depth++] = v;
    return CAIRN_OK;
}

/* The topmost `count` values, none of which is a mark, at items[0 .. count-1]. */
cairn_status cairn_pickle_top(const cairn_pickle *p, size_t count, cairn_pickle_value ***items)
{
    bool there = p->depth >= count;
    *items = there && p->stack != NULL ? p->stack + p->depth - count : NULL;
    for (size_t i = 0; there && i < count; i++)
        there = (*items)[i] != NULL;
    return there ? CAIRN_OK : cairn_pickle_fail(p, "a value is missing on the stack");
}

/* The values above the topmost mark, which is taken away with them. */
cairn_status cairn_pickle_pop_to_mark(cairn_pickle *p, cairn_pickle_value ***items, size_t *count)
{
    size_t i = p->depth;
    while (i > 0 && p->stack[i - 1] != NULL)
        i--;
    if (i == 0)
        return cairn_pickle_fail(p, "a mark is missing on the stack");
    *items = p->stack + i;
    *count = p->depth - i;
    p->depth = i - 1;
    return CAIRN_OK;
}

/* ---- the finished tree ---- */

enum { UNSEEN, OPEN, CLOSED };

static cairn_status check_below(const cairn_pickle *p, cairn_pickle_value *v, int depth)
{
    if (v->kind != CAIRN_PICKLE_TUPLE && v->kind != CAIRN_PICKLE_LIST && v->kind != CAIRN_PICKLE_DICT)
        return CAIRN_OK;
    if (v->seen == OPEN)
        return cairn_pickle_fail(p, "a container holds itself");
    if (v->seen == CLOSED)
        return CAIRN_OK;
    if (depth > MAX_DEPTH)
        return cairn_pickle_fail(p, "containers are nested too deeply (expected at most 64 levels)");
    v->seen = OPEN;
    cairn_status status = CAIRN_OK;
    for (uint32_t i = 0; status == CAIRN_OK && i < v->count; i++)
        status = check_below(p, v->as.items[i], depth + 1);
    v->seen = CLOSED;
    return status;
}

cairn_status cairn_pickle_check_tree(const cairn_pickle *p, cairn_pickle_value *root)
{
    return check_below(p, root, 1);
}

bool cairn_pickle_is(const cairn_pickle *p, const cairn_pickle_value *v, const char *text)
{
    return v->kind == CAIRN_PICKLE_TEXT && v->count == strlen(text) &&
           memcmp(cairn_pickle_text(p, v), text, v->count) == 0;
}

void cairn_pickle_free(cairn_pickle *p)
{
    cairn_ctx *ctx = p->from->ctx;
    for (block *b = p->blocks, *next; b != NULL; b = next) {
        next = b->next;
        cairn_free(ctx, b);
    }
    for (size_t i = 0; i < p->name_count; i++)
        cairn_free(ctx, p->names[i]);
    cairn_free(ctx, p->names);
    cairn_free(ctx, p->stack);
    cairn_free(ctx, p->memo);
    cairn_free(ctx, p->storages);
    cairn_free(ctx, p->bytes);
}
