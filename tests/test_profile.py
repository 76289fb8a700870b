"""The loader of tether.yaml: what it makes of a file, what it refuses and where, and that its schema agrees."""

import copy
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scanner.errors import SettingsError
from scanner.origin import FileOrigin
from scanner.profile import GuardrailEntry, RequiredFilter, Unit
from scanner.profile_file import load_profile, parse_profile

SCHEMA = json.loads((Path(__file__).parents[1] / "scanner/schemas/profile.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker(["date"]))

WAIVER = {
    "rule": "model-bypasses-safety-stack",
    "subject": "tenant-a/Deployment/batch",
    "reason": "moves in March",
    "owner": "ml-platform",
    "approver": "ciso",
    "expires": "2027-03-31",
}
TRUSTED = {
    "from": "monitoring/Deployment/prometheus",
    "to": "inference/Deployment/vllm",
    "port": 9400,
    "reason": "metrics",
    "owner": "sre",
    "expires": "2027-01-31",
}
FULL = {
    "agreement": "acme-gov-2026",
    "places": [
        {
            "provider": "aws",
            "partition": "aws-us-gov",
            "accounts": ["111122223333"],
            "regions": ["us-gov-west-1"],
            "zones": ["us-gov-west-1a"],
        }
    ],
    "models": {
        "approved": [{"id": "claude-gov", "digest": "sha256:" + "0a" * 32}, {"id": "other"}],
        "servers": ["inference/Deployment/vllm"],
        "stores": ["s3://weights-gov"],
    },
    "safety_stack": {
        "gateways": ["safety/Deployment/gateway", "edge:aws_iam_role.gw"],
        "classifiers": ["safety/Deployment/classifier-*"],
        "guardrails": [{"id": "gr-1", "version": "7"}],
        "required_filters": {"PROMPT_ATTACK": {"input": "HIGH"}, "HATE": {"input": "HIGH", "output": "LOW"}},
        "min_replicas": 2,
        "max_age": "30d",
        "updates": [
            {"classifier": "safety/Deployment/classifier-a", "by": "safety/CronJob/refresh", "max_age": "7d"},
        ],
        "release": [
            {"member": "safety/Deployment/classifier-a", "images": ["sha256:" + "0b" * 32]},
            {"member": "gr-1", "version": "7"},
        ],
    },
    "stop_controls": [{"subject": "aws_organizations_policy.stop", "tested": "2026-09-01", "max_age": "180d"}],
    "delivery": {"repositories": ["https://git.example.gov/safety/*"], "keys": ["aws_kms_key.safety"]},
    "operators": ["group:safety-ops"],
    "tenants": {"agreed": ["namespace:tenant-a"], "excluded": []},
    "evidence": {"sinks": ["s3://audit"]},
    "trusted": [TRUSTED],
    "contracts": [
        {
            "name": "tenants-pass-the-proxy",
            "from": {"namespace": "tenant-*"},
            "to": {"role": "gateway", "unit": "prod"},
            "through": {"name": "audit-proxy"},
            "planes": ["network", "identity"],
            "commitment": "agreed-tenants",
            "severity": "critical",
            "reason": "the audit wants it",
        },
        {"name": "no-notebooks", "forbid": {"kind": "aws_sagemaker_notebook_instance"}},
    ],
    "not_models": [{"subject": "ml/Deployment/trainer", "reason": "trains, serves nothing"}],
    "platform": ["kube-system/DaemonSet/aws-node"],
    "require": ["live"],
    "units": [{"name": "prod", "terraform": ["infra"], "manifests": ["k8s/base"], "cluster": "aws_eks_cluster.main"}],
    "charts": [{"chart": "charts/vllm", "values": ["values/prod.yaml"], "release": "vllm", "namespace": "inference"}],
    "waivers": [WAIVER, {**WAIVER, "second_approver": "cto"}],
    "outputs": {
        "store": "runs.db",
        "series": "prod",
        "webhook_from": "TETHER_WEBHOOK",
        "waiver_notice": "14d",
        "asff": {"partition": "aws-us-gov", "region": "us-gov-west-1", "account": "111122223333"},
    },
}


def load(document: object):
    return parse_profile(json.dumps(document), "tether.yaml")


def accepted(document: object) -> bool:
    try:
        load(document)
    except SettingsError as error:
        assert str(error).startswith("tether.yaml:"), error
        return False
    return True


def changed(*path: object, value: object) -> object:
    """FULL with the value at `path` replaced; `...` takes it away."""
    document = copy.deepcopy(FULL)
    here = document
    for key in path[:-1]:
        here = here[key]
    if value is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return document


def test_everything_that_can_be_said_is_read():
    profile = load(FULL)
    assert profile.agreement == "acme-gov-2026"
    assert (profile.places[0].partition, profile.places[0].zones) == ("aws-us-gov", ("us-gov-west-1a",))
    assert [one.digest[:10] for one in profile.approved_models] == ["sha256:0a0", ""]
    assert profile.servers == ("inference/Deployment/vllm",)
    assert profile.stores == ("s3://weights-gov",)
    assert profile.gateways[1] == "edge:aws_iam_role.gw"
    assert profile.classifiers == ("safety/Deployment/classifier-*",)
    assert isinstance(profile.guardrails[0], GuardrailEntry)
    assert profile.guardrails[0].version == "7"
    assert [(one.type, one.input, one.output) for one in profile.required_filters] == [
        ("PROMPT_ATTACK", "HIGH", ""),
        ("HATE", "HIGH", "LOW"),
    ]
    assert isinstance(profile.required_filters[0], RequiredFilter)
    assert (profile.min_replicas, profile.max_age_days) == (2, 30)
    assert [(one.classifier[-1], one.by, one.max_age_days) for one in profile.updates] == [
        ("a", "safety/CronJob/refresh", 7)
    ]
    assert [(one.member[-1], one.images, one.version) for one in profile.release] == [
        ("a", ("sha256:" + "0b" * 32,), ""),
        ("1", (), "7"),
    ]
    assert [(one.subject[-4:], str(one.tested), one.max_age_days) for one in profile.stop_controls] == [
        ("stop", "2026-09-01", 180)
    ]
    assert (profile.repositories, profile.keys) == (("https://git.example.gov/safety/*",), ("aws_kms_key.safety",))
    assert profile.operators == ("group:safety-ops",)
    assert (profile.tenants_agreed, profile.tenants_excluded) == (("namespace:tenant-a",), ())
    assert profile.evidence_sinks == ("s3://audit",)
    assert (profile.trusted[0].source, profile.trusted[0].port) == ("monitoring/Deployment/prometheus", 9400)
    assert profile.not_models[0].reason == "trains, serves nothing"
    assert profile.contracts[0].planes == ("network", "identity")
    assert [str(one.forbid) for one in profile.contracts] == ["None", "kind aws_sagemaker_notebook_instance"]
    assert profile.platform == ("kube-system/DaemonSet/aws-node",)
    assert profile.require == ("live",)
    assert isinstance(profile.units[0], Unit)
    assert profile.units[0].manifests == ("k8s/base",)
    assert profile.waivers[0].expires == date(2027, 3, 31)
    assert [one.second_approver for one in profile.waivers] == ["", "cto"]


def test_positions_and_what_was_given():
    text = "places: []\nmodels:\n  servers: [a]\nsafety_stack:\n  gateways: []\n"
    profile = parse_profile(text, "conf/tether.yaml")
    assert profile.given == {"places", "models", "models.servers", "safety_stack", "safety_stack.gateways"}
    assert profile.has("safety_stack.gateways")
    assert not profile.has("safety_stack.classifiers")
    assert profile.origins["models.servers"] == FileOrigin("conf/tether.yaml", 3, 12, 3, 15)


def test_what_is_left_out_has_its_default():
    profile = parse_profile("operators: []", "p")
    assert (profile.min_replicas, profile.max_age_days, profile.places, profile.path) == (1, 0, (), "p")


def test_the_digest_is_of_the_bytes(tmp_path):
    path = tmp_path / "tether.yaml"
    path.write_bytes(b"operators: []\n")
    profile = load_profile(path, "tether.yaml")
    assert profile.sha256 == hashlib.sha256(b"operators: []\n").hexdigest()
    path.write_bytes(b"operators: [] \n")
    assert load_profile(path, "tether.yaml").sha256 != profile.sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("safety_stak: {}", "t:1:14: unknown key `safety_stak`; did you mean `safety_stack`?"),
        ("models:\n  server: [a]", "t:2:11: unknown key `models.server`; did you mean `servers`?"),
        ("contracts: [{name: a, forbid: {role: model}, to: {role: model}}]", "`to`: it is one or the other"),
        ("contracts: [{name: a, from: {role: model}}]", "needs `to`"),
        ("contracts: [{name: a, forbid: {}}]", "is empty: it would match everything"),
        ("contracts: [{name: a, forbid: {role: modell}}]", "must be one of model, candidate"),
        ("contracts: [{name: a, forbid: {names: x}}]", "did you mean `name`?"),
        ("contracts: [{name: a, forbid: {name: x}}, {name: a, forbid: {name: z}}]", "two contracts have the name `a`"),
        ("operators: ops", "t:1:12: `operators` must be a list, not text"),
        ("operators:\n", "t:1:11: `operators` must be a list, not nothing"),
        ("- a", "t:1:1: the file must be a mapping, not a list"),
        ("", "t:1:1: there is nothing in it"),
        ("places:\n- provider: aws\n  accounts: [111122223333]", "must be text, not a number; put it in quotes"),
        ("places:\n- regions: [a]", "t:2:3: `places[0]` needs `provider`"),
        ("waivers:\n- {rule: a-b, subject: s, reason: r, owner: o, expires: 2027-01-01}", "needs `approver`"),
        ("operators: [a, b, a]", "t:1:19: `operators` has `a` twice"),
        ("safety_stack: {max_age: 30}", "must be text"),
        ("safety_stack: {max_age: 4w}", "must be a number of days as 30d"),
        ("safety_stack: {min_replicas: 0}", "must be a whole number from 1"),
        ("safety_stack: {min_replicas: true}", "must be a whole number"),
        ("safety_stack: {required_filters: {HATE: {input: high}}}", "must be one of NONE, LOW, MEDIUM, HIGH"),
        ("safety_stack: {required_filters: {HATE: {}}}", "needs `input` or `output`"),
        ("units: [{name: a, terraform: [x]}, {name: a, manifests: [z]}]", "two units have the name `a`"),
        ("units: [{name: a, terraform: [../x]}]", "must be a relative path of a folder, without `..`"),
        ("charts: [{chart: a}, {chart: a}]", "`a` is installed twice as `release-name`"),
        ("units: [{name: external, terraform: [x]}]", "and not `external`"),
        ("units: [{name: a}]", "needs a folder in `terraform` or `manifests`"),
        ("operators: [a]\noperators: [b]", "t:2:1: the key `operators` stands twice"),
        ("operators: [a\n", "t:"),
        ("a: 1\n---\nb: 2", "a second document"),
    ],
)
def test_what_is_refused_names_its_place(text, message):
    with pytest.raises(SettingsError) as caught:
        parse_profile(text, "t")
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_waiver_on_no_day_and_a_second_approver_who_is_the_first():
    with pytest.raises(SettingsError, match="no calendar"):
        load({"waivers": [{**WAIVER, "expires": "2027-02-30"}]})
    for name in ("ciso", "CISO", " ciso ", "ci\u200bso", "\u200b"):
        with pytest.raises(SettingsError, match="the first one again"):
            load({"waivers": [{**WAIVER, "second_approver": name}]})


def test_files_that_cannot_be_read(tmp_path):
    for content in (b"\xff\xfe", b"# " + b"x" * 4_000_001):
        (tmp_path / "p").write_bytes(content)
        with pytest.raises(SettingsError, match=r"^p:1:1: "):
            load_profile(tmp_path / "p", "p")
    with pytest.raises(SettingsError, match=r"^gone:1:1: cannot be read"):
        load_profile(tmp_path / "gone", "gone")


CASES = [
    ({}, True),
    (FULL, True),
    (changed("waivers", 0, "approver", value=...), False),
    (changed("waivers", 0, "reason", value=" "), False),
    (changed("waivers", 0, "rule", value="Not A Rule"), False),
    (changed("waivers", 0, "expires", value="31.3.2027"), False),
    (changed("waivers", 0, "expires", value="2027-13-01"), False),
    (changed("trusted", 0, "port", value="9400"), False),
    (changed("trusted", 0, "port", value=0), False),
    (changed("trusted", 0, "port", value=65535), True),
    (changed("trusted", 0, "until", value="2027-01-01"), False),
    (changed("models", "approved", 0, "digest", value="sha256:abc"), False),
    (changed("models", "approved", 0, "id", value=...), False),
    (changed("models", "approved", value="claude-gov"), False),
    (changed("models", value=None), False),
    (changed("contracts", 0, "through", value=...), True),
    (changed("contracts", 0, "to", value=...), False),
    (changed("contracts", 0, "planes", value=[]), False),
    (changed("contracts", 0, "planes", value=["net"]), False),
    (changed("contracts", 0, "name", value="Some name"), False),
    (changed("contracts", 0, "from", value={"role": "boss"}), False),
    (changed("contracts", 1, "forbid", value={}), False),
    (changed("contracts", 1, "planes", value=["network"]), False),
    (changed("contracts", 1, "from", value={"name": "a"}), False),
    (changed("waivers", 0, "rule", value="contract:a-b"), True),
    (changed("safety_stack", "guardrails", 0, "version", value=7), False),
    (changed("safety_stack", "required_filters", value=["HATE"]), False),
    (changed("safety_stack", "required_filters", "hate", value={"input": "HIGH"}), False),
    (changed("safety_stack", "required_filters", "PII:EMAIL", value={"output": "NONE"}), True),
    (changed("safety_stack", "max_age", value="0d"), False),
    (changed("safety_stack", "updates", 0, "max_age", value=...), False),
    (changed("safety_stack", "updates", 0, "max_age", value="7"), False),
    (changed("safety_stack", "release", 0, "version", value="7"), False),
    (changed("safety_stack", "release", 0, "images", value=[]), False),
    (changed("safety_stack", "release", 0, "images", value=["vllm:7"]), False),
    (changed("safety_stack", "release", 1, "images", value=[]), True),
    (changed("stop_controls", 0, "tested", value="2026-13-01"), False),
    (changed("stop_controls", 0, "tested", value=...), False),
    (changed("stop_controls", 0, "max_age", value=...), True),
    (changed("delivery", "keys", value=[]), True),
    (changed("delivery", "branch", value="main"), False),
    (changed("require", value=["declared", "live"]), True),
    (changed("require", value=["plan"]), False),
    (changed("units", 0, "terraform", value=[]), True),
    (changed("units", 0, "terraform", value=["/etc"]), False),
    (changed("units", 0, "terraform", value=["a/../b"]), False),
    (changed("units", 0, "terraform", value=["a..b", "."]), True),
    (changed("units", 0, "name", value="prod:eu"), False),
    (changed("charts", 0, "chart", value="../x"), False),
    (changed("charts", 0, "chart", value=...), False),
    (changed("charts", 0, "values", value=["/etc/passwd"]), False),
    (changed("charts", 0, "values", value=...), True),
    (changed("charts", 0, "release", value="No"), False),
    (changed("charts", 0, "set", value={"a": 1}), False),
    (changed("platform", value=[""]), False),
    (changed("tenants", "agreed", value={"a": 1}), False),
    (changed("agreement", value=7), False),
    (changed("outputs", value={"store_from": "TETHER_STORE"}), True),
    (changed("outputs", "store_from", value="TETHER_STORE"), False),
    (changed("outputs", "store", value="postgresql://tether@db/runs"), True),
    (changed("outputs", "store", value="postgresql://tether:hush@db/runs"), False),
    (changed("outputs", "store", value="postgresql://db/runs?user=tether&password=hush"), False),
    (changed("outputs", "webhook_from", value="https://hooks.example.com/T0/B0"), False),
    (changed("outputs", "webhook", value="https://hooks.example.com/T0/B0"), False),
    (changed("outputs", "waiver_notice", value="soon"), False),
    (changed("outputs", "asff", "account", value="1"), False),
    (changed("outputs", "asff", "region", value=...), False),
    ([], False),
    ("text", False),
]


@pytest.mark.parametrize(("document", "good"), CASES)
def test_loader_and_schema_agree_on_the_cases(document, good):
    assert VALIDATOR.is_valid(document) is good
    assert accepted(document) is good


def paths_in(value: object, before: tuple = ()):
    """Every path into a document, the root left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from paths_in(inner, (*before, key))


WORDS = st.sampled_from(
    ["a", "", " ", "HIGH", "live", "30d", "2027-01-01", "x-y", "a/b", "..", "/", "external", "sha256:" + "1" * 64]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 70000), WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "input", "X"]), inner),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_loader_and_schema_agree_after_any_change(data):
    document = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(paths_in(document)) or [("agreement",)]))
        here = document
        for key in path[:-1]:
            here = here[key]
        if data.draw(st.booleans()):
            here[path[-1]] = data.draw(VALUES)
        elif path[-1] in here if isinstance(here, dict) else path[-1] < len(here):
            del here[path[-1]]
        if isinstance(here, dict) and data.draw(st.integers(0, 9)) == 0:
            here[data.draw(st.sampled_from(["x", "reason", "input", "servers"]))] = data.draw(VALUES)
    assert accepted(document) is VALIDATOR.is_valid(document)


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)
