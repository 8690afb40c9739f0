#!/usr/bin/env python3
"""Runs the command-line tests: each tests/cli/cases/NAME.sh in a fresh folder, its record compared with NAME.expected.

usage: TENFOLD=PATH run.py [--update] [NAME...]

A case is a shell script that uses the functions of lib.sh. It finds the program as `tenfold`, a small dataset in
./tiny, and nothing else. A case that prints a line "SKIP: reason" is skipped. The output is TAP. --update writes the
records of the cases that differ as what is expected from now on.

Filters make records comparable between machines and builds; they apply to what is expected, too:
  times         "0.12 s", "1.20 µs"         -> "T s"
  rates, shares "120 GFLOP/s", "71 % of"    -> "R /s", "N % of"
  sizes         "1.3 MB"                    -> "N B"
  JSON errors   "no valid JSON: ..."        (the words are the JSON library's)
  the version   "tenfold 0.1.0"             -> "tenfold VERSION"
  lists         "there are knn, logistic"   -> "there are ..."   (more models, steps and commands may come)
  alignment     of lines that hold one of the above, and of the heading above them: runs of spaces become two
  the program's and the temporary paths     -> "PROGRAM", "HERE"
TENFOLD_CPU, if it is set, is passed on: the records are the same for every kernel set.
A case also fails if a sanitizer reported anything, whether or not the case shows it.
"""
import concurrent.futures
import difflib
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TIME_LIMIT = 300
FILTERS = [
    (r"\b\d+(\.\d+)? [mµ]?s\b", "T s"),
    (r"\b\d+(\.\d+)? G(FLOP|OP|B)/s", "R /s"),
    (r"\b\d+ images/s", "R /s"),
    (r"\b\d+ % of (single precision|8-bit integers|BF16|reading \d+ [KM]iB)", "N % of L"),
    (r"\b\d+(\.\d+)? [kMGT]?B\b", "N B"),
    (r"(?i)(tenfold) \d+\.\d+\.\d+", r"\1 VERSION"),
    (r"(unknown (?:model|command) \"[^\"]*\"; there are ).*", r"\1..."),
    (r"(no valid JSON: ).*", r"\1..."),
    (r"(there is no preprocessing step '[^']*'; expected ).*", r"\1..."),
]
SANITIZERS = re.compile(r"ERROR: \w+Sanitizer|runtime error:")


def environment(home):
    env = {name: value for name, value in os.environ.items()
           if name == "TENFOLD_CPU" or not name.startswith(("TENFOLD", "OMP_", "XDG_"))}
    log = str(home / "sanitizer")
    env.update(
        PATH=f"{home / 'bin'}:{env.get('PATH', '/usr/bin:/bin')}", HOME=str(home), TMPDIR=str(home), LC_ALL="C",
        TENFOLD_RUNS="none", NO_COLOR="1", TERM="dumb", TESTS=str(HERE), WORK=str(home), PYTHONDONTWRITEBYTECODE="1",
        TENFOLD_ROOT=os.environ.get("TENFOLD_ROOT", str(HERE.parent.parent)),
        ASAN_OPTIONS=f"log_path={log}:detect_leaks=1:allocator_may_return_null=1",
        UBSAN_OPTIONS=f"log_path={log}:print_stacktrace=1", LSAN_OPTIONS=f"log_path={log}")
    return env


def normalise(text, program, home):
    text = text.replace(str(home / "here"), "HERE").replace(str(home), "TMP").replace(program, "PROGRAM")
    lines = []
    for line in text.split("\n"):
        for pattern, replacement in FILTERS:
            line = re.sub(pattern, replacement, line)
        if re.search(r" T s| N B| R /s|^model +chain |^peak ", line):
            line = re.sub(r" {2,}", "  ", line)
        lines.append(line)
    return "\n".join(lines)


def run_case(name, program, tiny):
    """The record of a case and a list of what is wrong beside it."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="tenfold-cli-"))
    try:
        (home / "bin").mkdir()
        (home / "bin" / "tenfold").symlink_to(program)
        folder = home / "here"
        shutil.copytree(tiny, folder / "tiny")
        wrong = []
        try:
            done = subprocess.run(
                ["sh", "-c", '. "$1"; . "$2"', "sh", str(HERE / "lib.sh"), str(HERE / "cases" / f"{name}.sh")],
                cwd=folder, env=environment(home), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
            record = done.stdout.decode(errors="backslashreplace")
        except subprocess.TimeoutExpired as late:
            record = (late.stdout or b"").decode(errors="backslashreplace")
            wrong.append(f"not finished after {TIME_LIMIT} s")
        for path in sorted(glob.glob(str(home / "sanitizer*"))):
            wrong.append(pathlib.Path(path).read_text(errors="backslashreplace"))
        if SANITIZERS.search(record):
            wrong.append("a sanitizer's report is in the record")
        return normalise(record, program, home), wrong
    finally:
        shutil.rmtree(home, ignore_errors=True)


def judge(name, record, wrong, update):
    """The TAP line of a case, and comments below it."""
    skip = re.search(r"^SKIP: (.*)$", record, re.M)
    if skip and not wrong:
        return True, f"{name} # SKIP {skip.group(1)}", ""
    path = HERE / "cases" / f"{name}.expected"
    expected = path.read_text() if path.exists() else ""
    if update and record != expected:
        path.write_text(record)
        expected = record
    difference = "\n".join(difflib.unified_diff(expected.splitlines(), record.splitlines(), f"{name}.expected",
                                                "this run", lineterm=""))
    if not difference and record != expected:
        difference = "differs in newlines only"
    return not wrong and not difference, name, "\n".join(wrong + [difference])


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    names = [a for a in arguments if a != "--update"] or sorted(p.stem for p in (HERE / "cases").glob("*.sh"))
    program = os.path.realpath(os.environ.get("TENFOLD") or shutil.which("tenfold") or "build/tenfold")
    if not os.access(program, os.X_OK):
        print(f"Bail out! {program} is no program; set TENFOLD")
        return 1
    print(f"1..{len(names)}", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="tenfold-cli-") as tiny:
        subprocess.run([sys.executable, str(HERE / "make_data.py"), "tiny", tiny], check=True)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = pool.map(lambda name: run_case(name, program, tiny), names)
            for number, (name, (record, wrong)) in enumerate(zip(names, results), 1):
                good, title, comment = judge(name, record, wrong, update)
                failures += not good
                print(f"{'ok' if good else 'not ok'} {number} - {title}", flush=True)
                for line in comment.splitlines() if not good else []:
                    print(f"# {line}", flush=True)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
