"""Which actions make their holder another principal, or give it what it lacks: tables, by what they work on.

Sources: the service authorization reference of AWS (actions, resources, which need `iam:PassRole`), each service's
page on the role that is passed to it, and the paths of pathfinding.cloud (DataDog), held against these tables.
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
        "autoscaling:CreateLaunchConfiguration",
        "batch:CreateComputeEnvironment",
        "eks:CreateNodegroup",
        "elasticbeanstalk:CreateEnvironment",
        "elasticmapreduce:RunJobFlow",
        "datapipeline:CreatePipeline",
        "imagebuilder:CreateInfrastructureConfiguration",
        "imagebuilder:UpdateInfrastructureConfiguration",
        "pcs:CreateComputeNodeGroup",
    ),
    "ecs-tasks": (
        "ecs:RunTask",
        "ecs:CreateService",
        "ecs:StartTask",
        "ecs:RegisterTaskDefinition",
        "ecs:CreateExpressGatewayService",
        "batch:RegisterJobDefinition",
    ),
    "sagemaker": (
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateAutoMLJob",
        "sagemaker:CreateAutoMLJobV2",
        "sagemaker:CreateModel",
        "sagemaker:CreateDomain",
        "sagemaker:CreateUserProfile",
        "sagemaker:CreatePipeline",
        "sagemaker:UpdatePipeline",
        "sagemaker:CreateCluster",
        "sagemaker:UpdateCluster",
        "sagemaker:CreateMonitoringSchedule",
        "sagemaker:CreateDataQualityJobDefinition",
        "sagemaker:CreateModelQualityJobDefinition",
        "sagemaker:CreateModelBiasJobDefinition",
        "sagemaker:CreateModelExplainabilityJobDefinition",
    ),
    "cloudformation": (
        "cloudformation:CreateStack",
        "cloudformation:CreateChangeSet",
        "cloudformation:UpdateStack",
        "cloudformation:CreateStackSet",
        "cloudformation:UpdateStackSet",
    ),
    "resources.cloudformation": ("cloudformation:RegisterType",),
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
        "bedrock-agentcore:CreateMemory",
        "bedrock-agentcore:CreateOnlineEvaluationConfig",
        "bedrock-agentcore:UpdateAgentRuntime",
        "bedrock-agentcore:UpdateGateway",
        "bedrock-agentcore:UpdateMemory",
        "bedrock-agentcore:UpdateOnlineEvaluationConfig",
    ),
    "states": ("states:CreateStateMachine", "states:UpdateStateMachine", "states:TestState"),
    "ssm": (
        "ssm:StartAutomationExecution",
        "ssm:CreateActivation",
        "ssm:CreateAssociation",
        "ssm:RegisterTaskWithMaintenanceWindow",
        "config:PutRemediationConfigurations",
    ),
    "scheduler": ("scheduler:CreateSchedule", "scheduler:UpdateSchedule"),
    "events": ("events:PutTargets",),
    "tasks.apprunner": ("apprunner:CreateService",),
    "elasticbeanstalk": ("elasticbeanstalk:CreateEnvironment",),
    "credentials.iot": ("iot:CreateRoleAlias",),
    "rolesanywhere": ("rolesanywhere:CreateProfile",),
    "pods.eks": ("eks:CreatePodIdentityAssociation", "eks:UpdatePodIdentityAssociation"),
    "capabilities.eks": ("eks:CreateCapability", "eks:UpdateCapability"),
    "appsync": ("appsync:CreateDataSource", "appsync:UpdateDataSource"),
    "apigateway": ("apigateway:PUT", "apigateway:POST", "apigateway:PATCH"),
    "rds": ("rds:AddRoleToDBCluster", "rds:AddRoleToDBInstance", "rds:CreateDBCluster"),
    "redshift": (
        "redshift:CreateCluster",
        "redshift:ModifyClusterIamRoles",
        "redshift-serverless:CreateNamespace",
        "redshift-serverless:UpdateNamespace",
    ),
    "emr-serverless": ("emr-serverless:StartJobRun",),
    "airflow-env": ("airflow:CreateEnvironment", "airflow:UpdateEnvironment"),
    "kinesisanalytics": ("kinesisanalytics:CreateApplication",),
    "kafkaconnect": ("kafkaconnect:CreateConnector",),
    "gamelift": ("gamelift:CreateFleet", "gamelift:CreateContainerFleet"),
    "appstream": ("appstream:CreateFleet", "appstream:UpdateFleet", "appstream:CreateImageBuilder"),
    "athena": ("athena:CreateWorkGroup", "athena:UpdateWorkGroup"),
    "amplify": ("amplify:CreateApp", "amplify:UpdateApp"),
    "lexv2": ("lex:CreateBot", "lex:UpdateBot"),
    "omics": ("omics:StartRun",),
    "braket": ("braket:CreateJob",),
    "credentials.deadline": ("deadline:CreateQueue", "deadline:CreateFleet"),
    "servicecatalog": ("servicecatalog:CreateConstraint", "servicecatalog:UpdateConstraint"),
    "batchoperations.s3": ("s3:CreateJob",),
    "access-grants.s3": ("s3:CreateAccessGrantsLocation", "s3:UpdateAccessGrantsLocation"),
    "datasync": ("datasync:CreateLocationS3",),
    "transfer": ("transfer:CreateUser", "transfer:UpdateUser", "transfer:CreateAccess", "transfer:UpdateAccess"),
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
        ("ec2:CreateReplaceRootVolumeTask", "it puts another disk under the instance that runs as the role"),
        ("ssm:CreateAssociation", "it has a document run commands on the instance that runs as the role"),
    ),
    "aws_launch_template": (
        ("ec2:CreateLaunchTemplateVersion", "it changes what machines that run as the role do when they start"),
    ),
    "aws_eks_node_group": (
        ("ssm:SendCommand", "it runs commands on machines that have the role"),
        ("ssm:StartSession", "it opens a shell on machines that have the role"),
        ("eks:UpdateNodegroupVersion", "it starts machines that have the role by a template of its own choice"),
        ("ec2:CreateReplaceRootVolumeTask", "it puts another disk under a machine that has the role"),
        ("ec2:ModifyInstanceAttribute", "it changes what a machine that has the role does when it starts"),
    ),
    "aws_emr_cluster": (
        ("elasticmapreduce:AddJobFlowSteps", "it runs steps of its own choice on machines that run as the role"),
    ),
    "aws_ecs_task_definition": (("ecs:ExecuteCommand", "it opens a shell in the task that runs as the role"),),
    "aws_sagemaker_notebook_instance": (
        ("sagemaker:CreatePresignedNotebookInstanceUrl", "it opens the notebook that runs as the role"),
        ("sagemaker:UpdateNotebookInstanceLifecycleConfig", "it changes what the notebook does when it starts"),
        ("sagemaker:UpdateNotebookInstance", "it gives the notebook another start script"),
    ),
    "aws_sagemaker_pipeline": (("sagemaker:UpdatePipeline", "it changes what the pipeline runs as the role"),),
    "aws_sagemaker_domain": (("sagemaker:CreatePresignedDomainUrl", "it opens the studio that runs as the role"),),
    "aws_sagemaker_user_profile": (
        ("sagemaker:CreatePresignedDomainUrl", "it opens the studio that runs as the role"),
    ),
    "aws_codebuild_project": (
        ("codebuild:StartBuild", "it builds with commands of its own choice as the role"),
        ("codebuild:StartBuildBatch", "it builds with commands of its own choice as the role"),
        ("codebuild:UpdateProject", "it changes what the project builds as the role"),
        ("codebuild:StartSandbox", "it opens a sandbox of the project, with the role"),
    ),
    "aws_glue_job": (
        ("glue:UpdateJob", "it changes what the job runs as the role"),
        ("glue:StartJobRun", "it starts the job with a script of its own choice (`--scriptLocation`), as the role"),
    ),
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
    "aws_bedrockagentcore_code_interpreter": (
        ("bedrock-agentcore:InvokeCodeInterpreter", "it runs code of its own choice as the role"),
    ),
    "aws_bedrockagentcore_agent_runtime": (
        ("bedrock-agentcore:InvokeAgentRuntimeCommand", "it runs commands in the runtime that runs as the role"),
    ),
    "aws_athena_workgroup": (("athena:StartSession", "it runs Spark code of its own choice as the role"),),
    "aws_api_gateway_integration": (("apigateway:PATCH", "it changes what the API calls as the role"),),
    "aws_apigatewayv2_integration": (("apigateway:PATCH", "it changes what the API calls as the role"),),
    "aws_appsync_datasource": (
        ("appsync:CreateResolver", "it has the API call what it wants as the role"),
        ("appsync:UpdateResolver", "it has the API call what it wants as the role"),
    ),
    "aws_ssm_maintenance_window_task": (
        ("ssm:UpdateMaintenanceWindowTask", "it changes what the task does as the role"),
    ),
    "aws_kinesisanalyticsv2_application": (
        ("kinesisanalytics:UpdateApplication", "it changes what the application runs as the role"),
    ),
    "aws_appstream_fleet": (("appstream:CreateStreamingURL", "it opens a desktop that has the role"),),
    "aws_appstream_image_builder": (
        ("appstream:CreateImageBuilderStreamingURL", "it opens a desktop that has the role"),
    ),
    "aws_amplify_app": (("amplify:UpdateApp", "it changes what builds of the app run as the role"),),
    "aws_eks_capability": (("eks:UpdateCapability", "it changes who works with the capability that has the role"),),
}
"""Kind of what runs as a role -> (action that makes it do what the holder wants, why)."""

BY_AGENT = frozenset({"ssm:SendCommand", "ssm:StartSession"})
AGENT = "ssmmessages:CreateControlChannel"
"""What works only where the agent of Systems Manager is let in, and what its machine's role needs for that (Systems
Manager user guide, "Configure instance permissions required for Systems Manager")."""

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
OVER_SETS = (("sso:CreateAccountAssignment", "it gives whom it wants the permission set"),)
"""(action on the principal that it makes its holder, why)."""

TO_USER = ("iam:PutUserPolicy", "iam:AttachUserPolicy")
TO_ROLE = ("iam:PutRolePolicy", "iam:AttachRolePolicy")
TO_GROUP = ("iam:PutGroupPolicy", "iam:AttachGroupPolicy")
TO_SET = (
    "sso:PutInlinePolicyToPermissionSet",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
)
TO_POLICY = ("iam:CreatePolicyVersion",)
EARLIER = ("iam:SetDefaultPolicyVersion",)
UNBOUND = {
    "aws_iam_user": ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
    "aws_iam_role": ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
}
UNDENIED = {
    "aws_iam_user": ("iam:DeleteUserPolicy", "iam:DetachUserPolicy"),
    "aws_iam_role": ("iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    "aws_iam_group": ("iam:DeleteGroupPolicy", "iam:DetachGroupPolicy"),
}
TAGGING = {"aws_iam_user": "iam:TagUser", "aws_iam_role": "iam:TagRole"}
"""Actions that give a user, a role or a group a policy or tags of one's choice, or a policy other statements;
those that take its boundary off, or a policy of it with what that denies."""
