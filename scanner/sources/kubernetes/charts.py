"""Helm charts: their templates need rendering, so each topmost chart is one thing unread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

_ABOUT = ("Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock", "values.schema.json")


class Charts:
    """The Helm charts among a run's files."""

    def __init__(self, paths: Iterable[str]) -> None:
        split = [path.rpartition("/") for path in paths]
        self._charts = frozenset(folder for folder, _, name in split if name == "Chart.yaml")
        self._templates: Counter[str] = Counter()

    @property
    def folders(self) -> list[str]:
        """The folder of every chart, also of those inside others."""
        return sorted(self._charts)

    def _chart_of(self, path: str) -> str | None:
        """The nearest chart around a path."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self._charts:
                return folder
        return None

    def _topmost(self, chart: str) -> str:
        """The chart that has `chart` in its `charts` folder, and so on upwards."""
        while True:
            around, _, name = chart.rpartition("/charts/")
            if not name or around not in self._charts:
                return chart
            chart = around

    def takes(self, path: str) -> str | None:
        """Why a file of a chart is passed over, None for any other file; templates are counted.

        `crds/` is installed as it stands, and examples beside the templates are ordinary files.
        """
        chart = self._chart_of(path)
        if chart is None:
            return None
        inside = path.removeprefix(f"{chart}/")
        if inside.startswith("templates/"):
            self._templates[self._topmost(chart)] += 1
            return "a template of a Helm chart"
        name = path.rpartition("/")[2]
        if inside == name and name in _ABOUT:
            return "about a Helm chart"
        if name.startswith("values") or inside.startswith("ci/"):
            return "values of a Helm chart"
        return None

    def add_template(self, path: str) -> bool:
        """Count a file that turned out to be a template; False where no chart is around it."""
        chart = self._chart_of(path)
        if chart is None:
            return False
        self._templates[self._topmost(chart)] += 1
        return True

    def topmost(self) -> list[str]:
        """The folders of the charts that are installed: each that is in no other's `charts` folder."""
        return sorted({self._topmost(chart) for chart in self._charts})

    def templates(self, chart: str) -> str:
        """How many templates a chart has, in words."""
        count = self._templates[chart]
        return "1 template" if count == 1 else f"{count} templates"
