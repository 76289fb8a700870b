"""Guardrails that an organisation's Bedrock policies enforce on its accounts, region by region.

Source: the AWS Organizations user guide, "Amazon Bedrock policy syntax and examples": `guardrail_inference` holds, by
region, configurations of `identifier` (the ARN of a guardrail and its version), `selective_content_guarding`,
`model_enforcement` and `input_tags`; a value stands in `@@assign`; what is attached higher and lower is merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.aws_identity.accounts import ROOT, account_of, holds, manages
from scanner.builders.aws_identity.organisation import ATTACHMENT, POLICY, enabled
from scanner.builders.aws_models.regions import account_label, in_use
from scanner.builders.aws_policy.guard import approver
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import listed_in, structure
from scanner.builders.draft import World
from scanner.graph.facts import Enforcement
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

KIND = "BEDROCK_POLICY"
Flaw = tuple[bool | Unknown, str]


def organised(world: World, unit: str, callers: Sequence[Resource]) -> Iterator[Enforcement]:
    """An Enforcement for each account and each region of each Bedrock policy; with no region for what covers none."""
    policies = [one for one in world.inventory.of(POLICY, unit=unit) if one.attrs.get("type") == KIND]
    for label, member in sorted(_members(world, unit, callers).items()) if policies else ():
        covering = [(one, found) for one in policies if (found := _covers(world, one, member)) is not None]
        for policy, cover in covering:
            yield from _stated(world, unit, policy, cover, covering, label)


def _stated(
    world: World, unit: str, policy: Resource, cover: Flaw, covering: list[tuple[Resource, Flaw]], account: str
) -> Iterator[Enforcement]:
    line = mark(policy.attrs, "content") or policy.origin
    regions = _regions(policy, line)
    if cover[0] is False or not isinstance(regions, Mapping) or not regions:
        complete, because = cover if isinstance(regions, Mapping) and regions else _empty(policy, regions)
        yield Enforcement(origin=line, because=because, complete=complete, account=account)
        return
    for region, configurations in regions.items():
        flaws = [*_flaws(world, unit, region, configurations), *_merged(policy, covering)]
        found = next((one for one in flaws if one[0] is False), None) or next(iter((*flaws, cover)))
        yield Enforcement(origin=line, because=found[1], complete=found[0], region=region, account=account)


def _empty(policy: Resource, regions: Value) -> Flaw:
    if isinstance(regions, Unknown):
        return regions, f"what `{policy.address}` enforces is not known"
    if policy.possible is not None and policy.source in ("bundle", "live"):  # it stands in for what nobody could read
        return policy.possible, f"what `{policy.address}` enforces is not known"
    return False, f"`{policy.address}` has no `guardrail_inference`: it enforces nothing"


def _covers(world: World, policy: Resource, member: Resource | None) -> Flaw | None:
    """Whether the policy holds over the account of a member, and why; None where it is attached to others alone."""
    links = [
        one
        for one in world.inventory.of(ATTACHMENT, unit=policy.unit)
        if world.inventory.find(one.attrs.get("policy_id"), policy) is policy
    ]
    if not links:
        return False, f"`{policy.address}` is attached to nothing"
    if member is None:
        cause = f"whether the target of `{links[0].address}` holds this account is not known"
        return Unknown(cause, decided_by=(f"{links[0].address}.target_id",)), cause
    found = [_held(world, policy, link, member) for link in links]
    some = [one for one in found if one[0] is not False]
    return next((one for one in some if isinstance(one[0], Unknown)), some[0]) if some else None


def _members(world: World, unit: str, callers: Sequence[Resource]) -> dict[str, Resource | None]:
    """One resource for each account of the unit in which models may be called; None where nothing shows one."""
    found: dict[str, Resource | None] = {}
    for one in in_use(world, unit, callers).values():
        found.setdefault(account_label(world, one), one)
    return found or {"": None}


def _held(world: World, policy: Resource, link: Resource, member: Resource) -> Flaw:
    truth = holds(world, link.attrs.get("target_id"), link.unit, account_of(world, member))
    if truth is Truth.NO:
        return False, f"`{link.address}` is attached to another account"
    because = f"`{link.address}` attaches `{policy.address}` to the account, or above it"
    possible = policy.possible or link.possible
    if possible is not None:
        return possible, "the organisation's policy may not exist"
    if enabled(world, link.unit, KIND) is not Truth.YES:
        cause = f"whether `{ROOT}` enables `{KIND}` (`enabled_policy_types`) is not sure: the default is none"
        return Unknown(cause, decided_by=(f"{ROOT}: enabled_policy_types",)), cause
    if truth is Truth.YES and manages(world, link, member) is Truth.NO:
        return True, because
    cause = f"whether the target of `{link.address}` holds this account is not known"
    return Unknown(cause, decided_by=(f"{link.address}.target_id",)), cause


def _merged(policy: Resource, covering: list[tuple[Resource, Flaw]]) -> Iterator[Flaw]:
    """What is attached beside it may assign other values: which are in force, the order of the tree decides."""
    for other, cover in covering:
        if other is not policy and cover[0] is not False:
            cause = f"what `{other.address}` assigns is merged with `{policy.address}`"
            yield Unknown(cause, decided_by=(other.address,)), cause


def _regions(policy: Resource, line: Origin) -> Value:
    content = structure(policy.attrs.get("content"), policy.address, line)
    found = content if isinstance(content, Unknown) else dig(content, "bedrock", "guardrail_inference")
    return found if isinstance(found, (Mapping, Unknown)) else None


def _flaws(world: World, unit: str, region: str, configurations: Value) -> Iterator[Flaw]:
    if not isinstance(configurations, Mapping):
        unknown = configurations if isinstance(configurations, Unknown) else None
        yield unknown or False, f"what is enforced in `{region}` is no configuration"
        return
    for name, one in configurations.items():
        if name.startswith("@@"):
            continue
        if isinstance(one, Unknown):
            yield one, f"what `{name}` enforces in `{region}` is not known"
            continue
        yield from _guardrail(world, unit, _assigned(one, "identifier"))
        wanted = {
            ("selective_content_guarding", "system"): "comprehensive",
            ("selective_content_guarding", "messages"): "comprehensive",
            ("input_tags",): "ignore",
        }
        for path, good in wanted.items():
            yield from _setting(path, good, _assigned(one, *path))
        yield from _models(one)


def _assigned(value: Value, *path: str) -> Value:
    found = dig(value, *path)
    return dig(found, "@@assign") if isinstance(found, Mapping) else found


def _guardrail(world: World, unit: str, value: Value) -> Iterator[Flaw]:
    approved = approver(world, unit)(value)
    if approved is Truth.NO:
        yield False, "`identifier` names no approved guardrail at a published version"
    elif approved is Truth.POSSIBLE:
        cause = "whether `identifier` names an approved guardrail at a published version is not known"
        names = value.decided_by if isinstance(value, Unknown) else ("profile:safety_stack.guardrails",)
        yield Unknown(cause, decided_by=names or ("identifier",)), cause


def _setting(path: tuple[str, ...], good: str, value: Value) -> Iterator[Flaw]:
    name = ".".join(path)
    if isinstance(value, Unknown):
        yield value, f"`{name}` is not known"
    elif value is not None and str(value).lower() != good:
        yield False, f"`{name}` is `{value}`: only what the caller tags is checked"


def _models(configuration: Value) -> Iterator[Flaw]:
    left_out = listed_in(_assigned(configuration, "model_enforcement", "excluded_models"))
    included = listed_in(_assigned(configuration, "model_enforcement", "included_models"))
    unknown = next((one for one in (*left_out, *included) if isinstance(one, Unknown)), None)
    named = [str(one) for one in left_out if not isinstance(one, Unknown)]
    if named:
        yield False, f"`excluded_models` lets `{named[0]}` answer without the guardrail"
    elif unknown is not None:
        yield unknown, "on which models it is enforced is not known"
    elif included and "ALL" not in included:
        yield False, "`included_models` is not `ALL`: the models it leaves out answer without the guardrail"
