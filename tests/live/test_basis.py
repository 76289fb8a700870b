"""What a verdict rests on: a bundle can be checked again, an API cannot, and a profile may require one."""

import json

from tests.harness import AS_OF, run
from tests.live.server import Cluster, denied, kubeconfig, serving
from tests.live.test_bundle import collected, scan
from tests.live.test_calls import pod, small


def test_verify_reads_the_bundle_again(tmp_path):
    path, _, _ = collected(tmp_path, Cluster(small()))
    report = tmp_path / "report.json"
    run("scan", "--bundle", str(path), "--format", "json", "--output", str(report), "--as-of", AS_OF)
    code, out, err = run("verify", str(report), "--bundle", str(path))
    assert (code, err) == (0, ""), out
    assert "the report agrees: 1 inputs" in out
    assert run("verify", str(report), "--root", str(tmp_path))[0] == 2
    path.unlink()
    collected(tmp_path, Cluster([*small(), pod("three")]))
    code, out, _ = run("verify", str(report), "--bundle", str(path))
    assert code == 1
    assert "input `bundle` has changed" in out


def test_verify_knows_what_was_refused_then(tmp_path):
    path, _, _ = collected(tmp_path, Cluster(small(), faults=[denied("pods", "b"), denied("nodes")]))
    report = tmp_path / "report.json"
    run("scan", "--bundle", str(path), "--format", "json", "--output", str(report), "--as-of", AS_OF)
    code, out, err = run("verify", str(report), "--bundle", str(path))
    assert (code, err) == (0, ""), out
    body = json.loads(report.read_text())
    body["unread"] = body["unread"][:1]
    report.write_text(json.dumps(body))
    code, out, _ = run("verify", str(report), "--bundle", str(path))
    assert code == 1
    assert "not read, and not in the report" in out


def test_verify_cannot_ask_an_api_again(tmp_path):
    report = tmp_path / "report.json"
    with serving(Cluster(small())) as address:
        config = kubeconfig(tmp_path, address)
        run("scan", "--live", "kubernetes", "--kubeconfig", str(config), "--format", "json", "--output", str(report))
    code, _, err = run("verify", str(report), "--root", str(tmp_path))
    assert code == 2
    assert "collect" in err


def test_a_bundle_is_not_overwritten_by_a_report_of_it(tmp_path):
    path, _, _ = collected(tmp_path, Cluster(small()))
    code, _, err = run("scan", "--bundle", str(path), "--format", "json", "--output", str(path))
    assert code == 2
    assert "it is not overwritten" in err


def test_a_live_scan_is_required_where_the_profile_says_so(tmp_path):
    profile = tmp_path / "tether.yaml"
    profile.write_text("require: [live]\n")
    (tmp_path / "k8s.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n")
    path, _, _ = collected(tmp_path, Cluster(small()))
    for inputs in ((str(tmp_path / "k8s.yaml"),), ("--bundle", str(path))):
        code, report, _ = scan(*inputs, "--profile", profile)
        assert code == 3
        assert {one["verdict"] for one in report["commitments"]} == {"unproven"}
        assert any("the profile requires a live scan" in one["summary"] for one in report["commitments"])
    with serving(Cluster(small())) as address:
        config = kubeconfig(tmp_path, address)
        _, report, _ = scan("--live", "kubernetes", "--kubeconfig", config, "--profile", profile)
    assert not any("requires a live scan" in one["summary"] for one in report["commitments"])
