"""The signs by which a mesh is known to run, and whether a pod is in it."""

from __future__ import annotations

import pytest

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.installed import AKS_ROOT, installed
from scanner.origin import FileOrigin
from scanner.profile import Profile, Unit
from scanner.resource import Attrs, Resource
from scanner.unknown import Unknown
from tests.builders.k8s_world import resources_of, state
from tests.builders.mesh_world import ISTIOD, ONLY_GATEWAY_ID, STRICT, WORKLOADS, ZTUNNEL, mesh_graph, spaces
from tests.changed import replace

UNKNOWN = Unknown("`var.x` has no value", decided_by=("var.x",))
TENANT = "tenant/Deployment/bot"


def terraform(kind: str, unit: str = "k8s", **attrs) -> Resource:
    return Resource(f"{kind}.main", unit, kind, "main", Attrs(attrs), FileOrigin("main.tf", 1), "terraform")


def known(*resources: Resource, profile: Profile | None = None):
    world = World(Inventory(resources), profile or Profile())
    return installed(world, "k8s", [one for one in resources if one.unit == "k8s"])


def manifest(version: str, kind: str, spec: str, name: str = "mesh", namespace: str = "istio-system") -> list[Resource]:
    return resources_of(
        f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


@pytest.mark.parametrize(
    ("resources", "control", "root"),
    [
        ([], Match.NO, "istio-system"),
        (resources_of(ISTIOD), Match.YES, "istio-system"),
        (resources_of(ISTIOD.replace("istio-system", "mesh")), Match.YES, "mesh"),
        (resources_of(ISTIOD.replace("docker.io/istio/pilot:1.27.0", "example/web")), Match.NO, "istio-system"),
        (resources_of(spaces("a: b", "istio-system")), Match.NO, "istio-system"),
        (manifest("install.istio.io/v1alpha1", "IstioOperator", "{profile: default}"), Match.YES, "istio-system"),
        (manifest("sailoperator.io/v1", "Istio", "{namespace: sail}", "default"), Match.YES, "sail"),
        (manifest("maistra.io/v2", "ServiceMeshControlPlane", "{}"), Match.MAYBE, "istio-system"),
        (manifest("helm.cattle.io/v1", "HelmChart", "{chart: istiod, targetNamespace: sys}"), Match.YES, "sys"),
        ([terraform("helm_release", chart="istiod", namespace="sys")], Match.YES, "sys"),
        ([terraform("helm_release", chart="base", namespace="sys")], Match.NO, "istio-system"),
        ([terraform("azurerm_kubernetes_cluster", service_mesh_profile=[{"mode": "Istio"}])], Match.YES, AKS_ROOT),
        ([terraform("azurerm_kubernetes_cluster", service_mesh_profile=[{"mode": UNKNOWN}])], Match.MAYBE, AKS_ROOT),
        ([terraform("azurerm_kubernetes_cluster")], Match.NO, "istio-system"),
        ([terraform("google_gke_hub_feature", name="servicemesh")], Match.MAYBE, "istio-system"),
        (
            [terraform("google_gke_hub_feature_membership", mesh=[{"management": "MANAGEMENT_AUTOMATIC"}])],
            Match.YES,
            "istio-system",
        ),
        ([replace(one, possible=UNKNOWN) for one in resources_of(ISTIOD)], Match.MAYBE, "istio-system"),
    ],
)
def test_what_shows_a_control_plane(resources, control, root):
    found = known(*resources)
    assert (found.control, found.root) == (control, root)


def test_a_cluster_that_the_profile_joins_brings_its_mesh():
    cluster = terraform("azurerm_kubernetes_cluster", "infra", service_mesh_profile=[{"mode": "Istio"}])
    release = terraform("helm_release", "infra", chart="istiod")
    for one in ([cluster], [terraform("azurerm_kubernetes_cluster", "infra"), release]):
        unit = Unit("k8s", FileOrigin("tether.yaml", 1), cluster="azurerm_kubernetes_cluster.main")
        assert known(*one).control is Match.NO
        assert known(*one, profile=Profile(units=(unit,))).control is Match.YES


def test_ambient_mode_needs_its_ztunnel():
    assert known(*resources_of(ISTIOD)).ztunnel is Match.NO
    assert known(*resources_of(ISTIOD + ZTUNNEL)).ztunnel is Match.YES
    operator = manifest("install.istio.io/v1alpha1", "IstioOperator", "{profile: ambient}")
    assert known(*operator).ztunnel is Match.YES


def test_values_of_a_chart_are_its_settings_and_unknown_ones_settle_nothing():
    text = "meshConfig: {rootNamespace: conf, trustDomain: acme, trustDomainAliases: [old]}\nrevision: canary\n"
    found = known(terraform("helm_release", chart="istiod", namespace="sys", values=[text]))
    assert (found.root, found.trust.domain, found.trust.aliases) == ("conf", "acme", ("old",))
    assert found.revisions == {"canary"} and found.trust.sure
    loose = known(terraform("helm_release", chart="istiod", namespace="sys", values=[UNKNOWN]))
    assert isinstance(loose.root, Unknown) and isinstance(loose.normalisation, Unknown) and not loose.trust.sure


def test_single_values_and_values_that_stand_elsewhere_count_too():
    one = [{"name": "meshConfig.trustDomain", "value": "acme"}]
    assert known(terraform("helm_release", chart="istiod", set=one)).trust.domain == "acme"
    assert isinstance(known(terraform("helm_release", chart="istiod", set=[{"name": UNKNOWN}])).root, Unknown)
    release = manifest(
        "helm.toolkit.fluxcd.io/v2", "HelmRelease", "{chart: {spec: {chart: istiod}}, valuesFrom: [{name: x}]}"
    )
    assert isinstance(known(*release).root, Unknown)


def test_settings_that_are_not_known_close_nothing():
    values = terraform("helm_release", chart="istiod", namespace="istio-system", values=[UNKNOWN])
    graph = mesh_graph(WORKLOADS + spaces(), STRICT, ONLY_GATEWAY_ID, more=(values,))
    assert state(graph, TENANT) == "possible"


def test_a_mesh_that_injects_everywhere_needs_no_label():
    spec = "{values: {sidecarInjectorWebhook: {enableNamespacesByDefault: true}}}"
    operator = (
        "---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n"
        f"metadata: {{name: mesh, namespace: istio-system}}\nspec: {spec}\n"
    )
    assert state(mesh_graph(WORKLOADS + spaces("a: b"), operator, STRICT, ONLY_GATEWAY_ID), TENANT) == "closed"
    assert state(mesh_graph(ISTIOD + WORKLOADS + spaces("a: b"), STRICT, ONLY_GATEWAY_ID), TENANT) == "open"


def test_the_settings_of_all_sidecars_can_leave_a_port_out():
    spec = "{values: {global: {proxy: {excludeInboundPorts: '8000'}}}}"
    operator = (
        "---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n"
        f"metadata: {{name: mesh, namespace: istio-system}}\nspec: {spec}\n"
    )
    assert state(mesh_graph(WORKLOADS + spaces(), operator, STRICT, ONLY_GATEWAY_ID), TENANT) == "open"
