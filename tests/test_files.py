"""The walk: what is found, what is passed by, and what is reported as unread."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from scanner.errors import UsageError
from scanner.origin import FileOrigin
from scanner.resource import Unread
from scanner.sources.files import FileSet, Text, read_text, run_root, walk


def tree(root: Path, *names: str) -> Path:
    """Files with these names below `root`."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")
    return root


def names(found: FileSet) -> list[str]:
    return [path.as_posix() for path in found.files]


def test_files_are_sorted_and_relative_and_found_once(tmp_path: Path) -> None:
    tree(tmp_path, "b.yaml", "a/z.tf", "a/b/c.txt", "a.yaml")
    assert names(walk(tmp_path, [tmp_path / "a", tmp_path, tmp_path / "b.yaml"])) == [
        "a/b/c.txt", "a/z.tf", "a.yaml", "b.yaml",
    ]  # fmt: skip


def test_folders_of_other_tools_are_not_entered_unless_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, "node_modules/a.yaml", ".git/b.yaml", "x/.terraform/modules/c.tf", "vendor/d.yaml")
    found = walk(tmp_path, [tmp_path])
    assert names(found) == ["vendor/d.yaml"]
    assert [path.as_posix() for path in found.skipped] == [".git", "node_modules", "x/.terraform"]
    assert names(walk(tmp_path, [tmp_path / "node_modules"])) == ["node_modules/a.yaml"]


def test_links_inside_the_root_are_noted_and_not_walked_twice(tmp_path: Path) -> None:
    tree(tmp_path, "shared/provider.tf", "app/main.tf")
    (tmp_path / "app/provider.tf").symlink_to("../shared/provider.tf")
    (tmp_path / "app/module").symlink_to("../shared")
    (tmp_path / "app/loop").symlink_to("..")
    found = walk(tmp_path, [tmp_path])
    assert names(found) == ["app/main.tf", "shared/provider.tf"]
    assert found.links == {
        Path("app/provider.tf"): Path("shared/provider.tf"),
        Path("app/module"): Path("shared"),
        Path("app/loop"): Path("."),
    }
    assert not found.unread


def test_links_out_of_the_root_are_unread_where_they_matter(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", "a.yaml")
    tree(tmp_path / "outside", "x/secret.tf", "notes.txt")
    tree(tmp_path / "plain", "notes.txt")
    (root / "file.yaml").symlink_to("../outside/notes.txt")
    (root / "notes.txt").symlink_to("../outside/notes.txt")
    (root / "folder").symlink_to("../outside")
    (root / "docs").symlink_to("../plain")
    (root / "gone.tf").symlink_to("nowhere")
    (root / "gone.txt").symlink_to("nowhere")
    found = walk(root, [root])
    assert names(found) == ["a.yaml"]
    assert [(one.origin.path, one.kind) for one in found.unread if isinstance(one.origin, FileOrigin)] == [
        ("file.yaml", "link"), ("folder", "link"), ("gone.tf", "link"),
    ]  # fmt: skip


def test_a_link_to_what_is_inside_the_root_but_not_scanned_is_unread(tmp_path: Path) -> None:
    tree(tmp_path, "k8s/a.yaml", "other/b.yaml")
    (tmp_path / "k8s/b.yaml").symlink_to("../other/b.yaml")
    assert "not scanned" in walk(tmp_path, [tmp_path / "k8s"]).unread[0].cause
    assert not walk(tmp_path, [tmp_path]).unread


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    os.mkfifo(tmp_path / "pipe")
    found = walk(tmp_path, [tmp_path])
    assert not found.files
    assert [str(one.origin) for one in found.unread] == ["pipe.yaml:1:1"]
    unread = read_text(tmp_path, Path("pipe.yaml"))
    assert isinstance(unread, Unread)
    assert unread.cause == "not a regular file"


def test_a_name_that_is_not_utf8_is_unread(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.yaml")).write_text("a: 1\n")
    (tmp_path / os.fsdecode(b"b\xff.txt")).write_text("a: 1\n")
    found = walk(tmp_path, [tmp_path])
    assert not found.files
    assert [(str(one.origin), one.cause) for one in found.unread] == [("a\\xff.yaml:1:1", "its name is not UTF-8")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_unread(tmp_path: Path) -> None:
    tree(tmp_path, "closed/a.yaml", "b.yaml")
    (tmp_path / "closed").chmod(0)
    (tmp_path / "b.yaml").chmod(0)
    try:
        assert [one.cause for one in walk(tmp_path, [tmp_path]).unread] == ["permission denied"]
        assert isinstance(read_text(tmp_path, Path("b.yaml")), Unread)
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "closed/a.yaml", "b.yaml")
    real = os.scandir

    def denied(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = walk(tmp_path, [tmp_path])
    assert names(found) == ["b.yaml"]
    assert [(str(one.origin), one.cause) for one in found.unread] == [("closed:1:1", "permission denied")]


def test_a_path_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file"):
        walk(tmp_path, [tmp_path / "missing"])
    with pytest.raises(UsageError):
        run_root([tmp_path / "missing"])
    with pytest.raises(UsageError):
        run_root([])
    with pytest.raises(UsageError, match="outside"):
        walk(tree(tmp_path / "a", "x.yaml"), [tmp_path])


def test_the_root_is_the_deepest_folder_that_holds_every_path(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/c.yaml", "a/d/e.yaml")
    assert run_root([tmp_path / "a/b"]) == tmp_path / "a/b"
    assert run_root([tmp_path / "a/b/c.yaml"]) == tmp_path / "a/b"
    assert run_root([tmp_path / "a/b", tmp_path / "a/d/e.yaml"]) == tmp_path / "a"


def test_text_is_read_with_its_digest_and_without_its_mark(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfa: \xc3\xa9\r\n"
    (tmp_path / "a.yaml").write_bytes(data)
    assert read_text(tmp_path, Path("a.yaml")) == Text("a: é\r\n", hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "line", "column", "cause"),
    [
        (b"a: 1\n\xc3\xa9b: \xff\n", 2, 5, "not UTF-8"),
        (b"\xc3", 1, 1, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16, not UTF-8"),
    ],
)
def test_what_is_not_utf8_is_unread_at_its_place(
    tmp_path: Path, data: bytes, line: int, column: int, cause: str
) -> None:
    (tmp_path / "a.yaml").write_bytes(data)
    unread = read_text(tmp_path, Path("a.yaml"))
    assert isinstance(unread, Unread)
    assert unread.origin == FileOrigin("a.yaml", line, column)
    assert (unread.cause, unread.kind) == (cause, "file")


def test_a_file_that_is_too_large_is_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.sources.files.MAX_BYTES", 10)
    (tmp_path / "a.yaml").write_bytes(b"a" * 11)
    unread = read_text(tmp_path, Path("a.yaml"))
    assert isinstance(unread, Unread)
    assert "larger than" in unread.cause
