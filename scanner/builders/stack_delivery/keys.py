"""Who signs the functions of the stack, and by whose keys guardrails and evidence are sealed.

Sources: hashicorp/aws documentation of `aws_lambda_function` (`code_signing_config_arn`), of
`aws_lambda_code_signing_config` (`untrusted_artifact_on_deployment`: `Warn` where nothing is written) and of
`aws_bedrock_guardrail` (`kms_key_arn`: a key of AWS where nothing is written).
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.blocks import Found, at, first, strings
from scanner.builders.control.aws_keys import KEY, PATHS, sealed
from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.builders.recognise.stack import GUARDRAILS
from scanner.builders.stack_delivery.gitops import is_own
from scanner.graph.model import STACK, Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, unknowns_in

FUNCTION, CONFIG = "aws_lambda_function", "aws_lambda_code_signing_config"
POLICY = "policies.untrusted_artifact_on_deployment"
PUBLISHERS = "allowed_publishers.signing_profile_version_arns"


class Told(Struct, frozen=True):
    """One statement about a resource."""

    of: Resource
    aspect: str
    good: bool | Unknown
    because: str
    origin: Origin | None


def signing(world: World) -> Iterator[Told]:
    """Whether each function of the stack takes signed code alone; one that is an image is what its digest says."""
    for one in world.inventory.of(FUNCTION):
        if not world.nodes[one.id].roles & STACK:
            continue
        image = first(one, "image_uri")
        if image is not None:
            pinned = image.unknown if image.unknown is not None else "@sha256:" in image.text
            said = f"its image is `{image.text}`"
            yield Told(one, "pinned", pinned, said if pinned else f"{said}, a name that moves", image.origin)
            continue
        config = first(one, "code_signing_config_arn")
        if config is None:
            yield Told(one, "signed", False, "it has no code signing configuration", one.origin)
            continue
        found = world.inventory.find(config.value, one, CONFIG)
        if not isinstance(found, Resource):
            cause = f"its code signing configuration `{config.text or '*'}` is not in the inputs"
            unknown = found if isinstance(found, Unknown) else Unknown(cause, decided_by=(config.text or one.address,))
            yield Told(one, "signed", unknown, "", config.origin)
            continue
        yield from _enforced(world, one, found)


def _enforced(world: World, one: Resource, config: Resource) -> Iterator[Told]:
    policy = first(config, POLICY)
    if policy is not None and policy.unknown is not None:
        yield Told(one, "signed", policy.unknown, "", policy.origin)
        return
    good = policy is not None and policy.text == "Enforce"
    says = f"`{config.address}` refuses code without a trusted signature"
    if not good:
        says = f"`{config.address}` only warns of code without a trusted signature"
    yield Told(one, "signed", good, says, policy.origin if policy is not None else config.origin)
    for listed in at(config, PUBLISHERS) if world.profile.has("delivery.keys") else ():
        hidden = listed.unknown or next(iter(unknowns_in(listed.value)), None)
        if hidden is not None:
            yield Told(one, "keys", hidden, "", listed.origin)
    for found in (each for listed in at(config, PUBLISHERS) for each in strings(listed.value, listed.origin)):
        if not is_own(world, found.text):
            says = f"`{config.address}` trusts `{found.text}`, which the profile does not name"
            yield Told(one, "keys", False, says, found.origin)


def sealing(world: World) -> Iterator[Told]:
    """The key of each guardrail and store of evidence: whether the profile names it."""
    told: set[str] = set()
    for one, ids, named in sealed(world, frozenset()):
        told.update(ids)
        yield _key(world, one, named)
    for one in world.inventory.of(*PATHS):
        if Role.SINK in world.nodes[one.id].roles and one.id not in told:
            none = Unknown("no key of the inputs seals it", decided_by=(f"the key of {one.address}",))
            yield Told(one, "keys", none, "", one.origin)
    for one in world.inventory.of(*GUARDRAILS):
        guardrail = Role.GUARDRAIL in world.nodes[one.id].roles and one.kind.startswith(("aws_", "awscc_"))
        if guardrail and first(one, "kms_key_arn") is None:
            yield Told(one, "keys", False, "it is sealed with a key of AWS", one.origin)


def _key(world: World, one: Resource, named: Found) -> Told:
    found = world.inventory.find(named.value, one, KEY)
    if isinstance(found, Resource):
        own = any(
            names(entry, found.unit, found.address) or fnmatchcase(str(found.attrs.get("arn") or ""), entry)
            for entry in world.profile.keys
        )
        says = f"it is sealed with `{found.address}`"
        return Told(one, "keys", own, says if own else f"{says}, which the profile does not name", named.origin)
    if named.unknown is not None:
        return Told(one, "keys", named.unknown, "", named.origin)
    own = any(fnmatchcase(named.text, entry) for entry in world.profile.keys)
    if not own and named.text.startswith("alias/") and not named.text.startswith("alias/aws/"):
        unknown = Unknown(f"which key `{named.text}` is, is not in the inputs", decided_by=(named.text,))
        return Told(one, "keys", unknown, "", named.origin)
    says = f"it is sealed with `{named.text}`"
    return Told(one, "keys", own, says if own else f"{says}, which the profile does not name", named.origin)
