"""Kustomize cases as text archives, and `kubectl kustomize`'s answers to them, recorded in the same files.

`python -m tests.kubernetes.kustomize_cases` asks kubectl again for every case. An archive is a line
`# kustomize build FOLDER`, then each file after a line `-- PATH --`; the answer is the file `expected`, and a case
that kubectl refuses has the file `refused`, with its words.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "kustomize"
_FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_ANSWERS = ("expected", "refused")


@dataclass(frozen=True)
class Case:
    """One archive: the folder to build, the files, and kubectl's answer (None where it refuses)."""

    name: str
    folder: str
    files: dict[str, str]
    expected: str | None

    def write(self, root: Path) -> None:
        """Lay the files out below `root`."""
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)


def cases() -> list[Case]:
    """Every case, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.txtar"))]


def read(path: Path) -> Case:
    """One archive."""
    head, *parts = _FILE.split(path.read_text())
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    expected = files.pop("expected", None)
    files.pop("refused", None)
    folder = head.split("kustomize build ")[1].strip()
    return Case(path.stem, "" if folder == "." else folder, files, expected)


def kubectl(case: Case) -> tuple[str, str]:
    """What kubectl puts out for a case, and what it says where it refuses."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        case.write(root)
        program = shutil.which("kubectl") or "kubectl"
        asked = [program, "kustomize", str(root / case.folder)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60, env={"PATH": ""})
        return (done.stdout, "") if done.returncode == 0 else ("", done.stderr.replace(name, ""))


def record() -> None:
    """Ask kubectl for each case and write the answer into its archive."""
    for path in sorted(FOLDER.glob("*.txtar")):
        text = re.split(rf"^-- (?:{'|'.join(_ANSWERS)}) --\n", path.read_text(), flags=re.MULTILINE)[0]
        out, refused = kubectl(read(path))
        words = re.findall(r'err="(.*)"', refused)
        answer = f"-- refused --\n{words[-1] if words else 'refused'}\n" if refused else f"-- expected --\n{out}"
        path.write_text(text + answer)


if __name__ == "__main__":
    record()
