variable "name" {
  type        = string
  default     = "tether-scan"
  description = "Name of the role, the same in every account: what `--role` is given."
}

variable "scanner_arn" {
  type        = string
  description = "ARN of the principal that scans: it may assume the role, and nobody else."

  validation {
    condition     = can(regex("^arn:[^:]+:(iam|sts)::[0-9]{12}:(role|user)/[^*]+$", var.scanner_arn))
    error_message = "Give the ARN of one role or user."
  }
}

variable "external_id" {
  type        = string
  description = "What whoever assumes the role must know: what `--external-id` is given."

  validation {
    condition     = length(var.external_id) >= 16
    error_message = "An external id of 16 characters or more."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the role and of its policies."
}
