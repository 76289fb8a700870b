"""Explicit denies: does a policy of the inputs name an excluded account or organisation to keep it out."""

from __future__ import annotations

from scanner.builders.aws_policy.statements import Statement, parse
from scanner.builders.blocks import line, strings
from scanner.builders.draft import World
from scanner.graph.facts_access import ExplicitDeny
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.unknown import Unknown

DOCUMENTS = ("policy", "assume_role_policy", "content", "access_policy")
"""Attributes of Terraform types that hold a policy document."""
KINDS = ("account", "organization")


def build_explicit_denies(world: World) -> None:
    """One fact for each excluded account or organisation, on every gateway."""
    wanted = [entry for entry in world.profile.tenants_excluded if entry.partition(":")[0] in KINDS]
    if not wanted:
        return
    denies, unread = _statements(world)
    for node in list(world.nodes.values()):
        if Role.GATEWAY not in node.roles:
            continue
        for entry in wanted:
            name = entry.partition(":")[2]
            found = next((where for statement, where in denies if _names(statement, name)), None)
            known: bool | Unknown = True if found else unread or False
            because = f"a statement denies `{name}` by name" if found else f"no policy of the inputs denies `{name}`"
            fact = ExplicitDeny(origin=found or node.origin, because=because, entry=entry, present=known)
            world.add_fact(node.id, fact)


def _statements(world: World) -> tuple[list[tuple[Statement, Origin | None]], Unknown | None]:
    """Every certain Deny, and an Unknown where some document cannot be read."""
    denies: list[tuple[Statement, Origin | None]] = []
    unread: Unknown | None = None
    for one in world.inventory.all:
        for key in DOCUMENTS if not one.is_manifest else ():
            if one.attrs.get(key) is None:
                continue
            policy = parse(one.attrs[key], one.address, line(one, key))
            unread = unread or policy.unknown
            sure = one.possible is None
            denies += [(each, each.origin) for each in policy.statements if each.denies and not each.doubt and sure]
    return denies, unread


def _names(statement: Statement, name: str) -> bool:
    """Whether the statement's principals or conditions name the account or organisation."""
    values = [statement.principals, *(value for one in statement.conditions for value in one.values)]
    texts = [str(found.value) for value in values for found in strings(value)]
    return any(name in text for text in texts) and not statement.not_principals
