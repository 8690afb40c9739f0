"""Runs `tenfold` and reads what it writes; shared by the scripts of this folder and bench/peers."""
import json
import os
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("TENFOLD", str(ROOT / "build" / "tenfold"))
DTYPES = {"U8": "u1", "I32": "<i4", "I64": "<i8", "F32": "<f4", "F64": "<f8"}


def document(*words):
    """What a command prints with --json."""
    command = [PROGRAM, *(str(word) for word in words), "--json", "--quiet"]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def bench(model, prep, *, settings=(), limit=None, data=None, threads=None, seed=0, repeat=1, files=None):
    """One row of `tenfold bench models --json`, and the machine it was taken on. `files` maps "arrays", "answers" and
    "model" to paths."""
    words = ["bench", "models", "--models", model, "--prep", prep, "--seed", seed, "--repeat", repeat]
    for setting in settings:
        words += ["--set", setting]
    for name, value in (("limit", limit), ("data", data), ("threads", threads)):
        if value:
            words += [f"--{name}", value]
    for name, path in (files or {}).items():
        words += [f"--{name}", path]
    answer = document(*words)
    return answer["models"][0], answer["machine"]


def tensors(path):
    """The tensors of a safetensors file as numpy arrays, and its metadata."""
    import numpy

    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        values = file.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        arrays[name] = numpy.frombuffer(values[begin:end], DTYPES[about["dtype"]]).reshape(about["shape"])
    return arrays, metadata


def total(times):
    """The median of fit and prediction together."""
    return statistics.median(t["fit"] + t["predict"] for t in times)
