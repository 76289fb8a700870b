"""Values in a bundle: recorded where a table names them, else digests that decide nothing."""

import base64
import gzip

from scanner.sources.kubernetes.recorded import setting
from tests.live.server import Cluster
from tests.live.test_bundle import collected, lines, scan
from tests.live.test_calls import namespace, pod

SECRETS = ("hunter2-in-env", "sk-abcdefghijklmnop", "hunter2-in-config", "hunter2-nested", "MIIEhunter2")


def test_values_that_no_table_names_are_digests(tmp_path):
    env = [
        {"name": "DB_PASSWORD", "value": "hunter2-in-env"},
        {"name": "COLOUR", "value": "hunter2-in-env"},
        {"name": "MODEL_ID", "value": "meta-llama/Llama-3.1-8B"},
        {"name": "UPSTREAM_URL", "value": "http://gateway.safety:8080/v1"},
        {"name": "ADMIN_URL", "value": "http://root:hunter2-in-env@db:5432"},
        {"name": "SAFETY_ENABLED", "value": "false"},
        {"name": "OPENAI_API_KEY", "value": "sk-abcdefghijklmnop"},
    ]
    config = {
        "config.yaml": "model_list:\n  - model_name: m\n    litellm_params:\n      model: bedrock/x\n"
        "      api_key: hunter2-nested\n      timeout: 5\n",
        "motd": "hunter2-in-config",
        "tls.pem": "-----BEGIN PRIVATE KEY-----\nMIIEhunter2\n-----END PRIVATE KEY-----\n",
    }
    one = pod("one", containers=[{"name": "c", "image": "i", "env": env}])
    two = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a"}, "data": config}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter2-in-config"}}
    three = {"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork",
             "metadata": {"name": "w", "namespace": "a"}, "spec": {"workload": {"manifests": [secret]}}}  # fmt: skip
    path, _, _ = collected(tmp_path, Cluster([namespace("a"), one, two, three]))
    text = gzip.decompress(path.read_bytes()).decode()
    assert not any(secret in text for secret in SECRETS)
    body = next(one for one in lines(path)[1:-1] if one["parameters"].get("kind") == "Pod")["pages"][0][0]
    kept = {one["name"]: one["value"] for one in body["spec"]["containers"][0]["env"]}
    assert kept["MODEL_ID"] == "meta-llama/Llama-3.1-8B"
    assert kept["UPSTREAM_URL"] == "http://gateway.safety:8080/v1"
    assert kept["SAFETY_ENABLED"] == "false"
    assert kept["DB_PASSWORD"] == kept["COLOUR"]  # equal values are seen to be equal
    assert set(kept["DB_PASSWORD"]) == {"$digest"}
    data = next(one for one in lines(path)[1:-1] if one["parameters"].get("kind") == "ConfigMap")["pages"][0][0]["data"]
    assert "model: bedrock/x" in data["config.yaml"]
    assert "timeout: 5" in data["config.yaml"]
    other, _, _ = collected(tmp_path, Cluster([namespace("a"), one, two]), name="other")
    assert kept["COLOUR"]["$digest"] not in gzip.decompress(other.read_bytes()).decode()  # another salt


def test_texts_of_objects_are_recorded_without_their_secrets(tmp_path):
    """A Fleet Bundle holds whole files: what is no object in them is not recorded at all."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"motd": "hunter2-in-config"}}
    work = {"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork",
            "metadata": {"name": "w", "namespace": "a"}, "spec": {"workload": {"manifests": [config]}}}  # fmt: skip
    files = f"{POD_TEXT}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: hunter2-nested}}\n"
    packed = base64.b64encode(gzip.compress(files.replace("name: p", "name: q").encode())).decode()
    resources = [
        {"name": "a.yaml", "content": files},
        {"name": "b.yaml", "content": packed, "encoding": "base64+gz"},
        {"name": "notes.yaml", "content": "password: hunter2-nested"},
        {"name": "c.yaml", "content": "sk-abcdefghijklmnop: ["},
    ]
    bundle = {"apiVersion": "fleet.cattle.io/v1alpha1", "kind": "Bundle", "metadata": {"name": "f", "namespace": "a"},
              "spec": {"resources": resources}}  # fmt: skip
    path, _, _ = collected(tmp_path, Cluster([namespace("a"), work, bundle]))
    text = gzip.decompress(path.read_bytes()).decode()
    assert not any(secret in text for secret in SECRETS)
    assert "hunter2" not in text
    assert packed not in text
    _, report, _ = scan("--bundle", path)
    unread = [one["cause"] for one in report["unread"] if "Bundle" in one["cause"]]
    assert any("`notes.yaml`" in one or "notes.yaml" in one for one in unread), unread


POD_TEXT = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec: {containers: [{name: c, image: i, env: [{name: DB_PASSWORD, value: hunter2-in-env}]}]}
"""


def test_a_digest_decides_nothing(tmp_path):
    """What is not recorded is not known: a gateway's settings that are a digest are no settings that are good."""
    one = pod("one", containers=[{"name": "c", "image": "vllm/vllm-openai:v1", "args": ["--model=$(WHICH)"],
                                  "env": [{"name": "WHICH", "value": "one/of-ours"}]}])  # fmt: skip
    path, _, _ = collected(tmp_path, Cluster([namespace("a"), one]))
    _, report, _ = scan("--bundle", path)
    assert report["models"]
    assert all(one["verdict"] != "holds" for one in report["commitments"] if one["id"] == "approved-models")


def test_a_server_of_names_keeps_its_settings_and_not_its_secrets():
    text = (
        "a.org {\n  etcd {\n    credentials root hunter2\n  }\n  route53 { aws_access_key ID hunter2 }\n  cache 30\n}"
    )
    kept = setting("Corefile", text, "salt")
    assert isinstance(kept, str)
    assert "hunter2" not in kept
    assert "cache 30" in kept
    assert setting("x.override", "cache 30", "salt") == "cache 30"
    assert setting("stubDomains", '{"a.org": ["10.0.0.2"]}', "salt") == '{"a.org": ["10.0.0.2"]}'
