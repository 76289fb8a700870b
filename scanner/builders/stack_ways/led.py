"""Where the settings of gateways lead: to a classifier, to a model, or out of sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.draft import World
from scanner.builders.k8s_network.hosts import service_of, split_url
from scanner.builders.k8s_network.platforms.registry import made_objects
from scanner.builders.k8s_network.pods import HELM
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, view_of
from scanner.builders.stack_ways.ends import Ends
from scanner.builders.stack_ways.follow import Follow, Shared
from scanner.builders.stack_ways.reached import blocked
from scanner.builders.stack_ways.resolver import Proxies
from scanner.builders.stack_ways.searched import Searches
from scanner.builders.stack_ways.settings import CLASSIFIER, MODEL, Setting, running
from scanner.builders.stack_ways.way import Way, perhaps
from scanner.graph.facts_ways import StackWay
from scanner.graph.model import Role
from scanner.resource import Resource

_ROLES = {
    CLASSIFIER: (frozenset({Role.CLASSIFIER}), "classifier"),
    MODEL: (frozenset({Role.MODEL, Role.CANDIDATE, Role.GATEWAY}), "model"),
}
"""By purpose: what a way must arrive at. A gateway behind a gateway is judged for its own."""


def add_ways(world: World, waiting: Mapping[str, Sequence[tuple[Resource, list[Setting]]]]) -> None:
    """The facts of every setting. waiting: by unit, the gateways with their settings that name a host."""
    shared = Shared(world, {})
    for unit, gateways in sorted(waiting.items()):
        objects = [one for one in world.inventory.all if one.unit == unit and not one.data]
        view = view_of(world, unit, [one for one in objects if one.kind[:1].isupper() or one.kind == HELM])
        view.add(made_objects(view.resources))
        services = Services.of(view)
        ends = {purpose: Ends(view, services, *wanted) for purpose, wanted in _ROLES.items()}
        for gateway, some in gateways:
            _gateway(view, ends, shared, gateway, some)


def _gateway(view: View, ends: dict[str, Ends], shared: Shared, gateway: Resource, some: list[Setting]) -> None:
    pods = tuple(
        (pod, template)
        for workload in view.workloads
        if workload.resource is gateway or any(one is gateway for one in workload.members)
        for pod, owner in enumerate(view.owners)
        if owner == view.node(workload.address)
        for _, template in workload.templates[:1]
    )
    if not pods:
        return
    containers = list(running(view.world, gateway))
    own = Proxies.of(containers), Searches.of(containers)
    follows = {purpose: Follow(gateway, pods, *own, one, shared) for purpose, one in ends.items()}
    for setting in some:
        for fact in _facts(view, follows, gateway, setting):
            view.world.add_fact(gateway.id, fact)


def _facts(view: View, follows: dict[str, Follow], gateway: Resource, setting: Setting) -> Iterator[StackWay]:
    """The facts of one setting; one whose name says nothing counts for what it names, or where it leads."""
    purpose = _named(view, gateway, setting) or setting.purpose
    judged = setting.sure or purpose != setting.purpose
    if purpose:
        found = list(follows[purpose].ways(setting))
        if not judged:
            cause = f"whether `{setting.name}` is for a classifier is not known"
            found = list(perhaps(found, cause, setting.name))
    else:
        found = list(follows[CLASSIFIER].ways(setting)) if setting.unknown is None else []
        purpose, judged = CLASSIFIER, True
        if not any(one.arrives is True and one.ends for one in found):
            found = []
    if found and purpose == CLASSIFIER:
        found += follows[purpose].patched(setting)
    for one in found:
        yield _fact(setting, one, purpose, judged)
        shut = blocked(view, follows[purpose].pods, one) if purpose == CLASSIFIER else None
        if shut is not None:
            yield _fact(setting, shut, purpose, judged)


def _named(view: View, gateway: Resource, setting: Setting) -> str:
    """What a host that bears the very name of a declared classifier or model is for; "" for any other host."""
    meant = service_of(split_url(setting.url)[0].lower(), gateway.namespace)
    if meant is None or "*" in meant:
        return ""
    for target in view.targets:
        resource = target.workload.resource
        if (resource.namespace, resource.name) == meant:
            roles = {role for one in target.nodes for role in view.world.nodes[one].roles}
            if Role.CLASSIFIER in roles:
                return CLASSIFIER
            return MODEL if Role.MODEL in roles else ""
    return ""


def _fact(setting: Setting, way: Way, purpose: str, judged: bool) -> StackWay:
    last = way.legs[-1]
    before = f"{way.legs[-2].because}: " if last.end and len(way.legs) > 1 else ""
    return StackWay(
        origin=setting.origin or last.origin,
        because=f"{before}{last.because}",
        purpose=purpose,
        judged=judged,
        setting=setting.name,
        host=split_url(setting.url)[0],
        arrives=way.arrives,
        ends=way.ends,
        legs=way.legs,
    )
