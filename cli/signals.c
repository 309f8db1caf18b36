/* Signal handlers. The flag is the one piece of global state in the program: a handler has nothing else. */
#include "signals.h"
#include <cairn/data.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    if (caught)
        _exit(128 + number);
    caught = number;
}

/* A shard that was cut is an error of its own; another fault comes again, and ends the program. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code > 0 && cairn_dataset_fault(info->si_addr))
        return;
    signal(number, SIG_DFL);
    if (info->si_code <= 0) /* sent by somebody, and only once */
        raise(number);
}

void cairn_cli_signals_survive(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void cairn_cli_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* nohup ignores SIGHUP for its child, which is to live on. */
    if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

int cairn_cli_signal(void)
{
    return caught;
}
