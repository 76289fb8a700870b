"""The way to a cluster: kubeconfigs, credentials, the pod's own account, and what cannot be used."""

import json
import stat
import sys

import jsonschema
import pytest

from scanner.reports.formats import FORMATS
from scanner.sources.kubernetes import live_client
from scanner.sources.kubernetes.live_client import Asked, connect
from tests.harness import ROOT, run
from tests.live.server import TOKEN, Answer, Cluster, denied, kubeconfig, once, serving
from tests.live.test_calls import scanned, small

USAGE = {
    "no such file": ("--kubeconfig", "gone", "cannot be read"),
    "not YAML": ("--kubeconfig", "bad", "is not valid"),
    "no kubeconfig": ("--kubeconfig", "other", "is no kubeconfig"),
    "no such context": ("--context", "there", "has no context `there`: `here`"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_kubeconfig_that_cannot_be_used_is_2(tmp_path, monkeypatch, name):
    option, value, message = USAGE[name]
    monkeypatch.chdir(tmp_path)
    good = kubeconfig(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "bad").write_text("a: [")
    (tmp_path / "other").write_text("kind: Pod\n")
    arguments = ["--kubeconfig", str(good), option, value] if option == "--context" else [option, value]
    code, out, err = run("scan", "--live", "kubernetes", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_how_to_reach_a_cluster_without_asking_for_one_is_2(tmp_path):
    code, _, err = run("scan", str(tmp_path), "--context", "x")
    assert code == 2
    assert "--live kubernetes is not given" in err


def test_the_cluster_can_be_given_a_name(tmp_path):
    cluster = Cluster(small())
    _, report, _ = scanned(tmp_path, cluster, "--cluster", "west")
    places = [one["subject"]["origin"] for one in report["findings"] if one["subject"]["origin"]]
    assert {place["api"]["scope"]["cluster"] for place in places} <= {"west"}
    assert report["scope"]["basis"] == ["live"]


def test_a_credential_program_of_the_kubeconfig_is_run(tmp_path):
    """As those of EKS and GKE: the token comes from a program that the user's own file names."""
    program = tmp_path / "token"
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    program.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(answer))})\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with serving(Cluster(small())) as address:
        path = kubeconfig(tmp_path, address)
        body = json.loads(path.read_text())
        body["users"][0]["user"] = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": str(program),
                "interactiveMode": "Never",
            }
        }
        path.write_text(json.dumps(body))
        before = path.read_bytes()
        code, out, err = run("scan", "--live", "kubernetes", "--kubeconfig", str(path), "--format", "json")
    assert json.loads(out)["unread"] == [], err
    assert path.read_bytes() == before


def test_a_kubeconfig_is_found_as_kubectl_finds_it(tmp_path, monkeypatch):
    with serving(Cluster(small())) as address:
        path = kubeconfig(tmp_path, address)
        monkeypatch.setenv("KUBECONFIG", str(path))
        code, out, err = run("scan", "--live", "kubernetes", "--format", "json")
    assert json.loads(out)["counts"]["live"] == 4, err


def test_without_a_kubeconfig_it_is_2(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    code, _, err = run("scan", "--live", "kubernetes")
    assert code == 2
    assert "there is no kubeconfig" in err


def test_in_a_pod_its_own_account_is_used_or_it_is_2(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    code, _, err = run("scan", "--live", "kubernetes")
    assert code == 2
    assert "the service account of this pod cannot be used" in err


def test_a_page_without_end_is_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(live_client, "MAX_BYTES", 1000)
    long = once(Answer(200, {"items": ["x" * 5000]}), times=10**6, resource="pods")
    with serving(Cluster(small(), faults=[long])) as address:
        api = connect(Asked(kubeconfig=kubeconfig(tmp_path, address)), lambda _: None)
        answer = api.get("/api/v1/pods")
        assert answer.status == 0
        assert "in one page" in answer.error
        assert api.get("/api").status == 200  # and the connection is not used for it


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_takes_what_stands_in_no_file(tmp_path, form):
    with serving(Cluster(small(), faults=[denied("pods", "b")])) as address:
        config = str(kubeconfig(tmp_path, address))
        settings = tmp_path / "settings.yaml"
        settings.write_text("outputs: {asff: {partition: aws, region: eu-west-1, account: '111122223333'}}\n")
        given = ("--kubeconfig", config, "--profile", str(settings), "--format", form)
        code, out, err = run("scan", "--live", "kubernetes", *given)
    assert code == 3, err
    assert out


@pytest.mark.parametrize("schema", ["report", "graph"])
def test_what_is_printed_of_a_cluster_is_of_the_schema(tmp_path, schema):
    body = json.loads((ROOT / "scanner" / "schemas" / f"{schema}.schema.json").read_text())
    command = "scan" if schema == "report" else "graph"
    with serving(Cluster(small(), faults=[denied("pods", "b")])) as address:
        config = str(kubeconfig(tmp_path, address))
        _, out, _ = run(command, "--live", "kubernetes", "--kubeconfig", config, "--format", "json")
    jsonschema.validate(json.loads(out), body)
