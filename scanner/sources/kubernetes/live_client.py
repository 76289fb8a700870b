"""The connection to an API server, through the official client: its configuration, its credentials and its pool.

The only module that imports `kubernetes`, and only when a connection is made. Answers are raw bytes: the client's own
models refuse fields that they do not know, and cost six times as much.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, field

from scanner import __version__
from scanner.errors import UsageError
from scanner.resource import dig
from scanner.yamltext import TextError, load_one

JSON = "application/json"
NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
"""What is asked of kinds whose values are nobody's business: metadata alone."""
MAX_BYTES = 256_000_000
"""A page that is larger is no answer to `limit=500`."""
TRIES = 5
MAX_WAIT = 30.0
"""Seconds before one more try at most, whatever the server asks for."""
TIMEOUT = (10.0, 120.0)
_IN_CLUSTER = "in-cluster"


class Answer(Struct, frozen=True):
    """What a server answered. status: 0 where no answer came, and `error` says why."""

    status: int
    body: bytes = b""
    error: str = ""


class Asked(Struct, frozen=True):
    """What the user asked to connect to; "" is the kubeconfig's own choice. cluster: the name to give it."""

    context: str = ""
    kubeconfig: Path | None = None
    cluster: str = ""


class Connection(Struct, frozen=True):
    """A server. cluster: its name, as the kubeconfig has it. namespace: the one of the context, "" for none."""

    cluster: str
    namespace: str
    pool: Any
    configuration: Any
    failures: tuple[type[Exception], ...]
    sleep: Callable[[float], None] = field(default=time.sleep)

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        """One GET, again after what passes: 429 as the server asks, a broken connection, an overloaded server."""
        wait, answer = 0.0, Answer(0)
        for turn in range(TRIES):
            if turn:
                self.sleep(wait)
            answer, after = self._once(path, query or {}, accept)
            if answer.status == 429:
                wait = min(after if after is not None else 2.0**turn, MAX_WAIT)
            elif answer.status in (0, 500, 502, 503, 504) and turn < 2:
                wait = min(after if after is not None else 1.0, MAX_WAIT)
            else:
                break
        return answer

    def post(self, path: str, body: bytes) -> Answer:
        """One POST, for a question that has no other form: a review of access, which leaves nothing behind."""
        return self._once(path, {}, JSON, body)[0]

    def _once(
        self, path: str, query: Mapping[str, str], accept: str, body: bytes | None = None
    ) -> tuple[Answer, float | None]:
        url = f"{self.configuration.host.rstrip('/')}{path}{'?' if query else ''}{urlencode(query)}"
        try:
            headers = {"Accept": accept, "User-Agent": f"tether/{__version__}", **self._credentials()}
            more = {} if body is None else {"body": body}
            headers |= {} if body is None else {"Content-Type": JSON}
            # Neither retried nor redirected inside the pool: what is asked, how often and of whom is decided here.
            response = self.pool.request(
                "GET" if body is None else "POST", url, headers=headers, preload_content=False, retries=False,
                redirect=False, timeout=self._timeout, **more,
            )  # fmt: skip
            told = response.read(MAX_BYTES + 1, decode_content=True)
            if len(told) > MAX_BYTES:
                response.close()  # the connection holds the rest of it
                return Answer(0, error=f"more than {MAX_BYTES // 1_000_000} MB in one page"), None
            response.release_conn()
        except self.failures as error:
            return Answer(0, error=f"{type(error).__name__}: {error}"), None
        return Answer(response.status, told), _seconds(response.headers.get("Retry-After"))

    @property
    def _timeout(self) -> Any:
        return importlib.import_module("urllib3").Timeout(connect=TIMEOUT[0], read=TIMEOUT[1])

    def _credentials(self) -> dict[str, str]:
        """The headers that the client would send; it renews a token of a credential plug-in here."""
        return {
            str(one["key"]): str(one["value"])
            for one in self.configuration.auth_settings().values()
            if one.get("in") == "header" and one.get("value")
        }


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; None where there is none, or a date."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 8 else None


def connect(asked: Asked, sleep: Callable[[float], None] = time.sleep) -> Connection:
    """A connection, nothing sent yet. Raises UsageError where the client is not there or the kubeconfig is of no use.

    A kubeconfig may name a program that gives the credential (`exec`), as those of EKS and GKE do: the client runs it.
    The file is the user's own. Nothing is written back to it.
    """
    try:
        client = importlib.import_module("kubernetes.client")
        config = importlib.import_module("kubernetes.config")
        failure = importlib.import_module("urllib3.exceptions").HTTPError
    except ImportError as error:
        raise UsageError(
            "--live kubernetes needs the `kubernetes` client: pip install 'tether-scanner[live]'"
        ) from error
    failures = (failure, config.ConfigException, OSError, ValueError)
    made = client.Configuration()
    if _inside(asked):
        try:
            config.load_incluster_config(client_configuration=made)
        except (config.ConfigException, OSError) as error:
            raise UsageError(f"the service account of this pod cannot be used: {error}") from error
        cluster, namespace = _IN_CLUSTER, ""
    else:
        cluster, namespace = _load(config, made, asked)
    pool = client.ApiClient(configuration=made).rest_client.pool_manager
    return Connection(asked.cluster or cluster, namespace, pool, made, failures, sleep)


def _inside(asked: Asked) -> bool:
    """Whether the scan runs in a pod, and was not told of a kubeconfig."""
    return asked == Asked(cluster=asked.cluster) and "KUBERNETES_SERVICE_HOST" in os.environ and not _files(asked)


def _files(asked: Asked) -> list[Path]:
    if asked.kubeconfig is not None:
        return [asked.kubeconfig]
    named = os.environ.get("KUBECONFIG", "")
    paths = [Path(one) for one in named.split(os.pathsep) if one] or [Path.home() / ".kube" / "config"]
    return [path for path in paths if path.is_file()]


def _load(config: Any, made: Any, asked: Asked) -> tuple[str, str]:
    """Fill in the configuration; the names of the cluster and of the context's namespace."""
    files = _files(asked)
    if not files:
        raise UsageError("there is no kubeconfig: --kubeconfig FILE names one")
    for path in files:
        _check(path)
    joined = os.pathsep.join(map(str, files))
    try:
        contexts, active = config.list_kube_config_contexts(joined)
        chosen = next((one for one in contexts if one["name"] == asked.context), None) if asked.context else active
        if chosen is None:
            raise UsageError(f"the kubeconfig has no context `{asked.context}`: {_names(contexts)}")
        config.load_kube_config(
            config_file=joined, context=chosen["name"], client_configuration=made, persist_config=False
        )
        named = chosen["context"]
        return str(named["cluster"]), str(named.get("namespace") or "")
    except (config.ConfigException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"the kubeconfig `{joined}` cannot be used: {error}") from error


def _names(contexts: Sequence[Any]) -> str:
    return ", ".join(f"`{one['name']}`" for one in contexts) or "it has none"


def _check(path: Path) -> None:
    """Raise UsageError where a file is no kubeconfig at all; the client's own words for that help nobody."""
    try:
        value = load_one(path.read_text(encoding="utf-8"), str(path)).value
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the kubeconfig `{path}` cannot be read: {error}") from error
    except TextError as error:
        raise UsageError(f"the kubeconfig `{path}` is not valid: {error.origin}: {error.cause}") from error
    if not isinstance(dig(value, "clusters"), list) or not isinstance(dig(value, "contexts"), list):
        raise UsageError(f"`{path}` is no kubeconfig: it has no lists `clusters` and `contexts`")
