"""What runs with a role: instances, functions, tasks, agents and jobs, and pods by pod identity."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.aws_identity.by_arn import is_certain, meant
from scanner.builders.aws_identity.sessions import narrowed
from scanner.builders.aws_policy.statements import listed_in, structure
from scanner.builders.blocks import Found, at, reach
from scanner.builders.draft import World
from scanner.builders.k8s_identity import Account, Carried, accounts, note_carried
from scanner.graph.facts_access import UnreadRole
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Unknown

CARRIERS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_lambda_function": (("role", "lambda"),),
    "aws_ecs_task_definition": (("task_role_arn", "ecs-tasks"),),
    "aws_sagemaker_model": (("execution_role_arn", "sagemaker"),),
    "aws_sagemaker_notebook_instance": (("role_arn", "sagemaker"),),
    "aws_sagemaker_domain": (("default_user_settings.execution_role", "sagemaker"),),
    "aws_sagemaker_user_profile": (("user_settings.execution_role", "sagemaker"),),
    "aws_sagemaker_pipeline": (("role_arn", "sagemaker"),),
    "aws_bedrockagent_agent": (("agent_resource_role_arn", "bedrock"),),
    "awscc_bedrock_agent": (("agent_resource_role_arn", "bedrock"),),
    "aws_bedrockagent_knowledge_base": (("role_arn", "bedrock"),),
    "aws_bedrockagent_flow": (("execution_role_arn", "bedrock"),),
    "aws_bedrockagentcore_agent_runtime": (("role_arn", "bedrock-agentcore"),),
    "aws_bedrockagentcore_gateway": (("role_arn", "bedrock-agentcore"),),
    "aws_bedrock_model_invocation_job": (("role_arn", "bedrock"),),
    "aws_codebuild_project": (("service_role", "codebuild"),),
    "aws_codepipeline": (("role_arn", "codepipeline"),),
    "aws_sfn_state_machine": (("role_arn", "states"),),
    "aws_glue_job": (("role_arn", "glue"),),
    "aws_glue_dev_endpoint": (("role_arn", "glue"),),
    "aws_apprunner_service": (("instance_configuration.instance_role_arn", "tasks.apprunner"),),
    "aws_eks_node_group": (("node_role_arn", "ec2"),),
    "aws_cloudformation_stack": (("iam_role_arn", "cloudformation"),),
    "aws_batch_job_definition": (
        ("container_properties.jobRoleArn", "ecs-tasks"),
        ("ecs_properties.taskProperties.taskRoleArn", "ecs-tasks"),
    ),
    "aws_iot_role_alias": (("role_arn", "credentials.iot"),),
    "aws_rolesanywhere_profile": (("role_arns", "rolesanywhere"),),
    "aws_ssm_activation": (("iam_role", "ssm"),),
}
"""Terraform type -> (path of the role, the service that must be trusted to hand it out)."""
BESIDE: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_bedrockagentcore_code_interpreter": (("execution_role_arn", "bedrock-agentcore"),),
    "aws_bedrockagentcore_browser": (("execution_role_arn", "bedrock-agentcore"),),
    "aws_bedrockagentcore_memory": (("memory_execution_role_arn", "bedrock-agentcore"),),
    "aws_api_gateway_integration": (("credentials", "apigateway"),),
    "aws_apigatewayv2_integration": (("credentials_arn", "apigateway"),),
    "aws_appsync_datasource": (("service_role_arn", "appsync"),),
    "aws_scheduler_schedule": (("target.role_arn", "scheduler"),),
    "aws_cloudwatch_event_target": (("role_arn", "events"),),
    "aws_pipes_pipe": (("role_arn", "pipes"),),
    "aws_ssm_maintenance_window_task": (("service_role_arn", "ssm"),),
    "aws_ssm_association": (("parameters.AutomationAssumeRole", "ssm"),),
    "aws_rds_cluster_role_association": (("role_arn", "rds"),),
    "aws_db_instance_role_association": (("role_arn", "rds"),),
    "aws_rds_cluster": (("iam_roles", "rds"),),
    "aws_redshift_cluster": (("iam_roles", "redshift"),),
    "aws_redshift_cluster_iam_roles": (("iam_role_arns", "redshift"),),
    "aws_redshiftserverless_namespace": (("iam_roles", "redshift"),),
    "aws_lexv2models_bot": (("role_arn", "lexv2"),),
    "aws_mwaa_environment": (("execution_role_arn", "airflow-env"),),
    "aws_kinesisanalyticsv2_application": (("service_execution_role", "kinesisanalytics"),),
    "aws_mskconnect_connector": (("service_execution_role_arn", "kafkaconnect"),),
    "aws_gamelift_fleet": (("instance_role_arn", "gamelift"),),
    "aws_appstream_fleet": (("iam_role_arn", "appstream"),),
    "aws_appstream_image_builder": (("iam_role_arn", "appstream"),),
    "aws_cloudformation_stack_set": (("administration_role_arn", "cloudformation"),),
    "aws_athena_workgroup": (("configuration.execution_role", "athena"),),
    "aws_amplify_app": (("iam_service_role_arn", "amplify"), ("compute_role_arn", "amplify")),
    "aws_sagemaker_flow_definition": (("role_arn", "sagemaker"),),
    "aws_sagemaker_data_quality_job_definition": (("role_arn", "sagemaker"),),
    "aws_sagemaker_mlflow_tracking_server": (("role_arn", "sagemaker"),),
    "awscc_sagemaker_cluster": (("instance_groups.execution_role", "sagemaker"),),
    "aws_ecs_express_gateway_service": (("task_role_arn", "ecs-tasks"),),
    "aws_eks_capability": (("role_arn", "capabilities.eks"),),
    "aws_transfer_user": (("role", "transfer"),),
    "aws_transfer_access": (("role", "transfer"),),
    "aws_datasync_location_s3": (("s3_config.bucket_access_role_arn", "datasync"),),
    "aws_servicecatalog_constraint": (("parameters.RoleArn", "servicecatalog"),),
}
"""The same of types whose way over a network is another builder's, or nobody's: that they are modelled is not said."""
PROFILES = {
    "aws_instance": "iam_instance_profile",
    "aws_launch_configuration": "iam_instance_profile",
    "aws_launch_template": "iam_instance_profile.*",
}
"""Terraform type -> path of the instance profile."""
PROFILES_BESIDE = {
    "aws_emr_cluster": "ec2_attributes.instance_profile",
    "aws_spot_instance_request": "iam_instance_profile",
    "aws_spot_fleet_request": "launch_specification.*",
    "aws_imagebuilder_infrastructure_configuration": "instance_profile_name",
    "aws_batch_compute_environment": "compute_resources.instance_role",
    "aws_pcs_compute_node_group": "iam_instance_profile_arn",
    "aws_elastic_beanstalk_environment": "setting.value",
    "aws_elastic_beanstalk_configuration_template": "setting.value",
}
"""The same for instance profiles; of lists that hold other settings as well, what names no profile is none."""
HANDED_OUT = frozenset({"aws_iot_role_alias", "aws_rolesanywhere_profile", "aws_ssm_activation"})
"""Types that hand roles out to what is no part of the cloud."""
ASSOCIATION = "aws_eks_pod_identity_association"


class Carrier(Struct, frozen=True):
    """A node that runs with a role. service: who hands the role out; doubt: what decides whether it does.

    session: the node id of the session that it runs with, where a policy narrows it.
    """

    node_id: str
    role_id: str
    service: str
    because: str
    origin: Origin
    doubt: Unknown | None = None
    session: str = ""


def carriers(world: World) -> Iterator[Carrier]:
    """Everything in the inputs that runs with a role of the inputs."""
    for kind, rows in CARRIERS.items():
        for one in world.inventory.of(kind):
            for path, service in rows if one.attrs.get("enabled") is not False else ():
                for found in _roles(one, path):
                    yield from _carried(world, one, found, service, f"it runs with the role (`{path}`)")
    for kind, rows in BESIDE.items():
        for one in world.inventory.like(kind):
            for path, service in rows:
                for found in _roles(one, path):
                    yield from _carried(world, one, found, service, f"it works with the role (`{path}`)")
    for kind, path in (*PROFILES.items(), *PROFILES_BESIDE.items()):
        for one in world.inventory.of(kind) if kind in PROFILES else world.inventory.like(kind):
            for found in at(one, path):
                yield from _by_profile(world, one, found)
    yield from _by_association(world)


def _roles(one: Resource, path: str) -> Iterator[Found]:
    """Every value at a path, of a list its items; inside of an argument that is a JSON document as well."""
    head, _, rest = path.partition(".")
    value = one.attrs.get(head)
    encoded = rest and (isinstance(value, str) or (isinstance(value, Unknown) and value.ref is None))
    if encoded:
        line = mark(one.attrs, head) or one.origin
        yield from reach(structure(value, one.address, line), rest, line)
        return
    for found in at(one, path):
        for each in listed_in(found.value):
            yield Found(each, found.origin, found.possible)


def _carried(world: World, one: Resource, found: Found, service: str, because: str) -> Iterator[Carrier]:
    named = meant(world, found.value, one, "aws_iam_role")
    for each in named:
        doubt = found.possible or one.possible or each.doubt
        session = narrowed(world, one, each.resource)
        yield Carrier(one.id, each.resource.id, service, because, found.origin or one.origin, doubt, session)
    if is_certain(named):
        return
    if one.kind in HANDED_OUT:
        world.add_fact(one.id, UnreadRole(origin=found.origin or one.origin, because=because, role=found.text or "*"))
    if isinstance(found.value, Unknown) and found.value.ref is None:
        for any_ in _any_role(world, one.unit, found):
            yield Carrier(
                one.id, any_.id, service, f"{because}, which is not known", found.origin or one.origin, found.value
            )


def _any_role(world: World, unit: str, found: Found) -> Iterator[Resource]:
    """The roles that a value may mean of which not all is known; whether a service may hand them out is asked later."""
    for role in world.inventory.of("aws_iam_role", unit=unit):
        name = role.attrs.get("name")
        last = found.text.rpartition("/")[2] or "*"
        if not isinstance(name, str) or fnmatchcase(name, last):
            yield role


def _by_profile(world: World, one: Resource, found: Found) -> Iterator[Carrier]:
    profile = world.inventory.find(found.value, one, "aws_iam_instance_profile")
    if not isinstance(profile, Resource):
        return
    for role in at(profile, "role"):
        because = f"it runs with instance profile `{profile.name}`, which holds the role"
        for carrier in _carried(world, one, role, "ec2", because):
            yield Carrier(one.id, carrier.role_id, "ec2", because, found.origin or one.origin, found.possible)


def _by_association(world: World) -> Iterator[Carrier]:
    listed = accounts(world)
    for one in world.inventory.of(ASSOCIATION):
        namespace, account = one.attrs.get("namespace"), one.attrs.get("service_account")
        known = isinstance(namespace, str) and isinstance(account, str)
        some = listed.named(str(namespace), str(account)) if known else listed.all()
        wanted = [(each, doubt) for each in some if (doubt := matches(each, namespace, account)) is not False]
        for found in at(one, "role_arn"):
            named = meant(world, found.value, one, "aws_iam_role")
            unknown = not named and isinstance(found.value, Unknown) and found.value.ref is None
            perhaps = list(_any_role(world, one.unit, found)) if unknown else []
            for each, doubt in wanted:
                for given in named:
                    yield from _associated(world, one, given.resource, each, given.doubt or doubt)
                for role in perhaps:
                    yield from _associated(world, one, role, each, found.unknown or doubt)


def _associated(
    world: World, one: Resource, role: Resource, account: Account, doubt: bool | Unknown
) -> Iterator[Carrier]:
    because = f"pod identity gives the role to service account `{account.namespace}/{account.shown}`"
    line = mark(one.attrs, "service_account") or one.origin
    why = doubt if isinstance(doubt, Unknown) else one.possible or _across(account, one.unit)
    session = narrowed(world, one, role)
    if isinstance(account.name, str):
        names = () if why is None else why.decided_by or (one.address,)
        note_carried(world, Carried(account.node_id, session or role.id, because, names))
    for pod in account.pods:
        yield Carrier(pod.resource.id, role.id, "pods.eks", because, line, why, session)


def matches(one: Account, namespace: object, account: object) -> bool | Unknown:
    """Whether it is this service account; an Unknown where that is not known."""
    for wanted, have in ((namespace, one.namespace), (account, one.name)):
        for side in (wanted, have):
            if isinstance(side, Unknown):
                return side
        if wanted != have:
            return False
    return True


def _across(account: Account, unit: str) -> Unknown | None:
    if account.unit == unit:
        return None
    cause = f"whether the manifests of `{account.unit}` run in the cluster of `{unit}` is not known"
    return Unknown(cause, code="cross-unit", decided_by=("profile:units",))
