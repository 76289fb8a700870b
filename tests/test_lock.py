"""`tether.lock`: what is pinned, what counts as looser, who may write it, and that a scan holds to it."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.errors import SettingsError
from scanner.lock import SCHEMA, read_lock, snapshot, written
from scanner.loosened import WAYS, loosened
from scanner.profile import Profile
from scanner.profile_file import parse_profile
from tests.harness import AS_OF, FIXTURES, run
from tests.test_profile import FULL, TRUSTED, WAIVER


def snap(document: object) -> dict:
    return dict(snapshot(parse_profile(json.dumps(document), "tether.yaml")))


def told(then: object, now: object) -> list[str]:
    return [change.key for change in loosened(snap(then), snap(now))]


def stack(**more: object) -> dict:
    return {"safety_stack": more}


GUARDRAIL = {"id": "gr", "version": "7"}
UPDATE = {"classifier": "a", "by": "b", "max_age": "7d"}
RELEASED = {"member": "a", "images": ["sha256:" + "a" * 64]}
STOP = {"subject": "a", "tested": "2026-09-01"}
CONTRACT = {"name": "c", "from": {"name": "a"}, "to": {"role": "model"}, "through": {"name": "p"}}
AWS = {"provider": "aws", "partition": "aws-us-gov", "accounts": ["1"], "regions": ["us-gov-west-1"]}
LOOSER = {
    "places": [
        ({"places": [AWS]}, {"places": [AWS, {"provider": "azure"}]}),
        ({"places": [AWS]}, {"places": [{**AWS, "regions": ["us-gov-west-1", "us-gov-east-1"]}]}),
        ({"places": [AWS]}, {"places": [{**AWS, "accounts": ["1", "2"]}]}),
        ({"places": [AWS]}, {"places": [{key: AWS[key] for key in ("provider", "accounts", "regions")}]}),
        ({"places": []}, {"places": [AWS]}),
    ],
    "models.approved": [
        ({"models": {"approved": []}}, {"models": {"approved": [{"id": "m"}]}}),
        (
            {"models": {"approved": [{"id": "m", "digest": "sha256:" + "a" * 64}]}},
            {"models": {"approved": [{"id": "m"}]}},
        ),
        (
            {"models": {"approved": [{"id": "m", "digest": "sha256:" + "a" * 64}]}},
            {"models": {"approved": [{"id": "m", "digest": "sha256:" + "b" * 64}]}},
        ),
    ],
    "models.servers": [({"models": {"servers": ["a", "b"]}}, {"models": {"servers": ["a"]}})],
    "models.stores": [({"models": {"stores": ["a"]}}, {"models": {"stores": []}})],
    "safety_stack.gateways": [(stack(gateways=["a"]), stack(gateways=["a", "b"]))],
    "safety_stack.classifiers": [
        (stack(classifiers=["a"]), stack(classifiers=["a", "b"])),
        (stack(classifiers=["a", "b"]), stack(classifiers=["a"])),
    ],
    "safety_stack.guardrails": [
        (stack(guardrails=[GUARDRAIL]), stack(guardrails=[{"id": "gr"}])),
        (stack(guardrails=[GUARDRAIL]), stack(guardrails=[])),
        (stack(guardrails=[GUARDRAIL]), stack(guardrails=[GUARDRAIL, {"id": "other"}])),
        (stack(guardrails=[GUARDRAIL]), stack(guardrails=[{"id": "gr"}, GUARDRAIL])),
    ],
    "safety_stack.required_filters": [
        (stack(required_filters={"HATE": {"input": "HIGH"}}), stack(required_filters={"HATE": {"input": "LOW"}})),
        (
            stack(required_filters={"HATE": {"input": "LOW", "output": "LOW"}}),
            stack(required_filters={"HATE": {"input": "HIGH"}}),
        ),
    ],
    "safety_stack.min_replicas": [(stack(min_replicas=3), stack(min_replicas=2)), (stack(min_replicas=2), stack())],
    "safety_stack.max_age": [(stack(max_age="30d"), stack(max_age="31d")), (stack(max_age="30d"), stack())],
    "safety_stack.updates": [
        (stack(updates=[UPDATE]), stack(updates=[])),
        (stack(updates=[UPDATE]), stack(updates=[{**UPDATE, "max_age": "8d"}])),
    ],
    "safety_stack.release": [
        (stack(release=[RELEASED]), stack(release=[])),
        (stack(release=[RELEASED]), stack(release=[{**RELEASED, "images": ["sha256:" + "b" * 64]}])),
        (stack(release=[RELEASED]), stack(release=[{"member": "a", "version": "7"}])),
    ],
    "stop_controls": [
        ({"stop_controls": [STOP]}, {}),
        ({"stop_controls": [STOP]}, {"stop_controls": [{**STOP, "max_age": "366d"}]}),
    ],
    "delivery.repositories": [({}, {"delivery": {"repositories": ["https://git.example.com/*"]}})],
    "delivery.keys": [
        ({"delivery": {"keys": ["a"]}}, {"delivery": {"keys": ["a", "b"]}}),
        ({"delivery": {"keys": ["a"]}}, {"delivery": {"repositories": []}}),
    ],
    "operators": [({"operators": ["a"]}, {"operators": ["a", "*"]}), ({"operators": ["a"]}, {})],
    "tenants.agreed": [({"tenants": {"agreed": []}}, {"tenants": {"agreed": ["namespace:x"]}})],
    "tenants.excluded": [({"tenants": {"excluded": ["x"]}}, {"tenants": {}})],
    "evidence.sinks": [
        ({"evidence": {"sinks": ["a"]}}, {"evidence": {"sinks": []}}),
        ({"evidence": {"sinks": ["a"]}}, {"evidence": {"sinks": ["a", "b"]}}),
    ],
    "trusted": [
        ({}, {"trusted": [TRUSTED]}),
        ({"trusted": [TRUSTED]}, {"trusted": [{**TRUSTED, "expires": "2027-02-01"}]}),
        ({"trusted": [TRUSTED]}, {"trusted": [{**TRUSTED, "port": 8000}]}),
    ],
    "not_models": [({}, {"not_models": [{"subject": "a", "reason": "r"}]})],
    "platform": [({}, {"platform": ["a"]})],
    "require": [({"require": ["live"]}, {"require": []})],
    "waivers": [
        ({}, {"waivers": [WAIVER]}),
        ({"waivers": [WAIVER]}, {"waivers": [{**WAIVER, "expires": "2028-01-01"}]}),
        ({"waivers": [WAIVER]}, {"waivers": [{**WAIVER, "expires": "2028-01-01"}, WAIVER]}),
    ],
    "charts": [
        ({"charts": [{"chart": "c", "values": ["prod.yaml"]}]}, {"charts": [{"chart": "c"}]}),
        ({"charts": [{"chart": "c", "release": "a"}]}, {"charts": [{"chart": "c", "release": "b"}]}),
    ],
    "units": [
        (
            {"units": [{"name": "u", "manifests": ["a"], "cluster": "x"}]},
            {"units": [{"name": "u", "manifests": ["a"]}]},
        ),
        ({"units": [{"name": "u", "manifests": ["a"]}]}, {}),
    ],
    "contracts": [
        ({"contracts": [CONTRACT]}, {}),
        ({"contracts": [CONTRACT]}, {"contracts": [{**CONTRACT, "planes": ["identity"]}]}),
        ({"contracts": [CONTRACT]}, {"contracts": [{**CONTRACT, "through": {"name": "*"}}]}),
    ],
}


@pytest.mark.parametrize(("key", "then", "now"), [(key, *pair) for key, pairs in LOOSER.items() for pair in pairs])
def test_what_is_looser_is_told_by_its_key(key, then, now):
    assert key in told(then, now)


def test_what_is_given_twice_counts_as_both_ask():
    """The shorter of two ages is asked of an update path: without it the longer one is looser."""
    both = stack(updates=[UPDATE, {**UPDATE, "max_age": "30d"}])
    assert told(both, stack(updates=[{**UPDATE, "max_age": "30d"}])) == ["safety_stack.updates"]
    assert told(both, stack(updates=[UPDATE])) == []


def test_every_key_has_a_looser_case():
    assert set(LOOSER) | {"given"} == set(WAYS) == set(snapshot(Profile()))


TIGHTER = [
    ({"places": [{**AWS, "accounts": ["1", "2"]}]}, {"places": [AWS]}),
    ({"places": [{"provider": "aws", "regions": ["us-gov-west-1"]}]}, {"places": [{**AWS, "accounts": []}]}),
    ({"models": {"approved": [{"id": "m"}]}}, {"models": {"approved": [{"id": "m", "digest": "sha256:" + "a" * 64}]}}),
    ({"models": {"approved": [{"id": "m"}]}}, {"models": {"approved": []}}),
    ({"models": {"servers": ["a"]}}, {"models": {"servers": ["a", "b"]}}),
    (stack(gateways=["a", "b"]), stack(gateways=["a"])),
    (stack(), stack(guardrails=[GUARDRAIL])),
    (stack(required_filters={"HATE": {"input": "LOW"}}), stack(required_filters={"HATE": {"input": "HIGH"}})),
    (stack(min_replicas=2), stack(min_replicas=3)),
    (stack(max_age="30d"), stack(max_age="7d")),
    (stack(), stack(max_age="7d")),
    ({"stop_controls": [STOP]}, {"stop_controls": [{**STOP, "tested": "2026-10-01", "max_age": "30d"}]}),
    (stack(updates=[UPDATE]), stack(updates=[UPDATE, {**UPDATE, "classifier": "c"}], release=[RELEASED])),
    ({"operators": ["a", "b"]}, {"operators": ["b"]}),
    ({"tenants": {"agreed": ["a"]}}, {"tenants": {"agreed": [], "excluded": ["b"]}}),
    ({"trusted": [TRUSTED]}, {"trusted": [{**TRUSTED, "expires": "2027-01-01"}]}),
    ({"waivers": [WAIVER]}, {"waivers": [{**WAIVER, "expires": "2027-01-01"}]}),
    ({"waivers": [WAIVER], "not_models": [{"subject": "a", "reason": "r"}], "platform": ["x"]}, {}),
    ({}, {"require": ["live"], "contracts": [CONTRACT]}),
    ({"units": [{"name": "u", "manifests": ["a", "b"]}]}, {"units": [{"name": "u", "manifests": ["b", "a"]}]}),
    (FULL, FULL),
]


@pytest.mark.parametrize(("then", "now"), TIGHTER)
def test_what_is_tighter_or_the_same_is_not_told(then, now):
    assert told(then, now) == []


def test_an_agreement_says_what_is_missing_by_its_line(tmp_path):
    lines = [change.what for change in loosened(snap(stack(min_replicas=3)), snap(stack(min_replicas=1)))]
    assert lines == ["`safety_stack.min_replicas` says `1` of `copies`, not `3`"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_order_of_a_profile_changes_no_snapshot(data):
    document = json.loads(json.dumps(FULL))
    for value in (document["operators"], document["models"]["approved"], document["contracts"], document["waivers"]):
        value[:] = data.draw(st.permutations(value))
    shuffled = dict(data.draw(st.permutations(list(document.items()))))
    assert snap(shuffled) == snap(FULL)


def test_a_lock_is_read_as_it_was_written(tmp_path):
    profile = parse_profile(json.dumps(FULL), "tether.yaml", "ab" * 32)
    path = tmp_path / "tether.lock"
    path.write_text(written(profile, {"a.py": "1" * 64}, None))
    lock = read_lock(path, "tether.lock")
    assert (lock.agreement, lock.profile_sha256) == ("acme-gov-2026", "ab" * 32)
    assert (lock.rules, lock.tables) == ({"a.py": "1" * 64}, None)
    assert lock.profile == snapshot(profile)


def broken(**more: object) -> str:
    whole = json.loads(written(parse_profile("agreement: a", "p"), {}, {}))
    return json.dumps({**whole, **more})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("[]", f"no lock of the schema {SCHEMA}"),
        ('{"schema": "tether.lock/2"}', "no lock of the schema"),
        (broken(agreement=7), "no `agreement`"),
        (broken(rules=[]), "`rules` has no digests"),
        (broken(rules={"a": "abc"}), "`rules` has no digests"),
        (broken(tables={"a": 1}), "`tables` has no digests"),
        (broken(extra=1), "unknown key `extra`"),
        (broken(profile={}), "has not its two parts"),
        (broken(profile={"sha256": "", "commitments": {}}), "of another version"),
        (broken(profile={"sha256": "", "commitments": {"places": []}}), "is malformed"),
    ],
)
def test_a_malformed_lock_is_2(tmp_path, text, reason):
    (tmp_path / "tether.lock").write_text(text)
    with pytest.raises(SettingsError, match=r"^tether.lock:1:1: ") as caught:
        read_lock(tmp_path / "tether.lock", "tether.lock")
    assert reason in str(caught.value)
    (tmp_path / "tether.yaml").write_text("agreement: a\n")
    assert run("scan", str(tmp_path), "--profile", str(tmp_path / "tether.yaml"))[0] == 2


@pytest.fixture
def world(tmp_path: Path) -> Path:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", folder)
    profile = folder / "tether.yaml"
    profile.write_text(f"agreement: acme-gov-2026\n{profile.read_text()}")
    assert run("lock", "--profile", str(profile), "--profile-only")[0] == 0
    return folder


def rules_of(folder: Path, *more: str) -> dict[str, str]:
    profile = ("--profile", str(folder / "tether.yaml"))
    code, out, err = run("scan", str(folder), *profile, "--as-of", AS_OF, "--format", "json", *more)
    assert code in (0, 1, 3), err
    return {one["id"]: one["verdict"] for one in json.loads(out)["rules"]}


LOOSE, DIFFER = "profile-loosened-without-agreement", "rules-differ-from-agreement"


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "tether.yaml").read_text()
    assert old in text
    (folder / "tether.yaml").write_text(text.replace(old, new))


def test_a_lock_of_everything_holds_until_something_changes(world, monkeypatch):
    assert run("lock", "--profile", str(world / "tether.yaml"), "-q") == (0, "", "")
    verdicts = rules_of(world)
    assert (verdicts[LOOSE], verdicts[DIFFER]) == ("holds", "holds")
    lock = json.loads((world / "tether.lock").read_text())
    assert {"evidence/rules_differ_from_agreement.py", "safety_path/model_bypasses_safety_stack.py"} <= set(
        lock["rules"]
    )
    assert "regions.json" in lock["tables"]
    lock["tables"]["regions.json"] = "0" * 64
    (world / "tether.lock").write_text(json.dumps(lock))
    assert rules_of(world)[DIFFER] == "violated"


def test_a_lock_of_the_profile_alone_judges_no_rules(world):
    verdicts = rules_of(world)
    assert (verdicts[LOOSE], verdicts[DIFFER]) == ("holds", "not-judged")


def test_a_profile_that_drops_its_agreement_is_loosened(world):
    edit(world, "agreement: acme-gov-2026\n", "")
    assert rules_of(world)[LOOSE] == "violated"
    (world / "tether.lock").unlink()
    assert rules_of(world)[LOOSE] == "not-judged"


def test_a_lock_from_elsewhere(world, tmp_path):
    protected = (world / "tether.lock").rename(tmp_path / "protected.lock")
    assert rules_of(world)[LOOSE] == "unproven"
    assert rules_of(world, "--lock", str(protected))[LOOSE] == "holds"
    edit(world, "min_replicas: 2", "min_replicas: 1")
    assert rules_of(world, "--lock", str(protected))[LOOSE] == "violated"
    code, _, err = run("scan", str(world), "--lock", str(protected))
    assert code == 2
    assert "--lock needs the profile" in err
    code, _, err = run("scan", str(world), "--profile", str(world / "tether.yaml"), "--lock", str(tmp_path / "gone"))
    assert code == 2
    assert "cannot be read" in err


def test_what_judges_the_profile_cannot_be_waived_in_it(world):
    edit(world, "min_replicas: 2", "min_replicas: 1")
    waiver = {**WAIVER, "rule": LOOSE, "subject": "profile/safety_stack.min_replicas"}
    with (world / "tether.yaml").open("a") as file:
        file.write(f"waivers: {json.dumps([waiver])}\n")
    code, _, err = run("scan", str(world), "--profile", str(world / "tether.yaml"), "--as-of", AS_OF)
    assert code == 2
    assert "cannot be waived" in err


def test_a_looser_profile_is_not_locked_under_the_same_name(world):
    before = (world / "tether.lock").read_bytes()
    edit(world, "operators:", "operators:\n  - group:contractors")
    code, out, err = run("lock", "--profile", str(world / "tether.yaml"))
    assert (code, out) == (2, "")
    assert "`operators` has `group:contractors`, which was not agreed" in err
    assert (world / "tether.lock").read_bytes() == before
    edit(world, "acme-gov-2026", "acme-gov-2027")
    assert rules_of(world)[LOOSE] == "unproven"
    assert run("lock", "--profile", str(world / "tether.yaml"))[0] == 0
    assert rules_of(world)[LOOSE] == "holds"


def test_a_tighter_profile_is_locked_again(world):
    edit(world, "min_replicas: 2", "min_replicas: 3")
    assert run("lock", "--profile", str(world / "tether.yaml"), "--profile-only")[0] == 0
    edit(world, "min_replicas: 3", "min_replicas: 2")
    assert rules_of(world)[LOOSE] == "violated"


def test_mistakes_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "there is no tether.yaml here" in run("lock")[2]
    (tmp_path / "tether.yaml").write_text("operators: []\n")
    assert "names no `agreement`" in run("lock")[2]
    (tmp_path / "tether.yaml").write_text("agreement: a\n")
    assert run("lock", "-o", "tether.yaml")[0] == 2
    assert run("lock", "--rules", "gone")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["tether.yaml"]
    assert run("lock")[0] == 0
    assert (tmp_path / "tether.lock").is_file()


def test_rules_of_ones_own_are_pinned_and_verified(world, tmp_path):
    from tests.cli.test_rules import RULE

    own = tmp_path / "own" / "evidence"
    own.mkdir(parents=True)
    text = RULE.format(title="T.", more="").replace("yield case.violated", "yield from () or case.violated")
    (own / "never.py").write_text(
        text.replace('        yield from () or case.violated(node, f"`{node.address}` is not ours")\n', "")
    )
    folder = ("--rules", str(tmp_path / "own"))
    assert run("lock", "--profile", str(world / "tether.yaml"), *folder, "-q")[0] == 0
    assert rules_of(world, *folder)[DIFFER] == "holds"
    assert rules_of(world)[DIFFER] == "violated"
    report = tmp_path / "r.json"
    arguments = ("--profile", str(world / "tether.yaml"), "--as-of", AS_OF, "--format", "json", "-o", str(report))
    run("scan", str(world), *arguments, *folder)
    assert run("verify", str(report), "--root", str(world))[0] == 0
    (own / "never.py").write_text((own / "never.py").read_text() + "# changed\n")
    assert run("verify", str(report), "--root", str(world))[0] == 1


@pytest.mark.parametrize(
    ("day", "verdict"), [("2026-03-29", "violated"), ("2026-04-01", "holds"), ("2027-04-01", "violated")]
)
def test_an_exception_is_near_its_end_and_not_over(tmp_path, day, verdict):
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n")
    approved = {**WAIVER, "second_approver": "cto"}
    (tmp_path / "tether.yaml").write_text(f"waivers: {json.dumps([approved])}\n")
    arguments = ("--profile", str(tmp_path / "tether.yaml"), "--format", "json")
    _, out, err = run("scan", str(tmp_path), "--as-of", day, *arguments)
    assert date.fromisoformat(WAIVER["expires"]) == date(2027, 3, 31)
    assert "waiver" in err
    found = {one["id"]: one["verdict"] for one in json.loads(out)["rules"]}
    assert found["waiver-without-approval"] == verdict
