resource "terraform_data" "o" { input = { a = "over" } }
