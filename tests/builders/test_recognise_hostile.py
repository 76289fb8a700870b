"""Whatever shape a resource has, roles, places, literals, switches and replicas are found without a crash."""

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.literals import build_literals
from scanner.builders.placement.build import build_placement
from scanner.builders.recognise.build import build_roles
from scanner.builders.replicas import build_replicas
from scanner.builders.switches.build import build_switches
from scanner.origin import FileOrigin
from scanner.profile_file import parse_profile
from scanner.resource import Attrs, Items, Provider, Resource
from scanner.unknown import Ref, Unknown

KEYS = (
    "spec", "template", "containers", "container", "image", "args", "command", "env", "name", "value", "valueFrom",
    "resources", "limits", "ports", "volumes", "nodeSelector", "affinity", "tolerations", "metadata", "labels",
    "annotations", "data", "replicas", "predictor", "model", "storageUri", "content_policy_config", "filters_config",
    "type", "region", "availability_zone", "subnet_ids", "cluster_name", "user_data", "container_definitions",
    "endpoint_config_name", "values", "chart", "source", "outpost_arn", "providerID", "webhooks", "__possible__",
)  # fmt: skip
KINDS = (
    ("", "Pod"), ("apps", "Deployment"), ("", "Node"), ("", "ConfigMap"), ("", "Namespace"), ("batch", "CronJob"),
    ("serving.kserve.io", "InferenceService"), ("apps.nvidia.com", "NIMService"), ("kaito.sh", "Workspace"),
    ("ray.io", "RayService"), ("gateway.envoyproxy.io", "SecurityPolicy"), ("autoscaling", "HorizontalPodAutoscaler"),
    ("", "aws_instance"), ("", "aws_subnet"), ("", "aws_bedrock_guardrail"), ("", "aws_sagemaker_endpoint"),
    ("", "aws_ecs_service"), ("", "aws_ecs_task_definition"), ("", "helm_release"), ("", "module"),
    ("", "azurerm_cognitive_deployment"), ("", "aws_eks_access_entry"), ("", "azapi_resource"),
)  # fmt: skip
UNKNOWN = st.sampled_from(
    [
        Unknown("`var.x` has no value", decided_by=("var.x",)),
        Unknown("it is computed", ref=Ref("aws_subnet.r", "id")),
        Unknown("a part is not known", pieces=("arn:aws:outposts:", Unknown("x"))),
        Unknown("one of two", options=(None, "EXTERNAL")),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70000),
    st.sampled_from(["", "vllm/vllm-openai:1", "$(A)", "us-west-2-lax-1a", "s3://b/k", "a: [b\n", "[{}]", "=="]),
    UNKNOWN,
)
ORIGIN = FileOrigin("a.yaml", 1)


def marked(items: dict) -> Attrs:
    return Attrs(items, dict.fromkeys(items, ORIGIN))


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: Items(items, [ORIGIN] * len(items))),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(marked),
    ),
    max_leaves=20,
)


def resource(kind: tuple[str, str], name: str, body: dict) -> Resource:
    terraform = kind[1][0].islower()
    provider = Provider("aws", "hashicorp/aws", "provider.aws", marked({}), None) if terraform else None
    address = f"{kind[1]}.{name}" if terraform else f"ns/{kind[1]}/{name}"
    source = "terraform" if terraform else "kubernetes"
    space = "" if terraform else "ns"
    return Resource(address, "u", kind[1], name, marked(body), ORIGIN, source, kind[0], space, provider=provider)


RESOURCES = st.builds(
    resource, st.sampled_from(KINDS), st.just("r"), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
)
PROFILE = "safety_stack: {gateways: ['ns/*', aws_ecs_service.r], classifiers: [aws_sagemaker_endpoint.r]}"


@settings(max_examples=150)
@given(st.lists(RESOURCES, max_size=4, unique_by=lambda one: one.id), st.sampled_from(["", PROFILE]))
def test_no_shape_of_a_resource_crashes_a_builder(resources, profile):
    world = World(Inventory(resources), parse_profile(profile or "{}", "tether.yaml"))
    for step in (build_roles, build_placement, build_literals, build_switches, build_replicas):
        step(world)
    assert {one.id for one in resources} <= set(world.freeze().nodes)
