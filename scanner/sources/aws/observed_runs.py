"""When a delivery pipeline last ended well.

Source: CodePipeline API reference, "GetPipelineState": each stage with its latest execution, each action with the time
at which its status changed last, and whether the way into a stage is enabled; nothing leads into the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.sources.bundle import Call

STATE = "codepipeline:GetPipelineState"


def runs_of_a_pipeline(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """When the last stage of each pipeline last ended well: what came there had passed every stage before it."""
    where = dict(call.scope)
    for page in call.pages if call.outcome == "read" else ():
        name = page.get("pipelineName") if isinstance(page, dict) else None
        if not isinstance(name, str):
            continue
        stages = _dicts(page.get("stageStates"))
        held = next((one for one in stages if _enabled(one) is False), None)
        last = _status(stages[-1]) if stages else ""
        run = {"last": _ended(stages[-1]) if last == "Succeeded" else "", "because": _why(last)}
        # Nothing leads into the first stage.
        untold = next((one for one in stages[1:] if not isinstance(_enabled(one), bool)), None)
        entry = {"what": "run", "of": "", **run, "held": _name(held), "untold": _name(untold)}
        yield f"arn:{where['partition']}:codepipeline:{where['region']}:{where['account']}:{name}", entry


def _name(stage: dict[str, Any] | None) -> str:
    return "" if stage is None else str(stage.get("stageName"))


def _why(last: str) -> str:
    if not last:
        return "its last stage never ran"
    if last == "Succeeded":
        return "when its last stage ended is not told"
    return f"its last stage is `{last}`, and when it succeeded before is not told"


def _ended(stage: dict[str, Any]) -> str:
    latest = [one.get("latestExecution") for one in _dicts(stage.get("actionStates"))]
    times = [one.get("lastStatusChange") for one in latest if isinstance(one, dict)]
    return max((one for one in times if isinstance(one, str)), default="")


def _status(stage: dict[str, Any]) -> str:
    latest = stage.get("latestExecution")
    status = latest.get("status") if isinstance(latest, dict) else None
    return status if isinstance(status, str) else ""


def _enabled(stage: dict[str, Any]) -> object:
    state = stage.get("inboundTransitionState")
    return state.get("enabled") if isinstance(state, dict) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
