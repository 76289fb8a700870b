"""Stores for the tests: a file of SQLite, and a PostgreSQL where one is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL that ends with the session."""
    why = postgres.missing()
    if why:
        pytest.skip(why)
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address for `--store`; in PostgreSQL a schema of the test's own."""
    if request.param == "sqlite":
        return str(tmp_path / "runs.db")
    import psycopg

    url: str = request.getfixturevalue("server")
    name = f"t{abs(hash(str(tmp_path)))}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}&options=-csearch_path%3D{name}"
