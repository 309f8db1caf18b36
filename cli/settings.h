/* The settings of a training as its options give them, and what else the command does with them. */
#ifndef CAIRN_CLI_SETTINGS_H
#define CAIRN_CLI_SETTINGS_H

#include "command.h"
#include "model.h"

#define CLI_MAX_SETTINGS 64

/* What cairn_train_settings points to. */
typedef struct cli_settings {
    const char *option[CLI_MAX_SETTINGS + 1];
    char text[4096]; /* of the options */
    bool fine_tunes; /* the recipe was chosen because the training begins from weights */
} cli_settings;

/* Reads model, data (if given) and options; the model is to be closed even after a failure. */
cairn_status cairn_cli_settings(cli_call *cli, cli_settings *given, cli_model *model,
                                cairn_train_settings *settings);

/* Notes that wait until the work has begun, so that an error before that stays one line; later ones do not.
 */
typedef struct cli_notes {
    cli_call *cli;
    char text[2000];
    bool shown;
} cli_notes;

void cairn_cli_notes_take(cli_notes *notes, const char *line);
void cairn_cli_notes_show(cli_notes *notes);

/* --print-config */
cairn_status cairn_cli_print_config(cli_call *cli);

/* --find-lr */
cairn_status cairn_cli_find_lr(cli_call *cli, const cairn_train_hooks *hooks);

#endif
