"""Whether a stop control stops a model: a policy that denies calls, a role that may end servers, a key under a model.

Sources: AWS Service Authorization Reference (what each action does); Kubernetes API reference (`scale` subresource).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.access import judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.organisation import POLICY, RESOURCE, SERVICE
from scanner.builders.aws_identity.principals import principals
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.blocks import strings
from scanner.builders.control.rbac_rules import RoleBook
from scanner.builders.draft import World
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.tables import inference_actions
from scanner.unknown import Unknown, refs_in

STOPS = {
    "organizations:AttachPolicy": "policy/o-0/service_control_policy/p-0",
    "sagemaker:DeleteEndpoint": "endpoint/0", "sagemaker:UpdateEndpointWeightsAndCapacities": "endpoint/0",
    "ecs:UpdateService": "service/0/0", "ecs:DeleteService": "service/0/0",
    "lambda:PutFunctionConcurrency": "function:0", "lambda:DeleteFunction": "function:0",
    "autoscaling:UpdateAutoScalingGroup": "autoScalingGroup:0:autoScalingGroupName/0",
    "autoscaling:SetDesiredCapacity": "autoScalingGroup:0:autoScalingGroupName/0",
    "ec2:StopInstances": "instance/i-0", "ec2:TerminateInstances": "instance/i-0",
    "eks:UpdateNodegroupConfig": "nodegroup/0/0/0", "kms:DisableKey": "key/0",
    "iam:AttachRolePolicy": "role/0", "iam:PutRolePolicy": "role/0",
    "bedrock:DeleteProvisionedModelThroughput": "provisioned-model/0",
    "bedrock:DeleteCustomModelDeployment": "custom-model-deployment/0",
}  # fmt: skip
"""Actions that end a model's server, or take the way to it from every caller, and how what they act on is called.

The names stand for any: who may do it on them may do it on whatever there is of the kind.
"""
SCALED = (("Deployment", "deployments"), ("StatefulSet", "statefulsets"))
VERBS = ("update", "patch", "delete")
SEALED = (
    "aws_s3_bucket", "aws_s3_bucket_server_side_encryption_configuration", "aws_ebs_volume", "aws_ebs_snapshot",
    "aws_efs_file_system", "aws_fsx_lustre_file_system", "aws_fsx_openzfs_file_system", "aws_ecr_repository",
    "aws_sagemaker_endpoint_configuration", "aws_sagemaker_model", "aws_bedrock_custom_model", "aws_instance",
    "aws_launch_template", "aws_lambda_function",
)  # fmt: skip
"""Types that a key seals: what else names a key, as a policy does, is not sealed by it."""
CALLS = ("bedrock:InvokeModel", "bedrock-mantle:CreateInference", "sagemaker:InvokeEndpoint")
"""How the actions begin by which models of a service answer: the others come to these, or to a part of its models."""
RUN = frozenset({"aws_instance", "aws_launch_template", "aws_lambda_function"})
"""Types of which a key seals the disk or the variables, and nothing that those name."""
MODELS = frozenset({Role.MODEL, Role.CANDIDATE, Role.STORE})
Answer = tuple[bool | Unknown, str]


def denies_models(world: World, one: Resource) -> Answer:
    """Whether a policy denies the calls of models, all of them of one service at least."""
    policy = policy_at(world.inventory, one, "content" if one.kind == POLICY else "policy")
    odd = _no_control(one) if one.kind == POLICY else None
    if odd is not None:
        return odd
    if policy.unknown is not None:
        return policy.unknown, ""
    if one.attrs.get("content" if one.kind == POLICY else "policy") is None:
        return Unknown("its text was not read", decided_by=(f"{one.address}: its statements",)), ""
    best: dict[str, Truth] = {}
    for statement in policy.statements:
        if statement.denies:
            # A condition spares somebody, and a resource names some models alone.
            whole = not statement.conditions and "*" in statement.resources and not statement.not_resources
            for row in inference_actions():
                found = acts_on(statement, row.action)
                found = found if whole and statement.doubt is None else min(found, Truth.POSSIBLE)
                best[row.action] = max(best.get(row.action, Truth.NO), found)
    # A model answers by the other calls of its service as long as one of these is left.
    if any(all(best.get(name) is Truth.YES for name in _calls(prefix)) for prefix in CALLS):
        return True, "it denies calls of models to whomever it is attached to"
    if any(truth is not Truth.NO for truth in best.values()):
        cause = "whether it denies the calls of all models to everybody is not known"
        return Unknown(cause, decided_by=(f"{one.address}: its statements",)), ""
    return False, "it denies no call of a model"


def _calls(prefix: str) -> list[str]:
    return [row.action for row in inference_actions() if row.action.startswith(prefix)]


def _no_control(one: Resource) -> Answer | None:
    """What is said of a policy of an organisation that is no service control policy."""
    kind = one.attrs.get("type")
    if isinstance(kind, Unknown):
        return kind, ""
    if kind == RESOURCE:
        cause = "which calls of models a resource control policy holds for is not looked at"
        return Unknown(cause, decided_by=(f"{one.address}: type",)), ""
    return None if kind in (None, SERVICE) else (False, f"a `{kind}` denies nobody a call")


def may_stop(world: World, one: Resource) -> Answer:
    """Whether a role may do something that ends a model's server, or keeps every caller from it.

    To end some server is no stop: the action must be open on all of its kind, or on a model in the inputs.
    """
    best: Truth = Truth.NO
    doubt: tuple[str, ...] = (one.address,)
    served = _served(world)
    for principal in principals(world):
        if principal.node_id != one.id:
            continue
        judged = judge(world, one.unit)
        for action, shape in STOPS.items():
            service = action.partition(":")[0]
            some = judged.access(principal, action, (f"arn:{ANY}:{service}:{ANY}",))
            if some.truth is Truth.NO:
                continue
            # Where something is denied of any, it may be of the models.
            spared = [each for one_of in principal.policies for each in one_of.statements if each.denies]
            some_left = any(acts_on(each, action) is not Truth.NO for each in spared)
            every = [] if some_left else [f"arn:{ANY}:{service}:{ANY}:{ANY}:{shape}"]
            for arn in (*every, *(one for one in served if _alike(one, service, shape))):
                if judged.access(principal, action, (arn,)).truth is Truth.YES:
                    return True, f"it may do `{action}`"
            best, doubt = Truth.POSSIBLE, some.decided_by or doubt
        if principal.unknown_policy is not None:
            best = Truth.POSSIBLE
    if best is Truth.POSSIBLE:
        return Unknown("whether what it may stop is a model is not known", decided_by=doubt), ""
    return False, "it may do nothing that stops a model"


def _alike(arn: str, service: str, shape: str) -> bool:
    """Whether an ARN is of the service and the kind that an action acts on."""
    parts = arn.split(":", 5)
    kind = shape.replace(":", "/").partition("/")[0]
    return len(parts) == 6 and parts[2] == service and parts[5].replace(":", "/").partition("/")[0] == kind


def _served(world: World) -> list[str]:
    """The ARNs of the models that are in the inputs."""
    models = (node.id for node in world.with_role(Role.MODEL, Role.CANDIDATE))
    found = [world.inventory.by_id.get(one) for one in models]
    arns = [arn_of(one) for one in found if one is not None]
    return [one.text for one in arns if not one.partly]


def seals_models(world: World, one: Resource) -> Answer:
    """Whether a key seals a model, or a store of weights: by reference, or by what it is called."""
    called = {value for key in ("arn", "id", "key_id") if isinstance(value := one.attrs.get(key), str) and value}
    sealed = [each for each in world.inventory.of(*SEALED, unit=one.unit) if _names(each, one, called)]
    for each in sealed:
        named = () if each.kind in RUN else refs_in(each.attrs)
        near = [each.id, *(f"{each.unit}:{ref.address}" for ref in named)]
        hit = next((node for node in near if node in world.nodes and world.nodes[node].roles & MODELS), None)
        if hit is not None:
            return True, f"it seals `{world.nodes[hit].address}`, which cannot be read without it"
    return Unknown("no model or store of weights that it seals is in the inputs", decided_by=(one.address,)), ""


def _names(each: Resource, one: Resource, called: set[str]) -> bool:
    if any(ref.address == one.address for ref in refs_in(each.attrs)):
        return True
    return bool(called) and any(found.text in called for found in strings(each.attrs))


def may_scale(world: World, one: Resource) -> Answer:
    """Whether a role of Kubernetes may scale or delete a model's workload, where and of the kind that one is."""
    grants = RoleBook(world).rules_of(one.unit, one.address) or []
    running = list(_running(world, one))
    best, here = Truth.NO, Truth.NO
    for kind, resource in SCALED:
        for grant in grants:
            found = max(grant.permits("apps", each, verb) for each in (f"{resource}/scale", resource) for verb in VERBS)
            found = min(found, Truth.POSSIBLE) if grant.unknown is not None or grant.names else found
            best = max(best, found)
            here = max(here, found if kind in running else Truth.NO)
    if here is Truth.YES:
        return True, "it may scale workloads of models to nothing"
    if best is Truth.NO:
        return False, "it may scale no workload"
    cause = "which workloads it may scale is not known"
    if here is Truth.NO:
        cause = "no model is in the inputs whose workload it may scale"
    return Unknown(cause, decided_by=(f"{one.address}: rules",)), ""


def _running(world: World, one: Resource) -> Iterator[str]:
    """The kinds of the models' workloads that the role speaks of."""
    for node in world.nodes.values():
        mine = node.id.startswith(f"{one.unit}:") and (one.kind == "ClusterRole" or node.namespace == one.namespace)
        if mine and node.roles & {Role.MODEL, Role.CANDIDATE}:
            yield node.kind
