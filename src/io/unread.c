/* Tensors whose numbers are still in their file: where they are, and the ways to get them. */
#include "base/file.h"
#include "io/container.h"
#include "io/dtype.h"

typedef cairn_entry entry;

#define CONVERTED_BYTES 8192 /* that are read at a time where the file has another type */

static bool has_unread(const cairn_weights *weights)
{
    for (size_t i = 0; i < weights->count; i++)
        if (weights->entries[i]->tensor.data == NULL)
            return true;
    return false;
}

void cairn_weights_keep_file(cairn_weights *weights, cairn_file *file)
{
    if (has_unread(weights))
        weights->file = *file;
    else
        cairn_file_close(file);
}

cairn_fill cairn_weights_source_of(const cairn_weights *weights, const cairn_tensor *found)
{
    const entry *e = (const entry *)cairn_weights_find(weights, found->name);
    if (found->data != NULL || e == NULL)
        return (cairn_fill){.from = *found};
    return (cairn_fill){.from = *found, .file = &weights->file, .offset = e->offset};
}

cairn_status cairn_weights_check_read(const cairn_weights *weights)
{
    if (weights->file.fd < 0)
        return CAIRN_OK;
    return cairn_fail(weights->ctx, CAIRN_USAGE,
                      "weights: the numbers are still in their file: cairn_weights_read first");
}

/* Memory for the tensors that have none yet, and what is to be read into it. */
static cairn_status add_memory(cairn_weights *weights, cairn_fill *fills, size_t *count)
{
    for (size_t i = 0; i < weights->count; i++) {
        entry *e = weights->entries[i];
        size_t elements = 0;
        if (e->tensor.data != NULL)
            continue;
        cairn_shape_count(&e->tensor.shape, &elements);
        e->tensor.data = cairn_alloc_aligned(weights->ctx, elements * cairn_dtype_size(e->tensor.dtype));
        if (e->tensor.data == NULL)
            return CAIRN_MEMORY;
        fills[(*count)++] =
            (cairn_fill){.from = e->found, .to = &e->tensor, .file = &weights->file, .offset = e->offset};
    }
    return CAIRN_OK;
}

cairn_status cairn_weights_read(cairn_weights *weights)
{
    cairn_ctx *ctx = weights->ctx;
    size_t count = 0;
    if (weights->file.fd < 0)
        return CAIRN_OK;
    cairn_fill *fills = cairn_alloc(ctx, weights->count, sizeof *fills);
    if (fills == NULL)
        return CAIRN_MEMORY;
    cairn_status status = add_memory(weights, fills, &count);
    if (status == CAIRN_OK)
        status = cairn_weights_fill(ctx, fills, count);
    if (status == CAIRN_OK)
        cairn_file_close(&weights->file);
    for (size_t i = 0; status != CAIRN_OK && i < weights->count; i++) {
        entry *e = weights->entries[i];
        if (e->found.name == NULL || e->tensor.data == NULL)
            continue;
        cairn_free_aligned(ctx, e->tensor.data);
        e->tensor.data = NULL;
    }
    cairn_free(ctx, fills);
    return status;
}

cairn_status cairn_weights_share_file(cairn_weights *weights, const cairn_weights *with)
{
    return !has_unread(weights) ? CAIRN_OK : cairn_file_share(weights->ctx, &with->file, &weights->file);
}

/* ---- piece by piece ---- */

size_t cairn_tensor_pieces(const cairn_tensor *tensor, size_t *buffer_bytes)
{
    const entry *e = (const entry *)tensor;
    size_t pieces = cairn_tensor_parts(&e->found, tensor), first, count;
    *buffer_bytes = 0;
    for (size_t i = 0; i < pieces; i++) {
        cairn_tensor_part_span(&e->found, tensor, i, &first, &count);
        count *= cairn_dtype_size(e->found.dtype);
        *buffer_bytes = count > *buffer_bytes ? count : *buffer_bytes;
    }
    return pieces;
}

cairn_status cairn_tensor_read_piece(const cairn_tensor *tensor, size_t piece, void *buffer, void *to)
{
    entry *e = (entry *)(uintptr_t)tensor;
    cairn_tensor target = *tensor;
    target.data = to;
    cairn_fill fill = {.from = e->found, .to = &target, .file = &e->owner->file, .offset = e->offset};
    size_t not_finite = 0;
    cairn_status status = cairn_fill_part(NULL, &fill, piece, buffer, &not_finite);
    if (not_finite > 0)
        atomic_fetch_add(&e->not_finite, not_finite);
    return status;
}

bool cairn_tensor_has_columns(const cairn_tensor *tensor)
{
    const entry *e = (const entry *)tensor;
    return tensor->data == NULL && tensor->layout == CAIRN_LAYOUT_LINEAR &&
           e->found.layout != CAIRN_LAYOUT_LINEAR;
}

cairn_status cairn_tensor_read_columns(const cairn_tensor *tensor, size_t begin, size_t end, void *to)
{
    entry *e = (entry *)(uintptr_t)tensor;
    cairn_file file = e->owner->file;
    file.ctx = NULL; /* threads share one that can hold only one message */
    size_t from_bytes = cairn_dtype_size(e->found.dtype), to_bytes = cairn_dtype_size(tensor->dtype);
    size_t length = (size_t)tensor->shape.dim[0], count = (end - begin) * length, not_finite = 0;
    uint64_t offset = e->offset + begin * length * from_bytes;
    bool as_it_is = e->found.dtype == tensor->dtype;
    char piece[CONVERTED_BYTES];
    cairn_status status = CAIRN_OK;
    for (size_t done = 0, some; done < count && status == CAIRN_OK; done += some) {
        some = as_it_is ? count : sizeof piece / from_bytes;
        some = some < count - done ? some : count - done;
        char *target = (char *)to + done * to_bytes, *read = as_it_is ? target : piece;
        status = cairn_file_read_at(&file, offset + done * from_bytes, read, some * from_bytes);
        if (status != CAIRN_OK)
            break;
        not_finite += cairn_dtype_count_not_finite(e->found.dtype, read, some);
        if (!as_it_is)
            cairn_dtype_convert(tensor->dtype, target, e->found.dtype, read, some);
    }
    if (not_finite > 0)
        atomic_fetch_add(&e->not_finite, not_finite);
    return status;
}

void cairn_tensor_read_end(cairn_ctx *ctx, const cairn_tensor *tensor)
{
    entry *e = (entry *)(uintptr_t)tensor;
    size_t not_finite = atomic_exchange(&e->not_finite, 0);
    if (not_finite > 0)
        cairn_fill_warn(ctx, &e->owner->file, tensor->name, not_finite);
}
