"""Values as the YAML that people read and edit."""

import json

import yaml

__all__ = ["as_yaml"]


def as_yaml(value: object) -> str:
    """YAML as people write it: blocks, in the order of the keys, texts of several lines as such."""
    return yaml.dump(
        json.loads(json.dumps(value)), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, indent=2
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts with line breaks as blocks."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """A text."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)
