/* The environment of a run. */
#include "train/environment.h"
#include "base/json.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CPU_NAME_BYTES 49

/* The processor's own name for itself. */
static void print_cpu_name(char name[CPU_NAME_BYTES])
{
    memset(name, 0, CPU_NAME_BYTES);
#if defined(__x86_64__)
    for (unsigned i = 0; i < 3; i++) {
        unsigned registers[4];
        if (!__get_cpuid(0x80000002u + i, &registers[0], &registers[1], &registers[2], &registers[3]))
            break;
        memcpy(name + 16 * i, registers, sizeof registers);
    }
#endif
    for (size_t end = strlen(name); end > 0 && name[end - 1] == ' '; end--)
        name[end - 1] = '\0';
    if (name[0] == '\0')
        memcpy(name, "unknown", sizeof "unknown");
}

char *cairn_environment_print(cairn_ctx *ctx)
{
    char cpu[CPU_NAME_BYTES];
    print_cpu_name(cpu);
    cairn_text text = {.ctx = ctx};
    cairn_text_format(&text, "{\n  \"version\": \"%s\",\n  \"cpu\": ", cairn_version());
    cairn_text_json_string(&text, cpu);
    cairn_text_format(&text, ",\n  \"isa\": \"%s\",\n  \"threads\": %d,\n  \"compiler\": ", cairn_isa_name(),
                      cairn_threads(ctx));
    cairn_text_json_string(&text, __VERSION__);
    cairn_text_add(&text, "\n}\n");
    if (!text.failed)
        return text.data;
    cairn_free(ctx, text.data);
    return NULL;
}

bool cairn_environment_isa(cairn_ctx *ctx, const char *text, size_t size, char isa[32])
{
    json_t *root;
    if (cairn_json_parse(ctx, "env.json", text, size, CAIRN_JSON_SMALL_LIMITS, &root) != CAIRN_OK)
        return false;
    const char *name = json_string_value(json_object_get(root, "isa"));
    if (name != NULL)
        snprintf(isa, 32, "%s", name);
    json_decref(root);
    return name != NULL;
}
