/* Reader of files of torch.save, in both forms: pickle, state dict, places of the storages, checks, and only
 * then memory for the tensors. */
#include "io/torch.h"
#include <stdlib.h>
#include <string.h>

static int compare_offsets(const void *a, const void *b)
{
    const cairn_torch_storage *const *x = a, *const *y = b;
    return ((*x)->offset > (*y)->offset) - ((*x)->offset < (*y)->offset);
}

/* No byte of the file belongs to two storages, so that what tensors may claim is not more than there is. */
static cairn_status check_overlaps(const cairn_torch_file *file)
{
    cairn_ctx *ctx = file->from->ctx;
    const cairn_torch_storage **order = cairn_alloc(ctx, file->storage_count + 1, sizeof *order);
    if (order == NULL)
        return CAIRN_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < file->storage_count; i++)
        if (file->storages[i].stored > 0)
            order[count++] = &file->storages[i];
    if (count > 0)
        qsort(order, count, sizeof *order, compare_offsets);
    cairn_status status = CAIRN_OK;
    for (size_t i = 1; status == CAIRN_OK && i < count; i++)
        if (order[i - 1]->stored > order[i]->offset - order[i - 1]->offset)
            status = cairn_fail(ctx, CAIRN_INPUT, "%s: storages '%.*s' and '%.*s' overlap in the file",
                                file->from->name, (int)order[i - 1]->key_size, order[i - 1]->key,
                                (int)order[i]->key_size, order[i]->key);
    cairn_free(ctx, order);
    return status;
}

static cairn_status locate(cairn_torch_file *file)
{
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; status == CAIRN_OK && i < file->storage_count; i++)
        status = file->zip != NULL ? cairn_torch_zip_locate(file, &file->storages[i])
                                   : cairn_torch_stream_locate(file, &file->storages[i]);
    return status == CAIRN_OK ? check_overlaps(file) : status;
}

static cairn_status load(cairn_torch_file *file, bool zip, cairn_weights *weights)
{
    cairn_status status = zip ? cairn_torch_zip_open(file) : cairn_torch_stream_open(file);
    if (status == CAIRN_OK)
        status = cairn_torch_find_tensors(file);
    if (status == CAIRN_OK)
        status = locate(file);
    if (status == CAIRN_OK)
        status = cairn_torch_check(file);
    if (status == CAIRN_OK)
        status = cairn_torch_read(file, weights);
    if (status == CAIRN_OK)
        cairn_pickle_log_names(&file->pickle);
    return status;
}

cairn_status cairn_torch_load(const cairn_source *from, bool zip, cairn_weights **weights)
{
    cairn_torch_file file = {.from = from, .pickle = {.from = from}};
    cairn_weights *loaded = NULL;
    *weights = NULL;
    cairn_status status = cairn_weights_create(from->ctx, &loaded);
    if (status == CAIRN_OK)
        status = load(&file, zip, loaded);
    cairn_torch_zip_close(&file);
    cairn_pickle_free(&file.pickle);
    cairn_free(from->ctx, file.all);
    cairn_free(from->ctx, file.tensors);
    cairn_free(from->ctx, file.storages);
    if (status == CAIRN_OK)
        *weights = loaded;
    else
        cairn_weights_destroy(loaded);
    return status;
}
