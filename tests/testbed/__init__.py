"""A machine within the machine: a network namespace, and a Docker Engine in it. For the chaos and the benchmark."""
