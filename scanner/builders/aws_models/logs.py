"""Evidence of inference: Bedrock's invocation log, SageMaker's data capture, and the gateways' own records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.aws_identity.targets import BEDROCK_KIND, ENDPOINT_KINDS
from scanner.builders.aws_models.regions import stand_of, told, uncovered
from scanner.builders.blocks import Found, at, first, reach, strings
from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.graph.facts import Log
from scanner.graph.model import Node, Role
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import pod_templates
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, unknowns_in

LOGGING = "aws_bedrock_model_invocation_logging_configuration"
CONFIGURATIONS = ("aws_sagemaker_endpoint_configuration", "awscc_sagemaker_endpoint_config")
DELIVERIES = ("text", "image", "embedding", "video", "audio")
DESTINATIONS = ("s3_config.bucket_name", "cloudwatch_config.log_group_name")
BUCKET_ARN = lazy(r"^arn:[a-z-]+:s3:::")
SINK_NAMES = ("bucket", "name", "arn", "id")
SETTINGS = (
    ("containers.envFrom.configMapRef.name", "ConfigMap"),
    ("containers.env.valueFrom.configMapKeyRef.name", "ConfigMap"),
    ("volumes.configMap.name", "ConfigMap"),
    ("containers.envFrom.secretRef.name", "Secret"),
    ("containers.env.valueFrom.secretKeyRef.name", "Secret"),
    ("volumes.secret.secretName", "Secret"),
)
"""Where a pod names what it draws its settings from."""
PRINCIPAL_KINDS = ("aws_iam_role", "aws_iam_user", "aws_iam_group")


def add_sinks(world: World) -> None:
    """Role SINK for every store of evidence that the profile names."""
    for one in world.inventory.all if world.profile.evidence_sinks else ():
        if one.data:
            continue
        own = [one.attrs.get(key) for key in SINK_NAMES]
        for entry in world.profile.evidence_sinks:
            bare = entry.removeprefix("s3://").rstrip("/")
            if names(entry, one.unit, one.address) or any(isinstance(x, str) and x in (entry, bare) for x in own):
                world.add_roles(one.id, [Role.SINK], "the profile names it under `evidence.sinks`")


def add_logs(world: World, callers: Mapping[str, Sequence[Resource]]) -> None:
    """Log facts on every managed model of AWS. callers: by unit, the principals that name Bedrock's inference."""
    for node in world.with_role(Role.MODEL):
        unit = node.id.removesuffix(f":{node.address}")
        if node.kind == BEDROCK_KIND:
            for fact in _invocations(world, unit, node, callers.get(unit, ())):
                world.add_fact(node.id, fact)
        elif node.kind in ENDPOINT_KINDS:
            world.add_fact(node.id, _capture(world, world.inventory.by_id[node.id]))


def _invocations(world: World, unit: str, node: Node, callers: Sequence[Resource]) -> Iterator[Log]:
    found = list(world.inventory.of(LOGGING, unit=unit))
    if not found:
        because = "there is no invocation logging configuration: the default is no log"
        yield Log(origin=node.origin, because=because, complete=False)
    for one in found:
        complete, because, origin = _invocation(world, one)
        yield Log(origin=origin, because=because, complete=complete, sink=_sink(world, one))
    stands = [stand_of(world, one) for one in found]
    for stand, one, certain in uncovered(world, unit, stands, callers) if found else ():
        because = f"it is set in {told(stands[0], one)} only, and `{one.address}` is in {told(stand, one)}"
        unknown = Unknown(because, decided_by=(one.address,))
        yield Log(origin=found[0].origin, because=because, complete=False if certain else unknown)


def _invocation(world: World, one: Resource) -> tuple[bool | Unknown, str, Origin | None]:
    doubt: tuple[Unknown, str, Origin | None] | None = None
    if one.possible is not None:
        doubt = (one.possible, "the logging configuration may not exist", one.origin)
    for kind in DELIVERIES:
        key = f"{kind}_data_delivery_enabled"
        found = first(one, f"logging_config.{key}")
        if found is None:
            continue
        if found.unknown is not None:
            doubt = doubt or (found.unknown, f"whether `{key}` is set is not known", found.origin)
        elif found.value is not True and str(found.value).lower() != "true":
            return False, f"`{key}` is `false`: {kind} is not logged", found.origin
    if not any(first(one, f"logging_config.{path.partition('.')[0]}") for path in DESTINATIONS):
        return False, "it has neither `s3_config` nor `cloudwatch_config`: the log goes nowhere", one.origin
    return doubt or (True, "text, images, embeddings and video are delivered, by setting or by default", one.origin)


def _sink(world: World, one: Resource) -> str:
    for path in DESTINATIONS:
        found = first(one, f"logging_config.{path}")
        if found is not None:
            return _named(world, found, one.unit)
    return ""


def _named(world: World, found: Found, unit: str) -> str:
    target = world.inventory.find(found.value, unit, "aws_s3_bucket", "aws_cloudwatch_log_group")
    return target.address if isinstance(target, Resource) else found.text


def _capture(world: World, endpoint: Resource) -> Log:
    key = "endpoint_config_name"
    named = first(endpoint, key)
    config = world.inventory.find(
        named.value if named else None,
        endpoint,
        "aws_sagemaker_endpoint_configuration",
        "awscc_sagemaker_endpoint_config",
    )
    if not isinstance(config, Resource):
        cause = "its endpoint configuration is not in the inputs"
        unknown = config if isinstance(config, Unknown) else Unknown(cause, decided_by=(f"{endpoint.address}.{key}",))
        return Log(origin=endpoint.origin, because=cause, complete=unknown)
    complete, because, origin = _captured(config)
    where = first(config, "data_capture_config.destination_s3_uri")
    sink = "" if where is None else _named(world, where, config.unit)
    return Log(origin=origin, because=because, complete=complete, sink=sink)


def _captured(config: Resource) -> tuple[bool | Unknown, str, Origin | None]:
    block = first(config, "data_capture_config")
    if block is None:
        return False, "`data_capture_config` is not set: the default is to record nothing", config.origin
    for key, good, wrong in (
        ("enable_capture", "true", "is not `true`"),
        ("initial_sampling_percentage", "100", "is below 100"),
    ):
        found = first(config, f"data_capture_config.{key}")
        if found is None:
            return False, f"`{key}` is not set", block.origin
        if found.unknown is not None:
            return found.unknown, f"`{key}` is not known", found.origin
        if str(found.value).lower() != good:
            return False, f"`{key}` {wrong}", found.origin
    modes = list(at(config, "data_capture_config.capture_options.capture_mode"))
    unknown = next((found.unknown for found in modes if found.unknown is not None), None)
    seen = {str(found.value) for found in modes}
    if unknown is not None:
        return unknown, "which sides are captured is not known", block.origin
    if not ({"Input", "Output"} <= seen or "InputAndOutput" in seen):
        return False, "`capture_options` does not name both `Input` and `Output`", block.origin
    return True, "every request and every response is captured", block.origin


def add_gateway_logs(world: World) -> None:
    """A Log fact on every gateway that is a workload: whether it is told of a store of evidence."""
    for node in world.with_role(Role.GATEWAY):
        if node.kind not in PRINCIPAL_KINDS and node.id in world.inventory.by_id:
            world.add_fact(node.id, _told(world, world.inventory.by_id[node.id]))


def _told(world: World, gateway: Resource) -> Log:
    if not world.profile.evidence_sinks:
        cause = "the profile names no store of evidence"
        unknown = Unknown(cause, decided_by=("profile:evidence.sinks",))
        return Log(origin=gateway.origin, because=cause, complete=unknown)
    wanted = _wanted(world)
    for one in (gateway, *_settings(world, gateway)):
        for found in strings(_said(one), one.origin):
            hit = next((name for name in wanted if _names_store(found.text, name)), None)
            if hit is not None:
                because = f"`{one.address}` tells it of the store `{hit}`"
                return Log(origin=found.origin or one.origin, because=because, complete=True, sink=wanted[hit])
        for unknown in unknowns_in(one.attrs):
            if unknown.ref is not None and f"{one.unit}:{unknown.ref.address}" in wanted.values():
                because = f"`{one.address}` refers to the store `{unknown.ref.address}`"
                return Log(
                    origin=unknown.origin or one.origin, because=because, complete=True, sink=unknown.ref.address
                )
    because = f"nothing in `{gateway.address}` names a store of evidence"
    hidden = [unknown for one in (gateway, *_settings(world, gateway)) for unknown in unknowns_in(one.attrs)]
    hidden += _out_of_sight(world, gateway)
    if hidden:
        because = f"{because} in sight: {hidden[0].cause}"
    return Log(origin=gateway.origin, because=because, complete=hidden[0] if hidden else False)


def _said(one: Resource) -> Value:
    """What a resource says, without its own name and labels: they tell it of no store."""
    if not one.is_manifest:
        return one.attrs
    return {key: value for key, value in one.attrs.items() if key not in ("metadata", "status")}


def _names_store(written: str, name: str) -> bool:
    """Whether a text holds the whole name of a store: `evidence` is not named by `evidence-old`."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.(?!s3[.-]))", written) is not None


def _wanted(world: World) -> dict[str, str]:
    """What the stores of evidence are called, to their ids or what the profile calls them."""
    found: dict[str, str] = {}
    for entry in world.profile.evidence_sinks:
        found[BUCKET_ARN.sub("", entry.removeprefix("s3://").rstrip("/"))] = entry
    for node in world.with_role(Role.SINK):
        if node.id in world.inventory.by_id:
            attrs = world.inventory.by_id[node.id].attrs
            for key in SINK_NAMES:
                value = attrs.get(key)
                if isinstance(value, str) and value:
                    found[value] = node.id
            found.setdefault(node.address, node.id)
    return found


def _settings(world: World, gateway: Resource) -> Iterator[Resource]:
    """The ConfigMaps and Secrets that a workload draws its settings from."""
    if not gateway.is_manifest:
        return
    seen: set[str] = set()
    for path, kind in SETTINGS:
        seen |= {f"{gateway.namespace}/{kind}/{found.text}" for found in _everywhere(gateway, path)}
    for address in sorted(seen):
        one = world.inventory.at(gateway.unit, address)
        if one is not None:
            yield one


def _out_of_sight(world: World, gateway: Resource) -> list[Unknown]:
    """The Secrets, and the ConfigMaps outside the inputs, that may tell a gateway of a store."""
    found = []
    for path, kind in SETTINGS:
        for named in _everywhere(gateway, path) if gateway.is_manifest else ():
            address = f"{gateway.namespace}/{kind}/{named.text}"
            if world.inventory.at(gateway.unit, address) is None:
                found.append(Unknown(f"settings come from the {kind} `{named.text}`", decided_by=(address,)))
    return found


def _everywhere(gateway: Resource, path: str) -> Iterator[Found]:
    for template in pod_templates(gateway):
        yield from reach(template.spec, path, template.origin)
