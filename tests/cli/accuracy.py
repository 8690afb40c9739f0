#!/usr/bin/env python3
"""Checks the accuracies of accuracy.csv on the real test sets, each model fitted on the whole training set.

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


def main():
    program = os.path.abspath(os.environ.get("TENFOLD", "build/tenfold"))
    with open(HERE / "accuracy.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    info, message = run(program, "info")
    if not info:
        print(f"Bail out! {program}: {message}")
        return 1
    missing = {d["name"]: d["message"] for d in info["datasets"] if not d["found"]}
    print(f"1..{len(rows)}", flush=True)
    number = failures = 0
    for (data, prep), group in itertools.groupby(rows, lambda row: (row["data"], row["prep"])):
        group = list(group)
        if data in missing:
            results = [(True, f"{row['model']} {prep} # SKIP {missing[data]}", "") for row in group]
        else:
            results = compare(program, data, prep, group)
        for good, title, comment in results:
            number += 1
            failures += not good
            print(f"{'ok' if good else 'not ok'} {number} - {title}", flush=True)
            if not good:
                print(f"# {comment}", flush=True)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
