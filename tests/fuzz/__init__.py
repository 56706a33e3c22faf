"""Many requests that nobody would send: JSON, YAML and multipart that is nearly right. `make fuzz` runs 100,000."""
