/* Everything the command says: messages, names from outside, tables' numbers, JSON, and files it writes. */
#ifndef CAIRN_CLI_OUTPUT_H
#define CAIRN_CLI_OUTPUT_H

#include "command.h"

/* ---- streams ---- */

/* Gives descriptors 0, 1 and 2 that were closed at start something that fails cleanly when used. */
void cairn_cli_reserve_streams(void);

/* Ends the output; CAIRN_IO with a message when results could not be written. */
cairn_status cairn_cli_finish_output(cli_call *cli, cairn_status status);

bool cairn_cli_is_terminal(FILE *file);

/* Columns of the terminal behind the stream; 80 for anything else. */
int cairn_cli_width(FILE *file);

/* ---- messages on stderr ---- */

/* Keeps the message for the end and returns the status, so that a failure is one line of code. */
cairn_status cairn_cli_fail(cli_call *cli, cairn_status status, const char *format, ...) CAIRN_PRINTF(3, 4);

/* "cairn: error: ..." with control bytes escaped, at most CLI_ERROR_BYTES with the newline. */
void cairn_cli_error(cli_call *cli, const char *text);

/* "cairn: warning: ...". Until something else is said, or cairn_cli_start, warnings wait: a command that
 * fails on its input says in one line why (cairn_cli_forget), and nothing before it. */
void cairn_cli_warn(cli_call *cli, const char *format, ...) CAIRN_PRINTF(2, 3);
void cairn_cli_start(cli_call *cli);
void cairn_cli_forget(cli_call *cli);

/* A line about what is being done; not with --quiet. */
void cairn_cli_note(cli_call *cli, const char *format, ...) CAIRN_PRINTF(2, 3);

/* The context's log hook; (user is the cli_call). */
void cairn_cli_log(void *user, cairn_log_level level, const char *line);

/* ---- text ---- */

#define CLI_NAME_BYTES 160

/* A name from outside, short enough for a message: the middle of a long one is left out. Returns buffer. */
const char *cairn_cli_brief(const char *name, char buffer[CLI_NAME_BYTES]);

/* Bytes of the character that text begins with; 0: a control byte or no valid UTF-8. */
size_t cairn_cli_character(const char *text);

/* Copies text with control bytes and invalid UTF-8 as \xNN; cuts at whole characters. Returns buffer. */
char *cairn_cli_escape(const char *text, char *buffer, size_t size);

/* Columns that text takes on a terminal (one for each character). */
int cairn_cli_columns(const char *text);

/* Prints at most `columns` characters of text, escaped, and fills up with spaces; right-aligned when
 * negative. */
void cairn_cli_put(FILE *file, const char *text, int columns);

/* A bar in eighths of a column, filled up with spaces; at most CLI_LONGEST_BAR columns. Returns buffer. */
#define CLI_LONGEST_BAR 40
#define CLI_BAR_BYTES (3 * CLI_LONGEST_BAR + 1)
char *cairn_cli_bar(double share, int columns, char buffer[CLI_BAR_BYTES]);

/* Prints paragraphs, broken at words to the width. */
void cairn_cli_wrap(FILE *file, const char *text, int indent, int width);

/* A count for people: "520,082", "61.7 k", "1.29 M", and bytes as "3.1 MiB". Return buffer. */
#define CLI_NUMBER_BYTES 32
char *cairn_cli_count(int64_t value, char buffer[CLI_NUMBER_BYTES]);
char *cairn_cli_short(double value, char buffer[CLI_NUMBER_BYTES]);
char *cairn_cli_bytes(double value, char buffer[CLI_NUMBER_BYTES]);

/* ---- JSON ---- */

/* Writes one value a line to stdout; key is NULL inside arrays and for the value itself. Text that is not
 * UTF-8 comes with replacement characters; numbers have the fewest digits that read back to the same bits;
 * NaN is null. */
typedef struct cli_json {
    int depth;
    bool filled[8];
    char close[8];
} cli_json;

void cairn_cli_json_open(cli_json *json, const char *key, char bracket);
void cairn_cli_json_close(cli_json *json);
void cairn_cli_json_text(cli_json *json, const char *key, const char *text);
void cairn_cli_json_integer(cli_json *json, const char *key, int64_t value);
void cairn_cli_json_real(cli_json *json, const char *key, double value);
void cairn_cli_json_float(cli_json *json, const char *key, float value);

/* ---- files ---- */

/* CAIRN_USAGE when both names are the same file. */
cairn_status cairn_cli_check_output(cli_call *cli, const char *output, const char *input);

/* Writes a picture as PNG: the whole file or nothing. */
cairn_status cairn_cli_write_png(cli_call *cli, const char *path, const cairn_picture *picture);

#endif
