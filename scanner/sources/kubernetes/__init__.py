"""Kubernetes manifests: YAML and JSON files as Resources."""

from scanner.sources.kubernetes.manifests import read_manifests
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.sources.kubernetes.units import manifest_units

__all__ = ["manifest_units", "object_to_resource", "read_manifests"]
