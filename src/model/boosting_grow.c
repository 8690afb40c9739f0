/* One tree of gradient boosting, grown depth first on histograms (Chen and Guestrin 2016; histograms as in LightGBM, Ke
 * et al. 2017). Four ideas make it fast:
 *
 * Gradient and hessian are whole numbers, both in one of 64 bits, so that a cell takes one addition and sums are exact
 * in any order (Shi et al. 2022). With many rows each tree's grid is so coarse that most of them round to nothing, and
 * are left out of all histograms; rounding is random, which keeps sums right on average. The leaves' values come from
 * the exact gradients of all rows.
 *
 * A row adds to the cells that it lists; what the usual cell of a feature lacks is the rest of the node's sum.
 *
 * Of two children only the one with fewer rows is counted; its histogram taken from the parent's is the other's.
 *
 * A bit for each cell tells which may hold something: only those are visited, and cleared. */
#include "base/memory.h"
#include "model/boosting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64, AHEAD = 4, LINE = 16, FEW_ROWS = 4096 };

/* Streams that nothing else draws from, whatever else uses the same seed. */
static const uint64_t ROUND_STREAM = 0x524f554e44000000, ROW_STREAM = 0x424f4f5352000000,
                      COLUMN_STREAM = 0x424f4f5343000000;
/* Scale for few rows; else how many rows may round to something, and which share of them. */
static const double FINE = 1 << 18, FEWEST = 1 << 14, SHARE = 0.25;
static const double LEAST_GAIN = 1e-6, LEAST_HESSIAN = 1e-16; /* as in XGBoost */

/* Sums of gradients (the upper 32 bits, signed) and half hessians (the lower 32), in units of 1 / scale. */
typedef int64_t ten_sum;
static inline double gradient_of(ten_sum sum) { return (double)(int32_t)(sum >> 32); }
static inline double hessian_of(ten_sum sum) { return (double)(uint32_t)sum; }

/* sum[cell] may differ from 0 only where the mask has a bit. */
struct histogram {
    ten_sum *sum;   /* [cells] */
    uint64_t *mask; /* [cells / 64] */
    struct histogram *next;
};

/* A node that waits: rows[first..end - 1] round to something, idle[idle_first..idle_end - 1] do not. */
struct frame {
    uint32_t node, first, end, idle_first, idle_end;
    size_t depth;
    ten_sum total;
    struct histogram *histogram; /* NULL: a leaf */
};

struct ten_booster {
    const struct ten_boosting_growth *growth;
    uint32_t *rows, *idle, *moved;      /* [rows] each */
    ten_sum *gradient, *moved_gradient; /* [rows] of `rows` */
    uint8_t *counted;                   /* [rows] whether the tree learns from the row */
    uint8_t *allowed;                   /* [columns] whether the tree may ask for the feature */
    size_t *columns;                    /* [columns] to draw from */
    struct histogram *all, **spare;     /* all there are, linked; spare[spares] zeroed ones */
    size_t made, spares;
    struct frame *stack;
    size_t height, capacity;
    size_t class;
    double scale; /* what gradient 1 counts in whole numbers */
};

void ten_boosting_tree_release(struct ten_boosting_tree *tree) {
    free(tree->node);
    free(tree->value);
    *tree = (struct ten_boosting_tree){0};
}

void ten_booster_free(struct ten_booster *b) {
    if (!b) return;
    while (b->all) {
        struct histogram *next = b->all->next;
        free(b->all->sum);
        free(b->all->mask);
        free(b->all);
        b->all = next;
    }
    free(b->spare);
    free(b->rows);
    free(b->idle);
    free(b->moved);
    free(b->gradient);
    free(b->moved_gradient);
    free(b->counted);
    free(b->allowed);
    free(b->columns);
    free(b->stack);
    free(b);
}

struct ten_booster *ten_booster_new(const struct ten_boosting_growth *growth) {
    struct ten_booster *b = ten_alloc_zero(1, sizeof *b);
    if (!b) return NULL;
    b->growth = growth;
    b->rows = ten_alloc(growth->rows, sizeof *b->rows);
    b->idle = ten_alloc(growth->rows, sizeof *b->idle);
    b->moved = ten_alloc(growth->rows, sizeof *b->moved);
    b->gradient = ten_alloc(growth->rows, sizeof *b->gradient);
    b->moved_gradient = ten_alloc(growth->rows, sizeof *b->moved_gradient);
    b->counted = ten_alloc(growth->rows, 1);
    b->allowed = ten_alloc(growth->columns, 1);
    b->columns = ten_alloc(growth->columns, sizeof *b->columns);
    if (b->rows && b->idle && b->moved && b->gradient && b->moved_gradient && b->counted && b->allowed && b->columns)
        return b;
    ten_booster_free(b);
    return NULL;
}

/* ---- Histograms ------------------------------------------------------------------------------------------------- */

/* A zeroed one; NULL if memory is short. */
static struct histogram *take_histogram(struct ten_booster *b) {
    if (b->spares) return b->spare[--b->spares];
    size_t cells = b->growth->cells->count;
    struct histogram **spare = ten_realloc(b->spare, b->made + 1, sizeof(struct histogram *));
    if (!spare) return NULL;
    b->spare = spare;
    struct histogram *h = ten_alloc_zero(1, sizeof *h);
    if (!h) return NULL;
    h->next = b->all;
    b->all = h;
    h->sum = ten_alloc_zero(cells, sizeof *h->sum);
    h->mask = ten_alloc_zero(cells / WORD, sizeof *h->mask);
    if (!h->sum || !h->mask) return NULL;
    b->made++;
    return h;
}

static void give_back(struct ten_booster *b, struct histogram *h) {
    size_t words = b->growth->cells->count / WORD;
    if (!h) return;
    for (size_t w = 0; w < words; w++)
        if (h->mask[w]) memset(h->sum + w * WORD, 0, WORD * sizeof *h->sum);
    memset(h->mask, 0, words * sizeof *h->mask);
    b->spare[b->spares++] = h;
}

static inline void look_ahead(const struct ten_booster *b, uint32_t place, uint32_t end) {
    if (place + AHEAD >= end) return;
    const struct ten_cells *cells = b->growth->cells;
    const uint32_t *entry = cells->entry + cells->start[b->rows[place + AHEAD]];
    for (size_t i = 0; i < 8; i++) __builtin_prefetch(entry + i * LINE);
}

static void count_rows(const struct ten_booster *b, const struct frame *frame) {
    const struct ten_cells *cells = b->growth->cells;
    ten_sum *sum = frame->histogram->sum;
    uint64_t *mask = frame->histogram->mask;
    size_t entries = 0;
    for (uint32_t i = frame->first; i < frame->end; i++)
        entries += cells->start[b->rows[i] + 1] - cells->start[b->rows[i]];
    bool most = entries > 2 * cells->used; /* then nearly every cell is met: not worth noting which */
    if (most) memcpy(mask, cells->mask, cells->count / WORD * sizeof *mask);
    for (uint32_t i = frame->first; i < frame->end; i++) {
        look_ahead(b, i, frame->end);
        const uint32_t *entry = cells->entry + cells->start[b->rows[i]];
        const uint32_t *end = cells->entry + cells->start[b->rows[i] + 1];
        ten_sum gradient = b->gradient[i];
        if (most)
            for (; entry < end; entry++) sum[*entry] += gradient;
        else
            for (; entry < end; entry++) {
                sum[*entry] += gradient;
                mask[*entry / WORD] |= (uint64_t)1 << *entry % WORD;
            }
    }
}

/* whole -= part */
static void subtract(const struct ten_booster *b, struct histogram *whole, const struct histogram *part) {
    for (size_t w = 0; w < b->growth->cells->count / WORD; w++) {
        ten_sum *sum = whole->sum + w * WORD;
        const ten_sum *other = part->sum + w * WORD;
        for (uint64_t bits = part->mask[w]; bits; bits &= bits - 1) {
            int i = __builtin_ctzll(bits);
            sum[i] -= other[i];
            if (!sum[i]) whole->mask[w] &= ~((uint64_t)1 << i);
        }
    }
}

/* ---- The best cut ----------------------------------------------------------------------------------------------- */

/* Scores are in units of 1 / (2 scale): what gradient^2 / (hessian + lambda) is of whole numbers. */
struct search {
    const struct ten_cells *cells;
    double gradient, hessian, lambda, least; /* the node's; what to add to hessians; the least of a side */
    double score;                            /* the best so far, of both sides together */
    ten_sum left;
    uint32_t feature, low, high; /* the last cell on the left; the first on the right if counted from above */
    bool found;
};

/* The cuts of a feature: what one side would have, beginning at the cell; those below the usual cell come first. */
struct candidates {
    int32_t gradient[TEN_BINS], hessian[TEN_BINS];
    uint32_t cell[TEN_BINS];
    float score[TEN_BINS];
    size_t below, count;
};

static inline void add_candidate(struct candidates *c, ten_sum side, uint32_t cell) {
    c->gradient[c->count] = (int32_t)(side >> 32);
    c->hessian[c->count] = (int32_t)side;
    c->cell[c->count++] = cell;
}

/* The bits of cells from `first` to `end` - 1 in the word `w`. */
static inline uint64_t bits_of(const uint64_t *mask, size_t w, size_t first, size_t end) {
    uint64_t bits = mask[w];
    if (w * WORD < first) bits &= ~(uint64_t)0 << first % WORD;
    if ((w + 1) * WORD > end) bits &= ((uint64_t)1 << end % WORD) - 1;
    return bits;
}

/* Cells below the usual one are added up from below, those above from above: the usual one is never asked. */
static void list_candidates(const struct ten_cell_feature *f, const struct histogram *h, struct candidates *c) {
    ten_sum side = 0;
    c->count = 0;
    for (size_t w = f->first / WORD; w * WORD < f->usual; w++)
        for (uint64_t bits = bits_of(h->mask, w, f->first, f->usual); bits; bits &= bits - 1) {
            uint32_t cell = (uint32_t)(w * WORD) + (uint32_t)__builtin_ctzll(bits);
            side += h->sum[cell];
            add_candidate(c, side, cell);
        }
    c->below = c->count;
    side = 0;
    size_t first = f->usual + 1, end = f->first + f->count;
    for (size_t w = (end + WORD - 1) / WORD; w-- > first / WORD;)
        for (uint64_t bits = bits_of(h->mask, w, first, end); bits;) {
            uint32_t bit = 63 - (uint32_t)__builtin_clzll(bits), cell = (uint32_t)(w * WORD) + bit;
            bits ^= (uint64_t)1 << bit;
            side += h->sum[cell];
            add_candidate(c, side, cell);
        }
}

/* All scores, roughly; returns the largest. They are not negative, so that their bits order as they do. */
static float estimate(const struct search *s, struct candidates *c) {
    float gradient = (float)s->gradient, hessian = (float)s->hessian, lambda = (float)s->lambda;
    float least = (float)(s->least * (1 - 1e-6)), largest;
    int32_t most = 0;
    for (size_t i = 0; i < c->count; i++) {
        float g = (float)c->gradient[i], h = (float)c->hessian[i], other_g = gradient - g, other_h = hessian - h;
        float a = h + lambda, b = other_h + lambda, score = (g * g * b + other_g * other_g * a) / (a * b);
        float lighter = h < other_h ? h : other_h;
        c->score[i] = lighter < least ? 0 : score;
    }
    for (size_t i = 0; i < c->count; i++) {
        int32_t bits;
        memcpy(&bits, &c->score[i], sizeof bits);
        most = bits > most ? bits : most;
    }
    memcpy(&largest, &most, sizeof largest);
    return largest;
}

/* The score in double; negative if a side is too light. */
static double score_of(const struct search *s, int32_t gradient, int32_t hessian) {
    double g = gradient, h = hessian, other_g = s->gradient - g, other_h = s->hessian - h;
    double a = h + s->lambda, b = other_h + s->lambda;
    if (h < s->least || other_h < s->least) return -1;
    return (g * g * b + other_g * other_g * a) / (a * b);
}

/* Of cuts that are equally good the lowest is kept: features and cells below the usual one come in rising order, those
 * above in falling order. */
static void search_feature(struct search *s, const struct histogram *h, size_t number) {
    struct candidates c;
    list_candidates(&s->cells->feature[number], h, &c);
    double enough = s->score * (1 - 1e-5);
    bool above = false;
    if ((double)estimate(s, &c) < enough) return;
    for (size_t i = 0; i < c.count; i++) {
        if ((double)c.score[i] < enough) continue;
        double score = score_of(s, c.gradient[i], c.hessian[i]);
        if (above ? score < s->score : score <= s->score) continue;
        above = i >= c.below;
        s->score = score;
        s->left = (ten_sum)c.gradient[i] * ((ten_sum)1 << 32) + c.hessian[i]; /* if above, the right side for now */
        s->feature = (uint32_t)number;
        s->low = above ? UINT32_MAX : c.cell[i];
        s->high = c.cell[i];
        s->found = true;
    }
}

/* The neighbour of the cut's one cell on the other side of it. */
static void complete(struct search *s, const struct histogram *h, ten_sum total) {
    const struct ten_cell_feature *f = &s->cells->feature[s->feature];
    if (s->low == UINT32_MAX) {
        uint32_t low = s->high - 1;
        while (low > f->usual && !h->sum[low]) low--;
        s->low = low;
        s->left = total - s->left;
    }
}

static bool find_cut(const struct ten_booster *b, const struct frame *frame, struct search *s) {
    const struct ten_boosting_growth *growth = b->growth;
    double half = b->scale / 2; /* what hessian 1 counts */
    *s = (struct search){.cells = growth->cells,
                         .gradient = gradient_of(frame->total),
                         .hessian = hessian_of(frame->total),
                         .lambda = growth->lambda * half,
                         .least = fmax(0.5, growth->min_child_weight * half)};
    double here = s->gradient * s->gradient / (s->hessian + s->lambda);
    s->score = here + fmax(LEAST_GAIN, nextafter(growth->gamma, -1)) * 2 * b->scale;
    for (size_t i = 0; i < growth->cells->features; i++)
        if (b->allowed[growth->cells->feature[i].column]) search_feature(s, frame->histogram, i);
    if (s->found) complete(s, frame->histogram, frame->total);
    return s->found;
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

/* The exact gradient of the loss in the score of the tree's class, and XGBoost's hessian of softmax, 2 p (1 - p). */
static inline double exact_gradient(const struct ten_booster *b, uint32_t row, double *hessian) {
    double p = (double)b->growth->probabilities[b->class * b->growth->rows + row];
    *hessian = fmax(2 * p * (1 - p), LEAST_HESSIAN);
    return b->growth->labels[row] == b->class ? p - 1 : p;
}

static void draw_columns(struct ten_booster *b, size_t number) {
    const struct ten_boosting_growth *growth = b->growth;
    size_t wanted = (size_t)fmax(1, floor(growth->colsample * (double)growth->columns));
    memset(b->allowed, growth->colsample >= 1, growth->columns);
    if (growth->colsample >= 1) return;
    struct ten_random random;
    ten_random_init(&random, growth->seed, COLUMN_STREAM + number);
    for (size_t j = 0; j < growth->columns; j++) b->columns[j] = j;
    ten_random_shuffle(&random, b->columns, growth->columns);
    for (size_t i = 0; i < wanted; i++) b->allowed[b->columns[i]] = 1;
}

static void draw_rows(struct ten_booster *b, size_t number) {
    const struct ten_boosting_growth *growth = b->growth;
    struct ten_random random;
    ten_random_init(&random, growth->seed, ROW_STREAM + number);
    for (size_t i = 0; i < growth->rows; i++) {
        b->counted[i] = growth->subsample >= 1 || ten_random_unit(&random) < growth->subsample;
        if (growth->left_out && growth->left_out[i]) b->counted[i] = 0;
    }
}

/* The grid for gradients: fine for few rows; else so coarse that not more than a share of the rows round to something.
 * A power of 2, which keeps every sum within 31 bits. */
static double choose_scale(const struct ten_booster *b) {
    const struct ten_boosting_growth *growth = b->growth;
    double sum = 0, hessian, wanted = fmax(FEWEST, SHARE * (double)growth->rows);
    if (growth->rows <= FEW_ROWS) return FINE;
    for (uint32_t row = 0; row < growth->rows; row++)
        sum += b->counted[row] ? fabs(exact_gradient(b, row, &hessian)) : 0;
    return sum * FINE <= wanted ? FINE : exp2(floor(log2(wanted / sum)));
}

/* Rounds the gradients: to nearest on a fine grid, at random on a coarse one; both parts alike, so that a gradient that
 * rounds to 0 has a hessian that does. */
static struct frame start(struct ten_booster *b, size_t number) {
    const struct ten_boosting_growth *growth = b->growth;
    struct frame frame = {0};
    struct ten_random random;
    bool fine = growth->rows <= FEW_ROWS;
    ten_random_init(&random, growth->seed, ROUND_STREAM + number);
    b->scale = choose_scale(b);
    for (uint32_t row = 0; row < growth->rows; row++) {
        double hessian, gradient = exact_gradient(b, row, &hessian);
        double draw = fine ? 0.5 : ten_random_unit(&random);
        int64_t g = (int64_t)(fabs(gradient) * b->scale + draw), h = (int64_t)(hessian / 2 * b->scale + draw);
        ten_sum packed = (gradient < 0 ? -g : g) * ((int64_t)1 << 32) + h;
        bool active = g && b->counted[row];
        b->rows[frame.end] = b->idle[frame.idle_end] = row;
        b->gradient[frame.end] = packed;
        frame.end += active;
        frame.idle_end += !active;
        frame.total += active ? packed : 0;
    }
    return frame;
}

/* Stable: those that go right wait beside. Returns where the right side begins. */
static uint32_t part_rows(struct ten_booster *b, const uint8_t *column, uint8_t cut, uint32_t first, uint32_t end) {
    uint32_t left = first, right = 0;
    for (uint32_t i = first; i < end; i++) {
        uint32_t row = b->rows[i];
        ten_sum gradient = b->gradient[i];
        bool goes_right = column[row] > cut;
        b->rows[left] = b->moved[right] = row;
        b->gradient[left] = b->moved_gradient[right] = gradient;
        left += !goes_right;
        right += goes_right;
    }
    memcpy(b->rows + left, b->moved, right * sizeof *b->moved);
    memcpy(b->gradient + left, b->moved_gradient, right * sizeof *b->gradient);
    return left;
}

static uint32_t part_idle(struct ten_booster *b, const uint8_t *column, uint8_t cut, uint32_t first, uint32_t end) {
    uint32_t left = first, right = 0, *idle = b->idle, *moved = b->moved;
    for (uint32_t i = first; i < end; i++) {
        uint32_t row = idle[i];
        bool goes_right = column[row] > cut;
        idle[left] = moved[right] = row;
        left += !goes_right;
        right += goes_right;
    }
    memcpy(idle + left, moved, right * sizeof *moved);
    return left;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

static bool add_nodes(struct ten_boosting_tree *tree, size_t more) {
    if (tree->nodes + more > tree->node_capacity) {
        size_t capacity = tree->node_capacity ? 2 * tree->node_capacity : 128;
        struct ten_node *node = ten_realloc(tree->node, capacity, sizeof *node);
        if (!node) return false;
        tree->node = node;
        tree->node_capacity = capacity;
    }
    for (size_t i = 0; i < more; i++) tree->node[tree->nodes++] = (struct ten_node){TEN_LEAF, 0};
    return true;
}

static bool push(struct ten_booster *b, struct frame frame) {
    if (b->height == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 64;
        struct frame *stack = ten_realloc(b->stack, capacity, sizeof *stack);
        if (!stack) return false;
        b->stack = stack;
        b->capacity = capacity;
    }
    b->stack[b->height++] = frame;
    return true;
}

/* The leaf's value, from the exact gradients, added to the scores of all its rows. */
static bool make_leaf(struct ten_booster *b, struct ten_boosting_tree *tree, const struct frame *frame) {
    const struct ten_boosting_growth *growth = b->growth;
    float *scores = growth->scores + b->class * growth->rows;
    double gradient = 0, hessian = 0, h;
    for (uint32_t i = frame->first; i < frame->end; i++) {
        gradient += exact_gradient(b, b->rows[i], &h);
        hessian += h;
    }
    for (uint32_t i = frame->idle_first; i < frame->idle_end; i++) {
        double g = exact_gradient(b, b->idle[i], &h);
        gradient += b->counted[b->idle[i]] ? g : 0;
        hessian += b->counted[b->idle[i]] ? h : 0;
    }
    bool weighty = hessian > 0 && (frame->depth > 0 || hessian >= growth->min_child_weight);
    float value = weighty ? (float)(-gradient / (hessian + growth->lambda) * growth->learning_rate) : 0;
    for (uint32_t i = frame->first; i < frame->end; i++) scores[b->rows[i]] += value;
    for (uint32_t i = frame->idle_first; i < frame->idle_end; i++) scores[b->idle[i]] += value;
    if (tree->leaves == tree->leaf_capacity) {
        size_t capacity = tree->leaf_capacity ? 2 * tree->leaf_capacity : 64;
        float *larger = ten_realloc(tree->value, capacity, sizeof *larger);
        if (!larger) return false;
        tree->value = larger;
        tree->leaf_capacity = capacity;
    }
    tree->node[frame->node].child = (int32_t)tree->leaves;
    tree->value[tree->leaves++] = value;
    return true;
}

/* Whether a node may be cut, as far as can be told without its histogram. */
static bool is_open(const struct ten_booster *b, const struct frame *frame) {
    const struct ten_boosting_growth *growth = b->growth;
    double least = fmax(1, growth->min_child_weight * b->scale);
    return frame->depth < growth->max_depth && frame->end - frame->first > 1 && hessian_of(frame->total) >= least;
}

/* The smaller child is counted if either needs it; the larger takes over the parent's histogram. */
static bool share_histogram(struct ten_booster *b, struct histogram *parent, struct frame *small, struct frame *large) {
    bool small_open = is_open(b, small), large_open = is_open(b, large);
    if (small_open || large_open) {
        small->histogram = take_histogram(b);
        if (!small->histogram) return false;
        count_rows(b, small);
    }
    if (large_open) {
        large->histogram = parent;
        subtract(b, parent, small->histogram);
    } else {
        give_back(b, parent);
    }
    if (!small_open) {
        give_back(b, small->histogram);
        small->histogram = NULL;
    }
    return true;
}

/* Cuts the node in two; the smaller child goes first, so that few histograms wait at a time. */
static bool make_split(struct ten_booster *b, struct ten_boosting_tree *tree, const struct frame *frame,
                       const struct search *s) {
    uint32_t feature = s->cells->feature[s->feature].column;
    uint8_t cut = s->cells->last[s->low];
    const uint8_t *column = b->growth->bins->by_column + feature * b->growth->rows;
    struct frame left = *frame, right = *frame;
    size_t child = tree->nodes;
    if (!add_nodes(tree, 2)) return false;
    tree->node[frame->node] = (struct ten_node){(int32_t)(feature * TEN_BINS + cut), (int32_t)child};
    left.end = right.first = part_rows(b, column, cut, frame->first, frame->end);
    left.idle_end = right.idle_first = part_idle(b, column, cut, frame->idle_first, frame->idle_end);
    left.depth = right.depth = frame->depth + 1;
    left.node = (uint32_t)child;
    right.node = (uint32_t)child + 1;
    left.total = s->left;
    right.total = frame->total - s->left;
    left.histogram = right.histogram = NULL;
    bool left_smaller = left.end - left.first <= right.end - right.first;
    struct frame *small = left_smaller ? &left : &right, *large = left_smaller ? &right : &left;
    return share_histogram(b, frame->histogram, small, large) && push(b, *large) && push(b, *small);
}

bool ten_booster_grow(struct ten_booster *b, struct ten_boosting_tree *tree, size_t number) {
    b->class = number % TEN_CLASSES;
    b->height = 0;
    draw_columns(b, number);
    draw_rows(b, number);
    struct frame root = start(b, number);
    if (is_open(b, &root)) {
        root.histogram = take_histogram(b);
        if (!root.histogram) return false;
        count_rows(b, &root);
    }
    if (!add_nodes(tree, 1) || !push(b, root)) return false;
    while (b->height > 0) {
        struct frame frame = b->stack[--b->height];
        struct search search;
        if (frame.histogram && find_cut(b, &frame, &search)) {
            if (!make_split(b, tree, &frame, &search)) return false;
        } else {
            give_back(b, frame.histogram);
            if (!make_leaf(b, tree, &frame)) return false;
        }
    }
    return true;
}
