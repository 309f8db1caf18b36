/* From the object in a file of torch.save to tensors: the state dict is unwrapped, and each of its tensors is
 * a view (type, shape, strides, offset) of a storage. */
#include "io/torch.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WRAPPERS 4
#define MAX_TENSORS 20000                /* about as many as a header of safetensors may name */
#define SPARE_BYTES ((uint64_t)16 << 20) /* that tensors may claim beyond their storages */

/* What checkpoints keep the weights under, the best first; averaged weights are better. */
static const char *const wrappers[] = {"state_dict_ema",   "model_ema",  "state_dict", "model",
                                       "model_state_dict", "net",        "weights",    "module",
                                       "params",           "model_state"};
/* What training wraps a network in, from the outside in. */
static const char *const prefixes[] = {"_orig_mod.", "module.", "_orig_mod."};

static cairn_status fail(const cairn_torch_file *file, const char *what)
{
    return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: %s", file->from->name, what);
}

static cairn_status fail_tensor(const cairn_torch_file *file, const cairn_torch_tensor *t, const char *what)
{
    return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: tensor '%.*s': %s", file->from->name,
                      (int)t->name_size, t->name, what);
}

/* ---- the state dict ---- */

static const cairn_pickle_value *find_item(const cairn_pickle *p, const cairn_pickle_value *dict,
                                           const char *key)
{
    for (uint32_t i = dict->count; i >= 2; i -= 2) /* the last one counts */
        if (cairn_pickle_is(p, dict->as.items[i - 2], key))
            return dict->as.items[i - 1];
    return NULL;
}

static cairn_status fail_root(const cairn_torch_file *file, const cairn_pickle_value *root)
{
    bool object = root->kind == CAIRN_PICKLE_OPAQUE || root->kind == CAIRN_PICKLE_GLOBAL;
    if (object)
        return cairn_fail(
            file->from->ctx, CAIRN_INPUT,
            "%s: contains a pickled module (%s), not a state dict: save its state_dict() in Python",
            file->from->name, cairn_pickle_name(&file->pickle, root));
    return fail(file, root->kind == CAIRN_PICKLE_TENSOR ? "holds a single tensor (expected a state dict)"
                                                        : "holds no state dict");
}

/* Takes off the wrappers of checkpoints. */
static cairn_status find_state(const cairn_torch_file *file, const cairn_pickle_value **state)
{
    const cairn_pickle *p = &file->pickle;
    const cairn_pickle_value *at = file->root;
    for (int level = 0; level < MAX_WRAPPERS && at->kind == CAIRN_PICKLE_DICT; level++) {
        const cairn_pickle_value *inner = NULL, *object = NULL;
        for (size_t i = 0; i < CAIRN_COUNT(wrappers) && inner == NULL; i++) {
            const cairn_pickle_value *found = find_item(p, at, wrappers[i]);
            if (found != NULL && found->kind == CAIRN_PICKLE_DICT) {
                inner = found;
                cairn_log(file->from->ctx, CAIRN_LOG_INFO, "%s: takes '%s'", file->from->name, wrappers[i]);
            } else if (found != NULL && found->kind == CAIRN_PICKLE_OPAQUE && object == NULL) {
                object = found;
            }
        }
        if (inner == NULL && object != NULL)
            return fail_root(file, object);
        if (inner == NULL)
            break;
        at = inner;
    }
    *state = at;
    return at->kind == CAIRN_PICKLE_DICT ? CAIRN_OK : fail_root(file, at);
}

/* A prefix that all names have. */
static void strip_prefixes(cairn_torch_file *file)
{
    for (size_t k = 0; k < CAIRN_COUNT(prefixes); k++) {
        size_t length = strlen(prefixes[k]);
        bool all = file->tensor_count > 0;
        for (size_t i = 0; i < file->tensor_count && all; i++)
            all = file->tensors[i].name_size > length &&
                  memcmp(file->tensors[i].name, prefixes[k], length) == 0;
        for (size_t i = 0; i < file->tensor_count && all; i++) {
            file->tensors[i].name += length;
            file->tensors[i].name_size -= length;
        }
        if (all)
            cairn_log(file->from->ctx, CAIRN_LOG_INFO, "%s: removes '%s' before all names", file->from->name,
                      prefixes[k]);
    }
}

/* ---- tensors ---- */

cairn_status cairn_torch_claim(const cairn_torch_file *file, const cairn_pickle_value *value,
                               cairn_torch_storage *storage, const cairn_torch_type **type)
{
    cairn_pickle_value *const *items = value->as.items;
    if (value->count < 5 || items[1]->kind != CAIRN_PICKLE_GLOBAL ||
        (items[1]->what != CAIRN_GLOBAL_STORAGE && items[1]->what != CAIRN_GLOBAL_UNTYPED) ||
        items[2]->kind != CAIRN_PICKLE_TEXT || items[4]->kind != CAIRN_PICKLE_INT || items[4]->as.integer < 0)
        return fail(file, "a storage is not described as expected (type, key, device, number of elements)");
    *type = items[1]->what == CAIRN_GLOBAL_STORAGE ? &cairn_torch_types[items[1]->as.integer] : NULL;
    uint64_t width = *type == NULL ? 1 : (*type)->width, elements = (uint64_t)items[4]->as.integer;
    if (elements > file->from->size * 100) /* packed at best; keeps the product small */
        return cairn_fail(file->from->ctx, CAIRN_INPUT,
                          "%s: a storage of %" PRIu64 " elements does not fit in the file", file->from->name,
                          elements);
    *storage = (cairn_torch_storage){.key = cairn_pickle_text(&file->pickle, items[2]),
                                     .key_size = items[2]->count,
                                     .bytes = elements * width,
                                     .first = SIZE_MAX,
                                     .primary = SIZE_MAX};
    return CAIRN_OK;
}

/* Views of storages, of the oldest files: ("key", offset, elements) moves the tensor. */
static cairn_status add_view(const cairn_torch_file *file, const cairn_pickle_value *storage,
                             cairn_torch_tensor *t)
{
    const cairn_pickle_value *view = storage->count > 5 ? storage->as.items[5] : NULL;
    if (view == NULL || view->kind == CAIRN_PICKLE_NONE)
        return CAIRN_OK;
    if (view->kind != CAIRN_PICKLE_TUPLE || view->count < 2 || view->as.items[1]->kind != CAIRN_PICKLE_INT ||
        view->as.items[1]->as.integer < 0 ||
        __builtin_add_overflow(t->offset, view->as.items[1]->as.integer, &t->offset))
        return fail_tensor(file, t, "the view of its storage makes no sense");
    return CAIRN_OK;
}

static bool read_sizes(const cairn_pickle_value *tuple, int64_t *sizes, int *rank)
{
    if (tuple->kind != CAIRN_PICKLE_TUPLE && tuple->kind != CAIRN_PICKLE_LIST)
        return false;
    *rank = (int)cairn_min(tuple->count, CAIRN_MAX_RANK + 1);
    for (int i = 0; i < *rank && i < CAIRN_MAX_RANK; i++) {
        sizes[i] = tuple->as.items[i]->as.integer;
        if (tuple->as.items[i]->kind != CAIRN_PICKLE_INT || sizes[i] < 0)
            return false;
    }
    return true;
}

/* Index of what describes the type or the state, by function. */
static const cairn_pickle_value *argument(const cairn_pickle_value *v, uint32_t index)
{
    return v->count > index ? v->as.items[index] : NULL;
}

/* The arguments of _rebuild_tensor: storage, offset, sizes, strides, and by version gradient, hooks, type,
 * metadata. */
static cairn_status describe(const cairn_torch_file *file, const cairn_pickle_value *v, cairn_torch_tensor *t,
                             cairn_torch_storage *storage)
{
    bool v3 = v->what == CAIRN_GLOBAL_TENSOR_V3;
    int strides = 0;
    if (v->count < 4 || v->as.items[0]->kind != CAIRN_PICKLE_STORAGE ||
        v->as.items[1]->kind != CAIRN_PICKLE_INT || v->as.items[1]->as.integer < 0 ||
        !read_sizes(v->as.items[2], t->shape.dim, &t->shape.rank) ||
        !read_sizes(v->as.items[3], t->stride, &strides) || strides != t->shape.rank)
        return fail_tensor(file, t, "is not described as expected (storage, offset, sizes, strides)");
    t->offset = v->as.items[1]->as.integer;
    cairn_status status = cairn_torch_claim(file, v->as.items[0], storage, &t->type);
    if (status != CAIRN_OK)
        return status;
    const cairn_pickle_value *dtype = v3 ? argument(v, 6) : NULL, *metadata = argument(v, v3 ? 7 : 6);
    if (dtype != NULL && dtype->kind == CAIRN_PICKLE_GLOBAL && dtype->what == CAIRN_GLOBAL_DTYPE)
        t->type = &cairn_torch_types[dtype->as.integer];
    if (t->type == NULL || (v3 && dtype == NULL))
        return fail_tensor(file, t, "has no type that is known here");
    if (metadata != NULL && metadata->kind == CAIRN_PICKLE_DICT && metadata->count > 0)
        return fail_tensor(file, t, "is a negated or conjugated view: save a clone() of it");
    if (t->type->storing == CAIRN_TORCH_REFUSE)
        return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: tensor '%.*s': type %s is not supported",
                          file->from->name, (int)t->name_size, t->name, t->type->name);
    if (t->shape.rank > CAIRN_MAX_RANK)
        return fail_tensor(file, t, "has too many dimensions (expected at most 4)");
    if (!cairn_shape_count(&t->shape, &t->elements))
        return fail_tensor(file, t, "shape overflows (expected at most 2^40 elements)");
    return add_view(file, v->as.items[0], t);
}

/* Entries of a state dict that are no tensors: numbers and the like are left out, objects with a warning;
 * those that would have become a tensor cannot be. */
static cairn_status look_at_other(const cairn_torch_file *file, const cairn_pickle_value *v,
                                  const cairn_torch_tensor *t)
{
    if (v->kind != CAIRN_PICKLE_OPAQUE)
        return CAIRN_OK;
    const char *name = cairn_pickle_name(&file->pickle, v);
    if (strstr(name, "_rebuild_") != NULL)
        return cairn_fail(file->from->ctx, CAIRN_INPUT,
                          "%s: tensor '%.*s': is of a kind that is not supported (%s)", file->from->name,
                          (int)t->name_size, t->name, name);
    cairn_log(file->from->ctx, CAIRN_LOG_WARNING, "%s: '%.*s' is no tensor but %s: left out",
              file->from->name, (int)cairn_min((int64_t)t->name_size, 200), t->name, name);
    return CAIRN_OK;
}

static cairn_status list_tensors(cairn_torch_file *file, const cairn_pickle_value *state)
{
    size_t most = state->count / 2;
    if (most > MAX_TENSORS)
        return fail(file, "the state dict is too long (expected at most 20000 entries)");
    file->tensors = cairn_alloc(file->from->ctx, most + 1, sizeof *file->tensors);
    file->storages = cairn_alloc(file->from->ctx, most + 1, sizeof *file->storages);
    if (file->tensors == NULL || file->storages == NULL)
        return CAIRN_MEMORY;
    for (size_t i = 0; i < most; i++) {
        const cairn_pickle_value *key = state->as.items[2 * i], *v = state->as.items[2 * i + 1];
        cairn_torch_tensor *t = &file->tensors[file->tensor_count];
        if (key->kind != CAIRN_PICKLE_TEXT)
            continue;
        *t = (cairn_torch_tensor){.name = cairn_pickle_text(&file->pickle, key), .name_size = key->count};
        cairn_status status = v->kind == CAIRN_PICKLE_TENSOR
                                  ? describe(file, v, t, &file->storages[file->tensor_count])
                                  : look_at_other(file, v, t);
        if (status != CAIRN_OK)
            return status;
        if (v->kind == CAIRN_PICKLE_TENSOR)
            file->tensor_count++;
    }
    return file->tensor_count > 0 ? CAIRN_OK : fail(file, "holds no tensors (expected a state dict)");
}

/* ---- storages ---- */

int cairn_torch_compare_keys(const void *a, const void *b)
{
    const cairn_torch_storage *x = a, *y = b;
    if (x->key_size != y->key_size)
        return x->key_size < y->key_size ? -1 : 1;
    return memcmp(x->key, y->key, x->key_size);
}

/* One record for tensors that share a storage. */
static cairn_status join_storages(cairn_torch_file *file)
{
    cairn_torch_storage *s = file->storages;
    size_t count = 0;
    for (size_t i = 0; i < file->tensor_count; i++)
        s[i].first = i;
    qsort(s, file->tensor_count, sizeof *s, cairn_torch_compare_keys);
    for (size_t i = 0; i < file->tensor_count; i++) {
        size_t tensor = s[i].first;
        bool known = count > 0 && cairn_torch_compare_keys(&s[count - 1], &s[i]) == 0;
        if (known && s[count - 1].bytes != s[i].bytes)
            return fail_tensor(file, &file->tensors[tensor], "its storage has several sizes");
        if (!known) {
            s[count] = s[i];
            s[count++].first = SIZE_MAX;
        }
        file->tensors[tensor].storage = count - 1;
        file->tensors[tensor].next = s[count - 1].first;
        s[count - 1].first = tensor;
    }
    file->storage_count = count;
    return CAIRN_OK;
}

cairn_status cairn_torch_find_tensors(cairn_torch_file *file)
{
    const cairn_pickle_value *state = NULL;
    cairn_status status = find_state(file, &state);
    if (status == CAIRN_OK)
        status = list_tensors(file, state);
    if (status != CAIRN_OK)
        return status;
    strip_prefixes(file);
    return join_storages(file);
}

/* ---- sizes ---- */

/* The last element, by offset and strides, lies in the storage. */
static bool fits(const cairn_torch_tensor *t, uint64_t bytes)
{
    int64_t last = t->offset;
    if (t->elements == 0)
        return true;
    for (int i = 0; i < t->shape.rank; i++) {
        int64_t span;
        if (__builtin_mul_overflow(t->shape.dim[i] - 1, t->stride[i], &span) ||
            __builtin_add_overflow(last, span, &last))
            return false;
    }
    return (uint64_t)last < bytes / t->type->width;
}

static bool is_whole(const cairn_torch_file *file, const cairn_torch_tensor *t, uint64_t bytes)
{
    int64_t step = 1;
    if (t->type->storing != CAIRN_TORCH_COPY || (file->big_endian && t->type->width > 1) || t->offset != 0 ||
        t->elements == 0 || t->elements * t->type->width != bytes)
        return false;
    for (int i = t->shape.rank - 1; i >= 0; i--) {
        if (t->shape.dim[i] != 1 && t->stride[i] != step)
            return false;
        step *= t->shape.dim[i];
    }
    return true;
}

cairn_status cairn_torch_check(const cairn_torch_file *file)
{
    uint64_t there = SPARE_BYTES, claimed = 0, unpacked = 0, most = SPARE_BYTES + 2 * file->from->size;
    for (size_t i = 0; i < file->storage_count; i++) {
        there += 2 * file->storages[i].bytes;
        unpacked += file->storages[i].compressed ? file->storages[i].bytes : 0;
    }
    if (unpacked > most) /* numbers do not pack so well */
        return cairn_fail(file->from->ctx, CAIRN_INPUT,
                          "%s: unpacks to too much (expected at most %" PRIu64 " bytes, found %" PRIu64 ")",
                          file->from->name, most, unpacked);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const cairn_torch_tensor *t = &file->tensors[i];
        cairn_torch_storage *storage = &file->storages[t->storage];
        if (!fits(t, storage->bytes))
            return fail_tensor(file, t, "reaches beyond its storage (by offset, sizes and strides)");
        if (storage->primary == SIZE_MAX && is_whole(file, t, storage->bytes))
            storage->primary = i;
        uint64_t width = cairn_dtype_size(t->type->dtype);
        claimed += t->elements * width; /* at most 2^43 each */
        if (claimed > there)
            return fail_tensor(file, t,
                               "claims, with those before it, more than twice what the storages hold");
    }
    return CAIRN_OK;
}
