/* Writer of safetensors. Equal weights give equal bytes: tensors go by alignment, widest first, then by name;
 * the data begin at a multiple of 8 and have no gaps. Tensors are converted to the layout and type of the
 * file in pieces, so that a big network needs no second copy in memory. */
#include "base/file.h"
#include "base/text.h"
#include "io/dtype.h"
#include "io/weights.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_ELEMENTS ((size_t)1 << 17)
#define F16_LARGEST 65504.0
#define RUNNING_MEAN ".running_mean"
#define RUNNING_VAR ".running_var"
#define COUNTER ".num_batches_tracked"

/* What is written of a tensor. */
typedef struct record {
    const char *name;
    cairn_dtype dtype;
    const cairn_tensor *tensor; /* NULL: a counter of batches, 0 */
    char *own_name;             /* of a counter */
} record;

static int compare_records(const void *a, const void *b)
{
    const record *x = a, *y = b;
    size_t size_x = cairn_dtype_size(x->dtype), size_y = cairn_dtype_size(y->dtype);
    if (size_x != size_y)
        return size_x > size_y ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* ---- what is written ---- */

static bool beyond_f16(const cairn_tensor *tensor)
{
    size_t count;
    cairn_shape_count(&tensor->shape, &count);
    for (size_t i = 0; i < count; i++) {
        double value = fabs(cairn_dtype_load(tensor->dtype, tensor->data, i));
        if (value > F16_LARGEST && value < INFINITY)
            return true;
    }
    return false;
}

static cairn_dtype written_dtype(cairn_ctx *ctx, const cairn_tensor *tensor, cairn_dtype wanted)
{
    if (!cairn_dtype_is_real(tensor->dtype))
        return tensor->dtype;
    if (cairn_ends_with(tensor->name, RUNNING_MEAN) || cairn_ends_with(tensor->name, RUNNING_VAR))
        return CAIRN_F32;
    if (wanted != CAIRN_F16 || !beyond_f16(tensor))
        return wanted;
    cairn_log(ctx, CAIRN_LOG_WARNING, "tensor '%s' has numbers beyond the range of F16 and stays F32",
              tensor->name);
    return CAIRN_F32;
}

/* "bn1.num_batches_tracked" beside "bn1.running_mean", unless it is there. */
static cairn_status add_counter(const cairn_weights *weights, const char *mean, record *records,
                                size_t *count)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    size_t layer = strlen(mean) - strlen(RUNNING_MEAN);
    cairn_text name = {.ctx = ctx};
    cairn_text_add_bytes(&name, mean, layer);
    cairn_text_add(&name, COUNTER);
    if (name.failed || cairn_weights_find(weights, name.data) != NULL) {
        cairn_free(ctx, name.data);
        return name.failed ? CAIRN_MEMORY : CAIRN_OK;
    }
    records[(*count)++] = (record){name.data, CAIRN_I64, NULL, name.data};
    return CAIRN_OK;
}

static void free_records(cairn_ctx *ctx, record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cairn_free(ctx, records[i].own_name);
    cairn_free(ctx, records);
}

/* dtype NULL: each tensor's own. */
static cairn_status list_records(const cairn_weights *weights, const cairn_dtype *dtype, record **list,
                                 size_t *count)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    int tensors = cairn_weights_count(weights);
    record *records = cairn_alloc(ctx, 2 * (size_t)tensors + 1, sizeof *records);
    *list = records;
    *count = 0;
    if (records == NULL)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    for (int i = 0; status == CAIRN_OK && i < tensors; i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        cairn_dtype written = dtype == NULL ? tensor->dtype : written_dtype(ctx, tensor, *dtype);
        records[(*count)++] = (record){tensor->name, written, tensor, NULL};
        if (cairn_ends_with(tensor->name, RUNNING_MEAN))
            status = add_counter(weights, tensor->name, records, count);
    }
    qsort(records, *count, sizeof *records, compare_records);
    return status;
}

/* ---- header ---- */

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

static void add_record(cairn_text *header, const record *r, uint64_t *offset)
{
    cairn_file_form form = {.rows = 1, .inner = 1};
    if (r->tensor != NULL)
        form = cairn_tensor_file_form(r->tensor);
    uint64_t end = *offset + form.rows * form.inner * cairn_dtype_size(r->dtype);
    cairn_text_add(header, ",");
    cairn_text_json_string(header, r->name);
    cairn_text_format(header, ":{\"dtype\":\"%s\",\"shape\":[", cairn_dtype_name(r->dtype));
    for (int i = 0; i < form.shape.rank; i++)
        cairn_text_format(header, "%s%" PRId64, i > 0 ? "," : "", form.shape.dim[i]);
    cairn_text_format(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", *offset, end);
    *offset = end;
}

/* Length and JSON, padded with spaces to a multiple of 8. */
static cairn_status write_header(cairn_writer *writer, const cairn_weights *weights, const record *records,
                                 size_t count)
{
    cairn_text header = {.ctx = cairn_weights_ctx(weights)};
    uint64_t offset = 0;
    cairn_text_add(&header, "{");
    add_metadata(&header, weights);
    for (size_t i = 0; i < count; i++)
        add_record(&header, &records[i], &offset);
    cairn_text_add(&header, "}");
    cairn_text_format(&header, "%*s", (int)(cairn_align(header.size, 8) - header.size), "");
    uint64_t length = header.size;
    cairn_status status = header.failed ? CAIRN_MEMORY : cairn_writer_write(writer, &length, sizeof length);
    if (status == CAIRN_OK)
        status = cairn_writer_write(writer, header.data, header.size);
    cairn_free(header.ctx, header.data);
    return status;
}

/* ---- data ---- */

/* Room for numbers in the layout of the file, in a tensor's type and in the file's. */
typedef struct pieces {
    char *own, *written;
    size_t elements;
} pieces;

/* A tensor that lies as in the file. */
static cairn_status write_plain(cairn_writer *writer, const record *r, const pieces *p)
{
    const char *data = r->tensor->data;
    size_t count, own = cairn_dtype_size(r->tensor->dtype), width = cairn_dtype_size(r->dtype);
    cairn_shape_count(&r->tensor->shape, &count);
    if (r->dtype == r->tensor->dtype)
        return cairn_writer_write(writer, data, count * own);
    cairn_status status = CAIRN_OK;
    for (size_t begin = 0; status == CAIRN_OK && begin < count; begin += p->elements) {
        size_t part = count - begin < p->elements ? count - begin : p->elements;
        cairn_dtype_convert(r->dtype, p->written, r->tensor->dtype, data + begin * own, part);
        status = cairn_writer_write(writer, p->written, part * width);
    }
    return status;
}

static cairn_status write_record(cairn_writer *writer, const record *r, const pieces *p)
{
    if (r->tensor == NULL)
        return cairn_writer_write(writer, &(int64_t){0}, sizeof(int64_t));
    if (r->tensor->layout == CAIRN_LAYOUT_PLAIN)
        return write_plain(writer, r, p);
    cairn_file_form form = cairn_tensor_file_form(r->tensor);
    size_t rows = form.inner == 0 ? form.rows : p->elements / form.inner;
    cairn_status status = CAIRN_OK;
    for (size_t begin = 0; status == CAIRN_OK && begin < form.rows; begin += rows) {
        size_t part = form.rows - begin < rows ? form.rows - begin : rows;
        cairn_tensor_file_rows(r->tensor, begin, begin + part, p->own);
        if (r->dtype != r->tensor->dtype)
            cairn_dtype_convert(r->dtype, p->written, r->tensor->dtype, p->own, part * form.inner);
        status = cairn_writer_write(writer, r->dtype != r->tensor->dtype ? p->written : p->own,
                                    part * form.inner * cairn_dtype_size(r->dtype));
    }
    return status;
}

/* A piece holds the longest row at least. */
static size_t piece_elements(const record *records, size_t count)
{
    size_t most = PIECE_ELEMENTS;
    for (size_t i = 0; i < count; i++) {
        if (records[i].tensor == NULL || records[i].tensor->layout == CAIRN_LAYOUT_PLAIN)
            continue;
        size_t inner = cairn_tensor_file_form(records[i].tensor).inner;
        most = inner > most ? inner : most;
    }
    return most;
}

static cairn_status write_records(cairn_writer *writer, const cairn_weights *weights, const record *records,
                                  size_t count)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    pieces p = {.elements = piece_elements(records, count)};
    p.own = cairn_resize(ctx, NULL, p.elements, sizeof(double));
    p.written = p.own == NULL ? NULL : cairn_resize(ctx, NULL, p.elements, sizeof(double));
    cairn_status status = p.written == NULL ? CAIRN_MEMORY : write_header(writer, weights, records, count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++)
        status = write_record(writer, &records[i], &p);
    cairn_free(ctx, p.own);
    cairn_free(ctx, p.written);
    return status;
}

static cairn_status save(const cairn_weights *weights, const char *path, const cairn_dtype *dtype)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    cairn_writer *writer;
    record *records;
    size_t count;
    cairn_status status = cairn_weights_check_read(weights);
    if (status != CAIRN_OK)
        return status;
    status = list_records(weights, dtype, &records, &count);
    if (status == CAIRN_OK)
        status = cairn_writer_open(ctx, path, &writer);
    if (status == CAIRN_OK) {
        status = write_records(writer, weights, records, count);
        if (status == CAIRN_OK)
            status = cairn_writer_commit(writer);
        else
            cairn_writer_abort(writer);
    }
    free_records(ctx, records, count);
    return status;
}

cairn_status cairn_weights_save(const cairn_weights *weights, const char *path)
{
    return save(weights, path, NULL);
}

cairn_status cairn_weights_save_as(const cairn_weights *weights, const char *path, cairn_dtype dtype)
{
    if (dtype != CAIRN_F32 && dtype != CAIRN_F16 && dtype != CAIRN_BF16)
        return cairn_fail(cairn_weights_ctx(weights), CAIRN_USAGE,
                          "%s: expected type F32, F16 or BF16, found %s", path, cairn_dtype_name(dtype));
    return save(weights, path, &dtype);
}
