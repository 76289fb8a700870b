variable "text" {}
output "out" { value = sha1(var.text) }
resource "terraform_data" "q" { input = "${var.text}!" }
