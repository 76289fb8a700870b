variable "name" { type = string }
variable "size" {
  type     = number
  default  = 1
  nullable = false
}
locals { label = upper(var.name) }
resource "terraform_data" "z" {
  count = var.size
  input = format("%s/%02d", local.label, count.index)
}
module "n" {
  source = "./n"
  text   = local.label
}
output "label" { value = local.label }
output "id" { value = terraform_data.z[0].id }
output "nested" { value = { deep = module.n.out } }
