"""Objects that stand inside other objects: of Crossplane, OCM, Karmada, OpenShift, Capsule, Fleet and Cluster API."""

from scanner.sources.kubernetes.inside.build import opened
from scanner.sources.kubernetes.inside.held import Holder, Inner

__all__ = ["Holder", "Inner", "opened"]
