"""Commands that a pod runs in a container beside its program: after the start, before the end, as probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.recognise.containers import SHELLS, Container, Word, words_of
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_BREAKS = frozenset({"&&", "||", ";", "|", "&"})
_CONTROL = frozenset({"while", "until", "do", "done", "if", "then", "else", "fi", "exec", "!", "{", "}", "for", "in"})
_ORDINARY = frozenset(
    {"sleep", "true", "false", "echo", "printf", "mkdir", "touch", "chmod", "ls", "pwd", "date", "test", "[", ":",
     "cat", "exit", "wait", "set", "cd", "ulimit", "umask", "hostname", "nproc", "df", "du", "head", "tail", "grep",
     "seq"}
)  # fmt: skip
"""Programs that change nothing of what the server does."""
_RISKY = lazy(
    r"\|\s*(?:ba|da|z|k)?sh\b|\bp?kill(?:all)?\b|\biptables\b|\bload_lora|\bunload_lora|/admin\b|\bupdate_weights|"
    r"\bpip3?\s+install"
)
"""What no probe and no farewell has to do: other programs, ends of processes, doors of administrators."""
_CHANGES = lazy(r"(?:^|\s)(?:-X|--request)[=\s]*(?:POST|PUT|PATCH|DELETE)|\s(?:-d|--data(?:-\w+)?|--post-data)[=\s]")
_ASKS = lazy(r"/(?:generate|v\d/(?:chat/)?completions|v\d/embeddings|embed|predict|infer|rerank|health\w*|ping)\b")
"""Requests that change something, but for a question to the model as probes ask one."""
_STOP = ("lifecycle", "preStop")
_FETCHES = lazy(r"https?://(?!(?:localhost|127\.|\[?::1|0\.0\.0\.0|\$|\*))")
"""A request to somewhere else than the pod itself."""


def hooks(container: Container) -> Iterator[tuple[str, Origin | None, str, str]]:
    """Setting, line, cause and what decides it for each command whose effect on its server is not known."""
    for setting, path in (("lifecycle.postStart", ("lifecycle", "postStart")), ("lifecycle.preStop", _STOP)):
        yield from _judged(container, setting, path, strict=setting.endswith("postStart"))
    for probe in PROBES:
        yield from _judged(container, probe, (probe,), strict=False)


def _judged(
    container: Container, setting: str, path: tuple[str, ...], *, strict: bool
) -> Iterator[tuple[str, Origin | None, str, str]]:
    command = dig(container.body, *path, "exec", "command")
    where = (
        mark(container.body, *path, "exec", "command") or mark(container.body, *path) or mark(container.body, path[0])
    )
    if isinstance(command, Unknown):
        yield setting, where, f"which command `{setting}` runs is not known", setting
        return
    lines = (one.strip().replace("\n", " ; ") if isinstance(one, str) else one for one in items_of(command))
    words = [word for one in lines for word in words_of(one, where)]
    line = " ".join(word.text for word in words)
    if not line:
        return
    known = all(word.unknown is None for word in words)
    risky = _RISKY.search(line) or _FETCHES.search(line) or (_CHANGES.search(line) and not _ASKS.search(line))
    if known and not risky and not (strict and _acts(words)):
        return
    from scanner.redact import without_secrets

    told = without_secrets(line)
    shown = told if len(told) <= 60 else f"{told[:57]}..."
    yield setting, where, f"what the command `{shown}` does in the container is out of sight", f"`{shown}`"


def _acts(words: Sequence[Word]) -> bool:
    """Whether a command runs any program but those that change nothing."""
    return any(word.rpartition("/")[2] not in _ORDINARY for word in _heads([word.text for word in words]))


def _heads(words: list[str]) -> Iterator[str]:
    if words and words[0].rpartition("/")[2] in SHELLS:
        words = words[1:]
        while words and words[0].startswith("-"):
            words = words[1:]
    fresh = True
    for word in words:
        if word in _BREAKS:
            fresh = True
        elif word not in _CONTROL and fresh and "=" not in word:
            yield word.rstrip(";")
            fresh = False
        if word.endswith(";"):
            fresh = True
