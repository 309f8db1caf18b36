/* parity GOLDEN [parity.json]: compares every golden network that the zoo has, in double and in single
 * precision, at the kernel level in force (CAIRN_ISA caps it). A line a network; exit 1 on any breach. */
#include "parity/golden.h"
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096

typedef struct limits {
    double logits, gradients, losses;
} limits;

static const limits single_limits = {1e-5, 1e-4, 1e-5}, double_limits = {1e-8, 1e-8, 1e-8};

static bool within(const golden_result *r, const limits *l)
{
    return r->params_equal && r->macs_equal && r->logits <= l->logits && r->losses <= l->losses &&
           r->grad_norm <= l->gradients && r->probe <= l->gradients && r->sample <= l->gradients;
}

static void record(json_t *report, const char *name, const char *precision, const golden_result *r, bool ok)
{
    json_array_append_new(report,
                          json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:f, s:f, s:f, s:s}", "network",
                                    name, "precision", precision, "isa", cairn_isa_name(), "ok", (int)ok,
                                    "params", (int)r->params_equal, "macs", (int)r->macs_equal, "logits",
                                    r->logits, "losses", r->losses, "grad_norm", r->grad_norm, "probe",
                                    r->probe, "sample", r->sample, "worst", r->worst));
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

static bool compare(cairn_ctx *ctx, const char *folder, const json_t *entry, json_t *report)
{
    char path[PATH_BYTES], set[200];
    const char *name = json_string_value(json_object_get(entry, "name"));
    const cairn_model *model = cairn_model_find(json_string_value(json_object_get(entry, "zoo")));
    if (model == NULL)
        return true;
    snprintf(path, sizeof path, "%s/%s", folder, json_string_value(json_object_get(entry, "file")));
    switches_text(json_object_get(entry, "set"), set, sizeof set);
    json_t *net = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    if (net == NULL) {
        printf("%-28s cannot read %s\n", name, path);
        return false;
    }
    bool all = true;
    for (int d = 0; d < 2; d++) {
        golden_result r;
        cairn_status status = golden_compare(ctx, model, set, net, d == 0 ? CAIRN_F64 : CAIRN_F32, &r);
        bool ok = status == CAIRN_OK && within(&r, d == 0 ? &double_limits : &single_limits);
        printf(
            "%-28s %-6s %-12s %s logits %.1e losses %.1e gradients: norm %.1e probe %.1e sample %.1e%s%s\n",
            name, d == 0 ? "double" : "single", cairn_isa_name(), ok ? "ok    " : "BREACH", r.logits,
            r.losses, r.grad_norm, r.probe, r.sample, ok ? "" : " ",
            ok                   ? ""
            : status != CAIRN_OK ? cairn_error(ctx)
                                 : r.worst);
        record(report, name, d == 0 ? "double" : "single", &r, ok);
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
    snprintf(path, sizeof path, "%s/index.json", argv[1]);
    json_t *index = json_load_file(path, JSON_REJECT_DUPLICATES, NULL), *report = json_array();
    json_t *networks = json_object_get(index, "networks");
    cairn_ctx *ctx;
    if (networks == NULL || cairn_ctx_create(NULL, &ctx) != CAIRN_OK) {
        fprintf(stderr, "parity: cannot read %s\n", path);
        return 2;
    }
    bool all = true;
    for (size_t i = 0; i < json_array_size(networks); i++)
        all &= compare(ctx, argv[1], json_array_get(networks, i), report);
    bool some = json_array_size(report) > 0;
    printf("%zu comparisons at level %s, %s\n", json_array_size(report), cairn_isa_name(),
           !some ? "none of the networks is in the zoo"
           : all ? "all within limits"
                 : "with breaches");
    if (argc == 3 && json_dump_file(report, argv[2], JSON_INDENT(1)) != 0)
        all = false;
    cairn_ctx_destroy(ctx);
    json_decref(report);
    json_decref(index);
    return all && some ? 0 : 1;
}
