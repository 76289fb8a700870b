"""What is a model, a candidate, a store, a part of the safety stack."""
