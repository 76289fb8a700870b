"""What becomes a Resource, under which address, and what is lost: only the document that cannot be read."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Reading, Resource, Unread, mark
from scanner.sources.kubernetes import object_to_resource
from scanner.unknown import Unknown

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: a, image: a}]}\n"


def unread(found: Reading) -> list[tuple[str, str, str]]:
    return [(str(one.origin), one.kind, one.cause) for one in found.unread]


def addresses(found: Reading) -> list[str]:
    return [one.address for one in found.resources]


def test_an_object_is_a_resource_with_its_place(read) -> None:
    text = """\
    # the gateway
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: gateway
      namespace: safety
    spec: {replicas: 2}
    """
    found = read({"k8s/app.yaml": text})
    (one,) = found.resources
    assert (one.address, one.group, one.kind, one.namespace, one.name) == (
        "safety/Deployment/gateway", "apps", "Deployment", "safety", "gateway",
    )  # fmt: skip
    assert (one.unit, one.id, one.source) == ("root", "root:safety/Deployment/gateway", "kubernetes")
    assert str(one.origin) == "k8s/app.yaml:2:1"
    assert str(mark(one.attrs, "spec", "replicas")) == "k8s/app.yaml:7:18"
    assert list(found.inputs) == ["k8s/app.yaml"]
    assert not found.unread
    assert not found.passed_over


@pytest.mark.parametrize(
    ("version", "kind", "address"),
    [
        ("v1", "Pod", "default/Pod/x"),
        ("v1", "Namespace", "Namespace/x"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "ClusterRole/x"),
        ("rbac.authorization.k8s.io/v1", "Role", "default/Role/x"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "AdminNetworkPolicy/x"),
        ("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "ClusterServingRuntime/x"),
        ("karpenter.sh/v1", "NodePool", "NodePool/x"),
        ("apps.kubeedge.io/v1alpha1", "NodeGroup", "NodeGroup/x"),
        ("example.com/v1", "Node", "default/Node/x"),
        ("eksctl.io/v1alpha5", "ClusterConfig", "default/ClusterConfig/x"),
    ],
)
def test_the_namespace_depends_on_the_kind(read, version: str, kind: str, address: str) -> None:
    assert addresses(read({"a.yaml": f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n"})) == [address]


def test_a_definition_in_the_input_decides_the_scope(read) -> None:
    crd = """\
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.e.com}
    spec: {group: e.com, scope: Cluster, names: {kind: Thing}}
    ---
    apiVersion: e.com/v1
    kind: Thing
    metadata: {name: x}
    """
    assert addresses(read({"a.yaml": crd})) == ["CustomResourceDefinition/things.e.com", "Thing/x"]


def test_a_bad_document_loses_only_itself(read) -> None:
    found = read({"a.yaml": POD % "a" + "---\nkind: Pod\nspec: [\n---\n" + POD % "c"})
    assert addresses(found) == ["default/Pod/a", "default/Pod/c"]
    ((origin, kind, _),) = unread(found)
    assert (origin, kind) == ("a.yaml:7:7", "document")
    assert found.unread[0].broken


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("kind: Pod\nmetadata: [\n", "document", 2),
        ("list:\n- kind: Pod\n  a: [\n", "file", 3),
        ("a: [\n", "file", 1),
        ("settings:\n  - }\n", "file", 2),
        ("once this was a manifest\n", "file", 1),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "document", 1),
        ("apiVersion: apps/v1\nkid: Deployment\nmetadata: {name: x}\n", "document", 1),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nmetadata: {name: b}\n", "document", 4),
        (POD % "a" + "---\n- not an object\n", "document", 6),
        ("apiVersion: v1\nkind: List\nitems: [1]\n", "document", 3),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: !vault x\n", "document", 4),
    ],
)
def test_what_could_be_a_manifest_is_never_passed_over(read, text: str, kind: str, line: int) -> None:
    found = read({"a.yaml": text})
    assert [(one.kind, one.origin.line) for one in found.unread if isinstance(one.origin, FileOrigin)] == [(kind, line)]
    assert not found.passed_over


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "nav: !!python/name:x\n",
        "just: data\n",
        "",
        "# only a comment\n",
        "- 1\n- 2\n",
        "kind: pipeline\n",
    ],
)
def test_what_holds_no_object_is_passed_over_with_a_reason(read, text: str) -> None:
    found = read({"a.yaml": text})
    assert found.passed_over["a.yaml"]
    assert not found.unread
    assert not found.resources


def test_lists_are_taken_apart_and_their_items_inherit(read) -> None:
    text = """\
    apiVersion: v1
    kind: List
    items:
    - {apiVersion: v1, kind: Service, metadata: {name: a}}
    - apiVersion: networking.k8s.io/v1
      kind: NetworkPolicyList
      items:
      - metadata: {name: b, namespace: n}
    """
    found = read(
        {"a.yaml": text, "b.json": '{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "p"}}]}'}
    )
    assert addresses(found) == ["default/Service/a", "n/NetworkPolicy/b", "default/Pod/p"]
    assert [str(one.origin) for one in found.resources] == ["a.yaml:4:3", "a.yaml:8:5", "b.json:1:51"]
    assert found.resources[1].group == "networking.k8s.io"


def test_a_custom_kind_that_ends_in_list_is_an_object(read) -> None:
    assert addresses(
        read({"a.yaml": "apiVersion: e.com/v1\nkind: AllowList\nmetadata: {name: x}\nspec: {items: []}\n"})
    ) == ["default/AllowList/x"]


def test_strings_stay_strings(read) -> None:
    text = """\
    apiVersion: v1
    kind: Pod
    metadata:
      name: 1
      namespace: y
      labels: {on: yes, version: 1.20, empty: }
    spec:
      nodeSelector: {node-role.kubernetes.io/edge: , gpu: true}
      tolerations: [{key: a, value: no}]
      containers:
      - name: a
        image: a
        args: [--port, 8000, --debug, on]
        env: [{name: A, value: 010}]
        ports: [{containerPort: 8000}]
      selector: {app: 1}
    """
    (one,) = read({"a.yaml": text}).resources
    assert one.address == "y/Pod/1"
    assert one.attrs["metadata"]["labels"] == {"true": "yes", "version": "1.20", "empty": ""}
    spec = one.attrs["spec"]
    assert spec["nodeSelector"] == {"node-role.kubernetes.io/edge": "", "gpu": "true"}
    assert spec["tolerations"] == [{"key": "a", "value": "no"}]
    assert spec["selector"] == {"app": "1"}
    container = spec["containers"][0]
    assert container["args"] == ["--port", "8000", "--debug", "on"]
    assert container["env"] == [{"name": "A", "value": "010"}]
    assert container["ports"] == [{"containerPort": 8000}]


def test_json_is_read_only_where_it_is_a_manifest(read) -> None:
    found = read(
        {
            "a.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}',
            "package.json": '{"name": "x"}',
            "bad.json": '{"apiVersion": "v1", "kind": "Pod",}',
            "main.tf.json": '{"apiVersion": 1}',
            "broken.json": "{",
            "settings.json": '{"a": "//", // for editors\n "b": [1,],}',
            "log.json": '{"a": 1}\n{"a": 2}\n',
        }
    )
    assert addresses(found) == ["default/Pod/a"]
    assert unread(found) == [
        ("bad.json:1:36", "document", "not valid JSON: a key in double quotes is missing"),
        ("broken.json:1:2", "file", "not valid JSON"),
    ]
    assert set(found.passed_over) == {"package.json", "settings.json", "log.json"}


def test_a_generated_name_is_not_a_second_declaration(read) -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: load-}\nspec: {a: %d}\n"
    found = read({"a.yaml": job % 1, "b/b.yaml": job % 2})
    assert addresses(found) == ["default/Job/load-*"] * 2
    assert not found.unread
    assert {one.unit for one in found.resources} == {"root"}


def test_twice_the_same_is_once_and_twice_different_is_unread(read) -> None:
    found = read({"a.yaml": POD % "a" + "---\n" + POD % "a" + "---\n" + POD.replace("image: a", "image: b") % "a"})
    assert addresses(found) == ["default/Pod/a"] * 2
    assert unread(found) == [
        ("a.yaml:11:1", "conflict", "`default/Pod/a` is declared twice with different content, also at a.yaml:1:1"),
    ]


def test_settings_of_a_program_are_named_after_their_file(read) -> None:
    text = "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: [{role: worker}]\n"
    assert addresses(read({"dev/kind.yaml": text})) == ["Cluster/kind"]


def test_a_kubeconfig_is_no_object(read) -> None:
    found = read({"a.yaml": "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\n"})
    assert found.passed_over == {"a.yaml": "a kubeconfig"}


@pytest.mark.parametrize(
    "extra", ["openapi: 3.0.0", "services: {a: {image: x}}", "jobs: {}", "Resources: {a: {Type: 'AWS::X'}}"]
)
def test_no_extra_key_hides_an_object(read, extra: str) -> None:
    assert addresses(read({"a.yaml": POD % "a" + extra + "\n", ".github/b.yaml": POD % "b"})) == [
        "default/Pod/b", "default/Pod/a",
    ]  # fmt: skip


def test_an_evaluated_object_is_a_resource() -> None:
    origin = FileOrigin("main.tf", 3)
    value = Attrs({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}})
    one = object_to_resource(value, origin, "infra", "terraform")
    assert isinstance(one, Resource)
    assert (one.id, one.source, one.group) == ("infra:n/Deployment/a", "terraform", "apps")


def test_an_evaluated_object_with_unknown_parts() -> None:
    origin = FileOrigin("main.tf", 3)
    name = Unknown("`var.env` has no value", pieces=("api-", Unknown("`var.env` has no value")))
    one = object_to_resource({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}, origin, "u", "terraform")
    assert isinstance(one, Resource)
    assert one.address == "default/Pod/api-*"
    for value in (
        Unknown("x"), {"apiVersion": "v1", "kind": Unknown("x"), "metadata": {"name": "a"}}, [1], {"kind": "Pod"},
    ):  # fmt: skip
        missing = object_to_resource(value, origin, "u", "terraform")
        assert isinstance(missing, Unread)
        assert missing.broken is not isinstance(value, Unknown) or missing.kind == "template"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True), st.booleans())
def test_splitting_a_stream_into_files_changes_only_origins(read, names: list[str], bad: bool) -> None:
    parts = [POD % name for name in names] + (["kind: Pod\nspec: [\n"] if bad else [])
    one = read({"one.yaml": "---\n".join(parts), **{f"{index}.yaml": "" for index in range(6)}})
    many = read({"one.yaml": "", **{f"{index}.yaml": part for index, part in enumerate(parts)}})
    assert [(x.id, x.attrs) for x in one.resources] == [(x.id, x.attrs) for x in many.resources]
    assert [(x.kind, x.cause) for x in one.unread] == [(x.kind, x.cause) for x in many.unread]


PIECES = st.sampled_from(
    ["apiVersion: v1\n", "kind: Pod\n", "kind: List\n", "items:\n", "- ", "metadata: {name: a}\n", "metadata:\n",
     "---\n", "  name: x\n", "x: [\n", "{{ .x }}\n", "null\n", "spec: *a\n"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@example(["apiVersion: v1\n", "kind: List\n", "items:\n"])
@given(st.lists(PIECES))
def test_every_file_is_a_resource_or_unread_or_passed_over(read, pieces: list[str]) -> None:
    found = read({"a.yaml": "".join(pieces)})
    assert found.resources or found.unread or found.passed_over


def test_paths_may_be_relative(tmp_path) -> None:
    from pathlib import Path

    from scanner.sources.kubernetes import read_manifests

    (tmp_path / "a.yaml").write_text(textwrap.dedent(POD % "a"))
    assert addresses(read_manifests(tmp_path, [Path("a.yaml")])) == ["default/Pod/a"]


def test_a_report_of_conformance_is_no_object_without_a_name(read) -> None:
    """The tests of a project write it in the form of an object; anything else without a name is unread."""
    text = "apiVersion: %s\nkind: ConformanceReport\nimplementation: {organization: a}\n"
    assert not read({"r.yaml": text % "gateway.networking.k8s.io/v1"}).unread
    assert len(read({"r.yaml": text % "apps/v1"}).unread) == 1
