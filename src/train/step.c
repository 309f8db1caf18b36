/* One step of a training: pictures, the plan, and what came of it. With `accumulate` the pictures come in
 * parts, each a run of the plan, and the last run updates the parameters. */
#include "train/trainer.h"

cairn_status cairn_trainer_step(cairn_trainer *t, double lr, int64_t batch, cairn_taken *taken)
{
    int64_t whole = cairn_min(t->config.batch, t->data->count[CAIRN_TRAIN] - batch * t->config.batch);
    cairn_run_options run = {.lr = lr,
                             .step = cairn_trainer_updates(t),
                             .epoch = (uint32_t)t->state.epoch,
                             .seed = t->config.seed,
                             .whole = (int)whole};
    *taken = (cairn_taken){.finite = true};
    for (int64_t done = 0; done < whole; done += run.n, run.part++) {
        cairn_status status =
            cairn_loader_next(t->loader, t->ports.image, t->ports.labels, t->ports.samples, &run.n);
        if (status == CAIRN_OK && run.n == 0)
            status = cairn_fail(t->ctx, CAIRN_FAILURE, "training: the loader ended before its step");
        if (status != CAIRN_OK)
            return status;
        if (!taken->finite) { /* the step is lost, but the loader's place is that of the next */
            taken->tally.images += run.n;
            continue;
        }
        cairn_trainer_mix(t, run.n);
        run.more = done + run.n < whole;
        status = cairn_plan_run(t->plan, &run);
        if (status != CAIRN_OK)
            return status;
        taken->finite = *t->ports.finite != 0;
        taken->last = run.n;
        cairn_tally_add(&taken->tally, run.n, t->settings.classes, t->ports.logits, t->ports.losses,
                        t->ports.labels);
    }
    return CAIRN_OK;
}
