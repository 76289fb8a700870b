"""What VirtualServices do for calls to models: each way of theirs, and whether a guardrail is on it."""

from __future__ import annotations

from scanner import tables
from scanner.builders.blocks import strings
from scanner.builders.gateway_routes.build import PROVIDERS, Leads
from scanner.builders.k8s_network.hosts import service_of
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View
from scanner.builders.k8s_policy.labels import Match, Selector, selector_of_labels
from scanner.builders.mesh.ingress import Front, front, gateways_of, serves
from scanner.builders.mesh.policies import refs, selector, within
from scanner.builders.mesh.virtual import GROUP, Sent, Virtuals, gateways
from scanner.builders.switches.scope import SAFETY
from scanner.graph.facts import GatewayRoute
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

NONE = "no filter of the proxies that serve it asks a guardrail"
_FILTERS = {
    ("AuthorizationPolicy", "security.istio.io"): ("selector", "matchLabels"),
    ("WasmPlugin", "extensions.istio.io"): ("selector", "matchLabels"),
    ("EnvoyFilter", GROUP): ("workloadSelector", "labels"),
}
_CALLS_OUT = ("ext_proc", "ext_authz", "lua", "wasm", "envoy.filters.http.ext_proc")


def build_virtual_facts(view: View, root: str | Unknown) -> None:
    """A GatewayRoute fact for each way of a VirtualService that leads to a model past its caller's own way."""
    virtuals, known = Virtuals.of(view.resources), gateways_of(view)
    if not virtuals.by_name:
        return
    services = Services.of(view)
    for route in virtuals.by_name.values():
        every = (*items_of(dig(route.attrs, "spec", "hosts")), *(sent.host for sent in virtuals.sent(route)))
        for meant in (service_of(one, route.namespace) for one in every):
            if meant is not None:
                services.named(meant, None)  # its relay, and where that leads
    leads = Leads(view.world)
    for route in virtuals.by_name.values():
        bound = gateways(route)
        fronts = [front(view, known[one]) for one in bound or () if one in known and serves(known[one], route)]
        inside = bound is not None and not bound
        hosts = items_of(dig(route.attrs, "spec", "hosts"))
        if inside and any(_leads(leads, route, one)[0] is not False for one in hosts):
            continue  # the host is a model's own: whoever calls it is judged as its caller
        for sent in virtuals.sent(route):
            model, backend = _leads(leads, route, sent.host, sent.port)
            if model is not False and not sent.unread:
                guarded, because = _guarded(view, root, fronts, sent, inside)
                view.world.add_fact(
                    route.id,
                    GatewayRoute(
                        origin=sent.line, because=because, backend=backend, model=model, guarded=guarded,
                        mirror=sent.mirror,
                    ),
                )  # fmt: skip


def _leads(leads: Leads, route: Resource, host: Value, port: Value = None) -> tuple[bool | Unknown, str]:
    """Whether a host is a model's, and its name; one of a provider's API is."""
    if isinstance(host, str) and PROVIDERS.search(host.lower()):
        return True, host
    meant = service_of(host, route.namespace)
    if isinstance(host, Unknown):
        return host, host.text()
    if meant is None or "*" in meant:
        return False, str(host)
    address = f"{meant[0]}/Service/{meant[1]}"
    return leads.behind(route, address, port), address


def _guarded(
    view: View, root: str | Unknown, fronts: list[Front], sent: Sent, inside: bool
) -> tuple[bool | Unknown, str]:
    if sent.mirror:
        return False, f"it copies requests to `{sent.host}`, and no guardrail looks at what is copied"
    if inside:
        return False, f"it sends calls to `{sent.host}` that were made to another host, past whatever guards that"
    every = [_of_front(view, root, one) for one in fronts]
    if every and all(guarded is True for guarded, _ in every):
        return every[0]
    unsure = next((one for one in every if isinstance(one[0], Unknown)), None)
    if unsure is not None:
        return unsure
    if not every:
        because = "the proxies that serve it are not shown"
        return Unknown(because, decided_by=("the Gateway that it is bound to",)), because
    return next(one for one in every if one[0] is False)


def _of_front(view: View, root: str | Unknown, found: Front) -> tuple[bool | Unknown, str]:
    """Whether the proxies of a Gateway have a filter that asks a guardrail."""
    unsure: tuple[bool | Unknown, str] | None = None
    for one in view.resources:
        match = _concerns(view, root, one, found)
        if match is Match.NO or not _calls_out(one):
            continue
        if dig(one.attrs, "spec", "failStrategy") == "FAIL_OPEN":
            unsure = unsure or (False, f"`{one.address}` lets requests pass where it fails")
            continue
        if match is Match.YES and any(tables.pattern(SAFETY).search(each.text) for each in strings(one.attrs)):
            return True, f"`{one.address}` is on the proxies that serve it"
        because = f"whether `{one.address}` asks a guardrail for it is not known"
        unsure = unsure or (Unknown(because, decided_by=(one.address,)), because)
    return unsure or (False, NONE)


def _concerns(view: View, root: str | Unknown, one: Resource, found: Front) -> Match:
    path = _FILTERS.get((one.kind, one.group))
    if path is None:
        return Match.NO
    spec = dig(one.attrs, "spec")
    named = refs(spec)
    if named is None:
        return Match.MAYBE
    if named:
        hit = any((each.kind, each.name) == ("Gateway", found.gateway.name) for each in named)
        return Match.YES if hit and one.namespace == found.gateway.namespace else Match.NO
    picked = selector(spec) if path[0] == "selector" else _labels(spec)
    best = Match.NO
    for index in found.pods:
        pod = view.cluster.pods[index]
        own = Match.YES if picked is None else picked.match(pod.labels)
        best = max(best, min(own, within(one.namespace, pod.namespace, root)))
    return best if found.pods or one.namespace != found.gateway.namespace else Match.MAYBE


def _labels(spec: Value) -> Selector | None:
    given = dig(spec, "workloadSelector")
    return None if given is None else selector_of_labels(dig(given, "labels"))


def _calls_out(one: Resource) -> bool:
    """Whether a resource puts something on the way that looks at requests."""
    if one.kind == "AuthorizationPolicy":
        return dig(one.attrs, "spec", "action") == "CUSTOM"
    if one.kind == "WasmPlugin":
        return True
    return any(word in each.text for each in strings(one.attrs) for word in _CALLS_OUT)
