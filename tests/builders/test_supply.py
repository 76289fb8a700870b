"""Where weights go: what counts as a copy, a reader and a delivery, and what is not known."""

import pytest

from scanner.builders.supply.build import build_supply
from scanner.graph.facts import Delivery, ModelReference
from scanner.graph.model import Role
from scanner.unknown import Unknown
from tests.builders.aws import edges, manifest, read, world

STORE = 'resource "aws_s3_bucket" "weights" { bucket = "weights-gov" }\n'


def built(folder, text, *more, reference=""):
    made = world(*read(folder, STORE + text), *more, roles={"aws_s3_bucket.weights": Role.STORE})
    if reference:
        fact = ModelReference(origin=None, because="it is served", reference=reference)
        made.add_fact("main:aws_s3_bucket.weights", fact)
    build_supply(made)
    return made


def supply(folder, text, *more):
    return edges(built(folder, text, *more), plane="supply")


REPLICATION = """
resource "aws_s3_bucket_replication_configuration" "r" {
  bucket = aws_s3_bucket.weights.id
  role   = "arn:aws:iam::111122223333:role/r"
  rule {
    status = "%s"
    destination { bucket = %s }
  }
}
"""


def test_replication_copies_to_the_bucket_that_it_names(tmp_path):
    other = 'resource "aws_s3_bucket" "copy" { bucket = "copy-gov" }\n'
    expected = ["aws_s3_bucket.weights -> aws_s3_bucket.copy open"]
    assert supply(tmp_path, other + REPLICATION % ("Enabled", "aws_s3_bucket.copy.arn")) == expected
    assert supply(tmp_path, other + REPLICATION % ("Enabled", '"arn:aws:s3:::copy-gov"')) == expected
    assert supply(tmp_path, other + REPLICATION % ("Disabled", "aws_s3_bucket.copy.arn")) == []


def test_replication_to_a_bucket_outside_is_possible(tmp_path):
    assert supply(tmp_path, REPLICATION % ("Enabled", '"arn:aws:s3:::elsewhere"')) == [
        "aws_s3_bucket.weights -> external/bucket/elsewhere possible(elsewhere)"
    ]
    unknown = 'variable "to" {}\n' + REPLICATION % ("Enabled", "var.to")
    assert supply(tmp_path, unknown) == ["aws_s3_bucket.weights -> external/bucket/unknown possible(var.to)"]


def test_a_task_copies_through_its_locations(tmp_path):
    text = """
resource "aws_datasync_location_s3" "from" {
  s3_bucket_arn = aws_s3_bucket.weights.arn
  subdirectory  = "/"
}
resource "aws_datasync_location_nfs" "to" {
  server_hostname = "nas.example"
  subdirectory    = "/models"
}
resource "aws_datasync_task" "t" {
  source_location_arn      = aws_datasync_location_s3.from.arn
  destination_location_arn = aws_datasync_location_nfs.to.arn
}
"""
    assert supply(tmp_path, text) == [
        "aws_datasync_task.t -> aws_datasync_location_nfs.to open",
        "aws_s3_bucket.weights -> aws_datasync_task.t open",
    ]


def test_a_file_share_takes_the_bucket_to_its_gateway(tmp_path):
    text = """
resource "aws_storagegateway_gateway" "g" { gateway_name = "g" }
resource "aws_storagegateway_nfs_file_share" "s" {
  location_arn = aws_s3_bucket.weights.arn
  gateway_arn  = aws_storagegateway_gateway.g.arn
}
"""
    assert supply(tmp_path, text) == [
        "aws_s3_bucket.weights -> aws_storagegateway_nfs_file_share.s open",
        "aws_storagegateway_nfs_file_share.s -> aws_storagegateway_gateway.g open",
    ]


def test_a_registry_replicates_what_its_filter_lets_through(tmp_path):
    text = """
resource "aws_ecr_repository" "model" { name = "models/claude" }
resource "aws_ecr_repository" "other" { name = "tools/lint" }
resource "aws_ecr_replication_configuration" "r" {
  replication_configuration {
    rule {
      destination {
        region      = "eu-west-1"
        registry_id = "444455556666"
      }
      repository_filter {
        filter      = "models/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}
"""
    made = built(tmp_path, text)
    assert edges(made, plane="supply") == ["aws_ecr_repository.model -> external/registry/444455556666/eu-west-1 open"]
    fact = made.nodes["external:external/registry/444455556666/eu-west-1"].facts[0]
    assert (fact.account, fact.region) == ("444455556666", "eu-west-1")


POLICY = """
provider "aws" { allowed_account_ids = ["111122223333"] }
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.weights.id
  policy = jsonencode({
    Statement = [{ Effect = "%s", Action = "%s", Principal = %s, Resource = "*" }]
  })
}
"""
BLOCK = """
resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = aws_s3_bucket.weights.id
  block_public_policy     = %s
  restrict_public_buckets = %s
}
"""
FOREIGN = '{ AWS = "arn:aws:iam::444455556666:root" }'


@pytest.mark.parametrize(
    ("effect", "action", "readers"),
    [
        ("Allow", "s3:GetObject", ["aws_s3_bucket.weights -> external/aws-account/444455556666 open"]),
        ("Allow", "s3:*", ["aws_s3_bucket.weights -> external/aws-account/444455556666 open"]),
        ("Allow", "s3:PutObject", []),
        ("Deny", "s3:GetObject", []),
    ],
)
def test_a_policy_lets_a_foreign_account_read(tmp_path, effect, action, readers):
    assert supply(tmp_path, POLICY % (effect, action, FOREIGN)) == readers


def test_a_public_policy_counts_as_far_as_public_access_is_not_blocked(tmp_path):
    public = POLICY % ("Allow", "s3:GetObject", '"*"')
    assert supply(tmp_path, public + BLOCK % ("false", "false")) == ["aws_s3_bucket.weights -> external/anyone open"]
    assert supply(tmp_path, public + BLOCK % ("true", "true")) == []
    # What refuses public policies from now on leaves one that is there; which comes first nobody tells.
    before = "whether the policy is put before aws_s3_bucket_public_access_block.b: restrict_public_buckets"
    assert supply(tmp_path, public + BLOCK % ("true", "false")) == [
        f"aws_s3_bucket.weights -> external/anyone possible({before})"
    ]
    assert supply(tmp_path, public) == [
        "aws_s3_bucket.weights -> external/anyone "
        "possible(whether public access to aws_s3_bucket.weights is blocked, as it is by default)"
    ]


@pytest.mark.parametrize(("account", "state"), [("111122223333", None), ("444455556666", "open")])
def test_the_block_of_an_account_holds_over_the_buckets_of_that_account(tmp_path, account, state):
    over = f"""
provider "aws" {{
  alias               = "over"
  allowed_account_ids = ["{account}"]
}}
resource "aws_s3_account_public_access_block" "a" {{
  provider                = aws.over
  block_public_policy     = true
  restrict_public_buckets = true
}}
"""
    public = POLICY % ("Allow", "s3:GetObject", '"*"') + BLOCK % ("false", "false")
    found = [f"aws_s3_bucket.weights -> external/anyone {state}"] if state else []
    assert supply(tmp_path, public + over) == found


def test_images_and_shares_are_read_by_the_accounts_that_they_name(tmp_path):
    text = """
provider "aws" { allowed_account_ids = ["111122223333"] }
resource "aws_ami" "model" { name = "model" }
resource "aws_ami_launch_permission" "p" {
  image_id   = aws_ami.model.id
  account_id = "444455556666"
}
resource "aws_ram_resource_share" "s" { name = "s" }
resource "aws_ram_resource_association" "r" {
  resource_arn       = aws_s3_bucket.weights.arn
  resource_share_arn = aws_ram_resource_share.s.arn
}
resource "aws_ram_principal_association" "p" {
  principal          = "777788889999"
  resource_share_arn = aws_ram_resource_share.s.arn
}
"""
    assert supply(tmp_path, text) == [
        "aws_ami.model -> external/aws-account/444455556666 open",
        "aws_s3_bucket.weights -> external/aws-account/777788889999 open",
    ]


COMPONENT = """
resource "awscc_greengrassv2_component_version" "c" {
  inline_recipe = jsonencode({
    ComponentName = "com.example.app"
    Manifests     = [{ Artifacts = [{ Uri = "%s" }] }]
  })
}
"""


def delivery(made, address="awscc_greengrassv2_component_version.c"):
    return [fact for fact in made.nodes[f"main:{address}"].facts if isinstance(fact, Delivery)]


def test_a_component_that_names_the_store_carries_a_model(tmp_path):
    made = built(tmp_path, COMPONENT % "s3://weights-gov/claude/")
    assert [fact.carries_model for fact in delivery(made)] == [True]
    assert edges(made, plane="supply") == ["aws_s3_bucket.weights -> awscc_greengrassv2_component_version.c open"]
    assert Role.DEVICE in made.nodes["main:awscc_greengrassv2_component_version.c"].roles


@pytest.mark.parametrize(
    ("uri", "carries"),
    [
        ("s3://tools/app.zip", False),
        ("s3://tools/detector.tflite", True),
        ("s3://tools/llama.gguf", True),
        ("s3://tools/org/claude-gov/v1.zip", True),
    ],
)
def test_a_component_carries_a_model_by_what_it_names(tmp_path, uri, carries):
    made = built(tmp_path, COMPONENT % uri, reference="hf:org/claude-gov")
    assert [fact.carries_model for fact in delivery(made)] == [carries]


def test_a_payload_is_told_at_its_own_line(tmp_path):
    made = built(tmp_path, COMPONENT % "s3://other/model.gguf?versionId=7")
    [fact] = delivery(made)
    assert fact.carries_model is True
    assert "`s3://other/model.gguf` is a file of a model" in fact.because
    wanted = next(n for n, line in enumerate((tmp_path / "main.tf").read_text().splitlines(), 1) if "gguf" in line)
    assert fact.origin.line == wanted


def test_what_may_be_firmware_or_weights_is_not_known(tmp_path):
    [fact] = delivery(built(tmp_path, COMPONENT % "s3://tools/image.bin"))
    assert isinstance(fact.carries_model, Unknown)


def test_an_unknown_payload_is_not_known(tmp_path):
    text = 'variable "uri" {}\n' + COMPONENT % "${var.uri}"
    [fact] = delivery(built(tmp_path, text))
    assert isinstance(fact.carries_model, Unknown) and fact.carries_model.decided_by == ("var.uri",)


def test_a_deployment_carries_its_components(tmp_path):
    text = (
        COMPONENT % "s3://weights-gov/claude/"
        + """
resource "awscc_greengrassv2_deployment" "d" {
  target_arn = "arn:aws:iot:us-east-1:111122223333:thinggroup/g"
  components = {
    "com.example.app"          = { component_version = "1.0.0" }
    "aws.greengrass.Nucleus"   = { component_version = "2.12.4" }
    "com.example.other"        = { component_version = "1.0.0" }
  }
}
"""
    )
    made = built(tmp_path, text)
    assert "awscc_greengrassv2_component_version.c -> awscc_greengrassv2_deployment.d open" in edges(
        made, plane="supply"
    )
    unknown = [fact.carries_model for fact in delivery(made, "awscc_greengrassv2_deployment.d")]
    assert [one.decided_by for one in unknown if isinstance(one, Unknown)] == [("com.example.other",)]


def test_a_fleet_takes_what_is_packaged_to_devices(tmp_path):
    text = """
resource "aws_sagemaker_device_fleet" "f" {
  device_fleet_name = "f"
  role_arn          = "arn:aws:iam::111122223333:role/r"
  output_config { s3_output_location = "s3://${aws_s3_bucket.weights.bucket}/edge/" }
}
"""
    made = built(tmp_path, text)
    assert [fact.carries_model for fact in delivery(made, "aws_sagemaker_device_fleet.f")] == [True]
    assert edges(made, plane="supply") == ["aws_s3_bucket.weights -> aws_sagemaker_device_fleet.f open"]


def test_edge_objects_of_kubernetes_deliver(tmp_path):
    pull = manifest(
        *("ImagePrePullJob", "p", "default", "operations.kubeedge.io"),
        spec={"imagePrePullTemplate": {"images": ["registry.example/nginx:1"]}},
    )
    joint = manifest(
        *("JointInferenceService", "j", "default", "sedna.io"), spec={"edgeWorker": {"model": {"name": "little"}}}
    )
    made = built(tmp_path, "", pull, joint)
    assert [fact.carries_model for fact in delivery(made, "default/ImagePrePullJob/p")] == [False]
    assert [fact.carries_model for fact in delivery(made, "default/JointInferenceService/j")] == [True]


def test_a_source_that_is_not_known_may_be_the_store(tmp_path):
    text = 'variable "of" {}\n' + REPLICATION.replace("aws_s3_bucket.weights.id", "var.of")
    found = supply(tmp_path, text % ("Enabled", '"arn:aws:s3:::elsewhere"'))
    assert found == ["aws_s3_bucket.weights -> external/bucket/elsewhere possible(elsewhere, var.of)"]


def test_a_status_that_is_not_known_leaves_the_copy_possible(tmp_path):
    other = 'variable "on" {}\nresource "aws_s3_bucket" "copy" { bucket = "copy-gov" }\n'
    text = other + (REPLICATION % ("${var.on}", "aws_s3_bucket.copy.arn"))
    found = supply(tmp_path, text)
    assert found == [
        "aws_s3_bucket.weights -> aws_s3_bucket.copy possible(aws_s3_bucket_replication_configuration.r.rule.status)"
    ]


def test_a_distribution_may_serve_the_store(tmp_path):
    text = """
resource "aws_cloudfront_distribution" "d" {
  enabled = true
  origin {
    origin_id   = "s3"
    domain_name = aws_s3_bucket.weights.bucket_regional_domain_name
  }
}
"""
    assert supply(tmp_path, text) == [
        "aws_s3_bucket.weights -> external/internet possible(the policy of aws_s3_bucket.weights)"
    ]


@pytest.mark.parametrize(
    ("name", "carries"),
    [
        ("aws.greengrass.StreamManager", [False]),
        ("variant.TensorFlowLite.ImageClassification.ModelStore", [False, True]),
        ("aws.iot.lookoutvision.EdgeAgent", [False, True]),
        ("com.example.other", [False, None]),
        ("aws.greengrass.labs.HomeAssistant", [False, None]),
    ],
)
@pytest.mark.parametrize("written", ["structure", "small letters", "text", "function"])
def test_a_component_brings_what_it_depends_on(tmp_path, name, carries, written):
    key = "componentdependencies" if written == "small letters" else "ComponentDependencies"
    dependency = f'{key} = {{ "{name}" = {{ VersionRequirement = "^2.0.0" }} }}'
    text = (COMPONENT % "s3://tools/app.zip").replace("    Manifests", f"    {dependency}\n    Manifests")
    if written == "text":
        lines = ["ComponentName: com.example.app", f"ComponentDependencies: {{{name}: {{VersionRequirement: ^2.0.0}}}}"]
        lines += ["Manifests: [{Artifacts: [{Uri: s3://tools/app.zip}]}]"]
        recipe = "".join(f"    {line}\n" for line in lines)
        text = f'resource "awscc_greengrassv2_component_version" "c" {{\n  inline_recipe = <<-EOT\n{recipe}  EOT\n}}\n'
    if written == "function":
        inside = f'component_dependencies = {{ "{name}" = {{ version_requirement = "^2.0.0" }} }}'
        function = f'{{ lambda_arn = "arn:aws:lambda:us-east-1:111122223333:function:f:1", {inside} }}'
        text = f'resource "awscc_greengrassv2_component_version" "c" {{\n  lambda_function = {function}\n}}\n'
    found = [fact.carries_model for fact in delivery(built(tmp_path, text))]
    assert [None if isinstance(one, Unknown) else one for one in found] == carries


def test_an_image_that_is_an_artifact_carries_a_model(tmp_path):
    [fact] = delivery(built(tmp_path, COMPONENT % "docker:vllm/vllm-openai:v0.11.0"))
    assert fact.carries_model is True


@pytest.mark.parametrize(("version", "own"), [("1.0.0", True), ("2.0.0", False)])
def test_a_deployment_takes_the_version_that_it_names(tmp_path, version, own):
    text = (COMPONENT % "s3://weights-gov/claude/").replace(
        "    Manifests", '    ComponentVersion = "1.0.0"\n    Manifests'
    )
    text += f"""
resource "awscc_greengrassv2_deployment" "d" {{
  target_arn = "arn:aws:iot:us-east-1:111122223333:thinggroup/g"
  components = {{ "com.example.app" = {{ component_version = "{version}" }} }}
}}
"""
    made = built(tmp_path, text)
    way = "awscc_greengrassv2_component_version.c -> awscc_greengrassv2_deployment.d open"
    assert (way in edges(made, plane="supply")) is own
    facts = [fact.carries_model for fact in delivery(made, "awscc_greengrassv2_deployment.d")]
    assert any(isinstance(one, Unknown) for one in facts) is not own
