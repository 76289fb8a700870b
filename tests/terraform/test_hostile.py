"""Hostile Terraform: bounded work and memory, a reason at its line, nothing told of other files, the rest judged."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import drawn

SECONDS, MEMORY = 60, 3 << 30
"""CPU seconds and bytes after which the system ends a scan: a scan that needs them fails by its exit code."""
SECRET = "root:x:0:0"
OPEN = """resource "aws_outposts_site_holder" "ignored" {
}

resource "aws_instance" "edge" {
  ami           = "ami-1"
  instance_type = "m5.large"
  outpost_arn   = "arn:aws:outposts:us-east-1:111122223333:outpost/op-0a"
}
"""
_CHILD = """
import resource, sys
for which, most in ((resource.RLIMIT_CPU, {seconds}), (resource.RLIMIT_AS, {memory})):
    resource.setrlimit(which, (most, most))
from scanner.sources.terraform import budget
for name in ("MAX_STEPS", "MAX_ALL_STEPS", "MAX_INSTANCES", "MAX_ALL_INSTANCES"):
    setattr(budget, name, getattr(budget, name) // {share})
from scanner.cli import main
sys.exit(main(sys.argv[1:]))
"""
SHARE = 5
"""So much less is spent in most of these tests: what is refused is refused in the same way, and sooner."""


def scanned(folder: Path, *more: str, form: str = "json", share: int = SHARE) -> tuple[int, str, str]:
    """One scan in a process of its own, under limits: exit code, stdout, stderr."""
    child = _CHILD.format(seconds=SECONDS, memory=MEMORY, share=share)
    command = [
        sys.executable,
        "-c",
        child,
        "scan",
        str(folder),
        "--as-of",
        "2026-11-01",
        "--format",
        form,
        "--no-cache",
    ]
    done = subprocess.run([*command, *more], capture_output=True, check=False, cwd=Path(__file__).parents[2])
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def judged(folder: Path, *more: str, share: int = SHARE) -> dict[str, Any]:
    code, out, err = scanned(folder, *more, share=share)
    assert code in (1, 3), (code, err[-2000:])
    report: dict[str, Any] = json.loads(out)
    assert SECRET not in out
    return report


def found_the_rest(report: dict[str, Any]) -> bool:
    """Whether the violation in the file beside is told."""
    return any(
        one["verdict"] == "violated" and one["subject"]["origin"].get("path", "").endswith("open.tf")
        for one in report["findings"]
        if one["subject"]["origin"]
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    made.mkdir()
    (made / "open.tf").write_text(OPEN)
    return made


def local(expression: str) -> str:
    return f'locals {{\n  x = {expression}\n}}\nresource "aws_sns_topic" "t" {{\n  name = local.x\n}}\n'


def many(count: int) -> str:
    """A name that would double with each of so many lines."""
    lines = ['  a0 = "xxxxxxxxxxxxxxxx"\n'] + [
        f'  a{n} = "${{local.a{n - 1}}}${{local.a{n - 1}}}"\n' for n in range(1, count)
    ]
    return "locals {\n" + "".join(lines) + f'}}\nresource "aws_sns_topic" "t" {{\n  name = local.a{count - 1}\n}}\n'


def bomb() -> str:
    return base64.b64encode(gzip.compress(b"0" * 50_000_000)).decode()


def deep(inner: str) -> str:
    """An expression three loops deep, a thousand million times."""
    return f"[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : {inner}]]]"


def all_of(*expressions: str) -> str:
    """Resources with one hostile argument each, beside an honest one."""
    return "".join(
        f'resource "aws_sns_topic" "t{n}" {{\n  name = "honest-${{length(keys({{ a = 1 }}))}}"\n  x = {one}\n}}\n'
        for n, one in enumerate(expressions)
    )


LARGE = f'locals {{\n  large = [for a in range(300) : [for b in range(300) : b]]\n  text = "{"x" * 500_000}"\n}}\n'
WIDE = """locals {
  wide = [for a in range(10000) : "k${a}"]
}
"""
IN_LOOPS = (
    '"${local.text}${c}"',
    '"${local.text}${var.v}"',
    "setproduct(range(400), range(400))",
    "merge([for d in range(1000) : { for e in range(1000) : e => d }]...)",
    "flatten([local.large, local.large, local.large])",
    "concat(local.large, local.large)",
    "jsonencode(local.large)",
    "local.large == local.large",
    "contains(local.large, a)",
    "local.large[*][*]",
    "sha512(local.text)",
    f'regexall("x*y*x*z", "{"x" * 200}")',
    'fileset(".", "**")',
    'templatefile("open.tf", {})',
    'yamldecode("[${join(", ", range(1000))}]")',
)
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
TEXTS: dict[str, str] = {
    "parentheses, 100": local("(" * 100 + "1" + ")" * 100),
    "parentheses, 100,000": local("(" * 100_000 + "1" + ")" * 100_000),
    "lists, 5,000": local("[" * 5_000 + "]" * 5_000),
    "objects, 5,000": local("{a=" * 5_000 + "1" + "}" * 5_000),
    "conditions, 5,000": local("true ? 1 : " * 5_000 + "2"),
    "signs, 100,000": local("!" * 100_000 + "true"),
    "templates, 300": local('"${' * 300 + "1" + '}"' * 300),
    "directives, 2,000": local('"' + "%{ if true }" * 2_000 + "x" + "%{ endif }" * 2_000 + '"'),
    "blocks, 100": "".join(f"b{n} {{\n" for n in range(100)) + "}\n" * 100,
    "blocks in a resource, 2,000": 'resource "a_b" "c" {\n' + "d {\n" * 2_000 + "}\n" * 2_000 + "}\n",
    "for_each over a million": (
        'resource "aws_sns_topic" "t" {\n  for_each = toset([for i in range(1000000) : tostring(i)])\n}\n'
    ),
    "count of a million": 'resource "aws_sns_topic" "t" {\n  count = 1000000\n}\n',
    "count of much more": 'resource "aws_sns_topic" "t" {\n  count = 1e300\n}\n',
    "dynamic over a million": (
        'resource "a_b" "c" {\n  dynamic "d" {\n    for_each = range(1000000)\n    content {}\n  }\n}\n'
    ),
    "count of thousands, twenty times, of what is large": LARGE
    + "".join(
        f'resource "a_b" "c{n}" {{\n  count = 10000\n  x = local.large\n  y = local.text\n}}\n' for n in range(20)
    ),
    "dynamic in dynamic in dynamic": (
        'resource "a_b" "c" {\n  count = 100\n'
        + "".join(f'  dynamic "d{n}" {{\n    for_each = range(1000)\n    content {{\n' for n in range(3))
        + "  x = 1\n"
        + "    }\n  }\n" * 3
        + "}\n"
    ),
    "loops": all_of(*[deep("a + b + c")] * 12),
    "loops of functions": 'variable "v" {}\n' + LARGE + all_of(*map(deep, IN_LOOPS)),
    "loops of other kinds": WIDE
    + all_of(
        "{for a in range(1000) : a => {for b in range(1000) : b => {for c in range(1000) : c => b}}}",
        '"' + "%{ for a in range(1000) }" * 4 + "x" + "%{ endfor }" * 4 + '"',
        *(
            f"{name}(flatten([for a in range(300) : [for b in range(600) : {one}]]))"
            for name in ("toset", "distinct", "tolist")
            for one in ("a * 600 + b", "[a, b]", '"${a}-${b}"')
        ),
        "[for a in local.wide : a if contains(local.wide, a)]",
        "setintersection(local.wide, reverse(local.wide))",
        "setsubtract(local.wide, reverse(local.wide))",
        "matchkeys(local.wide, local.wide, local.wide)",
    ),
    "a value that doubles": "locals {\n  a0 = [1, 1]\n"
    + "".join(f"  a{n} = [local.a{n - 1}, local.a{n - 1}]\n" for n in range(1, 60))
    + '}\nresource "a_b" "c" {\n  x = jsonencode(local.a59)\n}\n',
    "range": local("range(0, 1e18)"),
    "range by nothing": local("range(0, 10, 0)"),
    "a power": local("pow(10, 1e9)"),
    "a product of sets": local("setproduct(" + ", ".join(["range(500)"] * 8) + ")"),
    "a wide format": local('format("%100000000d", 1)'),
    "a doubled text": many(60),
    "a long join": local('join("", [for i in range(100000) : join("", [for j in range(100) : "xxxxxxxxxx"])])'),
    "an expression that explodes": local(f'regex("(a+)+$", "{"a" * 40}b")'),
    "all that explode": local(f'regexall("(x*)*y", "{"x" * 60}")'),
    "a replacement that explodes": local(f'replace("{"a" * 40}!", "/(a|aa)+$/", "")'),
    "a bomb of gzip": local(f'base64gunzip("{bomb()}")'),
    "a bomb of aliases": "locals {\n  x = yamldecode(<<EOT\n" + ALIASES + "EOT\n  )\n}\n",
    "deep JSON": local('jsondecode("' + "[" * 20_000 + "]" * 20_000 + '")'),
    "subnets": local('cidrsubnets("10.0.0.0/8", ' + ", ".join(["24"] * 70_000) + ")"),
    "subnets, huge": local('cidrsubnet("10.0.0.0/8", 1e9, 1e18)'),
    "hosts, huge": local('cidrhost("::/0", 1e40)'),
    "itself": local("local.x"),
    "a ring": "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n",
    "a chain of 20,000": "locals {\n  a0 = 1\n"
    + "".join(f"  a{n} = local.a{n - 1}\n" for n in range(1, 20_000))
    + "}\n",
    "the password file": local('file("/etc/passwd")'),
    "the password file, from here": local('file("../../../../../../../etc/passwd")'),
    "the password file, as a template": local('templatefile("/etc/passwd", {})'),
    "the password file, encoded": local('base64decode(filebase64("/etc/passwd"))'),
    "the password file, by its sum": local('filesha256("/etc/passwd")'),
    "files out of the root": local('join(",", fileset("/etc", "**"))'),
    "files out of the root, from here": local('join(",", fileset("../../../../etc", "pass*"))'),
    "home": local('file(pathexpand("~/.ssh/id_rsa"))'),
    "not UTF-8": 'locals {\n  x = "\udcff"\n}\n',
    "NUL": 'locals {\n  x = "\0"\n}\n',
    "a file of 9 MB": "locals {\n" + "".join(f'  a{n} = "{"x" * 80}"\n' for n in range(95_000)) + "}\n",
    "a line of 9 MB": local('"' + "x" * 9_000_000 + '"'),
    "a file of 11 MB": "# " + "x" * 11_000_000,
    "many faults": "= = =\n" * 200_000,
    "an open text": 'locals {\n  x = "' + "y" * 1_000_000 + "\n",
    "an open heredoc": "locals {\n  x = <<EOT\n" + "y\n" * 500_000,
}


WHOLE = TEXTS if drawn.WHOLE else ("many faults", "dynamic in dynamic in dynamic")
"""Those for which all is spent that a user would; with TETHER_STRIDE=1 for all, which takes a minute more."""


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_file_costs_no_other(name: str, tree: Path) -> None:
    (tree / "bad.tf").write_bytes(TEXTS[name].encode("utf-8", "surrogateescape"))
    report = judged(tree, share=1 if name in WHOLE else SHARE)
    assert found_the_rest(report), report["unread"]


@pytest.mark.parametrize(
    "name",
    ["parentheses, 100,000", "not UTF-8", "a file of 11 MB", "many faults", "an open text", "an open heredoc",
     "blocks in a resource, 2,000"],
)  # fmt: skip
def test_what_cannot_be_read_is_told_at_its_place(name: str, tree: Path) -> None:
    (tree / "bad.tf").write_bytes(TEXTS[name].encode("utf-8", "surrogateescape"))
    told = [one for one in judged(tree)["unread"] if one["origin"].get("path") == "bad.tf"]
    assert told
    assert all(one["origin"]["line"] >= 1 and one["cause"] for one in told)


def test_an_expression_costs_its_own_value_alone(tree: Path) -> None:
    """In this process, and small: what is beside a hostile expression is told, and the cause of it at its line."""
    from scanner.sources.terraform import TerraformOptions, read_root

    (tree / "bad.tf").write_text(all_of(*[deep("a + b + c")] * 2))
    found = {one.address: one.attrs for one in read_root(tree, tree, "u", TerraformOptions()).resources}
    assert found["aws_instance.edge"]["ami"] == "ami-1"
    for place in range(2):
        attrs = found[f"aws_sns_topic.t{place}"]
        assert attrs["name"] == "honest-1"
        assert attrs["x"].cause == "an expression that is too large to evaluate"
        assert (attrs["x"].origin.path, attrs["x"].origin.line) == ("bad.tf", 4 * place + 3)


def multiplied(tree: Path, calls: int, levels: int) -> None:
    """So many calls in each of so many modules, one inside the other; the root asks for the outputs of all."""
    for level in range(levels + 1):
        folder = tree / f"m{level}"
        folder.mkdir()
        text = "".join(f'module "c{n}" {{\n  source = "../m{level + 1}"\n}}\n' for n in range(calls))
        outputs = ", ".join(f"module.c{n}.o" for n in range(calls))
        text += f'output "o" {{\n  value = [{outputs}]\n}}\n'
        (folder / "main.tf").write_text(text if level < levels else 'output "o" {\n  value = 1\n}\n')
    (tree / "bad.tf").write_text(
        'module "c" {\n  source = "./m0"\n  count = length(module.d.o) + 1\n}\nmodule "d" {\n  source = "./m0"\n}\n'
        'resource "aws_sns_topic" "t" {\n  name = jsonencode(module.c[0].o)\n}\n'
    )


def test_modules_that_multiply_are_left_out_at_their_call(tree: Path) -> None:
    multiplied(tree, 8, 12)
    (tree / "z").mkdir()
    (tree / "open.tf").rename(tree / "z" / "open.tf")
    (tree / "z.tf").write_text('module "z" {\n  source = "./z"\n}\n')
    report = judged(tree)
    assert found_the_rest(report)
    told = {(one["origin"]["path"], one["origin"]["line"]): one["cause"] for one in report["unread"]}
    assert told
    assert all("the root makes more than 2,000 instances of modules" in cause for cause in told.values())
    assert {"module `c1` is not read"} == {cause.partition(":")[0] for (_, line), cause in told.items() if line == 4}
    assert all(one["verdict"] != "holds" for one in report["commitments"])


def test_a_module_that_calls_itself_ends(tree: Path) -> None:
    (tree / "m").mkdir()
    (tree / "m" / "main.tf").write_text('module "again" {\n  source = "../m"\n}\n')
    (tree / "call.tf").write_text('module "m" {\n  source = "./m"\n}\nmodule "up" {\n  source = "./."\n}\n')
    assert found_the_rest(judged(tree))


def test_a_template_that_takes_itself_in_ends(tree: Path) -> None:
    (tree / "t.tpl").write_text('${templatefile("t.tpl", {})}${templatefile("t.tpl", {})}')
    (tree / "bad.tf").write_text(local('templatefile("t.tpl", {})'))
    assert found_the_rest(judged(tree))


def test_links_out_of_the_root_lead_nowhere(tree: Path) -> None:
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "secret.tf").write_text(f'resource "aws_sns_topic" "{"hidden"}" {{\n  name = "{SECRET}"\n}}\n')
    (outside / "secret.txt").write_text(SECRET)
    (tree / "link.tf").symlink_to(outside / "secret.tf")
    (tree / "folder").symlink_to(outside)
    (tree / "text").symlink_to(outside / "secret.txt")
    (tree / "loop").symlink_to(tree)
    modules = tree / ".terraform" / "modules"
    modules.mkdir(parents=True)
    listed = [{"Key": "m", "Source": "a/b/c", "Dir": "../outside"}, {"Key": "n", "Source": "a/b/c", "Dir": "/etc"}]
    (modules / "modules.json").write_text(json.dumps({"Modules": listed}))
    text = local('file("text")') + 'module "m" {\n  source = "a/b/c"\n}\nmodule "n" {\n  source = "a/b/c"\n}\n'
    (tree / "bad.tf").write_text(
        text + 'module "f" {\n  source = "./folder"\n}\nmodule "o" {\n  source = "../outside"\n}\n'
    )
    report = judged(tree)
    assert found_the_rest(report)
    assert "hidden" not in json.dumps(report)


def test_files_that_are_none_cost_nothing_else(tree: Path) -> None:
    (tree / "folder.tf").mkdir()
    os.mkfifo(tree / "pipe.tf")
    (tree / "gone.tf").symlink_to(tree / "nowhere.tf")
    (tree / "self.tf").symlink_to(tree / "self.tf")
    (tree / "null.tf").symlink_to("/dev/zero")
    assert found_the_rest(judged(tree))


EVIL = "a\x1b[31m\u202e<script>alert(1)</script>\n::error file=x::y\r\n##vso[task]%0A"


@pytest.mark.parametrize("form", ["text", "short", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_names_inject_nothing(form: str, tree: Path) -> None:
    quoted = json.dumps(EVIL).replace("${", "$${")
    (tree / "bad.tf").write_text(
        'resource "aws_instance" "e" {\n'
        f"  ami = {quoted}\n  outpost_arn = {quoted}\n  tags = {{ Name = {quoted} }}\n"
        f"}}\nmodule {quoted} {{\n  source = {quoted}\n}}\n"
    )
    code, out, err = scanned(tree, form=form)
    assert code in (1, 3), err
    assert "\x1b" not in out + err
    assert "\u202e" not in out
    assert not any(line.lstrip().startswith(("::error file=x", "##vso")) for line in (out + err).splitlines())
    if form == "markdown":
        assert "<script>" not in out


BROKEN: dict[str, str] = {
    "deep": "[" * 50_000,
    "deep and closed": "[" * 50_000 + "]" * 50_000,
    "a number without end": '{"format_version": "1.2", "planned_values": 1e999}',
    "a number of many signs": '{"format_version": "1.2", "planned_values": ' + "9" * 100_000 + "}",
    "a key twice": '{"format_version": "1.2", "format_version": "9.0", "planned_values": {}}',
    "nothing": "",
    "a list": "[]",
    "a text": '"plan"',
    "cut": '{"format_version": "1.2", "planned_values": {"root_mod',
    "binary": "PK\x03\x04tfplan",
}


@pytest.mark.parametrize("flag", ["--plan", "--state"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plan_or_state_costs_nothing_else(name: str, flag: str, tree: Path) -> None:
    path = tree.parent / "told.json"
    path.write_text(BROKEN[name])
    report = judged(tree, flag, str(path))
    assert found_the_rest(report)
    assert any("told.json" in json.dumps(one["origin"]) for one in report["unread"])


PLAN = Path(__file__).parents[2] / "fixtures" / "guardrails-on" / "plan-removes-safety-object" / "violates-weakened"
WRONG: tuple[Any, ...] = (None, True, 7, -1.5, "x", [], {}, [[]], {"x": None}, [{"x": [None]}])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def test_a_wrong_type_in_any_place_of_a_plan_is_no_crash(tmp_path: Path) -> None:
    """In this process, by the command line: some hundred plans, each with one value of another kind."""
    from tests.harness import run

    plan = json.loads((PLAN / "plan.json").read_text())
    spots = [place for place in places(plan) if place]
    assert len(spots) > 60
    for number, place in enumerate(spots):
        made = json.loads(json.dumps(plan))
        holder = made
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = WRONG[number % len(WRONG)]
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(made))
        code, _, err = run("scan", str(PLAN), "--as-of", "2026-11-01", "--plan", str(path), "--format", "json")
        assert code in (0, 1, 3), (place, err)
