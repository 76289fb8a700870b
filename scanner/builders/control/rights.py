"""Who holds which right in a cluster: every rule of every role that a binding gives to a subject."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.grants import Grant
from scanner.builders.control.rbac_rules import RoleBook
from scanner.builders.draft import World
from scanner.builders.k8s_identity import account_node, subject_node
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

CLUSTER_WIDE = "*"
NOT_IN_INPUT = "role-not-in-input"


class Right(Struct, frozen=True, eq=False):
    """A rule that a subject holds.

    subject: node id of a User, Group or ServiceAccount, or of a principal of a cloud. namespace: the one it holds in,
    or CLUSTER_WIDE; a right in a namespace gives nothing on objects of the cluster, but the namespace itself.
    origin: the line that gives the role. place: the line that names the subject. doubt: what decides whether it holds.
    how: where the subject gives the right to itself, by what ("it may bind any role to itself").
    """

    subject: str
    unit: str
    namespace: str
    grant: Grant
    origin: Origin | None
    binding: str
    place: Origin | None = None
    doubt: Unknown | None = None
    how: str = ""

    def settle(self, truth: Truth) -> Truth:
        """`truth` of the rule, as far as it is certain that the subject holds it."""
        return truth if self.doubt is None else min(truth, Truth.POSSIBLE)


def rights_of(world: World, book: RoleBook | None = None) -> list[Right]:
    """Every right that the role bindings of the inputs give; subjects that no manifest declares get nodes here."""
    book = book or RoleBook(world)
    found: list[Right] = []
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for binding in world.inventory.of(kind):
            namespace, doubt = (CLUSTER_WIDE, None) if kind == "ClusterRoleBinding" else _where(binding)
            found += _bound(world, book, binding, namespace, doubt)
    return found


def _where(binding: Resource) -> tuple[str, Unknown | None]:
    """The namespace of a binding; one that is not known may be any."""
    written = dig(binding.attrs, "metadata", "namespace")
    return (CLUSTER_WIDE, written) if isinstance(written, Unknown) else (binding.namespace, None)


def _bound(
    world: World, book: RoleBook, binding: Resource, namespace: str, unplaced: Unknown | None
) -> Iterator[Right]:
    kind, name = dig(binding.attrs, "roleRef", "kind"), dig(binding.attrs, "roleRef", "name")
    origin = mark(binding.attrs, "roleRef", "name") or binding.origin
    unsure = next((part for part in (kind, name) if isinstance(part, Unknown)), None)
    address = f"ClusterRole/{name}" if kind == "ClusterRole" else f"{binding.namespace}/Role/{name}"
    grants = None if unsure is not None else book.rules_of(binding.unit, address)
    doubt = binding.possible or unsure or unplaced
    if grants is None:
        address = address if unsure is None else f"{kind if isinstance(kind, str) else 'role'} `{_shown(name)}`"
        grants = unseen(address, origin)
        doubt = doubt or grants[0].unknown
    for subject, place, who in _subjects(world, binding):
        for grant in grants:
            yield Right(subject, binding.unit, namespace, grant, origin, binding.address, place, doubt or who)


def unseen(address: str, origin: Origin | None) -> list[Grant]:
    """The rules of a role that the inputs only name: anything, and nothing for certain."""
    cause = f"the rules of `{address}` are not in the inputs"
    unknown = Unknown(cause, code=NOT_IN_INPUT, decided_by=(address,))
    return [Grant(("*",), ("*",), ("*",), (), origin, address, unknown)]


def _shown(value: object) -> str:
    return value.text() if isinstance(value, Unknown) else str(value)


def _subjects(world: World, binding: Resource) -> Iterator[tuple[str, Origin, Unknown | None]]:
    """The node of each subject, its line, and what decides who it is where its kind or its name is not known."""
    for index, subject in enumerate(items_of(binding.attrs.get("subjects"))):
        place = mark(binding.attrs, "subjects", index, "name") or binding.origin
        kind, name = dig(subject, "kind"), dig(subject, "name")
        where = dig(subject, "namespace") if kind not in ("User", "Group") else None
        unknown = next((part for part in (name, kind, where) if isinstance(part, Unknown)), None)
        if unknown is not None:
            # Not the Group or User of that name, which may be an operator.
            shown = name if isinstance(name, str) else unknown.text()
            yield subject_node(world, binding.unit, "Subject", shown, place).id, place, unknown
        elif not isinstance(name, str):
            continue
        elif kind == "ServiceAccount":
            where = where if isinstance(where, str) else binding.namespace or "default"
            yield account_node(world, binding.unit, where, name, place).id, place, None
        elif kind in ("User", "Group"):
            yield named_subject(world, binding.unit, str(kind), name, place), place, None


def named_subject(world: World, unit: str, kind: str, name: str, origin: Origin | None) -> str:
    """The node of a User or a Group; a User that is a service account's full name is that account."""
    user = name.removeprefix("system:serviceaccount:")
    if kind == "User" and user != name and ":" in user:
        home, _, account = user.partition(":")
        return account_node(world, unit, home, account, origin).id
    return subject_node(world, unit, kind, name, origin).id
