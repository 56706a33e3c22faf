"""Plugin archives from people we don't know: read safely, named by their content, kept as files.

What may live here: reading a ZIP without extracting it, the digest of its content, the plugin's configuration, and the
folder that keeps uploaded archives. Both processes import it, so it knows no SQL, no HTTP and no Docker.
"""
