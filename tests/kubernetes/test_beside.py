"""Helm, kustomize, templates and the formats of other tools: unread or passed over, never taken for objects."""

from __future__ import annotations

import pytest

from scanner.resource import Reading

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: a, image: a}]}\n"
TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n"


def unread(found: Reading) -> list[tuple[str, str, str]]:
    return [(str(one.origin), one.kind, one.cause) for one in found.unread]


@pytest.fixture
def no_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot render charts."""
    monkeypatch.setattr("scanner.sources.kubernetes.helm.charts.renderer", lambda: "")


@pytest.mark.usefixtures("no_helm")
def test_a_chart_is_one_thing_unread(read) -> None:
    found = read(
        {
            "chart/Chart.yaml": "apiVersion: v2\nname: x\n",
            "chart/values.yaml": "image: x\n",
            "chart/templates/a.yaml": TEMPLATE,
            "chart/templates/plain.yaml": POD % "plain",
            "chart/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\n",
            "chart/charts/sub/templates/b.yaml": TEMPLATE,
            "chart/crds/crd.yaml": POD % "as-it-stands",
            "chart/extra.yaml": TEMPLATE,
        }
    )
    assert unread(found) == [("chart/Chart.yaml:1:1", "template", "a Helm chart needs rendering (4 templates)")]
    assert "helm template" in found.unread[0].remedy
    assert [one.name for one in found.resources] == ["as-it-stands"]
    assert found.passed_over["chart/values.yaml"] == "values of a Helm chart"


@pytest.mark.usefixtures("no_helm")
def test_a_chart_of_dependencies_only_is_unread(read) -> None:
    assert unread(read({"Chart.yaml": "apiVersion: v2\nname: x\n"})) == [
        ("Chart.yaml:1:1", "template", "a Helm chart needs rendering (0 templates)")
    ]


def test_a_template_outside_a_chart_is_unread(read) -> None:
    found = read({"a.yaml": TEMPLATE, "b.yaml": "{% if x %}\nkind: Pod\n{% endif %}\n"})
    assert [kind for _, kind, _ in unread(found)] == ["template", "template"]


def test_a_file_named_as_a_template_is_unread_where_it_makes_objects(read) -> None:
    found = read(
        {
            "a.yaml.j2": POD % "{{ name }}",
            "values.yaml.tpl": "image: ${image}\n",
            "stack.template": "AWSTemplateFormatVersion: 1\n",
            "other.template": "x\n",
        }
    )
    assert [(origin, kind) for origin, kind, _ in unread(found)] == [
        ("a.yaml.j2:1:1", "template"), ("stack.template:1:1", "foreign"),
    ]  # fmt: skip
    assert not found.resources


def test_a_comment_makes_no_template_of_a_broken_manifest(read) -> None:
    found = read({"a.yaml": "# {{ not a template }}\nkind: Pod\nspec: [\n"})
    assert [kind for _, kind, _ in unread(found)] == ["document"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (POD % '"${NAME}"', "${NAME}"),
        (POD % '"{{ name }}"', "{{ name }}"),
        ((POD % "a").replace("image: a", 'image: "${IMAGE}:1"'), "${IMAGE}"),
    ],
)
def test_a_placeholder_needs_substituting(read, text: str, shown: str) -> None:
    found = read({"a.yaml": text})
    assert unread(found) == [("a.yaml:1:1", "template", f"`{shown}` needs substituting")]
    assert len(found.resources) == 1


def test_shell_and_messages_are_no_placeholders(read) -> None:
    text = (POD % "a").replace("image: a", 'image: a, args: ["echo ${HOME} {{ x }}"]')
    assert not read({"a.yaml": text}).unread


def test_a_kustomization_that_lists_is_no_trouble(read) -> None:
    found = read({"kustomization.yaml": "resources: [a.yaml, b]\n", "a.yaml": POD % "a", "b/b.yaml": POD % "b"})
    assert [one.cause for one in found.unread] == [
        "a kustomize overlay is not rendered: there is no kustomization in `b`"
    ]
    found = read({"b/kustomization.yaml": "resources: [b.yaml]\n"})
    assert not found.unread
    assert [one.name for one in found.resources] == ["a", "b"]
    assert found.passed_over == {"kustomization.yaml": "a kustomization that only lists files"}


def test_what_is_listed_and_not_scanned_is_not_on_disk(read) -> None:
    found = read({"kustomization.yaml": "resources: [a.yaml, ../b, gone.yaml]\n", "a.yaml": POD % "a"})
    assert unread(found) == [
        ("kustomization.yaml:1:21", "module", "`../b` leads out of the root"),
        ("kustomization.yaml:1:27", "module", "`gone.yaml` is not there"),
    ]
    assert [one.name for one in found.resources] == ["a"]


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_the_patches_of_a_kustomization_are_no_objects(read, name: str) -> None:
    found = read(
        {
            f"over/{name}": "resources: [../base]\nnamespace: prod\npatches: [{path: patch.yaml}]\n"
            "patchesStrategicMerge: [more.yaml, '{a: 1}']\n",
            "over/patch.yaml": POD % "a",
            "over/more.yaml": POD % "b",
            "base/a.yaml": POD % "a",
            "base/kustomization.yaml": "resources: [a.yaml]\n",
        }
    )
    assert unread(found) == [
        ("over/more.yaml:1:1", "template", "a kustomize overlay is not rendered: a patch of `Pod/b` fits no object"),
    ]  # fmt: skip
    assert found.unread[0].remedy == "scan the output of `kubectl kustomize over`"
    assert [str(one.origin) for one in found.resources] == ["base/a.yaml:1:1"]
    assert found.passed_over == {
        "over/patch.yaml": f"a patch of over/{name}",
        "over/more.yaml": f"a patch of over/{name}",
    }


def test_a_patch_that_is_listed_as_a_resource_is_an_object(read) -> None:
    found = read({"kustomization.yaml": "resources: [a.yaml]\npatches: [{path: a.yaml}]\n", "a.yaml": POD % "a"})
    assert not found.unread
    assert [one.name for one in found.resources] == ["a"]


def test_remote_resources_are_not_on_disk(read) -> None:
    text = "resources:\n- https://example.com/a.yaml\n- github.com/org/repo//x?ref=v1\n- local.yaml\n"
    found = read({"kustomization.yaml": text, "local.yaml": POD % "a"})
    assert [(origin, kind) for origin, kind, _ in unread(found)] == [
        ("kustomization.yaml:2:3", "module"), ("kustomization.yaml:3:3", "module"),
    ]  # fmt: skip


def test_a_flux_kustomization_is_an_object(read) -> None:
    text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: ./a}\n"
    assert [one.address for one in read({"kustomization.yaml": text}).resources] == ["default/Kustomization/x"]


ARM = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
AZURE_ML = "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json"


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("a.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nResources: {A: {Type: 'AWS::A::B'}}\n", "CloudFormation"),
        ("a.yaml", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties: {N: !Sub '${X}'}\n", "CloudFormation"),
        ("a.json", '{"Resources": {"A": {"Type": "AWS::SageMaker::Model"}}}', "CloudFormation"),
        ("t.yaml", "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: 'AWS::A::B'}}\n", "SAM"),
        ("a.json", f'{{"$schema": "{ARM}"}}', "Azure"),
        ("m.bicep", "param x string\n", "Bicep"),
        ("docker-compose.yml", "services: {a: {image: vllm}}\n", "Compose"),
        ("stack.yaml", "services: {a: {image: vllm}}\n", "Compose"),
        ("compose.yaml", "include: [x.yaml]\n", "Compose"),
        ("Pulumi.yaml", "name: x\nruntime: yaml\n", "Pulumi"),
        ("serverless.yml", "service: x\nprovider: {name: aws}\n", "Serverless"),
        ("recipe.yaml", "RecipeFormatVersion: '2020-01-25'\nComponentName: x\n", "Greengrass"),
        ("play.yml", "- hosts: all\n  tasks: []\n", "Ansible"),
        ("site.yml", "- import_playbook: a.yml\n", "Ansible"),
        ("main.yml", "- name: x\n  kubernetes.core.k8s: {state: present}\n", "Ansible"),
        ("heat.yaml", "heat_template_version: 2021-04-16\nresources: {}\n", "Heat"),
        ("score.yaml", "apiVersion: score.dev/v1b1\nmetadata: {name: x}\ncontainers: {}\n", "Score"),
        ("ray.yaml", "cluster_name: x\nprovider: {type: aws}\n", "Ray"),
        ("gdm.yaml", "resources: [{name: vm, type: compute.v1.instance}]\n", "Deployment Manager"),
        ("task.json", '{"family": "x", "containerDefinitions": []}', "ECS"),
        ("e.yml", f"$schema: {AZURE_ML}\n", "Machine Learning"),
    ],
)  # fmt: skip
def test_what_can_deploy_a_model_is_unread(read, path: str, text: str, words: str) -> None:
    ((_, kind, cause),) = unread(found := read({path: text}))
    assert kind == "foreign"
    assert words in cause
    assert not found.resources
    assert not found.passed_over


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (".github/workflows/ci.yml", "on: push\njobs: {a: {runs-on: x}}\n", "a GitHub workflow"),
        (".gitlab-ci.yml", "build: {script: !reference [x, y]}\n", "a CI recipe"),
        ("mkdocs.yml", "plugins: [x]\nx: !!python/name:y\n", "documentation"),
        ("openapi.yaml", "openapi: 3.0.0\n", "an OpenAPI description"),
        (".pre-commit-config.yaml", "repos: []\n", "settings"),
        ("Pulumi.dev.yaml", "config: {a: b}\n", "settings of a Pulumi stack"),
        ("plan.json", '{"format_version": "1.2", "planned_values": {}}', "a Terraform plan: give it with `--plan`"),
        (
            "s.json",
            '{"version": 4, "terraform_version": "1.5", "serial": 1}',
            "a Terraform state: give it with `--state`",
        ),
        ("words.yaml", "- name: x\n  helm_version: 3\n", "it has no `apiVersion` and `kind`"),
        ("list.yaml", "resources: [{name: a, type: text}]\n", "it has no `apiVersion` and `kind`"),
        ("my-values.yaml", "replicas: 2\n", "it has no `apiVersion` and `kind`"),
    ],
)
def test_what_cannot_is_passed_over(read, path: str, text: str, words: str) -> None:
    found = read({path: text})
    assert found.passed_over == {path: words}
    assert not found.unread


OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n"


def test_the_comments_of_ytt_are_a_program(read) -> None:
    ((_, kind, cause),) = unread(read({"a.yaml": "#@ load('@ytt:data', 'data')\n" + OBJECT}))
    assert (kind, cause) == ("template", "a template needs rendering")
    assert not read({"a.yaml": "# @param a\n#@author b\n" + OBJECT}).unread
