# A role that lists and describes what Tether's rules look at, and may do nothing else.

locals {
  policies = {
    for name in fileset(path.module, "policy-*.json") : trimsuffix(name, ".json") => file("${path.module}/${name}")
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.scanner_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "scan" {
  name                 = var.name
  description          = "Read by Tether, which writes nothing"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
  tags                 = var.tags
}

resource "aws_iam_policy" "reads" {
  for_each = local.policies

  name        = "${var.name}-${each.key}"
  description = "Made by `tether permissions --aws`"
  policy      = each.value
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "reads" {
  for_each = aws_iam_policy.reads

  role       = aws_iam_role.scan.name
  policy_arn = each.value.arn
}
