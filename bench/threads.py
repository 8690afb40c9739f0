#!/usr/bin/env python3
"""How much faster the models get with more threads: fit and prediction on prepared arrays, one thread and all in turn.

usage: threads.py [--models NAME[,NAME...]] [--prep CHAIN] [--threads N] [--repeat N] [--limit N] [--data DIR]
"""
import argparse
import os

import tenfold


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default="svm,random-forest,knn", help="default svm,random-forest,knn")
    parser.add_argument("--prep", default="original", help="the chain (default original)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default all")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--limit", type=int, help="at most so many images of each set")
    parser.add_argument("--data", help="the dataset (default mnist)")
    options = parser.parse_args()
    if options.threads < 2 or options.repeat < 1:
        parser.error("expected at least 2 threads and 1 round")
    print(f"| model | 1 thread | {options.threads} threads | ratio |\n| --- | --- | --- | --- |")
    for model in options.models.split(","):
        times = {1: [], options.threads: []}
        for _ in range(options.repeat):
            for threads in times:
                row, _ = tenfold.bench(model, options.prep, limit=options.limit, data=options.data, threads=threads)
                times[threads].append({"fit": row["fit_seconds"], "predict": row["predict_seconds"]})
        one, all_of_them = (tenfold.total(t) for t in times.values())
        print(f"| `{model}` | {one:.3f} s | {all_of_them:.3f} s | {one / all_of_them:.2f}x |", flush=True)


if __name__ == "__main__":
    main()
