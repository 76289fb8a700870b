"""Kubernetes manifests: YAML and JSON documents to Resources."""
