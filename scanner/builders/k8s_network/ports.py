"""On which ports a workload is known to listen, and on which of them it answers inference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.builders.k8s_network.pods import Workload
from scanner.builders.recognise.signals import is_client
from scanner.podspec import Container, command_line, containers
from scanner.resource import dig, items_of
from scanner.tables import model_facts, pattern
from scanner.unknown import Unknown

PROXIES = frozenset({"istio-proxy", "linkerd-proxy"})
"""Sidecars of meshes, which pass on what they are given."""
_FLAGS = ("--port", "--http-port", "--server-port", "-p")
_SCRIPT = re.compile(r"(?:^|\s)--(?:http-|server-)?port(?:=|\s+)(\d+)\b")


@dataclass(frozen=True, slots=True)
class Listening:
    """TCP ports: `known` to listen, and those that carry inference or manage the server; why the latter is known."""

    known: frozenset[int]
    inference: frozenset[int]
    how: str = ""


def listening(workload: Workload) -> Listening:
    """What the templates of a workload say of their ports: arguments first, then the tables, then `containerPort`."""
    known: set[int] = set()
    inference: set[int] = set()
    how = ""
    unclear = False
    for container in serving(workload):
        declared = set(_declared(container))
        argued = set(_argued(container))
        tabled = set(_tabled(container))
        if container.name not in PROXIES and (argued or tabled):
            inference |= argued or tabled
            how = how or ("its arguments name the port" if argued else "the port is the default of its server")
            unclear = unclear or 0 in argued
        known |= declared | argued | tabled
    if unclear:
        return Listening(frozenset(known - {0}), frozenset())
    return Listening(frozenset(known), frozenset(inference), how)


def serving(workload: Workload) -> Iterator[Container]:
    """The containers of a workload that go on running."""
    for _, template in workload.templates:
        yield from (one for one in containers(template.spec) if one.role != "init")


def server_of(container: Container) -> str:
    """The model server that the tables know a container by, "" for none."""
    image = container.image.value
    line = " ".join(token.value if isinstance(token.value, str) else "*" for token in command_line(container))
    if is_client(image if isinstance(image, str) else "", line) or is_client(line, line):
        return ""
    for row in model_facts("image"):
        if isinstance(image, str) and row.regex and pattern(row.regex).search(image):
            return row.server
    for row in model_facts("argument"):
        if row.regex and pattern(row.regex).search(line):
            return row.server
    return ""


def _declared(container: Container) -> Iterator[int]:
    for item in items_of(dig(container.value, "ports")):
        number = dig(item, "containerPort")
        if isinstance(number, int) and dig(item, "protocol") in (None, "TCP"):
            yield number


def _argued(container: Container) -> Iterator[int]:
    """The ports that the arguments name, also inside a shell script; 0 for one that is not known."""
    tokens = [token.value for token in command_line(container)]
    for index, token in enumerate(tokens):
        if isinstance(token, Unknown):
            if token.text().startswith("--port"):
                yield 0
            continue
        if not isinstance(token, str):
            continue
        yield from (int(found[1]) for found in _SCRIPT.finditer(token))
        if token in _FLAGS and index + 1 < len(tokens):
            following = tokens[index + 1]
            yield int(following) if isinstance(following, str) and following.isdigit() else 0


def _tabled(container: Container) -> Iterator[int]:
    server = server_of(container)
    for row in model_facts("port") if server else ():
        if row.server == server and row.port is not None and row.carries in ("inference", "management"):
            yield row.port
