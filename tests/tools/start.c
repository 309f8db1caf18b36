/* start MODEL [FILE]: what a start costs, from a file of weights to the first result: time and processor
 * time, page faults and resident memory after every stage. Without FILE, random weights are written to a
 * temporary one first. The measuring process is a fresh one, so that its peak is that of the start alone.
 *
 * Fails when more is resident at any time than the plan's arena, which holds the packed weights, and 15 MB,
 * or when a run after the first one allocates or touches fresh memory. Times are
 * only told. */
#include <cairn/cairn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEGABYTE 1e6
#define SPARE_BYTES (15 * MEGABYTE) /* program, libraries, stacks, the graph */
#define RUNS 5

typedef struct counting {
    long calls;
} counting;

static void *count_resize(void *user, void *ptr, size_t size)
{
    counting *c = user;
    c->calls += size > 0;
    if (size > 0)
        return realloc(ptr, size);
    free(ptr);
    return NULL;
}

static double clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* "VmRSS" and the like, in bytes. */
static double memory_of(const char *what)
{
    char line[256];
    double kibibytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, what, strlen(what)) == 0)
            kibibytes = strtod(line + strlen(what) + 1, NULL);
    if (file != NULL)
        fclose(file);
    return 1024 * kibibytes;
}

typedef struct stage {
    double wall, cpu;
    long faults;
} stage;

static stage now(void)
{
    return (stage){clock_of(CLOCK_MONOTONIC), clock_of(CLOCK_PROCESS_CPUTIME_ID), faults()};
}

static void tell(const char *what, const stage *from)
{
    stage to = now();
    printf("%-10s %8.1f ms %8.1f ms %7ld faults %8.1f MB resident\n", what, to.wall - from->wall,
           to.cpu - from->cpu, to.faults - from->faults, memory_of("VmRSS") / MEGABYTE);
}

static int fail(const char *what)
{
    fprintf(stderr, "start: %s\n", what);
    return 1;
}

static cairn_status make_graph(cairn_ctx *ctx, const cairn_model *model, cairn_graph **graph)
{
    return cairn_model_graph(ctx, model, NULL, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, graph);
}

static int check_memory(const cairn_plan *plan)
{
    cairn_plan_memory memory = cairn_plan_memory_of(plan);
    double resident = memory_of("VmRSS"), peak = memory_of("VmHWM"), arena = (double)memory.arena;
    double most = arena + SPARE_BYTES;
    printf("weights %.1f MB, arena %.1f MB (packed weights %.1f), resident %.1f MB (at most %.1f), peak %.1f "
           "MB\n",
           (double)memory.weights / MEGABYTE, arena / MEGABYTE, (double)memory.packed / MEGABYTE,
           resident / MEGABYTE, most / MEGABYTE, peak / MEGABYTE);
    if (resident > most)
        return fail("more stays resident than the arena and 15 MB");
    if (peak > most)
        return fail("the peak is above the arena and 15 MB");
    return 0;
}

static int check_runs(cairn_plan *plan, const counting *count)
{
    for (int i = 0; i < 2; i++)
        if (cairn_plan_run(plan, NULL) != CAIRN_OK)
            return fail("a run failed");
    long calls = count->calls, before = faults();
    for (int i = 0; i < RUNS; i++)
        if (cairn_plan_run(plan, NULL) != CAIRN_OK)
            return fail("a run failed");
    long touched = faults() - before;
    printf("later runs: %ld allocations, %ld page faults\n", count->calls - calls, touched);
    return count->calls == calls && touched == 0 ? 0 : fail("later runs take memory");
}

static int measure(cairn_ctx *ctx, const cairn_model *model, const char *path, const counting *count)
{
    cairn_graph *graph;
    cairn_weights *loaded, *weights;
    cairn_plan *plan;
    stage begin = now(), last = begin;
    cairn_status status = cairn_weights_open(ctx, path, &loaded);
    tell("open", &last);
    last = now();
    if (status == CAIRN_OK)
        status = make_graph(ctx, model, &graph);
    tell("graph", &last);
    last = now();
    if (status == CAIRN_OK)
        status = cairn_weights_attach(ctx, graph, model->names, loaded, &weights);
    cairn_weights_destroy(loaded);
    tell("attach", &last);
    last = now();
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, NULL, NULL, &plan);
    tell("plan", &last);
    last = now();
    if (status == CAIRN_OK)
        status = cairn_plan_prepare(plan);
    cairn_weights_destroy(weights);
    tell("prepare", &last);
    last = now();
    if (status == CAIRN_OK)
        status = cairn_plan_run(plan, NULL);
    tell("run", &last);
    tell("all", &begin);
    if (status != CAIRN_OK)
        return fail(cairn_error(ctx));
    int wrong = check_memory(plan) | check_runs(plan, count);
    cairn_plan_destroy(plan);
    cairn_graph_destroy(graph);
    return wrong;
}

static cairn_status write_weights(cairn_ctx *ctx, const cairn_model *model, const char *path)
{
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_status status = make_graph(ctx, model, &graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, graph, CAIRN_F32, 1, &weights);
    if (status == CAIRN_OK)
        status = cairn_weights_save(weights, path);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return status;
}

/* The same program once more with a file to read. */
static int measure_in_child(const char *program, const char *model, const char *path)
{
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, model, path, (char *)NULL);
        _exit(1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    counting count = {0};
    cairn_ctx *ctx;
    const cairn_model *model = argc == 2 || argc == 3 ? cairn_model_find(argv[1]) : NULL;
    if (model == NULL)
        return fail("usage: start MODEL [FILE]");
    if (cairn_ctx_create(&(cairn_ctx_options){.allocator = {count_resize, &count}}, &ctx) != CAIRN_OK)
        return fail("no context");
    int wrong;
    if (argc == 3) {
        wrong = measure(ctx, model, argv[2], &count);
    } else {
        char path[] = "/tmp/cairn-start-XXXXXX";
        int fd = mkstemp(path);
        if (fd < 0)
            return fail("no temporary file");
        close(fd);
        wrong = write_weights(ctx, model, path) == CAIRN_OK
                    ? measure_in_child("/proc/self/exe", argv[1], path)
                    : fail(cairn_error(ctx));
        unlink(path);
    }
    cairn_ctx_destroy(ctx);
    return wrong;
}
