variable "n" { default = 2 }
locals { names = ["a", "b", "a"] }
resource "terraform_data" "c" {
  count = var.n
  input = { i = count.index, last = count.index == var.n - 1 }
}
resource "terraform_data" "none" {
  count = var.n > 5 ? 1 : 0
  input = "never"
}
resource "terraform_data" "e" {
  for_each = toset(local.names)
  input    = "${each.key}-${each.value}"
}
resource "terraform_data" "m" {
  for_each = { for i, n in distinct(local.names) : n => { place = i, tags = [n] } }
  input    = merge(each.value, { key = each.key })
}
resource "terraform_data" "refs" {
  input = {
    all   = terraform_data.c[*].id
    first = terraform_data.c[0].input.i
    keys  = keys(terraform_data.e)
    len   = length(terraform_data.c)
    one   = one(terraform_data.none[*].id)
    sizes = [for k, v in terraform_data.m : length(v.input.tags)]
  }
}
