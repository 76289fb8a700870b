"""Readers of a store by its own policy: buckets, access points, repositories, file systems, packages, vaults.

Facts: IAM user guide, "AWS JSON policy elements: Principal" (also services, sessions of issuers, canonical users) and
"The confused deputy problem"; Amazon CloudFront Developer Guide, "Restrict access to an Amazon S3 origin": without
`aws:SourceArn` the service reads for any distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.aws_identity.accounts import own_accounts
from scanner.builders.aws_identity.by_arn import Meant, is_certain
from scanner.builders.aws_identity.documents import policy_of
from scanner.builders.aws_policy.match import Truth, glob, includes
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.homes import together
from scanner.builders.supply.inside import inside
from scanner.builders.supply.named import ends
from scanner.builders.supply.outside import account_of, named, read
from scanner.builders.supply.public import public_closed
from scanner.builders.supply.sealed import sealed
from scanner.graph.model import Plane
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

POLICIES: dict[str, tuple[str, str, str]] = {
    "aws_s3_bucket_policy": ("policy", "bucket", "s3:GetObject"),
    "aws_s3_bucket": ("policy", "", "s3:GetObject"),
    "aws_s3_access_point": ("policy", "", "s3:GetObject"),
    "aws_s3control_access_point_policy": ("policy", "access_point_arn", "s3:GetObject"),
    "aws_s3control_multi_region_access_point_policy": ("details.policy", "details.name", "s3:GetObject"),
    "aws_s3control_object_lambda_access_point_policy": ("policy", "name", "s3-object-lambda:GetObject"),
    "aws_ecr_repository_policy": ("policy", "repository", "ecr:BatchGetImage"),
    "aws_efs_file_system_policy": ("policy", "file_system_id", "elasticfilesystem:ClientMount"),
    "aws_sagemaker_model_package_group_policy": (
        "resource_policy",
        "model_package_group_name",
        "sagemaker:DescribeModelPackage",
    ),
    "aws_backup_vault_policy": ("policy", "backup_vault_name", "backup:CopyFromBackupVault"),
}
"""By type: where its policy stands, what it guards (empty: itself), the action that reads it (hashicorp/aws docs)."""
HANDLED = frozenset(POLICIES)
BY_NAME = {
    "aws_sagemaker_model_package_group_policy": "aws_sagemaker_model_package_group",
    "aws_s3control_multi_region_access_point_policy": "aws_s3control_multi_region_access_point",
}
"""What names what it guards by an argument that the two share."""
WHOLE = lazy(r"\*|(?:\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:[^/]+(?:/\*?[^/]*/object)?)/\*")
"""A resource of a policy that is all that a store holds."""
OF_FRONT, CALLER = "aws_cloudfront_origin_access_identity", "aws_caller_identity"
FRONT, DISTRIBUTION, BUCKET = "cloudfront.amazonaws.com", "aws_cloudfront_distribution", "aws_s3_bucket"
ALIKE = frozenset({"stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike"})
"""Operators by which a key is one of the values."""
TRANSPORT = "aws:securetransport"
"""The key of denies that keep nobody out who speaks TLS."""


def build_policies(world: World) -> None:
    """Supply edges with the verb `read`, from a store to whoever its policy lets read it."""
    for kind, (path, guards, action) in POLICIES.items():
        for one in world.inventory.of(kind):
            for found in values(one, path):
                policy = policy_of(world.inventory, found.value, one.unit, one.address, found.origin)
                for store, unsure in _guarded(world, one, guards):
                    why = first_doubt(unsure, doubt_of(found.possible), doubt_of(one.possible))
                    _policy(world, one, policy, action, store, why)


def _guarded(world: World, one: Resource, path: str) -> list[tuple[str, Doubt | None]]:
    if not path:
        return [(one.id, None)]
    kind = BY_NAME.get(one.kind, "")
    found = values(one, path)
    called = {each.value for each in found if isinstance(each.value, str)}
    named = [
        each.id
        for each in (world.inventory.of(kind, unit=one.unit) if kind else ())
        if called & {name.text for name in values(each, path)} or _decides(found, each)
    ]
    return [(each, None) for each in named] or [end for each in found for end in ends(world, each, one.unit, "")]


def _decides(found: list[Found], resource: Resource) -> bool:
    """Whether what is known of a resource only once it exists decides a value: it is cut out of the resource's id."""
    return any(
        isinstance(each.value, Unknown) and not each.value.pieces and resource.address in _addresses(each.value)
        for each in found
    )


def _addresses(unknown: Unknown) -> set[str]:
    return {unknown.ref.address if unknown.ref else "", *(name for name in unknown.decided_by)}


def _policy(world: World, one: Resource, policy: Policy, action: str, store: str, unsure: Doubt | None) -> None:
    if policy.unknown is not None:
        why = first_doubt(unsure, doubt_of(policy.unknown))
        read(world, store, "unknown-readers", f"the policy of `{one.address}` is not known", policy.origin, why)
    for statement in policy.statements:
        acts = _reads(statement, action)
        if acts is Truth.NO or not statement.allows:
            continue
        narrowed = Doubt("condition-unevaluable", (one.address,)) if statement.conditions else None
        vague = doubt_of(statement.doubt) or (None if acts is Truth.YES else Doubt("value-unknown", (one.address,)))
        for who in _readers(statement):
            stopped = _stopped(policy, action, who)
            if stopped is not True:
                denied = stopped if isinstance(stopped, Doubt) else None
                _reader(world, one, store, statement, who, first_doubt(unsure, narrowed, vague, denied))
        for kind, who in _others(statement):
            _other(world, one, store, statement, kind, who, first_doubt(unsure, narrowed, vague))


def _reader(world: World, one: Resource, store: str, statement: Statement, who: Value, doubt: Doubt | None) -> None:
    own = inside(world, one, who)
    for each in own if isinstance(own, list) else ():
        _own(world, one, store, statement, each, doubt)
    if own is True or (isinstance(own, list) and is_certain(own)):
        return
    name, hidden = named(who)
    closed = public_closed(world, store) if name == "anyone" else False
    if not name or closed is True:
        return
    kept = sealed(world, store, account_of(text(who)))
    also = first_doubt(hidden, closed if isinstance(closed, Doubt) else None, kept)
    because = f"`{one.address}` lets `{text(who) or '*'}` read it"
    read(world, store, name, because, statement.origin, first_doubt(doubt, also))


def _others(statement: Statement) -> Iterator[tuple[str, Value]]:
    """The principals of a statement that are neither accounts nor what is in one."""
    if isinstance(statement.principals, Mapping) and not statement.not_principals:
        for kind in ("Service", "Federated", "CanonicalUser"):
            for value in listed_in(statement.principals.get(kind)):
                yield kind, value


def _other(
    world: World, one: Resource, store: str, statement: Statement, kind: str, who: Value, doubt: Doubt | None
) -> None:
    """A service that reads for whoever asks it, sessions of an issuer, or an account by its other number."""
    written = text(who) or "unknown"
    ref = who.ref if isinstance(who, Unknown) else None
    if ref is not None and (found := world.inventory.at(one.unit, ref.address)) is not None and found.kind == OF_FRONT:
        return  # an identity of the inputs: the front that uses it says who reads
    front = kind == "Service" and FRONT in written
    if front and (_fronted(world, statement, one) or world.nodes[store].kind != BUCKET):
        return
    said = f"the policy of `{one.address}` lets `{written}` read it"
    if not front:
        doubt = doubt or Doubt("value-unknown", (f"for whom `{written}` reads",))
    name = f"{'aws-service' if kind == 'Service' else 'aws-principal'}/{written}"
    read(world, store, name, said, statement.principal_line(kind), doubt)


def _fronted(world: World, statement: Statement, one: Resource) -> bool:
    """Whether a condition names distributions of the inputs alone: the distribution says who reads by it."""
    fronts = [each for each in world.inventory.like(DISTRIBUTION) if each.unit == one.unit]
    for condition in statement.conditions:
        key = condition.key if isinstance(condition.key, str) else condition.key.text()
        if not condition.values or str(condition.operator).lower() not in ALIKE:
            continue
        if key.lower() == "aws:sourcearn":
            return all(_is_front(value, fronts) for value in condition.values)
        if key.lower() == "aws:sourceaccount":
            return bool(fronts) and all(_is_own(world, one, value) for value in condition.values)
    return False


def _is_own(world: World, one: Resource, value: Value) -> bool:
    """Whether the number of an account is that of the one in which a policy stands; one nobody can read is not."""
    if not isinstance(value, Unknown):
        return value in own_accounts(world, one.unit)
    asked = None if value.ref is None else world.inventory.at(one.unit, value.ref.address)
    # A provider of another account is asked for the number of that one.
    return asked is not None and asked.kind == CALLER and together(world.inventory, one, asked) is Truth.YES


def _is_front(value: Value, fronts: Sequence[Resource]) -> bool:
    """Whether the ARN of a distribution is that of one of the inputs."""
    named = {ref.address for ref in refs_in(value)}
    return any(one.address in named or (isinstance(value, str) and value == one.attrs.get("arn")) for one in fronts)


def _own(world: World, one: Resource, store: str, statement: Statement, own: Meant, doubt: Doubt | None) -> None:
    """A principal of the inputs: within an account the policy of the store is enough, across accounts it is not."""
    apart = together(world.inventory, one, own.resource)
    if own.resource.unit != one.unit or apart is Truth.NO:
        return
    unsure = None if apart is Truth.YES else Doubt("value-unknown", (f"the account of `{own.resource.address}`",))
    because, line = f"`{one.address}` lets `{own.resource.address}` read it", statement.principal_line()
    why = first_doubt(doubt, doubt_of(own.doubt), unsure)
    connect(world, store, own.resource.id, because, line, plane=Plane.SUPPLY, verb="read", doubt=why, cut=True)


def _reads(statement: Statement, action: str) -> Truth:
    """Whether the actions of a statement may include the action."""
    found = max((includes(glob(value, fold=True), action.lower()) for value in statement.actions), default=Truth.NO)
    return found.negated() if statement.not_actions else found


def _readers(statement: Statement) -> Iterator[Value]:
    """The principals that are AWS accounts or everyone; services and federations are identity's."""
    if statement.not_principals:
        yield "*"
    elif isinstance(statement.principals, Mapping):
        for kind in ("AWS", "*"):
            yield from listed_in(statement.principals.get(kind))
    else:
        yield from listed_in(statement.principals)


def _stopped(policy: Policy, action: str, who: Value) -> bool | Doubt:
    """Whether a Deny of the same policy keeps a reader out; a condition on it may hold, and may not."""
    doubt: Doubt | None = None
    for statement in policy.statements:
        if not statement.denies or _reads(statement, action) is Truth.NO or _transport(statement):
            continue
        listed = list(_readers(statement))
        about = statement.not_principals or any(one in ("*", who) or not isinstance(one, str) for one in listed)
        sure = not statement.not_principals and any(one in ("*", who) for one in listed)
        plain = not statement.conditions and statement.doubt is None and _reads(statement, action) is Truth.YES
        plain = plain and _whole(statement)
        if sure and plain and isinstance(who, str):
            return True
        if about:
            doubt = doubt or Doubt("condition-unevaluable", (f"the Deny of {policy.name}",))
    return doubt or False


def _whole(statement: Statement) -> bool:
    """Whether a statement is about everything in a store: some of it left out leaves a way."""
    if statement.not_resources:
        return False
    return not statement.resources or any(WHOLE.fullmatch(text(one)) for one in statement.resources)


def _transport(statement: Statement) -> bool:
    keys = [one.key for one in statement.conditions]
    return bool(keys) and all(isinstance(key, str) and key.lower() == TRANSPORT for key in keys)
