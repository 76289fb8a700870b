"""What the API server spares from the levels of pod security: namespaces, users, and pods of some runtime class.

Sources: Kubernetes, "Pod Security Admission" (exemptions are configured statically, in the file of the admission
plug-ins; whoever asks for a pod of an exempt runtime class, in any namespace, is spared); Rancher, "Pod Security
Admission (PSA) Configuration Templates".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from scanner.builders.inventory import Inventory
from scanner.graph.model import Node
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_KIND = "PodSecurityConfiguration"
_WHOLE, _TEMPLATE = "AdmissionConfiguration", "PodSecurityAdmissionConfigurationTemplate"
_CONTROLLERS = "system:serviceaccount:kube-system:"
"""Who makes the pods of every workload: to spare a controller spares whoever may make a workload."""
_LISTS = ("namespaces", "usernames", "runtimeClasses")


class _Exemption(Struct, frozen=True):
    """One entry: its list, its value (None for one that is not known), its line, and the object that holds it."""

    what: str
    name: str | None
    origin: Origin | None
    holder: str


class Exemptions(Struct, eq=False):
    """The exemptions of each unit."""

    by_unit: dict[str, list[_Exemption]] = field(default_factory=dict)

    @classmethod
    def of(cls, inventory: Inventory) -> Exemptions:
        """All that the inputs show."""
        found = cls()
        for one in inventory.of(_KIND, _WHOLE, _TEMPLATE):
            some = [each for part in _parts(one) for each in _entries(one, part)]
            found.by_unit.setdefault(one.unit, []).extend(some)
        return found

    def why(self, unit: str, namespace: str, subject: Node) -> tuple[str, Origin | None] | None:
        """Why a pod that a subject makes in a namespace may be spared; None where nothing says so."""
        for one in self.by_unit.get(unit, ()):
            wanted = {"namespaces": namespace, "usernames": _user(subject)}.get(one.what)
            if one.name is None:
                return f"whom {one.holder} spares from the levels of pod security is not known", one.origin
            makes = one.what == "usernames" and one.name.startswith(_CONTROLLERS)
            if wanted is None or one.name == wanted or makes:
                shown = {"namespaces": "namespace", "usernames": "user"}.get(one.what, "pods of the runtime class")
                return f"{one.holder} spares {shown} `{one.name}` from the levels of pod security", one.origin
        return None


def _user(subject: Node) -> str:
    if subject.kind == "ServiceAccount":
        return f"system:serviceaccount:{subject.namespace}:{subject.name}"
    return subject.name if subject.kind == "User" else ""


def _parts(one: Resource) -> Iterator[Value]:
    if one.kind == _KIND:
        yield one.attrs
    elif one.kind == _TEMPLATE:
        yield dig(one.attrs, "configuration")
    else:
        plugins = one.attrs.get("plugins")
        for each in items_of(plugins):
            if isinstance(each, Unknown):
                yield each
            elif dig(each, "name") == "PodSecurity":
                yield dig(each, "configuration")


def _entries(one: Resource, part: Value) -> Iterator[_Exemption]:
    exemptions = dig(part, "exemptions")
    holder = f"the {one.kind}"
    if isinstance(part, Unknown) or isinstance(exemptions, Unknown):
        yield _Exemption("namespaces", None, one.origin, holder)
        return
    for what in _LISTS:
        for index, each in enumerate(items_of(dig(exemptions, what))):
            name = each if isinstance(each, str) else None
            yield _Exemption(what, name, mark(exemptions, what, index) or one.origin, holder)
