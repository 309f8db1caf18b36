/* Data sets in tar shards as WebDataset writes them: the files of a sample follow each other and have one
 * name with several endings, NNN.jpg and NNN.cls, which holds the class's number. */
#include "base/file.h"
#include "base/text.h"
#include "data/source.h"
#include "data/tar.h"
#include <string.h>
#include <strings.h>

#define MOST_LABEL_BYTES 16

/* A part that is being filled, and the sample that is under way. */
typedef struct filling {
    cairn_ctx *ctx;
    cairn_part *part;
    size_t room;
    char sample[CAIRN_TAR_NAME_BYTES];  /* its name without endings */
    char picture[CAIRN_TAR_NAME_BYTES]; /* "" until it came */
    cairn_member member;
    int32_t label; /* -1 until it came */
} filling;

/* ---- filling ---- */

static cairn_status make_room(filling *f)
{
    cairn_part *p = f->part;
    if ((size_t)p->count < f->room)
        return CAIRN_OK;
    size_t room = f->room == 0 ? 256 : 2 * f->room;
    char **names = cairn_resize(f->ctx, p->names, room, sizeof *names);
    if (names != NULL)
        p->names = names;
    cairn_member *members = cairn_resize(f->ctx, p->members, room, sizeof *members);
    if (members != NULL)
        p->members = members;
    int32_t *labels = cairn_resize(f->ctx, p->labels, room, sizeof *labels);
    if (labels != NULL)
        p->labels = labels;
    if (names == NULL || members == NULL || labels == NULL)
        return CAIRN_MEMORY;
    f->room = room;
    return CAIRN_OK;
}

/* Takes up the sample that is complete now. */
static cairn_status end_sample(filling *f, const char *path)
{
    bool has_picture = f->picture[0] != '\0';
    if (has_picture && f->label < 0)
        return cairn_fail(f->ctx, CAIRN_INPUT, "%s: '%s' has no class (expected '%s.cls' beside it)", path,
                          f->picture, f->sample);
    cairn_status status = has_picture ? make_room(f) : CAIRN_OK;
    if (status == CAIRN_OK && has_picture) {
        cairn_text name = {.ctx = f->ctx};
        cairn_text_format(&name, "%s/%s", path, f->picture);
        if (name.failed) {
            cairn_free(f->ctx, name.data);
            return CAIRN_MEMORY;
        }
        cairn_part *p = f->part;
        p->names[p->count] = name.data;
        p->members[p->count] = f->member;
        p->labels[p->count++] = f->label;
    }
    f->picture[0] = '\0';
    f->label = -1;
    return status;
}

static cairn_status read_label(filling *f, const cairn_tar *tar, const cairn_tar_entry *entry)
{
    char text[MOST_LABEL_BYTES + 1] = "";
    double value;
    size_t size = (size_t)cairn_min((int64_t)entry->size, MOST_LABEL_BYTES);
    memcpy(text, tar->bytes + entry->offset, size);
    text[strcspn(text, " \r\n")] = '\0';
    if (!cairn_number_parse(text, &value) || value < 0 || value >= CAIRN_MAX_CLASSES ||
        value != (double)(int32_t)value)
        return cairn_fail(f->ctx, CAIRN_INPUT, "%s: %s: expected a class's number, found '%s'", tar->path,
                          entry->name, text);
    f->label = (int32_t)value;
    return CAIRN_OK;
}

/* One file of a shard: the sample is what comes before the first point of its last part. */
static cairn_status add_entry(filling *f, const cairn_tar *tar, const cairn_tar_entry *entry, int archive)
{
    const char *slash = strrchr(entry->name, '/'), *base = slash == NULL ? entry->name : slash + 1;
    size_t length = (size_t)(base - entry->name) + strcspn(base, ".");
    cairn_status status = CAIRN_OK;
    if (strncmp(f->sample, entry->name, length) != 0 || f->sample[length] != '\0') {
        status = end_sample(f, tar->path);
        memcpy(f->sample, entry->name, length);
        f->sample[length] = '\0';
    }
    const char *ending = entry->name + length;
    if (status == CAIRN_OK && (strcasecmp(ending, ".cls") == 0 || strcasecmp(ending, ".cls.txt") == 0))
        return read_label(f, tar, entry);
    if (status == CAIRN_OK && cairn_picture_name(entry->name)) {
        memcpy(f->picture, entry->name, sizeof f->picture);
        f->member = (cairn_member){.offset = entry->offset, .size = entry->size, .archive = archive};
    }
    return status;
}

static cairn_status add_shard(filling *f, const char *path)
{
    cairn_part *p = f->part;
    cairn_map *archives = cairn_resize(f->ctx, p->archives, (size_t)p->archive_count + 1, sizeof *archives);
    if (archives == NULL)
        return CAIRN_MEMORY;
    p->archives = archives;
    cairn_map *map = &archives[p->archive_count];
    cairn_status status = cairn_map_open(f->ctx, path, map);
    if (status != CAIRN_OK)
        return status;
    int archive = p->archive_count++;
    cairn_tar tar = {.ctx = f->ctx, .path = path, .bytes = map->bytes, .size = map->size};
    cairn_tar_entry entry;
    bool end = false;
    f->sample[0] = '\0';
    while (status == CAIRN_OK && !end) {
        status = cairn_tar_next(&tar, &entry, &end);
        if (status == CAIRN_OK && !end)
            status = add_entry(f, &tar, &entry, archive);
    }
    if (cairn_map_check(f->ctx, map) != CAIRN_OK)
        return CAIRN_INPUT;
    return status == CAIRN_OK ? end_sample(f, path) : status;
}

/* ---- which shards ---- */

static bool is_shard(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcasecmp(name + length - 4, ".tar") == 0;
}

/* What a shard's name says about its part: "train-0001.tar", "imagenet-val-000000.tar". */
static bool says(const char *name, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strstr(name, *words) != NULL)
            return true;
    return false;
}

/* The shards of a folder in the order of their names; `otherwise` gets those whose names say nothing. */
static cairn_status add_folder(cairn_source *source, const char *folder, filling *train, filling *test,
                               filling *otherwise)
{
    char **names;
    size_t count;
    cairn_status status = cairn_folder_list(source->ctx, folder, &names, &count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        if (!is_shard(names[i]))
            continue;
        filling *to = says(names[i], cairn_train_folders)  ? train
                      : says(names[i], cairn_test_folders) ? test
                                                           : otherwise;
        char *path = cairn_path_join(source->ctx, folder, names[i]);
        status = path == NULL ? CAIRN_MEMORY : add_shard(to, path);
        cairn_free(source->ctx, path);
    }
    cairn_names_free(source->ctx, names, count);
    return status;
}

static cairn_status add_first(cairn_source *source, const char *const *names, filling *to)
{
    for (; *names != NULL; names++) {
        char *folder = cairn_path_join(source->ctx, source->path, *names);
        if (folder == NULL)
            return CAIRN_MEMORY;
        bool there = cairn_path_look(folder) == CAIRN_PATH_FOLDER;
        cairn_status status = there ? add_folder(source, folder, to, to, to) : CAIRN_OK;
        cairn_free(source->ctx, folder);
        if (there || status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

cairn_status cairn_source_tar(cairn_source *source)
{
    bool splits = source->options != NULL && source->options->val_split > 0;
    filling train = {.ctx = source->ctx, .part = &source->train, .label = -1};
    filling test = {.ctx = source->ctx, .part = &source->test, .label = -1};
    cairn_status status = add_folder(source, source->path, &train, &test, splits ? &train : &test);
    if (status == CAIRN_OK)
        status = add_first(source, cairn_train_folders, &train);
    if (status == CAIRN_OK)
        status = add_first(source, cairn_test_folders, &test);
    if (status == CAIRN_OK && train.part->count + test.part->count > 0) {
        source->h = source->w = 0;
        source->c = 3;
        source->mapped = source->options != NULL && source->options->class_names != NULL;
    }
    return status;
}
