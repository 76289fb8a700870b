"""The policies that AWS itself keeps: which of them yield inference, weights or a change of the safety layer.

Facts: the AWS Managed Policy Reference Guide; of each policy only what some table of ours asks for is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.builders.aws_policy.statements import Condition, Policy, Statement, listed_in
from scanner.origin import Origin
from scanner.unknown import Unknown

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
GRANTS: dict[str, tuple[Sequence[str], ...]] = {
    "AdministratorAccess": (("*",),),
    "PowerUserAccess": (
        ("iam:*", "organizations:*", "account:*"),
        ("account:GetAccountInformation", "iam:CreateServiceLinkedRole", "iam:ListRoles"),
    ),
    "AmazonBedrockFullAccess": (("bedrock:*",),),
    "AmazonBedrockLimitedAccess": (
        (
            "bedrock:InvokeModel",
            "bedrock:InvokeModelWithResponseStream",
            "bedrock:CreateModelInvocationJob",
            "bedrock:CallWithBearerToken",
        ),
    ),
    "AmazonBedrockMantleFullAccess": (("bedrock-mantle:*",),),
    "AmazonBedrockMantleInferenceAccess": (("bedrock-mantle:CreateInference", "bedrock-mantle:CallWithBearerToken"),),
    "AmazonSageMakerFullAccess": (("sagemaker:*",),),
    "AmazonSageMakerCanvasAIServicesAccess": (("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"),),
    "IAMFullAccess": (("iam:*",),),
    "AmazonS3FullAccess": (("s3:*",),),
    "CloudWatchLogsFullAccess": (("logs:*",),),
    "AWSOrganizationsFullAccess": (("organizations:*",),),
    "AWSLambda_FullAccess": (("lambda:*",),),
    "AmazonEC2FullAccess": (("ec2:*", "elasticloadbalancing:*", "autoscaling:*"),),
    "ElasticLoadBalancingFullAccess": (("elasticloadbalancing:*",),),
    "AmazonVPCFullAccess": (
        (
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:ModifySecurityGroupRules",
            "ec2:ModifyVpcEndpoint",
            "ec2:DeleteVpcEndpoints",
        ),
    ),
    "AmazonS3ReadOnlyAccess": (("s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*"),),
    "AmazonEC2RoleforSSM": (("s3:GetObject", "s3:PutObject", "ssmmessages:CreateControlChannel"),),
    "AmazonSSMManagedInstanceCore": (("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"),),
    "AmazonEC2ContainerRegistryReadOnly": (PULL,),
    "AmazonEC2ContainerRegistryPullOnly": (PULL,),
    "AmazonEC2ContainerRegistryPowerUser": ((*PULL, "ecr:PutImage"),),
    "CloudWatchAgentServerPolicy": (("logs:PutRetentionPolicy",),),
    "CloudWatchAgentAdminPolicy": (("logs:PutRetentionPolicy",),),
    "AmazonEKSClusterPolicy": (
        ("ec2:AuthorizeSecurityGroupIngress", "ec2:AttachVolume", "ec2:CreateVolume", "ec2:ModifyInstanceAttribute")
        + ("elasticloadbalancing:ModifyListener", "elasticloadbalancing:DeleteListener")
        + ("elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"),
    ),
    "AWSCodeDeployRoleForECS": (
        (
            "s3:GetObject",
            "s3:GetObjectVersion",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyRule",
        ),
    ),
    "AWSConfigRole": (("s3:GetObject",),),
    "AmazonECSTaskExecutionRolePolicy": (PULL,),
    "AmazonEKSFargatePodExecutionRolePolicy": (PULL,),
    "AmazonEC2ContainerServiceforEC2Role": (PULL,),
    "AWSGlueServiceRole": (("glue:*",),),
}
"""What the widely used wide ones allow, on every resource. PowerUserAccess begins with a NotAction."""
PASSES = {"AWSLambda_FullAccess": "lambda.amazonaws.com", "AmazonSageMakerFullAccess": "sagemaker.amazonaws.com"}
"""Those that let any role be passed to one service."""
FOR_SERVICES = {
    "AmazonEKSClusterPolicy": "eks.amazonaws.com",
    "AWSCodeDeployRoleForECS": "codedeploy.amazonaws.com",
    "AWSConfigRole": "config.amazonaws.com",
    "AmazonECSTaskExecutionRolePolicy": "ecs-tasks.amazonaws.com",
    "AmazonEKSFargatePodExecutionRolePolicy": "eks-fargate-pods.amazonaws.com",
    "AmazonEC2ContainerServiceforEC2Role": "ec2.amazonaws.com",
    "AWSGlueServiceRole": "glue.amazonaws.com",
    "AmazonEKSServicePolicy": "eks.amazonaws.com",
    "AmazonEKSComputePolicy": "eks.amazonaws.com",
    "AmazonEKSBlockStoragePolicy": "eks.amazonaws.com",
    "AmazonEKSLoadBalancingPolicy": "eks.amazonaws.com",
    "AmazonEKSNetworkingPolicy": "eks.amazonaws.com",
    "AmazonEKSVPCResourceController": "eks.amazonaws.com",
    "AmazonECSInfrastructureRolePolicyForVolumes": "ecs.amazonaws.com",
    "AWSBackupServiceRolePolicyForBackup": "backup.amazonaws.com",
    "AWSBackupServiceRolePolicyForRestores": "backup.amazonaws.com",
    "AWSCodeDeployRole": "codedeploy.amazonaws.com",
}
"""Those of roles that a service of AWS works with, and the service: what they allow counts where others may have the
role as well, and is not known of those that have no row above (they start machines, pass roles, change groups)."""
NOT_ACTION = frozenset({"PowerUserAccess"})

HARMLESS = frozenset({
    "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEBSCSIDriverPolicy", "AmazonEFSCSIDriverPolicy", "AmazonSSMPatchAssociation",
    "AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaDynamoDBExecutionRole", "AWSLambdaKinesisExecutionRole", "AWSLambdaENIManagementAccess",
    "AWSLambdaRole", "CloudWatchReadOnlyAccess", "CloudWatchLogsReadOnlyAccess", "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess", "AmazonPrometheusRemoteWriteAccess", "AmazonPrometheusQueryAccess",
    "AmazonDynamoDBReadOnlyAccess", "AmazonEC2ReadOnlyAccess", "AmazonVPCReadOnlyAccess",
    "AmazonRDSEnhancedMonitoringRole", "AmazonAPIGatewayPushToCloudWatchLogs", "AmazonBedrockReadOnly",
    "AmazonSageMakerReadOnly", "SecurityAudit", "ViewOnlyAccess", "AWS_ConfigRole",
    "AmazonElasticMapReduceforAutoScalingRole", "AutoScalingNotificationAccessRole",
    "AmazonSQSFullAccess", "AmazonSNSFullAccess", "AmazonDynamoDBFullAccess", "AWSCloudTrail_ReadOnlyAccess",
    "IAMReadOnlyAccess", "IAMUserChangePassword", "AWSBillingReadOnlyAccess", "Billing",
})  # fmt: skip
"""Policies that allow no inference, no reading of weights and no change of a guardrail, a way or a role."""


def managed(arn: str, origin: Origin | None) -> Policy | None:
    """The policy behind an ARN of AWS's own; None where `arn` is not one, unknown where we do not know its content."""
    head, _, path = arn.partition(":policy/")
    if not head.startswith("arn:") or not head.endswith(":iam::aws"):
        return None
    name = path.rpartition("/")[2]
    if name in GRANTS:
        return Policy(name, origin, tuple(_statements(name, origin)))
    if name in HARMLESS:
        return Policy(name, origin)
    cause = f"what the policy `{name}` of AWS allows is in no table of ours"
    return Policy(name, origin, unknown=Unknown(cause, decided_by=(arn,)))


def _statements(name: str, origin: Origin | None) -> list[Statement]:
    found = [
        Statement("Allow", tuple(actions), ("*",), (), name, origin, not_actions=name in NOT_ACTION and index == 0)
        for index, actions in enumerate(GRANTS[name])
    ]
    if name in PASSES:
        to = Condition("StringEquals", "iam:PassedToService", (PASSES[name],), origin)
        found.append(Statement("Allow", ("iam:PassRole",), ("*",), (to,), name, origin))
    return found


def left_to_services(policies: Sequence[Policy], trust: Policy) -> list[Policy]:
    """The policies of a role without what AWS wrote for the one service that can have the role.

    A trust policy with `NotPrincipal`, which the IAM user guide allows no more, lets in all but those it names.
    """
    allowed = [None if one.not_principals else one.principals for one in trust.statements if one.allows]
    only = trust.unknown is None and all(isinstance(one, Mapping) and set(one) == {"Service"} for one in allowed)
    named = [each for one in allowed if isinstance(one, Mapping) for each in listed_in(one.get("Service"))]
    # A principal that is no text may be another service.
    services = {each if isinstance(each, str) else "?" for each in named}
    return [
        Policy(one.name, one.origin) if only and {FOR_SERVICES.get(one.name)} == services else one for one in policies
    ]
