"""Audit trails of Google Cloud: what a project records of calls to models, and the logs of Vertex AI endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at, first
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.builders.google_models import ENDPOINTS
from scanner.graph.facts import Log
from scanner.graph.facts_audit import Trail
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

CLUSTER = "google_container_cluster"
CONFIGS = ("google_project_iam_audit_config", "google_folder_iam_audit_config", "google_organization_iam_audit_config")
SERVICES = ("allServices", "aiplatform.googleapis.com")
READS = "DATA_READ"
"""A prediction is a read of data in Vertex AI's audit log (Vertex AI documentation, audit logging)."""
LOGGING = "predict_request_response_logging_config"


def google_trails(world: World, guarded: set[str]) -> Iterator[tuple[Resource, Trail]]:
    """Trails of GKE clusters of guarded units, and of the reads of data where Vertex AI models stand."""
    for cluster in world.inventory.of(CLUSTER):
        if cluster.unit in guarded:
            # Cloud Audit Logs documentation: Admin Activity logs are always written and cannot be switched off.
            because = "the admin activity of a GKE cluster is always recorded"
            yield cluster, Trail(origin=cluster.origin, because=because, aspect="cluster-audit", complete=True)
    for endpoint in world.inventory.of(*ENDPOINTS):
        if Role.MODEL in world.nodes[endpoint.id].roles:
            yield endpoint, _calls(world, endpoint)


def _calls(world: World, endpoint: Resource) -> Trail:
    """Whether who calls the endpoint is recorded: data access logs are off unless they are asked for."""
    configs = [one for one in world.inventory.of(*CONFIGS, unit=endpoint.unit) if _over(one, endpoint) is not False]
    named = [one for one in configs if first(one, "service") is None or _about(one)]
    named.sort(key=lambda one: _over(one, endpoint) is not True)
    if not named:
        because = "no audit configuration of the inputs asks for data access: the default is no record of who calls"
        decided = Unknown(because, decided_by=(CONFIGS[0],))
        return _said(endpoint.origin, because, decided)
    for one in named:
        service = first(one, "service")
        if service is not None and service.unknown is not None:
            return _said(service.origin, "which service is recorded is not known", service.unknown)
        exempt = next(iter(values(one, "audit_log_config.exempted_members")), None)
        kinds = values(one, "audit_log_config.log_type")
        unknown = next((each.unknown for each in kinds if each.unknown is not None), one.possible)
        if exempt is not None:
            return _said(exempt.origin, "members are exempt from the record of who calls", exempt.unknown or False)
        if any(each.text == READS for each in kinds) and unknown is None:
            over = _over(one, endpoint)
            says = f"`{one.address}` records who calls" if over is True else "whose calls are recorded is not known"
            return _said(one.origin, says, over)
        if unknown is not None:
            return _said(one.origin, "what is recorded of calls is not known", unknown)
    because = f"`{named[0].address}` has no `{READS}`: who calls a model goes unrecorded"
    return _said(named[0].origin, because, False)


def _over(config: Resource, endpoint: Resource) -> bool | Unknown:
    """Whether a configuration is of the project of an endpoint; one of an organisation is of all that it has."""
    if config.kind == CONFIGS[2]:
        return True
    own = endpoint.attrs.get("project")
    if own is None and endpoint.provider is not None:
        own = endpoint.provider.attrs.get("project")
    project = config.attrs.get("project") if config.kind == CONFIGS[0] else None
    if isinstance(own, str) and isinstance(project, str):
        return own.rpartition("/")[2] == project.rpartition("/")[2]
    if project is not None and own == project:
        return True
    cause = f"whether `{config.address}` is over the project of `{endpoint.address}` is not known"
    return Unknown(cause, decided_by=(f"{endpoint.address}.project",))


def _about(config: Resource) -> bool:
    return any(each.unknown is not None or each.text in SERVICES for each in at(config, "service"))


def _said(origin: Origin | None, because: str, complete: bool | Unknown) -> Trail:
    return Trail(origin=origin, because=because, aspect="data-access", complete=complete)


def google_logs(world: World) -> Iterator[tuple[Resource, Log]]:
    """A Log for each Vertex AI endpoint that is a model: requests and answers go to BigQuery, all or a sample."""
    for endpoint in world.inventory.of(*ENDPOINTS):
        if Role.MODEL in world.nodes[endpoint.id].roles:
            complete, because, place = _logged(endpoint)
            origin = endpoint.origin if place is None else place.origin
            sink = first(endpoint, f"{LOGGING}.bigquery_destination.output_uri")
            yield endpoint, Log(origin=origin, because=because, complete=complete, sink=sink.text if sink else "")


def _logged(endpoint: Resource) -> tuple[bool | Unknown, str, Found | None]:
    block = first(endpoint, LOGGING)
    if block is None:
        return False, f"`{LOGGING}` is not set: the default is to record nothing", None
    if block.unknown is not None:
        return block.unknown, f"whether `{LOGGING}` is set is not known", block
    enabled, rate = first(endpoint, f"{LOGGING}.enabled"), first(endpoint, f"{LOGGING}.sampling_rate")
    for found in (enabled, rate):
        if found is not None and found.unknown is not None:
            return found.unknown, f"what `{LOGGING}` records is not known", found
    if enabled is None or str(enabled.value).lower() != "true":
        return False, "`enabled` is not `true`: nothing is recorded", enabled or block
    if rate is None or not _whole(rate):
        return False, "`sampling_rate` is below 1: only some calls are recorded", rate or enabled
    return True, "every request and every answer is recorded", enabled


def _whole(rate: Found) -> bool:
    shown = str(rate.value)
    return shown.replace(".", "", 1).isdigit() and float(shown) >= 1
