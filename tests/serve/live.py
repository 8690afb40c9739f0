#!/usr/bin/env python3
"""Tests of what `tenfold serve` does beside predictions: looking inside, neighbours and the map, corrections, runs, the
study and its report, trainings that are watched. Everything is held against a naive answer made here where there is one.

usage: TENFOLD=PATH live.py [NAME...]            The output is TAP.
"""
import base64
import concurrent.futures
import gzip
import hashlib
import json
import os
import pathlib
import re
import struct
import sys
import time

from client import Server, as_json, drawing, make_data, png, run_program
from common import TESTS, same, test
import suite

NET = {"net": "conv 4 3x3, relu, maxpool 2, dense 10"}


def near(found, expected, error=1e-6):
    assert abs(found - expected) <= error * max(1, abs(expected)), f"{found!r}, expected {expected!r}"


def read_idx(home, name):
    images = (home / "tiny" / f"{name}-images-idx3-ubyte").read_bytes()[16:]
    labels = (home / "tiny" / f"{name}-labels-idx1-ubyte").read_bytes()[8:]
    return [images[i * 784:(i + 1) * 784] for i in range(len(labels))], labels


def seen(server, picture, digit=0):
    """The digit as models see it."""
    result = server.json("POST", "/api/predict?model=knn", picture)[1]["results"][0]
    return bytes(result["digits"][digit]["seen"])


def nearest_of(images, pixels):
    """(squared distance, index), nearest first."""
    return sorted((sum((a - b) ** 2 for a, b in zip(image, pixels)), i) for i, image in enumerate(images))


def events_of(server, number):
    """All events of a training, up to its end."""
    status, headers, body = server.ask("GET", f"/api/trainings/{number}/events")
    same((status, headers["Content-Type"]), (200, "text/event-stream"))
    blocks = [b for b in body.decode().split("\n\n") if b.startswith("event: ")]
    found = [re.fullmatch(r"event: (\w+)\ndata: (.*)", b).groups() for b in blocks]
    return [(name, json.loads(data)) for name, data in found]


def train(server, **members):
    status, document = server.json("POST", "/api/trainings", json.dumps(members))
    assert status == 202, document
    return document["id"]


def state_of(server, number):
    return next(t["state"] for t in server.json("GET", "/api/trainings")[1]["trainings"] if t["id"] == number)


# ---- Inside a network -------------------------------------------------------------------------------------------------


@test
def inside_a_network(server):
    two = drawing(7)
    status, found = server.json("POST", "/api/inspect?model=cnn", two)
    same((status, found["model"], len(found["probabilities"])), (200, "cnn", 10))
    predicted = server.json("POST", "/api/predict?model=cnn", two)[1]["results"][0]["digits"][0]
    same((found["label"], found["seen"]), (predicted["label"], predicted["seen"]))
    for a, b in zip(found["probabilities"], predicted["probabilities"]):
        near(a, b, 2e-6)
    values = base64.b64decode(found["saliency"]["values"])
    same((found["saliency"]["height"], found["saliency"]["width"], len(values)), (28, 28, 784))
    same(max(min(b, 256 - b) for b in values), 127)
    same([layer["text"] for layer in found["layers"]], ["conv 32 3x3", "relu", "maxpool 2"])
    same([(l["layer"], l["height"], l["width"], l["channels"]) for l in found["layers"]],
         [(1, 26, 26, 32), (2, 26, 26, 32), (3, 13, 13, 32)])
    maps = [base64.b64decode(layer["values"]) for layer in found["layers"]]
    same([len(m) for m in maps], [21632, 21632, 5408])
    assert found["layers"][0]["low"] < 0 and found["layers"][1]["low"] == 0  # what the ReLU is for
    whole = server.json("POST", "/api/inspect?model=cnn&layers=all", two)[1]["layers"]
    same([layer["text"] for layer in whole][-2:], ["relu", "dense 10"])
    same(whole[:3], found["layers"])

    # the first convolution once more, of what was seen and the filters as they are sent
    filters = server.json("GET", "/api/filters?model=cnn")[1]
    same({k: filters[k] for k in ("model", "layer", "count", "units", "height", "width", "channels")},
         {"model": "cnn", "layer": 1, "count": 32, "units": 32, "height": 3, "width": 3, "channels": 1})
    weights = [(b - 256 if b > 127 else b) / 127 * filters["scale"] for b in base64.b64decode(filters["values"])]
    same(len(weights), 288)
    first = found["layers"][0]
    for unit in (0, 5, 31):
        sums = [sum(found["seen"][(y + i) * 28 + x + j] / 255 * weights[unit * 9 + i * 3 + j]
                    for i in range(3) for j in range(3)) for y in range(26) for x in range(26)]
        told = [first["low"] + b / 255 * (first["high"] - first["low"]) for b in maps[0][unit * 676:(unit + 1) * 676]]
        bias = told[0] - sums[0]
        for a, b in zip(sums, told):
            assert abs(a + bias - b) < 0.05 * (first["high"] - first["low"]), (unit, a, b)


@test
def inside_what_is_none(server):
    same(server.code("POST", "/api/inspect?model=knn", drawing(1)), (400, "no_network"))
    same(server.code("GET", "/api/filters?model=knn"), (400, "no_network"))
    same(server.code("POST", "/api/inspect?model=none", drawing(1)), (404, "no_model"))
    same(server.code("POST", "/api/inspect?model=cnn", png(28, 28, bytes(784))), (422, "nothing_drawn"))
    same(server.code("POST", "/api/inspect?model=cnn", b"GIF89a")[0], 400)
    same(server.code("POST", "/api/inspect?model=cnn&layers=7", drawing(1)), (400, "bad_layers"))
    same(server.code("POST", "/api/inspect?model=cnn&digit=1", drawing(1)), (422, "nothing_drawn"))


# ---- Neighbours and the map --------------------------------------------------------------------------------------------


@test
def neighbours(server):
    images, labels = read_idx(server.home, "train")
    for digit in (3, 8):
        pixels = seen(server, drawing(digit))
        expected = nearest_of(images, pixels)[:8]
        found = server.json("POST", "/api/nearest", drawing(digit))[1]["neighbours"]
        same([n["index"] for n in found], [i for _, i in expected])
        for n, (squared, i) in zip(found, expected):
            near(n["distance"], squared ** 0.5)
            same((n["label"], bytes(n["image"])), (labels[i], images[i]))
    same(len(server.json("POST", "/api/nearest?count=100", drawing(3))[1]["neighbours"]), 100)
    for count in ("0", "101", "-1", "x", ""):
        same(server.code("POST", f"/api/nearest?count={count}", drawing(3)), (400, "bad_number"))
    same(server.code("POST", "/api/nearest", png(28, 28, bytes(784))), (422, "nothing_drawn"))


@test
def digits_of_the_test_set(server):
    images, labels = read_idx(server.home, "t10k")
    for i in (0, 57, len(labels) - 1):
        same(server.json("GET", f"/api/digit/{i}"), (200, {"index": i, "label": labels[i], "image": list(images[i])}))
    for wrong in (str(len(labels)), "-1", "x", "", "1/2", "99999999999999999999"):
        same(server.code("GET", f"/api/digit/{wrong}"), (404, "not_found"))
    one = server.json("GET", "/api/digit/random")[1]
    same(one, server.json("GET", f"/api/digit/{one['index']}")[1])


@test
def a_map_and_a_place_in_it(server):
    status, headers, body = server.ask("GET", "/api/map")
    if status == 503:
        same((json.loads(body)["error"]["code"], headers["Retry-After"] is not None), ("map_not_ready", True))
        same(server.code("POST", "/api/place", drawing(3))[0], 503)
    server.wait_for(lambda: server.ask("GET", "/api/map")[0] == 200)
    images, labels = read_idx(server.home, "t10k")
    _, headers, body = server.ask("GET", "/api/map")
    found = json.loads(body)
    same((found["of"], found["count"], len(found["points"])), ("pixels", len(labels), len(labels)))
    same(found["labels"], "".join(map(str, labels)))
    same(server.ask("GET", "/api/map", If_None_Match=headers["ETag"])[0], 304)
    place = server.json("POST", "/api/place", drawing(3))[1]
    nearest = nearest_of(images, seen(server, drawing(3)))[:10]
    same(place["nearest"], [i for _, i in nearest])
    whole = sum(1 / squared for squared, _ in nearest)
    for axis, name in enumerate("xy"):
        near(place[name], sum(found["points"][i][axis] / squared for squared, i in nearest) / whole, 1e-4)


@test
def no_data(home):
    with Server(home, "--no-train", "--data", "nowhere", name="no-data") as server:
        for method, path, body in (("POST", "/api/nearest", drawing(1)), ("GET", "/api/digit/0", None),
                                   ("GET", "/api/map", None), ("POST", "/api/place", drawing(1))):
            same(server.code(method, path, body), (503, "no_data"))
        number = train(server, model="nearest-centroid")
        name, data = events_of(server, number)[-1]
        assert name == "failed" and "nowhere" in data["message"], (name, data)


no_data.alone = True


# ---- Corrections and runs ----------------------------------------------------------------------------------------------


def correction(picture, label, **more):
    return json.dumps(json.loads(as_json(picture)) | {"label": label} | more)


@test
def corrections(home):
    words = ("--no-train", "--runs", "corrections.sqlite")
    with Server(home, *words, name="corrections") as server:
        same(server.json("GET", "/api/corrections"), (200, {"count": 0, "corrections": []}))
        same(server.code("GET", "/api/corrections/images-idx3-ubyte"), (404, "no_corrections"))
        given = {"cnn": 1, "knn": None}
        same(server.json("POST", "/api/corrections", correction(drawing(7), 7, given=given, digit=0)), (201, {"id": 1}))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda i: server.json("POST", "/api/corrections", correction(drawing(i % 10), i % 10)),
                                 range(20)))
        same(sorted(d["id"] for _, d in done), list(range(2, 22)))
        same(server.json("DELETE", "/api/corrections/3"), (200, {"id": 3}))
        same(server.code("DELETE", "/api/corrections/3"), (404, "no_correction"))
        pixels = {i: seen(server, drawing(i)) for i in range(10)}
    with Server(home, *words, name="corrections") as server:  # they are still there
        found = server.json("GET", "/api/corrections")[1]
        same((found["count"], [c["id"] for c in found["corrections"]]), (20, list(range(21, 3, -1)) + [2, 1]))
        oldest = found["corrections"][-1]
        same((oldest["label"], oldest["given"], bytes(oldest["image"])), (7, given, pixels[7]))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", oldest["made"])
        status, headers, images = server.ask("GET", "/api/corrections/images-idx3-ubyte")
        labels = server.ask("GET", "/api/corrections/labels-idx1-ubyte")[2]
        same((status, images[:16]), (200, struct.pack(">4I", 0x803, 20, 28, 28)))
        assert "images-idx3-ubyte" in headers["Content-Disposition"]
        same(labels[:8], struct.pack(">2I", 0x801, 20))
        same([images[16 + i * 784:16 + (i + 1) * 784] for i in range(20)], [pixels[label] for label in labels[8:]])
    done = run_program(home, "runs", "--runs", "corrections.sqlite", "--json")  # a run database as before
    same((done.returncode, json.loads(done.stdout)), (0, {"runs": []}))


corrections.alone = True


@test
def corrections_that_are_none(server):
    good = drawing(1)
    for body, expected in ((b"", "bad_json"), (b"[1]", "bad_json"), (good, "bad_json"), (as_json(good), "bad_label"),
                           (correction(good, 10), "bad_label"), (correction(good, "7"), "bad_label"),
                           (correction(good, 1.5), "bad_label"), (correction(good, 1, digit=-1), "bad_digit"),
                           (correction(good, 1, given=[1]), "bad_given"),
                           (correction(good, 1, given={"cnn": 12}), "bad_given")):
        same(server.code("POST", "/api/corrections", body), (400, expected))
    same(server.code("POST", "/api/corrections", correction(good, 1, digit=3)), (422, "nothing_drawn"))
    same(server.code("POST", "/api/corrections", correction(png(28, 28, bytes(784)), 1)), (422, "nothing_drawn"))
    same(server.code("POST", "/api/corrections", json.dumps({"label": 1}))[0], 400)
    for wrong in ("x", "1x", "-1"):
        same(server.code("DELETE", f"/api/corrections/{wrong}"), (404, "not_found"))


@test
def runs(server):
    same(server.json("GET", "/api/runs?kind=evaluation"), (200, {"runs": []}))
    made = [r for r in server.json("GET", "/api/runs?kind=fold")[1]["runs"]]
    same(len(made), 2)
    assert made[0]["id"] > made[1]["id"], "newest first"
    parent = made[0]["parent"]
    same(server.json("GET", f"/api/runs?parent={parent}")[1]["runs"], made)
    same(server.json("GET", "/api/runs?latest=1&kind=fold")[1]["runs"], made[:1])
    same(server.json("GET", "/api/runs?model=knn&kind=fold")[1]["runs"], [])
    status, one = server.json("GET", f"/api/runs/{parent}")
    same((status, one["kind"], [c["id"] for c in one["children"]]), (200, "crossval", sorted(r["id"] for r in made)))
    assert "history" in one
    same(server.code("GET", "/api/runs/9999"), (404, "no_run"))
    same(server.code("GET", "/api/runs/x"), (404, "not_found"))
    for query in ("latest=0", "latest=x", "parent=-1", "parent="):
        same(server.code("GET", f"/api/runs?{query}"), (400, "bad_number"))


@test
def no_database(home):
    with Server(home, "--no-train", "--runs", "none", name="no-database") as server:
        same(server.code("GET", "/api/runs"), (503, "no_database"))
        same(server.code("POST", "/api/corrections", correction(drawing(1), 1)), (503, "no_database"))
        same(server.code("GET", "/api/corrections"), (503, "no_database"))
        same([name for name, _ in events_of(server, train(server, model="nearest-centroid"))][-1], "done")


no_database.alone = True


# ---- The study ---------------------------------------------------------------------------------------------------------


def make_study(home, folder):
    """As little of a study as a report can be made of."""
    study = home / folder
    (study / "evaluate").mkdir(parents=True)
    for path, words in (("explore", ["explore"]), ("compare", ["compare", "--models", "nearest-centroid"]),
                        ("evaluate/nearest-centroid", ["evaluate", "models/nearest-centroid.safetensors"])):
        done = run_program(home, *words, "--data", "tiny", "--json", "--quiet")
        assert done.returncode == 0, done.stderr.decode()
        document = json.loads(done.stdout)
        if path.startswith("evaluate"):
            document["name"] = "nearest-centroid"
        (study / f"{path}.json").write_text(json.dumps(document))
    write_study(study, 0)
    return study


def write_study(study, seed):
    (study / "study.json").write_text(json.dumps({
        "version": "0", "data": "mnist", "seed": seed, "quick": True, "limit": None, "command": "tenfold study",
        "started": "2025-03-02T10:41:07Z", "seconds": 1, "best": "nearest-centroid", "chosen_on": "validation",
        "machine": {"processor": "x", "kernels": "generic", "threads": 1}}))


@test
def study_and_report(home):
    with Server(home, "--no-train", "--study", "some-study", name="study") as server:
        same(server.json("GET", "/api/study"),
             (200, {"folder": "some-study", "report": None, "making": False, "updated": None, "finished": False, "runs": False,
                    "sections": []}))
        same(server.code("GET", "/report"), (404, "no_study"))
        study = make_study(home, "some-study")
        server.wait_for(lambda: server.ask("GET", "/report")[0] == 200)
        status, headers, page = server.ask("GET", "/report")
        same((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        policy = headers["Content-Security-Policy"]
        assert "'unsafe-eval'" not in policy and "script-src 'sha256-" in policy, policy
        for name, directive in ((b"script", "script-src"), (b"style", "style-src-elem")):
            sums = re.search(directive + " ([^;]*);", policy).group(1).split()
            found = re.findall(b"<" + name + b">(.*?)</" + name + b">", page, re.S)
            same(sums, [f"'sha256-{base64.b64encode(hashlib.sha256(t).digest()).decode()}'" for t in found])
        same(server.ask("GET", "/report", If_None_Match=headers["ETag"])[0], 304)
        _, packed, bytes_of_it = server.ask("GET", "/report", Accept_Encoding="gzip, br")
        same((packed["Content-Encoding"], headers["Content-Encoding"]), ("gzip", None))
        same(gzip.decompress(bytes_of_it), page)
        about = server.json("GET", "/api/study")[1]
        same({k: about[k] for k in ("folder", "report", "finished", "making")},
             {"folder": "some-study", "report": "/report", "finished": True, "making": False})
        assert {"id": "comparison", "title": "Comparison"} in about["sections"]
        for section in about["sections"]:
            assert f'id="{section["id"]}"'.encode() in page, section
        same((study / "figures").exists(), False)  # nothing is written there

        same((about["runs"], server.code("GET", "/api/runs?of=study")), (False, (404, "no_runs")))
        done = run_program(home, "crossval", "--models", "nearest-centroid", "--folds", "3", "--data", "tiny", "--runs",
                           "some-study/runs.sqlite", "--quiet")
        same((done.returncode, server.json("GET", "/api/study")[1]["runs"]), (0, True))
        own = server.json("GET", "/api/runs?of=study")[1]["runs"]
        same(sorted(run["kind"] for run in own), ["crossval", "fold", "fold", "fold"])
        whole = next(run["id"] for run in own if run["kind"] == "crossval")
        same(len(server.json("GET", f"/api/runs/{whole}?of=study")[1]["children"]), 3)
        same(server.code("GET", "/api/runs/99?of=study"), (404, "no_run"))
        same(server.code("GET", "/api/runs?of=nonsense"), (400, "bad_of"))

        write_study(study, 4711)
        server.wait_for(lambda: b"4711" in server.ask("GET", "/report")[2])
        assert server.ask("GET", "/report")[1]["ETag"] != headers["ETag"]
        (study / "study.json").write_text("{")  # half-written: the report before stays
        server.wait_for(lambda: not server.json("GET", "/api/study")[1]["making"])
        assert b"4711" in server.ask("GET", "/report")[2]
    with Server(home, "--no-train", "--study", "some-study", name="study") as server:
        server.wait_for(lambda: server.ask("GET", "/report")[0] == 404)
        same(server.code("GET", "/report"), (404, "no_study"))
        same(server.json("GET", "/api/study")[1]["report"], None)


study_and_report.alone = True


# ---- What can be trained -----------------------------------------------------------------------------------------------


@test
def catalogue(server):
    found = server.json("GET", "/api/catalogue")[1]
    known = json.loads(run_program(server.home, "info", "--json").stdout)
    same([(m["name"], m["title"], m["summary"], m["prep"]) for m in found["models"]],
         [(m["name"], m["title"], m["summary"], m["prep"]) for m in known["models"]])
    same(found["steps"], [{k: step[k] for k in ("name", "summary", "argument")} for step in known["steps"]])
    networks = {m["name"] for m in found["models"] if m["network"]}
    assert {"mlp", "cnn2", "network"} <= networks and not networks & {"knn", "svm", "logistic"}, networks
    for model, as_known in zip(found["models"], known["models"]):
        for parameter, other in zip(model["parameters"], as_known["parameters"], strict=True):
            same((parameter["name"], parameter["initial"], parameter["help"]), (other["name"], other["default"], other["help"]))
            same(parameter["choices"], other.get("choices"))
            numeric = parameter["type"] in ("integer", "real")
            same((parameter["minimum"], parameter["maximum"]), (other["minimum"], other["maximum"]) if numeric else (None, None))
    epochs = next(p for m in found["models"] if m["name"] == "cnn2" for p in m["parameters"] if p["name"] == "epochs")
    same((epochs["type"], epochs["minimum"], epochs["open_minimum"]), ("integer", 1, False))
    same(found["images"], len(read_idx(server.home, "train")[1]))


# ---- Trainings ---------------------------------------------------------------------------------------------------------


@test
def a_training(server):
    number = train(server, model="network", settings=NET | {"epochs": 2, "learning_rate": 0.01}, keep=True)
    events = events_of(server, number)
    same([name for name, _ in events if name != "progress"], ["begin", "epoch", "epoch", "done"])
    begin, done = events[0][1], events[-1][1]
    same((begin["model"], begin["prep"], begin["epochs"], begin["train_count"]), ("network", "scale", 2, 250))
    same(begin["settings"]["net"], NET["net"])
    epoch = [data for name, data in events if name == "epoch"][-1]
    images, labels = read_idx(server.home, "train")
    for mistake in epoch["mistakes"]:
        assert (bytes(mistake["image"]), mistake["truth"]) in set(zip(images, labels)), "an image of the training set"
    assert len(epoch["mistakes"]) <= 12 and len(base64.b64decode(epoch["filters"]["values"])) == 36
    same((done["on"], done["test_count"], done["accuracy"]), ("validation", 50, epoch["validation_accuracy"]))
    mine = [m for m in server.json("GET", "/api/models")[1]["models"] if m["name"] == "network-live"]
    same([(m["accuracy"], m["on"]) for m in mine], [(done["accuracy"], "validation")])
    same(server.json("POST", "/api/predict?model=network-live", drawing(3))[0], 200)
    same(events_of(server, number), events)  # once more, from the first one on
    same(state_of(server, number), "done")
    same(server.json("GET", "/api/runs?model=network&kind=train")[1]["runs"][0]["accuracy"], done["accuracy"])
    again = train(server, model="network", settings=NET | {"epochs": 1}, keep=True, limit=100, prep="none")
    same(events_of(server, again)[0][1]["train_count"], 84)
    assert (server.home / "models" / "network-live-2.safetensors").exists(), "another name"
    before = sorted((server.home / "models").iterdir())
    other = train(server, model="naive-bayes")
    same([name for name, _ in events_of(server, other) if name != "progress"], ["begin", "done"])
    same(sorted((server.home / "models").iterdir()), before)


@test
def a_training_that_is_stopped(server):
    number = train(server, model="mlp", prep="scale", settings={"epochs": 100000})
    same(server.code("POST", "/api/trainings", json.dumps({"model": "knn"})), (409, "training_busy"))
    same(state_of(server, number), "running")
    server.wait_for(lambda: children_of(server))
    same(server.json("DELETE", f"/api/trainings/{number}")[0], 200)
    events = [name for name, _ in events_of(server, number)]
    same((events.count("stopped"), events[-1]), (1, "stopped"))
    same((state_of(server, number), children_of(server)), ("stopped", []))
    same(server.json("DELETE", f"/api/trainings/{number}")[1]["state"], "stopped")


@test
def a_training_that_fails(server):
    number = train(server, model="mlp", prep="none", settings={"epochs": 99, "learning_rate": 100, "optimizer": "sgd",
                                                          "weight_decay": 10, "schedule": "constant"})
    name, data = events_of(server, number)[-1]
    assert name == "failed" and "diverged" in data["message"], (name, data)
    same(state_of(server, number), "failed")
    number = train(server, model="mlp", prep="scale", settings={"epochs": 100000})
    server.wait_for(lambda: children_of(server))
    os.kill(children_of(server)[0], 9)
    name, data = events_of(server, number)[-1]
    assert name == "failed" and "137" in data["message"], (name, data)


@test
def trainings_that_are_none(server):
    for body in (b"", b"[]", b"7", drawing(1)):
        same(server.code("POST", "/api/trainings", body), (400, "bad_json"))
    for members in ({}, {"model": 1}, {"model": "cnn3"}, {"model": "--help"}, {"model": "cnn", "prep": "zzz"},
                    {"model": "cnn", "settings": []}, {"model": "cnn", "settings": {"epochs": 0}},
                    {"model": "cnn", "settings": {"epochs": [1]}}, {"model": "cnn", "settings": {"zzz": 1}},
                    {"model": "cnn", "limit": 5}, {"model": "cnn", "limit": "5"}, {"model": "cnn", "keep": 1},
                    {"model": "cnn", "out": "/etc/passwd"}, {"model": "cnn", "prep": "pca=5"},
                    {"model": "network", "settings": {"net": "x" * 600}}, {"model": "network", "settings": {"net": "dense 3"}}):
        same(server.code("POST", "/api/trainings", json.dumps(members)), (400, "bad_training"))
    same(server.code("DELETE", "/api/trainings/9999"), (404, "no_training"))
    for path in ("9999/events",):
        same(server.code("GET", f"/api/trainings/{path}"), (404, "no_training"))
    for path in ("1", "x/events", "1/event", "1/events/2"):
        same(server.code("GET", f"/api/trainings/{path}"), (404, "not_found"))


def children_of(server):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "stat").read_text().rsplit(")", 1)[1].split()[1] == str(server.process.pid):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


@test
def the_end_of_the_server(home):
    for how in (15, 9):
        server = Server(home, "--no-train", name="end")
        train(server, model="mlp", prep="scale", settings={"epochs": 100000})
        server.wait_for(lambda: children_of(server))
        child = children_of(server)[0]
        with server.connect() as following:
            following.sendall(b"GET /api/trainings/1/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port)
            assert following.recv(12) == b"HTTP/1.1 200"
            status, seconds = server.stop(how)
        same((status, seconds < 8), (0 if how == 15 else -9, True))
        end = time.monotonic() + 10
        while pathlib.Path(f"/proc/{child}").exists():
            assert time.monotonic() < end, "the training goes on without its server"
            time.sleep(0.05)


the_end_of_the_server.alone = True


# ---- All of them -------------------------------------------------------------------------------------------------------


def make_home(home):
    (home / "tiny").mkdir()
    make_data.make_tiny(str(home / "tiny"))
    (home / "models").mkdir()
    for name, words in {"cnn": ["--set", "epochs=2"], "knn": ["--prep", "none"], "nearest-centroid": []}.items():
        done = run_program(home, "train", name, *words, "--data", "tiny", "--out", f"models/{name}.safetensors", "--quiet")
        assert done.returncode == 0, done.stderr.decode()
    done = run_program(home, "crossval", "--models", "nearest-centroid", "--folds", "2", "--data", "tiny", "--runs",
                       "runs.sqlite", "--quiet")
    assert done.returncode == 0, done.stderr.decode()


if __name__ == "__main__":
    sys.exit(suite.run(TESTS, sys.argv[1:], make_home, ["--no-train", "--runs", "runs.sqlite"], 2))
