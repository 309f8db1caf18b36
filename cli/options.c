/* Reads a verb's arguments. Numbers are read strictly: all of the text, in range, or the error says what was
 * expected and what was found. */
#include "base/text.h"
#include "output.h"
#include <popt.h>
#include <stdlib.h>
#include <string.h>

const cli_option cairn_cli_options[OPTION_COUNT] = {
#define OPTION(id, ...) [OPTION_##id] = {__VA_ARGS__},
#include "options.def"
#undef OPTION
};

bool cairn_cli_given(const cli_call *cli, cli_option_id id)
{
    return cli->values[id].given;
}

int cairn_cli_int(const cli_call *cli, cli_option_id id, int otherwise)
{
    return cli->values[id].given ? (int)cli->values[id].integer : otherwise;
}

double cairn_cli_real(const cli_call *cli, cli_option_id id, double otherwise)
{
    return cli->values[id].given ? cli->values[id].real : otherwise;
}

const char *cairn_cli_text(const cli_call *cli, cli_option_id id, const char *otherwise)
{
    return cli->values[id].given ? cli->values[id].text : otherwise;
}

static bool parse_integer(const char *text, int64_t minimum, int64_t maximum, int64_t *value)
{
    int64_t sum = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, *text - '0', &sum))
            return false;
    *value = sum;
    return sum >= minimum && sum <= maximum;
}

static bool parse_size(const char *text, int64_t minimum, int64_t maximum, cli_value *value)
{
    char height[8];
    int64_t h, w;
    size_t length = strcspn(text, "x");
    if (text[length] != 'x' || length >= sizeof height)
        return false;
    memcpy(height, text, length);
    height[length] = '\0';
    if (!parse_integer(height, minimum, maximum, &h) ||
        !parse_integer(text + length + 1, minimum, maximum, &w))
        return false;
    value->h = (int)h;
    value->w = (int)w;
    return true;
}

static bool parse_choice(const char *text, const char *choices)
{
    size_t length = strlen(text);
    for (const char *at = choices; *at;) {
        size_t end = strcspn(at, "|");
        if (end == length && strncmp(at, text, length) == 0)
            return true;
        at += end + (at[end] == '|');
    }
    return false;
}

static bool parse_value(const cli_option *option, const char *text, cli_value *value)
{
    switch (option->kind) {
    case CLI_INTEGER:
        return parse_integer(text, (int64_t)option->minimum, (int64_t)option->maximum, &value->integer);
    case CLI_REAL:
        return cairn_number_parse(text, &value->real) && value->real >= option->minimum &&
               value->real <= option->maximum;
    case CLI_SIZE:
        return parse_size(text, (int64_t)option->minimum, (int64_t)option->maximum, value);
    case CLI_CHOICE:
        return parse_choice(text, option->choices);
    case CLI_FLAG:
    case CLI_TEXT:
    case CLI_LIST:
        break;
    }
    return true;
}

static void describe_expected(const cli_option *option, char *text, size_t size)
{
    char low[CAIRN_NUMBER_BYTES], high[CAIRN_NUMBER_BYTES];
    cairn_number_print(low, option->minimum);
    cairn_number_print(high, option->maximum);
    if (option->kind == CLI_INTEGER)
        snprintf(text, size, "a whole number from %lld to %lld", (long long)option->minimum,
                 (long long)option->maximum);
    else if (option->kind == CLI_REAL)
        snprintf(text, size, "a number from %s to %s", low, high);
    else if (option->kind == CLI_SIZE)
        snprintf(text, size, "HxW, such as 28x28, each from %s to %s", low, high);
    else
        snprintf(text, size, "%s", option->choices);
}

/* Takes the value, which was allocated by popt. */
static cairn_status set_value(cli_call *cli, cli_option_id id, char *text)
{
    const cli_option *option = &cairn_cli_options[id];
    cli_value *value = &cli->values[id];
    char *before = value->text;
    value->text = text;
    if (option->kind == CLI_LIST && before) {
        size_t size = strlen(before) + strlen(text) + 2;
        value->text = malloc(size);
        if (value->text)
            snprintf(value->text, size, "%s,%s", before, text);
        free(text);
    }
    free(before);
    if (option->kind != CLI_FLAG && !value->text)
        return cairn_cli_fail(cli, CAIRN_MEMORY, "out of memory");
    value->given = true;
    if (parse_value(option, value->text, value))
        return CAIRN_OK;
    char expected[160], found[CLI_NAME_BYTES];
    describe_expected(option, expected, sizeof expected);
    return cairn_cli_fail(cli, CAIRN_USAGE, "--%s: expected %s, found '%s'", option->name, expected,
                          cairn_cli_brief(value->text, found));
}

static cairn_status fail_option(cli_call *cli, int error, const char *typed)
{
    char brief[CLI_NAME_BYTES];
    const char *verb = cli->command->name;
    cairn_cli_brief(typed, brief);
    if (error == POPT_ERROR_NOARG)
        return cairn_cli_fail(cli, CAIRN_USAGE, "%s: a value is missing (expected one)", brief);
    if (error == POPT_ERROR_UNWANTEDARG)
        return cairn_cli_fail(cli, CAIRN_USAGE, "%s: takes no value (one was found)", brief);
    if (error != POPT_ERROR_BADOPT)
        return cairn_cli_fail(cli, CAIRN_USAGE, "%s: %s", brief, poptStrerror(error));
    const char *names[CLI_MAX_OPTIONS + 1];
    size_t count = 0;
    names[count++] = "help";
    for (const cli_option_id *id = cli->command->options; *id; id++)
        names[count++] = cairn_cli_options[*id].name;
    brief[strcspn(brief, "=")] = '\0';
    const char *nearest = cairn_nearest_name(brief + strspn(brief, "-"), names, count);
    if (nearest)
        return cairn_cli_fail(cli, CAIRN_USAGE, "%s: unknown option '%s' (did you mean '--%s'?)", verb, brief,
                              nearest);
    return cairn_cli_fail(cli, CAIRN_USAGE, "%s: unknown option '%s' (see cairn %s --help)", verb, brief,
                          verb);
}

/* popt's form of the verb's options; each is reported by its id. */
static void popt_table(const cli_command *command, struct poptOption table[CLI_MAX_OPTIONS + 2])
{
    size_t count = 0;
    const cli_option_id *next = command->options;
    for (cli_option_id id = OPTION_HELP; id; id = *next++) {
        const cli_option *option = &cairn_cli_options[id];
        table[count++] = (struct poptOption){
            option->name, option->letter, option->kind == CLI_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
            NULL,         (int)id,        NULL,
            NULL};
    }
    table[count] = (struct poptOption){NULL, '\0', 0, NULL, 0, NULL, NULL};
}

static cairn_status copy_names(cli_call *cli, const char *const *names)
{
    while (names && names[cli->count])
        cli->count++;
    cli->names = calloc((size_t)cli->count + 1, sizeof *cli->names);
    for (int i = 0; cli->names && i < cli->count; i++)
        if (!(cli->names[i] = strdup(names[i])))
            return cairn_cli_fail(cli, CAIRN_MEMORY, "out of memory");
    return cli->names ? CAIRN_OK : cairn_cli_fail(cli, CAIRN_MEMORY, "out of memory");
}

static cairn_status check_names(cli_call *cli)
{
    const cli_command *command = cli->command;
    char brief[CLI_NAME_BYTES];
    if (cli->count < command->min_names)
        return cairn_cli_fail(cli, CAIRN_USAGE, "%s: an argument is missing (expected cairn %s %s)",
                              command->name, command->name, command->arguments);
    if (command->max_names >= 0 && cli->count > command->max_names)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "%s: one argument too many (expected cairn %s%s%s, found also '%s')",
                              command->name, command->name, *command->arguments ? " " : "",
                              command->arguments, cairn_cli_brief(cli->names[command->max_names], brief));
    return CAIRN_OK;
}

cairn_status cairn_cli_parse(cli_call *cli, int argc, char **argv)
{
    struct poptOption table[CLI_MAX_OPTIONS + 2];
    popt_table(cli->command, table);
    poptContext popt = poptGetContext(NULL, argc, (const char **)argv, table, 0);
    if (!popt)
        return cairn_cli_fail(cli, CAIRN_MEMORY, "out of memory");
    cairn_status status = CAIRN_OK;
    int id;
    while (status == CAIRN_OK && (id = poptGetNextOpt(popt)) > 0)
        status = set_value(cli, (cli_option_id)id, poptGetOptArg(popt));
    if (status == CAIRN_OK && id < -1)
        status = fail_option(cli, id, poptBadOption(popt, POPT_BADOPTION_NOALIAS));
    if (status == CAIRN_OK)
        status = copy_names(cli, poptGetArgs(popt));
    poptFreeContext(popt);
    if (status == CAIRN_OK && !cairn_cli_given(cli, OPTION_HELP))
        status = check_names(cli);
    return status;
}

void cairn_cli_free(cli_call *cli)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        free(cli->values[i].text);
    for (int i = 0; cli->names && i < cli->count; i++)
        free(cli->names[i]);
    free(cli->names);
}
