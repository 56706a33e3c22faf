"""Which file is the page, whoever names it and however."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from api.archives.config import read_config
from api.archives.entrypoint import Entrypoint, resolve_entrypoint
from api.archives.errors import GradioModuleMissing
from api.archives.reader import read_archive
from tests.archives.ziplab import CONFIG, PAGE, plain_zip

DEFAULT = "plugin/gradio_interface.py"


def resolved(tmp_path: Path, files: Iterable[str], actions: str = "", hint: str | None = None) -> Entrypoint:
    """Files whose name ends in `!` do not mention Gradio."""
    contents = {name.removesuffix("!"): b"x = 1\n" if name.endswith("!") else PAGE for name in files}
    config = CONFIG + (f"actions: {{{actions}}}\n".encode() if actions else b"")
    with read_archive(plain_zip(tmp_path / "a.zip", {"config.yaml": config, **contents})) as archive:
        return resolve_entrypoint(archive, read_config(archive), hint)


@pytest.mark.parametrize(
    ("files", "actions", "hint", "value", "path", "source"),
    [
        ([DEFAULT], "", None, DEFAULT, DEFAULT, "the default"),
        ([DEFAULT], "gradio: {entrypoint: plugin.gradio_interface.app}", None,
         "plugin.gradio_interface:app", DEFAULT, "actions.gradio"),
        ([DEFAULT], "gradio: {entrypoint: 'plugin.gradio_interface:demo'}", None,
         "plugin.gradio_interface:demo", DEFAULT, "actions.gradio"),
        ([DEFAULT], "gradio: {entrypoint: plugin.gradio_interface}", None,
         "plugin.gradio_interface", DEFAULT, "actions.gradio"),
        ([DEFAULT], "gradio: {entrypoint: plugin/gradio_interface.py}", None,
         DEFAULT, DEFAULT, "actions.gradio"),
        (["plugin/ui/app.py", "plugin/ui.py"], "gradio: {entrypoint: plugin.ui.app}", None,
         "plugin.ui.app", "plugin/ui/app.py", "actions.gradio"),
        (["ui/__init__.py"], "gradio: {entrypoint: 'ui:demo'}", None, "ui:demo", "ui/__init__.py", "actions.gradio"),
        (["my-ui/page 1.py"], "gradio: {entrypoint: './my-ui/page 1.py'}", None,
         "my-ui/page 1.py", "my-ui/page 1.py", "actions.gradio"),
        (["app.py!"], "gradio: {entrypoint: app}", None, "app", "app.py", "actions.gradio"),
        (["a.py", "b.py"], "train: {entrypoint: 'a:x'}, gradio: {entrypoint: 'b:y'}", None,
         "b:y", "b.py", "actions.gradio"),
        (["train.py!", "page.py"], "train: {entrypoint: train.main}, show: {entrypoint: page.demo}", None,
         "page:demo", "page.py", "actions.show"),
        (["train.py!", DEFAULT], "train: {entrypoint: train.main}", "train.py",
         DEFAULT, DEFAULT, "the default"),
        (["other/page.py", DEFAULT], "", "other/page.py", "other/page.py", "other/page.py", "the request"),
        (["other/page.py!"], "", "other/page.py", "other/page.py", "other/page.py", "the request"),
        ([DEFAULT], "", "plugin.py", DEFAULT, DEFAULT, "the default"),
        ([DEFAULT], "gradio: {entrypoint: gone.app}", None, DEFAULT, DEFAULT, "the default"),
        ([DEFAULT], "gradio: {entrypoint: '../../etc/passwd'}", "/etc/x.py",
         DEFAULT, DEFAULT, "the default"),
        ([DEFAULT], "gradio: {entrypoint: 'os:system(1)'}", None, DEFAULT, DEFAULT, "the default"),
        (["모델.py"], "gradio: {entrypoint: 모델.demo}", None, "모델:demo", "모델.py", "actions.gradio"),
    ],
)  # fmt: skip
def test_resolved(
    files: list[str], actions: str, hint: str | None, value: str, path: str, source: str, tmp_path: Path
) -> None:
    found = resolved(tmp_path, files, actions, hint)
    assert found == Entrypoint(value=value, path=path, source=source)
    assert found.environment() == {"PLAYGROUND_ENTRYPOINT": value}


def test_no_page_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(GradioModuleMissing) as caught:
        resolved(tmp_path, ["train.py!"], "gradio: {entrypoint: plugin.ui.app}, t: {entrypoint: 'train:x'}", "hint.py")
    assert caught.value.looked_for == (
        "plugin/ui/app.py", "plugin/ui/app/__init__.py", "plugin/ui.py", "plugin/ui/__init__.py",
        "train.py", "train/__init__.py", "hint.py", DEFAULT,
    )  # fmt: skip
    assert "holds no Gradio module: looked for 'plugin/ui/app.py'" in str(caught.value)
    assert "Add plugin/gradio_interface.py" in str(caught.value)
