"""What the inputs could declare and do not: assumed absent, and said so in the scope of every report."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.builders.draft import World

AWS = {
    "organisation policies": ("aws_organizations_policy",),
    "users and their keys": ("aws_iam_user", "aws_iam_access_key"),
    "peerings and transit gateways": ("aws_vpc_peering_connection", "aws_ec2_transit_gateway"),
    "replication of buckets": ("aws_s3_bucket_replication_configuration",),
    "shares with other accounts": ("aws_ram_resource_share", "aws_ram_resource_association"),
    "fleets and components of devices": ("aws_sagemaker_device_fleet", "awscc_greengrassv2_component_version"),
}
KUBERNETES = {
    "grants of the cluster": ("RoleBinding", "ClusterRoleBinding"),
    "ingresses and gateway routes": ("Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute"),
    "admission webhooks": ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
    "nodes": ("Node",),
}


def build_absent(world: World) -> None:
    """Name each kind of thing that matters to a verdict and of which nothing was declared."""
    sources = {one.source for one in world.inventory.all}
    # Of an account that was read, an empty answer is evidence.
    declared = (one for one in world.inventory.all if one.source not in ("bundle", "live"))
    aws = any(one.kind.startswith(("aws_", "awscc_")) for one in declared)
    if aws:
        _name(world, "AWS", AWS)
    if "kubernetes" in sources:
        from scanner.builders.k8s_policy.read import POLICY_KINDS

        _name(world, "Kubernetes", {"network policies": POLICY_KINDS, **KUBERNETES})


def _name(world: World, where: str, kinds: Mapping[str, tuple[str, ...]]) -> None:
    for what, names in kinds.items():
        if not any(True for _ in world.inventory.of(*names)):
            world.assumed_absent[f"{where}: {what}"] = None
