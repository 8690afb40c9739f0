#!/usr/bin/env python3
"""How the cost of the models grows: with the number of training images, of features, and of threads.

usage: growth.py [--only images,features,threads] [--models NAME[,NAME...]] [--images N[,N...]] [--larger DIR[,DIR...]]
                 [--larger-models NAME[,NAME...]]
                 [--features N[,N...]] [--repeat N] [--limit N] [--data DIR] [--out FOLDER]

Each measurement is `tenfold bench models` on prepared arrays; of its repetitions the least time counts. Writes, for each
of the three, growth-NAME.csv and growth-NAME.svg into FOLDER (default docs/figures). --larger adds datasets with more
images than --data has, such as `tenfold convert --augment` makes; they must have the same test images.
"""
import argparse
import csv
import math
import os
import pathlib
import sys

import tenfold

MODELS = "naive-bayes,logistic,knn,random-forest,svm"
COLUMNS = ["model", "prep", "data", "images", "test_images", "features", "threads", "fit_seconds", "predict_seconds",
           "accuracy"]

# ---- Measuring -----------------------------------------------------------------------------------------------------


def measure(model, prep, options, **how):
    try:
        row, machine = tenfold.bench(model, prep, repeat=options.repeat, **how)
    except tenfold.subprocess.CalledProcessError:
        print(f"  {model} with {how} is left out", file=sys.stderr)
        return None
    result = {"model": model, "prep": row["prep"], "data": how.get("data") or "mnist", "images": row["train_count"],
              "test_images": row["test_count"], "features": row["features"], "threads": machine["threads"],
              "fit_seconds": row["fit_least"], "predict_seconds": row["predict_least"], "accuracy": row["accuracy"]}
    print(f"  {model}: {result['images']} images, {result['features']} features, {result['threads']} threads: "
          f"fit {result['fit_seconds']:.3f} s, predict {result['predict_seconds']:.3f} s", file=sys.stderr)
    return result


def by_images(models, options):
    """Costs per model at each number of training images. --limit cuts the test set, too: prediction is shown per
    test image."""
    rows = []
    for model in models:
        larger = options.larger if model in (options.larger_models or models) else []
        sizes = [(options.data, n) for n in options.images] + [(folder, None) for folder in larger]
        rows += [measure(model, "original", options, data=data, limit=n) for data, n in sizes]
    return rows


def by_features(models, options):
    """The original chain, cut down to its first principal components; all 400 without the rotation."""
    chains = [f"original,pca={n}" if n < 400 else "original" for n in options.features]
    return [measure(m, chain, options, data=options.data, limit=options.limit) for m in models for chain in chains]


def by_threads(models, options):
    counts, most = [1], len(os.sched_getaffinity(0))
    while counts[-1] * 2 < most:
        counts.append(counts[-1] * 2)
    counts += [most] if most > 1 else []
    return [measure(m, "original", options, data=options.data, limit=options.limit, threads=t)
            for m in models for t in counts]


# ---- Drawing -------------------------------------------------------------------------------------------------------

# readable on light and on dark; the figure takes the page's side by itself
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333; }
.title { font-size: 14px; font-weight: 600; }
.axis { stroke: #999; } .grid { stroke: #ddd; }
.line { fill: none; stroke-width: 2; }
.c0 { stroke: #0072b2; fill: #0072b2; } .c1 { stroke: #b84a00; fill: #b84a00; } .c2 { stroke: #007a5a; fill: #007a5a; }
.c3 { stroke: #a2559b; fill: #a2559b; } .c4 { stroke: #8a6d00; fill: #8a6d00; } .c5 { stroke: #555; fill: #555; }
text.c0, text.c1, text.c2, text.c3, text.c4, text.c5 { stroke: none; } path.line { fill: none; }
@media (prefers-color-scheme: dark) {
text { fill: #ddd; } .axis { stroke: #777; } .grid { stroke: #3a3a3a; }
.c0 { stroke: #56b4e9; fill: #56b4e9; } .c1 { stroke: #ff9d5c; fill: #ff9d5c; } .c2 { stroke: #3fd0a4; fill: #3fd0a4; }
.c3 { stroke: #e29bdb; fill: #e29bdb; } .c4 { stroke: #e8cf4a; fill: #e8cf4a; } .c5 { stroke: #bbb; fill: #bbb; }
}
"""
PANEL, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 260, 64, 116, 44, 44


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def duration(value):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if value * factor >= 0.999:
            return f"{value * factor:g} {unit}"
    return f"{value:g} s"


def spread(labels, gap, low, high):
    """Moves labels (wanted height, ...) apart so that none covers another, from the top down, then back up."""
    labels = sorted(labels)
    places = []
    for wanted, *_ in labels:
        places.append(max(wanted, places[-1] + gap if places else low))
    for i in reversed(range(len(places))):
        places[i] = min(places[i], (places[i + 1] - gap) if i + 1 < len(places) else high)
    return [(place, *rest) for place, (_, *rest) in zip(places, labels)]


def panel(x0, title, unit, lines):
    """One log-log plot; `lines` is [(name, class, [(x, y)...])]."""
    xs = sorted({x for _, _, points in lines for x, _ in points})
    ys = [y for _, _, points in lines for _, y in points]
    x_low, x_high = math.log10(xs[0]), math.log10(xs[-1])
    y_low, y_high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    y_high += y_high == y_low
    at_x = lambda x: x0 + LEFT + PANEL * ((math.log10(x) - x_low) / ((x_high - x_low) or 1))  # noqa: E731
    at_y = lambda y: TOP + HEIGHT * (y_high - math.log10(y)) / (y_high - y_low)  # noqa: E731
    left, right, bottom = x0 + LEFT, x0 + LEFT + PANEL, TOP + HEIGHT
    out = [f'<text class="title" x="{left}" y="20">{title}</text>']
    for power in range(y_low, y_high + 1):
        y = at_y(10.0**power)
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{duration(10.0**power)}</text>')
    shown = None
    for x in xs:
        if shown is None or at_x(x) - shown > 44:
            out.append(f'<text x="{at_x(x):.1f}" y="{bottom + 18}" text-anchor="middle">{number(x)}</text>')
            shown = at_x(x)
        out.append(f'<path class="axis" d="M{at_x(x):.1f} {bottom}v4"/>')
    out.append(f'<path class="axis" d="M{left} {bottom}H{right}"/>')
    out.append(f'<text x="{(left + right) / 2}" y="{bottom + 36}" text-anchor="middle">{unit}</text>')
    for name, kind, points in lines:
        path = "L".join(f"{at_x(x):.1f} {at_y(y):.1f}" for x, y in points)
        out.append(f'<path class="line {kind}" d="M{path}"/>')
        out += [f'<circle class="{kind}" cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3"/>' for x, y in points]
    ends = [(at_y(points[-1][1]), name, kind) for name, kind, points in lines]
    for y, name, kind in spread(ends, 15, TOP, bottom):
        out.append(f'<text class="{kind}" x="{right + 8}" y="{y + 4:.1f}">{name}</text>')
    return out


def figure(rows, key, title, unit):
    """Fit on the left, prediction of one image on the right."""
    models = list(dict.fromkeys(r["model"] for r in rows))
    lines = {"fit_seconds": [], "predict_seconds": []}
    for i, model in enumerate(models):
        mine = sorted((r for r in rows if r["model"] == model), key=lambda r: r[key])
        fit = [(r[key], max(r["fit_seconds"], 1e-7)) for r in mine]
        predict = [(r[key], max(r["predict_seconds"], 1e-7) / r["test_images"]) for r in mine]
        lines["fit_seconds"].append((model, f"c{i % 6}", fit))
        lines["predict_seconds"].append((model, f"c{i % 6}", predict))
    step = LEFT + PANEL + RIGHT
    body = panel(0, f"Fit, by {title}", unit, lines["fit_seconds"])
    body += panel(step, "Prediction of one image", unit, lines["predict_seconds"])
    size = f'width="{2 * step}" height="{TOP + HEIGHT + BOTTOM}" viewBox="0 0 {2 * step} {TOP + HEIGHT + BOTTOM}"'
    label = f"Seconds of fit and of prediction by {title}, both axes logarithmic"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">\n<style>{STYLE}</style>\n'
            + "\n".join(body) + "\n</svg>\n")


# ---- All of it -----------------------------------------------------------------------------------------------------

GROWTHS = {
    "images": (by_images, "images", "number of training images", "training images"),
    "features": (by_features, "features", "number of features", "features"),
    "threads": (by_threads, "threads", "number of threads", "threads"),
}


def write(name, rows, out):
    _, key, title, unit = GROWTHS[name]
    with open(out / f"growth-{name}.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    (out / f"growth-{name}.svg").write_text(figure(rows, key, title, unit))
    print(f"wrote {out}/growth-{name}.csv and .svg")


def main():
    numbers = lambda text: [int(n) for n in text.split(",")]  # noqa: E731
    names = lambda text: [n for n in text.split(",") if n]  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=names, default=list(GROWTHS), help="images, features, threads")
    parser.add_argument("--models", type=names, default=names(MODELS), help=f"default {MODELS}")
    parser.add_argument("--images", type=numbers, default=[5000, 10000, 20000, 40000, 60000])
    parser.add_argument("--larger", type=names, default=[], help="folders of larger datasets")
    parser.add_argument("--larger-models", type=names, default=[], help="the models for them (default all)")
    parser.add_argument("--features", type=numbers, default=[25, 50, 100, 200, 400])
    parser.add_argument("--repeat", type=int, default=3, help="the least time of so many counts (default 3)")
    parser.add_argument("--limit", type=int, help="images of each set, for features and threads (default all)")
    parser.add_argument("--data", help="the dataset (default mnist)")
    parser.add_argument("--out", type=pathlib.Path, default=tenfold.ROOT / "docs" / "figures")
    options = parser.parse_args()
    for name in options.only:
        if name not in GROWTHS:
            parser.error(f"unknown growth {name}; there are {', '.join(GROWTHS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        print(name, file=sys.stderr)
        rows = [row for row in GROWTHS[name][0](options.models, options) if row]
        if not rows:
            raise SystemExit(f"growth: nothing could be measured by {name}")
        write(name, rows, options.out)


if __name__ == "__main__":
    main()
