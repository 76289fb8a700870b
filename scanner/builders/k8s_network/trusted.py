"""Callers that the profile admits to one port: the way is taken out where that port carries no inference."""

from __future__ import annotations

from msgspec import Struct, field

from scanner.builders.k8s_network.view import Target, View, profile_names
from scanner.builders.k8s_policy.ports import NONE, PortSet, ports, union
from scanner.profile import TrustedCaller


class Admitted(Struct):
    """The trusted callers of one cluster: `callers` are nodes of workloads, `ports` what is taken out, by both ends."""

    callers: set[str] = field(default_factory=set)
    ports: dict[tuple[str, str], PortSet] = field(default_factory=dict)

    def concerns(self, owner: str) -> bool:
        """Whether any entry names this caller, so that it cannot be one of a set."""
        return owner in self.callers

    def removed(self, owner: str, target: Target) -> PortSet:
        """The ports that this caller may use on this target."""
        return self.ports.get((owner, target.name), NONE)


def admitted_callers(view: View) -> Admitted:
    """Read the profile's `trusted`, and say in the report what it does and does not change."""
    found = Admitted()
    for entry in view.world.profile.trusted:
        owners = [one.address for one in view.workloads if profile_names(entry.source, view, one.address)]
        targets = [one for one in view.targets if profile_names(entry.target, view, one.name)]
        for owner in owners:
            for target in targets:
                _admit(view, found, entry, owner, target)
    return found


def _admit(view: View, found: Admitted, entry: TrustedCaller, owner: str, target: Target) -> None:
    way = f"`{owner}` may call `{target.name}` on port {entry.port}"
    listening = target.listening
    if not listening.inference:
        why = "on which port the model answers is not known"
    elif entry.port in listening.inference:
        why = "the model answers inference on that port"
    else:
        found.callers.add(view.node(owner))
        key = (view.node(owner), target.name)
        found.ports[key] = union(found.ports.get(key, NONE), ports("TCP", entry.port, entry.port))
        ends = f"until {entry.expires.isoformat()}, {entry.owner}: {entry.reason}"
        view.world.trusted[f"{way} ({ends}); {listening.how}"] = None
        return
    view.world.assumptions[f"{way} by the profile, but the way stays in the graph: {why}"] = None
