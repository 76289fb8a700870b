"""Roles that tokens of another issuer can take: Kubernetes service accounts, GitHub workflows, SAML and OIDC users."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.by_arn import is_certain, meant
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.match import ANY, ONE, Glob, Truth, glob, includes
from scanner.builders.aws_policy.statements import Statement
from scanner.builders.draft import World
from scanner.builders.k8s_identity import Account, Carried, accounts, note_carried
from scanner.graph.model import Node
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

ACCOUNT = "system:serviceaccount:"
GITHUB = "token.actions.githubusercontent.com"
ANNOTATION = "eks.amazonaws.com/role-arn"
Source = tuple[Node, str, Truth, tuple[str, ...]]


def federated(
    world: World, role: Principal, statement: Statement, value: Value, _carried: list[Carrier]
) -> Iterator[Source]:
    """(node, why, how certain, what would decide) for whom a federated principal lets in under its conditions."""
    issuer, known = _issuer(world, role.unit, value)
    subjects = _subjects(statement)
    if ":saml-provider/" in issuer:
        name = issuer.rpartition("/")[2]
        yield world.external(f"saml/{name}"), f"its trust policy admits users of SAML provider `{name}`", Truth.YES, ()
    elif GITHUB in issuer or any(one.text.startswith("repo:") for one in subjects or ()):
        yield from _github(world, subjects)
    elif "oidc.eks." in issuer or any(one.text.startswith(ACCOUNT) for one in subjects or ()) or not known:
        yield from _pods(world, role, statement, subjects)
    else:
        host = issuer.rpartition("oidc-provider/")[2].partition("/")[0]
        yield world.external(f"oidc/{host}"), f"its trust policy admits tokens of `{host}`", Truth.YES, ()


def _issuer(world: World, unit: str, value: Value) -> tuple[str, bool]:
    """The issuer as far as it is written, and whether it is known not to be a cluster of the inputs."""
    text = glob(value, wild=False).text
    if isinstance(value, Unknown) and value.ref is not None:
        found = world.inventory.at(unit, value.ref.address)
        if found is not None and found.kind == "aws_iam_saml_provider":
            return f":saml-provider/{found.attrs.get('name')}", True
        url = None if found is None else found.attrs.get("url")
        text = f"oidc-provider/{url.removeprefix('https://')}" if isinstance(url, str) else text
    return text.replace(ANY, "*"), text.replace(ANY, "") != ""


def _subjects(statement: Statement) -> list[Glob] | None:
    """The patterns of the token's subject; None where the conditions leave it free."""
    for one in statement.conditions:
        key = one.key.text() if isinstance(one.key, Unknown) else one.key
        operator = one.operator.lower() if isinstance(one.operator, str) else ""
        if key.lower().endswith(":sub") and operator.rpartition(":")[2].startswith(("stringequals", "stringlike")):
            return [glob(value, wild="like" in operator) for value in one.values]
    return None


def _github(world: World, subjects: list[Glob] | None) -> Iterator[Source]:
    names: dict[str, bool] = {}
    for one in subjects or [Glob("repo:" + ANY)]:
        repository = one.text.removeprefix("repo:").partition(":")[0]
        names["anyone" if repository.startswith(ANY) else repository.replace(ANY, "*")] = one.partly
    for name, partly in names.items():
        truth = Truth.POSSIBLE if partly else Truth.YES
        why = f"its trust policy admits workflows of `{name}` on GitHub"
        yield world.external(f"github/{name}"), why, truth, ("subject",)


def _pods(world: World, role: Principal, statement: Statement, subjects: list[Glob] | None) -> Iterator[Source]:
    patterns = subjects if subjects is not None else [Glob(ACCOUNT + ANY)]
    found = False
    for account in _candidates(world, patterns):
        have = glob(account.name, wild=False)
        text = f"{ACCOUNT}{account.namespace.replace('*', ANY)}:{have.text}"
        partly = have.partly or "*" in account.namespace
        admitted = max((includes(one, text, partly) for one in patterns), default=Truth.NO)
        if admitted is Truth.NO:
            continue
        linked, decided = _linked(world, account, role)
        if account.unit != role.unit:
            named = any(ANY not in one.text for one in patterns)
            if not named and decided and not _annotated(account):
                # A wildcard, and manifests of a cluster that may be another: one way for all of them, below.
                continue
            linked, decided = min(linked, Truth.POSSIBLE), ("profile:units", *decided)
        truth = min(admitted, linked)
        _note(world, account, role, statement, admitted)
        for pod in account.pods:
            found = True
            world.set_actor(pod.resource.id)
            why = f"its trust policy admits service account `{pod.namespace}/{pod.shown}`, which its pods run as"
            yield world.nodes[pod.resource.id], why, truth, decided
    if not found:
        yield from _nobody(world, patterns)


def _candidates(world: World, patterns: list[Glob]) -> Iterator[Account]:
    """The accounts that a pattern may mean: looked up where every pattern is a full name."""
    listed = accounts(world)
    texts = [one.text.removeprefix(ACCOUNT) for one in patterns]
    if any(ANY in one.text or ONE in one.text or one.partly for one in patterns):
        yield from listed.all()
        return
    for text in dict.fromkeys(texts):
        yield from listed.by_name.get(text, ())
    yield from listed.vague


def _nobody(world: World, patterns: list[Glob]) -> Iterator[Source]:
    for pattern in patterns:
        name = pattern.text.removeprefix(ACCOUNT).replace(":", "/").replace(ANY, "*")
        outside = world.external(f"serviceaccount/{name}", "ServiceAccount")
        why = f"its trust policy admits service account `{name}`, which no workload of the inputs runs as"
        yield outside, why, Truth.POSSIBLE, (f"serviceaccount/{name}",)


def _note(world: World, account: Account, role: Principal, statement: Statement, admitted: Truth) -> None:
    """Whoever becomes the account becomes the role, whether it asks for it or not: a token of the account is enough."""
    if not isinstance(account.name, str):
        return
    because = f"the trust policy of `{role.name}` admits service account `{account.namespace}/{account.shown}`"
    across = account.unit != role.unit
    names = ("profile:units",) if across else ()
    if admitted is not Truth.YES or statement.doubt is not None:
        names = (*names, f"{role.name}: assume_role_policy")
    note_carried(world, Carried(account.node_id, role.node_id, because, names))


def _annotated(account: Account) -> bool:
    declared = account.resource
    return declared is not None and dig(declared.attrs, "metadata", "annotations", ANNOTATION) is not None


def _linked(world: World, account: Account, role: Principal) -> tuple[Truth, tuple[str, ...]]:
    """Whether the service account asks for the role: then its pods get a token that the role takes."""
    address = f"{account.namespace}/ServiceAccount/{account.shown}"
    if account.resource is None:
        return Truth.POSSIBLE, (address,)
    value = dig(account.resource.attrs, "metadata", "annotations", ANNOTATION)
    if value is None:
        return Truth.POSSIBLE, (f"{address}: annotation {ANNOTATION}",)
    if isinstance(value, Unknown):
        asked = world.inventory.find(value, role.unit, "aws_iam_role")
        if isinstance(asked, Resource):
            return (Truth.YES, ()) if asked.id == role.node_id else (Truth.NO, ())
        return Truth.POSSIBLE, value.decided_by or (address,)
    named = meant(world, value, role.resource or role.unit, "aws_iam_role")
    mine = next((one for one in named if one.resource.id == role.node_id), None)
    if mine is not None and mine.doubt is None:
        return Truth.YES, ()
    if mine is not None and mine.doubt is not None:
        return Truth.POSSIBLE, mine.doubt.decided_by
    return (Truth.NO, ()) if is_certain(named) else (Truth.POSSIBLE, (str(value),))
