/* What a reader sees in a chain of modules: the scopes that they were built in, blocks that come again, and
 * the stages of a residual network. All of it from names and shapes, none from knowing the network. */
#include "report/draw_tree.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS "./_"
#define FEWEST_LAYERS 3 /* equal single layers are folded from here on; blocks from two */

/* ---- scopes ---- */

typedef struct scope {
    char name[CAIRN_SCOPE_BYTES]; /* the longest common beginning of the names so far */
    int layers;
} scope;

static void meet(scope *s, const char *name)
{
    if (s->layers++ == 0)
        snprintf(s->name, sizeof s->name, "%s", name);
    size_t same = 0;
    while (s->name[same] && s->name[same] == name[same])
        same++;
    s->name[same] = '\0';
}

/* Names of the layers below a node that have one of their own: those with weights. */
static void collect(const cairn_tree *tree, int at, scope *s)
{
    const cairn_tree_node *node = &tree->node[at];
    if (node->layer >= 0 && tree->architecture->layer[node->layer].params > 0)
        meet(s, tree->architecture->layer[node->layer].name);
    for (int child = node->first; child >= 0; child = tree->node[child].next)
        collect(tree, child, s);
}

/* Cuts a name at its last separator. */
static void cut(char *name)
{
    size_t length = strlen(name);
    while (length > 0 && (!name[length] || !strchr(SEPARATORS, name[length])))
        length--;
    name[length] = '\0';
}

/* The scope of a module holds its join too, if they have one in common: beside a pool there may be a single
 * layer with weights, in a scope of its own. */
static void widen(const cairn_tree *tree, int module, scope *s)
{
    int join = tree->node[module].layer;
    scope whole = *s;
    if (join >= 0)
        meet(&whole, tree->architecture->layer[join].name);
    cut(whole.name);
    cut(s->name);
    if (whole.name[0])
        memcpy(s->name, whole.name, sizeof s->name);
}

static bool inside(const char *name, const char *scope_name)
{
    size_t length = strlen(scope_name);
    return length > 0 && strncmp(name, scope_name, length) == 0 && name[length] &&
           strchr(SEPARATORS, name[length]);
}

static bool leaf_inside(const cairn_tree *tree, int at, const char *scope_name)
{
    if (at < 0 || tree->node[at].kind != CAIRN_TREE_LEAF)
        return false;
    const cairn_layer *layer = &tree->architecture->layer[tree->node[at].layer];
    return inside(layer->name, scope_name);
}

/* Layers with weights in a scope, in the whole network. */
static int layers_inside(const cairn_tree *tree, const char *scope_name)
{
    int count = 0;
    for (int i = 0; i < tree->architecture->count; i++) {
        const cairn_layer *layer = &tree->architecture->layer[i];
        count += layer->params > 0 && tree->main[i] && inside(layer->name, scope_name);
    }
    return count;
}

/* The first and last child around a module that share its scope. Where the scope is not the module's alone,
 * the name is that of the join, or empty. */
static void find_scope(const cairn_tree *tree, int module, const int *leaf, int leaves, int *first, int *last,
                       char name[CAIRN_SCOPE_BYTES])
{
    scope s = {.layers = 0};
    collect(tree, module, &s);
    widen(tree, module, &s);
    *first = *last = module;
    for (int i = leaves - 1; i >= 0 && leaf_inside(tree, leaf[i], s.name); i--) {
        s.layers += tree->architecture->layer[tree->node[leaf[i]].layer].params > 0;
        *first = leaf[i];
    }
    for (int next = tree->node[module].next; leaf_inside(tree, next, s.name); next = tree->node[next].next) {
        s.layers += tree->architecture->layer[tree->node[next].layer].params > 0;
        *last = next;
    }
    int join = tree->node[module].layer;
    snprintf(name, CAIRN_SCOPE_BYTES, "%s", s.name);
    if (s.layers == layers_inside(tree, s.name) && s.name[0])
        return;
    *first = *last = module;
    /* Keras calls its modules after the layer that joins them. */
    snprintf(name, CAIRN_SCOPE_BYTES, "%s", join >= 0 ? tree->architecture->layer[join].scope : "");
}

/* Wraps children first ... last of the root, where `before` is the child ahead of them or -1. */
static int wrap(cairn_tree *tree, cairn_tree_kind kind, int before, int first, int last)
{
    int group = cairn_tree_add(tree, kind, -1);
    if (group < 0)
        return last;
    tree->node[group].first = first;
    tree->node[group].next = tree->node[last].next;
    tree->node[last].next = -1;
    *(before < 0 ? &tree->node[tree->root].first : &tree->node[before].next) = group;
    return group;
}

#define MOST_LEADING 4 /* layers ahead of a module that can belong to it */

void cairn_tree_group(cairn_tree *tree)
{
    int leaf[MOST_LEADING], ahead[MOST_LEADING], leaves = 0, before = -1;
    for (int at = tree->node[tree->root].first; at >= 0 && !tree->status; at = tree->node[at].next) {
        if (tree->node[at].kind == CAIRN_TREE_LEAF) {
            if (leaves == MOST_LEADING) {
                memmove(leaf, leaf + 1, sizeof leaf - sizeof *leaf);
                memmove(ahead, ahead + 1, sizeof ahead - sizeof *ahead);
                leaves--;
            }
            ahead[leaves] = before;
            leaf[leaves++] = at;
        } else if (tree->node[at].kind == CAIRN_TREE_MODULE) {
            char name[CAIRN_SCOPE_BYTES];
            int first, last;
            find_scope(tree, at, leaf, leaves, &first, &last, name);
            for (int i = 0; i < leaves; i++)
                if (leaf[i] == first)
                    before = ahead[i];
            at = wrap(tree, CAIRN_TREE_GROUP, before, first, last);
            memcpy(tree->node[at].name, name, sizeof name);
            leaves = 0;
        } else {
            leaves = 0;
        }
        before = at;
    }
}

void cairn_tree_frame_head(cairn_tree *tree, int series)
{
    scope s = {.layers = 0};
    collect(tree, series, &s);
    cut(s.name);
    int group = s.name[0] ? cairn_tree_add(tree, CAIRN_TREE_GROUP, -1) : -1;
    if (group < 0)
        return;
    memcpy(tree->node[group].name, s.name, sizeof s.name);
    tree->node[group].first = tree->node[series].first;
    tree->node[series].first = group;
}

/* ---- repeats ---- */

static bool same_layer(const cairn_layer *a, const cairn_layer *b)
{
    return strcmp(a->op, b->op) == 0 && strcmp(a->brief, b->brief) == 0 && strcmp(a->after, b->after) == 0 &&
           strcmp(a->operation, b->operation) == 0 && a->params == b->params && a->macs == b->macs &&
           a->inputs == b->inputs && a->shape.rank == b->shape.rank &&
           memcmp(a->shape.dim, b->shape.dim, sizeof a->shape.dim) == 0;
}

static bool same(const cairn_tree *tree, int a, int b)
{
    const cairn_tree_node *x = &tree->node[a], *y = &tree->node[b];
    if (x->kind != y->kind || (x->layer < 0) != (y->layer < 0) || x->kind == CAIRN_TREE_HEAD)
        return false;
    const cairn_layer *layer = tree->architecture->layer;
    if (x->layer >= 0 && !same_layer(&layer[x->layer], &layer[y->layer]))
        return false;
    int p = x->first, q = y->first;
    for (; p >= 0 && q >= 0; p = tree->node[p].next, q = tree->node[q].next)
        if (!same(tree, p, q))
            return false;
    return p < 0 && q < 0;
}

/* The sibling `steps` further on, or -1. */
static int step(const cairn_tree *tree, int at, int steps)
{
    while (steps-- > 0 && at >= 0)
        at = tree->node[at].next;
    return at;
}

/* How often the `period` children from `at` on occur one after the other. */
static int turns(const cairn_tree *tree, int at, int period)
{
    int count = 1;
    for (int turn = step(tree, at, period); turn >= 0; count++) {
        int a = at, b = turn;
        for (int i = 0; i < period; i++, a = tree->node[a].next, b = tree->node[b].next)
            if (b < 0 || !same(tree, a, b))
                return count;
        turn = b;
    }
    return count;
}

/* A repeat of several layers begins with a convolution: not in the middle of one and what follows it. */
static bool begins_turn(const cairn_tree *tree, int at)
{
    const cairn_tree_node *node = &tree->node[at];
    return node->kind == CAIRN_TREE_GROUP ||
           (node->kind == CAIRN_TREE_LEAF && tree->architecture->layer[node->layer].kind == CAIRN_LAYER_CONV);
}

#define LONGEST_PERIOD 12

static int best_period(const cairn_tree *tree, int at, int *count)
{
    int best = 0, covered = 0;
    for (int period = 1; period <= LONGEST_PERIOD && step(tree, at, 2 * period - 1) >= 0; period++) {
        if (period > 1 && !begins_turn(tree, at))
            break;
        int found = turns(tree, at, period);
        bool single = period == 1 && tree->node[at].kind == CAIRN_TREE_LEAF;
        if (found >= (single ? FEWEST_LAYERS : 2) && found * period > covered) {
            best = period;
            covered = found * period;
            *count = found;
        }
    }
    return best;
}

/* "layer3.1" and "layer3.22" make "layer3.1-22". */
static void name_range(char *name, const char *from, const char *to)
{
    size_t same_part = 0;
    while (from[same_part] && from[same_part] == to[same_part])
        same_part++;
    while (same_part > 0 && isdigit((unsigned char)to[same_part - 1]))
        same_part--;
    if (*from && *to)
        snprintf(name, CAIRN_SCOPE_BYTES, "%.30s-%.30s", from, to + same_part);
}

/* Keeps one turn of a repeat and drops the others. */
static int fold(cairn_tree *tree, int before, int at, int period, int count)
{
    int end = step(tree, at, period * count - 1), behind = tree->node[end].next;
    char name[CAIRN_SCOPE_BYTES] = "";
    if (period == 1)
        name_range(name, tree->node[at].name, tree->node[end].name);
    int repeat = wrap(tree, CAIRN_TREE_REPEAT, before, at, step(tree, at, period - 1));
    if (tree->status)
        return at;
    tree->node[repeat].next = behind;
    tree->node[repeat].count = count;
    memcpy(tree->node[repeat].name, name, sizeof name);
    if (period == 1 && tree->node[at].kind == CAIRN_TREE_GROUP)
        tree->node[repeat].first = tree->node[at].first; /* one frame, not two */
    return repeat;
}

void cairn_tree_fold(cairn_tree *tree)
{
    int before = -1;
    for (int at = tree->node[tree->root].first; at >= 0 && !tree->status; at = tree->node[at].next) {
        int count = 0, period = best_period(tree, at, &count);
        if (period > 0)
            at = fold(tree, before, at, period, count);
        before = at;
    }
}

/* ---- stages ---- */

/* Does a residual block end here, with a sum? */
static bool is_residual(const cairn_tree *tree, int at)
{
    bool sum = false;
    if (tree->node[at].kind != CAIRN_TREE_GROUP && tree->node[at].kind != CAIRN_TREE_REPEAT)
        return false;
    for (int child = tree->node[at].first; child >= 0; child = tree->node[child].next)
        if (tree->node[child].kind == CAIRN_TREE_GROUP)
            sum = is_residual(tree, child);
        else if (tree->node[child].kind == CAIRN_TREE_MODULE)
            sum = tree->node[child].layer >= 0 &&
                  strcmp(tree->architecture->layer[tree->node[child].layer].op, "add") == 0;
    return sum;
}

static bool same_stage(const cairn_tree *tree, int a, int b)
{
    char x[CAIRN_SCOPE_BYTES], y[CAIRN_SCOPE_BYTES];
    if (b < 0 || !is_residual(tree, a) || !is_residual(tree, b))
        return false;
    memcpy(x, tree->node[a].name, sizeof x);
    memcpy(y, tree->node[b].name, sizeof y);
    cut(x);
    cut(y);
    return x[0] && strcmp(x, y) == 0;
}

void cairn_tree_stages(cairn_tree *tree)
{
    for (int at = tree->node[tree->root].first; at >= 0; at = tree->node[at].next) {
        int next = tree->node[at].next;
        if (!same_stage(tree, at, next))
            continue;
        for (int i = at; i == at || i == next; i = tree->node[i].next) {
            memcpy(tree->node[i].stage, tree->node[i].name, sizeof tree->node[i].stage);
            cut(tree->node[i].stage);
        }
    }
}
