"""The network plane of Kubernetes: workloads, Services, routes and ways from outside."""
