"""Bundles: what they hold, how they go on, and that one cut short or changed proves nothing."""

import gzip
import hashlib
import json
import os
import stat

import jsonschema
import pytest

from scanner.sources.bundle import BundleWriter, Call, merged, read_bundle
from tests.harness import AS_OF, FIXTURES, ROOT, run
from tests.live.made import applied, objects_in
from tests.live.server import Answer, Cluster, denied, kubeconfig, once, serving, status
from tests.live.test_calls import small

SCHEMA = json.loads((ROOT / "scanner" / "schemas" / "bundle.schema.json").read_text())


def collected(tmp_path, cluster, *more, name="bundle"):
    """Record a cluster; the bundle, the exit code and stderr."""
    path = tmp_path / name
    with serving(cluster) as address:
        config = kubeconfig(tmp_path, address)
        code, out, err = run("collect", "--live", "kubernetes", "--kubeconfig", str(config), "-o", str(path), *more)
    assert out == ""
    return path, code, err


def lines(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def rewritten(path, bodies):
    path.write_bytes(gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in bodies)))


def scan(*arguments):
    code, out, err = run("scan", *map(str, arguments), "--as-of", AS_OF, "--format", "json")
    return code, json.loads(out) if out else None, err


def verdicts(report):
    return {one["id"]: one["verdict"] for one in report["rules"]}


def test_a_bundle_is_the_users_own_and_of_the_published_schema(tmp_path):
    path, code, err = collected(tmp_path, Cluster(small()))
    assert (code, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)
    assert "read" in err
    whole = lines(path)
    for one in whole:
        jsonschema.validate(one, SCHEMA)
    assert whole[0]["schema"] == "tether.bundle/1"
    assert whole[-1]["count"] == len(whole) - 2
    assert {one["outcome"] for one in whole[1:-1]} == {"read", "absent"}
    assert {one["scope"]["cluster"] for one in whole[1:-1]} == {"prod"}


@pytest.mark.parametrize(
    "bad",
    [
        {"schema": "tether.bundle/2"},
        {"source": "aws", "scope": {"region": "x"}, "operation": "o", "parameters": {}, "outcome": "read", "pages": [],
         "at": ""},
        {"source": "aws", "scope": {"cluster": "x"}, "operation": "o", "parameters": {}, "outcome": "maybe",
         "pages": [], "at": ""},
        {"count": -1, "sha256": "x"},
    ],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_line(bad):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, SCHEMA)


def test_the_schema_knows_calls_of_aws():
    scope = {"partition": "aws-us-gov", "account": "111122223333", "region": "us-gov-west-1"}
    line = Call("aws", tuple(sorted(scope.items())), "ec2:DescribeVpcs", {}, "read", [{"Vpcs": []}], "now").line()
    jsonschema.validate(line, SCHEMA)


@pytest.mark.parametrize("world", ["reference", "broken"])
def test_a_bundle_gives_the_verdicts_of_the_cluster(tmp_path, world):
    folder = FIXTURES / "worlds" / world
    cluster = Cluster(applied(objects_in(folder / "k8s")))
    path, code, _ = collected(tmp_path, cluster)
    assert code == 0
    with serving(cluster) as address:
        _, live, _ = scan("--live", "kubernetes", "--kubeconfig", kubeconfig(tmp_path, address))
    _, recorded, _ = scan("--bundle", path)
    assert verdicts(recorded) == verdicts(live)
    assert recorded["scope"]["basis"] == ["recorded"]
    assert live["scope"]["basis"] == ["live"]
    assert [one["path"] for one in recorded["inputs"]] == ["bundle"]
    short = [(one["rule"], one["verdict"], one["subject"]["address"]) for one in recorded["findings"]]
    assert short == [(one["rule"], one["verdict"], one["subject"]["address"]) for one in live["findings"]]


def test_two_scans_of_one_bundle_say_the_same(tmp_path):
    path, _, _ = collected(tmp_path, Cluster(small()))
    first, second = scan("--bundle", path)[1], scan("--bundle", path)[1]
    first.pop("run")
    second.pop("run")
    assert first == second


def test_a_run_that_was_cut_short_goes_on(tmp_path):
    cluster = Cluster(small())
    path, _, _ = collected(tmp_path, cluster)
    whole = path.read_bytes()
    for part in (0.2, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * part)])
        _, report, _ = scan("--bundle", path)
        assert any("without its last line" in one["cause"] for one in report["unread"]), part
        assert all(one["verdict"] != "holds" for one in report["commitments"])
        os.chmod(path, 0o644)
        cluster.requests.clear()
        _, code, _ = collected(tmp_path, cluster, "--resume")
        assert (code, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)
        _, again, _ = scan("--bundle", path)
        assert again["unread"] == []
        assert again["counts"]["bundle"] == 4
        assert len([one for one in cluster.requests if one.query]) < 40
    cluster.requests.clear()
    collected(tmp_path, cluster, "--resume")
    assert cluster.requests == []


def test_what_was_refused_is_asked_again(tmp_path):
    path, code, err = collected(tmp_path, Cluster(small(), faults=[denied("pods", "b")]))
    assert code == 3
    assert "`pods` in namespace `b`" in err
    cluster = Cluster(small())
    _, code, _ = collected(tmp_path, cluster, "--resume")
    assert code == 0
    assert [one.path for one in cluster.requests] == ["/api/v1/pods"]
    _, report, _ = scan("--bundle", path)
    assert (report["unread"], report["counts"]["bundle"]) == ([], 4)
    assert lines(path)[-1]["count"] == len(lines(path)) - 2


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = tmp_path / "bundle"
    path.write_text("mine")
    _, code, err = collected(tmp_path, Cluster(small()))
    assert (code, path.read_text()) == (2, "mine")
    assert "--resume goes on with it" in err
    _, code, err = collected(tmp_path, Cluster(small()), "--resume")
    assert (code, path.read_text()) == (2, "mine")
    assert "cannot be resumed" in err


def test_who_cannot_be_reached_leaves_no_file(tmp_path):
    path = tmp_path / "bundle"
    code, _, _ = run("collect", "--live", "kubernetes", "--kubeconfig", str(tmp_path / "gone"), "-o", str(path))
    assert (code, path.exists()) == (2, False)


def changed(path, edit):
    """The bundle with its lines edited; the sum is the old one unless the edit makes it."""
    bodies = lines(path)
    edit(bodies)
    rewritten(path, bodies)


EDITS = {
    "an outcome": lambda bodies: bodies[1].update(outcome="absent"),
    "an object gone": lambda bodies: next(one for one in bodies if one.get("pages") and "list" in one["operation"])
    .update(pages=[[]]),
    "a line gone": lambda bodies: bodies.pop(3),
    "a line twice": lambda bodies: bodies.insert(2, bodies[2]),
    "a line behind the last": lambda bodies: bodies.append(bodies[2]),
    "another count": lambda bodies: bodies[-1].update(count=1),
    "another header": lambda bodies: bodies[0].update(salt="00"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_bundle_that_was_changed_is_not_used(tmp_path, name):
    path, _, _ = collected(tmp_path, Cluster(small()))
    changed(path, EDITS[name])
    code, report, _ = scan("--bundle", path)
    assert code == 3
    assert "was changed after it was made" in report["unread"][0]["cause"]
    assert report["counts"]["resources"] == 0
    assert all(one["verdict"] != "holds" for one in report["commitments"])


FOREIGN = {
    "empty": b"",
    "text": b"hello",
    "gzip of nothing": gzip.compress(b""),
    "gzip of text": gzip.compress(b"hello\n"),
    "another schema": gzip.compress(b'{"schema": "x"}\n'),
    "no salt": gzip.compress(b'{"schema": "tether.bundle/1"}\n'),
    "half a member": gzip.compress(b'{"schema": "tether.bundle/1", "salt": "0"}\n')[:-9],
    "a list": gzip.compress(b"[1]\n"),
    "deep": gzip.compress(b"[" * 100_000 + b"\n"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_bundle_is_told(tmp_path, name):
    path = tmp_path / "bundle"
    path.write_bytes(FOREIGN[name])
    code, report, _ = scan("--bundle", path)
    assert code == 3
    assert report["unread"]
    assert all(one["verdict"] != "holds" for one in report["commitments"])


def test_a_bundle_that_is_not_there_is_2(tmp_path):
    assert scan("--bundle", tmp_path / "gone")[0] == 2


def test_a_line_of_another_shape_is_told(tmp_path):
    path, _, _ = collected(tmp_path, Cluster(small()))
    bodies = lines(path)[:-1]
    bodies[2]["outcome"] = "perhaps"
    with gzip.open(path, "wb") as file:
        text = b"".join(json.dumps(one).encode() + b"\n" for one in bodies)
        file.write(text)
        last = {"count": len(bodies) - 1, "sha256": hashlib.sha256(text).hexdigest()}
        file.write(json.dumps(last).encode() + b"\n")
    _, report, _ = scan("--bundle", path)
    assert any("a line of the bundle is not understood" in one["cause"] for one in report["unread"])


def test_a_kind_that_a_bundle_never_asked_for_is_not_absent(tmp_path):
    """A bundle of an older version, or a shard: what it lacks is no evidence."""
    path, _, _ = collected(tmp_path, Cluster(small()))
    found = read_bundle(path, "bundle")
    other = tmp_path / "other"
    with BundleWriter(other) as writer:
        for call in found.calls:
            if call.parameters.get("kind") != "NetworkPolicy":
                writer.add(call)
        writer.finish()
    _, report, _ = scan("--bundle", other)
    assert [one["cause"] for one in report["unread"]] == [
        "what there is of `networkpolicies.networking.k8s.io` in the whole cluster is not known: it was not asked for"
    ]


def test_shards_merge_and_an_answer_counts_before_none(tmp_path):
    first, code, _ = collected(tmp_path, Cluster(small(), faults=[denied("pods", "b")]), name="first")
    second, _, _ = collected(tmp_path, Cluster(small(), faults=[denied("services", "*")]), name="second")
    assert code == 3
    for order in ((first, second), (second, first)):
        _, report, _ = scan("--bundle", order[0], "--bundle", order[1])
        assert report["unread"] == []
        assert report["counts"]["bundle"] == 4
        assert sorted(one["path"] for one in report["inputs"]) == ["first", "second"]


def test_of_two_answers_the_later_one_counts():
    old = Call("kubernetes", (("cluster", "c"),), "list", {"kind": "Pod"}, "read", [[1]], "2026-01-01T00:00:00Z")
    new = Call("kubernetes", (("cluster", "c"),), "list", {"kind": "Pod"}, "read", [[2]], "2026-02-01T00:00:00Z")
    lost = Call("kubernetes", (("cluster", "c"),), "list", {"kind": "Pod"}, "failed", [], "2026-03-01T00:00:00Z")
    for order in ((old, new, lost), (lost, new, old), (new, lost, old)):
        assert merged(order) == [new]


@pytest.mark.parametrize(
    ("at", "of", "counts"),
    [
        ("2026-01-01T00:00:00Z", "ec2:DescribeVpcs", "failed"),
        ("", "ec2:DescribeVpcs", "failed"),
        ("2026-01-01T01:00:00+02:00", "ec2:DescribeVpcs", "older"),
        ("2026-01-01T00:00:00Z", "sts:GetCallerIdentity", "newer"),
    ],
)
def test_of_two_answers_of_which_none_is_later_none_counts(at, of, counts):
    older = Call("aws", (("region", "x"),), of, {}, "read", ({"a": 1},), "2026-01-01T00:00:00Z")
    newer = Call("aws", (("region", "x"),), of, {}, "read", ({"a": 2},), at)
    (found,) = merged([older, newer])
    assert found in {"older": [older], "newer": [newer]}.get(counts, [found])
    assert (found.outcome, tuple(found.pages)) == (("failed", ()) if counts == "failed" else ("read", found.pages))
    assert merged([older, older]) == [older]


def test_a_throttled_or_dropped_list_makes_collect_end_with_3(tmp_path):
    slow = once(Answer(429, {}, {"Retry-After": "0"}), times=10**6, resource="pods")
    path, code, _ = collected(tmp_path, Cluster(small(), faults=[slow]))
    assert code == 3
    call = next(one for one in lines(path)[1:-1] if one["parameters"].get("kind") == "Pod")
    assert (call["outcome"], call["pages"]) == ("throttled", [])
    refused, code, _ = collected(tmp_path, Cluster(small(), faults=[lambda _: status(403)]), name="refused")
    assert code == 3
    assert {one["outcome"] for one in lines(refused)[1:-1]} == {"denied"}
