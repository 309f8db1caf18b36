/* Reading tensors in pieces that are looked at for NaN, and summed, while they are in the cache. */
#include "io/source.h"
#include "base/threads.h"
#include "io/dtype.h"
#include <string.h>
#include <zlib.h>

#define PIECE_BYTES ((size_t)512 << 10)

typedef struct piece {
    cairn_source_part *part;
    size_t first, elements, not_finite;
    uint32_t sum;
    bool done;
} piece;

typedef struct reading {
    cairn_source from;
    cairn_file file;
    piece *pieces;
} reading;

cairn_status cairn_source_read(const cairn_source *from, uint64_t offset, void *data, size_t size)
{
    if (from->bytes == NULL)
        return cairn_file_read_at(from->file, offset, data, size);
    memcpy(data, from->bytes + offset, size);
    return CAIRN_OK;
}

static cairn_status read_piece(const cairn_source *from, piece *p)
{
    const cairn_tensor *tensor = p->part->tensor;
    size_t width = cairn_dtype_size(tensor->dtype);
    char *to = (char *)tensor->data + p->first * width;
    cairn_status status =
        cairn_source_read(from, p->part->offset + p->first * width, to, p->elements * width);
    if (status != CAIRN_OK)
        return status;
    p->not_finite = cairn_dtype_count_not_finite(tensor->dtype, to, p->elements);
    if (p->part->summed)
        p->sum = (uint32_t)crc32_z(0, (const Bytef *)to, p->elements * width);
    p->done = true;
    return CAIRN_OK;
}

static void read_nth(void *arg, size_t index)
{
    reading *r = arg;
    (void)read_piece(&r->from, &r->pieces[index]);
}

static size_t bytes_of_piece(const piece *p)
{
    return p->elements * cairn_dtype_size(p->part->tensor->dtype);
}

static size_t elements_of_piece(const cairn_source_part *part)
{
    return PIECE_BYTES / cairn_dtype_size(part->tensor->dtype);
}

static size_t cut(cairn_source_part *parts, size_t count, piece *pieces)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].elements == 0)
            continue; /* nothing to read, perhaps not even a tensor */
        size_t most = elements_of_piece(&parts[i]);
        for (size_t first = 0; first < parts[i].elements; first += most) {
            size_t left = parts[i].elements - first;
            if (pieces != NULL)
                pieces[used] =
                    (piece){.part = &parts[i], .first = first, .elements = left < most ? left : most};
            used++;
        }
    }
    return used;
}

static size_t bytes_of_all(const cairn_source_part *parts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (parts[i].elements > 0)
            bytes += parts[i].elements * cairn_dtype_size(parts[i].tensor->dtype);
    return bytes;
}

/* Threads read without a context, which can hold only one message; what they could not read is read again to
 * say why. */
cairn_status cairn_source_read_parts(const cairn_source *from, cairn_source_part *parts, size_t count)
{
    size_t pieces = cut(parts, count, NULL);
    reading r = {.from = *from, .pieces = cairn_alloc(from->ctx, pieces, sizeof *r.pieces)};
    if (r.pieces == NULL)
        return CAIRN_MEMORY;
    cut(parts, count, r.pieces);
    r.from.ctx = NULL;
    if (from->bytes == NULL) {
        r.file = *from->file;
        r.file.ctx = NULL;
        r.from.file = &r.file;
    }
    cairn_status status = CAIRN_OK;
    if (bytes_of_all(parts, count) > CAIRN_ONE_THREAD_BYTES)
        status = cairn_for_each(from->ctx, pieces, read_nth, &r);
    else
        for (size_t i = 0; i < pieces; i++)
            read_nth(&r, i);
    for (size_t i = 0; status == CAIRN_OK && i < pieces; i++) {
        piece *p = &r.pieces[i];
        if (!p->done)
            status = read_piece(from, p);
        p->part->not_finite += p->not_finite;
        if (p->part->summed)
            p->part->sum = (uint32_t)crc32_combine64(p->part->sum, p->sum, (z_off64_t)bytes_of_piece(p));
    }
    cairn_free(from->ctx, r.pieces);
    return status;
}
