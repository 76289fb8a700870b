"""Gateways and classifiers by what is left of them: copies, zones, updates, and what decides each."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

HEAD = """
variable "s" { type = list(string) }
variable "n" { type = number }
resource "aws_subnet" "a" {
  cidr_block        = "10.0.1.0/24"
  availability_zone = "us-gov-west-1a"
}
resource "aws_subnet" "b" {
  cidr_block        = "10.0.2.0/24"
  availability_zone = "us-gov-west-1b"
}
resource "aws_subnet" "open" {
  cidr_block = "10.0.3.0/24"
}
"""
BOTH = "aws_subnet.a.id, aws_subnet.b.id"


def service(subnets: str = f"[{BOTH}]", more: str = 'launch_type = "FARGATE"', count: str = "2") -> str:
    network = f"network_configuration {{\n subnets = {subnets}\n }}"
    return f'resource "aws_ecs_service" "NAME" {{\n name = "NAME"\n desired_count = {count}\n {more}\n {network}\n}}\n'


def block(kind: str, body: str) -> str:
    return f'resource "{kind}" "NAME" {{\n{body}\n}}\n'


def endpoint(variant: str) -> str:
    config = block("aws_sagemaker_endpoint_configuration", f"production_variants {{\n{variant}\n}}")
    config = config.replace("NAME", "of_NAME")
    return config + block(
        "aws_sagemaker_endpoint",
        'name = "NAME"\n endpoint_config_name = aws_sagemaker_endpoint_configuration.of_NAME.name',
    )


FUNCTION = 'function_name = "NAME"\n role = "arn:aws:iam::111122223333:role/x"\n'
FARGATE = 'launch_type = "FARGATE"\n'
CASES = {
    "two_zones": (service(), ""),
    "same_subnet_twice": (service("[aws_subnet.a.id, aws_subnet.a.id]"), "violated"),
    "zone_left_to_aws": (service("[aws_subnet.a.id, aws_subnet.open.id]"), "unproven"),
    "subnets_by_variable": (service("var.s"), "unproven"),
    "subnets_elsewhere": (service('["subnet-1", "subnet-2"]'), "unproven"),
    "on_machines": (service(more=""), "unproven"),
    "fargate_by_provider": (service(more='capacity_provider_strategy {\n capacity_provider = "FARGATE"\n }'), ""),
    "one_a_machine": (service(more='scheduling_strategy = "DAEMON"'), "unproven"),
    "all_at_once": (service(more=FARGATE + "deployment_minimum_healthy_percent = 0"), "violated"),
    "one_task": (service(count="1"), "violated"),
    "group_of_one_zone": (
        block("aws_autoscaling_group", 'min_size = 2\n max_size = 4\n availability_zones = ["a"]'),
        "violated",
    ),
    "group": (block("aws_autoscaling_group", f"min_size = 2\n max_size = 4\n vpc_zone_identifier = [{BOTH}]"), ""),
    "function": (block("aws_lambda_function", FUNCTION), ""),
    "function_of_one_call": (
        block("aws_lambda_function", FUNCTION + "reserved_concurrent_executions = 1"),
        "violated",
    ),
    "function_of_two_calls": (block("aws_lambda_function", FUNCTION + "reserved_concurrent_executions = 2"), ""),
    "function_of_any_calls": (block("aws_lambda_function", FUNCTION + "reserved_concurrent_executions = -1"), ""),
    "function_by_variable": (
        block("aws_lambda_function", FUNCTION + "reserved_concurrent_executions = var.n"),
        "unproven",
    ),
    "function_by_word": (
        block("aws_lambda_function", FUNCTION + 'reserved_concurrent_executions = "few"'),
        "unproven",
    ),
    "function_of_one_call_as_text": (
        block("aws_lambda_function", FUNCTION + 'reserved_concurrent_executions = "01"'),
        "violated",
    ),
    "function_in_one_zone": (
        block("aws_lambda_function", FUNCTION + "vpc_config {\n subnet_ids = [aws_subnet.a.id]\n }"),
        "violated",
    ),
    "machine": (block("aws_instance", 'ami = "ami-1"'), "violated"),
    "machines_of_one_zone": (block("aws_instance", 'count = 2\n availability_zone = "a"'), "violated"),
    "machines": (block("aws_instance", 'count = 2\n availability_zone = ["a", "b"][count.index]'), ""),
    "endpoint_to_zero": (
        endpoint("initial_instance_count = 2\n managed_instance_scaling {\n min_instance_count = 0\n }"),
        "violated",
    ),
    "endpoint": (endpoint("initial_instance_count = 2"), ""),
    "serverless": (endpoint("serverless_config {\n max_concurrency = 5\n }"), ""),
    "of_no_table": (block("aws_emr_cluster", 'name = "NAME"'), "unproven"),
}
ROLE = 'resource "aws_iam_role" "only" {\n name = "only"\n assume_role_policy = "{}"\n}\n'


def test_each_member_of_the_stack_is_told_by_what_is_left_of_it(tmp_path: Path) -> None:
    names = [f'"*.{name}{end}"' for name in (*CASES, "only") for end in ("", "[*]")]
    (tmp_path / "tether.yaml").write_text(f"safety_stack: {{gateways: [{', '.join(names)}]}}\n")
    blocks = [text.replace("NAME", name) for name, (text, _) in CASES.items()]
    (tmp_path / "main.tf").write_text("\n".join([HEAD, ROLE, *blocks]))
    told: dict[str, set[str]] = {}
    for one in run_scan(tmp_path)["findings"]:
        if one["rule"] == "safety-component-stands-alone":
            for address in (one["subject"]["address"], *one["also"]):
                told.setdefault(address.partition(".")[2].partition("[")[0], set()).add(one["verdict"])
    found = {name: max(verdicts, key=lambda one: one == "violated") for name, verdicts in told.items() if name}
    assert found == {name: verdict for name, (_, verdict) in CASES.items() if verdict}
