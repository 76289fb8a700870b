"""Every kind that is asked for, refused in turn: unread by name, so that nothing holds, and nothing else is lost.

The cluster serves each kind of the table; the calls are made once, and one of them is taken back for each case.
"""

from __future__ import annotations

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.profile import Profile
from scanner.rule import KUBERNETES
from scanner.sources.kubernetes.kinds import cluster_scoped
from scanner.sources.kubernetes.listed import LISTED
from scanner.sources.kubernetes.live_doubts import GUARDS, NAME
from scanner.sources.kubernetes.live_items import resource_name
from scanner.sources.kubernetes.live_read import read_cluster
from scanner.sources.read import Live
from scanner.sources.recorded import ask
from tests.changed import replace
from tests.harness import FIXTURES
from tests.live.made import applied, objects_in
from tests.live.server import Cluster, kubeconfig, serving

KINDS = sorted((group, "Anything" if kind == "*" else kind) for group, kinds in LISTED.items() for kind in kinds)
SPACED = [what for what in KINDS if not cluster_scoped(*what) and what[1] not in ("Namespace", "Node")]
HIDDEN = "inference"


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The calls of a scan that may ask for everything, by kind, and those of discovery."""
    more = [(f"{group}/v1" if group else "v1", kind) for group, kind in KINDS]
    cluster = Cluster(applied(objects_in(FIXTURES / "worlds" / "reference" / "k8s")), more=more)
    folder = tmp_path_factory.mktemp("every")
    with serving(cluster) as address:
        found = list(ask(Live("kubernetes", kubeconfig=kubeconfig(folder, address))))
    lists = {(one.parameters["group"], one.parameters["kind"]): one for one in found if one.operation == "list"}
    assert all(one.outcome == "read" for one in lists.values())
    return [one for one in found if one.operation != "list"], lists


@pytest.fixture(scope="module")
def sound(calls):
    reading = read_cluster([*calls[0], *calls[1].values()], "u", "live")
    assert reading.unread == []
    return {one.id: one for one in reading.resources}


def refused(calls, what, *more):
    """What is read where one list is refused for the whole cluster, and `more` calls were made in its place."""
    discovered, lists = calls
    denied = replace(lists[what], outcome="denied", pages=(), cause="it is forbidden (403)")
    others = [one for key, one in lists.items() if key != what]
    return read_cluster([*discovered, *others, denied, *more], "u", "live")


def test_nothing_holds_beside_a_kind_that_is_refused(calls, sound):
    """What makes the cases below enough: with anything unread no rule of clusters holds, and without some do."""
    graph = build(list(sound.values()), Profile()).graph
    reading = refused(calls, ("", "Pod"))
    looks = [rule for rule in rules() if rule.needs is None or KUBERNETES in rule.needs]
    verdicts = [
        {one.verdict for one in judge(graph, Profile(), looks, unread, ("live",)).rules}
        for unread in ((), reading.unread)
    ]
    assert [Verdict.HOLDS in one for one in verdicts] == [True, False]


def test_the_cluster_is_asked_for_every_kind(calls):
    assert calls[1].keys() >= set(KINDS)


@pytest.mark.parametrize("what", KINDS, ids="/".join)
def test_a_kind_that_is_refused_is_unread_by_name_and_costs_nothing_else(calls, sound, what):
    reading = refused(calls, what)
    name = resource_name(calls[1][what])
    assert [name in one.cause and one.kind == "denied" for one in reading.unread] == [True]
    there = {one.id for one in reading.resources}
    lost = {id_ for id_, one in sound.items() if (one.group, one.kind) != what} - there
    assert lost == set()
    stand_ins = [one for one in reading.resources if one.name == NAME]
    assert bool(stand_ins) == (what in GUARDS)
    assert all(one.possible is not None and (one.group, one.kind) == what for one in stand_ins)


@pytest.mark.parametrize("what", SPACED, ids="/".join)
def test_a_kind_that_one_namespace_hides_is_unread_there_alone(calls, sound, what):
    whole = calls[1][what]
    spaces = {one.name for one in sound.values() if one.kind == "Namespace"}
    parts = []
    for space in sorted(spaces):
        items = [[one for one in page if one["metadata"].get("namespace") == space] for page in whole.pages]
        shown = {"pages": items} if space != HIDDEN else {"pages": (), "outcome": "denied", "cause": "it is forbidden"}
        parts.append(replace(whole, parameters={**whole.parameters, "namespace": space}, **shown))
    reading = refused(calls, what, *parts)
    (one,) = reading.unread
    assert f"`{resource_name(whole)}` in namespace `{HIDDEN}`" in one.cause
    there = {one.id for one in reading.resources}
    kept = {id_ for id_, one in sound.items() if (one.group, one.kind) != what or one.namespace != HIDDEN}
    assert kept - there == set()
    assert {one.namespace for one in reading.resources if one.name == NAME} == ({HIDDEN} if what in GUARDS else set())
