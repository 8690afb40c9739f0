"""Runs tests against one server and prints TAP; those that start servers of their own run beside the others."""
import concurrent.futures
import os
import pathlib
import tempfile
import time
import traceback

from client import PROGRAM, Server


def attempt(function, *arguments):
    """What the test gives (None, or a reason to skip), and None or what went wrong."""
    try:
        return function(*arguments), None
    except Exception:
        return None, traceback.format_exc()


def run(tests, names, make_home, words, threads, check=None):
    """The tests of these names (all if there are none). make_home(folder) puts there what the server, started with
    `words`, is to find. check(server): what must hold after each test. The status to end with."""
    chosen = [t for t in tests if not names or t.__name__ in names]
    if not os.access(PROGRAM, os.X_OK):
        print(f"Bail out! {PROGRAM} is no program; set TENFOLD")
        return 1
    print(f"1..{len(chosen)}", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="tenfold-serve-") as folder:
        home = pathlib.Path(folder)
        make_home(home)
        pool = concurrent.futures.ThreadPoolExecutor(threads)
        beside = {f: pool.submit(attempt, f, home) for f in chosen if hasattr(f, "alone")}
        server = Server(home, *words)
        for number, function in enumerate(sorted(chosen, key=lambda f: f in beside), 1):
            begin = time.monotonic()
            skip, wrong = beside[function].result() if function in beside else attempt(function, server)
            if check and not wrong and function not in beside:
                wrong = attempt(check, server)[1]
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
