"""Good requests, answered well."""
import concurrent.futures
import gzip
import http.client
import json
import re

from client import SEVEN_JPEG, as_json, drawing, png, run_program
from common import predictions, same, test


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
