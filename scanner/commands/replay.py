"""What a report keeps of its request, so that the same inputs can be read again; never the value of a variable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.scan import Scanned


class Recorded(Struct, frozen=True):
    """A request as a report keeps it. Paths below the root are relative to it; variables are names alone."""

    paths: tuple[str, ...]
    profile: str
    var_files: tuple[str, ...]
    variables: tuple[str, ...]
    workspace: str
    as_of: str
    lock: str = ""
    rules: tuple[str, ...] = ()
    cross_check: bool = False
    plans: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()


def recorded(scanned: Scanned) -> str:
    """The request of a run as one line of JSON, for `run.request` of its report."""
    request = scanned.request
    names = {name for name, _ in request.variables} | {name.removeprefix("TF_VAR_") for name, _ in request.environ}
    body = {
        "paths": [_below(path, scanned.root) for path in request.paths],
        "profile": "" if request.profile is None else _below(request.profile, scanned.root),
        "var_files": [_below(path, scanned.root) for path in request.var_files],
        "variables": sorted(names),
        "workspace": request.workspace,
        "cross_check": request.cross_check,
        "plans": [path.name for path in request.plans],
        "states": [path.name for path in request.states],
        "bundles": [path.name for path in request.bundles],
        "live": [one.name for one in request.live],
        **({"judged": list(request.judged)} if request.judged else {}),
        "as_of": request.as_of.isoformat(),
        "lock": "" if request.lock is None else _below(request.lock, scanned.root),
        "rules": [str(path.resolve()) for path in request.rules_dirs],
    }
    return json.dumps(body, sort_keys=True)


def replayed(text: object) -> Recorded:
    """The request in `run.request`. Raises UsageError where it is none, or a path of it leaves the root."""
    try:
        body = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise UsageError("the report does not say what was read: `run.request` is missing")
    made = Recorded(
        paths=_texts(body, "paths"),
        profile=_text(body, "profile"),
        var_files=_texts(body, "var_files"),
        variables=_texts(body, "variables"),
        workspace=_text(body, "workspace"),
        as_of=_text(body, "as_of"),
        lock=_text(body, "lock"),
        rules=_texts(body, "rules"),
        cross_check=body.get("cross_check") is True,
        plans=_texts(body, "plans"),
        states=_texts(body, "states"),
        bundles=_texts(body, "bundles"),
        live=_texts(body, "live"),
        judged=_texts(body, "judged"),
    )
    for path in made.paths:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise UsageError(f"the report names `{path}`, which is not below its root")
    return made


def _below(path: Path, root: Path) -> str:
    full = path.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else str(full)


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"`run.request` of the report has no text for `{key}`")
    return value


def _texts(body: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = body.get(key, [])
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"`run.request` of the report has no list of texts for `{key}`")
    return tuple(value)
