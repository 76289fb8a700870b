"""Our renderer against `kubectl kustomize`, whose answers are recorded beside each case."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Reading
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests
from scanner.sources.kubernetes.objects import expanded, restore_text
from scanner.yamltext import Document, documents
from tests.kubernetes.kustomize_cases import Case, cases, kubectl

CASES = cases()
STRICTER = {
    # kubectl takes a key in any case, drops a patch, or writes its own version: we say that we do not know.
    "unknown-key": "`nameSpace` is not understood",
    "patch-service-port-protocol": "`protocol` stands on one side of a merge only",
    "build-metadata": "`managedByLabel` is not understood",
}


def reading(case: Case, root: Path) -> Reading:
    case.write(root)
    return read_manifests(root, walk(root, [root]).paths)


def plain(value: Any) -> Any:
    """Without marks and nulls; ports in one order, which kustomize changes and nothing reads."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        items = [plain(item) for item in value]
        ports = bool(items) and all(isinstance(item, dict) and "containerPort" in item for item in items)
        return sorted(items, key=json.dumps) if ports else items
    return value


def answered(text: str) -> list[Any]:
    found = []
    for one in documents(text, "expected"):
        assert isinstance(one, Document), one
        if isinstance(one.value, dict) and one.value.get("kind") != "CustomResourceDefinition":
            restore_text(one.value)
        found += [plain(value) for value, _ in expanded(one.value, one.origin)]
    return sorted(found, key=_name)


def _name(value: Any) -> str:
    metadata = value["metadata"]
    return f"{value['apiVersion']} {value['kind']} {metadata.get('namespace')} {metadata['name']}"


def test_there_are_enough_cases_of_both_kinds() -> None:
    assert sum(one.expected is not None for one in CASES) > 120
    assert sum(one.expected is None for one in CASES) > 15
    assert set(STRICTER) <= {one.name for one in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_is_kubectls(case: Case, tmp_path: Path) -> None:
    found = reading(case, tmp_path)
    if case.name in STRICTER:
        assert STRICTER[case.name] in found.unread[0].cause
    elif case.expected is None:
        assert found.unread, "kubectl refuses it, and we took it"
    else:
        assert not found.unread
        assert sorted((plain(one.attrs) for one in found.resources), key=_name) == answered(case.expected)


def test_every_value_has_a_place_in_one_of_the_files(tmp_path: Path) -> None:
    case = next(one for one in CASES if one.name == "everything")
    found = reading(case, tmp_path)
    waiting: list[Any] = [one.attrs for one in found.resources]
    while waiting:
        here = waiting.pop()
        keys = here if isinstance(here, dict) else range(len(here))
        for key in keys:
            place = here.marks[key]
            lines = case.files[place.path].splitlines()
            assert 1 <= place.line <= len(lines)
            if isinstance(here[key], dict | list):
                waiting.append(here[key])


@pytest.mark.parametrize("name", ["everything", "component", "replacement-from-file", "config-map-files-and-envs"])
def test_no_file_of_an_overlay_can_go_unnoticed(name: str, tmp_path: Path) -> None:
    """Whatever becomes unreadable or goes away, something is unread."""
    case = next(one for one in CASES if one.name == name)
    for number, path in enumerate(sorted(case.files)):
        root = tmp_path / f"broken{number}"
        case.write(root)
        (root / path).write_bytes(b"kind: \xff\n")
        assert read_manifests(root, walk(root, [root]).paths).unread, path
        left = {other: text for other, text in case.files.items() if other != path}
        root = tmp_path / f"gone{number}"
        if path != f"{case.folder}/kustomization.yaml":
            assert reading(Case(name, case.folder, left, None), root).unread, path


def _version() -> str:
    program = shutil.which("kubectl")
    if program is None:
        return ""
    asked = [program, "version", "--client", "-o", "json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60, env={"PATH": ""})
    return str(json.loads(done.stdout or "{}").get("kustomizeVersion", ""))


@pytest.mark.parametrize("case", CASES[::12], ids=lambda case: case.name)
def test_what_is_recorded_is_what_kubectl_says(case: Case) -> None:
    if not (version := _version()).startswith("v5.5."):
        pytest.skip(f"the answers are those of kustomize 5.5, and here is {version or 'no kubectl'}")
    out, refused = kubectl(case)
    assert (None if refused else out) == case.expected
