/* `tenfold report`: the page from a study's folder. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "report/report.h"
#include "study/json.h"

static int run(const struct options *options) {
    const char *folder = options->argument_count ? options->arguments[0] : "study";
    char path[2048];
    const char *out = options->out ? options->out : path;
    struct ten_error error;
    enum ten_status status = TEN_OK;
    if (!options->out) status = ten_path_join(path, sizeof path, folder, "report.html", &error);
    if (status == TEN_OK) status = ten_report_build(folder, out, &error);
    size_t pictures = 0;
    bool draws = options->png || options->svg;
    if (status == TEN_OK && draws) status = ten_report_pictures(folder, options->png, options->svg, &pictures, &error);
    if (status != TEN_OK) return ten_complain_error(&error);
    if (options->json)
        return ten_print_json(json_pack("{s:o, s:o, s:o*}", "folder", ten_json_text(folder), "report",
                                        ten_json_text(out), "pictures",
                                        draws ? json_integer((json_int_t)pictures) : NULL),
                              NULL);
    ten_say(options, "wrote %s", out);
    if (draws) ten_say(options, "wrote %zu pictures beside the figures in %s/figures", pictures, folder);
    return DONE;
}

const struct command ten_command_report = {
    .name = "report",
    .usage = "[FOLDER]",
    .summary = "the page from a study's folder",
    .details = "FOLDER is what `tenfold study` wrote (default study). The page is one file that needs no network; the "
               "figures are written beside it as Vega-Lite texts, into FOLDER/figures; with --png or --svg as pictures "
               "too, which Chromium draws ($CHROMIUM, or found on the path).",
    .examples = "  tenfold report\n"
                "  tenfold report study --out digits.html\n"
                "  tenfold report --png --svg\n",
    .options = OPT_OUT | OPT_PICTURES | OPT_QUIET | OPT_JSON | OPT_HELP,
    .notes = (const struct option_note[]){{OPT_OUT, "the page (default FOLDER/report.html)"}, {0}},
    .most_arguments = 1,
    .run = run,
};
