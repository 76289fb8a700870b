"""Calls and their outcomes, through the real client: pages, expiry, rate limits, refusals, answers that are none."""

import json

import pytest

from scanner.sources.kubernetes.live_client import MAX_WAIT, TRIES, Asked, connect
from tests.harness import run
from tests.live.server import Answer, Cluster, denied, kubeconfig, once, serving, status


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def pod(name, space="a", **spec):
    body = {"containers": [{"name": "c", "image": "registry.example/c:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space}, "spec": body}


def small():
    return [namespace("a"), namespace("b"), pod("one"), pod("two", "b")]


def scanned(tmp_path, cluster, *more, **config):
    """The report of a live scan of a cluster, with the exit code and stderr."""
    with serving(cluster) as address:
        path = kubeconfig(tmp_path, address, **config)
        code, out, err = run(
            "scan",
            "--live",
            "kubernetes",
            "--kubeconfig",
            str(path),
            "--as-of",
            "2026-11-01",
            "--format",
            "json",
            *more,
        )
    return code, json.loads(out) if out else None, err


def causes(report):
    return [one["cause"] for one in report["unread"]]


def addresses(tmp_path, cluster):
    """What a scan finds, by the graph that it makes."""
    with serving(cluster) as address:
        path = kubeconfig(tmp_path, address)
        _, out, err = run("graph", "--live", "kubernetes", "--kubeconfig", str(path), "--format", "json")
    assert out, err
    return {one["address"] for one in json.loads(out)["nodes"]}


def test_every_page_is_read(tmp_path):
    pods = [pod(f"p{number}") for number in range(23)]
    cluster = Cluster([namespace("a"), *pods], page=5)
    found = addresses(tmp_path, cluster)
    assert {f"a/Pod/p{number}" for number in range(23)} <= found
    asked = [one for one in cluster.requests if one.path == "/api/v1/pods"]
    assert [one.query.get("continue") for one in asked] == [None, "5", "10", "15", "20"]
    assert {one.query["limit"] for one in asked} == {"500"}


def test_an_expired_continuation_starts_the_list_again(tmp_path):
    pods = [pod(f"p{number}") for number in range(9)]
    gone = once(status(410, "Expired"), resource="pods", token="")
    cluster = Cluster([namespace("a"), *pods], page=4, faults=[gone])
    code, report, _ = scanned(tmp_path, cluster)
    assert causes(report) == []
    assert report["counts"]["live"] == 10
    assert code == 3
    asked = [one.query.get("continue") for one in cluster.requests if one.path == "/api/v1/pods"]
    assert asked == [None, "4", None, "4", "8"]


def test_a_continuation_that_always_expires_is_a_list_that_failed(tmp_path):
    pods = [pod(f"p{number}") for number in range(9)]
    gone = once(status(410, "Expired"), times=1000, resource="pods", token="")
    _, report, _ = scanned(tmp_path, Cluster([namespace("a"), *pods], page=4, faults=[gone]))
    assert any("`pods` in the whole cluster is not known: its continuation expired" in one for one in causes(report))
    assert report["counts"]["live"] == 5  # what came is evidence of what is there


def test_pages_that_never_end_are_a_list_that_failed(tmp_path):
    body = {"items": [pod("one")], "metadata": {"continue": "again"}}
    loop = once(Answer(200, body), times=10**6, resource="pods")
    _, report, _ = scanned(tmp_path, Cluster([namespace("a")], faults=[loop]))
    assert any("its pages do not come to an end" in one for one in causes(report))


def test_a_rate_limit_is_waited_for(tmp_path):
    waits = []
    slow = once(Answer(429, {}, {"Retry-After": "7"}), times=2, resource="pods")
    with serving(Cluster(small(), faults=[slow])) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), waits.append)
        answer = api.get("/api/v1/pods", {"limit": "500"})
    assert (answer.status, waits) == (200, [7.0, 7.0])


def test_a_rate_limit_without_end_is_given_up(tmp_path):
    waits = []
    slow = once(Answer(429, {}, {"Retry-After": "3600"}), times=10**6, resource="pods")
    with serving(Cluster(small(), faults=[slow])) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), waits.append)
        assert api.get("/api/v1/pods").status == 429
    assert waits == [MAX_WAIT] * (TRIES - 1)


@pytest.mark.parametrize("header", ["", "soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 400])
def test_a_retry_after_that_is_no_number_is_not_trusted(tmp_path, header):
    waits = []
    slow = once(Answer(429, {}, {"Retry-After": header}), resource="pods")
    with serving(Cluster(small(), faults=[slow])) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), waits.append)
        assert api.get("/api/v1/pods").status == 200
    assert waits == [1.0]


def test_a_throttled_list_is_not_proven(tmp_path):
    slow = once(Answer(429, {}, {"Retry-After": "0"}), times=10**6, resource="pods")
    code, report, _ = scanned(tmp_path, Cluster(small(), faults=[slow]))
    assert [one["kind"] for one in report["unread"]] == ["call"]
    assert "429" in causes(report)[0]
    assert code == 3


def test_a_broken_connection_is_tried_again_and_then_told(tmp_path):
    dropped = once(Answer(0, drop=True), resource="pods")
    with serving(Cluster(small(), faults=[dropped])) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), lambda _: None)
        assert api.get("/api/v1/pods").status == 200
        cluster = Cluster(small(), faults=[once(Answer(0, drop=True), times=10**6, resource="pods")])
    with serving(cluster) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), lambda _: None)
        answer = api.get("/api/v1/pods")
    assert answer.status == 0
    assert "RemoteDisconnected" in answer.error or "Protocol" in answer.error


def test_a_server_that_does_not_answer_proves_nothing(tmp_path):
    with serving(Cluster(small())) as address:
        pass
    path = kubeconfig(tmp_path, address)
    api = connect(Asked(kubeconfig=path), lambda _: None)
    assert api.get("/api").status == 0


def test_expired_credentials_prove_nothing(tmp_path):
    code, report, err = scanned(tmp_path, Cluster(small()), token="old")
    assert code == 3
    assert report["unread"][0]["kind"] == "denied"
    assert "the credential is not accepted (401)" in causes(report)[0]
    assert all(one["verdict"] != "holds" for one in report["commitments"])
    assert "could not be read" in err


def test_a_redirect_is_not_followed(tmp_path):
    away = once(Answer(302, {}, {"Location": "http://127.0.0.1:9/elsewhere"}), resource="pods")
    _, report, _ = scanned(tmp_path, Cluster(small(), faults=[away]))
    assert any("the server answers 302" in one for one in causes(report))


def test_a_kind_that_is_not_served_is_absent_and_no_fault(tmp_path):
    cluster = Cluster(small())
    _, report, _ = scanned(tmp_path, cluster)
    assert report["unread"] == []
    assert not any("security.istio.io" in one.path for one in cluster.requests)


def test_what_is_announced_and_not_there_is_no_evidence(tmp_path):
    gone = once(status(404), times=10**6, resource="networkpolicies")
    _, report, _ = scanned(tmp_path, Cluster(small(), faults=[gone]))
    assert any("networkpolicies.networking.k8s.io" in one and "404" in one for one in causes(report))


def test_the_version_that_the_group_prefers_is_asked(tmp_path):
    more = [("autoscaling/v1", "HorizontalPodAutoscaler"), ("gateway.networking.k8s.io/v1", "HTTPRoute")]
    cluster = Cluster(small(), more=[*more, ("gateway.networking.k8s.io/v1alpha2", "TCPRoute")])
    assert scanned(tmp_path, cluster)[1]["unread"] == []
    paths = {one.path for one in cluster.requests}
    assert "/apis/gateway.networking.k8s.io/v1/httproutes" in paths
    assert "/apis/gateway.networking.k8s.io/v1alpha2/tcproutes" in paths
    assert "/apis/autoscaling/v2/horizontalpodautoscalers" in paths


def test_a_group_that_cannot_be_discovered_hides_what_is_in_it(tmp_path):
    broken = once(Answer(503, {}, {"Retry-After": "0"}), times=10**6, resource="v1")

    def only_policies(request):
        return broken(request) if request.path == "/apis/networking.k8s.io/v1" else None

    _, report, _ = scanned(tmp_path, Cluster(small(), faults=[only_policies]))
    assert any("below `/apis/networking.k8s.io/v1` is not known" in one for one in causes(report))


def test_measures_are_not_asked_for(tmp_path):
    cluster = Cluster(small(), more=[("metrics.k8s.io/v1beta1", "PodMetrics")])
    assert scanned(tmp_path, cluster)[1]["unread"] == []
    assert not any("metrics.k8s.io" in one.path for one in cluster.requests)


def test_a_custom_kind_that_no_table_knows_is_asked_for(tmp_path):
    strange = {
        "apiVersion": "acme.example/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "a"},
        "spec": {},
    }
    assert "a/Widget/w" in addresses(tmp_path, Cluster([*small(), strange]))
    code, report, _ = scanned(tmp_path, Cluster([*small(), strange], faults=[denied("widgets", "*")]))
    assert causes(report) == [
        "the cluster serves kinds that no table knows, and the scan may not list them: `widgets.acme.example`"
    ]
    assert code == 3


def test_a_forbidden_list_is_asked_for_by_namespace(tmp_path):
    cluster = Cluster(small(), faults=[denied("pods", "b")])
    code, report, _ = scanned(tmp_path, cluster)
    (one,) = report["unread"]
    assert one["kind"] == "denied"
    assert one["cause"] == "what there is of `pods` in namespace `b` is not known: it is forbidden (403)"
    assert "let the scan `list` `pods` in namespace `b`" in one["remedy"]
    assert report["counts"]["live"] == 3  # a, b, and the pod of a
    assert code == 3
    assert addresses(tmp_path, cluster) >= {"a/Pod/one", "Namespace/b"}


def test_a_list_that_every_namespace_allows_is_whole(tmp_path):
    _, report, _ = scanned(tmp_path, Cluster(small(), faults=[denied("pods")]))
    assert report["unread"] == []
    assert report["counts"]["live"] == 4


def test_a_list_that_every_namespace_forbids_is_told_once(tmp_path):
    _, report, _ = scanned(tmp_path, Cluster(small(), faults=[denied("pods", "*")]))
    assert [one["cause"] for one in report["unread"]] == [
        "what there is of `pods` in the whole cluster is not known: it is forbidden (403)"
    ]


def test_without_the_namespaces_the_rest_of_the_cluster_is_not_known(tmp_path):
    faults = [denied("namespaces"), denied("pods", "b")]
    with serving(Cluster(small(), faults=faults)) as address:
        path = kubeconfig(tmp_path, address, namespace="a")
        code, out, _ = run("scan", "--live", "kubernetes", "--kubeconfig", str(path), "--format", "json")
    report = json.loads(out)
    assert any("`pods` in the whole cluster" in one for one in causes(report))
    assert any("`namespaces` in the whole cluster" in one for one in causes(report))
    assert (code, report["counts"]["live"]) == (3, 1)


def test_of_secrets_the_names_alone_are_asked(tmp_path):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "namespace": "a",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2", "note": "hunter2"},
        },
        "data": {"password": "aHVudGVyMg=="},
    }
    cluster = Cluster([*small(), secret])
    bundle = tmp_path / "b"
    with serving(cluster) as address:
        path = kubeconfig(tmp_path, address)
        assert run("collect", "--live", "kubernetes", "--kubeconfig", str(path), "-o", str(bundle))[0] == 0
    asked = [one for one in cluster.requests if one.resource == "secrets"]
    assert asked
    assert all(one.accept.startswith("application/json;as=PartialObjectMetadataList") for one in asked)

    def whole(request):  # an old server that knows no such form of answer
        if request.resource != "secrets":
            return None
        return Answer(200, {"kind": "SecretList", "metadata": {}, "items": [secret]})

    older = tmp_path / "older"
    with serving(Cluster(small(), faults=[whole])) as address:
        path = kubeconfig(tmp_path, address)
        assert run("collect", "--live", "kubernetes", "--kubeconfig", str(path), "-o", str(older))[0] == 0
    import gzip

    for one in (bundle, older):
        text = gzip.decompress(one.read_bytes()).decode()
        assert '"name":"s"' in text
        assert "hunter2" not in text
        assert "aHVudGVyMg" not in text
