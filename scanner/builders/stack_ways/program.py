"""Classifiers that run something else than their image's server: a command that never answers is no classifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.draft import World
from scanner.builders.recognise.containers import SHELLS, Container, Word, is_kubernetes
from scanner.builders.recognise.signals import argument_fact
from scanner.builders.stack_ways.settings import running
from scanner.graph.facts_ways import Program
from scanner.graph.model import Role
from scanner.model_words import image_fact
from scanner.patterns import lazy
from scanner.podspec import containers, pod_templates
from scanner.resource import Resource
from scanner.unknown import Unknown

_PROXIES = frozenset({"istio-proxy", "linkerd-proxy"})
_IDLE = frozenset(
    {"sleep", "true", "false", "pause", "tail", "cat", "echo", "printf", "yes", "read", "wait", "date", "ls", "pwd",
     "hostname", "test", "exit", "trap", "set", "cd", "export", "umask", "ulimit", ":", "[", "mkdir", "touch", "chmod"}
)  # fmt: skip
"""Programs and words of the shell that answer no call, whatever their arguments."""
_WORDS = frozenset({"while", "until", "do", "done", "if", "then", "else", "fi", "exec", "nohup", "!", "{", "}", "("})
_BREAKS = lazy(r"^(?:&&|\|\||;|\||&)$")
_INERT_IMAGE = lazy(r"(?:^|/)(?:pause(?:-[a-z0-9]+)?|busybox|alpine|hello-world)(?:[:@]|$)")


def build_programs(world: World) -> None:
    """A Program fact on each classifier of which no container is known to serve."""
    for one in world.resources_with(Role.CLASSIFIER):
        if one.data or not is_kubernetes(one) or not pod_templates(one):
            continue
        found = [*_untold(one), *(_program(each) for each in running(world, one) if each.name not in _PROXIES)]
        if found and all(each is not None for each in found):
            unsure = [each for each in found if each is not None and isinstance(each.serves, Unknown)]
            for fact in unsure or [each for each in found if each is not None]:
                world.add_fact(one.id, fact)


def _untold(resource: Resource) -> Iterator[Program]:
    """Containers of which nothing at all is known."""
    for template in pod_templates(resource):
        for each in containers(template.spec):
            if isinstance(each.value, Unknown) and each.role == "main":
                because = "what it runs is not known"
                yield Program(origin=each.origin, because=because, container="*", serves=each.value)


def _program(container: Container) -> Program | None:
    """What a container runs where that is no server, or may be none; None where nothing speaks against one."""
    image = container.image.text if container.image is not None else ""
    where = container.image.origin if container.image is not None else None
    if not container.words:
        if not _INERT_IMAGE.search(image):
            return None
        return Program(origin=where, because=f"image `{image}` answers no call", container=container.name, serves=False)
    if not container.own_command and not _INERT_IMAGE.search(image):
        return None
    line, where = container.command_line, container.words[0].origin
    if argument_fact(line) is not None:
        return None
    heads = list(_heads(container.words))
    unsure = next((word.unknown for word in heads if word.unknown is not None or "*" in word.text), None)
    if any(word.unknown is not None for word in heads):
        cause = unsure.cause if unsure is not None else "a variable names it"
        doubt = Unknown(cause, decided_by=unsure.decided_by if unsure is not None else (container.name,))
        return Program(origin=where, because="the command is not known", container=container.name, serves=doubt)
    if heads and all(word.text.rpartition("/")[2] in _IDLE for word in heads):
        because = f"the command is `{_short(line)}`, which answers no call"
        return Program(origin=where, because=because, container=container.name, serves=False)
    row = image_fact(image)
    if row is None:
        return None
    cause = f"`{_short(line)}` is run in place of the server of the image"
    doubt = Unknown(cause, decided_by=(f"the command of container {container.name}",))
    return Program(origin=where, because=cause, container=container.name, serves=doubt)


def _heads(words: Sequence[Word]) -> Iterator[Word]:
    """The first word of each command of a command line, that of a shell's script in place of the shell's own."""
    rest = list(words)
    if rest and rest[0].text.rpartition("/")[2] in SHELLS:
        rest = rest[1:]
        while rest and rest[0].text.startswith("-"):
            rest = rest[1:]
    fresh = True
    for word in rest:
        text = word.text
        if _BREAKS.match(text):
            fresh = True
        elif text in _WORDS:
            continue
        elif fresh:
            yield Word(text.rstrip(";"), word.origin, word.unknown)
            fresh = False
        if text.endswith(";") and not _BREAKS.match(text):
            fresh = True


def _short(line: str) -> str:
    from scanner.redact import without_secrets

    told = without_secrets(line)
    return told if len(told) <= 60 else f"{told[:57]}..."
