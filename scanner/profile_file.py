"""Reads `tether.yaml` into a Profile, and refuses what it does not understand with the line it stands on."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from scanner.errors import SettingsError
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.profile import (
    ApprovedModel,
    ChartRelease,
    GuardrailEntry,
    NotModel,
    Place,
    Profile,
    ReleaseEntry,
    RequiredFilter,
    StopControl,
    TrustedCaller,
    Unit,
    UpdatePath,
    Waiver,
)
from scanner.profile_contracts import contracts_of
from scanner.profile_outputs import outputs_of
from scanner.profile_part import Part
from scanner.resource import Attrs
from scanner.yamltext import TextError, load_one

MAX_BYTES = 4_000_000
BASES = ("declared", "recorded", "live")
STRENGTHS = ("NONE", "LOW", "MEDIUM", "HIGH")

# The same patterns stand in scanner/schemas/profile.schema.json; a test holds the two against each other.
_RULE = lazy(r"^(contract:)?[a-z0-9]+(-[a-z0-9]+)*\Z")
_UNIT = lazy(r"^(?!external\Z)[A-Za-z0-9][A-Za-z0-9._/-]*\Z")
_FOLDER = lazy(r"^(?!/)(?!(.*/)?\.\.(/|\Z))[^\\\n]+\Z")
_NAME = lazy(r"^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?\Z")
_DIGEST = lazy(r"^(?:sha256:[0-9a-f]{64}|git:[0-9a-f]{40})\Z")
_FILTER = lazy(r"^[A-Z][A-Z0-9_:.-]*\Z")
_AGE = lazy(r"^[1-9][0-9]{0,4}d\Z")
_IMAGE = lazy(r"^sha256:[0-9a-f]{64}\Z")
AGE = "a number of days as 30d"
YEAR = 365


def load_profile(path: Path, shown: str) -> Profile:
    """The profile in the file at `path`; `shown` is the path that messages and origins give.

    Raises SettingsError, whose message starts with path:line:column, for anything that is not valid.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{shown}:1:1: cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{shown}:1:1: larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{shown}:{line}:1: not UTF-8 text") from error
    return parse_profile(text, shown, hashlib.sha256(content).hexdigest())


def parse_profile(text: str, shown: str, sha256: str = "") -> Profile:
    """The profile in a YAML text. Raises SettingsError as `load_profile` does."""
    try:
        document = load_one(text, shown)
    except TextError as error:
        raise SettingsError(f"{error.origin}: {error.cause}") from error
    return _profile(Part(document.value, document.origin, "", _KEYS), shown, sha256)


_KEYS = (
    *("agreement", "places", "models", "safety_stack", "operators", "tenants", "evidence", "trusted", "contracts"),
    *("not_models", "platform", "require", "units", "charts", "waivers"),
    *("stop_controls", "delivery", "outputs"),
)


def _profile(file: Part, shown: str, sha256: str) -> Profile:
    models = file.part("models", "approved", "servers", "stores")
    stack = file.part(
        "safety_stack",
        *("gateways", "classifiers", "guardrails", "required_filters", "min_replicas", "max_age", "updates", "release"),
    )
    tenants = file.part("tenants", "agreed", "excluded")
    evidence = file.part("evidence", "sinks")
    delivery = file.part("delivery", "repositories", "keys")
    origins = _origins(file.values, "")
    require = file.texts("require", re.compile(rf"^(?:{'|'.join(BASES)})\Z"), f"one of {', '.join(BASES)}")
    return Profile(
        path=shown,
        sha256=sha256,
        agreement=file.text("agreement"),
        given=frozenset(origins),
        places=file.each("places", ("provider", "partition", "accounts", "regions", "zones"), _place),
        approved_models=models.each("approved", ("id", "digest"), _approved),
        servers=models.texts("servers"),
        stores=models.texts("stores"),
        **_safety(stack),
        stop_controls=file.each("stop_controls", ("subject", "tested", "max_age", "reason"), _stop_control),
        repositories=delivery.texts("repositories"),
        keys=delivery.texts("keys"),
        operators=file.texts("operators"),
        tenants_agreed=tenants.texts("agreed"),
        tenants_excluded=tenants.texts("excluded"),
        evidence_sinks=evidence.texts("sinks"),
        trusted=file.each("trusted", ("from", "to", "port", "reason", "owner", "expires"), _trusted),
        contracts=contracts_of(file),
        not_models=file.each("not_models", ("subject", "reason"), _not_model),
        platform=file.texts("platform"),
        require=require,
        strict=bool(require),
        units=_units(file),
        charts=_charts(file),
        waivers=file.each("waivers", _WAIVER_KEYS, _waiver),
        outputs=outputs_of(file),
        origins=origins,
    )


def _safety(stack: Part) -> dict[str, Any]:
    """The fields of a Profile that `safety_stack` gives."""
    return {
        "gateways": stack.texts("gateways"),
        "classifiers": stack.texts("classifiers"),
        "guardrails": stack.each("guardrails", ("id", "version"), _guardrail),
        "required_filters": _filters(stack.part("required_filters")),
        "min_replicas": stack.number("min_replicas", 1, 1_000_000, 1),
        "max_age_days": _days(stack),
        "updates": stack.each("updates", ("classifier", "by", "max_age"), _update),
        "release": stack.each("release", ("member", "images", "version"), _release),
    }


def _origins(attrs: Attrs, before: str) -> dict[str, FileOrigin]:
    """Where each key of the file stands, by dotted name, down to the keys of mappings in mappings."""
    found: dict[str, FileOrigin] = {}
    for key, value in attrs.items():
        where = attrs.marks.get(key)
        if isinstance(where, FileOrigin):
            found[f"{before}{key}"] = where
        if isinstance(value, Attrs):
            found.update(_origins(value, f"{before}{key}."))
    return found


def _place(part: Part) -> Place:
    lists = {key: part.texts(key) for key in ("accounts", "regions", "zones")}
    return Place(provider=part.must("provider"), origin=part.origin, partition=part.text("partition"), **lists)


def _approved(part: Part) -> ApprovedModel:
    return ApprovedModel(
        part.must("id"), part.origin, part.text("digest", _DIGEST, "sha256: and 64 hex digits, or git: and 40")
    )


def _guardrail(part: Part) -> GuardrailEntry:
    return GuardrailEntry(part.must("id"), part.origin, part.text("version"))


def _filters(part: Part) -> tuple[RequiredFilter, ...]:
    found = []
    for name in part.values:
        if not _FILTER.search(name):
            part.fail(f"`{part.dotted(name)}` must be a filter's name in capitals, as PROMPT_ATTACK", name)
        sides = part.part(name, "input", "output")
        if not sides.values:
            sides.fail(f"`{sides.name}` needs `input` or `output`")
        strengths = (sides.choice("input", STRENGTHS), sides.choice("output", STRENGTHS))
        found.append(RequiredFilter(name, *strengths, sides.origin))
    return tuple(found)


def _days(part: Part) -> int:
    """The days of a `max_age`, 0 where it is not given."""
    return int(part.text("max_age", _AGE, AGE).removesuffix("d") or 0)


def _update(part: Part) -> UpdatePath:
    part.require("classifier", "by", "max_age")
    return UpdatePath(part.text("classifier"), part.text("by"), _days(part), part.origin)


def _release(part: Part) -> ReleaseEntry:
    images, version = part.texts("images", _IMAGE, "sha256: and 64 hex digits"), part.text("version")
    if bool(images) is bool(version):
        part.fail(f"`{part.name}` needs either `images` or `version`")
    return ReleaseEntry(part.must("member"), part.origin, images, version)


def _stop_control(part: Part) -> StopControl:
    subject, tested = part.must("subject"), part.day("tested")
    return StopControl(subject, tested, _days(part) or YEAR, part.text("reason"), part.origin)


def _trusted(part: Part) -> TrustedCaller:
    part.require("port")
    source, target, reason, owner = (part.must(key) for key in ("from", "to", "reason", "owner"))
    return TrustedCaller(
        source, target, part.number("port", 1, 65535, 1), reason, owner, part.day("expires"), part.origin
    )


def _not_model(part: Part) -> NotModel:
    return NotModel(part.must("subject"), part.must("reason"), part.origin)


def _units(file: Part) -> tuple[Unit, ...]:
    keys = ("name", "terraform", "manifests", "cluster", "live", "plans", "states", "repository", "revisions")
    units = file.each("units", keys, _unit)
    seen: set[str] = set()
    for unit in units:
        if unit.name in seen:
            raise SettingsError(f"{unit.origin}: two units have the name `{unit.name}`")
        seen.add(unit.name)
    named = [name for unit in units for name in unit.live]
    twice = next((unit for unit in units for name in unit.live if named.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{twice.origin}: a cluster in `live` belongs to two units")
    return units


def _unit(part: Part) -> Unit:
    name = part.must("name", _UNIT, "letters, digits, `.`, `_`, `-` and `/`, and not `external`")
    form = "a relative path of a folder, without `..`"
    terraform, manifests = part.texts("terraform", _FOLDER, form), part.texts("manifests", _FOLDER, form)
    live, plans, states = (part.texts(key) for key in ("live", "plans", "states"))
    if not (terraform or manifests or live or plans or states):
        what = "a folder in `terraform` or `manifests`, a cluster in `live`, or a file in `plans` or `states`"
        part.fail(f"`{part.name}` needs {what}")
    of = part.text("repository"), part.texts("revisions")
    if of[1] and not of[0]:
        part.fail(f"`{part.name}` has `revisions` of no `repository`")
    return Unit(name, part.origin, terraform, manifests, part.text("cluster"), live, plans, states, *of)


def _charts(file: Part) -> tuple[ChartRelease, ...]:
    charts = file.each("charts", ("chart", "values", "release", "namespace", "repository", "versions"), _chart)
    seen: set[tuple[str, str, str]] = set()
    for one in charts:
        named = (one.chart, one.release, one.namespace)
        if named in seen:
            raise SettingsError(f"{one.origin}: `{one.chart}` is installed twice as `{one.release}`")
        seen.add(named)
    return charts


def _chart(part: Part) -> ChartRelease:
    chart = part.must("chart", _FOLDER, "a relative path of a folder, without `..`")
    values = part.texts("values", _FOLDER, "a relative path of a file, without `..`")
    name = "a name of lower-case letters, digits and `-`"
    release, namespace = (part.text(key, _NAME, name) for key in ("release", "namespace"))
    of = part.text("repository"), part.texts("versions")
    if of[1] and not of[0]:
        part.fail(f"`{part.name}` has `versions` of no `repository`")
    return ChartRelease(chart, part.origin, values, release or "release-name", namespace or "default", *of)


_WAIVER_KEYS = ("rule", "subject", "reason", "owner", "approver", "second_approver", "expires")


def _who(name: str) -> str:
    """A name without what the eye does not see of it: its case, spaces and signs that nothing shows."""
    return "".join(one for one in name.casefold() if one.isprintable() and not one.isspace())


def _waiver(part: Part) -> Waiver:
    rule = part.must("rule", _RULE, "a rule's name, as model-bypasses-safety-stack")
    subject, reason, owner, approver = (part.must(key) for key in ("subject", "reason", "owner", "approver"))
    second = part.text("second_approver")
    if second and _who(second) in ("", _who(approver)):
        part.fail(f"`{part.dotted('second_approver')}` is the first one again", "second_approver")
    return Waiver(rule, subject, reason, owner, approver, part.day("expires"), part.origin, second)
