"""No attribute of any type, and no Unknown at any level, makes the builders of identity, models or control raise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.origin import FileOrigin
from scanner.profile import GuardrailEntry, Profile
from scanner.resource import Attrs, Items, Provider, Resource
from scanner.unknown import Ref, Unknown
from tests.builders.identity_world import STEPS

HERE = FileOrigin("main.tf", 1)
TERRAFORM = {
    "aws_iam_role": (
        "name", "assume_role_policy", "inline_policy", "managed_policy_arns", "permissions_boundary", "path",
    ),
    "aws_iam_role_policy": ("role", "policy"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_policy_attachment": ("roles", "users", "groups", "policy_arn"),
    "aws_iam_group_membership": ("users", "group"),
    "aws_iam_user_group_membership": ("user", "groups"),
    "aws_iam_policy": ("name", "policy"),
    "aws_vpc_endpoint": ("service_name", "policy"),
    "aws_bedrock_guardrail": ("name", "guardrail_arn"),
    "aws_bedrock_enforced_guardrail_configuration": (
        "guardrail_identifier", "guardrail_version", "model_enforcement", "selective_content_guarding", "input_tags",
    ),
    "aws_bedrock_model_invocation_logging_configuration": ("logging_config", "region"),
    "aws_sagemaker_endpoint": ("name", "endpoint_config_name"),
    "aws_sagemaker_endpoint_configuration": ("name", "data_capture_config"),
    "aws_lambda_function": ("function_name", "role"),
    "aws_lambda_function_url": ("function_name", "authorization_type"),
    "aws_lambda_permission": ("function_name", "principal", "source_arn"),
    "aws_eks_access_entry": ("principal_arn", "kubernetes_groups"),
    "aws_eks_access_policy_association": ("principal_arn", "policy_arn", "access_scope"),
    "aws_eks_pod_identity_association": ("namespace", "service_account", "role_arn"),
    "aws_eks_node_group": ("node_role_arn", "launch_template"),
    "aws_organizations_policy": ("type", "content"),
    "aws_organizations_policy_attachment": ("policy_id", "target_id"),
    "azurerm_cognitive_deployment": ("cognitive_account_id",),
    "azurerm_cognitive_account": ("public_network_access_enabled", "network_acls"),
    "google_vertex_ai_endpoint": ("network", "private_service_connect_config"),
    "aws_s3_bucket": ("bucket",),
}  # fmt: skip
KUBERNETES = {
    "Role": ("rules", "metadata"),
    "ClusterRole": ("rules", "aggregationRule", "metadata"),
    "RoleBinding": ("roleRef", "subjects", "metadata"),
    "ClusterRoleBinding": ("roleRef", "subjects", "metadata"),
    "ServiceAccount": ("metadata", "automountServiceAccountToken"),
    "Pod": ("spec", "metadata"),
    "ConfigMap": ("data", "metadata"),
}
WORDS = [
    "a", "*", "", "bedrock:*", "arn:aws:iam::111122223333:role/a", "aws_iam_role.a", "Allow", "Deny", "Group", "admin",
    "arn:aws:bedrock:us-east-1:1:guardrail/abc:1", "sts:AssumeRole", "repo:a/b:*", "system:serviceaccount:a:a",
]  # fmt: skip
KEYS = [
    "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "StringEquals",
    "bedrock:GuardrailIdentifier",
    "AWS", "Service", "Federated", "name", "kind", "namespace", "verbs", "resources", "apiGroups", "policy", "type",
    "namespaces", "containers", "env", "serviceAccountName", "metadata_options", "included_models", "s3_config",
    "mapRoles", "annotations", "labels", "clusterRoleSelectors", "matchLabels", "__possible__",
]  # fmt: skip


def unknown(address):
    return Unknown("`x` is not known", decided_by=("x",), ref=Ref(address, "arn") if address else None)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from(WORDS)
    | st.sampled_from([unknown(""), unknown("aws_iam_role.a"), unknown("aws_bedrock_guardrail.a")])
    | st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)).map(
        lambda two: Unknown("partly", pieces=(two[0], unknown("aws_bedrock_guardrail.a"), two[1]))
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(Items) | st.dictionaries(st.sampled_from(KEYS), inner).map(Attrs),
    max_leaves=10,
)


@st.composite
def resources(draw):
    found = []
    for index in range(draw(st.integers(1, 6))):
        cluster = draw(st.booleans())
        table = KUBERNETES if cluster else TERRAFORM
        kind = draw(st.sampled_from(sorted(table)))
        attrs = Attrs({key: draw(values) for key in table[kind]}, dict.fromkeys(table[kind], HERE))
        name = "a" if index == 0 else f"a{index}"
        address = f"a/{kind}/{name}" if cluster else f"{kind}.{name}"
        provider = Provider("aws", "hashicorp/aws", "provider.aws", Attrs({"region": draw(values)}), HERE)
        found.append(
            Resource(
                address,
                "main",
                kind,
                name,
                attrs,
                HERE,
                "kubernetes" if cluster else "terraform",
                group="rbac.authorization.k8s.io" if "Role" in kind else "",
                namespace="a" if cluster else "",
                provider=None if cluster else provider,
            )
        )
    return found


@settings(max_examples=150)
@given(resources())
def test_no_input_raises(found):
    profile = Profile(
        gateways=("aws_lambda_function.*", "aws_iam_role.a", "a/Pod/*"),
        guardrails=(GuardrailEntry("aws_bedrock_guardrail.a", HERE, "1"),),
        operators=("group:*", "serviceaccount:*"),
        evidence_sinks=("aws_s3_bucket.a",),
    )
    world = World(Inventory(found), profile)
    for step in STEPS:
        step(world)
    world.freeze()
