"""Jobs of SageMaker that compile or package a model, recorded or started by a state machine, and for which machine.

Sources: the SageMaker API reference, "OutputConfig" (`TargetDevice`, else `TargetPlatform`), "CompilationJobSummary",
"CreateEdgePackagingJob"; the Step Functions developer guide, "AWS SDK service integrations" (`aws-sdk:sagemaker:` and
the operation; `Parameters` in JSONPath, where a key that ends with `.$` is a path, and `Arguments` in JSONata).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner import tables
from scanner.builders.blocks import Found, at, doubt
from scanner.builders.draft import World
from scanner.graph.facts_delivery import Built
from scanner.origin import Origin
from scanner.resource import Encoded, Resource, dig, items_of, mark
from scanner.table_rows import Artifact
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, json_document

JOB, PACKAGING, MACHINE = "aws_sagemaker_compilation_job", "aws_sagemaker_edge_packaging_job", "aws_sfn_state_machine"
HANDLED = frozenset({JOB, PACKAGING})
COMPILES, PACKAGES = "compiles", "packages"
CALLS = {"sagemaker:createcompilationjob": COMPILES, "sagemaker:createedgepackagingjob": PACKAGES}
PLATFORM = {"Os": "target_os", "Arch": "target_arch", "Accelerator": "target_accelerator"}
SAYING = frozenset({"OutputConfig", "TargetDevice", "TargetPlatform", *PLATFORM})
PACKAGED = "SageMaker packages a model for devices alone"


def build_compilations(world: World) -> None:
    """A Built fact on every job, and on every state machine that starts one or whose steps are not known."""
    for one in world.inventory.of(JOB):
        platform = {key: one.attrs.get(name) for key, name in PLATFORM.items() if one.attrs.get(name) is not None}
        fact = _built(one.attrs.get("target_device"), platform, one.origin, one.address)
        world.add_fact(one.id, fact)
    for one in world.inventory.of(PACKAGING):
        world.add_fact(one.id, Built(origin=one.origin, because=PACKAGED, how=PACKAGES, target="a device", device=True))
    for one in world.inventory.of(MACHINE):
        for found in at(one, "definition"):
            for fact in _started(one, found):
                world.add_fact(one.id, fact)


def _built(device: Value, platform: Value, origin: Origin, address: str) -> Built:
    """What a job compiles for: the device that it names, else its platform."""
    if isinstance(device, str):
        row = next((row for row in tables.artifacts("target-device") if row.id == device), None)
        return _fact(device, [] if row is None else [row], origin, address)
    if isinstance(device, Unknown):
        cause = f"for which device it compiles is not known: {device.cause}"
        hidden = Unknown(cause, decided_by=device.decided_by or (address,))
        return Built(origin=origin, because=cause, how=COMPILES, target="", device=hidden)
    parts = platform if isinstance(platform, Mapping) else {}
    rows = [row for row in tables.artifacts("target-platform") if parts.get(row.key) == row.value]
    return _fact(
        " ".join(str(parts[key]) for key in PLATFORM if isinstance(parts.get(key), str)), rows, origin, address
    )


def _fact(target: str, rows: Sequence[Artifact], origin: Origin, address: str) -> Built:
    """Sure where a row is: a platform, or a device that no row knows, may be one of the cloud."""
    sure = next((row for row in rows if row.signal == "strong"), None)
    if sure is not None:
        because = f"it compiles for `{target}`: {sure.because}"
        return Built(origin=origin, because=because, how=COMPILES, target=target, device=sure.place != "cloud")
    cause = f"whether `{target}` is a machine of the cloud is not known" if target else "it names no target"
    hidden = Unknown(cause, decided_by=(f"what {address} compiles for",))
    return Built(origin=origin, because=cause, how=COMPILES, target=target, device=hidden)


def _started(one: Resource, found: Found) -> Iterator[Built]:
    """The jobs that a state machine starts; where its steps are not known, that it may."""
    steps = _document(found)
    if isinstance(steps, Unknown):
        cause = f"which jobs `{one.address}` starts is not known: {steps.cause}"
        hidden = Unknown(cause, decided_by=steps.decided_by or (f"{one.address}.definition",))
        yield Built(origin=found.origin or one.origin, because=cause, how=COMPILES, target="", device=hidden)
        return
    for task in _tasks(steps):
        place = mark(task, "Resource") or found.origin or one.origin
        yield from _task(one, task, place, found.possible or one.possible)


def _document(found: Found) -> Value:
    """The structure of a definition, with marks where the file shows it; an Unknown where it is not known."""
    value = found.value
    if isinstance(value, Encoded | Unknown) and value.document is not None:
        return value.document
    if not isinstance(value, str):
        return value if isinstance(value, Unknown | Mapping) else Unknown("it is no text")
    try:
        return _unmarked(json_document(value, "definition").value)
    except TextError as error:
        return Unknown(f"it is no JSON: {error.cause}")


def _unmarked(value: Value) -> Value:
    """A structure inside a text: its lines are not those of the file."""
    if isinstance(value, Mapping):
        return {key: _unmarked(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_unmarked(item) for item in value]
    return value


def _tasks(machine: Value) -> Iterator[Mapping[str, Value]]:
    """Every state that calls something, however deep in maps and branches; what is not known counts as such a one."""
    states = dig(machine, "States")
    if not isinstance(states, Mapping):
        yield {"Resource": Unknown("its states are not known")}
        return
    for state in states.values():
        kind = dig(state, "Type")
        if not isinstance(state, Mapping) or isinstance(kind, Unknown):
            yield {"Resource": kind if isinstance(kind, Unknown) else Unknown("a state of it is not known")}
            continue
        if kind == "Task":
            yield state
        inner = [*items_of(state.get("Branches")), state.get("Iterator"), state.get("ItemProcessor")]
        for one in inner:
            yield from _tasks(one) if one is not None else ()


def _task(one: Resource, task: Mapping[str, Value], place: Origin, possible: Unknown | None) -> Iterator[Built]:
    called = task.get("Resource")
    if isinstance(called, Unknown):
        text = called.text()
        # A call whose end is known is that call, whatever stands for the partition.
        how = _how(text) if not text.endswith("*") else "" if called.ref is not None else None
    else:
        how = _how(str(called))
    if how is None:
        cause = f"a step of `{one.address}` is not known"
        hidden = Unknown(cause, decided_by=called.decided_by if isinstance(called, Unknown) else ())
        yield Built(origin=place, because=cause, how=COMPILES, target="", device=hidden)
    elif how:
        fact = _call(one, task, how, place)
        unsure = possible or doubt(task)
        yield fact if unsure is None else Built(
            origin=fact.origin, because=fact.because, how=fact.how, target=fact.target,
            device=unsure if fact.device is True else fact.device,
        )  # fmt: skip


def _how(called: str) -> str:
    """What a call of the SDK does to a model; "" for any other."""
    after = called.lower().partition(":aws-sdk:")[2].partition(".")[0]
    return CALLS.get(after, "")


def _call(one: Resource, task: Mapping[str, Value], how: str, place: Origin) -> Built:
    if how == PACKAGES:
        return Built(origin=place, because=PACKAGED, how=how, target="a device", device=True)
    given = task.get("Parameters", task.get("Arguments"))
    device, platform = dig(given, "OutputConfig", "TargetDevice"), dig(given, "OutputConfig", "TargetPlatform")
    where = mark(given, "OutputConfig", "TargetDevice") or place
    if _computed(given, device, platform):
        device = Unknown("it is worked out when it runs", decided_by=(f"what {one.address} compiles for",))
    return _built(device, platform, where, one.address)


def _computed(given: Value, device: Value, platform: Value) -> bool:
    """Whether the target comes from the input of the state: a path (`KEY.$`), or an expression (`{% %}`)."""
    config = dig(given, "OutputConfig")
    holders = [one for one in (given, config, platform) if isinstance(one, Mapping)]
    if any(key.removesuffix(".$") in SAYING and key.endswith(".$") for one in holders for key in map(str, one)):
        return True
    said = [given, config, device, platform]
    return any(isinstance(one, str) and one.strip().startswith("{%") for one in said)
