/* Filling a graph's tensors from those of a file, in parts that threads share. What is still in the file is
 * read a part at a time and turned round while it is in the cache, so that its numbers go through memory once
 * and never lie there twice. */
#include "base/file.h"
#include "base/threads.h"
#include "io/dtype.h"
#include "io/weights.h"

typedef struct part {
    const cairn_tensor *from, *to;
    size_t number, not_finite;
    const cairn_file *file; /* NULL: `from` has data */
    uint64_t offset;        /* of the tensor */
    bool failed;
} part;

typedef struct filling {
    part *parts;
    size_t count, buffer_bytes; /* a buffer for each thread */
    char *buffers;
    atomic_size_t next;
} filling;

/* Reads with the file's own context, or none: threads share it, and it can hold only one message. */
static cairn_status read_part(part *p, cairn_ctx *ctx, char *buffer)
{
    size_t first, count, width = cairn_dtype_size(p->from->dtype);
    cairn_tensor read = *p->from;
    cairn_file file = *p->file;
    file.ctx = ctx;
    file.path = (char *)(uintptr_t) "weights";
    cairn_tensor_part_span(p->from, p->to, p->number, &first, &count);
    cairn_status status = cairn_file_read_at(&file, p->offset + first * width, buffer, count * width);
    if (status != CAIRN_OK)
        return status;
    p->not_finite += cairn_dtype_count_not_finite(read.dtype, buffer, count);
    read.data = (char *)((uintptr_t)buffer - first * width);
    cairn_tensor_copy_part(&read, p->to, p->number);
    return CAIRN_OK;
}

static void fill_parts(void *arg, int thread)
{
    filling *f = arg;
    char *buffer = f->buffers + (size_t)thread * f->buffer_bytes;
    for (size_t i; (i = atomic_fetch_add_explicit(&f->next, 1, memory_order_relaxed)) < f->count;) {
        part *p = &f->parts[i];
        if (p->file == NULL)
            cairn_tensor_copy_part(p->from, p->to, p->number);
        else
            p->failed = read_part(p, NULL, buffer) != CAIRN_OK;
    }
}

static size_t list_parts(const cairn_weights *loaded, const cairn_tensor *found, const cairn_weights *bound,
                         filling *f)
{
    size_t used = 0;
    for (int i = 0; i < cairn_weights_count(bound); i++) {
        const cairn_tensor *to = cairn_weights_at(bound, i);
        uint64_t offset = 0;
        const cairn_file *file =
            found[i].data != NULL ? NULL : cairn_weights_unread(loaded, found[i].name, &offset);
        for (size_t number = 0; number < cairn_tensor_parts(&found[i], to); number++, used++) {
            size_t first, count;
            cairn_tensor_part_span(&found[i], to, number, &first, &count);
            count *= cairn_dtype_size(found[i].dtype);
            if (file != NULL && count > f->buffer_bytes)
                f->buffer_bytes = cairn_align(count, 4096);
            if (f->parts != NULL)
                f->parts[used] = (part){&found[i], to, number, .file = file, .offset = offset};
        }
    }
    return used;
}

/* A part that could not be read is read again to say why. Its tensor's others stand beside it. */
static cairn_status tell(cairn_ctx *ctx, filling *f)
{
    for (size_t i = 0; i < f->count; i++) {
        part *p = &f->parts[i];
        cairn_status status = p->failed ? read_part(p, ctx, f->buffers) : CAIRN_OK;
        if (status != CAIRN_OK)
            return status;
        if (i + 1 < f->count && p[1].to == p->to)
            p[1].not_finite += p->not_finite;
        else if (p->not_finite > 0)
            cairn_log(ctx, CAIRN_LOG_WARNING, "%s: tensor '%s' has %zu values that are not finite",
                      p->file->path, p->from->name, p->not_finite);
    }
    return CAIRN_OK;
}

cairn_status cairn_weights_fill(cairn_ctx *ctx, const cairn_weights *loaded, const cairn_tensor *found,
                                const cairn_weights *bound)
{
    filling f = {0};
    f.count = list_parts(loaded, found, bound, &f);
    f.parts = cairn_alloc(ctx, f.count, sizeof *f.parts);
    f.buffers = cairn_alloc_aligned(ctx, f.buffer_bytes * (size_t)ctx->threads);
    cairn_status status = f.parts == NULL || f.buffers == NULL ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK) {
        list_parts(loaded, found, bound, &f);
        status = cairn_parallel(ctx, f.count > 1 ? ctx->threads : 1, fill_parts, &f);
    }
    if (status == CAIRN_OK)
        status = tell(ctx, &f);
    cairn_free_aligned(ctx, f.buffers);
    cairn_free(ctx, f.parts);
    return status;
}
