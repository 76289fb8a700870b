"""Settings and code of models and of the stack that no input shows: whole environments, mounted files, hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.mounted import Mount, mount_of, mounts
from scanner.builders.recognise.objects import lookup_in
from scanner.builders.recognise.untold import untold_variables
from scanner.builders.switches.commands import from_files, loaded, replaced
from scanner.builders.switches.hooks import hooks
from scanner.builders.switches.injected import injected
from scanner.builders.switches.server_code import brought
from scanner.graph.facts import Switch
from scanner.graph.model import STACK, Role
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import containers as podspec_containers
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

ROW = "UNSEEN"
OF_THE_STACK, OF_MODELS = "GUARD-008", "MODEL-006"
"""Which assertion is open: a member of the stack may be switched off, a model may be given other weights."""
_CODE = lazy(
    r"(?:^|/)(?:site|dist)-packages(?:/|$)|\.(?:py|pth|so(?:\.\d+)*)$|^/(?:usr/)?(?:local/)?(?:bin|sbin|lib|lib64)(?:/|$)|"
    r"^/etc/ld\.so\.preload$|^/opt/(?:conda|venv)(?:/|$)"
)
"""Paths at which programs of an image lie."""
_HOME = frozenset({"/app", "/code", "/src", "/workspace", "/usr/src/app", "/opt/app"})
"""Folders in which images keep their program: whoever mounts a ConfigMap over one replaces it."""
_BROUGHT = ("image", "nfs", "gitRepo", "git_repo")
"""Volumes that bring files of their own with them, which no input shows."""
_KEPT = ("persistentVolumeClaim", "persistent_volume_claim", "csi", "hostPath", "host_path", "azureFile")
"""Volumes that hold what was written into them before: settings, under `/etc` of a program that is told no others."""
_DRIVERS = lazy(r"nvidia|cuda|/tls/|(?:^|/)(?:lib/)?modules(?:/|$)")
"""Libraries of devices, which machines lend to their pods."""
_TRUST = lazy(r"(?:^|[-./_])(?:ca|cacert|certs?|tls|ssl|pki|bundle|root-ca|trust)(?:[-./_]|$)", re.IGNORECASE)
"""Names and places of certificates, which decide whom a program trusts and not what it does."""
_SETTINGS = lazy(r"\.(?:ya?ml|json|toml|conf|cfg|ini|properties|lua|co)$")
LOADED = ("PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "NODE_OPTIONS", "BASH_ENV", "JAVA_TOOL_OPTIONS")
"""Variables that name code for a program to load."""


def add_unseen(world: World, resource: Resource, containers: Sequence[Container]) -> None:
    """A Switch fact for each source of settings or code that is not shown, and for each hook that may do anything."""
    roles = world.nodes[resource.id].roles
    if not roles & (STACK | {Role.MODEL}):
        return
    told: set[tuple[str, str]] = set()
    served = bool(roles & {Role.MODEL, Role.CLASSIFIER})
    for setting, found, cause, decided in _everything(world, resource, containers, bool(roles & STACK), served):
        if (setting, cause) in told:
            continue
        told.add((setting, cause))
        fact = Switch(
            origin=found or resource.origin,
            because=cause,
            row=ROW,
            product="component",
            effect="off",
            setting=setting,
            bad=Unknown(cause, decided_by=(decided,)),
            assertion=OF_THE_STACK if roles & STACK else OF_MODELS,
        )
        world.add_fact(resource.id, fact)


Seen = tuple[str, Origin | None, str, str]
"""A setting, its line, why it is open, and what decides it."""


def _everything(
    world: World, resource: Resource, containers: Sequence[Container], stack: bool, served: bool
) -> Iterator[Seen]:
    for template in pod_templates(resource):
        for each in podspec_containers(template.spec):
            if isinstance(each.value, Unknown):
                cause = f"what a container of `{resource.address}` is, is not known: {each.value.cause}"
                yield "containers", each.origin, cause, _decides(each.value, "containers")
        yield from injected(template)
    for container in containers:
        yield from _environments(world, resource, container)
        for key, name, where in untold_variables(container):
            yield key, where, f"which variables `{key}` sets is not known: {name.cause}", _decides(name, key)
        yield from _files(world, resource, container, stack=stack)
        yield from _code(container)
        yield from hooks(container)
        if served:
            yield from brought(container)
            yield from () if stack else loaded(container)
        if stack:
            yield from _run(container)
            yield from _image(container)


def _image(container: Container) -> Iterator[Seen]:
    """An image of which nothing is known: a product that callers can switch off by a request, or any other."""
    found = container.image
    if found is not None and isinstance(found.value, Unknown) and not found.text:
        cause = f"which image container `{container.name}` runs is not known"
        yield "image", found.origin, cause, _decides(found.value, "image")


def _run(container: Container) -> Iterator[Seen]:
    yield from (*loaded(container), *from_files(container), *replaced(container))


def _environments(world: World, resource: Resource, container: Container) -> Iterator[Seen]:
    """Objects of which `envFrom` takes every variable, and which are not in the inputs."""
    lookup = lookup_in(world, resource)
    listed = dig(container.body, "envFrom")
    for index, source in enumerate(items_of(listed)):
        where = mark(listed, index) or mark(container.body, "envFrom")
        if isinstance(source, Unknown):
            yield "envFrom", where, source.cause, source.decided_by[0] if source.decided_by else "envFrom"
            continue
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            reference = dig(source, key)
            if reference is None:
                continue
            name = text(dig(reference, "name")) or "*"
            held = lookup(name if kind == "ConfigMap" else f"Secret/{name}", "")
            if held is None or isinstance(held, Unknown):
                cause = f"which variables {kind} `{name}` sets is not shown"
                yield "envFrom", where, cause, f"{kind}/{name}"


def _files(world: World, resource: Resource, container: Container, *, stack: bool) -> Iterator[Seen]:
    """Settings that a member of the stack reads from a mount which no input shows."""
    lookup = lookup_in(world, resource)
    for mount in mounts(container) if stack else ():
        if _TRUST.search(mount.path) or _CODE.search(mount.path):
            continue
        for kind, name in mount.holders:
            if kind == "ConfigMap" and not _TRUST.search(name):
                yield from _held(mount, name, lookup(name, ""))
            elif kind == "Secret" and (_SETTINGS.search(mount.path) or _named_in(container, mount)):
                cause = f"the settings that Secret `{name}` puts at `{mount.path}` are not shown"
                yield "volumeMounts", mount.origin, cause, f"Secret/{name}"
        kinds = _BROUGHT if any(_said(container)) else (*_BROUGHT, *_KEPT)
        packed = mount.path.startswith("/etc/") and any(dig(mount.volume, kind) is not None for kind in kinds)
        if not mount.holders and (packed or _named_in(container, mount)):
            cause = f"the settings that {mount.shown} holds at `{mount.path}` are not shown"
            yield "volumeMounts", mount.origin, cause, f"the files at {mount.path}"


def _held(mount: Mount, name: str, data: Value) -> Iterator[Seen]:
    """What is not known of a mounted ConfigMap: whether it is there, all that it holds, or one of its files."""
    if data is None or isinstance(data, Unknown):
        shown = "shown" if data is None else "known"
        cause = f"what ConfigMap `{name}` puts at `{mount.path}` is not {shown}"
        yield "volumeMounts", mount.origin, cause, _decides(data, f"ConfigMap/{name}")
    for key, text_ in data.items() if isinstance(data, Mapping) else ():
        if isinstance(text_, Unknown) and not _TRUST.search(key):
            cause = f"what `{key}` of ConfigMap `{name}` says is not known"
            yield "volumeMounts", mark(data, key) or mount.origin, cause, _decides(text_, f"ConfigMap/{name}")


def _decides(value: Value, otherwise: str) -> str:
    return value.decided_by[0] if isinstance(value, Unknown) and value.decided_by else otherwise


def _said(container: Container) -> Iterator[str]:
    """The files of settings that arguments and variables name."""
    named = [word.text.rpartition("=")[2] for word in container.words]
    named += [found.text for found in container.env.values()]
    yield from (one for one in named if _SETTINGS.search(one))


def _named_in(container: Container, mount: Mount) -> bool:
    """Whether an argument or a variable names a file of settings below a mount."""
    return any(one.startswith(f"{mount.path}/") for one in _said(container))


def _code(container: Container) -> Iterator[Seen]:
    """Volumes over the programs of an image, and volumes that a variable tells it to load programs from."""
    for mount in mounts(container):
        packed = any(dig(mount.volume, kind) is not None for kind in _BROUGHT)
        over = _CODE.search(mount.path) or (mount.path in _HOME and (mount.holder[0] == "ConfigMap" or packed))
        if over and not _DRIVERS.search(mount.path):
            cause = f"what {mount.shown} puts in place of the image's own `{mount.path}` is not looked at"
            yield "volumeMounts", mount.origin, cause, f"the code at {mount.path}"
    for name in LOADED:
        found = container.env.get(name)
        for path in _paths(found) if found is not None else ():
            inside = mount_of(container, path)
            if inside is not None and inside.path != "/" and not _DRIVERS.search(path):
                cause = f"`{name}` loads what {inside.shown} holds at `{path}`, which is not looked at"
                yield name, found.origin if found is not None else None, cause, f"the code at {path}"


def _paths(found: Found) -> Iterator[str]:
    """The absolute paths in a variable."""
    yield from re.findall(r"(?:^|[\s:=,])(/[^\s:=,]+)", found.text)
