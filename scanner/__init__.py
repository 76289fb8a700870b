"""Tether proves where an AI model can run and how it can be reached."""

__version__ = "0.1.0"
