"""Rights that a subject can give to itself: by `bind`, `escalate`, certificates, and the controllers' own accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.built_in import RBAC, built_in
from scanner.builders.control.delivery import DELIVERY_GROUPS, delivered
from scanner.builders.control.grants import Grant
from scanner.builders.control.rbac_rules import RoleBook
from scanner.builders.control.rights import CLUSTER_WIDE, Right, unseen
from scanner.builders.control.system import SYSTEMS, Ground, system_rights
from scanner.unknown import Unknown

SIGNER = "kubernetes.io/kube-apiserver-client"
"""The signer whose certificates are users of the API server."""
SIGNERS = (SIGNER, "kubernetes.io/*")
CERTIFICATES = "certificates.k8s.io"
MASTERS, MANAGER = "system:masters", "system:kube-controller-manager"
PEOPLE = ("users", "groups", "serviceaccounts")
EDIT = ("create", "update", "patch")
_REQUESTS = (("certificatesigningrequests/approval", ("update", "patch")), ("certificatesigningrequests", ("create",)))


def derived(rights: Iterable[Right], book: RoleBook, ground: Ground | None = None) -> list[Right]:
    """The rights that the holders of `rights` can give themselves, those that follow from them included."""
    by_subject: dict[tuple[str, str], list[Right]] = {}
    leads: dict[tuple[object, ...], bool] = {}
    ground = ground or Ground()
    for right in rights:
        key = right.grant.key
        if key not in leads:
            leads[key] = _may_lead_on(right.grant)
        if leads[key] or right.namespace in SYSTEMS:
            by_subject.setdefault((right.unit, right.subject), []).append(right)
    return [one for held in by_subject.values() for one in _closure(held, book, ground)]


def _may_lead_on(grant: Grant) -> bool:
    """A quick look that leaves most rules out."""
    asked = (
        *((RBAC, kind, verb) for kind in ("roles", "clusterroles") for verb in ("bind", "escalate")),
        *((RBAC, kind, verb) for kind in (*_BINDINGS, "roles", "clusterroles") for verb in EDIT),
        (CERTIFICATES, "signers", "approve"),
        *((CERTIFICATES, resource, verb) for resource, verbs in _REQUESTS for verb in verbs),
        *(("", kind, "impersonate") for kind in PEOPLE),
        *(("", "configmaps", verb) for verb in EDIT[1:]),
    )
    known = any(isinstance(group, str) and group in DELIVERY_GROUPS for group in grant.groups)
    return known or any(grant.permits(*one) is not Truth.NO for one in asked)


def _closure(held: list[Right], book: RoleBook, ground: Ground) -> list[Right]:
    made: list[Right] = []
    seen: set[tuple[object, ...]] = set()
    waiting = list(held)
    while waiting:
        right = waiting.pop(0)
        for one in _given(right, [*held, *made], book, ground):
            key = (one.namespace, *one.grant.key, one.doubt is None)
            if key not in seen:
                seen.add(key)
                made.append(one)
                waiting.append(one)
    return made


def _given(right: Right, held: list[Right], book: RoleBook, ground: Ground) -> Iterator[Right]:
    yield from system_rights(right, ground)
    everything = right.grant.verbs == ("*",) and right.grant.resources == ("*",) and right.grant.groups == ("*",)
    if everything and not right.grant.names:
        return
    yield from _bind(right, held, book)
    yield from _escalate(right, held)
    yield from _approve(right, held)
    yield from delivered(right, built_in("cluster-admin") or ())
    yield from _masters(right, held)


_BINDINGS = ("rolebindings", "clusterrolebindings")


def _writes(held: list[Right], resources: tuple[str, ...], verbs: tuple[str, ...], namespace: str) -> Truth:
    """Whether the subject may write one of these in the scope; in any scope inside, where the scope is all."""
    best = Truth.NO
    for right in held:
        if right.namespace not in (CLUSTER_WIDE, namespace):
            continue
        for resource in resources:
            truth = max(right.grant.permits(RBAC, resource, verb) for verb in verbs)
            best = max(best, right.settle(truth))
    return best


def _bind(right: Right, held: list[Right], book: RoleBook) -> Iterator[Right]:
    """`bind` on a role, and a binding to write: its holder has what the role gives, in the scope of the binding."""
    for kind, resource in (("ClusterRole", "clusterroles"), ("Role", "roles")):
        truth = right.settle(right.grant.permits(RBAC, resource, "bind"))
        if truth is Truth.NO:
            continue
        scopes = {right.namespace} | {
            one.namespace for one in held if right.namespace == CLUSTER_WIDE and one.namespace != CLUSTER_WIDE
        }
        for scope in sorted(scopes):
            bindings = _BINDINGS if scope == CLUSTER_WIDE else ("rolebindings",)
            written = _writes(held, bindings, EDIT, scope)
            if scope != right.namespace and written is Truth.NO:
                continue
            for grant in _bound(right, kind, scope, book):
                yield _made(right, scope, grant, min(truth, written), "bind", "a role binding to write")


def _bound(right: Right, kind: str, scope: str, book: RoleBook) -> Iterator[Grant]:
    names = right.grant.names
    if not names or any(isinstance(name, Unknown) for name in names):
        yield from built_in("cluster-admin") or ()
        return
    for name in names:
        address = f"ClusterRole/{name}" if kind == "ClusterRole" else f"{scope}/Role/{name}"
        rules = book.rules_of(right.unit, address)
        yield from unseen(address, right.grant.origin) if rules is None else rules


def _escalate(right: Right, held: list[Right]) -> Iterator[Right]:
    """`escalate` on roles, and a role to write: its holder puts any rule into a role that it has."""
    for resource in ("roles", "clusterroles"):
        if resource == "clusterroles" and right.namespace != CLUSTER_WIDE:
            continue
        truth = right.settle(right.grant.permits(RBAC, resource, "escalate"))
        if truth is Truth.NO:
            continue
        written = _writes(held, (resource,), ("update", "patch"), right.namespace)
        if right.grant.names:
            written = min(written, Truth.POSSIBLE)
        for grant in built_in("cluster-admin") or ():
            yield _made(right, right.namespace, grant, min(truth, written), "escalate", "a role of its own to write")


def _approve(right: Right, held: list[Right]) -> Iterator[Right]:
    """Approval of certificates for users of the API server: its holder signs itself in as anybody."""
    if right.namespace != CLUSTER_WIDE:
        return
    truth = right.settle(right.grant.permits(CERTIFICATES, "signers", "approve"))
    truth = min(truth, max(right.grant.named(signer) for signer in SIGNERS))
    if truth is Truth.NO:
        return
    for resource, verbs in _REQUESTS:
        some = (
            one.settle(one.grant.permits(CERTIFICATES, resource, verb))
            for one in held
            if one.namespace == CLUSTER_WIDE
            for verb in verbs
        )
        truth = min(truth, max(max(some, default=Truth.NO), Truth.POSSIBLE))
    for grant in built_in("cluster-admin") or ():
        yield _made(right, CLUSTER_WIDE, grant, truth, "approve", "certificate requests to make and to approve")


def _masters(right: Right, held: list[Right]) -> Iterator[Right]:
    """Impersonation, by name, of the group or of a user that may do anything; a group is taken beside some user."""
    if right.namespace != CLUSTER_WIDE or not right.grant.names:
        return
    user = right.settle(min(right.grant.permits("", "users", "impersonate"), right.grant.named(MANAGER)))
    group = right.settle(min(right.grant.permits("", "groups", "impersonate"), right.grant.named(MASTERS)))
    beside = (one.settle(one.grant.permits("", kind, "impersonate")) for one in held for kind in PEOPLE[::2])
    truth = max(user, min(group, max(max(beside, default=Truth.NO), Truth.POSSIBLE)))
    if truth is not Truth.NO:
        for grant in built_in("cluster-admin") or ():
            yield _made(right, CLUSTER_WIDE, grant, truth, "impersonate", "a user to impersonate")


def _as(grant: Grant, right: Right) -> Grant:
    """The rule as the subject gives it to itself: told by the line that lets it."""
    return replace(grant, origin=right.grant.origin, role=right.grant.role)


def _made(right: Right, scope: str, grant: Grant, truth: Truth, verb: str, needs: str) -> Right:
    doubt = right.doubt or right.grant.unknown or grant.unknown
    if truth is not Truth.YES and doubt is None:
        cause = f"whether it also has {needs} is not known"
        doubt = Unknown(cause, decided_by=(f"{right.binding}: {verb}",))
    what = grant.role if grant.role != "cluster-admin" else "any role"
    how = f"by `{verb}` it gives itself {what if what == 'any role' else f'`{what}`'}"
    return replace(right, namespace=scope, grant=_as(grant, right), doubt=doubt, how=how)
