"""One rule of a Kubernetes role, asked as the API server's authorizer asks it, three-valued."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.origin import Origin
from scanner.table_rows import ControlAction
from scanner.unknown import Unknown, Value

NAMELESS = frozenset({"create", "deletecollection"})
"""Verbs whose request names no object: a rule with `resourceNames` gives none of them on a whole resource."""
ALL = "*"


class Grant(Struct, frozen=True, eq=False):
    """One rule of a role.

    groups, resources, verbs, names: as `apiGroups`, `resources`, `verbs`, `resourceNames` list them; items may be
    Unknown. role: the address of the role, or a built-in role's name. unknown: set where a part of the rule, or
    whether it belongs to the role, is not known: nothing that it gives is then certain.
    """

    groups: tuple[Value, ...]
    resources: tuple[Value, ...]
    verbs: tuple[Value, ...]
    names: tuple[Value, ...]
    origin: Origin | None
    role: str
    unknown: Unknown | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for rules that say the same, whichever role they stand in."""
        return (self.groups, self.resources, self.verbs, self.names, self.unknown)

    def permits(self, group: str, resource: str, verb: str) -> Truth:
        """Whether the rule gives `verb` on `resource` (`pods`, `pods/exec`) of `group`, on some object.

        `resourceNames` are the caller's to hold against the object, by `named`; here they only take away the verbs
        whose requests have no name. A create by name is left where the rule gives `patch` too (a server-side apply
        names what it creates), and is possible where another rule may give that.
        """
        truth = min(
            _among(group, self.groups, _same), _among(resource, self.resources, _fits), _among(verb, self.verbs, _same)
        )
        if self.names and verb in NAMELESS and "/" not in resource:
            truth = min(truth, self._nameless(verb))
        return min(truth, Truth.POSSIBLE) if self.unknown is not None else truth

    def speaks_of(self, verb: str) -> bool:
        """Whether the rule may give `verb` on anything."""
        return _among(verb, self.verbs, _same) is not Truth.NO

    def names_foreign(self, known: frozenset[str], verbs: tuple[str, ...]) -> bool:
        """Whether the rule may give one of `verbs` on whole objects of a group that is not `known`.

        A group is foreign that is named as such: neither one of Kubernetes itself nor, for `*`, anything at all.
        """
        return (
            any(self.speaks_of(verb) for verb in verbs)
            and any(not isinstance(one, str) or "/" not in one for one in self.resources)
            and any(isinstance(one, str) and _foreign(one) and one not in known for one in self.groups)
        )

    def named(self, name: str) -> Truth:
        """Whether the rule speaks of the object of this name: `resourceNames` lists it, or lists none."""
        if not self.names:
            return Truth.YES
        return _among(name, self.names, lambda wanted, have: wanted == have)

    def allows(self, row: ControlAction) -> Truth:
        """Whether the rule gives what a row of the control table asks for: one of its verbs, groups and resources.

        A row whose only resource is `*` asks for any resource of its groups.
        """
        group = max(_among(one, self.groups, _same) for one in row.groups)
        resources = [*self.resources] if row.resources == (ALL,) else row.resources
        wanted = [one if isinstance(one, str) else "?" for one in resources] if group is not Truth.NO else ()
        resource = max((_among(one, self.resources, _fits) for one in wanted), default=Truth.NO)
        if resource is Truth.NO:
            return Truth.NO
        if self.names:
            asked = ((one, of, verb) for one in row.groups for of in wanted for verb in row.verbs)
            return max((self.permits(*each) for each in asked), default=Truth.NO)
        truth = min(group, resource, max(_among(verb, self.verbs, _same) for verb in row.verbs))
        return min(truth, Truth.POSSIBLE) if self.unknown is not None else truth

    def _nameless(self, verb: str) -> Truth:
        """What `resourceNames` leave of a verb whose requests name no object; a list not known may turn out empty."""
        if verb == "create":
            return max(_among("patch", self.verbs, _same), Truth.POSSIBLE)
        return Truth.NO if any(isinstance(name, str) for name in self.names) else Truth.POSSIBLE


def _foreign(group: str) -> bool:
    """Whether an API group is none of Kubernetes itself: those have no dot, or end in `.k8s.io`."""
    return "." in group and not group.endswith(".k8s.io")


def _same(wanted: str, have: str) -> bool:
    return have in (ALL, wanted)


def _fits(wanted: str, have: str) -> bool:
    """Whether a resource of a rule covers the wanted one: `*` is all, `*/x` is the subresource x of all."""
    return have in (ALL, wanted) or (have.startswith("*/") and "/" in wanted and wanted.partition("/")[2] == have[2:])


def _among(wanted: str, have: Iterable[Value], fits: Callable[[str, str], bool]) -> Truth:
    best = Truth.NO
    for one in have:
        if isinstance(one, str):
            if fits(wanted, one):
                return Truth.YES
        elif isinstance(one, Unknown) and _could_be(one, wanted, fits):
            best = Truth.POSSIBLE
    return best


def _could_be(one: Unknown, wanted: str, fits: Callable[[str, str], bool]) -> bool:
    """Whether an unknown item may turn out to cover `wanted`; of a few possible values one must."""
    if one.options and all(isinstance(option, str) for option in one.options):
        return any(fits(wanted, str(option)) for option in one.options)
    return True
