"""What a hook costs: one changed file of 25 KB in a root of 20 files, and a tree of 1,000 files, cold and warm.

The trees are made by this program, of the same text each time. Peers that are given run on them in the same run.

    python benchmarks/hook.py [--checkov PATH] [--trivy PATH] [--runs N]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from measured import Run, measured, middle
from peers import TETHER

RULE = """
resource "aws_security_group_rule" "r{0}_{1}" {{
  type              = "ingress"
  from_port         = {2}
  to_port           = {2}
  protocol          = "tcp"
  cidr_blocks       = ["10.{0}.{1}.0/24"]
  security_group_id = aws_security_group.g{0}.id
  description       = "allow traffic from segment {1} of unit {0} to the service, as agreed with its operator"
}}
"""
GROUP = """
resource "aws_security_group" "g{0}" {{
  name   = "g{0}"
  vpc_id = var.vpc{0}
}}

variable "vpc{0}" {{
  type = string
}}
"""
SERVICE = {
    "versions.tf": """terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }
}

provider "aws" {
  region = var.region
}
""",
    "variables.tf": """variable "region" {
  type        = string
  description = "Region of the service"
  default     = "us-gov-west-1"
}

variable "name" {
  type    = string
  default = "service-@"
}

variable "subnets" {
  type    = list(string)
  default = ["subnet-0a@", "subnet-0b@"]
}

variable "vpc_id" {
  type = string
}
""",
    "outputs.tf": """output "url" {
  value = aws_lb.this.dns_name
}

output "role" {
  value = aws_iam_role.task.arn
}
""",
    "network.tf": """resource "aws_security_group" "lb" {
  name   = "${var.name}-lb"
  vpc_id = var.vpc_id

  ingress {
    description = "HTTPS from the offices"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_lb" "this" {
  name               = var.name
  internal           = true
  load_balancer_type = "application"
  security_groups    = [aws_security_group.lb.id]
  subnets            = var.subnets
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  port        = 8080
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = var.vpc_id
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
""",
    "main.tf": """locals {
  tags = {
    service = var.name
    team    = "platform"
  }
}

resource "aws_iam_role" "task" {
  name = "${var.name}-task"
  tags = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "task" {
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:ListBucket"]
      Resource = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]
    }]
  })
}

resource "aws_s3_bucket" "data" {
  bucket = "${var.name}-data"
  tags   = local.tags
}

resource "aws_ecs_task_definition" "this" {
  family        = var.name
  task_role_arn = aws_iam_role.task.arn
  network_mode  = "awsvpc"
  container_definitions = jsonencode([{
    name         = "app"
    image        = "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/${var.name}:1.4.2"
    portMappings = [{ containerPort = 8080 }]
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 2

  network_configuration {
    subnets         = var.subnets
    security_groups = [aws_security_group.lb.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "app"
    container_port   = 8080
  }
}
""",
}


def one_root(folder: Path) -> Path:
    """A root of 20 files, one of them of 25 KB; the answer is that file."""
    for unit in range(20):
        rules = "".join(RULE.format(unit, one, 8000 + one) for one in range(70 if unit == 0 else 8))
        (folder / f"unit{unit:02}.tf").write_text(rules + GROUP.format(unit))
    return folder / "unit00.tf"


def thousand(folder: Path) -> None:
    """200 roots of five files."""
    for number in range(200):
        root = folder / f"service-{number:03}"
        root.mkdir()
        for name, text in SERVICE.items():
            (root / name).write_text(text.replace("@", f"{number:04}"))


def show(what: str, tool: str, run: Run, base: float) -> None:
    figures = f"{run.cpu:.2f} | {run.wall:.2f} | {run.memory:.0f} | {run.code}"
    print(f"| {what} | {tool} | {figures} | {run.cpu / base:.1f} |", flush=True)


def changed(folder: Path, environ: dict[str, str], runs: int) -> Run:
    """The root with one file that no run has seen before, each time."""
    file = one_root(folder)
    text, found = file.read_text(), []
    measured([*TETHER, str(folder)], environ)
    for turn in range(runs):
        file.write_text(f"{text}# {turn}\n")
        found.append(measured([*TETHER, str(folder)], environ))
    return middle(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkov")
    parser.add_argument("--trivy")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    peers = {
        "checkov": [options.checkov, "-o", "json", "--quiet", "--compact", "--framework", "terraform", "-d"],
        "trivy": [options.trivy, "config", "--skip-check-update", "-q", "-f", "json"],
    }
    print("| input | tool | CPU s | wall s | peak MB | exit | CPU ratio to Tether |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        root, tree = Path(name) / "root", Path(name) / "tree"
        root.mkdir()
        tree.mkdir()
        thousand(tree)
        environ = {"TETHER_CACHE_DIR": f"{name}/cache"}
        for what, folder in (("one changed file of 20", root), ("1,000 files", tree)):
            if folder is root:
                base = changed(root, environ, options.runs)
            else:
                cold = middle([measured([*TETHER, "--no-cache", str(tree)]) for _ in range(options.runs)])
                measured([*TETHER, str(tree)], environ)
                base = middle([measured([*TETHER, str(tree)], environ) for _ in range(options.runs)])
                show(what, "tether, cold", cold, base.cpu)
            show(what, "tether, warm", base, base.cpu)
            for tool, command in peers.items():
                if command[0]:
                    show(what, tool, middle([measured([*command, str(folder)]) for _ in range(options.runs)]), base.cpu)


if __name__ == "__main__":
    main()
