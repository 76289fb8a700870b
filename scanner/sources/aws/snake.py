"""Structures of the API in the writing of Terraform's provider, which names most arguments as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from scanner.patterns import lazy
from scanner.sources.aws.paths import MALFORMED
from scanner.sources.kubernetes.recorded import DIGEST

_WORD = lazy(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
MAPS = frozenset(
    {
        "tags", "variables", "labels", "parameters", "environment_variables", "stage_variables", "request_parameters",
        "request_models", "hyper_parameters", "response_parameters", "request_templates", "default_arguments",
        "runtime_environment_variables", "runtime_environment_secrets",
    }
)  # fmt: skip
"""Arguments whose keys are the user's own: they stay as they are, and are no block."""


ENVIRONMENT = "environment"
"""Of containers of SageMaker, variables by their names; of functions and builds, a block that holds them."""


@cache
def snake(name: str) -> str:
    """`roleARN` as `role_arn`."""
    return _WORD.sub("_", name).lower()


def arguments(value: Any, rename: Mapping[str, str]) -> dict[str, Any]:
    """The members of a structure as arguments and blocks; null and empty ones are left out."""
    made: dict[str, Any] = {}
    for key, item in value.items() if isinstance(value, Mapping) else ():
        name = rename.get(snake(key), snake(key))
        found = item if name in MAPS or (name == ENVIRONMENT and _of_texts(item)) else _written(item, rename)
        if name and not (found is None or found in ([], {})):
            made[name] = found
    return made


def _of_texts(value: Any) -> bool:
    """Whether a structure holds texts alone: variables by their names, rather than what says more of them."""
    return isinstance(value, Mapping) and all(
        isinstance(one, str) or (isinstance(one, Mapping) and set(one) == {DIGEST}) for one in value.values()
    )


def _written(value: Any, rename: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {DIGEST}:
            return value
        if "Quantity" in value or set(value) == {"Items"}:  # how CloudFront writes a list
            told = value.get("Items") is not None or value.get("Quantity") == 0
            return _written(value.get("Items"), rename) if told else MALFORMED
        made = arguments(value, rename)
        return [made] if made else None
    if isinstance(value, list):
        return [arguments(one, rename) if isinstance(one, Mapping) else one for one in value]
    return value
