"""What the API server admits: policies and webhooks that verify images, and what they leave out."""
