provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}

resource "aws_bedrock_guardrail" "acme" {
  name                      = "acme"
  blocked_input_messaging   = "no"
  blocked_outputs_messaging = "no"
  kms_key_arn               = aws_kms_key.logs.arn

  automated_reasoning_policy_config {
    policies = ["arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:automated-reasoning-policy/abc:1"]
  }
}

resource "aws_bedrock_enforced_guardrail_configuration" "all" {
  guardrail_identifier = aws_bedrock_guardrail.acme.guardrail_arn
  guardrail_version    = "1"
}

resource "aws_bedrockagent_agent" "help" {
  agent_name              = "help"
  agent_resource_role_arn = "arn:aws-us-gov:iam::111122223333:role/agent"
  foundation_model        = "anthropic.claude-sonnet-4-5-20250929-v1:0"

  guardrail_configuration {
    guardrail_identifier = aws_bedrock_guardrail.acme.guardrail_id
    guardrail_version    = "1"
  }
}

resource "aws_bedrockagent_flow" "help" {
  name               = "help"
  execution_role_arn = "arn:aws-us-gov:iam::111122223333:role/agent"

  definition {
    node {
      name = "prompt"
      type = "Prompt"
      configuration {
        prompt {
          guardrail_configuration {
            guardrail_identifier = aws_bedrock_guardrail.acme.guardrail_id
            guardrail_version    = "1"
          }
        }
      }
    }
  }
}

resource "aws_organizations_policy" "fence" {
  name = "fence"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Action    = "cloudtrail:StopLogging"
      Resource  = "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/another"
    }]
  })
}

resource "aws_kms_key" "logs" {
  description = "evidence"
}

resource "aws_s3_bucket" "evidence" {
  bucket = "acme-evidence"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.logs.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "calls" {
  name = "/acme/calls"
}

resource "aws_cloudtrail" "main" {
  name           = "acme"
  s3_bucket_name = aws_s3_bucket.evidence.id
}

resource "aws_bedrock_model_invocation_logging_configuration" "calls" {
  logging_config {
    s3_config {
      bucket_name = aws_s3_bucket.evidence.id
    }
  }
}

resource "aws_ecr_repository" "gateway" {
  name = "acme/gateway"
}

resource "aws_ssm_parameter" "mode" {
  name = "/gateway/mode"
  type = "String"
}

resource "aws_secretsmanager_secret" "settings" {
  name = "gateway-settings"
}

resource "aws_appconfig_application" "rules" {
  name = "rules"
}

resource "aws_security_group" "gateway" {
  name = "gateway"
}

resource "aws_ecs_task_definition" "gateway" {
  family = "gateway"
  container_definitions = jsonencode([{
    name  = "gateway"
    image = "${aws_ecr_repository.gateway.repository_url}:1.2"
    environment = [{ name = "APPCONFIG", value = aws_appconfig_application.rules.id }]
    secrets = [
      { name = "MODE", valueFrom = aws_ssm_parameter.mode.arn },
      { name = "SETTINGS", valueFrom = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:gateway-settings-AbC123" },
    ]
  }])
}

resource "aws_ecs_service" "gateway" {
  name            = "gateway"
  cluster         = "acme"
  task_definition = aws_ecs_task_definition.gateway.arn

  network_configuration {
    subnets         = ["subnet-1"]
    security_groups = [aws_security_group.gateway.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.gateway.arn
    container_name   = "gateway"
    container_port   = 8080
  }
}

resource "aws_lb" "front" {
  name = "front"
}

resource "aws_lb_target_group" "gateway" {
  name        = "gateway"
  port        = 8080
  protocol    = "HTTP"
  target_type = "ip"
}

resource "aws_lb_listener" "front" {
  load_balancer_arn = aws_lb.front.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }
}

resource "aws_lb_listener_rule" "front" {
  listener_arn = aws_lb_listener.front.arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }

  condition {
    path_pattern {
      values = ["/v1/*"]
    }
  }
}

resource "aws_wafv2_web_acl" "front" {
  name  = "front"
  scope = "REGIONAL"
}

resource "aws_wafv2_web_acl_association" "front" {
  resource_arn = aws_lb.front.arn
  web_acl_arn  = aws_wafv2_web_acl.front.arn
}

resource "aws_lambda_function" "checker" {
  function_name = "checker"
  role          = "arn:aws-us-gov:iam::111122223333:role/checker"
}

resource "aws_api_gateway_rest_api" "front" {
  name = "front"
}

resource "aws_api_gateway_resource" "front" {
  rest_api_id = aws_api_gateway_rest_api.front.id
  parent_id   = aws_api_gateway_rest_api.front.root_resource_id
  path_part   = "v1"
}

resource "aws_api_gateway_method" "front" {
  rest_api_id   = aws_api_gateway_rest_api.front.id
  resource_id   = aws_api_gateway_resource.front.id
  http_method   = "POST"
  authorization = "AWS_IAM"
}

resource "aws_api_gateway_integration" "front" {
  rest_api_id             = aws_api_gateway_rest_api.front.id
  resource_id             = aws_api_gateway_resource.front.id
  http_method             = "POST"
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.checker.invoke_arn
}

resource "aws_instance" "classifier" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "g6.xlarge"
}

resource "aws_eks_cluster" "main" {
  name     = "acme"
  role_arn = "arn:aws-us-gov:iam::111122223333:role/cluster"
}

resource "aws_eks_addon" "cni" {
  cluster_name = aws_eks_cluster.main.name
  addon_name   = "vpc-cni"
}

resource "kubernetes_manifest" "vllm" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "vllm", namespace = "inference" }
    spec = {
      selector = { matchLabels = { app = "vllm" } }
      template = {
        metadata = { labels = { app = "vllm" } }
        spec     = { containers = [{ name = "vllm", image = "vllm/vllm-openai:v0.11.0", args = ["--model=s3://acme/m"] }] }
      }
    }
  }
}

resource "kubernetes_manifest" "shield" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "shield", namespace = "inference" }
    spec = {
      selector = { matchLabels = { app = "shield" } }
      template = {
        metadata = { labels = { app = "shield" } }
        spec     = { containers = [{ name = "shield", image = "example/shield:1" }] }
      }
    }
  }
}

resource "aws_vpc_endpoint" "bedrock" {
  vpc_id            = "vpc-1"
  service_name      = "com.amazonaws.us-gov-west-1.bedrock-runtime"
  vpc_endpoint_type = "Interface"
}

resource "aws_sagemaker_model_package_group" "guard" {
  model_package_group_name = "guard"
}

resource "aws_sagemaker_model" "guard" {
  name               = "guard"
  execution_role_arn = "arn:aws-us-gov:iam::111122223333:role/guard"

  primary_container {
    model_package_name = "arn:aws-us-gov:sagemaker:us-gov-west-1:111122223333:model-package/guard/3"
  }
}

resource "aws_sagemaker_endpoint_configuration" "guard" {
  name = "guard"

  production_variants {
    variant_name = "all"
    model_name   = aws_sagemaker_model.guard.name
  }
}

resource "aws_sagemaker_endpoint" "guard" {
  name                 = "guard"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.guard.name
}

resource "aws_iam_role" "gateway" {
  name               = "acme-gateway"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"] } }] })
}

resource "aws_iam_user" "gateway" {
  name = "acme-gateway"
}

resource "aws_iam_user_policy" "gateway" {
  user = aws_iam_user.gateway.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sagemaker:InvokeEndpoint"
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceTag/served" = "yes" } }
    }]
  })
}
