"""What Istio's objects do with the calls of a gateway that is in the mesh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.builders.k8s_network.hosts import service_of
from scanner.builders.k8s_network.view import own_line
from scanner.builders.k8s_policy.labels import EVERY, Match, selector_of_labels
from scanner.builders.mesh.membership import Plane
from scanner.builders.mesh.patches import is_patch
from scanner.builders.mesh.virtual import GROUP, SECTIONS
from scanner.builders.stack_ways.way import Way, after, leg, lost, unknown
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

if TYPE_CHECKING:
    from scanner.builders.stack_ways.overlay import Overlay

_MAX_DEPTH = 3
_INWARD = ("SIDECAR_INBOUND", "GATEWAY", "WAYPOINT")
"""Contexts of a patch that leave alone what a sidecar sends out; none written is every one."""


def of_virtual(overlay: Overlay, route: Resource, service: Resource, port: Value, depth: int = 0) -> list[Way]:
    """Every way that the rules of a VirtualService give a call; what rules match on is left aside: any may."""
    found: list[Way] = []
    spec = dig(route.attrs, "spec")
    for section in SECTIONS:
        rules = dig(spec, section)
        if isinstance(rules, Unknown):
            line = mark(spec, section)
            found.append(unknown(leg(route, line, "its rules are not known"), rules.cause, *rules.decided_by))
            continue
        for number, rule in enumerate(items_of(rules)):
            line = mark(spec, section, number) or own_line(route)
            if isinstance(rule, Unknown):
                found.append(unknown(leg(route, line, "one of its rules is not known"), rule.cause, *rule.decided_by))
            else:
                found.extend(_of_rule(overlay, route, rule, line, service, port, depth))
    return list(dict.fromkeys(found))


def _of_rule(
    overlay: Overlay, route: Resource, rule: Value, line: Origin, service: Resource, port: Value, depth: int
) -> Iterator[Way]:
    yield from _fault(route, rule, line)
    if dig(rule, "directResponse") is not None:
        where = mark(rule, "directResponse") or line
        yield lost(leg(route, where, "its `directResponse` answers in place of the Service"))
    elif dig(rule, "redirect") is not None:
        where = mark(rule, "redirect") or line
        step = leg(route, where, "its `redirect` sends the caller elsewhere")
        yield unknown(step, "whether the gateway follows a redirect is not known", route.address)
    elif dig(rule, "delegate") is not None:
        yield from _delegated(overlay, route, rule, line, service, port, depth)
    else:
        yield from _routed(overlay, route, rule, line, port)


def _fault(route: Resource, rule: Value, line: Origin) -> Iterator[Way]:
    for kind in ("abort", "delay"):
        fault = dig(rule, "fault", kind)
        share = dig(fault, "percentage", "value")
        share = dig(fault, "percent") if share is None else share
        if fault is None or (isinstance(share, int | float) and not isinstance(share, bool) and share == 0):
            continue
        where = mark(rule, "fault", kind) or line
        shown = f"{share} % of calls" if isinstance(share, int | float) else "calls"
        if kind == "abort" and not isinstance(fault, Unknown) and not isinstance(share, Unknown):
            yield lost(leg(route, where, f"its `fault` answers {shown} in place of the Service"))
        else:
            step = leg(
                route, where, f"its `fault` holds {shown} back" if kind == "delay" else "its `fault` is not known"
            )
            yield unknown(step, "whether the gateway waits for an answer that is held back is not known", route.address)


def _delegated(
    overlay: Overlay, route: Resource, rule: Value, line: Origin, service: Resource, port: Value, depth: int
) -> Iterator[Way]:
    name, space = dig(rule, "delegate", "name"), dig(rule, "delegate", "namespace") or route.namespace
    where = mark(rule, "delegate", "name") or line
    known = isinstance(name, str) and isinstance(space, str)
    found = overlay.virtuals.by_name.get((str(space), str(name))) if known else None
    shown = f"{space}/VirtualService/{name}" if known else "*"
    step = leg(route, where, f"it hands calls on to `{shown}`")
    if found is None or depth >= _MAX_DEPTH:
        yield unknown(step, f"`{shown}` is not in the inputs", shown)
    else:
        yield from after(step, of_virtual(overlay, found, service, port, depth + 1))


def _routed(overlay: Overlay, route: Resource, rule: Value, line: Origin, port: Value) -> Iterator[Way]:
    destinations = items_of(dig(rule, "route"))
    if not destinations:
        yield lost(leg(route, line, "one of its rules names no destination: the call is not sent on"))
    for one in destinations:
        if dig(one, "weight") == 0 and len(destinations) > 1:
            continue
        target = one if isinstance(one, Unknown) else dig(one, "destination")
        host = target if isinstance(target, Unknown) else dig(target, "host")
        where = mark(target, "host") or line
        if not isinstance(host, str):
            doubt = host if isinstance(host, Unknown) else Unknown("no host is written", decided_by=(route.address,))
            yield unknown(
                leg(route, where, "it sends calls to a host that is not known"), doubt.cause, *doubt.decided_by
            )
            continue
        number = dig(target, "port", "number")
        yield from after(
            leg(route, where, f"it sends calls to `{host}`"),
            _destination(overlay, route, host, port if number is None else number, dig(target, "subset"), where),
        )


def _destination(
    overlay: Overlay, route: Resource, host: str, port: Value, subset: Value, where: Origin
) -> Iterator[Way]:
    meant = service_of(host, route.namespace)
    found = overlay.ends.services.by_name.get(meant) if meant is not None else None
    if found is None:
        yield from overlay.elsewhere(host, port, route.namespace)
        return
    if subset is None:
        yield from overlay.plain(found, port)
        return
    for rule in overlay.ends.view.of("DestinationRule"):
        if rule.group != GROUP or service_of(dig(rule.attrs, "spec", "host"), rule.namespace) != meant:
            continue
        for index, each in enumerate(items_of(dig(rule.attrs, "spec", "subsets"))):
            if dig(each, "name") == subset:
                line = mark(rule.attrs, "spec", "subsets", index) or own_line(rule)
                step = leg(rule, line, f"its subset `{subset}` narrows the Service to some pods")
                yield from after(step, overlay.plain(found, port, dig(each, "labels")))
                return
    shown = subset if isinstance(subset, str) else "*"
    step = leg(route, where, f"it sends calls to subset `{shown}`, which no DestinationRule of the inputs declares")
    yield unknown(step, f"which pods subset `{shown}` of `{host}` means is not known", f"subset {shown} of {host}")


def of_entry(overlay: Overlay, entry: Resource, host: str, port: Value) -> list[Way]:
    """The ways that a ServiceEntry lists for a host."""
    found: list[Way] = []
    spec = dig(entry.attrs, "spec")
    labels = dig(spec, "workloadSelector", "labels")
    if labels is not None:
        where = mark(spec, "workloadSelector")
        found.extend(overlay.ends.pods(entry, entry.namespace, selector_of_labels(labels), port, where))
    listed = [(one, mark(spec, "endpoints", index)) for index, one in enumerate(items_of(dig(spec, "endpoints")))]
    for one, where in listed:
        address = one if isinstance(one, Unknown) else dig(one, "address")
        shown = address if isinstance(address, str) else "*"
        step = leg(entry, where, f"it lists `{shown}` for `{host}`")
        found.extend(after(step, overlay.elsewhere(address, port, entry.namespace)))
    if not found:
        found.append(
            unknown(leg(entry, None, f"it speaks for `{host}`"), "what it stands for is not known", entry.address)
        )
    return found


def of_patches(overlay: Overlay) -> Iterator[Way]:
    """EnvoyFilters and plug-ins on the gateway's own proxy that may do anything to the calls that it sends out."""
    view = overlay.ends.view
    for one in view.resources:
        plugin = one.kind == "WasmPlugin" and one.group == "extensions.istio.io"
        if not (plugin or is_patch(one)) or not _outward(one, plugin=plugin):
            continue
        spec = dig(one.attrs, "spec")
        selector = dig(spec, "selector" if plugin else "workloadSelector")
        picked = EVERY if selector is None else selector_of_labels(dig(selector, "matchLabels" if plugin else "labels"))
        for (pod, _), member in zip(overlay.pods, overlay.members, strict=True):
            here = view.cluster.pods[pod]
            asked = selector is not None and one.namespace == here.namespace
            if picked.match(here.labels) is Match.NO or (not asked and member.plane is Plane.NONE):
                continue
            if one.namespace not in (here.namespace, "istio-system") and member.plane is Plane.NONE:
                continue
            line = mark(spec, "configPatches") or mark(spec, "url") or own_line(one)
            step = leg(one, line, "it patches what the gateway's proxy does with the calls that it sends out")
            yield unknown(step, f"what the patch `{one.address}` does to the gateway's calls is not known", one.address)
            break


def _outward(one: Resource, *, plugin: bool) -> bool:
    """Whether a patch or a plug-in may see what its proxy sends out."""
    listed = dig(one.attrs, "spec", "match" if plugin else "configPatches")
    if isinstance(listed, Unknown) or (plugin and listed is None):
        # Of gateways and waypoints alone, where it says so: no sidecar has it.
        return not plugin or dig(one.attrs, "spec", "targetRefs") is None
    if plugin:
        return any(dig(each, "mode") != "SERVER" for each in items_of(listed))
    return any(isinstance(each, Unknown) or dig(each, "match", "context") not in _INWARD for each in items_of(listed))
