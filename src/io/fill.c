/* Filling tensors from others or from files, in parts that threads share. What is still in its file is read a
 * part at a time and turned round while it is in the cache, so that its numbers go through memory once and
 * never lie there twice. */
#include "base/file.h"
#include "base/threads.h"
#include "io/dtype.h"
#include "io/weights.h"

typedef struct part {
    const cairn_fill *fill;
    size_t number, not_finite;
    bool failed;
} part;

typedef struct filling {
    part *parts;
    size_t count, bytes, buffer_bytes; /* a buffer for each thread */
    char *buffers;
    atomic_size_t next;
} filling;

cairn_status cairn_fill_part(cairn_ctx *ctx, const cairn_fill *fill, size_t number, char *buffer,
                             size_t *not_finite)
{
    size_t first, count, width = cairn_dtype_size(fill->from.dtype);
    cairn_tensor read = fill->from;
    cairn_file file = *fill->file;
    file.ctx = ctx; /* NULL on threads, which share one that can hold only one message */
    cairn_tensor_part_span(&read, fill->to, number, &first, &count);
    cairn_status status = cairn_file_read_at(&file, fill->offset + first * width, buffer, count * width);
    if (status != CAIRN_OK)
        return status;
    *not_finite += cairn_dtype_count_not_finite(read.dtype, buffer, count);
    read.data = (char *)((uintptr_t)buffer - first * width);
    cairn_tensor_copy_part(&read, fill->to, number);
    return CAIRN_OK;
}

void cairn_fill_warn(cairn_ctx *ctx, const cairn_file *file, const char *name, size_t not_finite)
{
    cairn_log(ctx, CAIRN_LOG_WARNING, "%s: tensor '%s' has %zu values that are not finite", file->path, name,
              not_finite);
}

static void fill_parts(void *arg, int thread)
{
    filling *f = arg;
    char *buffer = f->buffers + (size_t)thread * f->buffer_bytes;
    for (size_t i; (i = atomic_fetch_add_explicit(&f->next, 1, memory_order_relaxed)) < f->count;) {
        part *p = &f->parts[i];
        if (p->fill->file == NULL)
            cairn_tensor_copy_part(&p->fill->from, p->fill->to, p->number);
        else
            p->failed = cairn_fill_part(NULL, p->fill, p->number, buffer, &p->not_finite) != CAIRN_OK;
    }
}

static size_t list_parts(const cairn_fill *fills, size_t count, filling *f)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const cairn_fill *fill = &fills[i];
        for (size_t number = 0; number < cairn_tensor_parts(&fill->from, fill->to); number++, used++) {
            size_t first, elements;
            cairn_tensor_part_span(&fill->from, fill->to, number, &first, &elements);
            size_t bytes = cairn_align(elements * cairn_dtype_size(fill->from.dtype), 4096);
            if (fill->file != NULL && bytes > f->buffer_bytes)
                f->buffer_bytes = bytes;
            if (f->parts == NULL)
                f->bytes += bytes;
            else
                f->parts[used] = (part){.fill = fill, .number = number};
        }
    }
    return used;
}

/* A part that could not be read is read again to say why. Parts of a tensor stand beside each other. */
static cairn_status tell(cairn_ctx *ctx, filling *f)
{
    for (size_t i = 0; i < f->count; i++) {
        part *p = &f->parts[i];
        cairn_status status = CAIRN_OK;
        if (p->failed)
            status = cairn_fill_part(ctx, p->fill, p->number, f->buffers, &p->not_finite);
        if (status != CAIRN_OK)
            return status;
        if (i + 1 < f->count && p[1].fill == p->fill)
            p[1].not_finite += p->not_finite;
        else if (p->not_finite > 0)
            cairn_fill_warn(ctx, p->fill->file, p->fill->from.name, p->not_finite);
    }
    return CAIRN_OK;
}

cairn_status cairn_weights_fill(cairn_ctx *ctx, const cairn_fill *fills, size_t count)
{
    filling f = {0};
    f.count = list_parts(fills, count, &f);
    f.parts = cairn_alloc(ctx, f.count, sizeof *f.parts);
    f.buffers = cairn_alloc_aligned(ctx, f.buffer_bytes * (size_t)ctx->threads);
    cairn_status status = f.parts == NULL || f.buffers == NULL ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK) {
        list_parts(fills, count, &f);
        status = cairn_parallel(ctx, f.bytes > CAIRN_ONE_THREAD_BYTES ? ctx->threads : 1, fill_parts, &f);
    }
    if (status == CAIRN_OK)
        status = tell(ctx, &f);
    cairn_free_aligned(ctx, f.buffers);
    cairn_free(ctx, f.parts);
    return status;
}
