"""Names that suggest a switch: of variables and options of the stack, and of keys in its settings files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner import tables
from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.switches.match import Spot
from scanner.graph.facts import Switch as SwitchFact
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, mark
from scanner.table_rows import Heuristic
from scanner.unknown import Unknown, Value

ASSERTIONS = {"number": "GUARD-006"}
"""What is open by a row's `on`: a number lets part of the calls pass; any other row is about being switched off."""
NAMED = "GUARD-008"
MAX_DEPTH = 12
"""No settings lie deeper; a bound keeps hostile nesting cheap."""
_HUMP = lazy(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = lazy(r"^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%|ms|s|m|h)?$")
_RANGE = lazy(r"^\((-?[\d.]+|),(-?[\d.]+|)\)$")
_LINE = lazy(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*([^\n#;]*)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_THOUSANDTHS = lazy(r"(?i)_?(?:ms|millis(?:econds)?)$")


def add_telling_names(world: World, resource: Resource, container: Container) -> None:
    """Variables and options of a member of the stack whose name suggests a switch: a name makes nothing certain."""
    for name, found in (*container.env.items(), *_options(container)):
        _tell(world, resource, name, found)


def add_telling_keys(world: World, resource: Resource, documents: Sequence[Spot]) -> None:
    """The keys of settings files that members of the stack read: those of documents, and lines of `NAME=VALUE`."""
    for spot in documents:
        for name, found in _keys(spot.value, spot.origin, "", 0):
            _tell(world, resource, name, found)
    data = dig(resource.attrs, "stringData" if resource.kind == "Secret" else "data")
    for key, value in data.items() if isinstance(data, Mapping) else ():
        where = mark(data, key) or resource.origin
        if not isinstance(value, str):
            continue
        if "\n" not in value.strip():
            _tell(world, resource, key, Found(value, where))
        elif not any(spot.origin == where for spot in documents):
            for name, said in _LINE.findall(value):
                _tell(world, resource, name, Found(said.strip().strip("\"'"), where))


def _keys(value: Value, origin: Origin | None, before: str, depth: int) -> Iterator[tuple[str, Found]]:
    """Each scalar of a document under its key, and under its key with that of the mapping around it before."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            where = mark(value, key) or origin
            if isinstance(item, Mapping | list | tuple):
                yield from _keys(item, where, key, depth + 1)
            else:
                yield (f"{before}_{key}" if before else key), Found(item, where)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _keys(item, mark(value, index) or origin, before, depth + 1)


def _tell(world: World, resource: Resource, name: str, found: Found) -> None:
    plain = _HUMP.sub("_", name).replace(".", "_").replace("-", "_")
    for row in _suggested(plain, found):
        cause = f"`{name}` is `{found.text or _shown(found.value)}`: {row.because}"
        fact = SwitchFact(
            origin=found.origin or resource.origin,
            because=cause,
            row=row.id,
            product="component",
            effect="off",
            setting=name,
            bad=Unknown(cause, decided_by=(f"what {name} of {resource.address} does",)),
            assertion=ASSERTIONS.get(row.on, NAMED),
        )
        world.add_fact(resource.id, fact)


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool | int | float) else "*"


def _options(container: Container) -> Iterator[tuple[str, Found]]:
    """The long options of a command line with their values, with one dash as well; one that has none is on."""
    words = container.words
    for index, word in enumerate(words):
        name, given, value = word.text.partition("=")
        if not re.match(r"--\w|-[A-Za-z][\w-]{3,}$", name):
            continue
        after = words[index + 1] if index + 1 < len(words) else None
        if not given and after is not None and not re.match(r"-[A-Za-z-]", after.text):
            yield name.lstrip("-"), Found(after.unknown or after.text, word.origin)
        else:
            yield name.lstrip("-"), Found(word.unknown or (value if given else "true"), word.origin)


def _suggested(name: str, found: Found) -> Iterator[Heuristic]:
    value = found.text.lower() if isinstance(found.value, (str, Unknown)) else str(found.value).lower()
    unknown = isinstance(found.value, Unknown)
    for row in tables.heuristics():
        if not tables.pattern(row.regex).search(name) or (
            row.unless_regex and tables.pattern(row.unless_regex).search(name)
        ):
            continue
        if row.on == "number":
            suspicious = found.value not in (None, "") and (unknown or is_odd(row, name, value))
        elif row.on == "falsy":
            suspicious = unknown or value in row.values
        else:
            suspicious = value not in ("", "0", "false", "no", "off", "none")
        if suspicious:
            yield row


def is_odd(row: Heuristic, name: str, value: str) -> bool:
    """Whether a number is none of the harmless ones of a row, or a word is one of the others."""
    found = _NUMBER.match(value.strip())
    if found is None:
        return value in row.words
    number, unit = float(found[1]), found[2] or ""
    if unit in _UNITS:
        number *= _UNITS[unit]
    elif _THOUSANDTHS.search(name):
        number /= 1000
    either = {number, number / 100} if unit == "%" else {number}
    return not any(_within(one, each) for one in either for each in row.values)


def _within(number: float, harmless: str) -> bool:
    """Whether a number is the harmless one, or between the two of `(LOW,HIGH)`, either of which may be left out."""
    between = _RANGE.match(harmless)
    if between is None:
        return number == float(harmless)
    low, high = between[1], between[2]
    return (not low or number > float(low)) and (not high or number < float(high))
