"""The formats that work, by name; each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from scanner.findings import Report
from scanner.reports.view import View

FORMATS: dict[str, str] = {
    "text": "scanner.reports.text",
    "short": "scanner.reports.short",
    "json": "scanner.reports.report_json",
    "sarif": "scanner.reports.sarif",
    "junit": "scanner.reports.junit",
    "github": "scanner.reports.github",
    "gitlab": "scanner.reports.gitlab",
    "markdown": "scanner.reports.markdown",
    "html": "scanner.reports.html",
    "ocsf": "scanner.reports.ocsf",
    "asff": "scanner.reports.asff",
    "prometheus": "scanner.reports.prometheus",
}


class Format(Protocol):
    """What the module of a format has."""

    def render(self, report: Report, view: View) -> str:
        """The whole report in this format, with a line end at its end."""


def render(name: str, report: Report, view: View) -> str:
    """`report` in the format `name`, one of FORMATS."""
    return cast(Format, importlib.import_module(FORMATS[name])).render(report, view)
