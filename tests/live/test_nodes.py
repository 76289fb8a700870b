"""The machines of a cluster: where they stand is where what runs on them stands."""

import json

import pytest

from tests.harness import run
from tests.live.server import Cluster, denied, kubeconfig, serving
from tests.live.test_calls import namespace

PROFILE = """
places:
  - {provider: aws, partition: aws-us-gov, accounts: ["111122223333"], regions: [us-gov-west-1]}
models:
  servers: [inference/Deployment/vllm]
"""


def node(name, provider, info=None, **labels):
    """A Node with everything that a kubelet reports."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {"providerID": provider} if provider else {},
        "status": {
            "nodeInfo": {"kubeletVersion": "v1.31.2", "osImage": "Amazon Linux 2023", "machineID": "m", **(info or {})},
            "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}],
            "images": [{"names": ["x"]}],
        },
    }


def model():
    server = {"name": "server", "image": "vllm/vllm-openai:v0.9", "args": ["--model=a/b"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "vllm", "namespace": "inference"},
        "spec": {
            "selector": {"matchLabels": {"app": "vllm"}},
            "template": {"metadata": {"labels": {"app": "vllm"}}, "spec": {"containers": [server]}},
        },
    }


ARN = "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/main"


def judged(tmp_path, *nodes, faults=(), cluster=ARN):
    profile = tmp_path / "tether.yaml"
    profile.write_text(PROFILE)
    with serving(Cluster([namespace("inference"), model(), *nodes], faults=faults)) as address:
        config = str(kubeconfig(tmp_path, address))
        where = ("--live", "kubernetes", "--kubeconfig", config, "--cluster", cluster)
        _, out, err = run("scan", *where, "--profile", str(profile), "--as-of", "2026-11-01", "--format", "json")
    assert out, err
    return json.loads(out)


def said(report, commitment="cloud-only"):
    return [(one["verdict"], one["message"]) for one in report["findings"] if one["commitment"] == commitment]


def test_a_model_runs_where_the_machines_of_its_cluster_stand(tmp_path):
    report = judged(tmp_path, node("n1", "aws:///us-gov-west-1a/i-0abc"), node("n2", "aws:///us-gov-west-1b/i-0def"))
    assert said(report) == []
    held = next(one for one in report["commitments"] if one["id"] == "cloud-only")
    assert (held["verdict"], held["basis"]) == ("holds", ["live"])


def test_machines_do_not_tell_the_account(tmp_path):
    """An instance id names no account: the cluster's ARN does, which is what the kubeconfig calls it."""
    machine = node("n1", "aws:///us-gov-west-1a/i-0abc")
    unknown = judged(tmp_path, machine, cluster="main")
    assert [verdict for verdict, message in said(unknown) if "the account of" in message] == ["unproven"]
    other = judged(tmp_path, machine, cluster=ARN.replace("111122223333", "999988887777"))
    assert any(verdict == "violated" and "999988887777" in message for verdict, message in said(other))


def test_a_machine_in_another_region_breaks_the_promise(tmp_path):
    report = judged(tmp_path, node("n1", "aws:///us-gov-west-1a/i-0abc"), node("n2", "aws:///us-east-1a/i-0def"))
    assert any(verdict == "violated" and "us-east-1" in message for verdict, message in said(report))


@pytest.mark.parametrize(
    ("provider", "info"),
    [("k3s://edge-7", None), ("", {"kubeletVersion": "v1.31.2+k3s1"}), ("eks-hybrid:///us-gov-west-1/c/mi-0a", None)],
)
def test_a_machine_outside_the_cloud_is_seen(tmp_path, provider, info):
    report = judged(tmp_path, node("n1", "aws:///us-gov-west-1a/i-0abc"), node("edge", provider, info))
    found = [*said(report), *said(report, "no-edge")]
    assert any("Node/edge" in message or "edge" in message for _, message in found), found


def test_machines_that_may_not_be_listed_place_nothing(tmp_path):
    report = judged(tmp_path, node("n1", "aws:///us-gov-west-1a/i-0abc"), faults=[denied("nodes")])
    assert any("`nodes` in the whole cluster" in one["cause"] for one in report["unread"])
    assert next(one for one in report["commitments"] if one["id"] == "cloud-only")["verdict"] == "unproven"
    assert any("on which cluster" in message for _, message in said(report))
