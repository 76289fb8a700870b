variable "n" { type = string }
variable "name" {}
variable "opt" {
  type     = string
  default  = "dflt"
  nullable = false
}
module "inner" {
  source = "./i"
  x      = [var.n, var.name, var.opt]
}
resource "terraform_data" "r" {
  count = var.name == "a" ? 2 : 1
  input = [var.n, var.name, var.opt, path.module, module.inner.y]
  lifecycle {
    precondition {
      condition     = var.name != ""
      error_message = "x"
    }
    ignore_changes       = [input]
    replace_triggered_by = [terraform_data.q]
  }
}
resource "terraform_data" "q" {
  depends_on = [module.inner]
  provisioner "local-exec" {
    when    = destroy
    command = "echo ${self.id}"
  }
}
output "n" { value = var.n }
output "deep" { value = module.inner.y }
output "obj" {
  value = { n = var.n, id = terraform_data.q.id }
}
