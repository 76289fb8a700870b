"""The difference of two reports for people, programs and pull requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from scanner.reports.difference import Difference, Turned
from scanner.reports.markdown import code, escaped, sentence
from scanner.reports.plain import dumped
from scanner.reports.safe import cut, safe, safe_line
from scanner.reports.words import titled

Json = dict[str, Any]
SCHEMA = "tether.diff/1"
MAX_LINE = 500
MOST = 20
"""How many findings a summary tells with their way."""
SUMMARY = {0: "nothing worse", 1: "worse", 3: "not proven to be no worse"}


class Told(Struct, frozen=True):
    """A difference and what it comes to. names: of base and head; reasons: why the exit code is not 0."""

    found: Difference
    names: tuple[str, str]
    exit_code: int
    reasons: tuple[str, ...]
    waived: frozenset[str]


def render(form: str, told: Told) -> str:
    """The difference in one of the formats `text`, `json` and `markdown`."""
    makers: dict[str, Callable[[Told], str]] = {"text": _text, "json": _json, "markdown": _markdown}
    return makers[form](told)


def _json(told: Told) -> str:
    found = told.found
    return dumped(
        {
            "schema": SCHEMA,
            "base": told.names[0],
            "head": told.names[1],
            "worse": told.exit_code == 1,
            "exit_code": told.exit_code,
            "reasons": list(told.reasons),
            "commitments": [_verdict(one) for one in found.commitments],
            "rules": [_verdict(one) for one in found.rules],
            "opened": list(found.opened),
            "closed": list(found.closed),
            "widened": [{"finding": one, "added": list(added)} for one, added in found.widened],
            "turned": [{"base": one, "head": other} for one, other in found.turned],
            "unread": {"opened": list(found.unread), "closed": list(found.read_now)},
            "lost": list(found.lost),
            "waived": sorted(told.waived),
        }
    )


def _verdict(one: Turned) -> Json:
    return {"id": one.id, "base": one.before, "head": one.now, "worse": one.worse}


def _text(told: Told) -> str:
    lines = [*_findings(told), *_unread(told.found)]
    verdicts = [f"{safe(one.id)}: {one.before} -> {one.now} ({_way(one)})" for one in told.found.commitments]
    if verdicts:
        lines += ["commitments", *(f"  {line}" for line in verdicts)]
    if told.exit_code or lines:
        lines += [f"{SUMMARY[told.exit_code]}{': ' if told.reasons else ''}{safe('; '.join(told.reasons))}"]
    return "".join(f"{safe_line(cut(line, MAX_LINE))}\n" for line in lines or ["no difference"])


def _way(one: Turned) -> str:
    return "worse" if one.worse else "better"


def _findings(told: Told) -> Iterator[str]:
    found = told.found
    for word, findings in (("closed", found.closed), ("opened", found.opened)):
        for one in findings:
            yield from _finding(word, one, told)
    for one, added in found.widened:
        yield from _finding("widened", one, told)
        yield f"   = added: {', '.join(added[:5])}{', ...' if len(added) > 5 else ''}"
        yield ""
    for before, now in found.turned:
        yield from _finding(f"{before['verdict']} -> {now['verdict']}", now, told)


def _finding(word: str, one: Json, told: Told) -> Iterator[str]:
    doubt = " (not proven)" if one["verdict"] == "unproven" and "->" not in word else ""
    waived = " (waived)" if one["fingerprint"] in told.waived else ""
    yield f"{word}[{one['rule']}]: {one['message']}{doubt}{waived}"
    for number, hop in enumerate(one["hops"], 1):
        yield f"  ({number}) {titled(hop['kind'], hop['address'])}"
        yield f"      {place(hop.get('origin'))}  {hop['because']}{'  <- cut here' if hop['cut'] else ''}"
    if one["decided_by"]:
        yield f"   = decided by: {', '.join(one['decided_by'])}"
    if not word.startswith("closed") and one["fix"]:
        yield f"   = fix: {one['fix']}"
    yield ""


def _unread(found: Difference) -> Iterator[str]:
    for word, entries in (("not read any more", found.unread), ("read now", found.read_now)):
        for one in entries:
            yield f"{word}: {place(one.get('origin'))}: {one['cause']}"


def place(origin: Json | None) -> str:
    """`path:line:column`, or the API object; `-` for none."""
    if not origin:
        return "-"
    if "path" in origin:
        return f"{origin['path']}:{origin['line']}:{origin['column']}"
    api = origin["api"]
    return f"{api['source']}:{api['operation']}({api['object']})"


def _markdown(told: Told) -> str:
    found, (base, head) = told.found, told.names
    lines = [f"## Tether: {SUMMARY[told.exit_code]}", "", f"From {code(base)} to {code(head)}.", ""]
    if told.reasons:
        lines += [*(f"- {sentence(reason)}" for reason in told.reasons[:MOST]), ""]
    if found.commitments:
        lines += ["| commitment | before | after |", "|---|---|---|"]
        lines += [f"| {escaped(one.id)} | {one.before} | {one.now} |" for one in found.commitments]
        lines.append("")
    parts: Sequence[tuple[str, Iterable[Json]]] = (
        ("Opened", found.opened),
        ("Wider than before", (one for one, _ in found.widened)),
        ("Judged otherwise", (one for _, one in found.turned)),
        ("Closed", found.closed),
    )
    for title, findings in parts:
        lines += _section(title, list(findings), told)
    for title, entries in (("Not read any more", found.unread), ("Read now", found.read_now)):
        if entries:
            told_of = [f"- {code(place(one.get('origin')))}: {escaped(one['cause'])}" for one in entries[:MOST]]
            lines += [f"### {title}", "", *told_of, *_rest(len(entries)), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(title: str, findings: Sequence[Json], told: Told) -> Iterator[str]:
    if not findings:
        return
    yield f"### {title}"
    yield ""
    for one in findings[:MOST]:
        waived = " (waived)" if one["fingerprint"] in told.waived else ""
        yield f"**{escaped(one['rule'])}** ({one['verdict']}){waived}: {sentence(one['message'])}"
        yield ""
        for number, hop in enumerate(one["hops"], 1):
            mark = " ← cut here" if hop["cut"] else ""
            where = code(place(hop.get("origin")))
            yield f"{number}. {code(hop['address'])} {where} {sentence(hop['because'])}{mark}"
        yield ""
    yield from _rest(len(findings))
    yield ""


def _rest(number: int) -> list[str]:
    return [f"… and {number - MOST} more."] if number > MOST else []
