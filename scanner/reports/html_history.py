"""The chart of a series: findings by run as an SVG that needs no script, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.past import History, PastRun
from scanner.reports.history_text import COUNTS
from scanner.reports.html_parts import shown, table, verdict

MOST = 90
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 220, 44, 24, 10
PARTS = (
    ("b1", "new or regressed", ("new", "regressed")),
    ("b2", "open", ("open",)),
    ("b3", "waived", ("waived",)),
    ("b4", "not seen: could not be judged", ("not_seen",)),
)
"""The parts of a bar from its foot up: the class of each, its name, and the counts that it adds."""


def section(past: History) -> Iterator[str]:
    """The heading, the chart, its key and the table."""
    runs = past.runs[-MOST:]
    if not runs:
        return
    yield '<section aria-labelledby="history"><h2 id="history">History</h2>'
    yield f'<p class="soft">series {shown(past.series, 300)}, {len(runs)} of its runs, the latest on the right</p>'
    yield from _chart(runs)
    keys = (
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{name}" width="10" height="10"/></svg>'
        f"{shown(title)}</li>"
        for name, title, _ in PARTS
    )
    yield f'<ul class="key">{"".join(keys)}</ul>'
    heads = ("run", "as of", "verdict", *COUNTS.values(), "not read")
    rows = [_row(one) for one in reversed(runs)]
    yield "<details><summary>The numbers</summary>"
    yield table("What became of findings, the latest run first", heads, rows, (0, *range(3, len(heads))))
    yield "</details></section>"


def _row(one: PastRun) -> list[str]:
    counts = [str(one.counts[name]) for name in COUNTS]
    return [str(one.number), shown(one.as_of), verdict(one.verdict), *counts, str(one.unread)]


def _chart(runs: Sequence[PastRun]) -> Iterator[str]:
    top = max([sum(_parts(one)) for one in runs] + [1])
    high = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT) / len(runs)
    wide = min(step * 0.8, 48.0)
    last = runs[-1]
    told = ", ".join(f"{number} {title}" for number, (_, title, _) in zip(_parts(last), PARTS, strict=True))
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-title chart-text">'
    yield f'<title id="chart-title">Findings by run</title><desc id="chart-text">Latest run: {shown(told)}.</desc>'
    for mark in sorted({0, top // 2, top}):
        y = TOP + high * (1 - mark / top)
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark}</text>'
    for index, one in enumerate(runs):
        x = LEFT + step * index + (step - wide) / 2
        foot = 0
        yield f"<g><title>{shown(f'run {one.number}, {one.as_of}: {one.verdict}')}</title>"
        for (name, _, _), number in zip(PARTS, _parts(one), strict=True):
            if number:
                tall = high * number / top
                y = TOP + high * (1 - foot / top) - tall
                yield f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
            foot += number
        yield "</g>"
    for index in sorted({0, len(runs) - 1}):
        x = LEFT + step * (index + 0.5)
        anchor = "middle" if len(runs) == 1 else "start" if index == 0 else "end"
        yield f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{shown(runs[index].as_of)}</text>'
    yield "</svg>"


def _parts(one: PastRun) -> list[int]:
    return [sum(one.counts[name] for name in names) for _, _, names in PARTS]
