"""Pieces of an HTML page: everything that comes from input goes through `shown`, and the page runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from scanner.findings import Verdict
from scanner.reports.safe import cut, safe

MAX_TEXT = 2_000
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#fff;--card:#f6f8fa;
--bad:#b3261e;--doubt:#7a5200;--good:#1a6b34;--idle:#57606a;--bar1:#b3261e;--bar2:#d98324;--bar3:#6b7f99;--bar4:#c3cad3}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#30363d;--page:#0d1117;--card:#161b22;
--bad:#ff8178;--doubt:#e3b341;--good:#56d364;--idle:#9da7b1;--bar1:#ff8178;--bar2:#e3963e;--bar3:#7d93b0;--bar4:#3d444d}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;margin:0}h2{font-size:1.25rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
table{border-collapse:collapse;width:100%;overflow-wrap:break-word}
tbody th{white-space:nowrap}
caption{text-align:left;color:var(--soft);padding-bottom:.25rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right}
code,pre{font:13px/1.5 ui-monospace,monospace}
pre{margin:.25rem 0;padding:.5rem;background:var(--page);border:1px solid var(--line);overflow-x:auto}
.soft{color:var(--soft)}.violated{color:var(--bad)}.unproven{color:var(--doubt)}.holds{color:var(--good)}
.not-judged{color:var(--idle)}.word{font-weight:600;white-space:nowrap}
article,details.card{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--idle);
border-radius:6px;padding:.75rem 1rem;margin:.75rem 0}
article.violated,article.unproven{color:var(--ink)}
article.violated{border-left-color:var(--bad)}article.unproven{border-left-color:var(--doubt)}
article p{margin:.35rem 0}ol.way{padding-left:1.5rem;margin:.5rem 0}ol.way li{margin:.5rem 0}
.cut{font-weight:600;color:var(--bad)}summary{cursor:pointer}
main{overflow-x:auto}
@media(max-width:40rem){thead{display:none}tr{border-bottom:1px solid var(--line)}
tr,tbody th,td,td.n,th.n{display:block;text-align:left;white-space:normal;padding:.1rem 0}tbody th,td{border:0}
.n::before{content:attr(data-head) ": ";color:var(--soft);font-weight:400}.word{white-space:normal}}
svg{display:block;width:100%;height:auto;max-width:60rem}svg text{fill:var(--soft);font:11px system-ui,sans-serif}
.b1{fill:var(--bar1)}.b2{fill:var(--bar2)}.b3{fill:var(--bar3)}.b4{fill:var(--bar4)}.axis{stroke:var(--line)}
ul.key{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;margin:.25rem 0}
ul.key svg{display:inline-block;width:.8rem;height:.8rem;margin-right:.35rem}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""Nothing is loaded, run or sent; the one style is the page's own, by its hash, so that none can be slipped in."""
WORDS = {
    Verdict.HOLDS: "holds",
    Verdict.VIOLATED: "VIOLATED",
    Verdict.UNPROVEN: "unproven",
    Verdict.NOT_JUDGED: "not judged",
}


def shown(text: object, most: int = MAX_TEXT) -> str:
    """Text as HTML: on one line, with nothing in it that a browser, a terminal or a log would act on."""
    return escape(cut(safe(text), most), quote=True)


def code(text: object) -> str:
    """Text as code; "" stays empty."""
    return f"<code>{shown(text)}</code>" if str(text) else ""


def sentence(text: str) -> str:
    """Text of ours with names in backticks: the names as code."""
    parts = cut(safe(text), MAX_TEXT).split("`")
    return "".join(
        f"<code>{escape(part)}</code>" if index % 2 and index < len(parts) - 1 else escape(part)
        for index, part in enumerate(parts)
    )


def verdict(word: Verdict | str, more: str = "") -> str:
    """A verdict as a word, never as a colour alone."""
    known = word if word in WORDS else Verdict.NOT_JUDGED
    return f'<span class="word {known}">{shown(more or WORDS.get(Verdict(known), str(word)))}</span>'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already; the first of a row heads it. numbers: the columns set right.

    On a narrow screen the cells of a row stand below each other, a number with the head of its column before it.
    """
    kind = [f' class="n" data-head="{shown(one)}"' if at in numbers else "" for at, one in enumerate(heads)]
    head = "".join(f'<th scope="col"{kind[at]}>{shown(one)}</th>' for at, one in enumerate(heads))
    lines = [f"<table>\n<caption>{shown(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>"]
    for row in rows:
        cells = [f'<th scope="row"{kind[0]}>{row[0]}</th>']
        cells += [f"<td{kind[at]}>{one}</td>" for at, one in enumerate(row[1:], 1)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody>\n</table>"])


def page(title: str, body: Iterable[str]) -> str:
    """A whole page that is one file."""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{shown(title, 200)}</title>",
            f"<style>{STYLE}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>\n",
        ]
    )
