"""Answers that are none, objects that are none, and names that would act on a terminal: told, and nothing more."""

import json
import re

import pytest

from scanner.catalogue import rules
from scanner.rule import KUBERNETES
from tests.harness import run
from tests.live.server import Answer, Cluster, kubeconfig, once, serving, status
from tests.live.test_calls import causes, pod, scanned, small

HOSTILE = {
    "not JSON": Answer(200, raw=b"{"),
    "no object": Answer(200, []),
    "no items": Answer(200, {"metadata": {}}),
    "items of another kind": Answer(200, {"items": "all"}),
    "too deep": Answer(200, raw=b'{"items":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "deeper than a parser": Answer(200, raw=b"[" * 200_000),
    "not a number": Answer(200, raw=b'{"items": [{"metadata": {"name": "x"}, "spec": NaN}]}'),
    "not UTF-8": Answer(200, raw=b'{"items": ["\xff"]}'),
    "a long number": Answer(200, raw=b'{"items": [' + b"9" * 100_000 + b"]}"),
    "nothing": Answer(200, raw=b""),
    "teapot": status(418),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("resource", ["pods", "apis", "v1", "networkpolicies"])
def test_an_answer_that_is_none_is_told_and_proves_nothing(tmp_path, name, resource):
    _, report, err = scanned(tmp_path, Cluster(small(), faults=[once(HOSTILE[name], times=10**6, resource=resource)]))
    assert report["unread"], err
    assert all(one["kind"] in ("call", "denied") for one in report["unread"])
    looks = {rule.id for rule in rules(()) if rule.needs is None or KUBERNETES in rule.needs}
    assert all(one["verdict"] != "holds" for one in report["rules"] if one["id"] in looks)
    assert all(one["verdict"] != "holds" for one in report["commitments"])


BAD_OBJECTS = [
    None,
    7,
    "pod",
    [],
    {},
    {"metadata": None},
    {"metadata": []},
    {"metadata": {"namespace": "a"}},
    {"metadata": {"name": "", "namespace": "a"}},
    {"metadata": {"name": 7, "namespace": "a"}},
    {"metadata": {"name": "x"}},
    {"metadata": {"name": "x", "namespace": {"y": 1}}},
]


@pytest.mark.parametrize("bad", BAD_OBJECTS, ids=str)
def test_an_object_that_is_none_is_told_and_the_others_are_kept(tmp_path, bad):
    body = {"items": [pod("one"), bad, pod("three")], "metadata": {}}
    code, report, _ = scanned(tmp_path, Cluster(small(), faults=[once(Answer(200, body), resource="pods")]))
    assert [one["kind"] for one in report["unread"]] == ["call"]
    assert "an object in the list of `pods` cannot be read" in causes(report)[0]
    assert report["counts"]["live"] == 4
    assert code == 3


ODD_PARTS = [7, "x", None, [], {}, [None], {"a": [7]}, True, {"$digest": "x"}, {"$digest": 7}]


@pytest.mark.parametrize("odd", ODD_PARTS, ids=str)
@pytest.mark.parametrize(
    "where",
    ["metadata.labels", "metadata.annotations", "metadata.ownerReferences", "spec", "spec.containers", "spec.volumes",
     "spec.containers.0", "spec.containers.0.env", "spec.containers.0.image", "status"],
)  # fmt: skip
def test_parts_of_another_shape_never_end_the_run(tmp_path, where, odd):
    one = json.loads(json.dumps(pod("one", containers=[{"name": "c", "image": "i", "env": []}])))
    here = one
    *steps, last = where.split(".")
    for step in steps:
        here = here[int(step) if step.isdigit() else step]
    here[int(last) if last.isdigit() else last] = odd
    code, report, err = scanned(tmp_path, Cluster([*small(), one]))
    assert (code in (1, 3), bool(report)) == (True, True), err


def test_names_are_made_harmless_before_they_are_printed(tmp_path):
    evil = pod("\x1b]0;owned\x07\u202e", "a")
    evil["metadata"]["namespace"] = "a\x1b[31m\n::error::x"
    with serving(Cluster([*small(), evil])) as address:
        path = kubeconfig(tmp_path, address)
        for form in ("text", "short", "github"):
            _, out, err = run("scan", "--live", "kubernetes", "--kubeconfig", str(path), "--format", form)
            assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", out + err), form
            assert "\n::error::x" not in out
