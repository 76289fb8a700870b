"""Code that a container of the stack runs beside or in place of its image's own program: by its command, by variables.

Facts: ld.so(8) (`LD_PRELOAD`, `LD_AUDIT`, `LD_LIBRARY_PATH`); documentation of Python ("Environment variables"), of
Node.js (`NODE_OPTIONS`) and of the JDK (`JAVA_TOOL_OPTIONS`); kubernetes.io, "Define Environment Variable Values Using
An Init Container" (`fileKeyRef`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanner.builders.recognise.containers import SHELLS, Container
from scanner.builders.recognise.mounted import mount_of
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown, Value

Seen = tuple[str, Origin | None, str, str]
"""A setting, its line, why it is open, and what decides it."""
NAMES = frozenset(
    {"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONUSERBASE",
     "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "BASH_ENV", "PERL5OPT",
     "PERL5LIB", "RUBYOPT", "RUBYLIB"}
)  # fmt: skip
"""Variables by which a program is given code to load."""
_OWN = lazy(
    r"^/(?:usr|bin|sbin|lib|lib32|lib64|opt|home|srv|root|app|apps|code|src|workspace|vllm-workspace|litellm|nix)(?:/|$)"
)
"""Where images keep their own programs; what is mounted over them is told as such."""
_NO_CODE = lazy(r"(?:^|\s)-(?:D|X(?!bootclasspath))\S*")
"""Options of a JVM that load nothing: properties, sizes."""
_ROOT = lazy(r"^/[\w.-]+$")
"""A program at the root of its image, as minimal images have it."""
_STARTS = lazy(r"^/(?:docker-)?(?:entry(?:point)?|start|run|main|serve|server)(?:\.(?:sh|py|js))?$")
"""Scripts at the root of an image that start its program."""
_PATH = lazy(r"(?:^|[\s:=,;])(/[^\s:=,;]+)")
_INLINE = lazy(r"\bdata:|https?://|--inspect|-agentlib:jdwp|(?:^|\s)(?:-e|--eval|-p|--print)(?:[\s=]|$)")
"""Code in the text itself or from elsewhere, and debuggers, which take any."""
_INTERPRETERS = lazy(r"^(?:python[\d.]*|node|perl|ruby|php|deno|bun)$")
_RELAYS = frozenset({"socat", "nc", "ncat", "netcat", "ssh", "sshd", "autossh", "chisel", "gost", "telnetd", "rinetd"})
_FETCHERS = frozenset({"eval", "npx", "uvx", "pipx", "base64", "xxd", "source", "."})
_INSTALLERS = frozenset({"pip", "pip3", "npm", "yarn", "apk", "apt", "apt-get", "dnf", "yum", "uv"})
_MODULES = frozenset({"http.server", "pip", "pdb", "debugpy", "code"})
_SKIPPED = frozenset({"exec", "nohup", "then", "do", "else", "if", "while", "until", "!", "{", "(", "time", "env"})
_BREAKS = lazy(r"&&|\|\|?|;|\n|&(?![>\d])")
_SCRIPT = lazy(r"^-[a-z]*c$")


def loaded(container: Container) -> Iterator[Seen]:
    """Variables that have a program load code which is neither the image's own nor in a mount that is told."""
    for name in sorted(NAMES & container.env.keys()):
        found = container.env[name]
        value = found.value
        if isinstance(value, Unknown):
            cause = f"which code `{name}` has its program load is not known"
            yield name, found.origin, cause, f"env.{name}"
        elif isinstance(value, str):
            strange = next((one for one in _PATH.findall(_NO_CODE.sub(" ", value)) if not _own(container, one)), "")
            if strange or _INLINE.search(value):
                what = f"code from `{strange}`" if strange else "code that is not the image's own"
                cause = f"`{name}` has its program load {what}, which is not looked at"
                yield name, found.origin, cause, f"env.{name}"


def from_files(container: Container) -> Iterator[Seen]:
    """Variables whose values stand in a file that something writes when the pod runs."""
    for entry in items_of(dig(container.body, "env")):
        name, source = dig(entry, "name"), dig(entry, "valueFrom", "fileKeyRef")
        if source is not None and isinstance(name, str):
            where = mark(entry, "valueFrom", "fileKeyRef") or mark(entry, "valueFrom")
            yield f"env.{name}", where, f"the file that gives `{name}` its value is not shown", f"env.{name}"


def replaced(container: Container) -> Iterator[Seen]:
    """A command that runs something else than a program of the image, or may."""
    command = [*items_of(dig(container.body, "command"))]
    every = [*command, *items_of(dig(container.body, "args"))]
    key = "command" if command else "args"
    where = mark(container.body, key, 0) or mark(container.body, key)
    strange = next(filter(None, (_strange(container, one) for one in _segments(container, every, bool(command)))), "")
    if strange:
        yield key, where, f"it runs {strange} in place of its image's own program", f"{key} of {container.name}"


def _segments(container: Container, every: Sequence[Value], own: bool) -> Iterator[list[str]]:
    """The commands of a command line, each as its words; of arguments alone, those that begin with a shell or relay."""
    shown = ["*" if isinstance(one, Unknown) and not one.pieces else _text(one) for one in every]
    if not shown:
        return
    head = shown[0].rpartition("/")[2]
    if not own and head not in SHELLS and head not in _RELAYS:
        return
    flag = next((place for place, one in enumerate(shown[:4]) if _SCRIPT.match(one)), None)
    if head not in SHELLS:
        bare = own and _ROOT.match(shown[0]) and mount_of(container, shown[0]) is None
        yield from () if bare else (shown,)
    elif flag is None:
        yield from ([one] for one in [one for one in shown[1:] if not one.startswith("-")][:1])
    else:
        script = shown[flag + 1] if flag + 1 < len(shown) else "*"
        yield from _split(script)


def _split(script: str) -> Iterator[list[str]]:
    plain = re.sub(r"(?m)(?:^|\s)#.*$", "", script.replace("\\\n", " "))
    for part in _BREAKS.split(plain):
        words = [one.strip("\"'()") for one in part.split()]
        while words and (words[0] in _SKIPPED or re.match(r"[A-Za-z_]\w*=", words[0])):
            words = words[1:]
        if words:
            yield words


def _text(value: Value) -> str:
    return value.text() if isinstance(value, Unknown) else str(value)


def _strange(container: Container, words: list[str]) -> str:
    """What a command runs that is no program of the image; "" where nothing speaks against it."""
    head, rest = words[0], words[1:]
    name = head.rpartition("/")[2]
    if head in ("$@", "${@}"):
        return ""
    if head == "*" or head.startswith(("$", "`")):
        return "a command that is not known"
    if name in _RELAYS and "-z" not in rest:
        return f"the relay `{name}`"
    if name in SHELLS:
        script = next((one for one in rest if not one.startswith("-")), "")
        return "" if script and "-c" not in rest and _mine(container, script) else f"another `{name}`"
    if name in _FETCHERS and (name not in ("source", ".") or not rest or not _mine(container, rest[0])):
        return f"`{name}`"
    if name in _INSTALLERS and {"install", "add", "run"} & set(rest[:2]) and (name != "uv" or rest[:1] != ["run"]):
        return f"`{name}`"
    if name in ("curl", "wget") and _saves(name, rest):
        return f"what `{name}` fetches"
    if _INTERPRETERS.match(name):
        return _interpreted(container, name, rest)
    return f"`{head}`" if head.startswith("/") and not _mine(container, head) else ""


def _saves(name: str, rest: list[str]) -> bool:
    if name == "wget":
        return "--spider" not in rest and "/dev/null" not in rest
    kept = any(re.match(r"-\w*[oO]$|--(?:output|remote-name)", one) for one in rest)
    return kept and "/dev/null" not in rest


def _interpreted(container: Container, name: str, rest: list[str]) -> str:
    if rest[:1] in (["-c"], ["-e"], ["-p"], ["--eval"], ["-"]) or not rest:
        return f"code that is written for `{name}`"
    if rest[0] == "-m" and rest[1:2] and rest[1] in _MODULES:
        return f"the module `{rest[1]}`"
    script = next((one for one in rest if not one.startswith("-")), "")
    return f"`{script}`" if script.startswith("/") and not _mine(container, script) else ""


def _mine(container: Container, path: str) -> bool:
    """Whether a program lies where images keep theirs, and no mount is over it."""
    own = _OWN.match(path) is not None or _STARTS.match(path) is not None
    return not path.startswith("/") or (own and mount_of(container, path) is None)


def _own(container: Container, path: str) -> bool:
    return _OWN.match(path) is not None or mount_of(container, path) is not None
