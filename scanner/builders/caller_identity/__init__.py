"""Whether the fronts of a gateway ask who calls."""
