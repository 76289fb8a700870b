"""`tether.lock`: what an agreement pins, as a file beside the profile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

from scanner.errors import SettingsError
from scanner.patterns import lazy
from scanner.profile import ChartRelease, Contract, Place, Profile, ReleaseEntry, Unit

SCHEMA = "tether.lock/1"
MAX_BYTES = 4_000_000
Snapshot: TypeAlias = Mapping[str, Mapping[str, str]]
"""What a profile commits to: by dotted key, each entry with its value ("" where the entry says it all)."""

MATTERS = (
    *("places", "models.approved", "safety_stack.gateways", "safety_stack.classifiers", "safety_stack.guardrails"),
    *("safety_stack.required_filters", "operators", "tenants.agreed"),
    *("delivery", "delivery.repositories", "delivery.keys"),
)
"""The keys that make a difference by being given, even where they are empty."""

_SHA256 = lazy(r"[0-9a-f]{64}\Z")


class Lock(Struct, frozen=True):
    """What is agreed under a name. rules and tables: sha256 by file name; None where the lock does not pin them."""

    agreement: str
    shown: str
    profile: Snapshot
    profile_sha256: str
    rules: Mapping[str, str] | None = None
    tables: Mapping[str, str] | None = None


class Pins(Struct, frozen=True):
    """A run's own side of the comparison: the profile as it was written, the rules and tables in use, and the day.

    expected: where a lock would lie, for people.
    """

    profile: Profile
    lock: Lock | None
    expected: str
    as_of: date
    rules: Mapping[str, str]
    tables: Mapping[str, str]


def lock_beside(profile: Path) -> Path:
    """Where the lock of a profile lies: `tether.lock` for `tether.yaml`."""
    return profile.with_suffix(".lock")


def snapshot(profile: Profile) -> Snapshot:
    """The commitments of a profile in one form, whatever the order and the layout of the file."""
    made: dict[str, dict[str, str]] = {
        "given": dict.fromkeys((key for key in MATTERS if profile.has(key)), ""),
        "places": {entry: "" for place in profile.places for entry in _place(place)},
        "models.approved": _approved(profile),
        "safety_stack.guardrails": _all((one.id, one.version) for one in profile.guardrails),
        "safety_stack.required_filters": {
            f"{one.type} {side}": strength
            for one in profile.required_filters
            for side, strength in (("input", one.input), ("output", one.output))
            if strength
        },
        "safety_stack.min_replicas": {"copies": str(profile.min_replicas)},
        "safety_stack.max_age": {"days": str(profile.max_age_days)} if profile.max_age_days else {},
        "safety_stack.updates": _least((f"{one.classifier} by {one.by}", one.max_age_days) for one in profile.updates),
        "safety_stack.release": _all((one.member, _released(one)) for one in profile.release),
        "stop_controls": _least((one.subject, one.max_age_days) for one in profile.stop_controls),
        "trusted": _last((f"{one.source} to {one.target}:{one.port}", one.expires) for one in profile.trusted),
        "not_models": {one.subject: "" for one in profile.not_models},
        "waivers": _last((f"{one.rule} for {one.subject}", one.expires) for one in profile.waivers),
        "units": {one.name: _unit(one) for one in profile.units},
        "charts": {f"{one.chart} as {one.release} in {one.namespace}": _chart(one) for one in profile.charts},
        "contracts": {one.name: _contract(one) for one in profile.contracts},
    }
    for key, entries in (
        ("models.servers", profile.servers),
        ("models.stores", profile.stores),
        ("safety_stack.gateways", profile.gateways),
        ("safety_stack.classifiers", profile.classifiers),
        ("operators", profile.operators),
        ("tenants.agreed", profile.tenants_agreed),
        ("tenants.excluded", profile.tenants_excluded),
        ("evidence.sinks", profile.evidence_sinks),
        ("delivery.repositories", profile.repositories),
        ("delivery.keys", profile.keys),
        ("platform", profile.platform),
        ("require", profile.require),
    ):
        made[key] = dict.fromkeys(entries, "")
    return made


def _place(place: Place) -> list[str]:
    """The entries of a place; a place that names no partition approves each of its provider."""
    lists = (("account", place.accounts), ("region", place.regions), ("zone", place.zones))
    partition = f"{place.provider} partition {place.partition or '*'}"
    return [partition, *(f"{place.provider} {what} {one}" for what, many in lists for one in many)]


def _released(one: ReleaseEntry) -> str:
    return " ".join(sorted(one.images)) or f"version {one.version}"


def _approved(profile: Profile) -> dict[str, str]:
    """Each approved model with its digests; "any" where one entry pins none."""
    found: dict[str, set[str]] = {}
    for one in profile.approved_models:
        found.setdefault(one.id, set()).add(one.digest or "any")
    return {name: " ".join(sorted(digests)) for name, digests in found.items()}


def _last(ends: Iterable[tuple[str, date]]) -> dict[str, str]:
    """The end of each entry; the last one where it is given twice."""
    return {entry: end.isoformat() for entry, end in sorted(ends)}


def _least(days: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The days of each entry; the fewest where it is given twice, for both are asked."""
    return {entry: str(many) for entry, many in sorted(days, reverse=True)}


def _all(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The value of each entry; each of them, in the order of the file, where it is given twice."""
    found: dict[str, list[str]] = {}
    for entry, value in values:
        found.setdefault(entry, []).append(value)
    return {entry: " and ".join(dict.fromkeys(many)) for entry, many in found.items()}


def _chart(one: ChartRelease) -> str:
    found: dict[str, Any] = {"values": one.values}
    found.update({"repository": one.repository} if one.repository else {})
    found.update({"versions": sorted(one.versions)} if one.versions else {})
    return _plain(found)


def _unit(unit: Unit) -> str:
    folders = {"terraform": sorted(unit.terraform), "manifests": sorted(unit.manifests)}
    more: dict[str, Any] = {"live": sorted(unit.live)} if unit.live else {}
    more.update({"repository": unit.repository} if unit.repository else {})
    more.update({"revisions": sorted(unit.revisions)} if unit.revisions else {})
    return _plain({**folders, "cluster": unit.cluster, **more})


def _contract(one: Contract) -> str:
    ends = {"from": one.source, "to": one.target, "through": one.through, "forbid": one.forbid}
    body: dict[str, Any] = {key: str(selector) for key, selector in ends.items() if selector is not None}
    return _plain({**body, "planes": sorted(one.planes), "commitment": one.commitment, "severity": one.severity})


def _plain(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def written(profile: Profile, rules: Mapping[str, str] | None, tables: Mapping[str, str] | None) -> str:
    """The text of the lock of `profile`."""
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "agreement": profile.agreement,
        "profile": {"sha256": profile.sha256, "commitments": snapshot(profile)},
    }
    body.update({key: part for key, part in (("rules", rules), ("tables", tables)) if part is not None})
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def read_lock(path: Path, shown: str) -> Lock:
    """The lock in a file. Raises SettingsError for anything that is not what `written` writes."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        body = json.loads(content) if len(content) <= MAX_BYTES else None
    except OSError as error:
        raise SettingsError(f"{shown}:1:1: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{shown}:1:1: is not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise SettingsError(f"{shown}:1:1: is no lock of the schema {SCHEMA}")
    fault = _fault(body)
    if fault:
        raise SettingsError(f"{shown}:1:1: {fault}: `tether lock` writes one")
    return Lock(
        agreement=body["agreement"],
        shown=shown,
        profile=body["profile"]["commitments"],
        profile_sha256=body["profile"]["sha256"],
        rules=body.get("rules"),
        tables=body.get("tables"),
    )


def _fault(body: dict[str, Any]) -> str:
    """What a lock lacks; "" where it is whole."""
    unknown = sorted(set(body) - {"schema", "agreement", "profile", "rules", "tables"})
    if unknown:
        return f"unknown key `{unknown[0]}`"
    if not isinstance(body.get("agreement"), str) or not body["agreement"].strip():
        return "no `agreement`"
    for key in ("rules", "tables"):
        if key in body and (not _texts(body[key]) or not all(_SHA256.match(one) for one in body[key].values())):
            return f"`{key}` has no digests"
    part = body.get("profile")
    if not isinstance(part, dict) or set(part) != {"sha256", "commitments"} or not isinstance(part["sha256"], str):
        return "`profile` has not its two parts"
    commitments, known = part["commitments"], set(snapshot(Profile()))
    if not isinstance(commitments, dict) or not all(_texts(entries) for entries in commitments.values()):
        return "`profile.commitments` is malformed"
    if set(commitments) != known:
        odd = ", ".join(sorted(set(commitments) ^ known))
        return f"`profile.commitments` is of another version (it differs in {odd})"
    return ""


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
