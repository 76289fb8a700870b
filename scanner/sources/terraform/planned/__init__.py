"""Plans and states of Terraform, as `terraform show -json` and the state file write them."""

from scanner.sources.terraform.planned.read import Root, read_plan, read_state
from scanner.sources.terraform.planned.stale import Declared

__all__ = ["Declared", "Root", "read_plan", "read_state"]
