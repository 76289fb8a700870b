"""What looks like the edge, or like a site of the customer, and is neither: no violation of the two commitments."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from tests.harness import run_scan

PROFILE = """
places:
  - {provider: aws, partition: aws-us-gov, accounts: ["111122223333"], regions: [us-gov-west-1]}
  - {provider: gcp, accounts: [acme], regions: [us-central1]}
units:
  - {name: u, terraform: [.], manifests: [k8s], cluster: aws_eks_cluster.main}
models:
  servers: ["*/Deployment/vllm"]
"""
FRAME = """
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}
provider "google" {
  project = "acme"
  region  = "us-central1"
}
resource "aws_eks_cluster" "main" {
  name = "main"
}
"""
TERRAFORM = {
    "edge in the words of a name": """
        resource "aws_s3_bucket" "knowledge_ledger" {
          bucket = "acme-knowledge-edge-ledger"
          tags   = { team = "edge", path = "s3://acme/wedge/hedge" }
        }
    """,
    "TLS edge termination": """
        resource "aws_ssm_parameter" "route" {
          name  = "/route/tls"
          type  = "String"
          value = jsonencode({ termination = "edge", insecureEdgeTerminationPolicy = "Redirect" })
        }
    """,
    "a function at the edge of a content network": """
        resource "aws_cloudfront_distribution" "site" {
          enabled = true
          default_cache_behavior {
            target_origin_id = "www"
            lambda_function_association {
              event_type = "viewer-request"
              lambda_arn = "arn:aws:lambda:us-east-1:111122223333:function:headers:3"
            }
          }
        }
    """,
    "an attachment of Cloud WAN": """
        resource "aws_networkmanager_vpc_attachment" "a" {
          core_network_id = "core-network-0a1b2c3d4e5f60718"
          vpc_arn         = "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718"
          subnet_arns     = ["arn:aws-us-gov:ec2:us-gov-west-1:111122223333:subnet/subnet-0a1b2c3d4e5f60718"]
        }
    """,
    "Graviton machines": """
        resource "aws_eks_node_group" "arm" {
          cluster_name   = aws_eks_cluster.main.name
          ami_type       = "AL2023_ARM_64_STANDARD"
          instance_types = ["m7g.4xlarge"]
        }
    """,
    "a cache of CloudFront": """
        resource "aws_cloudfront_distribution" "site" {
          enabled     = true
          price_class = "PriceClass_All"
          origin {
            domain_name = "www.acme.example"
            origin_id   = "www"
          }
        }
        resource "aws_cloudfront_function" "headers" {
          name    = "edge-headers"
          runtime = "cloudfront-js-2.0"
          code    = "function handler(event) { return event.request }"
        }
    """,
    "a content network for media": """
        resource "google_network_services_edge_cache_service" "media" {
          name     = "media"
          routing {
          }
        }
    """,
    "edge locations of Cloud WAN": """
        data "aws_networkmanager_core_network_policy_document" "wan" {
          core_network_configuration {
            asn_ranges = ["64512-64555"]
            edge_locations {
              location = "us-gov-west-1"
            }
          }
          segments {
            name = "shared"
          }
        }
        resource "aws_networkmanager_core_network" "wan" {
          global_network_id = "global-network-0a1b2c3d4e5f60718"
        }
    """,
    "an access entry of an ordinary type": """
        resource "aws_eks_access_entry" "nodes" {
          for_each      = toset(["EC2_LINUX", "EC2", "STANDARD", "FARGATE_LINUX"])
          cluster_name  = aws_eks_cluster.main.name
          principal_arn = "arn:aws-us-gov:iam::111122223333:role/nodes"
          type          = each.value
        }
    """,
    "hybrid as a mode of a cache or a search": """
        resource "aws_ssm_parameter" "search" {
          name  = "/search/mode"
          type  = "String"
          value = jsonencode({ search_type = "HYBRID", cache = "hybrid", overrideSearchType = "HYBRID" })
        }
        resource "aws_elasticache_replication_group" "cache" {
          replication_group_id = "hybrid-cache"
          description          = "hybrid"
        }
    """,
    "snow in the name of Snowflake": """
        resource "aws_secretsmanager_secret" "snowflake" {
          name = "snowflake/snowball-analytics"
        }
        resource "aws_glue_connection" "snowflake" {
          name                  = "snowflake"
          connection_type       = "SNOWFLAKE"
          connection_properties = { url = "jdbc:snowflake://acme.snowflakecomputing.com" }
        }
    """,
    "a count of nothing": """
        locals { sites = [] }
        resource "aws_ssm_activation" "site" {
          count    = length(local.sites)
          iam_role = "hybrid"
        }
        resource "aws_sagemaker_device_fleet" "f" {
          count             = 0
          device_fleet_name = "f"
          role_arn          = "arn:aws-us-gov:iam::111122223333:role/fleet"
        }
    """,
    "an Outpost that is null": """
        variable "outpost" { default = null }
        resource "aws_subnet" "s" {
          vpc_id                   = "vpc-0a1b2c3d4e5f60718"
          outpost_arn              = var.outpost
          customer_owned_ipv4_pool = var.outpost
        }
        resource "aws_ebs_volume" "v" {
          availability_zone = "us-gov-west-1a"
          outpost_arn       = var.outpost
        }
    """,
    "the mandatory strength of the filter against prompt attacks": """
        resource "aws_bedrock_guardrail" "g" {
          name = "g"
          content_policy_config {
            filters_config {
              type            = "PROMPT_ATTACK"
              input_strength  = "HIGH"
              output_strength = "NONE"
            }
          }
        }
    """,
    "the ordinary bootstrap of nodes": """
        resource "aws_launch_template" "nodes" {
          user_data = base64encode(<<-EOT
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="BOUNDARY"

            --BOUNDARY
            Content-Type: application/node.eks.aws

            ---
            apiVersion: node.eks.aws/v1alpha1
            kind: NodeConfig
            spec:
              cluster:
                name: main
                cidr: 10.100.0.0/16

            --BOUNDARY--
          EOT
          )
        }
        resource "aws_instance" "ecs" {
          user_data = "#!/bin/bash\\necho ECS_CLUSTER=main >> /etc/ecs/ecs.config\\n"
        }
    """,
    "a private link": """
        resource "aws_dx_gateway" "d" {
          name            = "d"
          amazon_side_asn = "64512"
        }
        resource "aws_customer_gateway" "c" {
          bgp_asn    = 65000
          ip_address = "192.0.2.17"
          type       = "ipsec.1"
        }
    """,
    "an installer of a small Kubernetes that no model meets": """
        resource "aws_instance" "lab" {
          user_data = "curl -sfL https://get.k3s.io | sh -"
        }
    """,
}
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: vllm, namespace: inference}}
spec:
  selector: {{matchLabels: {{app: vllm}}}}
  template:
    metadata: {{labels: {{app: vllm}}}}
    spec:
{more}
      containers: [{{name: vllm, image: "vllm/vllm-openai:v0.11.0", args: ["--model=s3://acme-weights/x/"]}}]
"""
TERMS = "nodeSelectorTerms: [{{matchExpressions: [{}]}}]"
AFFINITY = "      affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{{}}}}}}}"


def kept_off(expression: str) -> str:
    return POD.format(more=AFFINITY.format(TERMS.format(expression)))


MANIFESTS = {
    "anti-affinity with NotIn": kept_off("{key: eks.amazonaws.com/compute-type, operator: NotIn, values: [hybrid]}"),
    "anti-affinity with DoesNotExist": kept_off("{key: node-role.kubernetes.io/edge, operator: DoesNotExist}"),
    "a worker that is not of the edge": POD.format(more='      nodeSelector: {openyurt.io/is-edge-worker: "false"}'),
    "workers that are not of the edge, by an affinity": kept_off(
        '{key: openyurt.io/is-edge-worker, operator: NotIn, values: ["true"]}'
    ),
    "any architecture": kept_off("{key: kubernetes.io/arch, operator: In, values: [amd64, arm64, arm]}"),
    "64-bit ARM": POD.format(more="      nodeSelector: {kubernetes.io/arch: arm64}"),
    "a label with edge in it": POD.format(more="      nodeSelector: {team: edge, tier: knowledge-edge}"),
    "a plug-in for accelerators": """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: nvidia-device-plugin-daemonset, namespace: kube-system}
        spec:
          selector: {matchLabels: {name: plugin}}
          template:
            metadata: {labels: {name: plugin}}
            spec:
              tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
              containers: [{name: plugin, image: "nvcr.io/nvidia/k8s-device-plugin:v0.17.1"}]
    """,
    "a daemon that tolerates every taint": """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: logs, namespace: kube-system}
        spec:
          selector: {matchLabels: {name: logs}}
          template:
            metadata: {labels: {name: logs}}
            spec:
              tolerations: [{operator: Exists}, {key: node-role.kubernetes.io/edge, operator: Exists}]
              containers: [{name: logs, image: "fluent/fluent-bit:3.2"}]
    """,
    "a route with edge termination": """
        apiVersion: route.openshift.io/v1
        kind: Route
        metadata: {name: web, namespace: shop}
        spec: {to: {kind: Service, name: web}, tls: {termination: edge}}
    """,
    "a cache of models on nodes": """
        apiVersion: serving.kserve.io/v1alpha1
        kind: LocalModelCache
        metadata: {name: claude}
        spec: {sourceModelUri: "s3://acme-weights/x/", modelSize: 10Gi, nodeGroups: [gpu]}
    """,
    "hybrid search in a setting": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: search, namespace: shop}
        data: {mode: hybrid, "edge.conf": "ssl_edge_termination on;", warehouse: snowflake}
    """,
    "a node of EC2 with an EKS build": """
        apiVersion: v1
        kind: Node
        metadata:
          name: n
          labels: {kubernetes.io/arch: arm64, topology.kubernetes.io/zone: us-gov-west-1a}
        spec: {providerID: "aws:///us-gov-west-1a/i-0a1b2c3d4e5f60718"}
        status: {nodeInfo: {kubeletVersion: v1.34.1-eks-113cf36, osImage: Amazon Linux 2023}}
    """,
}


def findings(folder: Path, *verdicts: str) -> list[str]:
    """What the rules about places say, by verdict where given."""
    report = run_scan(folder)
    assert all(not one["note"].startswith("the rule raised") for one in report["rules"] if "note" in one), report[
        "rules"
    ]
    return [
        json.dumps([one["rule"], one["message"]])
        for one in report["findings"]
        if one["commitment"] in ("cloud-only", "no-edge") and (not verdicts or one["verdict"] in verdicts)
    ]


def violations(folder: Path) -> list[str]:
    return findings(folder, "violated")


def world(folder: Path, terraform: str = "", manifest: str = "") -> Path:
    (folder / "k8s").mkdir()
    (folder / "tether.yaml").write_text(PROFILE)
    (folder / "main.tf").write_text(FRAME + textwrap.dedent(terraform))
    (folder / "k8s" / "pod.yaml").write_text(POD.format(more="").replace("name: vllm,", "name: other,"))
    if manifest:
        (folder / "k8s" / "it.yaml").write_text(textwrap.dedent(manifest))
    return folder


OUT_OF_SIGHT = "an installer of a small Kubernetes that no model meets"
"""What it fetches is not known, wherever the machine stands: no violation, and not proved either."""


@pytest.mark.parametrize("trap", TERRAFORM)
def test_nothing_of_it_is_told_in_terraform(tmp_path: Path, trap: str) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    folder = world(tmp_path / "with", TERRAFORM[trap])
    assert violations(folder) == []
    more = set(findings(folder)) - set(findings(world(tmp_path / "without")))
    assert [json.loads(one)[0] for one in more] == (["placement-decided-out-of-sight"] if trap == OUT_OF_SIGHT else [])


@pytest.mark.parametrize("trap", MANIFESTS)
def test_nothing_of_it_is_told_in_manifests(tmp_path: Path, trap: str) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    folder = world(tmp_path / "with", manifest=MANIFESTS[trap])
    assert set(findings(folder)) <= set(findings(world(tmp_path / "without")))


def test_the_strength_that_the_provider_demands_is_not_too_weak(tmp_path: Path) -> None:
    folder = world(tmp_path, TERRAFORM["the mandatory strength of the filter against prompt attacks"])
    stack = "{guardrails: [{id: aws_bedrock_guardrail.g}], required_filters: {PROMPT_ATTACK: {input: HIGH}}}"
    (folder / "tether.yaml").write_text(f"{PROFILE}safety_stack: {stack}\n")
    report = run_scan(folder)
    weak = next(one for one in report["rules"] if one["id"] == "guardrail-filter-too-weak")
    assert (weak["verdict"], weak["examined"]) == ("holds", 1)


OUTSIDE = {
    "an Outpost through a local and a module": (
        'locals {\n  rack = "arn:aws-us-gov:outposts:us-gov-west-1:111122223333:outpost/op-0123456789abcdef0"\n}\n'
        'module "m" {\n  source = "./m"\n  where  = local.rack\n}\n',
        "resource-stands-on-premises",
    ),
    "a zone behind for_each": (
        'resource "aws_subnet" "s" {\n  for_each = { a = "a", b = "-lax-1a" }\n  vpc_id = "vpc-1"\n'
        '  availability_zone = "us-gov-west-1${each.value}"\n}\n',
        "resource-in-unordinary-zone",
    ),
    "a command of local-exec": (
        'resource "null_resource" "r" {\n  provisioner "local-exec" {\n'
        '    command = join(" ", ["azcmagent", "connect"])\n  }\n}\n',
        "placement-decided-out-of-sight",
    ),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_text_search_does_not_find_is_told_once(tmp_path: Path, case: str) -> None:
    text, rule = OUTSIDE[case]
    folder = world(tmp_path, text)
    (folder / "m").mkdir()
    (folder / "m" / "main.tf").write_text(
        'variable "where" {\n}\nresource "aws_ebs_volume" "v" {\n  outpost_arn = var.where\n}\n'
    )
    assert [json.loads(one)[0] for one in violations(folder)] == [rule]


CUSTOM = """
apiVersion: acme.example/v1
kind: ModelServer
metadata: {{name: m, namespace: inference}}
spec:
  pods:
{}
"""
HIDDEN = {
    "the pod specification of a custom resource": (
        '    - spec: {nodeSelector: {node-role.kubernetes.io/edge: ""}, '
        'containers: [{name: c, image: "vllm/vllm-openai:v0.11.0", args: ["--model=x/y"]}]}',
        {"model-pod-uses-device-nodes", "resource-stands-at-the-edge"},
    ),
    "an affinity on a custom resource": (
        "    scheduling:\n"
        + AFFINITY.format(TERMS.format("{key: eks.amazonaws.com/compute-type, operator: In, values: [hybrid]}")),
        {"model-pod-may-land-outside-the-cloud", "resource-stands-on-premises"},
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_constraints_inside_custom_resources_are_found(tmp_path: Path, case: str) -> None:
    text, rules = HIDDEN[case]
    found = {json.loads(one)[0] for one in violations(world(tmp_path, manifest=CUSTOM.format(text)))}
    assert len(found) == 1 and found < rules
