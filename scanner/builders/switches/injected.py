"""Programs that an annotation has an injector of the cluster put into a pod; proxies of meshes are told elsewhere.

Sources: docs.dapr.io "Dapr arguments and annotations"; opentelemetry.io "Injecting Auto-instrumentation" and the
operator's sidecar; telepresence.io "Traffic Agent Sidecar"; istio.io "Custom templates".
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.origin import Origin
from scanner.podspec import PodTemplate
from scanner.resource import mark
from scanner.unknown import Unknown

_KEYS = {
    "dapr.io/enabled": "the sidecar of Dapr",
    "sidecar.opentelemetry.io/inject": "a collector of OpenTelemetry",
    "telepresence.getambassador.io/inject-traffic-agent": "Telepresence's agent",
    "telepresence.io/inject-traffic-agent": "Telepresence's agent",
    "inject.istio.io/templates": "what a template of Istio's injector says",
}
_CODE = "instrumentation.opentelemetry.io/inject-"
_NONE = frozenset({"", "false", "disabled", "no", "off", "0"})
_OWN = frozenset({"sidecar", "gateway", "grpc-agent", "grpc-simple", "waypoint", "kube-gateway"})
"""The templates that Istio comes with."""


def injected(template: PodTemplate) -> Iterator[tuple[str, Origin | None, str, str]]:
    """Setting, line, cause and what decides it for each annotation that puts another program into the pod."""
    notes = template.annotations
    for key, value in notes.items():
        what = "code of OpenTelemetry" if key.startswith(_CODE) else _KEYS.get(key)
        if what is None or (not isinstance(value, Unknown) and str(value).lower() in _NONE):
            continue
        if key == "inject.istio.io/templates" and isinstance(value, str) and {*value.split(",")} <= _OWN:
            continue
        cause = f"`{key}` has an injector put {what} into the pod, which is not looked at"
        yield key, mark(notes, key), cause, key
