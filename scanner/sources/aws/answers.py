"""The rows of `rules/tables/aws_answers`: which Resources the answer to an operation holds, and how they read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from scanner.errors import TetherError
from scanner.tables import tables_dir

SCHEMA = "tether.answers/1"


class Answer(Struct, frozen=True):
    """One kind of Resource in the answers to an operation.

    operation: `service:Operation`. items: the path of them, `>` steps into each and keeps it as `@up`.
    address, name: texts with places to fill. attrs: by Terraform's argument; like: the path of a structure whose
    members are arguments by their own names, but for those in rename ("" leaves one out). region: of the thing where
    the call is for the whole account. where: only those of which this is true. data: it is nobody's own, as a data
    source is. thin: what it is set to is not all told by its row.
    lost: the address of what stands in where nobody answered: it may exist, and nothing is known of it but what the
    question tells, and lost_attrs; "" for nothing. told: paths to what AWS always tells of an item, so that an answer
    without it is malformed: `A[].B` is of each item, `A?.B` where there is an A, `A|B` one of both, `A&B` a B where
    there is an A, `A=v&B` where A is v.
    """

    operation: str
    kind: str
    address: str
    attrs: Mapping[str, Any] = {}
    like: str = ""
    rename: Mapping[str, str] = {}
    items: str = ""
    name: str = ""
    region: Any = None
    where: Any = None
    data: bool = False
    lost: str = ""
    lost_attrs: Mapping[str, Any] = {}
    thin: bool = False
    told: tuple[str, ...] = ()


@cache
def answers() -> Mapping[str, tuple[Answer, ...]]:
    """Every row by its operation, parsed once in a process. Raises TetherError for a file that is broken."""
    found: dict[str, list[Answer]] = {}
    for path in sorted((tables_dir() / "aws_answers").glob("*.json")):
        try:
            data = json.loads(path.read_bytes())
            if data["schema"] != SCHEMA:
                raise ValueError(f"its schema is {data['schema']!r}, not {SCHEMA!r}")
            for row in data["rows"]:
                one = Answer(**{**row, "told": tuple(row.get("told", ()))})
                found.setdefault(one.operation, []).append(one)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TetherError(f"cannot read the table {path}: {error}") from error
    return {operation: tuple(rows) for operation, rows in found.items()}


ALWAYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "bedrock-agent:GetAgent": ("", ("agent",)),
    "cloudtrail:GetEventSelectors": ("", ("EventSelectors|AdvancedEventSelectors",)),
    "ecs:DescribeTasks": ("tasks[]", ("clusterArn", "group")),
    "elbv2:DescribeTargetHealth": ("TargetHealthDescriptions[]", ("Target",)),
    "scheduler:GetSchedule": ("", ("ScheduleExpression", "Target.Arn", "Target.EcsParameters?.TaskDefinitionArn")),
}
"""What AWS always tells, as `told` of a row has it, where no row is of it: by operation, of which items."""


def translated() -> frozenset[str]:
    """Every kind that some row makes."""
    return frozenset(row.kind for rows in answers().values() for row in rows)
