"""The text report: what it looks like, what it never prints, and that it cannot be made to lie to a terminal."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings import CommitmentResult, Hop, Subject, Verdict
from scanner.origin import FileOrigin
from scanner.reports.formats import FORMATS, render
from scanner.reports.view import View
from tests.changed import replace
from tests.reports.made import BYPASS, LIVE, MISSING, UNKNOWN, UNREAD, WAIVED, made, written

EXPECTED = """\
error[model-bypasses-safety-stack]: pod `tenant-a/batch-runner` can call model `claude-gov` without the safety stack
  --> infra/network.tf:13:23
   |
   = commitment: safety-path: every call to a model passes the operator's safety stack

  counterexample: 3 hops, network plane, shortest of 2

  (1) deployment tenant-a/batch-runner
   |  k8s/batch.yaml:4:3
   |     4 | name: batch-runner
   |       | ------------------ no NetworkPolicy selects it: all egress is open
   v
  (2) service inference/vllm:8000
   |  infra/network.tf:13:23    <- cut here
   |    13 | cidr_ipv4         = "10.0.0.0/8"
   |       |                     ^^^^^^^^^^^^ admits the whole VPC; the gateway is 10.0.40.0/24
   v
  (3) deployment inference/vllm
      k8s/vllm.yaml:22:15
        22 | - --model=s3://models/claude-gov
           |   ------------------------------ the model is served here

   = fix: let in the gateway alone, infra/network.tf:13
   = help: tether explain model-bypasses-safety-stack

not judged
  needs a live scan: classifier-not-running

commitments
"""


def text(tmp_path, report, files=None, **view):
    return render("text", report, View(root=written(tmp_path, files), **view))


def test_a_way_with_its_lines(tmp_path):
    shown = text(tmp_path, made(BYPASS))
    assert shown.startswith(EXPECTED)
    rows = shown[len(EXPECTED) :].splitlines()
    assert rows[0] == "  cloud-only         holds (declared)   2 rules   0 kinds"
    assert rows[-2] == "  safety-path        VIOLATED           2 rules   1 kinds"
    assert rows[-1] == "read 3 files, 61 terraform + 47 kubernetes resources; 1 value unknown"


def test_what_is_not_proven_comes_before_what_is_violated(tmp_path):
    shown = text(tmp_path, made(BYPASS, UNKNOWN, MISSING, unread=(UNREAD,)))
    order = ["unread: ", "warning[gateway-open", "warning[resource-outside", "error[model-bypasses"]
    assert sorted(order, key=shown.index) == order
    assert "unread: infra/broken.tf:3:7: `=` is missing\n   = remedy: run `terraform fmt` on it\n" in shown
    assert "; 1 input not read" in shown


def test_a_finding_without_a_way(tmp_path):
    shown = text(tmp_path, made(UNKNOWN))
    assert (
        "  --> infra/network.tf:13:3\n"
        "   |\n"
        '   |    13 | cidr_ipv4         = "10.0.0.0/8"\n'
        "   |       | ^^^^^^^^^ `var.region` decides it\n"
        "   |\n"
        "   = commitment: cloud-only: models run in approved cloud regions and nowhere else\n"
        "   = decided by: var.region\n"
        "   = and 2 more: aws_instance.gpu[1], aws_instance.gpu[2]\n"
        "   = fix: state the region\n"
    ) in shown
    assert "counterexample" not in shown


def test_what_is_said_word_for_word_of_several_places_is_said_once(tmp_path):
    places = [FileOrigin(f"m{number}/main.tf", 2, 1) for number in range(7)]
    alike = [replace(UNKNOWN, hops=(), subject=replace(UNKNOWN.subject, origin=at)) for at in places]
    shown = text(tmp_path, made(*alike))
    assert shown.count("warning[") == 1
    assert "  --> m0/main.tf:2:1\n" in shown
    named = ", ".join(f"m{number}/main.tf:2:1" for number in range(1, 6))
    assert f"   = as well at: {named} and 1 more\n" in shown


def test_what_one_line_brings_about_many_times_is_said_once(tmp_path):
    """As of a base that many overlays take in: the lines, the way and the words are the same but for names."""
    many = [
        replace(BYPASS, message=BYPASS.message.replace("claude-gov", f"claude-{number}"), subject=called)
        for number in range(9)
        for called in [replace(BYPASS.subject, address=f"claude-{number}", name=f"claude-{number}")]
    ]
    shown = text(tmp_path, made(*many))
    assert shown.count("error[") == 1
    named = ", ".join(f"claude-{number}" for number in range(1, 6))
    assert f"   = the same lines, 8 more findings: {named} and 3 more\n" in shown


WAY = (replace(BYPASS.hops[0], origin=FileOrigin("k8s/batch.yaml", 2, 1)), *BYPASS.hops[1:])


@pytest.mark.parametrize(
    "other",
    [replace(UNKNOWN, decided_by=("var.other",)), replace(UNKNOWN, message="another"), replace(BYPASS, hops=WAY)],
    ids=["decider", "message", "way"],
)
def test_what_is_not_the_same_is_told_by_itself(tmp_path, other):
    first = BYPASS if other.rule == BYPASS.rule else UNKNOWN
    moved = replace(other, subject=replace(other.subject, address="elsewhere"))
    shown = text(tmp_path, made(first, moved))
    assert len([one for one in shown.splitlines() if one.startswith(("warning[", "error["))]) == 2
    assert "as well at" not in shown


def test_a_missing_key_has_no_place(tmp_path):
    shown = text(tmp_path, made(MISSING))
    assert "profile has no `tenants.agreed`\n   |\n   = commitment: agreed-tenants: " in shown


def test_a_fact_of_an_api_is_named_by_its_call(tmp_path):
    assert "  --> aws:sagemaker:ListEndpoints(arn:x)\n" in text(tmp_path, made(LIVE))


def test_a_waiver_shows_and_does_not_change_the_verdict(tmp_path):
    shown = text(tmp_path, made(BYPASS, waived=(WAIVED,)))
    assert "error[model-bypasses-safety-stack]" in shown
    assert "   = waived: moves in March (ml-platform, until 2027-01-31)\n" in shown
    assert "VIOLATED (1 waived until 2027-01-31)" in shown
    assert shown.rstrip().endswith("; 1 waiver (until 2027-01-31)")


def test_verbose_adds_the_scope_and_every_report_the_ground(tmp_path):
    report = made(BYPASS, trusted=("a -> b",), assumptions=("ports: 8000",), passed_over={"a.yaml": "values"})
    shown = text(tmp_path, report)
    assert "trusted\n  a -> b\n" in shown
    assert "assumed\n  ports: 8000\n" in shown
    assert "passed over" not in shown
    loud = text(tmp_path, report, verbose=True)
    assert "assumed absent\n  routes\n" in loud
    assert "passed over\n  a.yaml: values\n" in loud


def test_a_rule_that_raised_is_named(tmp_path):
    base = made(UNKNOWN)
    report = replace(base, rules=(replace(base.rules[0], crashed=True, note="the rule raised KeyError"),))
    assert "rules that raised\n  resource-outside-approved-places: the rule raised KeyError\n" in text(tmp_path, report)


def test_colour_is_only_added(tmp_path):
    report = made(BYPASS, UNKNOWN)
    plain, coloured = text(tmp_path, report), text(tmp_path, report, colour=True)
    assert "\x1b[31;1merror\x1b[0m[" in coloured
    for code in ("31;1", "33;1", "32", "34", "1", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def excerpt(tmp_path, line, *, before="", column=1, end=0, width=120):
    content = before + line + "\n"
    number = before.count("\n") + 1
    origin = FileOrigin("a.yaml", number, column, number if end else 0, end)
    finding = replace(
        UNKNOWN, hops=(Hop("x", "y", "z", origin, "why", cut=True),), subject=Subject("x", "y", "z", origin)
    )
    digest = hashlib.sha256(content.encode()).hexdigest()
    return text(tmp_path, made(finding, inputs={"a.yaml": digest}), {"a.yaml": content}, width=width)


SECRETS = {
    'password = "hunter2"': "password = ***",
    "  DB_PASSWORD: hunter2 # old": "DB_PASSWORD: ***",
    '"api_key": "hunter2",': '"api_key": ***',
    '{name = "x", auth_token = "hunter2"}': '{name = "x", auth_token = ***',
    "access_key => hunter2": "access_key => ***",
    'id = "AKIAIOSFODNN7EXAMPLE"': 'id = "***"',
    "key: -----BEGIN RSA PRIVATE KEY----- hunter2": "key: ***",
    "x: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "x: ***",
    "x: 0123456789abcdef0123456789abcdefhunter2"[:36]: "x: ***",
    'token = "${var.a}hunter2"': "token = ***",
    "x: Zm9vYmFy-QmF6cXV4_R3JhdWx0R2Fy-cGx5V2FsZG8": "x: ***",
}


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_not_printed(tmp_path, line):
    shown = excerpt(tmp_path, line)
    assert f" | {SECRETS[line]}" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    "line",
    [
        "secretName: vllm-tls",
        "automountServiceAccountToken: true",
        "secretKeyRef:",
        "token = var.token",
        "api_key = null",
        "image: vllm@sha256:" + "0a" * 32,
        'role = "arn:aws-us-gov:iam::111122223333:role/SafetyInferenceGatewayRole-prod-2"',
        'value: "NousResearch/Meta-Llama-3-8B-Instruct"',
        "- --model=unsloth/Qwen2-VL-7B-Instruct-bnb-4bit",
        "bucket: s3://acme-model-weights-production-us-gov-west-1/claude",
        'secret_arn = "arn:aws:secretsmanager:x"',
    ],
)
def test_what_is_no_secret_is_printed(tmp_path, line):
    assert f" | {line}\n" in excerpt(tmp_path, line, width=200)


def test_the_value_of_an_environment_variable_is_judged_by_its_name(tmp_path):
    assert "hunter2" not in excerpt(tmp_path, "  value: hunter2", before="- name: DB_PASSWORD\n")
    assert "hunter2" in excerpt(tmp_path, "  value: hunter2", before="- name: MODE\n")


@pytest.mark.parametrize(
    "before",
    [
        "kind: Secret\nmetadata: {}\nstringData:\n",
        "kind: ConfigMap\n---\nstringData:\n  a: b\nkind: Secret\ndata:\n",
        '{\n  "kind": "Secret",\n  "data": {\n',
        "kind: List\nitems:\n- kind: Secret\n  stringData:\n",
    ],
)
def test_no_entry_of_a_secret_is_printed(tmp_path, before):
    assert "hunter2" not in excerpt(tmp_path, "    greeting: hunter2", before=before)


def test_an_entry_of_another_document_is_printed(tmp_path):
    before = "kind: Secret\ndata: {}\n---\nkind: ConfigMap\ndata:\n"
    assert " | greeting: hello" in excerpt(tmp_path, "  greeting: hello", before=before)


def test_the_mark_stands_under_its_characters(tmp_path):
    line = '\ta = "\u6f22\u5b57\x1b[31m" # b'
    shown = excerpt(tmp_path, line, column=6, end=15).splitlines()
    at = next(index for index, one in enumerate(shown) if " | a = " in one)
    assert shown[at] == '   |     1 | a = "\u6f22\u5b57\\x1b[31m" # b'
    assert shown[at + 1] == "   |       |     ^^^^^^^^^^^^^^ why"


def test_long_lines_are_cut(tmp_path):
    shown = excerpt(tmp_path, "a: " + "b " * 400, width=120)
    assert max(map(len, shown.splitlines())) <= 120
    far = excerpt(tmp_path, "x " * 400 + "HERE", column=801, end=805, width=120)
    assert " x HERE\n" in far


def test_no_line_from_a_file_that_is_not_the_one_that_was_read(tmp_path):
    report = made(BYPASS)
    written(tmp_path)
    (tmp_path / "k8s/batch.yaml").write_text("\n\n\n  name: something else\n")
    shown = render("text", report, View(root=tmp_path))
    assert "something else" not in shown
    assert "   |  no NetworkPolicy selects it: all egress is open\n" in shown


def test_no_line_from_outside_the_root(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("stolen\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    digest = hashlib.sha256(b"stolen\n").hexdigest()
    for path in ("../outside", "link", str(outside), "root\0x"):
        origin = FileOrigin(path, 1)
        finding = replace(UNKNOWN, hops=(Hop("x", "y", "z", origin, "why"),), subject=Subject("x", "y", "z", origin))
        shown = render("text", made(finding, inputs={path: digest}), View(root=root))
        assert "stolen" not in shown


HOSTILE = "a\nb\x1b[2J\r::set-output name=x::y\u202e]]>\ud800\x00\u2028##vso[task] ##[error]" + "x" * 3000


def hostile_report():
    origin = FileOrigin(f"::error::{HOSTILE}", 1)
    hop = Hop(HOSTILE, HOSTILE, HOSTILE, origin, HOSTILE, cut=True)
    finding = replace(
        BYPASS,
        message=HOSTILE,
        subject=Subject(HOSTILE, HOSTILE, HOSTILE, origin),
        hops=(hop, hop),
        decided_by=(HOSTILE,),
        fix=HOSTILE,
        also=(HOSTILE,) * 9,
    )
    unread = replace(UNREAD, origin=origin, cause=HOSTILE, remedy=HOSTILE)
    waived = replace(WAIVED, fingerprint=finding.fingerprint, reason=HOSTILE, owner=HOSTILE)
    return made(
        finding,
        unread=(unread,),
        waived=(waived,),
        assumptions=(HOSTILE,),
        trusted=(HOSTILE,),
        passed_over={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        commitments=(CommitmentResult("safety-path", Verdict.VIOLATED, (), 1, HOSTILE),),
    )


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_in_an_input_acts_on_a_terminal_or_a_log(name):
    shown = render(name, hostile_report(), View(verbose=True, asff=("aws", "eu-west-1", "1" * 12)))
    shown.encode("utf-8")
    for line in shown.split("\n"):
        assert line.isprintable()
        if name != "github":
            assert not line.lstrip().startswith("::")
        if name not in ("json", "sarif", "gitlab"):
            assert "##vso[" not in line
            assert "##[" not in line


@given(st.text())
def test_any_text_is_one_printable_line(any_text):
    finding = replace(BYPASS, message=any_text, fix="", hops=(), subject=Subject(any_text, "", "", None), plane="")
    for name in ("text", "short"):
        shown = render(name, made(finding), View())
        assert all(line.isprintable() for line in shown.split("\n"))
    assert len(render("short", made(finding), View()).split("\n")) == 11


def test_rules_that_were_not_judged_stand_behind_their_reason(tmp_path):
    rules = tuple((f"rule-{number}", "no such input") for number in range(7))
    report = replace(made(), scope=replace(made().scope, not_judged=rules))
    few = "  no such input: rule-0, rule-1, rule-2, rule-3, rule-4 and 2 more\n"
    assert few in text(tmp_path, report)
    assert "rule-6" not in text(tmp_path, report)
    every = ", ".join(rule for rule, _ in rules)
    assert f"  no such input: {every}\n" in text(tmp_path, report, verbose=True)
