"""Declared mappings: what a row of `rules/tables/aws_answers` makes of one item of an answer.

A specification is a path (`Vpc.Id`, `Groups[].Id`; `@` before one looks into the context), a text with places to fill
(`=arn:{@partition}:ec2:...`), a list, a constant, or an object with one of the words of `_WORDS`. What is not there is
None, and is left out, as an argument is that nobody wrote.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from scanner.resource import Encoded
from scanner.sources.aws.paths import HIDDEN, MALFORMED, Here, at, hidden, of_texts, path_of, steps, text_of, vague
from scanner.sources.aws.recorded_recipes import recorded_recipe
from scanner.sources.aws.snake import arguments
from scanner.unknown import COMPUTED, Ref, Unknown


def shape(spec: Any, here: Here) -> Any:
    """What a specification makes of an item."""
    if isinstance(spec, str):
        return text_of(spec[1:], here) if spec.startswith("=") else path_of(spec, here)
    if isinstance(spec, list):
        return [found for one in spec if (found := shape(one, here)) is not None]
    if not isinstance(spec, dict):
        return spec
    for word in spec:
        way = _WORDS.get(word)
        if way is not None:
            return way(spec, here)
    raise ValueError(f"no word of a mapping in {sorted(spec)}")


def attributes(specs: Mapping[str, Any], here: Here) -> dict[str, Any]:
    """The attributes that a row makes; those that come to nothing are left out."""
    made = {name: shape(spec, here) for name, spec in specs.items()}
    return {
        name: value for name, value in made.items() if value or not (value is None or isinstance(value, (list, dict)))
    }


def _each(spec: Mapping[str, Any], here: Here) -> Any:
    found = path_of(spec["each"], here)
    if isinstance(found, Unknown) or found is None:
        return found
    inner = [here.inner(one) for one in found] if isinstance(found, list) else [here.inner(found)]
    inner = [one for one in inner if "where" not in spec or shape(spec["where"], one)]
    return [made for one in inner if (made := _one(spec, one)) is not None]


def _one(spec: Mapping[str, Any], here: Here) -> Any:
    return attributes(spec["attrs"], here) if "attrs" in spec else shape(spec["value"], here)


def _block(spec: Mapping[str, Any], here: Here) -> Any:
    if "of" in spec:
        inside = path_of(spec["of"], here)
        if isinstance(inside, Unknown) or inside is None:
            return inside
        here = here.inner(inside)
    if "where" in spec and not shape(spec["where"], here):
        return None
    made = attributes(spec["attrs"], here)
    return [made] if made or spec.get("always") else None


def _object(spec: Mapping[str, Any], here: Here) -> Any:
    return attributes(spec["object"], here) or None


def _policy(spec: Mapping[str, Any], here: Here) -> Any:
    """A policy document: as text, percent-encoded as IAM sends it, or as the structure that boto3 makes of it."""
    found = shape(spec["policy"], here)
    if isinstance(found, str):
        return unquote(found) if found.startswith("%") else found
    if isinstance(found, (dict, list)):
        # One of whose parts nobody can read, a part may be any.
        return vague(found) or Encoded(json.dumps(found, sort_keys=True), found)
    return found


def _told(spec: Mapping[str, Any], here: Here) -> Any:
    """A value that AWS always tells: an answer without it leaves it unknown, and no default of Terraform counts."""
    found = path_of(spec["told"], here)
    return Unknown(f"the answer has no `{spec['told']}`", decided_by=(spec["told"],)) if found is None else found


def _tags(spec: Mapping[str, Any], here: Here) -> Any:
    found = path_of(spec["tags"], here)
    if not isinstance(found, list):
        return found
    pairs = [(at(one, (spec.get("key", "Key"),)), at(one, (spec.get("value", "Value"),))) for one in found]
    return {key: value for key, value in pairs if isinstance(key, str)} or None


def _named(spec: Mapping[str, Any], here: Here) -> Any:
    """A map by names: of an object by its own keys, of a list by what each item is called."""
    found = path_of(spec["named"], here)
    if found is None or isinstance(found, Unknown) or hidden(found):
        return HIDDEN if hidden(found) else found
    if isinstance(found, list) and "by" in spec:
        pairs = [(at(one, steps(spec["by"])), one) for one in found]
    elif isinstance(found, dict) and "by" not in spec:
        pairs = list(found.items())
    else:
        return MALFORMED
    if not all(isinstance(key, str) and isinstance(one, dict) for key, one in pairs):
        return MALFORMED
    return {key: shape(spec["value"], here.inner(one)) for key, one in pairs}


def _map(spec: Mapping[str, Any], here: Here) -> Any:
    found = shape(spec["map"], here)
    if found is None or isinstance(found, (Unknown, list, dict)):
        return spec.get("none") if found is None else found
    return spec["to"].get(str(found), spec.get("else", found))


def _is(spec: Mapping[str, Any], here: Here) -> Any:
    found = shape(spec["is"], here)
    if hidden(found):
        return HIDDEN
    if isinstance(found, Unknown):
        return found
    if "in" in spec:
        return found in spec["in"]
    return found == spec["equals"] if "equals" in spec else bool(found)


def _not(spec: Mapping[str, Any], here: Here) -> Any:
    found = shape(spec["not"], here)
    return found if isinstance(found, Unknown) else None if found is None and spec.get("keep") else not found


def _first(spec: Mapping[str, Any], here: Here) -> Any:
    return next((found for one in spec["first"] if (found := shape(one, here)) is not None), None)


def _same(spec: Mapping[str, Any], here: Here) -> Any:
    found = [shape(one, here) for one in spec["same"]]
    return next((one for one in found if isinstance(one, Unknown)), found[0] == found[1])


def _both(spec: Mapping[str, Any], here: Here) -> Any:
    found = [shape(one, here) for one in spec["both"]]
    if any(one is False or one is None for one in found):
        return False
    return next((one for one in found if isinstance(one, Unknown)), True)


def _ref(spec: Mapping[str, Any], here: Here) -> Any:
    """A reference to the resource at an address, as the text that the API gives; both are kept."""
    address, text = shape(spec["ref"], here), shape(spec.get("text", spec["ref"]), here)
    if not isinstance(address, str) or not isinstance(text, str):
        return text
    return refer(address, spec.get("attribute", "id"), text)


def refer(address: str, attribute: str, text: str) -> Unknown:
    """A value that names a resource: who looks the resource up finds it, who reads the text has it."""
    return Unknown(f"`{text}` is of `{address}`", COMPUTED, (address,), ref=Ref(address, attribute), pieces=(text,))


def _answer(spec: Mapping[str, Any], here: Here) -> Any:
    parameters = {name: shape(one, here) for name, one in spec.get("parameters", {}).items()}
    found = here.lookup(spec["answer"], parameters, here) if here.lookup is not None else None
    return found if isinstance(found, Unknown) or found is None else shape(spec["value"], found)


def _pick(spec: Mapping[str, Any], here: Here) -> Any:
    """The first item of a list of which something is true."""
    found = path_of(spec["pick"], here)
    if isinstance(found, Unknown):
        return found
    inner = [here.inner(one) for one in found] if isinstance(found, list) else []
    return next((shape(spec["value"], one) for one in inner if shape(spec["where"], one)), None)


def _flat(spec: Mapping[str, Any], here: Here) -> Any:
    found = shape(spec["flat"], here)
    if not isinstance(found, list):
        return found
    return [one for part in found for one in (part if isinstance(part, list) else [part])]


def _cut(spec: Mapping[str, Any], here: Here) -> Any:
    """One part of a text that something divides."""
    found = path_of(spec["cut"], here)
    if not isinstance(found, str):
        return found
    parts = found.split(spec["by"])
    return parts[spec["at"]] if -len(parts) <= spec["at"] < len(parts) else None


def _like(spec: Mapping[str, Any], here: Here) -> Any:
    found = path_of(spec["like"], here)
    if isinstance(found, Unknown) or found is None:
        return found
    every = [arguments(one, spec.get("rename", {})) for one in (found if isinstance(found, list) else [found])]
    lacking = {key: Unknown(f"the answer has no `{key}`", decided_by=(key,)) for key in spec.get("told", ())}
    return [{**lacking, **one} for one in every] if lacking else every


def _split(spec: Mapping[str, Any], here: Here) -> Any:
    found = path_of(spec["split"], here)
    return [one.strip() for one in found.split(spec["by"]) if one.strip()] if isinstance(found, str) else found


def _fill(spec: Mapping[str, Any], here: Here) -> Any:
    """A text with one place, filled with a value that is worked out first."""
    found = shape(spec["with"], here)
    return shape(spec["fill"], here.inner(found)) if isinstance(found, str) else found


def _base64(spec: Mapping[str, Any], here: Here) -> Any:
    """The text in base64; what is none stays as it is."""
    found = path_of(spec["base64"], here)
    try:
        return b64decode(found, validate=True).decode() if isinstance(found, str) else found
    except ValueError:
        return found


def _metric(spec: Mapping[str, Any], here: Here) -> Any:
    """A query for the sum of a metric by the hour; None where the item lacks one of its dimensions.

    Source: CloudWatch API reference, `MetricDataQuery` and `MetricStat`.
    """
    found = {name: shape(one, here) for name, one in spec["dimensions"].items()}
    if not all(isinstance(value, str) for value in found.values()):
        return None
    metric = {
        "Namespace": spec["metric"],
        "MetricName": spec["name"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in found.items()],
    }
    return {"MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}


def _recipe(spec: Mapping[str, Any], here: Here) -> Any:
    """A recipe as a scan records it, which is of texts alone."""
    found = path_of(spec["recipe"], here)
    return recorded_recipe(found, f"{path_of('@params.arn', here)}") if of_texts(found) else MALFORMED


_WORDS: Mapping[str, Callable[[Mapping[str, Any], Here], Any]] = {
    "const": lambda spec, here: spec["const"],
    "each": _each,
    "pick": _pick,
    "flat": _flat,
    "cut": _cut,
    "like": _like,
    "split": _split,
    "fill": _fill,
    "base64": _base64,
    "lower": lambda spec, here: found.lower() if isinstance(found := shape(spec["lower"], here), str) else found,
    "answer": _answer,
    "object": _object,
    "policy": _policy,
    "told": _told,
    "tags": _tags,
    "map": _map,
    "is": _is,
    "not": _not,
    "first": _first,
    "both": _both,
    "same": _same,
    "ref": _ref,
    "metric": _metric,
    "named": _named,
    "recipe": _recipe,
    "attrs": _block,
}
"""By the word that an object is known by; the first in it that is one counts."""
