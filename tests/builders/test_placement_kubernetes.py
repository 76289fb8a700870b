"""Where manifests stand: their cluster, what the scheduler may do, nodes, edge layers, clusters on site."""

import pytest

from scanner.builders.placement.build import build_placement
from scanner.builders.recognise.build import build_roles
from scanner.graph.facts import EdgeLayer, Placement, Scheduling
from tests.builders.texts import build, facts, line, roles, runs_on, shown

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: ns}}
spec:
  containers: [{{name: c, image: {image}}}]
{more}
"""


def world_of(tmp_path, text: str, profile: str = "", **files: str):
    return build(tmp_path, {"k8s/a.yaml": text, **files}, build_roles, build_placement, profile=profile)


def pod(tmp_path, more: str = "", image: str = "vllm/vllm-openai:v0.9.0"):
    return world_of(tmp_path, POD.format(more=more, image=image))


def classes(world, address: str) -> list[str]:
    found = [one for kind in (Placement, Scheduling) for one in facts(world, address, kind)]
    return sorted(shown(fact.place_class) for fact in found)


def layers(world, address: str = "cluster") -> list[str]:
    return sorted(fact.layer for fact in facts(world, address, EdgeLayer))


def test_one_statement_for_all_manifests_of_a_unit(tmp_path):
    two = POD.format(more="", image="a") + "---\n" + POD.format(more="", image="b").replace("name: p", "name: q")
    world = world_of(tmp_path, two)
    assert classes(world, "cluster") == ["?units[].cluster"]
    assert roles(world, "cluster") == {"cluster"}
    assert runs_on(world) == {("ns/Pod/p", "cluster"), ("ns/Pod/q", "cluster")}
    assert sum(isinstance(fact, Placement) for one in world.nodes.values() for fact in one.facts) == 1


UNIT = "units: [{{name: u, terraform: [tf], manifests: [k8s], cluster: {}}}]"
EKS = {"tf/main.tf": 'resource "aws_eks_cluster" "c" {\n  name = "c"\n}\n'}


def test_the_profile_says_which_cluster_it_is(tmp_path):
    world = world_of(tmp_path, POD.format(more="", image="a"), UNIT.format("aws_eks_cluster.c"), **EKS)
    assert classes(world, "cluster") == []
    assert ("cluster", "aws_eks_cluster.c") in runs_on(world)


def test_a_cluster_that_is_not_in_the_inputs(tmp_path):
    world = world_of(tmp_path, POD.format(more="", image="a"), UNIT.format("aws_eks_cluster.other"), **EKS)
    assert classes(world, "cluster") == ["?aws_eks_cluster.other"]


SELECTORS = {
    "eks.amazonaws.com/compute-type: hybrid": ["hybrid-compute"],
    "eks.amazonaws.com/compute-type: auto": [],
    'node-role.kubernetes.io/edge: ""': ["edge-device"],
    'openyurt.io/is-edge-worker: "true"': ["edge-device"],
    'openyurt.io/is-edge-worker: "false"': [],
    "nvidia.com/gpu.product: Jetson-AGX-Orin": ["edge-device"],
    "nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3": [],
    "topology.kubernetes.io/zone: us-west-2-lax-1a": ["near-edge"],
    "topology.kubernetes.io/zone: us-east-1-wl1-atl-wlz-1": ["telco-edge"],
    "topology.kubernetes.io/zone: us-west-2a": [],
    "kubernetes.io/arch: arm64": [],
    "team: knowledge-edge": [],
    "type: virtual-kubelet": ["?ns/Pod/p"],
}


@pytest.mark.parametrize("selector", SELECTORS)
def test_node_selectors(tmp_path, selector):
    world = pod(tmp_path, f"  nodeSelector:\n    {selector}")
    assert classes(world, "ns/Pod/p") == SELECTORS[selector]
    for kind in (Placement, Scheduling):
        assert all(line(fact) == 7 for fact in facts(world, "ns/Pod/p", kind))


AFFINITY = """\
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          - matchExpressions: [{}]
"""
HYBRID = "{{key: eks.amazonaws.com/compute-type, operator: {}, values: [{}]}}"
EXPRESSIONS = {
    HYBRID.format("In", "hybrid"): ["hybrid-compute"],
    HYBRID.format("In", "auto, hybrid"): ["hybrid-compute"],
    HYBRID.format("In", "auto"): [],
    HYBRID.format("NotIn", "hybrid"): [],
    "{key: eks.amazonaws.com/compute-type, operator: Exists}": ["?node label eks.amazonaws.com/compute-type"],
    "{key: node-role.kubernetes.io/edge, operator: DoesNotExist}": [],
    "{key: node-role.kubernetes.io/edge, operator: Exists}": ["edge-device"],
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_affinities_count_with_their_operator(tmp_path, expression):
    assert classes(pod(tmp_path, AFFINITY.format(expression)), "ns/Pod/p") == EXPRESSIONS[expression]


def test_a_preference_may_run_there(tmp_path):
    more = (
        "  affinity:\n    nodeAffinity:\n      preferredDuringSchedulingIgnoredDuringExecution:\n"
        f"        - {{weight: 1, preference: {{matchExpressions: [{HYBRID.format('In', 'hybrid')}]}}}}\n"
    )
    assert classes(pod(tmp_path, more), "ns/Pod/p") == ["hybrid-compute"]


TOLERATIONS = {
    "{key: node-role.kubernetes.io/edge, operator: Exists}": ["edge-device"],
    "{key: eks.amazonaws.com/compute-type, value: hybrid}": ["hybrid-compute"],
    "{key: eks.amazonaws.com/compute-type, value: fargate}": [],
    "{key: nvidia.com/gpu, operator: Exists}": [],
    "{operator: Exists}": [],
}


@pytest.mark.parametrize("toleration", TOLERATIONS)
def test_tolerations(tmp_path, toleration):
    assert classes(pod(tmp_path, f"  tolerations: [{toleration}]"), "ns/Pod/p") == TOLERATIONS[toleration]


def test_a_toleration_with_an_affinity_that_keeps_the_pod_off(tmp_path):
    more = "  tolerations: [{key: node-role.kubernetes.io/edge, operator: Exists}]\n" + AFFINITY.format(
        "{key: node-role.kubernetes.io/edge, operator: DoesNotExist}"
    )
    assert classes(pod(tmp_path, more), "ns/Pod/p") == []


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ("nvcr.io/nvidia/l4t-ml:r36", ["edge-device"]),
        ("dustynv/llama_cpp:r36", ["edge-device"]),
        ("vllm/vllm-openai:v0.9.0", []),
        ("acme/knowledge-edge:1", []),
    ],
)
def test_images_made_for_devices(tmp_path, image, wanted):
    assert classes(pod(tmp_path, image=image), "ns/Pod/p") == wanted


OBJECT = "apiVersion: {}\nkind: {}\nmetadata: {{name: o, namespace: ns}}\nspec: {{}}\n"


@pytest.mark.parametrize(
    ("version", "kind", "layer"),
    [
        ("apps.kubeedge.io/v1alpha1", "EdgeApplication", "KubeEdge"),
        ("operations.kubeedge.io/v1alpha1", "ImagePrePullJob", "KubeEdge"),
        ("sedna.io/v1alpha1", "JointInferenceService", "Sedna"),
        ("apps.openyurt.io/v1beta2", "NodePool", "OpenYurt"),
        ("superedge.io/v1", "DeploymentGrid", "SuperEdge"),
        ("akri.sh/v0", "Configuration", "Akri"),
    ],
)
def test_edge_layers(tmp_path, version, kind, layer):
    assert layers(world_of(tmp_path, OBJECT.format(version, kind))) == [layer]


def test_a_layer_is_said_once(tmp_path):
    text = OBJECT.format("apps.kubeedge.io/v1alpha1", "EdgeApplication") + "---\n"
    text += OBJECT.format("devices.kubeedge.io/v1beta1", "Device") + "---\n"
    text += "apiVersion: v1\nkind: Namespace\nmetadata: {name: kubeedge}\n"
    assert layers(world_of(tmp_path, text)) == ["KubeEdge"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("serving.kserve.io/v1alpha1", "LocalModelCache"),
        ("serving.kserve.io/v1alpha1", "LocalModelNodeGroup"),
        ("apps.nvidia.com/v1alpha1", "NIMCache"),
        ("production-stack.vllm.ai/v1alpha1", "CacheServer"),
        ("karpenter.sh/v1", "NodeClaim"),
        ("karpenter.sh/v1", "NodePool"),
        ("helm.cattle.io/v1", "HelmChart"),
    ],
)
def test_look_alikes_of_the_edge(tmp_path, version, kind):
    world = world_of(tmp_path, OBJECT.format(version, kind))
    assert layers(world) == []
    assert not any(
        isinstance(fact, Placement) and one.address != "cluster" for one in world.nodes.values() for fact in one.facts
    )


@pytest.mark.parametrize(
    ("version", "kind", "wanted"),
    [
        ("anywhere.eks.amazonaws.com/v1alpha1", "VSphereDatacenterConfig", ["on-prem"]),
        ("anywhere.eks.amazonaws.com/v1alpha1", "SnowDatacenterConfig", ["edge-device"]),
        ("infrastructure.cluster.x-k8s.io/v1beta1", "Metal3Cluster", ["on-prem"]),
        ("infrastructure.cluster.x-k8s.io/v1beta1", "AWSCluster", []),
        ("vmware.infrastructure.cluster.x-k8s.io/v1beta1", "VSphereCluster", []),
    ],
)
def test_clusters_made_on_site(tmp_path, version, kind, wanted):
    assert classes(world_of(tmp_path, OBJECT.format(version, kind)), f"ns/{kind}/o") == wanted


NODE = "apiVersion: v1\nkind: Node\nmetadata:\n  name: n\n  labels: {{{labels}}}\nspec: {{{spec}}}\nstatus: {status}\n"
NODES = {
    "EC2": ("providerID: 'aws:///us-gov-west-1a/i-0'", "", "{}", ["cloud"]),
    "hybrid": ("providerID: 'eks-hybrid:///eu/c/mi-1'", "", "{}", ["hybrid-compute"]),
    "vSphere": ("providerID: 'vsphere://1'", "", "{}", ["on-prem"]),
    "none": ("", "", "{}", ["?Node/n spec.providerID"]),
    "unheard of": ("providerID: 'acme://1'", "", "{}", ["?Node/n spec.providerID"]),
    "label": (
        "providerID: 'aws:///us-west-2a/i-0'",
        "node-role.kubernetes.io/edge: ''",
        "{}",
        ["cloud", "edge-device"],
    ),
    "label that says no": (
        "providerID: 'aws:///us-west-2a/i-0'",
        "openyurt.io/is-edge-worker: 'false'",
        "{}",
        ["cloud"],
    ),
    "kubelet": (
        "providerID: 'aws:///us-west-2a/i-0'",
        "",
        "{nodeInfo: {kubeletVersion: v1.29.5-kubeedge-v1.19.0}}",
        ["cloud", "edge-device"],
    ),
    "an EKS build": ("providerID: 'aws:///us-west-2a/i-0'", "", "{nodeInfo: {kubeletVersion: v1.31-eks-1}}", ["cloud"]),
}


@pytest.mark.parametrize("case", NODES)
def test_nodes(tmp_path, case):
    spec, labels, status, wanted = NODES[case]
    world = world_of(tmp_path, NODE.format(spec=spec, labels=labels, status=status))
    assert classes(world, "Node/n") == wanted


def test_the_zone_of_a_node_is_its_region(tmp_path):
    world = world_of(tmp_path, NODE.format(spec="providerID: 'aws:///us-gov-west-1a/i-0'", labels="", status="{}"))
    (fact,) = facts(world, "Node/n", Placement)
    assert (fact.partition, fact.region, fact.zone) == ("aws-us-gov", "us-gov-west-1", "us-gov-west-1a")


def test_a_chart_of_an_edge_layer(tmp_path):
    text = 'resource "helm_release" "r" {\n  name = "r"\n  chart = "cloudcore"\n}\n'
    world = build(tmp_path, {"main.tf": text}, build_placement)
    assert layers(world, "provider.helm") == ["KubeEdge"]


def test_a_workload_in_terraform_is_scheduled_too(tmp_path):
    text = """
resource "kubernetes_deployment_v1" "d" {
  metadata {
    name      = "d"
    namespace = "ns"
  }
  spec {
    template {
      spec {
        node_selector = { "eks.amazonaws.com/compute-type" = var.kind }
        container {
          name  = "c"
          image = "acme/x"
        }
      }
    }
  }
}
variable "kind" {
  type = string
}
"""
    world = build(tmp_path, {"main.tf": text}, build_placement)
    assert classes(world, "ns/Deployment/d") == ["?var.kind"]


@pytest.mark.parametrize("more", ["  nodeSelector: [1]", "  affinity: x", "  tolerations: {a: b}", "  nodeSelector: 3"])
def test_wrong_types_do_not_crash(tmp_path, more):
    assert classes(pod(tmp_path, more), "ns/Pod/p") == []
