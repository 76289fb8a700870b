"""Which actions make their holder another principal, or give it what it lacks: tables, by what they work on.

Sources: the service authorization reference of AWS (actions, resources), and each service's page on the role that is
passed to it.
"""

from __future__ import annotations

RUNNERS: dict[str, tuple[str, ...]] = {
    "lambda": ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"),
    "ec2": (
        "ec2:RunInstances",
        "ec2:AssociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
        "ec2:RequestSpotInstances",
        "ec2:CreateFleet",
        "autoscaling:CreateAutoScalingGroup",
        "elasticbeanstalk:CreateEnvironment",
        "elasticmapreduce:RunJobFlow",
        "datapipeline:CreatePipeline",
    ),
    "ecs-tasks": ("ecs:RunTask", "ecs:CreateService", "ecs:StartTask", "batch:RegisterJobDefinition"),
    "sagemaker": (
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateAutoMLJob",
        "sagemaker:CreateModel",
        "sagemaker:CreateDomain",
        "sagemaker:CreateUserProfile",
        "sagemaker:CreatePipeline",
    ),
    "cloudformation": ("cloudformation:CreateStack", "cloudformation:CreateChangeSet", "cloudformation:UpdateStack"),
    "codebuild": ("codebuild:CreateProject", "codebuild:UpdateProject"),
    "codepipeline": ("codepipeline:CreatePipeline", "codepipeline:UpdatePipeline"),
    "glue": ("glue:CreateJob", "glue:CreateDevEndpoint", "glue:UpdateJob", "glue:CreateSession"),
    "datapipeline": ("datapipeline:CreatePipeline",),
    "elasticmapreduce": ("elasticmapreduce:RunJobFlow",),
    "bedrock": ("bedrock:CreateAgent", "bedrock:CreateFlow", "bedrock:UpdateAgent", "bedrock:UpdateFlow"),
    "bedrock-agentcore": (
        "bedrock-agentcore:CreateAgentRuntime",
        "bedrock-agentcore:CreateCodeInterpreter",
        "bedrock-agentcore:CreateGateway",
    ),
    "states": ("states:CreateStateMachine", "states:UpdateStateMachine"),
    "ssm": ("ssm:StartAutomationExecution", "ssm:CreateActivation"),
    "scheduler": ("scheduler:CreateSchedule",),
    "events": ("events:PutTargets",),
    "tasks.apprunner": ("apprunner:CreateService",),
    "elasticbeanstalk": ("elasticbeanstalk:CreateEnvironment",),
    "credentials.iot": ("iot:CreateRoleAlias",),
    "rolesanywhere": ("rolesanywhere:CreateProfile",),
    "pods.eks": ("eks:CreatePodIdentityAssociation",),
}
"""Service that a role trusts -> the actions that start something which runs with a role that is passed to it."""

TAKEOVERS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_lambda_function": (
        ("lambda:UpdateFunctionCode", "it replaces the code of the function that runs as the role"),
        ("lambda:UpdateFunctionConfiguration", "it puts a layer into the function that runs as the role"),
    ),
    "aws_instance": (
        ("ssm:SendCommand", "it runs commands on the instance that runs as the role"),
        ("ssm:StartSession", "it opens a shell on the instance that runs as the role"),
        ("ec2-instance-connect:SendSSHPublicKey", "it brings a key onto the instance that runs as the role"),
        ("ec2:ModifyInstanceAttribute", "it changes what the instance that runs as the role does when it starts"),
    ),
    "aws_ecs_task_definition": (("ecs:ExecuteCommand", "it opens a shell in the task that runs as the role"),),
    "aws_sagemaker_notebook_instance": (
        ("sagemaker:CreatePresignedNotebookInstanceUrl", "it opens the notebook that runs as the role"),
        ("sagemaker:UpdateNotebookInstanceLifecycleConfig", "it changes what the notebook does when it starts"),
    ),
    "aws_sagemaker_domain": (("sagemaker:CreatePresignedDomainUrl", "it opens the studio that runs as the role"),),
    "aws_sagemaker_user_profile": (
        ("sagemaker:CreatePresignedDomainUrl", "it opens the studio that runs as the role"),
    ),
    "aws_codebuild_project": (
        ("codebuild:StartBuild", "it builds with commands of its own choice as the role"),
        ("codebuild:StartBuildBatch", "it builds with commands of its own choice as the role"),
        ("codebuild:UpdateProject", "it changes what the project builds as the role"),
    ),
    "aws_glue_job": (("glue:UpdateJob", "it changes what the job runs as the role"),),
    "aws_glue_dev_endpoint": (("glue:UpdateDevEndpoint", "it brings a key onto the endpoint that runs as the role"),),
    "aws_cloudformation_stack": (
        ("cloudformation:UpdateStack", "it changes what the stack makes as the role"),
        ("cloudformation:CreateChangeSet", "it changes what the stack makes as the role"),
    ),
    "aws_sfn_state_machine": (("states:UpdateStateMachine", "it changes what the state machine calls as the role"),),
    "aws_bedrockagent_agent": (("bedrock:UpdateAgent", "it changes what the agent does as the role"),),
    "aws_batch_job_definition": (
        ("batch:SubmitJob", "it runs a command of its own choice in the job that runs as the role"),
    ),
    "aws_apprunner_service": (("apprunner:UpdateService", "it changes what the service runs as the role"),),
    "aws_rolesanywhere_profile": (
        ("rolesanywhere:CreateTrustAnchor", "it lets in certificates of its own choice for the role"),
        ("rolesanywhere:UpdateTrustAnchor", "it lets in certificates of its own choice for the role"),
    ),
}
"""Kind of what runs as a role -> (action that makes it do what the holder wants, why)."""

UNSEEN: dict[str, str] = {
    "lambda": "aws_lambda_function",
    "ec2": "aws_instance",
    "ecs-tasks": "aws_ecs_task_definition",
    "sagemaker": "aws_sagemaker_notebook_instance",
    "codebuild": "aws_codebuild_project",
    "glue": "aws_glue_dev_endpoint",
    "cloudformation": "aws_cloudformation_stack",
}
"""Service that a role trusts -> the kind of what may run as it, where the inputs show nothing that does."""

OVER_ROLES = (("iam:UpdateAssumeRolePolicy", "it chooses who may become the role"),)
OVER_ISSUERS = (("iam:UpdateSAMLProvider", "it signs as the issuer of identities whose users may take the role"),)
OVER_USERS = (
    ("iam:CreateAccessKey", "it makes a key of the user"),
    ("iam:CreateLoginProfile", "it makes a password of the user"),
    ("iam:UpdateLoginProfile", "it changes the password of the user"),
    ("iam:CreateServiceSpecificCredential", "it makes a credential of the user for one service, Bedrock among them"),
    ("iam:ResetServiceSpecificCredential", "it makes a credential of the user anew"),
)
OVER_GROUPS = (("iam:AddUserToGroup", "it puts whom it wants into the group"),)
"""(action on the principal that it makes its holder, why)."""

TO_USER = ("iam:PutUserPolicy", "iam:AttachUserPolicy")
TO_ROLE = ("iam:PutRolePolicy", "iam:AttachRolePolicy")
TO_GROUP = ("iam:PutGroupPolicy", "iam:AttachGroupPolicy")
TO_POLICY = ("iam:CreatePolicyVersion",)
EARLIER = ("iam:SetDefaultPolicyVersion",)
TAGGING = {"aws_iam_user": "iam:TagUser", "aws_iam_role": "iam:TagRole"}
"""Actions that give a user, a role or a group a policy or tags of one's choice, or a policy other statements."""
