"""Small secrets and identities that a server makes once and keeps in its data folder."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from api.clock import new_token, new_uid
from api.settings import Settings


def ensure_token(settings: Settings) -> str:
    """The clients' token: the setting, else the one in `<data_dir>/token`, made at first start with mode 0600."""
    if settings.token is not None and settings.token.get_secret_value():
        return settings.token.get_secret_value()
    return read_or_create(settings.data_dir / "token", new_token)


def ensure_controller_token(settings: Settings) -> str:
    """The secret between the API and the controller's private port."""
    return read_or_create(settings.data_dir / "controller-token", new_token)


def ensure_controller_id(settings: Settings) -> str:
    """Whose containers are ours: the setting, else the one in `<data_dir>/controller-id`."""
    return settings.controller_id or read_or_create(settings.data_dir / "controller-id", new_uid)


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The text in `path`; when there is none, what `make` gives, written whole or not at all.

    Two processes that start at once agree: the first link wins, and the other reads what it wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{new_uid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    text = path.read_text().strip()
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"{path} shall hold one word; remove the file to have it made anew")
    return text
