"""Objects inside other objects: taken out with their lines, certain only where the cluster is the holder's own."""

from __future__ import annotations

import base64
import gzip
import textwrap

import pytest

from scanner.podspec import pod_templates
from scanner.podspec_shapes import HOLDERS
from scanner.resource import Reading, Resource, dig, mark
from scanner.sources.kubernetes.inside.build import WAYS
from scanner.unknown import Unknown

CLAIM = """\
apiVersion: kubernetes.crossplane.io/v1alpha2
kind: Object
metadata: {name: a}
spec:
  providerConfigRef: {name: here}
  forProvider:
    manifest:
      apiVersion: v1
      kind: Pod
      metadata: {namespace: b}
      spec: {containers: [{name: c, image: d}]}
"""
CONFIG = """\
apiVersion: kubernetes.crossplane.io/v1alpha1
kind: ProviderConfig
metadata: {name: here}
spec: {credentials: {source: %s}}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: n}\nspec: {containers: [{name: c, image: d}]}\n"


def pod(found: Reading) -> Resource:
    return next(one for one in found.resources if one.kind == "Pod")


def test_every_kind_that_is_opened_runs_no_pods_itself() -> None:
    assert WAYS.keys() == HOLDERS


def test_the_manifest_of_crossplane_has_its_own_line_and_the_name_of_its_object(read) -> None:
    found = read({"a.yaml": CLAIM, "config.yaml": CONFIG % "InjectedIdentity"})
    one = pod(found)
    assert (one.id, one.possible, one.origin.line) == ("root:b/Pod/a", None, 8)
    assert mark(one.attrs, "spec", "containers", 0, "image").line == 11
    assert not pod_templates(next(one for one in found.resources if one.kind == "Object"))


@pytest.mark.parametrize("files", [{}, {"config.yaml": CONFIG % "Secret"}])
def test_where_crossplane_writes_decides_whether_it_is_certain(read, files: dict[str, str]) -> None:
    possible = pod(read({"a.yaml": CLAIM, **files})).possible
    assert possible is not None and possible.decided_by == ("ProviderConfig/here",)


def test_what_crossplane_only_observes_is_not_written(read) -> None:
    text = CLAIM.replace("spec:\n  prov", "spec:\n  managementPolicies: [Observe]\n  prov")
    assert [one.kind for one in read({"a.yaml": text}).resources] == ["Object"]


def test_values_that_crossplane_copies_in_are_unread(read) -> None:
    found = read({"a.yaml": CLAIM + "  references: [{patchesFrom: {apiVersion: v1, kind: Secret, name: s}}]\n"})
    assert [one.cause for one in found.unread] == ["what `Object/a` holds: values are copied into it"]


@pytest.mark.parametrize(("space", "certain"), [("local-cluster", True), ("c1", False)])
def test_a_manifest_work_is_for_the_cluster_of_its_namespace(read, space: str, certain: bool) -> None:
    work = "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\n"
    work += f"metadata: {{name: a, namespace: {space}}}\n"
    text = work + "spec:\n  workload:\n    manifests:\n    - " + POD.replace("\n", "\n      ")
    one = pod(read({"a.yaml": text}))
    assert (one.possible is None) is certain
    assert one.origin.line == 7


def test_a_manifest_that_is_no_object_is_unread_by_name(read) -> None:
    work = "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: a, namespace: c}\n"
    found = read({"a.yaml": work + "spec: {workload: {manifests: [{a: 1}]}}\n"})
    assert [one.cause for one in found.unread] == ["what `c/ManifestWork/a` holds: it is no object"]


TEMPLATE = """\
apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: t}
labels: {app: all}
parameters:
- {name: TAG, value: v1}
- {name: KEY, generate: expression, from: "[a-z]{8}"}
- {name: COUNT, value: "3"}
objects:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: a, namespace: n, labels: {own: x}}
  spec:
    replicas: ${{COUNT}}
    template: {spec: {containers: [{name: c, image: "r/i:${TAG}", args: ["--key=${KEY}", "${OTHER}"]}]}}
"""


def test_a_template_takes_its_default_values_and_nothing_for_a_value_made_by_chance(read) -> None:
    found = read({"t.yaml": TEMPLATE})
    one = next(one for one in found.resources if one.kind == "Deployment")
    assert one.possible is not None and "`oc process`" not in one.possible.cause
    assert dig(one.attrs, "spec", "replicas") == 3
    assert dig(one.attrs, "metadata", "labels") == {"own": "x", "app": "all"}
    container = dig(one.attrs, "spec", "template", "spec", "containers", 0)
    assert dig(container, "image") == "r/i:v1"
    key = dig(container, "args", 0)
    assert isinstance(key, Unknown) and key.text() == "--key=*"
    assert dig(container, "args", 1) == "${OTHER}"
    assert mark(container, "image").line == 15


TENANT = """\
apiVersion: capsule.clastix.io/v1beta2
kind: Tenant
metadata: {name: oil}
spec:
  %s
  networkPolicies: {items: [{podSelector: {}, ingress: [{}]}]}
  additionalRoleBindings: [{clusterRoleName: edit, subjects: [{kind: Group, name: g}]}]
"""
SPACES = """\
apiVersion: v1
kind: Namespace
metadata: {name: oil-a, labels: {capsule.clastix.io/tenant: oil}}
---
apiVersion: v1
kind: Namespace
metadata: {name: gas, labels: {capsule.clastix.io/tenant: gas}}
---
apiVersion: v1
kind: Namespace
metadata: {name: free}
"""


@pytest.mark.parametrize(("more", "maybe"), [("quota: 1", {"free"}), ("forceTenantPrefix: true", set())])
def test_a_tenant_writes_into_its_namespaces_and_perhaps_into_those_of_nobody(read, more: str, maybe: set[str]) -> None:
    found = read({"a.yaml": TENANT % more, "b.yaml": SPACES})
    for kind in ("NetworkPolicy", "RoleBinding"):
        made = {one.namespace: one.possible for one in found.resources if one.kind == kind}
        assert made.keys() == {"oil-a"} | maybe
        assert made["oil-a"] is None
        assert all(made[one] is not None for one in maybe)


def test_raw_items_of_a_tenant_may_be_in_every_namespace_and_copies_are_unread(read) -> None:
    text = (
        "apiVersion: capsule.clastix.io/v1beta2\nkind: TenantResource\nmetadata: {name: r, namespace: oil-a}\nspec:\n"
    )
    text += "  resources:\n  - rawItems:\n    - {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n"
    found = read({"a.yaml": text + "    namespacedItems: [{kind: Secret}]\n", "b.yaml": SPACES})
    made = [one for one in found.resources if one.kind == "ConfigMap"]
    assert {one.namespace for one in made} == {"free", "gas", "oil-a"}
    assert all(one.possible is not None for one in made)
    assert [one.cause for one in found.unread] == [
        "what `oil-a/TenantResource/r` holds: `namespacedItems` is not followed"
    ]


def bundle(content: str, more: str = "") -> str:
    return (
        "apiVersion: fleet.cattle.io/v1alpha1\nkind: Bundle\nmetadata: {name: b, namespace: fleet-local}\n"
        f"spec:\n  resources:\n  - name: a.yaml\n{more}    content: {content}"
    )


def test_the_files_of_a_bundle_have_the_lines_of_the_file(read) -> None:
    one = pod(read({"a.yaml": bundle("|\n" + textwrap.indent(POD, "      "))}))
    assert (one.possible, str(one.origin)) == (None, "a.yaml:8:7")
    assert str(mark(one.attrs, "kind")) == "a.yaml:9:13"


def test_a_packed_file_of_a_bundle_stands_where_its_text_stands(read) -> None:
    packed = base64.b64encode(gzip.compress(POD.encode())).decode()
    one = pod(read({"a.yaml": bundle(packed + "\n", "    encoding: base64+gz\n")}))
    assert one.origin.line == 8
    found = read({"a.yaml": bundle("AAAA\n", "    encoding: base64+gz\n")})
    assert [one.cause for one in found.unread] == [
        "what `fleet-local/Bundle/b` holds: the content of `a.yaml` cannot be read"
    ]


def test_a_bundle_with_a_chart_is_unread(read) -> None:
    found = read({"a.yaml": bundle("x\n").replace("a.yaml", "chart/Chart.yaml")})
    assert [one.cause for one in found.unread] == ["what `fleet-local/Bundle/b` holds: it needs rendering"]


SET = """\
apiVersion: addons.cluster.x-k8s.io/v1beta1
kind: ClusterResourceSet
metadata: {name: s, namespace: m}
spec: {clusterSelector: {matchLabels: {a: b}}, resources: [{kind: ConfigMap, name: c}, {kind: Secret, name: k}]}
"""


def test_a_resource_set_applies_what_its_config_maps_hold(read) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: m}\ndata:\n  a.yaml: |\n"
    found = read({"a.yaml": SET, "c.yaml": settings + textwrap.indent(POD, "    ")})
    one = pod(found)
    assert one.possible is not None
    assert str(one.origin) == "c.yaml:6:5"
    assert [one.cause for one in found.unread] == [
        "what `m/ClusterResourceSet/s` holds: the Secret `k` is not in the inputs"
    ]


def test_what_is_held_twice_is_no_conflict_where_it_may_be_in_two_clusters(read) -> None:
    work = "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: a, namespace: %s}\n"
    work += "spec: {workload: {manifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: %s}}]}}\n"
    found = read({"a.yaml": work % ("c1", "x") + "---\n" + work % ("c2", "y")})
    assert not found.unread
    assert len([one for one in found.resources if one.kind == "ConfigMap"]) == 2


def test_holders_in_holders_end(read) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"
    for depth in range(9):
        text = (
            f"{{apiVersion: work.karmada.io/v1alpha1, kind: Work, metadata: {{name: w{depth}, namespace: x}}, "
            f"spec: {{workload: {{manifests: [{text}]}}}}}}"
        )
    found = read({"a.yaml": text})
    assert any(one.possible is not None for one in found.resources)


COMPOSITION = """\
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: {name: c}
spec:
  mode: Pipeline
  pipeline:
  - step: a
    functionRef: {name: function-patch-and-transform}
    input:
      resources:
      - name: pod
        base: {apiVersion: v1, kind: Pod, metadata: {name: x, namespace: n}, spec: {containers: [{name: c, image: d}]}}
  - step: b
    functionRef: {name: function-go-templating}
"""


def test_a_composition_is_possible_as_far_as_it_is_written_and_its_functions_are_unread_by_name(read) -> None:
    found = read({"c.yaml": COMPOSITION})
    one = pod(found)
    assert one.possible is not None and one.origin.line == 12
    assert [one.cause for one in found.unread] == [
        "what `Composition/c` holds: the function `function-patch-and-transform` makes it",
        "what `Composition/c` holds: the function `function-go-templating` makes it",
    ]


def test_patches_of_a_composition_are_unread_and_so_is_one_of_which_nothing_is_known(read) -> None:
    head = "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\nmetadata: {name: c}\n"
    base = "{name: r, base: {apiVersion: v1, kind: Pod, metadata: {name: x}}, patches: [{type: PatchSet}]}"
    found = read({"c.yaml": head + f"spec: {{resources: [{base}]}}\n"})
    assert [one.cause for one in found.unread] == ["what `Composition/c` holds: patches fill in `r`"]
    for spec in ("{}", "[1]", "{resources: []}"):
        assert len(read({"c.yaml": head + f"spec: {spec}\n"}).unread) == 1


APPLICATION = """\
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: a, namespace: b}
spec:
  components:
  - name: raw
    type: k8s-objects
    properties:
      objects:
      - {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: c, image: d}]}}
"""


@pytest.mark.parametrize(
    ("more", "certain"),
    [("", True), ("  policies: [{type: topology, properties: {clusters: [x]}}]\n", False),
     ("  policies: [{type: garbage-collect}]\n", True), ("  policies: 7\n", False)],
)  # fmt: skip
def test_objects_of_kubevela_are_in_the_cluster_unless_a_policy_places_them(read, more: str, certain: bool) -> None:
    found = read({"a.yaml": APPLICATION + more})
    one = pod(found)
    assert (one.address, one.possible is None, one.origin.line) == ("b/Pod/x", certain, 10)
    assert not found.unread


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (APPLICATION.replace("k8s-objects", "webservice"), "the component `raw` of the type `webservice`"),
        (APPLICATION + "    traits: [{type: expose}]\n", "the traits of the component `raw`"),
        (APPLICATION + "  workflow: {steps: []}\n", "the steps of its workflow"),
        (APPLICATION.partition("spec:")[0] + "spec: {}\n", "its components are not known"),
    ],
)
def test_what_definitions_of_kubevela_fill_in_is_unread_by_name(read, text: str, cause: str) -> None:
    assert [one.cause for one in read({"a.yaml": text}).unread] == [f"what `b/Application/a` holds: {cause}"]


def test_a_template_that_is_processed_is_opened_and_a_secret_of_its_values_is_unread(read) -> None:
    head = "apiVersion: template.openshift.io/v1\nkind: TemplateInstance\nmetadata: {name: i, namespace: n}\n"
    inner = textwrap.indent(TEMPLATE, "    ")
    found = read({"i.yaml": f"{head}spec:\n  secret: {{name: values}}\n  template:\n{inner}"})
    assert [one.address for one in found.resources if one.kind == "Deployment"] == ["n/Deployment/a"]
    assert [one.cause for one in found.unread] == [
        "what `n/TemplateInstance/i` holds: its parameters stand in a Secret"
    ]
