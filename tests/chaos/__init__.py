"""`make chaos`: the whole system on a Docker Engine of its own that may be killed, hung and robbed of its ports.

Not part of `make test`: it takes long, and prints figures. The engine lives in a network namespace of its
own, so that it never touches the machine's bridges, rules and ports.
"""
