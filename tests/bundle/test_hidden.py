"""What a bundle does not tell, inside texts and conditions: it is not known, and no default stands in for it.

Passes: a value that is told. Fails: a digest taken for a value or for nothing, a condition taken for its opposite.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.resource import Encoded, Resource, dig
from scanner.sources.aws import read_estate
from scanner.sources.aws.paths import Here
from scanner.sources.aws.shape import shape
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.unknown import Unknown
from tests.bundle.estate import NUMBER, PARTITION, REGION, full

TASK = f"arn:{PARTITION}:ecs:{REGION}:{NUMBER}:task-definition/gateway:1"
FUNCTION = "gateway"
SECRET = {DIGEST: "00"}


def read(answers: dict[tuple[str, str], Any], kind: str) -> list[Resource]:
    return [one for one in read_estate(full(answers), "aws", "bundle").resources if one.kind == kind]


def test_a_hidden_variable_of_a_task_is_not_known() -> None:
    variables = [{"name": "GUARDRAILS", "value": SECRET}, {"name": "MODE", "value": "strict"}]
    task = {
        "taskDefinitionArn": TASK,
        "family": "gateway",
        "containerDefinitions": [{"name": "gateway", "image": "gateway:1", "environment": variables}],
    }
    cluster, service = f"arn:{PARTITION}:ecs:{REGION}:{NUMBER}:cluster/main", f"arn:{PARTITION}:ecs:{REGION}:s/main/g"
    answers = {
        ("ecs:ListClusters", ""): {"clusterArns": [cluster]},
        ("ecs:ListServices", ""): {"serviceArns": [service]},
        ("ecs:DescribeServices", ""): {"services": [{"serviceArn": service, "taskDefinition": TASK}]},
        ("ecs:DescribeTaskDefinition", ""): {"taskDefinition": task},
    }
    (found,) = read(answers, "aws_ecs_task_definition")
    written = found.attrs["container_definitions"]
    assert isinstance(written, Encoded)
    hidden, told = (dig(written.document, 0, "environment", place, "value") for place in (0, 1))
    assert isinstance(hidden, Unknown)
    assert hidden.secret
    assert told == "strict"


@pytest.mark.parametrize(
    ("condition", "narrows"),
    [
        ({"StringEquals": {"aws:SourceAccount": NUMBER}}, True),
        ({"StringEquals": {"AWS:SourceAccount": [NUMBER]}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": NUMBER}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": NUMBER}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": NUMBER}}, False),
        ({"StringEquals": {"aws:SourceAccount": [NUMBER, "999999999999"]}}, False),
    ],
)
def test_a_condition_on_a_function_narrows_only_as_it_is_written(condition: dict[str, Any], narrows: bool) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Condition": condition}
    answers = {
        ("lambda:ListFunctions", ""): {"Functions": [{"FunctionName": FUNCTION, "FunctionArn": "arn:x"}]},
        ("lambda:GetPolicy", ""): {"Policy": json.dumps({"Statement": [statement]})},
    }
    (found,) = read(answers, "aws_lambda_permission")
    value = found.attrs["source_account"]
    assert (value == NUMBER) is narrows
    assert narrows or isinstance(value, Unknown)


@pytest.mark.parametrize(
    "spec", ["Mode.Inner", "=arn:{Mode}", {"is": "Mode", "equals": "off"}, {"is": "Mode", "in": ["off"]}]
)
def test_a_hidden_value_decides_nothing(spec: Any) -> None:
    assert isinstance(shape(spec, Here({"Mode": SECRET}, {})), Unknown)
    told = {"Inner": "off"} if spec == "Mode.Inner" else "off"
    assert not isinstance(shape(spec, Here({"Mode": told}, {})), Unknown)
