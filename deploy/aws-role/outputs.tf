output "role_arn" {
  value       = aws_iam_role.scan.arn
  description = "ARN of the role in this account."
}

output "role_name" {
  value       = aws_iam_role.scan.name
  description = "What `--role` is given."
}
