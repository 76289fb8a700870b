"""The same deployment read from files and from a cluster: the same verdicts and the same graph, origins aside."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from scanner.catalogue import rules
from scanner.scan import Request, scan
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests
from scanner.sources.read import Live
from tests.harness import AS_OF, FIXTURES, run
from tests.live.made import applied, objects_in, plain
from tests.live.server import NAME, Cluster, kubeconfig, serving

WITHOUT_KEYS = {"complies-secret-as-environment", "violates-secret-as-environment"}
"""Cases that the keys of a Secret decide, of which a cluster is asked for the name alone."""

OF_RUNS = {"classifier-not-kept-up-to-date"}
"""Rules that ask a cluster, and no file, when something last ran."""

OF_FILES = ("kind: Kustomization", "kind: Application", "kind: GitRepo", "${")
"""What speaks of other files, which a cluster does not hold."""


OF_A_MOMENT = frozenset(rule.id for rule in rules() if "declared" not in rule.bases) | {"scan-leaves-places-out"}
"""Rules of which a file tells nothing, or that speak of the inputs themselves."""


def _told(folder: Path) -> bool:
    """Whether the deployment is one that a cluster can hold: every object of it known, and none inside Terraform."""
    if folder.name in WITHOUT_KEYS or folder.parent.name in OF_RUNS or not any(folder.rglob("*.yaml")):
        return False
    if any(
        "kubernetes_" in path.read_text() or "kubectl_manifest" in path.read_text() for path in folder.rglob("*.tf")
    ):
        return False
    text = "".join(path.read_text() for path in folder.rglob("*.y*ml") if path.name != "tether.yaml")
    return not any(word in text for word in OF_FILES) and not any(folder.rglob("Chart.yaml"))


def _cases() -> list[Path]:
    """The worlds, and of every rule the first fixture of each verdict."""
    found = [FIXTURES / "worlds" / "reference", FIXTURES / "worlds" / "broken"]
    for rule in sorted(one for one in FIXTURES.glob("*/*") if one.parent.name != "worlds"):
        for verdict in ("complies", "violates", "unproven"):
            folders = [one for one in sorted(rule.glob(f"{verdict}-*")) if _told(one) and objects_of(one)]
            found += folders[:1]
    return found


def objects_of(folder: Path) -> list[dict]:
    """The objects in the manifests of a fixture, and of no file beside them; none where some may not come to be.

    What an object holds for a controller to apply is only possible in a file, and in a cluster is there or not.
    """
    reading = read_manifests(folder, walk(folder, [folder]).files)
    if reading.unread or any(one.possible is not None for one in reading.resources):
        return []
    return [plain(one) for one in reading.resources]


def judged(request: Request) -> tuple[dict, object]:
    """What a run says, without origins and without the words that name them; and its graph."""
    report, scanned = scan(request)
    graph = scanned.built.graph
    edges = {
        (edge.source, edge.target, edge.plane, edge.verb, edge.state, edge.traffic, edge.decided_by)
        for edge in graph.edges
    }
    findings = [
        (one.rule, one.verdict, one.subject.address, tuple(hop.address for hop in one.hops), one.decided_by, one.also)
        for one in report.findings
        if one.rule not in OF_A_MOMENT
    ]
    said = {
        "commitments": {one.id: one.verdict for one in report.commitments},
        "rules": {one.id: one.verdict for one in report.rules if one.id not in OF_A_MOMENT},
        "findings": sorted(findings),
        "models": report.models,
        "stack": report.safety_stack,
        "unread": report.unread,
    }
    return said, edges


def live_profile(folder: Path, case: Path) -> Path:
    """The settings of a fixture, with the cluster as the place of its manifests."""
    given = folder / "tether.yaml"
    settings = yaml.safe_load(given.read_text()) if given.is_file() else None
    settings = settings or {}
    units = settings.setdefault("units", [])
    named = next((unit for unit in units if unit.get("manifests")), None)
    if named is None:
        (unit,) = {one.unit for one in read_manifests(folder, walk(folder, [folder]).files).resources}
        named = next((one for one in units if one["name"] == unit), None)
        if named is None:
            named = {"name": unit}
            units.append(named)
    named["live"] = [NAME]
    path = case / "tether.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.mark.parametrize("folder", _cases(), ids=lambda one: f"{one.parent.name}-{one.name}")
def test_a_cluster_is_judged_as_its_manifests_are(folder, tmp_path):
    case = tmp_path / "case"
    for path in [one for one in folder.rglob("*") if one.is_file() and one.suffix not in (".yaml", ".yml", ".json")]:
        target = case / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    for path in folder.rglob("*/"):  # the folders that a profile names are there, empty or not
        (case / path.relative_to(folder)).mkdir(parents=True, exist_ok=True)
    settings = folder / "tether.yaml"
    as_of = date.fromisoformat(AS_OF)
    declared = judged(Request((folder,), as_of, profile=settings if settings.is_file() else None))
    paths = (case,) if any(case.rglob("*.tf")) else ()
    with serving(Cluster(applied(objects_of(folder)))) as address:
        live = (Live("kubernetes", kubeconfig=kubeconfig(tmp_path, address)),)
        found = judged(Request(paths, as_of, profile=live_profile(folder, case), live=live))
    assert found[0] == declared[0]
    assert found[1] == declared[1]


NAMES_OF_ITS_OWN = "example.org { forward . 10.0.0.2 }\ncluster.local {\n  kubernetes cluster.local\n}\n"
"""A Corefile of which no line looks like a setting of a document."""


@pytest.mark.parametrize("corefile", [NAMES_OF_ITS_OWN, NAMES_OF_ITS_OWN.replace("forward . ", "rewrite name a ")])
def test_the_server_of_names_is_read_in_a_cluster_as_in_files(corefile, tmp_path):
    """Its settings are recorded: a digest would leave every name that a gateway calls unproven."""
    folder, case = tmp_path / "world", tmp_path / "case"
    shutil.copytree(FIXTURES / "worlds" / "reference", folder)
    case.mkdir()
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    (folder / "k8s" / "names.json").write_text(json.dumps({**config, "data": {"Corefile": corefile}}))
    shutil.copytree(folder / "terraform", case / "terraform")
    (case / "k8s").mkdir()
    declared = judged(Request((folder,), date.fromisoformat(AS_OF), profile=folder / "tether.yaml"))
    with serving(Cluster(applied(objects_in(folder / "k8s")))) as address:
        live = (Live("kubernetes", kubeconfig=kubeconfig(tmp_path, address)),)
        profile = live_profile(folder, case)
        found = judged(Request((case,), date.fromisoformat(AS_OF), profile=profile, live=live))
    assert found == declared
    assert (set(found[0]["commitments"].values()) == {"holds"}) is ("rewrite" not in corefile)


def test_what_is_declared_and_not_live_closes_nothing(tmp_path):
    """A policy in Git that nobody applied is no guard of the cluster that runs."""
    folder = FIXTURES / "worlds" / "reference"
    policies = [one for one in objects_in(folder / "k8s") if one["kind"] == "NetworkPolicy"]
    others = [one for one in objects_in(folder / "k8s") if one["kind"] != "NetworkPolicy"]
    assert policies
    settings = yaml.safe_load((folder / "tether.yaml").read_text())
    settings["units"][0]["live"] = [NAME]
    settings["units"][0]["terraform"] = []
    case = tmp_path / "case"
    (case / "k8s").mkdir(parents=True)
    (case / "tether.yaml").write_text(yaml.safe_dump(settings))
    listed = {"apiVersion": "v1", "kind": "List", "items": policies}
    (case / "k8s" / "policies.json").write_text(json.dumps(listed))
    with serving(Cluster(applied(others))) as address:
        code, out, err = run(
            "scan", str(case), "--live", "kubernetes", "--kubeconfig", str(kubeconfig(tmp_path, address)),
            "--profile", str(case / "tether.yaml"), "--as-of", AS_OF, "--format", "json",
        )  # fmt: skip
    report = json.loads(out)
    rules = {one["id"]: one["verdict"] for one in report["rules"]}
    assert rules["model-bypasses-safety-stack"] == "violated", err
    seen = {one.get("seen", "") for one in report["findings"] if one["rule"] == "model-bypasses-safety-stack"}
    assert "in what is live" in seen, "with the policies, nobody knows whether they will be there"
    assert report["scope"]["basis"] == ["declared", "live"]
    assert code == 3 or any(one["verdict"] == "violated" for one in report["findings"])


OPEN = FIXTURES / "safety-path" / "model-bypasses-safety-stack"


@pytest.mark.parametrize(
    ("files", "cluster", "seen"),
    [
        ("violates-no-network-policy", "complies-no-network-policy", "in what is declared"),
        ("complies-no-network-policy", "violates-no-network-policy", "in what is live"),
        ("violates-tenant-pod-admitted", "complies-tenant-pod-admitted", ""),
        ("complies-tenant-pod-admitted", "violates-tenant-pod-admitted", "in what is live"),
        ("complies-tenant-pod-admitted", "complies-tenant-pod-admitted", None),
    ],
)
def test_manifests_and_cluster_of_one_unit_must_both_keep_a_promise(tmp_path, files, cluster, seen):
    """What runs is open until the manifests are applied, and what they open will be open then."""
    case = tmp_path / "case"
    shutil.copytree(OPEN / files, case)
    profile = live_profile(OPEN / files, case)
    with serving(Cluster(applied(objects_of(OPEN / cluster)))) as address:
        live = (Live("kubernetes", kubeconfig=kubeconfig(tmp_path, address)),)
        report, scanned = scan(Request((case,), date.fromisoformat(AS_OF), profile=profile, live=live))
    addresses = [node.address for node in scanned.built.graph.nodes.values() if "/Deployment/" in node.address]
    assert len(addresses) == len(set(addresses)), "one node for what both have"
    found = [one for one in report.findings if one.rule == "model-bypasses-safety-stack"]
    if seen is None:
        assert not found
        return
    (result,) = (one for one in report.rules if one.id == "model-bypasses-safety-stack")
    assert result.verdict == ("unproven" if seen == "in what is declared" else "violated")
    assert {one.seen for one in found} == {seen}


@pytest.mark.parametrize(
    "folder",
    [
        FIXTURES / "worlds" / "reference",
        FIXTURES / "safety-path" / "classifier-calls-led-elsewhere" / "complies-alias-outside",
        FIXTURES / "safety-path" / "stack-calls-copied-or-taken-over" / "violates-mirror-of-a-route",
        FIXTURES / "safety-path" / "model-exposed-outside-gateway" / "unproven-filter-of-an-unknown-kind",
    ],
    ids=lambda one: one.name,
)
def test_manifests_beside_their_cluster_have_their_own_verdicts(folder, tmp_path):
    """In one scan, and nothing of them is live otherwise than it is declared."""
    case, settings = tmp_path / "case", folder / "tether.yaml"
    shutil.copytree(folder, case)
    alone, _ = scan(Request((folder,), date.fromisoformat(AS_OF), profile=settings))
    with serving(Cluster(applied(objects_of(folder)))) as address:
        live = (Live("kubernetes", kubeconfig=kubeconfig(tmp_path, address)),)
        request = Request((case,), date.fromisoformat(AS_OF), profile=live_profile(folder, case), live=live)
        both, scanned = scan(request)
    assert scanned.sides is not None
    ours, theirs = ({one.id: one.verdict for one in each.rules} for each in (both, alone))
    of_what_runs = {one.id for one in alone.rules if one.note.endswith(" scan")} | {"scan-leaves-places-out"}
    assert {one: ours[one] for one in ours.keys() - of_what_runs} == {
        one: theirs[one] for one in theirs.keys() - of_what_runs
    }
    assert ours["live-differs-from-declared"] == "holds"
