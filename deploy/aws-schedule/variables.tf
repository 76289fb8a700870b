variable "name" {
  type        = string
  default     = "tether-scan"
  description = "Name of all that is made here."
}

variable "image" {
  type        = string
  description = "The image to run, by its digest: made from deploy/container/Containerfile, with the settings in it."

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest."
  }
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets with a way out to the APIs of AWS, by a NAT gateway or by VPC endpoints."
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the subnets."
}

variable "accounts" {
  type        = list(string)
  description = "The accounts to scan; the role of deploy/aws-role stands in each."
}

variable "role" {
  type        = string
  default     = "tether-scan"
  description = "Name of the role in each account."
}

variable "external_id" {
  type        = string
  description = "The external id of the role in each account."
}

variable "schedule" {
  type        = string
  default     = "cron(30 2 * * ? *)"
  description = "When to scan, as EventBridge Scheduler writes it."
}

variable "timezone" {
  type        = string
  default     = "UTC"
  description = "Of the schedule."
}
