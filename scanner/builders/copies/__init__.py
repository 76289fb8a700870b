"""How many copies of the workloads of Kubernetes run: what they write, what scales them, what holds them back."""
