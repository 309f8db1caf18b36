/* Writer of safetensors. Equal weights give equal bytes: tensors go by alignment, widest first, then by name;
 * the data begin at a multiple of 8 and have no gaps. Tensors are converted to the layout of files in pieces,
 * so that a big network needs no second copy in memory. */
#include "base/file.h"
#include "base/text.h"
#include "io/dtype.h"
#include "io/weights.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)

static int compare_tensors(const void *a, const void *b)
{
    const cairn_tensor *x = *(const cairn_tensor *const *)a, *y = *(const cairn_tensor *const *)b;
    size_t size_x = cairn_dtype_size(x->dtype), size_y = cairn_dtype_size(y->dtype);
    if (size_x != size_y)
        return size_x > size_y ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void add_pair(cairn_text *header, const char *key, const char *value)
{
    cairn_text_json_string(header, key);
    cairn_text_add(header, ":");
    cairn_text_json_string(header, value);
}

/* What every file of Cairn says first, then the container's own. Some loaders refuse files without "format".
 */
static void add_metadata(cairn_text *header, const cairn_weights *weights)
{
    const char *format = cairn_weights_meta(weights, "format");
    cairn_text_add(header, "\"__metadata__\":{");
    add_pair(header, "format", format == NULL ? "pt" : format);
    cairn_text_add(header, ",");
    add_pair(header, "cairn.version", cairn_version());
    cairn_text_add(header, ",");
    add_pair(header, "cairn.schema", "1");
    for (int i = 0; i < cairn_weights_meta_count(weights); i++) {
        const char *key, *value;
        cairn_weights_meta_at(weights, i, &key, &value);
        if (strcmp(key, "format") == 0 || strcmp(key, "cairn.version") == 0 ||
            strcmp(key, "cairn.schema") == 0)
            continue;
        cairn_text_add(header, ",");
        add_pair(header, key, value);
    }
    cairn_text_add(header, "}");
}

static size_t tensor_bytes(const cairn_file_form *form, cairn_dtype dtype)
{
    return form->rows * form->inner * cairn_dtype_size(dtype);
}

static void add_tensor(cairn_text *header, const cairn_tensor *tensor, uint64_t *offset)
{
    cairn_file_form form = cairn_tensor_file_form(tensor);
    uint64_t end = *offset + tensor_bytes(&form, tensor->dtype);
    cairn_text_add(header, ",");
    cairn_text_json_string(header, tensor->name);
    cairn_text_format(header, ":{\"dtype\":\"%s\",\"shape\":[", cairn_dtype_name(tensor->dtype));
    for (int i = 0; i < form.shape.rank; i++)
        cairn_text_format(header, "%s%" PRId64, i > 0 ? "," : "", form.shape.dim[i]);
    cairn_text_format(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", *offset, end);
    *offset = end;
}

/* Length and JSON, padded with spaces to a multiple of 8. */
static cairn_status write_header(cairn_writer *writer, const cairn_weights *weights,
                                 const cairn_tensor *const *tensors, size_t count)
{
    cairn_text header = {.ctx = cairn_weights_ctx(weights)};
    uint64_t offset = 0;
    cairn_text_add(&header, "{");
    add_metadata(&header, weights);
    for (size_t i = 0; i < count; i++)
        add_tensor(&header, tensors[i], &offset);
    cairn_text_add(&header, "}");
    cairn_text_format(&header, "%*s", (int)(cairn_align(header.size, 8) - header.size), "");
    uint64_t length = header.size;
    cairn_status status = header.failed ? CAIRN_MEMORY : cairn_writer_write(writer, &length, sizeof length);
    if (status == CAIRN_OK)
        status = cairn_writer_write(writer, header.data, header.size);
    cairn_free(header.ctx, header.data);
    return status;
}

/* Rows of the file form that fill a piece; one at least. */
static size_t rows_in_piece(const cairn_file_form *form, cairn_dtype dtype)
{
    size_t row = form->inner * cairn_dtype_size(dtype);
    size_t rows = row == 0 ? form->rows : PIECE_BYTES / row;
    return rows == 0 ? 1 : rows < form->rows ? rows : form->rows;
}

static cairn_status write_tensor(cairn_ctx *ctx, cairn_writer *writer, const cairn_tensor *tensor)
{
    cairn_file_form form = cairn_tensor_file_form(tensor);
    if (tensor->layout == CAIRN_LAYOUT_PLAIN)
        return cairn_writer_write(writer, tensor->data, tensor_bytes(&form, tensor->dtype));
    size_t rows = rows_in_piece(&form, tensor->dtype),
           row_bytes = form.inner * cairn_dtype_size(tensor->dtype);
    void *piece = cairn_alloc(ctx, rows, row_bytes);
    if (piece == NULL)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    for (size_t begin = 0; status == CAIRN_OK && begin < form.rows; begin += rows) {
        size_t end = begin + rows < form.rows ? begin + rows : form.rows;
        cairn_tensor_file_rows(tensor, begin, end, piece);
        status = cairn_writer_write(writer, piece, (end - begin) * row_bytes);
    }
    cairn_free(ctx, piece);
    return status;
}

static cairn_status write_all_tensors(cairn_writer *writer, const cairn_weights *weights)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    size_t count = (size_t)cairn_weights_count(weights);
    const cairn_tensor **tensors = cairn_alloc(ctx, count, sizeof *tensors);
    if (tensors == NULL)
        return CAIRN_MEMORY;
    for (size_t i = 0; i < count; i++)
        tensors[i] = cairn_weights_at(weights, (int)i);
    if (count > 0)
        qsort(tensors, count, sizeof *tensors, compare_tensors);
    cairn_status status = write_header(writer, weights, tensors, count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++)
        status = write_tensor(ctx, writer, tensors[i]);
    cairn_free(ctx, tensors);
    return status;
}

cairn_status cairn_weights_save(const cairn_weights *weights, const char *path)
{
    cairn_writer *writer;
    cairn_status status = cairn_writer_open(cairn_weights_ctx(weights), path, &writer);
    if (status != CAIRN_OK)
        return status;
    status = write_all_tensors(writer, weights);
    if (status == CAIRN_OK)
        return cairn_writer_commit(writer);
    cairn_writer_abort(writer);
    return status;
}
