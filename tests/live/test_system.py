"""What every cluster holds beside the deployment: its own controllers, their rights, and the agents on each machine."""

import json
import shutil

import pytest
import yaml

from tests.harness import AS_OF, FIXTURES, run
from tests.live.made import applied, objects_in
from tests.live.server import NAME, Cluster, kubeconfig, serving
from tests.live.test_calls import namespace

RBAC = "rbac.authorization.k8s.io"
ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
WORLD = FIXTURES / "worlds" / "reference"


def role(name, rules):
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def binding(name, subject):
    body = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}}
    return {**body, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}, "subjects": [subject]}


def system():
    """A few of the objects that a new cluster has."""
    proxy = {
        "hostNetwork": True,
        "serviceAccountName": "kube-proxy",
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": "kube-proxy",
                "image": "registry.k8s.io/kube-proxy:v1.31",
                "securityContext": {"privileged": True},
            }
        ],
    }
    labels = {"k8s-app": "kube-proxy"}
    return [
        namespace("kube-system"),
        role("cluster-admin", ALL),
        binding("cluster-admin", {"kind": "Group", "name": "system:masters"}),
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": proxy},
            },
        },
    ]


def judged(tmp_path, objects, platform=()):
    """The reference world, with its Terraform code, in a cluster that holds more."""
    shutil.copytree(WORLD / "terraform", tmp_path / "terraform", dirs_exist_ok=True)
    settings = yaml.safe_load((WORLD / "tether.yaml").read_text())
    settings["units"][0].update(live=[NAME], manifests=[])
    settings["platform"] = list(platform)
    profile = tmp_path / "tether.yaml"
    profile.write_text(yaml.safe_dump(settings))
    with serving(Cluster(applied([*objects_in(WORLD / "k8s"), *objects]))) as address:
        where = ("--live", "kubernetes", "--kubeconfig", str(kubeconfig(tmp_path, address)))
        more = ("--profile", str(profile), "--as-of", AS_OF, "--format", "json")
        _, out, err = run("scan", str(tmp_path / "terraform"), *where, *more)
    assert out, err
    return json.loads(out)


def test_a_cluster_with_its_system_keeps_every_promise_where_the_platform_is_named(tmp_path):
    report = judged(tmp_path, system(), ["kube-system/*"])
    assert {one["id"]: one["verdict"] for one in report["commitments"]} == dict.fromkeys(
        (one["id"] for one in report["commitments"]), "holds"
    )
    assert report["scope"]["basis"] == ["declared", "live"]


def test_an_agent_that_nobody_answers_for_is_told(tmp_path):
    report = judged(tmp_path, system())
    found = {one["subject"]["address"] for one in report["findings"] if one["verdict"] == "violated"}
    assert found == {"kube-system/DaemonSet/kube-proxy"}


@pytest.mark.parametrize("subject", [{"kind": "User", "name": "mallory"}, {"kind": "Group", "name": "developers"}])
def test_a_grant_beside_those_of_the_system_is_told(tmp_path, subject):
    objects = [*system(), {**binding("cluster-admin", subject), "metadata": {"name": "more"}}]
    report = judged(tmp_path, objects, ["kube-system/*"])
    told = {one["subject"]["address"] for one in report["findings"] if one["verdict"] == "violated"}
    assert f"{subject['kind']}/{subject['name']}" in told
