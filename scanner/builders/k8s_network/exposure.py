"""Services that open a way from outside: load balancers, node ports, external addresses, and host ports of pods."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.balancers import balancer
from scanner.builders.k8s_network.entry import INTERNET, SNAT, Caller, admitted, enter, enter_blocks
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import NODES, any_pod
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, ports, traffic_of
from scanner.origin import Origin
from scanner.podspec import containers
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value


def build_exposure(view: View, services: Services, sources: Sources) -> None:
    """Every Service of a type that opens a way, and every host port of a target."""
    for service in services.by_name.values():
        hidden = _hidden(service)
        every = list(callers(view, service))
        for door in services.doors(service) if every else ():
            for caller in every:
                enter(view, caller, door, hidden)
                enter_blocks(view, caller, door, hidden)
            if hidden is not None and admitted(view, door) is not True:
                # Through a node's port a pod comes with the node's address: policies for pods do not see it.
                because = "through the port of a node a pod has the address of the node"
                traffic = traffic_of(door.ports)
                line = every[0].origin
                connect(view.world, any_pod(view, sources), door.node, because, line, traffic=traffic, doubt=hidden)
    _host_ports(view)


def _hidden(service: Resource) -> Doubt | None:
    """Set where nodes may put their own address in place of the caller's, which policies then see."""
    policy = dig(service.attrs, "spec", "externalTrafficPolicy")
    return None if policy == "Local" else Doubt(SNAT, (f"{service.address}: externalTrafficPolicy",))


def callers(view: View, service: Resource) -> Iterator[Caller]:
    """Who gets at a Service from outside the cluster."""
    kind = dig(service.attrs, "spec", "type")
    line = mark(service.attrs, "spec", "type") or service.origin
    nodes, internet = view.world.external(NODES), view.world.external(INTERNET)
    if isinstance(kind, Unknown):
        doubt = unknown_doubt(kind)
        yield Caller(internet, "the type of the Service is not known: it may be a load balancer", line, doubt)
        yield Caller(nodes, "the type of the Service is not known: it may open a node port", line, doubt)
        return
    if kind == "LoadBalancer":
        yield from balancer(view, service, line)
        yield from _node_ports(view, service, line)
    elif kind == "NodePort":
        yield Caller(nodes, "`type: NodePort` opens a port on every node", line)
    if items_of(dig(service.attrs, "spec", "externalIPs")):
        where = mark(service.attrs, "spec", "externalIPs") or line
        doubt = Doubt("external-ip-unknown", (f"{service.address}: externalIPs",))
        yield Caller(internet, "`externalIPs` answers wherever these addresses are routed", where, doubt)


def _node_ports(view: View, service: Resource, line: Origin) -> Iterator[Caller]:
    """The node ports of a load balancer: allotted unless that is switched off, and those that are written anyway."""
    allotted = dig(service.attrs, "spec", "allocateLoadBalancerNodePorts")
    nodes = view.world.external(NODES)
    for index, item in enumerate(items_of(dig(service.attrs, "spec", "ports"))):
        if allotted is False and dig(item, "nodePort") not in (None, 0):
            where = mark(service.attrs, "spec", "ports", index, "nodePort") or line
            doubt = unknown_doubt(item) if isinstance(item, Unknown) else None
            yield Caller(nodes, "`nodePort` is written: it is opened although none is allotted", where, doubt)
    if isinstance(allotted, Unknown):
        because = "whether the load balancer opens a port on every node is not known"
        yield Caller(nodes, because, line, unknown_doubt(allotted))
    elif allotted is not False:
        yield Caller(nodes, "a load balancer also opens a port on every node, which is the default", line)


def _host_ports(view: View) -> None:
    """A `hostPort` answers on the address of the node."""
    for target in view.targets:
        free = all(view.closed_by(pod, Direction.INGRESS) is Match.NO for pod in target.pods)
        behind = None if free else Doubt(SNAT, ("whether policies hold for node addresses",))
        for _, template in target.workload.templates:
            for container in containers(template.spec):
                for index, item in enumerate(items_of(dig(container.value, "ports"))):
                    some, unsure = _host_port(item)
                    line = container.fact("ports", index, "hostPort").origin
                    because = "`hostPort` opens a port on the node"
                    outside = view.world.external(NODES).id
                    for node in target.nodes if some else ():
                        traffic = traffic_of(some)
                        doubt = unsure or behind
                        connect(view.world, outside, node, because, line, traffic=traffic, doubt=doubt, cut=True)


def _host_port(item: Value) -> tuple[PortSet, Doubt | None]:
    """The port of the pod that a `hostPort` leads to; nothing where there is none."""
    host, port, protocol = dig(item, "hostPort"), dig(item, "containerPort"), dig(item, "protocol") or "TCP"
    if host in (None, 0):
        return NONE, None
    doubt = next((unknown_doubt(one) for one in (host, port, protocol) if isinstance(one, Unknown)), None)
    if isinstance(port, int) and isinstance(protocol, str):
        return ports(protocol, port, port), doubt
    return ALL, doubt or Doubt("value-unknown", ("the port of the container",))
