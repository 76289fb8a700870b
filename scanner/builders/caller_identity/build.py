"""Whether the fronts of a gateway ask who calls: routes of API Gateway, function URLs, listeners and Ingresses."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.builders.blocks import at, first, line
from scanner.builders.draft import World
from scanner.builders.edges import truth
from scanner.graph.facts_access import CallerIdentity
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

ASKING = {
    "nginx.ingress.kubernetes.io/auth-url": lazy(r"\S"),
    "nginx.ingress.kubernetes.io/auth-type": lazy(r"basic|digest"),
    "nginx.ingress.kubernetes.io/auth-tls-secret": lazy(r"\S"),
    "alb.ingress.kubernetes.io/auth-type": lazy(r"cognito|oidc"),
    "haproxy.org/auth-type": lazy(r"basic"),
    "haproxy-ingress.github.io/auth-url": lazy(r"\S"),
}
"""Annotation of an Ingress -> the values with which its controller asks every caller who it is."""
WEAKENED = "nginx.ingress.kubernetes.io/auth-tls-verify-client"
MAY_ASK = ("traefik.ingress.kubernetes.io/router.middlewares", "konghq.com/plugins")
"""Annotations that name objects of their own, which may ask."""
ACTIONS = frozenset({"authenticate-oidc", "authenticate-cognito", "jwt-validation"})


def build_caller_identity(world: World) -> None:
    """A CallerIdentity fact for every front that could ask."""
    for one in world.inventory.of("aws_apigatewayv2_route"):
        _route(world, one)
    for one in world.inventory.of("aws_api_gateway_method"):
        _method(world, one)
    for one in world.inventory.of("aws_lambda_function_url"):
        _add(world, one, _setting(one, "authorization_type", ("AWS_IAM",), ""))
    for one in world.inventory.of("aws_lb_listener", "aws_alb_listener"):
        _listener(world, one)
    for one in world.inventory.of("Ingress"):
        _ingress(world, one)


def _add(world: World, one: Resource, fact: CallerIdentity) -> None:
    world.add_fact(one.id, fact)


def _setting(one: Resource, key: str, asking: tuple[str, ...], default: str) -> CallerIdentity:
    """A front whose one setting says it."""
    found = first(one, key)
    origin = line(one, key)
    if found is not None and found.unknown is not None:
        return CallerIdentity(origin=origin, because=f"what `{key}` is set to is not known", asked=found.unknown)
    if found is None:
        return CallerIdentity(origin=origin, because=f"`{key}` is not set: the default is {default}", asked=False)
    return CallerIdentity(origin=origin, because=f"`{key}` is `{found.text}`", asked=found.value in asking)


def _route(world: World, one: Resource) -> None:
    """A route of an HTTP or WebSocket API; a WebSocket asks once, when it is opened, and a preflight never."""
    api = world.inventory.find(one.attrs.get("api_id"), one, "aws_apigatewayv2_api")
    key = str(one.attrs.get("route_key"))
    socket = isinstance(api, Resource) and api.attrs.get("protocol_type") == "WEBSOCKET"
    if (socket and key != "$connect") or key.startswith("OPTIONS "):
        return
    fact = _setting(one, "authorization_type", ("AWS_IAM", "JWT", "CUSTOM"), "NONE")
    off = truth(api.attrs.get("disable_execute_api_endpoint"), False) if isinstance(api, Resource) else False
    if fact.asked is False and off is not False and isinstance(api, Resource):
        fact = _doubted(fact, f"a domain of `{api.address}` may ask for client certificates", api.address)
    _add(world, one, fact)


def _method(world: World, one: Resource) -> None:
    if one.attrs.get("http_method") == "OPTIONS":
        return
    fact = _setting(one, "authorization", ("AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"), "NONE")
    api = world.inventory.find(one.attrs.get("rest_api_id"), one, "aws_api_gateway_rest_api")
    if fact.asked is False and truth(one.attrs.get("api_key_required"), False) is not False:
        fact = _doubted(fact, "a key of the API is asked for, which names a client and proves little", one.address)
    elif fact.asked is False and isinstance(api, Resource) and _policed(world, api):
        fact = _doubted(
            fact, f"the resource policy of `{api.address}` may ask for signed calls", f"{api.address}.policy"
        )
    _add(world, one, fact)


def _policed(world: World, api: Resource) -> bool:
    policies = world.inventory.of("aws_api_gateway_rest_api_policy", unit=api.unit)
    own = (world.inventory.find(one.attrs.get("rest_api_id"), one) for one in policies)
    return api.attrs.get("policy") is not None or any(one is api for one in own)


def _doubted(fact: CallerIdentity, why: str, decides: str) -> CallerIdentity:
    because = f"{fact.because}, and {why}"
    return CallerIdentity(origin=fact.origin, because=because, asked=Unknown(because, decided_by=(decides,)))


def _listener(world: World, one: Resource) -> None:
    """A listener of an application load balancer: it asks by an action, or by client certificates."""
    protocol = one.attrs.get("protocol")
    if isinstance(protocol, str) and protocol not in ("HTTP", "HTTPS"):
        return
    for found in at(one, "default_action.type"):
        if found.value in ACTIONS:
            because = f"its first action is `{found.text}`"
            _add(world, one, CallerIdentity(origin=found.origin, because=because, asked=found.possible or True))
            return
    for found in at(one, "mutual_authentication.mode"):
        if found.value == "verify":
            because = "it verifies client certificates"
            _add(world, one, CallerIdentity(origin=found.origin, because=because, asked=found.possible or True))
            return
    because = "the listener forwards without asking who calls"
    _add(world, one, _behind(one, because, one.origin))


def _behind(one: Resource, because: str, origin: Origin) -> CallerIdentity:
    """A front that asks nothing: whether what is behind it does, nothing in the inputs says."""
    unknown = Unknown(
        f"{because}: whether what is behind it asks is not known", decided_by=(f"the gateway behind {one.address}",)
    )
    return CallerIdentity(origin=origin, because=unknown.cause, asked=unknown)


def _ingress(world: World, one: Resource) -> None:
    notes = dig(one.attrs, "metadata", "annotations")
    origin = mark(one.attrs, "metadata", "name") or one.origin
    if isinstance(notes, Unknown):
        _add(world, one, CallerIdentity(origin=origin, because="its annotations are not known", asked=notes))
        return
    _add(world, one, _by_notes(one, notes, origin))


def _by_notes(one: Resource, notes: Value, origin: Origin) -> CallerIdentity:
    held = notes if isinstance(notes, Mapping) else {}
    for name, pattern in ASKING.items():
        value = held.get(name)
        where = mark(notes, name) or origin
        if isinstance(value, Unknown):
            return CallerIdentity(origin=where, because=f"what `{name}` says is not known", asked=value)
        if isinstance(value, str) and pattern.search(value):
            weak = held.get(WEAKENED) if name.endswith("auth-tls-secret") else None
            if isinstance(weak, Unknown):
                because = f"what `{WEAKENED}` says is not known"
                return CallerIdentity(origin=mark(notes, WEAKENED) or where, because=because, asked=weak)
            if weak in ("off", "optional", "optional_no_ca"):
                because = f"`{WEAKENED}` is `{weak}`: a caller without a certificate passes"
                return CallerIdentity(origin=mark(notes, WEAKENED) or where, because=because, asked=False)
            return CallerIdentity(origin=where, because=f"`{name}` is `{value}`", asked=True)
    named = next((name for name in MAY_ASK if name in held), "")
    if named:
        because = f"whether what `{named}` names asks who calls is not evaluated"
        unknown = Unknown(because, decided_by=(f"{one.address}: {named}",))
        return CallerIdentity(origin=mark(notes, named) or origin, because=because, asked=unknown)
    return _behind(one, "no annotation of the Ingress asks who calls", origin)
