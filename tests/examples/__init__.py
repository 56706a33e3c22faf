"""The examples, in reading order: each is valid, and each is applied."""
