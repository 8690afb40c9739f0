/* Pieces become digits in three steps. Specks go: pieces that nowhere are full ink, that are light beside the heaviest,
 * or that the picture's border cuts off something else. Pairs are joined that are strokes of one digit: above each
 * other (a five's bar), one within the other, or with a gap no wider than a stroke (a broken line). Groups that are low
 * beside the tallest (commas, dashes) go. */
#include "image/segment.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_PIECES = 512, /* that are looked at in pairs, the heaviest ones */
    FAINT = 40,        /* level of ink that may be a shadow's */
    LARGE_SHADE = 16,  /* pixels: smaller pictures are blurred like shadows */
    TEXTURE = 192      /* pieces that are no specks: so many are no digits but a texture */
};

static const double speck_share = 0.03; /* of the heaviest piece's mass */
static const double scrap_share = 0.3;  /* the same for pieces at the picture's border */
static const double rest_share = 0.4;   /* of the distance of printed lines: what they may leave */
static const double part_share = 0.62;  /* of a pair's height: lower pieces are parts of a digit */
static const double low_group = 0.36;   /* of the tallest group's height: lower groups are no digits */

static size_t right_of(struct ten_box box) { return box.x + box.width; }
static size_t bottom_of(struct ten_box box) { return box.y + box.height; }

static struct ten_box join_boxes(struct ten_box a, struct ten_box b) {
    size_t left = a.x < b.x ? a.x : b.x, top = a.y < b.y ? a.y : b.y;
    size_t right = right_of(a) > right_of(b) ? right_of(a) : right_of(b);
    size_t bottom = bottom_of(a) > bottom_of(b) ? bottom_of(a) : bottom_of(b);
    return (struct ten_box){.x = left, .y = top, .width = right - left, .height = bottom - top};
}

/* ---- Specks ----------------------------------------------------------------------------------------------- */

static int by_mass(const void *a, const void *b) {
    const struct ten_piece *const *left = a, *const *right = b;
    if ((*left)->mass != (*right)->mass) return (*left)->mass < (*right)->mass ? 1 : -1;
    return *left < *right ? -1 : *left > *right;
}

/* Whether a piece is faint and no stroke: what a soft shadow leaves. */
static bool is_shade(const struct ten_sheet *sheet, const struct ten_piece *piece) {
    double longer = (double)(piece->box.height > piece->box.width ? piece->box.height : piece->box.width);
    if (sheet->flat || sheet->level >= FAINT || longer < LARGE_SHADE) return false;
    return piece->at_border || ten_piece_stroke(piece) > 0.3 * longer;
}

/* Whether a piece is what was left of printed lines: small beside their distance, or as thin and faint as they are. */
static bool left_of_rules(const struct ten_sheet *sheet, const struct ten_piece *piece) {
    double longer = (double)(piece->box.height > piece->box.width ? piece->box.height : piece->box.width);
    double shorter = (double)(piece->box.height + piece->box.width) - longer;
    if (longer < rest_share * sheet->rule_gap) return true;
    return piece->peak <= sheet->rule_level && shorter <= 2 * sheet->rule_height + 2;
}

/* Whether nearly all of a piece lies along the sides of its box: a printed frame, or a loop. */
static bool is_hollow(const struct ten_pieces *pieces, const struct ten_piece *piece) {
    struct ten_box box = piece->box;
    size_t down = box.height / 8, right = box.width / 8, inside = 0;
    for (size_t y = box.y + down; y + down < bottom_of(box); y++)
        for (uint32_t i = pieces->rows[y]; i < pieces->rows[y + 1]; i++) {
            const struct ten_ink_run *run = &pieces->runs[i];
            size_t begin = run->begin > box.x + right ? run->begin : box.x + right;
            size_t end = run->end + right < right_of(box) ? run->end : right_of(box) - right;
            if (&pieces->pieces[run->piece] == piece && end > begin) inside += end - begin;
        }
    return 50 * inside < piece->area;
}

/* Drops the frames of forms: hollow pieces around something that is much of their height. */
static size_t drop_frames(const struct ten_pieces *pieces, struct ten_piece **kept, size_t count) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_box box = kept[i]->box;
        bool around = false;
        for (size_t j = 0; j < count && !around; j++) {
            struct ten_box inner = kept[j]->box;
            around = j != i && inner.x > box.x && right_of(inner) < right_of(box) && inner.y > box.y &&
                     bottom_of(inner) < bottom_of(box) && 10 * inner.height > 3 * box.height;
        }
        if (!around || !is_hollow(pieces, kept[i])) kept[good++] = kept[i];
    }
    return good;
}

/* The pieces that may belong to digits, heaviest first; at most MOST_PIECES. */
static size_t keep_pieces(const struct ten_sheet *sheet, struct ten_pieces *pieces, struct ten_piece **kept) {
    uint64_t heaviest = 0;
    size_t count = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        struct ten_piece *piece = &pieces->pieces[i];
        piece->group = TEN_NO_GROUP;
        if (piece->peak < sheet->high) continue;
        if (is_shade(sheet, piece)) continue;
        if (sheet->rule_gap > 0 && left_of_rules(sheet, piece)) continue;
        if (piece->mass > heaviest) heaviest = piece->mass;
        kept[count++] = piece;
    }
    qsort(kept, count, sizeof *kept, by_mass);
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        double share = (double)kept[i]->mass / (double)heaviest;
        if (share < (kept[i]->at_border ? scrap_share : speck_share)) continue;
        if (good < MOST_PIECES) kept[good++] = kept[i];
    }
    good = drop_frames(pieces, kept, good);
    return good > TEXTURE ? 0 : good;
}

/* ---- Pairs ------------------------------------------------------------------------------------------------ */

/* The least distance between pixels of two pieces, or `enough` if it is larger than that. */
static double distance_of(const struct ten_pieces *pieces, const struct ten_piece *a, const struct ten_piece *b,
                          double enough) {
    size_t reach = (size_t)ceil(enough), first = b->box.y > reach ? b->box.y - reach : 0;
    uint32_t a_piece = (uint32_t)(a - pieces->pieces), b_piece = (uint32_t)(b - pieces->pieces);
    double least = enough * enough;
    for (size_t y = a->box.y > first ? a->box.y : first; y < bottom_of(a->box) && y < bottom_of(b->box) + reach; y++)
        for (uint32_t i = pieces->rows[y]; i < pieces->rows[y + 1]; i++) {
            if (pieces->runs[i].piece != a_piece) continue;
            size_t from = y > b->box.y + reach ? y - reach : b->box.y;
            for (size_t v = from; v < bottom_of(b->box) && v <= y + reach; v++)
                for (uint32_t k = pieces->rows[v]; k < pieces->rows[v + 1]; k++) {
                    if (pieces->runs[k].piece != b_piece) continue;
                    int right = pieces->runs[k].begin - pieces->runs[i].end + 1;
                    int left = pieces->runs[i].begin - pieces->runs[k].end + 1;
                    double dx = fmax(0, fmax(right, left)), dy = (double)v - (double)y;
                    least = fmin(least, dx * dx + dy * dy);
                }
        }
    return sqrt(least);
}

/* The outer edge and the inner one of half a ring, in pixels from the left, at a row: of the left half its least begin
 * and largest end, of the right half the other way round. False if it has another number of runs than one. */
static bool edges_at(const struct ten_pieces *pieces, const struct ten_piece *piece, size_t y, double *begin,
                     double *end) {
    size_t count = 0;
    for (uint32_t i = pieces->rows[y]; i < pieces->rows[y + 1]; i++) {
        if (&pieces->pieces[pieces->runs[i].piece] != piece) continue;
        *begin = pieces->runs[i].begin, *end = pieces->runs[i].end;
        count++;
    }
    return count == 1;
}

/* Whether two pieces side by side are the halves of a broken nought: each one stroke that bulges outwards in its
 * middle, with gaps above and below that are much narrower than what is between. */
static bool make_ring(const struct ten_pieces *pieces, const struct ten_piece *left, const struct ten_piece *right,
                      double stroke) {
    size_t top = left->box.y > right->box.y ? left->box.y : right->box.y;
    size_t bottom = bottom_of(left->box) < bottom_of(right->box) ? bottom_of(left->box) : bottom_of(right->box);
    if (bottom < top + 9) return false;
    double upper = INFINITY, middle = 0, lower = INFINITY, begin = 0, end = 0, next = 0, far = 0;
    size_t third = (bottom - top) / 3, bulging = 0;
    for (size_t y = top; y < bottom; y++) {
        bool first = edges_at(pieces, left, y, &begin, &end), second = edges_at(pieces, right, y, &next, &far);
        bool single = first && second;
        bool inside = y >= top + third && y + third < bottom;
        if (!single && inside) return false;
        if (!single) continue;
        if (y < top + third) upper = fmin(upper, next - end);
        if (y + third >= bottom) lower = fmin(lower, next - end);
        if (inside) {
            middle = fmax(middle, next - end);
            bulging += begin <= (double)left->box.x + stroke / 4 && far >= (double)right_of(right->box) - stroke / 4;
        }
    }
    double ends = fmax(upper, lower);
    bool straight = (double)left->box.width < 1.6 * stroke || (double)right->box.width < 1.6 * stroke;
    return bulging > 0 && !straight && ends < 2.5 * stroke && middle > ends + 1.5 * stroke;
}

/* Whether two tall pieces side by side, apart but near, can be a 4 in two strokes: at the left one that nowhere is two
 * lines in a row, as a nought or 6 is, and reaches farthest to the right in its lower half; at the right a stem that
 * goes on below it. */
static bool make_four(const struct ten_pieces *pieces, const struct ten_piece *left, const struct ten_piece *right,
                      double stroke, double height) {
    if ((double)right->box.width > fmax(1.6 * stroke, 0.35 * height) || (double)left->box.width < 1.6 * stroke)
        return false;
    if ((double)bottom_of(right->box) < (double)bottom_of(left->box) + 0.12 * height) return false;
    size_t doubled = 0, farthest = left->box.y;
    double reach = 0, begin = 0, end = 0;
    for (size_t y = left->box.y; y < bottom_of(left->box); y++) {
        if (!edges_at(pieces, left, y, &begin, &end)) doubled++;
        if (end > reach) reach = end, farthest = y;
    }
    return 10 * doubled < left->box.height && farthest >= left->box.y + left->box.height / 2;
}

/* Whether two pieces, the second no heavier, are strokes of one digit. */
static bool belong(const struct ten_pieces *pieces, const struct ten_piece *a, const struct ten_piece *b) {
    struct ten_box whole = join_boxes(a->box, b->box);
    double height = (double)whole.height, stroke = fmin(ten_piece_stroke(a), ten_piece_stroke(b));
    double narrower = (double)(a->box.width < b->box.width ? a->box.width : b->box.width);
    double over = (double)(a->box.width + b->box.width) - (double)whole.width; /* negative: a gap */
    double gap_y = height - (double)(a->box.height + b->box.height);
    double lower = (double)(a->box.height < b->box.height ? a->box.height : b->box.height);
    double taller = (double)(a->box.height > b->box.height ? a->box.height : b->box.height);
    if (-over > 2 * stroke || gap_y > 0.5 * taller) return false;
    if (lower < part_share * height) {
        if (over >= 0.3 * narrower) return true;
        double near = 1.3 * stroke + 1;
        return distance_of(pieces, a, b, near) < near && (double)whole.width < 1.3 * height;
    }
    if ((double)whole.width > 0.9 * height) return false;
    double near = 0.9 * stroke + 1;
    if (a->box.x < b->box.x ? make_ring(pieces, a, b, stroke) : make_ring(pieces, b, a, stroke)) return true;
    if (over >= 0.6 * narrower) return distance_of(pieces, a, b, 2 * near) < 2 * near;
    if (lower >= 0.85 * height || distance_of(pieces, a, b, near) >= near) return false;
    return a->box.x < b->box.x ? make_four(pieces, a, b, stroke, height) : make_four(pieces, b, a, stroke, height);
}

/* ---- Groups ----------------------------------------------------------------------------------------------- */

struct candidate {
    struct ten_group group;
    double middle; /* of its mass, in x */
    uint32_t number;
};

static size_t root_of(const size_t *parents, size_t i) {
    while (parents[i] != i) i = parents[i];
    return i;
}

static size_t make_groups(const struct ten_pieces *pieces, struct ten_piece *const *kept, size_t count,
                          struct candidate *groups) {
    size_t parents[MOST_PIECES], made = 0;
    for (size_t i = 0; i < count; i++) parents[i] = i;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++) {
            size_t a = root_of(parents, i), b = root_of(parents, j);
            if (a == b || !belong(pieces, kept[i], kept[j])) continue;
            if (a < b)
                parents[b] = a;
            else
                parents[a] = b;
        }
    for (size_t i = 0; i < count; i++) {
        size_t root = root_of(parents, i);
        struct ten_piece *piece = kept[i];
        if (root == i) {
            groups[made] = (struct candidate){.group = {.box = piece->box}, .number = (uint32_t)made};
            piece->group = (uint32_t)made++;
        } else {
            piece->group = kept[root]->group;
        }
        struct candidate *group = &groups[piece->group];
        group->group.box = join_boxes(group->group.box, piece->box);
        group->group.mass += piece->mass;
        group->group.stroke += ten_piece_stroke(piece) * (double)piece->mass;
        group->middle += ((double)piece->box.x + (double)piece->box.width / 2) * (double)piece->mass;
    }
    return made;
}

static int by_group_mass(const void *a, const void *b) {
    const struct candidate *left = a, *right = b;
    if (left->group.mass != right->group.mass) return left->group.mass < right->group.mass ? 1 : -1;
    return left->number < right->number ? -1 : 1;
}

static int by_place(const void *a, const void *b) {
    const struct candidate *left = a, *right = b;
    if (left->middle < right->middle) return -1;
    if (left->middle > right->middle) return 1;
    return left->number < right->number ? -1 : 1;
}

/* Drops what is low beside the tallest and what is too much; from left to right. */
static size_t choose_groups(struct candidate *groups, size_t count) {
    size_t good = 0, tallest = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_box box = groups[i].group.box;
        if (box.height > tallest) tallest = box.height;
        groups[i].middle /= (double)groups[i].group.mass;
        groups[i].group.stroke /= (double)groups[i].group.mass;
    }
    for (size_t i = 0; i < count; i++)
        if ((double)groups[i].group.box.height >= low_group * (double)tallest) groups[good++] = groups[i];
    qsort(groups, good, sizeof *groups, by_group_mass);
    if (good > TEN_MOST_DIGITS) good = TEN_MOST_DIGITS;
    qsort(groups, good, sizeof *groups, by_place);
    return good;
}

enum ten_status ten_segment(const struct ten_sheet *sheet, struct ten_pieces *pieces, struct ten_group *groups,
                            size_t *count, struct ten_error *error) {
    *count = 0;
    if (pieces->count == 0) return TEN_OK;
    struct ten_piece **kept = ten_alloc(pieces->count, sizeof *kept);
    struct candidate *found = ten_alloc(MOST_PIECES, sizeof *found);
    enum ten_status status = kept && found ? TEN_OK : ten_fail_memory(error, "the digits of a picture");
    if (status == TEN_OK) {
        size_t kept_count = keep_pieces(sheet, pieces, kept), made = make_groups(pieces, kept, kept_count, found);
        uint32_t numbers[MOST_PIECES];
        for (size_t i = 0; i < made; i++) numbers[i] = TEN_NO_GROUP;
        *count = choose_groups(found, made);
        for (size_t i = 0; i < *count; i++) {
            numbers[found[i].number] = (uint32_t)i;
            groups[i] = found[i].group;
        }
        for (size_t i = 0; i < kept_count; i++) kept[i]->group = numbers[kept[i]->group];
    }
    free(kept);
    free(found);
    return status;
}
