"""Bad requests: malformed, too large, too slow, too many, from the wrong page."""
import concurrent.futures
import json
import random
import re
import select
import socket
import time
import zlib

from client import SANITIZED, SEVEN_JPEG, Server, as_json, bomb, drawing, more_files, png
from common import HEAVY, alone, check_good, same, test


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
