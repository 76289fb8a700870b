"""The table of what is true or false, or a number, in the answers of AWS, out of botocore's models.

`python -m tests.bundle.scalars` writes `rules/tables/aws_scalars.json` anew; `test_typed.py` holds it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scanner.tables import aws_operations, tables_dir
from tests.bundle.test_against_botocore import model

PATH = tables_dir() / "aws_scalars.json"
NUMBERS = ("integer", "long", "float", "double")
DOCUMENT = re.compile(r"(?i)(document|policy|policytext)$")
"""Names of texts that hold a policy, which an SDK may have read already."""
ABOUT = (
    "What the answer to an operation has under which name, wherever in it: true or false, a number, a value of another "
    "kind (times, documents, or several kinds), a map whose keys are the user's, a policy that may be read already. "
    "The row `*` has the names that are texts. Written by `python -m tests.bundle.scalars`."
)
SOURCES = {"botocore": "botocore, the service models of the version that the tests run with"}
COLUMNS = {frozenset({"boolean"}): "boolean", frozenset({"number"}): "number", frozenset({"map"}): "maps"}


def kinds(operation: str) -> dict[str, set[str]]:
    """By name, the kinds of what stands there in an answer; `NAME{}` is of the values of a map."""
    found: dict[str, set[str]] = {}
    seen: set[str] = set()

    def member(name: str, shape: Any) -> None:
        kind = shape.type_name
        if kind == "list":
            member(name, shape.member)
        elif kind == "map":
            found.setdefault(name, set()).add("map")
            member(f"{name}{{}}", shape.value)
        elif kind == "structure" and not getattr(shape, "is_document_type", False):
            found.setdefault(name, set()).add("structure")
            if shape.name not in seen:
                seen.add(shape.name)
                for key, inner in shape.members.items():
                    member(key, inner)
        else:
            plain = {"boolean": "boolean", "string": "text", **dict.fromkeys(NUMBERS, "number")}
            json_text = kind == "string" and shape.serialization.get("jsonvalue")
            found.setdefault(name, set()).add("other" if json_text else plain.get(kind, "other"))

    output = model(operation).output_shape
    for key, inner in output.members.items() if output is not None else ():
        member(key, inner)
    return found


def rows() -> list[dict[str, Any]]:
    """The rows of the table, in its order."""
    told: list[dict[str, Any]] = []
    texts: set[str] = set()
    for operation in sorted({row.id for row in aws_operations()}):
        row: dict[str, Any] = {"operation": operation}
        for name, some in sorted(kinds(operation).items()):
            scalars = frozenset(some - {"structure"})
            if scalars == {"text"}:
                texts.add(name)
                if some == {"text"} and DOCUMENT.search(name):
                    row.setdefault("documents", []).append(name)
            elif scalars:
                row.setdefault(COLUMNS.get(scalars, "other"), []).append(name)
        told.append({**row, "source": "botocore"})
    return [{"operation": "*", "text": sorted(texts), "source": "botocore"}, *told]


def render() -> str:
    """The file: one row on one line."""
    sources = json.dumps(SOURCES, indent=2).replace("\n}", "\n }")
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows())
    head = f'{{\n "schema": "tether.table/1",\n "about": {json.dumps(ABOUT)},\n "sources": {sources},\n "rows": [\n'
    return f"{head}{lines}\n ]\n}}\n"


if __name__ == "__main__":
    PATH.write_text(render())
