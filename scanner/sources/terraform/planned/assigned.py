"""Whether a plan was made with the values that the source has now: of variables, and so of dynamic blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scanner.resource import Attrs, Resource
from scanner.sources.terraform.blocks import POSSIBLE, type_of
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.planned.constants import other_constant, plainly
from scanner.sources.terraform.planned.objects import mapping
from scanner.sources.terraform.planned.stale import MAX_MODULES, Declared, Difference, beside
from scanner.sources.terraform.syntax import Block, Body
from scanner.sources.terraform.variables import Given, Told
from scanner.unknown import Unknown, Value

# What providers of AWS write for these in a rule, so that both are one.
_PROTOCOLS: Mapping[Value, str] = {"all": "-1", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


def planned_given(planned: Mapping[str, Any]) -> dict[str, Given]:
    """What the variables were set to in a plan (its `variables`), as the source is evaluated with."""
    return {name: Told(mapping(one).get("value")) for name, one in planned.items()}


def other_values(planned: Mapping[str, Any], given: Mapping[str, Given], config: Config) -> Iterator[Difference]:
    """The variables that files, options or the environment set to another constant than the plan; none is shown.

    What sets nothing here may have been set on the command line of `terraform plan`: the plan is believed.
    """
    for name, block in config.variables.items():
        if name not in given or name not in planned:
            continue
        told, value = mapping(planned[name]).get("value"), given[name]
        cause = f"`var.{name}` has another value in the plan"
        if isinstance(value, str):
            if isinstance(told, (str, int, float)) and plainly(told) != plainly(value):
                yield block.at, cause
        elif not isinstance(value, Told) and other_constant(value, told):
            yield value.at, cause


def dynamic_bodies(declared: Declared) -> dict[str, Body]:
    """What is declared with dynamic blocks, in the root module and in those beside it, by address without keys."""
    found: dict[str, Body] = {}
    waiting = [("", declared.config)]
    for _ in range(MAX_MODULES):
        if not waiting:
            break
        prefix, config = waiting.pop()
        for (mode, kind, name), block in config.resources.items():
            if _dynamic(block.body):
                found[f"{prefix}{'data.' if mode == 'data' else ''}{kind}.{name}"] = block.body
        waiting.extend((f"{prefix}module.{name}.", inner) for name, inner in beside(config, declared.read))
    return found


def other_blocks(body: Body, own: Resource, planned: Resource) -> Iterator[Difference]:
    """The kinds of dynamic blocks of which the plan has others than the source makes of the same variables."""
    for kind in _dynamic(body):
        here, there = _blocks(own.attrs.get(kind)), _blocks(planned.attrs.get(kind))
        if not here or there is None:
            continue  # where nothing is written, a provider keeps what it finds
        if not _match(here, there):
            place = next(one.at for one in body.blocks if type_of(one) == kind and _varies(one))
            yield place, f"`{own.address}` has other `{kind}` blocks in the plan"


def _dynamic(body: Body) -> tuple[str, ...]:
    """The kinds of blocks that are dynamic, or have dynamic ones inside."""
    return tuple(dict.fromkeys(type_of(one) for one in body.blocks if _varies(one)))


def _varies(block: Block) -> bool:
    return block.kind == "dynamic" or any(map(_varies, block.body.blocks))


def _match(here: Sequence[Attrs], there: Sequence[Attrs]) -> bool:
    """Whether each planned block can be one of the source, and each certain one of the source is planned."""
    certain = [one for one in here if POSSIBLE not in one]
    gone = any(not any(_fits(one, other) for other in there) for one in certain)
    return not gone and all(any(_fits(one, other) for one in here) for other in there)


def _blocks(value: Value) -> list[Attrs] | None:
    """Nested blocks, None where it is not known which there are."""
    if not isinstance(value, list):
        return [] if value is None else None
    found = [one for one in value if isinstance(one, Attrs)]
    return found if len(found) == len(value) else None


def _fits(own: Attrs, planned: Attrs) -> bool:
    """Whether a planned block can be one of the source: all that is written in one line, and known, is the same."""
    return all(_same(value, planned.get(name)) for name, value in own.items())


def _same(own: Value, planned: Value) -> bool:
    if isinstance(own, (Unknown, Mapping)) or isinstance(planned, (Unknown, Mapping)) or own is None:
        return True
    if isinstance(own, str) and ("\n" in own or own.lstrip().startswith(("{", "["))):
        return True  # a document, which a provider may write in its own way
    if isinstance(own, Sequence) and not isinstance(own, str):
        if not isinstance(planned, Sequence) or isinstance(planned, str):
            return not own and planned is None
        here, there = _blocks(own), _blocks(planned)
        if here and there is not None:
            return _match(here, there)
        if any(isinstance(one, (Unknown, Mapping)) for one in (*own, *planned)):
            return True
        return sorted(map(_text, own)) == sorted(map(_text, planned))
    return _text(own) == _text(planned)


def _text(value: Value) -> str:
    found = plainly(value)
    text = str(found).lower() if found is not None else ""
    return _PROTOCOLS.get(text, text)
