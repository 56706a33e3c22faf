"""The body of a create, checked field by field, and the playground it asks for. Pure.

All that is wrong is said at once, each with its place. What no field here knows is ignored with a warning in the reply:
newer clients may send more than we read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from pydantic import JsonValue

from api.http.body import Json, as_object, is_integer, parse
from api.http.errors import MOST_PROBLEMS, InvalidRequestError, Problem, one_of
from api.http.pages import is_integer_text
from api.resources.identity import Kind
from api.resources.playground import (
    ENV_LIMIT,
    ENV_TOTAL,
    GRADIO_PORT,
    PlaygroundSpec,
    PluginSource,
    Readiness,
    labels_from_list,
)
from api.resources.secret import NAME_PATTERN as SECRET_NAME
from api.resources.token import Requester
from api.resources.wanted import WantedPlayground

NOTHING_TO_RUN = "What should run? Give plugin_release ('code@version') or plugin_file (a ZIP archive)."
_VARIABLE = "A text, a number, a boolean or {'secretRef': name} is expected."
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LIMITS = {"plugin_release": 300, "version": 100, "entrypoint": 500, "backend_container_id": 200, "image": 500}
_PATH = re.compile(r"/[!-~]{0,999}")
_CODE_SERVER_PATH = "/healthz"
"""Where a code server says that it serves, unless the create names another path."""
_MAX_LABELS = 100
_LABEL_LIMIT = 300
_DICTS = ("params", "envs", "metadata")
_READ = frozenset(
    {"plugin_release", "plugin", "version", "action", "entrypoint", "model", *_DICTS, "labels", "kind"}
    | {"backend_container_id", "image", "name", "container_port", "health_path", "egress"}
)


@dataclass(frozen=True, slots=True)
class Create:
    """A create as it was understood. `code` and `version` are None as far as they have to come from the archive."""

    code: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    kind: Kind = Kind.PLUGIN_RUNTIME
    model: int | None = None
    params: Json = field(default_factory=dict)
    envs: Mapping[str, str] = field(default_factory=dict)
    secret_envs: Mapping[str, str] = field(default_factory=dict)
    metadata: Json | None = None
    labels: Mapping[str, str] | None = None
    backend_container_id: str | None = None
    image: str | None = None
    name: str | None = None
    container_port: int | None = None
    health_path: str | None = None
    egress: bool = True
    warnings: tuple[str, ...] = ()


def form_values(fields: Mapping[str, Sequence[str]]) -> Json:
    """Form fields with the types they have in JSON: dicts are JSON text, `model` is digits, `labels` repeat."""
    values: Json = {}
    for name, texts in fields.items():
        if name == "labels":
            values[name] = list(texts)
        elif len(texts) > 1:
            raise InvalidRequestError(Problem(("body", name), "This may be given once only.", "repeated", list(texts)))
        elif name in _DICTS:
            values[name] = as_object(parse(texts[0].encode() or b"{}", ("body", name)), ("body", name))
        elif name in {"model", "container_port"}:
            values[name] = int(texts[0]) if is_integer_text(texts[0]) else texts[0] or None
        elif name == "egress":
            values[name] = {"true": True, "false": False}.get(texts[0].lower(), texts[0] or None)
        else:
            values[name] = texts[0] or None
    return values


def parse_create(body: Json) -> Create:
    """The create in a body. Raises InvalidRequestError with everything that is wrong."""
    reader = _Reader(body)
    code, version = reader.release()
    create = Create(
        code=code,
        version=version,
        entrypoint=reader.text("entrypoint"),
        kind=reader.kind(),
        model=reader.model(),
        params=reader.params(),
        envs=reader.envs(),
        secret_envs=reader.secret_envs(),
        metadata=reader.dictionary("metadata"),
        labels=reader.labels(),
        backend_container_id=reader.text("backend_container_id", numbers=True),
        image=reader.text("image"),
        name=reader.name(),
        container_port=reader.port(),
        health_path=reader.path(),
        egress=reader.egress(),
        warnings=tuple(
            f"The field {name[:80]!r} is not known here and was ignored."
            for name in [name for name in body if name not in _READ][:MOST_PROBLEMS]
        ),
    )
    if create.kind is Kind.CODE_SERVER and create.image is None:
        reader.refuse("image", "kind code_server runs an image that is there already: name it as 'image'.", "missing")
    if create.kind is Kind.PLUGIN_RUNTIME and create.image is not None:
        reader.refuse("image", "The image of a plugin_runtime is built from the plugin; leave 'image' out.")
    if create.kind is Kind.PLUGIN_RUNTIME and create.container_port not in {None, GRADIO_PORT}:
        reader.refuse("container_port", f"A plugin_runtime listens on {GRADIO_PORT}; leave 'container_port' out.")
    if reader.problems:
        raise InvalidRequestError(*reader.problems)
    return create


def named_release(create: Create) -> str:
    """`code@version` as the client named it. Raises InvalidRequestError when it named none, or only half of it."""
    if create.code is None:
        raise InvalidRequestError(Problem(("body", "plugin_release"), NOTHING_TO_RUN, "missing"))
    if create.version is None:
        message = f"Which version of {create.code!r}? Write plugin_release as 'code@version'."
        raise InvalidRequestError(Problem(("body", "plugin_release"), message, "version_missing", create.code))
    return f"{create.code}@{create.version}"


def wanted_playground(
    create: Create, plugin_release: str, source: PluginSource | None, requester: Requester | None = None
) -> WantedPlayground:
    """What the store is asked for. `source` is the plugin as resolved; None for an image that is there."""
    path = create.health_path or (_CODE_SERVER_PATH if create.kind is Kind.CODE_SERVER else None)
    spec = PlaygroundSpec(
        kind=create.kind,
        plugin_release=plugin_release,
        model=create.model,
        plugin=source,
        image=create.image,
        params=create.params,
        envs=dict(create.envs),
        secret_envs=dict(create.secret_envs),
        private_envs=bool(create.envs),
        container_port=create.container_port or GRADIO_PORT,
        readiness=Readiness() if path is None else Readiness(path=path),
        egress=create.egress,
    )
    return WantedPlayground(
        spec=spec,
        name=create.name,
        labels=None if create.labels is None else dict(create.labels),
        annotations=create.metadata,
        backend_container_id=create.backend_container_id,
        requester=requester,
        partial=True,
    )


class _Reader:
    """Takes fields out of a body and gathers what is wrong with them; what is wrong reads as not given."""

    def __init__(self, body: Json) -> None:
        self._body = body
        self.problems: list[Problem] = []

    def refuse(self, name: str, message: str, kind: str = "value_error") -> None:
        """Notes a problem."""
        self.problems.append(Problem(("body", name), message, kind, self._body.get(name)))

    def text(self, name: str, *, numbers: bool = False) -> str | None:
        """One line of text; with `numbers` a number stands for its text."""
        value = self._body.get(name)
        if numbers and isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(name, "A text is expected.", "string_type")
        elif not value.strip() or not value.isprintable() or value != value.strip():
            self.refuse(name, "One line of printable text without spaces around it is expected.")
        elif len(value) > _LIMITS[name]:
            self.refuse(name, f"At most {_LIMITS[name]} characters are expected.", "too_long")
        else:
            return value
        return None

    def release(self) -> tuple[str | None, str | None]:
        """(code, version) from `plugin_release`, `plugin` and `version`, as the generations of clients send them."""
        whole = self.text("plugin_release")
        version = self.text("version", numbers=True)
        if whole is None:
            plugin = self._body.get("plugin")
            usable = (
                version is not None and isinstance(plugin, str) and plugin.strip() == plugin and plugin.isprintable()
            )
            return (str(plugin) if usable and plugin else None), version
        if version is not None and whole.endswith(f"@{version}") and len(whole) > len(version) + 1:
            return whole.removesuffix(f"@{version}"), version
        code, at, named = whole.rpartition("@")
        if not at:
            return whole, version
        if not code or not named:
            self.refuse("plugin_release", "It is written code@version, with something on both sides of the last '@'.")
            return None, None
        if version is not None:
            self.refuse("version", f"The version {version!r} and plugin_release {whole!r} disagree.", "mismatch")
        return code, named

    def kind(self) -> Kind:
        """The kind; `plugin_runtime` unless another is given."""
        value = self._body.get("kind")
        if value is None:
            return Kind.PLUGIN_RUNTIME
        known = [kind.value for kind in Kind]
        if isinstance(value, str) and value in known:
            return Kind(value)
        self.refuse("kind", f"One of {one_of(known)} is expected.", "enum")
        return Kind.PLUGIN_RUNTIME

    def model(self) -> int | None:
        """The model's number; 0 is one."""
        value = self._body.get("model")
        if value is None:
            return None
        if is_integer(value) and is_integer_text(str(value)):
            return value
        self.refuse("model", "A whole number is expected.", "int_type")
        return None

    def name(self) -> str | None:
        """The playground's own name: a DNS label."""
        value = self._body.get("name")
        if value is None or (isinstance(value, str) and _NAME.fullmatch(value)):
            return value
        self.refuse("name", "Lower-case letters, digits and '-' are expected, at most 63, with no '-' at the ends.")
        return None

    def port(self) -> int | None:
        """The port that the image listens on."""
        value = self._body.get("container_port")
        if value is None or (is_integer(value) and 1 <= value <= 65535):
            return value
        self.refuse("container_port", "A port is expected, a whole number from 1 to 65535.", "int_type")
        return None

    def path(self) -> str | None:
        """The path that answers 200 once it serves."""
        value = self._body.get("health_path")
        if value is None or (isinstance(value, str) and _PATH.fullmatch(value)):
            return value
        self.refuse("health_path", "A path is expected: a '/', then printable ASCII without spaces.")
        return None

    def egress(self) -> bool:
        """Whether it may reach other networks."""
        value = self._body.get("egress")
        if value is None or isinstance(value, bool):
            return value is not False
        self.refuse("egress", "true or false is expected.", "bool_type")
        return True

    def dictionary(self, name: str) -> Json | None:
        """A JSON object."""
        value = self._body.get(name)
        if value is None or isinstance(value, dict):
            return value
        self.refuse(name, "A JSON object is expected.", "dict_type")
        return None

    def params(self) -> Json:
        """What the plugin finds in PLUGIN_PARAMS."""
        value = self.dictionary("params") or {}
        if len(orjson.dumps(value)) > ENV_LIMIT:
            self.refuse(
                "params", f"As JSON they are longer than the {ENV_LIMIT} bytes that fit an environment.", "too_long"
            )
        return value

    def envs(self) -> dict[str, str]:
        """Environment variables; numbers and booleans stand for their text."""
        texts: dict[str, str] = {}
        for name, value in self._variables().items():
            if isinstance(value, dict):
                continue
            text = _env_text(value)
            place = ("body", "envs", name)
            if not _ENV_NAME.fullmatch(name):
                say = "A variable's name starts with a letter or '_'; letters, digits, '_', '.' and '-' follow."
                self.problems.append(Problem(place, say, input=name))
            elif text is None:
                self.problems.append(Problem(place, _VARIABLE, "string_type"))
            elif len(text.encode()) + len(name) > ENV_LIMIT:
                self.problems.append(Problem(place, f"At most {ENV_LIMIT} bytes fit a variable.", "too_long"))
            else:
                texts[name] = text
        if sum(len(name) + len(text.encode()) for name, text in texts.items()) > ENV_TOTAL:
            self.refuse("envs", f"Together they are larger than {ENV_TOTAL} bytes.", "too_long")
        return texts

    def secret_envs(self) -> dict[str, str]:
        """Variables that are given as `{"secretRef": name}`: name to the secret's name."""
        names: dict[str, str] = {}
        for name, value in self._variables().items():
            if not isinstance(value, dict):
                continue
            secret = value.get("secretRef")
            if set(value) == {"secretRef"} and isinstance(secret, str) and re.fullmatch(SECRET_NAME, secret):
                names[name] = secret
            else:
                say = "{'secretRef': name} is expected: the name of a secret that the operator has set."
                self.problems.append(Problem(("body", "envs", name), say))
        return names

    def _variables(self) -> Json:
        value = self._body.get("envs")
        if value is None or isinstance(value, dict):
            return value or {}
        return self.dictionary("envs") or {}  # notes the problem

    def labels(self) -> dict[str, str] | None:
        """Labels, sent as a list of `name` or `name=value`."""
        value = self._body.get("labels")
        if value is None:
            return None
        if not isinstance(value, list):
            self.refuse("labels", "A list of texts is expected.", "list_type")
            return None
        good = [label for label in value if isinstance(label, str) and _is_label(label)]
        if len(good) != len(value):
            self.refuse("labels", "Each is a text 'name' or 'name=value', one line, at most 300 characters.")
        if len(good) > _MAX_LABELS:
            self.refuse("labels", f"At most {_MAX_LABELS} are expected.", "too_long")
        return labels_from_list(good)


def _is_label(text: str) -> bool:
    return len(text) <= _LABEL_LIMIT and text.isprintable() and bool(text.partition("=")[0].strip())


def _env_text(value: JsonValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) else None
