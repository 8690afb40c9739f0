"""The server's life: models that come and go, memory, starts and ends, trainings."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from client import SANITIZED, Server, as_json, drawing, run_program
from common import HEAVY, alone, predictions, same, test


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


def children_of(pid):
    """All processes that one has started, by any of its threads."""
    return [int(child) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


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
                status, document = server.json("POST", "/api/predict", drawing(1))  # 200: it became ready meanwhile
                assert status == 200 or (status, document["error"]["code"]) == (503, "no_model_yet"), document
        server.wait_for(lambda: server.json("GET", "/api/health")[1]["ready"], 120)
        same(len(predictions(server, drawing(1))[0]["digits"]), 1)
        def found():
            document = server.json("GET", "/api/models")[1]
            measured = {m["name"] for m in document["models"] if m["accuracy"] is not None}
            enough = not document["preparing"] or ("cnn2" in measured and not HEAVY)
            return document["models"] if enough and "cnn2-quick" not in measured else None

        server.wait_for(found, 300)
        models = [m for m in found() if m["accuracy"] is not None]
        names = {m["name"] for m in models}
        assert not HEAVY or names >= {"knn", "svm", "mlp", "gradient-boosting", "naive-bayes", "random-forest"}, names
        assert all(m["on"] == "test" for m in models), models
        assert not list((fresh / "models").glob("cnn2*.checkpoint"))
        children = children_of(server.process.pid)
    server.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 5)
    nothing = pathlib.Path(home, "nothing")
    nothing.mkdir()
    with Server(nothing, "--data", "no-such-data", name="no-data") as server:
        server.wait_for(lambda: server.json("GET", "/api/models")[1]["preparing"][0]["state"] == "failed", 10)
        assert "no-such-data" in server.json("GET", "/api/models")[1]["preparing"][0]["message"]
        same(server.code("POST", "/api/predict", drawing(1)), (503, "no_model_yet"))
