variable "x" { type = list(string) }
output "y" { value = join("|", var.x) }
resource "terraform_data" "i" { input = var.x }
