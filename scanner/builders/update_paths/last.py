"""When an update path last succeeded, as an API told it.

Sources: Kubernetes API reference, "CronJobStatus" (`lastSuccessfulTime`); Argo CD, "Application" (`status.sync`,
`reconciledAt`, when it was last compared with its source, and `history` of what it brought); Flux API reference,
"Snapshot" of a Kustomization (`history`, newest first, since 2.7) and of a HelmRelease; CodePipeline API reference,
"GetPipelineState".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from scanner.origin import ApiOrigin
from scanner.resource import OBSERVED, Attrs, Resource, dig, items_of
from scanner.unknown import Unknown, Value

LIVE = ("bundle", "live")
RECONCILED = "ReconciliationSucceeded"
SKEW = timedelta(hours=1)
"""By how much the clocks of a cluster and of a scan may differ."""
KEPT = 5
"""How many entries a history of Flux has at most: where it has fewer, none was thrown away."""


class Told(NamedTuple):
    """When something last succeeded, "" where that is not told, and why not. never: it certainly did not.

    least: it may have succeeded since, without a word.
    """

    when: str
    why: str = ""
    never: bool = False
    least: bool = False


def last_success(one: Resource, days: int) -> tuple[bool | Unknown, str]:
    """Whether the last success is inside a window of days before the API was asked."""
    tell = HOW.get(one.kind)
    asked = one.origin.at if isinstance(one.origin, ApiOrigin) else ""
    told = tell(one) if tell is not None else Told("", f"when a `{one.kind}` last succeeded is not asked")
    decided = (f"{one.address}: its last success",)
    if not told.when:
        return (False, told.why) if told.never else (Unknown(told.why, decided_by=decided), "")
    try:
        passed = datetime.fromisoformat(asked) - datetime.fromisoformat(told.when)
    except (ValueError, TypeError):
        return Unknown(f"`{told.when}` is no time", decided_by=decided), ""
    if passed < -SKEW:
        return Unknown(f"it was told at {asked} to have succeeded at {told.when}, later", decided_by=decided), ""
    said = f"it last succeeded at {told.when}, as of {asked}"
    if passed <= timedelta(days=days):
        return True, said
    if told.least:
        return Unknown(
            f"it brought something at {told.when}, and whether it looked since is not told", decided_by=decided
        ), ""
    return False, f"{said}: {days} days are allowed"


def switched_off(one: Resource) -> tuple[bool | Unknown, str]:
    """Whether nothing holds an update path up, as far as an API told."""
    runs = [run for run in items_of(one.attrs.get(OBSERVED)) if isinstance(run, Attrs)]
    held = next((run.get("held") for run in runs if run.get("held")), None)
    if held is not None:
        return False, f"the way into its stage `{held}` is disabled"
    untold = next((run.get("untold") for run in runs if run.get("untold")), None)
    if untold is None:
        return True, "it is on"
    cause = f"whether the way into its stage `{untold}` is open was not told"
    return Unknown(cause, decided_by=(f"{one.address}: its stages",)), ""


def _text(one: Resource, *path: str | int) -> str:
    value = dig(one.attrs, *path)
    return value if isinstance(value, str) else ""


def _cron(one: Resource) -> Told:
    return Told(_text(one, "status", "lastSuccessfulTime"), "no run of it is told to have succeeded")


def _argo(one: Resource) -> Told:
    """As its source is, when it was compared; else when it last brought something."""
    if _text(one, "status", "sync", "status") == "Synced":
        return Told(_text(one, "status", "reconciledAt"), "when it was last compared with its source is not told")
    brought = max((_entry(each, "deployedAt") for each in _history(one)), default="")
    return Told(brought, "it is not told to be as its source is, nor when it was")


def _kustomization(one: Resource) -> Told:
    entries = _history(one)
    good = [_entry(each, "lastReconciled") for each in entries if _entry(each, "lastReconciledStatus") == RECONCILED]
    if entries and not good:
        return Told("", "none of its reconciliations succeeded", never=len(entries) < KEPT)
    return Told(max(good, default=""), "the history of its reconciliations is not told")


def _helm(one: Resource) -> Told:
    good = [
        _entry(each, "lastDeployed") for each in _history(one) if _entry(each, "status") in ("deployed", "superseded")
    ]
    return Told(max(good, default=""), "no release of it is told to have been deployed", least=True)


def _history(one: Resource) -> Sequence[Value]:
    return items_of(dig(one.attrs, "status", "history"))


def _entry(value: object, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _pipeline(one: Resource) -> Told:
    found = next((run for run in items_of(one.attrs.get(OBSERVED)) if _entry(run, "what") == "run"), None)
    return Told(_entry(found, "last"), _entry(found, "because") or "the state of the pipeline was not told")


HOW: dict[str, Callable[[Resource], Told]] = {
    "CronJob": _cron,
    "Application": _argo,
    "Kustomization": _kustomization,
    "HelmRelease": _helm,
    "aws_codepipeline": _pipeline,
}
