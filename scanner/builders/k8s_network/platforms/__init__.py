"""Serving platforms: the pods, Services and routes that an operator makes of one object."""
