"""Which images ran in tasks and endpoints, by digest; which versions of a guardrail are behind its draft.

Sources: Amazon ECS API reference, "Task" (`group` is `service:NAME` of what a service runs) and "Container"
(`imageDigest`); SageMaker API reference, "DeployedImage" (`ResolvedImage` is the image by its digest); Amazon Bedrock
User Guide, "Create a version of a guardrail": a version is a snapshot of the draft.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scanner.patterns import lazy
from scanner.resource import OBSERVED, Items
from scanner.sources.aws.translate import Translation
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_marks import marked
from scanner.unknown import Unknown

TASKS, GUARDRAIL = "ecs:DescribeTasks", "bedrock:GetGuardrail"
ENDED = frozenset({"STOPPED", "DEPROVISIONING", "STOPPING", "DEACTIVATING"})
"""States of a task that runs no more, or is about to end."""
_DIGEST = lazy(r"sha256:[0-9a-f]{64}\Z")
Seen = Iterator[tuple[str, dict[str, Any]]]


def images_of_tasks(call: Call) -> Seen:
    """The image of each container of the tasks of a service, once for each digest."""
    found: dict[tuple[str, str], dict[str, str | Unknown]] = {}
    for page in call.pages if call.outcome == "read" else ():
        for task in _dicts(page.get("tasks") if isinstance(page, dict) else None):
            kind, _, name = str(task.get("group")).partition(":")
            if kind != "service" or task.get("lastStatus") in ENDED:
                continue
            service = f"{str(task.get('clusterArn')).replace(':cluster/', ':service/')}/{name}"
            told = list(_dicts(task.get("containers")))
            if not told:
                nothing = _digest(None, f"a task of `{service}`", TASKS)
                found.setdefault((service, ""), {})[""] = nothing
            for one in told:
                digest = _digest(one.get("imageDigest"), f"container `{one.get('name')}` of `{service}`", TASKS)
                key = digest if isinstance(digest, str) else ""
                found.setdefault((service, str(one.get("name"))), {})[key] = digest
    for (service, of), digests in found.items():
        yield from ((service, {"what": "image", "of": of, "digest": one}) for one in digests.values())


def images_of_an_endpoint(call: Call) -> Seen:
    """The image of each container of each variant."""
    where = dict(call.scope)
    for page in call.pages if call.outcome == "read" else ():
        if not isinstance(page, dict):
            continue
        name = f"endpoint/{page.get('EndpointName')}"
        address = f"arn:{where['partition']}:sagemaker:{where['region']}:{where['account']}:{name}"
        for variant in _dicts(page.get("ProductionVariants")):
            of = str(variant.get("VariantName") or "")
            resolved = [one.get("ResolvedImage") for one in _dicts(variant.get("DeployedImages"))] or [None]
            for one in resolved:
                written = one.partition("@")[2] if isinstance(one, str) else None
                digest = _digest(written, f"variant `{of}` of `{address}`", call.operation)
                yield address, {"what": "image", "of": of, "digest": digest}


def _digest(value: object, what: str, operation: str) -> str | Unknown:
    if isinstance(value, str) and _DIGEST.match(value):
        return value
    return Unknown(f"`{operation}` does not tell the digest of the image of {what}", decided_by=(operation,))


def drafts(into: Translation) -> None:
    """By version of each guardrail: whether the draft is another one by now."""
    pages: dict[str, dict[str, tuple[dict[str, Any], Call]]] = {}
    for call in into.estate.answered(GUARDRAIL):
        for page in call.pages:
            if isinstance(page, dict):
                pages.setdefault(str(page.get("guardrailArn")), {})[str(page.get("version"))] = page, call
    for address, versions in pages.items():
        made, draft = into.resources.get(address), versions.get("DRAFT")
        if made is None:
            continue
        before = made.attrs.get(OBSERVED)
        entries = list(before) if isinstance(before, Items) else []
        for version, (page, call) in sorted(versions.items()):
            if version != "DRAFT":
                behind = _behind(page, None if draft is None else draft[0])
                one = {"what": "draft", "of": version, "behind": behind, "at": call.at}
                entries.append(marked(one, call.origin(address)))
        made.attrs[OBSERVED] = Items(entries)


def _behind(page: dict[str, Any], draft: dict[str, Any] | None) -> bool | Unknown:
    """Whether the draft was changed after a version of it was published, and filters in another way now."""
    if draft is None:
        return Unknown("the draft of the guardrail was not read", decided_by=(GUARDRAIL,))
    filters = {key for key in (*page, *draft) if key.endswith("Policy")}
    if not filters:
        return Unknown("the answer gives no filter of the guardrail", decided_by=(GUARDRAIL,))
    if all(page.get(key) == draft.get(key) for key in filters):
        return False
    try:
        later = datetime.fromisoformat(str(draft.get("updatedAt"))) > datetime.fromisoformat(str(page.get("updatedAt")))
    except (ValueError, TypeError):
        later = False
    unknown = Unknown("it is not as the draft is, and when which was made is not told", decided_by=(GUARDRAIL,))
    return True if later else unknown


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
