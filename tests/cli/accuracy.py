#!/usr/bin/env python3
"""Checks the accuracies of accuracy.csv on the real test sets, each model fitted on the whole training set, and that every
model but the networks gives the same labels with the generic kernels as with the best of the machine, but where rounding
decides.

usage: TENFOLD=PATH TENFOLD_ROOT=FOLDER accuracy.py

The program is run in TENFOLD_ROOT, where --data finds data/mnist. A dataset that is not there is skipped; `tenfold
fetch` gets it. The rows of one dataset and chain are one `tenfold compare`. The output is TAP. Takes about a minute.
"""
import csv
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(program, *arguments):
    done = subprocess.run([program, *arguments, "--json"], cwd=os.environ.get("TENFOLD_ROOT", HERE.parent.parent),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr.strip())


def compare(program, data, prep, rows):
    """Yields (good, title, comment) for each row of one dataset and chain."""
    found, message = run(program, "compare", "--quiet", "--data", data, "--prep", prep, "--models",
                         ",".join(row["model"] for row in rows))
    for row in rows:
        title = f"{row['model']} {prep} on {data}"
        if not found:
            yield False, title, message
            continue
        accuracy = next(r["accuracy"] for r in found["rows"] if r["model"] == row["model"])
        wanted, tolerance = float(row["accuracy"]), float(row["tolerance"])
        yield (abs(accuracy - wanted) <= tolerance + 1e-9, f"{title}: {accuracy:.4f}",
               f"expected {wanted:.4f} within {tolerance}")


def labels(program, model, kernels, folder):
    """The labels of 2,000 test images, the model fitted on as many."""
    answers = pathlib.Path(folder) / "answers"
    subprocess.run([program, "bench", "models", "--models", model, "--limit", "2000", "--repeat", "1", "--quiet",
                    "--json", "--answers", answers], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   env={**os.environ, **kernels}, cwd=os.environ.get("TENFOLD_ROOT", HERE.parent.parent))
    data = answers.read_bytes()
    size = int.from_bytes(data[:8], "little")
    begin, end = json.loads(data[8:8 + size])["labels"]["data_offsets"]
    return data[8 + size + begin:8 + size + end]


def same_labels(program, model):
    """(good, title, comment) for one model."""
    title = f"{model} with the generic kernels"
    with tempfile.TemporaryDirectory() as folder:
        try:
            generic = labels(program, model, {"TENFOLD_CPU": "generic"}, folder)
            best = labels(program, model, {}, folder)
        except subprocess.CalledProcessError as failed:
            return False, title, failed.stderr.decode().strip()
    different = sum(a != b for a, b in zip(generic, best))
    return (len(generic) == len(best) == 2000 and different <= 2, f"{title}: {different} labels of 2000 differ",
            "expected at most 2")


def tell(results, number, failures):
    """Prints results as TAP, numbered on from `number`; the new number and the count of failures."""
    for good, title, comment in results:
        number += 1
        failures += not good
        print(f"{'ok' if good else 'not ok'} {number} - {title}", flush=True)
        if not good:
            print(f"# {comment}", flush=True)
    return number, failures


def main():
    program = os.path.abspath(os.environ.get("TENFOLD", "build/tenfold"))
    with open(HERE / "accuracy.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    info, message = run(program, "info")
    if not info:
        print(f"Bail out! {program}: {message}")
        return 1
    missing = {d["name"]: d["message"] for d in info["datasets"] if not d["found"]}
    # a network's training wanders off with the first bit that is rounded otherwise
    models = [model for model in dict.fromkeys(row["model"] for row in rows) if not model.startswith(("mlp", "cnn"))]
    print(f"1..{len(rows) + len(models)}", flush=True)
    number = failures = 0
    for (data, prep), group in itertools.groupby(rows, lambda row: (row["data"], row["prep"])):
        group = list(group)
        if data in missing:
            results = [(True, f"{row['model']} {prep} # SKIP {missing[data]}", "") for row in group]
        else:
            results = compare(program, data, prep, group)
        number, failures = tell(results, number, failures)
    if "mnist" in missing:
        results = [(True, f"{model} with the generic kernels # SKIP {missing['mnist']}", "") for model in models]
    else:
        results = (same_labels(program, model) for model in models)
    number, failures = tell(results, number, failures)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
