"""Rights over the Kubernetes API, one by one, and the chains that they make."""

from __future__ import annotations

import pytest

from scanner.graph.model import Plane, Role, State
from tests.builders.test_control import DEPLOYMENT, GATEWAY, PROFILE, VLLM, binding, rule, writes

CLUSTER = {"kind": "ClusterRoleBinding"}
NONE = "none"
RBAC = "[rbac.authorization.k8s.io]"


def state(built, source="Group/devs", target=GATEWAY, verb="write") -> str:
    """`open`, `possible` or `none`."""
    found = [
        edge.state
        for edge in built.graph.edges
        if edge.verb == verb and edge.source.partition(":")[2] == source and edge.target.partition(":")[2] == target
    ]
    return str(min(found)) if found else NONE


def rules(*some: str) -> str:
    """Several rules of one role."""
    return (
        "[" + ", ".join(one.removeprefix("[").removesuffix("]") if one.startswith("[{") else one for one in some) + "]"
    )


@pytest.mark.parametrize(
    ("some", "where", "verb", "found"),
    [
        # what counts on a websocket
        (rule("['']", "[pods/exec]", "[create]"), {}, "become", "open"),
        (rule("['']", "[pods/exec]", "[get]"), {}, "become", "possible"),
        (rule("['']", "['*/exec']", "[create]"), {}, "become", "open"),
        (rule("['']", "['pods/*']", "[create]"), {}, "become", NONE),
        (rule("['']", "[pods/attach]", "[create]"), {}, "become", "open"),
        (rule("['']", "[pods/exec]", "[list]"), {}, "become", NONE),
        # names
        (rule("['']", "[pods/exec]", "[create]", "[gateway-0]"), {}, "become", "possible"),
        (rule("['']", "[pods/exec]", "[create]", "[web-0]"), {}, "become", NONE),
        (rule("['']", "[pods]", "[create]", "[gateway-x]"), {}, "become", "possible"),
        (rule("['']", "[pods]", "[create, patch]", "[gateway-x]"), {}, "become", "open"),
        (rule("[apps]", "[deployments]", "[deletecollection]", "[gateway]"), {}, "write", NONE),
        (rule("[apps]", "[deployments]", "[delete]", "[gateway]"), {}, "write", "open"),
        (rule("['']", "[serviceaccounts/token]", "[create]", "[gateway]"), {}, "become", "open"),
        (rule("['']", "[serviceaccounts/token]", "[create]", "[web]"), {}, "become", NONE),
        (rule("['']", "[secrets]", "[get]", "[unrelated]"), {}, "become", NONE),
        (rule("['']", "[secrets]", "[list]"), {}, "become", "possible"),
        # kinds
        (rule("[apps]", "[statefulsets]", "[delete]"), {}, "write", NONE),
        (rule("[apps]", "[statefulsets]", "[create]"), {}, "become", "open"),
        (rule("[apps]", "[statefulsets]", "[patch]"), {}, "become", "possible"),
        (rule("[batch]", "[cronjobs]", "[create]"), {}, "become", "open"),
        (rule("[ray.io]", "[rayclusters]", "[create]"), {}, "become", "open"),
        (rule("['']", "[pods]", "[delete]"), {}, "write", NONE),
        (rule("[apps]", "['*/scale']", "[patch]"), {}, "write", "open"),
        (rule("['']", "[pods]", "[patch]"), {}, "become", "open"),
        (rule("['']", "[pods/ephemeralcontainers]", "[patch]"), {}, "become", "open"),
        # scope: objects of the cluster need a right in the whole of it
        (rule("['']", "[nodes/proxy]", "[get]"), {}, "become", NONE),
        (rule("['']", "[nodes/proxy]", "[get]"), CLUSTER, "become", "open"),
        (rule("[admissionregistration.k8s.io]", "[mutatingwebhookconfigurations]", "[patch]"), {}, "become", NONE),
        (rule("[admissionregistration.k8s.io]", "[mutatingwebhookconfigurations]", "[patch]"), CLUSTER, "become", "open"),  # noqa: E501
        (rule("[admissionregistration.k8s.io]", "[mutatingwebhookconfigurations]", "[delete]"), CLUSTER, "become", NONE),  # noqa: E501
        (rule("[admissionregistration.k8s.io]", "[validatingwebhookconfigurations]", "[delete]"), CLUSTER, "write", "open"),  # noqa: E501
        (rule("[constraints.gatekeeper.sh]", "[k8sallowedrepos]", "[delete]"), CLUSTER, "write", "open"),
        (rule("['']", "[users]", "[impersonate]"), {}, "become", NONE),
        (rule("['']", "[users]", "[impersonate]"), CLUSTER, "become", "open"),
        (rule("['']", "[groups]", "[impersonate]"), CLUSTER, "become", "open"),
        (rule("['']", "[serviceaccounts]", "[impersonate]"), {}, "become", "open"),
        (rule("['']", "[serviceaccounts]", "[impersonate]", "[web]"), {}, "become", NONE),
        (rule("['']", "[namespaces]", "[delete]"), {}, "write", "open"),
        (rule("['']", "[namespaces]", "[delete]", "[tenant]"), CLUSTER, "write", NONE),
        (rule("[apiextensions.k8s.io]", "[customresourcedefinitions]", "[delete]"), CLUSTER, "write", "open"),
        (rule("[apiregistration.k8s.io]", "[apiservices]", "[create]"), CLUSTER, "write", "open"),
        (rule("['']", "[nodes]", "[patch]"), CLUSTER, "write", "possible"),
        # routes and guards
        (rule("['']", "[services]", "[patch]"), {}, "write", "open"),
        (rule("[discovery.k8s.io]", "[endpointslices]", "[create]"), {}, "write", "open"),
        (rule("[gateway.networking.k8s.io]", "[httproutes]", "[create]"), {}, "write", "open"),
        (rule("[networking.istio.io]", "[virtualservices]", "[update]"), {}, "write", "open"),
        (rule("[aigateway.envoyproxy.io]", "[aigatewayroutes]", "[update]"), {}, "write", "open"),
        (rule("[networking.k8s.io]", "[networkpolicies]", "[get]"), {}, "write", NONE),
        # settings
        (rule("['']", "[configmaps]", "[create]"), {}, "write", "possible"),
        (rule("['']", "[secrets]", "[update]"), {}, "write", NONE),
        # role bindings, alone and together
        (rule(RBAC, "[clusterroles]", "[bind]"), {}, "become", "possible"),
        (rules(rule(RBAC, "[clusterroles]", "[bind]"), rule(RBAC, "[rolebindings]", "[create]")), {}, "become", "open"),
        (rules(rule(RBAC, "[clusterroles]", "[bind]", "[view]"), rule(RBAC, "[rolebindings]", "[create]")), {}, "become", NONE),  # noqa: E501
        (rules(rule(RBAC, "[clusterroles]", "[bind]", "[edit]"), rule(RBAC, "[rolebindings]", "[create]")), {}, "become", "open"),  # noqa: E501
        (rules(rule(RBAC, "[clusterroles]", "[bind]", "[elsewhere]"), rule(RBAC, "[rolebindings]", "[create]")), {}, "become", "possible"),  # noqa: E501
        (rules(rule(RBAC, "[roles]", "[escalate]"), rule(RBAC, "[roles]", "[patch]")), {}, "become", "open"),
        (rule(RBAC, "[roles]", "[escalate, create]"), {}, "become", "possible"),
        (rule(RBAC, "[clusterroles]", "[escalate, patch]"), {}, "become", NONE),
        (rule(RBAC, "[clusterroles]", "[escalate, patch]"), CLUSTER, "become", "open"),
        (rule("[certificates.k8s.io]", "[signers]", "[approve]"), CLUSTER, "become", "possible"),
        (rule("[certificates.k8s.io]", "[signers]", "[approve]", "[example.com/own]"), CLUSTER, "become", NONE),
        (rules(rule("[certificates.k8s.io]", "[signers]", "[approve]", "[kubernetes.io/kube-apiserver-client]"),
               rule("[certificates.k8s.io]", "[certificatesigningrequests, certificatesigningrequests/approval]", "[create, update]")), CLUSTER, "become", "open"),  # noqa: E501
        # nothing at all
        (rule("['']", "[events, pods/log]", "['*']"), CLUSTER, "write", NONE),
        ("[{nonResourceURLs: ['*'], verbs: ['*']}]", CLUSTER, "write", NONE),
    ],
)  # fmt: skip
def test_what_a_rule_opens_on_the_gateway(tmp_path, some, where, verb, found):
    assert state(writes(tmp_path, binding(some, **where)), verb=verb) == found


@pytest.mark.parametrize(
    ("some", "found"),
    [
        (rule("['']", "[pods/portforward]", "[create]"), "open"),
        (rule("['']", "[pods/portforward]", "[get]"), "possible"),
        (rule("['']", "[pods/proxy]", "[create]"), "open"),
        (rule("['']", "[services/proxy]", "[create]"), "open"),
        (rule("['']", "[services/proxy]", "[get]"), "possible"),
        (rule("['']", "[pods/portforward]", "[create]", "[other-0]"), NONE),
        (rule("['']", "[pods]", "['*']"), NONE),
    ],
)
def test_what_reaches_a_model_past_every_policy(tmp_path, some, found):
    built = writes(tmp_path, binding(some, namespace="inference"))
    assert state(built, target=VLLM, verb="reach") == found
    assert state(writes(tmp_path / "b", binding(some, namespace="tenant")), target=VLLM, verb="reach") == NONE


@pytest.mark.parametrize(("version", "found"), [("1.34", "open"), ("1.35", NONE), ("var.version", "possible")])
def test_a_websocket_needs_create_from_a_version_on(tmp_path, version, found):
    shown = version if version.startswith("var") else f'"{version}"'
    infra = f'resource "aws_eks_cluster" "c" {{\n  name = "c"\n  version = {shown}\n}}\nvariable "version" {{\n  type = string\n}}\n'  # noqa: E501
    built = writes(tmp_path, binding(rule("['']", "[pods/exec]", "[get]")), infra)
    assert state(built, verb="become") == found


@pytest.mark.parametrize(
    ("some", "found"),
    [
        (rule("[networking.k8s.io]", "[networkpolicies]", "[delete]"), "open"),
        (rule("[security.istio.io]", "[authorizationpolicies]", "[patch]"), "open"),
        (rule("[apps]", "[deployments]", "[patch]"), NONE),
        (rule("['']", "[configmaps]", "[patch]"), NONE),
    ],
)
def test_what_guards_a_model_counts_and_the_model_itself_is_no_safety_object(tmp_path, some, found):
    assert state(writes(tmp_path, binding(some, namespace="inference")), target=VLLM) == found


AGGREGATED = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: more, labels: {{rbac.authorization.k8s.io/aggregate-to-{to}: "true"}}}}
rules: [{{apiGroups: [trustyai.opendatahub.io], resources: [guardrailsorchestrators], verbs: [delete]}}]
---
"""


@pytest.mark.parametrize(
    ("to", "role", "found"),
    [
        ("view", "view", "open"),
        ("view", "edit", "open"),
        ("view", "admin", "open"),
        ("edit", "view", NONE),
        ("admin", "view", NONE),
        ("nobody", "view", NONE),
    ],
)
def test_what_other_roles_add_to_the_built_in_ones(tmp_path, to, role, found):
    text = AGGREGATED.format(to=to) + binding(role_ref=f"{{kind: ClusterRole, name: {role}}}")
    assert state(writes(tmp_path, text)) == found


def test_roles_that_are_aggregated_are_aggregated_further(tmp_path):
    text = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: top}
aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: level, operator: In, values: [middle]}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: middle, labels: {level: middle}}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {level: low}}, {matchLabels: {level: middle}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: low, labels: {level: low}}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]
---
""" + binding(role_ref="{kind: ClusterRole, name: top}")
    assert state(writes(tmp_path, text)) == "open"


def account(name: str, namespace: str, some: str, role: str) -> str:
    """A role in `namespace` for the account `ci/name`."""
    where = f", namespace: {namespace}"
    return f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {role}{where}}}
rules: {some}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {role}{where}}}
roleRef: {{kind: Role, name: {role}}}
subjects: [{{kind: ServiceAccount, name: {name}, namespace: ci}}]
---
"""


PATCH = rule("[apps]", "[deployments]", "[patch]")


@pytest.mark.parametrize(
    ("some", "found"),
    [
        (rule("['']", "[pods]", "[create]"), "open"),
        (rule("[apps]", "[deployments]", "[patch]"), "open"),
        (rule("['']", "[serviceaccounts/token]", "[create]"), "open"),
        (rule("['']", "[serviceaccounts/token]", "[create]", "[bot]"), "open"),
        (rule("['']", "[serviceaccounts/token]", "[create]", "[other]"), NONE),
        (rule("['']", "[serviceaccounts]", "[impersonate]", "[bot]"), "open"),
        (rule("['']", "[pods/exec]", "[create]"), "open"),
        (rule("['']", "[pods/exec]", "[create]", "[runner-x]"), "possible"),
        (rule("['']", "[pods/exec]", "[create]", "[web-x]"), NONE),
        (rule("['']", "[pods]", "[get, list]"), NONE),
    ],
)
def test_whoever_may_run_as_an_account_has_its_rights(tmp_path, some, found):
    text = account("bot", "safety", PATCH, "stack") + DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
    text += binding(some, namespace="ci")
    built = writes(tmp_path, text)
    assert state(built, "ci/ServiceAccount/bot") == "open"
    assert state(built, target="ci/ServiceAccount/bot", verb="become") == found


def test_chains_of_accounts_are_followed_and_accounts_that_lead_nowhere_are_not(tmp_path):
    text = account("third", "safety", PATCH, "stack") + account(
        "second", "ci", rule("['']", "[pods]", "[create]"), "make"
    )
    text += account("first", "ci", rule("['']", "[secrets]", "[get]"), "read")
    built = writes(tmp_path, text)
    become = built.edges("become")
    assert "ci/ServiceAccount/second -> ci/ServiceAccount/third (open)" in become
    assert not any(edge.endswith("ci/ServiceAccount/first (open)") for edge in become)


def test_impersonation_by_name_leads_to_that_subject(tmp_path):
    text = binding(rule("['']", "[users]", "[impersonate]", "['ann@example.com']"), kind="ClusterRoleBinding")
    built = writes(tmp_path, text)
    assert state(built, target="User/ann@example.com", verb="become") == "open"
    assert built.graph.nodes["main:User/ann@example.com"].roles == {Role.OPERATOR}


@pytest.mark.parametrize(
    ("some", "found"),
    [
        (rule("['']", "[groups]", "[impersonate]", "['system:masters']"), "possible"),
        (rules(rule("['']", "[groups]", "[impersonate]", "['system:masters']"), rule("['']", "[users]", "[impersonate]", "[me]")), "open"),  # noqa: E501
        (rule("['']", "[users]", "[impersonate]", "['system:kube-controller-manager']"), "open"),
        (rule("['']", "[groups]", "[impersonate]", "[readers]"), NONE),
    ],
)  # fmt: skip
def test_impersonation_of_the_cluster_itself(tmp_path, some, found):
    assert state(writes(tmp_path, binding(some, kind="ClusterRoleBinding"))) == found


def test_whoever_runs_in_kube_system_may_be_a_controller(tmp_path):
    built = writes(tmp_path, binding(rule("['']", "[pods]", "[create]"), namespace="kube-system"))
    assert state(built) == "possible"


@pytest.mark.parametrize("name", ["system:unauthenticated", "system:anonymous"])
def test_nobody_knows_who_the_anonymous_are(tmp_path, name):
    kind = "User" if name.endswith("anonymous") else "Group"
    built = writes(tmp_path, binding(PATCH, subject=f"{{kind: {kind}, name: '{name}'}}"))
    assert built.graph.nodes[f"main:{kind}/{name}"].roles == {Role.EXTERNAL}


def test_every_workload_is_authenticated(tmp_path):
    text = binding(PATCH, subject="{kind: Group, name: 'system:authenticated'}")
    text += DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
    assert "ci/Deployment/runner -> Group/system:authenticated (open)" in writes(tmp_path, text).edges("become")


def test_a_workload_that_runs_as_an_operator_is_one(tmp_path):
    text = binding(PATCH, subject="{kind: ServiceAccount, name: deployer, namespace: ops}")
    text += DEPLOYMENT.format(name="runner", namespace="ops", account="deployer")
    built = writes(tmp_path, text)
    assert Role.OPERATOR in built.graph.nodes["main:ops/Deployment/runner"].roles


def test_an_unknown_role_is_named_once_for_a_binding(tmp_path):
    built = writes(tmp_path, binding(role_ref="{kind: ClusterRole, name: elsewhere}"))
    found = [edge for edge in built.graph.edges if edge.verb == "write"]
    assert [(edge.state, edge.decided_by) for edge in found] == [(State.POSSIBLE, ("ClusterRole/elsewhere",))]


@pytest.mark.parametrize("part", ["verbs", "resources", "api_groups", "resource_names"])
def test_what_is_not_known_of_a_rule_closes_nothing(tmp_path, part):
    given = {
        "api_groups": '["apps"]',
        "resources": '["deployments"]',
        "verbs": '["patch"]',
        "resource_names": '["gateway"]',
    }
    given[part] = "var.what"
    lines = "\n".join(f"    {key} = {value}" for key, value in given.items())
    infra = f"""
variable "what" {{
  type = list(string)
}}
resource "kubernetes_role_v1" "r" {{
  metadata {{
    name      = "r"
    namespace = "safety"
  }}
  rule {{
{lines}
  }}
}}
"""
    built = writes(tmp_path, binding(role_ref="{kind: Role, name: r}"), infra)
    assert state(built) == "possible"


def test_many_holders_of_one_role_meet_the_stack_through_one_relay(tmp_path):
    subjects = "[" + ", ".join(f"{{kind: User, name: u{number}}}" for number in range(3000)) + "]"
    text = binding(role_ref="{kind: ClusterRole, name: cluster-admin}", kind="ClusterRoleBinding")
    text = text.replace("subjects: [{kind: Group, name: devs}]", f"subjects: {subjects}")
    built = writes(tmp_path, text)
    writing = [edge for edge in built.graph.edges if edge.plane is Plane.CONTROL]
    assert len(writing) == 3002
    assert {built.graph.nodes[edge.target].kind for edge in writing if edge.source.partition(":")[2] == "User/u7"} == {
        "Rights"
    }
    assert built.graph.nodes["main:User/u7"].actor


UNPLACED = """
variable "space" {
  type = string
}
resource "kubernetes_role_binding_v1" "b" {
  metadata {
    name      = "b"
    namespace = SPACE
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }
  subject {
    kind = "Group"
    name = "devs"
  }
}
"""


@pytest.mark.parametrize(
    ("space", "found"),
    [("var.space", "possible"), ('"saf-${var.space}"', "possible"), ('"safety"', "open"), ('"tenant"', NONE)],
)
def test_a_binding_in_a_namespace_that_is_not_known_may_be_anywhere(tmp_path, space, found):
    assert state(writes(tmp_path, "", UNPLACED.replace("SPACE", space))) == found


def test_a_gateway_in_a_namespace_that_is_not_known_may_be_there(tmp_path):
    infra = """
variable "space" {
  type = string
}
resource "kubernetes_deployment_v1" "gateway" {
  metadata {
    name      = "front"
    namespace = var.space
  }
  spec {
    selector {
      match_labels = { app = "front" }
    }
    template {
      metadata {
        labels = { app = "front" }
      }
      spec {
        container {
          name  = "c"
          image = "example/front:1"
        }
      }
    }
  }
}
"""
    profile = PROFILE.replace("[safety/Deployment/gateway]", '["*/Deployment/front"]')
    built = writes(tmp_path, binding(PATCH, namespace="tenant"), infra, profile)
    assert state(built, target="*/Deployment/front") == "possible"


def test_a_projected_token_is_mounted_whatever_the_switch_says(tmp_path):
    text = account("bot", "safety", PATCH, "stack") + DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
    silent = "serviceAccountName: bot\n      automountServiceAccountToken: false"
    projected = silent + "\n      volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t}}]}}]"
    for number, (spec, found) in enumerate(((silent, NONE), (projected, "open"))):
        built = writes(tmp_path / str(number), text.replace("serviceAccountName: bot", spec))
        assert state(built, "ci/Deployment/runner", "ci/ServiceAccount/bot", "become") == found
