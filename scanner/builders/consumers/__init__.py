"""Consumers of managed models, and the guardrail that binds each."""
