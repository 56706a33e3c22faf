"""YAML from strangers: a plain mapping, bounded in size, depth and in what its aliases stand for."""

from collections.abc import Iterator

import yaml

from api.archives.errors import ConfigInvalid

MAX_BYTES = 64 * 1024
_MAX_NODES = 10_000
_MAX_DEPTH = 32
_MAX_NUMBER = 40  # characters; longer ones cost quadratic time to turn into a number
_CONVERTED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))
_MERGE = "tag:yaml.org,2002:merge"


def load_mapping(data: bytes, name: str) -> tuple[dict[str, object], dict[str, str]]:
    """(the mapping, its top-level scalars as written). `name` is the file's, for messages. Raises ConfigInvalid."""
    if len(data) > MAX_BYTES:
        raise ConfigInvalid(f"{name} has {len(data)} bytes; at most {MAX_BYTES} are allowed.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigInvalid(f"{name} is not UTF-8 text.") from None
    try:
        _check_events(text, name)
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                raise ConfigInvalid(f"{name} must be a mapping of fields, such as 'code: my-plugin'.")
            _check_nodes(node, name)
            written = {
                str(key.value): str(value.value) for key, value in node.value if isinstance(value, yaml.ScalarNode)
            }
            loaded = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise ConfigInvalid(f"{name} is no valid YAML: {_where(error)}.") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigInvalid(f"{name} is no valid YAML: {' '.join(str(error).split())[:200]}.") from None
    return {str(key): value for key, value in loaded.items()}, written


def _where(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "it can't be read"
    return problem if mark is None else f"{problem} (line {mark.line + 1}, column {mark.column + 1})"


def _check_events(text: str, name: str) -> None:
    """Depth and count before anything is built: composing is recursive."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise ConfigInvalid(f"{name} is nested more than {_MAX_DEPTH} levels deep.")
        if count > _MAX_NODES:
            raise ConfigInvalid(f"{name} has more than {_MAX_NODES} parts.")


def _check_nodes(root: yaml.Node, name: str) -> None:
    """Counts what the aliases stand for, and refuses keys that are there twice."""
    pending: list[tuple[yaml.Node, int]] = [(root, 0)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > _MAX_NODES or depth > _MAX_DEPTH:
            raise ConfigInvalid(f"{name} refers to itself, or its aliases stand for too much.")
        if isinstance(node, yaml.ScalarNode) and node.tag in _CONVERTED and len(node.value) > _MAX_NUMBER:
            raise ConfigInvalid(f"{name} has a number of {len(node.value)} characters; put it in quotes.")
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, name)
        pending.extend((child, depth + 1) for child in _children(node))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _check_keys(node: yaml.MappingNode, name: str) -> None:
    keys: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigInvalid(f"{name} has a key that is no plain text (line {key.start_mark.line + 1}).")
        identity = (key.tag, key.value)
        if identity in keys and key.tag != _MERGE:
            raise ConfigInvalid(f"{name} has the key '{key.value[:80]}' twice (line {key.start_mark.line + 1}).")
        keys.add(identity)
