"""Properties of the mesh over small random ones, against a reading of one call at a time."""

from __future__ import annotations

from itertools import product

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.builders.mesh.build import build_mesh
from scanner.graph.model import Plane, Role, State
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Items, Resource
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.unknown import Unknown
from scanner.yamltext import Document, documents
from tests.builders.mesh_world import ISTIOD
from tests.changed import replace
from tests.drawn import some

QUICK = settings(max_examples=some(30, 60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SPACES = ("n0", "n1", "model")
ACCOUNTS = ("a", "b")
PORTS = (8000, 9090, 1234)
INFERENCE = ("/v1/chat/completions", "/v1/responses", "/invocations")
OTHER = ("/metrics", "/x/completions")
"""One path of each kind that the patterns below tell apart."""
CALLERS = tuple(product(SPACES[:2], ACCOUNTS))
MODEL = "k8s:model/Deployment/m"

# What is drawn ------------------------------------------------------------------------------------------------

principals = st.sampled_from(
    ("*", "*/sa/a", "cluster.local/ns/n0/*", *(f"cluster.local/ns/{n}/sa/{s}" for n, s in CALLERS), "x/ns/n0/sa/a")
)


def some(values):
    return st.lists(values, min_size=1, max_size=2, unique=True)


sources = st.dictionaries(st.sampled_from(("principals", "notPrincipals")), some(principals), max_size=1).flatmap(
    lambda first: st.dictionaries(
        st.sampled_from(("namespaces", "notNamespaces")), some(st.sampled_from((*SPACES, "n*"))), max_size=1
    ).map(lambda second: {**first, **second})
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "ports": some(st.sampled_from(("8000", "9090"))),
        "notPorts": some(st.sampled_from(("8000", "9090"))),
        "paths": some(st.sampled_from(("/v1/*", "/metrics", "*", "*completions"))),
        "notPaths": some(st.sampled_from(("/v1/*", "/metrics"))),
    },
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "from": st.lists(sources.map(lambda one: {"source": one}), min_size=1, max_size=2),
        "to": st.lists(operations.map(lambda one: {"operation": one}), min_size=1, max_size=2),
        "when": st.lists(
            st.fixed_dictionaries({"key": st.just("source.namespace"), "notValues": some(st.sampled_from(SPACES))}),
            max_size=1,
        ),
    },
)
policies = st.fixed_dictionaries(
    {"action": st.sampled_from(("ALLOW", "DENY")), "rules": st.lists(rules, max_size=2)},
    optional={"selector": st.sampled_from(({"matchLabels": {"app": "m"}}, {"matchLabels": {"app": "z"}}))},
)
placed = st.tuples(st.sampled_from(("model", "istio-system", "n0")), policies)
meshes = st.lists(placed, max_size=4)
modes = st.sampled_from(("STRICT", "STRICT", "PERMISSIVE"))


# From what is drawn to a graph --------------------------------------------------------------------------------


def wrapped(value):
    if isinstance(value, dict):
        return Attrs({key: wrapped(item) for key, item in value.items()})
    return Items([wrapped(item) for item in value]) if isinstance(value, list) else value


def made(api: str, kind: str, name: str, namespace: str, **body) -> Resource:
    meta = {"name": name, "namespace": namespace} if namespace else {"name": name}
    value = wrapped({"apiVersion": api, "kind": kind, "metadata": meta, **body})
    found = object_to_resource(value, FileOrigin(f"{name}.yaml", 1), "k8s", "kubernetes")
    assert isinstance(found, Resource)
    return found


def deployment(name: str, namespace: str, account: str, image: str = "example/x") -> Resource:
    spec = {"serviceAccountName": account, "containers": [{"name": name, "image": image, "args": ["--port=8000"]}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    return made("apps/v1", "Deployment", name, namespace, spec={"template": template})


def cluster(drawn, mode: str) -> list[Resource]:
    found = [deployment("m", "model", "m", "vllm/vllm-openai")]
    found += [deployment(f"c-{account}", space, account) for space, account in CALLERS]
    for space in SPACES:
        one = made("v1", "Namespace", space, "")
        one.attrs["metadata"]["labels"] = Attrs({"istio-injection": "enabled"})
        found.append(one)
    for document in documents(ISTIOD, "istiod.yaml"):
        assert isinstance(document, Document)
        found.append(object_to_resource(document.value, document.origin, "k8s", "kubernetes"))
    found.append(made("security.istio.io/v1", "PeerAuthentication", "p", "istio-system", spec={"mtls": {"mode": mode}}))
    for number, (space, spec) in enumerate(drawn):
        found.append(made("security.istio.io/v1", "AuthorizationPolicy", f"z{number}", space, spec=spec))
    return found


def ways(every: list[Resource]) -> dict[tuple[str, str, int], str]:
    """For each caller and port whether the way into the model is open, possible or closed."""
    world = World(Inventory(every), Profile())
    world.add_roles(MODEL, [Role.MODEL])
    build_k8s_network(world)
    build_mesh(world)
    graph = world.freeze()
    found = {}
    for space, account in CALLERS:
        best = dict.fromkeys(PORTS, "closed")
        for way in _paths(graph, f"k8s:{space}/Deployment/c-{account}"):
            for port in PORTS:
                if all(
                    any(one.protocol == "TCP" and one.from_port <= port <= one.to_port for one in edge.traffic)
                    for edge in way
                ):
                    # A port on which the model is not known to listen is a doubt of its own, and no word of the mesh.
                    doubts = [edge for edge in way if edge.state is State.POSSIBLE and edge.reason != "port-assumed"]
                    best[port] = "possible" if doubts and best[port] != "open" else "open"
        found.update({(space, account, port): best[port] for port in PORTS})
    return found


def _paths(graph, start: str):
    waiting = [(edge,) for edge in graph.out_of(start) if edge.plane is Plane.NETWORK]
    while waiting:
        way = waiting.pop()
        if way[-1].target == MODEL:
            yield way
        elif not graph.nodes[way[-1].target].actor:
            waiting += [(*way, edge) for edge in graph.out_of(way[-1].target) if edge.plane is Plane.NETWORK]


# One call at a time -------------------------------------------------------------------------------------------


def text_fits(pattern: str, value: str) -> bool:
    if pattern == "*":
        return bool(value)
    if pattern[0] == "*":
        return value.endswith(pattern[1:])
    return value.startswith(pattern[:-1]) if pattern[-1] == "*" else value == pattern


def one_of(given: dict, key: str, fits) -> bool:
    negative = f"not{key[0].upper()}{key[1:]}"
    inside = not given.get(key) or any(fits(one) for one in given[key])
    return inside and not any(fits(one) for one in given.get(negative, ()))


def rule_fits(rule: dict, space: str, account: str, port: int, path: str) -> bool:
    identity = f"cluster.local/ns/{space}/sa/{account}"

    def source(one):
        return one_of(one["source"], "principals", lambda v: text_fits(v, identity)) and one_of(
            one["source"], "namespaces", lambda v: text_fits(v, space)
        )

    def operation(one):
        return one_of(one["operation"], "ports", lambda v: v == str(port)) and one_of(
            one["operation"], "paths", lambda v: text_fits(v, path)
        )

    return (
        (not rule.get("from") or any(source(one) for one in rule["from"]))
        and (not rule.get("to") or any(operation(one) for one in rule["to"]))
        and all(space not in one["notValues"] for one in rule.get("when", ()))
    )


def passes(drawn, space: str, account: str, port: int, path: str) -> bool:
    """Whether one call in mTLS passes."""
    here = [
        spec
        for where, spec in drawn
        if where in ("model", "istio-system") and spec.get("selector", {}).get("matchLabels", {}).get("app") != "z"
    ]

    def matched(spec):
        return any(rule_fits(rule, space, account, port, path) for rule in spec["rules"])

    if any(matched(spec) for spec in here if spec["action"] == "DENY"):
        return False
    allowing = [spec for spec in here if spec["action"] == "ALLOW"]
    return not allowing or any(matched(spec) for spec in allowing)


RANK = {"closed": 0, "possible": 1, "open": 2}


@given(meshes)
@QUICK
def test_the_graph_agrees_with_one_call_at_a_time(drawn):
    found = ways(cluster(drawn, "STRICT"))
    for (space, account, port), said in found.items():
        if any(passes(drawn, space, account, port, path) for path in INFERENCE):
            assert said == "open"
        elif any(passes(drawn, space, account, port, path) for path in OTHER):
            assert said == "possible"
        else:
            # Of patterns it is not asked whether one leaves anything of another: that is possible, and never open.
            assert said == "closed" or (said == "possible" and "paths" in str(drawn).lower())


@given(meshes, placed, modes)
@QUICK
def test_another_deny_policy_never_opens_a_way(drawn, more, mode):
    deny = (more[0], {**more[1], "action": "DENY"})
    before, after = ways(cluster(drawn, mode)), ways(cluster([*drawn, deny], mode))
    assert all(RANK[after[key]] <= RANK[before[key]] for key in before)


@given(meshes, policies, modes)
@QUICK
def test_another_allow_policy_never_closes_a_way_where_there_is_one_already(drawn, more, mode):
    first = ("model", {"action": "ALLOW", "rules": []})
    second = ("model", {**more, "action": "ALLOW"})
    before, after = ways(cluster([*drawn, first], mode)), ways(cluster([*drawn, first, second], mode))
    assert all(RANK[after[key]] >= RANK[before[key]] for key in before)


@given(meshes)
@QUICK
def test_taking_plaintext_never_closes_a_way(drawn):
    strict, loose = ways(cluster(drawn, "STRICT")), ways(cluster(drawn, "PERMISSIVE"))
    assert all(RANK[loose[key]] >= min(RANK[strict[key]], 1) for key in strict)


@given(meshes, modes, st.data())
@QUICK
def test_a_value_that_is_not_known_leaves_every_answer_possible_that_it_could_have_had(drawn, mode, data):
    assume(drawn)
    every = cluster(drawn, mode)
    chosen = data.draw(st.sampled_from([one for one in every if one.kind == "AuthorizationPolicy"]))
    path = data.draw(st.sampled_from(sorted(_places(chosen.attrs["spec"]), key=str)))
    unknown = Unknown("`var.x` has no value", decided_by=("var.x",))
    changed = replace(chosen, attrs=_replaced(chosen.attrs, ("spec", *path), unknown))
    before = ways(every)
    after = ways([changed if one is chosen else one for one in every])
    assert all(after[key] in (before[key], "possible") for key in before)


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _replaced(value, path, new):
    if not path:
        return new
    if isinstance(value, list):
        return Items([_replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)])
    return Attrs({key: _replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()})


UNKNOWN = Unknown("`var.x` has no value", decided_by=("var.x",))
PARTS = {
    "PeerAuthentication": ("spec",),
    "Namespace": ("metadata", "labels"),
    "Deployment": ("spec", "template"),
}


@given(meshes, modes, st.data())
@QUICK
def test_no_value_that_is_not_known_closes_a_way(drawn, mode, data):
    every = cluster(drawn, mode)
    chosen = data.draw(st.sampled_from([one for one in every if one.kind in PARTS]))
    start = PARTS[chosen.kind]
    inner = chosen.attrs
    for key in start:
        inner = inner[key]
    path = data.draw(st.sampled_from(sorted(_places(inner), key=str)))
    changed = replace(chosen, attrs=_replaced(chosen.attrs, (*start, *path), UNKNOWN))
    before = ways(every)
    after = ways([changed if one is chosen else one for one in every])
    assert all(after[key] in (before[key], "possible") for key in before)


@given(meshes, modes, st.data())
@QUICK
def test_an_object_that_may_not_be_there_closes_nothing_for_certain(drawn, mode, data):
    every = cluster(drawn, mode)
    guards = [one for one in every if one.group == "security.istio.io" or one.name == "istiod"]
    chosen = data.draw(st.sampled_from(guards))
    unsure = replace(chosen, possible=UNKNOWN)
    with_it, without = ways(every), ways([one for one in every if one is not chosen])
    after = ways([unsure if one is chosen else one for one in every])
    for key, said in after.items():
        if with_it[key] != without[key]:
            assert said == "possible"
        else:
            assert said in (with_it[key], "possible")
