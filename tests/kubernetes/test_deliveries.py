"""What is delivered and is in none of the inputs is named once; what is there is taken for it, and said."""

from __future__ import annotations

import pytest

from scanner.resource import Reading

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: d}]}\n"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %s, namespace: argocd}
spec: {source: {repoURL: "%s", %s}, destination: {server: https://kubernetes.default.svc}}
"""
KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: k, namespace: flux-system}
spec: {sourceRef: {kind: GitRepository, name: g}, path: %s}
"""
REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: g, namespace: flux-system}
spec: {url: "https://git.example/team/%s.git"}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: r, namespace: n}
spec: {chart: {spec: {chart: %s, sourceRef: {kind: %s, name: h}}}}
"""
OURS, THEIRS = "https://git.example/team/fleet", "https://git.example/tenant/x"


def causes(found: Reading) -> list[str]:
    return [one.cause for one in found.unread]


def test_a_folder_that_is_there_is_not_missed_and_the_repository_is_said(read) -> None:
    found = read({"a.yaml": APPLICATION % ("a", OURS, "path: apps/web"), "apps/web/pod.yaml": POD})
    assert not found.unread
    assert list(found.assumptions) == [
        f"`{OURS}` is taken to be what is scanned, which has the folders that it delivers"
    ]


def test_a_folder_that_is_not_there_is_named_with_what_to_give(read) -> None:
    found = read({"a.yaml": APPLICATION % ("a", THEIRS, "path: apps/web")})
    assert causes(found) == [f"what `argocd/Application/a` brings from `{THEIRS}` is not in the inputs"]
    assert (found.unread[0].kind, found.unread[0].broken) == ("module", False)
    assert found.unread[0].remedy == f"scan a checkout of `{THEIRS}` beside it"
    assert str(found.unread[0].origin) == "a.yaml:4:16"


def test_many_of_one_repository_are_one(read) -> None:
    texts = [APPLICATION % (f"a{number}", THEIRS, f"path: p{number}") for number in range(5)]
    assert causes(read({"a.yaml": "---\n".join(texts)})) == [
        "what `argocd/Application/a0`, `argocd/Application/a1`, `argocd/Application/a2` and 2 more bring "
        f"from `{THEIRS}` is not in the inputs"
    ]


@pytest.mark.parametrize(
    ("url", "missed"), [("https://git.example/team/repo", 0), ("git@git.example:team/Repo.git", 0), (THEIRS, 1)]
)
def test_the_root_of_a_repository_is_there_where_the_name_says_so(read, url: str, missed: int) -> None:
    assert len(read({"a.yaml": APPLICATION % ("a", url, "path: .")}).unread) == missed


def test_the_root_of_a_repository_is_there_where_another_folder_of_it_is(read) -> None:
    texts = (APPLICATION % ("a", OURS, "path: ."), APPLICATION % ("b", OURS, "path: apps"))
    assert not read({"a.yaml": "---\n".join(texts), "apps/pod.yaml": POD}).unread


def test_a_second_repository_is_not_taken_for_the_same_place(read) -> None:
    ours = [APPLICATION % (name, OURS, f"path: {name}") for name in ("web", "db")]
    files = {"web/pod.yaml": POD, "db/pod.yaml": POD.replace("name: x", "name: y")}
    found = read({**files, "a.yaml": "---\n".join([*ours, APPLICATION % ("evil", THEIRS, "path: web")])})
    assert causes(found) == [f"what `argocd/Application/evil` brings from `{THEIRS}` is not in the inputs"]


def test_two_addresses_of_one_repository_are_one_repository(read) -> None:
    texts = (APPLICATION % ("a", OURS, "path: web"), APPLICATION % ("b", "git@git.example:team/fleet.git", "path: web"))
    assert not read({"a.yaml": "---\n".join(texts), "web/pod.yaml": POD}).unread


def test_a_set_delivers_what_its_template_says_as_far_as_it_is_written(read) -> None:
    text = APPLICATION.replace("kind: Application", "kind: ApplicationSet")
    text = text.replace("spec: {source", "spec: {generators: [], template: {spec: {source").replace(
        "default.svc}}", "default.svc}}}}"
    )
    found = read({"a.yaml": text % ("a", OURS, "path: 'apps/{{name}}'"), "apps/one/pod.yaml": POD})
    assert not found.unread
    assert len(read({"a.yaml": text % ("a", OURS, "path: 'other/{{name}}'")}).unread) == 1


def test_a_source_that_lends_values_delivers_nothing(read) -> None:
    text = (APPLICATION % ("a", OURS, "ref: values")).replace("source: {", "sources: [{").replace("}, dest", "}], dest")
    assert not read({"a.yaml": text}).unread


@pytest.mark.parametrize(("name", "missed"), [("repo", []), ("other", ["https://git.example/team/other.git"])])
def test_the_root_is_what_flux_delivers_where_no_path_is_written(read, name: str, missed: list[str]) -> None:
    found = read({"a.yaml": KUSTOMIZATION % '""' + "---\n" + REPOSITORY % name})
    assert causes(found) == [
        f"what `flux-system/Kustomization/k` brings from `{one}` is not in the inputs" for one in missed
    ]


def test_a_source_that_is_not_there_is_named_by_its_object(read) -> None:
    assert causes(read({"a.yaml": KUSTOMIZATION % "./prod"})) == [
        "what `flux-system/Kustomization/k` brings from `GitRepository/g` is not in the inputs"
    ]


@pytest.mark.parametrize(
    ("chart", "kind", "missed"),
    [("web", "HelmRepository", 0), ("other", "HelmRepository", 1), ("./charts/web", "GitRepository", 0),
     ("./charts/other", "GitRepository", 1)],
)  # fmt: skip
def test_a_chart_is_there_by_its_name_or_its_folder(read, chart: str, kind: str, missed: int) -> None:
    files = {
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "charts/web/templates/a.yaml": POD,
        "r.yaml": RELEASE % (chart, kind),
    }
    found = [one for one in causes(read(files)) if "HelmRelease" in one]
    assert len(found) == missed


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: a}\nspec: {chartContent: H4sI}\n",
        "apiVersion: addons.cluster.x-k8s.io/v1alpha1\nkind: HelmChartProxy\nmetadata: {name: a}\n"
        "spec: {chartName: c, repoURL: https://x.example}\n",
        "apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nmetadata: {name: a}\n"
        "spec: {forProvider: {chart: {name: c, repository: https://x.example}}}\n",
        "apiVersion: fleet.cattle.io/v1alpha1\nkind: GitRepo\nmetadata: {name: a, namespace: fleet-local}\n"
        "spec: {repo: https://x.example/a/b, paths: [c]}\n",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\n"
        "spec: {chartRef: {kind: OCIRepository, name: c}}\n",
        "apiVersion: apps.open-cluster-management.io/v1\nkind: Subscription\nmetadata: {name: a}\n"
        "spec: {channel: ns/ch}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: [1]\n",
    ],
)
def test_every_kind_that_delivers_is_asked(read, text: str) -> None:
    assert len(read({"a.yaml": text}).unread) == (0 if "spec: [1]" in text else 1)
