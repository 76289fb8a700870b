"""The database behind a store: a file for SQLite, or a PostgreSQL by URL. No message of here shows a password."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from scanner.errors import UsageError
from scanner.store.migrations import MIGRATIONS, migrate, version_of
from scanner.store.observed import StoreError

WAIT = 60
"""Seconds that a run waits for another one that is writing."""
CONNECT = 10
"""Seconds that a server has to answer."""
_LOCK = 0x7465746865723A31
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class Store(Struct, frozen=True):
    """Where a store is. file: of a SQLite store, None for a server."""

    url: URL
    file: Path | None

    @property
    def shown(self) -> str:
        """The place for people."""
        if self.file is not None:
            return str(self.file)
        return f"{self.url.host or 'local socket'}/{self.url.database or ''}"


def locate(given: str, folder: Path = Path()) -> Store:
    """The store that a path or a URL names; a path is relative to `folder`. Raises UsageError where it names none."""
    if "://" not in given:
        file = folder / given
        return Store(URL.create("sqlite", database=str(file)), file)
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise UsageError("the URL of the store is none that can be read") from None
    if url.drivername in _POSTGRES:
        return Store(url.set(drivername="postgresql+psycopg"), None)
    if url.drivername == "sqlite" and url.database:
        return Store(url, folder / url.database)
    raise UsageError(f"a store is a file, or a postgresql:// URL, not `{url.drivername}`")


@contextlib.contextmanager
def writing(store: Store) -> Iterator[Connection]:
    """A transaction that no other run writes beside, on tables of this version.

    Raises StoreError where the database cannot be reached, is no store, or stays locked.
    """
    if store.file is not None:
        _make(store.file)
    with _told(store), _engine(store, write=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        migrate(connection)
        yield connection


@contextlib.contextmanager
def reading(store: Store) -> Iterator[Connection]:
    """A transaction that changes nothing. Raises StoreError as `writing` does, and for tables of another version."""
    if store.file is not None and not store.file.is_file():
        raise UsageError(f"there is no store at `{store.file}`: `tether scan --store` makes one")
    with _told(store), _engine(store, write=False).connect() as connection:
        there = version_of(connection)
        if there != len(MIGRATIONS):
            newer = "a newer program is needed" if there > len(MIGRATIONS) else "the next `tether scan` changes that"
            raise StoreError(f"`{store.shown}` is of version {there}, not {len(MIGRATIONS)}: {newer}")
        yield connection


def _make(file: Path) -> None:
    """Make the file, readable by its owner alone: findings say where a deployment is weak."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"`{file}` cannot be written: {error.strerror or error}") from error


def _engine(store: Store, *, write: bool) -> Engine:
    if store.file is None:
        return create_engine(store.url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT})
    name = store.file.absolute().as_uri() + ("?mode=rw" if write else "?mode=ro")
    engine = create_engine(
        "sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(name, uri=True, timeout=WAIT)
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver would begin too late, and not at all before a CREATE; what a foreign file defines does not run.
        connection.isolation_level = None
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextlib.contextmanager
def _told(store: Store) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        first = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise StoreError(f"the store `{store.shown}` cannot be used: {_masked(first, store.url)}") from error


def _masked(message: str, url: URL) -> str:
    """A message of a driver without the password, however it was given."""
    secrets = [str(url.password or "")]
    for name, values in url.query.items():
        if name.lower() not in ("host", "port", "dbname", "user", "sslmode", "connect_timeout", "application_name"):
            secrets += [values] if isinstance(values, str) else list(values)
    for one in secrets:
        message = message.replace(one, "***") if one else message
    return message
