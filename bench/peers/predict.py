"""How fast a network answers here, in ONNX Runtime and in PyTorch: the same weights on the same prepared images.

`tenfold train` makes the model, and PyTorch's network and the ONNX file are made of its weights. Then ours, ONNX
Runtime, PyTorch, and so on, in turn, each in a process of its own, measured alike: all test images in batches of 100,
then 2,000 calls with one image; probabilities in memory at the end. The others are tried in several ways (threads; memory
formats; PyTorch as it is and compiled by its own compiler), and for each of the figures the fastest way counts.
"""
import json
import pathlib
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import other  # noqa: E402
import tenfold  # noqa: E402

BATCH, CALLS, THREADS = 100, 2000, 2
FIGURES = {"microseconds_per_image": "an image, batches of 100", "single_microseconds": "one at a time, median",
           "single_p95": "one at a time, 95 % within"}


# ---- The same network elsewhere ----------------------------------------------------------------------------------


def torch_network(path, side):
    """PyTorch's form of a network of convolutions with relu and maxpool 2, then dense layers, for square images. Our
    weights stand unit by unit for each input, and activations are [height][width][channels]: PyTorch's are the other way
    round."""
    import torch
    tensors, metadata = tenfold.tensors(path)
    modules, channels = [], 1
    for number, text in enumerate(metadata["network"].split(", "), 1):
        words = text.split()
        if words[0] in ("conv", "dense"):
            weights, offsets = (torch.from_numpy(tensors[f"model.layer{number}.{part}"].copy())
                                for part in ("weights", "offsets"))
        if words[0] == "conv" and len(words) == 3:
            weights = weights.permute(3, 2, 0, 1)
            module = torch.nn.Conv2d(channels, len(offsets), tuple(weights.shape[2:]))
            channels, side = len(offsets), side - weights.shape[2] + 1
        elif words[0] == "dense":
            if channels:  # the first one
                modules.append(torch.nn.Flatten())
                weights = weights.reshape(side, side, channels, -1).permute(2, 0, 1, 3).reshape(weights.shape)
                channels = 0
            weights = weights.T
            module = torch.nn.Linear(weights.shape[1], weights.shape[0])
        elif text == "relu":
            module = torch.nn.ReLU()
        elif text == "maxpool 2":
            module, side = torch.nn.MaxPool2d(2), side // 2
        elif words[0] == "dropout":
            continue
        else:
            raise SystemExit(f"{path}: no form of \"{text}\" for PyTorch is known here")
        if words[0] in ("conv", "dense"):
            module.weight.data, module.bias.data = weights.contiguous(), offsets
        modules.append(module)
    return torch.nn.Sequential(*modules, torch.nn.Softmax(dim=1)).eval()


def images_of(arrays_path):
    import numpy
    arrays, metadata = tenfold.tensors(arrays_path)
    images = arrays["test"].astype(numpy.float32)
    if arrays["test"].dtype == numpy.uint8:
        images *= numpy.float32(metadata["unit"])
    side = int(images.shape[1] ** 0.5)
    return images.reshape(-1, 1, side, side)


def quantiles(times):
    times = sorted(times)
    return {"single_microseconds": 1e6 * statistics.median(times),
            "single_p95": 1e6 * times[-(-len(times) * 95 // 100) - 1]}


def torch_ways(model_path, images):
    """Name, threads, and a function of a batch for every way to ask PyTorch."""
    import torch
    plain, last = (torch_network(model_path, images.shape[2]) for _ in range(2))
    last = last.to(memory_format=torch.channels_last)
    ways = [("plain", plain), ("channels last", lambda x: last(x.contiguous(memory_format=torch.channels_last)))]
    for rows in (BATCH, 1):
        frozen = torch.jit.freeze(torch.jit.trace(plain, images[:rows]))
        ways.append((f"compiled for {rows}", torch.jit.optimize_for_inference(frozen)))
    return [(name, threads, ask) for name, ask in ways for threads in (1, THREADS)]


def torch_worker(model_path, arrays_path, out):
    import numpy
    import torch
    images = torch.from_numpy(images_of(arrays_path))
    batches, singles = images.split(BATCH), [images[i % len(images)][None] for i in range(CALLS)]
    result = {"version": torch.__version__, "ways": {}}
    with torch.inference_mode():
        for name, threads, ask in torch_ways(model_path, images):
            torch.set_num_threads(threads)
            figures = {}
            if name != "compiled for 1":
                answers = torch.cat([ask(batch) for batch in batches])
                start = time.perf_counter()
                for batch in batches:
                    ask(batch)
                figures["microseconds_per_image"] = 1e6 * (time.perf_counter() - start) / len(images)
            if name != f"compiled for {BATCH}":
                times = []
                for image in singles[:100] + singles:
                    start = time.perf_counter()
                    ask(image)
                    times.append(time.perf_counter() - start)
                figures.update(quantiles(times[100:]))
            result["ways"][f"{name}, {threads} thread{'s' * (threads > 1)}"] = figures
    numpy.save(out, answers.numpy())
    print(json.dumps(result))


def export_worker(model_path, arrays_path, onnx_path, images_path):
    import torch
    images = torch.from_numpy(images_of(arrays_path))
    rows = {0: "rows"}
    torch.onnx.export(torch_network(model_path, images.shape[2]), images[:1], onnx_path, opset_version=13,
                      input_names=["images"], output_names=["probabilities"],
                      dynamic_axes={"images": rows, "probabilities": rows})
    images.numpy().astype("<f4").tofile(images_path)
    print(json.dumps({"side": images.shape[2]}))


# ---- The item -----------------------------------------------------------------------------------------------------


def best(rounds, figure):
    """The way with the least median of a figure: (microseconds, name)."""
    ways = [name for name, figures in rounds[0]["ways"].items() if figure in figures]
    return min((statistics.median(r["ways"][name][figure] for r in rounds), name) for name in ways)


def compare(name, item, options, say):
    import numpy
    rounds = {"ours": [], "onnx": [], "torch": []}
    common = []
    for key in ("data", "limit"):
        common += [f"--{key}", getattr(options, key)] if getattr(options, key) else []
    with tempfile.TemporaryDirectory(prefix="tenfold-peers-") as folder:
        folder = pathlib.Path(folder)
        model, arrays, answers = (folder / f"{part}.safetensors" for part in ("model", "arrays", "answers"))
        settings = [word for setting in item["settings"] for word in ("--set", setting)]
        tenfold.document("train", item["model"], "--prep", item["prep"], *settings, *common, "--out", model)
        asked = ["bench", "predict", "--model", model, "--threads", THREADS, *common]
        tenfold.document(*asked, "--repeat", 1, "--arrays", arrays, "--answers", answers)
        onnx = [folder / "model.onnx", folder / "images"]
        onnx.append(other.run(sys.executable, __file__, "export", model, arrays, *onnx)["side"])
        for _ in range(item.get("repeat") or options.repeat):
            ours = tenfold.document(*asked, "--repeat", 1)
            rounds["ours"].append({"ways": {f"{THREADS} threads": {f: ours[f] for f in FIGURES}}})
            rounds["onnx"].append(other.run("node", HERE / "onnx.mjs", *onnx, BATCH, CALLS, folder / "onnx"))
            rounds["torch"].append(other.run(sys.executable, __file__, "torch", model, arrays, folder / "torch.npy"))
            for who in rounds:
                say(f"  {who:6}" + ", ".join(f"{words} {best(rounds[who][-1:], figure)[0]:.2f} µs"
                                             for figure, words in FIGURES.items()))
        told = tenfold.tensors(answers)[0]
        truth = tenfold.tensors(arrays)[0]["test_labels"]
        theirs = {"onnx": numpy.fromfile(folder / "onnx", dtype="<f4").reshape(-1, 10),
                  "torch": numpy.load(folder / "torch.npy")}
    result = {"item": name, "kind": "predict", "model": item["model"], "prep": item["prep"],
              "settings": item["settings"], "precision": ours["precision"], "threads": THREADS,
              "machine": ours["machine"], "limit": options.limit, "data": options.data or "mnist",
              "accuracy": float((told["labels"] == truth).mean()),
              "versions": {who: rounds[who][0]["version"] for who in theirs}}
    for who, probabilities in theirs.items():
        result[f"{who}_same_labels"] = float((probabilities.argmax(axis=1) == told["labels"]).mean())
        result[f"{who}_largest_difference"] = float(abs(probabilities - told["probabilities"]).max())
    for who in rounds:
        chosen = {figure: best(rounds[who], figure) for figure in FIGURES}
        result[who] = {figure: value for figure, (value, _) in chosen.items()}
        result[who]["ways"] = {figure: way for figure, (_, way) in chosen.items()}
        result[who]["rounds"] = rounds[who]
    return result


def table(results):
    """A line for each figure of each item, and below the table what it was made of."""
    versions = results[0]["versions"]
    rows = [["item", "microseconds", "ours", f"ONNX Runtime {versions['onnx']}", "ratio",
             f"PyTorch {versions['torch']}", "ratio"]]
    rows.append(["---"] * len(rows[0]))
    notes = []
    for r in results:
        for figure, words in FIGURES.items():
            ours = r["ours"][figure]
            row = [f"`{r['item']}`", words, f"{ours:.2f}"]
            for who in ("onnx", "torch"):
                theirs = r[who][figure]
                row += [f"{theirs:.2f} ({r[who]['ways'][figure]})", f"**{theirs / ours:.2f}x**"]
            rows.append(row)
        difference = max(r["onnx_largest_difference"], r["torch_largest_difference"])
        notes.append(f"`{r['item']}`: accuracy {r['accuracy']:.4f}; labels as ours: ONNX Runtime "
                     f"{100 * r['onnx_same_labels']:.2f} %, PyTorch {100 * r['torch_same_labels']:.2f} %; "
                     f"probabilities differ by {difference:.1e} at most.")
    return "\n".join(["| " + " | ".join(row) + " |" for row in rows] + [""] + notes)


if __name__ == "__main__":
    {"torch": torch_worker, "export": export_worker}[sys.argv[1]](*sys.argv[2:])
