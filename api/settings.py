"""The settings of both processes: flags over environment (`PLAYGROUND_…`) over a TOML file over defaults for a laptop.

The file is named by `PLAYGROUND_CONFIG`, else `/etc/playground/playground.toml` if it is there. Every field is
described in `docs/configuration.md`; a test holds the two together.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

DEFAULT_BASE_IMAGE = "playground-gradio-base:latest"
SYSTEM_FILE = Path("/etc/playground/playground.toml")
MEBIBYTE = 1024 * 1024
_SLOTS_PER_CORE, _MOST_SLOTS = 3, 32


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(home) / "playground"


def _parse_port_range(value: object) -> object:
    """`7860-8860` (both ends included) as a range."""
    if not isinstance(value, str):
        return value
    first, dash, last = value.partition("-")
    if not dash or not first.strip().isdigit() or not last.strip().isdigit():
        raise ValueError(f"a port range is written FIRST-LAST, such as 7860-8860, and not {value!r}")
    low, high = int(first), int(last)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"ports lie between 1 and 65535 and the first is not above the last, unlike {value!r}")
    return range(low, high + 1)


def _parse_words(value: object) -> object:
    """`a, b` as a set of words."""
    return frozenset(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


PortRange = Annotated[range, NoDecode, BeforeValidator(_parse_port_range)]


def default_start_slots() -> int:
    """Passes at a time: most of one is spent waiting for the engine, which waits for disk and kernel."""
    return min(_MOST_SLOTS, _SLOTS_PER_CORE * (os.cpu_count() or 1))


class Settings(BaseSettings):
    """All there is to set. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PLAYGROUND_",
        extra="ignore",
        frozen=True,
        validate_default=True,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        env_ignore_empty=True,
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    """Where the database, archives, logs and the token lie."""
    database_url: str = ""
    """Default: SQLite in the data folder."""
    host: str = "127.0.0.1"
    """The address the API listens on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The API's port."""
    token: SecretStr | None = None
    """The clients' token. Default: one made at first start and kept in `<data_dir>/token` (0600)."""
    rate_limit: float | None = Field(default=50.0, gt=0)
    """Requests a second of each token that the operator made; twice as many may come at once."""
    max_playgrounds_per_token: int | None = Field(default=None, ge=0)
    """Playgrounds that each such token may have at a time. Default: as many as there are ports."""
    max_builds_per_token: int | None = Field(default=None, ge=1)
    """Open builds (requests that wait) of each such token. Default: no limit."""
    trusted_proxies: Annotated[frozenset[str], NoDecode, BeforeValidator(_parse_words)] = frozenset(
        {"127.0.0.1", "::1"}
    )
    """Reverse proxies (addresses, with commas between) whose `X-Forwarded-*` headers are believed."""
    max_archive_bytes: int = Field(default=512 * MEBIBYTE, gt=0)
    """The largest upload."""
    release_folder: Path | None = None
    """A folder of releases that nobody has to upload: `<code>/<version>.zip` or `<code>-<version>.zip`."""
    release_url: str | None = Field(default=None, pattern=r"^https://[^{}]+/[^{}]*(\{(code|version)\}[^{}]*)+$")
    """Where such a release is fetched from: `https://host/{code}/{version}.zip`, its SHA-256 in `….zip.sha256`."""
    release_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_parse_words)] = frozenset()
    """Hosts (with commas between) that releases may be fetched from."""
    release_private_addresses: bool = False
    """Whether those hosts may have private addresses."""
    release_ca_file: str | None = None
    """Certificates (PEM) that those hosts are believed by. Default: the system's."""
    release_timeout: float = Field(default=6.0, gt=0, le=9)
    """How long fetching one may take; clients give up after ten seconds."""
    controller_port: int = Field(default=8001, ge=0, le=65535)
    """The controller's private port on the loopback address: logs, metrics, health."""
    controller_id: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")
    """Whose containers are ours. Default: one made at first start and kept in `<data_dir>/controller-id`."""
    backend_url: str | None = Field(default=None, pattern=r"^https?://[!-~]+$")
    """The platform's backend, which is told how its containers are. Default: nobody is told."""
    backend_token: SecretStr | None = None
    """The token that the backend knows the controller by."""
    docker_host: str | None = Field(
        default=None, validation_alias=AliasChoices("PLAYGROUND_DOCKER_HOST", "DOCKER_HOST")
    )
    """The engine's address. Default: the usual socket."""
    base_image: str = Field(
        default=DEFAULT_BASE_IMAGE,
        validation_alias=AliasChoices("PLAYGROUND_BASE_IMAGE", "GRADIO_CONTAINER_BASE_IMAGE"),
    )
    """The image that plugins are built from."""
    port_range: PortRange = range(7860, 8861)
    """Host ports for playgrounds, FIRST-LAST, both included."""
    bind_host: str = "127.0.0.1"
    """The address that playgrounds' ports are published on."""
    advertise_host: str | None = None
    """The host name in endpoints. Default: the bind address."""
    engine_timeout: float = Field(default=10.0, gt=0)
    """How long one call to the engine may take."""
    build_timeout: float = Field(default=1800.0, gt=0)
    """How long one image build may take."""
    build_concurrency: int = Field(default=2, ge=1)
    """Image builds at a time."""
    build_network: Literal["default", "none"] = "default"
    """The network of a build; `none` allows `wheels/` only."""
    build_memory: int | None = Field(default=None, ge=256 * MEBIBYTE)
    """Memory that one process of a build may hold. Default: no limit, as the engine's builder knows none."""
    start_slots: int | None = Field(default=None, ge=1)
    """Passes at a time. Default: three for each core, and 32 at most: with fewer the engine has time to spare."""
    resync_interval: float = Field(default=30.0, gt=0)
    """How often everything is looked at, whatever the hints said."""
    readiness_timeout: float = Field(default=60.0, gt=0, le=3600)
    """How long a started container may take to serve, unless its spec says otherwise."""
    liveness_interval: float = Field(default=15.0, gt=0)
    """How often a serving playground is probed."""
    liveness_failures: int = Field(default=3, ge=1)
    """Failed probes in a row until a playground is unhealthy and restarted."""
    stop_grace: int = Field(default=5, ge=0)
    """How long a container may take to stop before it is killed."""
    lease_ttl: float = Field(default=10.0, gt=0)
    """How long a silent controller keeps the right to write."""
    memory: int = Field(default=2048 * MEBIBYTE, gt=0)
    """A playground's memory unless its spec asks for less."""
    cpu: float = Field(default=2.0, gt=0)
    """A playground's cores unless its spec asks for less."""
    pids: int = Field(default=256, gt=0)
    """Processes and threads in one playground."""
    tmpfs_bytes: int = Field(default=512 * MEBIBYTE, gt=0)
    """The size of a playground's /tmp, the one place it can write to."""
    egress: Literal["on", "off"] = "on"
    """Whether playgrounds may reach other networks, the Internet among them. A spec may say no for itself."""
    network_capacity: int = Field(default=900, ge=1, le=1000)
    """Playgrounds on one bridge; the kernel refuses the 1,024th, and silently drops packets before."""
    allowed_images: Annotated[frozenset[str], NoDecode, BeforeValidator(_parse_words)] = frozenset()
    """Images that a spec may name (with commas between; `*` and `?` stand for anything). Default: none."""
    gc_interval: float = Field(default=600.0, gt=0)
    """How often images, archives, logs and records that nobody needs are collected."""
    list_strangers: bool = False
    """Whether `containers/docker/` lists the engine's other containers too. They can only be looked at."""
    keep_images: int = Field(default=2, ge=0)
    """Newest images of each plugin that are kept though no playground wants them."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is logged."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto`: console on a terminal, else one JSON object a line."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic's)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then the TOML file."""
        named = os.environ.get("PLAYGROUND_CONFIG")
        path = Path(named) if named else SYSTEM_FILE
        if named and not path.is_file():
            raise FileNotFoundError(f"PLAYGROUND_CONFIG names {path}, and there is no such file")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)

    @property
    def resolved_database_url(self) -> str:
        """The database's URL with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'playground.db'}"

    @property
    def resolved_advertise_host(self) -> str:
        """The host name in endpoints."""
        if self.advertise_host:
            return self.advertise_host
        return "127.0.0.1" if self.bind_host in {"0.0.0.0", "::"} else self.bind_host  # noqa: S104 (compared, not bound)

    @property
    def resolved_start_slots(self) -> int:
        """Passes at a time."""
        return self.start_slots or default_start_slots()

    @property
    def archives_dir(self) -> Path:
        """Where uploaded archives lie, by content."""
        return self.data_dir / "archives"

    @property
    def logs_dir(self) -> Path:
        """Where build logs lie."""
        return self.data_dir / "logs"
