"""The tests, by question rather than by file. Helpers are imported as `tests.<folder>.<module>`."""
