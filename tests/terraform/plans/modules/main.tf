variable "env" {
  type    = object({ name = string, size = optional(number, 3), tags = optional(map(string), {}) })
  default = { name = "prod" }
}
module "a" {
  source = "./m"
  name   = var.env.name
  size   = var.env.size
}
module "b" {
  source   = "./m"
  for_each = { x = 1, y = 2 }
  name     = "${module.a.label}-${each.key}"
  size     = each.value
}
module "c" {
  source = "./m"
  count  = 2
  name   = "c${count.index}"
}
resource "terraform_data" "r" {
  input = {
    labels = { for k, m in module.b : k => m.label }
    list   = module.c[*].label
    ids    = [for m in module.c : m.id]
    nested = module.b["x"].nested.deep
    tags   = var.env.tags
  }
}
