"""Routes of gateways to models, and the policies that guard them."""
