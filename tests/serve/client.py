"""What the tests of the server share: a server of one's own, requests as bytes, pictures good and bad."""
import base64
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
import make_data  # noqa: E402

PROGRAM = os.path.realpath(os.environ.get("TENFOLD") or "build/tenfold")
SANITIZED = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes() if os.path.exists(PROGRAM) else False
REPORTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:")
SEVEN_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYV"
    "pQYEpRUk//wAALCAAoACgBAREA/8QAGQABAQEBAQEAAAAAAAAAAAAAAAYFBwME/8QALBAAAAUDAgQEBwAAAAAAAAAAAAECBBEDBRIhMQYTFSIH"
    "FFFhFyMyM2Wk4v/aAAgBAQAAPwDoQAAAI2/8C9ZvNe4dT5POx+XyMohJJ3yL0Gf8MfzP6v8AYzrZbOgeIbFi1reeqI+528rDJCp3M5hJ5e+246"
    "mAD4rxcaVptTl/WKU0USSde5WxFscSZkU+4lvDq3VV03V/eHk4erUSFaFKcpUehxqotoKMfQxbAAgeNa9W+cRMeGWioIlkusqC7VGUzrH0ok9D"
    "1yjchdN6FJq2pN6CcaVJBIQmTOEkUEWo9AAZzOx21jcq9watsHTjLmVM1HlkeR6GcFqQ0QH/2Q==")


def environment(home):
    env = {name: value for name, value in os.environ.items()
           if name == "TENFOLD_CPU" or not name.startswith(("TENFOLD", "XDG_"))}
    env.update(HOME=str(home), LC_ALL="C", TENFOLD_RUNS="none",
               ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1", UBSAN_OPTIONS="print_stacktrace=1")
    return env


def run_program(home, *words):
    return subprocess.run([PROGRAM, *words], cwd=home, env=environment(home), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)


class Server:
    """A server of `home`'s folder of models, on a free port. As a context it ends well or raises."""

    def __init__(self, home, *words, name="server"):
        self.home = pathlib.Path(home)
        self.log = self.home / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--port", "0", "--data", "tiny", *words], cwd=home, env=environment(home),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://(\[?[\w.:]+\]?):(\d+)/", line)
        if not found:
            self.process.wait()
            raise RuntimeError(f"no address: {line!r}, {self.log.read_text()}")
        self.host, self.port = found.group(1).strip("[]"), int(found.group(2))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        status, seconds = self.stop()
        assert status == 0, f"the server ended with {status}: {self.log.read_text()[-3000:]}"
        assert seconds < 8, f"the server took {seconds:.1f} s to end"

    def stop(self, how=signal.SIGTERM):
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "no end"
        self.process.stdout.close()
        text = self.log.read_text(errors="replace")
        if REPORTS.search(text):
            status = "a sanitizer's report"
        return status, time.monotonic() - begin

    def connect(self, timeout=20):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def raw(self, request, timeout=20):
        """Sends bytes, reads all that comes until the server closes or is silent."""
        with self.connect(timeout) as to:
            answer = b""
            try:
                to.sendall(request)
            except OSError:
                pass
            try:
                to.shutdown(socket.SHUT_WR)
                while True:
                    part = to.recv(65536)
                    if not part:
                        break
                    answer += part
            except OSError:
                pass
            return answer

    def ask(self, method, path, body=None, **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, **headers):
        status, _, content = self.ask(method, path, body, **headers)
        return status, json.loads(content)

    def code(self, method, path, body=None, **headers):
        """The status and the error's code."""
        status, document = self.json(method, path, body, **headers)
        assert set(document) == {"error"} and document["error"]["message"], document
        return status, document["error"]["code"]

    def resident(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024

    def metric(self, name):
        text = self.ask("GET", "/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith(f"tenfold_{name}") and not line.startswith("#"))

    def wait_for(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.05)


def more_files(count):
    """As many open files as that, or as many as there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard) if hard > 0 else count, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, pixels, colour=0, depth=8):
    """A PNG of rows of bytes."""
    row = len(pixels) // height
    lines = b"".join(b"\0" + pixels[y * row:(y + 1) * row] for y in range(height))
    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines))
            + chunk(b"IEND", b""))


def bomb(width, height):
    """A PNG of few bytes that unpacks to width x height."""
    pack, parts = zlib.compressobj(9), []
    row = b"\0" * (width + 1)
    for _ in range(height):
        parts.append(pack.compress(row))
    parts.append(pack.flush())
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(parts)) + chunk(b"IEND", b""))


def drawing(digit, scale=5):
    """A drawn digit, light on black, as a PNG."""
    import random
    pixels = make_data.draw(digit, random.Random(digit))
    side = 28 * scale
    return png(side, side, bytes(pixels[y // scale * 28 + x // scale] for y in range(side) for x in range(side)))


def as_json(picture, head="data:image/png;base64,"):
    return json.dumps({"image": head + base64.b64encode(picture).decode()}).encode()
