"""How a deployment is cut into files, what the files are called, and what stands beside it change no verdict."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.graph.graph import Graph
from scanner.origin import ApiOrigin, FileOrigin
from scanner.profile_file import load_profile
from scanner.sources.read import ReadRequest, read_all
from tests.changed import fields_of
from tests.harness import FIXTURES, run_scan

WORLDS = ("broken", "reference")


def graph_of(folder: Path) -> Graph:
    profile = load_profile(folder / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=folder, paths=(folder,), units=profile.units, profile_dir=folder))
    assert not reading.unread
    return build(reading.resources, profile).graph


def without_origins(thing: object) -> object:
    """`thing` as plain values, every origin and every place named in a sentence left out."""
    if isinstance(thing, FileOrigin | ApiOrigin):
        return None
    if fields_of(thing):
        return (type(thing).__name__, *(without_origins(getattr(thing, name)) for name in fields_of(thing)))
    if isinstance(thing, tuple | list):
        # Facts are kept in the order of their lines.
        return tuple(sorted((without_origins(one) for one in thing), key=repr))
    if isinstance(thing, frozenset):
        return tuple(sorted(map(str, thing)))
    return re.sub(r"[\w./-]+\.(tf|yaml):\d+(:\d+)?", "PLACE", thing) if isinstance(thing, str) else thing


def shape(graph: Graph) -> tuple[object, object]:
    nodes = sorted((repr(without_origins(one)) for one in graph.nodes.values()), key=str)
    return nodes, sorted(repr(without_origins(one)) for one in graph.edges)


def split_documents(folder: Path) -> None:
    """Each document of each manifest in a file of its own."""
    for path in sorted((folder / "k8s").glob("*.yaml")):
        for number, text in enumerate(re.split(r"^---\n", path.read_text(), flags=re.MULTILINE)):
            (path.parent / f"{path.stem}-{number}.yaml").write_text(text)
        path.unlink()


def split_blocks(folder: Path) -> None:
    """Each top-level block of each Terraform file in a file of its own."""
    for path in sorted(folder.rglob("*.tf")):
        blocks = re.findall(r"^\w[^\n]*\{\n.*?^\}\n", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        for number, text in enumerate(blocks):
            (path.parent / f"{path.stem}_{number}.tf").write_text(text)
        path.unlink()


def join(folder: Path) -> None:
    """All manifests in one file, all blocks of each module in one."""
    manifests = sorted((folder / "k8s").glob("*.yaml"))
    text = "\n---\n".join(path.read_text() for path in manifests)
    for path in manifests:
        path.unlink()
    (folder / "k8s" / "all.yaml").write_text(text)
    for module in {path.parent for path in folder.rglob("*.tf")}:
        text = "\n".join(path.read_text() for path in sorted(module.glob("*.tf"), reverse=True))
        for path in module.glob("*.tf"):
            path.unlink()
        (module / "everything.tf").write_text(text)


def rename(folder: Path) -> None:
    """Every file under another name of the same kind."""
    for number, path in enumerate(sorted([*folder.rglob("*.tf"), *(folder / "k8s").glob("*.yaml")])):
        path.rename(path.with_name(f"x{number}{path.suffix}"))


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("change", [split_documents, split_blocks, join, rename])
def test_the_layout_of_files_changes_nothing_but_origins(
    tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / name, folder)
    before = shape(graph_of(folder))
    change(folder)
    assert shape(graph_of(folder)) == before


@pytest.mark.parametrize("damage", ["kind: [", 'variable "x" {', "region: ${unknown}"])
def test_what_stands_beside_a_violation_does_not_hide_it(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "broken", folder)
    alone = {one["fingerprint"] for one in run_scan(folder)["findings"] if one["verdict"] == "violated"}
    beside = folder / "elsewhere"
    beside.mkdir()
    (beside / ("x.tf" if "variable" in damage else "x.yaml")).write_text(damage)
    (beside / "unknown.tf").write_text('resource "aws_subnet" "s" {\n  vpc_id = var.v\n}\nvariable "v" {}\n')
    together = {one["fingerprint"] for one in run_scan(folder)["findings"] if one["verdict"] == "violated"}
    assert alone <= together
