"""An API server to replay: objects in, the list and discovery calls of Kubernetes out, with faults where a test wants.

It speaks HTTP on 127.0.0.1, and the real client talks to it through a kubeconfig.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scanner.sources.kubernetes.kinds import cluster_scoped
from scanner.sources.kubernetes.listed import plural

TOKEN = "t0ken"
NAME = "prod"

BUILT_IN = {
    "v1": "Namespace Node Pod Service ServiceAccount ConfigMap Secret Endpoints PersistentVolume PersistentVolumeClaim "
    "ReplicationController Event",
    "apps/v1": "Deployment StatefulSet DaemonSet ReplicaSet ControllerRevision",
    "batch/v1": "Job CronJob",
    "networking.k8s.io/v1": "NetworkPolicy Ingress IngressClass",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
    "discovery.k8s.io/v1": "EndpointSlice",
    "coordination.k8s.io/v1": "Lease",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "admissionregistration.k8s.io/v1": "ValidatingWebhookConfiguration MutatingWebhookConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
}


@dataclass(frozen=True)
class Request:
    """What the client asked."""

    path: str
    query: dict[str, str]
    accept: str

    @property
    def resource(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        parts = self.path.split("/")
        return parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else ""


@dataclass
class Answer:
    """A status with a body; None for the body drops the connection without a word."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: bool = False


Fault = Callable[[Request], Answer | None]


def status(code: int, reason: str = "") -> Answer:
    """What an API server says when it refuses."""
    return Answer(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason})


def denied(resource: str, *namespaces: str, cluster: bool = True) -> Fault:
    """Forbid listing a resource in the whole cluster, and in the namespaces that are named ("*" is every one)."""

    def fault(request: Request) -> Answer | None:
        if request.resource != resource:
            return None
        inside = request.namespace
        if (not inside and cluster) or inside in namespaces or (inside and "*" in namespaces):
            return status(403, "Forbidden")
        return None

    return fault


def once(answer: Answer, times: int = 1, **wanted: str) -> Fault:
    """One answer, as often as told, to requests whose path ends with `resource`."""
    left = [times]

    def fault(request: Request) -> Answer | None:
        if request.resource != wanted["resource"] or ("token" in wanted and not request.query.get("continue")):
            return None
        left[0] -= 1
        return answer if left[0] >= 0 else None

    return fault


class Cluster:
    """The objects of a cluster, and how it misbehaves."""

    def __init__(
        self,
        objects: Iterable[dict[str, Any]] = (),
        faults: Iterable[Fault] = (),
        page: int = 500,
        more: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.faults = list(faults)
        self.page = page
        self.requests: list[Request] = []
        self.kinds: dict[str, dict[str, bool]] = defaultdict(dict)
        self.names: dict[tuple[str, str], str] = {}
        self.objects: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for version, kinds in BUILT_IN.items():
            for kind in kinds.split():
                self.serve(version, kind)
        for version, kind in more:
            self.serve(version, kind)
        for one in objects:
            self.serve(one["apiVersion"], one["kind"])
            group = one["apiVersion"].rpartition("/")[0]
            self.objects[group, one["kind"]].append(one)

    def serve(self, version: str, kind: str) -> None:
        group = version.rpartition("/")[0]
        if not any(kind in kinds for name, kinds in self.kinds.items() if name.rpartition("/")[0] == group):
            self.kinds[version][kind] = not cluster_scoped(group, kind) and kind not in ("Namespace", "Node")

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        for fault in self.faults:
            found = fault(request)
            if found is not None:
                return found
        parts = request.path.strip("/").split("/")
        if parts == ["api"]:
            return Answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        if parts == ["apis"]:
            return Answer(200, {"kind": "APIGroupList", "groups": self._groups()})
        version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        if version not in self.kinds:
            return status(404, "NotFound")
        if not rest:
            return Answer(200, {"kind": "APIResourceList", "resources": self._resources(version)})
        inside = rest[1] if rest[0] == "namespaces" and len(rest) == 3 else ""
        kind = next((one for one in self.kinds[version] if plural(one) == rest[-1]), None)
        if kind is None or len(rest) not in (1, 3):
            return status(404, "NotFound")
        return self._list(request, version, kind, inside)

    def _groups(self) -> list[dict[str, Any]]:
        found: dict[str, list[dict[str, str]]] = defaultdict(list)
        for version in self.kinds:
            if "/" in version:
                found[version.partition("/")[0]].append({"groupVersion": version, "version": version.partition("/")[2]})
        return [{"name": name, "versions": some, "preferredVersion": some[0]} for name, some in found.items()]

    def _resources(self, version: str) -> list[dict[str, Any]]:
        found = []
        for kind, spaced in self.kinds[version].items():
            name = plural(kind)
            found.append({"name": name, "kind": kind, "namespaced": spaced, "verbs": ["get", "list", "watch"]})
            found.append({"name": f"{name}/status", "kind": kind, "namespaced": spaced, "verbs": ["get"]})
        if version == "v1":
            found.append({"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]})
        return found

    def _list(self, request: Request, version: str, kind: str, inside: str) -> Answer:
        group = version.rpartition("/")[0]
        every = [one for one in self.objects[group, kind] if not inside or _space(one) == inside]
        start = int(request.query.get("continue") or 0)
        size = min(self.page, int(request.query.get("limit") or 500))
        items = [{key: value for key, value in one.items() if key not in ("apiVersion", "kind")} for one in every]
        if "PartialObjectMetadataList" in request.accept:
            items = [{"metadata": one["metadata"]} for one in items]
        metadata = {"resourceVersion": "1"}
        if start + size < len(every):
            metadata["continue"] = str(start + size)
        body = {
            "kind": f"{kind}List",
            "apiVersion": version,
            "metadata": metadata,
            "items": items[start : start + size],
        }
        return Answer(200, body)


def _space(one: dict[str, Any]) -> str:
    return str(one["metadata"].get("namespace") or "default")


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """Serve a cluster; the value is the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            request = Request(address.path, dict(parse_qsl(address.query)), self.headers.get("Accept", ""))
            answer = cluster.answer(request)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                answer = status(401, "Unauthorized")
            if answer.drop:
                self.close_connection = True
                return
            body = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            """A review of access: what a list of the resource would be refused for is not allowed."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked = body["spec"]["resourceAttributes"]
            assert self.path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" and asked["verb"] == "list"
            base = f"/apis/{asked['group']}/v1" if asked["group"] else "/api/v1"
            there = Request(f"{base}/{asked['resource']}", {"limit": "500"}, "")
            said = next((found for fault in cluster.faults if (found := fault(there)) is not None), Answer(200))
            answer = {"status": {"allowed": said.status == 200}} if said.status < 500 else {}
            text = json.dumps(answer).encode()
            self.send_response(201 if answer else said.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest has the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(folder: Path, address: str, *, token: str = TOKEN, namespace: str = "") -> Path:
    """A kubeconfig that leads to the server."""
    context = {"cluster": NAME, "user": "scanner", **({"namespace": namespace} if namespace else {})}
    text = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": NAME, "cluster": {"server": address}}],
        "users": [{"name": "scanner", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": context}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(text))
    return path
