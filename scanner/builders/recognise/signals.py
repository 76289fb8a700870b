"""What a container's looks say of it: a model server for certain, a candidate, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from scanner import tables
from scanner.builders.recognise.containers import Container
from scanner.graph.model import Role
from scanner.model_words import image_fact
from scanner.origin import Origin
from scanner.patterns import fits
from scanner.table_rows import ModelFact

GENERIC_SERVERS = frozenset({"ray-serve"})
"""Servers whose image or command runs anything: one signal among others."""
COMMON_PORTS = frozenset({80, 443, 3000, 5000, 8000, 8080, 8081, 9000})
"""Ports that half of all programs use: they only support a mount."""
WEIGHT_PATHS = ("*/models*", "*/model", "*/model/*", "*weights*", "*huggingface*", "*/model-store*", "*.ollama*")
NAMES = frozenset({"MODEL_NAME", "MODEL_ID", "LLM_MODEL_ID", "EMBEDDING_MODEL_ID", "MODEL_PATH"})
"""Variables that benchmarks and web pages carry as servers do: they only support another signal."""
PASSIVE = frozenset({"environment", "name", "mount", "port"})
"""Signals that a job which only fetches weights gives as well."""
ONE_OFF = frozenset({"Job", "CronJob", "RayJob", "RayCronJob", "PyTorchJob", "TrainJob", "MPIJob", "TFJob"})


class Signal(Struct, frozen=True):
    """One thing seen: kind is image, argument, environment, name, resource, mount or port."""

    kind: str
    says: str
    origin: Origin | None
    server: str = ""
    strong: bool = False


class Verdict(Struct, frozen=True):
    """The role that a workload seems to have, and by what; `server` is the server's short name, or ""."""

    role: Role
    how: str
    server: str = ""


def signals(container: Container) -> list[Signal]:
    """Everything that speaks for a model server in one container, strongest first.

    Nothing does in a client's image. A client's command is a word that any program may have: a device still counts.
    """
    if is_client(container.image.text if container.image else "", container.command_line):
        return []
    if is_client(container.command_line, container.command_line):
        return list(_devices(container))
    seen = [*_commands(container), *_images(container), *_devices(container), *_variables(container)]
    return sorted([*seen, *_mounts(container), *_ports(container)], key=lambda one: not one.strong)


def verdict(containers: Iterable[Container], kind: str = "") -> Verdict | None:
    """What the containers of one workload are together; init containers serve nothing.

    A workload of a kind that ends by itself is at most a candidate, unless a server's command runs in it.
    """
    best: Verdict | None = None
    for container in containers:
        seen = [] if container.init else signals(container)
        if kind in ONE_OFF and {one.kind for one in seen} <= PASSIVE:
            continue  # it fetches weights for others
        found = _judge(seen)
        if found is None:
            continue
        if kind in ONE_OFF and found.role is Role.MODEL and not _commands_strongly(container):
            found = Verdict(Role.CANDIDATE, f"{found.how}; a job, as a rule, serves nobody", found.server)
        if best is None or (found.role is Role.MODEL and best.role is not Role.MODEL):
            best = found
    return best


def server_of(container: Container) -> str:
    """The short name of the model server in a container; "" where none is known."""
    return next((one.server for one in signals(container) if one.server), "")


def _commands_strongly(container: Container) -> bool:
    return any(one.strong for one in _commands(container))


def _judge(seen: list[Signal]) -> Verdict | None:
    kinds = {one.kind for one in seen}
    server = next((one.server for one in seen if one.server), "")
    strong = next((one for one in seen if one.strong), None)
    if strong is not None:
        return Verdict(Role.MODEL, strong.says, server)
    said = "; ".join(dict.fromkeys(one.says for one in seen))
    weighty = kinds & {"resource", "mount", "image", "argument"}
    if weighty and len(kinds - {"port"}) >= 2:
        return Verdict(Role.MODEL, said, server)
    named = "environment" in kinds or ("name" in kinds and len(kinds) >= 2)
    if weighty & {"resource", "image", "argument"} or named or {"port", "mount"} <= kinds:
        return Verdict(Role.CANDIDATE, said, server)
    return None


def is_client(named: str, line: str) -> bool:
    """Whether `named`, an image or the command itself, calls models and serves none; a server in `line` decides."""
    return next(tables.model_sieve("client").found(named), None) is not None and argument_fact(line) is None


def argument_fact(line: str) -> ModelFact | None:
    """The row of the model server that a command line starts."""
    return next(tables.model_sieve("argument").found(line), None)


def _images(container: Container) -> Iterator[Signal]:
    row = image_fact(container.image.text) if container.image else None
    if row is not None and container.image is not None:
        replaced = container.own_command and argument_fact(container.command_line) is None
        strong = row.server not in GENERIC_SERVERS and not replaced
        says = f"{row.because}, with a command of its own" if replaced else row.because
        yield Signal("image", says, container.image.origin, row.server, strong)


def _commands(container: Container) -> Iterator[Signal]:
    row = argument_fact(container.command_line)
    if row is not None and not _only_fetches(container.command_line):
        strong = row.server not in GENERIC_SERVERS
        yield Signal("argument", row.because, container.words[0].origin, row.server, strong)


def _only_fetches(line: str) -> bool:
    """`ollama pull` talks to a server that is elsewhere."""
    return "ollama" in line and "ollama serve" not in line and argument_fact(line.replace("ollama", "")) is None


def _devices(container: Container) -> Iterator[Signal]:
    for name, origin in container.devices:
        row = next((row for row in tables.model_facts("resource") if fits(name, row.key)), None)
        if row is not None:
            yield Signal("resource", row.because, origin)


def _variables(container: Container) -> Iterator[Signal]:
    for row in tables.model_facts("environment"):
        if row.key in container.env:
            kind = "name" if row.key in NAMES else "environment"
            yield Signal(kind, f"`{row.key}` names a model", container.env[row.key].origin)


def _mounts(container: Container) -> Iterator[Signal]:
    for path, origin in container.mounts:
        if any(fits(path.lower(), pattern) for pattern in WEIGHT_PATHS):
            yield Signal("mount", f"`{path}` looks like a place for weights", origin)


def _ports(container: Container) -> Iterator[Signal]:
    inference = {row.port: row for row in tables.model_facts("port") if row.carries == "inference"}
    for port, origin in container.ports:
        row = inference.get(port)
        if row is not None:
            says = f"port {port} is one of a model server" if port in COMMON_PORTS else row.because
            yield Signal("port", says, origin)
