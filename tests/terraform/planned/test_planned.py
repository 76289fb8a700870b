"""Plans and states through the command line: the same answer as the source, and nothing unknown or secret told."""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Reading
from scanner.sources.read import merge
from scanner.sources.terraform import TerraformOptions, read_root, signature
from scanner.sources.terraform.planned import Root, read_state
from scanner.sources.terraform.planned.document import Document, Unusable, load
from scanner.sources.terraform.planned.plan import Plan
from scanner.unknown import Ref, Unknown
from tests.harness import AS_OF, FIXTURES, run
from tests.terraform.planned.made import plan_of, state_of

WORLDS = FIXTURES / "worlds"


def scan(*arguments: object, code: tuple[int, ...] = (0, 1, 3)) -> dict[str, Any]:
    ended, out, err = run("scan", *map(str, arguments), "--as-of", AS_OF, "--format", "json")
    assert ended in code, err
    report: dict[str, Any] = json.loads(out)
    return report


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in report["commitments"]}


def told(report: dict[str, Any]) -> set[tuple[str, ...]]:
    return {
        (one["rule"], one["verdict"], one["subject"]["address"], one["message"], str(one["subject"]["origin"]))
        for one in report["findings"]
    }


def edges(*arguments: object) -> set[tuple[str, ...]]:
    _, out, err = run("graph", *map(str, arguments), "--format", "json")
    assert out, err
    return {
        (one["source"], one["target"], one["plane"], one["state"], one["because"], str(one["origin"]))
        for one in json.loads(out)["edges"]
    }


@pytest.fixture(params=["reference", "broken"])
def world(request: pytest.FixtureRequest) -> Path:
    return WORLDS / str(request.param)


@pytest.fixture
def plan(world: Path, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_of(world, world / "terraform")))
    return path


def test_source_and_plan_give_what_the_source_gives(world: Path, plan: Path) -> None:
    profile = ("--profile", world / "tether.yaml")
    source, both = scan(world, *profile), scan(world, *profile, "--plan", plan)
    assert verdicts(both) == verdicts(source)
    assert told(both) == told(source)
    assert both["counts"]["plan"] > 30
    assert edges(world, *profile, "--plan", plan) == edges(world, *profile)


def alone(world: Path, folder: Path) -> tuple[object, ...]:
    """The manifests of a world and a profile whose unit has the plan in the place of the source."""
    shutil.copytree(world / "k8s", folder / "k8s")
    text = (world / "tether.yaml").read_text()
    assert "terraform: [terraform]" in text
    (folder / "tether.yaml").write_text(text.replace("terraform: [terraform]", "plans: [plan.json]"))
    return folder / "k8s", "--profile", folder / "tether.yaml"


def test_a_plan_alone_never_says_the_opposite(world: Path, plan: Path, tmp_path: Path) -> None:
    source = verdicts(scan(world, "--profile", world / "tether.yaml"))
    found = verdicts(scan(*alone(world, tmp_path), "--plan", plan))
    assert all({source[one], found[one]} != {"holds", "violated"} for one in source)
    # What a plan does not tell (what a partly known policy says, whose account a provider works in) is not proved.
    assert sum(found[one] == source[one] for one in source) >= 4


def test_what_a_plan_leaves_open_is_never_a_pass(tmp_path: Path) -> None:
    world = WORLDS / "broken"
    whole = plan_of(world, world / "terraform")
    inputs = alone(world, tmp_path)
    before = verdicts(scan(*inputs, "--plan", written(tmp_path, whole)))
    places = [
        (number, name)
        for number, one in enumerate(whole["resource_changes"])
        for name in one["change"]["after_unknown"]
    ]
    for number, name in random.Random(4).sample(places, 20):
        body = copy.deepcopy(whole)
        body["resource_changes"][number]["change"]["after_unknown"][name] = True
        body["planned_values"]["root_module"]["resources"][number]["values"].pop(name, None)
        after = verdicts(scan(*inputs, "--plan", written(tmp_path, body)))
        worse = [one for one in after if after[one] == "holds" and before[one] != "holds"]
        assert not worse, (whole["resource_changes"][number]["address"], name)


def written(folder: Path, body: Any, name: str = "plan.json") -> Path:
    path = folder / name
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return path


REAL = json.loads((Path(__file__).parent / "real_plan.json").read_text())
"""What `terraform show -json` 1.11.4 wrote for `real/`: count, for_each, a module, references, a secret variable."""


def test_a_real_plan(tmp_path: Path) -> None:
    code, out, err = run("graph", "--plan", str(written(tmp_path, REAL)), "--format", "json")
    assert code == 0, err
    assert [one["address"] for one in json.loads(out)["nodes"]] == [
        'module.m["k1"].terraform_data.z',
        "terraform_data.a",
        "terraform_data.b[0]",
        "terraform_data.b[1]",
        "terraform_data.c",
    ]


def test_a_reference_is_followed_through_modules() -> None:
    found = {one.address: one.attrs for one in Plan(Document("plan.json", REAL, ""), "u").resources()}
    into = found['module.m["k1"].terraform_data.z']["input"]
    out_of = found["terraform_data.c"]["input"]
    assert isinstance(into, Unknown)
    assert into.ref == Ref("terraform_data.a", "id")
    assert isinstance(out_of, Unknown)
    assert out_of.ref == Ref('module.m["k1"].terraform_data.z', "id")
    # Two names in one expression: what it is made from, and no more.
    text = found["terraform_data.b[0]"]["input"]
    assert [one.ref for one in (text["ref"], text["text"])] == [None, None]


def test_a_source_and_its_plan_are_one_deployment(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "real", tmp_path / "real")
    report = scan(tmp_path / "real", "--plan", written(tmp_path, REAL))
    assert (report["counts"]["plan"], report["counts"]["terraform"]) == (5, 1)
    assert [one["path"] for one in report["inputs"]] == ["m/main.tf", "main.tf", "plan.json"]


SECRET = "hunter2-of-the-plan"


@pytest.mark.parametrize("format", ["text", "short", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_no_secret_is_told(tmp_path: Path, format: str) -> None:
    values = {"name": "gw", "assume_role_policy": SECRET, "description": SECRET, "tags": {"token": SECRET}}
    role = {"address": "aws_iam_role.gw", "mode": "managed", "type": "aws_iam_role", "name": "gw"}
    sensitive = {"assume_role_policy": True, "description": True, "tags": {"token": True}}
    planned = {"resources": [{**role, "values": values, "sensitive_values": sensitive}]}
    plan = written(tmp_path, {"format_version": "1.2", "planned_values": {"root_module": planned}})
    state = {
        "version": 4,
        "resources": [
            {
                **{key: role[key] for key in ("mode", "type", "name")},
                "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                "instances": [
                    {
                        "attributes": values,
                        "sensitive_attributes": [
                            [{"type": "get_attr", "value": name}] for name in ("assume_role_policy", "description")
                        ]
                        + [[{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"value": "token"}}]],
                    }
                ],
            }
        ],
    }
    for option, path in (("--plan", plan), ("--state", written(tmp_path, state, "terraform.tfstate"))):
        code, out, err = run("scan", option, str(path), "--format", format, "--as-of", AS_OF)
        assert code in (1, 3)
        assert SECRET not in out + err
        _, out, err = run("graph", option, str(path), "--format", "json")
        assert "aws_iam_role.gw" in out
        assert SECRET not in out + err


PLAN = {"format_version": "1.2", "planned_values": {"root_module": {}}}
STATE = {"format_version": "1.0", "values": {"root_module": {}}}


@pytest.mark.parametrize(
    ("option", "text", "cause"),
    [
        ("--plan", "PK\x03\x04rest", "it is a binary plan"),
        ("--plan", "no JSON at all", "there is no JSON of a plan or a state in it"),
        ("--plan", '{"format_version": "1.2", "planned_values"', "there is no JSON of a plan or a state in it"),
        ("--plan", json.dumps({**PLAN, "format_version": "2.0"}), "its format '2.0' is not known"),
        ("--plan", json.dumps(STATE), "it is no plan: `planned_values` is missing"),
        ("--plan", json.dumps(PLAN), "the plan holds no resource"),
        ("--plan", json.dumps({**PLAN, "errored": True}), "the plan ended with an error: it is not whole"),
        ("--state", json.dumps(PLAN), "it is a plan"),
        ("--state", '{"version": 3, "modules": []}', "it is a state of version 3, not 4"),
        ("--state", '{"version": 4, "resources": []}', "the state holds no resource"),
        ("--state", "[" * 100_000, "there is no JSON of a plan or a state in it"),
        ("--state", '{"version": 4, "resources": [NaN]}', "there is no JSON of a plan or a state in it"),
    ],
)
def test_what_cannot_be_used_is_unread(tmp_path: Path, option: str, text: str, cause: str) -> None:
    path = written(tmp_path, text, "input.json")
    report = scan(option, path, code=(3,))
    assert cause in {one["cause"] for one in report["unread"]}
    assert set(verdicts(report).values()) == {"unproven"}


def test_a_plan_is_found_behind_a_mark_and_log_lines(tmp_path: Path) -> None:
    body = {**PLAN, "planned_values": REAL["planned_values"]}
    for before in ("\ufeff", "::debug:: {not json\n{\n", "[command] terraform show\n"):
        assert scan("--plan", written(tmp_path, before + json.dumps(body)))["counts"]["plan"] == 5


def test_a_plan_in_the_encoding_of_a_shell_that_writes_utf_16(tmp_path: Path) -> None:
    plan = (Path(__file__).parent / "real_plan.json").read_text()
    for name, data in (
        ("little", b"\xff\xfe" + plan.encode("utf-16-le")),
        ("big", b"\xfe\xff" + plan.encode("utf-16-be")),
    ):
        (tmp_path / name).write_bytes(data)
        assert load(tmp_path / name, name).body == json.loads(plan)
    (tmp_path / "cut").write_bytes(b"\xff\xfe{\x00}")
    with pytest.raises(Unusable) as raised:
        load(tmp_path / "cut", "cut")
    assert raised.value.cause == "it is not UTF-16 text"


def test_hostile_shapes_are_read_for_what_they_are(tmp_path: Path) -> None:
    for wrong in (None, 1, "x", [], [1], {"a": 1}, {"resources": [{"address": 1}, None, {"values": 3}]}):
        body = {**PLAN, "planned_values": {"root_module": wrong}, "resource_changes": wrong, "configuration": wrong}
        assert scan("--plan", written(tmp_path, body))["verdict"] == "unproven"


def test_what_is_declared_and_not_in_the_state_is_not_taken_to_be_there(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "main.tf").write_text('resource "aws_s3_bucket" "a" {}\nresource "aws_s3_bucket" "b" {}\n')
    state = {
        "version": 4,
        "resources": [
            {"mode": "managed", "type": "aws_s3_bucket", "name": "a", "instances": [{"attributes": {"bucket": "x"}}]}
        ],
    }
    path = written(tmp_path, state, "terraform.tfstate")
    whole = Reading()
    merge(whole, read_root(source, source, "u", TerraformOptions()))
    addresses = frozenset(one.address for one in whole.resources)
    read_state(whole, path, path.name, [Root("u", ".", signature(source, source), addresses)], "alone")
    found = {one.address: one for one in whole.resources}
    assert {one.unit for one in found.values()} == {"u"}
    assert found["aws_s3_bucket.a"].possible is None
    assert found["aws_s3_bucket.a"].source == "state"
    assert found["aws_s3_bucket.b"].possible is not None
    report = scan(source, "--state", path)
    assert report["scope"]["basis"] == ["declared", "recorded"]


def test_a_plan_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    class Input:
        buffer = io.BytesIO(json.dumps(REAL).encode())

    monkeypatch.setattr(sys, "stdin", Input())
    assert scan("--plan", "-")["counts"]["plan"] == 5


def test_a_plan_that_deletes_a_guardrail_is_told(tmp_path: Path) -> None:
    role = {"address": "aws_bedrock_guardrail.g", "mode": "managed", "type": "aws_bedrock_guardrail", "name": "g"}
    change = {"actions": ["delete"], "before": {"name": "g"}, "after": None}
    body = {**PLAN, "planned_values": REAL["planned_values"], "resource_changes": [{**role, "change": change}]}
    report = scan("--plan", written(tmp_path, body), code=(1,))
    [found] = [one for one in report["findings"] if one["rule"] == "plan-removes-safety-object"]
    assert found["message"] == "the plan deletes the guardrail: `aws_bedrock_guardrail.g`"
    assert found["subject"]["origin"]["api"]["object"] == "aws_bedrock_guardrail.g"


@pytest.mark.parametrize("complete", [False, None])
def test_what_a_plan_of_targets_leaves_out_is_not_taken_to_be_gone(tmp_path: Path, complete: bool | None) -> None:
    world = WORLDS / "broken"
    body = plan_of(world, world / "terraform")
    body["complete"] = complete
    body["planned_values"]["root_module"]["resources"] = body["planned_values"]["root_module"]["resources"][:1]
    body["resource_changes"] = body["resource_changes"][:1]
    report = scan(world, "--profile", world / "tether.yaml", "--plan", written(tmp_path, body))
    assert "holds" not in verdicts(report).values()


@pytest.mark.parametrize("complete", [True, None])
def test_a_plan_stands_for_the_modules_of_its_own_root_alone(tmp_path: Path, complete: bool | None) -> None:
    call = 'module "x" {\n  source  = "acme/x/aws"\n  version = "1.0.0"\n}\n'
    (tmp_path / "src" / "other").mkdir(parents=True)
    (tmp_path / "src" / "main.tf").write_text(call + 'resource "terraform_data" "a" {}\n')
    (tmp_path / "src" / "other" / "main.tf").write_text(call)
    root = {"resources": [{"address": "terraform_data.a"}], "module_calls": {"x": {}}}
    planned = {"resources": [{"address": "terraform_data.a", "type": "terraform_data", "name": "a", "values": {}}]}
    body = {
        **PLAN,
        "complete": complete,
        "planned_values": {"root_module": planned},
        "configuration": {"root_module": root},
    }
    report = scan(tmp_path / "src", "--plan", written(tmp_path, body))
    left = {one["origin"]["path"] for one in report["unread"]}
    assert left == ({"other/main.tf"} if complete else {"main.tf", "other/main.tf"})


STALE = (
    'locals {\n  where = "internal"\n}\nresource "terraform_data" "a" {\n  input = "x"\n}\n'
    'resource "terraform_data" "b" {\n  input = terraform_data.a.id\n}\n'
    'resource "terraform_data" "c" {\n  input = local.where\n}\nprovider "aws" {\n  region = "us-gov-west-1"\n}\n'
)
"""A configuration, of which `planned_now` is the plan."""


def planned_now() -> dict[str, Any]:
    def declared(name: str, expression: dict[str, Any]) -> dict[str, Any]:
        made = {"address": f"terraform_data.{name}", "mode": "managed", "provider_config_key": "terraform"}
        return {**made, "expressions": {"input": expression}}

    def planned(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"address": f"terraform_data.{name}", "type": "terraform_data", "name": name, "values": values}

    def change(name: str, unknown: dict[str, Any]) -> dict[str, Any]:
        told = {"actions": ["create"], "after_unknown": {"id": True, **unknown}}
        return {"address": f"terraform_data.{name}", "type": "terraform_data", "name": name, "change": told}

    references = {"references": ["terraform_data.a.id", "terraform_data.a"]}
    return {
        **PLAN,
        "complete": True,
        "planned_values": {
            "root_module": {
                "resources": [
                    planned("a", {"input": "x"}),
                    planned("b", {}),
                    planned("c", {"input": "internal"}),
                ]
            }
        },
        "resource_changes": [change("a", {}), change("b", {"input": True}), change("c", {})],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-gov-west-1"}}}},
            "root_module": {
                "resources": [
                    declared("a", {"constant_value": "x"}),
                    declared("b", references),
                    declared("c", {"references": ["local.where"]}),
                ]
            },
        },
    }


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        ("", "", 0, ""),
        ('input = "x"', 'input = "y"', 5, "`terraform_data.a.input` is not the planned one"),
        ('input = "x"\n', 'input = "x"\n  more  = 1\n', 6, "`terraform_data.a.more` is written, and not in the plan"),
        ('  input = "x"\n', "  k = 1\n", 5, "`terraform_data.a.k` is written, and not in the plan (and 1 more)"),
        ('"internal"', '"internet-facing"', 11, "`terraform_data.c.input` is not the planned one"),
        ("= terraform_data.a.id", "= terraform_data.c.id", 8, "`terraform_data.b.input` is not the planned one (and 1"),
        ('"c" {', '"d" {', 10, "`terraform_data.d` is declared, and not in the plan"),
        ("locals", 'resource "terraform_data" "new" {}\nlocals', 1, "`terraform_data.new` is declared, and not in"),
        ("= terraform_data.a.id", '= "x-${terraform_data.b.id}"', 8, "`terraform_data.b.input` is not the planned one"),
        ("= local.where", '= lower("internal")', 11, "`terraform_data.c.input` is not the planned one"),
        ("= local.where", "= var.where", 11, "`terraform_data.c.input` is not the planned one"),
        ('"a" {\n', '"a" {\n  count = var.n\n', 5, "`terraform_data.a` has a `count`, and none in the plan"),
        ('"a" {\n', '"a" {\n  provider = other.gov\n', 5, "`terraform_data.a` is made with another provider"),
        ("us-gov-west-1", "us-east-1", 14, "`provider.aws.region` is not the planned one"),
    ],
)
def test_a_stale_plan_proves_nothing(tmp_path: Path, before: str, after: str, line: int, what: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tf").write_text(STALE.replace(before, after, 1) if before else STALE)
    report = scan(tmp_path / "src", "--plan", written(tmp_path, planned_now()))
    told_of = [one for one in report["unread"] if "is not of this source" in one["cause"]]
    if not what:
        assert told_of == []
        return
    [found] = told_of
    assert found["cause"].startswith(f"the plan plan.json is not of this source: {what}")
    assert found["origin"]["line"] == line
    assert "holds" not in verdicts(report).values()


VARIED = """
variable "open" {}
variable "ports" { default = [443] }
resource "guard" "a" {
  dynamic "rule" {
    for_each = var.ports
    content {
      port = rule.value
      from = [var.open]
    }
  }
  provisioner "local-exec" {
    command = "true"
  }
}
module "m" {
  source  = "acme/m/aws"
  version = "~> 1.2"
}
"""


def varied(**variables: object) -> dict[str, Any]:
    """The plan of VARIED with these variables, as Terraform 1.11 writes one."""
    rules = [{"port": port, "from": [variables["open"]]} for port in variables.get("ports", [443])]  # type: ignore[attr-defined]
    guard = {"address": "guard.a", "mode": "managed", "type": "guard", "name": "a"}
    runs = {"type": "local-exec", "expressions": {"command": {"constant_value": "true"}}}
    root = {
        "resources": [{**guard, "provisioners": [runs], "expressions": {}}],
        "module_calls": {"m": {"source": "acme/m/aws", "version_constraint": "~> 1.2", "module": {}}},
        "variables": {"open": {}, "ports": {"default": [443]}},
    }
    return {
        **PLAN,
        "complete": True,
        "variables": {name: {"value": value} for name, value in {"ports": [443], **variables}.items()},
        "planned_values": {"root_module": {"resources": [{**guard, "values": {"rule": rules}}]}},
        "resource_changes": [{**guard, "change": {"actions": ["create"], "after_unknown": {"id": True}}}],
        "configuration": {"root_module": root},
    }


def test_a_plan_of_other_values_or_of_what_it_does_not_repeat_is_stale(tmp_path: Path) -> None:
    """Variables that are set here, dynamic blocks, provisioners, and modules that are elsewhere."""
    source = tmp_path / "src"
    source.mkdir()

    def stale(plan: dict[str, Any], values: str, before: str = "", after: str = "", *more: str) -> tuple[int, str]:
        assert before in VARIED
        (source / "main.tf").write_text(VARIED.replace(before, after, 1) if before else VARIED)
        (source / "terraform.tfvars").write_text(values)
        report = scan(source, "--plan", written(tmp_path, plan), *more)
        found = [one for one in report["unread"] if "is not of this source" in one["cause"]]
        if not found:
            return 0, ""
        assert "holds" not in verdicts(report).values()
        assert "10.9" not in json.dumps(report["unread"])
        return found[0]["origin"]["line"], found[0]["cause"].partition("is not of this source: ")[2]

    now = varied(open="10.0.0.0/8")
    assert stale(now, 'open = "10.0.0.0/8"\n') == (0, "")
    line, cause = stale(now, '\nopen = "10.9.0.0/16"\n')
    assert (line, cause) == (2, "`var.open` has another value in the plan")
    assert stale(now, 'open = "10.0.0.0/8"\n', "", "", "--var", "open=10.9.0.0/16")[1].startswith("`var.open`")
    # What is set on the command line of `terraform plan` alone is the plan's to say.
    assert stale(varied(open="10.0.0.0/8", ports=["80", 443]), "") == (0, "")
    assert stale(now, "", "port = rule.value", "port = rule.value + 1") == (
        5,
        "`guard.a` has other `rule` blocks in the plan",
    )
    assert stale(now, "", "[var.open]", '[var.open, "0.0.0.0/0"]')[0] == 5
    assert stale(now, "", '"true"', '"curl example.com"') == (
        13,
        "`guard.a.provisioner.command` is not the planned one",
    )
    assert stale(now, "", '"local-exec"', '"remote-exec"') == (12, "`guard.a` has other provisioners in the plan")
    assert stale(now, "", "~> 1.2", "~> 1.3") == (18, "the `version` of `module.m` is not the planned one")
    assert stale(now, "", "acme/m", "evil/m") == (17, "the `source` of `module.m` is not the planned one")


INSIDE = """
variable "open" {}
resource "guard" "a" {
  spec {
    dynamic "rule" {
      for_each = var.open
      content {
        from = rule.value
      }
    }
  }
  dynamic "door" {
    for_each = toset(var.open)
    content {
      from = door.value
    }
  }
}
"""


def test_dynamic_blocks_of_modules_and_inside_of_blocks_are_compared(tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / "m").mkdir(parents=True)
    (source / "main.tf").write_text(
        'variable "to" {}\nmodule "m" {\n  source = "./m"\n  count = 1\n  open = [var.to]\n}\n'
    )
    guard = {"mode": "managed", "type": "guard", "name": "a"}
    address = {"address": "module.m[0].guard.a", **guard}
    call = {
        "source": "./m",
        "count_expression": {"constant_value": 1},
        "expressions": {"open": {"references": ["var.to"]}},
    }
    inner = {"resources": [{"address": "guard.a", **guard, "expressions": {"spec": [{}]}}], "variables": {"open": {}}}

    def stale(text: str, **values: object) -> tuple[int, str]:
        (source / "m" / "main.tf").write_text(text)
        plan = {
            **PLAN,
            "complete": True,
            "variables": {"to": {"value": "10.0.0.0/8"}},
            "planned_values": {"root_module": {"child_modules": [{"resources": [{**address, "values": values}]}]}},
            "resource_changes": [{**address, "change": {"actions": ["create"], "after_unknown": {"id": True}}}],
            "configuration": {
                "root_module": {"module_calls": {"m": {**call, "module": inner}}, "variables": {"to": {}}}
            },
        }
        report = scan(source, "--plan", written(tmp_path, plan))
        found = [one for one in report["unread"] if "is not of this source" in one["cause"]]
        return (found[0]["origin"]["line"], found[0]["cause"].rpartition(": ")[2]) if found else (0, "")

    one = [{"from": "10.0.0.0/8"}]
    assert stale(INSIDE, spec=[{"rule": one, "id": "x"}], door=one) == (0, "")
    cause = "`module.m[0].guard.a` has other `%s` blocks in the plan"
    assert stale(INSIDE, spec=[{"rule": [{"from": "::/0"}]}], door=one) == (4, cause % "spec")
    assert stale(INSIDE, spec=[{"rule": [*one, {"from": "::/0"}]}], door=one) == (4, cause % "spec")
    assert stale(INSIDE.replace("= door.value", '= "0.0.0.0/0"'), spec=[{"rule": one}], door=one) == (
        12,
        cause % "door",
    )
    assert stale(INSIDE.replace("= var.open", "= []"), spec=[{"rule": one}], door=one) == (
        0,
        "",
    )  # as a provider keeps it


def test_what_a_whole_plan_lacks_and_the_source_makes_for_certain_is_not_gone(tmp_path: Path) -> None:
    # The configuration is the same: a plan that only refreshes has no more than what was applied.
    body = planned_now()
    body["planned_values"]["root_module"]["resources"].pop()
    body["resource_changes"].pop()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tf").write_text(STALE)
    report = scan(tmp_path / "src", "--plan", written(tmp_path, body))
    assert any("the plan does not hold it" in one["cause"] for one in report["unread"])
    _, out, _ = run("graph", str(tmp_path / "src"), "--plan", str(tmp_path / "plan.json"), "--format", "json")
    assert "terraform_data.c" in {one["address"] for one in json.loads(out)["nodes"]}
    # How many there are of it may be for the variables to say: there the plan is believed.
    body["configuration"]["root_module"]["resources"][2]["count_expression"] = {"references": ["var.n"]}
    written(tmp_path, body)
    (tmp_path / "src" / "main.tf").write_text(STALE.replace('"c" {\n', '"c" {\n  count = var.n\n'))
    again = scan(tmp_path / "src", "--plan", tmp_path / "plan.json")
    assert not any("is not of this source" in one["cause"] for one in again["unread"])


@pytest.mark.parametrize("complete", [True, False, None])
def test_what_a_plan_puts_off_is_not_taken_to_be_gone(tmp_path: Path, complete: bool | None) -> None:
    # As Terraform writes it (1.9, `-allow-deferral`): the change stands beside those that the plan makes.
    body = planned_now()
    body["planned_values"]["root_module"]["resources"].pop()
    change = body["resource_changes"].pop()
    body["deferred_changes"] = [{"reason": "resource_config_unknown", "resource_change": change}]
    body["complete"] = complete
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tf").write_text(STALE)
    report = scan(tmp_path / "src", "--plan", written(tmp_path, body))
    [found] = [one for one in report["unread"] if "defers it to a later one" in one["cause"]]
    assert "terraform_data.c" in json.dumps(found["origin"])
    assert "holds" not in verdicts(report).values()
    _, out, _ = run("graph", str(tmp_path / "src"), "--plan", str(tmp_path / "plan.json"), "--format", "json")
    assert "terraform_data.c" in {one["address"] for one in json.loads(out)["nodes"]}
    for wrong in ("x", 7, [7], [{"resource_change": 7}], [{}], {"a": 1}):
        body["deferred_changes"] = wrong
        scan(tmp_path / "src", "--plan", written(tmp_path, body))


def test_the_account_and_tags_of_a_provider_are_read_from_its_nested_blocks() -> None:
    expressions = {
        "region": {"constant_value": "us-gov-west-1"},
        "alias": {"constant_value": "gov"},
        "assume_role": [{"role_arn": {"constant_value": "arn:aws-us-gov:iam::111122223333:role/deploy"}}],
        "default_tags": [{"tags": {"references": ["var.tags"]}}],
        "ignore_tags": {"keys": {"constant_value": ["a"]}},
        "profile": {},
    }
    lb = {"address": "aws_lb.a", "mode": "managed", "type": "aws_lb", "name": "a", "provider_config_key": "aws.gov"}
    body = {
        **PLAN,
        "planned_values": {"root_module": {"resources": [{**lb, "values": {"internal": True}}]}},
        "configuration": {
            "provider_config": {"aws.gov": {"name": "aws", "alias": "gov", "expressions": expressions}},
            "root_module": {"resources": [{**lb, "expressions": {"internal": {"constant_value": True}}}]},
        },
    }
    found = {one.address: one for one in Plan(Document("plan.json", body, ""), "u").resources()}
    attrs = found["provider.aws.gov"].attrs
    assert attrs["assume_role"] == [{"role_arn": "arn:aws-us-gov:iam::111122223333:role/deploy"}]
    assert attrs["ignore_tags"] == [{"keys": ["a"]}]
    assert attrs["default_tags"][0]["tags"].decided_by == ("var.tags",)
    assert isinstance(attrs["profile"], Unknown)
    provider = found["aws_lb.a"].provider
    assert provider is not None
    assert provider.attrs["assume_role"] == attrs["assume_role"]


def graph_of(*arguments: object) -> set[tuple[str, ...]]:
    """The edges without units and lines, which a state has none of."""
    _, out, err = run("graph", *map(str, arguments), "--format", "json")
    assert out, err
    return {
        (one["source"].partition(":")[2], one["target"].partition(":")[2], one["plane"], one["state"])
        for one in json.loads(out)["edges"]
    }


def test_a_state_gives_the_graph_of_its_source(world: Path, tmp_path: Path) -> None:
    state = written(tmp_path, state_of(world, world / "terraform"), "state.json")
    (tmp_path / "alone").mkdir()
    shutil.copytree(world / "k8s", tmp_path / "alone" / "k8s")
    text = (world / "tether.yaml").read_text().replace("terraform: [terraform]", "states: [state.json]")
    (tmp_path / "alone" / "tether.yaml").write_text(text)
    inputs = (tmp_path / "alone" / "k8s", "--profile", tmp_path / "alone" / "tether.yaml", "--state", state)
    source = (world, "--profile", world / "tether.yaml")
    assert graph_of(*inputs) == graph_of(*source)
    assert graph_of(*source, "--state", state) == graph_of(*source)
    declared, alone_, both = (verdicts(scan(*one)) for one in (source, inputs, (*source, "--state", state)))
    assert both == declared
    # In which account and region a provider works is in no state.
    left = {"cloud-only": "unproven"} if world.name == "reference" else {}
    assert alone_ == {**declared, **left}


def test_a_state_from_before_a_move_is_of_its_root(tmp_path: Path) -> None:
    def held(name: str, **more: object) -> dict[str, Any]:
        instance = {"attributes": {"bucket": name}, **more}
        return {"mode": "managed", "type": "aws_s3_bucket", "name": name, "instances": [instance]}

    (tmp_path / "src" / "m").mkdir(parents=True)
    (tmp_path / "src" / "main.tf").write_text(
        'resource "aws_s3_bucket" "a" {}\nresource "aws_s3_bucket" "new" {\n  for_each = { k = 1 }\n}\n'
        'module "m" {\n  source = "./m"\n}\n'
        "moved {\n  from = aws_s3_bucket.old\n  to = aws_s3_bucket.new\n}\n"
        "moved {\n  from = aws_s3_bucket.out\n  to = module.m.aws_s3_bucket.in\n}\n"
    )
    (tmp_path / "src" / "m" / "main.tf").write_text('resource "aws_s3_bucket" "in" {}\n')
    state = {"version": 4, "resources": [held("a"), held("old", index_key="k"), held("out"), held("undeclared")]}
    path = written(tmp_path, state, "terraform.tfstate")
    _, out, _ = run("graph", str(tmp_path / "src"), "--state", str(path), "--format", "json")
    nodes = {one["id"]: one for one in json.loads(out)["nodes"]}
    assert {one.rpartition(":")[2] for one in nodes} == {
        "provider.aws",
        "aws_s3_bucket.a",
        'aws_s3_bucket.new["k"]',
        "module.m.aws_s3_bucket.in",
        "aws_s3_bucket.undeclared",
    }
    assert len({one.partition(":")[0] for one in nodes}) == 1
    report = scan(tmp_path / "src", "--state", path)
    assert report["counts"]["state"] == 4
