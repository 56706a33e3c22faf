"""The platform's wire contract, as its clients speak it: any server can be held against it.

`PLAYGROUND_CONFORMANCE_URL` and `PLAYGROUND_CONFORMANCE_TOKEN` name one (it builds and runs a real plugin then, so it
takes minutes); without them it is this project's API with a controller that only says that it did everything.
"""
