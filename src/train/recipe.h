/* Recipes: the settings of a training as data, from recipes/NAME.json, which are a part of the library, or
 * from a user's file. */
#ifndef CAIRN_RECIPE_H
#define CAIRN_RECIPE_H

#include "train/config.h"

/* Takes the settings of a recipe: one of the library's by its name, "paper" for that of config->model's own
 * paper, or a file. CAIRN_USAGE with the nearest name, CAIRN_INPUT naming the key at fault, CAIRN_IO. */
cairn_status cairn_recipe_take(cairn_ctx *ctx, const char *name, cairn_config *config);

/* ---- made by the build from recipes/ ---- */

typedef struct cairn_recipe_file {
    const char *name, *about;
    const unsigned char *text; /* of the file */
    size_t size;
} cairn_recipe_file;

/* Sorted by name; ends with a NULL name. */
extern const cairn_recipe_file cairn_recipe_files[];

#endif
