"""Terraform: text to syntax, syntax to values, values to Resources."""
