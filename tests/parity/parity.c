/* parity GOLDEN [parity.json]: compares every golden network that the zoo has, in double and in single
 * precision, or as $PRECISION says, at the kernel level in force (CAIRN_ISA caps it). A line a network; exit
 * 1 on any breach. In training "double" and "single" compare the sums that the graph means; "fast" is single
 * precision as people train, with Winograd's products, in wider limits. $NETWORKS: only those with this in
 * their name. $LEVEL_OR_SKIP: exit 77, as tests that are skipped, unless that level is in force. */
#include "parity/golden.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096

/* Networks whose golden seeds keep every ReLU and maximum away from its kink, so that single precision agrees
 * closely. */
static const char *const tight[] = {"lenet5",
                                    "lenet5.paper",
                                    "lenet5.tutorial",
                                    "alexnet",
                                    "alexnet.paper",
                                    "resnet20",
                                    "resnet32",
                                    "resnet44",
                                    "resnet56",
                                    "resnet110",
                                    "resnet18",
                                    "resnet34",
                                    "resnet50",
                                    "resnetv2_50",
                                    "inception_resnet_v1",
                                    "resnet18.tutorial",
                                    "resnet50.tutorial",
                                    "inception_v1.tutorial"};

typedef struct mode {
    const char *name;
    cairn_dtype precision;
    bool exact;
} mode;

static const mode modes[] = {
    {"double", CAIRN_F64, true}, {"single", CAIRN_F32, true}, {"fast", CAIRN_F32, false}};

static bool is_tight(const char *zoo)
{
    for (size_t i = 0; i < sizeof tight / sizeof *tight; i++)
        if (strcmp(tight[i], zoo) == 0)
            return true;
    return false;
}

/* In double everything agrees to 1e-8, but for the rounding of the golden file to nine digits. */
static golden_limits limits_of(const json_t *net, bool away_from_kinks, const mode *m)
{
    if (m->precision == CAIRN_F64)
        return (golden_limits){1e-8, 1e-8, 1e-8, 1e-9, {1e-8, 1e-8, 1e-8, 1e-8}, 0};
    const json_t *own = json_object_get(net, "float32_error");
    golden_limits l = {2e-5, m->exact ? 1e-4 : 1e-3, 1e-4, 1e-6, {1e-3, 1e-3, 1e-3, 1e-3}, 1e-4};
    if (!away_from_kinks) {
        l.gradients = fmax(0.05, 10 * fmax(json_number_value(json_object_get(own, "grad_l2_max")),
                                           json_number_value(json_object_get(own, "probe_max"))));
        l.kinks = l.gradients;
        l.stats = fmax(0.05, 10 * json_number_value(json_object_get(own, "stats_max")));
        const json_t *losses =
            json_object_get(own, "losses"); /* before steps 1, 2, 3; errors go on growing */
        for (size_t i = 0; i < 4 && json_array_size(losses) > 0; i++) {
            size_t last = json_array_size(losses) - 1;
            double reached = json_number_value(json_array_get(losses, i < last ? i : last));
            l.loss_relative[i] = fmax(l.loss_relative[i], (i > last ? 100 : 10) * reached);
        }
        for (int i = 1; i < 4 && !m->exact; i++) /* follow from gradients of such limits */
            l.loss_relative[i] = fmax(l.loss_relative[i], l.gradients);
    }
    return l;
}

/* The tight limits presume that no ReLU is nearer to zero, and no maximum to the next, than single precision
 * tells; here some were. */
static bool met_kinks(const golden_result *r)
{
    return r->kinks > 0 && r->kink_distance <= 1e-5;
}

/* Deep networks fresh from the formula multiply a rounding in the first step up to a hundred million times
 * until the last. Where one rounding of each weight moves a loss, the roundings of sums of about a thousand
 * terms, in three directions, may move it 3 sqrt(1000) times as far. */
#define ROUNDINGS 100

static double worst_loss(const golden_result *r, const golden_limits *l)
{
    double worst = 0;
    for (int i = 0; i < 4; i++) {
        double share =
            r->losses[i] / (l->loss + l->loss_relative[i] * r->expected[i] + ROUNDINGS * r->rounding[i]);
        worst = share <= worst ? worst : share;
    }
    return worst;
}

static bool within(const golden_result *r, const golden_limits *l)
{
    return r->params_equal && r->macs_equal && r->logits <= l->logits && worst_loss(r, l) <= 1 &&
           r->grad_norm <= l->gradients && r->probe <= l->gradients && r->sample <= l->gradients &&
           r->stats <= l->stats;
}

static void record(json_t *report, const char *name, const char *precision, const golden_result *r,
                   const golden_limits *l, bool ok)
{
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:b, s:I, s:s, s:s, s:I}", "network", name, "precision",
                  precision, "isa", cairn_isa_name(), "ok", (int)ok, "params_equal", (int)r->params_equal,
                  "params", (json_int_t)r->params, "macs_equal", (int)r->macs_equal, "macs",
                  (json_int_t)r->macs, "worst", r->worst, "layer", r->layer, "kinks", (json_int_t)r->kinks);
    const struct {
        const char *key;
        double value;
    } figures[] = {{"logits", r->logits}, {"losses", worst_loss(r, l)}, {"grad_norm", r->grad_norm},
                   {"probe", r->probe},   {"sample", r->sample},        {"stats", r->stats}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(row, figures[i].key, json_real(figures[i].value)); /* absent if not a number */
    json_array_append_new(report, row);
}

/* {"squash": "sigmoid"} to "squash=sigmoid". */
static void switches_text(const json_t *set, char *text, size_t size)
{
    const char *key;
    json_t *value;
    size_t used = 0;
    text[0] = '\0';
    json_object_foreach((json_t *)set, key, value)
    {
        int length =
            snprintf(text + used, size - used, "%s%s=%s", used > 0 ? "," : "", key, json_string_value(value));
        used += length > 0 && (size_t)length < size - used ? (size_t)length : 0;
    }
}

/* The network's file; NULL, and a line says why: it cannot be read, or is not as documented. */
static json_t *load(const char *folder, const char *name, const char *file)
{
    char path[PATH_BYTES], reason[200];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    json_t *net = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (net != NULL && golden_check_network(net, reason, sizeof reason))
        return net;
    printf("%-28s %s: %s\n", name, path, net == NULL ? error.text : reason);
    json_decref(net);
    return NULL;
}

/* A line of figures, and what explains them. */
static void print_row(const char *name, const char *precision, const golden_result *r, const golden_limits *l,
                      bool ok)
{
    char stats[16] = "-"; /* without batch normalisation there are none */
    if (r->stats >= 0 || isnan(r->stats))
        snprintf(stats, sizeof stats, "%.1e", r->stats);
    printf("%-28s %-6s %-9s %s params %lld%s macs %lld%s logits %.1e gradients: norm %.1e probe %.1e "
           "sample %.1e stats %s losses %.1e of the limit %s%s%s\n",
           name, precision, cairn_isa_name(), ok ? "ok    " : "BREACH", (long long)r->params,
           r->params_equal ? "" : " (wrong)", (long long)r->macs, r->macs_equal ? "" : " (wrong)", r->logits,
           r->grad_norm, r->probe, r->sample, stats, worst_loss(r, l),
           ok                     ? ""
           : r->stats <= l->stats ? r->worst
                                  : r->worst_stat,
           r->layer[0] != '\0' ? " first differing layer " : "", r->layer);
    if (met_kinks(r))
        printf("%-28s %lld ReLUs and maxima are decided otherwise than in double precision, by at most "
               "%.1e\n",
               name, (long long)r->kinks, r->kink_distance);
    if (r->rounding[3] > 0)
        printf("%-28s losses are off by %.1e %.1e %.1e %.1e, one rounding of the weights moves them by "
               "%.1e %.1e %.1e %.1e\n",
               name, r->losses[0], r->losses[1], r->losses[2], r->losses[3], r->rounding[0], r->rounding[1],
               r->rounding[2], r->rounding[3]);
}

static bool compare(cairn_ctx *ctx, const char *folder, const json_t *entry, const char *only, json_t *report)
{
    char set[200], reason[200];
    if (!golden_check_entry(entry, reason, sizeof reason)) {
        printf("index.json: networks: %s\n", reason);
        return false;
    }
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *zoo = json_string_value(json_object_get(entry, "zoo"));
    const char *wanted = getenv("NETWORKS"); /* parts of names, for a quick look */
    if (wanted != NULL && strstr(name, wanted) == NULL)
        return true;
    const cairn_model *model = cairn_model_find(zoo);
    if (model == NULL) {
        printf("%-28s the zoo has no network '%s'\n", name, zoo);
        return false;
    }
    switches_text(json_object_get(entry, "set"), set, sizeof set);
    json_t *net = load(folder, name, json_string_value(json_object_get(entry, "file")));
    if (net == NULL)
        return false;
    bool all = true;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
        const mode *m = &modes[k];
        if (only != NULL ? strcmp(only, m->name) != 0 : !m->exact)
            continue;
        golden_result r;
        golden_limits l = limits_of(net, is_tight(model->name), m);
        cairn_status status = golden_compare(ctx, model, set, net, m->precision, m->exact, &l, &r);
        if (met_kinks(&r))
            l = limits_of(net, false, m);
        bool ok = status == CAIRN_OK && within(&r, &l);
        print_row(name, m->name, &r, &l, ok);
        if (status != CAIRN_OK)
            printf("%-28s %s\n", name, cairn_error(ctx));
        fflush(stdout);
        record(report, name, m->name, &r, &l, ok);
        all &= ok;
    }
    json_decref(net);
    return all;
}

int main(int argc, char **argv)
{
    char path[PATH_BYTES];
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: parity GOLDEN [REPORT.json]\n");
        return 2;
    }
    const char *level = getenv("LEVEL_OR_SKIP");
    if (level != NULL && strcmp(level, cairn_isa_name()) != 0) {
        printf("this processor does not run level %s\n", level);
        return 77;
    }
    snprintf(path, sizeof path, "%s/index.json", argv[1]);
    json_t *index = json_load_file(path, JSON_REJECT_DUPLICATES, NULL), *report = json_array();
    json_t *networks = json_object_get(index, "networks");
    cairn_ctx *ctx;
    if (!json_is_array(networks) || cairn_ctx_create(NULL, &ctx) != CAIRN_OK) {
        fprintf(stderr, "parity: cannot read %s\n", path);
        return 2;
    }
    const char *only = getenv("PRECISION"); /* double, single or fast; the first two if unset */
    bool all = true;
    for (size_t i = 0; i < json_array_size(networks); i++)
        all &= compare(ctx, argv[1], json_array_get(networks, i), only, report);
    bool some = json_array_size(report) > 0;
    printf("%zu comparisons at level %s, %s\n", json_array_size(report), cairn_isa_name(),
           !some ? "nothing was compared"
           : all ? "all within limits"
                 : "with breaches");
    if (argc == 3 && json_dump_file(report, argv[2], JSON_INDENT(1)) != 0)
        all = false;
    cairn_ctx_destroy(ctx);
    json_decref(report);
    json_decref(index);
    return all && some ? 0 : 1;
}
