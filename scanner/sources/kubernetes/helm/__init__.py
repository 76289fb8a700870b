"""Helm charts, rendered apart: in a process of its own, from a copy of the chart, with limits and no network."""

from scanner.sources.kubernetes.helm.charts import ChartEntry, render_charts
from scanner.sources.kubernetes.helm.entries import chart_entries
from scanner.sources.kubernetes.helm.process import renderer

__all__ = ["ChartEntry", "chart_entries", "render_charts", "renderer"]
