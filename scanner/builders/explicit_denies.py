"""Explicit denies: does a policy of the inputs name an excluded caller to keep it out."""

from __future__ import annotations

from scanner.builders.admitted_accounts import build_admitted_accounts
from scanner.builders.aws_policy.statements import Statement, parse
from scanner.builders.blocks import at, line, strings
from scanner.builders.draft import World
from scanner.graph.facts_access import Admits, ExplicitDeny
from scanner.graph.model import Node, Role
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.unknown import Unknown

DOCUMENTS = ("policy", "assume_role_policy", "content", "access_policy")
"""Attributes of Terraform types that hold a policy document."""
KINDS = ("account", "organization")


def build_explicit_denies(world: World) -> None:
    """One fact for each excluded caller that something could deny by name, on every gateway; whom a front admits."""
    build_admitted_issuers(world)
    build_admitted_accounts(world)
    wanted = [entry for entry in world.profile.tenants_excluded if entry.partition(":")[0] in KINDS]
    others = [entry for entry in world.profile.tenants_excluded if entry.partition(":")[0] not in KINDS]
    statements, unread = _statements(world) if wanted else ([], None)
    for node in world.with_role(Role.GATEWAY):
        for entry in wanted:
            name = entry.partition(":")[2]
            found = next((where for statement, where in statements if _names(statement, name)), None)
            known: bool | Unknown = True if found else unread or False
            because = f"a statement denies `{name}` by name" if found else f"no policy of the inputs denies `{name}`"
            fact = ExplicitDeny(origin=found or node.origin, because=because, entry=entry, present=known)
            world.add_fact(node.id, fact)
        for entry in others:
            _caller(world, node, entry)


ISSUERS = (
    ("RequestAuthentication", "security.istio.io", "spec.jwtRules.issuer"),
    ("SecurityPolicy", "gateway.envoyproxy.io", "spec.jwt.providers.issuer"),
    ("aws_apigatewayv2_authorizer", None, "jwt_configuration.issuer"),
    ("aws_lb_listener", None, "default_action.authenticate_oidc.issuer"),
    ("aws_iam_openid_connect_provider", None, "url"),
    ("aws_bedrockagentcore_gateway", None, "authorizer_configuration.custom_jwt_authorizer.discovery_url"),
)
"""Objects that take tokens, and where they name whose; a discovery URL begins with its issuer."""


def build_admitted_issuers(world: World) -> None:
    """An Admits fact for each front that takes tokens of an excluded issuer."""
    excluded = [entry for entry in world.profile.tenants_excluded if entry.startswith("issuer:")]
    for kind, group, path in ISSUERS if excluded else ():
        for one in world.inventory.like(kind, group):
            for found in at(one, path):
                for entry in excluded:
                    name = entry.partition(":")[2].removeprefix("https://").rstrip("/")
                    said = f"{found.text.removeprefix('https://').rstrip('/')}/"
                    unknown = found.unknown or one.possible
                    if said.startswith(f"{name}/") or (unknown is not None and not found.text):
                        because = f"it takes the tokens of `{found.text or '*'}`"
                        fact = Admits(origin=found.origin, because=because, entry=entry, sure=unknown or True)
                        world.add_fact(one.id, fact)


def _caller(world: World, node: Node, entry: str) -> None:
    """The fact of a caller that no policy document names: a namespace, an account of a cluster, a range, an issuer."""
    from scanner.builders.denied_callers import Gate, denies  # what a profile that excludes nobody does not need

    kind, _, name = entry.partition(":")
    resource = world.inventory.by_id.get(node.id)
    templates = pod_templates(resource) if resource is not None and node.namespace else ()
    labels = {key: value for template in templates for key, value in template.labels.items()}
    found = denies(world, Gate(node.id.partition(":")[0], node.namespace, labels), kind, name)
    if found is None:
        return
    where, present = found
    because = f"a rule denies `{name}` by name" if present is True else f"no rule of the inputs denies `{name}` by name"
    if isinstance(present, Unknown):
        because = f"whether a rule denies `{name}` is not known: {present.cause}"
    world.add_fact(node.id, ExplicitDeny(origin=where or node.origin, because=because, entry=entry, present=present))


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
