/* MANIFEST.json: what a checkpoint's folder must hold, byte for byte, and which run it belongs to. */
#ifndef CAIRN_MANIFEST_H
#define CAIRN_MANIFEST_H

#include "base/base.h"
#include "base/sha256.h"

#define CAIRN_MANIFEST_NAME "MANIFEST.json"

/* The run that a checkpoint belongs to. */
typedef struct cairn_identity {
    const char *arch;
    char config[CAIRN_SHA256_TEXT]; /* hash of the settings */
    char data[CAIRN_SHA256_TEXT];   /* of the data set */
} cairn_identity;

/* Reads the files `names` of the folder and writes the manifest, durably. */
cairn_status cairn_manifest_write(cairn_ctx *ctx, const char *folder, const cairn_identity *identity,
                                  const char *const *names, size_t count);

/* Checks the manifest and every byte of the files. CAIRN_INPUT naming file and section; CAIRN_USAGE when the
 * manifest is sound but belongs to other settings or data; CAIRN_IO, CAIRN_MEMORY. */
cairn_status cairn_manifest_check(cairn_ctx *ctx, const char *folder, const cairn_identity *identity,
                                  const char *const *names, size_t count);

/* Only whether the files have the sizes of the manifest: the quick look after a save. */
cairn_status cairn_manifest_check_sizes(cairn_ctx *ctx, const char *folder, const char *const *names,
                                        size_t count);

#endif
