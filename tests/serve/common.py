"""The list of tests, and what many of them need."""
import sys

from client import drawing

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
