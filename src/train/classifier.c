/* A network with its weights, as a file or a run folder describes it. */
#include "train/classifier.h"
#include "base/file.h"
#include "train/metadata.h"
#include "train/transfer.h"
#include <math.h>
#include <string.h>

struct cairn_classifier {
    cairn_ctx *ctx;
    cairn_classifier_info info;
    cairn_preprocess preprocess;
    cairn_weights *weights;
    cairn_plan *plan;
    char *path, *set, **labels, **label_ids;
    cairn_plan_options options; /* precision and tuning */
    int batch;
    size_t picture_bytes;
};

/* Names the file in a message that does not. */
static cairn_status fail_in_file(const cairn_classifier *c, cairn_status status)
{
    return status == CAIRN_MEMORY ? status
                                  : cairn_fail(c->ctx, status, "%s: %s", c->path, cairn_error(c->ctx));
}

/* A file that says nothing about itself: its tensors belong to a network, or to several that have the same
 * ones, of which the first is taken. */
static cairn_status recognise(cairn_classifier *c, const cairn_weights *loaded)
{
    cairn_recognised found;
    int count;
    cairn_status status = cairn_weights_recognise(c->ctx, loaded, &found, 1, &count);
    if (status == CAIRN_OK && count == 0)
        return cairn_fail(c->ctx, CAIRN_INPUT,
                          "%s: does not name its architecture (expected the metadata key "
                          "'cairn.arch', or a network to bind it to), and its tensors fit none as they are",
                          c->path);
    if (status == CAIRN_OK) {
        c->info.model = found.model;
        c->info.classes = found.classes;
    }
    return status;
}

static cairn_status find_model(cairn_classifier *c, const cairn_weights *loaded, const char *name)
{
    const char *arch = cairn_weights_meta(loaded, "cairn.arch");
    if (name == NULL && arch == NULL)
        return recognise(c, loaded);
    c->info.model = cairn_model_find(name != NULL ? name : arch);
    if (c->info.model == NULL)
        return cairn_fail(c->ctx, name != NULL ? CAIRN_USAGE : CAIRN_INPUT, "%s: there is no network '%s'",
                          name != NULL ? "weights" : c->path, name != NULL ? name : arch);
    c->info.classes = c->info.model->classes;
    return CAIRN_OK;
}

/* Switches and sizes: the file's, else the network's own, but for the classes that tensors tell. */
static cairn_status read_settings(cairn_classifier *c, const cairn_weights *loaded)
{
    const cairn_model *model = c->info.model;
    cairn_model_settings *s = &c->info.settings;
    *s = (cairn_model_settings){.h = model->h, .w = model->w, .c = model->c, .classes = c->info.classes};
    cairn_status status = cairn_metadata_switches(c->ctx, c->path, loaded, &c->set);
    if (status == CAIRN_OK)
        status = cairn_metadata_sizes(c->ctx, c->path, loaded, s);
    s->set = c->set;
    c->info.classes = s->classes;
    if (status == CAIRN_OK && cairn_model_check(c->ctx, model, s) != CAIRN_OK)
        status = fail_in_file(c, CAIRN_INPUT); /* a wrong switch is the file's fault here, not the user's */
    return status;
}

cairn_preprocess cairn_preprocess_at(const cairn_preprocess *preprocess, int side)
{
    cairn_preprocess p = *preprocess;
    p.squash |= p.crop == 0;
    p.resize = p.crop > 0 ? (p.resize * side + p.crop / 2) / p.crop : side;
    p.crop = p.crop > 0 ? side : 0;
    return p;
}

cairn_preprocess cairn_preprocess_of(const cairn_model *model, const cairn_model_settings *s)
{
    const cairn_preprocess *own = model->preprocess;
    if (own != NULL && s->h == model->h && s->w == model->w && s->c == own->channels)
        return *own;
    if (own != NULL && s->h == s->w && s->c == own->channels)
        return cairn_preprocess_at(own, s->h);
    cairn_preprocess p = {.resize = s->h, .squash = true, .channels = s->c};
    for (size_t i = 0; i < CAIRN_COUNT(p.std); i++)
        p.std[i] = 1;
    return p;
}

/* The file's chain, of which the caller may override keys. */
static cairn_status read_preprocess(cairn_classifier *c, const cairn_weights *loaded, const char *overrides)
{
    const char *stored = cairn_weights_meta(loaded, "cairn.preprocess");
    c->info.default_preprocess = stored == NULL;
    c->preprocess = cairn_preprocess_of(c->info.model, &c->info.settings);
    cairn_status status =
        stored == NULL ? CAIRN_OK : cairn_preprocess_from_json(c->ctx, stored, &c->preprocess);
    if (status != CAIRN_OK)
        return fail_in_file(c, status);
    if (overrides == NULL)
        return CAIRN_OK;
    status = cairn_preprocess_from_json(c->ctx, overrides, &c->preprocess);
    return status == CAIRN_INPUT ? CAIRN_USAGE : status;
}

static cairn_status make_network(cairn_classifier *c, const cairn_weights *loaded)
{
    cairn_status status =
        cairn_model_graph(c->ctx, c->info.model, &c->info.settings, CAIRN_INPUT_BYTES, c->preprocess.scale,
                          c->preprocess.mean, c->preprocess.std, NULL, &c->info.graph);
    if (status == CAIRN_USAGE)
        status = CAIRN_INPUT; /* sizes that no network of this kind can have came from the file */
    if (status == CAIRN_OK)
        status = cairn_weights_attach(c->ctx, c->info.graph, c->info.model->names, loaded, &c->weights);
    return status == CAIRN_OK ? CAIRN_OK : fail_in_file(c, status);
}

static cairn_status open_loaded(cairn_classifier *c, const cairn_weights *loaded, const char *model,
                                const char *json)
{
    cairn_status status = find_model(c, loaded, model);
    if (status == CAIRN_OK)
        status = read_settings(c, loaded);
    if (status == CAIRN_OK)
        status = read_preprocess(c, loaded, json);
    if (status == CAIRN_OK)
        status = cairn_metadata_labels(c->ctx, c->path, loaded, c->info.classes, &c->labels);
    if (status == CAIRN_OK)
        status = cairn_metadata_label_ids(c->ctx, c->path, loaded, c->info.classes, &c->label_ids);
    return status == CAIRN_OK ? make_network(c, loaded) : status;
}

cairn_status cairn_classifier_open(cairn_ctx *ctx, const char *path, const char *model,
                                   const char *preprocess_json, int batch, cairn_classifier **classifier)
{
    *classifier = NULL;
    if (batch < 1)
        return cairn_fail(ctx, CAIRN_USAGE, "batch: expected at least 1, found %d", batch);
    cairn_classifier *c = cairn_alloc(ctx, 1, sizeof *c);
    if (c == NULL)
        return CAIRN_MEMORY;
    c->ctx = ctx;
    c->batch = batch;
    cairn_weights *loaded = NULL;
    c->path = cairn_weights_file(ctx, path);
    cairn_status status = c->path == NULL ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK)
        status = cairn_weights_open(ctx, c->path, &loaded);
    if (status == CAIRN_OK)
        status = open_loaded(c, loaded, model, preprocess_json);
    cairn_weights_destroy(loaded);
    if (status != CAIRN_OK) {
        cairn_classifier_close(c);
        return status;
    }
    const cairn_model_settings *s = &c->info.settings;
    c->picture_bytes = (size_t)s->h * (size_t)s->w * (size_t)s->c;
    c->info.preprocess = &c->preprocess;
    c->info.labels = (const char *const *)c->labels;
    c->info.label_ids = (const char *const *)c->label_ids;
    c->info.weights = c->weights;
    c->info.weights_path = c->path;
    *classifier = c;
    return CAIRN_OK;
}

void cairn_classifier_close(cairn_classifier *c)
{
    if (c == NULL)
        return;
    cairn_plan_destroy(c->plan);
    cairn_weights_destroy(c->weights);
    cairn_graph_destroy(c->info.graph);
    if (c->labels != NULL)
        cairn_names_free(c->ctx, c->labels, (size_t)c->info.classes);
    if (c->label_ids != NULL)
        cairn_names_free(c->ctx, c->label_ids, (size_t)c->info.classes);
    cairn_free(c->ctx, c->set);
    cairn_free(c->ctx, c->path);
    cairn_free(c->ctx, c);
}

const cairn_classifier_info *cairn_classifier_about(const cairn_classifier *classifier)
{
    return &classifier->info;
}

cairn_weights *cairn_classifier_weights(cairn_classifier *classifier)
{
    return classifier->weights;
}

void cairn_classifier_set_precision(cairn_classifier *classifier, cairn_dtype precision)
{
    classifier->options.precision = precision;
}

void cairn_classifier_set_exif(cairn_classifier *classifier, bool apply)
{
    classifier->preprocess.exif = apply;
}

void cairn_classifier_set_tuning(cairn_classifier *classifier, cairn_tuning *tuning)
{
    classifier->options.tuning = tuning;
}

cairn_plan_options cairn_classifier_options(const cairn_classifier *classifier)
{
    return classifier->options;
}

void cairn_classifier_drop_weights(cairn_classifier *c)
{
    cairn_weights_destroy(c->weights);
    c->weights = NULL;
    c->info.weights = NULL;
}

int cairn_classifier_batch(const cairn_classifier *classifier)
{
    return classifier->batch;
}

/* Made when it is wanted: evaluation has plans of its own on the same weights. */
static cairn_status make_plan(cairn_classifier *c)
{
    cairn_plan_options options = c->options;
    options.batch = c->batch;
    return c->plan != NULL ? CAIRN_OK
                           : cairn_plan_create(c->ctx, c->info.graph, c->weights, NULL, &options, &c->plan);
}

cairn_status cairn_classifier_prepare(cairn_classifier *c)
{
    cairn_status status = make_plan(c);
    if (status == CAIRN_OK)
        status = cairn_plan_prepare(c->plan);
    if (status == CAIRN_OK)
        cairn_classifier_drop_weights(c);
    return status;
}

cairn_status cairn_classifier_run(cairn_classifier *c, int n, const uint8_t *pixels, float *logits)
{
    if (n < 1 || n > c->batch)
        return cairn_fail(c->ctx, CAIRN_USAGE, "pictures: expected 1 to %d, found %d", c->batch, n);
    cairn_status status = make_plan(c);
    if (status != CAIRN_OK)
        return status;
    memcpy(cairn_plan_data(c->plan, "image"), pixels, (size_t)n * c->picture_bytes);
    cairn_run_options run = {.n = n};
    status = cairn_plan_run(c->plan, &run);
    if (status == CAIRN_OK)
        memcpy(logits, cairn_plan_data(c->plan, "logits"),
               (size_t)n * (size_t)c->info.classes * sizeof *logits);
    return status;
}

cairn_status cairn_classifier_input(const cairn_classifier *c, const char *name, const cairn_picture *picture,
                                    cairn_picture *input)
{
    const cairn_model_settings *s = &c->info.settings;
    cairn_status status = cairn_preprocess_apply(c->ctx, &c->preprocess, picture, input);
    if (status != CAIRN_OK || (input->h == s->h && input->w == s->w && input->c == s->c))
        return status;
    status = cairn_fail(c->ctx, CAIRN_INPUT,
                        "%s: preprocessing gives the wrong size (expected %dx%dx%d, found %dx%dx%d)", name,
                        s->h, s->w, s->c, input->h, input->w, input->c);
    cairn_picture_free(c->ctx, input);
    return status;
}

cairn_status cairn_classifier_run_file(cairn_classifier *c, const char *path, float *logits)
{
    cairn_picture picture = {0}, input = {0};
    cairn_decode_options options = {.channels = c->preprocess.channels, .exif = c->preprocess.exif};
    cairn_status status = cairn_picture_load(c->ctx, path, &options, &picture);
    if (status == CAIRN_OK)
        status = cairn_classifier_input(c, path, &picture, &input);
    if (status == CAIRN_OK)
        status = cairn_classifier_run(c, 1, input.data, logits);
    cairn_picture_free(c->ctx, &picture);
    cairn_picture_free(c->ctx, &input);
    return status;
}

int cairn_classifier_best(const cairn_classifier *c, const float *logits, int most, cairn_class_score *best)
{
    int count = 0;
    double sum = 0;
    for (int i = 0; i < c->info.classes; i++) {
        int at = count < most ? count++ : most;
        while (at > 0 && logits[i] > best[at - 1].logit) {
            if (at < most)
                best[at] = best[at - 1];
            at--;
        }
        if (at < most)
            best[at] = (cairn_class_score){.index = i, .label = c->info.labels[i], .logit = logits[i]};
    }
    for (int i = 0; i < c->info.classes && count > 0; i++)
        sum += exp((double)logits[i] - (double)best[0].logit);
    for (int i = 0; i < count; i++)
        best[i].prob = (float)(exp((double)best[i].logit - (double)best[0].logit) / sum);
    return count;
}
