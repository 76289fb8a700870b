"""Kustomizations: an own renderer, so that the answer is the same on every machine and each value keeps its line."""

from scanner.sources.kubernetes.kustomize.forest import Forest, Rendered
from scanner.sources.kubernetes.kustomize.kustomization import Kustomization, is_kustomization, named_folders

__all__ = ["Forest", "Kustomization", "Rendered", "is_kustomization", "named_folders"]
