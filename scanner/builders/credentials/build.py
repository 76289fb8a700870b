"""Long-lived credentials of model APIs: keys in the settings of workloads, keys of users, keys of Bedrock itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scanner.builders.aws_identity.targets import BEDROCK_KIND, ENDPOINT_KINDS
from scanner.builders.blocks import Found, at, text
from scanner.builders.credentials.keys import Vendor, decoy, destination, vendor_of
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.objects import object_containers
from scanner.graph.facts_access import Credential, GuardrailDemand
from scanner.graph.model import Role, State
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown

HOLDERS = frozenset({Role.GATEWAY, Role.MODEL, Role.CLASSIFIER})
"""The gateway calls models by its office; a model server has a key for what it loads or asks of its callers."""
SERVICE = "aws_iam_service_specific_credential"
BEDROCK = "bedrock.amazonaws.com"
AWS_KEY = "AWS_SECRET_ACCESS_KEY"


def build_credentials(world: World) -> None:
    """A Credential fact for each credential that reaches a model's API, or may, or is of the kind that could."""
    for one in world.inventory.of(SERVICE):
        world.add_fact(one.id, _service_key(one))
    holders = _callers(world)
    for one in world.inventory.of("aws_iam_access_key"):
        world.add_fact(one.id, _user_key(world, one, holders))
    managed = any(node.kind in (BEDROCK_KIND, *ENDPOINT_KINDS) for node in world.with_role(Role.MODEL))
    for resource in world.inventory.all:
        if resource.data or world.nodes[resource.id].roles & HOLDERS:
            continue
        for container in _settings(world, resource):
            for fact in (*_static(world, resource, container, managed), *_out_of_sight(world, resource, container)):
                world.add_fact(resource.id, fact)


def _service_key(one: Resource) -> Credential:
    found = next(iter(at(one, "service_name")), Found(None, one.origin))
    what = "a long-term API key of Bedrock"
    if isinstance(found.value, Unknown):
        because = "for which service this credential is made is not known"
        return Credential(
            origin=found.origin, because=because, what="a service-specific credential", reaches=found.value
        )
    if found.value != BEDROCK:
        because = f"the credential is for `{found.text}`"
        return Credential(origin=found.origin, because=because, what="a service-specific credential", reaches=False)
    because = "whoever has the key calls the models of the account as this user, from anywhere"
    return Credential(origin=found.origin, because=because, what=what, reaches=one.possible or True)


def _callers(world: World) -> dict[str, State]:
    """Whoever may call a managed model, or become somebody who may, and how certain that is."""
    found: dict[str, State] = {}
    into: dict[str, list[tuple[str, State]]] = {}
    for edge in world.edges:
        if edge.verb == "invoke":
            found[edge.source] = _surer(found.get(edge.source), edge.state)
        elif edge.verb == "become":
            into.setdefault(edge.target, []).append((edge.source, edge.state))
    for node in world.with_facts():
        if any(isinstance(fact, GuardrailDemand) for fact in node.facts):
            found[node.id] = State.OPEN
    waiting = list(found)
    while waiting:
        here = waiting.pop()
        for source, state in into.get(here, ()):
            joined = State.OPEN if State.POSSIBLE not in (state, found[here]) else State.POSSIBLE
            best = _surer(found.get(source), joined)
            if found.get(source) is not best:
                found[source] = best
                waiting.append(source)
    return found


def _surer(first: State | None, second: State) -> State:
    return State.OPEN if State.OPEN in (first, second) else State.POSSIBLE


def _user_key(world: World, one: Resource, callers: Mapping[str, State]) -> Credential:
    origin = mark(one.attrs, "user") or one.origin
    what = "an access key"
    status = one.attrs.get("status")
    user = world.inventory.find(one.attrs.get("user"), one, "aws_iam_user")
    if status == "Inactive":
        line = mark(one.attrs, "status") or origin
        return Credential(origin=line, because="`status` is `Inactive`", what=what, reaches=False)
    if not isinstance(user, Resource):
        unknown = user or Unknown("the user is not in the inputs", decided_by=(f"{one.address}.user",))
        because = "what the user of this key may do is not in the inputs"
        return Credential(origin=origin, because=because, what=what, reaches=unknown)
    state = callers.get(user.id)
    if state is None:
        because = f"user `{user.address}` may call no model"
        return Credential(origin=origin, because=because, what=what, reaches=False)
    because = f"user `{user.address}` may call a model, and its key never expires"
    doubt = one.possible or (status if isinstance(status, Unknown) else None)
    if state is State.POSSIBLE and doubt is None:
        doubt = Unknown("whether the user may call a model is not known", decided_by=(user.address,))
    return Credential(origin=origin, because=because, what=what, reaches=doubt or True)


def _settings(world: World, resource: Resource) -> Iterator[Container]:
    if resource.kind == "aws_lambda_function":
        for found in at(resource, "environment.variables"):
            if isinstance(found.value, Mapping):
                env = {
                    key: Found(value, mark(found.value, key) or found.origin, found.possible)
                    for key, value in found.value.items()
                }
                yield Container(resource.name, None, env=env)
        return
    yield from object_containers(world, resource)


def _static(world: World, resource: Resource, container: Container, managed: bool) -> Iterator[Credential]:
    env = {**dict(_from_secrets(world, resource, container)), **container.env}
    for name, found in env.items():
        if decoy(found.value):
            continue
        vendor = vendor_of(name)
        if vendor is not None:
            yield _vendor_key(vendor, name, found, env)
        elif name == AWS_KEY and managed:
            because = f"it holds a long-lived AWS key (`{name}`); what the key may call is not known"
            decided = Unknown(because, decided_by=(f"the user behind {name} of {resource.address}",))
            yield Credential(origin=found.origin, because=because, what=f"`{name}`", reaches=decided, static=True)


def _vendor_key(vendor: Vendor, name: str, found: Found, env: Mapping[str, Found]) -> Credential:
    reaches, because = destination(vendor, name, env)
    if found.possible is not None and reaches is True:
        reaches = found.possible
    return Credential(origin=found.origin, because=because, what=f"`{name}`", reaches=reaches, static=True)


def _from_secrets(world: World, resource: Resource, container: Container) -> Iterator[tuple[str, Found]]:
    """The variables that `envFrom` takes out of Secrets of the inputs."""
    for secret, prefix, line in _whole_secrets(world, resource, container):
        for key in _keys(secret):
            name = secret.name
            hidden = Unknown(f"it comes from Secret `{name}`", decided_by=(f"Secret/{name}",), secret=True)
            yield f"{prefix}{key}", Found(hidden, line)


def _whole_secrets(
    world: World, resource: Resource, container: Container
) -> Iterator[tuple[Resource, str, Origin | None]]:
    """The Secrets of the inputs that `envFrom` takes whole, each with the prefix and the line of it."""
    sources = dig(container.body, "envFrom")
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        name, prefix = text(dig(source, "secretRef", "name")), text(dig(source, "prefix"))
        secret = world.inventory.at(resource.unit, f"{resource.namespace}/Secret/{name}")
        if secret is not None:
            yield secret, prefix, mark(sources, index) or resource.origin


def _out_of_sight(world: World, resource: Resource, container: Container) -> Iterator[Credential]:
    """One for each Secret taken whole of which only the name was read: a cluster is not asked for more."""
    for secret, _, line in _whole_secrets(world, resource, container):
        if isinstance(secret.attrs.get("data"), Unknown):
            because = f"which variables the Secret `{secret.name}` gives it is not known: only its name is read"
            unknown = Unknown(because, decided_by=(secret.address,), secret=True)
            what = f"all of the Secret `{secret.name}`"
            yield Credential(origin=line, because=because, what=what, reaches=unknown, static=True)


def _keys(secret: Resource) -> Iterable[str]:
    for part in ("data", "stringData"):
        held = dig(secret.attrs, part)
        if isinstance(held, Mapping):
            yield from (key for key, value in held.items() if not decoy(value))
