"""What is known of objects that bring workloads to a cluster other than their own, or build models for a machine."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class ClusterDelivery(Fact, frozen=True, kw_only=True):
    """The node delivers to a cluster.

    cluster: the node id of the cluster where the inputs hold it, else its name or address.
    place_class, provider, region: what its name or address says of its place, as in Placement; for a cluster of the
      inputs an empty class, since its own statements decide; "own" for the cluster of the object itself.
    carries_model: whether a model is among what it delivers.
    """

    cluster: str
    place_class: str | Unknown
    carries_model: bool | Unknown
    provider: str = ""
    region: str = ""


class StackDelivery(Fact, frozen=True, kw_only=True):
    """One statement about how a part of the safety stack is delivered.

    aspect: "repository" (it is the operator's), "pinned" (a commit or a digest), "signed" (and verified), "keys" (the
    operator's). good: as it should be.
    """

    aspect: str
    good: bool | Unknown


class Built(Fact, frozen=True, kw_only=True):
    """The node compiles or packages a model for a machine.

    how: "compiles" or "packages". target: what it names, in short. device: whether that is no machine of the cloud.
    """

    how: str
    target: str
    device: bool | Unknown


class Formatted(Fact, frozen=True, kw_only=True):
    """The node names a file of a model, in or for a store of weights.

    file: as written, `*` for what is not known of it. how: "stores", "serves" or "may build". device: whether its
    format is one of devices.
    """

    file: str
    how: str
    device: bool | Unknown
