"""On which ports a workload is known to listen, and on which of them it answers inference."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.k8s_network.pods import Workload
from scanner.builders.recognise.signals import is_client
from scanner.patterns import lazy
from scanner.podspec import Container, command_line, containers, environment
from scanner.resource import dig, items_of
from scanner.tables import model_facts, pattern
from scanner.unknown import Unknown

PROXIES = frozenset({"istio-proxy", "linkerd-proxy"})
"""Sidecars of meshes, which pass on what they are given."""
_FLAG = lazy(r"^(?:-p|--(?:[\w-]*[-_])?port)$")
_SCRIPT = lazy(r"(?:^|\s)(--(?:[\w-]*[-_])?port|-p)(?:=|\s+)(\S+)")
_ASIDE = lazy(r"metrics|prometheus|nccl|dashboard-agent|object-manager|node-manager|master|dist|health")
"""Flags of ports on which nothing is answered, or which only parts of one server use among themselves."""
_VARIABLE = lazy(r"(?:^|_)PORT$|^OLLAMA_HOST$")


class Listening(Struct, frozen=True):
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
        argued = {*_argued(container), *_own_program(container)}
        named = set(_from_environment(container))
        tabled = set(_tabled(container))
        if container.name not in PROXIES and (argued or tabled):
            # One flag moves one port: a server that has several keeps the others where they were.
            inference |= argued | tabled if len(tabled) > 1 or not argued else argued
            # A variable need not be of the port that answers (`VLLM_PORT` is none): it adds a port, and moves none.
            inference |= named
            how = how or ("its arguments name the port" if argued else "the port is the default of its server")
            unclear = unclear or 0 in argued | named
        known |= declared | argued | named | (tabled if len(tabled) > 1 or not argued else set())
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


def undeclared(workload: Workload) -> Iterator[Unknown]:
    """What is not known of the ports that the containers of a workload declare."""
    for container in serving(workload):
        listed = dig(container.value, "ports")
        for item in items_of(listed):
            number = dig(item, "containerPort")
            if isinstance(number, Unknown):
                yield number


def _argued(container: Container) -> Iterator[int]:
    """The ports that the arguments name, also inside a shell script; 0 for one that is not known."""
    tokens = [token.value for token in command_line(container)]
    for index, token in enumerate(tokens):
        text = token.text() if isinstance(token, Unknown) else token
        if not isinstance(text, str):
            continue
        for found in _SCRIPT.finditer(text):
            if not _ASIDE.search(found[1]) and (found[1] != "-p" or " " not in text.strip()):
                yield _number(found[2])
        if _FLAG.match(text) and not _ASIDE.search(text) and index + 1 < len(tokens):
            following = tokens[index + 1]
            yield _number(following if isinstance(following, str) else "")


def _number(written: str) -> int:
    """A port as it is written; 0 where it is none, such as a variable of the shell."""
    bare = written.strip("\"';,)")
    return int(bare) if bare.isdigit() and len(bare) < 6 else 0


def _from_environment(container: Container) -> Iterator[int]:
    """The ports that variables of a server name; 0 for one that is not known."""
    if not server_of(container):
        return
    for name, fact in environment(container).items():
        if _VARIABLE.search(name) and not _ASIDE.search(name.lower()):
            value = fact.value
            yield _number(value.rpartition(":")[2]) if isinstance(value, str) else 0


def _own_program(container: Container) -> Iterator[int]:
    """0 where the image is a server's, and a program of another name is started in it."""
    if dig(container.value, "command") is not None and server_of(container):
        line = " ".join(one.value if isinstance(one.value, str) else "*" for one in command_line(container))
        if not any(row.regex and pattern(row.regex).search(line) for row in model_facts("argument")):
            yield 0


def _tabled(container: Container) -> Iterator[int]:
    server = server_of(container)
    for row in model_facts("port") if server else ():
        if row.server == server and row.port is not None and row.carries in ("inference", "management"):
            yield row.port
