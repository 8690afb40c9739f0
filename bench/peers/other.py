"""How the other side is run: in a process of its own, its libraries told what processor it is where they mistake it."""
import functools
import json
import os
import pathlib
import subprocess
import sys

PRODUCT = """
import numpy, time
a = numpy.ones((1000, 1000), dtype=numpy.float32)
def seconds():
    start = time.perf_counter()
    a @ a
    return time.perf_counter() - start
print(min(seconds() for _ in range(20)))
"""
# What these say may be meant for something else, and would slow the other side down
RESTRICTING = ("OPENBLAS_CORETYPE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")


@functools.cache
def environment():
    """The environment for the other side. Debian's OpenBLAS takes some processors for old ones: it is told their kind if
    that makes a matrix product faster."""
    plain = {name: value for name, value in os.environ.items() if name not in RESTRICTING}
    if "avx512f" not in pathlib.Path("/proc/cpuinfo").read_text():
        return plain
    told = dict(plain, OPENBLAS_CORETYPE="SkylakeX")
    taken = [float(subprocess.run([sys.executable, "-c", PRODUCT], env=env, stdout=subprocess.PIPE, check=True).stdout)
             for env in (plain, told)]
    return told if taken[1] < 0.9 * taken[0] else plain


def run(*command):
    """Runs a program of the other side; what its last line of output says, which is JSON."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True, env=environment())
    return json.loads(done.stdout.splitlines()[-1])
