"""A checker of OCSF events by the official schema files: inheritance, types, enums, requirements and constraints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.harness import ROOT

Json = dict[str, Any]
FOLDER = ROOT / "tests" / "schemas" / "ocsf"
OPEN = ("json_t", "object")
"""Types that may hold anything."""


@cache
def read(path: str) -> Json:
    body: Json = json.loads((FOLDER / f"{path}.json").read_text())
    return body


@cache
def whole(folder: str, name: str) -> tuple[Json, tuple[Json, ...]]:
    """The attributes of a class or an object with those it inherits, and all its constraints.

    What profiles add is left out: an event that names no profile may not have it.
    """
    body = read(next(path for path in (f"{folder}/{name}", f"events/{name}") if (FOLDER / f"{path}.json").is_file()))
    attributes: Json = {}
    rules: tuple[Json, ...] = ()
    if body.get("extends"):
        inherited, rules = whole(folder, body["extends"])
        attributes = {key: dict(value) for key, value in inherited.items()}
    for key, value in body["attributes"].items():
        if key != "$include":
            attributes[key] = {**attributes.get(key, {}), **value}
    return attributes, (*rules, *([body["constraints"]] if body.get("constraints") else []))


def faults(event: Json) -> Iterator[str]:
    """What is wrong with a Compliance Finding."""
    uid = read("categories")["attributes"]["findings"]["uid"]
    if (event["category_uid"], event["class_uid"]) != (
        uid,
        uid * 1000 + read("events/findings/compliance_finding")["uid"],
    ):
        yield "the class is not that of a compliance finding"
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        yield "type_uid is not class_uid * 100 + activity_id"
    if event["metadata"]["version"] != read("version")["version"]:
        yield "another version"
    yield from _object(event, "events/findings", "compliance_finding", "event", skip=("class_uid", "category_uid"))


def _object(value: Json, folder: str, name: str, where: str, skip: tuple[str, ...] = ()) -> Iterator[str]:
    attributes, constraints = whole(folder, name)
    dictionary = read("dictionary")["attributes"]
    for key, rule in attributes.items():
        if rule.get("requirement") == "required" and key not in value:
            yield f"{where} has no {key}"
    for one in constraints:
        if "at_least_one" in one and not set(one["at_least_one"]) & set(value):
            yield f"{where} has none of {one['at_least_one']}"
    for key, inner in value.items():
        if key not in attributes:
            yield f"{where} may not have {key}"
            continue
        rule = {**dictionary[key], **attributes[key]}
        if "@deprecated" in rule:
            yield f"{where}.{key} is deprecated"
        if bool(rule.get("is_array")) != isinstance(inner, list):
            yield f"{where}.{key} is a list, or is none, against the schema"
            continue
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _value(each, rule, f"{where}.{key}", enum=key not in skip)
        sibling = rule.get("sibling")
        if sibling and sibling in value and str(inner) in rule.get("enum", {}) and inner != 99:
            # An enum of the attribute wins over that of the dictionary, and its caption is the sibling's value.
            caption = rule["enum"][str(inner)]["caption"]
            if value[sibling] != caption:
                yield f"{where}.{sibling} is not {caption}"


def _value(value: Any, rule: Json, where: str, *, enum: bool) -> Iterator[str]:
    kind = rule["type"]
    types = read("dictionary")["types"]["attributes"]
    if kind in OPEN:
        return
    if kind not in types:
        if isinstance(value, dict):
            yield from _object(value, "objects", kind, where)
        else:
            yield f"{where} is no object"
        return
    base = types[kind].get("type", kind)
    wanted = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool, "float_t": float}[base]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"{where} is no {base}"
    if enum and rule.get("enum") and base == "integer_t":
        known = {*rule["enum"], *read("dictionary")["attributes"].get(where.rpartition(".")[2], {}).get("enum", {})}
        if str(value) not in known:
            yield f"{where} is none of {sorted(known)}"
