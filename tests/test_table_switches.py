"""The switches table: its tests, made on small settings that are bad, good and unknown."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from scanner import table_rows as rows
from scanner import tables
from scanner.builders.switches.telling import is_odd
from scanner.unknown import Unknown

OPS = {"present", "absent", "eq", "not_eq", "in", "not_in", "lt", "regex", "lacks"}
EFFECTS = {"off", "fail-open", "observe-only", "partial-view", "opt-in", "opt-out-per-caller", "weaker", "unversioned"}


def test_switch_rows() -> None:
    for switch in tables.switches():
        assert switch.effect in EFFECTS, switch
        assert switch.match or switch.decided_by, switch
        for test in switch.match or ():
            check_shape(test)


def check_shape(test: rows.SwitchTest) -> None:
    assert test.on in ("terraform", "kubernetes", "pod", "container", "config"), test
    assert bool(test.types) == (test.on == "terraform"), test
    assert bool(test.kinds) == (test.on == "kubernetes"), test
    assert bool(test.config) == (test.on == "config"), test
    assert test.op in OPS and test.paths, test
    assert isinstance(test.value, tuple) == (test.op in ("in", "not_in", "lacks")), test
    for condition in (test.where, test.unless):
        assert condition is None or condition.op in OPS, test
    for path in (*test.paths, test.each):
        assert "" not in tables.steps(path) and path.count("[") == path.count("]"), test
        assert test.on != "terraform" or "**" not in path, f"an unknown beside the setting would decide: {test}"


def test_default_bad_rows_look_for_what_is_left_out() -> None:
    for switch in tables.switches():
        if switch.default_bad and switch.match:
            assert any(test.or_absent or test.op in ("absent", "lacks") for test in switch.match), switch


def test_steps() -> None:
    assert tables.steps('a.b[].c["x.y/z"].*.**.d') == ("a", "b", "[]", "c", "x.y/z", "*", "**", "d")
    assert tables.steps("") == ()


def test_reach() -> None:
    unknown = Unknown("`var.x` has no value")
    value = {"a": [{"b": 1}, {"b": 2}, {"c": None}], "m": {"k1": {"on": True}, "k2": {"on": False}}, "u": unknown}
    assert list(tables.reach(value, "a[].b")) == [1, 2]
    assert list(tables.reach(value, "a.b")) == []
    assert list(tables.reach(value, "m[].k1.on")) == [True]
    assert list(tables.reach(value, "m.*.on")) == [True, False]
    assert list(tables.reach(value, "**.on")) == [True, False, unknown]
    assert list(tables.reach(value, "u.x[].y")) == [unknown]
    assert list(tables.reach(value, "$.a[].c")) == [None]


def scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def holds(op: str, wanted: Any, found: list[Any]) -> bool | None:
    """What `about` of switches.json says of the ops: True, False, or None where an Unknown decides."""
    full = [v for v in found if v is not None and not (isinstance(v, (str, list, dict)) and not v)]
    known = [v for v in full if not isinstance(v, Unknown)]
    some = None if len(known) < len(full) else False
    if op in ("present", "absent"):
        there = True if known else some
        return there if op == "present" else None if there is None else not there
    if op == "lacks":
        return bool(set(wanted) - set(known)) and (None if some is None else True)
    single = [v for v in known if not isinstance(v, (dict, list))]
    if op == "lt":
        hit = any(float(v) < wanted for v in single)
    elif op == "regex":
        hit = any(re.search(wanted, v) for v in single if isinstance(v, str))
    else:
        among = {scalar(w) for w in (wanted if isinstance(wanted, tuple) else (wanted,))}
        hit = any((scalar(v) in among) == (op in ("eq", "in")) for v in single)
    return True if hit else some


def admitted(test: rows.SwitchTest, base: Any, root: Any) -> bool | None:
    """Whether `where` and `unless` let the test be made on `base`."""
    answers = []
    for condition, wanted in ((test.where, True), (test.unless, False)):
        if condition is not None:
            start = root if condition.path.startswith("$.") else base
            answer = holds(condition.op, condition.value, list(tables.reach(start, condition.path)))
            answers.append(None if answer is None else answer is wanted)
    return False if False in answers else None if None in answers else True


def hit(test: rows.SwitchTest, root: Any) -> bool | None:
    """One test of a switch made on one thing."""
    answers: list[bool | None] = []
    for base in tables.reach(root, test.each):
        admits = None if isinstance(base, Unknown) else admitted(test, base, root)
        for path in test.paths if admits is not False else ():
            found = list(tables.reach(base, path))
            made = bool(test.or_absent and holds("absent", None, found)) or holds(test.op, test.value, found)
            answers.append(None if made and admits is None else made)
    return True if True in answers else None if None in answers else False


def verdicts(on: str, kind: str, group: str, root: Any) -> tuple[set[str], set[str]]:
    """The ids of the switches that are hit, and of those that are not decided."""
    answers: dict[str, list[bool | None]] = {}
    for switch, test in tables.switch_tests(on, kind, group):
        answers.setdefault(switch.id, []).append(hit(test, root))
    bad = {id_ for id_, found in answers.items() if True in found}
    return bad, {id_ for id_, found in answers.items() if None in found} - bad


CASES = """
# -- terraform
aws_bedrock_guardrail:
- [[], content_policy_config: [filters_config: &all [{type: HATE, input_strength: HIGH}, {type: INSULTS},
    {type: SEXUAL}, {type: VIOLENCE}, {type: MISCONDUCT}, {type: PROMPT_ATTACK, output_strength: NONE}]]]
- [[BG-1, BG-5], content_policy_config: [filters_config: [{type: HATE, input_strength: NONE}]]]
- [[BG-2, BG-3], {content_policy_config: [filters_config: *all],
    word_policy_config: [words_config: [{input_action: NONE, input_enabled: false}]]}]
- [["?BG-1", "?BG-2", "?BG-3", "?BG-5"], content_policy_config: [filters_config: unknown]]
aws_bedrock_enforced_guardrail_configuration:
- [[], {guardrail_version: "3"}]
- [[], model_enforcement: [{included_models: [ALL], excluded_models: []}]]
- [[BE-2, BE-3], model_enforcement: [{included_models: [m], excluded_models: [n]}]]
- [[BE-4], selective_content_guarding: [{messages: SELECTIVE, system: COMPREHENSIVE}]]
aws_bedrockagent_agent:
- [[BE-11], {agent_name: a}]
- [[], guardrail_configuration: [{guardrail_identifier: g, guardrail_version: "2"}]]
- [[BE-11, BG-7], guardrail_configuration: [guardrail_version: DRAFT]]
- [["?BE-11", "?BG-7"], guardrail_configuration: [guardrail_version: unknown]]
aws_bedrockagent_flow:
- [[BE-12], definition: [node: [configuration: [prompt: [source: x]], configuration: [input: [{}]]]]]
aws_bedrockagentcore_gateway:
- [[], interceptor_configuration: [interception_points: [REQUEST], interception_points: [RESPONSE]]]
- [[BE-16], interceptor_configuration: [interception_points: [REQUEST]]]
- [[BE-15], {authorizer_type: NONE}]
aws_sagemaker_model:
- [[SM-4], {}]
- [[], {enable_network_isolation: true}]
- [["?SM-4"], {enable_network_isolation: unknown}]
aws_sagemaker_endpoint_configuration:
- [[SM-5], {}]
- [[], data_capture_config: [{enable_capture: true, initial_sampling_percentage: 100}]]
- [[SM-5], data_capture_config: [{enable_capture: true, initial_sampling_percentage: 50}]]
azurerm_cognitive_deployment:
- [[], {rai_policy_name: p, version_upgrade_option: NoAutoUpgrade, sku: [name: Standard]}]
- [[AZ-1, AZ-7, AZ-8], sku: [name: GlobalStandard]]
azurerm_cognitive_account_rai_policy:
- [[AZ-6], content_filter: [{source: Prompt, filter_enabled: true, block_enabled: true, severity_threshold: Low}]]
azurerm_cognitive_account:
- [[AZ-9, AZ-10, AZ-11], {}]
- [[AZ-9], {network_acls: [default_action: Deny], outbound_network_access_restricted: true}]
- [[], {local_auth_enabled: false, public_network_access_enabled: false, outbound_network_access_restricted: true}]
google_model_armor_floorsetting:
- [[GC-1, GC-2, GC-5], {ai_platform_floor_setting: [inspect_only: true], filter_config: [rai_settings: [x: 1]]}]
# -- kubernetes
gateway.envoyproxy.io/SecurityPolicy:
- [[K-1], spec: {extAuth: {failOpen: true, bodyToExtAuth: {maxRequestBytes: 1}}}]
- [[], spec: {jwt: {providers: []}}]
gateway.envoyproxy.io/EnvoyExtensionPolicy:
- [[], spec: {extProc: [processingMode: {request: {body: Buffered}, response: {body: Buffered}}]}]
- [[K-2, K-3], spec: {extProc: [failOpen: true]}]
networking.istio.io/EnvoyFilter:
- [[K-9], spec: {configPatches: [patch: {value: {typed_config: {failure_mode_allow: true}}}]}]
security.istio.io/AuthorizationPolicy:
- [[K-12], metadata: {annotations: {istio.io/dry-run: "true"}}]
agentgateway.dev/AgentgatewayPolicy:
- [[], spec: {traffic: {}}]
- [[K-18], spec: {backend: {ai: {promptGuard: {request: [regex: {action: Reject}], streaming: Enabled}}}}]
- [[K-15, K-17], spec: {backend: {ai: {promptGuard: {request: [x: 1], response: [regex: {builtins: [Ssn]}]}}}}]
gateway.networking.k8s.io/HTTPRoute:
- [[K-20], spec: {rules: [filters: [type: RequestMirror]]}]
kyverno.io/ClusterPolicy:
- [[], spec: {rules: [validate: {failureAction: Enforce}]}]
- [[A-1], spec: {rules: [validate: {pattern: {a: b}}]}]
- [[], spec: {validationFailureAction: Enforce, rules: [validate: {pattern: {a: b}}]}]
nvidia.com/ClusterPolicy:
- [[], spec: {}]
/ConfigMap:
- [[A-9], {metadata: {name: config-policy-controller}, data: {no-match-policy: warn}}]
- [[], {metadata: {name: config-policy-controller}, data: {}}]
- [[], {metadata: {name: other}, data: {no-match-policy: warn}}]
# -- workloads
pod:
- [[], metadata: {labels: {validation.ml.sigstore.dev/ml: v}}]
- [[A-11, K-13], metadata: {annotations: {sidecar.istio.io/inject: "false"}}]
container:
- [[V-1, V-4], {image: vllm/vllm-openai, env: {VLLM_SERVER_DEV_MODE: "1"}, arguments: --trust-remote-code --model x}]
- [[V-5], {image: tritonserver, env: {}, arguments: tritonserver --model-control-mode=explicit}]
- [[V-6], {image: ollama/ollama, env: {OLLAMA_HOST: "0.0.0.0:11434"}, arguments: ""}]
- [[], {image: ollama/ollama, env: {OLLAMA_HOST: "127.0.0.1:11434"}, arguments: ""}]
- [[GC-9], {image: app, env: {HARM_BLOCK_THRESHOLD: BLOCK_NONE}, arguments: ""}]
- [[N-4], {image: acme/nemo-guardrails, env: {}, arguments: ""}]
- [[], {image: acme/nemo-guardrails, env: {}, arguments: --disable-chat-ui}]
# -- settings documents
config:litellm:
- [[], guardrails: [litellm_params: {guardrail: lakera, mode: pre_call, default_on: true}]]
- [[L-1, L-2, L-6], guardrails: [litellm_params: {guardrail: grayswan, mode: [pre_call, logging_only]}]]
- [[L-11], general_settings: {pass_through_endpoints: [path: /x]}]
config:nemo-guardrails:
- [[N-2], rails: {input: {flows: [a]}, output: {flows: []}}]
config:kong:
- [[K-21], services: [plugins: [{name: ai-aws-guardrails, config: {guarding_mode: INPUT, stop_on_error: true}}]]]
- [[], services: [plugins: [{name: rate-limiting, config: {guarding_mode: INPUT}}]]]
config:portkey:
- [[K-24], before_request_hooks: [id: x]]
"""


def filled(value: Any) -> Any:
    """`value` with an Unknown for each word `unknown`."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return Unknown("`var.x` has no value") if value == "unknown" else value


@pytest.mark.parametrize(
    ("name", "ids", "root"), [(name, *case) for name, cases in yaml.safe_load(CASES).items() for case in cases]
)
def test_switches(name: str, ids: list[str], root: Any) -> None:
    on, kind, group = "terraform", name, ""
    if name in ("pod", "container"):
        on, kind = name, ""
    elif name.startswith("config:"):
        on, kind = name.split(":")
    elif "/" in name:
        on, (group, kind) = "kubernetes", name.split("/")
    open_ = {id_[1:] for id_ in ids if id_.startswith("?")}
    assert verdicts(on, kind, group, filled(root)) == ({id_ for id_ in ids if id_[0] != "?"}, open_)


HEURISTICS = {
    "safety-disabled": (
        ["DISABLE_SAFETY", "skip_guardrails", "no-content-filter", "bypassModeration"],
        ["disable_cache", "no_policy", "nosafetynet", "unskip"],
    ),
    "safety-not-enabled": (
        ["SAFETY_ENABLED", "guardrails_enforce", "moderation_mode", "content_filter_enabled"],
        ["cache_enabled", "unsafety_enabled", "shielding"],
    ),
    "safety-switched-by-name": (
        ["GUARDRAILS", "ENABLE_SAFETY", "use-moderation", "classifier-mode", "PROMPT_SHIELD"],
        ["SAFETY_MARGIN", "PROMPT_CLASSIFIER_URL", "GUARDIAN", "ENABLE_CACHE"],
    ),
    "safety-only-tried": (
        ["DRY_RUN", "CLASSIFIER_DRY_RUN", "shadow-mode", "guardrails_log_only", "ALLOW_BYPASS_HEADER"],
        ["DRY_RUNS_DIR", "SHADOWS", "read_only", "bypass"],
    ),
    "errors-let-through": (
        ["ON_ERROR", "on-failure", "ON_CLASSIFIER_ERROR", "ON_GUARD_TIMEOUT"],
        ["ON_ERROR_URL", "ERROR", "CONNECTION_TIMEOUT"],
    ),
    "fails-open": (
        ["failure_mode_allow", "failOpen", "fail-open", "on_error: continue"],
        ["fail_closed", "failover", "on_error: fail"],
    ),
    "classifier-threshold": (
        ["THRESHOLD", "CLASSIFIER_THRESHOLD", "block_threshold", "TOXICITY_SCORE_THRESHOLD", "GUARD_MIN_SCORE"],
        ["CIRCUIT_BREAKER_THRESHOLD", "RETRY_THRESHOLD", "SIMILARITY_THRESHOLD", "THRESHOLDS_URL", "LOG_THRESHOLD"],
    ),
    "share-of-calls": (
        ["SAMPLING", "SAMPLE_RATE", "CLASSIFIER_SAMPLE_RATE", "sampling_ratio", "GUARD_SAMPLING_PROBABILITY"],
        ["OTEL_TRACES_SAMPLER_ARG", "SENTRY_TRACES_SAMPLE_RATE", "LOG_SAMPLING", "AUDIO_SAMPLE_RATE", "SAMPLES"],
    ),
    "percentage-of-calls": (
        ["GUARDRAIL_PERCENT", "SAMPLE_PERCENTAGE", "check_fraction", "CLASSIFIER_COVERAGE"],
        ["MEMORY_PERCENT", "PERCENT", "ASPECT_RATIO", "HEALTH_CHECK_RATIO"],
    ),
    "ratio-of-calls": (
        ["CLASSIFY_RATE", "GUARD_RATE", "scan_rate"],
        ["RATE", "GUARD_CACHE_RATE", "ERROR_RATE", "CHECKS_PER_SECOND_RATE"],
    ),
    "passed-by": (["BYPASS_PERCENT", "skip_ratio", "EXEMPT_RATE"], ["SKIP", "CACHE_SKIP_RATIO", "BYPASS_URL"]),
    "no-time-to-judge": (
        ["CLASSIFIER_TIMEOUT", "GUARD_TIMEOUT_MS", "moderation_timeout_seconds"],
        ["TIMEOUT", "UPSTREAM_TIMEOUT", "GUARD_CONNECT_TIMEOUT", "CLASSIFIER_IDLE_TIMEOUT"],
    ),
    "not-closed": (
        ["FAIL_CLOSED", "failsafe", "BLOCK_ON_ERROR", "ENFORCE", "ENFORCEMENT_MODE", "GUARD_ACTION"],
        ["FAILOVER", "BLOCKING_QUEUE", "ENFORCER_URL", "ACTION"],
    ),
    "mode-that-watches": (
        ["MODE", "FAILURE_MODE", "FAILURE_POLICY", "DEFAULT_ACTION", "guard_action"],
        ["IMAGE_PULL_POLICY", "MODEL", "RESTART_POLICY", "CACHE_MODE"],
    ),
}
NUMBERS = {
    "classifier-threshold": ({"0", "1", "1.0", "100", "-1", "0.9999", "2e0", "OFF"}, {"0.5", ".8", "85%", "HIGH"}),
    "share-of-calls": ({"0.1", "0", "10", "50%", "true"}, {"1", "1.0", "100", "100%", "16000", "false"}),
    "percentage-of-calls": ({"10", "1", "0.5", "50%"}, {"100", "100%", "100.0", "x"}),
    "passed-by": ({"1", "0.5", "5%"}, {"0", "0.0", "0%"}),
    "no-time-to-judge": ({"0", "0.001", "1ms", "0s"}, {"5", "5s", "500ms", "1m"}),
}  # fmt: skip


@pytest.mark.parametrize("row", tables.heuristics(), ids=lambda row: row.id)
def test_heuristics(row: rows.Heuristic) -> None:
    bad, good = HEURISTICS[row.id]
    assert [text for text in bad if not _names(row, text)] == []
    assert [text for text in good if _names(row, text)] == []


def _names(row: rows.Heuristic, text: str) -> bool:
    unless = row.unless_regex and re.search(row.unless_regex, text)
    return not unless and re.search(row.regex, text) is not None


@pytest.mark.parametrize("id_", NUMBERS)
def test_numbers_and_words_that_are_suspicious(id_: str) -> None:
    row = next(one for one in tables.heuristics() if one.id == id_)
    odd, harmless = NUMBERS[id_]
    assert {one for one in odd | harmless if is_odd(row, "NAME", one.lower())} == odd


def test_thousandths_in_a_name() -> None:
    row = next(one for one in tables.heuristics() if one.id == "no-time-to-judge")
    assert is_odd(row, "GUARD_TIMEOUT_MS", "5")
    assert not is_odd(row, "GUARD_TIMEOUT_MS", "500")
