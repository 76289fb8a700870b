"""The least number of copies that declarations and autoscalers allow."""

import pytest

from scanner.builders.recognise.build import build_roles
from scanner.builders.replicas import build_replicas
from scanner.graph.facts import Replicas
from tests.builders.texts import build, facts, line, shown

TEMPLATE = "  template: {spec: {containers: [{name: c, image: acme/x}]}}"


def workload(kind: str, more: str = "", version: str = "apps/v1") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: g, namespace: ns}}\nspec:\n{more}\n{TEMPLATE}\n"


def minima(tmp_path, text: str, address: str, name: str = "a.yaml", key: str = "classifiers") -> list[str]:
    profile = f"safety_stack: {{{key}: ['{address}']}}"
    world = build(tmp_path, {name: text}, build_roles, build_replicas, profile=profile)
    return sorted(shown(fact.minimum) for fact in facts(world, address, Replicas))


@pytest.mark.parametrize(
    ("kind", "more", "wanted"),
    [
        ("Deployment", "  replicas: 3", ["3"]),
        ("Deployment", "  replicas: 0", ["0"]),
        ("Deployment", "", ["1"]),
        ("StatefulSet", "  replicas: 2", ["2"]),
        ("DaemonSet", "", ["1"]),
        ("Deployment", "  replicas: many", ["?spec.replicas"]),
    ],
)
def test_what_a_workload_writes(tmp_path, kind, more, wanted):
    assert minima(tmp_path, workload(kind, more), f"ns/{kind}/g") == wanted


def test_a_rollout(tmp_path):
    text = workload("Rollout", "  replicas: 4", "argoproj.io/v1alpha1")
    assert minima(tmp_path, text, "ns/Rollout/g") == ["4"]


def test_the_default_says_so(tmp_path):
    world = build(
        tmp_path,
        {"a.yaml": workload("Deployment")},
        build_roles,
        build_replicas,
        profile="safety_stack: {gateways: [ns/Deployment/g]}",
    )
    (fact,) = facts(world, "ns/Deployment/g", Replicas)
    assert fact.because == "`spec.replicas` is not set: the default is 1"


def test_nothing_for_what_is_not_of_the_stack(tmp_path):
    world = build(tmp_path, {"a.yaml": workload("Deployment")}, build_roles, build_replicas)
    assert facts(world, "ns/Deployment/g", Replicas) == []


SCALER = """\
---
apiVersion: {version}
kind: {kind}
metadata: {{name: s, namespace: {namespace}{annotations}}}
spec:
  scaleTargetRef: {{kind: Deployment, name: {name}}}
  {more}
"""
HPA = {"version": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "annotations": ""}
KEDA = {"version": "keda.sh/v1alpha1", "kind": "ScaledObject", "annotations": ""}
HERE = {"namespace": "ns", "name": "g"}
SCALERS = {
    "minimum": (SCALER.format(**HPA, **HERE, more="minReplicas: 2"), ["2"]),
    "default": (SCALER.format(**HPA, **HERE, more="maxReplicas: 9"), ["1"]),
    "zero": (SCALER.format(**HPA, **HERE, more="minReplicas: 0"), ["0"]),
    "KEDA": (SCALER.format(**KEDA, **HERE, more="minReplicaCount: 2"), ["2"]),
    "KEDA without a minimum": (SCALER.format(**KEDA, **HERE, more="triggers: [{type: cron}]"), ["0"]),
    "KEDA paused": (
        SCALER.format(
            **{**KEDA, "annotations": ", annotations: {autoscaling.keda.sh/paused-replicas: '0'}"},
            **HERE,
            more="minReplicaCount: 2",
        ),
        ["0", "2"],
    ),
    "another workload": (SCALER.format(**KEDA, namespace="ns", name="other", more=""), ["3"]),
    "another namespace": (SCALER.format(**KEDA, namespace="other", name="g", more=""), ["3"]),
}


@pytest.mark.parametrize("case", SCALERS)
def test_autoscalers(tmp_path, case):
    scaler, wanted = SCALERS[case]
    assert minima(tmp_path, workload("Deployment", "  replicas: 3") + scaler, "ns/Deployment/g") == wanted


@pytest.mark.parametrize(("suspend", "wanted"), [("  suspend: true\n", ["0"]), ("", ["0"])])
def test_a_cron_job_does_not_run_in_between(tmp_path, suspend, wanted):
    text = (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: g, namespace: ns}\nspec:\n"
        f"{suspend}  schedule: '0 0 * * *'\n  jobTemplate: {{spec: {{template: {{spec: {{containers: "
        "[{name: c, image: x}]}}}}\n"
    )
    assert minima(tmp_path, text, "ns/CronJob/g") == wanted


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [("{}", ["0"]), ("{autoscaling.knative.dev/min-scale: '2'}", ["2"])],
)
def test_knative_scales_to_zero_unless_told_not_to(tmp_path, annotations, wanted):
    text = (
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: g, namespace: ns}\nspec:\n"
        f"  template: {{metadata: {{annotations: {annotations}}}, spec: {{containers: [{{image: acme/x}}]}}}}\n"
    )
    assert minima(tmp_path, text, "ns/Service/g") == wanted


def test_the_line_of_the_number(tmp_path):
    text = workload("Deployment", "  replicas: 0")
    world = build(
        tmp_path, {"a.yaml": text}, build_roles, build_replicas, profile="safety_stack: {gateways: [ns/Deployment/g]}"
    )
    assert [line(fact) for fact in facts(world, "ns/Deployment/g", Replicas)] == [5]


ECS = 'resource "aws_ecs_service" "g" {{\n  name = "g"\n  {}\n}}\n'
TARGET = 'resource "aws_appautoscaling_target" "t" {{\n  resource_id = {}\n  min_capacity = {}\n}}\n'
TERRAFORM = {
    "count": (ECS.format("desired_count = 2"), ["2"]),
    "no count": (ECS.format(""), ["0"]),
    "unknown count": (ECS.format("desired_count = var.n") + 'variable "n" {\n}', ["?var.n"]),
    "scaled": (ECS.format("desired_count = 2") + TARGET.format('"service/c/g"', 1), ["1"]),
    "scaled by reference": (
        ECS.format("desired_count = 2") + TARGET.format('"service/c/${aws_ecs_service.g.name}"', 0),
        ["0"],
    ),
    "another service": (ECS.format("desired_count = 2") + TARGET.format('"service/c/other"', 0), ["2"]),
}


@pytest.mark.parametrize("case", TERRAFORM)
def test_ecs_services(tmp_path, case):
    text, wanted = TERRAFORM[case]
    assert minima(tmp_path, text, "aws_ecs_service.g", "main.tf") == wanted


@pytest.mark.parametrize(("more", "wanted"), [("", ["1"]), ("reserved_concurrent_executions = 0", ["0"])])
def test_functions(tmp_path, more, wanted):
    text = f'resource "aws_lambda_function" "f" {{\n  function_name = "f"\n  {more}\n}}'
    assert minima(tmp_path, text, "aws_lambda_function.f", "main.tf") == wanted


def test_an_endpoint_has_the_instances_of_its_configuration(tmp_path):
    text = (
        'resource "aws_sagemaker_endpoint" "e" {\n'
        "  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name\n}\n"
        'resource "aws_sagemaker_endpoint_configuration" "c" {\n'
        "  production_variants {\n    initial_instance_count = 2\n  }\n}\n"
    )
    assert minima(tmp_path, text, "aws_sagemaker_endpoint.e", "main.tf") == ["2"]
