/* Streams and messages. */
#include "output.h"
#include "progress.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file opened later must not get the number of a standard stream and be written over by messages. What
 * takes the place is opened the wrong way round, so that using it is an error, as it would have been. */
void cairn_cli_reserve_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            int got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
            if (got >= 0 && got != fd)
                close(got);
        }
}

cairn_status cairn_cli_finish_output(cli_call *cli, cairn_status status)
{
    errno = 0;
    while (fflush(stdout) != 0 && errno == EINTR) /* what is left stays in the buffer */
        clearerr(stdout);
    bool failed = ferror(stdout);
    if (!failed || status != CAIRN_OK)
        return status;
    int why = errno;
    if (why != EPIPE) { /* a reader that has seen enough, such as head, needs no message */
        char text[CLI_ERROR_BYTES];
        snprintf(text, sizeof text, "standard output: results could not be written%s%s", why ? ": " : "",
                 why ? strerror(why) : "");
        cairn_cli_error(cli, text);
    }
    return CAIRN_IO;
}

bool cairn_cli_is_terminal(FILE *file)
{
    const char *term = getenv("TERM");
    return isatty(fileno(file)) && !(term && strcmp(term, "dumb") == 0);
}

int cairn_cli_width(FILE *file)
{
    struct winsize size;
    if (isatty(fileno(file)) && ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col < 30 ? 30 : size.ws_col;
    return 80;
}

cairn_status cairn_cli_fail(cli_call *cli, cairn_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(cli->error, sizeof cli->error, format, args);
    va_end(args);
    return status;
}

static bool colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return cairn_cli_is_terminal(stderr) && !(no_color && *no_color);
}

/* One line on stderr: "cairn: KIND: TEXT". */
static void message(cli_call *cli, const char *kind, const char *colour_code, const char *text)
{
    char escaped[CLI_ERROR_BYTES - 32];
    cairn_cli_progress_hide(cli);
    bool coloured = colour();
    fprintf(stderr, "%scairn: %s:%s %s\n", coloured ? colour_code : "", kind, coloured ? "\033[0m" : "",
            cairn_cli_escape(text, escaped, sizeof escaped));
}

static void warn(cli_call *cli, const char *text)
{
    message(cli, "warning", "\033[1;33m", text);
}

#define MOST_HELD 32

typedef struct cli_held {
    char text[CLI_ERROR_BYTES];
} cli_held;

void cairn_cli_forget(cli_call *cli)
{
    free(cli->held);
    cli->held = NULL;
    cli->held_count = 0;
}

void cairn_cli_start(cli_call *cli)
{
    cli->started = true;
    for (size_t i = 0; i < cli->held_count && i < MOST_HELD; i++)
        warn(cli, cli->held[i].text);
    if (cli->held_count > MOST_HELD) {
        char text[64];
        snprintf(text, sizeof text, "%zu more warnings", cli->held_count - MOST_HELD);
        warn(cli, text);
    }
    cairn_cli_forget(cli);
}

void cairn_cli_error(cli_call *cli, const char *text)
{
    cairn_cli_start(cli);
    message(cli, "error", "\033[1;31m", text);
}

void cairn_cli_warn(cli_call *cli, const char *format, ...)
{
    char text[CLI_ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!cli->started && !cli->held)
        cli->held = malloc(MOST_HELD * sizeof *cli->held);
    if (cli->started || !cli->held)
        warn(cli, text);
    else if (cli->held_count++ < MOST_HELD)
        memcpy(cli->held[cli->held_count - 1].text, text, sizeof text);
}

void cairn_cli_note(cli_call *cli, const char *format, ...)
{
    cairn_cli_start(cli);
    if (cairn_cli_given(cli, OPTION_QUIET))
        return;
    char text[2 * CLI_ERROR_BYTES], escaped[2 * CLI_ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cairn_cli_progress_hide(cli);
    fprintf(stderr, "%s\n", cairn_cli_escape(text, escaped, sizeof escaped));
}

void cairn_cli_log(void *user, cairn_log_level level, const char *line)
{
    cli_call *cli = user;
    if (level == CAIRN_LOG_WARNING)
        cairn_cli_warn(cli, "%s", line);
    else if (cairn_cli_given(cli, OPTION_VERBOSE))
        cairn_cli_note(cli, "%s", line);
}

cairn_status cairn_cli_check_output(cli_call *cli, const char *output, const char *input)
{
    struct stat a, b;
    if (stat(output, &a) != 0 || stat(input, &b) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
        return CAIRN_OK;
    char name[CLI_NAME_BYTES];
    return cairn_cli_fail(cli, CAIRN_USAGE, "%s: is both input and output", cairn_cli_brief(output, name));
}
