"""What AWS documents of the evaluation of policies, case by case: operators, sets, variables, principals, limits.

Source: the IAM user guide ("Condition operators", "Multivalued context keys", "Variables and tags", "Policy evaluation
logic", "Permissions boundaries", "AWS JSON policy elements"), the KMS developer guide ("Key policies"), and the AWS
Organizations user guide ("SCP evaluation", "RCP evaluation").
"""

# ruff: noqa: E501
from __future__ import annotations

import json

import pytest

from scanner.builders.aws_policy.authorize import Caller, Guarded, authorize
from scanner.builders.aws_policy.condition import ELSE, Given, Values
from scanner.builders.aws_policy.decide import Request
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.named import Named
from scanner.builders.aws_policy.statements import parse
from tests.builders.identity_world import allow as hcl_allow
from tests.builders.identity_world import build, role, statements

Y, N, P = Truth.YES, Truth.NO, Truth.POSSIBLE
ACC, OTHER = "111122223333", "444455556666"
USER = Named(f"arn:aws:iam::{ACC}:user/u", account=ACC)
ROLE = Named(f"arn:aws:iam::{ACC}:role/r", account=ACC)
SESS = Named(f"arn:aws:sts::{ACC}:assumed-role/r/s", role=f"arn:aws:iam::{ACC}:role/r", account=ACC)
CASES: list[tuple[str, Truth, dict]] = []


def ask(name, want, ident=None, **more):
    CASES.append((name, want, {"ident": ident, **more}))


def cond(name, want, condition, **facts):
    ask(name, want, [al(Condition=condition)], **facts)


def doc(*some):
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(some)}), "p", None)


def al(a="s3:*", r="*", **more):
    return {"Effect": "Allow", "Action": a, "Resource": r, **more}


def de(a="s3:*", r="*", **more):
    return {"Effect": "Deny", "Action": a, "Resource": r, **more}


def C(op, key, value):
    return {op: {key: value}}


def RB(who, **more):
    return [{"Effect": "Allow", "Principal": who, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", **more}]


def NP(effect, who):
    return [{"Effect": effect, "NotPrincipal": who, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}]


def KR(who, **more):
    return [{"Effect": "Allow", "Principal": who, "Action": "kms:*", "Resource": "*", **more}]


def TR(who):
    return [{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole", "Resource": "*"}]


def lev(*some):
    return tuple((doc(*one),) for one in some)


def answered(ident=None, who=ROLE, action="s3:GetObject", target="arn:aws:s3:::b/k", res=None, owner="", boundary=None,
             session=None, levels=(), rlevels=(), **facts):  # fmt: skip
    """What the evaluator says of one request; keys of the request write `__` for `:` and `_S_` for `/`."""
    given = {ELSE: Given.ABSENT}
    for key, value in facts.items():
        name = key.replace("__", ":").replace("_S_", "/").lower()
        given[name] = Values((value,)) if isinstance(value, str) else Values(tuple(value))
    limit = None if boundary is None else doc(*boundary)
    narrowed = None if session is None else (doc(*session),)
    caller = Caller(who, () if ident is None else (doc(*ident),), limit, narrowed, levels)
    guarded = Guarded(owner, None if res is None else doc(*res), levels=rlevels)
    return authorize(caller, Request(action, (target,), given), guarded).truth


# fmt: off
cond("eq case sens",N,C("StringEquals","aws:username","Bob"),aws__username="bob")
cond("eq ic",Y,C("StringEqualsIgnoreCase","aws:username","Bob"),aws__username="bob")
cond("neq ic",N,C("StringNotEqualsIgnoreCase","aws:username","Bob"),aws__username="bob")
cond("neq absent",Y,C("StringNotEquals","x:y","a"))
cond("eq absent",N,C("StringEquals","x:y","a"))
cond("like ?",Y,C("StringLike","x:y","a?c"),x__y="abc")
cond("like case",N,C("StringLike","x:y","A*"),x__y="abc")
cond("multi OR",Y,C("StringEquals","x:y",["a","b"]),x__y="b")
cond("notequals multi NOR",N,C("StringNotEquals","x:y",["a","b"]),x__y="b")
cond("notequals multi NOR2",Y,C("StringNotEquals","x:y",["a","b"]),x__y="c")
cond("two keys AND",N,{"StringEquals":{"x:y":"a","x:z":"b"}},x__y="a",x__z="c")
cond("two ops AND",N,{"StringEquals":{"x:y":"a"},"Bool":{"x:z":"true"}},x__y="a",x__z="false")
cond("key case",Y,C("StringEquals","AWS:UserName","bob"),aws__username="bob")
cond("fav empty",N,C("ForAnyValue:StringEquals","aws:TagKeys",["a"]))
cond("fall empty",Y,C("ForAllValues:StringEquals","aws:TagKeys",["a"]))
cond("fall null false combined",N,{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]},"Null":{"aws:TagKeys":"false"}})
cond("fav multi",Y,C("ForAnyValue:StringEquals","aws:TagKeys",["a"]),aws__tagkeys=["b","a"])
cond("fall multi no",N,C("ForAllValues:StringEquals","aws:TagKeys",["a"]),aws__tagkeys=["b","a"])
cond("fall multi yes",Y,C("ForAllValues:StringEquals","aws:TagKeys",["a","b"]),aws__tagkeys=["b","a"])
cond("fall not",Y,C("ForAllValues:StringNotEquals","aws:TagKeys",["c"]),aws__tagkeys=["b","a"])
cond("fall not no",N,C("ForAllValues:StringNotEquals","aws:TagKeys",["a"]),aws__tagkeys=["b","a"])
cond("fav not",Y,C("ForAnyValue:StringNotEquals","aws:TagKeys",["a"]),aws__tagkeys=["b","a"])
cond("fav not no",N,C("ForAnyValue:StringNotEquals","aws:TagKeys",["a","b"]),aws__tagkeys=["b","a"])
cond("fav not absent",N,C("ForAnyValue:StringNotEquals","aws:TagKeys",["a"]))
cond("fall present-empty",Y,C("ForAllValues:StringEquals","aws:TagKeys",["a"]),aws__tagkeys=[])
cond("fav present-empty",N,C("ForAnyValue:StringEquals","aws:TagKeys",["a"]),aws__tagkeys=[])
cond("quant IfExists",Y,C("ForAnyValue:StringEqualsIfExists","aws:TagKeys",["a"]))
cond("quant case",N,C("foranyvalue:stringequals","aws:TagKeys",["a"]))
cond("ifexists absent",Y,C("StringEqualsIfExists","x:y","a"))
cond("ifexists no",N,C("StringEqualsIfExists","x:y","a"),x__y="b")
cond("bool ifexists",Y,C("BoolIfExists","aws:MultiFactorAuthPresent","true"))
cond("bool absent",N,C("Bool","aws:MultiFactorAuthPresent","false"))
cond("bool",Y,C("Bool","aws:SecureTransport","true"),aws__securetransport="true")
cond("bool json",Y,C("Bool","aws:SecureTransport",True),aws__securetransport="true")
cond("bool garbage",N,C("Bool","aws:SecureTransport","yes"),aws__securetransport="true")
cond("null true absent",Y,C("Null","x:y","true"))
cond("null true present",N,C("Null","x:y","true"),x__y="a")
cond("null false present",Y,C("Null","x:y","false"),x__y="a")
cond("null bool json",Y,C("Null","x:y",True))
cond("null list both",Y,C("Null","x:y",["true","false"]),x__y="a")
cond("num lt",Y,C("NumericLessThan","x:y","10"),x__y="9")
cond("num lte",Y,C("NumericLessThanEquals","x:y",10),x__y="10")
cond("num gt string",N,C("NumericGreaterThan","x:y","10"),x__y="9")
cond("num ne",Y,C("NumericNotEquals","x:y","10"),x__y="9")
cond("date",Y,C("DateGreaterThan","aws:CurrentTime","2020-01-01T00:00:00Z"),aws__currenttime="2021-01-01T00:00:00Z")
cond("date lt",N,C("DateLessThan","aws:CurrentTime","2020-01-01T00:00:00Z"),aws__currenttime="2021-01-01T00:00:00Z")
cond("date epoch",Y,C("DateLessThan","aws:EpochTime","1700000000"),aws__epochtime="1600000000")
cond("ip",Y,C("IpAddress","aws:SourceIp","203.0.113.0/24"),aws__sourceip="203.0.113.9")
cond("ip single",Y,C("IpAddress","aws:SourceIp","203.0.113.9"),aws__sourceip="203.0.113.9")
cond("ip not",N,C("NotIpAddress","aws:SourceIp","203.0.113.0/24"),aws__sourceip="203.0.113.9")
cond("ip not absent",Y,C("NotIpAddress","aws:SourceIp","203.0.113.0/24"))
cond("ip absent",N,C("IpAddress","aws:SourceIp","0.0.0.0/0"))
cond("ip6",Y,C("IpAddress","aws:SourceIp",["203.0.113.0/24","2001:db8::/32"]),aws__sourceip="2001:db8::1")
cond("ip not multi",N,C("NotIpAddress","aws:SourceIp",["203.0.113.0/24","198.51.100.0/24"]),aws__sourceip="198.51.100.7")
cond("arnlike",Y,C("ArnLike","aws:SourceArn","arn:aws:sns:*:*:t"),aws__sourcearn="arn:aws:sns:eu-west-1:1:t")
cond("arnlike with parts left out",P,C("ArnLike","aws:SourceArn","arn:aws:sns:*:t"),aws__sourcearn="arn:aws:sns:eu-west-1:1:t")
cond("arnequals wild",Y,C("ArnEquals","aws:SourceArn","arn:aws:sns:*:*:t*"),aws__sourcearn="arn:aws:sns:eu-west-1:1:topic")
cond("arnnotlike",N,C("ArnNotLike","aws:SourceArn","arn:aws:sns:*:*:t*"),aws__sourcearn="arn:aws:sns:eu-west-1:1:topic")
cond("arnlike last part star colon",Y,C("ArnLike","aws:SourceArn","arn:aws:logs:*:*:log-group:*"),aws__sourcearn="arn:aws:logs:eu-west-1:1:log-group:a:log-stream:b")
cond("stringlike arn crosses",Y,C("StringLike","aws:SourceArn","arn:aws:sns:*:t"),aws__sourcearn="arn:aws:sns:eu-west-1:1:t")
cond("arnlike garbage",N,C("ArnLike","aws:SourceArn","arn:aws:sns:*:*:t"),aws__sourcearn="topic")
cond("arnlike star only",Y,C("ArnLike","aws:SourceArn","*"),aws__sourcearn="arn:aws:sns:eu-west-1:1:t")
cond("binary",Y,C("BinaryEquals","x:y","QUJD"),x__y="QUJD")
ask("var user",Y,[al(r="arn:aws:s3:::b/${aws:username}/*")],who=USER,target="arn:aws:s3:::b/u/k")
ask("var user no",N,[al(r="arn:aws:s3:::b/${aws:username}/*")],who=USER,target="arn:aws:s3:::b/v/k")
ask("var absent",N,[al(r="arn:aws:s3:::b/${x:team}/*")],target="arn:aws:s3:::b/a/k")
ask("var default",Y,[al(r="arn:aws:s3:::b/${x:team, 'all'}/*")],target="arn:aws:s3:::b/all/k")
ask("var default present",N,[al(r="arn:aws:s3:::b/${x:team, 'all'}/*")],target="arn:aws:s3:::b/all/k",x__team="z")
ask("var literal star",N,[al(r="arn:aws:s3:::b/${*}")],target="arn:aws:s3:::b/k")
ask("var literal star2",Y,[al(r="arn:aws:s3:::b/${*}")],target="arn:aws:s3:::b/*")
ask("var in cond",Y,[al(Condition=C("StringEquals","aws:ResourceTag/team","${aws:PrincipalTag/team}"))],aws__resourcetag_S_team="a", aws__principaltag_S_team="a")
ask("var in cond no",N,[al(Condition=C("StringEquals","aws:ResourceTag/team","${aws:PrincipalTag/team}"))],aws__resourcetag_S_team="a", aws__principaltag_S_team="b")
ask("var star value no wild",N,[al(r="arn:aws:s3:::b/${x:team}/*")],target="arn:aws:s3:::b/a/k",x__team="*")
ask("var neg absent",Y,[al(),de(Condition=C("StringEquals","aws:ResourceTag/team","${aws:PrincipalTag/team}"))],aws__resourcetag_S_team="a")
ask("deny notequals var absent",N,[al(),de(Condition=C("StringNotEquals","aws:ResourceTag/team","${aws:PrincipalTag/team}"))],aws__resourcetag_S_team="a")
ask("NotAction allow",N,[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}])
ask("NotAction deny",N,[al(),{"Effect":"Deny","NotAction":"ec2:*","Resource":"*"}])
ask("NotAction+NotResource deny spares",Y,[al(),{"Effect":"Deny","NotAction":"ec2:*","NotResource":["arn:aws:s3:::b/*"]}])
ask("NotAction+NotResource deny",N,[al(),{"Effect":"Deny","NotAction":"ec2:*","NotResource":["arn:aws:s3:::c/*"]}])
ask("NotAction+NotResource allow",Y,[{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::c/*"}])
ask("action ?",Y,[al(a="s3:Get?bject")])
ask("action case",Y,[al(a="S3:getobject")])
ask("resource case",N,[al(r="arn:aws:s3:::B/k")])
ask("resource ?",Y,[al(r="arn:aws:s3:::b/?")])
ask("boundary",N,[al()],boundary=[al(a="ec2:*")])
ask("boundary both",Y,[al()],boundary=[al(a="s3:Get*")])
ask("boundary deny",N,[al()],boundary=[al(),de()])
ask("res user direct",Y,None,who=USER,res=RB({"AWS":USER.arn}))
ask("res user past boundary",Y,None,who=USER,res=RB({"AWS":USER.arn}),boundary=[al(a="ec2:*")])
ask("res user boundary explicit deny",N,None,who=USER,res=RB({"AWS":USER.arn}),boundary=[al(a="ec2:*"),de()])
ask("res role within boundary",N,None,who=ROLE,res=RB({"AWS":ROLE.arn}),boundary=[al(a="ec2:*")])
ask("res role",Y,None,who=ROLE,res=RB({"AWS":ROLE.arn}))
ask("res session arn past boundary",Y,None,who=SESS,res=RB({"AWS":SESS.arn}),boundary=[al(a="ec2:*")])
ask("res session arn past session policy",Y,None,who=SESS,res=RB({"AWS":SESS.arn}),session=[al(a="ec2:*")])
ask("res role arn session policy limits",N,None,who=SESS,res=RB({"AWS":SESS.role}),session=[al(a="ec2:*")])
ask("res role arn for session",Y,None,who=SESS,res=RB({"AWS":SESS.role}))
ask("res root same account no identity",N,None,who=ROLE,res=RB({"AWS":f"arn:aws:iam::{ACC}:root"}))
ask("res acct digits no identity",N,None,who=ROLE,res=RB({"AWS":ACC}))
ask("res star same account",Y,None,who=USER,res=RB("*"))
ask("res star dict",Y,None,who=USER,res=RB({"AWS":"*"}))
ask("res star role within boundary",N,None,who=ROLE,res=RB("*"),boundary=[al(a="ec2:*")])
ask("res wildcard in arn not allowed",N,None,who=USER,res=RB({"AWS":f"arn:aws:iam::{ACC}:user/*"}))
ask("cross both",Y,[al()],owner=OTHER,res=RB({"AWS":ROLE.arn}))
ask("cross res only",N,None,owner=OTHER,res=RB({"AWS":ROLE.arn}))
ask("cross ident only",N,[al()],owner=OTHER)
ask("cross root",Y,[al()],owner=OTHER,res=RB({"AWS":f"arn:aws:iam::{ACC}:root"}))
ask("cross root other",N,[al()],owner=OTHER,res=RB({"AWS":f"arn:aws:iam::{OTHER}:root"}))
ask("cross boundary",N,[al()],owner=OTHER,res=RB({"AWS":ROLE.arn}),boundary=[al(a="ec2:*")])
ask("cross user boundary",N,[al()],who=USER,owner=OTHER,res=RB({"AWS":USER.arn}),boundary=[al(a="ec2:*")])
ask("NotPrincipal deny spares user",Y,[al()],who=USER,res=NP("Deny",{"AWS":[USER.arn,f"arn:aws:iam::{ACC}:root"]}))
ask("NotPrincipal deny hits",N,[al()],who=ROLE,res=NP("Deny",{"AWS":[USER.arn,f"arn:aws:iam::{ACC}:root"]}))
ask("NotPrincipal role only, session hit",N,[al()],who=SESS,res=NP("Deny",{"AWS":[f"arn:aws:iam::{ACC}:root"]}))
ask("deny principal root hits all",N,[al()],who=USER,res=[{"Effect":"Deny","Principal":{"AWS":f"arn:aws:iam::{ACC}:root"},"Action":"s3:*","Resource":"*"}])
ask("deny principal role hits session",N,[al()],who=SESS,res=[{"Effect":"Deny","Principal":{"AWS":SESS.role},"Action":"s3:*","Resource":"*"}])
ask("deny principal other",Y,[al()],who=USER,res=[{"Effect":"Deny","Principal":{"AWS":ROLE.arn},"Action":"s3:*","Resource":"*"}])
ask("session",N,[al()],session=[al(a="ec2:*")])
cond("principalarn role",Y,C("ArnLike","aws:PrincipalArn",f"arn:aws:iam::{ACC}:role/*"))
ask("principalarn of session is role",Y,[al(Condition=C("StringEquals","aws:PrincipalArn",f"arn:aws:iam::{ACC}:role/r"))],who=SESS)
cond("principalaccount",Y,C("StringEquals","aws:PrincipalAccount",ACC))
cond("resourceaccount",Y,C("StringEquals","aws:ResourceAccount",ACC))
cond("principaltype",Y,C("StringEquals","aws:PrincipalType","AssumedRole"))
cond("isservice",Y,C("Bool","aws:PrincipalIsAWSService","false"))
k = {"action": "kms:Decrypt", "target": f"arn:aws:kms:eu-west-1:{ACC}:key/x"}
ask("kms ident without key policy",N,[al(a="kms:*")],res=KR({"AWS":f"arn:aws:iam::{OTHER}:root"}),**k)
ask("kms root",Y,[al(a="kms:*")],res=KR({"AWS":f"arn:aws:iam::{ACC}:root"}),**k)
ask("kms root no ident",N,None,res=KR({"AWS":f"arn:aws:iam::{ACC}:root"}),**k)
ask("kms role direct",Y,None,res=KR({"AWS":ROLE.arn}),**k)
ask("kms deny",N,[al(a="kms:*")],res=[*KR({"AWS":f"arn:aws:iam::{ACC}:root"}),{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}],**k)
t = {"action": "sts:AssumeRole", "target": f"arn:aws:iam::{ACC}:role/t"}
ask("trust user same account no ident",Y,None,who=USER,res=TR({"AWS":USER.arn}),**t)
ask("trust root needs ident",N,None,who=USER,res=TR({"AWS":ACC}),**t)
ask("trust root with ident",Y,[al(a="sts:*")],who=USER,res=TR({"AWS":ACC}),**t)
ask("trust none",N,[al(a="sts:*")],who=USER,res=TR({"AWS":OTHER}),**t)
ask("trust star no ident",Y,None,who=USER,res=TR({"AWS":"*"}),**t)
ask("scp allow",Y,[al()],levels=lev([al(a="*")],[al(a="s3:*")]))
ask("scp middle misses",N,[al()],levels=lev([al(a="*")],[al(a="ec2:*")],[al(a="*")]))
ask("scp deny at root",N,[al()],levels=lev([al(a="*"),de()],[al(a="*")]))
ask("scp limits resource policy same account",N,None,who=USER,res=RB({"AWS":USER.arn}),levels=lev([al(a="ec2:*")]))
ask("rcp deny",N,[al()],rlevels=lev([al(a="*"),de()]))
ask("rcp not for ec2",Y,[al(a="ec2:*")],action="ec2:RunInstances",target="*",rlevels=lev([al(a="*"),de(a="*")]))
ask("cross + rcp",N,[al()],owner=OTHER,res=RB({"AWS":ROLE.arn}),rlevels=lev([al(a="*"),de()]))
ask("principal list star",Y,None,who=USER,res=RB({"AWS":["*"]}))
ask("federated principal not aws",N,None,who=USER,res=RB({"Federated":"*"}))
ask("service principal not user",N,None,who=USER,res=RB({"Service":"ec2.amazonaws.com"}))
ask("canonical",N,None,who=USER,res=RB({"CanonicalUser":"abc"}))
ask("unique id principal",N,None,who=USER,res=RB({"AWS":"AIDAEXAMPLE"}))
ask("requested region absent key",Y,[al(Condition=C("StringEquals","aws:RequestedRegion","eu-west-1"))],aws__requestedregion="eu-west-1")
# fmt: on


@pytest.mark.parametrize(("name", "want", "asked"), CASES, ids=[name for name, _, _ in CASES])
def test_what_aws_documents(name, want, asked):
    assert answered(**asked) is want


NOBODY = statements('{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "none.amazonaws.com" } }')
DENIED = """
resource "aws_organizations_policy" "no" {
  provider = aws.management
  name     = "no"
  content  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Action = "bedrock:*", Resource = "*" }] })
}
resource "aws_organizations_policy_attachment" "no" {
  provider  = aws.management
  policy_id = aws_organizations_policy.no.id
  target_id = "r-ab12"
}
provider "aws" {
  allowed_account_ids = ["111122223333"]
}
provider "aws" {
  alias               = "management"
  allowed_account_ids = ["999900001111"]
}
"""


def test_policies_of_an_organisation_do_not_hold_for_service_linked_roles(tmp_path):
    calls = statements(hcl_allow('"bedrock:InvokeModel"'))
    linked = role("linked", calls, NOBODY).replace(
        "name               =", 'path = "/aws-service-role/x.amazonaws.com/"\n  name ='
    )
    built = build(tmp_path, {"main.tf": DENIED + linked + role("plain", calls, NOBODY)})
    assert built.edge("aws_iam_role.linked", "bedrock/models").state == "open"
    assert built.edge("aws_iam_role.plain", "bedrock/models") is None


@pytest.mark.parametrize(
    ("more", "state"),
    [("", "possible"), ('source_account = "111122223333"', None), ('source_arn = "arn:aws:sns:us-east-1:1:t"', None)],
)
def test_a_service_that_calls_for_any_account_is_a_deputy(tmp_path, more, state):
    text = f"""
resource "aws_lambda_function" "f" {{
  function_name = "f"
  role          = "arn:aws:iam::111122223333:role/f"
}}
resource "aws_lambda_permission" "p" {{
  function_name = aws_lambda_function.f.function_name
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  {more}
}}
"""
    profile = "safety_stack: {gateways: [aws_lambda_function.f]}\n"
    edge = build(tmp_path, {"main.tf": text}, profile).edge("external/anyone-through-sns", "aws_lambda_function.f")
    assert (edge.state if edge else None) == state
