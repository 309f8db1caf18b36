/* env.json: on what machine and with which build a run was made. Nothing in it enters a result. */
#ifndef CAIRN_ENVIRONMENT_H
#define CAIRN_ENVIRONMENT_H

#include "base/base.h"

/* cairn_free it. NULL: no memory. */
char *cairn_environment_print(cairn_ctx *ctx);

/* The kernel level in the text of an env.json; false when there is none. */
bool cairn_environment_isa(cairn_ctx *ctx, const char *text, size_t size, char isa[32]);

#endif
