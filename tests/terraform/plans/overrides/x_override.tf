variable "v" { default = "last" }
locals { a = 2 }
