/* `tenfold bench`: what this machine can do, measured, and how near to it the kernels and the models come. */
#include "cli/bench.h"

#include "base/cpu.h"
#include "base/parallel.h"

#include <string.h>

struct parts {
    bool peaks, kernels, models, predict;
};

static int choose_parts(const struct options *options, struct parts *parts) {
    *parts = (struct parts){.peaks = options->argument_count == 0, .kernels = options->argument_count == 0};
    for (size_t i = 0; i < options->argument_count; i++) {
        const char *word = options->arguments[i];
        if (strcmp(word, "peaks") == 0)
            parts->peaks = true;
        else if (strcmp(word, "kernels") == 0)
            parts->kernels = true;
        else if (strcmp(word, "models") == 0)
            parts->models = true;
        else if (strcmp(word, "predict") == 0)
            parts->predict = true;
        else
            return ten_complain(WRONG_USAGE, "unknown part \"%s\"; expected peaks, kernels, models or predict%s", word,
                                strcmp(word, "speedrun") == 0 ? "; there is --speedrun" : "");
    }
    if (parts->predict) return bench_predict_check(options);
    bool for_models = options->data || options->models || options->prep || options->setting_count || options->limit ||
                      options->repeat || options->arrays || options->answers || options->model;
    if (for_models && !parts->models)
        return ten_complain(WRONG_USAGE, "--data, --models, --prep, --set, --limit, --repeat, --arrays, --answers and "
                                         "--model are for `tenfold bench models` and `tenfold bench predict`");
    return parts->models ? bench_models_check(options) : DONE;
}

/* The members of the document are filled part by part; on a terminal each table stands there as soon as it is done. */
static int run_parts(const struct options *options, const struct parts *parts, json_t *document) {
    struct limits limits;
    struct ten_error error;
    bench_limits_init(&limits, options);
    json_t *peaks = json_object_get(document, "peaks"), *kernels = json_object_get(document, "kernels");
    json_t *models = json_object_get(document, "models");
    int result = DONE;
    if (parts->peaks) {
        if (bench_peaks(&limits, peaks, &error) != TEN_OK) return ten_complain_error(&error);
        ten_progress_clear();
        if (!options->json) result = bench_print_peaks(&limits, peaks);
    }
    if (parts->kernels && result == DONE) {
        if (bench_kernels(&limits, kernels, &error) != TEN_OK) return ten_complain_error(&error);
        ten_progress_clear();
        if (parts->peaks && !options->json) putchar('\n');
        if (!options->json) result = bench_print_kernels(kernels);
    }
    if (parts->models && result == DONE) {
        result = bench_models(&limits, options, models);
        ten_progress_clear();
        if (result == DONE && (parts->peaks || parts->kernels) && !options->json) putchar('\n');
        if (result == DONE && !options->json) result = bench_print_models(models);
    }
    return result;
}

static int run(const struct options *options) {
    if (options->speedrun) return bench_speedrun(options);
    if (options->net || options->on)
        return ten_complain(WRONG_USAGE, "--net and --on are for `tenfold bench --speedrun`");
    struct parts parts;
    int result = choose_parts(options, &parts);
    if (result != DONE) return result;
    if (parts.predict) return bench_predict(options);
    struct ten_run run = ten_run_for(options);
    json_t *document =
        json_pack("{s:{s:s, s:s, s:I}, s:[], s:[], s:[]}", "machine", "processor", ten_cpu()->name, "kernels",
                  ten_kernel_set(), "threads", (json_int_t)ten_threads(&run), "peaks", "kernels", "models");
    if (!document) return ten_complain(FAILED, "out of memory for JSON");
    ten_say(options, "%s, kernel set %s, %zu threads", ten_cpu()->name, ten_kernel_set(), ten_threads(&run));
    result = run_parts(options, &parts, document);
    if (result == DONE && options->json) return ten_print_json(document, NULL);
    json_decref(document);
    if (result == DONE && options->argument_count == 0)
        ten_say(options, "`tenfold bench models` fits the models and lets them label the test images");
    return result;
}

const struct command ten_command_bench = {
    .name = "bench",
    .usage = "[PART...] | --speedrun",
    .summary = "our own speed on this machine, beside its measured peak",
    .details =
        "The parts: peaks: what the processor's arithmetic and memory reach, with the kernel set in use. kernels: "
        "every kernel at "
        "the shapes in which models call it, on one thread, and its share of the tighter limit. models: each model's "
        "estimator fitted on the training images and asked for the test images, which its chain has prepared before; "
        "medians, and their share of the limit where the least work can be counted. predict: a saved model's estimator "
        "asked for the test images, which its chain has prepared before, a hundred at a call and one at a call. "
        "Without a word: peaks and kernels. --speedrun: how long it takes to train a network from random weights to "
        "99 % on the test set, from the bytes of the images in memory to the last label, as the mean over thirty "
        "seeds. "
        "Its recipe was chosen on held-out training images (--on validation); --net, --set and --prep try another.",
    .examples = "  tenfold bench\n"
                "  tenfold bench models --models knn,logistic --prep original\n"
                "  tenfold bench peaks kernels models --json\n"
                "  tenfold bench predict --model cnn2.safetensors\n"
                "  tenfold bench --speedrun\n"
                "  TENFOLD_CPU=avx2 tenfold bench kernels\n",
    .options = OPT_COMMON | OPT_DATA | OPT_LIMIT | OPT_PREP | OPT_SET | OPT_MODELS | OPT_REPEAT | OPT_ARRAYS |
               OPT_ANSWERS | OPT_MODEL | OPT_QUICK | OPT_SPEEDRUN | OPT_NET | OPT_ON,
    .notes =
        (const struct option_note[]){{OPT_QUICK, "measure the machine and the kernels roughly, in a second or two"},
                                     {OPT_MODEL, "models: write the fitted model; predict: the model to ask"},
                                     {OPT_REPEAT, "how many times (default 3, once where that takes long; 30 seeds)"},
                                     {OPT_ON, "speedrun: measure on test (default) or validation"},
                                     {0}},
    .most_arguments = 3,
    .run = run,
};
