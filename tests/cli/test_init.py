"""`tether init`: what it writes is settings, whatever the names hold, and a scan with them lacks no key it filled."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.commands.propose import Proposal, SeenPlace, SeenUnit
from scanner.commands.propose_text import FOLDER, quoted, sayable, written
from scanner.profile import Profile
from scanner.profile_file import load_profile, parse_profile
from tests.harness import AS_OF, FIXTURES, run

HOSTILE = [
    "a\nb: [", "::error::x", "##[command]rm", '"', "\\", "'", "#", "- x", "{a: b}", "&a", "*a", "!!python/object", "~",
    "null", "yes", "1e3", "\x1b[2J", "\u202eabc", "\u2028", "\x85", "\ufeff", "\ud800", "\U0001f600", "\x00", " ", "",
    "%TAG", "---", "...", "? a", "| a", "\\x41", "a\r\nb", "\t", "\ue000",
]  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=12) | st.text(st.characters(codec=None), max_size=6)
SEEN = st.lists(st.tuples(TEXT, TEXT), max_size=4, unique_by=lambda one: one[0]).map(tuple)
FOLDERS = st.lists(TEXT, min_size=1, max_size=2, unique=True).map(tuple)
PROPOSALS = st.builds(
    Proposal,
    places=st.lists(
        st.builds(
            SeenPlace,
            TEXT,
            TEXT,
            st.lists(TEXT, unique=True, max_size=2).map(tuple),
            st.lists(TEXT, unique=True, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    elsewhere=SEEN,
    approved=SEEN,
    servers=SEEN,
    candidates=SEEN,
    stores=SEEN,
    gateways=SEEN,
    callers=SEEN,
    classifiers=SEEN,
    guardrails=SEEN,
    filters=st.lists(st.tuples(TEXT, st.sampled_from(["input", "x"]), st.sampled_from(["LOW", "y"])), max_size=3).map(
        tuple
    ),
    writers=SEEN,
    namespaces=st.lists(TEXT, unique=True, max_size=3).map(tuple),
    sinks=st.lists(TEXT, unique=True, max_size=3).map(tuple),
    units=st.lists(st.builds(SeenUnit, st.just("u"), FOLDERS, FOLDERS, TEXT), max_size=2).map(tuple),
    clusters=st.lists(TEXT, max_size=3).map(tuple),
    unread=st.integers(0, 2),
)


def said(entries: tuple) -> tuple:
    """What can be said of a list: no blank, and nothing that would be a wildcard."""
    return tuple(one for one, _ in entries if sayable(one))


@settings(max_examples=300, deadline=None)
@given(PROPOSALS)
def test_what_is_written_is_read_as_it_was_meant(found: Proposal) -> None:
    text = written(found)
    for line in text.split("\n"):
        assert line.isprintable()
        assert not line.lstrip(" #").startswith("::")
        assert "##[" not in line
    profile = parse_profile(text, "tether.yaml")
    assert profile.servers == said(found.servers)
    assert profile.stores == said(found.stores)
    assert profile.gateways == said(found.gateways)
    assert profile.classifiers == said(found.classifiers)
    assert tuple(one.id for one in profile.guardrails) == said(found.guardrails)
    assert profile.evidence_sinks == tuple(one for one in found.sinks if sayable(one))
    assert [one.provider for one in profile.places] == [one.provider for one in found.places if sayable(one.provider)]
    left_to_decide = ("approved_models", "operators", "tenants_agreed", "required_filters", "agreement", "waivers")
    for name in left_to_decide:
        assert getattr(profile, name) == getattr(Profile(), name)


@settings(max_examples=200, deadline=None)
@given(PROPOSALS)
def test_what_is_left_to_decide_is_settings_once_the_mark_is_taken_away(found: Proposal) -> None:
    lines = written(found).split("\n")
    decided = "\n".join(line[1:] if re.match(r"#(?! )|#  ", line) else line for line in lines)
    assert "unknown key" not in decided
    profile = parse_profile(decided, "tether.yaml")
    assert set(said(found.writers)) <= set(profile.operators) or not said(found.writers)
    assert {one for one, _ in found.approved if sayable(one)} <= {one.id for one in profile.approved_models}
    assert {f"namespace:{one}" for one in found.namespaces if sayable(f"namespace:{one}")} <= set(
        profile.tenants_agreed
    )
    assert set(said(found.callers)) <= set(profile.gateways)


def test_what_an_entry_can_name() -> None:
    assert [one for one in ("a", " ", "", "a*", "\udcff", "[0]", "\U0001f600") if sayable(one)] == [
        "a",
        "[0]",
        "\U0001f600",
    ]


@given(st.text())
def test_a_quoted_text_is_that_text(text: str) -> None:
    assert parse_profile(f"agreement: {quoted(f'x{text}')}", "t").agreement == f"x{text}"


@pytest.mark.parametrize("folder", ["a/../b", "/etc", "a\\b", "a\nb", ".."])
def test_a_folder_that_no_profile_could_name_is_not_proposed(folder: str) -> None:
    assert FOLDER.match(folder) is None
    assert parse_profile(written(Proposal(units=(SeenUnit("u", (folder,), (".",), "c"),))), "t").units == ()


def test_nothing_found_is_settings_as_well() -> None:
    profile = parse_profile(written(Proposal()), "t")
    assert (profile.given, profile.require) == ({"require"}, ())


def filled(profile: Profile) -> set[str]:
    return {f"profile:{key}" for key in profile.given}


@pytest.mark.parametrize("name", ["reference", "broken"])
def test_a_scan_of_a_world_lacks_no_key_that_was_filled(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / name, folder, ignore=shutil.ignore_patterns("tether.*"))
    target = tmp_path / "tether.yaml"
    assert run("init", str(folder), "-o", str(target)) == (0, "", "")
    profile = load_profile(target, "tether.yaml")
    assert [(one.provider, one.partition, one.accounts, one.regions) for one in profile.places] == [
        ("aws", "aws-us-gov", ("111122223333",), ("us-gov-west-1",))
    ]
    assert "inference/Deployment/claude-gov" in profile.servers
    assert [one.id for one in profile.guardrails] == ["module.bedrock.aws_bedrock_guardrail.acme"]
    assert [(one.terraform, one.manifests, one.cluster) for one in profile.units] == [
        (("world/terraform",), ("world/k8s",), "aws_eks_cluster.main")
    ]
    text = target.read_text()
    assert '#  - "group:safety-ops"' in text
    assert '#    - "safety/Deployment/gateway"' in text
    code, out, err = run("scan", str(folder), "--profile", str(target), "--as-of", AS_OF, "--format", "json")
    assert code in (1, 3), err
    missing = {name for one in json.loads(out)["findings"] for name in one["decided_by"] if name.startswith("profile:")}
    assert not missing & (filled(profile) | {"profile:units[].cluster"})
    assert {"profile:operators", "profile:models.approved"} <= missing


GATEWAY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: litellm, namespace: gw}
spec:
  selector: {matchLabels: {app: litellm}}
  template:
    metadata: {labels: {app: litellm}}
    spec: {containers: [{name: c, image: "ghcr.io/berriai/litellm:v1.80.0"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: tenant-x}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: c, image: "example.com/app:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: litellm, namespace: gw}
spec: {selector: {app: litellm}, ports: [{port: 4000}]}
"""


def test_a_gateway_that_the_tables_know_is_proposed_with_those_who_call_it(tmp_path: Path) -> None:
    (tmp_path / "k8s.yaml").write_text(GATEWAY)
    code, out, _ = run("init", str(tmp_path))
    assert code == 0
    profile = parse_profile(out, "t")
    assert profile.gateways == ("gw/Deployment/litellm",)
    assert '#    - "namespace:tenant-x"' in out
    assert profile.units == ()
    assert "# cluster: ADDRESS" in out


def test_hostile_names_of_files_and_objects(tmp_path: Path) -> None:
    folder = tmp_path / "x\n- evil: [\u202e"
    folder.mkdir()
    (folder / "::\x1b[2J.yaml").write_text(GATEWAY.replace("name: litellm,", 'name: "a\\nb: [\\e[2J",'))
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/main.tf").write_text('resource "aws_s3_bucket" "a" {\n  bucket = "b"\n}\n')
    code, out, _ = run("init", str(tmp_path), "-q")
    assert code == 0
    assert all(line.isprintable() for line in out.split("\n"))
    assert parse_profile(out, "t").gateways == ("gw/Deployment/a\nb: [\x1b[2J",)


def test_a_file_that_is_there_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k8s.yaml").write_text(GATEWAY)
    (tmp_path / "tether.yaml").write_text("not: settings\n")
    code, out, err = run("init", "-o", "tether.yaml")
    assert (code, out) == (2, "")
    assert "is there already" in err
    assert (tmp_path / "tether.yaml").read_text() == "not: settings\n"
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert run("init", "-o", "dangling")[0] == 2
    assert run("init", "-o", "tether.yaml", "--force", "-q")[0] == 0
    assert load_profile(tmp_path / "tether.yaml", "t").gateways == ("gw/Deployment/litellm",)
    assert run("init", "gone")[0] == 2


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: [\n")
    code, out, err = run("init", str(tmp_path))
    assert code == 0
    assert "could not be read" in out
    assert "not read, so not in the settings" in err
