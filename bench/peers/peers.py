#!/usr/bin/python3
"""The same work in Tenfold and in the software that people use for it, side by side.

usage: peers.py [--only ITEM[,ITEM...]] [--repeat N] [--limit N] [--data DIR] [--json FILE] [--list]

`tenfold bench --arrays` prepares the images once and writes them; both sides then fit and predict on the same arrays in
memory, each in a process of its own, on all processors: ours, theirs, ours, theirs, and so on. Reading and preparing are
counted on neither side. What is compared is the median of fit and prediction together. The items predict-cnn2 (how fast a
trained network answers), speedrun (how soon one labels 99 % rightly) and embed (points in a plane) have rules of their
own: predict.py, speedrun.py, embed.py.

--json FILE appends each finished item as one line at once; items that are in the file already are not run again.
Needs Debian's python3-sklearn, python3-xgboost, python3-faiss and python3-torch, and ONNX Runtime from npm (tools/setup
peers).
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import embed  # noqa: E402
import other  # noqa: E402
import predict  # noqa: E402
import speedrun  # noqa: E402
import tenfold  # noqa: E402


# ---- The other side, in a process of its own ---------------------------------------------------------------------


def timed(fit, predict):
    """Runs both and gives their seconds, the peak of memory in bytes meanwhile, and what they returned."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    start = time.perf_counter()
    model = fit()
    middle = time.perf_counter()
    labels = predict(model)
    end = time.perf_counter()
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return {"fit": middle - start, "predict": end - middle, "peak_bytes": peak}, model, labels


def estimator(model, arrays):
    return timed(lambda: model.fit(arrays["train"], arrays["train_labels"]), lambda fitted: fitted.predict(arrays["test"]))


def gaussian_nb(arrays, seed):
    from sklearn.naive_bayes import GaussianNB
    return estimator(GaussianNB(), arrays)


def k_neighbors(arrays, seed):
    from sklearn.neighbors import KNeighborsClassifier
    return estimator(KNeighborsClassifier(n_neighbors=5, n_jobs=-1), arrays)


def faiss_flat(arrays, seed):
    import faiss
    import numpy

    def fit():
        index = faiss.IndexFlatL2(arrays["train"].shape[1])
        index.add(arrays["train"])
        return index

    def predict(index):
        neighbours = arrays["train_labels"][index.search(arrays["test"], 5)[1]]
        votes = (neighbours[:, :, None] == numpy.arange(10)).sum(axis=1)
        return votes.argmax(axis=1)

    return timed(fit, predict)


def random_forest(arrays, seed):
    from sklearn.ensemble import RandomForestClassifier
    return estimator(RandomForestClassifier(n_estimators=100, n_jobs=-1, random_state=seed), arrays)


def logistic_regression(arrays, seed):
    from sklearn.linear_model import LogisticRegression
    times, model, labels = estimator(LogisticRegression(C=1, max_iter=500), arrays)
    times["objective"] = logistic_objective(arrays, model.coef_, model.intercept_)
    times["iterations"] = int(model.n_iter_[0])
    return times, model, labels


def svc(arrays, seed):
    """LIBSVM, in scikit-learn's form for dense arrays."""
    from sklearn.svm import SVC
    import numpy
    times, model, labels = estimator(SVC(C=1, gamma="scale"), arrays)
    rows = numpy.repeat(numpy.arange(10), model.n_support_)
    coefficients = numpy.zeros((len(rows), 10))
    for a in range(10):
        for b in range(10):
            if a != b:  # LIBSVM leaves the own class out of its columns
                coefficients[rows == a, b] = model.dual_coef_[b - (b > a), rows == a]
    times["objective"] = svm_objective(model.support_vectors_, rows, coefficients, model._gamma)
    times["support_vectors"] = len(rows)
    return times, model, labels


def xgboost_hist(arrays, seed):
    from xgboost import XGBClassifier
    return estimator(XGBClassifier(n_estimators=100, max_depth=6, learning_rate=0.3, tree_method="hist", n_jobs=-1,
                                   random_state=seed), arrays)


def torch_train(arrays, seed, layers, epochs, image):
    """Adam at 1e-3 on shuffled batches of 128, as the study that we re-make trains its networks."""
    import torch
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(seed)
    side = int(arrays["train"].shape[1] ** 0.5)
    shape = (-1, 1, side, side) if image else (-1, side * side)
    train, test = (torch.from_numpy(arrays[name]).reshape(shape) for name in ("train", "test"))
    labels = torch.from_numpy(arrays["train_labels"].astype("int64"))

    def fit():
        model = torch.nn.Sequential(*layers(torch.nn))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(epochs):
            order = torch.randperm(len(train))
            for start in range(0, len(order), 128):
                rows = order[start:start + 128]
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(train[rows]), labels[rows]).backward()
                optimizer.step()
        return model.eval()

    def predict(model):
        with torch.no_grad():
            return torch.cat([model(part).argmax(dim=1) for part in test.split(1000)]).numpy()

    return timed(fit, predict)


def torch_mlp(arrays, seed):
    return torch_train(arrays, seed, lambda nn: [nn.Linear(400, 256), nn.ReLU(), nn.Linear(256, 10)], 5, False)


def torch_mlp2(arrays, seed):
    return torch_train(arrays, seed, lambda nn: [nn.Linear(400, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
                                                 nn.Linear(128, 10)], 5, False)


def torch_cnn2(arrays, seed):
    return torch_train(arrays, seed, lambda nn: [
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(576, 128), nn.ReLU(), nn.Linear(128, 10)], 10, True)


def work(peer, arrays_path, seed, out):
    import warnings
    import numpy
    warnings.simplefilter("ignore")  # of scikit-learn, that it did not converge: the objective tells
    times, _, labels = globals()[peer](load_arrays(arrays_path), seed)
    numpy.save(out, numpy.asarray(labels, dtype=numpy.uint8))
    print(json.dumps(times))


# ---- Both sides ----------------------------------------------------------------------------------------------------


def load_arrays(path):
    """The prepared arrays; bytes become the single-precision numbers that they stand for, as others want them."""
    import numpy
    arrays, metadata = tenfold.tensors(path)
    for name in ("train", "test"):
        if arrays[name].dtype == numpy.uint8:
            arrays[name] = arrays[name].astype(numpy.float32) * numpy.float32(metadata["unit"])
        else:
            arrays[name] = arrays[name].copy()  # aligned
    return arrays


def logistic_objective(arrays, weights, intercepts):
    """Sum of log losses and half the squared weights, the intercepts free, in double."""
    import numpy
    weights = weights.astype(float)
    scores = arrays["train"].astype(float) @ weights.T + intercepts.astype(float)
    top = scores.max(axis=1)
    logs = top + numpy.log(numpy.exp(scores - top[:, None]).sum(axis=1))
    return float((logs - scores[numpy.arange(len(scores)), arrays["train_labels"]]).sum() + 0.5 * (weights**2).sum())


def svm_objective(vectors, labels, coefficients, gamma):
    """Sum over the pairs of classes of 0.5 a'Qa - sum(a), in double. coefficients[i, b] is label times alpha of support
    vector i in the pair of its own class and b."""
    import numpy
    vectors = vectors.astype(float)
    squares = (vectors**2).sum(axis=1)
    value = 0.0
    for a in range(10):
        for b in range(a + 1, 10):
            part = numpy.concatenate([numpy.flatnonzero(labels == a), numpy.flatnonzero(labels == b)])
            signed = numpy.where(labels[part] == a, coefficients[part, b], coefficients[part, a]).astype(float)
            part, signed = part[signed != 0], signed[signed != 0]
            if abs(signed.sum()) > 1e-3 * abs(signed).sum():
                raise SystemExit(f"pair {a}, {b}: the signed multipliers do not add up to 0")
            dots = vectors[part] @ vectors[part].T
            distances = numpy.maximum(squares[part][:, None] + squares[part] - 2 * dots, 0)
            value += 0.5 * signed @ numpy.exp(-gamma * distances) @ signed - abs(signed).sum()
    return value


def our_objective(item, arrays_path, model_path):
    model, _ = tenfold.tensors(model_path)
    arrays = load_arrays(arrays_path)
    if item["model"] == "logistic":
        return logistic_objective(arrays, model["model.weights"], model["model.intercepts"])
    if item["model"] == "svm":
        unit = float(model["model.unit"][0]) if "model.unit" in model else 1.0
        vectors = model["model.vectors"] * unit
        train = arrays["train"].astype(float)
        gamma = 1 / (train.shape[1] * train.var())
        return svm_objective(vectors, model["model.labels"], model["model.coefficients"], gamma)
    return None


# What is compared. `bar`: how many times faster we want to be. `repeat` where it is not the script's own. `kind`: see KINDS.
ITEMS = {
    "naive-bayes-original": dict(model="naive-bayes", prep="original", peer="gaussian_nb", name="GaussianNB", bar=15),
    "knn-original": dict(model="knn", prep="original", peer="k_neighbors", name="KNeighborsClassifier", bar=3),
    "knn-bytes": dict(model="knn", prep="scale", peer="k_neighbors", name="KNeighborsClassifier", bar=8),
    "knn-bytes-faiss": dict(model="knn", prep="scale", peer="faiss_flat", name="FAISS IndexFlatL2", bar=5),
    "random-forest-original": dict(model="random-forest", prep="original", settings=["n_estimators=100"],
                                   peer="random_forest", name="RandomForestClassifier", bar=8, repeat=5, seeds=True,
                                   least_accuracy=0.968),
    "logistic-original": dict(model="logistic", prep="original", settings=["C=1"], peer="logistic_regression",
                              name="LogisticRegression", bar=15),
    "svm-original": dict(model="svm", prep="original", settings=["C=1"], peer="svc", name="SVC (LIBSVM)", bar=20,
                         repeat=1),
    "svm-scale": dict(model="svm", prep="scale", settings=["C=1"], peer="svc", name="SVC (LIBSVM)", bar=20, repeat=1),
    "gradient-boosting-bytes": dict(model="gradient-boosting", prep="none",
                                    settings=["n_estimators=100", "max_depth=6", "learning_rate=0.3"],
                                    peer="xgboost_hist", name="XGBoost hist", bar=3, repeat=1),
    "mlp-original": dict(model="mlp", prep="original", settings=["epochs=5"], peer="torch_mlp", name="PyTorch", bar=5,
                         repeat=5, seeds=True),
    "mlp2-original": dict(model="mlp2", prep="original", settings=["epochs=5"], peer="torch_mlp2", name="PyTorch",
                          bar=5, repeat=5, seeds=True),
    "cnn2": dict(model="cnn2", prep="minmax,crop20", settings=["epochs=10"], peer="torch_cnn2", name="PyTorch", bar=6,
                 repeat=5, seeds=True, least_accuracy=0.986),
    "predict-cnn2": dict(kind="predict", model="cnn2", prep="minmax,crop20", settings=["epochs=1"], repeat=5),
    "predict-cnn2-28": dict(kind="predict", model="cnn2", prep="scale", settings=["epochs=1"], repeat=5),
    "speedrun": dict(kind="speedrun", bar=13, repeat=5, way="plain"),
    "speedrun-fastest": dict(kind="speedrun", bar=13, repeat=5, way="fastest"),
    "embed": dict(kind="embed", prep="minmax,crop20", bar=10, repeat=1),
}
KINDS = {"embed": embed, "predict": predict, "speedrun": speedrun}  # items with rules of their own


def run_ours(item, options, seed, folder):
    files = {name: folder / f"{name}.safetensors" for name in ("arrays", "answers", "model")}
    row, machine = tenfold.bench(item["model"], item["prep"], settings=item.get("settings", ()), limit=options.limit,
                                 data=options.data, seed=seed, files=files)
    labels = tenfold.tensors(files["answers"])[0]["labels"]
    times = {"fit": row["fit_seconds"], "predict": row["predict_seconds"], "peak_bytes": row["peak_bytes"]}
    return times, labels, machine


def run_theirs(item, seed, folder):
    import numpy
    out = folder / "labels.npy"
    times = other.run(sys.executable, __file__, "--worker", item["peer"], folder / "arrays.safetensors", seed, out)
    return times, numpy.load(out)


def say(text):
    print(text, file=sys.stderr, flush=True)


def spoken(times):
    extra = f", objective {times['objective']:.3f}" if "objective" in times else ""
    return f"fit {times['fit']:.3f} s, predict {times['predict']:.3f} s, {times['peak_bytes'] / 1e6:.0f} MB{extra}"


def compare(name, item, options):
    """Runs an item; long ones (`repeat` 1) as ours, theirs, ours."""
    if "kind" in item:
        return KINDS[item["kind"]].compare(name, item, options, say)
    repeat = item.get("repeat") or options.repeat
    ours, theirs, shares, accuracies = [], [], [], {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory(prefix="tenfold-peers-") as folder:
        folder = pathlib.Path(folder)
        for i in range(repeat):
            seed = i if item.get("seeds") else 0
            times, our_labels, machine = run_ours(item, options, seed, folder)
            ours.append(times)
            say(f"  ours    {spoken(times)}")
            times, their_labels = run_theirs(item, seed, folder)
            theirs.append(times)
            say(f"  theirs  {spoken(times)}")
            truth = tenfold.tensors(folder / "arrays.safetensors")[0]["test_labels"]
            accuracies["ours"].append(float((our_labels == truth).mean()))
            accuracies["theirs"].append(float((their_labels == truth).mean()))
            shares.append(float((our_labels == their_labels).mean()))
        if repeat == 1:
            times, _, _ = run_ours(item, options, 0, folder)
            ours.append(times)
            say(f"  ours    {spoken(times)}")
        objective = our_objective(item, folder / "arrays.safetensors", folder / "model.safetensors")
    side = lambda times: {"seconds": tenfold.total(times), "peak_bytes": max(t["peak_bytes"] for t in times),
                          "times": times}  # noqa: E731
    result = {"item": name, "model": item["model"], "prep": item["prep"], "settings": item.get("settings", []),
              "peer": item["name"], "machine": machine, "limit": options.limit, "data": options.data or "mnist",
              "bar": item["bar"], "ours": side(ours), "theirs": side(theirs), "same_labels": statistics.mean(shares)}
    result["ratio"] = result["theirs"]["seconds"] / result["ours"]["seconds"]
    for who in accuracies:
        result[who]["accuracy"] = statistics.mean(accuracies[who])
    if objective is not None:
        result["ours"]["objective"] = objective
        result["theirs"]["objective"] = theirs[-1]["objective"]
    if "least_accuracy" in item:
        result["least_accuracy"] = item["least_accuracy"]
    return result


# ---- The table -----------------------------------------------------------------------------------------------------


def seconds(value):
    return f"{value:.3f} s" if value < 10 else f"{value:.1f} s"


def objectives(r):
    if "objective" not in r["ours"]:
        return ""
    ours, theirs = r["ours"]["objective"], r["theirs"]["objective"]
    return f"{ours:.2f}, {theirs:.2f} ({100 * (ours - theirs) / abs(theirs):+.4f} %)"


def tables(results):
    """One for each kind of item, in the order in which kinds were met."""
    kinds = {}
    for r in results:
        kinds.setdefault(r.get("kind"), []).append(r)
    return "\n\n".join((KINDS[kind].table if kind else table)(of_kind) for kind, of_kind in kinds.items())


def table(results):
    head = ["item", "other", "ours", "theirs", "ratio", "wanted", "accuracy, ours and theirs", "same labels",
            "objective, ours and theirs", "memory, ours and theirs"]
    rows = [head, ["---"] * len(head)]
    for r in results:
        wanted = f"{r['bar']}x" + (f", accuracy {r['least_accuracy']}" if "least_accuracy" in r else "")
        rows.append([
            f"`{r['item']}`", r["peer"], seconds(r["ours"]["seconds"]), seconds(r["theirs"]["seconds"]),
            f"**{r['ratio']:.1f}x**", wanted, f"{r['ours']['accuracy']:.4f}, {r['theirs']['accuracy']:.4f}",
            f"{100 * r['same_labels']:.2f} %", objectives(r),
            f"{r['ours']['peak_bytes'] / 1e6:.0f}, {r['theirs']['peak_bytes'] / 1e6:.0f} MB"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main():
    if sys.argv[1:2] == ["--worker"]:
        peer, arrays, seed, out = sys.argv[2:]
        return work(peer, arrays, int(seed), out)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(ITEMS), help="items, with commas between")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of the short items (default 3)")
    parser.add_argument("--limit", type=int, help="at most so many images of each set")
    parser.add_argument("--data", help="the dataset (default mnist)")
    parser.add_argument("--json", help="append each item to this file; leave out those that it holds")
    parser.add_argument("--list", action="store_true", help="print the items")
    options = parser.parse_args()
    if options.list:
        print("\n".join(ITEMS))
        return 0
    names = options.only.split(",")
    for name in names:
        if name not in ITEMS:
            parser.error(f"unknown item {name}; there are {', '.join(ITEMS)}")
    if options.repeat < 1:
        parser.error("--repeat: expected at least 1")
    known = {}
    if options.json and os.path.exists(options.json):
        known = {r["item"]: r for r in map(json.loads, open(options.json))}
    results = []
    for name in names:
        if name in known:
            say(f"{name}: taken from {options.json}")
        else:
            say(name)
            try:
                known[name] = compare(name, ITEMS[name], options)
            except subprocess.CalledProcessError as failed:
                say(f"  left out: {failed.cmd[0]} ended with {failed.returncode}")
                continue
            if options.json:
                with open(options.json, "a") as file:
                    file.write(json.dumps(known[name]) + "\n")
        results.append(known[name])
    print(tables(results))
    return 0 if len(results) == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
