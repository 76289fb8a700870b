locals { a = 1 }
resource "terraform_data" "o" {
  input = { a = local.a }
  triggers_replace = "t"
}
variable "v" { default = "main" }
resource "terraform_data" "v" { input = var.v }
