"""Services that are shared with other clusters: whoever runs there calls them, with labels that policies cannot tell.

Sources: docs.cilium.io "Load-balancing & Service Discovery" of Cluster Mesh (`shared` is true unless it is written;
policies admit by label whatever the cluster, unless they name one); multicluster.sigs.k8s.io "Multicluster Services
API" (a ServiceExport has the name of its Service); linkerd.io "Multi-cluster communication"; skupper.io "Exposing
services" (`skupper.io/proxy`).
"""

from __future__ import annotations

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.ports import traffic_of
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark

OTHERS = "other-clusters"
REASON = "other-clusters-unread"
_GLOBAL = ("service.cilium.io/global", "io.cilium/global-service")
_SHARED = ("service.cilium.io/shared", "io.cilium/shared-service")
_EXPORTED = (("labels", "mirror.linkerd.io/exported"), ("annotations", "skupper.io/proxy"))
_EXPORT = "ServiceExport"


def build_other_clusters(view: View, services: Services) -> None:
    """A possible edge from the pods of other clusters into each Service of a target that is shared with them."""
    exports = {(one.namespace, one.name): one for one in view.of(_EXPORT)}
    for service in services.by_name.values():
        found = _shared(service, exports)
        for door in services.doors(service) if found is not None else ():
            says, line = found or ("", None)
            because = f"{says}: pods of other clusters call it"
            doubt = Doubt(REASON, (f"the clusters that share {service.address}",))
            source = view.world.external(OTHERS).id
            connect(view.world, source, door.node, because, line, traffic=traffic_of(door.ports), doubt=doubt, cut=True)


def _shared(service: Resource, exports: dict[tuple[str, str], Resource]) -> tuple[str, Origin | None] | None:
    """What shares a Service with other clusters, and its line; None where nothing does."""
    export = exports.get((service.namespace, service.name))
    if export is not None:
        return f"`{export.address}` exports it", own_line(export)
    notes = dig(service.attrs, "metadata", "annotations")
    kept = any(str(dig(notes, key)).lower() == "false" for key in _SHARED)
    for key in () if kept else _GLOBAL:
        said = dig(notes, key)
        if said is not None and str(said).lower() != "false":
            return f"`{key}` joins it to the Services of its name in other clusters", mark(notes, key)
    for where, key in _EXPORTED:
        held = dig(service.attrs, "metadata", where)
        said = dig(held, key)
        if said is not None and str(said).lower() != "false":
            return f"`{key}` exports it", mark(held, key)
    return None
