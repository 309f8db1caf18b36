/* cairn train: training with progress, checkpoints and a report; an interrupted run goes on with --resume. */
#include "base/file.h"
#include "commands.h"
#include "model.h"
#include "output.h"
#include "progress.h"
#include "settings.h"
#include "signals.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PATH 4096
#define MAX_RUNS 1000000

typedef struct training {
    cli_call *cli;
    cli_progress progress;
    cli_json json;
    int epochs, shown;
    const char *model;                  /* NULL: said already, or resumed */
    char announcement[CLI_ERROR_BYTES]; /* what is to be said once the training has really begun */
    cli_notes notes;                    /* likewise: an error before stays one line */
} training;

/* ---- what is shown ---- */

static void on_progress(void *user, const cairn_train_progress *progress)
{
    training *t = user;
    t->epochs = progress->epochs;
    char params[CLI_NUMBER_BYTES];
    if (t->model)
        cairn_cli_note(t->cli, "%s, %s parameters, %s", t->model, cairn_cli_count(progress->params, params),
                       t->announcement);
    else if (*t->announcement)
        cairn_cli_note(t->cli, "%s", t->announcement);
    t->model = NULL;
    *t->announcement = '\0';
    cairn_cli_notes_show(&t->notes);
    cairn_cli_progress_show(t->cli, progress);
}

static void put_epoch_json(cli_json *json, const cairn_epoch_metrics *m)
{
    cairn_cli_json_open(json, NULL, '{');
    cairn_cli_json_integer(json, "epoch", m->epoch);
    cairn_cli_json_real(json, "loss", m->loss);
    cairn_cli_json_real(json, "top1", m->top1);
    cairn_cli_json_real(json, "val_loss", m->val_loss);
    cairn_cli_json_real(json, "val_top1", m->val_top1);
    cairn_cli_json_real(json, "val_top5", m->val_top5);
    cairn_cli_json_real(json, "lr", m->lr);
    cairn_cli_json_real(json, "seconds", m->seconds);
    cairn_cli_json_real(json, "images_per_s", m->images_per_s);
    cairn_cli_json_close(json);
}

static void on_epoch(void *user, const cairn_epoch_metrics *m)
{
    training *t = user;
    char epoch[32], images[CLI_NUMBER_BYTES];
    cairn_cli_progress_hide(t->cli);
    if (cairn_cli_given(t->cli, OPTION_JSON)) {
        put_epoch_json(&t->json, m);
    } else if (!cairn_cli_given(t->cli, OPTION_QUIET)) {
        if (t->shown == 0)
            puts("  epoch     loss     top-1   val loss  val top-1       lr        s  images/s");
        snprintf(epoch, sizeof epoch, "%d/%d", m->epoch, t->epochs);
        printf("%7s  %7.4f  %6.2f %%    %7.4f   %6.2f %%  %7.5f  %7.1f  %8s\n", epoch, m->loss, m->top1,
               m->val_loss, m->val_top1, m->lr, m->seconds, cairn_cli_short(m->images_per_s, images));
    }
    t->shown++;
    fflush(stdout); /* a file or pipe that follows the training sees each epoch when it ends */
}

static bool on_stop(void *user)
{
    (void)user;
    return cairn_cli_signal() != 0;
}

static void on_note(void *user, const char *line)
{
    cairn_cli_notes_take(&((training *)user)->notes, line);
}

/* ---- the run folder ---- */

/* DATA as a part of a folder's name: the set's name, or a folder's last part. */
static void data_name(const char *data, char *name, size_t size)
{
    size_t end = strlen(data);
    while (end > 1 && data[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && data[begin - 1] != '/')
        begin--;
    snprintf(name, size, "%.*s", (int)(end - begin < 64 ? end - begin : 64), data + begin);
    if (*name == '\0' || *name == '.' || *name == '/')
        snprintf(name, size, "data");
}

/* Makes runs/MODEL-DATA-N with the first free N, so that two trainings that start together get two folders.
 */
static cairn_status make_run_folder(cli_call *cli, const char *model, const char *data, char path[MAX_PATH])
{
    char name[80];
    data_name(data, name, sizeof name);
    cairn_status status = cairn_folder_make(cli->ctx, "runs");
    for (int n = 1; status == CAIRN_OK && n < MAX_RUNS; n++) {
        snprintf(path, MAX_PATH, "runs/%s-%s-%d", model, name, n);
        if (mkdir(path, 0777) == 0)
            return CAIRN_OK;
        if (errno != EEXIST)
            status =
                cairn_cli_fail(cli, CAIRN_IO, "%s: cannot be created (%s)", path, cairn_errno_text(errno));
    }
    return status;
}

/* Takes back a folder in which no run began. */
static void remove_if_empty(const char *path)
{
    if (rmdir(path) == 0)
        rmdir("runs");
}

/* ---- the end ---- */

static void build_report(cli_call *cli, const char *run, bool trained, char report[MAX_PATH])
{
    snprintf(report, MAX_PATH, "%.4000s/report.html", run);
    if (!trained && access(report, F_OK) == 0)
        return;
    if (cairn_report_run(cli->ctx, run) != CAIRN_OK) {
        cairn_cli_warn(cli, "the report could not be built: %s", cairn_error(cli->ctx));
        *report = '\0';
    }
}

static cairn_status finish(training *t, const char *run, cairn_status status,
                           const cairn_train_result *result)
{
    cli_call *cli = t->cli;
    char report[MAX_PATH];
    cairn_cli_progress_hide(cli);
    cli->progress = NULL;
    if (status == CAIRN_INTERRUPTED) {
        cairn_cli_note(cli, "interrupted; go on with: cairn train --resume %s", run);
        return status;
    }
    if (status != CAIRN_OK)
        return status;
    cairn_cli_notes_show(&t->notes);
    build_report(cli, run, t->shown > 0, report);
    if (cairn_cli_given(cli, OPTION_JSON)) {
        cairn_cli_json_open(&t->json, NULL, '{');
        cairn_cli_json_text(&t->json, "run", run);
        cairn_cli_json_integer(&t->json, "best_epoch", result->best_epoch);
        cairn_cli_json_real(&t->json, "best_top1", result->best_top1);
        cairn_cli_json_close(&t->json);
        return CAIRN_OK;
    }
    printf("best     %.2f %% in epoch %d\n", result->best_top1, result->best_epoch);
    printf("weights  %s/weights/best.safetensors\n", run);
    if (*report)
        printf("report   %s\n", report);
    return CAIRN_OK;
}

/* ---- beginning ---- */

static void prepare_announcement(training *t, const char *model, const char *data, const char *run)
{
    char data_brief[CLI_NAME_BYTES], run_brief[CLI_NAME_BYTES];
    t->model = model;
    snprintf(t->announcement, sizeof t->announcement, "on %s, into %s", cairn_cli_brief(data, data_brief),
             cairn_cli_brief(run, run_brief));
}

static cairn_status train_new(training *t, const cairn_train_hooks *hooks)
{
    cli_call *cli = t->cli;
    char made[MAX_PATH];
    const char *out = cairn_cli_text(cli, OPTION_OUT, NULL);
    cli_settings given;
    cairn_train_settings settings;
    cairn_train_result result = {0};
    cli_model model = {0};
    cairn_status status = out ? cairn_cli_check_output(cli, out, cli->names[1]) : CAIRN_OK;
    if (status == CAIRN_OK)
        status = cairn_cli_settings(cli, &given, &model, &settings);
    if (status == CAIRN_OK && !out)
        status = make_run_folder(cli, model.model->name, cli->names[1], made);
    if (status == CAIRN_OK) {
        settings.out = out ? out : made;
        if (given.fine_tunes)
            cairn_cli_notes_take(&t->notes,
                                 "it begins from weights: recipe finetune (--recipe none takes the "
                                 "network's own settings)");
        prepare_announcement(t, settings.model, settings.data, settings.out);
        cairn_cli_progress_begin(cli, &t->progress);
        status = cairn_train(cli->ctx, &settings, hooks, &result);
        status = finish(t, settings.out, status, &result);
        if (status != CAIRN_OK && !out)
            remove_if_empty(made);
    }
    cairn_cli_model_close(&model);
    return status;
}

static cairn_status train_resume(training *t, const cairn_train_hooks *hooks)
{
    cli_call *cli = t->cli;
    const char *run = cairn_cli_text(cli, OPTION_RESUME, NULL);
    cairn_train_result result = {0};
    for (const cli_option_id *id = cli->command->options; *id; id++)
        if (cairn_cli_given(cli, *id) && *id != OPTION_RESUME && *id != OPTION_THREADS &&
            *id != OPTION_QUIET && *id != OPTION_JSON && *id != OPTION_VERBOSE)
            return cairn_cli_fail(cli, CAIRN_USAGE,
                                  "--resume: takes --%s from the run itself (only --threads, --quiet, "
                                  "--json and -v may be given anew)",
                                  cairn_cli_options[*id].name);
    if (cli->count > 0)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "--resume: takes model and data from the run itself (found also '%s')",
                              cli->names[0]);
    snprintf(t->announcement, sizeof t->announcement, "going on with %.400s", run);
    cairn_cli_progress_begin(cli, &t->progress);
    cairn_status status = cairn_train_resume(cli->ctx, run, hooks, &result);
    return finish(t, run, status, &result);
}

static cairn_status run(cli_call *cli)
{
    training t = {.cli = cli, .notes = {.cli = cli}};
    cairn_train_hooks hooks = {
        .note = on_note, .progress = on_progress, .epoch = on_epoch, .stop = on_stop, .user = &t};
    bool resume = cairn_cli_given(cli, OPTION_RESUME);
    if (cairn_cli_given(cli, OPTION_PRINT_CONFIG) && !resume && cli->count > 0)
        return cairn_cli_print_config(cli);
    if (!resume && cli->count < 2)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "train: an argument is missing (expected cairn train MODEL DATA)");
    cairn_cli_signals_catch();
    if (cairn_cli_given(cli, OPTION_FIND_LR) && !resume) {
        cairn_cli_progress_begin(cli, &t.progress);
        return cairn_cli_find_lr(cli, &hooks);
    }
    return resume ? train_resume(&t, &hooks) : train_new(&t, &hooks);
}

const cli_command cairn_cli_train = {
    .name = "train",
    .arguments = "MODEL DATA",
    .help = "trains a network",
    .text =
        "DATA is a known set (fashion-mnist, mnist, cifar10, cifar100), searched in $CAIRN_DATA, ./data "
        "and /usr/share/datasets, or a folder: of IDX files, of CIFAR binaries, or of pictures in a folder "
        "for each class.\n\n--augment: rrc[=LOW:HIGH] (random resized crop), scale[=LOW:HIGH] (VGG's), "
        "window[=SIDE] (AlexNet's), pad[=N] (CIFAR's), flip[=P], jitter[=B:C:S:H], trivial, "
        "lighting[=DEVIATION], erase[=P], mixup[=ALPHA], cutmix[=ALPHA]. A picture that cannot be read is "
        "named once and another one takes its place.\n\nThe run folder gets weights, metrics, checkpoints "
        "and report.html. "
        "SIGINT (Ctrl-C), "
        "SIGTERM and SIGHUP end the training at the next step with a checkpoint and exit code 75; "
        "--resume goes on "
        "from there. The same seed gives the same bits, whatever the number of threads.\n\n"
        "A recipe stands in for the network's own settings, and options stand in for the recipe's. With a "
        "batch "
        "of your own a recipe's learning rate is scaled by the linear rule, with epochs of your own its "
        "schedule "
        "is stretched; both are said. Recipes: paper (of the network's own paper), alexnet, vgg, googlenet, "
        "googlenet-bvlc, inception-v2, inception-v3, resnet, resnext, cifar-resnet, cifar-resnet-deep, "
        "cifar-resnext, torchvision-v1, torchvision-v2, timm-a2, small, finetune, none. A training that "
        "begins "
        "from weights takes finetune unless it is told otherwise.",
    .examples = {{"cairn train lenet5 fashion-mnist", "with the network's own settings"},
                 {"cairn train lenet5 mnist --epochs 5 --lr 0.02", "half the epochs, a lower rate"},
                 {"cairn train resnet50 photos --init resnet50.pth", "fine-tuning, with a new head"},
                 {"cairn train --resume runs/lenet5-mnist-1", "goes on after an interruption"}},
    .options = {OPTION_RECIPE,
                OPTION_PRINT_CONFIG,
                OPTION_SETTING,
                OPTION_EPOCHS,
                OPTION_BATCH,
                OPTION_LR,
                OPTION_OPTIMIZER,
                OPTION_MOMENTUM,
                OPTION_NESTEROV,
                OPTION_WEIGHT_DECAY,
                OPTION_CLIP_NORM,
                OPTION_EMA,
                OPTION_ACCUMULATE,
                OPTION_RECOMPUTE,
                OPTION_SCHEDULE,
                OPTION_WARMUP,
                OPTION_LABEL_SMOOTHING,
                OPTION_DROPOUT,
                OPTION_AUX_WEIGHT,
                OPTION_INPUT,
                OPTION_EVAL_INPUT,
                OPTION_PROGRESSIVE,
                OPTION_VAL_SPLIT,
                OPTION_SEED,
                OPTION_SET,
                OPTION_INIT,
                OPTION_FREEZE,
                OPTION_LR_DECAY,
                OPTION_HEAD_LR_FACTOR,
                OPTION_PATIENCE,
                OPTION_KEEP,
                OPTION_OUT,
                OPTION_RESUME,
                OPTION_FIND_LR,
                OPTION_OUTPUT,
                OPTION_TENSORBOARD,
                OPTION_THREADS,
                OPTION_LOADERS,
                OPTION_AUGMENT,
                OPTION_MAX_BAD,
                OPTION_PRECISION,
                OPTION_JSON,
                OPTION_QUIET,
                OPTION_VERBOSE},
    .max_names = 2,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
