"""Policy documents and conditions on their own: what a request may do, in three values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.builders.aws_policy.condition import GUARDRAIL_KEY, Given, Only, Other
from scanner.builders.aws_policy.decide import Request, decide
from scanner.builders.aws_policy.match import ANY, ONE, Truth, covers, glob, meets
from scanner.builders.aws_policy.statements import parse
from scanner.origin import FileOrigin
from scanner.unknown import Unknown

GUARDRAIL = "arn:aws:bedrock:us-east-1:111122223333:guardrail/abc123:7"
MODEL = f"arn:{ANY}:bedrock:{ANY}::foundation-model/{ANY}"
INVOKE = "bedrock:InvokeModel"


def approved(value):
    return Truth.YES if value == GUARDRAIL else Truth.NO


def answer(*statements, action=INVOKE, target=MODEL, **facts):
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    given = {GUARDRAIL_KEY: Given.ABSENT} | {key.replace("__", ":"): fact for key, fact in facts.items()}
    return decide([parse(document, "p", None)], Request(action, (target,), given)).truth


def allow(action="bedrock:*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="bedrock:*", resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("action", "truth"),
    [
        ("bedrock:InvokeModel", Truth.YES),
        ("BEDROCK:invokemodel", Truth.YES),
        ("bedrock:Invoke*", Truth.YES),
        ("bedrock:Invoke?odel", Truth.YES),
        ("*", Truth.YES),
        ("bedrock:InvokeModelWithResponseStream", Truth.NO),
        ("bedrock:InvokeMode", Truth.NO),
        ("bedrock-mantle:*", Truth.NO),
        (["s3:GetObject", "bedrock:InvokeModel"], Truth.YES),
    ],
)
def test_action_patterns(action, truth):
    assert answer(allow(action)) is truth


def test_not_action_allows_all_the_others():
    assert answer({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}) is Truth.YES
    assert answer({"Effect": "Allow", "NotAction": ["bedrock:Invoke*"], "Resource": "*"}) is Truth.NO


def test_not_resource_allows_all_the_others():
    other = "arn:aws:s3:::bucket/*"
    assert answer({"Effect": "Allow", "Action": INVOKE, "NotResource": other}) is Truth.YES
    assert answer({"Effect": "Allow", "Action": INVOKE, "NotResource": "*"}) is Truth.NO


@pytest.mark.parametrize(
    ("resource", "truth"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3", Truth.YES),
        ("arn:aws:bedrock:*::foundation-model/anthropic.*", Truth.YES),
        ("arn:aws:bedrock:us-east-1:1:agent/*", Truth.NO),
        ("arn:aws:s3:::bucket", Truth.NO),
    ],
)
def test_resource_patterns(resource, truth):
    assert answer(allow(resource=resource)) is truth


def test_a_deny_without_conditions_wins():
    assert answer(allow(), deny()) is Truth.NO
    assert answer(allow(), deny("bedrock:Invoke*")) is Truth.NO


def test_a_deny_of_some_models_leaves_the_others():
    assert answer(allow(), deny(resource="arn:aws:bedrock:*::foundation-model/anthropic.*")) is Truth.YES
    narrow = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3"
    assert answer(allow(resource=narrow), deny(resource="arn:aws:bedrock:*::foundation-model/anthropic.*")) is Truth.NO


CONDITIONS = [
    ({"StringEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.NO, Truth.NO),
    ({"ArnEquals": {"bedrock:GuardrailIdentifier": [GUARDRAIL]}}, Truth.NO, Truth.NO),
    ({"ForAnyValue:StringEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.NO, Truth.NO),
    ({"StringEqualsIfExists": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.YES, Truth.NO),
    ({"ForAllValues:StringEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.YES, Truth.NO),
    ({"StringLike": {"bedrock:GuardrailIdentifier": "*:guardrail/abc123:*"}}, Truth.NO, Truth.YES),
    ({"StringEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL[:-2]}}, Truth.NO, Truth.YES),
    ({"StringEquals": {"bedrock:GuardrailIdentifier": [GUARDRAIL, "x:guardrail/other:1"]}}, Truth.NO, Truth.YES),
    ({"Null": {"bedrock:GuardrailIdentifier": "false"}}, Truth.NO, Truth.YES),
    ({"Null": {"bedrock:GuardrailIdentifier": "true"}}, Truth.YES, Truth.NO),
    ({"StringNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.YES, Truth.YES),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, Truth.YES, Truth.YES),
    ({"StringEquals": {"aws:PrincipalTag/team": "safety"}}, Truth.POSSIBLE, Truth.POSSIBLE),
    ({"StringEquals": {"nobody:knows": "this"}}, Truth.POSSIBLE, Truth.POSSIBLE),
]


@pytest.mark.parametrize(("condition", "without", "another"), CONDITIONS)
def test_conditions_of_an_allow(condition, without, another):
    """Without any guardrail, and with one of the caller's choice that is not approved."""
    statement = allow(Condition=condition)
    assert answer(statement) is without
    assert answer(statement, bedrock__guardrailidentifier=Other(approved)) is another


DENIES = [
    ({"StringNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.NO, Truth.NO),
    ({"StringNotEqualsIfExists": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.NO, Truth.NO),
    ({"ArnNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.NO, Truth.NO),
    ({"ForAnyValue:StringNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}}, Truth.YES, Truth.NO),
    ({"Null": {"bedrock:GuardrailIdentifier": "true"}}, Truth.NO, Truth.YES),
    ({"StringNotLike": {"bedrock:GuardrailIdentifier": "*:guardrail/*"}}, Truth.NO, Truth.YES),
    ({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}, Truth.YES, Truth.YES),
    ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, Truth.POSSIBLE, Truth.POSSIBLE),
]


@pytest.mark.parametrize(("condition", "without", "another"), DENIES)
def test_conditions_of_a_deny(condition, without, another):
    statements = (allow(), deny(Condition=condition))
    assert answer(*statements) is without
    assert answer(*statements, bedrock__guardrailidentifier=Other(approved)) is another


def test_an_approved_guardrail_gets_through():
    bound = allow(Condition={"StringEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}})
    stop = deny(Condition={"StringNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}})
    assert answer(bound, bedrock__guardrailidentifier=Only(approved)) is Truth.YES
    assert answer(allow(), stop, bedrock__guardrailidentifier=Only(approved)) is Truth.YES


def test_a_not_equals_deny_stops_actions_that_carry_no_guardrail():
    stop = deny(Condition={"StringNotEquals": {"bedrock:GuardrailIdentifier": GUARDRAIL}})
    batch = {"action": "bedrock:CreateModelInvocationJob", "target": f"arn:{ANY}:bedrock:{ANY}"}
    assert answer(allow(), stop, **batch) is Truth.NO
    mantle = {"action": "bedrock-mantle:CreateInference", "target": f"arn:{ANY}:bedrock-mantle:{ANY}"}
    assert answer(allow("*"), stop, **mantle) is Truth.YES


def test_the_same_region_allowed_and_denied_is_not_open():
    region = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    assert answer(allow(Condition=region), deny(Condition=region)) is Truth.POSSIBLE


@pytest.mark.parametrize(("range_", "truth"), [("10.0.0.0/8", Truth.NO), ("0.0.0.0/0", Truth.YES)])
def test_address_ranges(range_, truth):
    statement = allow(Condition={"IpAddress": {"aws:SourceIp": range_}})
    assert answer(statement, aws__sourceip=Given.OUTSIDE) is truth
    denied = deny(Condition={"NotIpAddress": {"aws:SourceIp": range_}})
    assert answer(allow(), denied, aws__sourceip=Given.OUTSIDE) is truth


def test_an_unknown_document_is_unknown():
    why = Unknown("`var.policy` has no value", decided_by=("var.policy",))
    assert parse(why, "p", None).unknown is why
    assert parse("{not json", "p", None).unknown is not None
    assert parse(["a"], "p", None).unknown is not None
    assert parse(None, "p", None).unknown is None


def test_a_document_with_a_hole_stays_readable():
    hole = Unknown("`var.arn` has no value", decided_by=("var.arn",))
    text = ('{"Statement":{"Effect":"Allow","Action":"bedrock:*","Resource":"', hole, '"}}')
    policy = parse(Unknown("partly", pieces=text), "p", None)
    assert policy.statements[0].actions == ("bedrock:*",)
    assert policy.statements[0].resources == (hole,)
    found = decide([policy], Request(INVOKE, (MODEL,), {}))
    assert found.truth is Truth.POSSIBLE
    assert found.decided_by == {"var.arn"}


def test_an_unknown_region_or_model_in_an_arn_decides_nothing():
    region = Unknown("`var.region` has no value", decided_by=("var.region",))
    arn = Unknown("partly", pieces=("arn:aws:bedrock:", region, "::foundation-model/", region))
    policy = parse({"Statement": [{"Effect": "Allow", "Action": INVOKE, "Resource": arn}]}, "p", None)
    assert decide([policy], Request(INVOKE, (MODEL,), {})).truth is Truth.YES


def test_statements_that_are_partly_unknown_are_kept_and_noted():
    why = Unknown("`var.more` has no value", decided_by=("var.more",))
    policy = parse({"Statement": [allow(), why]}, "p", None)
    assert len(policy.statements) == 1
    assert policy.unknown is why


def odd(**more):
    return {"Effect": "Allow", "Action": INVOKE, "Resource": MODEL, **more}


@pytest.mark.parametrize(
    "document",
    [
        {"Version": "2012-10-17"},
        {"Statement": "all"},
        {"Statement": [allow("s3:*"), 5]},
        {"Statement": [{"Effect": "Allow", "Resource": MODEL}]},
        {"Statement": [odd(Action=[])]},
        {"Statement": [odd(Action={"x": 1})]},
        {"Statement": [odd(), odd(Effect="Deny", Condition="never")]},
        {"Statement": [odd(), odd(Effect="Deny", Action=5)]},
    ],
)
def test_what_is_no_policy_is_not_known(document):
    policy = parse(document, "p", None)
    assert policy.unknown is not None or decide([policy], Request(INVOKE, (MODEL,), {})).truth is Truth.POSSIBLE


def test_the_line_of_a_heredoc_statement():
    text = '{\n  "Statement": {\n    "Effect": "Allow",\n    "Action": "bedrock:*",\n    "Resource": "*"\n  }\n}\n'
    policy = parse(text, "p", FileOrigin("a.tf", 10, 12, 18, 4))
    assert policy.statements[0].origin is not None
    assert policy.statements[0].origin.line == 14


def test_a_policy_variable_is_no_literal():
    own = "arn:aws:sagemaker:us-east-1:1:endpoint/${aws:username}"
    target = f"arn:{ANY}:sagemaker:{ANY}:endpoint/prod"
    found = answer(allow("sagemaker:InvokeEndpoint", own), action="sagemaker:InvokeEndpoint", target=target)
    assert found is Truth.POSSIBLE


texts = st.text(alphabet=f"ab:{ANY}{ONE}", max_size=7)


@given(texts, texts)
def test_meeting_is_symmetric_and_covering_implies_it(first, second):
    assert meets(first, second) == meets(second, first)
    if covers(first, second):
        assert meets(first, second)


@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab", max_size=6))
def test_a_plain_text_is_covered_exactly_when_it_is_met(pattern, text):
    whole = glob(pattern).text
    assert covers(whole, text) == meets(whole, text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(["Statement", "Effect", "Action", "Resource", "Condition", "Principal", "x"]), c
            )
        ),
        max_leaves=12,
    )
)
def test_no_shape_of_a_document_raises(value):
    decide([parse(value, "p", None)], Request(INVOKE, (MODEL,), {}))
