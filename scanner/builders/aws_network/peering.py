"""Peering connections between two networks: not transitive, and of no use before both sides agree."""

from __future__ import annotations

from scanner.builders.aws_network.tables import VPC_KINDS, Route
from scanner.builders.edges import Doubt, Truth, both, doubt_of, first_doubt, truth
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Unknown

KIND = "aws_vpc_peering_connection"
DEAD = ("deleted", "deleting", "expired", "failed", "rejected")


class Peerings:
    """The peering connections of the inputs, and the networks that each joins."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def joins(self, route: Route, source: str, target: str) -> Truth:
        """Whether the connection that a route names joins the networks `source` and `target`, by node id."""
        found = self.inventory.find(route.value, route.unit, KIND, f"{KIND}_accepter")
        if isinstance(found, Resource) and found.kind == f"{KIND}_accepter":
            found = self.inventory.find(found.attrs.get("vpc_peering_connection_id"), found, KIND)
        if not isinstance(found, Resource):
            why = doubt_of(found) if isinstance(found, Unknown) else None
            return why or Doubt("peer-not-in-input", (str(route.value),))
        ends = [self.inventory.find(found.attrs.get(key), found, *VPC_KINDS) for key in ("vpc_id", "peer_vpc_id")]
        known = [one.id for one in ends if isinstance(one, Resource)]
        if len(known) == 2:
            return self.active(found) if sorted(known) == sorted((source, target)) else False
        if any(one not in (source, target) for one in known):
            return False
        unsure = first_doubt(*(doubt_of(one) for one in ends if isinstance(one, Unknown)))
        return unsure or Doubt("peer-not-in-input", (found.address,))

    def active(self, one: Resource) -> Truth:
        """Whether a connection is accepted: by itself, by an accepter, or as recorded."""
        exists: Truth = doubt_of(one.possible) or True
        status = one.attrs.get("accept_status")
        if isinstance(status, str) and status:
            pending = Doubt("condition-unevaluable", (f"{one.address}.accept_status",))
            return both(exists, True if status == "active" else status not in DEAD and pending)
        accepted = [truth(one.attrs.get("auto_accept"), False)]
        for other in self.inventory.of(f"{KIND}_accepter", unit=one.unit):
            if self.inventory.find(other.attrs.get("vpc_peering_connection_id"), other) is one:
                accepted.append(both(truth(other.attrs.get("auto_accept"), False), doubt_of(other.possible) or True))
        if any(found is True for found in accepted):
            return exists
        waits = Doubt("condition-unevaluable", (f"{one.address}.auto_accept",))
        return both(exists, first_doubt(*(found for found in accepted if isinstance(found, Doubt))) or waits)
