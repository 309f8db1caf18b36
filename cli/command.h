/* The command `cairn`: what a verb is, what options are, and what a verb is given when it runs. The table of
 * verbs (commands.c) and the list of options (options.def) are the only places that know them; help, man page
 * and completions are made from there. */
#ifndef CAIRN_CLI_COMMAND_H
#define CAIRN_CLI_COMMAND_H

#include <cairn/cairn.h>
#include <stdio.h>

#define CLI_ERROR_BYTES 500 /* of a message, with "cairn: error: " and the newline */
#define CLI_MAX_OPTIONS 64  /* of one verb */
#define CLI_MAX_EXAMPLES 4

/* ---- options ---- */

typedef enum cli_option_kind {
    CLI_FLAG,
    CLI_TEXT,
    CLI_LIST,    /* text; may be given again, joined by commas */
    CLI_CHOICE,  /* one of the words in `choices`, joined by '|' */
    CLI_INTEGER, /* minimum ... maximum */
    CLI_REAL,    /* minimum ... maximum */
    CLI_SIZE,    /* HxW */
} cli_option_kind;

/* What an argument names, so that a shell can complete it. */
typedef enum cli_completion {
    CLI_COMPLETE_NOTHING,
    CLI_COMPLETE_FILES,
    CLI_COMPLETE_MODELS,
    CLI_COMPLETE_VERBS,
} cli_completion;

typedef enum cli_option_id {
    OPTION_NONE,
#define OPTION(id, ...) OPTION_##id,
#include "options.def"
#undef OPTION
    OPTION_COUNT
} cli_option_id;

typedef struct cli_option {
    const char *name;
    char letter; /* 0: none */
    cli_option_kind kind;
    const char *value; /* how help calls the value; NULL: takes none */
    double minimum, maximum;
    const char *choices;
    const char *help;
} cli_option;

/* By cli_option_id. */
extern const cli_option cairn_cli_options[OPTION_COUNT];

typedef struct cli_value {
    bool given;
    char *text; /* as it was written */
    int64_t integer;
    double real;
    int h, w;
} cli_value;

/* ---- verbs ---- */

typedef struct cli_call cli_call;

typedef struct cli_example {
    const char *line, *does;
} cli_example;

typedef struct cli_command {
    const char *name;
    const char *arguments; /* "MODEL DATA" */
    const char *help;      /* one line */
    const char *text;      /* what else is worth knowing; paragraphs separated by "\n\n" */
    cli_example examples[CLI_MAX_EXAMPLES];
    cli_option_id options[CLI_MAX_OPTIONS];
    int min_names, max_names;  /* arguments that are no options; max -1: any number */
    cli_completion completion; /* of these arguments; models also means files */
    cairn_status (*run)(cli_call *cli);
} cli_command;

/* All verbs in the order of the help text; ends with NULL. */
extern const cli_command *const cairn_cli_commands[];
const cli_command *cairn_cli_command_find(const char *name);

struct cli_progress;

/* One run of the command. */
struct cli_call {
    const cli_command *command;
    cli_value values[OPTION_COUNT];
    int count;
    char **names; /* arguments that are no options */
    cairn_ctx *ctx;
    struct cli_progress *progress; /* what stands on the terminal's last line, or NULL */
    char error[CLI_ERROR_BYTES];
    struct cli_held *held; /* warnings that wait, see output.h */
    size_t held_count;
    bool started; /* warnings no longer wait */
};

/* Reads the arguments after the verb. CAIRN_USAGE with the option, what was expected and what was found. */
cairn_status cairn_cli_parse(cli_call *cli, int argc, char **argv);
void cairn_cli_free(cli_call *cli);

bool cairn_cli_given(const cli_call *cli, cli_option_id id);
int cairn_cli_int(const cli_call *cli, cli_option_id id, int otherwise);
double cairn_cli_real(const cli_call *cli, cli_option_id id, double otherwise);
const char *cairn_cli_text(const cli_call *cli, cli_option_id id, const char *otherwise);

/* ---- help (help.c, man.c, completion.c) ---- */

void cairn_cli_help_overview(FILE *file);
void cairn_cli_help_command(const cli_command *command, FILE *file);
void cairn_cli_man_page(FILE *file);
void cairn_cli_bash_completion(FILE *file);
void cairn_cli_zsh_completion(FILE *file);

#endif
