"""Units of manifests: the topmost folders that declare no object twice."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scanner.sources.kubernetes import manifest_units

ROOT = Path("/srv/repo")
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"


def units(*objects: tuple[str, str]) -> dict[str, str]:
    return manifest_units(ROOT, objects)


def test_a_tree_without_repetition_is_one_unit() -> None:
    assert units(("a/x.yaml", "p"), ("b/c/y.yaml", "q")) == {"a/x.yaml": "root", "b/c/y.yaml": "root"}


def test_folders_that_repeat_an_object_are_units_of_their_own() -> None:
    assert units(("base.yaml", "n"), ("prod/a.yaml", "p"), ("dev/a/a.yaml", "p"), ("dev/b/b.yaml", "q")) == {
        "base.yaml": "root", "prod/a.yaml": "prod", "dev/a/a.yaml": "dev", "dev/b/b.yaml": "dev",
    }  # fmt: skip


def test_splitting_goes_on_below() -> None:
    assert units(("k8s/eu/a.yaml", "p"), ("k8s/us/a.yaml", "p")) == {
        "k8s/eu/a.yaml": "k8s/eu", "k8s/us/a.yaml": "k8s/us",
    }  # fmt: skip


def test_files_of_one_folder_stay_together() -> None:
    assert set(units(("x.yaml", "p"), ("y.yaml", "p")).values()) == {"root"}
    assert set(units(("a/x.yaml", "p"), ("a/y.yaml", "p")).values()) == {"a"}


PATHS = st.sampled_from(["a.yaml", "x/a.yaml", "x/y/a.yaml", "x/z/a.yaml", "w/a.yaml"])


@given(st.lists(st.tuples(PATHS, st.sampled_from("pqr"))))
def test_every_path_has_a_unit_and_no_two_folders_of_one_unit_repeat(objects: list[tuple[str, str]]) -> None:
    found = manifest_units(ROOT, objects)
    assert set(found) == {path for path, _ in objects}
    for unit in set(found.values()):
        inside = {(path.rpartition("/")[0], name) for path, name in objects if found[path] == unit}
        folders = {folder for folder, _ in inside}
        assert len(folders) == 1 or len({name for _, name in inside}) == len(inside)


def test_the_profile_comes_first(read) -> None:
    found = read(
        {"prod/a.yaml": POD % "a", "dev/a.yaml": POD % "a", "other/a.yaml": POD % "b"},
        unit_of=lambda path: "live" if path.startswith("prod/") else "",
    )
    assert {str(one.origin).split(":")[0]: one.unit for one in found.resources} == {
        "prod/a.yaml": "live", "dev/a.yaml": "root", "other/a.yaml": "root",
    }  # fmt: skip


def test_environments_side_by_side(read) -> None:
    found = read({"prod/a.yaml": POD % "a", "dev/a.yaml": POD % "a"})
    assert sorted(one.id for one in found.resources) == ["dev:default/Pod/a", "prod:default/Pod/a"]
    assert not found.unread
