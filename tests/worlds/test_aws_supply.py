"""Where weights go in AWS: every way out of a store is found, the same way out of another bucket is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import run_scan

HEAD = """
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}
variable "unknown" { type = string }
"""
PROFILE = """
places: [{provider: aws, partition: aws-us-gov, accounts: ["111122223333"], regions: [us-gov-west-1]}]
models:
  stores: [%s]
operators: ["group:ops"]
tenants: {agreed: ["account:111122223333"]}
"""
NAMES = ("bucket", "repository", "volume", "files", "packages", "public")
STORES = """
resource "aws_s3_bucket" "X_bucket" { bucket = "X-bucket" }
resource "aws_ecr_repository" "X_repository" { name = "X/model" }
resource "aws_ebs_volume" "X_volume" {
  availability_zone = "us-gov-west-1a"
  tags              = { share = "X-yes" }
}
resource "aws_efs_file_system" "X_files" { creation_token = "X" }
resource "aws_sagemaker_model_package_group" "X_packages" { model_package_group_name = "X-models" }
resource "aws_ecrpublic_repository" "X_public" { repository_name = "X-public" }
"""
WAYS: dict[str, tuple[str, str, str]] = {
    "replication": (
        """
resource "aws_s3_bucket_replication_configuration" "X" {
  bucket = aws_s3_bucket.X_bucket.id
  role   = "arn:aws-us-gov:iam::111122223333:role/r"
  rule {
    status = "Enabled"
    destination {
      bucket  = "arn:aws-us-gov:s3:::X-foreign"
      account = "444455556666"
    }
  }
}
""", "resource-outside-approved-places", "external/bucket/X-foreign"),
    "a job by an agent": (
        """
resource "aws_datasync_location_s3" "X" {
  s3_bucket_arn = aws_s3_bucket.X_bucket.arn
  subdirectory  = "/"
  s3_config { bucket_access_role_arn = "arn:aws-us-gov:iam::111122223333:role/r" }
}
resource "aws_datasync_location_nfs" "X" {
  server_hostname = "nas.example"
  subdirectory    = "/"
  on_prem_config { agent_arns = ["arn:aws-us-gov:datasync:us-gov-west-1:111122223333:agent/agent-1"] }
}
resource "aws_datasync_task" "X" {
  source_location_arn      = aws_datasync_location_s3.X.arn
  destination_location_arn = aws_datasync_location_nfs.X.arn
}
""", "weights-copied-out-of-the-cloud", "aws_datasync_location_nfs.X"),
    "a file share": (
        """
resource "aws_storagegateway_nfs_file_share" "X" {
  location_arn = aws_s3_bucket.X_bucket.arn
  gateway_arn  = "arn:aws-us-gov:storagegateway:us-gov-west-1:111122223333:gateway/sgw-1"
  role_arn     = "arn:aws-us-gov:iam::111122223333:role/r"
  client_list  = ["0.0.0.0/0"]
}
""", "weights-copied-out-of-the-cloud", "aws_storagegateway_nfs_file_share.X"),
    "an access point": (
        """
resource "aws_s3_access_point" "X" {
  bucket = aws_s3_bucket.X_bucket.id
  name   = "X-point"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*",
    Principal = { AWS = "arn:aws-us-gov:iam::444455550001:root" } }] })
}
""", "stranger-reads-weights", "external/aws-account/444455550001"),
    "an access point of several regions": (
        """
resource "aws_s3control_multi_region_access_point" "X" {
  details {
    name = "X-many"
    region { bucket = aws_s3_bucket.X_bucket.id }
  }
}
resource "aws_s3control_multi_region_access_point_policy" "X" {
  details {
    name   = element(split(":", aws_s3control_multi_region_access_point.X.id), 1)
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*",
      Principal = { AWS = "arn:aws-us-gov:iam::444455550002:root" } }] })
  }
}
""", "stranger-reads-weights", "external/aws-account/444455550002"),
    "a policy": (
        """
resource "aws_s3_bucket_policy" "X" {
  bucket = aws_s3_bucket.X_bucket.id
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.X_bucket.arn}/*",
      Principal = { AWS = ["arn:aws-us-gov:iam::444455550003:root", "arn:aws-us-gov:iam::444455550099:root"] } },
    { Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.X_bucket.arn}/*",
      Principal = { Service = "cloudfront.amazonaws.com" } },
    { Effect = "Deny", Action = "s3:*", Resource = "*", Principal = "*",
      Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    { Effect = "Deny", Action = "s3:GetObject", Resource = "*",
      Principal = { AWS = "arn:aws-us-gov:iam::444455550099:root" } }] })
}
""", "stranger-reads-weights", "external/aws-account/444455550003"),
    "a public access list": (
        """
resource "aws_s3_bucket_public_access_block" "X" {
  bucket                  = aws_s3_bucket.X_bucket.id
  block_public_policy     = true
  restrict_public_buckets = true
  ignore_public_acls      = false
}
resource "aws_s3_bucket_acl" "X" {
  bucket = aws_s3_bucket.X_bucket.id
  acl    = "public-read"
}
""", "stranger-reads-weights", "external/anyone"),
    "a grant of access": (
        """
resource "aws_s3control_access_grants_location" "X" {
  iam_role_arn   = "arn:aws-us-gov:iam::111122223333:role/r"
  location_scope = "s3://${aws_s3_bucket.X_bucket.bucket}/*"
}
resource "aws_s3control_access_grant" "X" {
  access_grants_location_id = aws_s3control_access_grants_location.X.access_grants_location_id
  permission                = "READ"
  grantee {
    grantee_type       = "IAM"
    grantee_identifier = "arn:aws-us-gov:iam::444455550004:role/reader"
  }
}
""", "stranger-reads-weights", "external/aws-account/444455550004"),
    "a grant of the default location": (
        """
resource "aws_s3control_access_grant" "X_default" {
  access_grants_location_id = "default"
  permission                = "READWRITE"
  access_grants_location_configuration { s3_sub_prefix = "X-bucket/*" }
  grantee {
    grantee_type       = "DIRECTORY_GROUP"
    grantee_identifier = "X-group"
  }
}
""",
        "stranger-reads-weights",
        "external/directory/X-group",
    ),
    "a distribution": (
        """
resource "aws_cloudfront_distribution" "X" {
  enabled = true
  origin {
    origin_id   = "s3"
    domain_name = aws_s3_bucket.X_bucket.bucket_regional_domain_name
  }
}
""", "stranger-reads-weights", "external/internet"),
    "a file server": (
        """
resource "aws_transfer_access" "X" {
  external_id    = "S-1-1-12-1-2-3-4"
  server_id      = "s-1"
  home_directory = "/${aws_s3_bucket.X_bucket.id}/"
  role           = "arn:aws-us-gov:iam::111122223333:role/r"
}
""", "stranger-reads-weights", "external/file-transfer-user/X"),
    "a share": (
        """
resource "aws_ram_resource_association" "X" {
  resource_arn       = aws_sagemaker_model_package_group.X_packages.arn
  resource_share_arn = "arn:aws-us-gov:ram:us-gov-west-1:111122223333:resource-share/X"
}
resource "aws_ram_principal_association" "X" {
  principal          = "444455550005"
  resource_share_arn = "arn:aws-us-gov:ram:us-gov-west-1:111122223333:resource-share/X"
}
""", "stranger-reads-weights", "external/aws-account/444455550005"),
    "a policy of packages": (
        """
resource "aws_sagemaker_model_package_group_policy" "X" {
  model_package_group_name = aws_sagemaker_model_package_group.X_packages.model_package_group_name
  resource_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sagemaker:DescribeModelPackage",
    Resource = "*", Principal = { AWS = "arn:aws-us-gov:iam::444455550006:root" } }] })
}
""", "stranger-reads-weights", "external/aws-account/444455550006"),
    "a policy of a repository": (
        """
resource "aws_ecr_repository_policy" "X" {
  repository = aws_ecr_repository.X_repository.name
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "ecr:BatchGetImage",
    Principal = { AWS = "arn:aws-us-gov:iam::444455550007:root" } }] })
}
""", "stranger-reads-weights", "external/aws-account/444455550007"),
    "a public registry": ("", "stranger-reads-weights", "external/anyone"),
    "a policy of files": (
        """
resource "aws_efs_file_system_policy" "X" {
  file_system_id = aws_efs_file_system.X_files.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "elasticfilesystem:ClientMount",
    Principal = { AWS = "arn:aws-us-gov:iam::444455550008:root" } }] })
}
""", "stranger-reads-weights", "external/aws-account/444455550008"),
    "files of another region": (
        """
resource "aws_efs_replication_configuration" "X" {
  source_file_system_id = aws_efs_file_system.X_files.id
  destination { region = "eu-west-1" }
}
""", "weights-copied-out-of-the-cloud", "external/file-system/eu-west-1"),
    "an image made of a snapshot": (
        """
resource "aws_ebs_snapshot" "X" { volume_id = aws_ebs_volume.X_volume.id }
resource "aws_ami" "X" {
  name = "X"
  ebs_block_device {
    device_name = "/dev/sda1"
    snapshot_id = aws_ebs_snapshot.X.id
  }
}
resource "aws_ami_launch_permission" "X" {
  image_id   = aws_ami.X.id
  account_id = "444455550009"
}
""", "stranger-reads-weights", "external/aws-account/444455550009"),
    "a shared snapshot": (
        """
resource "aws_ebs_snapshot_copy" "X" {
  source_snapshot_id = aws_ebs_snapshot.X.id
  source_region      = "us-gov-west-1"
}
resource "aws_snapshot_create_volume_permission" "X" {
  snapshot_id = aws_ebs_snapshot_copy.X.id
  account_id  = "444455550010"
}
""", "stranger-reads-weights", "external/aws-account/444455550010"),
    "snapshots by a tag": (
        """
resource "aws_dlm_lifecycle_policy" "X" {
  description        = "X"
  execution_role_arn = "arn:aws-us-gov:iam::111122223333:role/r"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { share = "X-yes" }
    schedule {
      name = "daily"
      create_rule { interval = 24 }
      retain_rule { count = 1 }
      share_rule { target_accounts = ["444455550011"] }
    }
  }
}
""", "stranger-reads-weights", "external/aws-account/444455550011"),
    "a component on devices": (
        """
resource "awscc_greengrassv2_component_version" "X" {
  inline_recipe = jsonencode({ ComponentName = "X", Manifests = [{ Artifacts = [{ Uri = "s3://X-bucket/m.tar" }] }] })
}
""", "device-delivery-carries-model", "awscc_greengrassv2_component_version.X"),
    "a job on devices": (
        """
resource "awscc_iot_job_template" "X" {
  job_template_id = "X"
  description     = "X"
  document        = jsonencode({ url = "$${aws:iot:s3-presigned-url:https://s3.amazonaws.com/X-bucket/m.tar}" })
}
""", "device-delivery-carries-model", "awscc_iot_job_template.X"),
    "a fleet of devices": (
        """
resource "aws_sagemaker_device_fleet" "X" {
  device_fleet_name = "X"
  role_arn          = "arn:aws-us-gov:iam::111122223333:role/r"
  output_config { s3_output_location = "s3://${aws_s3_bucket.X_bucket.bucket}/edge/" }
}
""", "device-delivery-carries-model", "aws_sagemaker_device_fleet.X"),
    "a role that reads a copy": (
        """
resource "aws_s3_bucket" "X_copy" { bucket = "X-copy" }
resource "aws_s3_object_copy" "X" {
  bucket = aws_s3_bucket.X_copy.bucket
  key    = "m"
  source = "X-bucket/m"
}
resource "aws_iam_role" "X_reader" {
  name = "X-reader"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "X_reader" {
  role = aws_iam_role.X_reader.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject",
    Resource = "arn:aws-us-gov:s3:::X-copy/*" }] })
}
""", "stranger-reads-weights", "aws_iam_role.X_reader"),
    "a role that starts machines from a snapshot": (
        """
resource "aws_iam_role" "X_starter" {
  name = "X-starter"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "X_starter" {
  role = aws_iam_role.X_starter.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ec2:CreateVolume",
    Resource = aws_ebs_snapshot.X.arn }] })
}
""", "stranger-reads-weights", "aws_iam_role.X_starter"),
}  # fmt: skip
"""A way out -> its text (X is the store's name), the rule that says so, and whom or what the finding ends at."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All ways out of the stores of `weights`, and the same out of those of `plain`, which hold none."""
    folder = tmp_path_factory.mktemp("supply")
    text = HEAD + "".join(
        (STORES + "".join(way for way, *_ in WAYS.values())).replace("X", name) for name in ("weights", "plain")
    )
    (folder / "main.tf").write_text(text)
    stores = ("aws_s3_bucket.weights_bucket", "aws_ecr_repository.weights_repository", "aws_ebs_volume.weights_volume",
              "aws_efs_file_system.weights_files", "aws_sagemaker_model_package_group.weights_packages",
              "aws_ecrpublic_repository.weights_public")  # fmt: skip
    (folder / "tether.yaml").write_text(PROFILE % ", ".join(stores))
    return run_scan(folder)


def ends(report: dict[str, Any], rule: str) -> dict[str, dict[str, Any]]:
    """The findings of a rule by every address that they name."""
    found: dict[str, dict[str, Any]] = {}
    for one in report["findings"]:
        if rule == one["rule"] or rule in one["also"]:
            for address in (one["subject"]["address"], *(hop["address"] for hop in one["hops"])):
                if found.setdefault(address, one)["verdict"] != "violated":
                    found[address] = one
    return found


def test_every_way_out_of_a_store_is_found(report: dict[str, Any]) -> None:
    missed = {way: end for way, (_, rule, end) in WAYS.items() if end.replace("X", "weights") not in ends(report, rule)}
    assert missed == {}
    verdicts = {way: ends(report, rule)[end.replace("X", "weights")]["verdict"] for way, (_, rule, end) in WAYS.items()}
    assert {way for way, verdict in verdicts.items() if verdict != "violated"} == {"files of another region"}


def test_no_way_out_of_another_bucket_is(report: dict[str, Any]) -> None:
    rules = {"stranger-reads-weights", "weights-copied-out-of-the-cloud", "device-delivery-carries-model"}
    for rule in rules:
        assert [address for address in ends(report, rule) if "plain" in address] == []


def test_a_deny_by_name_keeps_a_reader_out(report: dict[str, Any]) -> None:
    assert "external/aws-account/444455550099" not in ends(report, "stranger-reads-weights")
