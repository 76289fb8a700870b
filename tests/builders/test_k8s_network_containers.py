"""Containers that share a model's pod, and those that are the model in a pod of their own."""

from tests.builders.k8s_world import BASE, CALICO, graph_of, state

RAY = """
---
apiVersion: ray.io/v1
kind: RayService
metadata: {name: llama, namespace: inference}
spec:
  rayClusterConfig:
    headGroupSpec:
      template:
        spec:
          containers:
            - {name: head, image: 'acme/ray:2.9'}
    workerGroupSpecs:
      - groupName: gpu
        template:
          spec:
            containers:
              - {name: worker, image: 'acme/ray:2.9', resources: {limits: {nvidia.com/gpu: 1}}}
              - {name: shipper, image: 'acme/shipper:1'}
"""
MODEL = "inference/RayService/llama"


def test_a_head_in_a_pod_of_its_own_is_the_model_itself():
    graph = graph_of(BASE, CALICO, RAY, models=(MODEL,))
    assert state(graph, f"{MODEL}#head", MODEL) == "closed"


def test_what_shares_a_worker_s_pod_calls_the_model():
    graph = graph_of(BASE, CALICO, RAY, models=(MODEL,))
    assert state(graph, f"{MODEL}#shipper", MODEL) == "open"
