"""Whole deployments with one value made unknown, or one file made unreadable: nothing becomes `holds` by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Items, Key, Resource
from scanner.sources.read import ReadRequest, read_all
from scanner.unknown import Unknown, Value
from tests.changed import replace
from tests.harness import FIXTURES, run_scan

WORLDS = ("broken", "reference")
Place = tuple[int, tuple[Key, ...]]


@cache
def world(name: str) -> tuple[Profile, tuple[Resource, ...]]:
    folder = FIXTURES / "worlds" / name
    profile = load_profile(folder / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=folder, paths=(folder,), units=profile.units, profile_dir=folder))
    return profile, tuple(reading.resources)


def verdicts(profile: Profile, resources: Sequence[Resource]) -> dict[str, Verdict]:
    graph = build(resources, profile).graph
    made = judge(graph, profile, rules(), [], ["declared"])
    assert not [one for one in made.rules if one.crashed], [one.note for one in made.rules if one.crashed]
    return {one.id: one.verdict for one in made.commitments}


@cache
def before(name: str) -> dict[str, Verdict]:
    return verdicts(*world(name))


def places(value: Value, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    """The path of every value inside `value`."""
    if path:
        yield path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


@cache
def all_places(name: str) -> tuple[Place, ...]:
    _, resources = world(name)
    return tuple(
        (number, path)
        for number, one in enumerate(resources)
        for path in places(one.attrs)
        if path not in (("kind",), ("apiVersion",)) and not one.data
    )


def put(value: Value, path: tuple[Key, ...], new: Value) -> Value:
    """A copy of `value` with `new` at `path`."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping) and isinstance(key, str):
        made = Attrs(value, getattr(value, "marks", None))
        made[key] = put(value[key], rest, new)
        return made
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int):
        items = Items(value, getattr(value, "marks", ()))
        items[key] = put(value[key], rest, new)
        return items
    raise AssertionError(path)


def blinded(name: str, place: Place) -> list[Resource]:
    number, path = place
    _, resources = world(name)
    unknown = Unknown("`var.secret` has no value", decided_by=("var.secret",))
    attrs = put(resources[number].attrs, path, unknown)
    assert isinstance(attrs, Attrs)
    return [*resources[:number], replace(resources[number], attrs=attrs), *resources[number + 1 :]]


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_unknown_value_proves_nothing(name: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(all_places(name)))
    after = verdicts(world(name)[0], blinded(name, place))
    better = [one for one, was in before(name).items() if was is not Verdict.HOLDS and after[one] is Verdict.HOLDS]
    assert not better, (world(name)[1][place[0]].address, place[1])


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_resource_that_may_not_exist_proves_nothing(name: str, data: st.DataObject) -> None:
    profile, resources = world(name)
    number = data.draw(st.integers(0, len(resources) - 1))
    doubt = Unknown("`var.enabled` has no value", decided_by=("var.enabled",))
    changed = [*resources[:number], replace(resources[number], possible=doubt), *resources[number + 1 :]]
    after = verdicts(profile, changed)
    better = [one for one, was in before(name).items() if was is not Verdict.HOLDS and after[one] is Verdict.HOLDS]
    assert not better, resources[number].address


@settings(max_examples=40, deadline=None)
@given(order=st.randoms())
def test_the_order_of_resources_changes_nothing(order: object) -> None:
    profile, resources = world("broken")
    shuffled = list(resources)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build(shuffled, profile).graph.digest == build(resources, profile).graph.digest


FILES = [
    (name, path.relative_to(FIXTURES / "worlds" / name).as_posix())
    for name in WORLDS
    for path in sorted((FIXTURES / "worlds" / name).rglob("*"))
    if path.suffix in (".tf", ".yaml") and path.name != "tether.yaml"
]


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_file_that_cannot_be_read_leaves_nothing_proved(tmp_path: Path, name: str, file: str) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / name, folder)
    broken = folder / file
    broken.write_text(broken.read_text() + ("\nresource {{{\n" if broken.suffix == ".tf" else "\n---\nkind: [\n"))
    report = run_scan(folder)
    assert [one["origin"]["path"] for one in report["unread"]] == [file]
    assert not [one["id"] for one in report["commitments"] if one["verdict"] == "holds"]


def test_an_unreadable_file_hides_no_other_violation(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "broken", folder)
    (folder / "k8s" / "rbac.yaml").write_text("kind: [")
    report = run_scan(folder)
    verdict = {one["id"]: one["verdict"] for one in report["commitments"]}
    assert verdict.pop("operator-control") == "unproven"
    assert set(verdict.values()) == {"violated"}


GARBAGE = [
    b"\xff\xfe\x00",
    b"a: [",
    b"{{{{",
    b"%%%",
    b"once this was a file",
    b"\x00\x01",
    b"<html>\n",
    b"}",
    b"{",
    b"- : :\n -",
]


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("file", ["k8s/model.yaml", "terraform/identity.tf"])
def test_a_file_that_was_replaced_by_anything_leaves_nothing_proved(tmp_path: Path, file: str, garbage: bytes) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "broken", folder)
    (folder / file).write_bytes(garbage)
    report = run_scan(folder)
    assert {one["origin"]["path"] for one in report["unread"]} == {file}
    assert not [one["id"] for one in report["commitments"] if one["verdict"] == "holds"]
