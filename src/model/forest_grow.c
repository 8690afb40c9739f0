/* Growing one tree, depth first, on an array of samples that is partitioned in place (stably, so that rows stay in
 * rising order and a large node reads columns nearly in sequence). A feature is judged by counting the node's rows per
 * value and class; no sorting.
 *
 * Features are drawn without replacement as in scikit-learn: until `max_features` were drawn and a valid cut was found;
 * those known to be constant in a node are known to be so below it. Of equal cuts the first drawn wins (the lowest
 * feature if all are looked at), then the lowest cut. */
#include "base/error.h"
#include "base/memory.h"
#include "kernels/kernels.h"
#include "model/forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP = 4,                /* features that are counted together, but */
    FEW = 12,                 /* samples up to which the first one often is perfect */
    BLOCK_ROWS = 2048,        /* samples that get a block of their own, unless it would have */
    BLOCK_SIZE = 1 << 20,     /* more bytes than a core's cache holds beside other things */
    EXACT = 65536,            /* drawn rows that the kernel can count */
    NODES_PER_LOOK = 256,     /* nodes between two calls of go_on, and */
    VALUES_PER_LOOK = 1 << 24 /* values that were counted */
};

struct sample {
    uint32_t row;
    uint16_t weight; /* how often it was drawn */
    uint8_t label;
};

/* A node to be grown. */
struct frame {
    uint32_t first, end; /* its samples */
    uint32_t depth, constants, node;
    bool in_block; /* the samples' rows are places in the grower's block */
};

struct split {
    double score;
    uint32_t feature, cut;
    bool varies; /* false: the feature is constant in the node */
};

struct ten_grower {
    const struct ten_growth *growth;
    struct sample *samples, *moved;       /* [rows] */
    uint16_t *drawn;                      /* [rows] */
    uint8_t *abreast;                     /* [TEN_ABREAST x columns] rows out of bag */
    uint8_t *values;                      /* [rows] one feature of a node's rows */
    uint32_t *features, *known_constants; /* [columns] a permutation; constants found on the way down */
    uint16_t *counts[GROUP];              /* [TEN_BINS x TEN_COUNT_LANES] rows per value and class, zero between uses */
    uint8_t touched[GROUP * TEN_BINS] __attribute__((aligned(64))); /* 1: the value is there */
    uint32_t *wide_counts; /* [TEN_BINS x TEN_CLASSES] the same as counts for many rows */
    uint32_t *oob;         /* [rows x TEN_CLASSES] */
    struct frame *stack;
    size_t height, capacity;
    struct ten_random random;
    uint8_t *block;    /* [columns x block_rows] values of a small node's rows */
    size_t block_rows; /* 0: none */
    /* the node at work */
    bool in_block;
    const struct sample *here;
    size_t count;    /* samples */
    uint64_t weight; /* drawn rows */
    double squares;  /* the score without a cut */
    uint32_t total[TEN_COUNT_LANES] __attribute__((aligned(64)));
};

void ten_tree_release(struct ten_tree *tree) {
    free(tree->node);
    free(tree->decrease);
    free(tree->probability);
    *tree = (struct ten_tree){0};
}

void ten_grower_free(struct ten_grower *g) {
    if (!g) return;
    free(g->samples);
    free(g->moved);
    free(g->drawn);
    free(g->abreast);
    free(g->values);
    free(g->features);
    free(g->known_constants);
    free(g->counts[0]);
    free(g->wide_counts);
    free(g->oob);
    free(g->block);
    free(g->stack);
    free(g);
}

struct ten_grower *ten_grower_new(const struct ten_growth *growth) {
    struct ten_grower *g = ten_alloc_zero(1, sizeof *g);
    if (!g) return NULL;
    size_t rows = growth->rows, columns = growth->columns;
    g->growth = growth;
    g->samples = ten_alloc(rows, sizeof *g->samples);
    g->moved = ten_alloc(rows, sizeof *g->moved);
    g->values = ten_alloc(rows, 1);
    g->features = ten_alloc(columns, sizeof *g->features);
    g->known_constants = ten_alloc(columns, sizeof *g->known_constants);
    g->wide_counts = ten_alloc_zero(TEN_BINS * TEN_CLASSES, sizeof *g->wide_counts);
    g->counts[0] = ten_alloc_zero(GROUP * TEN_BINS * TEN_COUNT_LANES, sizeof **g->counts);
    for (size_t k = 1; g->counts[0] && k < GROUP; k++) g->counts[k] = g->counts[k - 1] + TEN_BINS * TEN_COUNT_LANES;
    bool fits =
        g->samples && g->moved && g->values && g->features && g->known_constants && g->counts[0] && g->wide_counts;
    g->block_rows = BLOCK_SIZE / columns / 16 * 16;
    if (g->block_rows > BLOCK_ROWS) g->block_rows = BLOCK_ROWS;
    g->block = ten_alloc(g->block_rows * columns, 1);
    fits = fits && g->block;
    if (growth->bootstrap) {
        g->drawn = ten_alloc(rows, sizeof *g->drawn);
        g->abreast = ten_alloc(TEN_ABREAST, columns);
        g->oob = ten_alloc_zero(rows * TEN_CLASSES, sizeof *g->oob);
        fits = fits && g->drawn && g->abreast && g->oob;
    }
    if (fits) return g;
    ten_grower_free(g);
    return NULL;
}

const uint32_t *ten_grower_oob(const struct ten_grower *g) { return g->oob; }

/* ---- The samples of a tree ------------------------------------------------------------------------------------ */

/* Every row once, or as many rows as there are drawn with replacement; the others are out of bag. */
static struct frame draw_samples(struct ten_grower *g) {
    const struct ten_growth *growth = g->growth;
    size_t rows = growth->rows, count = 0;
    if (growth->bootstrap) {
        memset(g->drawn, 0, rows * sizeof *g->drawn);
        for (size_t i = 0; i < rows; i++) g->drawn[ten_random_below(&g->random, rows)]++;
    }
    for (size_t r = 0; r < rows; r++) {
        uint16_t weight = growth->bootstrap ? g->drawn[r] : 1;
        if (weight) g->samples[count++] = (struct sample){(uint32_t)r, weight, growth->labels[r]};
    }
    return (struct frame){.end = (uint32_t)count};
}

/* ---- A small node's values, side by side ------------------------------------------------------------------------ */

typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

/* Interleaving the halves of a list of sixteen vectors four times transposes it. */
static inline void interleave(const bytes16 *from, bytes16 *to) {
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        bytes16 a = from[i], b = from[i + 8];
        to[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        to[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

static void transpose16(const uint8_t *const rows[16], size_t column, uint8_t *to, size_t step) {
    bytes16 a[16], b[16];
    for (size_t i = 0; i < 16; i++) a[i] = *(const bytes16 *)(rows[i] + column);
    interleave(a, b);
    interleave(b, a);
    interleave(a, b);
    interleave(b, a);
    for (size_t i = 0; i < 16; i++) *(bytes16 *)(to + i * step) = a[i];
}

/* Copies the values of a node's rows into g->block, column after column; from here down the samples' rows are places in
 * it. A whole subtree then works in the cache. */
static void make_block(struct ten_grower *g, const struct frame *frame) {
    size_t columns = g->growth->columns, count = frame->end - frame->first, step = g->block_rows;
    for (size_t r0 = 0; r0 < count; r0 += 16) {
        const uint8_t *rows[16];
        for (size_t i = 0; i < 16; i++) {
            size_t r = r0 + i < count ? r0 + i : count - 1; /* the last one fills up */
            rows[i] = g->growth->bins->by_row + g->samples[frame->first + r].row * columns;
        }
        size_t j = 0;
        for (; j + 16 <= columns; j += 16) transpose16(rows, j, g->block + j * step + r0, step);
        for (; j < columns; j++)
            for (size_t i = 0; i < 16; i++) g->block[j * step + r0 + i] = rows[i][j];
    }
    for (size_t r = 0; r < count; r++) g->samples[frame->first + r].row = (uint32_t)r;
}

/* A feature's values by the samples' rows. */
static const uint8_t *column_of(const struct ten_grower *g, size_t feature) {
    if (g->in_block) return g->block + feature * g->block_rows;
    return g->growth->bins->by_column + feature * g->growth->rows;
}

/* ---- Judging a cut --------------------------------------------------------------------------------------------- */

/* What is gained is the same up to a constant and a factor: for Gini sum L^2 / |L| + sum R^2 / |R|, for the entropy
 * sum L log L - |L| log |L| + the same of R. Larger is better. */
static double side(const struct ten_grower *g, const uint32_t *counts, uint64_t rows) {
    if (g->growth->entropy) {
        double sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += g->growth->xlogx[counts[c]];
        return sum - g->growth->xlogx[rows];
    }
    uint64_t squares = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) squares += (uint64_t)counts[c] * counts[c];
    return (double)squares / (double)rows;
}

static double score_of(const struct ten_grower *g, const uint32_t left[TEN_CLASSES], uint64_t rows) {
    uint32_t right[TEN_CLASSES];
    for (size_t c = 0; c < TEN_CLASSES; c++) right[c] = g->total[c] - left[c];
    return side(g, left, rows) + side(g, right, g->weight - rows);
}

/* A score that no cut has: entropy's scores are not positive, Gini's positive. */
static const double no_score = -INFINITY;

/* As the kernel best_cut, for any number of rows and either criterion. */
static size_t best_cut(struct ten_grower *g, struct ten_cut *best) {
    uint32_t left[TEN_CLASSES] = {0}, last = 0;
    uint64_t rows = 0, least = g->growth->min_samples_leaf;
    size_t values = 0;
    *best = (struct ten_cut){.score = no_score};
    for (uint32_t v = 0; v < TEN_BINS; v++) {
        if (!g->touched[v]) continue;
        if (values++ > 0 && rows >= least && g->weight - rows >= least) {
            double score = score_of(g, left, rows);
            if (score > best->score) *best = (struct ten_cut){score, last, v};
        }
        uint32_t *here = g->wide_counts + v * TEN_CLASSES;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            left[c] += here[c];
            rows += here[c];
            here[c] = 0;
        }
        last = v;
    }
    memset(g->touched, 0, TEN_BINS);
    return values;
}

static struct split try_wide(struct ten_grower *g, uint32_t feature) {
    const uint8_t *column = column_of(g, feature);
    for (size_t i = 0; i < g->count; i++) {
        size_t v = column[g->here[i].row];
        g->wide_counts[v * TEN_CLASSES + g->here[i].label] += g->here[i].weight;
        g->touched[v] = 1;
    }
    struct ten_cut cut;
    size_t values = best_cut(g, &cut);
    return (struct split){cut.score, feature, (cut.last + cut.next) / 2, values > 1};
}

/* Several features at once: a count waits for the one before it in the same place, as rows of one class often have the
 * same value; those of other features go on meanwhile. */
static inline __attribute__((always_inline)) void count_features(struct ten_grower *g, const uint32_t *features,
                                                                 size_t group) {
    const struct sample *here = g->here, *end = here + g->count;
    const uint8_t *column[GROUP] = {NULL};
    uint16_t *counts = g->counts[0]; /* those of all of the group lie behind each other */
    uint8_t *touched = g->touched;
    for (size_t k = 0; k < group; k++) column[k] = column_of(g, features[k]);
    for (; here < end; here++) {
        size_t row = here->row, label = here->label;
        uint16_t weight = here->weight;
#pragma GCC unroll 8
        for (size_t k = 0; k < group; k++) {
            size_t v = k * TEN_BINS + column[k][row];
            counts[v * TEN_COUNT_LANES + label] = (uint16_t)(counts[v * TEN_COUNT_LANES + label] + weight);
            touched[v] = 1;
        }
    }
}

static void try_best(struct ten_grower *g, const uint32_t *features, size_t group, struct split *splits) {
    const struct ten_growth *growth = g->growth;
    if (growth->entropy || g->weight >= EXACT) {
        for (size_t k = 0; k < group; k++) splits[k] = try_wide(g, features[k]);
        return;
    }
    uint32_t least = growth->min_samples_leaf < EXACT ? (uint32_t)growth->min_samples_leaf : EXACT;
    if (group == GROUP)
        count_features(g, features, GROUP);
    else
        count_features(g, features, group);
    for (size_t k = 0; k < group; k++) {
        struct ten_cut cut;
        size_t values = ten_kernels()->best_cut(g->counts[k], g->touched + k * TEN_BINS, g->total, least, &cut);
        splits[k] =
            (struct split){cut.score < 0 ? no_score : cut.score, features[k], (cut.last + cut.next) / 2, values > 1};
    }
}

/* A cut drawn evenly between the smallest and the largest value (Geurts et al. 2006). */
static struct split try_random(struct ten_grower *g, uint32_t feature) {
    const struct ten_growth *growth = g->growth;
    const uint8_t *column = column_of(g, feature);
    uint8_t low = 255, high = 0, *values = g->values;
    for (size_t i = 0; i < g->count; i++) values[i] = column[g->here[i].row];
    for (size_t i = 0; i < g->count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    if (low == high) return (struct split){no_score, feature, low, false};
    uint32_t cut = low + (uint32_t)ten_random_below(&g->random, (uint64_t)(high - low));
    uint32_t sides[2][TEN_COUNT_LANES] = {{0}};
    for (size_t i = 0; i < g->count; i++) sides[values[i] > cut][g->here[i].label] += g->here[i].weight;
    uint64_t rows = 0, least = growth->min_samples_leaf;
    for (size_t c = 0; c < TEN_CLASSES; c++) rows += sides[0][c];
    bool valid = rows >= least && g->weight - rows >= least;
    return (struct split){valid ? score_of(g, sides[0], rows) : no_score, feature, cut, true};
}

/* ---- Choosing a feature ----------------------------------------------------------------------------------------- */

/* The features of a node, in g->features: known constants first, of them those drawn before the others; then those
 * found to be constant; those not drawn yet; from `end` on those drawn. */
struct lottery {
    uint32_t known, found, end, drawn_constants;
    size_t visited;
};

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t c = *a;
    *a = *b;
    *b = c;
}

/* Draws up to `wanted` features that may not be constant; known constants count as looked at. */
static size_t draw_features(struct ten_grower *g, struct lottery *l, size_t wanted, uint32_t drawn[GROUP]) {
    uint32_t *features = g->features;
    size_t count = 0;
    for (; wanted > 0 && l->end > l->known + l->found; wanted--) {
        l->visited++;
        uint32_t i = l->drawn_constants;
        i += (uint32_t)ten_random_below(&g->random, l->end - l->found - l->drawn_constants);
        if (i < l->known) {
            swap(&features[i], &features[l->drawn_constants++]);
        } else {
            swap(&features[i + l->found], &features[--l->end]);
            drawn[count++] = features[l->end];
        }
    }
    return count;
}

/* Moves the drawn feature at `place` to those found to be constant. */
static void put_aside(uint32_t *features, struct lottery *l, uint32_t place) {
    swap(&features[place], &features[l->end]);
    swap(&features[l->end++], &features[l->known + l->found++]);
}

/* frame->constants grows by those found. */
static struct split find_split(struct ten_grower *g, struct frame *frame) {
    const struct ten_growth *growth = g->growth;
    uint32_t *features = g->features;
    struct lottery l = {.known = frame->constants, .end = (uint32_t)growth->columns};
    bool all = growth->max_features >= growth->columns;
    struct split best = {.score = no_score};
    double perfect = growth->entropy ? 0 : (double)g->weight; /* both sides pure */
    size_t most = growth->random_cuts || g->count < FEW ? 1 : GROUP;
    while (l.end > l.known + l.found && (l.visited < growth->max_features || best.score == no_score)) {
        size_t left = l.visited < growth->max_features ? growth->max_features - l.visited : 1;
        uint32_t drawn[GROUP];
        struct split splits[GROUP];
        size_t count = draw_features(g, &l, left < most ? left : most, drawn);
        if (growth->random_cuts && count)
            splits[0] = try_random(g, drawn[0]);
        else if (count)
            try_best(g, drawn, count, splits);
        for (size_t k = 0; k < count; k++) {
            bool lower = all && splits[k].score == best.score && splits[k].feature < best.feature;
            if (splits[k].varies && (splits[k].score > best.score || lower)) best = splits[k];
        }
        for (size_t k = count, first = l.end; k-- > 0;)
            if (!splits[k].varies) put_aside(features, &l, (uint32_t)(first + count - 1 - k));
        if (best.score == perfect && !all) break;
    }
    /* what ancestors know to be constant must keep its order: other branches rely on it */
    memcpy(features, g->known_constants, l.known * sizeof *features);
    memcpy(g->known_constants + l.known, features + l.known, l.found * sizeof *features);
    frame->constants = l.known + l.found;
    return best;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

/* Room for `more` nodes, all leaves without probabilities yet. */
static bool add_nodes(struct ten_tree *tree, size_t more) {
    if (tree->nodes + more > tree->node_capacity) {
        size_t capacity = tree->node_capacity ? 2 * tree->node_capacity : 1024;
        struct ten_node *node = ten_realloc(tree->node, capacity, sizeof *node);
        if (node) tree->node = node;
        double *decrease = node ? ten_realloc(tree->decrease, capacity, sizeof *decrease) : NULL;
        if (!decrease) return false;
        tree->decrease = decrease;
        tree->node_capacity = capacity;
    }
    for (size_t i = 0; i < more; i++) {
        tree->node[tree->nodes] = (struct ten_node){TEN_LEAF, 0};
        tree->decrease[tree->nodes++] = 0;
    }
    return true;
}

static bool push(struct ten_grower *g, struct frame frame) {
    if (g->height == g->capacity) {
        size_t capacity = g->capacity ? 2 * g->capacity : 64;
        struct frame *stack = ten_realloc(g->stack, capacity, sizeof *stack);
        if (!stack) return false;
        g->stack = stack;
        g->capacity = capacity;
    }
    g->stack[g->height++] = frame;
    return true;
}

static void enter(struct ten_grower *g, const struct frame *frame) {
    g->here = g->samples + frame->first;
    g->count = frame->end - frame->first;
    memset(g->total, 0, sizeof g->total);
    for (size_t i = 0; i < g->count; i++) g->total[g->here[i].label] += g->here[i].weight;
    g->weight = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) g->weight += g->total[c];
}

/* Whether the node must stay a leaf whatever the features say. */
static bool is_leaf(const struct ten_grower *g, const struct frame *frame) {
    const struct ten_growth *growth = g->growth;
    if (frame->depth >= growth->max_depth || g->weight < growth->min_samples_split ||
        g->weight < 2 * (uint64_t)growth->min_samples_leaf)
        return true;
    for (size_t c = 0; c < TEN_CLASSES; c++)
        if (g->total[c] == g->weight) return true;
    return false;
}

static bool make_leaf(struct ten_tree *tree, struct ten_grower *g, const struct frame *frame) {
    float probability[TEN_CLASSES];
    size_t leaf = TEN_CLASSES + tree->leaves;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        probability[c] = (float)((double)g->total[c] / (double)g->weight);
        if (g->total[c] == g->weight) leaf = c;
    }
    tree->node[frame->node].child = (int32_t)leaf;
    if (leaf < TEN_CLASSES) return true;
    if (tree->leaves == tree->leaf_capacity) {
        size_t capacity = tree->leaf_capacity ? 2 * tree->leaf_capacity : 64;
        float *larger = ten_realloc(tree->probability, capacity * TEN_CLASSES, sizeof *larger);
        if (!larger) return false;
        tree->probability = larger;
        tree->leaf_capacity = capacity;
    }
    memcpy(tree->probability + tree->leaves++ * TEN_CLASSES, probability, sizeof probability);
    return true;
}

/* Stable: those that go right wait beside. Returns where the right side begins. */
static uint32_t partition(struct ten_grower *g, const struct frame *frame, const struct split *split) {
    const uint8_t *column = column_of(g, split->feature);
    struct sample *samples = g->samples, *moved = g->moved;
    uint32_t left = frame->first, right = 0;
    for (uint32_t i = frame->first; i < frame->end; i++) {
        struct sample sample = samples[i];
        bool goes_right = column[sample.row] > split->cut;
        samples[left] = moved[right] = sample;
        left += !goes_right;
        right += goes_right;
    }
    memcpy(samples + left, moved, right * sizeof *moved);
    return left;
}

static bool make_split(struct ten_tree *tree, struct ten_grower *g, const struct frame *frame,
                       const struct split *split) {
    uint32_t middle = partition(g, frame, split);
    size_t child = tree->nodes;
    if (!add_nodes(tree, 2)) return false;
    tree->node[frame->node] = (struct ten_node){(int32_t)(split->feature * TEN_BINS + split->cut), (int32_t)child};
    tree->decrease[frame->node] = split->score - side(g, g->total, g->weight);
    struct frame left = *frame, right = *frame;
    left.depth = right.depth = frame->depth + 1;
    left.end = right.first = middle;
    left.node = (uint32_t)child;
    right.node = (uint32_t)child + 1;
    return push(g, right) && push(g, left);
}

/* ---- Out of bag -------------------------------------------------------------------------------------------------- */

/* The leaf of each row that was not drawn counts for it. */
static void judge_others(const struct ten_tree *tree, struct ten_grower *g) {
    const struct ten_growth *growth = g->growth;
    size_t columns = growth->columns, rows[TEN_ABREAST], count = 0;
    const struct ten_batch batch = {
        .rows = TEN_ABREAST, .shape = {.columns = columns}, .is_bytes = true, .bytes = g->abreast};
    for (size_t r = 0; r < growth->rows; r++) {
        if (g->drawn[r] == 0) {
            memcpy(g->abreast + count * columns, growth->bins->by_row + r * columns, columns);
            rows[count++] = r;
        }
        if (count < TEN_ABREAST && (count == 0 || r + 1 < growth->rows)) continue;
        int32_t at[TEN_ABREAST];
        ten_tree_descend(tree->node, &batch, NULL, 0, count, at);
        for (size_t i = 0; i < count; i++) {
            uint32_t *sums = g->oob + rows[i] * TEN_CLASSES, leaf = (uint32_t)tree->node[at[i]].child;
            if (leaf < TEN_CLASSES) {
                sums[leaf] += growth->oob_unit;
                continue;
            }
            const float *probability = tree->probability + (leaf - TEN_CLASSES) * TEN_CLASSES;
            for (size_t c = 0; c < TEN_CLASSES; c++)
                sums[c] += (uint32_t)((double)growth->oob_unit * (double)probability[c]);
        }
        count = 0;
    }
}

enum ten_status ten_tree_grow(struct ten_tree *tree, struct ten_grower *g, size_t number, size_t thread) {
    const struct ten_growth *growth = g->growth;
    ten_random_init(&g->random, growth->seed, number);
    for (size_t j = 0; j < growth->columns; j++) g->features[j] = (uint32_t)j;
    struct frame frame = draw_samples(g);
    size_t nodes = 0, values = 0, root_samples = frame.end;
    g->height = 0;
    if (!add_nodes(tree, 1) || !push(g, frame)) return TEN_NO_MEMORY;
    while (g->height > 0) {
        frame = g->stack[--g->height];
        enter(g, &frame);
        values += g->count * growth->max_features;
        if (++nodes >= NODES_PER_LOOK || values >= VALUES_PER_LOOK) {
            /* the left side goes first, hence all samples before this node's are done */
            if (growth->go_on && !growth->go_on(growth->context, thread, (double)frame.first / (double)root_samples))
                return TEN_CANCELLED;
            nodes = values = 0;
        }
        struct split split = {.score = no_score};
        if (!is_leaf(g, &frame)) {
            if (!frame.in_block && g->count <= g->block_rows) {
                make_block(g, &frame);
                frame.in_block = true;
            }
            g->in_block = frame.in_block;
            split = find_split(g, &frame);
        }
        if (split.score == no_score ? !make_leaf(tree, g, &frame) : !make_split(tree, g, &frame, &split))
            return TEN_NO_MEMORY;
    }
    if (growth->bootstrap) judge_others(tree, g);
    return TEN_OK;
}
