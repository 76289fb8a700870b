"""Where a host or a Service of a copy leads: to declared members alone, to anything else, or nobody knows where."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from scanner.builders.k8s_network.hosts import service_of
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View
from scanner.builders.k8s_policy.labels import selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.stack_ways.way import leg
from scanner.graph.facts_ways import Leg
from scanner.graph.model import STACK, Plane, Role
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

_MEMBERS = frozenset({*STACK, Role.MODEL})


class Ends(Struct, dict=True):
    """The Services of one cluster, and the members of the stack and models behind them."""

    view: View
    services: Services

    @cached_property
    def _into(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for edge in self.view.world.edges:
            if edge.plane is Plane.NETWORK and edge.verb == "reach":
                found.setdefault(edge.source, []).append(edge.target)
        return found

    def behind(self, start: str) -> list[str]:
        """The members that a relay leads to, over relays alone."""
        found, waiting, seen = [], [start], {start}
        while waiting:
            for target in self._into.get(waiting.pop(), ()):
                node = self.view.world.nodes.get(target)
                if node is None or target in seen:
                    continue
                seen.add(target)
                if node.roles & _MEMBERS:
                    found.append(target)
                elif not node.actor:
                    waiting.append(target)
        return found

    def members(self, host: Value, namespace: str) -> list[str]:
        """The members behind the Service that a host means."""
        meant = service_of(host, namespace) if isinstance(host, str) else None
        service = self.services.by_name.get(meant) if meant is not None else None
        if service is None:
            return []
        return [door.target.nodes[0] for door in self.services.doors(service)]

    def away(self, host: Value, namespace: str) -> tuple[bool | Unknown, str, Leg | None]:
        """Whether a host leads to anything but members, its name, and the end where the inputs show one."""
        if not isinstance(host, str):
            cause = (
                f"where it copies requests to is not known: {host.cause}" if isinstance(host, Unknown) else "no host"
            )
            return Unknown(cause, decided_by=host.decided_by if isinstance(host, Unknown) else ()), "*", None
        meant = service_of(host, namespace)
        if meant is None:
            return True, host, Leg(f"`{host}`", "Host", host, None, "this is a host outside of the cluster", True)
        address = f"{meant[0]}/Service/{meant[1]}"
        service = self.services.by_name.get(meant)
        if service is None:
            return Unknown(f"what stands behind `{address}` is not in the inputs", decided_by=(address,)), address, None
        if dig(service.attrs, "spec", "type") == "ExternalName":
            return self._alias(service)
        return self._selected(service)

    def _alias(self, service: Resource) -> tuple[bool | Unknown, str, Leg | None]:
        name = dig(service.attrs, "spec", "externalName")
        if isinstance(name, str) and service_of(name) is None and not self.services.doors(service):
            line = mark(service.attrs, "spec", "externalName")
            return True, service.address, leg(service, line, f"it is another name for `{name}`, outside of the cluster")
        cause = f"where `{service.address}` leads is not known"
        return Unknown(cause, decided_by=(service.address,)), service.address, None

    def _selected(self, service: Resource) -> tuple[bool | Unknown, str, Leg | None]:
        selector = dig(service.attrs, "spec", "selector")
        line = mark(service.attrs, "spec", "selector")
        if selector and not isinstance(selector, Unknown):
            chosen = self.view.cluster.select(Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector)))
            owners = {self.view.owners[pod]: pod in chosen.sure for pod in sorted(chosen.maybe)}
            others = [one for one in owners if not self.view.world.nodes[one].roles & _MEMBERS]
            sure = next((one for one in others if owners[one]), None)
            if sure is not None:
                node = self.view.world.nodes[sure]
                end = leg(service, line, f"it sends calls to the pods of `{node.address}`, no declared member")
                return True, service.address, end
            if owners and not others:
                return False, service.address, None
        cause = f"which pods stand behind `{service.address}` is not known"
        return Unknown(cause, decided_by=(service.address,)), service.address, None
