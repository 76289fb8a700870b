"""What an organisation leaves of an account: allow-lists, levels, types not enabled, the management account."""

from __future__ import annotations

import json

import pytest

from scanner.builders.aws_identity.organisation import organisation
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Provider, Resource
from tests.builders.identity_world import allow, build, deny, statements
from tests.builders.identity_world import role as hcl_role
from tests.bundle.estate import full, write
from tests.harness import run

MANAGEMENT, MEMBER = "999900001111", "111122223333"
SERVICE, RESOURCE = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL = {SERVICE: "p-FullAWSAccess", RESOURCE: "p-RCPFullAWSAccess"}
MODELS = "bedrock/models"


def policy(action, effect="Allow", **more):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*", **more}]}
    )


def thing(address, mode="managed", **attributes):
    kind, _, name = address.partition(".")
    return {
        "mode": mode,
        "type": kind,
        "name": name,
        "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
        "instances": [{"schema_version": 0, "attributes": attributes}],
    }


def role(name, action, trust, account=MEMBER):
    document = policy(action)
    return [
        thing(f"aws_iam_role.{name}", name=name, arn=f"arn:aws:iam::{account}:role/{name}", assume_role_policy=trust,
              tags=None),
        thing(f"aws_iam_role_policy.{name}", role=name, name=name, policy=document),
    ]  # fmt: skip


def listing(name, target, ids, kind=SERVICE):
    return thing(f"aws_organizations_policies_for_target.{name}", "data", target_id=target, filter=kind, ids=ids)


def control(name, document, kind=SERVICE):
    arn = f"arn:aws:organizations::{MANAGEMENT}:policy/o-1/x/p-{name}"
    return thing(f"aws_organizations_policy.{name}", id=f"p-{name}", arn=arn, type=kind, content=document)


def attached(name, target):
    return thing(f"aws_organizations_policy_attachment.{name}", policy_id=f"p-{name}", target_id=target)


NOBODY = policy("sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
ACCOUNT = policy("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{MEMBER}:root"})
ORGANISATION = thing(
    "aws_organizations_organization.o",
    master_account_id=MANAGEMENT,
    enabled_policy_types=[SERVICE, RESOURCE],
    roots=[{"id": "r-abcd"}],
)
TREE = [
    thing("aws_organizations_organizational_unit.work", id="ou-abcd-work", parent_id="r-abcd"),
    thing("aws_organizations_organizational_unit.other", id="ou-abcd-other", parent_id="r-abcd"),
    thing("aws_organizations_account.member", id=MEMBER, parent_id="ou-abcd-work"),
]
GUARDRAIL = thing("aws_bedrock_guardrail.g", name="g", guardrail_id="abcdefghijkl")
ASSUMED = 'assume_role {\n role_arn = "arn:aws:iam::${aws_organizations_account.a.id}:role/deploy"\n}'
APP = role("app", "bedrock:InvokeModel", NOBODY)


def graph(folder, *parts):
    resources = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    state = {"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x", "resources": resources}
    path = folder / "terraform.tfstate"
    path.write_text(json.dumps(state))
    code, out, err = run("graph", "--state", str(path), "--format", "json")
    assert code == 0, err
    return {
        (e["source"], e["target"], e["verb"]): e["state"] for e in json.loads(out)["edges"] if e["plane"] == "identity"
    }


def invokes(folder, *parts, who="app"):
    found = graph(folder, GUARDRAIL, *parts)
    return next((s for (a, b, v), s in found.items() if a.endswith(f"role.{who}") and v == "invoke"), None)


def test_without_an_organisation_the_role_invokes(tmp_path):
    assert invokes(tmp_path, APP) == "open"


@pytest.mark.parametrize(
    ("target", "ids", "found"),
    [
        # FullAWSAccess is gone, and the list allows something else.
        ("r-abcd", ["p-storage"], None),
        ("ou-abcd-work", ["p-storage"], None),
        (MEMBER, ["p-storage"], None),
        # The list allows it, or one beside it does, or FullAWSAccess is still there.
        (MEMBER, ["p-models"], "open"),
        (MEMBER, ["p-storage", "p-models"], "open"),
        (MEMBER, ["p-FullAWSAccess", "p-storage"], "open"),
        # Over another account or unit it narrows nothing here.
        ("444455556666", ["p-storage"], "open"),
        ("ou-abcd-other", ["p-storage"], "open"),
        # Nobody knows what is listed, or what the listed policy says.
        (MEMBER, None, "open"),
        (MEMBER, [], "open"),
        (MEMBER, ["p-unseen"], "possible"),
    ],
)
def test_an_allow_list_narrows_what_a_role_may(tmp_path, target, ids, found):
    policies = [control("storage", policy("s3:*")), control("models", policy("bedrock:*"))]
    assert invokes(tmp_path, APP, ORGANISATION, TREE, policies, listing("x", target, ids)) == found


def test_every_level_has_to_allow(tmp_path):
    policies = [control("storage", policy("s3:*")), control("models", policy("bedrock:*"))]
    levels = [listing("root", "r-abcd", ["p-models"]), listing("unit", "ou-abcd-work", ["p-storage"])]
    assert invokes(tmp_path, APP, ORGANISATION, TREE, policies, levels) is None


def test_an_attachment_alone_leaves_full_access_beside_it(tmp_path):
    parts = (control("storage", policy("s3:*")), attached("storage", MEMBER))
    assert invokes(tmp_path, APP, ORGANISATION, TREE, *parts) == "open"


def test_the_management_account_is_exempt(tmp_path):
    lists = (control("storage", policy("s3:*")), listing("x", "r-abcd", ["p-storage"]))
    denies = (control("none", policy("bedrock:*", "Deny")), attached("none", "r-abcd"))
    parts = (role("app", "bedrock:InvokeModel", NOBODY, MANAGEMENT), ORGANISATION, TREE, *lists, *denies)
    assert invokes(tmp_path, *parts) == "open"
    assert invokes(tmp_path, APP, *parts[1:]) is None


@pytest.mark.parametrize(
    ("target", "found"),
    [("r-abcd", None), ("ou-abcd-work", None), (MEMBER, None), ("ou-abcd-other", "open"), ("444455556666", "open"),
     (None, "possible")],
)  # fmt: skip
def test_a_deny_holds_below_its_target(tmp_path, target, found):
    parts = (control("none", policy("bedrock:*", "Deny")), attached("none", target))
    assert invokes(tmp_path, APP, ORGANISATION, TREE, *parts) == found


def test_a_unit_of_which_nobody_knows_what_hangs_below_it(tmp_path):
    parts = (control("none", policy("bedrock:*", "Deny")), attached("none", "ou-abcd-work"))
    assert invokes(tmp_path, APP, ORGANISATION, *parts) == "possible"


def test_a_type_of_policy_that_is_not_enabled_closes_nothing(tmp_path):
    off = thing("aws_organizations_organization.o", master_account_id=MANAGEMENT, enabled_policy_types=[],
                roots=[{"id": "r-abcd"}])  # fmt: skip
    parts = (control("none", policy("bedrock:*", "Deny")), attached("none", "r-abcd"))
    lists = (control("storage", policy("s3:*")), listing("x", "r-abcd", ["p-storage"]))
    assert invokes(tmp_path, APP, off, TREE, *parts) == "possible"
    assert invokes(tmp_path, APP, off, TREE, *lists) == "open"


@pytest.mark.parametrize(
    ("ids", "found"),
    [(["p-storage"], None), (["p-tokens"], "open"), (["p-RCPFullAWSAccess", "p-storage"], "open"), (None, "open")],
)
def test_a_resource_control_policy_narrows_what_is_done_with_a_role(tmp_path, ids, found):
    policies = [
        control("storage", policy("s3:*", Principal="*"), RESOURCE),
        control("tokens", policy("sts:*", Principal="*"), RESOURCE),
    ]
    people = [*role("app", "bedrock:InvokeModel", ACCOUNT), *role("dev", "sts:AssumeRole", NOBODY)]
    parts = (people, ORGANISATION, TREE, policies, listing("x", MEMBER, ids, RESOURCE))
    edges = graph(tmp_path, GUARDRAIL, *parts)
    become = [
        s for (a, b, v), s in edges.items() if v == "become" and a.endswith("role.dev") and b.endswith("role.app")
    ]
    assert become == ([found] if found else [])
    # Bedrock is not among the services that such policies speak of.
    assert any(v == "invoke" and a.endswith("role.app") for (a, _, v) in edges)


def test_a_plan_that_detaches_full_access_leaves_the_list(tmp_path):
    provider = Provider("aws", "hashicorp/aws", "provider.aws.org", Attrs({"profile": "management"}), None)
    ours = Provider("aws", "hashicorp/aws", "provider.aws", Attrs({"allowed_account_ids": [MEMBER]}), None)

    def made(address, by, deleted=False, **attrs):
        kind, _, name = address.partition(".")
        return Resource(address, "main", kind, name, Attrs(attrs), FileOrigin("main.tf", 1), "plan", provider=by,
                        deleted=deleted)  # fmt: skip

    member = made("aws_iam_role.app", ours, name="app")
    storage = made("aws_organizations_policy.storage", provider, id="p-storage", content=policy("s3:*"))
    new = made("aws_organizations_policy_attachment.new", provider, policy_id="p-storage", target_id=MEMBER)
    gone = made("aws_organizations_policy_attachment.full", provider, True, policy_id=FULL[SERVICE], target_id=MEMBER)
    found = organisation(World(Inventory([member, storage, new, gone]), Profile()), member)
    assert [[each.name for each in level] for level in found.levels] == [["aws_organizations_policy.storage"]]
    assert not organisation(World(Inventory([member, storage, new]), Profile()), member).levels


@pytest.mark.parametrize(
    ("unit", "provider", "found"),
    [
        ("work", ASSUMED, None),
        ("other", ASSUMED, "open"),
        ("work", "allowed_account_ids = [aws_organizations_account.a.id]", None),
        ("work", "profile = \"somewhere\"", "possible"),
    ],
)  # fmt: skip
def test_the_account_of_a_provider_hangs_where_its_resource_says(tmp_path, unit, provider, found):
    text = f"""
provider "aws" {{
  region = "us-east-1"
  {provider}
}}
provider "aws" {{
  alias   = "org"
  profile = "management"
}}
resource "aws_organizations_organizational_unit" "work" {{
  provider  = aws.org
  name      = "work"
  parent_id = "r-abcd"
}}
resource "aws_organizations_organizational_unit" "other" {{
  provider  = aws.org
  name      = "other"
  parent_id = "r-abcd"
}}
resource "aws_organizations_account" "a" {{
  provider  = aws.org
  name      = "a"
  email     = "a@example.com"
  parent_id = aws_organizations_organizational_unit.{unit}.id
}}
resource "aws_organizations_policy" "none" {{
  provider = aws.org
  name     = "none"
  content  = jsonencode({statements(deny('"bedrock:*"'))})
}}
resource "aws_organizations_policy_attachment" "none" {{
  provider  = aws.org
  policy_id = aws_organizations_policy.none.id
  target_id = aws_organizations_organizational_unit.work.id
}}
"""
    built = build(tmp_path, {"main.tf": text + hcl_role("app", statements(allow('"bedrock:InvokeModel"')))})
    edge = built.edge("aws_iam_role.app", MODELS)
    assert (edge.state if edge else None) == found


def recorded(folder, **outcomes):
    """The edges of a recorded account under an allow-list that is attached to it alone; outcomes: by operation."""
    listed, mine = {"Id": "p-list", "Name": "list", "Type": SERVICE, "AwsManaged": False}, "organizations:"
    mine_arn = f"arn:aws-us-gov:organizations::{MANAGEMENT}:"
    full_access = {"Id": FULL[SERVICE], "Name": "FullAWSAccess", "Type": SERVICE, "AwsManaged": True}
    app = {
        "Arn": f"arn:aws-us-gov:iam::{MEMBER}:role/app",
        "RoleName": "app",
        "Path": "/",
        "AssumeRolePolicyDocument": json.loads(NOBODY),
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": json.loads(policy("bedrock:InvokeModel"))}],
        "AttachedManagedPolicies": [],
        "InstanceProfileList": [],
        "Tags": [],
    }
    answers = {
        ("iam:GetAccountAuthorizationDetails", ""): {"RoleDetailList": [app]},
        (f"{mine}DescribeOrganization", ""): {
            "Organization": {"Id": "o-1", "Arn": f"{mine_arn}organization/o-1", "MasterAccountId": MANAGEMENT}
        },
        (f"{mine}ListRoots", ""): {
            "Roots": [{"Id": "r-abcd", "PolicyTypes": [{"Type": SERVICE, "Status": "ENABLED"}]}]
        },
        (f"{mine}ListAccounts", ""): {
            "Accounts": [{"Id": MEMBER, "Arn": f"{mine_arn}account/o-1/{MEMBER}", "Name": "a", "Status": "ACTIVE"}]
        },
        (f"{mine}ListParents", MEMBER): {"Parents": [{"Id": "r-abcd", "Type": "ROOT"}]},
        (f"{mine}ListPolicies", SERVICE): {"Policies": [full_access, listed]},
        (f"{mine}DescribePolicy", "p-list"): {
            "Policy": {
                "PolicySummary": {**listed, "Arn": f"{mine_arn}policy/o-1/service_control_policy/p-list"},
                "Content": policy("s3:*"),
            }
        },
        (f"{mine}ListTargetsForPolicy", FULL[SERVICE]): {"Targets": [{"TargetId": "r-abcd", "Type": "ROOT"}]},
        (f"{mine}ListTargetsForPolicy", "p-list"): {"Targets": [{"TargetId": MEMBER, "Type": "ACCOUNT"}]},
        ("bedrock:ListGuardrails", ""): {
            "guardrails": [{"id": "abcdefghijkl", "arn": f"arn:aws-us-gov:bedrock:us-gov-west-1:{MEMBER}:guardrail/a",
                            "name": "g", "status": "READY", "version": "DRAFT"}]
        },
    }  # fmt: skip
    for key, value in list(answers.items()):
        answers[key] = outcomes.get(key[0].partition(":")[2], value)
    path = write(folder / "account.bundle", full(answers))
    _, out, _ = run("graph", "--bundle", str(path), "--plane", "identity", "--format", "json")
    return [e["state"] for e in json.loads(out)["edges"] if e["source"].endswith("role/app") and e["verb"] == "invoke"]


@pytest.mark.parametrize(
    ("denied", "found"),
    [
        (None, []),
        # What is not answered closes nothing: the list, what it says, whether such policies are in force.
        ("ListPolicies", ["possible"]),
        ("ListTargetsForPolicy", ["open"]),
        ("DescribePolicy", ["possible"]),
        ("ListRoots", ["possible"]),
        ("DescribeOrganization", ["possible"]),
    ],
)
def test_a_recorded_organisation_narrows_as_far_as_it_was_answered(tmp_path, denied, found):
    assert recorded(tmp_path, **({} if denied is None else {denied: "denied"})) == found
