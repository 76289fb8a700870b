locals {
  zones = ["a", "b", "c"]
  nets  = { for i, z in local.zones : z => cidrsubnet("10.40.0.0/16", 4, i) }
}
resource "terraform_data" "n" {
  input = {
    nets   = local.nets
    hosts  = [for n in values(local.nets) : cidrhost(n, 5)]
    masks  = cidrnetmask("172.16.0.0/12")
    many   = cidrsubnets("10.1.0.0/16", 4, 4, 8)
    six    = cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)
    flat   = flatten([for z in local.zones : [for k in [1, 2] : "${z}${k}"]])
    setp   = [for p in setproduct(["x", "y"], [1, 2]) : "${p[0]}${p[1]}"]
    trans  = transpose({ a = ["1", "2"], b = ["2"] })
    group  = { for s in ["aa", "ab", "b"] : substr(s, 0, 1) => s... }
    chunk  = chunklist(local.zones, 2)
    zip    = zipmap(local.zones, range(3))
  }
}
