/* What a page that is served whole may do: its own Content-Security-Policy, and what can be read off it. */
#ifndef TEN_SERVE_POLICY_H
#define TEN_SERVE_POLICY_H

#include <jansson.h>
#include <stddef.h>

/* A policy for an HTML page that holds everything it needs: only those scripts and style sheets that stand in it now
 * run, by their SHA-256 sums; nothing is fetched. The caller frees; NULL: memory is short. */
char *ten_page_policy(const char *html, size_t size);

/* The parts of a report, [{"id","title"}], from its list of sections; empty if it has none. NULL: memory is short. */
json_t *ten_page_sections(const char *html, size_t size);

#endif
