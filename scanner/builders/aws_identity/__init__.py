"""IAM as a plane of the graph: who may call a model, and who can become whom."""
