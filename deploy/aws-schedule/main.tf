# A nightly scan: EventBridge Scheduler starts one task of ECS on Fargate, which may assume the role in each account.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  arguments = [
    "scan", "--live", "aws", "--accounts", join(",", var.accounts), "--role", var.role, "--external-id", var.external_id,
    "--profile", "/settings/tether.yaml", "--format", "json", "--no-cache",
  ]
}

resource "aws_cloudwatch_log_group" "scan" {
  name              = "/tether/${var.name}"
  retention_in_days = 365
}

resource "aws_ecs_cluster" "scan" {
  name = var.name
}

resource "aws_security_group" "scan" {
  name        = var.name
  description = "Nothing comes in; HTTPS goes out"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.scan.id
  description       = "The APIs of AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_ecs_task_definition" "scan" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 4096
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.scan.arn

  container_definitions = jsonencode([{
    name                   = "tether"
    image                  = var.image
    essential              = true
    command                = local.arguments
    readonlyRootFilesystem = true
    user                   = "10001"
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.scan.name
        awslogs-region        = data.aws_region.current.name
        awslogs-stream-prefix = "scan"
      }
    }
  }])
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "scan" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "scan" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [for account in var.accounts : "arn:${data.aws_partition.current.partition}:iam::${account}:role/${var.role}"]
  }
}

resource "aws_iam_role_policy" "scan" {
  name   = "assume"
  role   = aws_iam_role.scan.name
  policy = data.aws_iam_policy_document.scan.json
}

resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "start" {
  role       = aws_iam_role.start.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${var.name}-schedule"
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "schedule" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = [aws_ecs_task_definition.scan.arn]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.scan.arn, aws_iam_role.start.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "schedule" {
  name   = "run"
  role   = aws_iam_role.schedule.name
  policy = data.aws_iam_policy_document.schedule.json
}

resource "aws_scheduler_schedule" "scan" {
  name                         = var.name
  schedule_expression          = var.schedule
  schedule_expression_timezone = var.timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.scan.arn
    role_arn = aws_iam_role.schedule.arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.scan.arn
      launch_type         = "FARGATE"

      network_configuration {
        subnets         = var.subnet_ids
        security_groups = [aws_security_group.scan.id]
      }
    }

    retry_policy {
      maximum_retry_attempts = 1
    }
  }
}
