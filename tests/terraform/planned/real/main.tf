terraform { required_version = ">= 1.4" }
variable "n" { default = "x" }
variable "pw" { 
  default = "hunter2"
  sensitive = true 
}
resource "terraform_data" "a" {
  input = { name = var.n, list = [1,2], pw = var.pw }
}
resource "terraform_data" "b" {
  count = 2
  input = { ref = terraform_data.a.id, text = "x-${terraform_data.a.id}", idx = count.index }
}
module "m" {
  source = "./m"
  for_each = toset(["k1"])
  x = terraform_data.a.id
}
resource "terraform_data" "c" { input = module.m["k1"].out }
output "o" { value = terraform_data.b[*].id }
