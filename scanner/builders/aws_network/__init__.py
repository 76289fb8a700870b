"""The network plane of AWS: interfaces, security groups, routes."""
