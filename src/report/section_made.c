/* How this was made: what the figures rest on, the command that gives them again, and the files. */
#include "report/page.h"

#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void write_notes(struct ten_page *page) {
    struct ten_html *html = &page->html;
    const struct ten_row *best = &page->rows[page->best];
    struct ten_value study = ten_source_root(&page->study);
    ten_html(html,
             "<p class=\"finding\">On the %s test images every pipeline was measured once, after the choice was made "
             "on training images alone.</p>\n<ul class=\"notes\">\n",
             ten_show_count((double)page->test_count).text);
    if (page->by_folds) {
        ten_html_raw(html, "<li><b>Choice.</b> The model in detail is the one with the highest mean accuracy over the "
                           "folds of the training images, each labelled by a pipeline that was fitted on the others");
    } else {
        ten_html(html,
                 "<li><b>Choice.</b> The model in detail is the one with the highest accuracy on the %s images, which "
                 "were taken from the training set and which it had not been fitted on",
                 ten_member_text(&study, "chosen_on"));
    }
    if (isfinite(best->validation)) ten_html(html, " (%s)", ten_show_percent(best->validation, 2).text);
    ten_html(html, ". %s</li>\n",
             best->accuracy < page->rows[0].accuracy
                 ? "Another pipeline is more accurate on the test set; choosing it for that would have made its "
                   "figure too good to be true."
                 : "None is more accurate on the test set.");
    ten_html_raw(html, "<li><b>Test images.</b> The section on the data describes them too; nothing was chosen by "
                       "that.</li>\n");
    ten_html_raw(
        html, "<li><b>Pipelines.</b> Preprocessing and model are fitted, saved and applied as one, so that "
              "training and prediction see the same inputs.</li>\n"
              "<li><b>Intervals.</b> An accuracy’s 95&#8239;% interval is Wilson’s (1927). It covers the chance in the "
              "choice of test images, not that in the training.</li>\n"
              "<li><b>Times</b> are wall-clock seconds on the processor named at the top. They and the peaks of memory "
              "differ from run to run; everything else comes out the same, to the bit, with the same seed, data and "
              "kernel set.</li>\n</ul>\n");
}

static void write_command(struct ten_page *page) {
    struct ten_html *html = &page->html;
    struct ten_value study = ten_source_root(&page->study);
    if (!ten_value_has(&study, "command")) return; /* studies of earlier versions */
    ten_html(html,
             "<h3>The same again</h3>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
             "aria-label=\"Command line\"><pre><code>%s</code></pre></div>\n",
             ten_member_text(&study, "command"));
}

/* A link if the study has the file. */
static void write_file(struct ten_page *page, const char *format, const char *name, const char *words) {
    char path[192], whole[4096];
    snprintf(path, sizeof path, "%.20s%.128s%.20s", format, name, words);
    if (ten_path_join(whole, sizeof whole, page->folder, path, NULL) != TEN_OK || !ten_file_exists(whole)) {
        ten_html_raw(&page->html, "–");
        return;
    }
    ten_part_file(page, path);
}

static void write_files(struct ten_page *page) {
    struct ten_html *html = &page->html;
    ten_html_raw(html, "<h3>The files</h3>\n<p>Everything shown here stands ");
    if (page->beside) {
        ten_html_raw(html, "beside this page");
    } else {
        char *whole = realpath(page->folder, NULL);
        ten_html(html, "in the folder <code>%s</code>", whole ? whole : page->folder);
        free(whole);
    }
    ten_html_raw(html, ", in formats that other tools read: ");
    const struct ten_source *files[] = {&page->study,     &page->explore,   &page->preprocess,   &page->crossval,
                                        &page->tune,      &page->compare,   &page->significance, &page->suspects,
                                        &page->embeds[0], &page->embeds[1], &page->inside,       &page->sprite,
                                        &page->runs};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!files[i]->root) continue;
        ten_html_raw(html, i ? ", " : "");
        ten_part_file(page, files[i]->name);
    }
    ten_html_raw(html, "; the figures as Vega-Lite texts in ");
    ten_part_file(page, "figures/");
    ten_html_raw(html, "; and for each pipeline:</p>\n");
    ten_part_table(page, "files", "Files of each pipeline");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Pipeline</th><th scope=\"col\">Evaluation</th>"
                       "<th scope=\"col\">Fitted pipeline</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->row_count; i++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th><td>", page->rows[i].name);
        write_file(page, "evaluate/", page->rows[i].name, ".json");
        ten_html_raw(html, "</td><td>");
        write_file(page, "models/", page->rows[i].name, ".safetensors");
        ten_html_raw(html, "</td></tr>\n");
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

void ten_section_made(struct ten_page *page) {
    ten_html_raw(&page->html,
                 "<section id=\"made\" aria-labelledby=\"made-title\">\n<h2 id=\"made-title\">How this was "
                 "made</h2>\n");
    write_notes(page);
    write_command(page);
    if (page->runs.root) ten_section_runs(page);
    write_files(page);
    ten_html_raw(&page->html, "</section>\n");
}
