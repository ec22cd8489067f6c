"""The shop: gateway, checkout, pricing and inventory, each a process of its own."""
