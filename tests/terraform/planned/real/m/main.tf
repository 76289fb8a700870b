variable "x" {}
resource "terraform_data" "z" { input = var.x }
output "out" { value = terraform_data.z.id }
