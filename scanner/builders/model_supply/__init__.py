"""How models come to be served: adapters, pins, sources, names."""
