"""What is wanted: the resource types, the records, and the HTTP that writes them.

Nothing in here talks to Docker or knows the controller; the two processes share the database and the data folder only.
"""
