/* The progress bar, in the manner of tqdm:
 *     epoch 3/10  45%|████▌     | 422/938 [00:01<00:01, 310 it/s, loss 0.41, top1 85.2, 19.8k img/s]
 * and, where it is worth saying, ", waits 12%": for pictures.
 * What does not fit into the terminal is left out, least important first. */
#include "progress.h"
#include "output.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define SECONDS_BETWEEN_BARS 0.05
#define SECONDS_BETWEEN_LINES 5.0
#define SHORTEST_BAR 8
#define WORTH_SAYING 0.05 /* share of the time that goes into waiting for pictures */

double cairn_cli_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cairn_cli_progress_begin(cli_call *cli, cli_progress *progress)
{
    cairn_cli_start(cli);
    *progress = (cli_progress){.terminal = cairn_cli_is_terminal(stderr), .last = cairn_cli_clock()};
    if (!cairn_cli_given(cli, OPTION_QUIET))
        cli->progress = progress;
}

void cairn_cli_progress_hide(cli_call *cli)
{
    if (cli->progress && cli->progress->drawn) {
        fputs("\r\033[K", stderr);
        cli->progress->drawn = false;
    }
}

/* "01:05", or "1:01:05" from an hour on. */
static void put_time(double seconds, char *text, size_t size)
{
    long long s = isfinite(seconds) && seconds > 0 && seconds < 1e9 ? (long long)(seconds + 0.5) : 0;
    if (s < 3600)
        snprintf(text, size, "%02lld:%02lld", s / 60, s % 60);
    else
        snprintf(text, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

static void put_rate(double rate, char *text, size_t size)
{
    if (rate >= 999.5)
        snprintf(text, size, rate >= 99950 ? "%.0fk" : "%.1fk", rate / 1000);
    else
        snprintf(text, size, rate >= 9.95 ? "%.0f" : "%.1f", rate);
}

/* The part after the bar with the first `fields` of its figures; returns its columns. */
static int put_tail(const cairn_train_progress *now, int fields, char *text, size_t size)
{
    char elapsed[24], left[24], steps[24], images[24];
    double rate = now->seconds > 0 ? (double)now->step / now->seconds : 0;
    put_time(now->seconds, elapsed, sizeof elapsed);
    put_time(rate > 0 ? (double)(now->steps - now->step) / rate : 0, left, sizeof left);
    put_rate(rate, steps, sizeof steps);
    put_rate(now->images_per_s, images, sizeof images);
    int used = snprintf(text, size, "| %lld/%lld [%s<%s", (long long)now->step, (long long)now->steps,
                        elapsed, left);
    size_t at = (size_t)used;
    if (fields > 3)
        at += (size_t)snprintf(text + at, size - at, ", %s it/s", steps);
    if (fields > 0)
        at += (size_t)snprintf(text + at, size - at, ", loss %.3g", now->loss);
    if (fields > 1)
        at += (size_t)snprintf(text + at, size - at, ", top1 %.1f", now->top1);
    if (fields > 2)
        at += (size_t)snprintf(text + at, size - at, ", %s img/s", images);
    if (fields > 2 && now->waiting >= WORTH_SAYING)
        at += (size_t)snprintf(text + at, size - at, ", waits %.0f%%", 100 * now->waiting);
    at += (size_t)snprintf(text + at, size - at, "]");
    return (int)at;
}

static void draw(const cairn_train_progress *now, double share)
{
    char head[64], tail[256], blocks[CLI_BAR_BYTES];
    int width = cairn_cli_width(stderr) - 1; /* in the last column terminals wrap */
    int room = width - snprintf(head, sizeof head, "%s %d/%d %3.0f%%|", now->evaluating ? "valid" : "epoch",
                                now->epoch, now->epochs, floor(100 * share));
    int fields = 4;
    while (put_tail(now, fields, tail, sizeof tail) > room - SHORTEST_BAR && fields > 0)
        fields--;
    int bar = room - (int)strlen(tail);
    bar = bar < 0 ? 0 : bar > CLI_LONGEST_BAR ? CLI_LONGEST_BAR : bar;
    fprintf(stderr, "\r%s%s%s\033[K", head, cairn_cli_bar(share, bar, blocks), tail);
}

void cairn_cli_progress_show(cli_call *cli, const cairn_train_progress *now)
{
    cli_progress *progress = cli->progress;
    double clock = cairn_cli_clock();
    bool last = now->step >= now->steps;
    if (!progress || clock - progress->last <
                         (progress->terminal ? last ? 0 : SECONDS_BETWEEN_BARS : SECONDS_BETWEEN_LINES))
        return;
    progress->last = clock;
    double share = now->steps > 0 ? (double)now->step / (double)now->steps : 0;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    if (progress->terminal) {
        draw(now, share);
        progress->drawn = true;
        return;
    }
    char images[24], waits[32] = "";
    put_rate(now->images_per_s, images, sizeof images);
    if (now->waiting >= WORTH_SAYING)
        snprintf(waits, sizeof waits, ", waits %.0f%%", 100 * now->waiting);
    fprintf(stderr, "%s %d/%d, step %lld/%lld, loss %.4g, top1 %.1f, %s img/s%s\n",
            now->evaluating ? "valid" : "epoch", now->epoch, now->epochs, (long long)now->step,
            (long long)now->steps, now->loss, now->top1, images, waits);
}
