"""What the configuration in a plan says of a value that is not known yet: which resources it is made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from scanner.patterns import lazy
from scanner.sources.terraform.planned.values import Path, computed
from scanner.unknown import Ref, Unknown

ASSUMED = "in a plan without its source, an argument that is made from one attribute is taken to be that attribute"

MAX_HOPS = 64
"""How many variables and outputs a reference is followed through."""

_STEP = lazy(r'\.([^.\[\]"]+)|\[("(?:[^"\\]|\\.)*"|[^\]]*)\]')
_PASSING = ("each", "count", "path", "terraform", "self")


class Scope(Struct, frozen=True):
    """A module in the configuration. prefix: the address of its instance with a dot behind it, "" for the root."""

    config: Mapping[str, Any]
    prefix: str
    call: Mapping[str, Any] | None = None
    parent: Scope | None = None


class Configuration:
    """The `configuration` of a plan; `addresses` are those of all resources that the plan knows."""

    def __init__(self, body: Mapping[str, Any], addresses: frozenset[str]) -> None:
        self._root = Scope(_map(body.get("root_module")), "")
        self._addresses = addresses
        self._resources: dict[str, dict[str, Mapping[str, Any]]] = {}

    def resource(self, scope: Scope, key: str) -> Mapping[str, Any]:
        """The declaration of a resource (`aws_instance.web`, `data.aws_ami.a`) in a module, {} where there is none."""
        found = self._resources.get(scope.prefix)
        if found is None:
            found = {str(one.get("address")): one for one in _maps(scope.config.get("resources"))}
            self._resources[scope.prefix] = found
        return found.get(key, {})

    def scope(self, module_address: str) -> Scope | None:
        """The module at an address such as `module.a["x"].module.b`; None where the configuration lacks it."""
        scope = self._root
        for name, suffix in _modules(module_address):
            call = _map(_map(scope.config.get("module_calls")).get(name))
            if not call:
                return None
            scope = Scope(_map(call.get("module")), f"{scope.prefix}module.{name}{suffix}.", call, scope)
        return scope

    def unknown(self, scope: Scope, declared: Mapping[str, Any], address: str, path: Path) -> Unknown:
        """The Unknown at a path of a resource: an attribute of another where the expression names that alone.

        A plan tells what an expression refers to, not what it does with it: that one attribute is passed on as it is
        is taken for granted, and `ASSUMED` says so wherever the source is not there to tell.
        """
        expression, whole = _at(declared.get("expressions"), path)
        names = list(dict.fromkeys(self._followed(scope, expression, MAX_HOPS)))
        refs = [one for one in names if isinstance(one, Ref)]
        known = computed(address, path)
        decided = tuple(sorted({one.address if isinstance(one, Ref) else one for one in names})) or known.decided_by
        if whole and len(names) == 1 and refs and refs[0].address in self._addresses:
            ref = refs[0]
            cause = f"`{ref.address}.{ref.attribute}` is known only after apply"
            return Unknown(cause, known.code, decided, ref=ref)
        pieces = tuple(Unknown(f"`{one.address}` is known only after apply", ref=one) for one in refs)
        return Unknown(known.cause, known.code, decided, pieces=pieces)

    def _followed(self, scope: Scope, expression: object, hops: int) -> Iterator[Ref | str]:
        """What an expression is made from: attributes of resources, and the names of all else."""
        if not isinstance(expression, Mapping) or hops <= 0:
            return
        references = [one for one in expression.get("references") or () if isinstance(one, str)]
        for name in references:
            # Each reference is listed with every prefix of it; only the longest says what is meant.
            if not any(other != name and other.startswith((f"{name}.", f"{name}[")) for other in references):
                yield from self._one(scope, name, hops - 1)

    def _one(self, scope: Scope, name: str, hops: int) -> Iterator[Ref | str]:
        root, _, rest = name.partition(".")
        if root in _PASSING:
            return
        if root == "var" and scope.call is not None and scope.parent is not None:
            variable = re.split(r"[.\[]", rest, maxsplit=1)[0]
            yield from self._followed(scope.parent, _map(scope.call.get("expressions")).get(variable), hops)
            return
        if root == "module":
            yield from self._output(scope, name, hops)
            return
        if root in ("var", "local"):
            yield f"{scope.prefix}{name}"
            return
        yield _reference(scope.prefix, name)

    def _output(self, scope: Scope, name: str, hops: int) -> Iterator[Ref | str]:
        steps = list(_STEP.finditer(f".{name}"))
        called, place = steps[1].group(1) if len(steps) > 1 else "", 2
        suffix = ""
        if len(steps) > place and steps[place].group(2) is not None:
            suffix, place = f"[{steps[place].group(2)}]", place + 1
        inner = self.scope(f"{scope.prefix}module.{called}{suffix}")
        output = steps[place].group(1) if len(steps) > place else None
        if inner is None or output is None:
            yield f"{scope.prefix}{name}"
            return
        declared = _map(_map(inner.config.get("outputs")).get(output))
        found = list(self._followed(inner, declared.get("expression"), hops))
        yield from found or [f"{scope.prefix}{name}"]


def _reference(prefix: str, name: str) -> Ref | str:
    """`aws_vpc.main.id`, `data.aws_ami.a[0].id` as the attribute of a resource."""
    steps = list(_STEP.finditer(f".{name}"))
    place = 3 if name.startswith("data.") else 2
    if len(steps) < place:
        return f"{prefix}{name}"
    address = "".join(one.group(0) for one in steps[:place])[1:]
    if len(steps) > place and steps[place].group(2) is not None:
        address, place = f"{address}{steps[place].group(0)}", place + 1
    attribute = ".".join(one.group(1) or one.group(2).strip('"') for one in steps[place:])
    return Ref(f"{prefix}{address}", attribute)


def _modules(address: str) -> Iterator[tuple[str, str]]:
    """The names and instance keys along a module's address."""
    steps = list(_STEP.finditer(f".{address}")) if address else []
    place = 0
    while place + 1 < len(steps) and steps[place].group(1) == "module":
        name = steps[place + 1].group(1) or ""
        keyed = place + 2 < len(steps) and steps[place + 2].group(2) is not None
        yield name, f"[{steps[place + 2].group(2)}]" if keyed else ""
        place += 3 if keyed else 2


def names_in(expressions: object, path: Path) -> set[str]:
    """What the expression at a path refers to, by name."""
    found, _ = _at(expressions, path)
    names = _map(found).get("references")
    return {one for one in names if isinstance(one, str)} if isinstance(names, list) else set()


def _at(expressions: object, path: Path) -> tuple[object, bool]:
    """The expression that the value at a path is in, and whether it is the whole of it.

    A single nested block may stand without its list.
    """
    found = expressions
    for step in path:
        if isinstance(found, Mapping) and "references" in found:
            return found, False
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else found if step == 0 else None
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    return found, True


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
