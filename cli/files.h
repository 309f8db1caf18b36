/* The argument FILES: pictures, folders of pictures, "-" for standard input and @list.txt. */
#ifndef CAIRN_CLI_FILES_H
#define CAIRN_CLI_FILES_H

#include "command.h"

typedef struct cli_files {
    cairn_ctx *ctx;
    char **name;
    size_t count, capacity;
} cli_files;

/* Adds what the argument stands for: the file itself, the JPEG and PNG files in a folder and below, sorted,
 * or the lines of a list. A file that is missing is found out when it is read. */
cairn_status cairn_cli_files_add(cli_call *cli, cli_files *files, const char *argument);
void cairn_cli_files_free(cli_files *files);

/* The picture that standard input gives, at most `limit` bytes; what begins otherwise is not read to its end.
 * cairn_free it. */
cairn_status cairn_cli_read_stdin(cli_call *cli, size_t limit, uint8_t **data, size_t *size);

#endif
