"""Pods wherever they stand, and what is known of their containers."""

from __future__ import annotations

import textwrap

import pytest

from scanner.podspec import (
    Container,
    PodTemplate,
    command_line,
    containers,
    environment,
    environment_sources,
    pod_templates,
)
from scanner.resource import Attrs, Resource
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.unknown import Unknown
from scanner.yamltext import load_one


def resource(text: str) -> Resource:
    document = load_one(textwrap.dedent(text), "f.yaml")
    found = object_to_resource(document.value, document.origin, "u", "kubernetes")
    assert isinstance(found, Resource)
    return found


def shape(text: str) -> list[tuple[str, list[str], object]]:
    """Suffix, images and replicas of each template."""
    return [
        (one.suffix, [str(c.image.value) for c in containers(one.spec)], one.replicas)
        for one in pod_templates(resource(text))
    ]


def only(text: str) -> PodTemplate:
    (one,) = pod_templates(resource(text))
    return one


POD_SPEC = "{nodeSelector: {a: b}, containers: [{name: m, image: vllm/vllm-openai}]}"


@pytest.mark.parametrize(
    ("version", "kind", "spec", "replicas"),
    [
        ("v1", "Pod", POD_SPEC, None),
        ("v1", "ReplicationController", f"{{replicas: 3, template: {{spec: {POD_SPEC}}}}}", 3),
        ("apps/v1", "Deployment", f"{{replicas: 2, template: {{spec: {POD_SPEC}}}}}", 2),
        ("apps/v1", "StatefulSet", f"{{template: {{spec: {POD_SPEC}}}}}", None),
        ("apps/v1", "ReplicaSet", f"{{template: {{spec: {POD_SPEC}}}}}", None),
        ("extensions/v1beta1", "DaemonSet", f"{{template: {{spec: {POD_SPEC}}}}}", None),
        ("batch/v1", "Job", f"{{parallelism: 4, template: {{spec: {POD_SPEC}}}}}", 4),
        ("batch/v1", "CronJob", f"{{jobTemplate: {{spec: {{template: {{spec: {POD_SPEC}}}}}}}}}", None),
        ("argoproj.io/v1alpha1", "Rollout", f"{{replicas: 2, template: {{spec: {POD_SPEC}}}}}", 2),
        ("serving.knative.dev/v1", "Service", f"{{template: {{spec: {POD_SPEC}}}}}", None),
        (
            "jobset.x-k8s.io/v1",
            "JobSet",
            f"{{replicatedJobs: [{{template: {{spec: {{template: {{spec: {POD_SPEC}}}}}}}}}]}}",
            None,
        ),
        ("serving.kserve.io/v1alpha1", "ServingRuntime", POD_SPEC, None),
        ("kaito.sh/v1", "Workspace", f"{{inference: {{template: {{spec: {POD_SPEC}}}}}}}", None),
        ("sparkoperator.k8s.io/v1", "SparkApplication", "{image: 'vllm/vllm-openai', executor: {instances: 2}}", None),
    ],
)
def test_each_workload_has_its_pods(version: str, kind: str, spec: str, replicas: object) -> None:
    found = shape(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n")
    assert found == [("", ["vllm/vllm-openai"], replicas)]


@pytest.mark.parametrize(
    ("version", "kind", "spec"),
    [
        ("v1", "ConfigMap", f"{{template: {{spec: {POD_SPEC}}}}}"),
        ("kyverno.io/v1", "ClusterPolicy", f"{{rules: [{{validate: {{pattern: {{spec: {POD_SPEC}}}}}}}]}}"),
        ("constraints.gatekeeper.sh/v1beta1", "K8sAllowed", POD_SPEC),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", POD_SPEC),
        ("metal3.io/v1alpha1", "BareMetalHost", "{image: {url: 'https://x/y.img'}}"),
        ("e.com/v1", "Thing", "{image: ubuntu}"),
        ("kaito.sh/v1", "Workspace", "{tuning: {output: {image: 'r.io/a:1', imagePushSecret: s}}}"),
    ],
)
def test_what_makes_no_pods_has_none(version: str, kind: str, spec: str) -> None:
    assert shape(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n") == []


def test_the_labels_of_a_built_in_workload_are_known() -> None:
    one = only(
        """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: x, labels: {not: these}}
        spec:
          template:
            metadata: {labels: {app: x}, annotations: {a: b}}
            spec: {containers: [{name: m, image: i}]}
        """
    )
    assert (one.labels, one.labels_known, one.annotations) == ({"app": "x"}, True, {"a": "b"})
    assert (one.path, str(one.origin)) == (("spec", "template", "spec"), "f.yaml:7:11")


def test_a_pod_has_its_own_labels_and_a_custom_resource_need_not() -> None:
    pod = only(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: b}}\nspec: {containers: [{name: m, image: i}]}\n"
    )
    assert (pod.labels, pod.labels_known) == ({"a": "b"}, True)
    runtime = only(
        "apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nmetadata: {name: x, labels: {a: b}}\n"
        "spec: {containers: [{name: m, image: i}]}\n"
    )
    assert (runtime.labels, runtime.labels_known) == ({}, False)


def test_ray_has_a_head_and_groups_of_workers() -> None:
    text = """\
    apiVersion: ray.io/v1
    kind: RayService
    metadata: {name: x}
    spec:
      rayClusterConfig:
        headGroupSpec: {template: {spec: {containers: [{name: h, image: head}]}}}
        workerGroupSpecs:
        - {groupName: gpu, replicas: 3, template: {spec: {containers: [{name: w, image: worker}]}}}
        - {groupName: cpu, template: {spec: {containers: [{name: w, image: worker}]}}}
    """
    assert shape(text) == [
        ("headGroupSpec", ["head"], None),
        ("workerGroupSpecs.gpu", ["worker"], 3),
        ("workerGroupSpecs.cpu", ["worker"], None),
    ]  # fmt: skip


def test_a_leader_and_its_workers() -> None:
    text = """\
    apiVersion: leaderworkerset.x-k8s.io/v1
    kind: LeaderWorkerSet
    metadata: {name: x}
    spec:
      replicas: 2
      leaderWorkerTemplate:
        size: 4
        leaderTemplate: {spec: {containers: [{name: l, image: lead}]}}
        workerTemplate: {spec: {containers: [{name: w, image: work}]}}
    """
    assert shape(text) == [
        ("leaderWorkerTemplate.leaderTemplate", ["lead"], 2), ("leaderWorkerTemplate.workerTemplate", ["work"], 2),
    ]  # fmt: skip


def test_a_predictor_is_a_pod_whose_image_a_runtime_decides() -> None:
    text = """\
    apiVersion: serving.kserve.io/v1beta1
    kind: InferenceService
    metadata: {name: x}
    spec:
      predictor:
        minReplicas: 2
        hostNetwork: true
        model: {modelFormat: {name: vllm}, storageUri: "s3://w", args: [--x]}
        containers: [{name: side, image: s}]
        workerSpec: {containers: [{name: w, image: w}]}
      transformer: {containers: [{name: t, image: t}]}
    """
    predictor, worker, transformer = pod_templates(resource(text))
    model, side = containers(predictor.spec)
    assert (model.name, isinstance(model.image.value, Unknown), side.image.value) == ("kserve-container", True, "s")
    assert model.fact("storageUri").value == "s3://w"
    assert str(model.fact("storageUri").origin) == "f.yaml:8:52"
    assert isinstance(predictor.spec, Attrs)
    assert predictor.spec["hostNetwork"] is True
    assert (predictor.synthetic, predictor.replicas) == (True, 2)
    assert [containers(one.spec)[0].image.value for one in (worker, transformer)] == ["w", "t"]


def test_an_image_in_parts() -> None:
    text = """\
    apiVersion: apps.nvidia.com/v1alpha1
    kind: NIMService
    metadata: {name: x}
    spec:
      image: {repository: nvcr.io/nim/meta/llama3, tag: 1.0}
      replicas: 1
      nodeSelector: {edge: "true"}
      env: [{name: A, value: b}]
    """
    one = only(text)
    (container,) = containers(one.spec)
    assert container.image.value == "nvcr.io/nim/meta/llama3:1"
    assert str(container.image.origin) == "f.yaml:5:23"
    assert environment(container)["A"].value == "b"
    assert isinstance(one.spec, Attrs)
    assert one.spec["nodeSelector"] == {"edge": "true"}


def test_every_kind_of_container_has_its_role() -> None:
    text = """\
    apiVersion: v1
    kind: Pod
    metadata: {name: x}
    spec:
      containers: [{name: m, image: m}]
      initContainers: [{name: i, image: i}, {name: s, image: s, restartPolicy: Always}]
      ephemeralContainers: [{name: e, image: e}]
    """
    assert [(one.name, one.role) for one in containers(only(text).spec)] == [
        ("m", "main"), ("i", "init"), ("s", "sidecar"), ("e", "ephemeral"),
    ]  # fmt: skip


def container(text: str) -> Container:
    body = textwrap.indent(textwrap.dedent(text), "    ")
    return containers(
        only(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\nspec:\n  containers:\n  - name: m\n{body}").spec
    )[0]


def test_what_another_object_holds_is_unknown() -> None:
    one = container(
        """\
        env:
        - {name: A, value: plain}
        - {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: c, key: k}}}
        - {name: D, value: "x-$(A)"}
        - {name: E}
        envFrom: [{configMapRef: {name: all}}]
        """
    )
    found = environment(one)
    assert [found[name].value for name in "ADE"] == ["plain", "x-plain", ""]
    secret = found["B"].value
    assert isinstance(secret, Unknown)
    assert (secret.cause, secret.decided_by, secret.secret) == ("env `B` comes from Secret `s`", ("Secret/s",), True)
    assert isinstance(found["C"].value, Unknown)
    assert not found["C"].value.secret
    (source,) = environment_sources(one)
    assert isinstance(source.value, Unknown)
    assert source.value.decided_by == ("ConfigMap/all",)


def test_the_command_line_is_what_the_kubelet_starts() -> None:
    one = container(
        """\
        command: [vllm, serve]
        args: ["$(MODEL)", "--key=$(KEY)", "$$(MODEL)", "$(NOT_SET)", "${SHELL}"]
        env:
        - {name: MODEL, value: meta/llama}
        - {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}
        """
    )
    tokens = command_line(one)
    assert [token.value for token in tokens if isinstance(token.value, str)] == [
        "vllm", "serve", "meta/llama", "$(MODEL)", "$(NOT_SET)", "${SHELL}",
    ]  # fmt: skip
    key = tokens[3].value
    assert isinstance(key, Unknown)
    assert (key.text(), key.secret) == ("--key=*", True)
    assert str(tokens[2].origin) == "f.yaml:8:12"


def test_unknown_parts_stay_unknown() -> None:
    unknown = Unknown("`var.x` has no value")
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    for spec in (unknown, {"template": unknown}, {"template": {"spec": {"containers": unknown}}}):
        found = object_to_resource({**deployment, "spec": spec}, resource_origin(), "u", "terraform")
        assert isinstance(found, Resource)
        (one,) = pod_templates(found)
        assert isinstance(one.spec, Unknown) or isinstance(containers(one.spec)[0].value, Unknown)
    labelled = {"template": {"metadata": {"labels": unknown}, "spec": {"containers": [{"image": "i"}]}}}
    found = object_to_resource({**deployment, "spec": labelled}, resource_origin(), "u", "terraform")
    assert isinstance(found, Resource)
    assert not pod_templates(found)[0].labels_known


def resource_origin():
    return resource("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n").origin
