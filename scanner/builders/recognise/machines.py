"""Model servers that Terraform starts: ECS tasks, machines with a start script, Helm releases, container services."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from scanner import tables
from scanner.builders.blocks import Found, at, first, strings, text
from scanner.builders.draft import World
from scanner.builders.recognise import reference
from scanner.builders.recognise.aws_services import JOBS, SCRIPTED, SERVICES, service_containers
from scanner.builders.recognise.containers import Container, Word, container, containers_of, words_of
from scanner.builders.recognise.served import served
from scanner.builders.recognise.signals import Verdict, argument_fact, verdict
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.model_words import image_fact
from scanner.resource import Attrs, Encoded, Items, Resource
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, json_document, load_one

SCRIPTS = {
    "aws_instance": ("user_data", "user_data_base64"),
    "aws_launch_template": ("user_data",),
    "aws_launch_configuration": ("user_data", "user_data_base64"),
    "azurerm_linux_virtual_machine": ("custom_data", "user_data"),
    "azurerm_linux_virtual_machine_scale_set": ("custom_data", "user_data"),
    "google_compute_instance": ("metadata_startup_script", "metadata.startup-script", "metadata.user-data"),
    "google_compute_instance_template": ("metadata_startup_script", "metadata.startup-script", "metadata.user-data"),
}
"""Where a machine's start script stands."""
_CASED = {
    name.lower(): name
    for name in (
        "name", "image", "command", "entryPoint", "environment", "environmentFiles", "value", "valueFrom", "secrets",
        "essential", "portMappings", "containerPort", "hostPort", "protocol", "mountPoints", "sourceVolume",
        "containerPath", "readOnly", "resourceRequirements", "type", "linuxParameters", "devices", "hostPath",
        "privileged", "user", "dockerLabels", "logConfiguration", "firelensConfiguration", "options",
        "repositoryCredentials", "volumesFrom", "dependsOn", "healthCheck", "readonlyRootFilesystem",
    )
}  # fmt: skip
"""The keys of a container definition that are read, by their lower case."""
_FREE = ("dockerLabels", "options")
"""Keys that hold names of the author's own."""
SIZES = {
    "instance_type": r"^(p\d|g\d|gr\d|inf\d|trn\d|dl\d)",
    "size": r"^Standard_(N[CDV]|ND)",
    "sku": r"^Standard_(N[CDV]|ND)",
    "machine_type": r"^(a2|a3|a4|g2|g4)-",
}
"""Machine sizes with an accelerator."""
CONTAINER_TYPES = ("google_cloud_run", "azurerm_container_", "aws_ecs_task_definition")
CHARTS = (
    "vllm", "vllm-stack", "ollama", "triton", "triton-inference-server", "text-generation-inference", "tgi", "sglang",
    "nim-llm", "text-embeddings-inference", "kubeai-models", "localai", "local-ai", "llm-d-modelservice", "ray-llm",
)  # fmt: skip
"""Charts that install a model server."""
MODEL_VALUES = ("modelURL", "modelId", "modelID", "model_id", "storageUri")
"""Keys by which such charts name the model, at any depth of their values."""


def machine_verdict(world: World, resource: Resource) -> Verdict | None:
    """The role of a Terraform resource that may start a model server."""
    if resource.kind == "helm_release":
        return _release(resource)
    if resource.kind == "aws_ecs_service":
        return verdict(machine_containers(world, resource))
    if resource.kind in SCRIPTS:
        return _scripted(resource)
    if resource.kind in SERVICES:
        return _service(machine_containers(world, resource), resource.kind)
    if resource.kind.startswith(CONTAINER_TYPES):
        if resource.kind == "aws_ecs_task_definition" and _has_service(world, resource):
            return None
        return verdict(machine_containers(world, resource), _job(resource.kind))
    return None


def _service(containers: Sequence[Container], kind: str) -> Verdict | None:
    """A server of models that a job of a service runs answers its prompts, whether or not anybody else calls it."""
    found = verdict(containers, "Job" if kind in JOBS else "")
    return replace(found, role=Role.MODEL) if found is not None and kind in JOBS and found.server else found


def machine_references(world: World, resource: Resource) -> list[ModelReference]:
    """What the containers or the script of a resource serve."""
    if resource.kind == "helm_release":
        named = list(dict.fromkeys(_in_release(resource)))
        if named:
            return named
    found = [
        fact
        for one in machine_containers(world, resource)
        if not one.init and verdict([one]) is not None
        for fact in served(one)
    ]
    if found:
        return list(dict.fromkeys(found))
    cause = f"nothing written in `{resource.address}` says which model it serves"
    unknown = Unknown(cause, decided_by=(resource.address,))
    return [ModelReference(origin=resource.origin, because=cause, reference=unknown)]


def machine_containers(world: World, resource: Resource) -> Sequence[Container]:
    """The containers that a Terraform resource runs; a script counts as one."""
    if resource.kind == "aws_ecs_service":
        task = _task(world, resource)
        return machine_containers(world, task) if task is not None else []
    if resource.kind == "aws_ecs_task_definition":
        return list(task_containers(resource))
    if resource.kind in SERVICES:
        lines = [found for path in SCRIPTED.get(resource.kind, ()) for found in at(resource, path)]
        return [*service_containers(resource), *(_script_container(resource.name, one) for one in lines)]
    if resource.kind in SCRIPTS:
        return _started(resource)
    if resource.kind == "helm_release":
        return []
    return containers_of(resource)


def task_containers(resource: Resource) -> Iterator[Container]:
    """The containers of an ECS task definition, from its JSON or from `jsonencode`."""
    for one in at(resource, "container_definitions"):
        for body in _definitions(one):
            if isinstance(body, dict):
                folded = _in_their_case(body)
                made = container(folded, one.origin)
                yield replace(made, own_command=bool(folded.get("entryPoint")))


def _in_their_case(body: Mapping[str, Value]) -> Attrs:
    """A definition with its keys as ECS writes them: the provider takes them in any case (`entrypoint`, `Image`).

    Source: hashicorp/terraform-provider-aws, whose decoder of JSON matches names without regard to case.
    """
    marks = body.marks if isinstance(body, Attrs) else {}
    result = Attrs()
    for key, value in body.items():
        name = _CASED.get(key.lower(), key)
        inner = value if name in _FREE else _each_in_their_case(value)
        result[name] = inner
        if key in marks:
            result.marks[name] = marks[key]
    return result


def _each_in_their_case(value: Value) -> Value:
    if isinstance(value, Mapping):
        return _in_their_case(value)
    if isinstance(value, list | tuple):
        return Items([_each_in_their_case(one) for one in value], value.marks if isinstance(value, Items) else ())
    return value


def _definitions(one: Found) -> list[Value]:
    value = one.value
    if isinstance(value, Unknown | Encoded):
        value = value.document
    elif isinstance(value, str):
        try:
            value = json_document(value, "container_definitions").value
        except TextError:
            return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _task(world: World, service: Resource) -> Resource | None:
    named = first(service, "task_definition")
    found = world.inventory.find(named.value, service, "aws_ecs_task_definition") if named else None
    return found if isinstance(found, Resource) else None


def _has_service(world: World, task: Resource) -> bool:
    services = world.inventory.of("aws_ecs_service", unit=task.unit)
    return any(found is task for found in (_task(world, one) for one in services))


def _job(kind: str) -> str:
    return "Job" if kind.startswith("google_cloud_run_v2_job") else ""


def scripts(resource: Resource) -> Iterator[Found]:
    """The start scripts of a machine, decoded where they are base64."""
    for path in SCRIPTS.get(resource.kind, ()):
        for one in at(resource, path):
            for found in strings(one.value, one.origin):
                yield Found(decoded(found.text), found.origin, found.possible)


def decoded(written: str) -> str:
    """The text inside base64, or `written` where it is no base64 of a text."""
    bare = "".join(written.split())
    if len(bare) < 16 or len(bare) % 4:
        return written
    try:
        return base64.b64decode(bare, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return written


def _started(resource: Resource) -> tuple[Container, ...]:
    """What the start scripts of a machine run, each as a container; whoever asks has them read once."""
    known = resource.memo.get("started")
    if not isinstance(known, tuple):
        known = resource.memo["started"] = tuple(_script_container(resource.name, one) for one in scripts(resource))
    return known


def _script_container(name: str, script: Found) -> Container:
    words = tuple(words_of(script.value, script.origin))
    image = next((word.text for word in words if image_fact(word.text)), "")
    row = argument_fact(script.text)
    return Container(
        name=name,
        image=Found(image, script.origin) if image else None,
        words=_after(words, image) if image else words if row else (),
        own_command=False,
    )


def _after(words: tuple[Word, ...], image: str) -> tuple[Word, ...]:
    """The words after the image on a `docker run` line: the container's own arguments."""
    index = next(index for index, word in enumerate(words) if word.text == image)
    return words[index + 1 :]


def _scripted(resource: Resource) -> Verdict | None:
    for made in _started(resource):
        if (found := verdict([made])) is not None:
            return Verdict(found.role, f"in its start script: {found.how}", found.server)
    for path, regex in SIZES.items():
        for one in at(resource, path):
            if tables.pattern(regex).search(one.text):
                return Verdict(Role.CANDIDATE, f"`{one.text}` is a machine with an accelerator")
    return None


def _release(resource: Resource) -> Verdict | None:
    for path in ("values", "set", "set_list"):
        for one in at(resource, path):
            for found in strings(one.value, one.origin):
                row = _in_values(found.text)
                if row:
                    return Verdict(Role.MODEL, f"in the chart's values: {row}")
    chart = first(resource, "chart")
    name = chart.text.rstrip("/").rpartition("/")[2] if chart else ""
    if name in CHARTS:
        return Verdict(Role.CANDIDATE, f"the chart `{name}` installs a model server")
    return None


def _in_release(resource: Resource) -> Iterator[ModelReference]:
    """The models that a chart's values name, under the keys that charts of model servers use."""
    for one in at(resource, "values"):
        items = one.value if isinstance(one.value, list | tuple) else [one.value]
        for item in items:
            for key in MODEL_VALUES:
                for value in tables.reach(_document(item), f"**.{key}"):
                    if isinstance(value, str) and value:
                        found = reference.of(value, key)
                        yield ModelReference(
                            origin=one.origin,
                            because=f"`{key}` in the chart's values names the model",
                            reference=found.name,
                            digest=found.digest,
                        )


def _document(item: Value) -> Value:
    if isinstance(item, Unknown | Encoded):
        return item.document
    try:
        return load_one(item, "values").value if isinstance(item, str) else None
    except TextError:
        return None


def _in_values(written: str) -> str:
    words = text(written).replace('"', " ").replace("'", " ").split()
    if tables.model_sieve("image").rules_out(*(f"{word}:" for word in words)):
        words = []  # none is an image: whatever text an image needs, and `a` has, `a:` has as well
    for word in words:
        row = image_fact(word) or image_fact(f"{word}:")
        if row is not None:
            return row.because
    row = argument_fact(written)
    return row.because if row else ""
