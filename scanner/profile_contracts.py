"""The `contracts` of a settings file: rules of the organisation's own, by selectors."""

from __future__ import annotations

from scanner.errors import SettingsError
from scanner.patterns import lazy
from scanner.profile import Contract, Selector
from scanner.profile_part import Part

KEYS = ("name", "from", "to", "through", "planes", "forbid", "commitment", "severity", "reason")
SELECTOR_KEYS = ("namespace", "name", "kind", "role", "address", "unit")

# The lists of the layers above, which this one must not import; a test holds each against its own.
PLANES = ("network", "identity", "supply", "control", "placement")
ROLES = (
    *("model", "candidate", "store", "gateway", "classifier", "guardrail"),
    *("operator", "platform", "external", "device", "cluster", "sink", "guard"),
)
COMMITMENTS = (
    *("cloud-only", "no-edge", "safety-path", "guardrails-on", "approved-models"),
    *("live-classifiers", "operator-control", "agreed-tenants", "evidence"),
)
SEVERITIES = ("critical", "high", "medium", "low")

_SLUG = lazy(r"^[a-z0-9]+(-[a-z0-9]+)*\Z")
_PLANE = lazy(rf"^(?:{'|'.join(PLANES)})\Z")


def contracts_of(file: Part) -> tuple[Contract, ...]:
    """The contracts of the file. Raises SettingsError for one that says nothing, or two with one name."""
    found = file.each("contracts", KEYS, _contract)
    seen: set[str] = set()
    for one in found:
        if one.name in seen:
            raise SettingsError(f"{one.origin}: two contracts have the name `{one.name}`")
        seen.add(one.name)
    return found


def _contract(part: Part) -> Contract:
    name = part.must("name", _SLUG, "a name as tenants-pass-the-audit-proxy")
    if "forbid" in part.values:
        for key in ("from", "to", "through", "planes"):
            if key in part.values:
                part.fail(f"`{part.name}` has `forbid` and `{key}`: it is one or the other", key)
    else:
        part.require("from", "to")
    planes = part.texts("planes", _PLANE, f"one of {', '.join(PLANES)}")
    if "planes" in part.values and not planes:
        part.fail(f"`{part.dotted('planes')}` names no plane", "planes")
    return Contract(
        name=name,
        origin=part.origin,
        source=_selector(part, "from"),
        target=_selector(part, "to"),
        through=_selector(part, "through"),
        forbid=_selector(part, "forbid"),
        planes=planes or ("network",),
        commitment=part.choice("commitment", COMMITMENTS) or "safety-path",
        severity=part.choice("severity", SEVERITIES) or "high",
        reason=part.text("reason"),
    )


def _selector(part: Part, key: str) -> Selector | None:
    if key not in part.values:
        return None
    inner = part.part(key, *SELECTOR_KEYS)
    wanted = [(name, inner.text(name)) for name in SELECTOR_KEYS if name != "role" and name in inner.values]
    if "role" in inner.values:
        wanted.append(("role", inner.choice("role", ROLES)))
    if not wanted:
        inner.fail(f"`{inner.name}` is empty: it would match everything")
    return Selector(tuple(wanted), inner.origin)
