/* Taking a network apart into chains and branches. A layer that all paths between two points pass is a link
 * of the chain between them; what lies between two links falls into branches that do not touch. */
#include "report/draw_tree.h"
#include <string.h>

/* Some layers in order of computation, between a source and the layers that read them. */
typedef struct part {
    const int *layer;
    int count;
    int source; /* layer before, or -1 */
    int sink;   /* layer behind; -1: they end here */
} part;

int cairn_tree_add(cairn_tree *tree, cairn_tree_kind kind, int layer)
{
    if (tree->count == tree->room) {
        int room = tree->room * 2 + 64;
        cairn_tree_node *nodes =
            cairn_resize(tree->architecture->ctx, tree->node, (size_t)room, sizeof *nodes);
        if (!nodes) {
            tree->status = CAIRN_MEMORY;
            return -1;
        }
        tree->node = nodes;
        tree->room = room;
    }
    tree->node[tree->count] = (cairn_tree_node){.kind = kind, .layer = layer, .first = -1, .next = -1};
    return tree->count++;
}

/* Puts a child behind the last one, whose link is given and moves on. */
static void append(cairn_tree *tree, int parent, int *last, int child)
{
    if (child < 0 || parent < 0)
        return;
    if (*last < 0)
        tree->node[parent].first = child;
    else
        tree->node[*last].next = child;
    *last = child;
}

/* Where a layer stands in a part, or -1. */
static int place_of(const part *p, int layer)
{
    int low = 0, high = p->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (p->layer[middle] < layer)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->layer[low] == layer ? low : -1;
}

static bool reads(const cairn_architecture *architecture, int layer, int input)
{
    for (int i = 0; i < architecture->layer[layer].inputs; i++)
        if (architecture->layer[layer].input[i] == input)
            return true;
    return false;
}

static bool leaves(const cairn_tree *tree, const part *p, int layer)
{
    return p->sink < 0 ? tree->end[layer] : reads(tree->architecture, p->sink, layer);
}

static int build_series(cairn_tree *tree, part p);

/* ---- branches ---- */

static int root_of(int *parent, int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* Marks each layer of a part with the first one of its branch: layers that touch, but for the source. */
static void find_branches(const cairn_architecture *architecture, const part *p, int *parent)
{
    for (int i = 0; i < p->count; i++)
        parent[i] = i;
    for (int i = 0; i < p->count; i++) {
        const cairn_layer *layer = &architecture->layer[p->layer[i]];
        for (int k = 0; k < layer->inputs; k++) {
            int from = place_of(p, layer->input[k]);
            if (from < 0)
                continue;
            int a = root_of(parent, from), b = root_of(parent, i);
            parent[a < b ? b : a] = a < b ? a : b;
        }
    }
    for (int i = 0; i < p->count; i++)
        parent[i] = root_of(parent, i);
}

/* Branches in the order in which the join reads them: the first of those left that it reads next. */
static int next_branch(const cairn_architecture *architecture, const part *p, const int *branch,
                       const bool *done)
{
    for (int k = 0; p->sink >= 0 && k < architecture->layer[p->sink].inputs; k++) {
        int at = place_of(p, architecture->layer[p->sink].input[k]);
        if (at >= 0 && !done[branch[at]])
            return branch[at];
    }
    for (int i = 0; i < p->count; i++)
        if (branch[i] == i && !done[i])
            return i;
    return -1;
}

static void add_branches(cairn_tree *tree, int module, part p, int *branch, int *members, bool *done)
{
    int last = -1, first;
    while ((first = next_branch(tree->architecture, &p, branch, done)) >= 0) {
        int count = 0;
        for (int i = 0; i < p.count; i++)
            if (branch[i] == first)
                members[count++] = p.layer[i];
        done[first] = true;
        append(tree, module, &last, build_series(tree, (part){members, count, p.source, p.sink}));
    }
    if (p.source >= 0 && p.sink >= 0 && reads(tree->architecture, p.sink, p.source))
        append(tree, module, &last, cairn_tree_add(tree, CAIRN_TREE_SERIES, -1));
}

/* Layers between two links of a chain. */
static int build_module(cairn_tree *tree, part p, int join)
{
    cairn_ctx *ctx = tree->architecture->ctx;
    int module = cairn_tree_add(tree, CAIRN_TREE_MODULE, join);
    int *branch = cairn_alloc(ctx, (size_t)p.count, sizeof *branch);
    int *members = cairn_alloc(ctx, (size_t)p.count, sizeof *members);
    bool *done = cairn_alloc(ctx, (size_t)p.count, sizeof *done);
    if (!branch || !members || !done)
        tree->status = CAIRN_MEMORY;
    else if (module >= 0) {
        find_branches(tree->architecture, &p, branch);
        add_branches(tree, module, p, branch, members, done);
    }
    cairn_free(ctx, branch);
    cairn_free(ctx, members);
    cairn_free(ctx, done);
    return module;
}

/* ---- chains ---- */

static void cover(int *jumps, int from, int to)
{
    jumps[from + 1]++;
    jumps[to]--;
}

/* jumps[i] is how many edges lead past layer i of the part: none past a link. */
static void find_links(const cairn_tree *tree, const part *p, int *jumps)
{
    for (int i = 0; i < p->count; i++) {
        const cairn_layer *layer = &tree->architecture->layer[p->layer[i]];
        for (int k = 0; k < layer->inputs; k++)
            cover(jumps, place_of(p, layer->input[k]), i);
        if (layer->inputs == 0)
            cover(jumps, -1, i);
        if (leaves(tree, p, p->layer[i]))
            cover(jumps, i, p->count);
    }
    for (int i = 1; i <= p->count; i++)
        jumps[i] += jumps[i - 1];
}

static void add_links(cairn_tree *tree, int series, const part *p, const int *jumps)
{
    int last = -1, start = 0, before = p->source;
    bool links = false;
    for (int i = 0; i <= p->count && !tree->status; i++) {
        if (i < p->count && jumps[i] != 0)
            continue;
        int behind = i < p->count ? p->layer[i] : p->sink;
        links |= i < p->count;
        /* Without a link there would be nothing to take apart. */
        tree->tangled |= i == p->count && !links;
        if (tree->tangled)
            return;
        part between = {p->layer + start, i - start, before, behind};
        if (between.count > 0)
            append(tree, series, &last, build_module(tree, between, i < p->count ? behind : -1));
        else if (i < p->count)
            append(tree, series, &last, cairn_tree_add(tree, CAIRN_TREE_LEAF, behind));
        before = behind;
        start = i + 1;
    }
}

static int build_series(cairn_tree *tree, part p)
{
    int series = cairn_tree_add(tree, CAIRN_TREE_SERIES, -1);
    int *jumps = cairn_alloc(tree->architecture->ctx, (size_t)p.count + 1, sizeof *jumps);
    if (!jumps)
        tree->status = CAIRN_MEMORY;
    if (!tree->status && !tree->tangled) {
        find_links(tree, &p, jumps);
        add_links(tree, series, &p, jumps);
    }
    cairn_free(tree->architecture->ctx, jumps);
    return series;
}

/* ---- heads ---- */

/* The node of the chain at whose end a layer stands, or -1. */
static int find_layer(const cairn_tree *tree, int layer)
{
    for (int i = 0; i < tree->count; i++)
        if (tree->node[i].layer == layer)
            return i;
    return -1;
}

/* Hangs a head behind the layer where it leaves the main path. */
static void attach_head(cairn_tree *tree, const part *p)
{
    int fork = -1;
    for (int i = 0; i < p->count; i++) {
        const cairn_layer *layer = &tree->architecture->layer[p->layer[i]];
        for (int k = 0; k < layer->inputs; k++)
            if (tree->main[layer->input[k]]) {
                tree->tangled |= fork >= 0 && fork != layer->input[k];
                fork = layer->input[k];
            }
    }
    int at = fork < 0 ? -1 : find_layer(tree, fork);
    tree->tangled |= at < 0;
    if (tree->tangled)
        return;
    int series = build_series(tree, (part){p->layer, p->count, fork, -1});
    int head = cairn_tree_add(tree, CAIRN_TREE_HEAD, -1);
    if (!tree->status)
        cairn_tree_frame_head(tree, series);
    if (tree->status)
        return;
    tree->node[head].first = series;
    tree->node[head].next = tree->node[at].next;
    tree->node[at].next = head;
}

/* Layers beside the main path, head by head. scratch: three numbers a layer. */
static void attach_heads(cairn_tree *tree, int *scratch)
{
    int all = tree->architecture->count, count = 0;
    int *beside = scratch, *branch = scratch + all, *members = scratch + 2 * all;
    for (int i = 0; i < all; i++)
        if (!tree->main[i])
            beside[count++] = i;
    part p = {beside, count, -1, -1};
    find_branches(tree->architecture, &p, branch);
    for (int first = 0; first < count && !tree->status && !tree->tangled; first++) {
        part head = {members, 0, -1, -1};
        for (int i = first; i < count && branch[first] == first; i++)
            if (branch[i] == first)
                members[head.count++] = beside[i];
        if (head.count > 0)
            attach_head(tree, &head);
    }
}

/* ---- all ---- */

/* Which layers the scores depend on, and which nobody reads. Gives the number of the first. */
static void survey(cairn_tree *tree)
{
    const cairn_architecture *architecture = tree->architecture;
    for (int i = 0; i < architecture->count; i++)
        tree->end[i] = true;
    tree->main[architecture->result] = true;
    for (int i = architecture->count - 1; i >= 0; i--)
        for (int k = 0; k < architecture->layer[i].inputs; k++) {
            int from = architecture->layer[i].input[k];
            tree->main[from] |= tree->main[i];
            /* A head beside the main path does not keep that from ending. */
            tree->end[from] &= tree->main[from] && !tree->main[i];
        }
}

static void build(cairn_tree *tree, int *scratch)
{
    int all = tree->architecture->count, count = 0;
    survey(tree);
    for (int i = 0; i < all; i++)
        if (tree->main[i])
            scratch[count++] = i;
    tree->root = build_series(tree, (part){scratch, count, -1, -1});
    if (!tree->status && !tree->tangled)
        attach_heads(tree, scratch);
}

cairn_status cairn_tree_build(cairn_tree *tree, const cairn_architecture *architecture, bool fold)
{
    *tree = (cairn_tree){.architecture = architecture, .tangled = architecture->count == 0};
    if (tree->tangled)
        return CAIRN_OK;
    size_t count = (size_t)architecture->count;
    tree->end = cairn_alloc(architecture->ctx, count, sizeof *tree->end);
    tree->main = cairn_alloc(architecture->ctx, count, sizeof *tree->main);
    int *scratch = cairn_alloc(architecture->ctx, count, 3 * sizeof *scratch);
    if (!tree->end || !tree->main || !scratch)
        tree->status = CAIRN_MEMORY;
    else
        build(tree, scratch);
    cairn_free(architecture->ctx, scratch);
    if (!tree->status && !tree->tangled)
        cairn_tree_group(tree);
    if (!tree->status && !tree->tangled && fold)
        cairn_tree_fold(tree);
    if (!tree->status && !tree->tangled)
        cairn_tree_stages(tree);
    cairn_status status = tree->status;
    if (status)
        cairn_tree_free(tree);
    return status;
}

void cairn_tree_free(cairn_tree *tree)
{
    cairn_free(tree->architecture->ctx, tree->node);
    cairn_free(tree->architecture->ctx, tree->end);
    cairn_free(tree->architecture->ctx, tree->main);
    *tree = (cairn_tree){.architecture = tree->architecture};
}
