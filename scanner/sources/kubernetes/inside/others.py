"""The objects beside those that hold others, and what they say of the cluster that a holder writes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from scanner.resource import Attrs, dig
from scanner.sources.kubernetes.inside.held import Holder, text
from scanner.unknown import Unknown

OWN_CLUSTER = ("local-cluster",)
TENANT = "capsule.clastix.io/tenant"
CAPSULE = "capsule.clastix.io"
Lines = Callable[[str], Sequence[str]]


class Others(Struct):
    """The other objects of the run, as far as holders refer to them. live: they are all that a cluster holds."""

    every: Sequence[Holder]
    lines: Lines
    live: bool = False
    _by_kind: dict[tuple[str, str], list[Holder]] = field(default_factory=dict)

    def of(self, group: str, kind: str) -> list[Holder]:
        """The objects of a kind."""
        if not self._by_kind:
            for one in self.every:
                self._by_kind.setdefault((one.group, one.kind), []).append(one)
        return self._by_kind.get((group, kind), [])

    def spaces(self) -> list[Attrs]:
        """Every namespace that may be a tenant's: declared, or written in some object.

        Capsule labels a tenant's namespaces as they are made, so that a cluster says which ones they are.
        """
        declared = [one.value for one in self.of("", "Namespace")]
        if self.live and declared:
            return [one for one in declared if dig(one, "metadata", "labels", TENANT) is not None]
        known = {text(dig(one, "metadata", "name")) for one in declared}
        written = sorted({one.namespace for one in self.every} - known - {""})
        return declared + [Attrs({"metadata": Attrs({"name": name})}) for name in written]


def doubt(holder: Holder, others: Others) -> Unknown | None:
    """What decides whether a holder writes to the cluster that it stands in; None where it certainly does."""
    space = holder.namespace
    if holder.group == CAPSULE:
        return None
    if holder.group in ("kubernetes.crossplane.io", "kubernetes.m.crossplane.io"):
        return _config(holder, others)
    if holder.kind in ("ManifestWork", "Work"):
        where = space or "*"
        cause = f"whether `{where}`, where `{holder.address}` is applied, is the cluster of the model is not known"
        return None if space in OWN_CLUSTER else Unknown(cause, decided_by=(f"cluster {where}",))
    if holder.group == "core.oam.dev" and not _placed(holder):
        return None
    if holder.kind == "Bundle" and space == "fleet-local":
        return None
    return Unknown(f"which clusters `{holder.address}` is applied to is not known", decided_by=(holder.address,))


def _placed(holder: Holder) -> bool:
    """Whether an Application of KubeVela says, or may say, to which clusters it goes."""
    policies = dig(holder.value, "spec", "policies")
    return policies is not None and not (
        isinstance(policies, list) and all(dig(one, "type") not in (None, "topology", "override") for one in policies)
    )


def _config(holder: Holder, others: Others) -> Unknown | None:
    """The provider config of an Object of Crossplane; its `InjectedIdentity` is the provider's own cluster."""
    config = text(dig(holder.value, "spec", "providerConfigRef", "name")) or "default"
    every = [*others.of(holder.group, "ProviderConfig"), *others.of(holder.group, "ClusterProviderConfig")]
    sources = [dig(one.value, "spec", "credentials", "source") for one in every if one.name == config]
    if sources and all(source == "InjectedIdentity" for source in sources):
        return None
    cause = f"in which cluster the provider config `{config}` of `{holder.address}` writes is not known"
    return Unknown(cause, decided_by=(f"ProviderConfig/{config}",))
