/* The zip form of torch.save (since 1.6): NAME/data.pkl, and a file NAME/data/KEY for each storage. libzip
 * reads the directory and unpacks what is compressed, which PyTorch never does; bytes that are stored as they
 * are, nearly all of a file, are read by our own layer, on all threads. */
#include "base/text.h"
#include "io/torch.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

#define DIRECTORY_BYTES ((uint64_t)8 << 20)    /* read at most while an archive is opened */
#define MAX_RATIO 100                          /* of unpacked to packed bytes */
#define SPARE_PICKLE_BYTES ((uint64_t)8 << 20) /* that a packed pickle may have beyond the file's size */
#define PICKLE_NAME "/data.pkl"
#define NAME_BYTES 512

/* The source as libzip sees it. */
typedef struct cairn_torch_zip {
    const cairn_source *from;
    zip_t *archive;
    char root[NAME_BYTES];
    uint64_t at, read_at; /* read_at: where the last reading began */
    uint64_t budget;      /* bytes that may still be read; of the directory */
    cairn_status status;  /* of the source */
    zip_error_t error;
} zip_input;

/* ---- libzip's view of a source ---- */

static zip_int64_t read_source(zip_input *in, void *data, zip_uint64_t size)
{
    uint64_t left = in->from->size - in->at, count = size < left ? size : left;
    if (count > in->budget) {
        zip_error_set(&in->error, ZIP_ER_INCONS, 0);
        return -1;
    }
    in->status = cairn_source_read(in->from, in->at, data, (size_t)count);
    if (in->status != CAIRN_OK) {
        zip_error_set(&in->error, ZIP_ER_READ, 0);
        return -1;
    }
    in->read_at = in->at;
    in->at += count;
    in->budget -= count;
    return (zip_int64_t)count;
}

static zip_int64_t seek_source(zip_input *in, void *data, zip_uint64_t size)
{
    zip_int64_t to = zip_source_seek_compute_offset(in->at, in->from->size, data, size, &in->error);
    if (to < 0)
        return -1;
    in->at = (uint64_t)to;
    return 0;
}

static zip_int64_t source_command(void *user, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
    zip_input *in = user;
    zip_stat_t *about = data;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    case ZIP_SOURCE_OPEN:
        in->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_source(in, data, size);
    case ZIP_SOURCE_SEEK:
        return seek_source(in, data, size);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)in->at;
    case ZIP_SOURCE_STAT:
        zip_stat_init(about);
        about->size = in->from->size;
        about->valid |= ZIP_STAT_SIZE;
        return sizeof *about;
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&in->error, data, size);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        zip_error_set(&in->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* What libzip says, unless the source said it before. */
static cairn_status fail_zip(zip_input *in, zip_error_t *error, const char *what)
{
    if (in->status != CAIRN_OK)
        return in->status;
    if (zip_error_code_zip(error) == ZIP_ER_MEMORY)
        return cairn_fail_memory(in->from->ctx, 0);
    return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: %s (%s)", in->from->name, what,
                      zip_error_strerror(error));
}

static cairn_status open_archive(zip_input *in)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(source_command, in, &error);
    in->budget = DIRECTORY_BYTES;
    in->archive = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &error);
    in->budget = UINT64_MAX;
    cairn_status status = CAIRN_OK;
    if (in->archive == NULL) {
        zip_source_free(source);
        status = fail_zip(in, &error, "a zip archive that is cut short or damaged");
    }
    zip_error_fini(&error);
    return status;
}

/* ---- entries ---- */

/* What the directory says about an entry; an entry that is unpacked to much more than its size is refused. */
static cairn_status look_at(zip_input *in, uint64_t index, const char *name, zip_stat_t *about)
{
    const zip_uint64_t wanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(in->archive, index, 0, about) != 0)
        return fail_zip(in, zip_get_error(in->archive), "a zip archive with a damaged entry");
    if ((about->valid & wanted) != wanted || about->encryption_method != ZIP_EM_NONE ||
        (about->comp_method != ZIP_CM_STORE && about->comp_method != ZIP_CM_DEFLATE))
        return cairn_fail(
            in->from->ctx, CAIRN_INPUT,
            "%s: entry '%s': is encrypted or packed in an unusual way (expected stored or deflated)",
            in->from->name, name);
    bool stored = about->comp_method == ZIP_CM_STORE;
    if (about->comp_size > in->from->size || (stored && about->size != about->comp_size) ||
        about->size / MAX_RATIO > about->comp_size)
        return cairn_fail(in->from->ctx, CAIRN_INPUT,
                          "%s: entry '%s': sizes make no sense (found %" PRIu64 " bytes in %" PRIu64 ")",
                          in->from->name, name, (uint64_t)about->size, (uint64_t)about->comp_size);
    return CAIRN_OK;
}

/* Reads a whole entry through libzip, which compares its sum. */
static cairn_status unpack(zip_input *in, uint64_t index, void *to, uint64_t size)
{
    zip_file_t *entry = zip_fopen_index(in->archive, index, 0);
    if (entry == NULL)
        return fail_zip(in, zip_get_error(in->archive), "a zip archive with a damaged entry");
    uint64_t done = 0;
    zip_int64_t got = 1;
    while (done < size && got > 0) {
        got = zip_fread(entry, (char *)to + done, size - done);
        done += got > 0 ? (uint64_t)got : 0;
    }
    char more;
    if (got >= 0)
        got = zip_fread(entry, &more, 1);
    cairn_status status = CAIRN_OK;
    if (got < 0)
        status = fail_zip(in, zip_file_get_error(entry), "a zip archive with a damaged entry");
    else if (done < size || got > 0)
        status = cairn_fail(in->from->ctx, CAIRN_INPUT,
                            "%s: an entry of the zip archive does not unpack to its size (expected %" PRIu64
                            " bytes, found %s)",
                            in->from->name, size, got > 0 ? "more" : "fewer");
    zip_fclose(entry);
    return status;
}

/* Where an entry's bytes begin: behind a header of its own, which only the opening of the entry skips. */
static cairn_status find_bytes(zip_input *in, uint64_t index, uint64_t *offset)
{
    zip_file_t *entry = zip_fopen_index(in->archive, index, ZIP_FL_COMPRESSED);
    char first;
    bool read = entry != NULL && zip_fread(entry, &first, 1) == 1;
    cairn_status status = CAIRN_OK;
    if (!read)
        status = fail_zip(in, entry == NULL ? zip_get_error(in->archive) : zip_file_get_error(entry),
                          "a zip archive with a damaged entry");
    *offset = in->read_at;
    if (entry != NULL)
        zip_fclose(entry);
    return status;
}

/* A small entry as text. */
static cairn_status read_word(zip_input *in, const char *name, char *word, size_t size)
{
    char path[NAME_BYTES + 16];
    zip_stat_t about;
    snprintf(path, sizeof path, "%s/%s", in->root, name);
    zip_int64_t index = zip_name_locate(in->archive, path, ZIP_FL_ENC_RAW);
    *word = '\0';
    if (index < 0)
        return CAIRN_OK;
    cairn_status status = look_at(in, (uint64_t)index, path, &about);
    if (status == CAIRN_OK && about.size >= size)
        return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: entry '%s' is too long", in->from->name, path);
    if (status == CAIRN_OK)
        status = unpack(in, (uint64_t)index, word, about.size);
    word[status == CAIRN_OK ? about.size : 0] = '\0';
    return status;
}

/* ---- what kind of archive ---- */

static bool is_unsafe(const char *name)
{
    size_t length = strlen(name);
    return name[0] == '/' || strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0 ||
           strstr(name, "/../") != NULL || (length > 3 && cairn_ends_with(name, "/.."));
}

/* Looks through the names; *pickle is the entry, or -1 with what the archive is instead. */
static cairn_status look_through(zip_input *in, int64_t *pickle, const char **instead)
{
    zip_int64_t count = zip_get_num_entries(in->archive, 0);
    bool spaces = false;
    *pickle = -1;
    *instead = NULL;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(in->archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (name == NULL || is_unsafe(name))
            return cairn_fail(in->from->ctx, CAIRN_INPUT,
                              "%s: entry '%s': a name that leads out of the archive", in->from->name,
                              name == NULL ? "" : name);
        spaces |= strchr(name, ' ') != NULL;
        if (zip_name_locate(in->archive, name, ZIP_FL_ENC_RAW) != i)
            return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: entry '%s' is there twice", in->from->name,
                              name);
        if (cairn_ends_with(name, "/constants.pkl") || strstr(name, "/code/") != NULL)
            *instead =
                "a TorchScript archive, which holds a program: save the model's state_dict() with torch.save";
        else if (cairn_ends_with(name, ".npy"))
            *instead = "an archive of NumPy arrays (npz), not supported yet: convert it to safetensors";
        else if (strcmp(name, "model.weights.h5") == 0)
            *instead = "a Keras archive, not supported yet: convert it to safetensors";
        else if (cairn_ends_with(name, PICKLE_NAME) && *pickle < 0)
            *pickle = i;
    }
    return spaces ? cairn_torch_zip_check_names(in->from) : CAIRN_OK;
}

static cairn_status find_pickle(zip_input *in, uint64_t *index)
{
    int64_t pickle;
    const char *instead;
    cairn_status status = look_through(in, &pickle, &instead);
    if (status != CAIRN_OK)
        return status;
    if (instead != NULL || pickle < 0)
        return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: is %s", in->from->name,
                          instead != NULL ? instead
                                          : "a zip archive, but none of torch.save (no data.pkl in it)");
    const char *name = zip_get_name(in->archive, (zip_uint64_t)pickle, ZIP_FL_ENC_RAW);
    size_t length = strlen(name) - strlen(PICKLE_NAME);
    if (length >= sizeof in->root)
        return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: a name in the zip archive is too long",
                          in->from->name);
    memcpy(in->root, name, length);
    *index = (uint64_t)pickle;
    return CAIRN_OK;
}

/* ---- the container ---- */

static cairn_status read_pickle(cairn_torch_file *file, uint64_t index)
{
    zip_input *in = file->zip;
    zip_stat_t about;
    cairn_status status = look_at(in, index, "data.pkl", &about);
    if (status != CAIRN_OK)
        return status;
    uint64_t most = in->from->size + SPARE_PICKLE_BYTES;
    most = most < CAIRN_PICKLE_LIMIT ? most : CAIRN_PICKLE_LIMIT;
    if (about.size > most)
        return cairn_fail(in->from->ctx, CAIRN_INPUT,
                          "%s: data.pkl is too long (expected at most %" PRIu64 " bytes, found %" PRIu64 ")",
                          in->from->name, most, (uint64_t)about.size);
    cairn_pickle *p = &file->pickle;
    p->bytes = cairn_resize(in->from->ctx, NULL, about.size > 0 ? about.size : 1, 1);
    if (p->bytes == NULL)
        return CAIRN_MEMORY;
    p->entry = true;
    p->have = about.size;
    return unpack(in, index, p->bytes, about.size);
}

cairn_status cairn_torch_zip_open(cairn_torch_file *file)
{
    zip_input *in = file->zip = cairn_alloc(file->from->ctx, 1, sizeof *in);
    if (in == NULL)
        return CAIRN_MEMORY;
    in->from = file->from;
    zip_error_init(&in->error);
    uint64_t index = 0;
    char order[16] = "";
    cairn_status status = open_archive(in);
    if (status == CAIRN_OK)
        status = find_pickle(in, &index);
    if (status == CAIRN_OK)
        status = read_word(in, "byteorder", order, sizeof order);
    if (status == CAIRN_OK && strcmp(order, "") != 0 && strcmp(order, "little") != 0 &&
        strcmp(order, "big") != 0)
        status = cairn_fail(in->from->ctx, CAIRN_INPUT,
                            "%s: entry 'byteorder': expected 'little' or 'big', found '%s'", in->from->name,
                            order);
    file->big_endian = strcmp(order, "big") == 0;
    if (status == CAIRN_OK)
        status = read_pickle(file, index);
    return status == CAIRN_OK ? cairn_pickle_run(&file->pickle, &file->root) : status;
}

cairn_status cairn_torch_zip_locate(cairn_torch_file *file, cairn_torch_storage *storage)
{
    zip_input *in = file->zip;
    char path[2 * NAME_BYTES];
    zip_stat_t about;
    if (storage->key_size >= NAME_BYTES - 16)
        return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: a storage's name is too long", in->from->name);
    snprintf(path, sizeof path, "%s/data/%.*s", in->root, (int)storage->key_size, storage->key);
    zip_int64_t index = zip_name_locate(in->archive, path, ZIP_FL_ENC_RAW);
    if (index < 0)
        return cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: entry '%s' is missing in the zip archive",
                          in->from->name, path);
    cairn_status status = look_at(in, (uint64_t)index, path, &about);
    if (status != CAIRN_OK)
        return status;
    if (about.size != storage->bytes)
        return cairn_fail(in->from->ctx, CAIRN_INPUT,
                          "%s: entry '%s': expected %" PRIu64 " bytes as the pickle says, found %" PRIu64,
                          in->from->name, path, storage->bytes, (uint64_t)about.size);
    storage->entry = (uint64_t)index;
    storage->compressed = about.comp_method != ZIP_CM_STORE;
    storage->stored = about.comp_size;
    storage->summed = true;
    storage->sum = about.crc;
    if (about.comp_size == 0)
        return CAIRN_OK;
    status = find_bytes(in, storage->entry, &storage->offset);
    if (status == CAIRN_OK && storage->stored > in->from->size - storage->offset)
        status = cairn_fail(in->from->ctx, CAIRN_INPUT, "%s: entry '%s' is cut short", in->from->name, path);
    return status;
}

cairn_status cairn_torch_zip_unpack(cairn_torch_file *file, const cairn_torch_storage *storage, void *to)
{
    return unpack(file->zip, storage->entry, to, storage->bytes);
}

void cairn_torch_zip_close(cairn_torch_file *file)
{
    zip_input *in = file->zip;
    if (in == NULL)
        return;
    if (in->archive != NULL)
        zip_discard(in->archive);
    zip_error_fini(&in->error);
    cairn_free(file->from->ctx, in);
}
