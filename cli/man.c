/* The manual page as roff, made from the tables of verbs and options. */
#include "output.h"
#include <string.h>

/* Text in roff: backslashes, hyphens that are to stay hyphens, and dots at the beginning of a line. */
static void put(FILE *file, const char *text)
{
    bool line_begins = true;
    for (; *text; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", file);
        if (*text == '\\')
            fputs("\\e", file);
        else if (*text == '-')
            fputs("\\-", file);
        else if (text[0] == '\n' && text[1] == '\n')
            fputs("\n.PP", file);
        else
            fputc(*text, file);
        line_begins = *text == '\n';
    }
}

static void put_option(FILE *file, cli_option_id id)
{
    const cli_option *option = &cairn_cli_options[id];
    fputs(".TP\n", file);
    if (option->letter)
        fprintf(file, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", file);
    put(file, option->name);
    fputs("\\fR", file);
    if (option->value)
        fprintf(file, " \\fI%s\\fR", option->choices ? option->choices : option->value);
    fputc('\n', file);
    put(file, option->help);
    fputc('\n', file);
}

static void put_command(FILE *file, const cli_command *command)
{
    fprintf(file, ".SS cairn %s %s\n", command->name, command->arguments);
    put(file, command->help);
    fputs(".\n", file);
    if (command->text) {
        fputs(".PP\n", file);
        put(file, command->text);
        fputc('\n', file);
    }
    for (int i = 0; i < CLI_MAX_EXAMPLES && command->examples[i].line; i++) {
        fputs(".PP\n", file);
        put(file, command->examples[i].does);
        fputs(":\n.RS\n.nf\n", file);
        put(file, command->examples[i].line);
        fputs("\n.fi\n.RE\n", file);
    }
    for (const cli_option_id *id = command->options; *id; id++)
        put_option(file, *id);
}

static void put_exit_codes(FILE *file)
{
    fputs(".SH EXIT STATUS\n", file);
#define STATUS(name, number, text) fprintf(file, ".TP\n%d\n%s\n", number, text);
    CAIRN_STATUS_LIST(STATUS)
#undef STATUS
    fputs(".TP\n128 + n\na second signal n came while training was stopping\n", file);
}

void cairn_cli_man_page(FILE *file)
{
    fprintf(file, ".TH CAIRN 1 \"\" \"cairn %s\" \"User Commands\"\n", cairn_version());
    fputs(".SH NAME\ncairn \\- the classic convolutional networks\n"
          ".SH SYNOPSIS\n.B cairn\n\\fIVERB\\fR [\\fIMODEL\\fR] [\\fIDATA\\fR | \\fIFILES\\fR] [options]\n"
          ".SH DESCRIPTION\n"
          "Shows, trains and runs the classic image classifiers, from LeNet\\-5 on.\n.PP\n"
          "\\fIMODEL\\fR is the name of a network, a weights file that names its architecture, or a run "
          "folder.\n"
          "\\fIDATA\\fR is the name of a known data set or a folder.\n"
          "Results are printed on standard output; progress, warnings and errors on standard error.\n"
          ".SH VERBS\n",
          file);
    for (const cli_command *const *command = cairn_cli_commands; *command; command++)
        put_command(file, *command);
    put_exit_codes(file);
    fputs(
        ".SH ENVIRONMENT\n"
        ".TP\nCAIRN_THREADS\nhow many threads work, unless \\-\\-threads says so\n"
        ".TP\nCAIRN_ISA\nthe best kernels that may be used: scalar, x86\\-64\\-v2, avx2, avx512, avx512bf16; "
        "on AArch64 scalar, neon\n"
        ".TP\nCAIRN_DATA\nfolders with data sets, searched first; separated by colons\n"
        ".TP\nNO_COLOR\nif it is not empty, no colours\n",
        file);
}
