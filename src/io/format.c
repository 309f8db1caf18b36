/* The format of a file of weights, by its first bytes. */
#include "base/file.h"
#include <cairn/weights.h>
#include <string.h>

cairn_status cairn_weights_format(cairn_ctx *ctx, const char *path, const char **format)
{
    cairn_file file;
    uint8_t head[9] = {0};
    *format = "safetensors";
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    status = cairn_file_read_at(&file, 0, head, file.size < sizeof head ? (size_t)file.size : sizeof head);
    cairn_file_close(&file);
    if (head[8] != '\0' && strchr("{ \t\r\n", head[8]) != NULL)
        return status; /* a length and JSON; what else there is has other bytes here */
    if (memcmp(head, "PK\3\4", 4) == 0)
        *format = "pytorch";
    else if (head[0] == 0x80)
        *format = "pytorch-legacy";
    return status;
}
