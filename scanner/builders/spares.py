"""What is left of a gateway or a classifier when a copy of it, or a whole zone, is gone.

Sources: the ECS developer guide, "Task placement" (tasks of Fargate spread over the zones of their subnets); the EC2
Auto Scaling user guide, "Distribute instances across Availability Zones"; the SageMaker developer guide, "Best
practices for endpoints" (two instances and more stand in several zones, in a VPC in those of its subnets); the Lambda
developer guide, "Resilience" (a function runs in several zones, in a VPC in those of its subnets) and "Configuring
reserved concurrency".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanner.builders.blocks import Found, at, first, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import is_kubernetes
from scanner.builders.replicas import count_of
from scanner.graph.facts import Replicas
from scanner.graph.facts_spare import Spare
from scanner.graph.model import Role
from scanner.resource import Resource, items_of
from scanner.unknown import Unknown, Value

LEAST = 2
FUNCTION, ENDPOINT, MACHINE = "aws_lambda_function", "aws_sagemaker_endpoint", "aws_instance"
RESERVED = "reserved_concurrent_executions"
SUBNETS = {
    "aws_ecs_service": "network_configuration.subnets",
    "aws_autoscaling_group": "vpc_zone_identifier",
    FUNCTION: "vpc_config.subnet_ids",
    MACHINE: "subnet_id",
}
"""By type: the subnets that its copies stand in."""
ZONES = {"aws_autoscaling_group": "availability_zones", MACHINE: "availability_zone"}
AT_ONCE = {
    "aws_ecs_service": (("deployment_minimum_healthy_percent", ("0", "0.0")),),
    "Deployment": (
        ("spec.strategy.type", ("Recreate",)),
        ("spec.strategy.rollingUpdate.maxUnavailable", ("100%",)),
    ),
}
"""By kind: where an update is told to stop all copies, and what says so."""
BY_ITSELF = frozenset(
    {
        *("aws_api_gateway_rest_api", "aws_apigatewayv2_api", "aws_apprunner_service", "aws_cloudfront_distribution"),
        *("aws_bedrockagentcore_gateway", "aws_bedrockagentcore_agent_runtime", "aws_lb"),
    }
)
"""Services that stand in several zones whatever is written; what is behind them is judged where it is declared."""
FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})
CARRIES_NOTHING = ("aws_iam_", "azurerm_user_assigned_identity", "google_service_account", "ServiceAccount")


def build_spares(world: World) -> None:
    """Spare facts on each gateway and classifier that carries traffic; the facts of replicas must be there."""
    for one in world.resources_with(Role.GATEWAY, Role.CLASSIFIER):
        if not one.data and not one.kind.startswith(CARRIES_NOTHING):
            for fact in _spares(world, one):
                world.add_fact(one.id, fact)


def _spares(world: World, one: Resource) -> Iterator[Spare]:
    if one.kind in BY_ITSELF:
        yield Spare(origin=one.origin, because="the service stands in several zones", aspect="zones", enough=True)
        return
    if one.kind == FUNCTION:
        yield _calls(one)
    elif one.kind == MACHINE:
        yield _machines(world, one)
    else:
        yield from _copies(world, one)
    if not is_kubernetes(one):
        yield from _zones(world, one)
    yield from _updated(one)


def _calls(one: Resource) -> Spare:
    """A function has a copy for each call, as far as the concurrency that is reserved for it goes; -1 reserves none."""
    found = first(one, RESERVED)
    told = -1 if found is None else count_of(found.unknown or found.value, RESERVED)
    if found is not None and isinstance(told, Unknown):
        return Spare(origin=found.origin, because=told.cause, aspect="copies", enough=told)
    if found is not None and told in (0, 1):
        because = f"`{RESERVED}` is {told}: no second copy of it runs"
        return Spare(origin=found.origin, because=because, aspect="copies", enough=False)
    return Spare(origin=one.origin, because="a function has a copy for each call", aspect="copies", enough=True)


def _updated(one: Resource) -> Iterator[Spare]:
    """Settings by which an update stops every copy before the next one runs."""
    for path, stops in AT_ONCE.get(one.kind, ()):
        for found in at(one, path):
            said = str(found.value)
            because = f"`{path.rpartition('.')[2]}` is {said}: an update may stop every copy at once"
            if found.unknown is not None:
                yield Spare(origin=found.origin, because=found.unknown.cause, aspect="copies", enough=found.unknown)
            elif said in stops:
                yield Spare(origin=found.origin, because=because, aspect="copies", enough=False)


def _copies(world: World, one: Resource) -> Iterator[Spare]:
    """The least number of copies that something allows, held against two; one for each node is not known."""
    facts = [fact for fact in world.nodes[one.id].facts if isinstance(fact, Replicas)]
    if one.kind == "DaemonSet" or first(one, "scheduling_strategy") is not None and _daemon(one):
        cause = "it has one copy on each machine: how many machines there are is not known"
        hidden = Unknown(cause, decided_by=(f"the machines of {one.address}",))
        facts = [fact for fact in facts if isinstance(fact.minimum, int) and fact.minimum < 1]
        yield Spare(origin=one.origin, because=cause, aspect="copies", enough=hidden)
    elif not facts:
        cause = f"no table says how many copies of a `{one.kind}` run"
        hidden = Unknown(cause, decided_by=(one.address,))
        yield Spare(origin=one.origin, because=cause, aspect="copies", enough=hidden)
    for fact in facts:
        enough = fact.minimum if isinstance(fact.minimum, Unknown) else fact.minimum >= LEAST
        if "serverless" in fact.because and one.kind == ENDPOINT:
            enough = True
        yield Spare(origin=fact.origin, because=fact.because, aspect="copies", enough=enough)


def _daemon(one: Resource) -> bool:
    return any(found.unknown is not None or found.text == "DAEMON" for found in at(one, "scheduling_strategy"))


def _alike(world: World, one: Resource) -> list[Resource]:
    """The machines of one declaration that have the same role: together they are the copies of one thing."""
    bare = _bare(one.address)
    roles = world.nodes[one.id].roles & {Role.GATEWAY, Role.CLASSIFIER}
    found = world.inventory.of(MACHINE, unit=one.unit)
    return [each for each in found if _bare(each.address) == bare and world.nodes[each.id].roles & roles]


def _bare(address: str) -> str:
    return re.sub(r"\[[^\]]*\]\Z", "", address)


def _machines(world: World, one: Resource) -> Spare:
    found = _alike(world, one)
    because = "it is one machine" if len(found) < LEAST else f"it is one of {len(found)} machines"
    hidden = next((each.possible for each in found if each.possible is not None), None)
    enough: bool | Unknown = len(found) >= LEAST
    if hidden is not None:
        enough = hidden
    elif one.source in ("bundle", "live") and not enough:
        # What an API tells of machines does not say which of them are copies of one thing.
        enough = Unknown("whether another machine does the same is not known", decided_by=(one.address,))
    return Spare(origin=one.origin, because=because, aspect="copies", enough=enough)


def _zones(world: World, one: Resource) -> Iterator[Spare]:
    """Where its copies stand: in the zones of the subnets that it names."""
    if one.kind == ENDPOINT:
        for model in _models(world, one):
            found = at(model, "vpc_config.subnets")
            if found:
                yield _spread(world, model, found, [])
        return
    if one.kind not in SUBNETS:
        return
    some = _alike(world, one) if one.kind == MACHINE else [one]
    if one.kind == MACHINE and len(some) < LEAST:
        return
    subnets = [found for each in some for found in at(each, SUBNETS[one.kind])]
    zones = [found for each in some if one.kind in ZONES for found in at(each, ZONES[one.kind])]
    if subnets or zones:
        yield _spread(world, one, subnets, zones)
    elif one.kind != FUNCTION:
        cause = "it names no subnet: in which zones its copies stand is not known"
        hidden = Unknown(cause, decided_by=(f"the subnets of {one.address}",))
        yield Spare(origin=one.origin, because=cause, aspect="zones", enough=hidden)


def _models(world: World, endpoint: Resource) -> Iterator[Resource]:
    for found in at(endpoint, "endpoint_config_name"):
        config = world.inventory.find(found.value, endpoint, "aws_sagemaker_endpoint_configuration")
        for named in at(config, "production_variants.model_name") if isinstance(config, Resource) else ():
            model = world.inventory.find(named.value, endpoint, "aws_sagemaker_model")
            if isinstance(model, Resource):
                yield model


def _spread(world: World, one: Resource, subnets: Sequence[Found], zones: Sequence[Found]) -> Spare:
    """Two zones that are known to differ are enough; one, with nothing unknown beside it, is not."""
    told: list[Value] = [found.unknown or found.value for zone in zones for found in _each(zone)]
    for found in (each for subnet in subnets for each in _each(subnet)):
        told.append(found.possible or _zone_of(world, one, found.value))
    known = sorted({zone for zone in told if isinstance(zone, str)})
    hidden = [zone for zone in told if isinstance(zone, Unknown)]
    origin = next((found.origin for found in (*subnets, *zones)), one.origin)
    machines = _machines_decide(one) if len(known) >= LEAST else None
    if machines is not None:
        hidden = [machines]
    elif len(known) >= LEAST:
        return Spare(origin=origin, because="its copies stand in several zones", aspect="zones", enough=True)
    if hidden:
        cause = f"in which zones its copies stand is not known: {hidden[0].cause}"
        decided = hidden[0].decided_by or (f"the zones of {one.address}",)
        return Spare(origin=origin, because=cause, aspect="zones", enough=Unknown(cause, decided_by=decided))
    because = f"all its copies stand in `{', '.join(known)}`"
    return Spare(origin=origin, because=because, aspect="zones", enough=False)


def _machines_decide(one: Resource) -> Unknown | None:
    """What else decides the zones of tasks: the machines of the cluster, unless they certainly run on Fargate."""
    if one.kind != "aws_ecs_service":
        return None
    given = [found.text for found in at(one, "capacity_provider_strategy.capacity_provider")]
    if text(one.attrs.get("launch_type")) == "FARGATE" or (given and all(name in FARGATE for name in given)):
        return None
    return Unknown("they stand where the machines of the cluster do", decided_by=(f"the machines of {one.address}",))


def _each(found: Found) -> Iterator[Found]:
    """The members of a list, or the one that it is; an Auto Scaling group of an API has them in one text."""
    for item in items_of(found.value) or [found.value]:
        for part in item.split(",") if isinstance(item, str) else [item]:
            yield Found(part, found.origin, found.possible)


def _zone_of(world: World, one: Resource, value: Value) -> str | Unknown:
    subnet = world.inventory.find(value, one, "aws_subnet")
    if isinstance(subnet, Resource):
        keys = ("availability_zone", "availability_zone_id")
        zone = next((subnet.attrs[key] for key in keys if subnet.attrs.get(key)), None)
        if isinstance(zone, str | Unknown):
            return zone
        return Unknown(f"`{subnet.address}` names no zone", decided_by=(f"{subnet.address}.availability_zone",))
    if isinstance(subnet, Unknown):
        return subnet
    name = text(value) or "a subnet"
    return Unknown(f"the subnet `{name}` is not in the inputs", decided_by=(name,))
