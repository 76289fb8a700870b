"""What is delivered and is in none of the inputs is named once; what is there is taken for it, and said."""

from __future__ import annotations

import pytest

from scanner.resource import Reading
from scanner.sources.kubernetes.helm.charts import ChartEntry
from scanner.sources.kubernetes.helm.process import Release

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


GIT = '[core]\n\tbare = false\n[remote "other"]\n\turl = https://git.example/tenant/x\n[remote "origin"]\n\turl = %s\n'


def checkout(url: str, folder: str = "") -> dict[str, str]:
    """What git keeps of a clone of `url` in a folder of the root."""
    return {f"{folder}.git/config": GIT % url}


def causes(found: Reading) -> list[str]:
    return [one.cause for one in found.unread]


def from_(url: str, name: str = "a") -> str:
    return f"what `argocd/Application/{name}` brings from `{url}` is not certainly in the inputs"


@pytest.mark.parametrize(
    "origin",
    [OURS, OURS + ".git", "git@git.example:team/fleet.git", "ssh://git@git.example:2222/team/fleet",
     "https://user:pass@GIT.example/Team/fleet/"],
)  # fmt: skip
def test_a_folder_of_the_checkout_is_not_missed_and_the_repository_is_said(read, origin: str) -> None:
    files = {"a.yaml": APPLICATION % ("a", OURS, "path: apps/web"), "apps/web/pod.yaml": POD}
    found = read({**files, **checkout(origin)})
    assert not found.unread
    assert list(found.assumptions) == [
        f"`{OURS}` is taken to be what is scanned, as its checkout says, at this revision"
    ]


@pytest.mark.parametrize(
    "files",
    [
        {},
        checkout(THEIRS),
        checkout("https://evil.example/team/fleet"),
        checkout("/srv/git.example/team/fleet"),
        {".git/config": '[remote "other"]\n\turl = https://git.example/team/fleet\n'},
        {".git/config": '[remote "origin"]\n[branch "x"]\n\turl = https://git.example/team/fleet\n'},
        {".gitmodules": '[remote "origin"]\n\turl = https://git.example/team/fleet\n'},
        {"fleet/apps/web/pod.yaml": POD.replace("name: x", "name: y")},
        {"team/fleet/.git/config": ""},
    ],
    ids=["none", "theirs", "host", "path", "no-origin", "section", "modules", "name", "empty"],
)
def test_a_folder_of_the_same_name_says_nothing_of_the_repository(read, files: dict[str, str]) -> None:
    found = read({"a.yaml": APPLICATION % ("a", OURS, "path: apps/web"), "apps/web/pod.yaml": POD, **files})
    assert causes(found) == [from_(OURS)]
    assert not found.assumptions


def test_the_profile_may_say_of_which_repository_a_unit_is(read) -> None:
    files = {"a.yaml": APPLICATION % ("a", OURS, "path: apps/web"), "apps/web/pod.yaml": POD}
    found = read(files, repositories={OURS + ".git": ["apps"]})
    assert not found.unread
    assert list(found.assumptions) == [
        f"`{OURS}` is taken to be what is scanned, as the profile says, at this revision"
    ]
    for said in ({THEIRS: ["apps"]}, {}):
        assert causes(read(files, repositories=said)) == [from_(OURS)]


def test_a_checkout_is_found_around_and_below_what_is_scanned(read, tmp_path) -> None:
    """A folder of a clone is scanned, or clones beside each other; what lies outside of the scan is not here."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(GIT % OURS)
    texts = [APPLICATION % (name, OURS, f"path: {path}") for name, path in
             (("in", "repo/web"), ("whole", "repo"), ("beside", "other"), ("above", ""), ("short", "web"))]  # fmt: skip
    texts.append(APPLICATION % ("theirs", THEIRS, "path: apps"))
    files = {"a.yaml": "---\n".join(texts), "web/pod.yaml": POD, "x/apps/b.yaml": POD.replace("name: x", "name: y")}
    found = read({**files, **checkout(THEIRS, "x/")})
    assert causes(found) == [
        f"what `argocd/Application/beside`, `argocd/Application/above`, `argocd/Application/short` bring from `{OURS}` "
        "is not certainly in the inputs"
    ]
    assert len(found.assumptions) == 2


def test_a_work_tree_has_its_settings_where_its_git_file_leads(read, tmp_path) -> None:
    gone = tmp_path / "main" / ".git"
    (gone / "worktrees" / "w").mkdir(parents=True)
    (gone / "config").write_text(GIT % OURS)
    (gone / "worktrees" / "w" / "commondir").write_text("../..\n")
    files = {"a.yaml": APPLICATION % ("a", OURS, "path: web"), "web/pod.yaml": POD}
    assert not read({**files, ".git": f"gitdir: {gone / 'worktrees' / 'w'}\n"}).unread
    assert causes(read({".git": "gitdir: /nowhere/at/all\n"})) == [from_(OURS)]


def test_a_folder_that_is_not_there_is_named_with_what_to_give(read) -> None:
    found = read({"a.yaml": APPLICATION % ("a", THEIRS, "path: apps/web"), **checkout(THEIRS)})
    assert causes(found) == [from_(THEIRS)]
    assert (found.unread[0].kind, found.unread[0].broken) == ("module", False)
    remedy = f"scan a checkout of `{THEIRS}` with its `.git`, or give a unit `repository` in the profile"
    assert found.unread[0].remedy == remedy
    assert str(found.unread[0].origin) == "a.yaml:4:16"


def test_many_of_one_repository_are_one(read) -> None:
    texts = [APPLICATION % (f"a{number}", THEIRS, f"path: p{number}") for number in range(5)]
    assert causes(read({"a.yaml": "---\n".join(texts)})) == [
        "what `argocd/Application/a0`, `argocd/Application/a1`, `argocd/Application/a2` and 2 more bring "
        f"from `{THEIRS}` is not certainly in the inputs"
    ]


@pytest.mark.parametrize("url", ["", "*", "{{url}}", "${URL}", "oci://git.example/team/fleet", "../fleet", "http://["])
def test_an_address_that_names_no_git_server_is_never_what_is_scanned(read, url: str) -> None:
    found = read({"a.yaml": APPLICATION % ("a", url, "path: ."), **checkout(url)})
    assert len(found.unread) == 1 and not found.assumptions


def test_a_second_repository_is_not_taken_for_the_same_place(read) -> None:
    ours = [APPLICATION % (name, OURS, f"path: {name}") for name in ("web", "db")]
    files = {"web/pod.yaml": POD, "db/pod.yaml": POD.replace("name: x", "name: y"), **checkout(OURS)}
    found = read({**files, "a.yaml": "---\n".join([*ours, APPLICATION % ("evil", THEIRS, "path: web")])})
    assert causes(found) == [from_(THEIRS, "evil")]


def test_a_set_delivers_what_its_template_says_as_far_as_it_is_written(read) -> None:
    text = APPLICATION.replace("kind: Application", "kind: ApplicationSet")
    text = text.replace("spec: {source", "spec: {generators: [], template: {spec: {source").replace(
        "default.svc}}", "default.svc}}}}"
    )
    found = read({"a.yaml": text % ("a", OURS, "path: 'apps/{{name}}'"), "apps/one/pod.yaml": POD, **checkout(OURS)})
    assert not found.unread
    assert len(read({"a.yaml": text % ("a", OURS, "path: 'other/{{name}}'")}).unread) == 1


def test_a_source_that_lends_values_delivers_nothing(read) -> None:
    text = (APPLICATION % ("a", OURS, "ref: values")).replace("source: {", "sources: [{").replace("}, dest", "}], dest")
    assert not read({"a.yaml": text}).unread


@pytest.mark.parametrize(("name", "missed"), [("fleet", []), ("other", ["https://git.example/team/other.git"])])
def test_the_root_is_what_flux_delivers_where_no_path_is_written(read, name: str, missed: list[str]) -> None:
    found = read({"a.yaml": KUSTOMIZATION % '""' + "---\n" + REPOSITORY % name, **checkout(OURS)})
    assert causes(found) == [
        f"what `flux-system/Kustomization/k` brings from `{one}` is not certainly in the inputs" for one in missed
    ]


def test_of_two_sources_of_one_name_neither_is_what_is_scanned(read) -> None:
    text = "---\n".join([KUSTOMIZATION % '""', REPOSITORY % "other", REPOSITORY % "fleet"])
    assert any("brings from `GitRepository/g`" in one for one in causes(read({"a.yaml": text, **checkout(OURS)})))


def test_a_subscription_of_ocm_is_followed_through_its_channel(read) -> None:
    text = """\
        apiVersion: apps.open-cluster-management.io/v1
        kind: Subscription
        metadata: {name: a, namespace: n, annotations: {apps.open-cluster-management.io/git-path: web}}
        spec: {channel: ch/c}
        ---
        apiVersion: apps.open-cluster-management.io/v1
        kind: Channel
        metadata: {name: c, namespace: ch}
        spec: {type: Git, pathname: "https://git.example/team/fleet.git"}
        """
    assert not read({"a.yaml": text, "web/pod.yaml": POD, **checkout(OURS)}).unread


def test_a_source_that_is_not_there_is_named_by_its_object(read) -> None:
    assert causes(read({"a.yaml": KUSTOMIZATION % "./prod"})) == [
        "what `flux-system/Kustomization/k` brings from `GitRepository/g` is not certainly in the inputs"
    ]


CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/templates/a.yaml": POD,
}


@pytest.mark.parametrize(("chart", "missed"), [("./charts/web", 0), ("./charts/other", 1)])
def test_a_chart_of_the_checkout_is_there_by_its_folder(read, chart: str, missed: int) -> None:
    files = {**CHART, "r.yaml": RELEASE % (chart, "GitRepository") + "---\n" + REPOSITORY.replace("name: g", "name: h")
             .replace("flux-system", "n") % "fleet", **checkout(OURS)}  # fmt: skip
    assert len([one for one in causes(read(files)) if "HelmRelease" in one]) == missed


def test_a_chart_from_elsewhere_is_there_only_where_the_profile_installs_it(read) -> None:
    """A folder may be called as anything: what is installed is what the repository of charts has under that name."""
    files = {**CHART, "r.yaml": RELEASE % ("web", "HelmRepository"), **checkout(OURS)}
    missed = "what `n/HelmRelease/r` brings from the chart `web` of `HelmRepository/h` is not certainly in the inputs"
    assert missed in causes(read(files))
    entry = ChartEntry("charts/web", Release("release-name", "default", ()))
    found = read(files, charts=[entry])
    assert not any("HelmRelease" in one for one in causes(found))
    said = "the chart `web` of `HelmRepository/h` is taken to be the one in `charts/web`, which the profile installs"
    assert said in found.assumptions


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


def test_a_chart_that_is_packed_into_an_object_is_unread_whatever_the_profile_installs(read) -> None:
    text = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: a}\nspec: {chart: web, chartContent: H4}\n"
    found = read({**CHART, "a.yaml": text}, charts=[ChartEntry("charts/web", Release("release-name", "default", ()))])
    assert "what `HelmChart/a` brings is packed in `chartContent`" in causes(found)
