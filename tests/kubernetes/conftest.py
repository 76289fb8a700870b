"""Manifests from text: a helper for the tests of this folder."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.resource import Reading
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write files (path to text) below a folder called `repo`, and read them as manifests."""

    def reading(files: dict[str, str], **options: object) -> Reading:
        root = tmp_path / "repo"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return read_manifests(root, walk(root, [root]).paths, **options)

    return reading
