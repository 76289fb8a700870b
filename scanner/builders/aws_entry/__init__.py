"""Ways into a deployment on AWS: the fronts, and what each leads to."""
