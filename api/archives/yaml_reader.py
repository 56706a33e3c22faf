"""A plugin's configuration from a stranger: a mapping, bounded in size, depth and in what its aliases stand for."""

import yaml

from api.archives.errors import ConfigInvalid
from api.resources.documents import DocumentError, Limits, decode, nodes, where_it_fails

MAX_BYTES = 64 * 1024
_LIMITS = Limits(size=MAX_BYTES)


def load_mapping(data: bytes, name: str) -> tuple[dict[str, object], dict[str, str]]:
    """(the mapping, its top-level scalars as written). `name` is the file's, for messages. Raises ConfigInvalid."""
    try:
        return _load(decode(data, _LIMITS), name)
    except DocumentError as error:
        raise ConfigInvalid(f"{name} {error}") from None
    except yaml.MarkedYAMLError as error:
        raise ConfigInvalid(f"{name} is no valid YAML: {where_it_fails(error)}.") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigInvalid(f"{name} is no valid YAML: {' '.join(str(error).split())[:200]}.") from None


def _load(text: str, name: str) -> tuple[dict[str, object], dict[str, str]]:
    loaded: tuple[dict[str, object], dict[str, str]] | None = None
    for loader, node in nodes(text, _LIMITS):
        if loaded is not None:
            raise ConfigInvalid(f"{name} is no valid YAML: it holds more than one document.")
        if not isinstance(node, yaml.MappingNode):
            break
        written = {str(key.value): str(value.value) for key, value in node.value if isinstance(value, yaml.ScalarNode)}
        loaded = ({str(key): value for key, value in loader.construct_document(node).items()}, written)
    if loaded is None:
        raise ConfigInvalid(f"{name} must be a mapping of fields, such as 'code: my-plugin'.")
    return loaded
