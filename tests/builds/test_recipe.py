"""The Dockerfile: what it looks like, and that nobody but us writes in it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.archives.config import PluginConfig, read_config
from api.archives.reader import read_archive
from controller.builds.errors import RecipeInvalid
from controller.builds.options import Manager
from controller.builds.recipe import BuildOptions, BuildRecipe, archive_recipe, build_fingerprint, recipe_for
from controller.builds.requirements import Requirements
from tests.archives.ziplab import CONFIG, plain_zip, plugin_files

BASE = "playground-gradio-base:latest"
NOTHING = Requirements(main=None, files=(), wheels=(), tree=None)
WHEEL = "wheels/demo_lib-1.0-py3-none-any.whl"
DIGEST = "sha256:" + "0" * 64


def recipe(
    tmp_path: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    config: str = "",
    options: BuildOptions | None = None,
    base: str = BASE,
) -> BuildRecipe:
    """The recipe of a small plugin with these files, and these lines of config.yaml, more."""
    contents = {**plugin_files(), **(files or {}), "config.yaml": CONFIG + config.encode()}
    with read_archive(plain_zip(tmp_path / "a.zip", contents)) as archive:
        return archive_recipe(archive, read_config(archive), base, options)


def plan(found: BuildRecipe) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(dict(found.generated)["deps/plan.json"])
    return loaded


def instructions(dockerfile: str) -> list[str]:
    return [line.split(" ", maxsplit=1)[0] for line in dockerfile.splitlines()]


def test_a_plugin_without_requirements(tmp_path: Path) -> None:
    found = recipe(tmp_path)
    assert found.dockerfile == (
        'FROM playground-gradio-base:latest\nUSER 10001:10001\nWORKDIR /app\nCOPY ["app/", "/app/"]\n'
    )
    assert (found.installs, found.generated, found.dependencies, found.notes) == (False, (), (), ())


def test_packages_come_before_the_code(tmp_path: Path) -> None:
    found = recipe(tmp_path, {"requirements.txt": b"numpy\n", "wheels/demo_lib-1.0-py3-none-any.whl": b"PK"})
    assert found.dockerfile == (
        "FROM playground-gradio-base:latest\n"
        "USER 10001:10001\n"
        "WORKDIR /app\n"
        "RUN --mount=type=bind,source=deps,target=/tmp/playground-build"
        " --mount=type=cache,id=playground-4a5977df71b1,target=/tmp/playground-cache,uid=10001,gid=10001"
        ' ["/opt/playground/venv/bin/python", "-I", "/tmp/playground-build/installer.py",'
        ' "/tmp/playground-build/plan.json", "/tmp/playground-build/files"]\n'
        'COPY ["app/", "/app/"]\n'
    )
    assert found.dependencies == ("requirements.txt", WHEEL)
    assert plan(found) == {
        "index": [], "manager": "pip", "offline": False, "options": [], "requirements": "requirements.txt",
        "wheels": [WHEEL], "wheels_dir": "wheels",
    }  # fmt: skip


@pytest.mark.parametrize(
    "line", ["-e .", ".", "./lib", "--editable=.", "lib @ file:///app/lib", "-r ../up.txt", "lib/x"]
)
def test_the_tree_comes_first_when_requirements_want_it(line: str, tmp_path: Path) -> None:
    found = recipe(tmp_path, {"requirements.txt": f"numpy\n{line}\n".encode()})
    assert instructions(found.dockerfile) == ["FROM", "USER", "WORKDIR", "COPY", "RUN"]
    assert 'COPY --chown=10001:10001 ["app/", "/app/"]\n' in found.dockerfile
    assert '/plan.json", "/app"]' in found.dockerfile
    assert found.dependencies == ()
    assert repr(line) in found.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "numpy>=1  # -e .", "# -e .", "-r other.txt", "-c other.txt", "--requirement=other.txt", "-rother.txt",
        WHEEL, f"./{WHEEL}", f"demo @ {WHEEL}", "--find-links wheels", "-f ./wheels/", "--pre", "--index-url https://i/s",
        "x @ https://h/x.whl", "https://h/x.tar.gz", "git+https://h/x.git@v1#egg=x", "numpy ; python_version < '3.12'",
        "uvicorn[standard]==0.1", "a==1 \\\n  --hash=sha256:00", "-r https://h/r.txt", "", "\r\nnumpy\r\n",
    ],
)  # fmt: skip
def test_other_lines_leave_the_packages_first(text: str, tmp_path: Path) -> None:
    found = recipe(
        tmp_path,
        {"requirements.txt": text.encode(), "other.txt": b"torch", "wheels/demo_lib-1.0-py3-none-any.whl": b"PK"},
    )
    assert instructions(found.dockerfile) == ["FROM", "USER", "WORKDIR", "RUN", "COPY"]


def test_nested_requirements_are_followed_and_may_turn_in_circles(tmp_path: Path) -> None:
    found = recipe(
        tmp_path,
        {
            "requirements.txt": b"-r reqs/base.txt\n-c limits.txt\n",
            "reqs/base.txt": b"-r more.txt\nnumpy\n",
            "reqs/more.txt": b"-r ../requirements.txt\ntorch\n",
            "limits.txt": b"numpy<2\n",
            "reqs/unused.txt": b"-e .\n",
        },
    )
    assert found.dependencies == ("limits.txt", "reqs/base.txt", "reqs/more.txt", "requirements.txt")


def test_options_travel_as_data(tmp_path: Path) -> None:
    config = (
        "package_manager: uv\npackage_manager_options: ['--pre', '--index-url https://i.example/simple', "
        "'--extra-index-url=https://j.example/$(id)', '-U', '--find-links', wheels, '--only-binary', ':all:']\n"
    )
    found = recipe(tmp_path, {"requirements.txt": b"x"}, config=config)
    assert plan(found)["options"] == [
        "--pre", "--index-url", "https://i.example/simple", "--extra-index-url", "https://j.example/$(id)", "--upgrade",
        "--find-links", "wheels", "--only-binary", ":all:",
    ]  # fmt: skip
    assert "example" not in found.dockerfile


@pytest.mark.parametrize(
    "option",
    [
        "--target=/opt", "--prefix /", "--root=/", "--python=/bin/sh", "--user", "--system", "--break-system-packages",
        "--global-option=x", "--config-settings=x", "--log=/etc/x", "--cache-dir=/", "-r other.txt", "-e .", "numpy",
        "--index-url=file:///etc", "--index-url ftp://x", "--index-url", "--find-links=/etc", "--find-links=../up",
        "--pre=yes", "--", "-", "", "; rm -rf /", "$(id)", "--extra-index-url=--target=/", "--upgrade-strategy=a b",
        "--proxy=http://x", "--cert=/x", "--index-url 'https://x", "--constraint=file:///etc/passwd",
    ],
)  # fmt: skip
def test_other_options_are_refused(option: str, tmp_path: Path) -> None:
    config = f"package_manager_options: [{json.dumps(option)}]\n"
    if option == "":
        assert plan(recipe(tmp_path, {"requirements.txt": b"x"}, config=config))["options"] == []
        return
    with pytest.raises(RecipeInvalid, match="package_manager_options: "):
        recipe(tmp_path, {"requirements.txt": b"x"}, config=config)


@pytest.mark.parametrize(
    "name",
    [
        "playground-gradio-base", "python:3.12-slim", "r.example:5000/a/b_c:v1.0", "localhost/x@sha256:" + "a" * 64,
        "R.example/team/x__y:T-1",
    ],
)  # fmt: skip
def test_names_of_base_images(name: str, tmp_path: Path) -> None:
    assert recipe(tmp_path, base=name).dockerfile.startswith(f"FROM {name}\n")


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "x y", "x AS y", "x\nRUN id", "x\n", "$BASE", "${BASE}", "x:$TAG", "--platform=arm x", "# syntax=x",
        "scratch", "x..y", "x#y", "x:", "x:t:t",
        "X", "x/", "/x", "x\\", "x`", "x@sha256:1", "a" * 500, "x\r", "x\0", "<<EOF",
    ],
)  # fmt: skip
def test_other_names_never_reach_the_text(name: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match="is no name of an image"):
        recipe(tmp_path, base=name)


EVIL = [
    "x\nRUN id", "# syntax=evil/frontend", "# escape=`", "<<EOF", "${HOME}", "$(id)", "`id`", "\\", '"]\nRUN id',
    "ARG X=1",
    "ONBUILD RUN id", ",target=/etc", "id=x,target=/", "x y", "\t", "é\u2028RUN id",
]  # fmt: skip
MANAGERS: tuple[Manager, ...] = ("pip", "uv")
TEMPLATE = re.compile(
    r"FROM playground-gradio-base:latest\nUSER 10001:10001\nWORKDIR /app\n"
    r"(RUN --mount=type=bind,source=deps,target=/tmp/playground-build"
    r" --mount=type=cache,id=playground-[0-9a-f]{12},target=/tmp/playground-cache,uid=10001,gid=10001"
    r' \["/opt/playground/venv/bin/python", "-I", "/tmp/playground-build/installer.py",'
    r' "/tmp/playground-build/plan.json", "/tmp/playground-build/files"\]\n)?COPY \["app/", "/app/"\]\n'
)


@settings(deadline=None)
@given(
    code=st.sampled_from(EVIL) | st.text(min_size=1, max_size=40),
    names=st.lists(st.sampled_from(EVIL) | st.text(max_size=20), max_size=3),
    manager=st.sampled_from(MANAGERS),
)
def test_nothing_of_a_user_is_in_the_text(code: str, names: list[str], manager: Manager) -> None:
    """Not even where every check before the recipe has failed."""
    config = PluginConfig.model_construct(
        code=code, name=code, version=code, package_manager=manager, package_manager_options=(), wheels_dir=code
    )
    requirements = Requirements(main="requirements.txt" if names else None, files=tuple(names), wheels=(), tree=None)
    found = recipe_for(config, requirements, frozenset(names), BASE)
    assert TEMPLATE.fullmatch(found.dockerfile)
    assert all(path == "deps/plan.json" for path, _ in found.generated)
    assert all(text.isascii() for _, text in found.generated)


def test_a_dockerfile_of_the_plugin_is_ignored_and_said(tmp_path: Path) -> None:
    found = recipe(tmp_path, {"Dockerfile": b"FROM evil", ".dockerignore": b"*", "plugin/Dockerfile": b""})
    assert [note.split(" ")[0] for note in found.notes] == [".dockerignore", "Dockerfile"]


def test_the_operators_part(tmp_path: Path) -> None:
    options = BuildOptions(
        offline=True, index_url="https://u:s3cret@i.example/simple", extra_index_urls=("http://j.example/",)
    )
    found = recipe(tmp_path, {"requirements.txt": b"x"}, options=options)
    assert plan(found)["index"] == [
        "--index-url", "https://u:s3cret@i.example/simple", "--extra-index-url", "http://j.example/",
    ]  # fmt: skip
    assert plan(found)["offline"] is True
    assert "s3cret" not in found.dockerfile
    with pytest.raises(RecipeInvalid, match="no http or https URL"):
        recipe(tmp_path, {"requirements.txt": b"x"}, options=BuildOptions(index_url="https://x\n--target=/"))


def test_each_plugin_has_its_own_cache_unless_the_operator_says_otherwise(tmp_path: Path) -> None:
    shared = recipe(tmp_path, {"requirements.txt": b"x"}, options=BuildOptions(shared_cache=True))
    assert "id=playground," in shared.dockerfile


def test_requirements_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match=r"requirements\.txt is not UTF-8"):
        recipe(tmp_path, {"requirements.txt": b"\xff\xfe"})


def test_the_fingerprint_changes_with_all_that_an_image_is_made_from_besides_the_content() -> None:
    fingerprints = {
        build_fingerprint(BASE, BuildOptions()),
        build_fingerprint("other:latest", BuildOptions()),
        build_fingerprint(BASE, BuildOptions(), 99),
        build_fingerprint(BASE, BuildOptions(offline=True)),
        build_fingerprint(BASE, BuildOptions(extra_index_urls=("https://x/",))),
    }
    assert len(fingerprints) == 5
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in fingerprints)
    assert build_fingerprint(BASE, BuildOptions()) == build_fingerprint(BASE, BuildOptions())


def test_a_limit_of_memory_travels_in_the_plan_and_makes_another_image(tmp_path: Path) -> None:
    limited = BuildOptions(memory=2**30)
    assert plan(recipe(tmp_path, {"requirements.txt": b"numpy\n"}, options=limited))["memory"] == 2**30
    assert build_fingerprint(BASE, limited) != build_fingerprint(BASE, BuildOptions())
