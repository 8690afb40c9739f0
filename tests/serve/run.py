#!/usr/bin/env python3
"""Tests of `tenfold serve`: good requests answered well, bad ones refused, and nothing that a client sends harms it.

usage: TENFOLD=PATH run.py [--heavy] [NAME...]

The server is started here, on a free port, with models fitted on a small drawn dataset. After each test a good request
must be answered. The output is TAP. --heavy does in full what is cut short otherwise: 2,000 idle connections, 10,000
broken requests, and, with wrk, a million good ones.
"""
import sys

from client import make_data, run_program
from common import TESTS, check_good
import good, bad, life  # noqa: E401, F401: their tests, in this order
import suite


def make_models(home):
    (home / "tiny").mkdir()
    make_data.make_tiny(str(home / "tiny"))
    (home / "models").mkdir()
    for name, words in {"knn": ["knn", "--prep", "deskew"], "naive-bayes": ["naive-bayes"],
                        "cnn-hand": ["cnn", "--set", "epochs=2"]}.items():
        done = run_program(home, "train", *words, "--data", "tiny", "--out", f"models/{name}.safetensors", "--on", "test",
                           "--json")
        assert done.returncode == 0, done.stderr.decode()
        if name != "cnn-hand":
            (home / "models" / f"{name}.json").write_bytes(done.stdout)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    sys.exit(suite.run(TESTS, words, make_models, ["--no-train"], 3, check_good))
