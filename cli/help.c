/* What --help prints, made from the tables of verbs and options: examples first. */
#include "output.h"
#include <string.h>

#define VERB_COLUMN 26
#define OPTION_COLUMN 30
#define EXAMPLE_COLUMN 46

void cairn_cli_help_overview(FILE *file)
{
    fputs("cairn: the classic convolutional networks. See them, train them, run them, take them apart.\n\n"
          "  cairn summary lenet5                        the layers of a network\n"
          "  cairn train lenet5 fashion-mnist            train it\n"
          "  cairn predict runs/lenet5-fashion-mnist-1 shoe.png\n"
          "                                              what is in this picture?\n\n",
          file);
    for (const cli_command *const *command = cairn_cli_commands; *command; command++) {
        int used = fprintf(file, "  %s %s", (*command)->name, (*command)->arguments);
        fprintf(file, "%*s%s\n", used < VERB_COLUMN ? VERB_COLUMN - used : 1, "", (*command)->help);
    }
    fputs("\ncairn VERB --help tells more. cairn --version prints the version.\n", file);
}

/* Text from a column on, broken at words; the line has `used` columns already. */
static void put_beside(FILE *file, int used, int column, const char *text)
{
    int width = cairn_cli_width(file) - 1, at = column;
    if (used < column)
        fprintf(file, "%*s", column - used, "");
    else
        fprintf(file, "\n%*s", column, "");
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (at > column && at + 1 + word > width) {
            fprintf(file, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(file, "%s%.*s", at > column ? " " : "", word, text);
        text += word + (text[word] == ' ');
    }
    fputc('\n', file);
}

static void put_option(FILE *file, cli_option_id id)
{
    const cli_option *option = &cairn_cli_options[id];
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int used = fprintf(file, "  %s--%s", letter, option->name);
    if (option->value)
        used += fprintf(file, " %s", option->choices ? option->choices : option->value);
    put_beside(file, used, OPTION_COLUMN, option->help);
}

void cairn_cli_help_command(const cli_command *command, FILE *file)
{
    fprintf(file, "cairn %s: %s\n\n", command->name, command->help);
    for (int i = 0; i < CLI_MAX_EXAMPLES && command->examples[i].line; i++) {
        int used = fprintf(file, "  %s", command->examples[i].line);
        put_beside(file, used, EXAMPLE_COLUMN, command->examples[i].does);
    }
    fprintf(file, "\nusage: cairn %s%s%s%s\n", command->name, *command->arguments ? " " : "",
            command->arguments, " [options]");
    for (const cli_option_id *id = command->options; *id; id++)
        put_option(file, *id);
    put_option(file, OPTION_HELP);
    if (command->text) {
        fputc('\n', file);
        cairn_cli_wrap(file, command->text, 0, cairn_cli_width(file) - 1);
    }
}
