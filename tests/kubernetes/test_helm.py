"""Charts: rendered where Helm is, judged with the line of their template, and never taken for more than is known."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Reading, mark
from scanner.sources.kubernetes.helm import ChartEntry
from scanner.sources.kubernetes.helm.lines import LineMap
from scanner.sources.kubernetes.helm.process import Made, Release, _split
from scanner.sources.kubernetes.helm.variants import variants
from scanner.unknown import Unknown
from tests.harness import run

needs_helm = pytest.mark.skipif(find_spec("helm_python") is None, reason="helm-python-sdk is not installed here")

CHART = "apiVersion: v2\nname: vllm\nversion: 0.1.0\n"
TEMPLATE = """\
# A model server.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-vllm
  namespace: {{ .Release.Namespace }}
spec:
  template:
    metadata:
      labels:
        {{- include "vllm.labels" . | nindent 8 }}
    spec:
      {{- if .Values.hostNetwork }}
      hostNetwork: true
      {{- end }}
      containers:
      - name: server
        image: "{{ .Values.image }}:{{ .Values.tag }}"
        args:
        - --model={{ .Values.model }}
        {{- range .Values.extra }}
        - {{ . | quote }}
        {{- end }}
        ports:
        - containerPort: 8000
"""
BASE = {
    "chart/Chart.yaml": CHART,
    "chart/values.yaml": "image: vllm/vllm-openai\ntag: v1\nmodel: claude-gov\nhostNetwork: false\nextra: [--a, --b]\n",
    "chart/templates/_helpers.tpl": '{{- define "vllm.labels" -}}\napp: vllm\nteam: ml\n{{- end }}\n',
    "chart/templates/deployment.yaml": TEMPLATE,
    "chart/templates/NOTES.txt": "Hello {{ .Release.Name }}\n",
}
DEFAULTS = "a Helm chart is rendered with its default values: those of the deployment are not known"


def causes(found: Reading) -> list[str]:
    return [f"{one.origin}: {one.cause}" for one in found.unread]


def entry(*values: str, folder: str = "chart", release: str = "prod", namespace: str = "inference") -> ChartEntry:
    return ChartEntry(folder, Release(release, namespace, values))


def pod(found: Reading) -> Any:
    return next(one for one in found.resources if one.kind == "Deployment").attrs["spec"]["template"]["spec"]


def with_template(text: str, **files: str) -> dict[str, str]:
    return {"chart/Chart.yaml": CHART, "chart/templates/a.yaml": textwrap.dedent(text), **files}


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"


@needs_helm
def test_a_chart_is_judged_with_its_defaults_and_proves_nothing(read) -> None:
    found = read(BASE)
    assert [one.id for one in found.resources] == ["root:default/Deployment/release-name-vllm"]
    assert causes(found) == [f"chart/Chart.yaml:1:1: {DEFAULTS}"]
    assert found.unread[0].kind == "template"
    assert "charts: [{chart: chart}]" in found.unread[0].remedy
    assert list(found.assumptions) == ["the chart in `chart` is installed with its default values"]
    assert set(found.inputs) == set(BASE)
    assert not found.passed_over


@needs_helm
def test_a_chart_that_the_profile_names_is_the_deployment(read) -> None:
    found = read(BASE, charts=[entry("hostNetwork: true\nextra: []\n", "tag: v2\n")])
    assert [one.id for one in found.resources] == ["root:inference/Deployment/prod-vllm"]
    assert not found.unread
    assert not found.assumptions
    assert pod(found)["hostNetwork"] is True
    assert pod(found)["containers"][0]["image"] == "vllm/vllm-openai:v2"


@needs_helm
def test_two_releases_of_a_chart_are_two_deployments(read) -> None:
    found = read(BASE, charts=[entry(release="a"), entry(release="b")])
    assert sorted(one.id for one in found.resources) == [
        "chart/a:inference/Deployment/a-vllm",
        "chart/b:inference/Deployment/b-vllm",
    ]


@needs_helm
@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("metadata", "name"), "5:9"),
        (("spec", "template", "spec", "hostNetwork"), "14:20"),
        (("spec", "template", "spec", "containers", 0, "image"), "18:16"),
        (("spec", "template", "spec", "containers", 0, "args", 0), "20:11"),
        (("spec", "template", "spec", "containers", 0, "ports", 0, "containerPort"), "25:26"),
        (("spec", "template", "metadata", "labels"), "10:"),
    ],
)
def test_a_value_has_the_line_of_its_template(read, path: tuple[str | int, ...], place: str) -> None:
    found = read(BASE, charts=[entry("hostNetwork: true")])
    (resource,) = found.resources
    assert str(resource.origin) == "chart/templates/deployment.yaml:2:1"
    assert str(mark(resource.attrs, *path)).startswith(f"chart/templates/deployment.yaml:{place}")


def test_lines_of_a_loop_and_of_a_helper_stay_near() -> None:
    template = 'a:\n{{- range .x }}\n- name: {{ . }}\n  kind: same\n{{- end }}\nb: 1\n{{ include "h" . }}\nc: 2\n'
    rendered = "a:\n- name: one\n  kind: same\n- name: two\n  kind: same\nb: 1\nhelped: yes\nc: 2\n"
    lines = LineMap(template, rendered)
    assert [lines.place(number, 1)[0] for number in range(1, 9)] == [1, 3, 4, 3, 4, 6, 6, 8]


@needs_helm
@pytest.mark.parametrize(
    ("action", "known"),
    [
        ("{{ randAlphaNum 8 }}", ""),
        ("{{ randAlphaNum 8 | b64enc | quote }}", ""),
        ("{{ randInt 0 2 | quote }}", ""),
        ('{{ now | date "2006" | quote }}', ""),
        ("{{ uuidv4 }}", ""),
        ("{{ shuffle .Release.Name }}", ""),
        ('{{ (genCA "x" 365).Cert | quote }}', ""),
        ('{{ genPrivateKey "rsa" | sha256sum }}', ""),
        ('{{ htpasswd "u" "p" | sha256sum }}', ""),
        ("pre-{{ randAlpha 4 }}-post", "pre-*-post"),
        ('{{ .Capabilities.APIVersions.Has "x/v1" | quote }}', ""),
        ("plain-{{ .Release.Name }}", "plain-prod"),
        ('{{ printf "randAlphaNum 5" }}', "randAlphaNum 5"),
        ("{{/* now */}}fixed", "fixed"),
        ("{{ .Values.now }}", "noon"),
    ],
)
def test_what_is_left_to_chance_is_not_known(read, action: str, known: str) -> None:
    found = read(with_template(CONFIG + f"  a: {action}\n"), charts=[entry("now: noon")])
    assert not found.unread
    value = found.resources[0].attrs["data"]["a"]
    if known and "*" not in known:
        assert value == known
    else:
        assert isinstance(value, Unknown)
        assert value.code == "not-rendered"
        assert value.decided_by == ("chart/templates/a.yaml",)
        assert value.text() in (known, "*") or not known


@needs_helm
def test_an_object_that_only_some_clusters_get_is_possible(read) -> None:
    text = '{{- if .Capabilities.APIVersions.Has "cilium.io/v2" }}\n' + CONFIG + "  a: b\n{{- else }}\n" \
        + CONFIG.replace("name: c", "name: d").replace("ConfigMap", "Secret") + "  a: b\n{{- end }}\n"  # fmt: skip
    found = read(with_template(text), charts=[entry()])
    assert {one.name: one.possible is not None for one in found.resources} == {"c": True, "d": True}


@needs_helm
def test_the_same_report_every_time(tmp_path: Path) -> None:
    text = CONFIG.replace("name: c", "name: c-{{ randAlphaNum 5 }}") + '  a: {{ keys .Values.m | join "," }}\n'
    files = with_template(text, **{"chart/values.yaml": "m: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}\n"})
    first, again = (report(tmp_path / name, files) for name in ("one", "two"))
    assert {key: first[key] for key in ("findings", "unread", "commitments", "inputs")} == {
        key: again[key] for key in ("findings", "unread", "commitments", "inputs")
    }


@needs_helm
def test_the_version_of_kubernetes_is_taken_for_granted_aloud(read) -> None:
    text = CONFIG + '  a: {{ semverCompare ">=1.25-0" .Capabilities.KubeVersion.Version | quote }}\n'
    found = read(with_template(text), charts=[entry()])
    assert found.resources[0].attrs["data"]["a"] == "true"
    assert list(found.assumptions) == ["the chart in `chart` is installed in the newest Kubernetes that Helm knows"]


@needs_helm
def test_a_test_hook_may_not_exist(read) -> None:
    text = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: t, annotations: {"helm.sh/hook": test}}
        spec: {containers: [{name: a, image: a}]}
        """
    (one,) = read(with_template(text), charts=[entry()]).resources
    assert one.possible is not None
    assert "hook `test`" in one.possible.cause


NOTED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {a: b%s}}\n"
OFTEN = {
    "kept": NOTED % ("kept", ""),
    "hook": NOTED % ("hook", ", helm.sh/hook: 'pre-install, pre-upgrade'"),
    "named": NOTED % ("named", "") + "data: {lookup: '{{ .Values.lookup | default `x` }}'}\n",
    "plain-helper": '{{ if include "x.plain" . }}\n' + NOTED % ("plain-helper", "") + "{{ end }}\n",
    "value-by-helper": NOTED % ("value-by-helper", "") + "data: {a: 'x{{ include \"x.there\" . }}'}\n",
}
SELDOM = {
    "upgrade-hook": NOTED % ("upgrade-hook", ", helm.sh/hook: pre-upgrade"),
    "no-such-hook": NOTED % ("no-such-hook", ", helm.sh/hook: before-install"),
    "gone": NOTED % ("gone", ", helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-succeeded"),
    "install": "{{ if .Release.IsInstall }}\n" + NOTED % ("install", "") + "{{ end }}\n",
    "upgrade": "{{ if $.Release.IsUpgrade }}\n" + NOTED % ("upgrade", "") + "{{ end }}\n",
    "revision": "{{ if lt .Release.Revision 2 }}\n" + NOTED % ("revision", "") + "{{ end }}\n",
    "asks": '{{ if not (lookup "v1" "Secret" "a" "b") }}\n' + NOTED % ("asks", "") + "{{ end }}\n",
    "helper-asks": '{{ if not (include "x.there" .) }}\n' + NOTED % ("helper-asks", "") + "{{ end }}\n",
    "helper-kept": '{{- $a := include "x.again" . }}{{ if not $a }}\n' + NOTED % ("helper-kept", "") + "{{ end }}\n",
    "helper-makes": '{{ include "x.object" . }}\n',
    "asked": '{{ $a := lookup "v1" "Secret" "a" "b" }}{{ if not $a }}\n' + NOTED % ("asked", "") + "{{ end }}\n",
    "held-by-another": '{{ $a := lookup "v1" "Secret" "a" "b" }}{{ $b := empty $a }}{{ if $b }}\n'
    + NOTED % ("held-by-another", "") + "{{ end }}\n",
    "put-into": '{{ $d := dict }}{{ $_ := set $d "x" (lookup "v1" "Secret" "a" "b") }}{{ if not $d.x }}\n'
    + NOTED % ("put-into", "") + "{{ end }}\n",
    "behind-a-brace": '{{ if and "}" (not (lookup "v1" "Secret" "a" "b")) }}\n'
    + NOTED % ("behind-a-brace", "") + "{{ end }}\n",
    "name-made": '{{ if not (include (printf "x.%s" "there") .) }}\n' + NOTED % ("name-made", "") + "{{ end }}\n",
    "twice": '{{ if not (include "x.twice" .) }}\n' + NOTED % ("twice", "") + "{{ end }}\n",
}  # fmt: skip


HELPERS = """
{{- define "x.twice" }}{{ with lookup "v1" "Secret" "a" "b" }}yes{{ end }}{{ end }}
{{- define "x.plain" }}yes{{ end }}
{{- define "x.there" }}{{ with lookup "v1" "Secret" "a" "b" }}yes{{ end }}{{ end }}
{{- define "x.again" }}{{ include "x.there" . }}{{ end }}
{{- define "x.object" }}{{ if not (lookup "v1" "Secret" "a" "b") }}
apiVersion: v1
kind: ConfigMap
metadata: {name: helper-makes, annotations: {a: b}}
{{ end }}{{ end }}
"""


@needs_helm
def test_what_is_not_there_after_every_install_and_upgrade_is_possible(read) -> None:
    files = {f"chart/templates/{name}.yaml": text for name, text in {**OFTEN, **SELDOM}.items()}
    files["chart/templates/_helpers.tpl"] = HELPERS
    files["chart/templates/_words.tpl"] = "{{/* the word define, and no template */}}\n"
    files["chart/templates/_again.tpl"] = '{{ define "x.twice" }}{{ end }}\n'
    found = read({"chart/Chart.yaml": CHART, **files}, charts=[entry()]).resources
    assert {one.name: one.possible is not None for one in found} == {
        name: name in SELDOM for name in {**OFTEN, **SELDOM}
    }


SUB = {
    "common/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "common/sub/templates/a.yaml": CONFIG + "  a: {{ .Values.x | default 1 | quote }}\n",
}


@needs_helm
def test_a_dependency_from_a_folder_nearby_is_taken_in(read) -> None:
    about = CHART + "dependencies: [{name: sub, version: 1.0.0, repository: 'file://../common/sub'}]\n"
    found = read({**SUB, "chart/Chart.yaml": about}, charts=[entry("sub: {x: 7}"), entry(folder="common/sub")])
    assert not found.unread
    units = {one.unit: (one.attrs["data"]["a"], str(one.origin)) for one in found.resources}
    assert units == {
        "chart": ("7", "common/sub/templates/a.yaml:1:1"),
        "common/sub": ("1", "common/sub/templates/a.yaml:1:1"),
    }


@needs_helm
@pytest.mark.parametrize(
    ("dependency", "values", "said"),
    [
        ("repository: 'https://example.com'", "", "is not on disk"),
        ("repository: 'file://../../outside'", "", "is not on disk"),
        ("repository: 'oci://example.com/x', condition: sub.enabled", "sub: {enabled: true}", "is not on disk"),
        ("repository: 'oci://example.com/x', condition: sub.enabled", "sub: {enabled: false}", ""),
        ("repository: 'oci://example.com/x', tags: [t]", "tags: {t: false}", ""),
        ("repository: 'file://../common/sub', condition: sub.enabled", "sub: {enabled: false}", ""),
    ],
)
def test_a_dependency_that_is_not_there(read, dependency: str, values: str, said: str) -> None:
    about = CHART + f"dependencies:\n- {{name: sub, version: 1.0.0, {dependency}}}\n"
    files = {**SUB, **BASE, "chart/Chart.yaml": about}
    found = read(files, charts=[entry(values), entry(folder="common/sub")])
    mine = [one for one in causes(found) if "dependency" in one]
    assert mine == ([f"chart/Chart.yaml:5:3: the chart's dependency `sub` {said}"] if said else [])
    assert any(one.name == "prod-vllm" for one in found.resources)


@needs_helm
@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{{ fail "no such luck" }}', "no such luck"),
        ("{{ .Values.a.b.c }}", "nil pointer"),
        ("{{ if }}", "missing value for if"),
        ('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}', ""),
        ('{{ repeat 2000000000 "x" }}', "limits of time or memory"),
    ],
)
def test_a_chart_that_cannot_be_rendered_costs_nothing_else(read, template: str, said: str) -> None:
    other = {"other.yaml": CONFIG + "  a: b\n", "good/Chart.yaml": CHART, "good/templates/a.yaml": CONFIG}
    found = read({"chart/Chart.yaml": CHART, "chart/templates/a.yaml": template, **other})
    bad = [one for one in found.unread if str(one.origin) == "chart/Chart.yaml:1:1"]
    assert len(bad) == 1
    assert bad[0].cause.startswith("a Helm chart is not rendered: ")
    assert said in bad[0].cause
    assert len(found.resources) >= 1
    assert any(str(one.origin) == "good/Chart.yaml:1:1" for one in found.unread)


@needs_helm
def test_a_template_that_makes_no_object_is_unread(read) -> None:
    found = read(with_template("a: b\n---\nkind: [\n---\n" + CONFIG + "  a: b\n"), charts=[entry()])
    assert sorted(one.kind for one in found.unread) == ["document", "document"]
    assert [one.name for one in found.resources] == ["c"]


@needs_helm
@pytest.mark.parametrize("name", ["chart/templates/x.yaml", "chart/files/x.txt", "chart/templates"])
def test_a_link_out_of_the_root_is_refused(read, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("secret\n")
    link = tmp_path / "repo" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(outside if name.endswith("templates") else outside / "x")
    files = {"chart/Chart.yaml": CHART, "other.yaml": CONFIG}
    found = read(files)
    assert any("leads out of the root" in one.cause for one in found.unread)
    assert "secret" not in str([one.attrs for one in found.resources])


@needs_helm
def test_nothing_of_the_machine_is_seen(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file beside the chart's, no environment, no name server; nothing in the current folder is imported."""
    (tmp_path / "helm_python.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "outside.txt").write_text("secret\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TETHER_SECRET", "secret")
    text = CONFIG + '  a: {{ .Files.Get "../../outside.txt" | quote }}\n  b: {{ getHostByName "a" | quote }}\n' \
        '  c: {{ lookup "v1" "Secret" "" "" | toJson | quote }}\n'  # fmt: skip
    found = read(with_template(text), charts=[entry()])
    assert found.resources[0].attrs["data"] == {"a": "", "b": "", "c": "{}"}
    bad = read(with_template(CONFIG + '  a: {{ env "TETHER_SECRET" }}\n'), charts=[entry()])
    assert "not defined" in bad.unread[0].cause


@needs_helm
def test_what_helm_ignores_is_no_template(read) -> None:
    files = {**BASE, "chart/.helmignore": "# notes\n*.bak.yaml\n/templates/old/\n"}
    files |= {"chart/templates/x.bak.yaml": '{{ fail "x" }}', "chart/templates/old/y.yaml": '{{ fail "y" }}'}
    assert causes(read(files)) == [f"chart/Chart.yaml:1:1: {DEFAULTS}"]


@needs_helm
def test_a_template_beside_those_of_the_chart_is_not_forgotten(read) -> None:
    loose = CONFIG.replace("name: c", "name: {{ .x }}")
    found = read({**BASE, "chart/extra/loose.yaml": loose}, charts=[entry()])
    assert causes(found) == [
        "chart/extra/loose.yaml:3:19: a template that its chart does not use needs rendering"
    ]  # fmt: skip
    used = BASE["chart/templates/_helpers.tpl"] + '{{ define "x" }}{{ tpl (.Files.Get "extra/loose.yaml") . }}{{ end }}'
    files = {**BASE, "chart/extra/loose.yaml": loose, "chart/templates/_helpers.tpl": used}
    assert not read(files, charts=[entry()]).unread


@needs_helm
def test_a_library_is_nothing_of_its_own(read) -> None:
    assert not read({"lib/Chart.yaml": CHART + "type: library\n", "lib/templates/_x.tpl": "{{ x }}"}).unread


def test_the_output_of_the_program_is_split_by_template() -> None:
    text = "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/charts/s/templates/b.yaml\nb: 2\n---\n" \
        "# Source: c/templates/a.yaml\na: 3\n"  # fmt: skip
    assert _split(text) == {"c/templates/a.yaml": "a: 1\n---\na: 3\n", "c/charts/s/templates/b.yaml": "b: 2\n"}


def test_a_tree_of_charts_that_explode_is_left(read, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def explode(charts: list[object]) -> list[Made]:
        asked.extend(charts)
        return [Made(error="too much", exploded=True) for _ in charts]

    monkeypatch.setattr("scanner.sources.kubernetes.helm.charts.renderer", lambda: "sdk")
    monkeypatch.setattr("scanner.sources.kubernetes.helm.charts.run_together", explode)
    found = read({f"c{number:02}/Chart.yaml": CHART for number in range(20)})
    assert len(asked) == 4
    assert len(found.unread) == 20


HOSTILE = ["{{" * 1_000_000, "{{ `" * 300_000, '{{ "' * 300_000, "{{/*" * 300_000, "{{ a }}" * 20_000]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_template_takes_no_longer_than_its_length(text: str) -> None:
    assert len(variants({"templates/a.yaml": text.encode()})) == 1


def test_a_template_without_chance_is_rendered_once() -> None:
    assert len(variants({"templates/a.yaml": b"a: {{ .Values.now }} {{ nowhere }}"})) == 1
    assert len(variants({"templates/a.yaml": b"a: {{ now }}"})) == 2
    assert len(variants({"templates/a.yaml": b"a: {{ keys .Values }}"})) == 8


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `helm` that writes down how it is called and answers with one ConfigMap; its notes are the answer."""
    programs, seen = tmp_path / "bin", tmp_path / "seen"
    programs.mkdir()
    answer = "---\\n# Source: vllm/templates/deployment.yaml\\napiVersion: v1\\nkind: A\\nmetadata: {name: x}\\n"
    lines = [
        f"#!{shutil.which('sh')}",
        f'echo "$@" > {seen}',
        f'echo "PATH=$PATH S=$TETHER_SECRET HOME=$HOME" >> {seen}',
    ]
    (programs / "helm").write_text("\n".join([*lines, f"printf '%b' '{answer}'"]) + "\n")
    (programs / "helm").chmod(0o755)
    monkeypatch.setattr("scanner.sources.kubernetes.helm.process.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("TETHER_SECRET", "s")
    return seen


def test_where_only_the_program_is_it_is_asked_in_a_bare_environment(read, program: Path) -> None:
    found = read(BASE, charts=[entry("tag: v9")])
    assert [one.name for one in found.resources] == ["x"], causes(found)
    asked, env = program.read_text().splitlines()
    assert asked.startswith("template prod ")
    assert "--namespace inference" in asked
    for word in ("--post-renderer", "--dependency-update", "--enable-dns", "--repo"):
        assert word not in asked
    assert "S=s" not in env
    assert str(program.parent / "bin") not in env
    assert os.environ["HOME"] != env.split("HOME=")[1]


def test_a_dependency_that_makes_nothing_is_said(read, program: Path) -> None:
    about = CHART + "dependencies: [{name: sub, version: 2.0.0, repository: 'file://../common/sub'}]\n"
    found = read({**SUB, **BASE, "chart/Chart.yaml": about}, charts=[entry(), entry(folder="common/sub")])
    said = "the chart's dependency `sub` makes nothing: is its version another?"
    assert [one.cause for one in found.unread] == [said]


def report(root: Path, files: dict[str, str], *more: str) -> dict[str, Any]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    code, out, err = run("scan", str(root), "--format", "json", *more)
    assert code in (0, 1, 3), err
    found: dict[str, Any] = json.loads(out)
    return found


@needs_helm
def test_the_profile_says_how_a_chart_is_installed(tmp_path: Path) -> None:
    profile = "charts: [{chart: chart, values: [prod.yaml], release: prod, namespace: inference}]\n"
    files = {**BASE, "prod.yaml": "tag: v7\n", "tether.yaml": profile}
    found = report(tmp_path, files, "--profile", str(tmp_path / "tether.yaml"))
    assert [one["address"] for one in found["models"]] == ["inference/Deployment/prod-vllm"]
    assert not found["unread"]
    assert {"prod.yaml", "chart/templates/deployment.yaml"} <= {one["path"] for one in found["inputs"]}
    without = report(tmp_path / "x", BASE)
    assert [one["cause"] for one in without["unread"]] == [DEFAULTS]
    assert "the chart in `chart` is installed with its default values" in without["assumptions"]
    assert not [one["id"] for one in without["commitments"] if one["verdict"] == "holds"]


@needs_helm
def test_a_first_profile_has_the_charts(tmp_path: Path) -> None:
    report(tmp_path, BASE)
    code, out, _ = run("init", str(tmp_path))
    assert code == 0
    assert "chart: " in out
    assert "values: [FILE], release: release-name, namespace: default}" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("charts: [{chart: none}]\n", "`charts` names `none/Chart.yaml`, which is not in what is scanned"),
        ("charts: [{chart: chart, values: [none.yaml]}]\n", "`charts` names `none.yaml`"),
    ],
)
def test_an_entry_that_names_nothing_is_wrong_use(tmp_path: Path, text: str, said: str) -> None:
    for name, content in {**BASE, "tether.yaml": text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    code, _, err = run("scan", str(tmp_path), "--profile", str(tmp_path / "tether.yaml"))
    assert code == 2
    assert said in err
