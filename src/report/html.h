/* Writing HTML so that text cannot become markup: the format function escapes every %s. Numbers are made into words for
 * readers here too, in one way for the whole page. */
#ifndef TEN_REPORT_HTML_H
#define TEN_REPORT_HTML_H

#include "base/file.h"
#include "report/value.h"

struct ten_html {
    struct ten_writer writer;
    struct ten_outcome *outcome;
};

/* Markup as it is. */
void ten_html_raw(struct ten_html *html, const char *markup);
void ten_html_bytes(struct ten_html *html, const void *bytes, size_t size);
/* Text, escaped for elements and quoted attributes alike. */
void ten_html_text(struct ten_html *html, const char *text);
/* `format` is markup; %s is escaped; %zu, %d, %.Nf and %% work as in printf, and nothing else does. */
void ten_html(struct ten_html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON document inside <script>: `<` becomes \u003c, so that nothing in it can end the element. */
void ten_html_json(struct ten_html *html, const json_t *json);

/* Short texts by value: ten_show_count(n).text lives until the end of the full expression. NAN shows as a dash. */
struct ten_show {
    char text[64];
};
struct ten_show ten_show_count(double value);               /* 60,000 */
struct ten_show ten_show_small(size_t value);               /* three; 13 */
struct ten_show ten_show_share(double value);               /* 0.9705 */
struct ten_show ten_show_percent(double value, int digits); /* 97.05 %, of a share */
struct ten_show ten_show_number(double value, int digits);  /* 33.32: `digits` after the point */
struct ten_show ten_show_figures(double value);             /* three significant figures */
struct ten_show ten_show_seconds(double value);             /* 0.62 s; 1 min 33 s */

#endif
