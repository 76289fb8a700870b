"""Small random clusters of pods, namespaces and policies, and the manifests that declare them."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from scanner.origin import FileOrigin
from scanner.resource import Resource
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.yamltext import Document, documents

PROTOCOLS = ("TCP", "UDP", "SCTP")
PORTS = (1, 79, 80, 81, 90, 91, 443, 8080, 65535)
SPACES = {"n0": {"env": "dev"}, "n1": {"env": "prod", "team": "red"}, "n2": {}}
BY_NAME = "n3"
"""A namespace that no manifest declares: only its name is known."""
ADDRESSES = ("1.2.3.4", "8.8.1.1", "8.8.8.8", "10.1.2.3", "10.1.9.9", "10.200.0.1", "192.168.1.1")
BLOCKS = (
    {"cidr": "10.0.0.0/8"},
    {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]},
    {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24", "10.1.9.0/24"]},
    {"cidr": "8.8.0.0/16"},
    {"cidr": "8.8.0.0/16", "except": ["8.8.8.0/24"]},
    {"cidr": "0.0.0.0/0"},
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]},
    {"cidr": "8.8.8.8/32"},
)
KINDS = ("Pod", "Deployment", "StatefulSet", "Job", "CronJob")


def expressions(values: dict[str, tuple[str, ...]]):
    def of(key: str):
        some = st.lists(st.sampled_from((*values[key], "z")), min_size=1, max_size=2, unique=True)
        named = st.fixed_dictionaries(
            {"key": st.just(key), "operator": st.sampled_from(("In", "NotIn")), "values": some}
        )
        bare = st.fixed_dictionaries({"key": st.just(key), "operator": st.sampled_from(("Exists", "DoesNotExist"))})
        return st.one_of(named, bare)

    return st.sampled_from(sorted(values)).flatmap(of)


def selectors(values: dict[str, tuple[str, ...]]):
    """By one label, mostly; by several terms, or by none, which selects everything."""
    pairs = st.sampled_from([(key, value) for key in sorted(values) for value in values[key]])
    labels = pairs.map(lambda pair: {"matchLabels": dict([pair])})
    terms = st.lists(expressions(values), min_size=1, max_size=2).map(lambda some: {"matchExpressions": some})
    both = st.tuples(labels, terms).map(lambda parts: {**parts[0], **parts[1]})
    return st.one_of(labels, labels, terms, both, st.just({}))


pod_selectors = selectors({"app": ("a", "b"), "tier": ("a", "b")})
space_selectors = selectors(
    {"env": ("dev", "prod"), "team": ("red",), "kubernetes.io/metadata.name": ("n0", "n1", BY_NAME)}
)
numbered = st.fixed_dictionaries(
    {"port": st.sampled_from((80, 443))}, optional={"protocol": st.sampled_from(PROTOCOLS)}
)
ranged = st.fixed_dictionaries({"port": st.just(80), "endPort": st.sampled_from((80, 81, 90))})
named = st.fixed_dictionaries(
    {"port": st.sampled_from(("web", "dns"))}, optional={"protocol": st.sampled_from(("TCP", "UDP"))}
)
bare = st.fixed_dictionaries({}, optional={"protocol": st.sampled_from(PROTOCOLS)})
ports = st.one_of(numbered, ranged, named, bare)
pod_peers = st.one_of(
    st.fixed_dictionaries({"podSelector": pod_selectors}),
    st.fixed_dictionaries({"namespaceSelector": space_selectors}),
    st.fixed_dictionaries({"podSelector": pod_selectors, "namespaceSelector": space_selectors}),
)
block_peers = st.fixed_dictionaries({"ipBlock": st.sampled_from(BLOCKS)})
peers = st.one_of(pod_peers, pod_peers, block_peers)


def mostly(some, other):
    """Three times of four from `some`: what is rare in clusters would else make most of them alike."""
    return st.integers(0, 3).flatmap(lambda number: some if number else other)


def lists(some):
    """A list with something in it, mostly; an empty one, or none at all, restricts nothing."""
    return mostly(st.lists(some, min_size=1, max_size=2), st.sampled_from(([], None)))


def _written(values: dict) -> dict:
    return {key: value for key, value in values.items() if value is not None}


def rules(who: str):
    return st.lists(st.fixed_dictionaries({who: lists(peers), "ports": lists(ports)}).map(_written), max_size=2)


policies = st.fixed_dictionaries(
    {
        "namespace": mostly(st.sampled_from(("n0", "n1")), st.sampled_from(("n2", BY_NAME))),
        "podSelector": mostly(pod_selectors, st.none()),
        "policyTypes": st.sampled_from((["Ingress"], ["Egress"], ["Ingress", "Egress"], None)),
        "ingress": mostly(rules("from"), st.none()),
        "egress": mostly(rules("to"), st.none()),
    }
).map(_written)
declared = st.sampled_from(
    [
        {"name": "web", "containerPort": 80},
        {"name": "dns", "containerPort": 443, "protocol": "UDP"},
        {"name": "web", "containerPort": 8080, "protocol": "TCP"},
        {"name": "dns", "containerPort": 90},
    ]
)
pods = st.fixed_dictionaries(
    {
        "namespace": mostly(st.sampled_from(("n0", "n1")), st.just("n2")),
        "labels": st.fixed_dictionaries({"app": st.sampled_from("ab")}, optional={"tier": st.sampled_from("ab")}),
        "ports": st.lists(declared, unique_by=lambda port: port["name"], max_size=2),
        "kind": st.sampled_from(KINDS),
    }
)
hosts = pods.flatmap(lambda pod: st.booleans().map(lambda host: {**pod, "host": host}))
strays = hosts.flatmap(
    lambda pod: st.sampled_from((pod["namespace"], BY_NAME)).map(lambda one: {**pod, "namespace": one})
)
admin_peers = st.one_of(
    st.fixed_dictionaries({"namespaces": space_selectors}),
    st.fixed_dictionaries(
        {"pods": st.fixed_dictionaries({"namespaceSelector": space_selectors, "podSelector": pod_selectors})}
    ),
)
admin_ports = st.one_of(
    st.fixed_dictionaries(
        {"portNumber": st.fixed_dictionaries({"protocol": st.sampled_from(PROTOCOLS), "port": st.just(80)})}
    ),
    st.just({"portRange": {"protocol": "TCP", "start": 80, "end": 90}}),
    st.just({"namedPort": "web"}),
)


def admin_rules(who: str, actions: tuple[str, ...]):
    required = {"action": st.sampled_from(actions), who: st.lists(admin_peers, min_size=1, max_size=2)}
    return st.lists(
        st.fixed_dictionaries(required, optional={"ports": st.lists(admin_ports, min_size=1, max_size=2)}), max_size=3
    )


def admin(actions: tuple[str, ...], **more):
    sections = {"ingress": admin_rules("from", actions), "egress": admin_rules("to", actions)}
    return st.fixed_dictionaries({"subject": admin_peers, **more, **sections})


admins = st.lists(
    admin(("Allow", "Deny", "Pass"), priority=st.integers(0, 9)), max_size=3, unique_by=lambda one: one["priority"]
)
baselines = st.lists(admin(("Allow", "Deny")), max_size=1)
tiers = st.tuples(admins, baselines)


def objects(some: list[dict], rules: list[dict], tier: tuple[list[dict], list[dict]] = ((), ())) -> list[dict]:
    """The manifests of a cluster."""
    found = [_object("v1", "Namespace", name, labels=given) for name, given in SPACES.items()]
    found += [_workload(number, pod) for number, pod in enumerate(some)]
    for number, policy in enumerate(rules):
        spec = {"podSelector": {}, **{key: value for key, value in policy.items() if key != "namespace"}}
        found.append(_object("networking.k8s.io/v1", "NetworkPolicy", f"np{number}", policy["namespace"], spec=spec))
    version = "policy.networking.k8s.io/v1alpha1"
    found += [_object(version, "AdminNetworkPolicy", f"anp{one['priority']}", spec=one) for one in tier[0]]
    found += [_object(version, "BaselineAdminNetworkPolicy", "default", spec=one) for one in tier[1]]
    return found


def _workload(number: int, pod: dict) -> dict:
    spec = {"containers": [{"name": "c", "image": "x/y", "ports": pod["ports"]}]}
    if pod.get("host"):
        spec["hostNetwork"] = True
    template = {"metadata": {"labels": pod["labels"]}, "spec": spec}
    kind, name, space = pod["kind"], f"p{number}", pod["namespace"]
    if kind == "Pod":
        return _object("v1", kind, name, space, labels=pod["labels"], spec=spec)
    if kind == "CronJob":
        body = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
        return _object("batch/v1", kind, name, space, spec=body)
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return _object(version, kind, name, space, labels={"app": "elsewhere"}, spec={"template": template})


def _object(version: str, kind: str, name: str, space: str = "", *, labels: dict | None = None, **body) -> dict:
    metadata = {"name": name, **({"namespace": space} if space else {}), **({"labels": labels} if labels else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def address(some: list[dict], number: int) -> str:
    """The workload of a pod."""
    return f"{some[number]['namespace']}/{some[number]['kind']}/p{number}"


def resources(every: list[dict], *more: str) -> list[Resource]:
    """What the reader makes of manifests."""
    found = []
    for one in documents("\n---\n".join([*(json.dumps(each) for each in every), *more]), "all.yaml"):
        assert isinstance(one, Document)
        made = object_to_resource(one.value, FileOrigin("all.yaml", one.first_line), "k8s", "kubernetes")
        assert isinstance(made, Resource)
        found.append(made)
    return found
