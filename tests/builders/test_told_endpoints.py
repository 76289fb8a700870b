"""Where settings send prompts: public APIs are told, addresses of the deployment are not, the unknown is not proved."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.builders.build import build
from scanner.graph.facts_access import ToldEndpoint
from scanner.resource import Resource
from scanner.unknown import Unknown
from tests.reach import world

UNKNOWN = Unknown("`var.url` has no value", decided_by=("var.url",))


def said(one: Resource) -> Any:
    """outside, of the one fact: True, False or "unknown"; None where there is none."""
    graph = build(world.around(one), world.profile()).graph
    found = [fact.outside for fact in graph.nodes[one.id].facts if isinstance(fact, ToldEndpoint)]
    assert len(found) <= 1
    return "unknown" if any(isinstance(each, Unknown) for each in found) else next(iter(found), None)


def function(value: Any) -> Resource:
    return world.terraform("aws_lambda_function", {"environment": [{"variables": {"OPENAI_BASE_URL": value}}]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://api.openai.com/v1", True),
        ("api.openai.com", True),
        ("http://gateway.safety.svc:8080;https://API.OpenAI.com/v1", True),
        ("https://acme.openai.azure.com/", True),
        ("https://bedrock-runtime.us-gov-west-1.amazonaws.com", False),  # who may call it, the identity plane says
        ("https://vpce-0a1b.bedrock-runtime.us-gov-west-1.vpce.amazonaws.com", False),
        ("http://gateway.safety.svc:8080/v1", False),
        ("https://api.openai.com.acme.example", False),
        ("", None),
        (7, None),
        (["x"], None),
        ("http://[::1", None),
        (UNKNOWN, "unknown"),
        (Unknown("partly", pieces=("https://", UNKNOWN, "/v1")), "unknown"),
        (Unknown("partly", pieces=("https://api.openai.com/", UNKNOWN)), True),
        (Unknown("partly", pieces=("http://gateway.safety.svc/", UNKNOWN)), False),
    ],
)
def test_where_a_function_is_told_to_call(value: Any, expected: Any) -> None:
    assert said(function(value)) == expected


def test_a_gateway_and_a_model_may_be_told_anything() -> None:
    env = {"OPENAI_BASE_URL": "https://api.openai.com/v1"}
    for name, image in (("gateway", "acme/gateway"), ("model", "vllm/vllm-openai"), ("prompt-guard", "acme/guard")):
        assert said(world.workload(name, image, env=env)) is None
    assert said(world.workload("bot", "acme/bot", env=env)) is True


def test_a_variable_that_no_row_knows_says_nothing() -> None:
    assert said(world.workload("bot", "acme/bot", env={"DOCS_URL": "https://api.openai.com/v1"})) is None
