"""What the tests of live AWS share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.organisation import Organisation, organised


@pytest.fixture(scope="module")
def organisation() -> Iterator[Organisation]:
    with organised() as made:
        yield made
