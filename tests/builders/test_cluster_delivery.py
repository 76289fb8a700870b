"""Where deliveries go and what they carry: each way of naming a cluster, and strange or unknown input."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from scanner import tables
from scanner.builders.build import build
from scanner.builders.cluster_delivery.build import WAYS
from scanner.graph.facts_delivery import ClusterDelivery
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown
from tests.reach import world

EKS = "https://AB.gr7.eu-west-1.eks.amazonaws.com"
MODEL_PATH = {"source": {"repoURL": "https://git/x", "path": "serving"}}
STRANGE = (None, "text", 7, True, [], {}, ["x"], [{"a": [None]}], Unknown("`var.x` has no value"))


def facts(one: Resource, *others: Resource) -> list[ClusterDelivery]:
    graph = build(world.around(one, *others), world.profile()).graph
    return [fact for fact in graph.nodes[one.id].facts if isinstance(fact, ClusterDelivery)]


def application(server: Any, more: dict[str, Any] | None = None) -> Resource:
    spec = {**MODEL_PATH, **(more or {}), "destination": {"server": server}}
    return world.manifest("argoproj.io", "Application", {"spec": spec})


def place(one: Resource, *others: Resource) -> Any:
    """The class or region that is said of the one target."""
    (fact,) = facts(one, *others)
    if isinstance(fact.place_class, Unknown):
        return "unknown"
    return fact.region or fact.place_class or fact.cluster


def registration(**data: Any) -> Resource:
    metadata = {"labels": {"argocd.argoproj.io/secret-type": "cluster"}}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return world.manifest("", "Secret", {"metadata": metadata, "data": encoded}, "hall")


@pytest.mark.parametrize(
    ("server", "others", "expected"),
    [
        ("https://kubernetes.default.svc", (), "own"),
        ("in-cluster", (), "own"),
        (EKS, (), "eu-west-1"),
        ("https://a-1.hcp.westeurope.azmk8s.io:443", (), "westeurope"),
        ("projects/p/locations/us-east4-b/clusters/c", (), "us-east4"),
        ("arn:aws:eks:eu-west-1:111122223333:cluster/c", (), "eu-west-1"),
        ("https://10.0.0.5", (), "unknown"),
        ("hall", (), "unknown"),
        ("hall", (registration(name="hall", server=EKS),), "eu-west-1"),
        ("hall", (registration(name="hall", server="https://10.0.0.5"),), "unknown"),
        ("main", (world.terraform("aws_eks_cluster", {"name": "main"}, "main"),), "main:aws_eks_cluster.main"),
        (
            "hall",
            (world.manifest("cluster.open-cluster-management.io", "ManagedCluster", {"metadata": {"name": "hall",
              "labels": {"cloud": "VMware"}}}),), "on-prem",
        ),
        (
            "hall",
            (world.manifest("cluster.open-cluster-management.io", "ManagedCluster", {"metadata": {"name": "hall"}}),),
            "unknown",
        ),
        (
            "hall",
            (world.manifest("cluster.x-k8s.io", "Cluster", {"metadata": {"name": "hall"},
              "spec": {"infrastructureRef": {"kind": "Metal3Cluster"}}}),), "on-prem",
        ),
        (
            "hall",
            (world.manifest("cluster.x-k8s.io", "Cluster", {"metadata": {"name": "hall"},
              "spec": {"infrastructureRef": {"kind": "AWSCluster"}}}),), "unknown",
        ),
        (Unknown("`var.x` has no value", decided_by=("var.x",)), (), "unknown"),
    ],
)  # fmt: skip
def test_where_a_destination_is(server: Any, others: tuple[Resource, ...], expected: str) -> None:
    assert place(application(server), *others) == expected


@pytest.mark.parametrize("value", STRANGE, ids=repr)
@pytest.mark.parametrize("row", sorted(WAYS))
def test_strange_input_is_no_proof(row: str, value: Any) -> None:
    """No crash; a spec that is not known delivers to nowhere that is known to be right."""
    (found,) = [one for one in tables.kubernetes_facts("delivery") if one.id == row]
    for body in ({"spec": value}, {"spec": {"destination": value, "targets": value, "kubeConfig": value}}):
        for fact in facts(world.manifest(found.group, found.kinds[0], body)):
            assert isinstance(fact.place_class, Unknown) or fact.place_class == "own"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"repoURL": "https://charts", "chart": "vllm-stack"}, True),
        ({"repoURL": "https://charts", "chart": "wordpress"}, None),
        ({"repoURL": "x", "helm": {"values": "image: vllm/vllm-openai:v0.11.0"}, "path": "x"}, True),
        ({"repoURL": "x", "path": "."}, None),
        ({"repoURL": "x", "path": "elsewhere"}, None),
    ],
)
def test_what_an_application_carries(source: dict[str, Any], expected: bool | None) -> None:
    (fact,) = facts(application(EKS, {"source": source}))
    known = None if isinstance(fact.carries_model, Unknown) else fact.carries_model
    assert known is expected


def test_what_nothing_shows_is_no_model_where_none_is_near() -> None:
    one = application(EKS)
    graph = build([one], Profile()).graph
    assert [fact.carries_model for _, fact in graph.facts(ClusterDelivery)] == [False]


def test_a_member_of_a_fleet_is_the_cluster_that_it_links_to() -> None:
    cluster = world.terraform("google_container_cluster", {"name": "main", "location": "us-east4"}, "main")
    link = Unknown("computed", ref=Ref(cluster.address, "id"))
    whole = Unknown("partly known", pieces=("//container.googleapis.com/", link))
    body = {"endpoint": [{"gke_cluster": [{"resource_link": whole}]}]}
    member = world.terraform("google_gke_hub_membership", body, "m")
    git = {"config_sync": [{"git": [{"sync_repo": "x", "policy_dir": "clusters"}]}]}
    feature = {"membership": Unknown("c", ref=Ref(member.address, "membership_id")), "configmanagement": [git]}
    one = world.terraform("google_gke_hub_feature_membership", feature)
    assert place(one, cluster, member) == "main:google_container_cluster.main"
    assert place(one) == "unknown"


@pytest.mark.parametrize(("server", "expected"), [(EKS, "eu-west-1"), ("{{server}}", "unknown")])
def test_an_application_of_terraform_and_a_set_of_them_go_where_they_say(server: str, expected: str) -> None:
    spec = {"source": [{"repo_url": "https://git/x", "path": "serving"}], "destination": [{"server": server}]}
    assert place(world.terraform("argocd_application", {"spec": [spec]})) == expected
    template = {"template": [{"spec": [spec]}]}
    assert place(world.terraform("argocd_application_set", {"spec": [template]})) == expected
