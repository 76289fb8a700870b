"""AWS as its API tells it: recorded answers to the Resources that Terraform's sources give."""

from scanner.sources.aws.read import read_estate

__all__ = ["read_estate"]
