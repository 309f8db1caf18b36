/* Completions for bash and zsh, made from the tables of verbs and options. */
#include "output.h"

static void put_models(FILE *file)
{
    const char *own, *alias;
    for (int i = 0; i < cairn_model_count(); i++)
        fprintf(file, "%s%s", i ? " " : "", cairn_model_at(i)->name);
    for (int i = 0; (alias = cairn_model_alias_at(i, &own)); i++)
        fprintf(file, " %s", alias);
}

static void put_words(FILE *file, const char *choices)
{
    for (; *choices; choices++)
        fputc(*choices == '|' ? ' ' : *choices, file);
}

static void put_verbs(FILE *file)
{
    for (const cli_command *const *command = cairn_cli_commands; *command; command++)
        fprintf(file, "%s%s", command == cairn_cli_commands ? "" : " ", (*command)->name);
}

void cairn_cli_bash_completion(FILE *file)
{
    fputs("# bash completion for cairn, printed by `cairn help --bash-completion`\n"
          "_cairn()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n    case $prev in\n",
          file);
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++)
        if (cairn_cli_options[id].choices) {
            fprintf(file, "    --%s) COMPREPLY=($(compgen -W '", cairn_cli_options[id].name);
            put_words(file, cairn_cli_options[id].choices);
            fputs("' -- \"$cur\")); return ;;\n", file);
        }
    fputs("    esac\n    if ((COMP_CWORD == 1)); then\n        COMPREPLY=($(compgen -W '", file);
    put_verbs(file);
    fputs(" --help --version' -- \"$cur\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", file);
    for (const cli_command *const *command = cairn_cli_commands; *command; command++) {
        fprintf(file, "    %s)\n        if [[ $cur == -* ]]; then\n            words='--help",
                (*command)->name);
        for (const cli_option_id *id = (*command)->options; *id; id++)
            fprintf(file, " --%s", cairn_cli_options[*id].name);
        fputs("'\n        else\n            words='", file);
        if ((*command)->completion == CLI_COMPLETE_MODELS)
            put_models(file);
        if ((*command)->completion == CLI_COMPLETE_VERBS)
            put_verbs(file);
        fputs("'\n        fi ;;\n", file);
    }
    fputs("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
          "complete -o default -F _cairn cairn\n",
          file);
}

/* Text inside a zsh _arguments specification in single quotes. */
static void put_zsh(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", file);
        else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

static void put_zsh_option(FILE *file, const cli_option *option)
{
    fprintf(file, " \\\n            '--%s[", option->name);
    put_zsh(file, option->help);
    fputc(']', file);
    if (option->choices) {
        fputs(":value:(", file);
        put_words(file, option->choices);
        fputc(')', file);
    } else if (option->value) {
        fprintf(file, ":value:%s", option->kind == CLI_TEXT ? "_files" : "");
    }
    fputc('\'', file);
}

void cairn_cli_zsh_completion(FILE *file)
{
    fputs("#compdef cairn\n# zsh completion for cairn, printed by `cairn help --zsh-completion`\n"
          "_cairn() {\n    local -a verbs models\n    verbs=(\n",
          file);
    for (const cli_command *const *command = cairn_cli_commands; *command; command++) {
        fprintf(file, "        '%s:", (*command)->name);
        put_zsh(file, (*command)->help);
        fputs("'\n", file);
    }
    fputs("    )\n    models=(", file);
    put_models(file);
    fputs(")\n    if ((CURRENT == 2)); then\n        _describe verb verbs\n        return\n    fi\n"
          "    local verb=$words[2]\n    shift words\n    ((CURRENT--))\n    case $verb in\n",
          file);
    for (const cli_command *const *command = cairn_cli_commands; *command; command++) {
        fprintf(file, "    %s)\n        _arguments", (*command)->name);
        put_zsh_option(file, &cairn_cli_options[OPTION_HELP]);
        for (const cli_option_id *id = (*command)->options; *id; id++)
            put_zsh_option(file, &cairn_cli_options[*id]);
        if ((*command)->completion == CLI_COMPLETE_MODELS)
            fputs(" \\\n            '*:argument:{_alternative \"models:network:($models)\" "
                  "\"files:file:_files\"}'",
                  file);
        else if ((*command)->completion == CLI_COMPLETE_VERBS)
            fputs(" \\\n            '*:verb:{_describe verb verbs}'", file);
        else if ((*command)->completion == CLI_COMPLETE_FILES)
            fputs(" \\\n            '*:file:_files'", file);
        fputs(" ;;\n", file);
    }
    fputs("    esac\n}\n_cairn \"$@\"\n", file);
}
