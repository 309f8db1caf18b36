/* The older form of torch.save: five pickles in a row (a magic number, the protocol, facts about the machine,
 * the object, the keys of the storages), then for each key the number of elements and the bytes, which are
 * little-endian whatever the machine. */
#include "io/torch.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL 1001
#define WIDEST 16 /* bytes of an element */

static const uint8_t magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

static cairn_status fail(const cairn_torch_file *file, const char *what)
{
    return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: %s", file->from->name, what);
}

/* ---- storages ---- */

/* Every storage that the object names, by key; the object may name one several times. */
static cairn_status list_claims(cairn_torch_file *file)
{
    const cairn_pickle *p = &file->pickle;
    file->all = cairn_alloc(file->from->ctx, p->storage_count + 1, sizeof *file->all);
    if (file->all == NULL)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    const cairn_torch_type *type;
    for (size_t i = 0; status == CAIRN_OK && i < p->storage_count; i++)
        status = cairn_torch_claim(file, p->storages[i], &file->all[i], &type);
    if (status != CAIRN_OK)
        return status;
    qsort(file->all, p->storage_count, sizeof *file->all, cairn_torch_compare_keys);
    for (size_t i = 0; i < p->storage_count; i++)
        if (file->all_count == 0 ||
            cairn_torch_compare_keys(&file->all[file->all_count - 1], &file->all[i]) != 0)
            file->all[file->all_count++] = file->all[i];
        else if (file->all[file->all_count - 1].bytes != file->all[i].bytes)
            return fail(file, "a storage has several sizes");
    return CAIRN_OK;
}

static cairn_torch_storage *find(const cairn_torch_file *file, const cairn_torch_storage *key)
{
    return bsearch(key, file->all, file->all_count, sizeof *file->all, cairn_torch_compare_keys);
}

/* One after the other from `at` on. The number of elements before the bytes says nothing new: how large they
 * are follows from the object. */
static cairn_status place_storages(cairn_torch_file *file, const cairn_pickle_value *keys, uint64_t at)
{
    if (keys->kind != CAIRN_PICKLE_LIST && keys->kind != CAIRN_PICKLE_TUPLE)
        return fail(file, "the list of storages is none");
    for (uint32_t i = 0; i < keys->count; i++) {
        const cairn_pickle_value *text = keys->as.items[i];
        cairn_torch_storage key = {.key_size = text->count};
        if (text->kind == CAIRN_PICKLE_TEXT)
            key.key = cairn_pickle_text(&file->pickle, text);
        cairn_torch_storage *storage = key.key == NULL ? NULL : find(file, &key);
        if (storage == NULL || storage->stored > 0)
            return fail(file, "the list of storages names one that no tensor has, or one twice");
        int64_t elements;
        uint64_t left = file->from->size - at;
        if (left < sizeof elements || storage->bytes > left - sizeof elements)
            return cairn_fail(file->from->ctx, CAIRN_INPUT,
                              "%s: is cut short (expected a storage of %" PRIu64 " bytes at byte %" PRIu64
                              ", found %" PRIu64 " bytes)",
                              file->from->name, storage->bytes, at, left);
        cairn_status status = cairn_source_read(file->from, at, &elements, sizeof elements);
        if (status != CAIRN_OK)
            return status;
        if (elements < 0 || (uint64_t)elements > storage->bytes ||
            (elements == 0
                 ? storage->bytes > 0
                 : storage->bytes % (uint64_t)elements != 0 || storage->bytes / (uint64_t)elements > WIDEST))
            return cairn_fail(file->from->ctx, CAIRN_INPUT,
                              "%s: the storage at byte %" PRIu64
                              " has another size than the pickle says (%" PRIu64 " bytes, found %" PRId64
                              " elements)",
                              file->from->name, at, storage->bytes, elements);
        storage->offset = at + sizeof elements;
        storage->stored = sizeof elements + storage->bytes; /* more than 0: placed */
        at += storage->stored;
    }
    return CAIRN_OK;
}

cairn_status cairn_torch_stream_locate(cairn_torch_file *file, cairn_torch_storage *storage)
{
    const cairn_torch_storage *found = find(file, storage);
    if (found == NULL || found->stored == 0)
        return cairn_fail(file->from->ctx, CAIRN_INPUT, "%s: storage '%.*s' is missing in the file",
                          file->from->name, (int)storage->key_size, storage->key);
    storage->offset = found->offset;
    storage->stored = found->bytes;
    return CAIRN_OK;
}

/* ---- pickles ---- */

static bool is_magic(const cairn_pickle *p, const cairn_pickle_value *v)
{
    return v->kind == CAIRN_PICKLE_LONG && v->count == sizeof magic &&
           memcmp(cairn_pickle_text(p, v), magic, sizeof magic) == 0;
}

cairn_status cairn_torch_stream_open(cairn_torch_file *file)
{
    cairn_pickle *p = &file->pickle;
    cairn_pickle_value *value = NULL;
    cairn_status status = cairn_pickle_run(p, &value);
    if (status != CAIRN_OK)
        return status;
    if (!is_magic(p, value))
        return fail(file,
                    "is a pickle, but none of torch.save (its magic number is missing): load it in Python "
                    "and save the tensors as safetensors");
    status = cairn_pickle_run(p, &value);
    if (status == CAIRN_OK && (value->kind != CAIRN_PICKLE_INT || value->as.integer != PROTOCOL))
        return fail(file, "unknown protocol of torch.save (expected 1001)");
    if (status == CAIRN_OK)
        status = cairn_pickle_run(p, &value);
    if (status == CAIRN_OK)
        status = cairn_pickle_run(p, &file->root);
    if (status == CAIRN_OK)
        status = cairn_pickle_run(p, &value);
    if (status == CAIRN_OK)
        status = list_claims(file);
    return status == CAIRN_OK ? place_storages(file, value, p->at) : status;
}
