"""Random networks of AWS: for every pair of machines and every class of ports, the graph against a naive referee.

TETHER_VPC_EXAMPLES sets how many are drawn.
"""

from __future__ import annotations

import os
from ipaddress import ip_address

from hypothesis import HealthCheck, given, settings

from scanner.builders.aws_network.build import build_aws_network
from scanner.commands.graph_expand import expand
from scanner.graph.model import Role
from tests.builders.aws import read, world
from tests.drawn import some
from tests.network.vpc_draw import networks, terraform
from tests.network.vpc_referee import Referee

EXAMPLES = int(os.environ.get("TETHER_VPC_EXAMPLES", some(150, 300)))
PORTS = (1, 22, 23, 443, 444, 1000, 1001, 8000, 8001, 40000, 40001)
"""One of each class that the drawn rules can tell apart: their ends are 22, 443, 999, 1000, 8000, 40000 and 65535."""
PROTOCOLS = ("tcp", "udp")
PROBES = ("198.51.100.7", "198.51.100.200", "203.0.113.9", "8.8.8.8", "150.0.0.1", "2a00:1450::1")
RELAYS = ("SecurityGroupMembers", "AddressRange")


def resources_of(drawn, folder):
    return read(folder, terraform(drawn))


def names(some):
    """What is admitted, by protocol and class of ports."""
    return {
        (one.protocol.lower(), port)
        for one in some
        for port in PORTS
        if one.from_port <= port <= one.to_port and one.protocol != "SCTP"
    }


def ways(resources, machines):
    """State by source, target, protocol and port, as the edges of the graph have it, relays followed."""
    made = world(*resources, roles={f"aws_instance.{name}": Role.MODEL for name in machines})
    build_aws_network(made)
    graph = made.freeze()
    into = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge)
    found = {}
    for name in machines:
        target = f"main:aws_instance.{name}"
        for edge in into.get(target, ()):
            for source, sure in _actors(graph, into, edge, edge.state == "open"):
                for key in names(edge.traffic):
                    mine = (source, name, *key)
                    found[mine] = "open" if sure or found.get(mine) == "open" else "possible"
    return {key: state for key, state in found.items() if key[0] in machines and key[0] != key[1]}


def _actors(graph, into, edge, sure):
    if graph.nodes[edge.source].kind in RELAYS and not edge.source.startswith("external:"):
        for other in into.get(edge.source, ()):
            yield from _actors(graph, into, other, sure and other.state == "open")
    else:
        yield edge.source.removeprefix("main:aws_instance."), sure


def outside(edge, end, address):
    """Whether an end of an expanded edge is a range that holds an address."""
    name = edge[end]
    if not name.startswith("external/") or "-" not in name:
        return False
    first, _, last = name.removeprefix("external/").partition("-")
    try:
        low, high = ip_address(first), ip_address(last)
    except ValueError:
        return False
    return low.version == ip_address(address).version and low <= ip_address(address) <= high


def beyond(graph, machines):
    """State by source, target, protocol and port between machines and the addresses that are tried."""
    found = {}
    for edge in graph["edges"]:
        for address in PROBES:
            for end, other in (("source", "target"), ("target", "source")):
                name = edge[other].removeprefix("aws_instance.")
                if name in machines and outside(edge, end, address):
                    for one in edge["traffic"]:
                        for port in PORTS:
                            if one["from_port"] <= port <= one["to_port"] and one["protocol"] != "SCTP":
                                ends = (address, name) if end == "source" else (name, address)
                                key = (*ends, one["protocol"].lower(), port)
                                found[key] = "open" if "open" in (edge["state"], found.get(key)) else "possible"
    return found


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=networks())
def test_every_pair_and_class_of_ports_is_as_the_referee_says(drawn, tmp_path_factory):
    resources = resources_of(drawn, tmp_path_factory.mktemp("vpc"))
    referee, machines = Referee(drawn), drawn.machines
    expected, probes = {}, {}
    for protocol in PROTOCOLS:
        for port in PORTS:
            for name, one in machines.items():
                for other, two in machines.items():
                    if name != other:
                        expected[name, other, protocol, port] = referee.pair(one, two, protocol, port)
                for address in PROBES:
                    probes[address, name, protocol, port] = referee.from_internet(address, one, protocol, port)
                    probes[name, address, protocol, port] = referee.to_internet(one, address, protocol, port)
    assert ways(resources, machines) == {key: state for key, state in expected.items() if state}
    seen = beyond(expand(resources), machines)
    unclear = {key for key, state in probes.items() if state == "unclear"}
    assert {key: state for key, state in seen.items() if key not in unclear} == {
        key: state for key, state in probes.items() if state and key not in unclear
    }
    assert not any(seen.get(key) == "open" for key in unclear)
