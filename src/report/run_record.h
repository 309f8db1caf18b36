/* What a run left in its folder, as far as it is still there. Only args.json is indispensable: for anything
 * else that is missing the reason is kept, and the report says it where the part would stand. */
#ifndef CAIRN_REPORT_RUN_RECORD_H
#define CAIRN_REPORT_RUN_RECORD_H

#include "report/architecture.h"
#include <cairn/train.h>
#include <jansson.h>

#define CAIRN_REASON_BYTES 256

typedef struct cairn_run_record {
    cairn_ctx *ctx;
    const char *folder;
    json_t *args, *env;          /* env may be NULL */
    cairn_epoch_metrics *epochs; /* NAN where a number is missing */
    int epoch_count;
    int best;                     /* index of the epoch with the best validation accuracy, -1: none */
    cairn_classifier *classifier; /* NULL: without weights */
    const cairn_classifier_info *network;
    cairn_architecture architecture; /* empty without weights */
    cairn_dataset *dataset;          /* NULL: the data are gone */
    const cairn_dataset_info *data;
    cairn_split split; /* what the run validated on */
    cairn_evaluation evaluation;
    bool evaluated;
    char no_metrics[CAIRN_REASON_BYTES], no_weights[CAIRN_REASON_BYTES], no_data[CAIRN_REASON_BYTES];
} cairn_run_record;

/* Settings, surroundings and metrics alone. */
cairn_status cairn_run_record_read(cairn_ctx *ctx, const char *folder, cairn_run_record *record);

/* Also the network and the data, on which it is evaluated. */
cairn_status cairn_run_record_open(cairn_ctx *ctx, const char *folder, cairn_run_record *record);
void cairn_run_record_close(cairn_run_record *record);

/* A setting as text; "" when it is not there or not a text. */
const char *cairn_run_setting(const cairn_run_record *record, const char *key);

/* Last component of the data's path: what people call the set. */
const char *cairn_run_data_name(const cairn_run_record *record);

#endif
