"""Deliveries to clusters: objects of Argo CD, Flux, Fleet, OCM, Cluster API and the clouds, and where they go."""
