"""What is left behind for whoever audits: trails, and the stores that keep them."""
