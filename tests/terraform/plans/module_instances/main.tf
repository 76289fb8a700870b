locals { names = { a = 1, b = 2 } }
module "m" {
  source   = "./m"
  for_each = local.names
  n        = each.value
  name     = each.key
}
module "c" {
  source = "./m"
  count  = 2
  n      = count.index
  name   = "c${count.index}"
  opt    = null
}
module "zero" {
  source = "./m"
  count  = 0
  n      = 1
  name   = ""
}
resource "terraform_data" "out" {
  input = { all = { for k, m in module.m : k => m.n }, c = module.c[*].n, z = length(module.zero), one = one(module.zero[*].n), deep = module.m["a"].deep, keys = keys(module.m), whole = module.c[1].obj.n, v = values(module.m)[*].n }
}
resource "terraform_data" "each" {
  for_each = toset([for k, m in module.m : "${k}-${m.n}"])
  input    = each.value
}
resource "terraform_data" "chain" {
  for_each = terraform_data.each
  input    = [each.key, each.value.input, each.value.id]
}
check "c" {
  assert {
    condition     = module.m["a"].n == 1
    error_message = "x"
  }
}
