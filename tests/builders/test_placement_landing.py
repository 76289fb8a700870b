"""Whether a pod may land on a machine: operators, alternatives, taints, and labels that nobody knows."""

import pytest

from scanner.builders.placement.build import build_placement
from scanner.builders.placement.nodes import Machine, admits, keeps_off
from scanner.builders.recognise.build import build_roles
from scanner.graph.facts import Scheduling
from scanner.unknown import Unknown
from tests.builders.texts import build, facts, shown

COMPUTE = "eks.amazonaws.com/compute-type"
HYBRID = Machine({COMPUTE: "hybrid"}, frozenset({"eks.amazonaws.com/nodegroup"}))
PRESS = Machine({"hall": "1"}, complete=True, taints=[{"key": "press", "value": "yes", "effect": "NoSchedule"}])


def affinity(*terms):
    made = [
        {"matchExpressions": [dict(zip(("key", "operator", "values"), one, strict=False)) for one in term]}
        for term in terms
    ]
    required = {"nodeSelectorTerms": made}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


NOT_HYBRID = (COMPUTE, "NotIn", ["hybrid"])
OWN = ("team", "In", ["inference"])
CASES = [
    ({}, True),
    ({"nodeSelector": {COMPUTE: "auto"}}, False),
    ({"nodeSelector": {COMPUTE: "hybrid"}}, True),
    ({"nodeSelector": {"eks.amazonaws.com/nodegroup": "gpu"}}, False),
    ({"nodeSelector": {"team": "inference"}}, "node label team"),
    ({"nodeSelector": {"team": "inference", "eks.amazonaws.com/nodegroup": "gpu"}}, False),
    (affinity([NOT_HYBRID]), False),
    (affinity([NOT_HYBRID], [OWN]), "node label team"),
    (affinity([NOT_HYBRID, OWN]), False),
    (affinity([(COMPUTE, "DoesNotExist")]), False),
    (affinity([(COMPUTE, "Exists")]), True),
    (affinity([("eks.amazonaws.com/nodegroup", "Exists")]), False),
    (affinity([("eks.amazonaws.com/nodegroup", "DoesNotExist")]), True),
    (affinity([("cpus", "Gt", ["8"])]), "node label cpus"),
    (affinity([]), False),
    (affinity(), True),
    ({"nodeName": "hall-1"}, "nodeName"),
    (affinity([(COMPUTE, Unknown("x", decided_by=("var.x",)), ["hybrid"])]), "var.x"),
    (affinity([(COMPUTE, "NotIn", Unknown("x", decided_by=("var.x",)))]), "var.x"),
    ({"nodeSelector": Unknown("x", decided_by=("var.x",))}, "var.x"),
    ({"nodeSelector": [1], "affinity": "x", "tolerations": 3}, True),
]


@pytest.mark.parametrize(("spec", "wanted"), CASES, ids=str)
def test_constraints_before_a_hybrid_node(spec, wanted):
    answer = admits(spec, HYBRID)
    assert (answer.decided_by[0] if isinstance(answer, Unknown) else answer) == wanted


@pytest.mark.parametrize(
    ("tolerations", "wanted"),
    [
        ([], False),
        ([{"operator": "Exists"}], True),
        ([{"key": "press", "operator": "Exists"}], True),
        ([{"key": "press", "value": "yes"}], True),
        ([{"key": "press", "value": "no"}], False),
        ([{"key": "press", "operator": "Exists", "effect": "NoExecute"}], False),
        ([{"key": "gpu", "operator": "Exists"}], False),
    ],
)
def test_a_taint_keeps_off_what_does_not_tolerate_it(tolerations, wanted):
    assert admits({"tolerations": tolerations}, PRESS) is wanted


def test_a_real_node_carries_no_other_labels():
    assert admits({"nodeSelector": {"team": "x"}, "tolerations": [{"operator": "Exists"}]}, PRESS) is False


DEVICE = Machine({"node-role.kubernetes.io/edge": ""})
NO_EDGE = ("node-role.kubernetes.io/edge", "DoesNotExist")
MAYBE = {"__possible__": Unknown("x", decided_by=("var.x",))}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, False),
        (affinity([NO_EDGE]), True),
        (affinity([NO_EDGE], [OWN]), False),
        (affinity([NO_EDGE, OWN]), True),
        (affinity([("node-role.kubernetes.io/edge", "NotIn", ["other"])]), False),
        ({"nodeSelector": {"team": "inference"}}, False),
        ({"affinity": {**MAYBE, **affinity([NO_EDGE])["affinity"]}}, "var.x"),
        ({"nodeSelector": Unknown("x", decided_by=("var.x",))}, "var.x"),
    ],
    ids=str,
)
def test_what_keeps_a_tolerating_pod_off_devices(spec, wanted):
    answer = keeps_off(spec, DEVICE)
    assert (answer.decided_by[0] if isinstance(answer, Unknown) else answer) == wanted


@pytest.mark.parametrize("depth", ["affinity", "term", "expression"])
def test_a_guard_that_may_not_exist_keeps_nothing_off(depth):
    expression = {"key": COMPUTE, "operator": "NotIn", "values": ["hybrid"], **(MAYBE if depth == "expression" else {})}
    term = {"matchExpressions": [expression], **(MAYBE if depth == "term" else {})}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    spec = {"affinity": {"nodeAffinity": required, **(MAYBE if depth == "affinity" else {})}}
    answer = admits(spec, HYBRID)
    assert isinstance(answer, Unknown)
    assert answer.decided_by == ("var.x",)


POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: ns}}
spec:
  {more}
  containers: [{{name: c, image: "{image}"}}]
"""
PROFILE = "units: [{name: u, terraform: [tf], manifests: [k8s], cluster: aws_eks_cluster.c}]"
ENTRY = """
resource "aws_eks_cluster" "c" {
  name = "c"
}
resource "aws_eks_access_entry" "e" {
  cluster_name = aws_eks_cluster.c.name
  type         = %s
}
variable "kind" {
  type = string
}
"""


def landing(tmp_path, kind='"HYBRID_LINUX"', more="", image="vllm/vllm-openai:v0.11.0", extra=""):
    files = {"tf/main.tf": ENTRY % kind, "k8s/p.yaml": POD.format(more=more, image=image) + extra}
    world = build(tmp_path, files, build_roles, build_placement, profile=PROFILE)
    return [(fact.how, shown(fact.place_class)) for fact in facts(world, "ns/Pod/p", Scheduling)]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, [("unexcluded", "hybrid-compute")]),
        ({"kind": '"EC2_LINUX"'}, []),
        ({"kind": "var.kind"}, [("unexcluded", "?var.kind")]),
        ({"more": "nodeSelector: {karpenter.sh/nodepool: gpu}"}, []),
        ({"more": "nodeSelector: {team: x}"}, [("unexcluded", "?node label team")]),
        ({"more": f"nodeSelector: {{{COMPUTE}: hybrid}}"}, [("selects", "hybrid-compute")]),
        ({"image": "acme/web"}, []),
    ],
)
def test_pods_of_a_cluster_that_takes_outside_machines(tmp_path, more, wanted):
    assert landing(tmp_path, **more) == wanted


NODE = """---
apiVersion: v1
kind: Node
metadata: {{name: n, labels: {{hall: "1"}}}}
spec: {{providerID: "{}"}}
"""


@pytest.mark.parametrize(
    ("provider_id", "wanted"),
    [
        ("vsphere://1", [("unexcluded", "on-prem")]),
        ("acme://1", [("unexcluded", "?Node/n spec.providerID")]),
        ("aws:///us-gov-west-1a/i-0", []),
    ],
)
def test_nodes_that_are_in_the_cluster(tmp_path, provider_id, wanted):
    assert landing(tmp_path, kind='"EC2_LINUX"', extra=NODE.format(provider_id)) == wanted


EDGE = "---\napiVersion: apps.kubeedge.io/v1alpha1\nkind: NodeGroup\nmetadata: {name: g}\nspec: {}\n"


@pytest.mark.parametrize(
    ("more", "wanted"),
    [("", [("unexcluded", "edge-device")]), ('nodeSelector: {node-role.kubernetes.io/edge: "no"}', [])],
)
def test_nodes_of_an_edge_layer(tmp_path, more, wanted):
    found = landing(tmp_path, kind='"EC2_LINUX"', more=more, extra=EDGE)
    assert [one for one in found if one[0] == "unexcluded"] == wanted
