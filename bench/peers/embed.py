"""The test images as points in a plane: `tenfold embed` beside scikit-learn's TSNE (Barnes and Hut's way, its default).

Both start from the same preprocessed images, with perplexity 30, 1000 iterations, the principal plane to start from and
scikit-learn's automatic learning rate. The clock runs from features in memory to the points, on our side with the exact
divergence. Ours, theirs, ours, and so on. Divergence and purity of both are computed here, in the same way: the shares of
neighbours by scikit-learn's own function, the sum over all pairs of points exactly, in double. Processor seconds are
given, too: on a busy machine they say more than the clock; ours are those of the whole process, loading and preparing
included.
"""
import json
import pathlib
import resource
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import other  # noqa: E402
import tenfold  # noqa: E402

PERPLEXITY, NEIGHBOURS = 30, 10


def processor_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def worker(arrays_path, seed, out):
    import numpy
    import sklearn
    from sklearn.manifold import TSNE
    rows = tenfold.tensors(arrays_path)[0]["test"].copy()
    model = TSNE(perplexity=PERPLEXITY, init="pca", learning_rate="auto", n_jobs=2, random_state=int(seed))
    start, spent = time.perf_counter(), processor_seconds(resource.RUSAGE_SELF)
    points = model.fit_transform(rows)
    end, spent_then = time.perf_counter(), processor_seconds(resource.RUSAGE_SELF)
    numpy.save(out, points)
    print(json.dumps({"version": sklearn.__version__, "seconds": end - start, "processor_seconds": spent_then - spent,
                      "own_divergence": float(model.kl_divergence_)}))


class Judge:
    """Divergence and purity of points for these rows."""

    def __init__(self, rows, labels):
        from sklearn.manifold._t_sne import _joint_probabilities_nn
        from sklearn.neighbors import NearestNeighbors
        count = min(len(rows) - 1, 3 * PERPLEXITY + 1)
        distances = NearestNeighbors(n_neighbors=count, n_jobs=-1).fit(rows).kneighbors_graph(mode="distance")
        distances.data **= 2
        self.shares = _joint_probabilities_nn(distances, PERPLEXITY, verbose=0).tocoo()
        self.labels = labels

    def __call__(self, points):
        import numpy
        from sklearn.neighbors import NearestNeighbors
        points = numpy.asarray(points, dtype=float)
        weights = -float(len(points))
        for part in numpy.array_split(points, max(1, len(points) // 500)):
            apart = part[:, None, :] - points[None, :, :]
            weights += (1 / (1 + (apart**2).sum(axis=2))).sum()
        p, i, j = self.shares.data, self.shares.row, self.shares.col
        apart = ((points[i] - points[j])**2).sum(axis=1)
        near = p > 0
        divergence = float((p[near] * numpy.log(p[near] * (1 + apart[near]) * weights)).sum())
        others = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors(return_distance=False)
        return {"divergence": divergence,
                "purity": float((self.labels[others] == self.labels[:, None]).mean())}


def compare(name, item, options, say):
    import numpy
    ours, theirs = [], []
    chosen = [word for key in ("data", "limit") if getattr(options, key) for word in (f"--{key}", getattr(options, key))]
    with tempfile.TemporaryDirectory(prefix="tenfold-peers-") as folder:
        arrays, points = pathlib.Path(folder) / "arrays.safetensors", pathlib.Path(folder) / "points.npy"
        _, machine = tenfold.bench("nearest-centroid", item["prep"], limit=options.limit, data=options.data,
                                   files={"arrays": arrays})
        tensors = tenfold.tensors(arrays)[0]
        judge = Judge(tensors["test"].copy(), tensors["test_labels"])
        for turn in range(2 * item["repeat"] + 1):
            if turn % 2 == 0:
                before = processor_seconds(resource.RUSAGE_CHILDREN)
                answer = tenfold.document("embed", "--prep", item["prep"], "--perplexity", PERPLEXITY, *chosen)
                spent = processor_seconds(resource.RUSAGE_CHILDREN) - before
                ours.append({"seconds": answer["seconds"], "processor_seconds": spent,
                             "own_divergence": answer["kl_divergence"], **judge(answer["points"])})
            else:
                times = other.run(sys.executable, __file__, arrays, turn // 2, points)
                theirs.append({**times, **judge(numpy.load(points))})
            last = theirs[-1] if turn % 2 else ours[-1]
            say(f"  {'theirs' if turn % 2 else 'ours  '}  {last['seconds']:.2f} s ({last['processor_seconds']:.1f} s of "
                f"processors), divergence {last['divergence']:.4f}, purity {last['purity']:.4f}")
    side = lambda runs: {key: statistics.median(r[key] for r in runs)
                         for key in ("seconds", "processor_seconds", "divergence", "purity")}  # noqa: E731
    return {"item": name, "kind": "embed", "machine": machine, "data": options.data or "mnist", "limit": options.limit,
            "version": theirs[0]["version"], "bar": item["bar"], "ours": dict(side(ours), rounds=ours),
            "theirs": dict(side(theirs), rounds=theirs)}


def table(results):
    rows = [["item", "other", "ours", "theirs", "ratio", "wanted", "processor seconds", "divergence, ours and theirs",
             "purity_10"]]
    rows.append(["---"] * len(rows[0]))
    for r in results:
        ours, theirs = r["ours"], r["theirs"]
        rows.append([f"`{r['item']}`", f"scikit-learn {r['version']}", f"{ours['seconds']:.2f} s",
                     f"{theirs['seconds']:.1f} s", f"**{theirs['seconds'] / ours['seconds']:.1f}x**",
                     f"{r['bar']}x, no larger divergence",
                     f"{ours['processor_seconds']:.1f}, {theirs['processor_seconds']:.1f}",
                     f"{ours['divergence']:.4f}, {theirs['divergence']:.4f}",
                     f"{ours['purity']:.4f}, {theirs['purity']:.4f}"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    worker(*sys.argv[1:])
