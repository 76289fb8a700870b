output "scanner_arn" {
  value       = aws_iam_role.scan.arn
  description = "What deploy/aws-role is given as `scanner_arn` in each account."
}

output "log_group" {
  value       = aws_cloudwatch_log_group.scan.name
  description = "Where the reports are."
}
