/* The pickle machine: bytes, one opcode after the other. Texts stay where they are in the bytes, so that they
 * cost nothing. */
#include "io/pickle.h"
#include <string.h>

#define FIRST_BYTES ((size_t)256 << 10)

/* ---- bytes ---- */

/* The next `count` bytes are in memory. A stream is read as far as its pickles reach; what follows are data.
 */
static cairn_status need(cairn_pickle *p, size_t count)
{
    size_t end;
    if (!cairn_size_add(p->at, count, &end))
        return cairn_pickle_fail(p, "is cut short");
    if (end <= p->have)
        return CAIRN_OK;
    if (p->entry || end > p->from->size)
        return cairn_pickle_fail(p, "is cut short");
    if (end > CAIRN_PICKLE_LIMIT)
        return cairn_pickle_fail(p, "is too long (expected at most 64 MiB)");
    size_t most = p->from->size < CAIRN_PICKLE_LIMIT ? (size_t)p->from->size : CAIRN_PICKLE_LIMIT;
    size_t want = p->have == 0 ? FIRST_BYTES : 2 * p->have;
    want = want < end ? end : want > most ? most : want;
    uint8_t *larger = cairn_resize(p->from->ctx, p->bytes, want, 1);
    if (larger == NULL)
        return CAIRN_MEMORY;
    p->bytes = larger;
    cairn_status status = cairn_source_read(p->from, p->have, larger + p->have, want - p->have);
    if (status == CAIRN_OK)
        p->have = want;
    return status;
}

static cairn_status read_number(cairn_pickle *p, size_t width, uint64_t *number)
{
    cairn_status status = need(p, width);
    *number = 0;
    for (size_t i = 0; status == CAIRN_OK && i < width; i++)
        *number |= (uint64_t)p->bytes[p->at + i] << 8 * i;
    if (status == CAIRN_OK)
        p->at += width;
    return status;
}

/* To behind the next line feed. */
static cairn_status skip_line(cairn_pickle *p)
{
    cairn_status status;
    while ((status = need(p, 1)) == CAIRN_OK && p->bytes[p->at] != '\n')
        p->at++;
    p->at += status == CAIRN_OK;
    return status;
}

/* ---- opcodes ---- */

/* number: the operand, or how many of the bytes before p->at are it. */
static cairn_status read_operand(cairn_pickle *p, const cairn_pickle_opcode *op, uint64_t *number)
{
    size_t begin = p->at;
    cairn_status status = CAIRN_OK;
    if (op->operand == CAIRN_PICKLE_LINES) {
        status = skip_line(p);
        if (status == CAIRN_OK)
            status = skip_line(p);
        *number = p->at - begin;
        return status;
    }
    if (op->operand != CAIRN_PICKLE_NO_OPERAND)
        status = read_number(p, op->width, number);
    if (status != CAIRN_OK || op->operand != CAIRN_PICKLE_SIZED)
        return status;
    status = *number > CAIRN_PICKLE_LIMIT ? cairn_pickle_fail(p, "is cut short, or a length is wrong")
                                          : need(p, (size_t)*number);
    p->at += status == CAIRN_OK ? (size_t)*number : 0;
    return status;
}

static cairn_status step(cairn_pickle *p)
{
    uint64_t code, number = 0;
    cairn_status status = read_number(p, 1, &code);
    if (status != CAIRN_OK)
        return status;
    const cairn_pickle_opcode *op = &cairn_pickle_opcodes[code];
    if (op->run == NULL)
        return cairn_fail(p->from->ctx, CAIRN_INPUT, "%s: pickle, byte %zu: opcode 0x%02x is not supported",
                          p->from->name, p->at - 1, (unsigned)code);
    status = read_operand(p, op, &number);
    return status == CAIRN_OK ? op->run(p, number, op->variant) : status;
}

cairn_status cairn_pickle_run(cairn_pickle *p, cairn_pickle_value **root)
{
    cairn_status status = CAIRN_OK;
    p->depth = p->memo_count = 0;
    p->done = false;
    if (p->memo_room > 0)
        memset(p->memo, 0, p->memo_room * sizeof(cairn_pickle_value *));
    while (status == CAIRN_OK && !p->done)
        status = step(p);
    if (status != CAIRN_OK)
        return status;
    *root = p->stack[p->depth - 1];
    return cairn_pickle_check_tree(p, *root);
}
