"""config.yaml from many hands: what is understood, what is coerced with a warning, what is an error."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.archives.config import PluginConfig, parse_config, read_config
from api.archives.errors import ConfigInvalid
from api.archives.reader import read_archive
from tests.archives.effort import cpu_seconds
from tests.archives.ziplab import plain_zip

MINIMAL = "code: my-plugin\nname: My Plugin\nversion: '1.0.0'\n"


def parsed(text: str) -> PluginConfig:
    return parse_config(text.encode())


def test_the_documented_example() -> None:
    config = parsed(
        "code: my-plugin\nname: My Plugin\nversion: 1.0.0\ncategory: neural_net\n\n"
        "actions:\n  gradio:\n    entrypoint: plugin.gradio_interface.app\n    method: job\n"
    )
    assert (config.code, config.name, config.version, config.category) == (
        "my-plugin", "My Plugin", "1.0.0", "neural_net",
    )  # fmt: skip
    assert config.actions["gradio"].entrypoint == "plugin.gradio_interface.app"
    assert (config.package_manager, config.wheels_dir, config.env) == ("pip", "wheels", {})
    assert [warning.split()[0] for warning in config.warnings] == ["data_type"]


def test_everything_we_know_and_more_that_we_do_not() -> None:
    config = parsed(
        MINIMAL + "package_manager: UV\npackage_manager_options: ['--pre', --no-deps, 3]\nwheels_dir: ./my/wheels/\n"
        "env: {A: 1, B: true, C: text, D: , E: 1.5}\nrequires: {python: 3.11, cuda: null, sdk: '2026.2'}\n"
        "actions: {train: {entrypoint: plugin.train:main, params: {x: [1, 2]}}, gradio: }\n"
        "supported_data_type: image\ntasks: [a, b]\nannotation: {deep: {er: 1}}\n"
    )
    assert config.package_manager == "uv"
    assert config.package_manager_options == ("--pre", "--no-deps", "3")
    assert config.wheels_dir == "my/wheels"
    assert config.env == {"A": "1", "B": "true", "C": "text", "D": "", "E": "1.5"}
    assert (config.requires.python, config.requires.cuda, config.requires.sdk) == ("3.11", None, "2026.2")
    assert config.actions["gradio"].entrypoint is None
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("written", "version"), [("1.0", "1.0"), ("1.10", "1.10"), ("2", "2"), ("2026-01-02", "2026-01-02"), ("1e3", "1e3")]
)
def test_a_version_without_quotes_is_taken_as_written(written: str, version: str) -> None:
    config = parsed(f"code: x\nname: x\nversion: {written}\n")
    assert config.version == version
    assert all("Quote it" in warning for warning in config.warnings)


def test_a_number_as_version_warns() -> None:
    assert "read as the text '1.0'" in parsed("code: x\nname: x\nversion: 1.0\n").warnings[0]


def test_a_missing_version_warns() -> None:
    config = parsed("code: x\nname: x\n")
    assert config.version is None
    assert "version is missing" in config.warnings[0]


def test_an_unknown_category_warns() -> None:
    assert "category 'spaceship'" in parsed(MINIMAL + "category: spaceship\n").warnings[0]


def test_anchors_and_merges_are_fine_in_small() -> None:
    config = parsed(
        MINIMAL + "base: &b {method: job, entrypoint: a.b}\nactions:\n  x: {<<: *b, entrypoint: c.d}\n  y: *b\n"
    )
    assert config.actions["x"].entrypoint == "c.d"
    assert config.actions["y"].method == "job"


BOMB = (
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True))
    + MINIMAL
)
MERGE_BOMB = (
    "a: &a {x: 1}\n"
    + "".join(f"{n}: &{n} {{<<: [{', '.join(['*' + p] * 9)}]}}\n" for p, n in zip("abcdefg", "bcdefgh", strict=True))
    + MINIMAL
)

WRONG = {
    "no code": ("name: x\n", "code is missing"),
    "neither": ("version: '1'\n", "code is missing; name is missing"),
    "empty code": ("code: ''\nname: x\n", "code"),
    "blank code": ("code: '   '\nname: x\n", "code"),
    "code is a list": ("code: [a]\nname: x\n", "code must be a text"),
    "code of two lines": ('code: "a\\nFROM b"\nname: x\n', "code: must be one line"),
    "code too long": (f"code: {'a' * 200}\nname: x\n", "code"),
    "key twice": (MINIMAL + "code: other\n", "the key 'code' twice (line 4)"),
    "key twice inside": (MINIMAL + "env:\n  A: 1\n  A: 2\n", "the key 'A' twice (line 6)"),
    "not a mapping": ("- a\n- b\n", "must be a mapping"),
    "empty": ("", "must be a mapping"),
    "a text": ("hello", "must be a mapping"),
    "two documents": (MINIMAL + "---\n" + MINIMAL, "no valid YAML"),
    "broken": ("code: [a\nname: x\n", "no valid YAML"),
    "tab": ("code:\n\t- a\n", "line 2"),
    "python object": ("code: !!python/object/apply:os.system ['id']\nname: x\n", "no valid YAML"),
    "unknown tag": ("code: !evil x\nname: x\n", "no valid YAML"),
    "alias bomb": (BOMB, "aliases stand for too much"),
    "merge bomb": (MERGE_BOMB, "aliases stand for too much"),
    "refers to itself": (MINIMAL + "env: &e {A: *e}\n", "refers to itself"),
    "unknown alias": (MINIMAL + "env: *nothing\n", "no valid YAML"),
    "too deep": (MINIMAL + "x: " + "[" * 5_000 + "]" * 5_000, "nested more than 32"),
    "too many parts": (MINIMAL + "x: [" + "1," * 20_000 + "]", "more than 10000 parts"),
    "too large": (MINIMAL + "#" * 70_000, "at most 65536"),
    "huge number": (MINIMAL + "x: " + "9" * 60_000, "number of 60000 characters"),
    "sexagesimal number": (MINIMAL + "x: " + ":".join(["1"] * 9_000), "characters; put it in quotes"),
    "no date": (MINIMAL + "x: 2026-99-99\n", "no valid YAML"),
    "list as a key": (MINIMAL + "? [a, b]\n: c\n", "a key that is no plain text"),
    "package manager": (MINIMAL + "package_manager: conda\n", "package_manager"),
    "options are a map": (MINIMAL + "package_manager_options: {a: b}\n", "must be a list"),
    "option of two lines": (MINIMAL + 'package_manager_options: ["--pre\\nRUN x"]\n', "single lines"),
    "wheels outside": (MINIMAL + "wheels_dir: ../wheels\n", "wheels_dir: must be a folder inside the plugin"),
    "wheels absolute": (MINIMAL + "wheels_dir: /wheels\n", "wheels_dir"),
    "env name": (MINIMAL + "env: {'A B': 1}\n", "no name for an environment variable"),
    "env name with equals": (MINIMAL + "env: {'A=B': 1}\n", "no name for an environment variable"),
    "env value is a list": (MINIMAL + "env: {A: [1]}\n", "env.A"),
    "env is a list": (MINIMAL + "env: [A]\n", "env must be a mapping"),
    "env value with NUL": (MINIMAL + 'env: {A: "a\\0b"}\n', "NUL"),
    "actions are a list": (MINIMAL + "actions: [gradio]\n", "actions must be a mapping"),
    "an action is a text": (MINIMAL + "actions: {gradio: a.b}\n", "actions.gradio"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_is_said_in_words(name: str) -> None:
    text, message = WRONG[name]
    with pytest.raises(ConfigInvalid) as caught:
        parsed(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("config.yaml")
    assert str(caught.value).isprintable()

    def refuse() -> None:
        with pytest.raises(ConfigInvalid):
            parsed(text)

    assert cpu_seconds(refuse) < 0.1


def test_no_utf8() -> None:
    with pytest.raises(ConfigInvalid, match="not UTF-8"):
        parse_config(b"code: \xff\xfe\nname: x\n")


def test_a_byte_order_mark_is_no_harm() -> None:
    assert parse_config(b"\xef\xbb\xbf" + MINIMAL.encode()).code == "my-plugin"


def test_the_field_is_told() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parsed(MINIMAL + "env: {A: [1]}\n")
    assert caught.value.field == "env.A"


def test_it_is_frozen_and_goes_through_json() -> None:
    config = parsed(MINIMAL + "env: {A: 1}\n")
    with pytest.raises(ValueError, match="frozen"):
        config.code = "other"  # type: ignore[misc]  # that is the point
    assert PluginConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", ["config.yaml", "synapse.yaml"])
def test_read_from_the_archive(name: str, tmp_path: Path) -> None:
    with read_archive(plain_zip(tmp_path / "a.zip", {name: MINIMAL.encode(), "x.py": b""})) as archive:
        assert read_config(archive).code == "my-plugin"


def test_config_wins_over_synapse(tmp_path: Path) -> None:
    files = {"config.yaml": MINIMAL.encode(), "synapse.yaml": b"code: other\nname: x\n"}
    with read_archive(plain_zip(tmp_path / "a.zip", files)) as archive:
        assert read_config(archive).code == "my-plugin"


def test_no_configuration(tmp_path: Path) -> None:
    files = {"sub/dir/config.yaml": MINIMAL.encode(), "x.py": b""}
    with (
        read_archive(plain_zip(tmp_path / "a.zip", files)) as archive,
        pytest.raises(ConfigInvalid, match=r"no config\.yaml at its root.*'code', 'name' and 'version'"),
    ):
        read_config(archive)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="abc:{}[]&*!<'\"#-|>%@`,? \n\t0123456789.~", max_size=80).map(str.encode),
    )
)
def test_any_text_is_a_configuration_or_a_clear_error(data: bytes) -> None:
    message = "config.yaml is fine"
    try:
        parse_config(MINIMAL.encode() + data)
    except ConfigInvalid as error:
        message = str(error)
    assert message.startswith("config.yaml")
    assert message.isprintable()
