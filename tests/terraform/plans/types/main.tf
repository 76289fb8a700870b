variable "ports" {
  type    = set(number)
  default = [443, 80, 443]
}
variable "rules" {
  type = list(object({
    name  = string
    from  = optional(number)
    cidrs = optional(list(string), ["10.0.0.0/8"])
    on    = optional(bool, true)
  }))
  default = [{ name = "a", from = "80" }, { name = "b", cidrs = [], on = "false" }]
}
variable "any" {
  type    = any
  default = { x = [1, "2"] }
}
variable "m" {
  type    = map(string)
  default = { a = 1, b = true }
}
variable "t" {
  type    = tuple([string, number])
  default = [1, "2"]
}
resource "terraform_data" "v" {
  input = { ports = var.ports, rules = var.rules, any = var.any, m = var.m, t = var.t, ws = terraform.workspace, mod = path.module }
}
