"""A PostgreSQL of the test's own: on a socket in a temporary folder, without network, as a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PLACES = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *sorted(Path("/usr").glob("pgsql*/bin")))


def missing() -> str:
    """Why no server can be started; "" where one can."""
    if _program("initdb") is None or _program("postgres") is None:
        return "no PostgreSQL is installed: initdb and postgres are neither on the PATH nor in /usr/lib/postgresql"
    return "" if os.geteuid() or _user() else "PostgreSQL does not run as root, and there is no user `nobody`"


def _program(name: str) -> str | None:
    return shutil.which(name) or next((str(one / name) for one in PLACES if (one / name).is_file()), None)


def _user() -> str:
    """Whom to run as: oneself, or where that is root somebody who may nothing."""
    for name in ("postgres", "nobody") if not os.geteuid() else ():
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return ""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database. The server is ended and its folder taken away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tether-pg-", dir="/tmp"))  # a socket's path must be short
    as_whom = {"user": _user(), "group": pwd.getpwnam(_user()).pw_gid, "extra_groups": []} if _user() else {}
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder)}
    try:
        if _user():
            os.chown(folder, pwd.getpwnam(_user()).pw_uid, -1)
        data = folder / "data"
        make = [_program("initdb"), "-D", data, "-U", "tether", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, env=environment, cwd=folder, **as_whom)
        options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": 20}
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        start = [_program("postgres"), "-D", data, *given]
        with subprocess.Popen(
            start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder, **as_whom
        ) as running:
            try:
                assert running.stderr is not None
                said = next((line for line in running.stderr if "ready to accept connections" in line), "")
                assert said, "the server did not start"
                yield f"postgresql://tether@/postgres?host={folder}"
            finally:
                running.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
