/* Reading the tensors of a file of torch.save. Nearly always a tensor is its storage, which then is read to
 * where the tensor will stay, many at a time; others are gathered from the storage by their strides, turned
 * from the other byte order, or widened. */
#include "base/text.h"
#include "io/dtype.h"
#include "io/torch.h"
#include <string.h>

static cairn_status fail_storage(const cairn_torch_file *file, const cairn_torch_storage *s, const char *what)
{
    return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: tensor '%.*s': %s", file->from->name,
                      (int)file->tensors[s->first].name_size, file->tensors[s->first].name, what);
}

/* ---- making the tensors ---- */

static cairn_status add_tensor(cairn_torch_file *file, cairn_torch_tensor *t, cairn_weights *weights)
{
    cairn_ctx *ctx = file->from->ctx;
    char *name = cairn_alloc(ctx, t->name_size + 1, 1);
    if (name == NULL)
        return CAIRN_MEMORY;
    memcpy(name, t->name, t->name_size);
    cairn_status status = CAIRN_OK;
    if (strlen(name) != t->name_size)
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: tensor '%s': a NUL in its name", file->from->name, name);
    else if (cairn_utf8_check(name, t->name_size) < t->name_size)
        status =
            cairn_fail(ctx, CAIRN_INPUT, "%s: tensor '%s': its name is not UTF-8", file->from->name, name);
    else if (cairn_weights_find(weights, name) != NULL)
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: tensor '%s' is there twice", file->from->name, name);
    else
        status =
            cairn_weights_add_unset(weights, name, t->type->dtype, CAIRN_LAYOUT_PLAIN, &t->shape, &t->tensor);
    cairn_free(ctx, name);
    return status;
}

static cairn_status add_tensors(cairn_torch_file *file, cairn_weights *weights)
{
    size_t bytes = 0;
    for (size_t i = 0; i < file->tensor_count; i++)
        bytes +=
            cairn_weights_room(file->tensors[i].elements * cairn_dtype_size(file->tensors[i].type->dtype));
    cairn_status status = cairn_weights_reserve(weights, bytes);
    for (size_t i = 0; status == CAIRN_OK && i < file->tensor_count; i++)
        status = add_tensor(file, &file->tensors[i], weights);
    return status;
}

/* ---- storages that are tensors ---- */

static cairn_status check_sum(const cairn_torch_file *file, const cairn_torch_storage *s, uint32_t sum)
{
    if (!s->summed || s->compressed || sum == s->sum)
        return CAIRN_OK;
    return fail_storage(file, s, "its bytes are damaged (CRC-32)");
}

static cairn_status read_whole(cairn_torch_file *file, cairn_source_part *parts)
{
    size_t count = 0;
    for (size_t i = 0; i < file->storage_count; i++) {
        const cairn_torch_storage *s = &file->storages[i];
        if (s->primary != SIZE_MAX && !s->compressed)
            parts[count++] = (cairn_source_part){.offset = s->offset,
                                                 .elements = file->tensors[s->primary].elements,
                                                 .tensor = file->tensors[s->primary].tensor,
                                                 .summed = s->summed};
    }
    cairn_status status = cairn_source_read_parts(file->from, parts, count);
    count = 0;
    for (size_t i = 0; status == CAIRN_OK && i < file->storage_count; i++) {
        const cairn_torch_storage *s = &file->storages[i];
        if (s->primary == SIZE_MAX)
            continue;
        cairn_torch_tensor *t = &file->tensors[s->primary];
        if (s->compressed) {
            status = cairn_torch_zip_unpack(file, s, t->tensor->data);
            if (status == CAIRN_OK)
                t->not_finite = cairn_dtype_count_not_finite(t->type->dtype, t->tensor->data, t->elements);
            continue;
        }
        t->not_finite = parts[count].not_finite;
        status = check_sum(file, s, parts[count++].sum);
    }
    return status;
}

/* ---- views ---- */

/* Elements of `width` bytes, row-major; width is a constant where this is called. */
static inline __attribute__((always_inline)) void gather_width(const cairn_torch_tensor *t, const char *from,
                                                               char *to, size_t width)
{
    int64_t dim[4] = {1, 1, 1, 1}, step[4] = {0};
    _Static_assert(CAIRN_MAX_RANK == 4, "one loop for each dimension");
    for (int i = 0; i < t->shape.rank; i++) {
        dim[4 - t->shape.rank + i] = t->shape.dim[i];
        /* where there is nothing to step to, the file may say anything */
        step[4 - t->shape.rank + i] = t->shape.dim[i] > 1 ? t->stride[i] * (int64_t)width : 0;
    }
    from += (size_t)t->offset * width;
    for (int64_t a = 0; a < dim[0]; a++)
        for (int64_t b = 0; b < dim[1]; b++)
            for (int64_t c = 0; c < dim[2]; c++) {
                const char *row = from + a * step[0] + b * step[1] + c * step[2];
                for (int64_t d = 0; d < dim[3]; d++, row += step[3], to += width)
                    memcpy(to, row, width);
            }
}

static void gather(const cairn_torch_tensor *t, const char *from, char *to)
{
    switch (t->type->width) {
    case 1:
        gather_width(t, from, to, 1);
        break;
    case 2:
        gather_width(t, from, to, 2);
        break;
    case 4:
        gather_width(t, from, to, 4);
        break;
    default:
        gather_width(t, from, to, 8);
        break;
    }
}

static void swap_bytes(char *data, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++, data += width)
        for (size_t k = 0; k < width / 2; k++) {
            char byte = data[k];
            data[k] = data[width - 1 - k];
            data[width - 1 - k] = byte;
        }
}

/* Narrow numbers are put to the end of their place and widened from its beginning. */
static cairn_status make_view(const cairn_torch_file *file, cairn_torch_tensor *t, const char *from)
{
    size_t width = t->type->width, room = cairn_dtype_size(t->type->dtype);
    char *data = t->tensor->data, *narrow = data + t->elements * (room - width);
    bool widens = t->type->storing != CAIRN_TORCH_COPY;
    if (t->elements == 0)
        return CAIRN_OK;
    gather(t, from, narrow);
    if (file->big_endian)
        swap_bytes(narrow, t->elements, width);
    if (widens && !cairn_dtype_widen(data, width, t->type->storing == CAIRN_TORCH_WIDEN_SIGNED, t->elements))
        return cairn_fail(file->from->ctx, CAIRN_INPUT,
                          "%s: tensor '%s': value out of range (expected at most 2^63 - 1)", file->from->name,
                          t->tensor->name);
    t->not_finite = cairn_dtype_count_not_finite(t->type->dtype, data, t->elements);
    return CAIRN_OK;
}

/* A storage that no tensor is, for a while. */
static cairn_status read_aside(cairn_torch_file *file, const cairn_torch_storage *s, void *to)
{
    if (s->compressed)
        return cairn_torch_zip_unpack(file, s, to);
    const cairn_tensor bytes = {.dtype = CAIRN_U8, .data = to};
    cairn_source_part part = {
        .offset = s->offset, .elements = (size_t)s->bytes, .tensor = &bytes, .summed = s->summed};
    cairn_status status = cairn_source_read_parts(file->from, &part, 1);
    return status == CAIRN_OK ? check_sum(file, s, part.sum) : status;
}

static cairn_status read_views(cairn_torch_file *file, const cairn_torch_storage *s)
{
    bool alone = s->primary != SIZE_MAX && s->first == s->primary && file->tensors[s->first].next == SIZE_MAX;
    if (alone)
        return CAIRN_OK;
    cairn_ctx *ctx = file->from->ctx;
    char *aside = NULL;
    const char *from = s->primary == SIZE_MAX ? NULL : file->tensors[s->primary].tensor->data;
    cairn_status status = CAIRN_OK;
    if (from == NULL) {
        from = aside = cairn_alloc_aligned(ctx, (size_t)s->bytes);
        status = aside == NULL ? CAIRN_MEMORY : read_aside(file, s, aside);
    }
    for (size_t i = s->first; status == CAIRN_OK && i != SIZE_MAX; i = file->tensors[i].next)
        if (i != s->primary)
            status = make_view(file, &file->tensors[i], from);
    cairn_free_aligned(ctx, aside);
    return status;
}

cairn_status cairn_torch_read(cairn_torch_file *file, cairn_weights *weights)
{
    cairn_ctx *ctx = file->from->ctx;
    cairn_source_part *parts = cairn_alloc(ctx, file->storage_count + 1, sizeof *parts);
    cairn_status status = parts == NULL ? CAIRN_MEMORY : add_tensors(file, weights);
    if (status == CAIRN_OK)
        status = read_whole(file, parts);
    for (size_t i = 0; status == CAIRN_OK && i < file->storage_count; i++)
        status = read_views(file, &file->storages[i]);
    for (size_t i = 0; status == CAIRN_OK && i < file->tensor_count; i++)
        if (file->tensors[i].not_finite > 0)
            cairn_log(ctx, CAIRN_LOG_WARNING, "%s: tensor '%s' has %zu values that are not finite",
                      file->from->name, file->tensors[i].tensor->name, file->tensors[i].not_finite);
    cairn_free(ctx, parts);
    return status;
}
