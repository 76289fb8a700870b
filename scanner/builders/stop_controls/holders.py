"""Who may use a stop control: principals of AWS by their policies, subjects of Kubernetes by their bindings."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.aws_identity.access import Access, judge
from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_identity.guarded import across, guarded
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.aws_names import arns_of
from scanner.builders.control.platform import WORDS
from scanner.builders.draft import World
from scanner.graph.model import Role
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown

TRUSTED = frozenset({Role.OPERATOR, Role.PLATFORM})
Answer = tuple[bool | Unknown, str]


def users(world: World, one: Resource, actions: tuple[str, ...]) -> Iterator[Answer]:
    """An answer for each principal that is no operator and may use it, and one for whether any operator may."""
    yield from strangers(world, one, actions)
    held: Truth = Truth.NO
    for principal, access in _asked(world, one, actions, trusted=True):
        held = max(held, access.truth, Truth.POSSIBLE if principal.unknown_policy is not None else Truth.NO)
    if held is Truth.YES:
        yield True, "an operator may use it"
    else:
        yield Unknown("no operator of the inputs is seen to be able to use it", decided_by=("profile:operators",)), ""


def strangers(world: World, one: Resource, actions: tuple[str, ...]) -> Iterator[Answer]:
    """An answer for each principal that is no operator: False where it may do any of the actions to it.

    An operator counts for whoever becomes it: that is asked of the operators themselves, of the whole safety stack.
    """
    for principal, best in _asked(world, one, actions, trusted=False):
        who = world.nodes[principal.node_id].address
        if best.truth is Truth.YES:
            yield False, f"`{who}` may do `{best.action}`, and is no operator"
        elif best.truth is Truth.POSSIBLE or principal.unknown_policy is not None:
            decided = best.decided_by or (who,)
            yield Unknown(f"whether `{who}` may do `{best.action}` is not known", decided_by=decided), ""


def _asked(
    world: World, one: Resource, actions: tuple[str, ...], *, trusted: bool
) -> Iterator[tuple[Principal, Access]]:
    """The principals that are operators, or those that are none, with the widest that they may do to it.

    Those of another unit (a root of Terraform) may stand in the same account.
    """
    arns, partly = arns_of(one)
    own = guarded(world, one)
    for principal in principals(world):
        if principal.node_id == one.id or bool(world.nodes[principal.node_id].roles & TRUSTED) is not trusted:
            continue
        near = _near(world, one, principal)
        if near is Truth.NO and own.policy is None:
            continue
        of = across(world, own, one, principal.resource)
        judged = judge(world, principal.unit)
        found = [judged.access(principal, action, arns, partly=partly, of=of) for action in actions]
        best = max(found, key=lambda access: access.truth)
        yield principal, _perhaps(best, principal) if near is Truth.POSSIBLE else best


def _near(world: World, one: Resource, principal: Principal) -> Truth:
    """Whether a principal stands in the account of a thing; of one unit each is asked, by the policy of the thing."""
    if principal.unit == one.unit:
        return Truth.YES
    ours = account_of(world, one).number
    theirs = "" if principal.resource is None else account_of(world, principal.resource).number
    return Truth.POSSIBLE if not ours or not theirs else Truth.YES if ours == theirs else Truth.NO


def _perhaps(access: Access, principal: Principal) -> Access:
    """The same, where it is not known that the principal is of the same account."""
    why = access.answer.decided_by | {f"the account of {principal.unit}"}
    answer = replace(access.answer, truth=min(access.answer.truth, Truth.POSSIBLE), decided_by=why)
    return replace(access, answer=answer)


def bound(world: World, one: Resource) -> Iterator[Answer]:
    """An answer for each subject to which a role of Kubernetes is bound; False where nobody holds it."""
    some = False
    for binding in (*world.inventory.like("RoleBinding"), *world.inventory.like("ClusterRoleBinding")):
        meant = _binds(binding, one)
        if meant is False:
            continue
        subjects = binding.attrs.get("subjects")
        for subject in items_of(subjects):
            some = True
            if isinstance(meant, Unknown) or isinstance(subject, Unknown) or binding.possible is not None:
                cause = f"to whom `{binding.address}` binds it is not known"
                yield Unknown(cause, decided_by=(binding.address,)), ""
                continue
            kind, name, space = (dig(subject, key) for key in ("kind", "name", "namespace"))
            if _operates(world, binding.unit, kind, name, space or binding.namespace):
                yield True, f"`{binding.address}` gives it to the operator `{name}`"
            elif isinstance(name, str) and isinstance(kind, str):
                yield False, f"`{binding.address}` gives it to {kind} `{name}`, who is no operator"
            else:
                yield Unknown(f"to whom `{binding.address}` binds it is not known", decided_by=(binding.address,)), ""
    if not some:
        yield False, "nobody holds it: nothing binds it"


def _binds(binding: Resource, role: Resource) -> bool | Unknown:
    if binding.unit != role.unit or (role.kind == "Role" and binding.namespace != role.namespace):
        return False
    kind, name = dig(binding.attrs, "roleRef", "kind"), dig(binding.attrs, "roleRef", "name")
    unknown = next((value for value in (kind, name) if isinstance(value, Unknown)), None)
    return unknown if unknown is not None else (kind, name) == (role.kind, role.name)


def _operates(world: World, unit: str, kind: object, name: object, space: object) -> bool:
    """Whether a subject is an operator: by the role that its node was given, or as the profile writes it."""
    if kind == "ServiceAccount":
        node = world.nodes.get(f"{unit}:{space}/ServiceAccount/{name}")
    else:
        node = world.nodes.get(f"{unit}:{kind}/{name}")
    if node is not None and node.roles & TRUSTED:
        return True
    word = next((word for word, one in WORDS.items() if one == kind), "")
    written = f"{space}/{name}" if kind == "ServiceAccount" else str(name)
    return f"{word}:{written}" in world.profile.operators
