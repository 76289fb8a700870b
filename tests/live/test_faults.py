"""Each list call in turn refused, failed or malformed: nothing is proven that needed it, and no finding is lost."""

import json
import shutil
from itertools import product

import pytest
import yaml

from tests.drawn import WHOLE
from tests.harness import AS_OF, FIXTURES, run
from tests.live.made import applied, objects_in
from tests.live.server import NAME, Answer, Cluster, denied, kubeconfig, serving

WORLDS = {name: FIXTURES / "worlds" / name for name in ("reference", "broken")}


def always(answer, resource):
    return lambda request: answer if request.resource == resource else None


def malformed(resource):
    """One more item that is no object, in every list of a resource."""

    def fault(request):
        if request.resource != resource:
            return None
        return Answer(200, {"items": [{"metadata": {"labels": 7}}], "metadata": {}})

    return fault


FAULTS = {
    "denied": lambda resource: denied(resource, "*"),
    "failed": lambda resource: always(Answer(500, {}, {"Retry-After": "0"}), resource),
    "malformed": malformed,
    "broken": lambda resource: always(Answer(200, raw=b"{"), resource),
}


def settings(tmp_path, folder):
    body = yaml.safe_load((folder / "tether.yaml").read_text())
    body["units"][0]["live"] = [NAME]
    body["units"][0]["manifests"] = []
    path = tmp_path / "tether.yaml"
    path.write_text(yaml.safe_dump(body))
    return path


def scanned(tmp_path, folder, faults=()):
    """The report of Terraform and cluster together."""
    shutil.copytree(folder / "terraform", tmp_path / "terraform", dirs_exist_ok=True)
    cluster = Cluster(applied(objects_in(folder / "k8s")), faults=faults)
    with serving(cluster) as address:
        code, out, err = run(
            "scan", str(tmp_path / "terraform"), "--live", "kubernetes",
            "--kubeconfig", str(kubeconfig(tmp_path, address)), "--profile", str(settings(tmp_path, folder)),
            "--as-of", AS_OF, "--format", "json",
        )  # fmt: skip
    assert out, err
    return code, json.loads(out), cluster


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Each world without a fault, and the resources that it is asked for."""
    found = {}
    for name, folder in WORLDS.items():
        _, report, cluster = scanned(tmp_path_factory.mktemp(name), folder)
        lists = {one.resource for one in cluster.requests if one.query.get("limit")}
        found[name] = (report, sorted(lists))
    return found


RESOURCES = [
    "namespaces", "pods", "services", "serviceaccounts", "configmaps", "secrets", "deployments", "replicasets",
    "networkpolicies", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "cronjobs", "daemonsets",
    "ingresses", "nodes", "endpointslices", "validatingwebhookconfigurations",
]  # fmt: skip


def test_the_lists_that_are_tried_are_those_that_are_made(sound):
    assert set(RESOURCES) <= set(sound["reference"][1])


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("resource", RESOURCES)
def test_nothing_is_proven_without_a_list(tmp_path, sound, resource, kind):
    code, report, _ = scanned(tmp_path, WORLDS["reference"], [FAULTS[kind](resource)])
    assert report["unread"]
    assert all(resource in json.dumps(one) for one in report["unread"])
    assert [one["id"] for one in report["commitments"] if one["verdict"] == "holds"] == []
    assert code in (1, 3)
    before = {one["id"]: one["verdict"] for one in sound["reference"][0]["rules"]}
    assert "violated" not in before.values()


# Whichever way a list fails, what is lost is the list: in an ordinary run, each fails in one way.
LOST = [pair for number, pair in enumerate(product(RESOURCES, FAULTS)) if WHOLE or number % 5 == 0]


@pytest.mark.parametrize(("resource", "kind"), LOST)
def test_no_finding_is_lost_that_did_not_need_the_list(tmp_path, sound, resource, kind):
    _, report, _ = scanned(tmp_path, WORLDS["broken"], [FAULTS[kind](resource)])
    now = {(one["rule"], one["subject"]["address"]) for one in report["findings"]}
    now |= {(rule, one["subject"]["address"]) for one in report["findings"] for rule in one["also"]}
    lost = [
        one
        for one in sound["broken"][0]["findings"]
        if one["verdict"] == "violated"
        and (one["rule"], one["subject"]["address"]) not in now
        and not any(f"/{kind_of(resource)}/" in f"/{hop['address']}" for hop in one["hops"])
        and not _speaks_of(one, resource)
    ]
    assert lost == []


def kind_of(resource):
    """The kind of a resource name, as addresses have it."""
    names = {
        "pods": "Pod", "services": "Service", "serviceaccounts": "ServiceAccount", "configmaps": "ConfigMap",
        "secrets": "Secret", "deployments": "Deployment", "cronjobs": "CronJob", "daemonsets": "DaemonSet",
        "namespaces": "Namespace", "nodes": "Node", "ingresses": "Ingress", "networkpolicies": "NetworkPolicy",
    }  # fmt: skip
    return names.get(resource, resource)


def _speaks_of(finding, resource):
    """Whether an object of the list that is missing is what the finding rests on: its line, or its words."""
    text = json.dumps(finding).lower()
    return f"/{kind_of(resource).lower()}/" in text or (resource in ("roles", "rolebindings") and "group/" in text)


def test_a_list_of_policies_that_was_refused_opens_nothing_for_certain(tmp_path, sound):
    """Without the policies the way is possible: an empty list would say that it is open."""
    open_, _ = _bypass(tmp_path, [always(Answer(200, {"items": [], "metadata": {}}), "networkpolicies")])
    refused, decided = _bypass(tmp_path, [denied("networkpolicies", "*")])
    assert (open_, refused) == ("violated", "unproven")
    assert any("networkpolicies.networking.k8s.io" in one for one in decided)


def test_policies_that_one_namespace_hides_are_doubted_there_alone(tmp_path, sound):
    verdict, decided = _bypass(tmp_path, [denied("networkpolicies", "inference")])
    assert verdict == "unproven"
    assert {one for one in decided if "networkpolicies" in one} == {"networkpolicies.networking.k8s.io in inference"}


def _bypass(tmp_path, faults):
    _, report, _ = scanned(tmp_path, WORLDS["reference"], faults)
    rule = next(one for one in report["rules"] if one["id"] == "model-bypasses-safety-stack")
    decided = [name for one in report["findings"] if one["rule"] == rule["id"] for name in one["decided_by"]]
    return rule["verdict"], decided
