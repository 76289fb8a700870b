"""Where weights come from when a server starts: a store of the operator, a public hub, or what nothing shows."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.recognise.build import containers
from scanner.builders.recognise.containers import SHELLS, Container
from scanner.builders.recognise.signals import NAMES, server_of
from scanner.builders.recognise.untold import untold_variables
from scanner.graph.facts import ModelReference, Origination
from scanner.graph.model import Node, Role
from scanner.patterns import lazy
from scanner.unknown import Unknown

STORES_KEY = "profile:models.stores"
MANAGED = ("bedrock:", "azure:", "vertex:", "openai:", "sagemaker:")
"""Models that a provider holds: nothing is fetched."""
HUBS = {
    "hf": "the public hub of Hugging Face",
    "ollama": "the public registry of Ollama",
    "nim": "the catalogue of NGC",
}
OFFLINE = frozenset({"1", "true", "yes", "on"})
_PUBLIC_HOSTS = lazy(
    r"^https?://([\w.-]+\.)?(huggingface\.co|hf\.co|hf-mirror\.com|modelscope\.cn|kaggle\.com|civitai\.com|"
    r"github\.com|githubusercontent\.com|ngc\.nvidia\.com|ollama\.com|ollama\.ai)(/|:|$)"
)
_PUBLIC_REGISTRIES = lazy(r"^oci:(?:docker\.io/|index\.docker\.io/|ghcr\.io/|quay\.io/|[\w-]+/[\w.-]+(?::|@|$))")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "S3_ENDPOINT_URL", "S3_ENDPOINT")
_AWS_HOSTS = lazy(r"^(?:https?://)?(?:[\w-]+\.)+amazonaws\.com(?:\.cn)?(?::\d+)?/?\Z")
_FETCHES = lazy(
    r"\b(?:huggingface-cli|hf)\s+download\b|snapshot_download|hf_hub_download|\bollama\s+pull\b|"
    r"https?://(?:[\w.-]+\.)?(?:huggingface\.co|hf\.co|modelscope\.cn)/"
)


def origination_of(world: World, node: Node, fact: ModelReference, name: str) -> Origination | None:
    """Where a reference is fetched from; None for a model that a provider holds, or a pattern of a permission."""
    if name.startswith(MANAGED) or "*" in name:
        return None
    public, because = _judged(world, node, name)
    doubt = unknown_program(world, node, fact) if public is True and name.startswith("hf:") else None
    if doubt is not None:
        public, because = doubt, doubt.cause
    return Origination(origin=fact.origin, because=because, place=name, public=public)


def unknown_program(world: World, node: Node, fact: ModelReference) -> Unknown | None:
    """What is not known of the program that loads the model: which one a variable tells of it, or its arguments."""
    resource = world.inventory.by_id.get(node.id)
    for container in containers(world, resource) if resource is not None else ():
        told = [name for name in NAMES if name in container.env and container.env[name].origin == fact.origin]
        if told and not server_of(container):
            cause = (
                f"what the program of container `{container.name}` loads for `{told[0]}`, and from where, is not known"
            )
            return Unknown(cause, decided_by=(f"{node.address}: the program of `{container.name}`",))
        if any(word.origin == fact.origin for word in container.words):
            untold = next((word.unknown for word in container.words if word.unknown and word.text == "*"), None)
            if untold is not None:
                return untold
    return None


def _judged(world: World, node: Node, name: str) -> tuple[bool | Unknown, str]:
    if _is_store(world, name):
        return _elsewhere(world, node, name) or (False, "it lies in a store of the profile")
    scheme = name.partition(":")[0]
    if scheme in HUBS:
        return _from_hub(world, node, name, scheme)
    if _PUBLIC_HOSTS.match(name) or _PUBLIC_REGISTRIES.match(name):
        return True, f"`{name}` lies in a public place"
    if scheme in ("pvc", "file"):
        because = "the volume holds whatever was put there, and what fills it is not shown"
        return Unknown(because, decided_by=(f"what fills {name}",)), because
    return _of_the_operator(world, name)


def _elsewhere(world: World, node: Node, name: str) -> tuple[Unknown, str] | None:
    """Another server that a variable has answer for S3: what it gives for a name of the store nobody knows.

    Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
    """
    resource = world.inventory.by_id.get(node.id) if name.startswith("s3:") else None
    for container in containers(world, resource) if resource is not None else ():
        for variable in _ENDPOINTS:
            found = container.env.get(variable)
            if found is None or found.value == "" or _AWS_HOSTS.match(found.text):
                continue
            because = f"`{variable}` has `{found.text or '*'}` answer in place of S3: what it gives is not known"
            return Unknown(because, decided_by=(f"{node.address}: {variable}",)), because
    return None


def _is_store(world: World, name: str) -> bool:
    entries = [entry.rstrip("/*") for entry in world.profile.stores]
    bare = name.removeprefix("oci:")
    return any(bare == entry or bare.startswith((f"{entry}/", f"{entry}:", f"{entry}@")) for entry in _plain(entries))


def _plain(entries: list[str]) -> Iterator[str]:
    yield from (entry.removeprefix("oci://") for entry in entries)


def _of_the_operator(world: World, name: str) -> tuple[bool | Unknown, str]:
    if world.profile.has("models.stores"):
        return True, f"`{name}` lies in no store of the profile"
    because = "whether the store is the operator's is not known: the profile has no `models.stores`"
    return Unknown(because, decided_by=(STORES_KEY,)), because


def _from_hub(world: World, node: Node, name: str, scheme: str) -> tuple[bool | Unknown, str]:
    """A name of a hub is fetched when the server starts, unless its variables keep it from that."""
    resource = world.inventory.by_id.get(node.id)
    listed = containers(world, resource) if resource is not None and scheme == "hf" else []
    for container in listed:
        told = _kept_off(world, container)
        if told is not None:
            return told
    return True, f"`{name.partition(':')[2]}` is fetched from {HUBS[scheme]} when the server starts"


def _kept_off(world: World, container: Container) -> tuple[bool | Unknown, str] | None:
    for row in tables.artifacts("offline-variable"):
        found = container.env.get(row.key or row.id)
        if found is None:
            continue
        if isinstance(found.value, Unknown):
            return found.value, f"`{row.id}` is not known"
        if row.value is not None and found.text.lower() in OFFLINE:
            return False, f"`{row.id}` keeps the server from fetching: it reads what lies in its cache"
        if row.value is None and found.text and not _PUBLIC_HOSTS.match(found.text):
            return _mirror(world, found)
    untold = next((name for _, name, _ in untold_variables(container)), None)
    return None if untold is None else (untold, f"which variables container `{container.name}` has is not known")


def _mirror(world: World, found: Found) -> tuple[bool | Unknown, str]:
    if _is_store(world, found.text):
        return False, f"it is fetched from `{found.text}`, a store of the profile"
    return _of_the_operator(world, found.text)


def add_downloads(world: World) -> None:
    """A statement for each command in the pod of a server that fetches weights from a public hub."""
    for node in world.with_role(Role.MODEL, Role.CANDIDATE, Role.CLASSIFIER):
        resource = world.inventory.by_id.get(node.id)
        if resource is None:
            continue
        for container in containers(world, resource):
            fetched = [found for line, found in _lines(container) if _FETCHES.search(line)]
            if not fetched and container.words and _FETCHES.search(container.command_line):
                fetched = [Found(container.command_line, container.words[0].origin)]
            for found in fetched or _untold(container):
                if not _already(world, node.id, found):
                    because = f"container `{container.name}` fetches weights from a public hub when the pod starts"
                    public: bool | Unknown = True
                    if found.unknown is not None:
                        because, public = f"what container `{container.name}` runs is not known", found.unknown
                    made = Origination(origin=found.origin, because=because, place=container.name, public=public)
                    world.add_fact(node.id, made)


def _untold(container: Container) -> Iterator[Found]:
    """The command of a container beside the server of which nothing is known: its program, or the script of a shell."""
    words = container.words
    if not words or (server_of(container) and not container.init):
        return
    first = words[0].text.rpartition("/")[2]
    doubtful = words[:1] if first not in SHELLS else words[1:]
    for word in doubtful:
        if word.unknown is not None and word.text == "*":
            yield Found(word.unknown, word.origin)
            return


def _already(world: World, node_id: str, found: Found) -> bool:
    """Whether a reference on the same line has said it."""
    facts = world.nodes[node_id].facts
    return any(isinstance(fact, Origination) and fact.origin == found.origin for fact in facts)


def _lines(container: Container) -> Iterator[tuple[str, Found]]:
    """The command of a container, part by part as it is written."""
    parts: dict[object, str] = {}
    for word in container.words:
        parts[word.origin] = f"{parts.get(word.origin, '')} {word.text}".strip()
    for word in container.words:
        line = parts.pop(word.origin, "")
        if line:
            yield line, Found(line, word.origin)
