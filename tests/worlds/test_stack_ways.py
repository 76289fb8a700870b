"""What the reference world says where the way from its gateway to a classifier, or to its model, is led elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan

SAFETY, MODEL = "safety.yaml", "model.yaml"
CALLS, MODELS, RUNS = "classifier-calls-led-elsewhere", "gateway-calls-undeclared-model", "classifier-not-running"
SPEC = "  name: prompt-guard\n  namespace: safety\nspec:\n  selector: {app: prompt-guard}\n  ports:\n    - port: 8000\n"
ACCOUNT = "      serviceAccountName: gateway\n"
BUCKET = "            - {name: EVIDENCE_BUCKET"
PROMPT = '            - {name: PROMPT_CLASSIFIER, value: "http://prompt-guard.safety:8000"}\n'
UPSTREAM = "  selector: {app: claude-gov}\n  ports:\n    - port: 8000"
ARGS = '          args: ["--model=s3://acme-gov-weights/prompt-guard/v7/"'
FROM = "    - from:\n        - podSelector:\n            matchLabels: {app: gateway}\n"
HOST = "prompt-guard.safety.svc.cluster.local"
ISTIOD = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.24.2"}]}
"""


def found(folder: Path, edits: list[tuple[str, str, str]], more: str = "") -> dict[str, Any]:
    world = folder / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    for name, old, new in edits:
        path = world / "k8s" / name
        assert path.read_text().count(old) >= 1
        path.write_text(path.read_text().replace(old, new, 1))
    if more:
        (world / "k8s" / "x.yaml").write_text(more)
    return run_scan(world)


def verdicts(report: dict[str, Any], rule: str) -> set[str]:
    return {one["verdict"] for one in report["findings"] if one["rule"] == rule}


def service(spec: str) -> list[tuple[str, str, str]]:
    return [(SAFETY, SPEC, f"  name: prompt-guard\n  namespace: safety\nspec: {spec}\n")]


def pod(text: str) -> list[tuple[str, str, str]]:
    return [(SAFETY, ACCOUNT, ACCOUNT + text)]


def variable(name: str, value: str) -> list[tuple[str, str, str]]:
    return [(SAFETY, BUCKET, f'            - {{name: {name}, value: "{value}"}}\n{BUCKET}')]


def made(kind: str, api: str, spec: str, name: str = "x") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: safety}}\nspec: {spec}\n"


def virtual(rule: str, more: str = "") -> str:
    return made("VirtualService", "networking.istio.io/v1", f"{{hosts: [{HOST}], http: [{rule}]{more}}}")


def listed(address: str) -> str:
    head = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
    meta = "metadata: {name: x, namespace: safety, labels: {kubernetes.io/service-name: prompt-guard}}\n"
    return f"{head}{meta}endpoints: [{{addresses: [{address}]}}]\nports: [{{port: 8000}}]\n"


SERVICES = {
    "another selector": ("{selector: {app: noop}, ports: [{port: 8000}]}", "", "violated"),
    "the gateway itself": ("{selector: {app: gateway}, ports: [{port: 8000}]}", "", "violated"),
    "alias outside": ("{type: ExternalName, externalName: api.evil.example}", "", "violated"),
    "alias inside": ("{type: ExternalName, externalName: a.tenant-a.svc.cluster.local}", "", "unproven"),
    "alias of the other classifier": (
        "{type: ExternalName, externalName: output-guard.safety.svc.cluster.local}",
        "",
        "unproven",
    ),
    "no selector": ("{ports: [{port: 8000}]}", "", "violated"),
    "listed outside": ("{ports: [{port: 8000}]}", listed("8.8.8.8"), "violated"),
    "listed somewhere": ("{ports: [{port: 8000}]}", listed("10.40.1.9"), "unproven"),
    "beside its selector": ("{selector: {app: prompt-guard}, ports: [{port: 8000}]}", listed("8.8.8.8"), "violated"),
    "another port": ("{selector: {app: prompt-guard}, ports: [{port: 8000, targetPort: 9}]}", "", "violated"),
    "a port of no name": ("{selector: {app: prompt-guard}, ports: [{port: 8000, targetPort: web}]}", "", "violated"),
    "no such port": ("{selector: {app: prompt-guard}, ports: [{port: 80, targetPort: 8000}]}", "", "violated"),
    "as it should be": ("{selector: {app: prompt-guard}, ports: [{port: 8000, targetPort: 8000}]}", "", ""),
    "headless": ("{clusterIP: None, selector: {app: prompt-guard}, ports: [{port: 80}]}", "", ""),
}


@pytest.mark.parametrize("case", SERVICES)
def test_the_service_of_a_classifier_must_lead_to_it(tmp_path: Path, case: str) -> None:
    spec, more, verdict = SERVICES[case]
    report = found(tmp_path, service(spec), more)
    assert verdicts(report, CALLS) == ({verdict} if verdict else set())


PODS = {
    "its own hosts": ("      hostAliases: [{ip: 10.0.0.9, hostnames: [prompt-guard.safety]}]\n", "unproven"),
    "hosts outside": ("      hostAliases: [{ip: 8.8.8.8, hostnames: [prompt-guard.safety]}]\n", "violated"),
    "other hosts": ("      hostAliases: [{ip: 10.0.0.9, hostnames: [other.safety]}]\n", ""),
    "name servers": ("      dnsPolicy: None\n      dnsConfig: {nameservers: [10.0.0.9]}\n", "unproven"),
    "more name servers": ("      dnsConfig: {nameservers: [10.0.0.9]}\n", "unproven"),
    "the node's": ("      dnsPolicy: Default\n", "unproven"),
    "options alone": ("      dnsConfig: {options: [{name: ndots, value: '2'}]}\n", ""),
    "as it stands first": ("      dnsConfig: {options: [{name: ndots, value: '1'}]}\n", "unproven"),
    "other options": ("      dnsConfig: {searches: [acme.example], options: [{name: timeout, value: '1'}]}\n", ""),
}


@pytest.mark.parametrize("case", PODS)
def test_a_pod_may_look_names_up_elsewhere(tmp_path: Path, case: str) -> None:
    text, verdict = PODS[case]
    assert verdicts(found(tmp_path, pod(text)), CALLS) == ({verdict} if verdict else set())


def test_names_of_a_file_that_is_mounted(tmp_path: Path) -> None:
    port = "          ports:\n            - containerPort: 8443\n"
    mount = (SAFETY, port, f"{port}          volumeMounts: [{{name: h, mountPath: /etc/hosts, subPath: hosts}}]\n")
    names = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, namespace: safety}\ndata: {hosts: x}\n"
    report = found(tmp_path, [*pod("      volumes: [{name: h, configMap: {name: h}}]\n"), mount], names)
    assert verdicts(report, CALLS) == {"unproven"}


SPARED = 'http://proxy.example.com:3128"}\n            - {name: NO_PROXY, value: ".safety,.inference'
VARIABLES = {
    "other options": ("RES_OPTIONS", "ndots:1", CALLS, "unproven"),
    "harmless options": ("RES_OPTIONS", "timeout:1 ndots:4", CALLS, ""),
    "another list": ("LOCALDOMAIN", "acme.example", CALLS, "unproven"),
    "another cluster's domain": ("PROMPT_CLASSIFIER", f"http://{HOST[:-5]}.acme.example:8000", CALLS, "unproven"),
    "proxy": ("HTTP_PROXY", "http://proxy.example.com:3128", CALLS, "unproven"),
    "proxy that spares": ("HTTP_PROXY", SPARED, CALLS, ""),
    "named twice": ("PROMPT_CLASSIFIER", "http://noop.tenant-a:8000", CALLS, "unproven"),
    "named twice, outside": ("PROMPT_CLASSIFIER", "https://api.openai.com/v1/moderations", CALLS, "violated"),
    "a public API": ("UPSTREAM", "https://api.openai.com/v1", MODELS, "violated"),
    "a second base": ("OPENAI_BASE_URL", "https://api.openai.com/v1", MODELS, "violated"),
    "a host outside": ("LLM_BASE_URL", "https://llm.example.com/v1", MODELS, "violated"),
    "not shown": ("LLM_BASE_URL", "http://llm.elsewhere.svc:8000", MODELS, "unproven"),
    "an approved provider": ("MODEL_ENDPOINT", "https://bedrock-runtime.us-gov-west-1.amazonaws.com", MODELS, ""),
    "telemetry": ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.monitoring:4317", CALLS, ""),
    "words about safety": ("SAFETY_DOCS_URL", "https://docs.example.com", CALLS, ""),
    "a name that suggests it": ("GUARD_URL", "https://guard.example.com", CALLS, "unproven"),
    "a store": ("GUARD_CACHE_URL", "redis://cache.safety:6379", CALLS, ""),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_a_variable_leads_calls_where_it_says(tmp_path: Path, case: str) -> None:
    name, value, rule, verdict = VARIABLES[case]
    report = found(tmp_path, variable(name, value))
    assert verdicts(report, rule) == ({verdict} if verdict else set())
    if not verdict:
        assert {one["rule"] for one in report["findings"]} == set()


MESH = {
    "elsewhere": (virtual("{route: [{destination: {host: noop.tenant-a.svc.cluster.local}}]}"), "unproven"),
    "answered": (virtual("{directResponse: {status: 200}}"), "unproven"),
    "answered for certain": (virtual("{directResponse: {status: 200}}") + ISTIOD, "violated"),
    "aborted": (
        virtual(f"{{fault: {{abort: {{httpStatus: 200}}}}, route: [{{destination: {{host: {HOST}}}}}]}}") + ISTIOD,
        "violated",
    ),
    "held back": (
        virtual(f"{{fault: {{delay: {{fixedDelay: 60s}}}}, route: [{{destination: {{host: {HOST}}}}}]}}") + ISTIOD,
        "unproven",
    ),
    "mirror alone": (virtual(f"{{mirror: {{host: {HOST}}}}}") + ISTIOD, "violated"),
    "to itself": (virtual(f"{{timeout: 5s, route: [{{destination: {{host: {HOST}}}}}]}}") + ISTIOD, ""),
    "for gateways": (virtual("{directResponse: {status: 200}}", ", gateways: [edge]") + ISTIOD, ""),
    "not exported": (virtual("{directResponse: {status: 200}}", ", exportTo: [tenant-a]") + ISTIOD, ""),
    "a subset": (
        virtual(f"{{route: [{{destination: {{host: {HOST}, subset: v2}}}}]}}")
        + "---\n"
        + made(
            "DestinationRule",
            "networking.istio.io/v1",
            f"{{host: {HOST}, subsets: [{{name: v2, labels: {{version: v2}}}}]}}",
        )
        + ISTIOD,
        "violated",
    ),
    "an entry": (
        made(
            "ServiceEntry",
            "networking.istio.io/v1",
            "{hosts: [prompt-guard.safety], resolution: DNS, endpoints: [{address: a.evil.example}]}",
        ),
        "unproven",
    ),
    "a machine": (
        made("WorkloadEntry", "networking.istio.io/v1", "{address: 10.9.9.9, labels: {app: prompt-guard}}"),
        "unproven",
    ),
    "another machine": (
        made("WorkloadEntry", "networking.istio.io/v1", "{address: 10.9.9.9, labels: {app: other}}"),
        "",
    ),
    "a patch": (
        made(
            "EnvoyFilter",
            "networking.istio.io/v1alpha3",
            "{workloadSelector: {labels: {app: gateway}}, configPatches: [{applyTo: HTTP_FILTER, patch: {}}]}",
        ),
        "unproven",
    ),
    "a plug-in": (
        made(
            "WasmPlugin",
            "extensions.istio.io/v1alpha1",
            "{selector: {matchLabels: {app: gateway}}, url: 'oci://acme.example/x:1'}",
        ),
        "unproven",
    ),
    "a plug-in for what comes in": (
        made(
            "WasmPlugin",
            "extensions.istio.io/v1alpha1",
            "{selector: {matchLabels: {app: gateway}}, url: 'oci://acme.example/x:1', match: [{mode: SERVER}]}",
        ),
        "",
    ),
    "a patch of no sense": (
        made(
            "EnvoyFilter",
            "networking.istio.io/v1alpha3",
            "{workloadSelector: {labels: {app: gateway}}, configPatches: [{applyTo: [x], match: {context: {a: b}}}]}",
        )
        + ISTIOD,
        "unproven",
    ),
    "a route": (
        made(
            "HTTPRoute",
            "policy.linkerd.io/v1beta3",
            "{parentRefs: [{kind: Service, group: core, name: prompt-guard, port: 8000}], "
            "rules: [{backendRefs: [{name: gateway, port: 8443}]}]}",
        ),
        "unproven",
    ),
    "a profile": (
        made(
            "ServiceProfile",
            "linkerd.io/v1alpha2",
            "{dstOverrides: [{authority: 'gateway.safety.svc.cluster.local:8443', weight: 1}]}",
            HOST,
        ),
        "unproven",
    ),
    "a split": (
        made(
            "TrafficSplit",
            "split.smi-spec.io/v1alpha2",
            "{service: prompt-guard, backends: [{service: gateway, weight: 1}]}",
        ),
        "unproven",
    ),
    "a redirect on the node": (
        made(
            "CiliumLocalRedirectPolicy",
            "cilium.io/v2",
            "{redirectFrontend: {serviceMatcher: {serviceName: prompt-guard, namespace: safety}}, "
            "redirectBackend: {localEndpointSelector: {matchLabels: {app: gateway}}, toPorts: [{port: '8000'}]}}",
        ),
        "unproven",
    ),
}


@pytest.mark.parametrize("case", MESH)
def test_what_a_mesh_makes_of_calls_to_a_classifier(tmp_path: Path, case: str) -> None:
    more, verdict = MESH[case]
    edits = []
    if ISTIOD in more:
        spaces = (FIXTURES / "worlds" / "reference" / "k8s" / "namespaces.yaml").read_text()
        old = "  name: safety"
        assert spaces.count(old) == 1
        edits = [("namespaces.yaml", old, f"{old}\n  labels: {{istio-injection: enabled}}")]
    assert verdicts(found(tmp_path, edits, more), CALLS) == ({verdict} if verdict else set())


COMMANDS = {
    "[sleep, infinity]": "violated",
    "[/bin/true]": "violated",
    '["sh", "-c", "while true; do sleep 3600; done"]': "violated",
    '["sh", "-c", "exec vllm serve"]': "",
    "[vllm, serve]": "",
    "[python3, app.py]": "unproven",
    '["$(PROGRAM)"]': "unproven",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_classifier_must_run_its_server(tmp_path: Path, command: str) -> None:
    report = found(tmp_path, [(SAFETY, ARGS, f"          command: {command}\n{ARGS}")])
    assert verdicts(report, RUNS) == ({COMMANDS[command]} if COMMANDS[command] else set())


def test_the_model_of_the_gateway_is_the_declared_one(tmp_path: Path) -> None:
    alias = "  type: ExternalName\n  externalName: api.openai.com"
    report = found(tmp_path / "alias", [(MODEL, UPSTREAM, alias)])
    finding = next(one for one in report["findings"] if one["rule"] == MODELS)
    assert [(one["address"], one["origin"] and one["origin"]["line"], one["cut"]) for one in finding["hops"]] == [
        ("safety/Deployment/gateway", 19, False),
        ("inference/Service/claude-gov", 42, True),
        ("`api.openai.com`", None, False),
    ]
    other = found(tmp_path / "other", [(MODEL, UPSTREAM, UPSTREAM.replace("claude-gov", "noop"))])
    assert verdicts(other, MODELS) == {"violated"}


def test_a_classifier_that_no_setting_names_is_not_asked_for_certain(tmp_path: Path) -> None:
    assert verdicts(found(tmp_path, [(SAFETY, PROMPT, "")]), CALLS) == {"unproven"}


def test_policies_that_keep_the_gateway_from_its_classifiers_leave_open_what_it_does(tmp_path: Path) -> None:
    report = found(tmp_path, [(SAFETY, FROM, FROM.replace("app: gateway", "app: other"))])
    assert verdicts(report, CALLS) == {"unproven"}


def test_a_setting_that_is_not_known_is_never_passed_over(tmp_path: Path) -> None:
    secret = "            - {name: PROMPT_CLASSIFIER, valueFrom: {secretKeyRef: {name: a, key: b}}}\n"
    assert verdicts(found(tmp_path / "secret", [(SAFETY, PROMPT, secret)]), CALLS) == {"unproven"}
    shown = "            - {name: PROMPT_CLASSIFIER, valueFrom: {configMapKeyRef: {name: a, key: b}}}\n"
    settings = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: safety}\ndata: {b: 'https://api.x.ai'}\n"
    )
    assert verdicts(found(tmp_path / "map", [(SAFETY, PROMPT, shown)], settings), CALLS) == {"violated"}
    port = "          ports:\n            - containerPort: 8443"
    argument = '          args: ["--prompt-classifier-url=https://api.x.ai"]\n'
    edits = [(SAFETY, PROMPT, ""), (SAFETY, port, argument + port)]
    assert "violated" in verdicts(found(tmp_path / "argument", edits), CALLS)


def test_a_service_that_an_operator_makes_leads_to_what_it_is_made_for(tmp_path: Path) -> None:
    served = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: other, namespace: inference}\n"
        "spec: {predictor: {model: {modelFormat: {name: huggingface}, storageUri: 's3://acme-gov-weights/claude-gov/v7/'}}}\n"
    )
    edits = variable("LLM_BASE_URL", "http://other-predictor.inference.svc.cluster.local")
    assert verdicts(found(tmp_path / "made", edits, served), MODELS) == set()
    assert verdicts(found(tmp_path / "not", edits), MODELS) == {"unproven"}
