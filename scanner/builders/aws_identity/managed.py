"""The policies that AWS itself keeps: which of them yield inference or change the safety layer, and which do not."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.origin import Origin
from scanner.unknown import Unknown

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
    "AWSLambda_FullAccess": (("lambda:*", "iam:PassRole"),),
    "AmazonEC2FullAccess": (("ec2:*",),),
}
"""What the widely used wide ones allow, on every resource. PowerUserAccess begins with a NotAction."""
NOT_ACTION = frozenset({"PowerUserAccess"})

HARMLESS = frozenset({
    "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEKSClusterPolicy",
    "AmazonEKSVPCResourceController", "AmazonEKSServicePolicy", "AmazonEKSFargatePodExecutionRolePolicy",
    "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy", "AmazonEKSWorkerNodeMinimalPolicy", "AmazonEBSCSIDriverPolicy",
    "AmazonEFSCSIDriverPolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryPowerUser", "AmazonSSMManagedInstanceCore", "AmazonSSMPatchAssociation",
    "AmazonECSTaskExecutionRolePolicy", "AmazonEC2ContainerServiceforEC2Role",
    "AmazonECSInfrastructureRolePolicyForVolumes", "AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole", "AWSLambdaENIManagementAccess", "AWSLambdaRole",
    "CloudWatchAgentServerPolicy", "CloudWatchAgentAdminPolicy", "CloudWatchReadOnlyAccess",
    "CloudWatchLogsReadOnlyAccess", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess",
    "AmazonPrometheusRemoteWriteAccess", "AmazonPrometheusQueryAccess", "AmazonS3ReadOnlyAccess",
    "AmazonDynamoDBReadOnlyAccess", "AmazonEC2ReadOnlyAccess", "AmazonVPCReadOnlyAccess",
    "AmazonRDSEnhancedMonitoringRole", "AmazonAPIGatewayPushToCloudWatchLogs", "AmazonBedrockReadOnly",
    "AmazonSageMakerReadOnly", "SecurityAudit", "ViewOnlyAccess", "AWSConfigRole", "AWS_ConfigRole",
    "AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores", "AmazonEC2RoleforSSM",
    "AmazonElasticMapReduceforAutoScalingRole", "AWSGlueServiceRole", "AWSCodeDeployRole",
    "AWSCodeDeployRoleForECS", "AutoScalingNotificationAccessRole", "AmazonVPCFullAccess",
    "AmazonSQSFullAccess", "AmazonSNSFullAccess", "AmazonDynamoDBFullAccess",
    "ElasticLoadBalancingFullAccess", "AWSCloudTrail_ReadOnlyAccess", "IAMReadOnlyAccess",
    "IAMUserChangePassword", "AWSBillingReadOnlyAccess", "Billing",
})  # fmt: skip
"""Policies that allow no inference, and nothing that changes a guardrail or a role."""


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
    return [
        Statement("Allow", tuple(actions), ("*",), (), name, origin, not_actions=name in NOT_ACTION and index == 0)
        for index, actions in enumerate(GRANTS[name])
    ]
