"""Every row of the table of modalities decides what a guardrail that reads text alone misses."""

from __future__ import annotations

import pytest

from scanner import tables
from scanner.table_rows import ModelModality
from tests.reach import world
from tests.reach.examples import example

ROWS = tables._records("model_modalities", ModelModality)
FILTER = {"type": "HATE", "input_strength": "HIGH", "output_strength": "HIGH"}


def told(reference: str) -> set[str]:
    """What the rule says of a guardrail before a model that goes by `reference`."""
    guardrail = world.terraform("aws_bedrock_guardrail", {"content_policy_config": [{"filters_config": [FILTER]}]})
    if reference.startswith("hf:"):
        model = world.workload("model", "vllm/vllm-openai", args=f"--model={reference.removeprefix('hf:')}")
    elif reference.startswith("azure:"):
        name, _, version = reference.rpartition("/")[2].partition("@")
        body = {"model": [{"format": "OpenAI", "name": name, "version": version or "1"}]}
        model = world.terraform("azurerm_cognitive_deployment", body)
    else:
        model = world.terraform("aws_bedrockagent_agent", {"foundation_model": reference.removeprefix("bedrock:")})
    found = world.answers(guardrail, model)["GUARD-006"]
    return {one.message for one in found if reference.partition("@")[0].lower() in one.message.lower()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_model_that_takes_more_than_text_is_told(row: ModelModality) -> None:
    reference = example(row.regex)
    assert tables.modalities(reference) == row, "an earlier row speaks for the example"
    wanted = [word for word in ("images", "video", "sound") if _takes(row, word)]
    messages = told(reference)
    assert sorted(word for word in wanted if any(word in one for one in messages)) == sorted(wanted)
    assert bool(messages) == bool(wanted), messages


def _takes(row: ModelModality, word: str) -> bool:
    modality = {"images": "IMAGE", "video": "VIDEO", "sound": "AUDIO"}[word]
    return modality in (*row.input, *row.output)


def test_a_model_that_no_row_knows_is_not_taken_for_one_of_text() -> None:
    assert any("is not known" in one for one in told("bedrock:acme.oracle-v1:0"))


def test_a_row_for_each_side() -> None:
    assert {modality for row in ROWS for modality in (*row.input, *row.output)} == {"TEXT", "IMAGE", "VIDEO", "AUDIO"}
