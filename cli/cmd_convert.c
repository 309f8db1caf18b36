/* cairn convert: weights of any format and any program's names to a safetensors file with the names and
 * layouts of torchvision, timm or Keras, whichever the network is from. */
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "commands.h"
#include "model.h"
#include "network.h"
#include "output.h"
#include "train/classifier.h"
#include "train/metadata.h"
#include "train/transfer.h"
#include <string.h>
#include <strings.h>

#define HASH_PIECE ((size_t)1 << 20)
#define HASH_DIGITS 8 /* that torchvision puts into the name of a file */

typedef struct conversion {
    cli_call *cli;
    char *path; /* of the weights */
    const char *format;
    char sha[CAIRN_SHA256_TEXT];
    cairn_weights *loaded, *bound;
    cli_network network;
    cairn_preprocess preprocess;
    bool default_preprocess; /* nobody said anything */
    cairn_dtype dtype;
} conversion;

/* ---- where the weights come from ---- */

static cairn_status hash_file(conversion *c)
{
    cairn_ctx *ctx = c->cli->ctx;
    cairn_file file;
    cairn_sha256 sha;
    uint8_t digest[CAIRN_SHA256_BYTES], *piece = cairn_alloc(ctx, HASH_PIECE, 1);
    if (!piece)
        return CAIRN_MEMORY;
    cairn_status status = cairn_file_open(ctx, c->path, &file);
    if (status == CAIRN_OK) {
        cairn_sha256_begin(&sha);
        for (uint64_t at = 0; status == CAIRN_OK && at < file.size; at += HASH_PIECE) {
            size_t size = file.size - at < HASH_PIECE ? (size_t)(file.size - at) : HASH_PIECE;
            status = cairn_file_read_at(&file, at, piece, size);
            cairn_sha256_add(&sha, piece, size);
        }
        cairn_file_close(&file);
        cairn_sha256_end(&sha, digest);
        cairn_sha256_text(digest, c->sha);
    }
    cairn_free(ctx, piece);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* resnet50-0676ba61.pth is called after the first digits of its hash. A date looks the same, so that it is
 * only told. */
static void check_name(const conversion *c)
{
    const char *name = base_name(c->path), *dash = strrchr(name, '-');
    char brief[CLI_NAME_BYTES];
    if (dash && strspn(dash + 1, "0123456789abcdef") == HASH_DIGITS && dash[1 + HASH_DIGITS] == '.' &&
        strncmp(dash + 1, c->sha, HASH_DIGITS) != 0)
        cairn_cli_warn(c->cli, "%s: the name's digits are not those of the file's SHA-256, %.*s",
                       cairn_cli_brief(name, brief), HASH_DIGITS, c->sha);
}

static cairn_status load(conversion *c)
{
    cairn_ctx *ctx = c->cli->ctx;
    c->path = cairn_weights_file(ctx, c->cli->names[0]);
    if (!c->path)
        return CAIRN_MEMORY;
    cairn_status status = cairn_cli_check_output(c->cli, c->cli->names[1], c->path);
    if (status == CAIRN_OK)
        status = cairn_weights_load(ctx, c->path, &c->loaded);
    if (status == CAIRN_OK)
        status = cairn_cli_check_finite(c->cli, c->path, c->loaded);
    if (status == CAIRN_OK)
        status = cairn_weights_format(ctx, c->path, &c->format);
    if (status == CAIRN_OK)
        status = hash_file(c);
    if (status == CAIRN_OK)
        check_name(c);
    return status;
}

/* ---- the network ---- */

/* Numbers that pictures become: the file's, else the network's own, with the keys of --preprocess. */
static cairn_status find_preprocess(conversion *c)
{
    cairn_ctx *ctx = c->cli->ctx;
    const char *stored = cairn_weights_meta(c->loaded, "cairn.preprocess"), *json;
    uint8_t *owned;
    c->preprocess = cairn_preprocess_of(c->network.model, &c->network.settings);
    cairn_status status = stored ? cairn_preprocess_from_json(ctx, stored, &c->preprocess) : CAIRN_OK;
    if (status != CAIRN_OK)
        return cairn_cli_fail(c->cli, status, "%s: %s", c->path, cairn_error(ctx));
    status = cairn_cli_preprocess(c->cli, &json, &owned);
    c->default_preprocess = !stored && !json;
    if (status == CAIRN_OK && json) {
        status = cairn_preprocess_from_json(ctx, json, &c->preprocess);
        status = status == CAIRN_INPUT ? CAIRN_USAGE : status;
    }
    cairn_free(ctx, owned);
    return status;
}

static cairn_status bind(conversion *c)
{
    cairn_ctx *ctx = c->cli->ctx;
    const cli_network *net = &c->network;
    char **labels, brief[CLI_NAME_BYTES];
    cairn_status status = cairn_metadata_labels(ctx, c->path, c->loaded, net->settings.classes,
                                                &labels); /* as many as classes */
    if (status != CAIRN_OK)
        return status;
    cairn_names_free(ctx, labels, (size_t)net->settings.classes);
    status = cairn_weights_bind_as(ctx, net->graph, net->model->names, c->loaded, CAIRN_F32, &c->bound);
    if (status != CAIRN_INPUT)
        return status;
    return cairn_cli_fail(c->cli, status, "%s: %s", cairn_cli_brief(c->path, brief), cairn_error(ctx));
}

/* ---- metadata ---- */

/* What another program says of a file's form is no longer so; who may use it is. */
static bool is_kept(const char *key)
{
    return strncmp(key, "cairn.", 6) == 0 || strcmp(key, "license") == 0 || strcmp(key, "licence") == 0;
}

static cairn_status drop_metadata(conversion *c)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; status == CAIRN_OK && i < cairn_weights_meta_count(c->loaded); i++) {
        const char *key, *value;
        cairn_weights_meta_at(c->loaded, i, &key, &value);
        if (!is_kept(key))
            status = cairn_weights_set_meta(c->bound, key, NULL);
    }
    return status;
}

static cairn_status set_source(conversion *c)
{
    cairn_text text = {.ctx = c->cli->ctx};
    cairn_text_add(&text, "{\"file\":");
    cairn_text_json_string(&text, base_name(c->path));
    cairn_text_format(&text, ",\"format\":\"%s\",\"sha256\":\"%s\"}", c->format, c->sha);
    cairn_status status =
        text.failed ? CAIRN_MEMORY : cairn_weights_set_meta(c->bound, "cairn.source", text.data);
    cairn_free(text.ctx, text.data);
    return status;
}

static cairn_status describe(conversion *c)
{
    cairn_status status = drop_metadata(c);
    if (status == CAIRN_OK)
        status = cairn_metadata_describe(c->cli->ctx, c->bound, c->network.model, &c->network.settings,
                                         &c->preprocess, NULL);
    return status == CAIRN_OK ? set_source(c) : status;
}

/* ---- the verb ---- */

static cairn_dtype dtype_of(const char *name)
{
    if (strcmp(name, "float16") == 0 || strcmp(name, "f16") == 0)
        return CAIRN_F16;
    return strcmp(name, "bfloat16") == 0 || strcmp(name, "bf16") == 0 ? CAIRN_BF16 : CAIRN_F32;
}

static void put_result(const conversion *c, const char *out)
{
    char numbers[CLI_NUMBER_BYTES], brief[CLI_NAME_BYTES];
    int64_t total = 0;
    int count = cairn_weights_count(c->bound);
    for (int i = 0; i < count; i++)
        total += cairn_shape_elements(&cairn_weights_at(c->bound, i)->shape);
    cairn_cli_note(c->cli, "%s: %s%s%s, %d tensors, %s numbers, %s", cairn_cli_brief(out, brief),
                   c->network.model->name, c->network.recognised ? " (by its tensors)" : "",
                   c->network.settings.heads ? " with auxiliary heads" : "", count,
                   cairn_cli_count(total, numbers), cairn_dtype_name(c->dtype));
    if (c->default_preprocess)
        cairn_cli_note(c->cli, "%s says nothing about preprocessing: the default of %s was written",
                       cairn_cli_brief(c->path, brief), c->network.model->name);
}

/* Nobody shall take what is written for another format. */
static cairn_status check_ending(cli_call *cli, const char *out)
{
    char brief[CLI_NAME_BYTES];
    if (!cairn_cli_foreign_ending(out))
        return CAIRN_OK;
    return cairn_cli_fail(cli, CAIRN_USAGE,
                          "%s: is no name for what is written (expected one that ends in .safetensors)",
                          cairn_cli_brief(out, brief));
}

static cairn_status convert(conversion *c)
{
    cli_call *cli = c->cli;
    const char *out = cli->names[1];
    cairn_status status = check_ending(cli, out);
    if (status == CAIRN_OK)
        status = load(c);
    if (status == CAIRN_OK)
        status = cairn_cli_network_find(cli, c->path, c->loaded, cairn_cli_text(cli, OPTION_MODEL, NULL),
                                        cairn_cli_text(cli, OPTION_SET, NULL), &c->network);
    if (status == CAIRN_OK)
        status = find_preprocess(c);
    if (status == CAIRN_OK)
        status = bind(c);
    if (status == CAIRN_OK)
        status = describe(c);
    if (status == CAIRN_OK)
        status = cairn_weights_save_as(c->bound, out, c->dtype);
    if (status == CAIRN_OK)
        put_result(c, out);
    return status;
}

static cairn_status run(cli_call *cli)
{
    conversion c = {.cli = cli, .dtype = dtype_of(cairn_cli_text(cli, OPTION_DTYPE, "float32"))};
    cairn_status status = convert(&c);
    cairn_cli_network_free(cli, &c.network);
    cairn_weights_destroy(c.loaded);
    cairn_weights_destroy(c.bound);
    cairn_free(cli->ctx, c.path);
    return status;
}

const cli_command cairn_cli_convert = {
    .name = "convert",
    .arguments = "IN OUT",
    .help = "weights from one format or naming to another",
    .text =
        "IN is a weights file or a run folder; OUT is written as safetensors, whole or not at all, with the "
        "tensors' names and layouts of the library that the network is from, so that PyTorch, torchvision "
        "and "
        "timm load it strictly (networks of Keras: its layers' names).\n\n"
        "The network is the one that --model names, else the file, else the one whose tensors these are. "
        "Labels and other cairn.* metadata are kept. Running statistics stay float32.",
    .examples = {{"cairn convert resnet50.pth resnet50.safetensors", "PyTorch's file as safetensors"},
                 {"cairn convert net.safetensors half.safetensors --dtype float16", "half the size"},
                 {"cairn convert in.safetensors out.safetensors --model vgg16",
                  "says what the file does not"}},
    .options = {OPTION_MODEL, OPTION_SET, OPTION_PREPROCESS, OPTION_DTYPE, OPTION_STRICT, OPTION_THREADS,
                OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 2,
    .max_names = 2,
    .completion = CLI_COMPLETE_FILES,
    .run = run,
};
