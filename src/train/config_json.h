/* Settings in JSON: args.json and recipes. */
#ifndef CAIRN_CONFIG_JSON_H
#define CAIRN_CONFIG_JSON_H

#include "base/json.h"
#include "train/config.h"

/* Takes a setting's value, which must be of the setting's kind. CAIRN_INPUT naming file and key. */
cairn_status cairn_setting_take_json(cairn_ctx *ctx, cairn_config *config, cairn_setting_id id,
                                     const char *name, const json_t *value, cairn_origin origin);

#endif
