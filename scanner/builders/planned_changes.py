"""What a plan does to safety objects: deletes, replaces, forgets or weakens them, or leaves them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.aws_models.enforcement import ENFORCED
from scanner.builders.aws_models.logs import LOGGING
from scanner.builders.draft import World, node_of
from scanner.builders.inventory import Named
from scanner.graph.facts_planned import Planned
from scanner.graph.model import STACK, Role
from scanner.resource import Attrs, Resource, dig
from scanner.unknown import Unknown, Value

SAFETY = {
    "aws_bedrock_guardrail": "the guardrail",
    "awscc_bedrock_guardrail": "the guardrail",
    "aws_bedrock_guardrail_version": "a published version of the guardrail",
    "awscc_bedrock_guardrail_version": "a published version of the guardrail",
    **dict.fromkeys(ENFORCED, "the enforcement of the guardrail"),
    LOGGING: "the log of inference",
    "aws_cloudtrail": "the audit trail",
    "aws_s3_bucket_object_lock_configuration": "the lock of a store of evidence",
    "aws_organizations_policy": "an organisation policy",
    "aws_organizations_policy_attachment": "an organisation policy's attachment",
    "azurerm_cognitive_account_rai_policy": "the content filter policy",
    "azurerm_storage_container_immutability_policy": "the lock of a store of evidence",
    "google_model_armor_template": "the filter template",
    "google_model_armor_floorsetting": "the floor of the filters",
    "kubernetes_network_policy": "a network policy",
    "kubernetes_network_policy_v1": "a network policy",
}
"""Types of Terraform that are safety objects whatever the profile says -> what a finding calls them."""
MANIFESTS = {
    "NetworkPolicy": "a network policy",
    "AdminNetworkPolicy": "a network policy",
    "BaselineAdminNetworkPolicy": "a network policy",
    "ClusterNetworkPolicy": "a network policy",
    "CiliumNetworkPolicy": "a network policy",
    "CiliumClusterwideNetworkPolicy": "a network policy",
    "AuthorizationPolicy": "an authorization policy",
    "PeerAuthentication": "a demand for mutual TLS",
    "ValidatingWebhookConfiguration": "an admission webhook",
    "ValidatingAdmissionPolicy": "an admission policy",
}
WRAPPERS = ("kubernetes_manifest", "kubectl_manifest")
WORDS = {"delete": "deletes", "replace": "replaces", "forget": "forgets"}
STRENGTHS = ("NONE", "LOW", "MEDIUM", "HIGH")
LEVELS = {"strength": STRENGTHS, "action": ("NONE", "ANONYMIZE", "BLOCK"), "mode": ("GOVERNANCE", "COMPLIANCE")}
"""The end of an attribute's name -> its values from weak to strong."""
NAMES = ("type", "name", "text", "pattern")
"""By which of its arguments an item of a list is the same before and after."""


def build_planned_changes(world: World) -> None:
    """Add a Planned fact to every safety object that a plan speaks of."""
    profile = world.profile
    guardrails = [one.id for one in profile.guardrails]
    named = Named([*profile.gateways, *profile.classifiers, *guardrails, *profile.evidence_sinks])
    for one in world.inventory.deleted:
        what = _word(one, named)
        if what:
            world.ensure(node_of(one))
            because = f"the plan deletes {what}"
            world.add_fact(one.id, Planned(origin=one.origin, because=because, action="deletes", harms=True))
    for one in world.inventory.all:
        if one.source != "plan" or not one.action or one.data:
            continue
        stack = world.nodes[one.id].roles & {*STACK, Role.GUARD, Role.SINK}
        what = _word(one, named) or ("a part of the safety stack" if stack else "")
        if what:
            world.add_fact(one.id, _kept(one, what))


def _word(one: Resource, named: Named) -> str:
    if one.kind in WRAPPERS:
        kind = dig(one.attrs, "manifest", "kind")
        return MANIFESTS.get(kind, "") if isinstance(kind, str) else ""
    return SAFETY.get(one.kind, "") or ("a part of the safety stack" if named(one.unit, one.address) else "")


def _kept(one: Resource, what: str) -> Planned:
    action = WORDS.get(one.action)
    if action is not None:
        kept = one.kind.endswith("_guardrail_version") and one.attrs.get("skip_destroy") is True
        because = f"the plan {action} {what}" + (", and the old version stays" if kept else "")
        return Planned(origin=one.origin, because=because, action=action, harms=not kept)
    if one.before is None:
        return Planned(origin=one.origin, because=f"the plan leaves {what} as it is", action="keeps", harms=False)
    changes = list(weaker(one.before, one.attrs, ""))
    sure = next((change for change, doubt in changes if doubt is None), None)
    if sure is not None:
        return Planned(origin=one.origin, because=f"the plan weakens {what}: {sure}", action="weakens", harms=True)
    for change, doubt in changes:
        because = f"whether the plan weakens {what} is not known: {change}"
        return Planned(origin=one.origin, because=because, action="weakens", harms=doubt or Unknown(because))
    return Planned(origin=one.origin, because=f"the plan leaves {what} as strong as it is", action="keeps", harms=False)


def weaker(before: Value, after: Value, path: str) -> Iterator[tuple[str, Unknown | None]]:
    """What is weaker after than before, each with what is not known of it (None: it is certain)."""
    if isinstance(after, Unknown):
        yield f"`{path}` is known only at apply", after
    elif isinstance(before, Mapping):
        there = after if isinstance(after, Mapping) else {}
        for name, value in before.items():
            inner = f"{path}.{name}" if path else name
            if name in there:
                yield from weaker(value, there[name], inner)
            elif _counts(inner) and value not in (None, False):
                yield f"`{inner}` is gone", None
    elif isinstance(before, Sequence) and not isinstance(before, str):
        yield from _items(before, after, path)
    elif before is True and after is False and path.endswith("enabled"):
        yield f"`{path}` is off", None
    else:
        levels = next((found for end, found in LEVELS.items() if path.rpartition(".")[2].endswith(end)), ())
        if before in levels and after in levels and levels.index(str(after)) < levels.index(str(before)):
            yield f"`{path}` goes from {before} to {after}", None


def _items(before: Sequence[Value], after: Value, path: str) -> Iterator[tuple[str, Unknown | None]]:
    left = {_key(item, place): item for place, item in enumerate(after)} if isinstance(after, Sequence) else {}
    unknown = next((item for item in left.values() if isinstance(item, Unknown)), None)
    for place, item in enumerate(before):
        key = _key(item, place)
        if key in left:
            yield from weaker(item, left[key], f"{path}[{key}]")
        elif _counts(path):
            yield f"`{path}[{key}]` is gone", unknown


def _key(item: Value, place: int) -> str:
    if isinstance(item, Attrs):
        return next((str(item[name]) for name in NAMES if isinstance(item.get(name), str)), str(place))
    return str(place) if isinstance(item, (Mapping, Unknown)) else str(item)


def _counts(path: str) -> bool:
    """Whether what is gone at a path was protection: a filter, a rule, a log, and not a tag or a name."""
    first = path.partition(".")[0].partition("[")[0]
    return first.endswith(("_config", "_policy", "filter", "rule", "event_selector"))
