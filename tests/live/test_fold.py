"""Copies that controllers make count as what made them; what differs, or only claims an owner, stands on its own."""

import copy
import json

import pytest

from tests.harness import run
from tests.live.made import applied, pod_of
from tests.live.server import Cluster, kubeconfig, serving
from tests.live.test_calls import namespace


def deployment(**spec):
    body = {"serviceAccountName": "app", "containers": [{"name": "app", "image": "registry.example/app:1"}], **spec}
    template = {"metadata": {"labels": {"app": "app"}}, "spec": body}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": "a"},
        "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": template},
    }


def running(**spec):
    """A namespace with a Deployment, its ReplicaSets and its pod, which comes last."""
    return applied([namespace("a"), deployment(**spec)])


def graph(tmp_path, objects):
    with serving(Cluster(objects)) as address:
        config = str(kubeconfig(tmp_path, address))
        _, out, err = run("graph", "--live", "kubernetes", "--kubeconfig", config, "--format", "json")
    assert out, err
    return json.loads(out)


def workloads(tmp_path, objects):
    kinds = ("Deployment", "ReplicaSet", "Pod", "StatefulSet", "DaemonSet", "Job", "CronJob")
    return sorted(one["address"] for one in graph(tmp_path, objects)["nodes"] if one["kind"] in kinds)


def test_replica_sets_and_pods_are_folded_into_their_deployment(tmp_path):
    objects = running()
    assert [one["kind"] for one in objects].count("ReplicaSet") == 2
    assert objects[-1]["kind"] == "Pod"
    assert workloads(tmp_path, objects) == ["a/Deployment/app"]


def change(path, value):
    """An edit of the pod at a dotted path."""

    def edit(pod):
        here = pod
        *steps, last = path.split(".")
        for step in steps:
            here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
        here[int(last) if last.isdigit() else last] = value

    return edit


DIFFERENT = {
    "another image": change("spec.containers.0.image", "registry.example/other:1"),
    "a command of its own": change("spec.containers.0.command", ["sh"]),
    "the network of the host": change("spec.hostNetwork", True),
    "the processes of the host": change("spec.hostPID", True),
    "another identity": change("spec.serviceAccountName", "admin"),
    "privileged": change("spec.containers.0.securityContext", {"privileged": True}),
    "a folder of the host": change("spec.volumes", [{"name": "v", "hostPath": {"path": "/"}}]),
    "a secret of another": change("spec.volumes", [{"name": "v", "secret": {"secretName": "s"}}]),
    "another machine": change("spec.nodeSelector", {"site": "hall-7"}),
    "another affinity": change("spec.affinity", {"nodeAffinity": {}}),
    "a variable of a vendor": change("spec.containers.0.env", [{"name": "AZURE_OPENAI_API_KEY", "value": "x"}]),
    "a label more": change("metadata.labels.role", "gateway"),
    "another label": change("metadata.labels.app", "gateway"),
    "a variable more": change("spec.containers.0.env", [{"name": "MODEL_ID", "value": "x"}]),
    "labels of no shape": change("metadata.labels", 7),
    "containers of no shape": change("spec.containers", [7]),
    "a list that is none": change("spec.volumes", 7),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_pod_that_differs_stands_on_its_own(tmp_path, name):
    objects = running()
    DIFFERENT[name](objects[-1])
    assert workloads(tmp_path, objects) == ["a/Deployment/app", "a/Pod/app-6d4cf56db6-x7k2p"]


def test_copies_that_differ_in_the_same_way_count_once(tmp_path):
    """An image that admission pins by digest differs in every pod; what one pod has alone is another difference."""
    objects = running()
    pod = objects.pop()
    for number in range(5):
        one = copy.deepcopy(pod)
        one["metadata"].update(name=f"app-{number}", uid=f"pod-{number}")
        one["spec"]["containers"][0]["image"] = "registry.example/app@sha256:" + "0" * 64
        one["spec"]["volumes"][0]["name"] = f"kube-api-access-{number}"
        one["spec"]["nodeName"] = f"node-{number}"
        objects.append(one)
    objects[-1]["spec"]["hostNetwork"] = True
    assert workloads(tmp_path, objects) == ["a/Deployment/app", "a/Pod/app-0", "a/Pod/app-4"]


def test_a_pod_on_a_machine_apart_is_seen(tmp_path):
    """Whoever names the node of a pod goes past the scheduler and whatever keeps the workload off that machine."""
    cloud, edge = (
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"providerID": made} if made else {}}
        for name, made in (("node-1", "aws:///us-gov-west-1a/i-0a"), ("hall-7", ""))
    )
    objects = [*running(), cloud, edge]
    pod = next(one for one in objects if one["kind"] == "Pod")
    assert workloads(tmp_path, objects) == ["a/Deployment/app"]
    pod["spec"]["nodeName"] = "hall-7"
    assert workloads(tmp_path, objects) == ["a/Deployment/app", "a/Pod/app-6d4cf56db6-x7k2p"]
    assert workloads(tmp_path, [one for one in objects if one is not cloud]) == ["a/Deployment/app"]


SAME = {
    "a token of the mesh": change("spec.volumes", [{"name": "istio-token", "projected": {"sources": []}}]),
    "variables of a cloud identity": change("spec.containers.0.env", [{"name": "AWS_ROLE_ARN", "value": "arn:x"}]),
    "labels of the injector": change("metadata.labels.security.istio.io/tlsMode", "istio"),
    "another node": change("spec.nodeName", "node-7"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_admission_adds_changes_nothing(tmp_path, name):
    objects = running()
    if "labels" in name:
        objects[-1]["metadata"]["labels"]["security.istio.io/tlsMode"] = "istio"
    else:
        SAME[name](objects[-1])
    assert workloads(tmp_path, objects) == ["a/Deployment/app"]


@pytest.mark.parametrize("where", ["containers", "ephemeralContainers", "initContainers"])
def test_a_container_that_only_the_pod_has_is_its_workloads(tmp_path, where):
    """A sidecar put in on admission, and a debugging container: both see what the workload sees."""
    objects = running()
    server = {"name": "extra", "image": "vllm/vllm-openai:v0.9", "args": ["--model=a/b"]}
    objects[-1]["spec"][where] = [*objects[-1]["spec"].get(where, []), server]
    found = graph(tmp_path, objects)
    roles = {one["address"]: one["roles"] for one in found["nodes"]}
    assert "a/Pod/app-6d4cf56db6-x7k2p" not in roles
    assert ("model" in roles["a/Deployment/app"]) == (where != "initContainers")
    assert any("a/Deployment/app" in one for one in roles)


def test_an_owner_that_is_not_there_is_no_owner(tmp_path):
    objects = [one for one in running() if one["kind"] == "Pod" or one["kind"] == "Namespace"]
    assert workloads(tmp_path, objects) == ["a/Pod/app-6d4cf56db6-x7k2p"]


def test_a_replica_set_that_cannot_be_read_hides_no_pod_that_is_as_its_deployment(tmp_path):
    objects = [one for one in running() if one["kind"] != "ReplicaSet"]
    assert workloads(tmp_path, objects) == ["a/Deployment/app"]
    objects[-1]["spec"]["hostNetwork"] = True
    assert workloads(tmp_path, objects) == ["a/Deployment/app", "a/Pod/app-6d4cf56db6-x7k2p"]


FORGED = {
    "another namespace's": lambda pod: pod["metadata"].update(namespace="b"),
    "no controller": lambda pod: pod["metadata"]["ownerReferences"][0].update(controller=False),
    "a Service": lambda pod: pod["metadata"]["ownerReferences"][0].update(uid="service"),
    "nobody": lambda pod: pod["metadata"].update(ownerReferences=[]),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_claim_of_another_owner_folds_nothing(tmp_path, name):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "a", "uid": "service"},
        "spec": {"ports": [{"port": 80}]},
    }
    objects = [*running(), namespace("b"), service]
    pod = next(one for one in objects if one["kind"] == "Pod")
    FORGED[name](pod)
    found = workloads(tmp_path, objects)
    assert f"{pod['metadata']['namespace']}/Pod/app-6d4cf56db6-x7k2p" in found


def test_a_rollout_in_between_shows_both_images(tmp_path):
    objects = running()
    old = next(one for one in objects if one["metadata"]["name"] == "app-old")
    assert workloads(tmp_path, objects) == ["a/Deployment/app"]  # nothing runs of it
    old["spec"]["replicas"] = 2
    assert workloads(tmp_path, objects) == ["a/Deployment/app", "a/ReplicaSet/app-old"]


def test_jobs_and_their_pods_are_folded_into_the_cron_job(tmp_path):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "a"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}},
    }
    objects = applied([namespace("a"), cron])
    made = objects[1]
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "nightly-1",
            "namespace": "a",
            "uid": "job-1",
            "ownerReferences": [
                {"kind": "CronJob", "name": "nightly", "uid": made["metadata"]["uid"], "controller": True}
            ],
        },
        "spec": copy.deepcopy(made["spec"]["jobTemplate"]["spec"]),
    }
    job["spec"]["template"].setdefault("metadata", {})["labels"] = {"job-name": "nightly-1", "controller-uid": "job-1"}
    objects += [job, pod_of(job)]
    assert workloads(tmp_path, objects) == ["a/CronJob/nightly"]
    job["spec"]["template"]["spec"]["containers"][0]["image"] = "another"
    assert workloads(tmp_path, objects) == ["a/CronJob/nightly", "a/Job/nightly-1", "a/Pod/nightly-1-x7k2p"]


def test_endpoints_of_a_folded_pod_are_its_workloads(tmp_path):
    """A Service without a selector, whose slice names a pod: the way leads to the workload all the same."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "by-hand", "namespace": "a"},
        "spec": {"type": "NodePort", "ports": [{"port": 80}]},
    }
    pods = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "x", "namespace": "a", "labels": {"kubernetes.io/service-name": "by-hand"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"], "targetRef": {"kind": "Pod", "name": "app-6d4cf56db6-x7k2p"}}],
        "ports": [{"port": 80}],
    }
    server = {"name": "server", "image": "vllm/vllm-openai:v0.9", "args": ["--model=a/b"]}
    found = graph(tmp_path, [*running(containers=[server]), service, pods])
    ids = {one["id"]: one["address"] for one in found["nodes"]}
    edges = {
        (ids[one["source"]], ids[one["target"]]): one["state"] for one in found["edges"] if one["plane"] == "network"
    }
    assert edges["a/Service/by-hand", "a/Deployment/app"] == "open"
