"""The service mesh: whom its policies let in at a workload, where they are enforced, and the ways that it makes."""
