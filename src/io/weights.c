/* The weights container: named tensors, metadata, and the way between memory and file layouts. */
#include "base/text.h"
#include "io/container.h"
#include "io/dtype.h"
#include <string.h>

typedef cairn_entry entry;
typedef cairn_meta meta;

cairn_ctx *cairn_weights_ctx(const cairn_weights *weights)
{
    return weights->ctx;
}

cairn_status cairn_weights_create(cairn_ctx *ctx, cairn_weights **weights)
{
    *weights = cairn_alloc(ctx, 1, sizeof **weights);
    if (*weights == NULL)
        return CAIRN_MEMORY;
    (*weights)->ctx = ctx;
    (*weights)->file.fd = -1;
    return CAIRN_OK;
}

void cairn_weights_destroy(cairn_weights *weights)
{
    if (weights == NULL)
        return;
    cairn_ctx *ctx = weights->ctx;
    for (size_t i = 0; i < weights->count; i++) {
        if (!weights->entries[i]->in_block)
            cairn_free_aligned(ctx, weights->entries[i]->tensor.data);
        cairn_free(ctx, weights->entries[i]);
    }
    cairn_free_aligned(ctx, weights->block);
    if (weights->file.fd >= 0)
        cairn_file_close(&weights->file);
    for (size_t i = 0; i < weights->meta_count; i++) {
        cairn_free(ctx, weights->meta[i].key);
        cairn_free(ctx, weights->meta[i].value);
    }
    cairn_free(ctx, weights->entries);
    cairn_free(ctx, weights->table);
    cairn_free(ctx, weights->meta);
    cairn_free(ctx, weights);
}

/* ---- tensors ---- */

int cairn_weights_count(const cairn_weights *weights)
{
    return (int)weights->count;
}

const cairn_tensor *cairn_weights_at(const cairn_weights *weights, int index)
{
    return &weights->entries[index]->tensor;
}

/* FNV-1a */
static uint64_t hash_name(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

/* The place of a name in the table: its own, or the empty one where it belongs. The table has one. */
static uint32_t *table_place(const cairn_weights *weights, const char *name, uint64_t hash)
{
    size_t mask = 2 * weights->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t *place = &weights->table[i];
        if (*place == 0)
            return place;
        const entry *found = weights->entries[*place - 1];
        if (found->hash == hash && strcmp(found->name, name) == 0)
            return place;
    }
}

const cairn_tensor *cairn_weights_find(const cairn_weights *weights, const char *name)
{
    if (weights->count == 0)
        return NULL;
    uint32_t place = *table_place(weights, name, hash_name(name));
    return place == 0 ? NULL : &weights->entries[place - 1]->tensor;
}

static cairn_status grow(cairn_weights *weights)
{
    if (weights->count < weights->capacity)
        return CAIRN_OK;
    size_t capacity = weights->capacity == 0 ? 16 : 2 * weights->capacity;
    entry **entries = cairn_resize(weights->ctx, weights->entries, capacity, sizeof *entries);
    if (entries == NULL)
        return CAIRN_MEMORY;
    weights->entries = entries;
    uint32_t *table = cairn_alloc(weights->ctx, 2 * capacity, sizeof *table);
    if (table == NULL)
        return CAIRN_MEMORY;
    cairn_free(weights->ctx, weights->table);
    weights->table = table;
    weights->capacity = capacity;
    for (size_t i = 0; i < weights->count; i++)
        *table_place(weights, entries[i]->name, entries[i]->hash) = (uint32_t)i + 1;
    return CAIRN_OK;
}

bool cairn_shape_count(const cairn_shape *shape, size_t *count)
{
    size_t product = 1;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0 || shape->dim[i] > INT32_MAX ||
            !cairn_size_mul(product, (size_t)shape->dim[i], &product) || product > (size_t)1 << 40)
            return false;
    *count = product;
    return true;
}

cairn_status cairn_weights_reserve(cairn_weights *weights, size_t bytes)
{
    weights->block = cairn_alloc_aligned(weights->ctx, bytes);
    weights->block_bytes = bytes;
    return weights->block == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

/* From the block while there is room. */
static void *take_memory(cairn_weights *weights, size_t bytes, bool *in_block)
{
    size_t room = weights->block_bytes - weights->block_used;
    *in_block = weights->block != NULL && bytes <= room && cairn_weights_room(bytes) <= room;
    if (!*in_block)
        return cairn_alloc_aligned(weights->ctx, bytes);
    void *data = weights->block + weights->block_used;
    weights->block_used += cairn_weights_room(bytes);
    return data;
}

static cairn_status make_entry(cairn_weights *weights, const char *name, cairn_dtype dtype,
                               cairn_layout layout, const cairn_shape *shape, bool read, entry **made)
{
    cairn_ctx *ctx = weights->ctx;
    int rank = layout == CAIRN_LAYOUT_CONV ? 4 : layout == CAIRN_LAYOUT_LINEAR ? 2 : shape->rank;
    size_t length = strlen(name), elements, bytes;
    if (shape->rank < 0 || shape->rank > CAIRN_MAX_RANK || shape->rank != rank ||
        cairn_dtype_size(dtype) == 0 || !cairn_shape_count(shape, &elements) ||
        !cairn_size_mul(elements, cairn_dtype_size(dtype), &bytes))
        return cairn_fail(ctx, CAIRN_USAGE, "tensor '%s': type or shape makes no sense", name);
    if (cairn_utf8_check(name, length) < length)
        return cairn_fail(ctx, CAIRN_INPUT, "tensor '%s': the name is not UTF-8", name);
    entry *e = cairn_alloc(ctx, 1, sizeof *e + length + 1);
    void *data = e == NULL || !read ? NULL : take_memory(weights, bytes, &e->in_block);
    if (e == NULL || (read && data == NULL)) {
        cairn_free(ctx, e);
        return CAIRN_MEMORY;
    }
    memcpy(e->name, name, length + 1);
    e->hash = hash_name(name);
    e->owner = weights;
    e->tensor =
        (cairn_tensor){.name = e->name, .dtype = dtype, .layout = layout, .shape = *shape, .data = data};
    *made = e;
    return CAIRN_OK;
}

static cairn_status add(cairn_weights *weights, const char *name, cairn_dtype dtype, cairn_layout layout,
                        const cairn_shape *shape, bool read, entry **added)
{
    if (cairn_weights_find(weights, name) != NULL)
        return cairn_fail(weights->ctx, CAIRN_USAGE, "tensor '%s' is there already", name);
    cairn_status status = grow(weights);
    entry *e = NULL;
    if (status == CAIRN_OK)
        status = make_entry(weights, name, dtype, layout, shape, read, &e);
    if (status != CAIRN_OK)
        return status;
    weights->entries[weights->count++] = e;
    *table_place(weights, name, e->hash) = (uint32_t)weights->count;
    *added = e;
    return CAIRN_OK;
}

cairn_status cairn_weights_add_unset(cairn_weights *weights, const char *name, cairn_dtype dtype,
                                     cairn_layout layout, const cairn_shape *shape,
                                     const cairn_tensor **tensor)
{
    entry *e;
    cairn_status status = add(weights, name, dtype, layout, shape, true, &e);
    if (status == CAIRN_OK)
        *tensor = &e->tensor;
    return status;
}

cairn_status cairn_weights_add_unread(cairn_weights *weights, const char *name, cairn_dtype dtype,
                                      cairn_layout layout, const cairn_shape *shape,
                                      const cairn_tensor *found, uint64_t offset)
{
    entry *e;
    cairn_status status = add(weights, name, dtype, layout, shape, false, &e);
    if (status != CAIRN_OK)
        return status;
    e->found = found == NULL ? e->tensor : *found;
    e->found.name = e->name;
    e->offset = offset;
    return CAIRN_OK;
}

cairn_status cairn_weights_add(cairn_weights *weights, const char *name, cairn_dtype dtype,
                               cairn_layout layout, const cairn_shape *shape, const cairn_tensor **tensor)
{
    const cairn_tensor *added;
    size_t elements = 0;
    cairn_status status = cairn_weights_add_unset(weights, name, dtype, layout, shape, &added);
    if (status != CAIRN_OK)
        return status;
    cairn_shape_count(shape, &elements);
    memset(added->data, 0, elements * cairn_dtype_size(dtype));
    if (tensor != NULL)
        *tensor = added;
    return CAIRN_OK;
}

/* ---- metadata ---- */

static meta *find_meta(const cairn_weights *weights, const char *key)
{
    for (size_t i = 0; i < weights->meta_count; i++)
        if (strcmp(weights->meta[i].key, key) == 0)
            return &weights->meta[i];
    return NULL;
}

static void remove_meta(cairn_weights *weights, meta *m)
{
    cairn_free(weights->ctx, m->key);
    cairn_free(weights->ctx, m->value);
    size_t behind = weights->meta_count - (size_t)(m - weights->meta) - 1;
    memmove(m, m + 1, behind * sizeof *m);
    weights->meta_count--;
}

static cairn_status add_meta(cairn_weights *weights, const char *key, char *value)
{
    meta *larger = cairn_resize(weights->ctx, weights->meta, weights->meta_count + 1, sizeof *larger);
    if (larger == NULL)
        return CAIRN_MEMORY;
    weights->meta = larger;
    char *copy = cairn_strdup(weights->ctx, key);
    if (copy == NULL)
        return CAIRN_MEMORY;
    weights->meta[weights->meta_count++] = (meta){copy, value};
    return CAIRN_OK;
}

cairn_status cairn_weights_set_meta(cairn_weights *weights, const char *key, const char *value)
{
    meta *m = find_meta(weights, key);
    if (value == NULL) {
        if (m != NULL)
            remove_meta(weights, m);
        return CAIRN_OK;
    }
    if (cairn_utf8_check(key, strlen(key)) < strlen(key) ||
        cairn_utf8_check(value, strlen(value)) < strlen(value))
        return cairn_fail(weights->ctx, CAIRN_INPUT, "metadata '%s': not UTF-8", key);
    char *copy = cairn_strdup(weights->ctx, value);
    if (copy == NULL)
        return CAIRN_MEMORY;
    if (m != NULL) {
        cairn_free(weights->ctx, m->value);
        m->value = copy;
        return CAIRN_OK;
    }
    cairn_status status = add_meta(weights, key, copy);
    if (status != CAIRN_OK)
        cairn_free(weights->ctx, copy);
    return status;
}

const char *cairn_weights_meta(const cairn_weights *weights, const char *key)
{
    const meta *m = find_meta(weights, key);
    return m == NULL ? NULL : m->value;
}

int cairn_weights_meta_count(const cairn_weights *weights)
{
    return (int)weights->meta_count;
}

void cairn_weights_meta_at(const cairn_weights *weights, int index, const char **key, const char **value)
{
    *key = weights->meta[index].key;
    *value = weights->meta[index].value;
}

/* ---- between memory and file layouts ---- */

static cairn_status check_conversion(const cairn_tensor *tensor, cairn_dtype from, cairn_dtype to)
{
    const entry *e = (const entry *)tensor;
    if (tensor->data == NULL)
        return cairn_weights_check_read(e->owner);
    if (from == to || cairn_dtype_is_real(to))
        return CAIRN_OK;
    return cairn_fail(e->owner->ctx, CAIRN_USAGE, "tensor '%s': %s does not become %s", tensor->name,
                      cairn_dtype_name(from), cairn_dtype_name(to));
}

cairn_status cairn_tensor_get(const cairn_tensor *tensor, cairn_dtype dtype, void *file_layout)
{
    cairn_status status = check_conversion(tensor, tensor->dtype, dtype);
    if (status == CAIRN_OK)
        cairn_tensor_to_file(tensor, dtype, file_layout);
    return status;
}

cairn_status cairn_tensor_set(const cairn_tensor *tensor, cairn_dtype dtype, const void *file_layout)
{
    cairn_status status = check_conversion(tensor, dtype, tensor->dtype);
    if (status == CAIRN_OK)
        cairn_tensor_from_file(tensor, dtype, file_layout);
    return status;
}

cairn_layout cairn_layout_of(const cairn_shape *shape)
{
    return shape->rank == 4 ? CAIRN_LAYOUT_CONV : shape->rank == 2 ? CAIRN_LAYOUT_LINEAR : CAIRN_LAYOUT_PLAIN;
}
