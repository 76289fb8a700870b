"""Resources to nodes, facts and edges: one file a domain."""
