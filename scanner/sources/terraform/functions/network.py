"""Functions over IP address ranges."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TypeAlias

from scanner.sources.terraform.functions.function import Function, pure, text, whole
from scanner.sources.terraform.values import ListOf, Refused, TooLarge
from scanner.unknown import Value

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(value: Value) -> _Network:
    source = text(value)
    if not re.fullmatch(r"[0-9a-fA-F:.]+/\d{1,3}", source):
        raise Refused("a text that is no CIDR range")
    # Go's parser of old accepts leading zeros in IPv4 octets, as Terraform still does.
    address, _, length = source.partition("/")
    if ":" not in address:
        address = ".".join(part.lstrip("0") or "0" for part in address.split("."))
    try:
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError as error:
        raise Refused("a text that is no CIDR range") from error
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        raise TooLarge("an IPv4 range in the form of IPv6")  # Terraform takes it apart in ways of its own
    return network


def _made(base: _Network, address: int, length: int) -> str:
    kind = ipaddress.IPv4Address if base.version == 4 else ipaddress.IPv6Address
    return f"{kind(address)}/{length}"


def _cidrhost(arguments: list[Value]) -> Value:
    network, number = _network(arguments[0]), whole(arguments[1])
    if not -network.num_addresses <= number < network.num_addresses:
        raise Refused("the range does not have this host")
    return str(network[number])


def _cidrnetmask(arguments: list[Value]) -> Value:
    network = _network(arguments[0])
    if network.version == 6:
        raise Refused("an IPv6 range has no netmask")
    return str(network.netmask)


def _cidrsubnet(arguments: list[Value]) -> Value:
    network, bits, number = _network(arguments[0]), whole(arguments[1]), whole(arguments[2])
    length = network.prefixlen + bits
    if bits < 0 or length > network.max_prefixlen or not 0 <= number < 2**bits:
        raise Refused("the range does not have this subnet")
    return _made(network, int(network.network_address) + (number << (network.max_prefixlen - length)), length)


def _cidrsubnets(arguments: list[Value]) -> Value:
    network = _network(arguments[0])
    result: list[Value] = []
    place, end = int(network.network_address), int(network.broadcast_address) + 1
    for argument in arguments[1:]:
        bits = whole(argument)
        length = network.prefixlen + bits
        if bits < 1 or length > network.max_prefixlen:
            raise Refused("the range does not have this subnet")
        step = 1 << (network.max_prefixlen - length)
        place = -(-place // step) * step
        if place + step > end:
            raise Refused("the range has no room for this subnet")
        result.append(_made(network, place, length))
        place += step
    return ListOf(result)


def _cidrcontains(arguments: list[Value]) -> Value:
    """Whether a range has all of an address or of another range in it (OpenTofu)."""
    outer, inner = _network(arguments[0]), text(arguments[1])
    if "/" not in inner:
        inner += "/128" if ":" in inner else "/32"
    within = _network(inner)
    if within.version != outer.version:
        return False
    first, last = int(within.network_address), int(within.broadcast_address)
    return int(outer.network_address) <= first and last <= int(outer.broadcast_address)


TABLE: Mapping[str, Function] = {
    "cidrhost": pure(_cidrhost, 2),
    "cidrcontains": pure(_cidrcontains, 2),
    "cidrnetmask": pure(_cidrnetmask, 1),
    "cidrsubnet": pure(_cidrsubnet, 3),
    "cidrsubnets": pure(_cidrsubnets, 1, None),
}
