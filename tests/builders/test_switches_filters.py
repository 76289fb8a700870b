"""Filters of guardrails, in the writing of each provider."""

import pytest

from scanner.builders.switches.build import build_switches
from scanner.graph.facts import Filter
from tests.builders.texts import build, facts, line, shown


def filters(tmp_path, text: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    world = build(tmp_path, {"main.tf": text}, build_switches)
    address = ".".join(text.strip().split('"')[1:4:2])
    return {
        (shown(one.type), one.side): (shown(one.enabled), shown(one.strength), shown(one.action))
        for one in facts(world, address, Filter)
    }


BEDROCK = """\
resource "aws_bedrock_guardrail" "g" {{
  {}
}}
"""


def content(body: str) -> str:
    return BEDROCK.format(f"content_policy_config {{\n    filters_config {{\n{body}\n}}\n}}")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('input_strength = "HIGH"\noutput_strength = "LOW"', (("True", "HIGH", "BLOCK"), ("True", "LOW", "BLOCK"))),
        ('input_strength = "NONE"', (("True", "NONE", "BLOCK"), ("True", "NONE", "BLOCK"))),
        ('input_strength = "HIGH"\ninput_enabled = false\noutput_strength = "HIGH"\noutput_action = "NONE"',
         (("False", "HIGH", "BLOCK"), ("True", "HIGH", "NONE"))),
        ('input_strength = var.s\noutput_strength = "HIGH"',
         (("True", "?var.s", "BLOCK"), ("True", "HIGH", "BLOCK"))),
    ],
)  # fmt: skip
def test_content_filters_have_two_sides(tmp_path, body, wanted):
    text = content('type = "HATE"\n' + body) + 'variable "s" {\n}\n'
    found = filters(tmp_path, text)
    assert (found["HATE", "input"], found["HATE", "output"]) == wanted


def test_the_output_side_of_prompt_attack_must_be_none(tmp_path):
    text = content('type = "PROMPT_ATTACK"\ninput_strength = "HIGH"\noutput_strength = "NONE"')
    world = build(tmp_path, {"main.tf": text}, build_switches)
    sides = {one.side: one for one in facts(world, "aws_bedrock_guardrail.g", Filter)}
    assert (sides["output"].required_none, sides["input"].required_none) == (True, False)
    assert (line(sides["input"]), line(sides["output"])) == (5, 6)


def test_the_other_lists_of_a_bedrock_guardrail(tmp_path):
    text = BEDROCK.format("""
  topic_policy_config {
    topics_config {
      name = "weapons"
      type = "DENY"
      definition = "x"
    }
  }
  word_policy_config {
    words_config {
      text = "w"
      input_action = "NONE"
    }
    managed_word_lists_config {
      type = "PROFANITY"
    }
  }
  sensitive_information_policy_config {
    pii_entities_config {
      type = "EMAIL"
      action = "ANONYMIZE"
    }
    regexes_config {
      name = "r"
      pattern = "x"
      action = "BLOCK"
    }
  }
  contextual_grounding_policy_config {
    filters_config {
      type = "RELEVANCE"
      threshold = 0.7
    }
  }""")
    found = filters(tmp_path, text)
    assert found["TOPIC:weapons", "input"] == ("True", "", "BLOCK")
    assert found["WORD:w", "input"][2] == "NONE"
    assert found["WORD:w", "output"][2] == "BLOCK"
    assert found["WORDS:PROFANITY", "output"] == ("True", "", "BLOCK")
    assert found["PII:EMAIL", "output"] == ("True", "", "ANONYMIZE")
    assert found["REGEX:r", "input"] == ("True", "", "BLOCK")
    assert found["GROUNDING:RELEVANCE", "output"] == ("True", "", "BLOCK")
    assert ("GROUNDING:RELEVANCE", "input") not in found


def test_a_filter_that_may_not_exist_has_an_unknown_type(tmp_path):
    text = """
resource "aws_bedrock_guardrail" "g" {
  content_policy_config {
    dynamic "filters_config" {
      for_each = var.on ? ["HATE"] : []
      content {
        type            = filters_config.value
        input_strength  = "HIGH"
        output_strength = "HIGH"
      }
    }
  }
}
variable "on" {
  type = bool
}
"""
    assert {kind for kind, _ in filters(tmp_path, text)} == {"?var.on"}


def test_the_cloud_control_writing(tmp_path):
    text = (
        'resource "awscc_bedrock_guardrail" "g" {\n  content_policy_config = {\n    filters_config = [\n'
        '      { type = "HATE", input_strength = "HIGH", output_strength = "MEDIUM" }\n    ]\n  }\n}\n'
    )
    assert filters(tmp_path, text) == {
        ("HATE", "input"): ("True", "HIGH", "BLOCK"),
        ("HATE", "output"): ("True", "MEDIUM", "BLOCK"),
    }


def test_azure_thresholds_are_turned_round(tmp_path):
    rows = [
        ("Hate", "true", "true", "Low", "Prompt"),
        ("Violence", "true", "false", "High", "Completion"),
        ("Sexual", "false", "true", "Medium", "Prompt"),
    ]
    blocks = "".join(
        f'  content_filter {{\n    name = "{name}"\n    filter_enabled = {on}\n    block_enabled = {block}\n'
        f'    severity_threshold = "{least}"\n    source = "{source}"\n  }}\n'
        for name, on, block, least, source in rows
    )
    text = f'resource "azurerm_cognitive_account_rai_policy" "p" {{\n{blocks}}}\n'
    assert filters(tmp_path, text) == {
        ("HATE", "input"): ("True", "HIGH", "BLOCK"),
        ("VIOLENCE", "output"): ("True", "LOW", "NONE"),
        ("SEXUAL", "input"): ("False", "MEDIUM", "BLOCK"),
    }


def test_model_armor(tmp_path):
    text = """
resource "google_model_armor_template" "t" {
  filter_config {
    rai_settings {
      rai_filters {
        filter_type      = "HATE_SPEECH"
        confidence_level = "MEDIUM_AND_ABOVE"
      }
    }
    pi_and_jailbreak_filter_settings {
      filter_enforcement = "ENABLED"
      confidence_level   = "HIGH"
    }
    malicious_uri_filter_settings {
    }
  }
}
"""
    found = filters(tmp_path, text)
    assert found["HATE", "input"] == ("True", "MEDIUM", "BLOCK")
    assert found["PROMPT_ATTACK", "output"] == ("True", "LOW", "BLOCK")
    assert found["MALICIOUS_URI", "input"][0] == "False"


def test_model_armor_that_only_looks(tmp_path):
    text = """
resource "google_model_armor_template" "t" {
  filter_config {
    rai_settings {
      rai_filters {
        filter_type = "DANGEROUS"
      }
    }
  }
  template_metadata {
    enforcement_type = "INSPECT_ONLY"
  }
}
"""
    assert filters(tmp_path, text)["MISCONDUCT", "input"] == ("True", "HIGH", "NONE")


def test_the_setting_that_turns_a_filter_off_has_the_line(tmp_path):
    rows = (
        ("input_enabled = false", 7, "`input_enabled` is `false`"),
        ('input_action = "NONE"', 7, "`input_action` is `NONE`"),
        ("input_action = var.s", 7, "`input_action` is not known"),
        ('input_action = "BLOCK"', 5, "`input_strength` is `HIGH`"),
    )
    for more, wanted, because in rows:
        text = content(f'type = "HATE"\ninput_strength = "HIGH"\noutput_strength = "HIGH"\n{more}')
        world = build(tmp_path, {"main.tf": text + 'variable "s" {\n}\n'}, build_switches)
        found = next(one for one in facts(world, "aws_bedrock_guardrail.g", Filter) if one.side == "input")
        assert (line(found), found.because) == (wanted, because)
