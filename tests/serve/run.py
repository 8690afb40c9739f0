#!/usr/bin/env python3
"""Tests of `tenfold serve`: good requests answered well, bad ones refused, and nothing that a client sends harms it.

usage: TENFOLD=PATH run.py [--heavy] [NAME...]

The server is started here, on a free port, with models fitted on a small drawn dataset. After each test a good request
must be answered. The output is TAP. --heavy does in full what is cut short otherwise: 2,000 idle connections, 10,000
broken requests, and, with wrk, a million good ones.
"""
import concurrent.futures
import gzip
import http.client
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

from client import (PROGRAM, SANITIZED, SEVEN_JPEG, Server, as_json, bomb, drawing, make_data, more_files, png,
                    run_program)

TESTS = []
HEAVY = "--heavy" in sys.argv


def test(function):
    TESTS.append(function)
    return function


def alone(function):
    """A test that starts servers of its own: it is given a folder with the data, and runs beside the others."""
    function.alone = True
    return test(function)


def same(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"


def predictions(server, body, query="", **headers):
    status, document = server.json("POST", "/api/predict" + query, body, **headers)
    assert status == 200, document
    return document["results"]


def check_good(server):
    """The request after every test."""
    result = predictions(server, drawing(7), "?model=knn")[0]
    same((result["model"], result["number"], len(result["digits"])), ("knn", "7", 1))


# ---- Good requests ---------------------------------------------------------------------------------------------------


@test
def health_and_models(server):
    status, document = server.json("GET", "/api/health")
    same((status, document["status"], document["ready"], document["models"]), (200, "ok", True, 3))
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["version"]) and document["uptime_seconds"] >= 0
    models = server.json("GET", "/api/models")[1]
    same([m["name"] for m in models["models"]], ["cnn-hand", "knn", "naive-bayes"])  # the first by name, then by accuracy
    same((models["default"], models["preparing"]), ("cnn-hand", []))
    first, second = models["models"][:2]
    same((first["network"], first["accuracy"], first["on"]), (True, None, None))
    same((second["network"], second["title"], second["train_count"]), (False, "k-nearest neighbours", 300))
    assert 0.5 < second["accuracy_low"] <= second["accuracy"] <= second["accuracy_high"] <= 1 and second["on"] == "test"
    assert second["bytes"] > 1000 and second["parameters"] > 0 and second["settings"]["n_neighbors"] >= 1


@test
def page_and_files(server):
    status, headers, body = server.ask("GET", "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8" and b"<html" in body
    same((headers["Cache-Control"], headers["ETag"] is not None), ("no-cache", True))
    status, _, nothing = server.ask("GET", "/", If_None_Match=headers["ETag"])
    same((status, nothing), (304, b""))
    status, packed, content = server.ask("GET", "/", Accept_Encoding="deflate, gzip")
    same((status, packed["Content-Encoding"], gzip.decompress(content)), (200, "gzip", body))
    same(server.ask("GET", "/", Accept_Encoding="br, gzip;q=0")[1]["Content-Encoding"], None)
    for path in re.findall(rb'(?:src|href)="(/app/[^"]+)"', body):
        status, headers, content = server.ask("GET", path.decode())
        assert status == 200 and content, path
        kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[path.decode().rsplit(".", 1)[1]]
        assert headers["Content-Type"].startswith(kind), (path, headers["Content-Type"])
    assert not re.search(rb"<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|<style|\sstyle=", body), "inline script or style"


@test
def security_headers_everywhere(server):
    for method, path, body in [("GET", "/", None), ("GET", "/nothing", None), ("DELETE", "/", None),
                               ("POST", "/api/predict", b"x"), ("GET", "/api/models", None), ("GET", "/metrics", None)]:
        _, headers, _ = server.ask(method, path, body)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy, policy
        assert "frame-ancestors 'self'" in policy and "form-action 'none'" in policy and "base-uri 'none'" in policy
        same((headers["X-Content-Type-Options"], headers["Referrer-Policy"]), ("nosniff", "no-referrer"))
        same(headers["Cross-Origin-Opener-Policy"], "same-origin")
        same(headers["Cross-Origin-Resource-Policy"], "same-origin")
        assert "camera=()" in headers["Permissions-Policy"]


@test
def every_form_of_picture(server):
    plain = drawing(3)
    answers = []
    for body, kind in [(plain, "image/png"), (plain, "application/octet-stream"), (plain, ""),
                       (as_json(plain), "application/json"), (as_json(plain, ""), "application/json"),
                       (as_json(plain), "application/json; charset=utf-8"), (b" \n" + as_json(plain), "text/plain")]:
        result = predictions(server, body, "?model=knn", Content_Type=kind)[0]
        del result["microseconds"]
        answers.append(result)
    assert all(a == answers[0] for a in answers) and answers[0]["number"] == "3"
    result = predictions(server, SEVEN_JPEG, "?model=knn", Content_Type="image/jpeg")[0]
    same(len(result["digits"]), 1)
    assert sum(result["digits"][0]["seen"]) > 5000


@test
def the_same_as_the_command_line(server):
    """The answer that is written by hand holds what the library's JSON holds."""
    picture = drawing(5)
    (server.home / "five.png").write_bytes(picture)
    for name in "knn", "naive-bayes", "cnn-hand":
        done = run_program(server.home, "predict", f"models/{name}.safetensors", "five.png", "--json")
        expected = json.loads(done.stdout)["results"][0]
        found = predictions(server, picture, f"?model={name}")[0]
        same(set(found), set(expected) - {"image"})
        same(found["number"], expected["number"])
        for a, b in zip(found["digits"], expected["digits"], strict=True):
            same(set(a), set(b))
            same((a["label"], a["box"], a["seen"]), (b["label"], b["box"], b["seen"]))
            assert all(abs(p - q) < 1.5e-6 for p, q in zip(a["probabilities"], b["probabilities"], strict=True))
            assert abs(sum(a["probabilities"]) - 1) < 2e-5


@test
def all_models_and_none(server):
    results = predictions(server, drawing(1), "?model=all")
    same([r["model"] for r in results], ["cnn-hand", "knn", "naive-bayes"])
    assert all(r["microseconds"] > 0 and len(r["digits"][0]["probabilities"]) == 10 for r in results)
    same(len({json.dumps(r["digits"][0]["seen"]) for r in results}), 1)
    short = predictions(server, drawing(1), "?model=all&seen=0")
    assert all("seen" not in r["digits"][0] for r in short)
    same(predictions(server, drawing(1))[0]["model"], "cnn-hand")
    same(server.code("POST", "/api/predict?model=none", drawing(1)), (404, "no_model"))
    same(server.code("POST", "/api/predict?model=%22%0a%07", drawing(1)), (404, "no_model"))


@test
def nothing_drawn(server):
    for picture in png(200, 200, bytes(40000)), png(80, 60, b"\xff" * 4800), png(1, 1, b"\0"):
        results = predictions(server, picture, "?model=all")
        assert all(r["number"] == "" and r["digits"] == [] for r in results), results
        same(server.json("POST", "/predict", as_json(picture)), (200, {"predictions": []}))


@test
def the_original_form(server):
    status, document = server.json("POST", "/predict", as_json(drawing(8)), Content_Type="application/json")
    same((status, set(document), len(document["predictions"])), (200, {"predictions"}, 3))
    tops = document["predictions"]
    assert all(set(t) == {"digit", "confidence"} and 0 <= t["confidence"] <= 100 for t in tops)
    assert tops[0]["confidence"] >= tops[1]["confidence"] >= tops[2]["confidence"]
    same(len({t["digit"] for t in tops}), 3)
    best = predictions(server, drawing(8))[0]["digits"][0]
    same(tops[0]["digit"], best["label"])
    assert abs(tops[0]["confidence"] - 100 * max(best["probabilities"])) < 0.01
    same(server.json("POST", "/predict?model=all", as_json(drawing(8)))[1], document)


@test
def at_the_same_time(server):
    expected = {d: predictions(server, drawing(d), "?model=all")[1]["digits"] for d in range(10)}

    def ask(worker):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        for i in range(20):
            digit = (worker + i) % 10
            connection.request("POST", "/api/predict?model=all", drawing(digit))
            same(json.loads(connection.getresponse().read())["results"][1]["digits"], expected[digit])
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


@test
def head_and_options(server):
    status, headers, body = server.ask("HEAD", "/api/health")
    same((status, body), (200, b""))
    assert int(headers["Content-Length"]) > 20
    for path, allowed in ("/api/predict", {"POST", "OPTIONS"}), ("/api/health", {"GET", "HEAD", "OPTIONS"}):
        status, headers, body = server.ask("OPTIONS", path)
        same((status, set(headers["Allow"].split(", ")), body), (204, allowed, b""))
    same(server.ask("OPTIONS", "/nothing")[0], 404)


@test
def numbers_for_prometheus(server):
    before, digits = server.metric('requests_total{route="POST /api/predict",status="2xx"}'), server.metric("digits_read")
    predictions(server, drawing(2), "?model=all")
    server.wait_for(lambda: server.metric('requests_total{route="POST /api/predict",status="2xx"}') == before + 1, 5)
    same(server.metric("digits_read"), digits + 3)
    status, headers, body = server.ask("GET", "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for line in body.decode().splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) tenfold_\w+ .+|tenfold_\w+(\{.*\})? [\d.e+-]+", line), line
    buckets = [int(line.rsplit(" ", 1)[1]) for line in body.decode().splitlines() if "_bucket" in line]
    assert buckets == sorted(buckets) and buckets[-1] > 0
    same(server.metric("models"), 3)
    assert server.metric("process_resident_memory_bytes") > 1e6 and server.metric("uptime_seconds") > 0


# ---- Bad requests ----------------------------------------------------------------------------------------------------


@test
def nothing_there(server):
    for path in ("/nothing", "/api", "/api/", "/app/", "/app/nothing.js", "/app/../index.html", "/app/..%2f..%2fetc/passwd",
                 "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/app/index.html%00.js", "/api/predictx"):
        answer = server.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 404 ") and b'"not_found"' in answer, (path, answer)
    status, headers, body = server.ask("DELETE", "/api/predict")
    same((status, headers["Allow"], json.loads(body)["error"]["code"]), (405, "POST, OPTIONS", "wrong_method"))
    same(server.code("POST", "/api/models", b"x" * 1000), (405, "wrong_method"))
    same(server.code("BREW", "/"), (405, "wrong_method"))


@test
def bad_pictures(server):
    good = drawing(4)
    cases = [
        (b"", "no_image"), (b"{", "bad_json"), (b'{"image":', "bad_json"), (b'{"image":"x"', "bad_json"),
        (b'{"image":"\xff"}', "bad_json"), (b"{}", "no_image"), (b'{"image":7}', "no_image"),
        (b'{"image":null}', "no_image"), (b'{"image":"***"}', "bad_base64"), (b'{"image":"AAAAA"}', "bad_base64"),
        (b'{"image":"data:image/png,AAAA"}', "bad_base64"), (b'{"image":"AA=A"}', "bad_base64"),
        (b'{"image":""}', "bad_picture"), (b'{"image":"AAAA"}', "bad_picture"), (b'{"a":' * 3000, "bad_json"),
        (b"hello", "bad_picture"), (b"\0" * 100, "bad_picture"), (good[:60], "bad_png"), (good[:-20], "bad_png"),
        (good[:40] + b"\xff" * 30 + good[70:], "bad_png"), (b"\x89PNG\r\n\x1a\n", "bad_png"),
        (SEVEN_JPEG[:200], "bad_jpeg"), (b"\xff\xd8\xff" + b"\0" * 50, "bad_jpeg"), (as_json(good[:99]), "bad_png"),
        (png(28, 28, bytes(784))[:33] + b"\0" * 10, "bad_png"), (b"GIF89a" + b"\0" * 50, "bad_picture"),
    ]
    for body, code in cases:
        for path in "/api/predict", "/predict":
            same((body[:30], server.code("POST", path, body)), (body[:30], (400, code)))
    same(server.code("POST", "/api/predict", good, Content_Type="application/json"), (400, "bad_json"))


@test
def too_many_pixels(server):
    """A picture that unpacks to a gigabyte is refused by its header."""
    before = server.resident()
    large = png(28, 28, bytes(784))
    for width, height in (40000, 40000), (16385, 1), (4001, 4000), (2**31 - 1, 2**31 - 1):
        header = large[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + large[24:29]
        body = header + zlib.crc32(header[12:29]).to_bytes(4, "big") + large[33:]
        status, code = server.code("POST", "/api/predict", body)
        assert (status, code) == (413, "too_many_pixels") or (width > 10**6 and (status, code) == (400, "bad_png")), code
    body = bomb(32768, 32768 if HEAVY else 1024)
    begin = time.monotonic()
    same(server.code("POST", "/api/predict", body), (413, "too_many_pixels"))
    assert time.monotonic() - begin < 2
    same(server.code("POST", "/api/predict", large[:16] + bytes(8) + large[24:]), (400, "bad_png"))
    assert SANITIZED or server.resident() - before < 30e6


@test
def too_large_a_body(server):
    head = f"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    announced = server.raw((head + "Content-Length: 104857600\r\n\r\n").encode() + b"x" * (104857600 if HEAVY else 10**6))
    assert announced.startswith(b"HTTP/1.1 413 ") and b"too_large" in announced, announced
    with server.connect() as to:  # a client that asks first is told before it sends anything
        to.sendall((head + "Content-Length: 104857600\r\nExpect: 100-continue\r\n\r\n").encode())
        assert to.recv(65536).startswith(b"HTTP/1.1 413 ")
    with server.connect() as to:
        to.sendall((head + "Content-Length: 8388609\r\n\r\n").encode())
        assert to.recv(65536).startswith(b"HTTP/1.1 413 ")
    good = drawing(6)
    with server.connect() as to:
        to.sendall((head + f"Content-Length: {len(good)}\r\nExpect: 100-continue\r\n\r\n").encode())
        assert to.recv(65536).startswith(b"HTTP/1.1 100 ")
        to.sendall(good)
        assert to.recv(65536).startswith(b"HTTP/1.1 200 ")
    same(server.code("POST", "/api/predict", b"x" * 8388608), (400, "bad_picture"))  # the most that is taken
    status, _, _ = server.ask("POST", "/api/predict", body=iter([good[:100], good[100:]]))  # in chunks
    same(status, 200)


@test
def a_body_without_end(server):
    before = server.resident()
    head = (f"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with server.connect() as to:
        to.sendall(head)
        sent = 0
        while sent < 40e6 and not select.select([to], [], [], 0)[0]:
            to.sendall(piece)
            sent += 65536
        assert to.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert 8e6 < sent < 40e6, f"{sent} bytes were taken"
    with server.connect() as to:  # one that does not listen is cut off
        to.sendall(head)
        sent = 0
        try:
            while sent < 400e6:
                to.sendall(piece)
                sent += 65536
        except OSError:
            pass
        assert 128e6 < sent < 200e6, f"{sent} bytes were taken"
    assert SANITIZED or server.resident() - before < 30e6


def is_closed(to, seconds):
    """Whether the server closes within so many seconds; whatever it says before."""
    to.settimeout(seconds)
    try:
        while to.recv(65536):
            pass
    except socket.timeout:
        return False
    except OSError:
        pass
    return True


@alone
def requests_that_trickle(home):
    """One byte now and then never makes a request: its time is over all the same."""
    with Server(home, "--no-train", "--patience", "1", name="trickle") as server:
        trickle(server)


def trickle(server):
    head = f"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode()
    with server.connect() as line, server.connect() as headers, server.connect() as body, server.connect() as silent:
        headers.sendall(head)
        body.sendall(head + b"Content-Length: 1000\r\n\r\n")
        ended, begin = set(), time.monotonic()
        while len(ended) < 3 and time.monotonic() - begin < 6:
            for name, to, byte in ("line", line, b"G"), ("headers", headers, b"A: b\r\n"), ("body", body, b"x"):
                try:
                    to.sendall(byte)
                except OSError:
                    ended.add(name)
            time.sleep(0.1)
        same(ended, {"line", "headers", "body"})
        assert is_closed(silent, 4)
    with server.connect() as to:  # between two requests as well
        to.sendall(f"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        assert b'"ok"' in to.recv(65536) and is_closed(to, 5)


@test
def headers_too_large(server):
    head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode()
    for request in (head + b"A: " + b"x" * 100000 + b"\r\n\r\n", head + b"A: b\r\n" * 20000 + b"\r\n",
                    b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"):
        answer = server.raw(request)
        assert not answer or re.match(rb"HTTP/1.1 (4\d\d|5\d\d) ", answer), answer[:100]
    ample = server.raw(head + b"A: " + b"x" * 8000 + b"\r\nConnection: close\r\n\r\n")
    assert ample.startswith(b"HTTP/1.1 200 "), ample[:100]


@test
def many_idle_connections(server):
    count = 2000 if HEAVY else 1300
    files = more_files(count + 100) - 100
    count, open_ones = min(count, files), []
    try:
        for _ in range(count):
            open_ones.append(server.connect())
        check_good(server)
        server.wait_for(lambda: server.metric("connections ") <= 1025, 5)
    finally:
        for to in open_ones:
            to.close()
    server.wait_for(lambda: server.metric("connections ") < 20)


def broken_request(rng):
    head = b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    kind = rng.randrange(12)
    noise = rng.randbytes(rng.randrange(1, 400))
    if kind == 0:
        return noise
    if kind == 1:
        return noise + b"\r\n\r\n"
    if kind == 2:
        return b"GET / HTTP/9.9\r\n\r\n"
    if kind == 3:
        return head + b"Content-Length: -1\r\n\r\n"
    if kind == 4:
        return head + b"Content-Length: 99999999999999999999999\r\n\r\n"
    if kind == 5:
        return head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + noise
    if kind == 6:
        return head + b"Content-Length: 500\r\n\r\n" + noise
    if kind == 7:
        return b"GET /?" + noise.replace(b" ", b"") + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    if kind == 8:
        return b"\r\n" * rng.randrange(1, 50)
    if kind == 9:
        return b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx"
    whole = bytearray(head + b"Content-Length: 100\r\n\r\n" + noise[:100])
    for _ in range(rng.randrange(1, 8)):
        whole[rng.randrange(len(whole))] = rng.randrange(256)
    return bytes(whole[:rng.randrange(1, len(whole))]) if kind == 10 else bytes(whole)


@test
def broken_requests(server):
    rng = random.Random(1)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda r: server.raw(r, 0.3), [broken_request(rng) for _ in range(10000 if HEAVY else 400)]):
            assert not answer or re.match(rb"HTTP/1\.[01] [45]\d\d ", answer), answer[:200]


@test
def broken_pictures(server):
    """Bytes changed in good pictures: any answer but a fault of the server."""
    rng = random.Random(2)
    good = [drawing(9), SEVEN_JPEG, as_json(drawing(2))]
    for i in range(3000 if HEAVY else 150):
        body = bytearray(good[i % 3])
        for _ in range(rng.randrange(1, 6)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        status, _ = server.json("POST", "/api/predict?model=knn", bytes(body))
        assert status in (200, 400, 413), status


# ---- Who asks --------------------------------------------------------------------------------------------------------


@test
def only_its_own_page(server):
    port = server.port
    for host in "127.0.0.1", "localhost", "LocalHost", "[::1]":
        same(server.ask("GET", "/api/health", Host=f"{host}:{port}")[0], 200)
    for host in ("evil.example", f"evil.example:{port}", "localhost", "localhost:1", f"127.0.0.1.evil.example:{port}", "",
                 f"localhost:{port}:{port}", f"[::1:{port}", f"a@localhost:{port}", "localhost:", f"169.254.1.1:{port}"):
        same((host, server.code("POST", "/api/predict", drawing(1), Host=host)), (host, (421, "wrong_host")))
    answer = server.raw(b"GET /api/health HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.") and b" 421 " in answer[:20], answer[:100]
    own = f"127.0.0.1:{port}"
    same(server.ask("POST", "/api/predict", drawing(1), Host=own, Origin=f"http://{own}")[0], 200)
    for origin in ("http://evil.example", "null", f"https://{own}", f"http://{own}.evil.example", f"http://localhost:{port}",
                   "http://127.0.0.1:1", ""):
        same((origin, server.code("POST", "/api/predict", drawing(1), Host=own, Origin=origin)), (origin, (403, "wrong_origin")))
    same(server.ask("GET", "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0], 200)  # a link from elsewhere
    same(server.ask("GET", "/api/health", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors")[0], 200)
    for site in "cross-site", "same-site":
        same(server.code("GET", "/api/models", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors"), (403, "wrong_origin"))
        same(server.code("POST", "/api/predict", drawing(1), Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate"),
             (403, "wrong_origin"))


@test
def a_log_of_one_line_a_request(server):
    server.raw(f"GET /api/health?\x1b[31m\x07 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
    server.ask("GET", "/api/health?marker")
    server.wait_for(lambda: "health?marker" in server.log.read_text(errors="replace"), 5)
    text = server.log.read_text(errors="strict")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    line = next(line for line in text.splitlines() if "health?marker" in line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z GET /api/health\?marker 200 \d+ B \d+ us", line), line


# ---- Models that come and go -----------------------------------------------------------------------------------------


@alone
def models_come_and_go(home):
    shutil.copytree(home / "models", home / "changing")
    with Server(home, "--no-train", "--models", "changing", name="changing") as server:
        change_models(server, home / "changing")


def change_models(server, folder):
    def names():
        return [m["name"] for m in server.json("GET", "/api/models")[1]["models"]]

    shutil.copy(folder / "knn.safetensors", folder / "other.partial")
    (folder / "other.partial").rename(folder / "other.safetensors")
    (folder / "broken.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{\"a\": 1}")
    (folder / "bad name.safetensors").write_bytes((folder / "knn.safetensors").read_bytes())
    (folder / "all.safetensors").write_bytes((folder / "knn.safetensors").read_bytes())
    server.wait_for(lambda: "other" in names(), 15)
    same(names(), ["cnn-hand", "knn", "naive-bayes", "other"])
    same(predictions(server, drawing(7), "?model=other")[0]["number"], "7")
    (folder / "other.json").write_text('{"accuracy": 1.0, "on": "test"}')
    server.wait_for(lambda: names() == ["cnn-hand", "other", "knn", "naive-bayes"], 15)
    time.sleep(2.5)
    same(server.log.read_text().count("broken.safetensors"), 1)  # told once
    for name in "other.safetensors", "other.json", "broken.safetensors", "bad name.safetensors", "all.safetensors":
        (folder / name).unlink()
    server.wait_for(lambda: "other" not in names(), 15)
    same(server.code("POST", "/api/predict?model=other", drawing(7)), (404, "no_model"))


@test
def no_memory_kept(server):
    """What thousands of requests of all kinds took is given back; this is the last test of the server."""
    if SANITIZED:
        return "SKIP sanitizers keep what is freed"
    picture = drawing(7)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: server.ask("POST", "/api/predict", picture), range(100)))
        before = server.resident()
        list(pool.map(lambda i: server.ask("POST", "/api/predict" if i % 3 else "/predict",
                                           picture if i % 2 else as_json(picture)[:300 + i]), range(500)))
    if HEAVY and shutil.which("wrk"):
        million(server, picture)
    grown = server.resident() - before
    assert grown < 8e6, f"{grown / 1e6:.1f} MB more"
    assert server.resident() < 300e6


def million(server, picture):
    with tempfile.TemporaryDirectory() as folder:
        script, body = pathlib.Path(folder, "post.lua"), pathlib.Path(folder, "body")
        body.write_bytes(picture)
        script.write_text(f'local f = io.open("{body}", "rb")\nwrk.body = f:read("*a")\nf:close()\nwrk.method = "POST"\n')
        done = 0
        while done < 1000000:
            text = subprocess.run(["wrk", "-t2", "-c64", "-d30", "-s", str(script),
                                   f"http://127.0.0.1:{server.port}/api/predict?model=knn"], capture_output=True,
                                  text=True, check=True).stdout
            assert "Non-2xx" not in text, text
            done += int(re.search(r"(\d+) requests in", text).group(1))
            print(f"# {done} requests, {server.resident() / 1e6:.1f} MB", flush=True)


# ---- Starts and ends -------------------------------------------------------------------------------------------------


@alone
def wrong_starts(home):
    for words, status, message in [
        (["--port", "70000"], 2, "0 to 65535"), (["--port", "-1"], 2, "0 to 65535"), (["--port", "x"], 2, "0 to 65535"),
        (["--host", "no.such.host.invalid", "--port", "0"], 1, "no such address"), (["--host", "192.0.2.1"], 1, "192.0.2.1"),
        (["--patience", "0"], 2, "0.1 to 3600"), (["more"], 2, "unexpected"), (["--runs", "/nowhere/r.sqlite"], 1, "nowhere"),
    ]:
        done = run_program(home, "serve", "--no-train", *words)
        assert done.returncode == status and message in done.stderr.decode(), (words, done)
        same(done.stderr.count(b"\n"), 1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run_program(home, "serve", "--no-train", "--port", port)
        assert done.returncode == 1 and f"port {port}" in done.stderr.decode() and "in use" in done.stderr.decode(), done


@alone
def other_addresses(home):
    with Server(home, "--no-train", "--host", "0.0.0.0", name="any") as server:
        server.host = "127.0.0.1"
        assert "no password" in server.log.read_text()
        same(server.ask("GET", "/api/health", Host=f"192.168.1.5:{server.port}")[0], 200)
        same(server.ask("GET", "/api/health", Host=f"{socket.gethostname()}:{server.port}")[0], 200)
        same(server.code("GET", "/api/health", Host=f"evil.example:{server.port}"), (421, "wrong_host"))
        same(server.code("GET", "/api/health", Host=f"192.168.1.5:{server.port}", Origin="http://10.0.0.1:80"),
             (403, "wrong_origin"))
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6") and os.path.getsize("/proc/net/if_inet6"):
        with Server(home, "--no-train", "--host", "::1", "--quiet", name="six") as server:
            same(server.ask("GET", "/api/health", Host=f"[::1]:{server.port}")[0], 200)
            same(server.log.read_text(), "")


@alone
def ends_with_what_it_began(home):
    """A request under way when the server is told to end is still answered."""
    picture = drawing(5)
    server = Server(home, "--no-train", name="end")
    with server.connect() as to:
        to.sendall(f"POST /api/predict?model=knn HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                   f"Content-Length: {len(picture)}\r\n\r\n".encode() + picture[:50])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        to.sendall(picture[50:])
        answer = to.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
    same(server.process.wait(timeout=10), 0)
    same(server.stop()[0], 0)
    server = Server(home, "--no-train", name="late")
    with server.connect() as to:  # one that does not come to its end is not waited for beyond 5 s
        to.sendall(f"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 9\r\n\r\n".encode())
        time.sleep(0.3)
        status, seconds = server.stop(signal.SIGINT)
        same(status, 0)
        assert 4 < seconds < 8, seconds
    server = Server(home, "--no-train", name="twice")
    with server.connect() as to:  # nor at all once it is told twice
        to.sendall(f"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 9\r\n\r\n".encode())
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        status, seconds = server.stop()
        assert status == -signal.SIGTERM and seconds < 3, (status, seconds)


@alone
def trains_what_is_missing(home):
    """Without a model the page is there at once, then a quick model, then the others; ending the server ends it all."""
    fresh = pathlib.Path(home, "fresh")
    fresh.mkdir()
    shutil.copytree(pathlib.Path(home, "tiny"), fresh / "tiny")
    with Server(fresh, name="train") as server:
        same(server.ask("GET", "/")[0], 200)
        first = server.json("GET", "/api/models")[1]
        if not first["models"]:
            assert first["default"] is None and first["preparing"][0]["state"] in ("waiting", "running"), first
            if server.json("GET", "/api/health")[1]["ready"] is False:
                status, code = server.code("POST", "/api/predict", drawing(1))
                assert (status, code) == (503, "no_model_yet") or server.json("GET", "/api/health")[1]["ready"]
        server.wait_for(lambda: server.json("GET", "/api/health")[1]["ready"], 120)
        same(len(predictions(server, drawing(1))[0]["digits"]), 1)
        if not SANITIZED:
            server.wait_for(lambda: not server.json("GET", "/api/models")[1]["preparing"], 120)
            models = server.json("GET", "/api/models")[1]["models"]
            assert {m["name"] for m in models} >= {"knn", "svm", "cnn2", "gradient-boosting"}
            assert all(m["accuracy"] is not None and m["on"] == "test" for m in models), models
            assert not (fresh / "models" / "cnn2-quick.safetensors").exists()
            assert not list((fresh / "models").glob("*.checkpoint"))
        children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    assert not children.exists()
    nothing = pathlib.Path(home, "nothing")
    nothing.mkdir()
    with Server(nothing, "--data", "no-such-data", name="no-data") as server:
        server.wait_for(lambda: server.json("GET", "/api/models")[1]["preparing"][0]["state"] == "failed", 10)
        assert "no-such-data" in server.json("GET", "/api/models")[1]["preparing"][0]["message"]
        same(server.code("POST", "/api/predict", drawing(1)), (503, "no_model_yet"))


# ---- Running them ----------------------------------------------------------------------------------------------------


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
