"""Declared and recorded: which things of both sides are the same, and what both together look like."""
