resource "terraform_data" "a" { input = "a" }
locals {
  id      = terraform_data.a.id
  choice  = local.id == "x" ? "EXTERNAL" : "EC2"
  listed  = [local.id, "known"]
  mapped  = { id = local.id, known = 1 }
  joined  = join(",", local.listed)
  merged  = merge(local.mapped, { more = true })
  when    = false ? local.id : "certain"
  tried   = try(local.mapped.nothing, "fallback")
  can     = can(local.mapped.known)
  coal    = coalesce("first", local.id)
}
resource "terraform_data" "b" {
  input = {
    choice = local.choice, listed = local.listed, mapped = local.mapped, joined = local.joined
    merged = local.merged, when = local.when, tried = local.tried, can = local.can, coal = local.coal
    length = length(local.listed), element = element(local.listed, 1), lookup = lookup(local.mapped, "known", 0)
    format = format("%s-%s", "x", local.id), json = jsonencode(local.mapped), up = upper(local.id), slice = slice(local.listed, 1, 2)
  }
}
