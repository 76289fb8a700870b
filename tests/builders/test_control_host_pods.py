"""Who may make any pod where no Pod Security level is enforced may take a machine over, and what runs there."""

from __future__ import annotations

import pytest

from scanner.graph.model import Role
from tests.builders.test_control import GATEWAY, VLLM, binding, rule, writes
from tests.builders.test_rbac_matching import CLUSTER, NONE, rules, state

LABEL = "pod-security.kubernetes.io/enforce"
MACHINE = "machine/chosen"
TENANT = {"namespace": "web"}
MAKE = rule("['']", "[pods]", "[create]")
AUTOPILOT = 'resource "google_container_cluster" "c" {\n  name = "c"\n  enable_autopilot = %s\n}\nvariable "auto" {}\n'


def space(labels: str = "", name: str = "web") -> str:
    return f"\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n---\n"


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("", "possible"),
        (f"{LABEL}: privileged", "possible"),
        (f"{LABEL}: baseline", NONE),
        (f"{LABEL}: restricted", NONE),
        (f"{LABEL}: Restricted", "possible"),
        (f"{LABEL}: [restricted]", "possible"),
        ("pod-security.kubernetes.io/warn: restricted, pod-security.kubernetes.io/audit: restricted", "possible"),
        ("pod-security.kubernetes.io/enforce-version: latest", "possible"),
    ],
)
def test_the_level_that_is_enforced_decides(tmp_path, labels, found):
    built = writes(tmp_path, space(labels) + binding(MAKE, **TENANT))
    assert state(built, target=MACHINE, verb="become") == found


def test_the_machine_leads_to_every_model_and_member(tmp_path):
    built = writes(tmp_path, space() + binding(MAKE, **TENANT))
    for target in (GATEWAY, VLLM):
        assert state(built, source=MACHINE, target=target, verb="become") == "open"
    edge = next(one for one in built.graph.edges if one.target.endswith(MACHINE))
    assert "the default is `privileged`" in edge.because
    assert edge.decided_by == (f"{LABEL} of the namespace",)


def test_a_namespace_out_of_sight_is_not_known_to_forbid_them(tmp_path):
    built = writes(tmp_path, binding(MAKE, **TENANT))
    assert state(built, target=MACHINE, verb="become") == "possible"
    assert "is not in the inputs" in next(one.because for one in built.graph.edges if one.target.endswith(MACHINE))


def test_the_level_of_another_namespace_is_nothing_to_it(tmp_path):
    built = writes(tmp_path, space() + space(f"{LABEL}: restricted", "other") + binding(MAKE, **TENANT))
    assert state(built, target=MACHINE, verb="become") == "possible"


def test_a_level_that_a_variable_decides_is_not_known(tmp_path):
    infra = """
variable "level" {}
resource "kubernetes_namespace" "web" {
  metadata {
    name   = "web"
    labels = { "pod-security.kubernetes.io/enforce" = var.level }
  }
}
"""
    assert state(writes(tmp_path, binding(MAKE, **TENANT), infra), target=MACHINE, verb="become") == "possible"


@pytest.mark.parametrize(
    ("some", "where", "found"),
    [
        (rule("[apps]", "[deployments]", "[patch]"), TENANT, "possible"),
        (rule("[batch]", "[jobs]", "[create]"), TENANT, "possible"),
        (rule("[ray.io]", "[rayclusters]", "[create]"), TENANT, "possible"),
        (rule("['']", "[pods/ephemeralcontainers]", "[patch]"), TENANT, "possible"),
        (rule("['*']", "['*']", "['*']"), TENANT, "possible"),
        (rule("['']", "[pods]", "[get, list, watch, delete, patch]"), TENANT, NONE),
        (rule("['']", "[pods/exec]", "[create]"), TENANT, NONE),
        (rule("['']", "[configmaps, services]", "['*']"), TENANT, NONE),
        # told by other rules: the stack stands there, or the right is over all
        (MAKE, {}, NONE),
        (MAKE, CLUSTER, NONE),
    ],
)
def test_which_rights_make_such_pods(tmp_path, some, where, found):
    built = writes(tmp_path, space() + binding(some, **where))
    assert state(built, target=MACHINE, verb="become") == found


@pytest.mark.parametrize(
    ("names", "found"), [("", "possible"), ("[web]", "possible"), ("[other]", NONE)], ids=["any", "own", "other"]
)
def test_who_may_take_the_label_off_is_not_held_by_it(tmp_path, names, found):
    some = rules(MAKE, rule("['']", "[namespaces]", "[patch]", names))
    built = writes(tmp_path, space(f"{LABEL}: restricted") + binding(some, **TENANT))
    assert state(built, target=MACHINE, verb="become") == found


@pytest.mark.parametrize(("value", "found"), [("true", NONE), ("false", "possible"), ("var.auto", "possible")])
def test_autopilot_turns_such_pods_away(tmp_path, value, found):
    built = writes(tmp_path, space() + binding(MAKE, **TENANT), AUTOPILOT % value)
    assert state(built, target=MACHINE, verb="become") == found


def test_without_a_model_or_a_stack_there_is_nothing_to_take(tmp_path):
    built = writes(tmp_path, space() + binding(MAKE, **TENANT), profile="units: [{name: main, manifests: [k8s]}]")
    models = {node.id for node in built.graph.nodes.values() if node.roles & {Role.MODEL, Role.CANDIDATE, Role.GATEWAY}}
    assert bool(models) == (f"main:{MACHINE}" in built.graph.nodes)
