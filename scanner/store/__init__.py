"""Findings over time: runs, what each of them found, and what became of it. Nothing here has a say in a verdict."""
