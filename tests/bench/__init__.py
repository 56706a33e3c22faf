"""The benchmark's own parts: its arithmetic, its turns, its report. What it measures is run by `make bench`."""
