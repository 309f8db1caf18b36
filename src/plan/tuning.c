/* The choices that were measured: a list by site, and the file that keeps it for the next time. The file is
 * of one version of Cairn, one processor and one kernel level. It is a cache: whatever is wrong with it, it
 * is measured anew. */
#include "plan/tuning.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)4 << 20)
#define MAX_CHOICES 4000 /* in the file: the latest; they fit well into its bytes */

typedef struct choice {
    char *site, *kernel;
    bool measured, used, differs;
} choice;

struct cairn_tuning {
    cairn_ctx *ctx;
    char *folder, *path;
    char cpu[CAIRN_CPU_NAME_BYTES];
    choice *choices;
    int count, room;
    bool changed; /* since it was read or saved */
};

static choice *find(const cairn_tuning *t, const char *site)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->choices[i].site, site) == 0)
            return &t->choices[i];
    return NULL;
}

/* Notes the kernel for a site, in place of what may be there; NULL without memory. */
static choice *put(cairn_tuning *t, const char *site, const char *kernel)
{
    choice *c = find(t, site);
    if (c == NULL && t->count == t->room) {
        int room = t->room == 0 ? 64 : 2 * t->room;
        choice *more = cairn_resize(t->ctx, t->choices, (size_t)room, sizeof *more);
        if (more == NULL)
            return NULL;
        t->choices = more;
        t->room = room;
    }
    char *name = cairn_strdup(t->ctx, kernel), *key = c == NULL ? cairn_strdup(t->ctx, site) : NULL;
    if (name == NULL || (c == NULL && key == NULL)) {
        cairn_free(t->ctx, name);
        cairn_free(t->ctx, key);
        return NULL;
    }
    if (c == NULL)
        t->choices[t->count++] = (choice){.site = key};
    c = c == NULL ? &t->choices[t->count - 1] : c;
    cairn_free(t->ctx, c->kernel);
    c->kernel = name;
    return c;
}

const char *cairn_tuning_find(const cairn_tuning *tuning, const char *site)
{
    const choice *c = find(tuning, site);
    return c == NULL ? NULL : c->kernel;
}

cairn_status cairn_tuning_measured(cairn_tuning *t, const char *site, const char *kernel, bool differs)
{
    choice *c = put(t, site, kernel);
    if (c == NULL)
        return CAIRN_MEMORY;
    c->measured = c->used = t->changed = true;
    c->differs = differs;
    return CAIRN_OK;
}

void cairn_tuning_used(cairn_tuning *t, const char *site, bool differs)
{
    choice *c = find(t, site);
    c->used = true;
    c->differs = differs;
}

cairn_tuning_info cairn_tuning_about(const cairn_tuning *t)
{
    cairn_tuning_info info = {.path = t->path};
    for (int i = 0; i < t->count; i++) {
        const choice *c = &t->choices[i];
        info.measured += c->measured;
        info.read += c->used && !c->measured;
        info.differ += c->used && c->differs;
    }
    return info;
}

/* ---- the file ---- */

static bool says(const json_t *root, const char *key, const char *expected)
{
    const char *found = json_string_value(json_object_get(root, key));
    return found != NULL && strcmp(found, expected) == 0;
}

/* Takes over what is not known yet. CAIRN_INPUT: it is not a file of this version and machine. */
static cairn_status take(cairn_tuning *t, json_t *root)
{
    const char *site;
    json_t *kernel, *choices = json_object_get(root, "choices");
    if (!says(root, "cairn", cairn_version()) || !says(root, "cpu", t->cpu) ||
        !says(root, "isa", cairn_isa_name()) || !json_is_object(choices))
        return cairn_fail(t->ctx, CAIRN_INPUT, "%s: is not a list of choices of this version and processor",
                          t->path);
    json_object_foreach(choices, site, kernel)
    {
        if (!json_is_string(kernel))
            return cairn_fail(t->ctx, CAIRN_INPUT, "%s: choice '%.80s': expected a kernel's name", t->path,
                              site);
        if (find(t, site) == NULL && put(t, site, json_string_value(kernel)) == NULL)
            return CAIRN_MEMORY;
    }
    return CAIRN_OK;
}

static void forget(cairn_tuning *t, int from)
{
    for (int i = from; i < t->count; i++) {
        cairn_free(t->ctx, t->choices[i].site);
        cairn_free(t->ctx, t->choices[i].kernel);
    }
    t->count = from;
}

/* Nothing is taken over from a file that is wrong somewhere. */
static cairn_status read_file(cairn_tuning *t)
{
    static const cairn_json_limits limits = {MAX_FILE_BYTES, 2 * MAX_CHOICES + 100, 2};
    uint8_t *bytes;
    size_t size;
    json_t *root = NULL;
    int known = t->count;
    if (t->path == NULL || (cairn_path_look(t->path) == CAIRN_PATH_MISSING && !cairn_path_is_link(t->path)))
        return CAIRN_OK;
    cairn_status status = cairn_file_read(t->ctx, t->path, MAX_FILE_BYTES, &bytes, &size);
    if (status == CAIRN_OK)
        status = cairn_json_parse(t->ctx, t->path, (const char *)bytes, size, limits, &root);
    if (status == CAIRN_OK)
        status = take(t, root);
    json_decref(root);
    cairn_free(t->ctx, bytes);
    if (status == CAIRN_OK || status == CAIRN_MEMORY)
        return status;
    forget(t, known);
    cairn_log(t->ctx, CAIRN_LOG_WARNING, "%s (ignored: choices are measured anew)", cairn_error(t->ctx));
    return CAIRN_OK;
}

static cairn_status name_file(cairn_tuning *t, const char *folder)
{
    char hash[CAIRN_SHA256_TEXT], name[64];
    cairn_text identity = {.ctx = t->ctx};
    cairn_text_format(&identity, "%s\n%s\n%s", cairn_version(), t->cpu, cairn_isa_name());
    if (identity.failed)
        return CAIRN_MEMORY;
    cairn_sha256_hex(identity.data, identity.size, hash);
    cairn_free(t->ctx, identity.data);
    snprintf(name, sizeof name, "tune-%.12s.json", hash);
    t->folder = cairn_strdup(t->ctx, folder);
    t->path = cairn_path_join(t->ctx, folder, name);
    return t->folder == NULL || t->path == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

cairn_status cairn_tuning_open(cairn_ctx *ctx, const char *folder, cairn_tuning **tuning)
{
    cairn_tuning *t = *tuning = cairn_alloc(ctx, 1, sizeof *t);
    if (t == NULL)
        return CAIRN_MEMORY;
    t->ctx = ctx;
    cairn_cpu_name(t->cpu);
    cairn_status status = folder == NULL ? CAIRN_OK : name_file(t, folder);
    if (status == CAIRN_OK)
        status = read_file(t);
    if (status != CAIRN_OK) {
        cairn_tuning_close(t);
        *tuning = NULL;
    }
    return status;
}

static void put_choices(const cairn_tuning *t, cairn_text *text)
{
    int first = t->count > MAX_CHOICES ? t->count - MAX_CHOICES : 0;
    cairn_text_add(text, "{\n\"cairn\": ");
    cairn_text_json_string(text, cairn_version());
    cairn_text_add(text, ",\n\"cpu\": ");
    cairn_text_json_string(text, t->cpu);
    cairn_text_add(text, ",\n\"isa\": ");
    cairn_text_json_string(text, cairn_isa_name());
    cairn_text_add(text, ",\n\"choices\": {");
    for (int i = first; i < t->count; i++) {
        cairn_text_add(text, i == first ? "\n" : ",\n");
        cairn_text_json_string(text, t->choices[i].site);
        cairn_text_add(text, ": ");
        cairn_text_json_string(text, t->choices[i].kernel);
    }
    cairn_text_add(text, "\n}\n}\n");
}

cairn_status cairn_tuning_save(cairn_tuning *t)
{
    if (t->path == NULL || !t->changed)
        return CAIRN_OK;
    cairn_text text = {.ctx = t->ctx};
    cairn_status status = cairn_folder_make(t->ctx, t->folder);
    if (status == CAIRN_OK)
        status = read_file(t);
    if (status == CAIRN_OK) {
        put_choices(t, &text);
        status = text.failed ? CAIRN_MEMORY : cairn_file_write(t->ctx, t->path, text.data, text.size);
    }
    cairn_free(t->ctx, text.data);
    t->changed = status != CAIRN_OK;
    return status;
}

void cairn_tuning_close(cairn_tuning *t)
{
    if (t == NULL)
        return;
    forget(t, 0);
    cairn_free(t->ctx, t->choices);
    cairn_free(t->ctx, t->folder);
    cairn_free(t->ctx, t->path);
    cairn_free(t->ctx, t);
}
