/* Files of weights: what format one is in, by its first bytes, and the reader for it. */
#include "base/sniff.h"
#include "io/source.h"
#include "io/torch.h"
#include <string.h>

#define CONVERT "not supported yet: convert it to safetensors"

static const cairn_signature other_formats[] = {
    {0, 8, "\x89HDF\r\n\x1a\n", "an HDF5 file (Keras), " CONVERT},
    {0, 6, "\x93NUMPY", "a NumPy array, " CONVERT},
    {257, 5, "ustar",
     "a tar archive (PyTorch of 2016-17): load it in Python with weights_only=False and save it again"},
    {0, 2, "\x1f\x8b", "compressed with gzip: decompress it first"},
};

typedef enum form { FORM_SAFETENSORS, FORM_TORCH_ZIP, FORM_TORCH_STREAM, FORM_OTHER } form;

/* ONNX and Caffe have no signature, only messages that begin with certain fields: a small version and the
 * producer's name or the graph; the network's name and its layers. */
static const char *sniff_protobuf(const uint8_t *head, size_t size)
{
    if (size >= 3 && head[0] == 0x08 && head[1] <= 32 &&
        (head[2] == 0x12 || head[2] == 0x3a || head[2] == 0x42))
        return "an ONNX model, " CONVERT;
    size_t next = size >= 2 && head[0] == 0x0a && head[1] < 0x80 ? 2u + head[1] : size;
    if (next + 2 <= size && (head[next] == 0x12 || (head[next] == 0xa2 && head[next + 1] == 0x06)))
        return "a Caffe model, " CONVERT;
    return NULL;
}

/* A length below 4 GiB, which a file that is cut short need not have, and the beginning of JSON; what else
 * there is has other bytes there. */
static bool is_safetensors(const uint8_t *head, size_t size)
{
    uint64_t length;
    memcpy(&length, head, sizeof length);
    return size > sizeof length && length <= UINT32_MAX && head[sizeof length] != '\0' &&
           strchr("{ \t\r\n", head[sizeof length]) != NULL;
}

/* *what: for other formats, the end of a message. */
static cairn_status look(const cairn_source *from, form *found, const char **what)
{
    uint8_t head[CAIRN_SNIFF_BYTES] = {0};
    size_t size = from->size < sizeof head ? (size_t)from->size : sizeof head;
    cairn_status status = cairn_source_read(from, 0, head, size);
    *what = NULL;
    *found = FORM_SAFETENSORS;
    if (status != CAIRN_OK || is_safetensors(head, size))
        return status;
    if (size >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        *found = FORM_TORCH_ZIP;
    else if (size >= 2 && head[0] == 0x80 && head[1] <= 5)
        *found = FORM_TORCH_STREAM;
    else if (size == 0)
        return CAIRN_OK; /* shorter than any */
    else if ((*what = cairn_sniff(other_formats, CAIRN_COUNT(other_formats), head, size)) != NULL ||
             (*what = sniff_protobuf(head, size)) != NULL)
        *found = FORM_OTHER;
    return status;
}

static cairn_status load(const cairn_source *from, cairn_weights **weights)
{
    form found;
    const char *what;
    *weights = NULL;
    cairn_status status = look(from, &found, &what);
    if (status != CAIRN_OK)
        return status;
    if (found == FORM_OTHER)
        return cairn_fail(from->ctx, CAIRN_INPUT, "%s: is %s", from->name, what);
    if (found == FORM_SAFETENSORS)
        return cairn_safetensors_load(from, weights);
    return cairn_torch_load(from, found == FORM_TORCH_ZIP, weights);
}

cairn_status cairn_weights_parse(cairn_ctx *ctx, const char *name, const void *bytes, size_t size,
                                 cairn_weights **weights)
{
    cairn_source from = {.ctx = ctx, .name = name, .size = size, .bytes = bytes};
    return load(&from, weights);
}

static cairn_status load_file(cairn_ctx *ctx, const char *path, bool leave, cairn_weights **weights)
{
    cairn_file file;
    *weights = NULL;
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    cairn_source from = {.ctx = ctx, .name = path, .size = file.size, .file = &file, .leave = leave};
    status = load(&from, weights);
    if (status == CAIRN_OK)
        cairn_weights_keep_file(*weights, &file);
    else
        cairn_file_close(&file);
    return status;
}

cairn_status cairn_weights_load(cairn_ctx *ctx, const char *path, cairn_weights **weights)
{
    return load_file(ctx, path, false, weights);
}

cairn_status cairn_weights_open(cairn_ctx *ctx, const char *path, cairn_weights **weights)
{
    return load_file(ctx, path, true, weights);
}

cairn_status cairn_weights_format(cairn_ctx *ctx, const char *path, const char **format)
{
    static const char *const names[] = {"safetensors", "pytorch", "pytorch-legacy", "unknown"};
    cairn_file file;
    form found = FORM_SAFETENSORS;
    const char *what;
    *format = names[found];
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    cairn_source from = {.ctx = ctx, .name = path, .size = file.size, .file = &file};
    status = look(&from, &found, &what);
    cairn_file_close(&file);
    *format = names[found];
    return status;
}
