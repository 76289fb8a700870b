"""Whether a pod is in the mesh: by a sidecar, by a ztunnel, or not at all; and which ports its proxy sees."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import Doubt, doubt_of
from scanner.builders.k8s_policy.labels import Labels, Match, Requirement, Selector
from scanner.builders.mesh.installed import Installed
from scanner.builders.mesh.labels import DATAPLANE, INJECTION, REVISION
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import PodTemplate, containers
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown, Value

INJECT = "sidecar.istio.io/inject"
BYPASS = "ambient.istio.io/bypass-inbound-capture"
REDIRECTION = "ambient.istio.io/redirection"
INTERCEPTION = "sidecar.istio.io/interceptionMode"
CONFIG = "proxy.istio.io/config"
TEMPLATES = "inject.istio.io/templates"
INCLUDE = "traffic.sidecar.istio.io/includeInboundPorts"
EXCLUDE = "traffic.sidecar.istio.io/excludeInboundPorts"
NEVER = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""Namespaces in which nothing is ever injected."""
MESHED = frozenset({"istio-proxy", "istio-init", "istio-validation"})
NETWORK = frozenset({"NET_ADMIN", "SYS_ADMIN", "ALL"})
"""Capabilities that suffice to lead traffic past a proxy in the same pod."""
_PROXY = lazy(r"(^|/)proxyv2([:@-]|$)")
_TRUE = frozenset({"y", "yes", "true", "on"})


class Plane(StrEnum):
    """What takes in the traffic of a pod."""

    SIDECAR = "sidecar"
    ZTUNNEL = "ztunnel"
    NONE = "none"


class Member(Struct, frozen=True):
    """How a pod is in the mesh. sure: NO for Plane.NONE; MAYBE with a `doubt` where it is not certain."""

    plane: Plane
    sure: Match
    because: str
    origin: Origin | None = None
    doubt: Doubt | None = None


class Captured(Struct, frozen=True):
    """The inbound ports that reach the proxy: all but some, or some alone; `unsure` where it is not known."""

    only: frozenset[int] | None = None
    never: frozenset[int] = frozenset()
    unsure: Doubt | None = None
    origin: Origin | None = None
    because: str = ""

    def port(self, number: int) -> Match:
        """Whether the proxy sees what comes to a port."""
        if number in self.never or (self.only is not None and number not in self.only):
            return Match.NO
        return Match.MAYBE if self.unsure is not None else Match.YES

    @property
    def named(self) -> frozenset[int]:
        """Every port that is named."""
        return self.never | (self.only or frozenset())


def _labels(*terms: tuple[str, str, tuple[str, ...]]) -> Selector:
    return Selector(tuple(Requirement(*one) for one in terms))


def member(template: PodTemplate | None, labels: Labels, namespace: str, space: Labels, mesh: Installed) -> Member:
    """How the pods of a template are in the mesh; None for pods of which no template is known."""
    if template is not None and dig(template.spec, "hostNetwork") is True:
        where = mark(template.spec, "hostNetwork")
        return Member(Plane.NONE, Match.NO, "it uses the network of its node, which no sidecar guards", where)
    written = None if template is None else _written(template)
    if written is not None:
        return written
    injected = _injected(template, labels, namespace, space, mesh)
    ambient = _ambient(labels, namespace, space)
    if ambient is Match.MAYBE and mesh.ztunnel is Match.NO:
        # Labels that are not shown ask for nothing that nothing shows.
        ambient = Match.NO
    plane, best = (Plane.ZTUNNEL, ambient) if injected is Match.NO else (Plane.SIDECAR, injected)
    if best is Match.NO:
        return Member(Plane.NONE, Match.NO, f"it is not in the mesh: {_why_not(template, labels, space)}")
    because = "a sidecar is injected into it" if plane is Plane.SIDECAR else "it is in the ambient mesh"
    found = Member(plane, best, because)
    if template is None or isinstance(dig(template.spec, "hostNetwork"), Unknown) or best is not Match.YES:
        doubt = labels.doubt or space.doubt or Doubt("mesh-unknown", (f"the labels of namespace {namespace}",))
        found = replace(found, sure=Match.MAYBE, doubt=doubt, because=f"whether {because} is not known")
    part = mesh.ztunnel if plane is Plane.ZTUNNEL else mesh.control
    if part is not Match.YES and found.sure is Match.YES:
        because = f"{because} where the mesh is installed, which nothing in the inputs shows"
        found = replace(found, sure=Match.MAYBE, doubt=mesh.doubt, because=because)
    return found


def _why_not(template: PodTemplate | None, labels: Labels, space: Labels) -> str:
    """What keeps a pod out of the mesh."""
    note = None if template is None else template.annotations.get(INJECT)
    for key, value in ((INJECT, labels.known.get(INJECT, note)), (DATAPLANE, labels.known.get(DATAPLANE))):
        if isinstance(value, str):
            return f"`{key}: {value}` keeps it out"
    if space.known.get(INJECTION) not in (None, "enabled"):
        return f"its namespace has `{INJECTION}: {space.known[INJECTION]}`"
    return "nothing asks for a sidecar or for ambient mode"


def _written(template: PodTemplate) -> Member | None:
    """A sidecar that the template itself holds: no label is asked."""
    for one in containers(template.spec):
        image = one.image.value
        if one.name == "istio-proxy" and isinstance(image, str) and _PROXY.search(image):
            return Member(Plane.SIDECAR, Match.YES, "its template holds the sidecar", one.origin)
    return None


def _injected(template: PodTemplate | None, labels: Labels, namespace: str, space: Labels, mesh: Installed) -> Match:
    """Whether the injector adds a sidecar: by the labels that its webhooks select, then by the pod's annotation."""
    if namespace in NEVER:
        return Match.NO
    revisions = tuple(sorted(mesh.revisions - {"default"}))
    default = Match.YES if "default" in mesh.revisions or mesh.control is not Match.YES else Match.MAYBE
    not_off = _labels((INJECT, "NotIn", ("false",)))
    silent = _labels((INJECTION, "DoesNotExist", ()), (REVISION, "DoesNotExist", ()))
    best = max(
        min(default, _labels((INJECTION, "In", ("enabled",))).match(space), not_off.match(labels)),
        min(default, silent.match(space), _labels((INJECT, "In", ("true",))).match(labels)),
        min(
            _revision(space, revisions, mesh),
            _labels((INJECTION, "DoesNotExist", ())).match(space),
            not_off.match(labels),
        ),
        min(_revision(labels, revisions, mesh), silent.match(space), not_off.match(labels)),
        min(mesh.everywhere, silent.match(space), _labels((INJECT, "DoesNotExist", ())).match(labels)),
    )
    note = None if template is None else template.annotations_unknown or template.annotations.get(INJECT)
    if INJECT in labels.known:
        return best if labels.known[INJECT].lower() in _TRUE | {""} else Match.NO
    if isinstance(note, Unknown):
        return min(best, Match.MAYBE)
    return Match.NO if isinstance(note, str) and note.lower() not in _TRUE | {""} else best


def _revision(labels: Labels, revisions: tuple[str, ...], mesh: Installed) -> Match:
    """Whether labels ask for a revision that is installed; one that is not shown may be a tag of one that is."""
    known = _labels((REVISION, "In", (*revisions, "default"))).match(labels) if mesh.revisions else Match.NO
    return max(known, min(Match.MAYBE, _labels((REVISION, "Exists", ())).match(labels)))


def _ambient(labels: Labels, namespace: str, space: Labels) -> Match:
    """Whether a ztunnel takes in the pod's traffic: its own label goes before that of the namespace."""
    if namespace in NEVER:
        return Match.NO
    asked = _labels((DATAPLANE, "In", ("ambient",)))
    return max(asked.match(labels), min(asked.match(space), _labels((DATAPLANE, "NotIn", ("none",))).match(labels)))


def captured(template: PodTemplate | None, found: Member, mesh: Installed) -> Captured:
    """Which ports of a pod its proxy sees: all, but for what annotations and the settings of the mesh leave out."""
    if template is None:
        return Captured()
    if template.annotations_unknown is not None:
        return Captured(unsure=doubt_of(template.annotations_unknown), origin=template.origin)
    notes = template.annotations
    rewritten = _rewritten(template)
    if rewritten is not None:
        return rewritten
    if found.plane is Plane.ZTUNNEL:
        if notes.get(REDIRECTION) not in (None, "enabled"):
            # Releases before ambient mode was stable heeded it; later ones write it themselves.
            return Captured(unsure=Doubt("mesh-unknown", (REDIRECTION,)), origin=mark(notes, REDIRECTION))
        return _bypass(notes, BYPASS, "true")
    template_name = notes.get(TEMPLATES)
    if template_name is not None and template_name != "sidecar":
        # A template of another name need not lead calls through the proxy; that of gateways does not.
        return Captured(unsure=Doubt("mesh-unknown", (TEMPLATES,)), origin=mark(notes, TEMPLATES))
    config = notes.get(CONFIG)
    if INTERCEPTION not in notes and (isinstance(config, Unknown) or "interceptionMode" in str(config)):
        return Captured(unsure=Doubt("mesh-unknown", (CONFIG,)), origin=mark(notes, CONFIG))
    off = _bypass(notes, INTERCEPTION, "NONE")
    if off.only is not None or off.unsure is not None:
        return off
    made = Captured()
    for values in mesh.ports:
        made = _narrow(made, dig(values, "includeInboundPorts"), dig(values, "excludeInboundPorts"), None)
    include, exclude = notes.get(INCLUDE), notes.get(EXCLUDE)
    where = mark(notes, EXCLUDE) if exclude is not None else mark(notes, INCLUDE)
    return _narrow(made, include, exclude, where)


def _rewritten(template: PodTemplate) -> Captured | None:
    """Where a container of the pod's own may change what leads its traffic to the proxy: its rules of iptables."""
    for one in containers(template.spec):
        if one.name in MESHED and _of_istio(one.image.value):
            continue
        context = dig(one.value, "securityContext")
        added = dig(context, "capabilities", "add")
        names = {str(name).upper().removeprefix("CAP_") for name in items_of(added) if isinstance(name, str)}
        if names & NETWORK or dig(context, "privileged") is True or isinstance(added, Unknown):
            where = mark(context, "capabilities") or mark(context, "privileged") or one.origin
            return Captured(
                unsure=Doubt("mesh-unknown", (f"what container {one.name} does to iptables",)), origin=where
            )
    return None


def _of_istio(image: Value) -> bool:
    return image is None or (isinstance(image, str) and (image == "auto" or _PROXY.search(image) is not None))


def _bypass(notes: Mapping[str, Value], key: str, off: str) -> Captured:
    value = notes.get(key)
    if isinstance(value, Unknown):
        return Captured(unsure=doubt_of(value), origin=mark(notes, key))
    if value == off:
        return Captured(only=frozenset(), origin=mark(notes, key), because=f"`{key}: {off}` leaves its proxy out")
    return Captured()


def _narrow(before: Captured, include: Value, exclude: Value, where: Origin | None) -> Captured:
    """What one place says; only an annotation (with a line) goes before what the mesh says of included ports."""
    only, never, unsure, because = before.only, before.never, before.unsure, before.because
    for value, name in ((include, INCLUDE), (exclude, EXCLUDE)):
        if value is None or (name == INCLUDE and value == "*"):
            only = None if value == "*" else only
            continue
        numbers = _numbers(value)
        if numbers is None:
            unsure = doubt_of(value) if isinstance(value, Unknown) else Doubt("value-unknown", (name,))
        elif name == INCLUDE:
            only, because = numbers, f"`{name}` lets its proxy see no other port"
        elif numbers:
            never, because = never | numbers, f"`{name}` keeps the port from its proxy"
    return Captured(only, never, unsure, where or before.origin, because)


def _numbers(value: Value) -> frozenset[int] | None:
    """The ports of a list with commas; None where it is not understood."""
    texts = [part.strip() for one in items_of(value) for part in (str(one).split(",") if _plain(one) else ["?"])]
    some = [one for one in texts if one]
    return frozenset(int(one) for one in some) if all(one.isdigit() for one in some) else None


def _plain(value: Value) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
