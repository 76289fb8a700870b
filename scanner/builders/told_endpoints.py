"""Settings that tell a caller where to send its prompts: a public API of models is past every gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from scanner import tables
from scanner.builders.blocks import Found, at, doubt, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container, is_kubernetes
from scanner.builders.recognise.machines import machine_containers
from scanner.builders.recognise.objects import object_containers
from scanner.graph.facts_access import ToldEndpoint
from scanner.graph.model import STACK, Role
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

OTHERS = STACK | {Role.MODEL, Role.CANDIDATE, Role.PLATFORM}
"""Who may call an API of models: the gateway is to, and what serves a model is judged as one."""
FUNCTIONS = ("aws_lambda_function", "google_cloudfunctions2_function", "azurerm_linux_function_app")
MAPS = ("environment.variables", "service_config.environment_variables", "app_settings")
"""Functions, and where they keep their variables."""


def build_told_endpoints(world: World) -> None:
    """A ToldEndpoint fact for each variable of the table on a workload or a function outside the stack."""
    keys = {row.key for row in tables.model_facts("endpoint")}
    for one in world.inventory.all:
        if one.data or world.nodes[one.id].roles & OTHERS:
            continue
        for key, found in _settings(world, one) if _may_name(one, keys) else ():
            fact = _fact(key, found) if key in keys else None
            if fact is not None:
                world.add_fact(one.id, fact)


def _may_name(one: Resource, keys: set[str]) -> bool:
    """Whether any container of a workload can have one of the variables: a cheap look before the whole is read."""
    if not is_kubernetes(one):
        return True
    parts = (dig(template.spec, key) for template in pod_templates(one) for key in ("containers", "initContainers"))
    for container in (each for part in parts for each in items_of(part)):
        named = [dig(each, "name") for each in items_of(dig(container, "env"))]
        if dig(container, "envFrom") is not None or any(not isinstance(name, str) or name in keys for name in named):
            return True
        if isinstance(container, Unknown):
            return True
    return False


def _settings(world: World, one: Resource) -> Iterator[tuple[str, Found]]:
    """The variables of what a resource runs."""
    if one.kind in FUNCTIONS:
        for path in MAPS:
            for block in at(one, path):
                yield from _pairs(block)
        return
    for container in _containers(world, one):
        yield from container.env.items()


def _containers(world: World, one: Resource) -> Sequence[Container]:
    if is_kubernetes(one):
        return object_containers(world, one) if pod_templates(one) else []
    return machine_containers(world, one)


def _pairs(block: Found) -> Iterator[tuple[str, Found]]:
    if isinstance(block.value, Mapping):
        for key, value in block.value.items():
            yield key, Found(value, mark(block.value, key) or block.origin, block.possible or doubt(block.value))


def _fact(key: str, found: Found) -> ToldEndpoint | None:
    """What a variable says of where it leads; nothing where it names no host."""
    hosts = list(_hosts(found.value))
    public = next((host for host in hosts if _is_public(host)), "")
    if public and found.possible is None:
        return ToldEndpoint(origin=found.origin, because=f"`{key}` names `{public}`", host=public, outside=True)
    unknown = found.unknown
    if unknown is None or (hosts and not public and found.possible is None):
        named = ", ".join(f"`{host}`" for host in hosts)
        because = f"`{key}` names {named}, on which the network decides"
        return ToldEndpoint(origin=found.origin, because=because, host=hosts[0], outside=False) if hosts else None
    because = f"`{key}` is not known: {unknown.cause}"
    return ToldEndpoint(origin=found.origin, because=because, host=public or "*", outside=unknown)


def _hosts(value: Value) -> Iterator[str]:
    """The hosts of a URL, or of several with semicolons or commas between them; those that are wholly known."""
    for part in text(value).replace(";", ",").split(","):
        written = part.strip()
        host = _host(written if "//" in written else f"//{written}")
        if host and "*" not in host:
            yield host


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _is_public(host: str) -> bool:
    return any(tables.pattern(row.regex).search(host) for row in tables.model_facts("api"))
