/* The names that pickles of PyTorch mean something by, and what calling them makes. The list is one of what
 * is allowed: everything else becomes an opaque value. */
#include "io/pickle.h"
#include <stdio.h>
#include <string.h>

#define MAX_NAMES 64
#define NAME_BYTES 200

const cairn_torch_type cairn_torch_types[] = {
    {"float32", "FloatStorage", 4, CAIRN_TORCH_COPY, CAIRN_F32},
    {"float64", "DoubleStorage", 8, CAIRN_TORCH_COPY, CAIRN_F64},
    {"float16", "HalfStorage", 2, CAIRN_TORCH_COPY, CAIRN_F16},
    {"bfloat16", "BFloat16Storage", 2, CAIRN_TORCH_COPY, CAIRN_BF16},
    {"int64", "LongStorage", 8, CAIRN_TORCH_COPY, CAIRN_I64},
    {"int32", "IntStorage", 4, CAIRN_TORCH_COPY, CAIRN_I32},
    {"int16", "ShortStorage", 2, CAIRN_TORCH_WIDEN_SIGNED, CAIRN_I64},
    {"int8", "CharStorage", 1, CAIRN_TORCH_WIDEN_SIGNED, CAIRN_I64},
    {"uint8", "ByteStorage", 1, CAIRN_TORCH_COPY, CAIRN_U8},
    {"bool", "BoolStorage", 1, CAIRN_TORCH_COPY, CAIRN_U8},
    {"uint16", NULL, 2, CAIRN_TORCH_WIDEN_UNSIGNED, CAIRN_I64},
    {"uint32", NULL, 4, CAIRN_TORCH_WIDEN_UNSIGNED, CAIRN_I64},
    {"uint64", NULL, 8, CAIRN_TORCH_WIDEN_UNSIGNED, CAIRN_I64},
    {"complex32", "ComplexHalfStorage", 4, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"complex64", "ComplexFloatStorage", 8, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"complex128", "ComplexDoubleStorage", 16, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"quint8", "QUInt8Storage", 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"qint8", "QInt8Storage", 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"qint32", "QInt32Storage", 4, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"float8_e5m2", NULL, 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"float8_e4m3fn", NULL, 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"float8_e5m2fnuz", NULL, 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
    {"float8_e4m3fnuz", NULL, 1, CAIRN_TORCH_REFUSE, CAIRN_U8},
};

static const struct known {
    const char *name;
    cairn_pickle_global what;
} known[] = {
    {"collections.OrderedDict", CAIRN_GLOBAL_DICT},
    {"collections.defaultdict", CAIRN_GLOBAL_DICT},
    {"builtins.dict", CAIRN_GLOBAL_DICT},
    {"torch.Size", CAIRN_GLOBAL_SIZE},
    {"torch._utils._rebuild_tensor", CAIRN_GLOBAL_TENSOR_V1},
    {"torch._utils._rebuild_tensor_v2", CAIRN_GLOBAL_TENSOR_V2},
    {"torch._utils._rebuild_tensor_v3", CAIRN_GLOBAL_TENSOR_V3},
    {"torch._utils._rebuild_parameter", CAIRN_GLOBAL_PARAMETER},
    {"torch._utils._rebuild_parameter_with_state", CAIRN_GLOBAL_PARAMETER},
    {"torch.nn.parameter.Parameter", CAIRN_GLOBAL_PARAMETER},
    {"torch._tensor._rebuild_from_type_v2", CAIRN_GLOBAL_FROM_TYPE},
    {"torch.storage.UntypedStorage", CAIRN_GLOBAL_UNTYPED},
    {"torch.UntypedStorage", CAIRN_GLOBAL_UNTYPED},
};

/* Their functions start programs, or run what they are given. */
static const char *const dangerous[] = {
    "os.",       "posix.",        "nt.",           "posixpath.",       "subprocess.",
    "commands.", "sys.",          "pty.",          "shutil.",          "socket.",
    "runpy.",    "importlib.",    "marshal.",      "pickle.",          "ctypes.",
    "operator.", "builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__",
    "code.",     "builtins.open", "torch.hub.",    "builtins.getattr", "torch.serialization.load",
    "types.Fun", "types.Code",    "webbrowser.",   "torch.load",
};

/* ---- names ---- */

static int find_type(const char *text, bool storage)
{
    for (size_t i = 0; i < CAIRN_COUNT(cairn_torch_types); i++) {
        const char *name = storage ? cairn_torch_types[i].storage : cairn_torch_types[i].name;
        if (name != NULL && strcmp(name, text) == 0)
            return (int)i;
    }
    return -1;
}

/* Index of an unknown name in the list; -1: the list is full. */
static cairn_status remember_name(cairn_pickle *p, const char *name, int64_t *index)
{
    cairn_ctx *ctx = p->from->ctx;
    for (size_t i = 0; i < p->name_count; i++)
        if (strcmp(p->names[i], name) == 0) {
            *index = (int64_t)i;
            return CAIRN_OK;
        }
    *index = -1;
    if (p->name_count == MAX_NAMES)
        return CAIRN_OK;
    if (p->names == NULL)
        p->names = cairn_alloc(ctx, MAX_NAMES, sizeof *p->names);
    char *copy = p->names == NULL ? NULL : cairn_strdup(ctx, name);
    if (copy == NULL)
        return CAIRN_MEMORY;
    *index = (int64_t)p->name_count;
    p->names[p->name_count++] = copy;
    return CAIRN_OK;
}

/* Modules as Python 3 calls them. */
static const char *module_name(const char *module, size_t size, int *length)
{
    static const char *const renamed[][2] = {{"__builtin__", "builtins"}, {"copy_reg", "copyreg"}};
    *length = (int)size;
    for (size_t i = 0; i < CAIRN_COUNT(renamed); i++)
        if (size == strlen(renamed[i][0]) && memcmp(module, renamed[i][0], size) == 0) {
            *length = (int)strlen(renamed[i][1]);
            return renamed[i][1];
        }
    return module;
}

static void look_up(const char *name, cairn_pickle_value *v)
{
    for (size_t i = 0; i < CAIRN_COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0)
            v->what = (uint8_t)known[i].what;
    const char *rest = strncmp(name, "torch.cuda.", 11) == 0 ? name + 11 : name + 6;
    if (v->what != CAIRN_GLOBAL_OTHER || strncmp(name, "torch.", 6) != 0)
        return;
    int storage = find_type(rest, true), dtype = find_type(rest, false);
    if (storage >= 0 || dtype >= 0) {
        v->what = (uint8_t)(storage >= 0 ? CAIRN_GLOBAL_STORAGE : CAIRN_GLOBAL_DTYPE);
        v->as.integer = storage >= 0 ? storage : dtype;
    }
}

cairn_status cairn_pickle_find_global(cairn_pickle *p, const char *module, size_t module_size,
                                      const char *name, size_t name_size, cairn_pickle_value **made)
{
    char text[NAME_BYTES];
    int length;
    if (module_size + name_size + 2 > sizeof text || memchr(module, '\0', module_size) != NULL ||
        memchr(name, '\0', name_size) != NULL)
        return cairn_pickle_fail(p, "a global's name is too long or not text (expected at most 198 bytes)");
    module = module_name(module, module_size, &length);
    snprintf(text, sizeof text, "%.*s.%.*s", length, module, (int)name_size, name);
    cairn_status status = cairn_pickle_make(p, CAIRN_PICKLE_GLOBAL, made);
    if (status != CAIRN_OK)
        return status;
    (*made)->as.integer = -1;
    look_up(text, *made);
    return (*made)->what == CAIRN_GLOBAL_OTHER ? remember_name(p, text, &(*made)->as.integer) : CAIRN_OK;
}

const char *cairn_pickle_name(const cairn_pickle *p, const cairn_pickle_value *v)
{
    bool named =
        v->kind == CAIRN_PICKLE_OPAQUE || (v->kind == CAIRN_PICKLE_GLOBAL && v->what == CAIRN_GLOBAL_OTHER);
    return named && v->as.integer >= 0 ? p->names[v->as.integer] : "an unknown class";
}

void cairn_pickle_log_names(const cairn_pickle *p)
{
    char list[400];
    size_t used = 0, listed = 0;
    for (size_t i = 0; i < p->name_count; i++) {
        const char *name = p->names[i];
        for (size_t d = 0; d < CAIRN_COUNT(dangerous); d++)
            if (strncmp(name, dangerous[d], strlen(dangerous[d])) == 0)
                cairn_log(p->from->ctx, CAIRN_LOG_WARNING,
                          "%s: this file would run code in Python: it names %s, which is left out here",
                          p->from->name, name);
        if (used + strlen(name) + 3 < sizeof list) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", name);
            listed++;
        }
    }
    if (p->name_count > listed)
        cairn_log(p->from->ctx, CAIRN_LOG_WARNING, "%s: leaves out objects of %s and %zu other kinds",
                  p->from->name, list, p->name_count - listed);
    else if (listed > 0)
        cairn_log(p->from->ctx, CAIRN_LOG_WARNING, "%s: leaves out objects of %s", p->from->name, list);
}

/* ---- calls ---- */

/* Dictionaries are called with nothing, or with a list of pairs (Python 2). */
static cairn_status call_dict(cairn_pickle *p, const cairn_pickle_value *arguments, cairn_pickle_value **made)
{
    cairn_status status = cairn_pickle_make(p, CAIRN_PICKLE_DICT, made);
    const cairn_pickle_value *list = arguments->count == 1 ? arguments->as.items[0] : NULL;
    if (list == NULL || list->kind != CAIRN_PICKLE_LIST)
        return status;
    for (uint32_t i = 0; status == CAIRN_OK && i < list->count; i++) {
        const cairn_pickle_value *pair = list->as.items[i];
        if ((pair->kind != CAIRN_PICKLE_LIST && pair->kind != CAIRN_PICKLE_TUPLE) || pair->count != 2)
            return cairn_pickle_fail(p, "a dictionary is made of something else than pairs");
        status = cairn_pickle_append(p, *made, pair->as.items, 2);
    }
    return status;
}

static cairn_status call_opaque(cairn_pickle *p, const cairn_pickle_value *function,
                                cairn_pickle_value **made)
{
    cairn_status status = cairn_pickle_make(p, CAIRN_PICKLE_OPAQUE, made);
    bool named = function->kind == CAIRN_PICKLE_OPAQUE ||
                 (function->kind == CAIRN_PICKLE_GLOBAL && function->what == CAIRN_GLOBAL_OTHER);
    if (status == CAIRN_OK)
        (*made)->as.integer = named ? function->as.integer : -1;
    return status;
}

static cairn_status call_tensor(cairn_pickle *p, uint8_t what, const cairn_pickle_value *arguments,
                                cairn_pickle_value **made)
{
    cairn_status status = cairn_pickle_make(p, CAIRN_PICKLE_TENSOR, made);
    if (status == CAIRN_OK) {
        (*made)->what = what;
        (*made)->count = arguments->count;
        (*made)->as.items = arguments->as.items;
    }
    return status;
}

cairn_status cairn_pickle_call(cairn_pickle *p, const cairn_pickle_value *function,
                               cairn_pickle_value *arguments, cairn_pickle_value **made)
{
    if (arguments->kind != CAIRN_PICKLE_TUPLE)
        return cairn_pickle_fail(p, "a call's arguments are no tuple");
    cairn_pickle_value **items = arguments->as.items;
    if (function->kind == CAIRN_PICKLE_GLOBAL && function->what == CAIRN_GLOBAL_FROM_TYPE &&
        arguments->count >= 3 && items[0]->kind == CAIRN_PICKLE_GLOBAL &&
        items[2]->kind == CAIRN_PICKLE_TUPLE) {
        function = items[0];
        arguments = items[2];
        items = arguments->as.items;
    }
    if (function->kind != CAIRN_PICKLE_GLOBAL)
        return call_opaque(p, function, made);
    switch ((cairn_pickle_global)function->what) {
    case CAIRN_GLOBAL_DICT:
        return call_dict(p, arguments, made);
    case CAIRN_GLOBAL_TENSOR_V1:
    case CAIRN_GLOBAL_TENSOR_V2:
    case CAIRN_GLOBAL_TENSOR_V3:
        return call_tensor(p, function->what, arguments, made);
    case CAIRN_GLOBAL_SIZE:
    case CAIRN_GLOBAL_PARAMETER:
        if (arguments->count == 0)
            return call_opaque(p, function, made);
        *made = items[0];
        return CAIRN_OK;
    default:
        return call_opaque(p, function, made);
    }
}

/* ("storage", type, key, device, elements[, view]), or ("module", class, file, source). */
cairn_status cairn_pickle_find_persistent(cairn_pickle *p, cairn_pickle_value *id, cairn_pickle_value **made)
{
    if (id->kind != CAIRN_PICKLE_TUPLE || id->count < 2)
        return cairn_pickle_fail(p, "a persistent id is no tuple");
    if (cairn_pickle_is(p, id->as.items[0], "module")) {
        *made = id->as.items[1];
        return CAIRN_OK;
    }
    if (!cairn_pickle_is(p, id->as.items[0], "storage"))
        return cairn_pickle_fail(p, "a persistent id is of neither a storage nor a module");
    if (p->storage_count == p->storage_room) {
        size_t room = p->storage_room == 0 ? 256 : 2 * p->storage_room;
        cairn_pickle_value **larger =
            cairn_resize(p->from->ctx, p->storages, room, sizeof(cairn_pickle_value *));
        if (larger == NULL)
            return CAIRN_MEMORY;
        p->storages = larger;
        p->storage_room = room;
    }
    cairn_status status = cairn_pickle_make(p, CAIRN_PICKLE_STORAGE, made);
    if (status == CAIRN_OK) {
        (*made)->count = id->count;
        (*made)->as.items = id->as.items;
        p->storages[p->storage_count++] = *made;
    }
    return status;
}
