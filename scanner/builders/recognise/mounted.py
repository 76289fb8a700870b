"""What lies at a path inside a container: which volume is mounted there, and what the inputs show of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.blocks import text
from scanner.builders.recognise.containers import Container, Lookup
from scanner.origin import Origin
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown, Value

HOLDERS = (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret"))


class Mount(Struct, frozen=True):
    """A volume at a path. volume: as written, None where the pod has none of that name. below: its `subPath`."""

    path: str
    volume: Value
    below: str
    origin: Origin | None

    @property
    def holder(self) -> tuple[str, str]:
        """Kind and name of the ConfigMap or Secret that it shows; ("", "") for any other volume."""
        for key, name, kind in HOLDERS:
            held = dig(self.volume, key)
            if held is not None:
                return kind, text(dig(held, name)) or "*"
        return "", ""

    @property
    def holders(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of every ConfigMap and Secret that it shows, those of a projected volume as well."""
        if self.holder[0]:
            return (self.holder,)
        sources = items_of(dig(self.volume, "projected", "sources"))
        return tuple(
            (kind, text(dig(one, key, "name")) or "*")
            for one in sources
            for key, _, kind in HOLDERS
            if dig(one, key) is not None
        )

    @property
    def shown(self) -> str:
        """How a finding names the volume."""
        kind, name = self.holder
        if kind:
            return f"{kind} `{name}`"
        known = [key for key in self.volume if key != "name"] if isinstance(self.volume, Mapping) else []
        return f"a volume ({known[0]})" if known else "a volume that is not shown"

    def file(self, path: str) -> str:
        """The path inside the volume of a file below the mount."""
        rest = path[len(self.path) :].strip("/")
        return "/".join(part for part in (self.below, rest) if part)


def mounts(container: Container) -> Iterator[Mount]:
    """Every mount of a container, in the order of the text."""
    volumes = items_of(dig(container.pod, "volumes"))
    for key in ("volumeMounts", "volume_mount"):
        listed = dig(container.body, key)
        for index, one in enumerate(items_of(listed)):
            path = text(dig(one, "mountPath")) or text(dig(one, "mount_path"))
            if not path:
                continue
            name = dig(one, "name")
            volume = next((each for each in volumes if dig(each, "name") == name), None)
            below = text(dig(one, "subPath")).strip("/")
            where = mark(one, "mountPath") or mark(listed, index) or mark(container.body, key)
            yield Mount(path.rstrip("/") or "/", volume, below, where)


def mount_of(container: Container, path: str) -> Mount | None:
    """The mount that a path lies in: the deepest one counts."""
    inside = [one for one in mounts(container) if path == one.path or path.startswith(one.path.rstrip("/") + "/")]
    return max(inside, key=lambda one: len(one.path), default=None)


def content(mount: Mount | None, path: str, lookup: Lookup) -> Value:
    """The text of a file that a ConfigMap of the inputs shows at a path; an Unknown where it is not shown."""
    if mount is None:
        return Unknown(f"`{path}` is a file of the image", decided_by=(path,))
    kind, name = mount.holder
    data = lookup(name, "") if kind == "ConfigMap" else None
    if not isinstance(data, Mapping):
        what = f"{mount.shown}, which is not shown"
        return Unknown(f"`{path}` comes from {what}", decided_by=(f"{kind}/{name}" if kind else path,))
    wanted = mount.file(path)
    for item in items_of(dig(mount.volume, "configMap", "items")):
        if dig(item, "path") == wanted:
            wanted = text(dig(item, "key"))
            break
    if wanted in data:
        return data[wanted]
    return Unknown(f"ConfigMap `{name}` has no key for `{path}`", decided_by=(f"ConfigMap/{name}",))
