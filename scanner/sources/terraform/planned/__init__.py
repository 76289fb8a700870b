"""Plans and states of Terraform, as `terraform show -json` and the state file write them."""

from scanner.sources.terraform.planned.read import Root, read_plan, read_state

__all__ = ["Root", "read_plan", "read_state"]
