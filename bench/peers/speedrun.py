"""The fastest way to 99 % on the test images that has been published for PyTorch, and ours.

Theirs: convolutions of 24 (5x5) and 32 (3x3), each with maxpool 2 and relu, dense 256, relu, dense 10; one epoch in
batches of 256 with Adam, its rate going once up to 1e-2 and down (one cycle; PyTorch's own lets beta1 run as well, so
that the 0.7 given counts for nothing). Ours: `tenfold bench --speedrun`. The clock runs from bytes in memory to the labels
of the test images. Theirs, ours, theirs, and so on; each of theirs is one seed in a process of its own, which has made
some steps before, each of ours is thirty seeds. Two items: the recipe as one writes it down in PyTorch, and the fastest
of PyTorch's own ways of running it (channels last, Adam over lists of tensors).
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

SEEDS = 30
BATCH, MEAN, DEVIATION = 256, 0.1307, 0.3081


def run(arrays, seed, fastest, steps=None):
    """Labels of the test images and the seconds until they were there; with `steps` only so many are made."""
    import torch
    nn = torch.nn
    layout = torch.channels_last if fastest else torch.contiguous_format

    def numbers(images):
        return images.float().sub_(255 * MEAN).div_(255 * DEVIATION).contiguous(memory_format=layout)

    train, test, labels = (torch.from_numpy(arrays[name]) for name in ("train", "test", "train_labels"))
    train, test = train.reshape(-1, 1, 28, 28), test.reshape(-1, 1, 28, 28)
    torch.manual_seed(seed)
    start = time.perf_counter()
    model = nn.Sequential(nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(24, 32, 3), nn.MaxPool2d(2),
                          nn.ReLU(), nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10))
    model = model.to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.7, 0.9), foreach=fastest)
    order = torch.randperm(len(train)).split(BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=len(order))
    labels = labels.long()
    for rows in order[:steps]:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(numbers(train[rows])), labels[rows]).backward()
        optimizer.step()
        schedule.step()
    model.eval()
    with torch.inference_mode():
        answers = torch.cat([model(numbers(part)).argmax(dim=1) for part in test.split(500)]).numpy()
    return answers, time.perf_counter() - start


def worker(arrays_path, seed, way):
    import torch
    torch.set_num_threads(2)
    arrays = {name: values.copy() for name, values in tenfold.tensors(arrays_path)[0].items()}
    run(arrays, int(seed), way == "fastest", steps=5)
    labels, seconds = run(arrays, int(seed), way == "fastest")
    print(json.dumps({"version": torch.__version__, "seed": int(seed), "seconds": seconds,
                      "accuracy": float((labels == arrays["test_labels"]).mean())}))


def compare(name, item, options, say):
    theirs, ours = [], []
    common = ["--data", options.data] if options.data else []
    with tempfile.TemporaryDirectory(prefix="tenfold-peers-") as folder:
        arrays = pathlib.Path(folder) / "arrays.safetensors"
        _, machine = tenfold.bench("nearest-centroid", "none", limit=options.limit, data=options.data,
                                   files={"arrays": arrays})
        for seed in range(item["repeat"]):
            theirs.append(other.run(sys.executable, __file__, arrays, seed, item["way"]))
            say(f"  theirs  {theirs[-1]['seconds']:.3f} s, accuracy {theirs[-1]['accuracy']:.4f}")
            if seed == item["repeat"] - 1 and ours:
                break
            ours.append(tenfold.document("bench", "--speedrun", "--repeat", SEEDS, "--threads", 2, *common))
            say(f"  ours    {ours[-1]['mean_seconds']:.3f} s, accuracy {ours[-1]['mean_accuracy']:.4f} (means)")
    return {"item": name, "kind": "speedrun", "machine": machine, "data": options.data or "mnist",
            "limit": options.limit, "way": item["way"], "version": theirs[0]["version"], "bar": item["bar"],
            "ours": {"seconds": statistics.median(r["mean_seconds"] for r in ours), "seeds": SEEDS,
                     "accuracy": statistics.mean(r["mean_accuracy"] for r in ours), "rounds": ours},
            "theirs": {"seconds": statistics.median(r["seconds"] for r in theirs),
                       "accuracy": statistics.mean(r["accuracy"] for r in theirs), "rounds": theirs}}


def spread(seconds):
    """Of several measurements: a busy machine shows itself, as PyTorch's threads wait for each other at every layer."""
    return f"{statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"


def table(results):
    rows = [["item", "other", "ours", "theirs", "ratio", "wanted", "accuracy, ours and theirs (means)"]]
    rows.append(["---"] * len(rows[0]))
    for r in results:
        ours, theirs = r["ours"], r["theirs"]
        rows.append([f"`{r['item']}`", f"PyTorch {r['version']}, {r['way']}", spread([x["mean_seconds"] for x in ours["rounds"]]),
                     spread([x["seconds"] for x in theirs["rounds"]]),
                     f"**{theirs['seconds'] / ours['seconds']:.1f}x**", f"{r['bar']}x, accuracy 0.99",
                     f"{ours['accuracy']:.4f} ({ours['seeds']} seeds), "
                     f"{theirs['accuracy']:.4f} ({len(theirs['rounds'])})"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    worker(*sys.argv[1:])
