"""The resources: names, conditions, phases, and how a client reads them."""
