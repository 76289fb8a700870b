"""The native reader of HCL beside python-hcl2 on the same files, in one run: what each reads, and how fast.

python benchmarks/readers.py TREE [TREE...]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from scanner.sources.terraform.budget import deep_recursion
from scanner.sources.terraform.native.read import parse as native
from scanner.sources.terraform.read_hcl2 import parse as library
from scanner.sources.terraform.syntax import Body, SyntaxFault


def timed(read: Callable[[str, str], Body], text: str) -> tuple[Body | None, float]:
    """The body, None where the reader refuses the text, and the CPU seconds that it took."""
    started = time.process_time()
    try:
        with deep_recursion():
            body = read(text, "main.tf")
    except SyntaxFault:
        return None, time.process_time() - started
    return body, time.process_time() - started


def main(trees: list[str]) -> None:
    """Print one table of counts and one of speeds."""
    counts: Counter[str] = Counter()
    seconds = [0.0, 0.0]
    characters = 0
    library("a = 1\n", "warm.tf")
    for path in sorted(found for tree in trees for found in Path(tree).rglob("*.tf") if found.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        characters += len(text)
        (one, first), (two, second) = timed(native, text), timed(library, text)
        seconds[0] += first
        seconds[1] += second
        outcome = "both refuse" if one is None and two is None else "one refuses" if one is None or two is None else ""
        outcome = outcome or ("same tree" if repr(one) == repr(two) else "another tree")
        counts[outcome] += 1
        if outcome in ("one refuses", "another tree"):
            print(f"{outcome}: {path}")
    print("files", sum(counts.values()), "characters", characters, dict(counts))
    print("| reader | CPU s | MB/s | ratio |\n|---|---|---|---|")
    for name, spent in zip(("native", "python-hcl2"), seconds, strict=True):
        speed, ratio = characters / 1e6 / max(spent, 1e-9), spent / max(seconds[0], 1e-9)
        print(f"| {name} | {spent:.2f} | {speed:.2f} | {ratio:.1f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
