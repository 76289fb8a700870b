"""Accounts that other machines ask: a worker asks one account with its own credentials, and returns a bundle of it.

Workers are trusted as the machine of the user is: they run this very code, and what they return is believed.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.errors import UsageError
from scanner.resource import Unread
from scanner.sources.bundle import BundleWriter, Call, read_bundle
from scanner.sources.bundle.call import Key
from scanner.sources.read import AwsAsked

if TYPE_CHECKING:
    from scanner.sources.aws.live_calls import Collector

SCHEME = "dask://"
PATIENCE = 10.0
"""Seconds until a cluster must answer."""
LOOK = 1.0
"""Seconds after which a run that waits for workers looks whether it is over."""


def check_cluster(address: str) -> None:
    """Raise UsageError where there is no cluster at `dask://HOST:PORT`, or nothing to speak with it."""
    if importlib.util.find_spec("distributed") is None:
        raise UsageError("--executor needs distributed: pip install 'tether-scanner[dask]'")
    host, _, port = address.removeprefix(SCHEME).rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"no cluster answers at {address}") from error


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The executor of a cluster, for as long as it is used. Raises UsageError where there is none."""
    distributed = importlib.import_module("distributed")
    try:
        client = distributed.Client(f"tcp://{address.removeprefix(SCHEME)}", timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no cluster answers at {address}") from error
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


def account_bundle(asked: AwsAsked, salt: str, at: str, done: bytes) -> bytes:
    """What the one account of `asked` answers, as a bundle; done: a bundle of what need not be asked again."""
    from scanner.sources.aws.live_calls import Collector
    from scanner.sources.recorded import now

    earlier: Mapping[Key, Call] = {one.key: one for one in calls_in(done)} if done else {}
    return bundle_of(Collector(asked, now, salt, earlier).calls(), at)


def bundle_of(calls: Iterator[Call], at: str) -> bytes:
    """Calls as the bytes of a bundle."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "account.bundle"
        with BundleWriter(path, at=at) as writer:
            for one in calls:
                writer.add(one)
            writer.finish()
        return path.read_bytes()


def calls_in(data: bytes) -> list[Call]:
    """The calls of a bundle. Raises ValueError where it is not whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "account.bundle"
        path.write_bytes(data)
        found = read_bundle(path, "a worker's bundle")
    if isinstance(found, Unread) or found.unread:
        raise ValueError("what the worker returned is no whole bundle")
    return list(found.calls)


def calls_elsewhere(
    collector: Collector, pool: Executor, lost: Callable[[str, str], Iterator[Call]], left: Callable[[], float]
) -> Iterator[Call]:
    """Every call, account by account as they come back.

    lost: the calls of an account of which nothing came, with why. left: seconds until the deadline, 0 for none.
    """
    running: dict[Future[bytes], str] = {}
    for number in collector.numbers:
        if not collector.over():
            one = replace(collector.asked, accounts=(number,), organisation=False, executor="", deadline=left())
            earlier = bundle_of(_mine(collector, number), "") if collector.done else b""
            running[pool.submit(account_bundle, one, collector.salt, collector.now(), earlier)] = number
        else:
            yield from lost(number, collector.over())
    every = len(running)
    while running:
        done, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
        for future in done:
            yield from _taken(future, running.pop(future), lost)
            collector.told(every - len(running), every)
        if collector.over():
            for future, number in running.items():
                future.cancel()
                yield from lost(number, collector.over())
            return


def _mine(collector: Collector, number: str) -> Iterator[Call]:
    return (one for one in (collector.done or {}).values() if dict(one.scope).get("account") == number)


def _taken(future: Future[bytes], number: str, lost: Callable[[str, str], Iterator[Call]]) -> Iterator[Call]:
    """The calls that a worker made; where it ended otherwise, the account is lost, and the others are not."""
    error = future.exception()
    try:
        calls = calls_in(future.result()) if error is None else []
    except ValueError as broken:
        error, calls = broken, []
    yield from calls if error is None else lost(number, f"the worker that asked ended with {type(error).__name__}")
