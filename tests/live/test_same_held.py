"""What objects hold for a controller to apply: the same from files and from a cluster, but for what a cluster shows."""

from __future__ import annotations

import shutil
from datetime import date

import pytest
import yaml

from scanner.scan import Request
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests
from scanner.sources.read import Live
from tests.harness import AS_OF, FIXTURES
from tests.live.made import applied, plain
from tests.live.server import NAME, Cluster, denied, kubeconfig, serving
from tests.live.test_same import judged

WORLD = FIXTURES / "worlds" / "reference"


def opening(name):
    """A policy that lets everyone into the model's namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}
    metadata = {"name": name, "namespace": "inference"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def held(version, kind, name, spec, namespace=""):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **spec}


def crossplane(name, config):
    spec = {"providerConfigRef": {"name": config}, "forProvider": {"manifest": opening(name)}}
    return held("kubernetes.crossplane.io/v1alpha2", "Object", name, {"spec": spec})


def work(name, namespace, *objects):
    spec = {"workload": {"manifests": list(objects)}}
    return held("work.open-cluster-management.io/v1", "ManifestWork", name, {"spec": spec}, namespace)


def bundle(name, namespace, text):
    spec = {"resources": [{"name": "a.yaml", "content": text}]}
    return held("fleet.cattle.io/v1alpha1", "Bundle", name, {"spec": spec}, namespace)


SOURCE = {"spec": {"credentials": {"source": "InjectedIdentity"}}}
CONFIG = held("kubernetes.crossplane.io/v1alpha1", "ProviderConfig", "here", SOURCE)
TEMPLATE = held("template.openshift.io/v1", "Template", "t", {"objects": [opening("template")]}, "inference")
COMPOSITION = held("apiextensions.crossplane.io/v1", "Composition", "c",
                   {"spec": {"resources": [{"name": "r", "base": opening("composed")}]}})  # fmt: skip
RENDERED = bundle("chart", "fleet-local", "a: 1")
RENDERED["spec"]["resources"][0]["name"] = "Chart.yaml"


def vela(name, policies):
    components = [{"name": "c", "type": "k8s-objects", "properties": {"objects": [opening(name)]}}]
    spec = {"components": components, "policies": policies}
    return held("core.oam.dev/v1beta1", "Application", name, {"spec": spec}, "inference")


CASES = {
    "here": [CONFIG, crossplane("one", "here"), work("two", "local-cluster", opening("two"))],
    "elsewhere": [crossplane("one", "there"), work("two", "c1", opening("two"))],
    "inside-of-another": [work("two", "c1", CONFIG, crossplane("one", "here"), TEMPLATE)],
    "text": [bundle("b", "fleet-local", yaml.safe_dump(opening("b"))), bundle("c", "x", yaml.safe_dump(opening("c")))],
    "kubevela-here": [vela("v", [])],
    "kubevela-elsewhere": [vela("v", [{"name": "t", "type": "topology", "properties": {"clusters": ["c1"]}}])],
    "karmada": [held("work.karmada.io/v1alpha1", "Work", "w",
                     {"spec": {"workload": {"manifests": [opening("w")]}}}, "karmada-es-m1")],
}  # fmt: skip
"""By name: objects that hold others, for this cluster and for others."""
CERTAIN = ("here", "text", "kubevela-here")


def declared(tmp_path, objects):
    """The reference world with more objects, read from files: what is said of it, and its resources."""
    world = tmp_path / "world"
    shutil.copytree(WORLD, world)
    (world / "k8s" / "held.yaml").write_text(yaml.safe_dump_all(objects))
    said = judged(Request((world,), date.fromisoformat(AS_OF), profile=world / "tether.yaml"))
    return said, read_manifests(world / "k8s", walk(world / "k8s", [world / "k8s"]).files).resources


def living(tmp_path, objects, faults=()):
    """The Terraform code of the reference world with a cluster that holds `objects`."""
    shutil.copytree(WORLD / "terraform", tmp_path / "live" / "terraform")
    settings = yaml.safe_load((WORLD / "tether.yaml").read_text())
    settings["units"][0]["live"] = [NAME]
    settings["units"][0]["manifests"] = []
    profile = tmp_path / "live" / "tether.yaml"
    profile.write_text(yaml.safe_dump(settings))
    with serving(Cluster(applied(objects), faults=faults)) as address:
        live = (Live("kubernetes", kubeconfig=kubeconfig(tmp_path, address)),)
        return judged(Request((tmp_path / "live",), date.fromisoformat(AS_OF), profile=profile, live=live))


@pytest.mark.parametrize("case", CASES)
def test_what_is_held_is_the_same_in_files_and_in_a_cluster(tmp_path, case):
    """A cluster lists what its controllers made, and what they make elsewhere is possible in both."""
    said, resources = declared(tmp_path, CASES[case])
    found = living(tmp_path, [plain(one) for one in resources if one.possible is None])
    assert said[0]["commitments"]["safety-path"] == ("violated" if case in CERTAIN else "unproven")
    assert found[0] == said[0]
    assert found[1] == said[1]


def base():
    return [plain(one) for one in read_manifests(WORLD / "k8s", walk(WORLD / "k8s", [WORLD / "k8s"]).files).resources]


def test_what_is_held_for_the_cluster_and_not_there_may_come_to_be(tmp_path):
    """The holder was applied, and its controller has not been at it yet: neither open nor closed."""
    said, _ = living(tmp_path, [*base(), CONFIG, crossplane("one", "here")])
    assert said["commitments"]["safety-path"] == "unproven"
    assert any("Object/one" in names for _, _, _, _, names, _ in said["findings"])


def test_what_became_of_an_object_of_the_cluster_counts_before_what_its_holder_says(tmp_path):
    """The policy of that name is there and lets nobody in."""
    closed = opening("one")
    closed["spec"]["ingress"] = []
    said, _ = living(tmp_path, [*base(), CONFIG, crossplane("one", "here"), closed])
    assert said["commitments"]["safety-path"] == "holds"


def test_of_another_cluster_an_object_of_that_name_shows_nothing(tmp_path):
    closed = opening("one")
    closed["spec"]["ingress"] = []
    said, _ = living(tmp_path, [*base(), crossplane("one", "there"), closed])
    assert said["commitments"]["safety-path"] == "unproven"


@pytest.mark.parametrize("one", [TEMPLATE, COMPOSITION], ids=["template", "composition"])
def test_a_template_in_a_cluster_makes_nothing_and_one_in_a_file_may(tmp_path, one):
    """A file may be there to be processed; of a cluster, what was processed is listed."""
    said, resources = declared(tmp_path, [one])
    assert said[0]["commitments"]["safety-path"] == "unproven"
    found = living(tmp_path, [plain(one) for one in resources if one.possible is None])
    assert found[0]["commitments"]["safety-path"] == "holds"


def test_what_cannot_be_opened_and_is_for_the_cluster_itself_is_in_its_lists(tmp_path):
    said, resources = declared(tmp_path, [RENDERED])
    assert [one.cause for one in said[0]["unread"]] == ["what `fleet-local/Bundle/chart` holds: it needs rendering"]
    objects = [plain(one) for one in resources]
    assert living(tmp_path, objects)[0]["unread"] == ()


def test_holders_that_may_not_be_listed_prove_nothing(tmp_path):
    said, _ = living(tmp_path, [*base(), crossplane("one", "there")], [denied("objects", "*")])
    assert "holds" not in said["commitments"].values()
