"""The containers of a pod specification: their role, image, command line and environment, with origins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.patterns import lazy
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown, Value

Role = Literal["main", "sidecar", "init", "ephemeral"]

_LISTS: tuple[tuple[str, Role], ...] = (
    ("containers", "main"),
    ("initContainers", "init"),
    ("ephemeralContainers", "ephemeral"),
)
_SOURCES = {
    "secretKeyRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "fieldRef": "the pod's own fields",
    "resourceFieldRef": "the container's resources",
    "fileKeyRef": "a file",
    "secretRef": "Secret",
    "configMapRef": "ConfigMap",
}
_REFERENCE = lazy(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
_QUOTED = lazy(r"""['"\\]""")
_BARE_WORD = lazy(r"[^ \t\r\n]+")


class Fact(Struct, frozen=True):
    """A value and where it stands."""

    value: Value
    origin: Origin | None


class Container(Struct, frozen=True):
    """A container of a pod. role: "sidecar" is an init container that goes on running. name: "" where none is known.

    value: the mapping as written, an Unknown where it is not known.
    """

    name: str
    role: Role
    value: Value
    origin: Origin | None

    @property
    def image(self) -> Fact:
        """The image reference; None where none is written."""
        return self.fact("image")

    def fact(self, *path: str | int) -> Fact:
        """The value at `path` inside the container, and where it stands."""
        return Fact(dig(self.value, *path), mark(self.value, *path) or self.origin)


def containers(spec: Value) -> list[Container]:
    """Every container of a pod specification; a list that is not known gives one Container that is an Unknown."""
    found: list[Container] = []
    for key, role in _LISTS:
        listed = dig(spec, key)
        for index, item in enumerate(items_of(listed)):
            origin = mark(spec, key, index) or mark(spec, key)
            goes_on = role == "init" and dig(item, "restartPolicy") == "Always"
            name = dig(item, "name")
            found.append(Container(name if isinstance(name, str) else "", "sidecar" if goes_on else role, item, origin))
            if isinstance(listed, Unknown):
                break
    return found


def environment(container: Container) -> dict[str, Fact]:
    """The variables of `env` by name; what another object holds is an Unknown. `environment_sources` has `envFrom`."""
    found: dict[str, Fact] = {}
    for index, entry in enumerate(items_of(dig(container.value, "env"))):
        name = dig(entry, "name")
        if not isinstance(name, str):
            continue
        at = container.fact("env", index)
        if isinstance(entry, Mapping) and entry.get("valueFrom") is not None:
            found[name] = Fact(_from(f"env `{name}`", entry["valueFrom"], container.origin), at.origin)
        else:
            written = container.fact("env", index, "value")
            text = _string(written.value)
            found[name] = Fact(_expanded(text, found) if isinstance(text, str) else text, written.origin)
    return found


def environment_sources(container: Container) -> list[Fact]:
    """What `envFrom` draws whole objects of variables from: one Unknown each."""
    sources = items_of(dig(container.value, "envFrom"))
    return [
        Fact(_from("the environment", source, container.origin), container.fact("envFrom", index).origin)
        for index, source in enumerate(sources)
    ]


def command_line(container: Container) -> list[Fact]:
    """`command` and then `args`, one Fact a token; `$(NAME)` is replaced as the kubelet does it.

    A shell script stays one token. A reference to a variable that is not known makes the token an Unknown with pieces.
    """
    known = environment(container)
    tokens: list[Fact] = []
    for key in ("command", "args"):
        for index, item in enumerate(items_of(dig(container.value, key))):
            text = _string(item)
            value = _expanded(text, known) if isinstance(text, str) else text
            tokens.append(Fact(value, container.fact(key, index).origin))
    return tokens


def _string(value: Value) -> Value:
    """A scalar as the string that its field holds: nothing written is the empty one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _from(what: str, source: Value, origin: Origin | None) -> Unknown:
    """The Unknown for a value that another object holds."""
    place = origin if isinstance(origin, FileOrigin) else None
    if isinstance(source, Unknown):
        return source
    for key, words in _SOURCES.items():
        reference = dig(source, key)
        if reference is None:
            continue
        name = dig(reference, "name")
        decided = (f"{words}/{name}",) if isinstance(name, str) and words in ("Secret", "ConfigMap") else ()
        whose = f"{words} `{name}`" if decided else words
        return Unknown(f"{what} comes from {whose}", decided_by=decided, origin=place, secret=words == "Secret")
    return Unknown(f"{what} comes from elsewhere", origin=place)


def _expanded(text: str, known: Mapping[str, Fact]) -> Value:
    """`text` with its `$(NAME)` references replaced; a name that is not set stays as it is, as the kubelet has it."""
    if "$" not in text:
        return text
    pieces = list(_pieces(text, known))
    unknown = [piece for piece in pieces if isinstance(piece, Unknown)]
    if not unknown:
        return "".join(piece for piece in pieces if isinstance(piece, str))
    first = unknown[0]
    decided = tuple(sorted({name for one in unknown for name in one.decided_by}))
    return Unknown(
        first.cause, first.code, decided, first.origin, pieces=tuple(pieces), secret=any(one.secret for one in unknown)
    )


def _pieces(text: str, known: Mapping[str, Fact]) -> Iterator[str | Unknown]:
    end = 0
    for found in _REFERENCE.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        value = known[found.group(1)].value if found.group(1) in known else None
        if isinstance(value, Unknown):
            yield value
        elif value is None:
            yield "$" if found.group() == "$$" else found.group()
        else:
            yield str(value)
    yield text[end:]


def shell_words(line: str) -> list[str]:
    """The words of a line of a shell; one that no shell takes is parted at its spaces."""
    line = line.replace("\\\n", " ")
    if _QUOTED.search(line) is None:
        return _BARE_WORD.findall(line)
    import shlex  # what lines without quotes do not need

    try:
        return shlex.split(line, comments=False)
    except ValueError:
        return line.split()
