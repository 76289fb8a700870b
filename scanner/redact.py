"""Which parts of a line of input may hold a secret and are never printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.patterns import lazy

_CONFIDENTIAL = r"(?:passwd|password|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)"
_KEY = lazy(
    rf"[\"']?(?P<key>[\w.$/-]*{_CONFIDENTIAL}[\w.$/-]*)[\"']?\s*(?:=(?![=>])|=>|:(?!:))\s*(?P<value>\S.*)",
    re.IGNORECASE,
)
_OPTION = lazy(
    rf"(?<![\w-])--?[\w-]*{_CONFIDENTIAL}[\"']?(?:[\s,=]+[\"']?(?P<value>[^\s,\]\"'][^,\]\"']*)|\s*$)", re.IGNORECASE
)
_ITEM = lazy(r"^\s*(?:-\s+)?[\"']?(?P<value>[^\s\"'-][^\"']*)")
"""An option of a command, and its value: behind it, or the next item of a list."""
_NAMED_SECRET = lazy(rf"\b(?:name|key)[\"']?\s*[:=]\s*[\"']?[\w.-]*{_CONFIDENTIAL}", re.IGNORECASE)
_VALUE = lazy(r"\b[\"']?value[\"']?\s*[:=]\s*(?P<value>\S.*)", re.IGNORECASE)
_ENTRY = lazy(r"^\s+[\"']?[\w.-]+[\"']?\s*:\s*(?P<value>\S.*)")
_NOT_A_SECRET_KEY = lazy(r"(?:name|ref|refs|arn|path|version|kind|provider|type|group|mount)s?$", re.IGNORECASE)
_HARMLESS = lazy(
    r"(?:true|false|null|~|[|>][-+0-9]*|[\[{(]+|(?:var|local|data|module|each|count|self|path)\.[\w.\[\]\"*-]+"
    r"|(?:aws|azurerm|google|kubernetes|random|tls|vault)_[\w.\[\]\"*-]+)[\s,\]})]*(?:(?:#|//).*)?$",
    re.IGNORECASE,
)
_TELLTALE = lazy(
    r"-----BEGIN.*"
    r"|\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{12,}"
    r"|\b(?:gh[pousr]_|github_pat_|hf_|sk-|xox[abprs]-|glpat-)[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w.-]+"
    r"|(?<!sha256:)(?<![0-9A-Fa-f])[0-9A-Fa-f]{32,}(?![0-9A-Fa-f])"
    r"|[A-Za-z0-9+/_-]{32,}={0,2}"
)
_HEX = lazy(r"[0-9A-Fa-f]+$")
_RUNS = lazy("[a-z]+|[A-Z]+|[0-9]+")
_RANDOM = 0.35
_RANDOM_DASHED = 0.45
"""Random text changes between small, capital and digit at about six of ten characters, names at two or three; the
names of models, which have dashes (`Meta-Llama-3-8B-Instruct`), at four."""
_SECRET_KIND = lazy(r"""^["']?kind["']?\s*:\s*["']?Secret\b""")
_INNER_SECRET_KIND = lazy(r"""^[\s{-]*["']?kind["']?\s*:\s*["']?Secret\b""")
_LIST = lazy(r"""^(?:\{|["']?kind["']?\s*:\s*["']?\w*List\b)""")
MAX_LINE = 2_000
"""Longer lines are not shown at all: no pattern has to look through them."""
_HEADER = lazy(r"^(?:\s*(?:apiVersion|kind|metadata|name|namespace|type)\s*:|\S)")


def redacted(lines: Sequence[str], index: int, *, in_secret: bool) -> list[tuple[int, int]]:
    """The spans of `lines[index]` that are not printed: sorted and disjoint, from 0, the end excluded.

    in_secret: the line stands in a Kubernetes Secret, where every entry is one.
    """
    line = lines[index]
    spans = [(found.start(), found.end()) for found in _TELLTALE.finditer(line) if _telltale(line, found)]
    for found in _KEY.finditer(line):
        if not _NOT_A_SECRET_KEY.search(found["key"]):
            spans += _span(found)
    options = [one for one in _OPTION.finditer(line) if one["value"]]
    spans += [span for found in options for span in _span(found)]
    option = _OPTION.search(lines[index - 1][:MAX_LINE]) if index else None
    value = _ITEM.match(line) if option and not option["value"] else None
    if value:
        spans += _span(value)
    beside = lines[max(index - 1, 0) : index + 2]
    if any(_NAMED_SECRET.search(one[:MAX_LINE]) for one in beside):
        spans += [span for found in _VALUE.finditer(line) for span in _span(found)]
    entry = _ENTRY.match(line) if in_secret and not _HEADER.match(line) else None
    if entry:
        spans += _span(entry)
    return _merged(spans)


def without_secrets(line: str) -> str:
    """One line of a script as it may be quoted in a message: each hidden span is `***`."""
    if len(line) > MAX_LINE:
        return "***"
    parts, at = [], 0
    for start, end in redacted([line], 0, in_secret=False):
        parts += [line[at:start], "***"]
        at = end
    return "".join([*parts, line[at:]])


def secret_documents(lines: Sequence[str]) -> list[range]:
    """The lines, by index, of each YAML or JSON document that is, or lists, a Kubernetes Secret."""
    starts = [0, *(at for at, line in enumerate(lines) if at and line.startswith("---")), len(lines)]
    found = []
    for start, end in zip(starts, starts[1:], strict=False):
        document = lines[start:end]
        kind = _INNER_SECRET_KIND if any(_LIST.match(one) for one in document) else _SECRET_KIND
        if any(kind.match(one) for one in document):
            found.append(range(start, end))
    return found


def _span(found: re.Match[str]) -> list[tuple[int, int]]:
    return [] if _HARMLESS.match(found["value"]) else [found.span("value")]


def _telltale(line: str, found: re.Match[str]) -> bool:
    text = found.group()
    if _HEX.match(text):
        return not line[: found.start()].endswith("sha256:")
    if re.fullmatch(r"[A-Za-z0-9+/_-]{32,}={0,2}", text):
        least = _RANDOM_DASHED if "-" in text else _RANDOM
        return text.endswith("=") or len(_RUNS.findall(text)) > least * len(text)
    return True


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
