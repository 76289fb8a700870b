"""Identity in AWS that an operator of Kubernetes declares (ACK, Crossplane): pod identity, and policies of IAM.

Facts: the CRDs of aws-controllers-k8s/eks-controller and iam-controller (`roleARN`, `roleRef.from`, `policyDocument`,
`inlinePolicies`) and of Upbound's provider-aws (`forProvider.roleArn`, `roleArnRef`, `roleArnSelector`, `policy`; the
annotation `crossplane.io/external-name` is the name in AWS, else the object's own is).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.carriers import Carrier, matches
from scanner.builders.aws_identity.targets import Target, targets
from scanner.builders.blocks import Found, at, strings, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_identity import Account, Carried, accounts, note_carried
from scanner.graph.model import Plane
from scanner.patterns import lazy
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

ASSOCIATION = "PodIdentityAssociation"
EKS = ("eks.services.k8s.aws", "eks.aws.upbound.io", "eks.aws.m.upbound.io", "eks.aws.crossplane.io")
IAM = ("iam.services.k8s.aws", "iam.aws.upbound.io", "iam.aws.m.upbound.io", "iam.aws.crossplane.io")
GRANTS = ("Role", "Policy", "User", "Group", "RolePolicy", "UserPolicy", "GroupPolicy", "RolePolicyAttachment",
          "UserPolicyAttachment", "GroupPolicyAttachment")  # fmt: skip
DOCUMENTS = (
    "policyDocument", "inlinePolicies", "policies", "inlinePolicy", "forProvider.policy", "forProvider.document",
    "forProvider.inlinePolicy", "forProvider.managedPolicyArns", "forProvider.policyArn",
)  # fmt: skip
CALLING = lazy(
    r"bedrock|sagemaker|administratoraccess|poweruseraccess|"
    r"\"notaction\"|\"action\"\s*:\s*(?:\[[^]]*)?\"\*\"",
    re.IGNORECASE,
)
"""What a document or the name of a policy says where it may allow the call of a model."""
EXTERNAL = "crossplane.io/external-name"


def associated(world: World) -> Iterator[Carrier]:
    """Workloads that an association of an operator gives a role of the inputs."""
    listed = accounts(world)
    for one in world.inventory.of(ASSOCIATION):
        if one.group not in EKS:
            continue
        spec = "spec.forProvider" if one.group != EKS[0] else "spec"
        namespace, account = (_at(one, f"{spec}.{key}") for key in ("namespace", "serviceAccount"))
        known = isinstance(namespace, str) and isinstance(account, str)
        some = listed.named(str(namespace), str(account)) if known else listed.all()
        meant = [(each, doubt) for each in some if (doubt := matches(each, namespace, account)) is not False]
        for role, line, unsure in _roles(world, one, spec):
            for each, doubt in meant:
                why = doubt if isinstance(doubt, Unknown) else unsure or one.possible or _across(each, one)
                yield from _carriers(world, one, each, role, Found(None, line.origin), why)


def _at(one: Resource, path: str) -> Value:
    found = next(iter(at(one, path)), None)
    return found.value if found is not None else None


def _across(account: Account, one: Resource) -> Unknown | None:
    if account.unit == one.unit:
        return None
    cause = f"whether the manifests of `{account.unit}` run in the cluster of `{one.address}` is not known"
    return Unknown(cause, code="cross-unit", decided_by=("profile:units",))


def _carriers(
    world: World, one: Resource, account: Account, role: Resource, line: Found, why: Unknown | None
) -> Iterator[Carrier]:
    because = f"`{one.address}` gives the role to service account `{account.namespace}/{account.shown}`"
    if isinstance(account.name, str):
        names = () if why is None else why.decided_by or (one.address,)
        note_carried(world, Carried(account.node_id, role.id, because, names))
    for pod in account.pods:
        yield Carrier(pod.resource.id, role.id, "pods.eks", because, line.origin or one.origin, why)


def _roles(world: World, one: Resource, spec: str) -> Iterator[tuple[Resource, Found, Unknown | None]]:
    """The roles of the inputs that an association names, or may name, each with the line and the doubt."""
    for key in ("roleARN", "roleArn"):
        for found in at(one, f"{spec}.{key}"):
            yield from _named(world, one, found)
    for path in ("roleRef.from.name", "roleArnRef.name"):
        for found in at(one, f"{spec}.{path}"):
            yield from _of_object(world, one, found)
    for found in at(one, f"{spec}.roleArnSelector"):
        cause = f"which role the selector of `{one.address}` finds is not known"
        unsure = Unknown(cause, decided_by=(f"{one.address}: roleArnSelector",))
        for role in world.inventory.of("aws_iam_role"):
            yield role, found, unsure


def _named(world: World, one: Resource, found: Found) -> Iterator[tuple[Resource, Found, Unknown | None]]:
    if isinstance(found.value, Unknown):
        for role in world.inventory.of("aws_iam_role"):
            yield role, found, found.value
        return
    for named in meant(world, found.value, one, "aws_iam_role"):
        yield named.resource, found, named.doubt


def _of_object(world: World, one: Resource, found: Found) -> Iterator[tuple[Resource, Found, Unknown | None]]:
    """A Role of the operator, by what it is called in AWS."""
    name = text(found.value)
    declared = next((each for each in world.inventory.like("Role") if each.group in IAM and each.name == name), None)
    if declared is not None:
        external = dig(declared.attrs, "metadata", "annotations", EXTERNAL)
        name = text(dig(declared.attrs, "spec", "name")) or text(external) or name
    for role in world.inventory.of("aws_iam_role"):
        if role.attrs.get("name") == name:
            yield role, found, _other_unit(one, role.unit)


def _other_unit(one: Resource, unit: str) -> Unknown | None:
    if unit == one.unit:
        return None
    cause = f"whether the role of `{unit}` is the one that `{one.address}` names is not known"
    return Unknown(cause, code="cross-unit", decided_by=("profile:units",))


def add_operator_grants(world: World) -> None:
    """Possible "invoke" edges from the objects whose policies of IAM may allow the call of a managed model."""
    models = targets(world)
    for kind in GRANTS if models else ():
        for one in world.inventory.like(kind):
            line = _calling(one) if one.group in IAM else None
            if line is not None:
                _may_call(world, one, line, models)


def _may_call(world: World, one: Resource, line: Found, models: list[Target]) -> None:
    world.set_actor(one.id)
    because = f"what the IAM policy of `{one.address}` allows is not evaluated, and it may be the call"
    doubt = Doubt("kind-unmodelled", (one.address,))
    for model in models:
        connect(
            world,
            one.id,
            model.node.id,
            because,
            line.origin or one.origin,
            plane=Plane.IDENTITY,
            verb="invoke",
            doubt=doubt,
            cut=True,
        )


def _calling(one: Resource) -> Found | None:
    """Where an object says something that may allow the call of a model; None where nothing of it does."""
    for path in DOCUMENTS:
        for found in at(one, f"spec.{path}"):
            if isinstance(found.value, Unknown):
                return found
            for each in strings(found.value, found.origin):
                if CALLING.search(each.text):
                    return each
    return None
