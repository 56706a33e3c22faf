"""The resource types: pure, frozen, validated values.

Admission rule: no I/O, no clock, no randomness, and no import of anything of ours outside this package. Both processes
and the store speak in these values; rows never leave the store and engine objects never leave `controller.engine`.
"""
