"""Service accounts of Kubernetes that act as identities of Google and Azure: the joins that pods need to get there."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.draft import World
from scanner.builders.k8s_identity import Account, Accounts, Carried, accounts, note_carried
from scanner.graph.model import Edge, Plane, State
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

GOOGLE, AZURE = "google_service_account", "azurerm_user_assigned_identity"
FEDERATED = "azurerm_federated_identity_credential"
MEMBERS = ("google_service_account_iam_member", "google_service_account_iam_binding")
ROLES = frozenset(
    {"roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator", "roles/owner", "roles/editor"}
)
POOL, SUBJECT, ACCOUNT = ".svc.id.goog[", "/subject/ns/", "system:serviceaccount:"
GOOGLE_NOTE = "iam.gke.io/gcp-service-account"
AZURE_NOTE = "azure.workload.identity/client-id"


class Join(Struct, frozen=True):
    """A statement that a service account (`namespace:name`, pieces that are not known are `*`) acts as an identity."""

    account: str
    identity: str
    unit: str
    because: str
    origin: Origin
    doubt: Unknown | None = None


def build_workload_identity(world: World) -> None:
    """Add "become" edges from workloads to the identities that their accounts act as; note them for the accounts."""
    listed = accounts(world)
    for join in (*_google(world), *_azure(world), *_annotated(world, listed)):
        for account in _meant(listed, join.account):
            _add(world, join, account)


def _google(world: World) -> Iterator[Join]:
    """Members of a Google service account that are service accounts of a cluster."""
    for one in world.inventory.of(*MEMBERS):
        role = one.attrs.get("role")
        target = world.inventory.find(one.attrs.get("service_account_id"), one, GOOGLE)
        if not isinstance(target, Resource) or (isinstance(role, str) and role not in ROLES):
            continue
        for value in (*listed_in(one.attrs.get("member")), *listed_in(one.attrs.get("members"))):
            name = _member(value)
            if name:
                line = mark(one.attrs, "member") or mark(one.attrs, "members") or one.origin
                unsure = role if isinstance(role, Unknown) else one.possible
                yield Join(name, target.id, one.unit, f"`{one.address}` lets it act as `{target.name}`", line, unsure)


def _member(value: Value) -> str:
    """`namespace:name` of `serviceAccount:PROJECT.svc.id.goog[namespace/name]` or of a principal of the pool."""
    text = value.text() if isinstance(value, Unknown) else str(value)
    if POOL in text:
        return text.partition(POOL)[2].rstrip("]").replace("/", ":")
    if SUBJECT in text:
        return text.partition(SUBJECT)[2].replace("/sa/", ":")
    return "*" if isinstance(value, Unknown) and text == "*" else ""


def _azure(world: World) -> Iterator[Join]:
    for one in world.inventory.of(FEDERATED):
        value = one.attrs.get("parent_id") or one.attrs.get("user_assigned_identity_id")
        target = world.inventory.find(value, one, AZURE)
        subject = one.attrs.get("subject")
        text = subject.text() if isinstance(subject, Unknown) else str(subject)
        if isinstance(target, Resource) and (text.startswith(ACCOUNT) or text == "*"):
            name = text.removeprefix(ACCOUNT)
            line = mark(one.attrs, "subject") or one.origin
            yield Join(name, target.id, one.unit, f"`{one.address}` lets it act as `{target.name}`", line, one.possible)


def _annotated(world: World, listed: Accounts) -> Iterator[Join]:
    """Accounts that ask for an identity: whether it lets them is another statement, which the inputs may not show."""
    for account in listed.all():
        if account.resource is None:
            continue
        for note, kind in ((GOOGLE_NOTE, GOOGLE), (AZURE_NOTE, AZURE)):
            value = dig(account.resource.attrs, "metadata", "annotations", note)
            target = None if value is None else _asked(world, account.unit, value, kind)
            if target is not None:
                cause = f"whether `{target.name}` lets it is not in the inputs"
                line = mark(account.resource.attrs, "metadata", "annotations", note) or account.resource.origin
                doubt = Unknown(cause, decided_by=(f"{target.address}: its members",))
                because = f"its service account asks for `{target.name}`"
                yield Join(f"{account.namespace}:{account.shown}", target.id, account.unit, because, line, doubt)


def _asked(world: World, unit: str, value: Value, kind: str) -> Resource | None:
    found = world.inventory.find(value, unit, kind)
    if isinstance(found, Resource):
        return found
    if isinstance(value, str) and kind == GOOGLE and "@" in value:
        name = value.partition("@")[0]
        return next((one for one in world.inventory.of(kind) if one.attrs.get("account_id") == name), None)
    return None


def _meant(listed: Accounts, name: str) -> Iterator[Account]:
    if "*" not in name:
        yield from listed.by_name.get(name, ())
        yield from listed.vague
        return
    head = name.partition(":")[0]
    yield from (one for one in listed.all() if head in ("*", one.namespace) or "*" in head)


def _add(world: World, join: Join, account: Account) -> None:
    doubts: list[str] = []
    if account.unit != join.unit:
        doubts.append("profile:units")
    if "*" in join.account or isinstance(account.name, Unknown):
        doubts.append(join.identity.partition(":")[2])
    if join.doubt is not None:
        doubts += join.doubt.decided_by or (join.doubt.cause,)
    decided = tuple(sorted(set(doubts)))
    if isinstance(account.name, str):
        note_carried(world, Carried(account.node_id, join.identity, join.because, decided))
    world.set_actor(join.identity)
    for pod in account.pods:
        world.set_actor(pod.resource.id)
        world.add_edge(
            Edge(
                source=pod.resource.id,
                target=join.identity,
                plane=Plane.IDENTITY,
                verb="become",
                because=f"{join.because}: service account `{account.namespace}/{account.shown}`, which its pods run as",
                origin=join.origin,
                state=State.POSSIBLE if decided else State.OPEN,
                reason="value-unknown" if decided else "",
                decided_by=decided,
                cut=True,
            )
        )
