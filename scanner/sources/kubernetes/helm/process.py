"""Running Helm on a copy of a chart: its SDK in a process of ours, or the `helm` that is on the PATH."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from scanner.patterns import lazy

SECONDS = 60
MAX_OUTPUT = 60_000_000
_SOURCE = lazy(r"^---\n# Source: (\S+)\n", re.MULTILINE)


class Release(Struct, frozen=True):
    """How a chart is installed: values are texts of YAML, each laid over the ones before."""

    name: str = "release-name"
    namespace: str = "default"
    values: tuple[str, ...] = ()


class Made(Struct, frozen=True):
    """What Helm answers: for each variant the text of each template; or `error`, in Helm's words.

    exploded: whether it came to the limits of time or memory.
    """

    renderings: tuple[Mapping[str, str], ...] = ()
    error: str = ""
    exploded: bool = False


FIRST = 4
"""After so many charts that explode, the others are left."""
LEFT = Made(error="the charts before it came to the limits of time or memory")

Asked: TypeAlias = tuple[Sequence[Mapping[str, bytes]], Release]
"""The variants of a chart's files, and how it is installed."""


def renderer() -> str:
    """What renders charts here: "sdk", "helm", or "" where there is neither."""
    if find_spec("helm_python") is not None:
        return "sdk"
    import shutil

    return "helm" if shutil.which("helm") else ""


def run(variants: Sequence[Mapping[str, bytes]], release: Release) -> Made:
    """Render each variant of a chart's files. Never raises: a crash, a limit or a time-out is an error in words."""
    import subprocess  # what a tree without charts does not need

    try:
        return _sdk(variants, release) if renderer() == "sdk" else _binary(variants, release)
    except subprocess.TimeoutExpired:
        return Made(error=f"it takes longer than {SECONDS} seconds", exploded=True)
    except OSError as error:
        return Made(error=f"Helm cannot be run: {error.strerror or error}")


def run_together(asked: Sequence[Asked]) -> list[Made]:
    """Render several charts in one process of the SDK, which takes longer to start than to render most of them.

    Where that process comes to its limits, each chart has one of its own, so that one costs no other its rendering.
    """
    import subprocess

    if len(asked) > 1 and renderer() == "sdk":
        try:
            together = _answers(asked)
        except (OSError, subprocess.TimeoutExpired):
            together = None
        if together is not None:
            return together
    made: list[Made] = []
    for one in asked:
        made.append(LEFT if sum(before.exploded for before in made) >= FIRST else run(*one))
    return made


def _sdk(variants: Sequence[Mapping[str, bytes]], release: Release) -> Made:
    answers = _answers([(variants, release)])
    if answers is None:
        return Made(error="Helm came to the limits of time or memory, or crashed", exploded=True)
    return answers[0]


def _answers(asked: Sequence[Asked]) -> list[Made] | None:
    """What one process says of each chart; None where it came to an end without saying it."""
    import base64
    import subprocess

    charts = [
        {
            "archives": [base64.b64encode(archive(files)).decode() for files in variants],
            "name": release.name,
            "namespace": release.namespace,
            "values": list(release.values),
        }
        for variants, release in asked
    ]
    request = {"path": [entry for entry in sys.path if entry], "charts": charts}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("worker.py"))],
        input=json.dumps(request).encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
        # Go collects no garbage below half of the memory that the worker may have: most charts come to none of it.
        env={"HOME": "/nonexistent", "PATH": "", "GOGC": "off", "GOMEMLIMIT": "1GiB"},
        cwd=Path(__file__).parent,
    )
    if done.returncode != 0 or len(done.stdout) > MAX_OUTPUT:
        return None
    said = json.loads(done.stdout)
    return [Made(error=one["error"]) if "error" in one else Made(tuple(one["renderings"])) for one in said]


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files of a chart as Helm packs them, below a folder `chart`."""
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"chart/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _binary(variants: Sequence[Mapping[str, bytes]], release: Release) -> Made:
    import shutil
    import subprocess
    import tempfile

    program = shutil.which("helm")
    if program is None:
        return Made(error="there is no Helm")
    renderings = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options: list[str] = ["--namespace", release.namespace]
        for index, text in enumerate(release.values):
            (folder / f"values{index}.yaml").write_text(text)
            options += ["--values", str(folder / f"values{index}.yaml")]
        home = {f"HELM_{part}_HOME": str(folder / part) for part in ("CONFIG", "CACHE", "DATA")}
        for index, files in enumerate(variants):
            chart = folder / f"chart{index}"
            for path, content in files.items():
                (chart / path).parent.mkdir(parents=True, exist_ok=True)
                (chart / path).write_bytes(content)
            done = subprocess.run(
                [program, "template", release.name, str(chart), *options],
                capture_output=True,
                timeout=SECONDS,
                check=False,
                env={"HOME": name, "PATH": "", "HELM_PLUGINS": str(folder / "none"), **home},
                cwd=folder,
            )
            if done.returncode != 0 or len(done.stdout) > MAX_OUTPUT:
                return Made(error=done.stderr.decode(errors="replace").replace(name, "")[:2_000] or "it is too large")
            renderings.append(_split(done.stdout.decode(errors="replace")))
    return Made(tuple(renderings))


def _split(text: str) -> dict[str, str]:
    """The output of `helm template` by template: several documents of one are put together again."""
    made: dict[str, str] = {}
    _, *parts = _SOURCE.split(text if text.startswith("---\n") else f"---\n{text}")
    for path, content in zip(parts[::2], parts[1::2], strict=True):
        made[path] = f"{made[path]}---\n{content}" if path in made else content
    return made
