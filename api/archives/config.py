"""A plugin's config.yaml (or synapse.yaml) as a frozen value, with warnings for what is odd but usable."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from api.archives.errors import ConfigInvalid
from api.archives.reader import CONFIG_NAMES, PluginArchive
from api.archives.yaml_reader import MAX_BYTES, load_mapping

CATEGORIES = frozenset(
    {"neural_net", "export", "upload", "smart_tool", "post_annotation", "pre_annotation", "data_validation", "custom"}
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT_FIELDS = ("code", "name", "version")


class _ConfigPart(BaseModel):
    """Frozen; fields that we don't know belong to other readers of the file and are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PluginAction(_ConfigPart):
    """One action. `entrypoint` is `pkg.mod:attr` or `pkg.mod.attr`, which mean the same."""

    entrypoint: str | None = Field(default=None, max_length=500)
    method: str | None = Field(default=None, max_length=100)


class PluginRequires(_ConfigPart):
    """What the plugin says it needs; told to people, not enforced."""

    sdk: str | None = None
    python: str | None = None
    cuda: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return _scalar_text(value)


class PluginConfig(_ConfigPart):
    """The plugin, as it describes itself. `version` is None where the file has none; the client names it then."""

    code: str = Field(min_length=1, max_length=150)
    name: str = Field(min_length=1, max_length=200)
    version: str | None = Field(default=None, min_length=1, max_length=100)
    category: str | None = Field(default=None, max_length=100)
    package_manager: Literal["pip", "uv"] = "pip"
    package_manager_options: tuple[str, ...] = Field(default=(), max_length=50)
    wheels_dir: str = "wheels"
    env: Mapping[str, str] = Field(default_factory=dict, max_length=200)
    requires: PluginRequires = PluginRequires()
    actions: Mapping[str, PluginAction] = Field(default_factory=dict, max_length=200)
    warnings: tuple[str, ...] = ()
    """Sentences about what was coerced or looks wrong."""

    @field_validator("code", "name", "version", mode="after")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("must be one line of printable characters")
        return value

    @field_validator("wheels_dir", mode="after")
    @classmethod
    def _inside(cls, value: str) -> str:
        parts = [part for part in value.strip().split("/") if part not in {"", "."}]
        if value.startswith("/") or ".." in parts or not parts or "\\" in value or not value.isprintable():
            raise ValueError("must be a folder inside the plugin, such as 'wheels'")
        return "/".join(parts)

    @field_validator("env", mode="after")
    @classmethod
    def _variables(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name, text in value.items():
            if not _ENV_NAME.fullmatch(name):
                raise ValueError(f"'{name[:80]}' is no name for an environment variable (letters, digits and _ only)")
            if "\0" in text:
                raise ValueError(f"the value of {name} has a NUL character")
        return value

    @field_validator("package_manager_options", mode="after")
    @classmethod
    def _options(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(option) > 2_000 or not option.isprintable() for option in value):
            raise ValueError("options are single lines of printable characters")
        return value


def read_config(archive: PluginArchive) -> PluginConfig:
    """The configuration at the archive's root. Raises ConfigInvalid (missing or wrong), ArchiveRefused."""
    name = next((name for name in CONFIG_NAMES if name in archive), None)
    if name is None:
        raise ConfigInvalid(
            "The plugin archive has no config.yaml at its root (synapse.yaml would do, and so would one folder around "
            "everything). Add one with at least 'code', 'name' and 'version'."
        )
    return parse_config(archive.read(name, MAX_BYTES), name)


def parse_config(data: bytes, name: str = "config.yaml") -> PluginConfig:
    """The configuration in `data`; `name` is the file's, for messages. Raises ConfigInvalid."""
    loaded, written = load_mapping(data, name)
    warnings: list[str] = []
    fields = {key: value for key, value in loaded.items() if value is not None and key != "warnings"}
    for field in _TEXT_FIELDS:
        value = fields.get(field)
        if value is not None and not isinstance(value, str):
            if isinstance(value, (dict, list)) or field not in written:
                raise ConfigInvalid(f"{name}: {field} must be a text.", field=field)
            # As it is written: 1.10 read as a number would become 1.1.
            fields[field] = written[field]
            warnings.append(f"{field} is not in quotes and was read as the text '{written[field]}'. Quote it.")
    for field in _TEXT_FIELDS:
        if isinstance(text := fields.get(field), str):
            fields[field] = text.strip()
    manager = fields.get("package_manager")
    if isinstance(manager, str):
        fields["package_manager"] = manager.strip().lower()
    fields["package_manager_options"] = _option_list(fields.get("package_manager_options"), name)
    fields["env"] = _environment(fields.get("env"), name)
    fields["actions"] = _actions(fields.get("actions"), name)
    warnings.extend(_oddities(fields))
    try:
        return PluginConfig.model_validate({**fields, "warnings": tuple(warnings)})
    except ValidationError as error:
        raise _config_invalid(error, name) from None


def _config_invalid(error: ValidationError, name: str) -> ConfigInvalid:
    problems = error.errors(include_url=False, include_context=False)
    path = ".".join(str(part) for part in problems[0]["loc"])
    said = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])} is missing"
        if problem["type"] == "missing"
        else f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in problems[:5]
    )
    return ConfigInvalid(f"{name}: {said}.", field=path or None)


def _scalar_text(value: object) -> object:
    """A YAML scalar as the text that a shell would want; anything else unchanged, for the validator to refuse."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (str, dict, list)):
        return value
    return str(value)


def _option_list(value: object, name: str) -> list[object]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [_scalar_text(item) for item in value]
    raise ConfigInvalid(f"{name}: package_manager_options must be a list of texts.", field="package_manager_options")


def _environment(value: object, name: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigInvalid(f"{name}: env must be a mapping of names to values.", field="env")
    return {str(key): "" if item is None else _scalar_text(item) for key, item in value.items()}


def _actions(value: object, name: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigInvalid(f"{name}: actions must be a mapping of names to {{entrypoint, method}}.", field="actions")
    return {str(key): {} if item is None else item for key, item in value.items()}


def _oddities(fields: Mapping[str, object]) -> list[str]:
    found: list[str] = []
    category = fields.get("category")
    if "version" not in fields:
        found.append("version is missing; the release is named by whoever uploads it.")
    if isinstance(category, str) and category not in CATEGORIES:
        found.append(f"category '{category[:80]}' is none of {', '.join(sorted(CATEGORIES))}.")
    if category == "neural_net" and "data_type" not in fields:
        found.append("data_type is missing; the platform's own check wants it for the category neural_net.")
    return found
