"""The HTML report: one file, nothing that runs or loads, whole for a reader of the screen and for one who hears it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.findings import Hop, Subject, Verdict
from scanner.origin import FileOrigin
from scanner.past import History, PastRun
from scanner.reports.formats import render
from scanner.reports.view import View
from tests.changed import replace
from tests.reports.made import BYPASS, MISSING, UNKNOWN, UNREAD, WAIVED, made, written

VOID = {"meta", "rect", "line", "link", "img", "br"}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2", "h3", "p", "table"),
    *("caption", "thead", "tbody", "tr", "th", "td", "span", "article", "details", "summary", "ol", "ul", "li", "code"),
    *("pre", "div", "strong", "svg", "desc", "line", "text", "g", "rect"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "scope", "aria-labelledby", "aria-hidden", "id"),
    *("open", "role", "viewbox", "data-head", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "text-anchor"),
}
"""Neither of them loads, runs, links, sends or moves anything; there is no `style`, `href`, `src` and no `on...`."""


class Page(HTMLParser):
    """The elements of a page with their attributes and text; fails on what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.path: list[str] = []
        self.feed(text)
        self.close()
        assert self.path == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.path.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.path and self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.path:
            self.texts.setdefault(self.path[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def past(*verdicts: str, series: str = "prod") -> History:
    counts = {"new": 1, "open": 2, "regressed": 0, "waived": 1, "fixed": 3, "not_seen": 4}
    runs = [
        PastRun(
            number, "2026-11-01T00:00:00+00:00", f"2026-11-{number:02}", "0", word, (), 3, "", 0, "", "", counts, ()
        )
        for number, word in enumerate(verdicts, 1)
    ]
    return History(series, tuple(runs), ())


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</svg><a href=javascript:alert(1)>x</a>",
    "<!-- --><base href=//evil.example>",
    "]]><![CDATA[<b>",
    "&lt;script&gt;&#60;b&#62;",
    "`</code><form action=//evil.example>`",
    "\x00\x1b[31m\u202e\u2028<b>",
]


def report_of(text: str):
    hop = Hop(text, text, text, FileOrigin(text, 1, 1), text, cut=True)
    finding = replace(
        BYPASS,
        message=text,
        fix=text,
        subject=Subject(text, text, text, FileOrigin(text, 1, 1)),
        hops=(hop, hop),
        decided_by=(text,),
        also=(text,),
        plane=text,
        rule=text,
        severity=text,
        commitment=text,
        calls=((text, FileOrigin(text, 1, 1)),),
    )
    return made(
        finding,
        replace(finding, verdict=Verdict.UNPROVEN, hops=(), plane=""),
        unread=(replace(UNREAD, cause=text, remedy=text, origin=FileOrigin(text, 1)),),
        waived=(replace(WAIVED, fingerprint=finding.fingerprint, reason=text, owner=text, subject=text, expires=text),),
        notes=(text,),
        assumptions=(text,),
        trusted=(text,),
        inputs={text: text},
        profile_path=text,
        run={"root": text, "version": text, "as_of": text, "started": text},
    )


def checked(report, view: View) -> Page:
    page = Page(render("html", report, view))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert {name for _, attrs in page.elements for name in attrs} <= ATTRIBUTES
    assert sum(tag == "style" for tag, _ in page.elements) == 1
    return page


@pytest.mark.parametrize("text", ATTACKS)
def test_what_an_input_holds_is_text(text: str) -> None:
    view = View(past=past("holds", text, series=text), known=frozenset(), first={})
    page = checked(report_of(text), view)
    clean = checked(report_of("plain"), View(past=past("holds", "plain", series="plain"), known=frozenset(), first={}))
    assert [tag for tag, _ in page.elements if tag != "code"] == [tag for tag, _ in clean.elements if tag != "code"]


@settings(max_examples=60)
@given(st.text())
def test_any_text_is_text(text: str) -> None:
    checked(report_of(text), View(past=past(text, series=text)))


def test_the_policy_lets_nothing_load_and_knows_the_style() -> None:
    page = checked(made(BYPASS), View())
    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256("".join(page.texts["style"]).encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|expression", "".join(page.texts["style"]))


def test_it_tells_all_that_a_report_holds(tmp_path) -> None:
    report = made(BYPASS, UNKNOWN, MISSING, unread=(UNREAD,), waived=(WAIVED,), notes=("a waiver ends in 3 days",))
    page = checked(report, View(root=written(tmp_path), first={BYPASS.fingerprint: "2026-10-01T00:00:00+00:00"}))
    text = "".join(part for parts in page.texts.values() for part in parts)
    for one in report.findings:
        assert one.fingerprint in text
        assert one.rule in text
    for told in ("cidr_ipv4", "cut here", "VIOLATED", "unproven", "`=` is missing", "ends in 3 days", "moves in March"):
        assert told in text, told
    assert "2026-10-01" in text
    assert "3 hops, network plane, shortest of 2" in text
    assert "no-edge" in text
    assert "History" not in text


def test_a_secret_in_a_line_is_not_shown(tmp_path) -> None:
    secret = "hunter2hunter2"
    root = written(tmp_path, {"a.tf": f'  password = "{secret}"\n'})
    origin = FileOrigin("a.tf", 1, 3)
    digest = hashlib.sha256((root / "a.tf").read_bytes()).hexdigest()
    hop = replace(BYPASS.hops[0], origin=origin)
    report = made(
        replace(BYPASS, hops=(hop, hop), subject=replace(BYPASS.subject, origin=origin)), inputs={"a.tf": digest}
    )
    shown = render("html", report, View(root=root))
    assert "***" in shown
    assert secret not in shown


def test_the_chart_is_told_in_words_and_as_a_table() -> None:
    page = checked(made(BYPASS), View(past=past("holds", "violated", "unproven")))
    svg = next(attrs for tag, attrs in page.elements if tag == "svg")
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    assert svg["role"] == "img"
    assert set((svg["aria-labelledby"] or "").split()) <= ids
    assert "Latest run: 1 new or regressed, 2 open, 1 waived, 4 not seen: could not be judged." in page.texts["desc"]
    bars = [attrs for tag, attrs in page.elements if tag == "rect" and attrs.get("x")]
    assert len(bars) == 3 * 4
    assert all(float(one["y"] or -1) >= 0 and float(one["height"] or -1) > 0 for one in bars)
    rows = [tag for tag, attrs in page.elements if tag == "th" and attrs.get("scope") == "row"]
    assert len(rows) == 9 + 3


def test_a_number_tells_its_head_where_the_heads_are_not_shown() -> None:
    cells = [attrs for _, attrs in checked(made(BYPASS), View()).elements if attrs.get("class") == "n"]
    assert cells
    assert all(attrs["data-head"] for attrs in cells)


def test_who_hears_the_page_finds_the_way() -> None:
    page = checked(made(BYPASS, UNKNOWN, unread=(UNREAD,)), View(past=past("violated")))
    assert ("html", {"lang": "en"}) in page.elements
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.elements:
        assert tag != "th" or attrs.get("scope") in ("col", "row")
        assert set((attrs.get("aria-labelledby") or "").split()) <= set(ids)
    assert sum(tag == "caption" for tag, _ in page.elements) == sum(tag == "table" for tag, _ in page.elements)


def test_what_a_line_brings_about_many_times_is_one_article_that_names_them_all(tmp_path) -> None:
    twin = replace(BYPASS, subject=replace(BYPASS.subject, address="other/<b>", name="other"))
    shown = render("html", made(BYPASS, twin, UNKNOWN), View(root=written(tmp_path)))
    assert shown.count("<article") == 2
    assert "<summary>the same of 1 more</summary>" in shown
    assert "other/&lt;b&gt;" in shown and twin.fingerprint in shown
    assert "Findings (3)" in shown
