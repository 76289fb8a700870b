locals {
  users = { ann = "admin", bob = "dev" }
  text  = <<-EOT
    %{for name, role in local.users~}
    ${name}: ${upper(role)}%{if role == "admin"} *%{endif}
    %{endfor~}
    end $${literal} %%{literal}
  EOT
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for s in ["a", "b"] : { Effect = "Allow", Action = "s3:${s}", Resource = "*" }]
  })
  decoded = jsondecode(local.policy)
  y       = yamldecode("a: [1, two]\nb: {c: null}")
}
resource "terraform_data" "t" {
  input = {
    text    = local.text
    policy  = local.policy
    action  = local.decoded.Statement[1].Action
    yaml    = local.y.a[1]
    file    = templatefile("${path.module}/t.tftpl", { names = keys(local.users), on = true })
    lines   = split("\n", trimspace(file("${path.module}/plain.txt")))
    encoded = base64encode("x")
  }
}
