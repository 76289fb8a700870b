"""What verifies the images of a model on admission: coverage, mode and failure of every engine, three-valued."""

from __future__ import annotations

import copy

import pytest

from scanner.builders.admission.build import build_admission
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.graph.facts import Switch
from scanner.graph.facts_admission import Verification
from scanner.graph.model import Role
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.unknown import Unknown
from tests.builders.k8s_world import MODEL, resources_of, world_of
from tests.changed import replace

IMAGE = "registry.example.gov/vllm@sha256:" + "0" * 64
WORKLOAD = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: vllm, namespace: inference, labels: {{team: ml}}}}
spec:
  selector: {{matchLabels: {{app: vllm}}}}
  template:
    metadata: {{labels: {{app: vllm}}}}
    spec: {{containers: [{{name: c, image: "{IMAGE}"}}]}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: inference, labels: {LABELS}}\n"
HOLDS, BROKEN, UNSURE = "holds", "broken", "unsure"


def asked(*texts: str, labels: str = "{tier: models}") -> str:
    """What the facts on the model say together: `holds` where one policy does, else whether nobody knows."""
    space = NAMESPACE.replace("{LABELS}", labels) if labels else ""
    world = world_of(WORKLOAD, *([space] if space else []), *texts)
    build_admission(world)
    graph = world.freeze()
    facts = [fact for node, fact in graph.facts(Verification) if node.address == MODEL]
    assert facts, "no policy is about images"
    if any(fact.holds for fact in facts):
        return HOLDS
    return UNSURE if any(fact.unknown is not None for fact in facts) else BROKEN


def vap(policy: str = "", binding: str = "", actions: str = "[Deny]", rule: str = "", metadata: str = "") -> str:
    matched = rule or "{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}"
    return f"""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: images{metadata}}}
spec:
  matchConstraints:
    resourceRules: [{matched}]
  validations: [{{expression: "object.spec.containers.all(c, c.image.contains('@sha256:'))"}}]
{policy}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: images}}
spec:
  policyName: images
  validationActions: {actions}
{binding}
"""


SELECTS = "  matchResources: {namespaceSelector: {matchLabels: {tier: %s}}}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (vap(), HOLDS),
        (vap(actions="[Warn, Audit]"), BROKEN),
        (vap(actions="[Audit, Deny]"), HOLDS),
        (vap("  failurePolicy: Ignore"), BROKEN),
        (vap("  failurePolicy: Fail"), HOLDS),
        (vap("  matchConditions: [{name: a, expression: 'true'}]"), UNSURE),
        (vap(binding=SELECTS % "models"), HOLDS),
        (vap(binding=SELECTS % "other"), BROKEN),
        (vap(binding="  matchResources: {objectSelector: {matchLabels: {app: vllm}}}"), HOLDS),
        (vap(binding="  matchResources: {objectSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}"), BROKEN),  # noqa: E501
        (vap(rule="{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}"), HOLDS),
        (vap(rule="{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [statefulsets]}"), BROKEN),
        (vap(rule="{apiGroups: [''], apiVersions: [v1], operations: [DELETE], resources: [pods]}"), BROKEN),
        (vap(rule="{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}"), HOLDS),
        (vap("  paramKind: {apiVersion: v1, kind: ConfigMap}", "  paramRef: {name: p, parameterNotFoundAction: Allow}"), UNSURE),  # noqa: E501
        (vap("  paramKind: {apiVersion: v1, kind: ConfigMap}", "  paramRef: {name: p, parameterNotFoundAction: Deny}"), HOLDS),  # noqa: E501
        (vap().partition("---")[0], BROKEN),
    ],
)  # fmt: skip
def test_validating_admission_policies(text: str, found: str) -> None:
    assert asked(*text.split("---")) == found


def test_a_namespace_that_is_not_declared_may_be_left_out() -> None:
    assert asked(*vap(binding=SELECTS % "models").split("---"), labels="") == UNSURE
    assert asked(*vap().split("---"), labels="") == HOLDS


def kyverno(rule: str = "", spec: str = "", match: str = "", check: str = "", kind: str = "ClusterPolicy") -> str:
    where = ", namespace: inference" if kind == "Policy" else ""
    return f"""
apiVersion: kyverno.io/v1
kind: {kind}
metadata: {{name: signed{where}}}
spec:
{spec}
  rules:
    - name: signed
      match: {match or "{any: [{resources: {kinds: [Pod]}}]}"}
{rule}
      verifyImages: [{check or '{imageReferences: ["registry.example.gov/*"], failureAction: Enforce}'}]
"""


def exception(match: str, more: str = "", policy: str = "signed", rules: str = "[signed]") -> str:
    return f"""
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {{name: let-in, namespace: kyverno}}
spec:
  exceptions: [{{policyName: {policy}, ruleNames: {rules}}}]
  match: {match}
{more}
"""


def resources(**parts: str) -> str:
    inner = ", ".join(f"{key}: {value}" for key, value in parts.items())
    return f"{{any: [{{resources: {{{inner}}}}}]}}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (kyverno(), HOLDS),
        (kyverno(kind="Policy"), HOLDS),
        (kyverno(kind="Policy").replace("namespace: inference", "namespace: elsewhere"), BROKEN),
        (kyverno(check='{imageReferences: ["registry.example.gov/*"]}'), BROKEN),
        (kyverno(check='{imageReferences: ["registry.example.gov/*"]}', spec="  validationFailureAction: Enforce"), HOLDS),  # noqa: E501
        (kyverno(check='{imageReferences: ["registry.example.gov/*"]}', spec="  validationFailureAction: Audit"), BROKEN),  # noqa: E501
        (kyverno(check='{imageReferences: ["*"], failureAction: Enforce, required: false}'), BROKEN),
        (kyverno(check='{imageReferences: ["*"], failureAction: Enforce, skipImageReferences: ["*/vllm*"]}'), BROKEN),
        (kyverno(check='{imageReferences: ["ghcr.io/*"], failureAction: Enforce}'), BROKEN),
        (kyverno(spec="  failurePolicy: Ignore"), BROKEN),
        (kyverno(spec="  webhookConfiguration: {failurePolicy: Ignore}"), BROKEN),
        (kyverno(spec="  admission: false"), BROKEN),
        (kyverno(match=resources(kinds="[Pod]", namespaces="[inference]")), HOLDS),
        (kyverno(match=resources(kinds="[Pod]", namespaces="['infer*']")), HOLDS),
        (kyverno(match=resources(kinds="[Pod]", namespaces="[payments]")), BROKEN),
        (kyverno(match=resources(kinds="[Deployment]")), HOLDS),
        (kyverno(match=resources(kinds="[StatefulSet]")), BROKEN),
        (kyverno(match=resources(kinds="[Pod/exec]")), BROKEN),
        (kyverno(match=resources(kinds="['*/Pod']")), HOLDS),
        (kyverno(match=resources(kinds="[Pod]", selector="{matchLabels: {app: vllm}}")), HOLDS),
        (kyverno(match=resources(kinds="[Pod]", selector="{matchLabels: {app: web}}")), BROKEN),
        (kyverno(match=resources(kinds="[Pod]", namespaceSelector="{matchLabels: {tier: models}}")), HOLDS),
        (kyverno(match=resources(kinds="[Pod]", names="['web-*']")), BROKEN),
        (kyverno(match="{resources: {kinds: [Pod]}}"), HOLDS),
        (kyverno("      exclude: " + resources(namespaces="[inference]")), BROKEN),
        (kyverno("      exclude: " + resources(namespaces="[kube-system]")), HOLDS),
        (kyverno("      exclude: {any: [{clusterRoles: [cluster-admin]}]}"), UNSURE),
        (kyverno("      celPreconditions: [{name: a, expression: 'false'}]"), UNSURE),
        (kyverno("      preconditions: {all: [{key: a, operator: Equals, value: b}]}"), UNSURE),
        (kyverno(spec="  validationFailureActionOverrides: [{action: Audit, namespaces: [inference]}]",
                 check='{imageReferences: ["*"]}') .replace("spec:\n  v", "spec:\n  validationFailureAction: Enforce\n  v"), BROKEN),  # noqa: E501
        (kyverno() + "---" + exception(resources(kinds="[Pod]", namespaces="[inference]")), BROKEN),
        (kyverno() + "---" + exception(resources(kinds="[Pod]", namespaces="[payments]")), HOLDS),
        (kyverno() + "---" + exception(resources(kinds="[Pod]"), policy="other"), HOLDS),
        (kyverno() + "---" + exception(resources(kinds="[Pod]"), rules="[other]"), HOLDS),
        (kyverno() + "---" + exception(resources(kinds="[Pod]"), rules="['autogen-*']"), BROKEN),
        (kyverno() + "---" + exception(resources(kinds="[Pod]"), "  conditions: {any: [{key: a}]}"), UNSURE),
    ],
)  # fmt: skip
def test_kyverno(text: str, found: str) -> None:
    assert asked(*text.split("---")) == found


SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: kyverno, namespace: kyverno}
data: {KEY: 'VALUE'}
"""


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("resourceFilters", "[Event,*,*] [*/*,kube-system,*]", HOLDS),
        ("resourceFilters", "[*/*,infer*,*]", BROKEN),
        ("resourceFilters", "[Pod,inference,*]", BROKEN),
        ("resourceFilters", "[Secret,inference,*]", HOLDS),
        ("resourceFilters", "[Pod,inference,vllm-*]", UNSURE),
        ("webhooks", '[{"namespaceSelector": {"matchLabels": {"tier": "models"}}}]', HOLDS),
        ("webhooks", '[{"namespaceSelector": {"matchLabels": {"tier": "other"}}}]', BROKEN),
        ("webhooks", "no JSON", UNSURE),
    ],
)
def test_what_kyverno_leaves_out_as_a_whole(key: str, value: str, found: str) -> None:
    assert asked(kyverno(), SETTINGS.replace("KEY", key).replace("VALUE", value)) == found


def test_conditions_of_the_webhook_of_a_policy_may_leave_anything_out() -> None:
    spec = "  webhookConfiguration: {matchConditions: [{name: a, expression: 'true'}]}"
    assert asked(kyverno(spec=spec)) == UNSURE


def ivp(spec: str = "", kind: str = "ImageValidatingPolicy") -> str:
    return f"""
apiVersion: policies.kyverno.io/v1alpha1
kind: {kind}
metadata: {{name: signed}}
spec:
  matchConstraints:
    resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]
{spec}
"""


CEL_EXCEPTION = """
apiVersion: policies.kyverno.io/v1alpha1
kind: PolicyException
metadata: {name: let-in, namespace: kyverno}
spec:
  policyRefs: [{name: signed, kind: ImageValidatingPolicy}]
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ivp(), HOLDS),
        (ivp("  validationActions: [Audit]"), BROKEN),
        (ivp("  failurePolicy: Ignore"), BROKEN),
        (ivp("  matchImageReferences: [{glob: 'registry.example.gov/*'}]"), HOLDS),
        (ivp("  matchImageReferences: [{glob: 'ghcr.io/*'}]"), BROKEN),
        (ivp("  matchImageReferences: [{expression: 'true'}]"), UNSURE),
        (ivp("  evaluation: {admission: {enabled: false}}"), BROKEN),
        (ivp() + "---" + CEL_EXCEPTION, BROKEN),
        (ivp() + "---" + CEL_EXCEPTION + "  matchConditions: [{name: a, expression: 'true'}]\n", UNSURE),
    ],
)
def test_kyverno_by_expressions(text: str, found: str) -> None:
    assert asked(*text.split("---")) == found


def constraint(spec: str = "", kind: str = "K8sAllowedRepos") -> str:
    return f"""
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: {kind}
metadata: {{name: repos}}
spec:
{spec}
  parameters: {{repos: ["registry.example.gov/"]}}
"""


HOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: gatekeeper}
webhooks:
  - name: validation.gatekeeper.sh
    failurePolicy: FAIL
"""
EXEMPT = """
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config, namespace: gatekeeper-system}
spec: {match: [{excludedNamespaces: ["NAMES"], processes: ["PROCESSES"]}]}
"""
CLOSED = HOOK.replace("FAIL", "Fail")


def exempt(names: str, processes: str) -> str:
    return "---" + EXEMPT.replace("NAMES", names).replace("PROCESSES", processes)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (constraint() + "---" + CLOSED, HOLDS),
        (constraint() + "---" + HOOK.replace("FAIL", "Ignore"), BROKEN),
        (constraint(), UNSURE),
        (constraint("  enforcementAction: dryrun") + "---" + CLOSED, BROKEN),
        (constraint("  match: {excludedNamespaces: ['infer*']}") + "---" + CLOSED, BROKEN),
        (constraint("  match: {namespaces: [inference]}") + "---" + CLOSED, HOLDS),
        (constraint("  match: {namespaces: [payments]}") + "---" + CLOSED, BROKEN),
        (constraint("  match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}") + "---" + CLOSED, HOLDS),
        (constraint("  match: {kinds: [{apiGroups: [''], kinds: [Service]}]}") + "---" + CLOSED, BROKEN),
        (constraint("  match: {labelSelector: {matchLabels: {app: web}}}") + "---" + CLOSED, BROKEN),
        (constraint("  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}]") + "---" + CLOSED, HOLDS),  # noqa: E501
        (constraint("  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]") + "---" + CLOSED, BROKEN),  # noqa: E501
        (constraint() + "---" + CLOSED + exempt("inference", "*"), BROKEN),
        (constraint() + "---" + CLOSED + exempt("inference", "audit"), HOLDS),
        (constraint() + "---" + CLOSED + exempt("payments", "*"), HOLDS),
    ],
)  # fmt: skip
def test_gatekeeper(text: str, found: str) -> None:
    assert asked(*text.split("---")) == found


def test_gatekeeper_ignores_namespaces_by_a_label() -> None:
    text = (constraint() + "---" + CLOSED).split("---")
    assert asked(*text, labels="{admission.gatekeeper.sh/ignore: 'yes'}") == BROKEN


def cip(spec: str = "") -> str:
    return f"""
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {{name: signed}}
spec:
  images: [{{glob: "registry.example.gov/**"}}]
{spec}
"""


@pytest.mark.parametrize(
    ("spec", "labels", "found"),
    [
        ("", "{policy.sigstore.dev/include: 'true'}", HOLDS),
        ("", "{policy.sigstore.dev/include: 'false'}", BROKEN),
        ("", "{}", BROKEN),
        ("", "", UNSURE),
        ("  mode: warn", "{policy.sigstore.dev/include: 'true'}", BROKEN),
        ("  authorities: [{static: {action: pass}}]", "{policy.sigstore.dev/include: 'true'}", BROKEN),
        (
            "  match: [{group: apps, version: v1, resource: deployments}]",
            "{policy.sigstore.dev/include: 'true'}",
            HOLDS,
        ),
        ("  match: [{group: batch, version: v1, resource: jobs}]", "{policy.sigstore.dev/include: 'true'}", BROKEN),
    ],
)
def test_the_policy_controller_of_sigstore(spec: str, labels: str, found: str) -> None:
    assert asked(cip(spec), labels=labels) == found


def hook(settings: str, version: str = "v1") -> str:
    return f"""
apiVersion: admissionregistration.k8s.io/{version}
kind: ValidatingWebhookConfiguration
metadata: {{name: image-verifier}}
webhooks:
  - name: images.example.gov
    rules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]
{settings}
"""


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", HOLDS),
        ("    failurePolicy: Fail", HOLDS),
        ("    failurePolicy: Ignore", BROKEN),
        ("    namespaceSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [models]}]}", BROKEN),
        ("    objectSelector: {matchLabels: {verify: 'yes'}}", BROKEN),
        ("    matchConditions: [{name: a, expression: 'true'}]", UNSURE),
    ],
)
def test_webhooks_about_images(settings: str, found: str) -> None:
    assert asked(hook(settings)) == found


@pytest.mark.parametrize(
    ("match", "bad"),
    [
        (resources(kinds="[Pod]", namespaces="[inference]"), True),
        (resources(kinds="[Pod]", namespaces="[payments]"), False),
        (resources(kinds="[Pod]", selector="{matchLabels: {app: vllm}}"), True),
    ],
)
def test_an_exception_is_compared_with_where_models_run(match: str, bad: bool) -> None:
    world = world_of(WORKLOAD, kyverno(), exception(match))
    build_admission(world)
    (fact,) = [fact for _, fact in world.freeze().facts(Switch) if fact.row == "A-3"]
    assert fact.bad is bad
    assert fact.origin is not None


def test_an_exception_under_conditions_is_not_known() -> None:
    world = world_of(WORKLOAD, kyverno(), exception(resources(kinds="[Pod]"), "  conditions: {any: [{key: a}]}"))
    build_admission(world)
    (fact,) = [fact for _, fact in world.freeze().facts(Switch) if fact.row == "A-3"]
    assert isinstance(fact.bad, Unknown)


@pytest.mark.parametrize("value", ["3", "[]", "{}", "[1, null, {a: b}]", "'x'", "null"])
def test_hostile_policies_do_not_raise(value: str) -> None:
    texts = [
        kyverno(match=value), kyverno(check=value), kyverno("      exclude: " + value), exception(value), ivp(), constraint(f"  match: {value}"),  # noqa: E501
        cip(f"  match: {value}"), cip(f"  authorities: {value}"), hook(f"    namespaceSelector: {value}"),
        *vap(binding=f"  matchResources: {value}").split("---"), EXEMPT.replace('["NAMES"]', value),
    ]  # fmt: skip
    world = world_of(WORKLOAD, *[one.replace("name: ", f"name: n{number}-", 1) for number, one in enumerate(texts)])
    build_admission(world)
    world.freeze()


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place inside a structure, but for what names the object."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path and path[0] not in ("apiVersion", "kind", "metadata") else []
    return found + [one for key, item in inside for one in places(item, (*path, key))]


def answer(resources: list[Resource]) -> str:
    world = World(Inventory(resources), Profile())
    world.add_roles(f"k8s:{MODEL}", [Role.MODEL])
    build_admission(world)
    facts = [fact for _, fact in world.freeze().facts(Verification)]
    return HOLDS if any(fact.holds for fact in facts) else UNSURE if any(fact.unknown for fact in facts) else BROKEN


@pytest.mark.parametrize(
    "text",
    [
        vap(actions="[Warn]"),
        vap("  failurePolicy: Ignore"),
        vap(binding=SELECTS % "other"),
        kyverno(spec="  failurePolicy: Ignore"),
        kyverno("      exclude: " + resources(namespaces="[inference]")),
        kyverno(check='{imageReferences: ["ghcr.io/*"], failureAction: Enforce}'),
        kyverno() + "---" + exception(resources(kinds="[Pod]", namespaces="[inference]")),
        ivp("  validationActions: [Audit]"),
        ivp() + "---" + CEL_EXCEPTION,
        constraint("  match: {excludedNamespaces: ['infer*']}") + "---" + CLOSED,
        constraint() + "---" + CLOSED + exempt("inference", "*"),
        cip("  mode: warn"),
        hook("    failurePolicy: Ignore"),
    ],
)
def test_no_unknown_value_makes_a_policy_hold(text: str) -> None:
    read = resources_of(WORKLOAD, NAMESPACE.replace("{LABELS}", "{policy.sigstore.dev/include: 'true', tier: models}"), *text.split("---"))  # fmt: skip # noqa: E501
    assert answer(read) == BROKEN
    unknown = Unknown("`var.x` has no value", decided_by=("var.x",))
    for number, one in enumerate(read):
        if one.kind in ("Deployment", "Namespace"):
            continue
        for path in places(one.attrs):
            attrs = copy.deepcopy(one.attrs)
            holder = attrs
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = unknown
            changed = [*read[:number], replace(one, attrs=attrs), *read[number + 1 :]]
            assert answer(changed) != HOLDS, (one.address, path)
        doubted = [*read[:number], replace(one, possible=unknown), *read[number + 1 :]]
        assert answer(doubted) != HOLDS, one.address


@pytest.mark.parametrize("text", [vap(), kyverno(), ivp(), constraint() + "---" + CLOSED, cip(), hook("")])
def test_a_policy_that_may_not_exist_does_not_hold(text: str) -> None:
    read = resources_of(WORKLOAD, NAMESPACE.replace("{LABELS}", "{policy.sigstore.dev/include: 'true'}"), *text.split("---"))  # fmt: skip # noqa: E501
    assert answer(read) == HOLDS
    unknown = Unknown("`var.x` has no value", decided_by=("var.x",))
    for number, one in enumerate(read):
        if one.kind not in ("Deployment", "Namespace"):
            doubted = [*read[:number], replace(one, possible=unknown), *read[number + 1 :]]
            assert answer(doubted) == UNSURE, one.address
