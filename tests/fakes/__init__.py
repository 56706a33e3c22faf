"""Stand-ins for what the controller meets: an engine with memory, a clock that is set, and their failures."""
