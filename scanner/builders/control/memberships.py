"""Who is in which group, by objects of other makers: OpenShift's groups.

Source: OpenShift, "Using RBAC", `user.openshift.io/v1` Group.
"""

from __future__ import annotations

from scanner.builders.control.rights import named_subject
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.graph.model import Plane
from scanner.resource import items_of, mark
from scanner.unknown import Unknown

OPENSHIFT = "user.openshift.io"


def add_members(world: World) -> None:
    """User -> Group, "become", for each user that an object of OpenShift puts in a group which rights speak of."""
    for one in world.inventory.like("Group", OPENSHIFT):
        group = f"{one.unit}:Group/{one.name}"
        users = one.attrs.get("users")
        if group not in world.nodes:
            continue
        for index, user in enumerate(items_of(users)):
            place = mark(one.attrs, "users", index) or one.origin
            name = user if isinstance(user, str) else user.text() if isinstance(user, Unknown) else ""
            if name:
                member = named_subject(world, one.unit, "User", name, place)
                because = f"`{one.address}` lists it: whoever is in the group has its rights"
                doubt = Doubt("value-unknown", (f"{one.address}: users",))
                connect(world, member, group, because, place, plane=Plane.IDENTITY, verb="become", doubt=doubt)
