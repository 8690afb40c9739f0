#include "serve/policy.h"

#include "base/sha256.h"
#include "serve/serve.h"
#include "study/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span {
    const char *at, *end; /* at NULL: none */
};

/* Where a text begins at or behind `from`. */
static const char *find(struct span in, const char *text) {
    return in.at < in.end ? memmem(in.at, (size_t)(in.end - in.at), text, strlen(text)) : NULL;
}

/* The content of the next element that opens with "<NAME>", without any attribute, and what comes behind it. A script
 * with a type is data. */
static struct span next_element(struct span *rest, const char *name) {
    char open[16], close[16];
    snprintf(open, sizeof open, "<%s>", name);
    snprintf(close, sizeof close, "</%s>", name);
    const char *begin = find(*rest, open);
    if (!begin) return (struct span){0};
    struct span content = {begin + strlen(open), rest->end};
    const char *end = find(content, close);
    if (!end) return (struct span){0};
    rest->at = end + strlen(close);
    content.end = end;
    return content;
}

/* "'sha256-...' " of a text. */
static bool write_sum(FILE *out, struct span content) {
    char hex[65], *base64;
    uint8_t sum[32];
    ten_sha256(content.at, (size_t)(content.end - content.at), hex);
    for (size_t i = 0; i < sizeof sum; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        sum[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    base64 = ten_base64_encode(sum, sizeof sum);
    if (base64) fprintf(out, "'sha256-%s' ", base64);
    free(base64);
    return base64 != NULL;
}

static bool write_sums(FILE *out, const char *html, size_t size, const char *name) {
    struct span rest = {html, html + size}, content;
    while ((content = next_element(&rest, name)).at)
        if (!write_sum(out, content)) return false;
    return true;
}

char *ten_page_policy(const char *html, size_t size) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out) return NULL;
    fputs("default-src 'none'; img-src data:; script-src ", out);
    bool good = write_sums(out, html, size, "script");
    fputs("; style-src-elem ", out);
    good = good && write_sums(out, html, size, "style");
    fputs("; style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'", out);
    good = fclose(out) == 0 && good;
    if (good) return text;
    free(text);
    return NULL;
}

/* The text between two marks, and what comes behind. */
static struct span between(struct span *rest, const char *before, const char *after) {
    const char *begin = find(*rest, before);
    if (!begin) return (struct span){0};
    struct span text = {begin + strlen(before), rest->end};
    text.end = find(text, after);
    if (!text.end) return (struct span){0};
    rest->at = text.end;
    return text;
}

json_t *ten_page_sections(const char *html, size_t size) {
    struct span rest = {html, html + size}, list = between(&rest, "<nav aria-label=\"Sections\">", "</ol>");
    json_t *sections = json_array();
    int failed = !sections;
    while (list.at && !failed) {
        struct span id = between(&list, "<li><a href=\"#", "\">"), title = {0};
        if (id.at) title = between(&list, "\">", "</a>");
        if (!title.at) break;
        failed |= json_array_append_new(sections, json_pack("{s:s%, s:s%}", "id", id.at, (size_t)(id.end - id.at),
                                                            "title", title.at, (size_t)(title.end - title.at)));
    }
    return ten_json_whole(sections, failed);
}
