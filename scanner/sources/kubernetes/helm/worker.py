"""The process that renders charts: reads a request from its input, answers on its output, and touches no file.

It is run by path (`python -I worker.py`), so that nothing of the current directory or of the environment is imported.
The templates of a chart are hostile: the limits end what explodes, and whoever asked takes the end for an answer.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

MEMORY = 2 << 30
SECONDS = 20
MAX_OUTPUT = 50_000_000


def limit() -> None:
    """Bound memory, time and files, where the system can."""
    try:
        import resource
    except ImportError:  # no such limits on Windows: the time limit of the caller is left
        return
    for which, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The renderings of each archive of a chart, template by template, or the words of the first that fails."""
    import helm_python

    renderings = []
    try:
        values: dict[str, Any] = {}
        for text in request["values"]:
            merge(values, helm_python.values_from_yaml(text) or {})
        for archive in request["archives"]:
            with helm_python.Chart.load_archive(base64.b64decode(archive)) as chart:
                made = chart.render(values, name=request["name"], namespace=request["namespace"], is_install=True)
            renderings.append(made)
    except helm_python.HelmError as error:
        return {"error": str(error)[:2_000]}
    if sum(len(text) for made in renderings for text in made.values()) > MAX_OUTPUT:
        return {"error": f"it renders to more than {MAX_OUTPUT // 1_000_000} MB"}
    return {"renderings": renderings, "version": helm_python.helm_sdk_version()}


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Lay values over others, as `helm -f` does: mappings are merged, everything else is replaced."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    limit()
    json.dump([answer(chart) for chart in request["charts"]], sys.stdout)


if __name__ == "__main__":
    main()
