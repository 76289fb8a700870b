"""Containers as recognition sees them: image, words of the command, variables, devices, ports and mounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from scanner import podspec
from scanner.builders.blocks import Found, doubt, has_key, reach, text
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec_containers import shell_words
from scanner.resource import Resource, dig, mark
from scanner.unknown import PLAIN, Unknown, Value, merge_unknowns

Lookup = Callable[[str, str], Value]
"""A value of a ConfigMap of the same namespace, by object name and key; None where neither is in the inputs."""

_VARIABLE = lazy(r"\$\((\w+)\)|\$\{(\w+)\}|\$([A-Za-z_]\w*)")
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_SCRIPT_FLAG = lazy(r"^-[a-z]*c$")
_PARAMETER = lazy(r"\$(?:[@*#0-9]|\{[@*#0-9])")
_JSON = lazy(r"^(?:--?[\w.-]+=)?\s*(?=[{\[])")
_INIT = frozenset({"initContainers", "init_container", "init_containers"})
_LISTS = frozenset({"containers", "container", "initContainers", "init_container", "mainContainer"})
MAX_DEPTH = 14
"""No pod template lies deeper in any workload; a bound keeps hostile nesting cheap."""


class Word(Struct, frozen=True):
    """One word of a command line; `unknown` is set where a part of it is not known (shown as `*` in `text`)."""

    text: str
    origin: Origin | None
    unknown: Unknown | None = None


class Container(Struct, frozen=True):
    """One container.

    own_command: the image's own command is replaced. devices and mounts: as (name, line).
    pod: the pod spec around it, for volumes; None where there is none.
    """

    name: str
    image: Found | None
    words: tuple[Word, ...] = ()
    env: Mapping[str, Found] = field(default_factory=dict)
    devices: tuple[tuple[str, Origin | None], ...] = ()
    ports: tuple[tuple[int, Origin | None], ...] = ()
    mounts: tuple[tuple[str, Origin | None], ...] = ()
    own_command: bool = False
    init: bool = False
    body: Value = None
    pod: Value = None

    @property
    def command_line(self) -> str:
        """Command and arguments joined by spaces."""
        return " ".join(word.text for word in self.words)


def nothing(_name: str, _key: str) -> Value:
    """A Lookup that knows no ConfigMap."""
    return None


def is_kubernetes(resource: Resource) -> bool:
    """Whether a resource is an object of Kubernetes itself; Terraform types never start with a capital."""
    return resource.kind[:1].isupper()


def containers_of(resource: Resource, lookup: Lookup = nothing) -> Sequence[Container]:
    """Every container of every pod template inside a resource, in the order of the file."""
    if lookup is not nothing:
        return tuple(_containers(resource, lookup))
    known = resource.memo.get("containers")
    if not isinstance(known, tuple):
        known = resource.memo["containers"] = tuple(_containers(resource, lookup))
    return known


def _containers(resource: Resource, lookup: Lookup) -> list[Container]:
    if not is_kubernetes(resource):
        return (
            list(containers_in(resource.attrs, resource.origin, lookup))
            if has_key(resource.attrs, _LISTS, MAX_DEPTH)
            else []
        )
    found: list[Container] = []
    for template in podspec.pod_templates(resource):
        for one in podspec.containers(template.spec):
            if isinstance(one.value, Mapping):
                made = container(one.value, one.origin or template.origin, lookup, template.spec)
                found.append(replace(made, init=one.role == "init"))
    return found


def containers_in(value: Value, origin: Origin | None, lookup: Lookup = nothing, depth: int = 0) -> Iterator[Container]:
    """Every container in the blocks of a Terraform resource."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            where = mark(value, key) or origin
            if key in _LISTS:
                yield from _listed(key, item, where, value, lookup)
            if type(item) not in PLAIN:
                yield from containers_in(item, where, lookup, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from containers_in(item, mark(value, index) or origin, lookup, depth + 1)


def _listed(key: str, item: Value, where: Origin | None, pod: Value, lookup: Lookup) -> Iterator[Container]:
    for body in _each(Found(item, where)):
        if isinstance(body.value, Mapping) and any(name in body.value for name in ("image", "name", "args")):
            made = container(body.value, body.origin, lookup, pod)
            yield replace(made, init=key in _INIT and body.value.get("restartPolicy") != "Always")


def container(
    body: Mapping[str, Value], origin: Origin | None, lookup: Lookup = nothing, pod: Value = None
) -> Container:
    """A Kubernetes container, also as the Terraform provider writes it (`env`, `port`, `volume_mount` blocks)."""
    env = _environment(body, origin, lookup)
    image = next(reach(body.get("image"), "", mark(body, "image") or origin), None)
    if image is not None and isinstance(image.value, Mapping):
        image = _split_image(image)
    return Container(
        name=text(body.get("name")),
        image=image,
        words=tuple(_words(body, origin, env)),
        env=env,
        devices=tuple(_devices(body, origin, pod)),
        ports=tuple(_ports(body, origin)),
        mounts=tuple(_mounts(body, origin)),
        own_command=bool(body.get("command")),
        body=body,
        pod=pod,
    )


def _split_image(image: Found) -> Found:
    """`{repository, tag}`, as some operators write an image."""
    repository, tag = dig(image.value, "repository"), dig(image.value, "tag")
    where = mark(image.value, "repository") or image.origin
    if isinstance(repository, str) and isinstance(tag, (str, int, float)):
        return Found(f"{repository}:{tag}", where, image.possible)
    return Found(repository, where, image.possible)


def _environment(body: Mapping[str, Value], origin: Origin | None, lookup: Lookup) -> dict[str, Found]:
    env: dict[str, Found] = {}
    for source in reach(body.get("envFrom"), "", mark(body, "envFrom") or origin):
        for one in _each(source):
            env.update(_all_of(one, lookup))
    for key in ("env", "environment"):
        for listed in reach(body.get(key), "", mark(body, key) or origin):
            for one in _each(listed):
                name = dig(one.value, "name")
                if isinstance(name, str):
                    where = mark(one.value, "value") or mark(one.value, "valueFrom") or one.origin
                    env[name] = Found(_value_of(name, one.value, lookup), where, one.possible or doubt(one.value))
    return env


def _each(found: Found) -> Iterator[Found]:
    if isinstance(found.value, Sequence) and not isinstance(found.value, str):
        for index, item in enumerate(found.value):
            yield Found(item, mark(found.value, index) or found.origin, found.possible)
    else:
        yield found


def _value_of(name: str, entry: Value, lookup: Lookup) -> Value:
    if isinstance(entry, Mapping) and entry.get("value") is not None:
        return entry["value"]
    for key in ("valueFrom", "value_from"):
        for found in reach(entry, key):
            for source in ("configMapKeyRef", "config_map_key_ref"):
                for ref in reach(found.value, source):
                    holder, item = text(dig(ref.value, "name")), text(dig(ref.value, "key"))
                    value = lookup(holder, item)
                    if value is not None:
                        return value
                    return Unknown(f"`{name}` comes from the ConfigMap `{holder}`", decided_by=(f"ConfigMap/{holder}",))
            return Unknown(f"`{name}` comes from outside the container's text", decided_by=(f"env.{name}",))
    return "" if isinstance(entry, Mapping) else None


def _all_of(one: Found, lookup: Lookup) -> dict[str, Found]:
    """The variables that `envFrom` draws from an object of the inputs, of a Secret their names alone."""
    found: dict[str, Found] = {}
    prefix = text(dig(one.value, "prefix"))
    for path, kind in (("configMapRef", ""), ("secretRef", "Secret/")):
        name = text(dig(one.value, path, "name"))
        data = lookup(f"{kind}{name}", "") if name else None
        for key, value in data.items() if isinstance(data, Mapping) else ():
            # Of a Secret the line that passes it on is shown, not the one that holds it.
            found[f"{prefix}{key}"] = Found(value, one.origin if kind else mark(data, key) or one.origin)
    return found


def _words(body: Mapping[str, Value], origin: Origin | None, env: Mapping[str, Found]) -> Iterator[Word]:
    every = [
        one
        for key in ("entryPoint", "command", "args")
        for found in reach(body.get(key), "", mark(body, key) or origin)
        for one in _each(found)
    ]
    for one in _run(every):
        yield from _split(one, env)


def _run(every: list[Found]) -> list[Found]:
    """The parts of a command line that are run: what follows the script of `sh -c` is its parameters alone."""
    shown = [one.value if isinstance(one.value, str) else "" for one in every]
    if not shown or shown[0].rpartition("/")[2] not in SHELLS:
        return every
    flag = next((place for place, one in enumerate(shown) if _SCRIPT_FLAG.match(one)), len(shown))
    script = shown[flag + 1] if flag + 1 < len(shown) else ""
    return every[: flag + 2] if script and not _PARAMETER.search(script) else every


def words_of(value: Value, origin: Origin | None) -> list[Word]:
    """The words of a command line or script."""
    return list(_split(Found(value, origin), {}))


def _split(one: Found, env: Mapping[str, Found]) -> Iterator[Word]:
    value = one.value
    if isinstance(value, Unknown) and not value.pieces:
        yield Word("*", one.origin, value)
        return
    shown = str(value) if isinstance(value, (bool, int, float)) else text(value)
    doubtful = [value] if isinstance(value, Unknown) else []
    for name in {next(filter(None, groups)) for groups in _VARIABLE.findall(shown)}:
        known = env.get(name)
        if known is not None and isinstance(known.value, (str, Unknown)):
            filled = text(known.value) or "*"
            for written in (f"$({name})", f"${{{name}}}", f"${name}"):
                shown = shown.replace(written, filled)
            if isinstance(known.value, Unknown):
                doubtful.append(known.value)
    unknown = merge_unknowns(*doubtful) if doubtful else one.possible
    for part in shell_words(shown) if "".join(shown.split()) != shown and not _is_json(shown) else [shown]:
        yield Word(part, one.origin, unknown if unknown is not None and ("*" in part or one.possible) else None)


def _is_json(argument: str) -> bool:
    """Whether an argument is a JSON document, or a flag with one: its spaces part no words."""
    if _JSON.match(argument) is None:
        return False
    try:
        json.loads(_JSON.sub("", argument, count=1))
    except ValueError:
        return False
    return True


def _devices(body: Mapping[str, Value], origin: Origin | None, pod: Value) -> Iterator[tuple[str, Origin | None]]:
    for side in ("limits", "requests"):
        for block in reach(body, f"resources.{side}", origin):
            if isinstance(block.value, Mapping):
                for key, amount in block.value.items():
                    if amount not in (0, "0"):
                        yield key, mark(block.value, key) or block.origin
    if list(reach(body, "resources.claims")) or (isinstance(pod, Mapping) and pod.get("resourceClaims")):
        yield "resource.k8s.io/ResourceClaim", mark(body, "resources") or origin
    for one in reach(body, "resourceRequirements", origin):
        for item in _each(one):
            if dig(item.value, "type") in ("GPU", "InferenceAccelerator"):
                yield "nvidia.com/gpu", item.origin


def _ports(body: Mapping[str, Value], origin: Origin | None) -> Iterator[tuple[int, Origin | None]]:
    for path in ("ports.containerPort", "port.container_port", "ports.container_port", "portMappings.containerPort"):
        for found in reach(body, path, origin):
            number = int(found.value) if isinstance(found.value, str) and found.value.isdigit() else found.value
            if isinstance(number, int) and not isinstance(number, bool):
                yield number, found.origin


def _mounts(body: Mapping[str, Value], origin: Origin | None) -> Iterator[tuple[str, Origin | None]]:
    for path in ("volumeMounts.mountPath", "volume_mount.mount_path", "mountPoints.containerPath"):
        for found in reach(body, path, origin):
            if found.text:
                yield found.text, found.origin
