#!/usr/bin/env python3
"""How many pictures a second the server reads: wrk posts one to /api/predict as fast as it is answered.

usage: serve.py [--models DIR] [--model NAME] [--picture FILE] [--connections N] [--seconds N] [--requests N]

Starts a server of its own on a free port. Prints requests a second, latencies (median, 90th, 99th percentile), the
server's processor time a request, and its memory before and after. wrk runs on the same processors.
"""
import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "serve"))
import client  # noqa: E402

SCRIPT = """local f = io.open("%s", "rb")
wrk.body = f:read("*a")
f:close()
wrk.method = "POST"
"""


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drawn(side):
    """A drawn digit on a canvas of side x side, grey."""
    pixels, scale = client.make_data.draw(3, random.Random(3)), side / 28
    return client.png(side, side, bytes(pixels[int(y / scale) * 28 + int(x / scale)] for y in range(side) for x in range(side)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default="models", help="the folder of models (default models)")
    parser.add_argument("--model", default="", help="which one is asked (default the server's own choice)")
    parser.add_argument("--picture", help="PNG or JPEG (default a drawn digit of 280x280)")
    parser.add_argument("--connections", type=int, default=64, help="default 64")
    parser.add_argument("--seconds", type=int, default=10, help="of each round (default 10)")
    parser.add_argument("--requests", type=int, default=0, help="rounds until so many were made (default one round)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, picture = pathlib.Path(folder), pathlib.Path(folder, "picture")
        picture.write_bytes(pathlib.Path(options.picture).read_bytes() if options.picture else drawn(280))
        (home / "post.lua").write_text(SCRIPT % picture)
        with client.Server(home, "--no-train", "--quiet", "--models", os.path.abspath(options.models)) as server:
            client_path = f"/api/predict?model={options.model}"
            status, document = server.json("POST", client_path, picture.read_bytes())
            if status != 200:
                sys.exit(f"serve.py: {document}")
            result = document["results"][0]
            print(f"{result['model']}, {picture.stat().st_size} bytes, read as {result['number'] or 'nothing'}, "
                  f"{options.connections} connections")
            print("requests | a second | median ms | 90 % | 99 % | processor us a request | memory MB")
            done, before = 0, server.resident()
            while done == 0 or done < options.requests:
                begin = processor_seconds(server.process.pid)
                text = subprocess.run(
                    ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}", "--latency", "-s",
                     str(home / "post.lua"), f"http://127.0.0.1:{server.port}{client_path}"],
                    capture_output=True, text=True, check=True).stdout
                count = int(re.search(r"(\d+) requests in", text).group(1))
                if "Non-2xx" in text or "Socket errors" in text or not count:
                    sys.exit(text)
                done += count
                spent = (processor_seconds(server.process.pid) - begin) / count * 1e6
                times = [value * {"us": 1e-3, "ms": 1, "s": 1e3}[unit] for value, unit in
                         ((float(v), u) for v, u in re.findall(r"(?:50|90|99)%\s+([\d.]+)(us|ms|s)", text))]
                rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
                print(f"{done:8} | {rate:8.0f} | {times[0]:9.1f} | {times[1]:4.1f} | {times[2]:4.1f} | {spent:22.0f} | "
                      f"{server.resident() / 1e6:.1f} ({before / 1e6:.1f} before)", flush=True)


if __name__ == "__main__":
    main()
