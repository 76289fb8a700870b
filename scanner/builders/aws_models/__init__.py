"""Managed models of AWS: doors, enforcement, logs and places."""
