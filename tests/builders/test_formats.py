"""Objects of a store of weights by their names: wherever the format stands in it, and where nobody knows."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

OBJECTS = {
    "plain": ('"m.safetensors"', "", ""),
    "of_any_machine": ('"m.gguf"', "", ""),
    "packed_and_loud": ('"a/M.TFLITE.gz"', "", "violated"),
    "folder": ('"a/m.mlpackage/Data/x.bin"', "", "violated"),
    "by_its_source": ('"m"', 'source = "out/m.pte"', "violated"),
    "known_end": ('"${var.p}/m.hef"', "", "violated"),
    "unknown_end": ('"m.${var.p}"', "", "unproven"),
    "unknown_source": ('"m.bin"', "source = var.p", "unproven"),
    "shared_ending": ('"m.task"', "", "unproven"),
    "only_an_ending": ('"a/.tflite"', "", ""),
}
HEAD = 'variable "p" { type = string }\nresource "aws_s3_bucket" "w" {\n bucket = "acme-weights"\n}\n'


def test_each_object_is_told_by_its_name(tmp_path: Path) -> None:
    blocks = [
        f'resource "aws_s3_object" "{name}" {{\n bucket = aws_s3_bucket.w.id\n key = {key}\n {more}\n}}\n'
        for name, (key, more, _) in OBJECTS.items()
    ]
    blocks += [
        'resource "aws_s3_object" "perhaps_there" {\n bucket = var.p\n key = "m.tflite"\n}\n',
        'resource "aws_s3_object" "elsewhere" {\n bucket = "other"\n key = "m.tflite"\n}\n',
        'resource "aws_s3_object" "by_name" {\n bucket = "acme-named"\n key = "m.tflite"\n}\n',
        'resource "aws_sagemaker_model" "by_prefix" {\n primary_container {\n model_data_source {\n s3_data_source {\n'
        ' s3_uri = "s3://acme-weights/m.mlmodelc/"\n }\n }\n }\n}\n',
    ]
    (tmp_path / "main.tf").write_text("\n".join([HEAD, *blocks]))
    (tmp_path / "tether.yaml").write_text('models: {stores: [aws_s3_bucket.w, "s3://acme-named/v1/"]}\n')
    found = {
        one["subject"]["address"].partition(".")[2]: one["verdict"]
        for one in run_scan(tmp_path)["findings"]
        if one["rule"] == "device-format-in-model-store"
    }
    wanted = {name: verdict for name, (_, _, verdict) in OBJECTS.items() if verdict}
    assert found == {**wanted, "perhaps_there": "unproven", "by_name": "violated", "by_prefix": "violated"}
