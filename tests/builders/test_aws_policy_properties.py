"""Evaluation of AWS policies against a second, plain evaluator, and what must hold of it whatever the policies say."""

from __future__ import annotations

import json
import re
from datetime import datetime
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.builders.aws_policy.authorize import Caller, Guarded, authorize
from scanner.builders.aws_policy.condition import ELSE, Given, Values
from scanner.builders.aws_policy.decide import Request, decide
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.named import Named
from scanner.builders.aws_policy.statements import parse

ACTIONS = ["bedrock:InvokeModel", "bedrock:InvokeAgent", "s3:GetObject"]
RESOURCES = [
    "arn:aws:bedrock:us-east-1::foundation-model/a",
    "arn:aws:s3:::weights/ana/x",
    "arn:aws:s3:::weights/bob/x",
]
SCOPES = ["*", "arn:aws:s3:::weights/*", "arn:aws:s3:::weights/${aws:username}/*"]
KEYS = {
    "aws:username": ["ana", "Ana", "bob"],
    "aws:TagKeys": ["team", "cost"],
    "aws:SourceIp": ["10.0.0.7", "203.0.113.9", "2001:db8::1"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2027-06-01T12:00:00Z"],
    "s3:max-keys": ["5", "10", "50"],
    "aws:SecureTransport": ["true", "false"],
    "aws:PrincipalArn": ["arn:aws:iam::111122223333:role/app", "arn:aws:iam::444455556666:user/ana"],
}
OPERATORS = {
    "aws:username": ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase",
                     "StringNotLikeIfExists"],
    "aws:TagKeys": [
        "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals", "StringEquals",
        "ForAllValues:StringNotEquals", "StringNotEquals",
    ],
    "aws:SourceIp": ["IpAddress", "NotIpAddress", "IpAddressIfExists"],
    "aws:CurrentTime": ["DateLessThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals"],
    "s3:max-keys": ["NumericLessThanEquals", "NumericGreaterThan", "NumericEquals", "NumericNotEquals"],
    "aws:SecureTransport": ["Bool", "BoolIfExists", "Null"],
    "aws:PrincipalArn": ["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEqualsIfExists"],
}  # fmt: skip
WANTED = {
    "aws:username": ["ana", "b*", "${aws:username}"],
    "aws:TagKeys": ["team", "c?st"],
    "aws:SourceIp": ["10.0.0.0/8", "203.0.113.9/32", "2001:db8::/32"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2027-01-01"],
    "s3:max-keys": ["10", "5.0"],
    "aws:SecureTransport": ["true", "false"],
    "aws:PrincipalArn": ["arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:user/ana"],
}


@st.composite
def conditions(draw):
    key = draw(st.sampled_from(sorted(KEYS)))
    operator = draw(st.sampled_from(OPERATORS[key]))
    return {operator: {key: draw(st.lists(st.sampled_from(WANTED[key]), min_size=1, max_size=2, unique=True))}}


def statements(effect=("Allow", "Deny")):
    body = {
        "Effect": st.sampled_from(effect),
        "Action": st.sampled_from([*ACTIONS, "*", "bedrock:*", "S3:get*"]),
        "Resource": st.sampled_from(
            [*RESOURCES, "*", "arn:aws:s3:::weights/*", "arn:aws:s3:::weights/${aws:username}/*"]
        ),
    }
    return st.fixed_dictionaries(body, optional={"Condition": conditions()})


documents = st.lists(statements(), min_size=1, max_size=4)
requests = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))


def _some(key):
    return st.lists(st.sampled_from(KEYS[key]), min_size=1, max_size=2 if key == "aws:TagKeys" else 1, unique=True)


contexts = st.fixed_dictionaries({}, optional={key: _some(key) for key in KEYS})


def ours(document, request, context, unknown=()):
    facts = {key.lower(): Values(tuple(values)) for key, values in context.items()} | {ELSE: Given.ABSENT}
    facts |= {key.lower(): Given.UNKNOWN for key in unknown}
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": document}), "p", None)
    return decide([policy], Request(request[0], (request[1],), facts)).truth


def plain(document, request, context):
    """The documented rules as a few lines, on a request of which everything is known."""
    effects = {one["Effect"] for one in document if _speaks(one, request, context)}
    return "Allow" in effects and "Deny" not in effects


def _speaks(one, request, context):
    return (
        _like(one["Action"].lower(), request[0].lower())
        and _like(_filled(one["Resource"], context), request[1])
        and all(
            _holds(operator, context.get(key), values, context)
            for operator, keys in one.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _filled(text, context):
    name = context.get("aws:username")
    return text.replace("${aws:username}", name[0] if name else "\0")


def _like(pattern, text):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _holds(operator, have, wanted, context):
    quantifier, _, rest = operator.rpartition(":")
    base = rest.removesuffix("IfExists")
    if base == "Null":
        return (have is None) == (wanted[0] == "true") and len(wanted) == 1
    negative = "Not" in base
    if have is None:
        return rest.endswith("IfExists") or quantifier == "ForAllValues" or (negative and not quantifier)
    each = [
        any(_meets(base.replace("Not", ""), value, _filled(w, context)) for w in wanted) != negative for value in have
    ]
    return all(each) if quantifier == "ForAllValues" or (negative and not quantifier) else any(each)


def _meets(base, have, wanted):
    if base in ("StringLike", "ArnLike", "ArnEquals"):
        return _like(wanted, have)
    if base == "StringEqualsIgnoreCase" or base == "Bool":
        return have.lower() == wanted.lower()
    if base == "IpAddress":
        network = ip_network(wanted)
        return network.version == ip_address(have).version and ip_address(have) in network
    if base.startswith(("Date", "Numeric")):
        return _compares(
            base.removeprefix("Date").removeprefix("Numeric"), *(_scale(base, one) for one in (have, wanted))
        )
    return have == wanted


def _scale(base, text):
    return float(text) if base.startswith("Numeric") else datetime.fromisoformat(text[:10]).toordinal() + _hours(text)


def _hours(text):
    return int(text[11:13] or 0) / 24


def _compares(rest, have, wanted):
    return {"Equals": have == wanted, "LessThan": have < wanted, "LessThanEquals": have <= wanted,
            "GreaterThan": have > wanted, "GreaterThanEquals": have >= wanted}[rest]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(documents, requests, contexts)
def test_a_known_request_gets_the_answer_of_the_plain_evaluator(document, request, context):
    wanted_null = [
        one for one in document if len(one.get("Condition", {}).get("Null", {}).get("aws:SecureTransport", [])) > 1
    ]
    if not wanted_null:
        assert ours(document, request, context) is (Truth.YES if plain(document, request, context) else Truth.NO)


@settings(max_examples=200, deadline=None)
@given(documents, statements(["Allow"]), requests, contexts, st.sets(st.sampled_from(sorted(KEYS))))
def test_one_more_allow_takes_nothing_away(document, more, request, context, unknown):
    assert ours([*document, more], request, context, unknown) >= ours(document, request, context, unknown)


@settings(max_examples=200, deadline=None)
@given(documents, statements(["Deny"]), requests, contexts, st.sets(st.sampled_from(sorted(KEYS))))
def test_one_more_deny_opens_nothing(document, more, request, context, unknown):
    assert ours([*document, more], request, context, unknown) <= ours(document, request, context, unknown)


def test_a_variable_whose_key_is_not_known_may_be_anything():
    document = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::weights/${aws:username}/*"}]
    request = ("s3:GetObject", "arn:aws:s3:::weights/bob/x")
    assert ours(document, request, {}, ["aws:username"]) is Truth.POSSIBLE
    assert ours(document, request, {}) is Truth.NO
    assert ours(document, request, {"aws:username": ["bob"]}) is Truth.YES


@settings(max_examples=400, deadline=None)
@given(documents, requests, contexts, contexts, st.sets(st.sampled_from(sorted(KEYS)), min_size=1))
def test_a_definite_answer_stays_when_the_unknown_is_told(document, request, context, told, unknown):
    before = ours(document, request, context, unknown)
    rest = {key: values for key, values in context.items() if key not in unknown}
    after = ours(document, request, rest | {key: told[key] for key in unknown if key in told})
    assert before in (Truth.POSSIBLE, after)


ROLE = "arn:aws:iam::111122223333:role/app"
USER = "arn:aws:iam::111122223333:user/ana"
SESSION = "arn:aws:sts::111122223333:assumed-role/app/one"
BUCKET = "arn:aws:s3:::weights/ana/x"


def policy(*body, **more):
    listed = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", **one} for one in (body or ({},))]
    return parse(json.dumps({"Version": "2012-10-17", "Statement": listed, **more}), "p", None)


EMPTY = parse('{"Statement": []}', "p", None)
NOT_S3 = policy({"Action": "ec2:*"})
OWN, OTHER = "111122223333", "444455556666"


def named(arn, role=""):
    return Named(arn, role, arn.split(":")[4])


@pytest.mark.parametrize(
    ("caller", "guarded", "truth"),
    [
        (Caller(named(ROLE), (policy(),)), Guarded(OWN), Truth.YES),
        (Caller(named(ROLE), (policy(),)), Guarded(OTHER), Truth.NO),
        (Caller(named(ROLE), (policy(),)), Guarded(OTHER, policy({"Principal": {"AWS": OWN}})), Truth.YES),
        (Caller(named(ROLE)), Guarded(OTHER, policy({"Principal": {"AWS": ROLE}})), Truth.NO),
        (Caller(named(ROLE)), Guarded(OWN, policy({"Principal": {"AWS": ROLE}})), Truth.YES),
        (Caller(named(ROLE)), Guarded(OWN, policy({"Principal": {"AWS": OWN}})), Truth.NO),
        # What a boundary does not allow: a user or a session that is named gets past it, a role does not.
        (Caller(named(ROLE), boundary=NOT_S3), Guarded(OWN, policy({"Principal": {"AWS": ROLE}})), Truth.NO),
        (Caller(named(USER), boundary=NOT_S3), Guarded(OWN, policy({"Principal": {"AWS": USER}})), Truth.YES),
        (
            Caller(named(SESSION, ROLE), boundary=NOT_S3),
            Guarded(OWN, policy({"Principal": {"AWS": SESSION}})),
            Truth.YES,
        ),
        (Caller(named(SESSION, ROLE), boundary=NOT_S3), Guarded(OWN, policy({"Principal": {"AWS": ROLE}})), Truth.NO),
        (Caller(named(SESSION, ROLE), (policy(),), session=(EMPTY,)), Guarded(OWN), Truth.NO),
        (Caller(named(SESSION, ROLE), (policy(),), session=(policy(),)), Guarded(OWN), Truth.YES),
        # Every level of the organisation has to allow, and none may deny.
        (Caller(named(ROLE), (policy(),), levels=((policy(),), (policy(),))), Guarded(OWN), Truth.YES),
        (Caller(named(ROLE), (policy(),), levels=((policy(),), (NOT_S3,))), Guarded(OWN), Truth.NO),
        (Caller(named(ROLE), (policy(),), levels=((policy({}, {"Effect": "Deny"}),),)), Guarded(OWN), Truth.NO),
        (Caller(named(ROLE), (policy(),)), Guarded(OWN, levels=((policy({}, {"Effect": "Deny"}),),)), Truth.NO),
        # A Deny with NotPrincipal stops everybody but those it lists.
        (
            Caller(named(ROLE), (policy(),)),
            Guarded(OWN, policy({"Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, OWN]}})),
            Truth.YES,
        ),
        (
            Caller(named(USER), (policy(),)),
            Guarded(OWN, policy({"Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, OWN]}})),
            Truth.NO,
        ),
    ],
)
def test_identity_resource_boundary_session_and_organisation(caller, guarded, truth):
    assert authorize(caller, Request("s3:GetObject", (BUCKET,), {}), guarded).truth is truth


@pytest.mark.parametrize(("principal", "truth"), [(OWN, Truth.YES), (USER, Truth.NO), (ROLE, Truth.YES)])
def test_a_key_policy_lets_nobody_in_by_silence(principal, truth):
    caller = Caller(named(ROLE), (policy({"Action": "kms:*"}),))
    guarded = Guarded(OWN, policy({"Action": "kms:*", "Principal": {"AWS": principal}}))
    key = Request("kms:Decrypt", ("arn:aws:kms:us-east-1:111122223333:key/k",), {})
    assert authorize(caller, key, guarded).truth is truth


@pytest.mark.parametrize(
    ("resource", "known", "truth"),
    [
        ("arn:aws:s3:::weights/${aws:username}/*", ("ana",), Truth.YES),
        ("arn:aws:s3:::weights/${aws:username}/*", ("bob",), Truth.NO),
        ("arn:aws:s3:::weights/${aws:username}/*", ("*",), Truth.NO),
        ("arn:aws:s3:::weights/${aws:username}/*", None, Truth.NO),
        ("arn:aws:s3:::weights/${aws:username, 'ana'}/*", None, Truth.YES),
        ("arn:aws:s3:::weights/${aws:username, 'bob'}/*", None, Truth.NO),
        ("arn:aws:s3:::weights/${nobody:knows}/*", ("ana",), Truth.POSSIBLE),
    ],
)
def test_variables(resource, known, truth):
    facts = {"aws:username": Given.ABSENT if known is None else Values(known)}
    document = [{"Effect": "Allow", "Action": "*", "Resource": resource}]
    held = parse(json.dumps({"Version": "2012-10-17", "Statement": document}), "p", None)
    assert decide([held], Request("s3:GetObject", (BUCKET,), facts)).truth is truth
    old = parse(json.dumps({"Version": "2008-10-17", "Statement": document}), "p", None)
    assert decide([old], Request("s3:GetObject", (BUCKET,), facts)).truth is Truth.NO


def test_an_operator_that_nobody_knows_decides_nothing():
    document = [
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"MoonPhase": {"aws:username": "full"}}}
    ]
    assert ours(document, ("s3:GetObject", BUCKET), {"aws:username": ["full"]}) is Truth.POSSIBLE


def test_binary_values_are_compared_decoded():
    document = [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"BinaryEquals": {"k:b": "QmluYXJ5"}}}]
    assert ours(document, ("s3:GetObject", BUCKET), {"k:b": ["QmluYXJ5"]}) is Truth.YES
    assert ours(document, ("s3:GetObject", BUCKET), {"k:b": ["QmluYXJ6"]}) is Truth.NO
