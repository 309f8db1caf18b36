/* The folder of a run: args.json, env.json, labels.txt, results.csv, metrics.jsonl, train.log and weights/.
 * One process at a time works in it. */
#ifndef CAIRN_RUNFOLDER_H
#define CAIRN_RUNFOLDER_H

#include "base/lock.h"
#include "base/text.h"
#include "train/config.h"

typedef struct cairn_run_folder {
    cairn_ctx *ctx;
    char *path;
    cairn_lock lock;
    cairn_log_fn outer_log; /* the context's log while messages also go to train.log */
    void *outer_user;
    bool logging;
    cairn_text rows, objects; /* of results.csv and metrics.jsonl, not yet written */
} cairn_run_folder;

/* Makes the folder with its parents and locks it. CAIRN_USAGE when it holds a run already, CAIRN_IO when it
 * cannot be made or another process is at work in it. */
cairn_status cairn_run_create(cairn_ctx *ctx, const char *path, cairn_run_folder *run);
/* Locks the folder of an existing run. CAIRN_IO when there is none. */
cairn_status cairn_run_open(cairn_ctx *ctx, const char *path, cairn_run_folder *run);
/* Unlocks. */
void cairn_run_close(cairn_run_folder *run);

/* Writes what describes the run: weights/, env.json, labels.txt and, last, args.json, which makes the folder
 * a run. */
cairn_status cairn_run_describe(cairn_run_folder *run, const cairn_config *config,
                                const cairn_dataset_info *data);
/* Reads args.json. */
cairn_status cairn_run_config(const cairn_run_folder *run, cairn_config *config);

/* The path of a file in the folder. cairn_free it. */
char *cairn_run_path(const cairn_run_folder *run, const char *name);

/* A line for train.log. The log is a courtesy: that it cannot be written is no reason to stop. */
void cairn_run_note(const cairn_run_folder *run, const char *line);
/* From now on the context's log messages also go to train.log, until the folder is closed. */
void cairn_run_log_begin(cairn_run_folder *run);

/* results.csv and metrics.jsonl, cut to the lengths that a checkpoint remembers; 0: begun anew. */
cairn_status cairn_run_cut_metrics(const cairn_run_folder *run, int64_t *results_bytes,
                                   int64_t *metrics_bytes);
/* Takes the row of an epoch. */
void cairn_run_add_metrics(cairn_run_folder *run, const cairn_epoch_metrics *metrics);
/* Writes the rows taken since the last flush that succeeded and gives the new lengths. */
cairn_status cairn_run_flush_metrics(cairn_run_folder *run, int64_t *results_bytes, int64_t *metrics_bytes);

#endif
