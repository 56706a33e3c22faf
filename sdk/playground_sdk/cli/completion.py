"""The verb that makes the shell complete words: completion."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import shell_complete

from playground_sdk.cli.failures import FAILED

__all__ = ["Shell", "completion"]

# Set by the shell's script when it asks for the words that fit.
_VARIABLE = "_PLAYGROUND_COMPLETE"


class Shell(StrEnum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    ctx: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Your shell.", show_default=False)],
) -> None:
    """Print the script that makes your shell complete verbs and options.

    For bash: source <(playground completion bash), in ~/.bashrc to keep it. For zsh: the same in ~/.zshrc, after
    compinit. For fish: playground completion fish > ~/.config/fish/completions/playground.fish
    """
    root = ctx.find_root().command
    if shell_complete(root, {}, "playground", _VARIABLE, f"source_{shell.value}"):
        raise typer.Exit(FAILED)
