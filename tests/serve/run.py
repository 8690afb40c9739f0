#!/usr/bin/env python3
"""Tests of `tenfold serve`: good requests answered well, bad ones refused, and nothing that a client sends harms it.

usage: TENFOLD=PATH run.py [--heavy] [NAME...]

The server is started here, on a free port, with models fitted on a small drawn dataset. After each test a good request
must be answered. The output is TAP. --heavy does in full what is cut short otherwise: 2,000 idle connections, 10,000
broken requests, and, with wrk, a million good ones.
"""
import concurrent.futures
import os
import pathlib
import sys
import tempfile
import time
import traceback

from client import PROGRAM, Server, make_data, run_program
from common import TESTS, check_good
import good, bad, life  # noqa: E401, F401: their tests, in this order


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


def attempt(function, *arguments):
    """None, a reason to skip, or what went wrong."""
    try:
        return function(*arguments), None
    except Exception:
        return None, traceback.format_exc()


def main():
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    chosen = [t for t in TESTS if not names or t.__name__ in names]
    if not os.access(PROGRAM, os.X_OK):
        print(f"Bail out! {PROGRAM} is no program; set TENFOLD")
        return 1
    print(f"1..{len(chosen)}", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="tenfold-serve-") as folder:
        home = pathlib.Path(folder)
        make_models(home)
        pool = concurrent.futures.ThreadPoolExecutor(3)
        beside = {f: pool.submit(attempt, f, home) for f in chosen if hasattr(f, "alone")}
        server = Server(home, "--no-train")
        for number, function in enumerate(sorted(chosen, key=lambda f: f in beside), 1):
            begin = time.monotonic()
            skip, wrong = beside[function].result() if function in beside else attempt(function, server)
            if not wrong and function not in beside:
                wrong = attempt(check_good, server)[1]
            failures += wrong is not None
            title = function.__name__.replace("_", " ") + (f" # {skip}" if skip else "")
            print(f"{'ok' if not wrong else 'not ok'} {number} - {title}", flush=True)
            print(f"# {time.monotonic() - begin:.1f} s", flush=True)
            for line in (wrong or "").splitlines():
                print(f"# {line}", flush=True)
        status, _ = server.stop()
        if status != 0:
            failures += 1
            print(f"Bail out! the server ended with {status}")
            print("\n".join("# " + line for line in server.log.read_text(errors="replace").splitlines()[-60:]))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
