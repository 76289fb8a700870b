"""Where gateways send what they ask classifiers and models, and whether classifiers run a server at all."""
