"""What is delivered and is in none of the inputs is named once; what is there is taken for it, and said."""

from __future__ import annotations

import pytest

from scanner.resource import Reading
from scanner.sources.kubernetes.checkouts import Said
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
SCANNED = "what is scanned, as the profile says; it may move, and what it is moved to is for the next scan"
OURS, THEIRS = "https://git.example/team/fleet", "https://git.example/tenant/x"


GIT = '[remote "origin"]\n\turl = %s\n'


def checkout(url: str, *revisions: str, folders: tuple[str, ...] = ("",)) -> dict[str, list[Said]]:
    """What the profile says of a clone of `url`."""
    return {url: [Said(folders, frozenset(revisions))]}


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
    found = read(files, repositories=checkout(origin))
    assert not found.unread
    assert list(found.assumptions) == [f"`{OURS}` is taken to be {SCANNED}"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, {}),
        ({}, checkout(THEIRS)),
        ({}, checkout("https://evil.example/team/fleet")),
        ({}, checkout("/srv/git.example/team/fleet")),
        ({".git/config": GIT % OURS}, {}),
        ({".git": "gitdir: elsewhere\n", "elsewhere/config": GIT % OURS}, {}),
        ({"apps/.git/config": GIT % OURS}, {}),
        ({"fleet/apps/web/pod.yaml": POD.replace("name: x", "name: y")}, {}),
    ],
    ids=["none", "theirs", "host", "path", "git", "work-tree", "below", "name"],
)
def test_nothing_that_is_scanned_says_of_which_repository_it_is(read, files: dict[str, str], said: dict) -> None:
    files = {"a.yaml": APPLICATION % ("a", OURS, "path: apps/web"), "apps/web/pod.yaml": POD, **files}
    found = read(files, repositories=said)
    assert causes(found) == [from_(OURS)]
    assert not found.assumptions


def test_a_checkout_around_what_is_scanned_is_not_asked(read, tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(GIT % OURS)
    assert causes(read({"a.yaml": APPLICATION % ("a", OURS, "path: web"), "web/pod.yaml": POD})) == [from_(OURS)]


@pytest.mark.parametrize(
    ("asked", "said", "there"),
    [
        ("", (), True),
        ("HEAD", (), True),
        ("main", (), False),
        ("main", ("main", "v1"), True),
        ("v1", ("main", "v1"), True),
        ("v2", ("main", "v1"), False),
        ("", ("main",), False),
        ("HEAD", ("HEAD", "main"), True),
        ("'{{revision}}'", ("main",), False),
        ("0b1c2d3e4f5a69788796a5b4c3d2e1f00f1e2d3c", ("main",), False),
    ],
)
def test_a_delivery_of_another_revision_is_not_what_is_scanned(read, asked: str, said: tuple, there: bool) -> None:
    more = f"path: apps/web, targetRevision: {asked}" if asked else "path: apps/web"
    files = {"a.yaml": APPLICATION % ("a", OURS, more), "apps/web/pod.yaml": POD}
    found = read(files, repositories=checkout(OURS, *said))
    assert bool(found.unread) is not there
    shown = asked.strip("'")
    at = f" at `{shown}`" if shown else ""
    if there:
        assert list(found.assumptions) == [f"`{OURS}`{at} is taken to be {SCANNED}"]
    else:
        assert f"from `{OURS}`{at} is not certainly in the inputs" in causes(found)[0]


@pytest.mark.parametrize(
    ("reference", "revision"),
    [("", "master"), ("ref: {branch: main}", "main"), ("ref: {branch: main, tag: v3}", "v3"),
     ("ref: {tag: v3, semver: '>=1'}", ">=1"), ("ref: {branch: main, commit: 0b1c2d}", "0b1c2d")],
)  # fmt: skip
def test_a_source_of_flux_is_of_the_revision_that_it_is_most_exact_about(read, reference: str, revision: str) -> None:
    source = (REPOSITORY % "fleet").replace('fleet.git"}', f'fleet.git", {reference}}}')
    files = {"a.yaml": KUSTOMIZATION % "./web" + "---\n" + source, "web/pod.yaml": POD}
    assert not read(files, repositories=checkout(OURS, revision)).unread
    assert len(read(files, repositories=checkout(OURS, "other")).unread) == 1


def test_a_folder_that_is_not_there_is_named_with_what_to_give(read) -> None:
    found = read({"a.yaml": APPLICATION % ("a", THEIRS, "path: apps/web")}, repositories=checkout(THEIRS))
    assert causes(found) == [from_(THEIRS)]
    assert (found.unread[0].kind, found.unread[0].broken) == ("module", False)
    remedy = "scan a checkout of it, and give its unit `repository` and `revisions` in the profile"
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
    found = read({"a.yaml": APPLICATION % ("a", url, "path: .")}, repositories=checkout(url))
    assert len(found.unread) == 1 and not found.assumptions


def test_a_second_repository_is_not_taken_for_the_same_place(read) -> None:
    ours = [APPLICATION % (name, OURS, f"path: {name}") for name in ("web", "db")]
    files = {"web/pod.yaml": POD, "db/pod.yaml": POD.replace("name: x", "name: y")}
    files["a.yaml"] = "---\n".join([*ours, APPLICATION % ("evil", THEIRS, "path: web")])
    found = read(files, repositories=checkout(OURS))
    assert causes(found) == [from_(THEIRS, "evil")]


def test_a_set_delivers_what_its_template_says_as_far_as_it_is_written(read) -> None:
    text = APPLICATION.replace("kind: Application", "kind: ApplicationSet")
    text = text.replace("spec: {source", "spec: {generators: [], template: {spec: {source").replace(
        "default.svc}}", "default.svc}}}}"
    )
    files = {"a.yaml": text % ("a", OURS, "path: 'apps/{{name}}'"), "apps/one/pod.yaml": POD}
    assert not read(files, repositories=checkout(OURS)).unread
    other = {"a.yaml": text % ("a", OURS, "path: 'other/{{name}}'")}
    assert len(read(other, repositories=checkout(OURS)).unread) == 1


def test_a_source_that_lends_values_delivers_nothing(read) -> None:
    text = (APPLICATION % ("a", OURS, "ref: values")).replace("source: {", "sources: [{").replace("}, dest", "}], dest")
    assert not read({"a.yaml": text}).unread


@pytest.mark.parametrize(("name", "missed"), [("fleet", []), ("other", ["https://git.example/team/other.git"])])
def test_the_root_is_what_flux_delivers_where_no_path_is_written(read, name: str, missed: list[str]) -> None:
    text = KUSTOMIZATION % '""' + "---\n" + REPOSITORY % name
    assert causes(read({"a.yaml": text}, repositories=checkout(OURS, "master"))) == [
        f"what `flux-system/Kustomization/k` brings from `{one}` at `master` is not certainly in the inputs"
        for one in missed
    ]


def test_of_two_sources_of_one_name_neither_is_what_is_scanned(read) -> None:
    text = "---\n".join([KUSTOMIZATION % '""', REPOSITORY % "other", REPOSITORY % "fleet"])
    assert any(
        "brings from `GitRepository/g`" in one for one in causes(read({"a.yaml": text}, repositories=checkout(OURS)))
    )


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
    assert not read({"a.yaml": text, "web/pod.yaml": POD}, repositories=checkout(OURS)).unread


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
             .replace("flux-system", "n") % "fleet"}  # fmt: skip
    found = read(files, repositories=checkout(OURS, "master"))
    assert len([one for one in causes(found) if "HelmRelease" in one]) == missed


def test_a_chart_from_elsewhere_is_there_only_where_the_profile_installs_it(read) -> None:
    """A folder may be called as anything: what is installed is what the repository of charts has under that name."""
    files = {**CHART, "r.yaml": RELEASE % ("web", "HelmRepository")}
    missed = "what `n/HelmRelease/r` brings from the chart `web` of `HelmRepository/h` is not certainly in the inputs"
    assert missed in causes(read(files))
    release = Release("release-name", "default", ())
    assert missed in causes(read(files, charts=[ChartEntry("charts/web", release)]))
    assert missed in causes(read(files, charts=[ChartEntry("charts/web", release, repository="HelmRepository/x")]))
    found = read(files, charts=[ChartEntry("charts/web", release, repository="HelmRepository/h")])
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
    assert len(read({"a.yaml": text}).unread) == 1


def test_a_chart_that_is_packed_into_an_object_is_unread_whatever_the_profile_installs(read) -> None:
    text = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: a}\nspec: {chart: web, chartContent: H4}\n"
    found = read({**CHART, "a.yaml": text}, charts=[ChartEntry("charts/web", Release("release-name", "default", ()))])
    assert "what `HelmChart/a` brings is packed in `chartContent`" in causes(found)


ARGO_CHART = APPLICATION % ("a", "https://charts.example/", 'chart: web, targetRevision: "%s"')


@pytest.mark.parametrize(
    ("asked", "versions", "missed"),
    [("1.0.0", ("1.0.0",), 0), ("2.0.0", ("1.0.0",), 1), ("2.0.0", (), 1), ("", (), 0), ("1.*", ("1.*",), 0),
     ("*", (), 0), ("?", (), 1)],
)  # fmt: skip
def test_a_chart_is_there_at_the_versions_that_the_profile_names(
    read, asked: str, versions: tuple[str, ...], missed: int
) -> None:
    release = Release("release-name", "default", ())
    entry = ChartEntry("charts/web", release, repository="https://charts.example", versions=versions)
    found = read({**CHART, "a.yaml": ARGO_CHART % asked}, charts=[entry])
    assert len([one for one in causes(found) if "argocd/Application/a" in one]) == missed


GENERATED = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: a, namespace: argocd}}
spec:
  generators: [{{matrix: {{generators: [{{git: {{}}}}, {{list: {{template: {{metadata: {{}}}}}}}}]}}}}]
  template: {{spec: {{source: {{repoURL: "{OURS}", path: web}}}}}}
"""
AT_ALL = checkout(OURS, "HEAD", "", "master")
FLUX = KUSTOMIZATION.replace("path: %s}", "path: web, %s}") + "---\n" + REPOSITORY % "fleet"
RELEASED = RELEASE.replace("}}}}", "}}}, %%s}") % ("./charts/web", "GitRepository") + "---\n" + (
    REPOSITORY.replace("name: g", "name: h").replace("flux-system", "n") % "fleet"
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (APPLICATION % ("a", OURS, "path: web, kustomize: {images: [a=b]}"), "`kustomize`"),
        (APPLICATION % ("a", OURS, "path: web, directory: {exclude: policy.yaml}"), "`directory.exclude`"),
        (APPLICATION % ("a", OURS, "path: web, directory: {recurse: true}, kustomize: {}"), ""),
        (APPLICATION % ("a", OURS, "path: charts/web, helm: {values: 'a: b'}"), "`helm`"),
        (FLUX % "patches: [{patch: x}]", "`spec.patches`"),
        (FLUX % "postBuild: {substitute: {a: b}}", "`spec.postBuild`"),
        (FLUX % "prune: true", ""),
        (FLUX.replace('.git"', '.git", ignore: policy.yaml') % "prune: true", "`spec.ignore`"),
        (FLUX.replace('.git"', '.git", include: [{}]') % "prune: true", "`spec.include`"),
        (GENERATED, "`spec.generators`"),
        (GENERATED.replace("template: {metadata: {}}", "elements: []"), ""),
        (RELEASED % "values: {a: b}", "`spec.values`"),
        (RELEASED % "postRenderers: [{kustomize: {}}]", "`spec.postRenderers`"),
        (RELEASED % "interval: 5m", ""),
    ],
)
def test_a_delivery_that_changes_what_it_brings_does_not_bring_what_is_scanned(read, text: str, changed: str) -> None:
    files = {**CHART, "a.yaml": text, "web/pod.yaml": POD.replace("name: x", "name: y")}
    said = [one for one in causes(read(files, repositories=AT_ALL)) if "may change it" in one]
    assert [one.partition("its own ")[2] for one in said] == ([f"{changed} may change it"] if changed else [])


def test_the_values_of_the_profile_stand_for_those_of_a_delivery_and_it_says_so(read) -> None:
    entry = ChartEntry("charts/web", Release("release-name", "default", ()))
    files = {**CHART, "a.yaml": RELEASED % "values: {a: b}"}
    assert not [one for one in causes(read(files, charts=[entry], repositories=AT_ALL)) if "may change it" in one]


GIT_REPO = (
    f"apiVersion: fleet.cattle.io/v1alpha1\nkind: GitRepo\nmetadata: {{name: a, namespace: fleet-local}}\n"
    f"spec: {{repo: {OURS}, paths: [web]}}\n"
)


@pytest.mark.parametrize("place", [".sourceignore", "web/.sourceignore", "other/.sourceignore"])
@pytest.mark.parametrize(("text", "changed"), [(FLUX % "prune: true", 1), (APPLICATION % ("a", OURS, "path: web"), 0)])
def test_what_flux_leaves_out_of_a_repository_changes_what_it_brings(read, place: str, text: str, changed: int) -> None:
    other = POD.replace("name: x", "name: y")
    files = {"a.yaml": text, "web/pod.yaml": POD, "other/pod.yaml": other, place: "x.yaml\n"}
    said = [one for one in causes(read(files, repositories=AT_ALL)) if "`.sourceignore` may change it" in one]
    assert len(said) == changed


@pytest.mark.parametrize("revision", ["1.0", "[main]", "{a: b}", "true"])
def test_a_revision_that_is_no_text_is_not_the_default(read, revision: str) -> None:
    files = {"a.yaml": APPLICATION % ("a", OURS, f"path: web, targetRevision: {revision}"), "web/pod.yaml": POD}
    assert len(read(files, repositories=checkout(OURS)).unread) == 1


@pytest.mark.parametrize(("url", "missed"), [(OURS, 0), (THEIRS, 1)])
def test_what_is_hydrated_comes_from_where_it_is_dry(read, url: str, missed: int) -> None:
    text = APPLICATION.replace("source: {", "sourceHydrator: {drySource: {").replace("}, dest", "}}, dest")
    files = {"a.yaml": text % ("a", url, "path: web"), "web/pod.yaml": POD}
    assert len(read(files, repositories=checkout(OURS)).unread) == missed


@pytest.mark.parametrize(
    ("place", "settings", "changed"),
    [
        ("web", "helm: {chart: ./c}", True),
        ("web/deeper", "targetCustomizations: [{yaml: {overlays: [x]}}]", True),
        ("web", "[", True),
        ("web", "defaultNamespace: x\nlabels: {a: b}", False),
        ("webb", "helm: {chart: ./c}", False),
    ],
)
def test_settings_of_fleet_in_a_folder_change_what_it_brings(read, place: str, settings: str, changed: bool) -> None:
    files = {"a.yaml": GIT_REPO, "web/pod.yaml": POD, f"{place}/fleet.yaml": settings + "\n"}
    said = [one for one in causes(read(files, repositories=AT_ALL)) if "`fleet.yaml` may change it" in one]
    assert len(said) == changed
