"""A state, as the file of version 4 or as `terraform show -json` writes it, to Resources.

Sources: Terraform, internal/states/statefile/version4.go; documentation, "JSON Output Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.origin import ApiOrigin
from scanner.resource import Attrs, Resource
from scanner.sources.terraform.planned.document import Document, Unusable
from scanner.sources.terraform.planned.objects import mapping, mappings, provider, resources, suffix, text
from scanner.sources.terraform.planned.values import Reader, computed

SHOW = "write it with `terraform show -json`"


def state_resources(document: Document, unit: str) -> Iterator[Resource]:
    """The resources of a state. Raises Unusable for what is no state, or one of another version."""
    body = document.body
    if "version" in body and "format_version" not in body:
        if body["version"] != 4:
            raise Unusable(f"it is a state of version {str(body['version'])[:20]}, not 4", SHOW)
        return _version_4(document, unit)
    if "planned_values" in body:
        raise Unusable("it is a plan", "give it with --plan")
    if text(body.get("format_version")).partition(".")[0] not in ("0", "1"):
        raise Unusable("its format is not known", "use a newer version of Tether")
    return _shown(document, unit)


def _shown(document: Document, unit: str) -> Iterator[Resource]:
    for one in resources(document.body.get("values")):
        yield _resource(
            document,
            unit,
            text(one.get("address")),
            one,
            text(one.get("provider_name")),
            mapping(one.get("values")),
            one.get("sensitive_values"),
        )


def _version_4(document: Document, unit: str) -> Iterator[Resource]:
    for one in mappings(document.body.get("resources")):
        mode, kind, name = text(one.get("mode")), text(one.get("type")), text(one.get("name"))
        module = text(one.get("module"))
        own = f"data.{kind}.{name}" if mode == "data" else f"{kind}.{name}"
        full = text(one.get("provider")).partition('["')[2].partition('"]')[0]
        for instance in mappings(one.get("instances")):
            if "deposed" in instance:
                continue
            address = f"{module + '.' if module else ''}{own}{suffix(instance.get('index_key'))}"
            secret = _secrets(instance.get("sensitive_attributes"))
            yield _resource(document, unit, address, one, full, mapping(instance.get("attributes")), secret)


def _secrets(paths: object) -> dict[str, Any]:
    """The attributes that a state marks as sensitive; a path into one marks the whole of it."""
    found: dict[str, Any] = {}
    for path in paths if isinstance(paths, list) else ():
        steps = path if isinstance(path, list) else [path]
        first = steps[0] if steps else None
        value = first.get("value") if isinstance(first, dict) else None
        if isinstance(value, str):
            found[value] = True
        elif steps:
            found[json.dumps(first)] = True
    return found


def _resource(
    document: Document,
    unit: str,
    address: str,
    one: Mapping[str, Any],
    full: str,
    values: Mapping[str, Any],
    secret: object,
) -> Resource:
    origin = ApiOrigin("state", document.shown, (), address)
    kind = text(one.get("type"))
    reader = Reader(address, origin, lambda path: computed(address, path))
    return Resource(
        address=address,
        unit=unit,
        kind=kind,
        name=text(one.get("name")),
        attrs=reader.attrs(values, None, secret),
        origin=origin,
        source="state",
        data=one.get("mode") == "data",
        provider=provider(full, kind.partition("_")[0], Attrs(), origin),
    )
