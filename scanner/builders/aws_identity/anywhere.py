"""Certificates that IAM Roles Anywhere takes for a role: who holds one of a trust anchor's authority has the profile.

Facts: the Terraform provider for AWS, `aws_rolesanywhere_trust_anchor` and `aws_rolesanywhere_profile` (`enabled`); the
IAM Roles Anywhere user guide, "Trust model": any enabled trust anchor of the account and region serves any profile that
is enabled, as far as the role's trust policy lets it.
"""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.graph.model import Plane
from scanner.resource import Resource, mark
from scanner.unknown import Unknown

PROFILE, ANCHOR = "aws_rolesanywhere_profile", "aws_rolesanywhere_trust_anchor"


def add_certificates(world: World) -> None:
    """Add "become" edges from the holders of certificates to the profiles that hand roles out to them."""
    for profile in world.inventory.of(PROFILE):
        if profile.attrs.get("enabled") is False:
            continue
        anchors = [
            one for one in world.inventory.of(ANCHOR, unit=profile.unit) if one.attrs.get("enabled") is not False
        ]
        for anchor in anchors:
            _let_in(world, profile, anchor)
        if not anchors:
            doubt = Doubt("value-unknown", (ANCHOR,))
            because = "no trust anchor of the inputs says whose certificates it takes"
            _edge(world, profile, "certificate/*", because, profile, doubt)


def _let_in(world: World, profile: Resource, anchor: Resource) -> None:
    because = f"`{anchor.address}` takes certificates of its authority for the roles of the profile"
    enabled = anchor.attrs.get("enabled")
    doubt = None
    for value in (anchor.possible, profile.possible, enabled, profile.attrs.get("enabled")):
        if isinstance(value, Unknown):
            doubt = Doubt(value.code, value.decided_by or (anchor.address,))
    _edge(world, profile, f"certificate/{anchor.name}", because, anchor, doubt)


def _edge(world: World, profile: Resource, name: str, because: str, place: Resource, doubt: Doubt | None) -> None:
    source = world.external(name).id
    line = mark(place.attrs, "source") or place.origin
    world.set_actor(profile.id)
    connect(world, source, profile.id, because, line, plane=Plane.IDENTITY, verb="become", doubt=doubt, cut=True)
