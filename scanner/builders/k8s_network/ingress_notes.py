"""Annotations of an Ingress that send requests elsewhere than its rules say, or copy them.

Sources: ingress-nginx "Annotations" (mirror, default backend, snippets, canary); AWS Load Balancer Controller
"Ingress annotations" (actions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.backends import Backend
from scanner.builders.k8s_network.hosts import split_url
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

NGINX = "nginx.ingress.kubernetes.io/"
ACTIONS = "alb.ingress.kubernetes.io/actions."
USE_ANNOTATION = "use-annotation"
_SNIPPETS = (
    *(f"{NGINX}{name}-snippet" for name in ("configuration", "server", "stream", "auth", "location")),
    *(f"nginx.org/{name}-snippets" for name in ("server", "location")),
    *(f"haproxy.org/{name}-config-snippet" for name in ("backend", "frontend", "global")),
)
"""Annotations that hold settings of the server itself: ingress-nginx, NGINX Ingress Controller, HAProxy."""
_PASS = lazy(r"(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+([^;\s]+)")
_OUT_OF_SIGHT = lazy(
    r"\binclude\s|_by_lua|js_content|\bmirror\s+[^o;]|\bset\s+\$(proxy_|service_|namespace)|\b(use_backend|server)\s+\S+\s"
)
"""Code, settings in other files, copies, the variables that ingress-nginx picks its upstream by, HAProxy's backends."""


def noted_backends(route: Resource) -> Iterator[Backend]:
    """Where ingress-nginx sends beside the rules."""
    annotations = dig(route.attrs, "metadata", "annotations")
    if isinstance(annotations, Unknown):
        because = "its annotations are not known, and may send requests anywhere"
        yield Backend("", None, None, route.origin, because, unknown_doubt(annotations), anywhere=True)
        return
    target = dig(annotations, f"{NGINX}mirror-target")
    if target is not None:
        yield _mirror(route, target, _line(route, f"{NGINX}mirror-target"))
    other = dig(annotations, f"{NGINX}default-backend")
    if other is not None:
        line = _line(route, f"{NGINX}default-backend")
        shown = other if isinstance(other, str) else "*"
        yield Backend(route.namespace, other, None, line, f"`{NGINX}default-backend` sends to Service `{shown}`")
    for name in _SNIPPETS:
        text = dig(annotations, name)
        if text is not None:
            yield from _snippet(route, name, text)


def _line(route: Resource, key: str) -> Origin:
    return mark(route.attrs, "metadata", "annotations", key) or route.origin


def _mirror(route: Resource, target: Value, line: Origin) -> Backend:
    key = f"{NGINX}mirror-target"
    if not isinstance(target, str):
        doubt = unknown_doubt(target) if isinstance(target, Unknown) else None
        return Backend("", None, None, line, f"`{key}` copies requests to a place that is not known", doubt, None, True)
    host, port = split_url(target)
    if not host:
        # A URI on the same server: its own location decides, which only a snippet can write.
        return Backend(route.namespace, None, None, line, f"`{key}` copies requests to `{target}`", host="localhost")
    return Backend(route.namespace, None, port, line, f"`{key}` copies requests to `{host}`", host=host)


def _snippet(route: Resource, name: str, text: Value) -> Iterator[Backend]:
    """A snippet is read for what passes requests on; other directives send nothing anywhere."""
    line, key = _line(route, name), name
    if not isinstance(text, str):
        doubt = unknown_doubt(text) if isinstance(text, Unknown) else None
        yield Backend("", None, None, line, f"`{key}` is not known, and may pass requests on", doubt, None, True)
        return
    for found in _PASS.finditer(text):
        host, port = split_url(found[1])
        because = f"`{key}` passes requests on to `{host or found[1]}`"
        if "$" in found[1].partition("://")[2].partition("/")[0] or not host:
            doubt = Doubt("value-unknown", (f"{route.address}: {name}",))
            yield Backend("", None, None, line, because, doubt, anywhere=True)
        else:
            yield Backend(route.namespace, None, port, line, because, host=host)
    if _OUT_OF_SIGHT.search(text):
        doubt = Doubt("value-unknown", (f"{route.address}: {name}",))
        because = f"`{key}` runs code or includes settings, which may pass requests on"
        yield Backend("", None, None, line, because, doubt, anywhere=True)


def canary(view: View, route: Resource) -> bool | Doubt:
    """Whether an Ingress gets requests: a canary of weight 0, which no header or cookie asks for, gets none."""
    annotations = dig(route.attrs, "metadata", "annotations")
    if str(dig(annotations, f"{NGINX}canary")).lower() != "true":
        return True
    if any(dig(annotations, f"{NGINX}canary-by-{one}") is not None for one in ("header", "cookie")):
        return True
    weight = dig(annotations, f"{NGINX}canary-weight")
    if isinstance(weight, Unknown):
        return unknown_doubt(weight)
    if weight in (None, 0, "0"):
        view.world.assumptions[
            f"`{route.address}` is a canary of weight 0: nothing is sent there until it is edited"
        ] = None
        return False
    return True


def action_backends(view: View, route: Resource, name: Value, what: str) -> Iterator[Backend]:
    """Where an action of the AWS controller forwards; one that is not there, or not understood, forwards anywhere."""
    key = f"{ACTIONS}{name}"
    written = dig(route.attrs, "metadata", "annotations", key) if isinstance(name, str) else name
    line = _line(route, key) if isinstance(name, str) else route.origin
    action = _parsed(written)
    if action is None:
        doubt = unknown_doubt(written) if isinstance(written, Unknown) else Doubt("value-unknown", (key,))
        because = f"{what} is an action that is not known"
        yield Backend(route.namespace, None, None, line, because, doubt, anywhere=True)
        return
    if str(action.get("type", "")).lower() not in ("forward", ""):
        return
    config = action.get("forwardConfig")
    groups: list[object] = list(items_of(config.get("targetGroups"))) if isinstance(config, Mapping) else []
    for one in (*groups, action):
        if isinstance(one, Mapping):
            yield from _group(view, route, one, line, what)


def _parsed(written: Value) -> Mapping[str, Value] | None:
    try:
        found = json.loads(written) if isinstance(written, str) else None
    except ValueError:
        return None
    if not isinstance(found, Mapping):
        return None
    lowered = _lowered(found)
    return lowered if isinstance(lowered, Mapping) else None


def _lowered(value: Value) -> Value:
    """The controller has had two spellings of its keys (`targetGroups`, `TargetGroups`): both as the newer one."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lowered(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_lowered(one) for one in value]
    return value


def _group(view: View, route: Resource, group: Mapping[str, Value], line: Origin, what: str) -> Iterator[Backend]:
    """One target group of an action: a Service, or a group by name that a TargetGroupBinding fills."""
    name, arn = group.get("serviceName"), group.get("targetGroupARN") or group.get("targetGroupName")
    if group.get("weight") in (0, "0"):
        said = f"`{route.address}` forwards to `{name or arn}` with weight 0: nothing is sent there until it is edited"
        view.world.assumptions[said] = None
        return
    if isinstance(name, str):
        port = group.get("servicePort")
        number: Value = int(port) if isinstance(port, str) and port.isdigit() else port
        yield Backend(route.namespace, name, number, line, f"{what} forwards to Service `{name}`")
    elif arn is not None:
        yield from bound_to(view, arn, line, f"{what} forwards to target group `{arn}`")


def bound_to(view: View, arn: Value, line: Origin | None, because: str) -> Iterator[Backend]:
    """The Services that a TargetGroupBinding registers with a target group."""
    for one in view.of("TargetGroupBinding"):
        own = dig(one.attrs, "spec", "targetGroupARN") or dig(one.attrs, "spec", "targetGroupName")
        if own == arn or isinstance(own, Unknown):
            doubt = unknown_doubt(own) if isinstance(own, Unknown) else None
            reference = dig(one.attrs, "spec", "serviceRef")
            name, port = dig(reference, "name"), dig(reference, "port")
            yield Backend(one.namespace, name, port, line, f"{because}, which `{one.address}` fills", doubt)
