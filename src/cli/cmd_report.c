/* `tenfold report`: the page from a study's folder. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "report/report.h"

static int run(const struct options *options) {
    const char *folder = options->argument_count ? options->arguments[0] : "study";
    char path[2048];
    struct ten_error error;
    enum ten_status status = TEN_OK;
    if (options->out) snprintf(path, sizeof path, "%s", options->out);
    else status = ten_path_join(path, sizeof path, folder, "report.html", &error);
    if (status == TEN_OK) status = ten_report_build(folder, path, &error);
    if (status != TEN_OK) return ten_complain_error(&error);
    if (options->json) return ten_print_json(json_pack("{s:s, s:s}", "folder", folder, "report", path), NULL);
    ten_say(options, "wrote %s", path);
    return DONE;
}

const struct command ten_command_report = {
    .name = "report",
    .usage = "[FOLDER]",
    .summary = "the page from a study's folder",
    .details = "Makes FOLDER/report.html (FOLDER is `study` by default), one file that needs no network, and the figures\n"
               "as Vega-Lite texts in FOLDER/figures.\n",
    .examples = "  tenfold report\n"
                "  tenfold report study --out digits.html\n",
    .options = OPT_OUT | OPT_QUIET | OPT_JSON | OPT_HELP,
    .most_arguments = 1,
    .run = run,
};
