/* A table with box-drawing lines, as Keras prints it. */
#include "report/summary.h"
#include <string.h>

/* Bytes of the first `characters` characters. */
static size_t bytes_of(const char *text, size_t characters)
{
    size_t at = 0;
    for (; text[at]; at++)
        if (((unsigned char)text[at] & 0xC0) != 0x80 && characters-- == 0)
            break;
    return at;
}

/* Breaks a text at blanks where it is wider than `most`, and cuts words that are wider still. */
static void wrap(char *cell, size_t most)
{
    cairn_table_cell from;
    memcpy(from, cell, sizeof from);
    char *to = cell;
    const char *end = cell + CAIRN_CELL_BYTES - 8;
    for (char *line = from, *next; line && to < end; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        size_t used = 0;
        for (char *word = line, *rest; word && to < end; word = rest) {
            rest = strchr(word, ' ');
            if (rest)
                *rest++ = '\0';
            size_t width = cairn_utf8_width(word);
            bool cut = width > most;
            bool new_line = used > 0 && used + 1 + width > most;
            if (to != cell)
                *to++ = word == line || new_line ? '\n' : ' ';
            used = word == line || new_line ? width : used + 1 + width;
            size_t bytes = cut ? bytes_of(word, most - 1) : strlen(word);
            bytes = bytes < (size_t)(end - to) ? bytes : (size_t)(end - to);
            memcpy(to, word, bytes);
            to += bytes;
            if (cut)
                to += strlen(memcpy(to, "…", sizeof "…"));
        }
    }
    *to = '\0';
}

static size_t widest_line(const char *cell)
{
    size_t widest = 0;
    for (const char *line = cell; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t width = cairn_utf8_width(line),
               rest = strchr(line, '\n') ? cairn_utf8_width(strchr(line, '\n')) : 0;
        widest = width - rest > widest ? width - rest : widest;
    }
    return widest;
}

static void rule(cairn_table *t, const char *left, const char *line, const char *cross, const char *right)
{
    for (size_t c = 0; c < t->columns; c++) {
        cairn_text_add(&t->out, c ? cross : left);
        for (size_t i = 0; i < t->width[c] + 2; i++)
            cairn_text_add(&t->out, line);
    }
    cairn_text_format(&t->out, "%s\n", right);
}

static void pad(cairn_table *t, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cairn_text_add(&t->out, " ");
}

/* One line of a cell; gives what follows it, or NULL. */
static const char *put_line(cairn_table *t, const char *edge, size_t c, const char *text)
{
    size_t bytes = text ? strcspn(text, "\n") : 0;
    size_t width = bytes ? cairn_utf8_width(text) - cairn_utf8_width(text + bytes) : 0;
    cairn_text_format(&t->out, "%s ", edge);
    pad(t, t->column[c].right ? t->width[c] - width : 0);
    cairn_text_add_bytes(&t->out, text, bytes);
    pad(t, (t->column[c].right ? 0 : t->width[c] - width) + 1);
    return text && text[bytes] ? text + bytes + 1 : NULL;
}

static void put_row(cairn_table *t, const char *edge, const cairn_table_cell *cell)
{
    const char *rest[CAIRN_TABLE_COLUMNS];
    for (size_t c = 0; c < t->columns; c++)
        rest[c] = cell ? cell[c] : t->column[c].title;
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < t->columns; c++) {
            rest[c] = put_line(t, edge, c, rest[c]);
            more |= rest[c] != NULL;
        }
        cairn_text_format(&t->out, "%s\n", edge);
    }
}

size_t cairn_table_measure(cairn_table *t)
{
    size_t all = 1;
    for (size_t c = 0; c < t->columns; c++) {
        size_t title = cairn_utf8_width(t->column[c].title);
        t->width[c] = t->column[c].least > title ? t->column[c].least : title;
        for (int i = 0; i < t->rows; i++) {
            if (t->column[c].most > 0)
                wrap(t->cell[i][c], t->column[c].most);
            size_t width = widest_line(t->cell[i][c]);
            t->width[c] = width > t->width[c] ? width : t->width[c];
        }
        all += t->width[c] + 3;
    }
    return all;
}

void cairn_table_put(cairn_table *t)
{
    cairn_table_measure(t);
    rule(t, "┏", "━", "┳", "┓");
    put_row(t, "┃", NULL);
    rule(t, "┡", "━", "╇", "┩");
    for (int i = 0; i < t->rows; i++) {
        if (i > 0)
            rule(t, "├", "─", "┼", "┤");
        put_row(t, "│", (const cairn_table_cell *)t->cell[i]);
    }
    rule(t, "└", "─", "┴", "┘");
}
