/* cairn doctor: what this machine and this build have, what is used of it, and what is off and why. */
#include "base/base.h"
#include "base/cpu.h"
#include "commands.h"
#include "model.h"
#include "output.h"
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAX_LINE 8192
#define FIRST_COLUMN 12
#define SAMPLE_NETWORK "lenet5"

static void put_key(const char *key)
{
    printf("%-*s ", FIRST_COLUMN, key);
}

/* The value of the first line of a file of the system that begins with `key`, without white space and colon.
 */
static bool system_value(const char *path, const char *key, char value[MAX_LINE])
{
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file && !found && fgets(value, MAX_LINE, file)) {
        size_t length = strlen(key);
        if (strncmp(value, key, length) != 0)
            continue;
        const char *begin = value + length + strspn(value + length, " \t:");
        memmove(value, begin, strlen(begin) + 1);
        value[strcspn(value, "\n")] = '\0';
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

static void put_processor(void)
{
    static const char *const wanted[] = {"sse4_2",      "avx2",        "fma",      "avx512f", "avx512vl",
                                         "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile"};
    char text[MAX_LINE];
    struct utsname system;
    put_key("processor");
    if (system_value("/proc/cpuinfo", "model name", text))
        puts(text);
    else
        puts(uname(&system) == 0 ? system.machine : "unknown");
    put_key("features");
    if (!system_value("/proc/cpuinfo", "flags", text))
        *text = '\0';
    const char *space = "";
    for (char *flag = strtok(text, " "); flag; flag = strtok(NULL, " "))
        for (size_t i = 0; i < CAIRN_COUNT(wanted); i++)
            if (strcmp(flag, wanted[i]) == 0) {
                printf("%s%s", space, flag);
                space = " ";
            }
    puts(*space ? "" : "not known");
}

static void put_isa(int *problems)
{
    const char *cap = getenv("CAIRN_ISA"), *best = cairn_isa_text(cairn_isa_detected());
    cairn_isa parsed;
    put_key("kernels");
    if (!cap || !*cap) {
        printf("%s, the best that this processor runs\n", cairn_isa_name());
    } else if (!cairn_isa_parse(cap, &parsed)) {
        char name[CLI_NAME_BYTES], escaped[CLI_ERROR_BYTES];
        printf("%s; CAIRN_ISA is not understood: '%s' (expected scalar, %s, avx2, avx512 or avx512bf16)\n",
               cairn_isa_name(), cairn_cli_escape(cairn_cli_brief(cap, name), escaped, sizeof escaped),
               cairn_isa_text(CAIRN_ISA_BASE));
        (*problems)++;
    } else {
        printf("%s, since CAIRN_ISA is %s; this processor runs %s\n", cairn_isa_name(), cap, best);
    }
}

static void put_threads(const cli_call *cli)
{
    const char *wanted = getenv("CAIRN_THREADS");
    put_key("threads");
    printf("%d", cairn_threads(cli->ctx));
    if (cairn_cli_given(cli, OPTION_THREADS))
        puts(", as --threads says");
    else if (wanted && *wanted)
        printf(", as CAIRN_THREADS says (%ld cores online)\n", sysconf(_SC_NPROCESSORS_ONLN));
    else
        puts(", one for each core that this process may use");
}

static void put_memory(void)
{
    char text[MAX_LINE], total[CLI_NUMBER_BYTES], available[CLI_NUMBER_BYTES] = "unknown";
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (system_value("/proc/meminfo", "MemAvailable", text))
        cairn_cli_bytes(1024 * strtod(text, NULL), available);
    put_key("memory");
    printf("%s, %s available\n", cairn_cli_bytes(bytes, total), available);
}

static void put_peak(cli_call *cli)
{
    double peak = cairn_measure_peak(cli->ctx, CAIRN_F32);
    put_key("peak");
    printf("%.0f GFLOP/s in f32, measured\n", peak);
}

static void put_bandwidth(cli_call *cli, int *problems)
{
    cairn_bandwidth bandwidth;
    put_key("read");
    if (cairn_measure_bandwidth(cli->ctx, &bandwidth) != CAIRN_OK) {
        printf("not measured: %s\n", cairn_error(cli->ctx));
        (*problems)++;
        return;
    }
    const char *comma = "";
    for (int i = 0; i < CAIRN_MEMORY_LEVELS; i++) {
        const cairn_memory_level *level = &bandwidth.level[i];
        char bytes[CLI_NUMBER_BYTES];
        if (level->read <= 0)
            continue;
        printf("%s%s %.0f GB/s", comma, level->name, level->read);
        if (level->bytes > 0)
            printf(" (%s)", cairn_cli_bytes(level->bytes, bytes));
        comma = ", ";
    }
    puts(", measured");
}

/* Which kernels a network gets. */
static cairn_status put_kernels(cli_call *cli)
{
    cli_model model = {.model = cairn_model_find(SAMPLE_NETWORK)};
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_plan *plan = NULL;
    cairn_status status = model.model ? cairn_cli_model_graph(cli, &model, false, &graph) : CAIRN_OK;
    if (!model.model || status != CAIRN_OK)
        return status;
    status = cairn_weights_init(cli->ctx, graph, CAIRN_F32, 0, &weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(cli->ctx, graph, weights, NULL, &(cairn_plan_options){.batch = 1}, &plan);
    for (int i = 0; status == CAIRN_OK && i < cairn_plan_step_count(plan); i++) {
        cairn_step_info step = cairn_plan_step_at(plan, i);
        put_key(i == 0 ? SAMPLE_NETWORK : "");
        printf("%-16s %-14s %s %s\n", step.name, step.op, step.kernel, step.isa);
    }
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return status;
}

static void put_data(cli_call *cli, int *problems)
{
    static const char *const sets[] = {"fashion-mnist", "mnist"};
    for (size_t i = 0; i < CAIRN_COUNT(sets); i++) {
        cairn_dataset *dataset = NULL;
        cairn_dataset_options options = {0};
        put_key(i == 0 ? "data" : "");
        cairn_status status = cairn_dataset_open(cli->ctx, sets[i], &options, &dataset);
        if (status == CAIRN_OK) {
            const cairn_dataset_info *info = cairn_dataset_about(dataset);
            printf("%s: %s, %lld and %lld images\n", sets[i], info->path, (long long)info->count[CAIRN_TRAIN],
                   (long long)info->count[CAIRN_TEST]);
        } else {
            printf("%s\n", cairn_error(cli->ctx));
            *problems += status != CAIRN_IO; /* a set that is not installed is nothing wrong */
        }
        cairn_dataset_close(dataset);
    }
}

/* Fonts are needed for the texts in drawings and reports. */
static void put_fonts(int *problems)
{
    static const char *const folders[] = {"/usr/share/fonts", "/usr/local/share/fonts",
                                          "/usr/share/X11/fonts"};
    const char *found = NULL;
    for (size_t i = 0; i < CAIRN_COUNT(folders) && !found; i++)
        if (access(folders[i], R_OK) == 0)
            found = folders[i];
    put_key("fonts");
    puts(found ? found : "none: drawings as PNG and PDF would have no text; install fonts-dejavu-core");
    *problems += !found;
}

static cairn_status run(cli_call *cli)
{
    int problems = 0;
    put_key("cairn");
    printf("%s\n", cairn_version());
    put_processor();
    put_isa(&problems);
    put_threads(cli);
    put_memory();
    put_peak(cli);
    put_bandwidth(cli, &problems);
    cairn_status status = put_kernels(cli);
    put_data(cli, &problems);
    put_fonts(&problems);
    put_key("GPU");
    puts("off: this build has none");
    put_key("MPI");
    puts("off: this build has none, training uses this machine alone");
    if (problems > 0)
        printf("\n%d thing%s should be looked at\n", problems, problems == 1 ? "" : "s");
    return status;
}

const cli_command cairn_cli_doctor = {
    .name = "doctor",
    .arguments = "",
    .help = "what this machine and this build can do, and why not more",
    .examples = {{"cairn doctor", "kernels, peak, data sets"}},
    .options = {OPTION_THREADS},
    .max_names = 0,
    .run = run,
};
