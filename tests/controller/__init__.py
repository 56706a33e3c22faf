"""The controller process and its edges: private port, probes, settings, supervision, command line."""
