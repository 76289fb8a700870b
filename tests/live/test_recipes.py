"""Recipes of Greengrass components: what they bring is recorded, and nothing of their scripts and values."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from scanner import tables
from scanner.model_words import extension_of
from scanner.sources.aws import read_estate
from scanner.sources.aws.live_calls import Collector
from scanner.sources.aws.live_plain import page_of
from scanner.sources.aws.operations import operations
from scanner.sources.aws.recipes import reduced
from scanner.sources.aws.recorded_recipes import UNSEEN, recorded_recipe
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.sources.read import AwsAsked
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown
from tests.bundle.estate import write
from tests.harness import run
from tests.live.aws import HOME, NUMBER, PARTITION, Aws, answering, estate
from tests.reach.without import without

SALT = "salt"
SECRET = """
RecipeFormatVersion: '2020-01-25'
ComponentName: com.acme.assistant
ComponentVersion: '1.0.0'
ComponentDescription: hunter2-described
ComponentConfiguration:
  DefaultConfiguration:
    Password: hunter2-set
    ServerUrl: https://me:hunter2-user@host.example/v1?sig=hunter2-query
    ConnectionPath: Server=db;Password=hunter2-inside
    QueueUrl: amqp://me:hunter2/slash@host.example/q
    BucketUri: s3://hunter2bucket@acme-logs/x
    Nested: [{Deep: {Key: hunter2-nested}}]
    Passwords: {MqttServer: hunter2-below}
    Args: [--user, me, --password, hunter2-behind]
Lifecycle:
  Linux:
    startup: export TOKEN=hunter2-global
Manifests:
  - Platform: {os: linux, team: hunter2-platform}
    Lifecycle:
      Setenv: {API_TOKEN: hunter2-env, GREETING: hunter2-greeting}
      Install: {Script: "curl -H 'Authorization: hunter2-script' https://host.example/model.gguf", Timeout: 5}
      Run: aws s3 cp s3://acme-weights/hunter2-path/x . && vllm serve
    Artifacts:
      - Uri: s3://me:hunter2-info@acme-firmware/app.zip?token=hunter2-token#hunter2-end
        Unarchive: ZIP
      - Uri: s3://me:hunter2/slash@acme-firmware/app.zip
      - URI: s3://acme-firmware/AKIAHUNTER2HUNTER2HUNTER2/app.zip
      - {Uri: 'docker:me:hunter2-image@registry.example/app:1', Hidden: hunter2-key}
Surprise: [hunter2-surprise]
"""


def recipe(**more: Any) -> dict[str, Any]:
    made = {"RecipeFormatVersion": "2020-01-25", "ComponentName": "c", "ComponentVersion": "1.0.0"}
    return {**made, "Manifests": [{"Artifacts": [{"Uri": "s3://acme-firmware/app.zip"}]}], **more}


def kept(**more: Any) -> dict[str, Any]:
    return reduced(json.dumps(recipe(**more)).encode(), SALT)


def test_no_secret_of_a_recipe_is_recorded() -> None:
    found = reduced(SECRET.encode(), SALT)
    assert "hunter2" not in json.dumps(found).lower()
    assert found["Manifests"][0]["Artifacts"][0] == {"Uri": "s3://acme-firmware/app.zip"}
    assert set(found["Recognised"]) >= {"*.gguf", "s3://acme-weights/"}
    assert found["Settings"] == ["https://host.example/v1", "s3://acme-logs/x", "--user", "me", "--password"]
    assert set(found[UNSEEN]) == {DIGEST}


@pytest.mark.parametrize("key", ["recipe", "configurationUpdate"])
def test_what_a_deployment_sets_is_recorded_in_the_same_way(key: str) -> None:
    told: Any = SECRET.encode() if key == "recipe" else {"merge": '{"Token": "hunter2", "Level": "DEBUG"}'}
    page = page_of({"components": {"c": {key: told}}, "x": {"lifecycleStateDetails": "hunter2-error"}}, SALT)
    assert "hunter2" not in json.dumps(page).lower()
    assert UNSEEN in page["components"]["c"][key]
    assert page_of({"configurationUpdate": {"merge": '{"Level": "DEBUG"}', "reset": ["/a"]}}, SALT) == {
        "configurationUpdate": {}
    }


HARMLESS = (
    'python3 -u {artifacts:path}/hello.py "{configuration:/Message}"',
    "java -jar {artifacts:decompressedPath}/app/app.jar -v",
    "chmod +x {artifacts:path}/run.sh && {artifacts:path}/run.sh",
    "#!/bin/sh\nset -e\nmkdir -p {work:path}/data\nunzip -o {artifacts:path}/a.zip -d {work:path}\nexit 0",
    "docker load -i {artifacts:path}/image.tar",
    "echo hello",
    "# one \\\nexec \\\n  {artifacts:path}/run.sh",
)
HIDDEN = (
    "pip3 install something",
    "curl https://host.example/x | sh",
    "python3 {artifacts:path}/../../other.py",
    "{artifacts:path}/run.sh $(fetch)",
    "{artifacts:path}/run.sh meta-llama/Llama-3.1-8B",
    "echo a > b",
    "python3 -u {artifacts:path}/hello.py; fetch",
    "# fetch it \\\ncurl https://host.example/x",
    "echo a \\\n#b; curl https://host.example/x",
    "docker run registry.example/app",
)


@pytest.mark.parametrize("script", HARMLESS)
def test_a_script_that_only_runs_what_the_component_brings_hides_nothing(script: str) -> None:
    assert UNSEEN not in kept(Lifecycle={"run": {"Script": script, "RequiresPrivilege": "true", "SkipIf": "onpath x"}})


@pytest.mark.parametrize("row", tables.literals("lifecycle"), ids=lambda row: row.id)
def test_each_row_of_harmless_lines_is_needed(row: PlaceFact) -> None:
    with without("literals", lambda one: one.get("id") == row.id):
        assert any(UNSEEN in kept(Lifecycle={"run": {"Script": script}}) for script in HARMLESS)


@pytest.mark.parametrize("script", HIDDEN)
def test_any_other_script_is_out_of_sight(script: str) -> None:
    assert UNSEEN in kept(Manifests=[{"Lifecycle": {"Run": script}}])
    assert UNSEEN in kept(Lifecycle={"install": {"Script": script}})


@pytest.mark.parametrize(
    ("more", "unseen"),
    [
        ({"ComponentConfiguration": {"DefaultConfiguration": {"Level": "INFO", "Seconds": 5, "On": True}}}, False),
        ({"ComponentConfiguration": {"DefaultConfiguration": {"accessControl": {"a": {"b": ["*", "topic"]}}}}}, False),
        ({"ComponentConfiguration": {"DefaultConfiguration": {"Message": "world"}}}, True),
        ({"ComponentConfiguration": {"DefaultConfiguration": {"accessControl": "text"}}}, True),
        ({"ComponentConfiguration": {"Other": {"accessControl": {"a": "topic"}}}}, True),
        ({"componentname": "twice"}, None),
        ({"Manifests": [{"Artifacts": [{"Uri": "s3://a-bucket/{name}"}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": "ftp://host.example/a"}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": 5}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": "s3://me:word/a.zip"}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": "s3://a-bucket/Zx81kQ0pLm4Vt7Rw2Yb5Nc9Hd3Gf6Js1/a.zip"}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": "s3://a-bucket/a?b/model.gguf"}]}]}, True),
        ({"Manifests": [{"Artifacts": [{"Uri": "s3://a-bucket/a#1/model.gguf"}]}]}, True),
        ({"ComponentConfiguration": {"DefaultConfiguration": {"ServerArgs": "x; curl https://host.example"}}}, True),
        ({"Manifests": [{"Artifacts": [{}]}]}, True),
        ({"Manifests": [{"Artifacts": "s3://a-bucket/a"}]}, True),
        ({"Manifests": [{"Surprise": {}}]}, True),
        ({"Manifests": "none"}, True),
        ({"ComponentDependencies": "none"}, True),
        ({"Surprise": None}, True),
    ],
)
def test_what_is_not_known_of_a_recipe_is_out_of_sight(more: dict[str, Any], unseen: bool | None) -> None:
    found = kept(**more)
    if unseen is None:
        assert set(found) == {DIGEST}
    else:
        assert (UNSEEN in found) is unseen, found


def test_what_is_asked_of_others_on_a_device_brings_nothing_unless_it_is_recognised() -> None:
    grants = {"svc": {"policy": {"resources": ["s3://acme-weights/x", "*"], "operations": ["x/model.gguf"]}}}
    found = kept(ComponentConfiguration={"DefaultConfiguration": {"accessControl": grants}})
    assert found["Recognised"] == ["s3://acme-weights/", "*.gguf"] and UNSEEN not in found


def test_artifacts_are_told_by_what_may_not_be_a_secret() -> None:
    uris = ["docker:vllm/vllm-openai@sha256:" + 64 * "a", "s3://acme-firmware/a.zip"]
    found = kept(Manifests=[{"Artifacts": [{"Uri": uri, "Permission": {"Read": "ALL"}} for uri in uris]}])
    assert [one["Uri"] for one in found["Manifests"][0]["Artifacts"]] == uris
    assert UNSEEN not in found
    built = [
        "greengrass:UbhqXXSJj65QLcrQqfHXGBsVjB2qjGkT==/a.zip",
        f"s3://acme-firmware/{40 * 'a1'}/../{20 * 'a1'}/a.zip",
    ]
    built += ["s3://acme-firmware/0b3f6c1e-1d2a-4b7e-9c55-aa0011223344/a.zip"]
    found = kept(Manifests=[{"Artifacts": [{"URI": uri} for uri in built]}])
    assert [one["Uri"].rpartition("/")[2] for one in found["Manifests"][0]["Artifacts"]] == [
        "greengrass:a.zip",
        "a.zip",
        "a.zip",
    ]
    assert not any(word in json.dumps(found) for word in ("UbhqXX", "a1a1a1", "aa00112233"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "a: !x 1", "{" * 5000, "- " * 5000, "\x00", "a: 1\n---\nb: 2", "x" * 1_000_001, '{"a": 1, "a": 2}'],
)
def test_what_is_no_recipe_is_a_digest(text: str) -> None:
    found = reduced(text.encode(), SALT)
    assert set(found) == {DIGEST}
    assert isinstance(recorded_recipe(found, "arn"), Unknown)


def test_aliases_cost_no_more_than_a_recipe_may_say() -> None:
    lines = ["ComponentName: c", f"Surprise: &a0 [{'x' * 600}]", "Manifests: []"]
    lines += [f"S{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 5)]
    found = reduced("\n".join(lines).encode(), SALT)
    assert UNSEEN in found or set(found) == {DIGEST}
    many = kept(Lifecycle={f"s{n}": f"s3://bucket-{n}/x" for n in range(500)})
    assert len(many["Recognised"]) == 200 and UNSEEN in many


@pytest.mark.parametrize("found", ["e30=", b"", {}, [], {"ComponentName": "c"}, {"Manifests": []}, {"Manifests": "x"}])
def test_a_recipe_that_is_recorded_in_another_way_is_not_known(found: Any) -> None:
    assert isinstance(recorded_recipe(found, "arn"), Unknown)


@pytest.mark.parametrize(
    "part",
    [{"Manifests": one} for one in ([5], [[]], [{}], [{"Artifacts": "x"}], [{"Artifacts": [{}]}])]
    + [{"Manifests": [{"Artifacts": [one]}]} for one in ("x", {"Uri": []}, {"Uri": None}, {"URI": "s3://a-bucket/a"})]
    + [{"ComponentDependencies": one} for one in ("x", {}, [5])]
    + [{"Recognised": "*.gguf"}, {"Settings": [{}]}, {UNSEEN: "x"}, {"Scripts": []}, {"ComponentName": ["c"]}],
)
def test_a_part_of_a_recipe_that_no_scan_records_leaves_it_unknown(part: dict[str, Any]) -> None:
    whole = kept(ComponentDependencies={"a": {}})
    assert recorded_recipe(whole, "arn") is whole
    assert isinstance(recorded_recipe({**whole, **part}, "arn"), Unknown)


def test_the_words_of_the_tables_are_told_and_read_alike() -> None:
    for word in ("x/model.gguf", "m_edgetpu.tflite", "fw.bin", "a.engine:"):
        assert extension_of(f"*{extension_of(word)}") == extension_of(word)


A = f"arn:{PARTITION}:greengrass:{HOME}:{NUMBER}:components:com.acme.assistant"
VERSIONS = {"componentVersions": [{"componentName": "com.acme.assistant", "arn": f"{A}:versions:1.0.0"}]}


def collected(**more: Any) -> list[Call]:
    """The calls to Greengrass of an account with one device and one component."""
    given = account(**more)
    asked = frozenset(name for name in operations() if name.startswith(("greengrassv2:", "sts:", "ec2:DescribeReg")))
    with pytest.MonkeyPatch.context() as patch, answering(Aws(estate(**given)), patch) as aws:
        wanted = AwsAsked(workers=1, regions=(HOME,), operations=asked)
        made = list(Collector(wanted, lambda: "2026-11-01T00:00:00Z", SALT).calls())
        sent = [one for name, one, _ in aws.made if name == "greengrassv2:GetComponent"]
    assert all(one == {"arn": f"{A}:versions:1.0.0", "recipeOutputFormat": "JSON"} for one in sent) and sent
    return made


def account(**more: Any) -> dict[str, Any]:
    return {
        "greengrassv2:ListCoreDevices": {"coreDevices": [{"coreDeviceThingName": "press-7"}]},
        "greengrassv2:ListInstalledComponents": {"installedComponents": []},
        "greengrassv2:ListComponents": {"components": [{"arn": A, "componentName": "com.acme.assistant"}]},
        "greengrassv2:ListComponentVersions": VERSIONS,
        "greengrassv2:GetComponent": {"recipe": SECRET.encode(), "recipeOutputFormat": "YAML"},
        **more,
    }


@pytest.mark.parametrize("recipe", [SECRET, SECRET + "hunter2: [", '{"hunter2-broken": '], ids=["whole", "odd", "none"])
def test_no_command_says_a_secret_of_a_recipe(tmp_path: Path, recipe: str) -> None:
    made = collected(**{"greengrassv2:GetComponent": {"recipe": recipe.encode()}})
    path, said = write(tmp_path / "aws.bundle", made), list[Any]()
    for command in (("scan", "--format", "json"), ("scan", "-v"), ("graph", "--format", "json")):
        said += run(*command, "--bundle", str(path))
    assert "com.acme.assistant" in "".join(map(str, said)), said
    assert "hunter2" not in "".join(map(str, said)).lower()
    assert "hunter2" not in gzip.decompress(path.read_bytes()).decode().lower()


def test_a_collected_recipe_holds_no_secret_and_is_read_again() -> None:
    calls = collected()
    assert "hunter2" not in json.dumps([one.line() for one in calls]).lower()
    reading = read_estate(calls, PARTITION, "live")
    [part] = [one for one in reading.resources if one.kind == "awscc_greengrassv2_component_version"]
    assert "hunter2" not in repr(part).lower()
    assert part.address == f"{A}:versions:1.0.0" and isinstance(part.attrs["inline_recipe"], dict)


def test_a_recipe_that_may_not_be_read_names_the_permission() -> None:
    reading = read_estate(
        collected(**{"greengrassv2:GetComponent": ("AccessDeniedException", 403, "no")}), PARTITION, "live"
    )
    [unread] = [one for one in reading.unread if one.kind == "denied"]
    assert unread.remedy == "let the scan call `greengrass:GetComponent`"
    [part] = [one for one in reading.resources if one.kind == "awscc_greengrassv2_component_version"]
    assert isinstance(part.attrs["inline_recipe"], Unknown)


def test_every_page_of_what_is_installed_counts() -> None:
    """A lookup took the first page for all of it."""

    def page(asked: dict[str, Any], region: str) -> dict[str, Any]:
        number = int(asked.get("nextToken", "0"))
        more = {"nextToken": str(number + 1)} if number < 2 else {}
        return {"installedComponents": [{"componentName": f"c{number}", "componentVersion": "1"}], **more}

    reading = read_estate(collected(**{"greengrassv2:ListInstalledComponents": page}), PARTITION, "live")
    [device] = [one for one in reading.resources if ":coreDevices:" in one.address]
    assert sorted(device.attrs["components"]) == ["c0", "c1", "c2"]
