"""Starts a plugin's Gradio page inside its container, on 0.0.0.0:7860, whatever form the page has.

Runs in the image (standard library only, besides the Gradio and uvicorn that are there). ``PLAYGROUND_ENTRYPOINT``
names the page as ``pkg.mod:attr``, ``pkg.mod.attr`` or a file (``plugin/gradio_interface.py``, the default). Served is,
in this order: the named attribute; ``demo``, ``app``, ``interface``, ``iface``, ``blocks`` or ``main`` of that module;
what the module launches when it is run as ``__main__``; a Gradio page found in it then. An attribute may be a Gradio
page, an ASGI application, or a callable without arguments that returns or launches one.

The last line on stderr says what is wrong when nothing can be served; the exit code is 1 then.
"""

import functools
import importlib
import importlib.util
import inspect
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any, NoReturn

HOST, PORT = "0.0.0.0", 7860  # noqa: S104 - inside a container; what is published is the host's decision
DEFAULT_ENTRYPOINT = "plugin/gradio_interface.py"
FALLBACK_NAMES = ("demo", "app", "interface", "iface", "blocks", "main")
SCRATCH_VARIABLES = ("HOME", "GRADIO_TEMP_DIR", "MPLCONFIGDIR", "HF_HOME", "XDG_CACHE_HOME")
# What a page may not choose for itself: it is served to a browser outside of this container, at one address.
FORCED = {
    "server_name": HOST,
    "server_port": PORT,
    "share": False,
    "inbrowser": False,
    "inline": False,
    "ssr_mode": False,
    "ssl_keyfile": None,
    "ssl_certfile": None,
}


class CannotStartError(Exception):
    """Nothing can be served; the text is the last line that the user sees."""


@dataclass(frozen=True)
class Entrypoint:
    """Where the page is: a file or a module, and the attribute that is asked for (may be empty)."""

    file: Path | None
    module: str
    attribute: str

    def __str__(self) -> str:
        return str(self.file) if self.file else f"the module {self.module}"


class Launches:
    """Makes every ``launch()`` serve at our address, and remembers that there was one."""

    def __init__(self) -> None:
        self.happened = False

    def patch(self, blocks: Any) -> None:
        """Replace ``gradio.Blocks.launch`` (every Gradio page is a Blocks)."""
        original = blocks.launch
        signature = inspect.signature(original)

        @functools.wraps(original)
        def launch(page: Any, *args: Any, **kwargs: Any) -> Any:
            known = {name: value for name, value in FORCED.items() if name in signature.parameters}
            bound = signature.bind(page, *args, **kwargs)
            bound.arguments.update(known)
            self.happened = True
            try:
                return original(*bound.args, **bound.kwargs)
            except BaseException:
                self.happened = False
                raise

        blocks.launch = launch


def parse_entrypoint(text: str, root: Path) -> Entrypoint:
    """Find out which of the forms an entry point has. ``root`` is the folder with the plugin's files.

    Raises CannotStartError when there is no such file or module.
    """
    text = text.strip() or DEFAULT_ENTRYPOINT
    if text.endswith(".py") or "/" in text:
        return _file_entrypoint(text, root)
    if ":" in text:
        module, _, attribute = text.partition(":")
        return _module_entrypoint(module, attribute, text, root)
    if _module_exists(text, root):
        return _module_entrypoint(text, "", text, root)
    module, _, attribute = text.rpartition(".")
    return _module_entrypoint(module or text, attribute if module else "", text, root)


def _file_entrypoint(text: str, root: Path) -> Entrypoint:
    for candidate in (text, DEFAULT_ENTRYPOINT):
        if (root / candidate).is_file():
            if candidate != text:
                note(f"{text} is not in the plugin; using {candidate}.")
            relative = Path(candidate)
            names = relative.with_suffix("").parts
            importable = all(name.isidentifier() for name in names) and not relative.is_absolute()
            return Entrypoint(relative, ".".join(names) if importable else "", "")
    raise CannotStartError(f"the plugin has no {text} (looked in {root}); name its Gradio module in config.yaml.")


def _module_entrypoint(module: str, attribute: str, text: str, root: Path) -> Entrypoint:
    if not _module_exists(module, root):
        if (root / DEFAULT_ENTRYPOINT).is_file():
            note(f"{text} is not in the plugin; using {DEFAULT_ENTRYPOINT}.")
            return Entrypoint(Path(DEFAULT_ENTRYPOINT), "plugin.gradio_interface", "")
        raise CannotStartError(f"the plugin has no module {module} (entry point {text}, looked in {root}).")
    file = Path(*module.split(".")).with_suffix(".py")
    return Entrypoint(file if (root / file).is_file() else None, module, attribute)


def _module_exists(module: str, root: Path) -> bool:
    """Whether the plugin, or something installed, has that module. Looked for without running the plugin's code."""
    path = root.joinpath(*module.split("."))
    if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
        return True
    try:
        return "." not in module and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def load(entrypoint: Entrypoint, root: Path) -> ModuleType:
    """Import the module of the page. Whatever it raises comes through."""
    if entrypoint.file is not None:
        sys.path.append(str((root / entrypoint.file).parent))  # for pages written as scripts: `import my_neighbour`
    if entrypoint.module:
        return importlib.import_module(entrypoint.module)
    assert entrypoint.file is not None
    spec = importlib.util.spec_from_file_location("playground_page", root / entrypoint.file)
    if spec is None or spec.loader is None:
        raise CannotStartError(f"{entrypoint} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def find_page(
    module: ModuleType, attribute: str, launches: Launches, is_page: Callable[[object], bool]
) -> object | None:
    """The page or ASGI application of a module; None when there is none, or when a callable launched it."""
    for name in dict.fromkeys((attribute, *FALLBACK_NAMES)):
        if not name:
            continue
        found, value = _attribute(module, name)
        if not found:
            if name == attribute:
                note(f"{module.__name__} has no attribute {attribute!r}; looking for {', '.join(FALLBACK_NAMES)}.")
            continue
        if is_page(value) or is_asgi(value):
            return value
        if is_factory(value):
            result: object = value()  # type: ignore[operator] # is_factory has looked
            if launches.happened:
                return None
            if is_page(result) or is_asgi(result):
                return result
        if name == attribute:
            note(f"{name} of {module.__name__} is neither a Gradio page nor an ASGI application.")
    return None


def _attribute(module: ModuleType, dotted: str) -> tuple[bool, object]:
    value: object = module
    for name in dotted.split("."):
        if not hasattr(value, name):
            return False, None
        value = getattr(value, name)
    return True, value


def is_asgi(value: object) -> bool:
    """Whether it can be called as an ASGI application: ``await value(scope, receive, send)``."""
    if inspect.isclass(value) or inspect.ismodule(value) or not callable(value):
        return False
    try:
        names = [name for name in inspect.signature(value).parameters if name != "self"]
    except (TypeError, ValueError):
        return False
    asynchronous = any(inspect.iscoroutinefunction(function) for function in (value, type(value).__call__))
    return asynchronous and names[:3] == ["scope", "receive", "send"]


def is_factory(value: object) -> bool:
    """Whether it can be called without arguments. Classes are not called: a page is an object."""
    if inspect.isclass(value) or inspect.iscoroutinefunction(value) or not callable(value):
        return False
    try:
        inspect.signature(value).bind()
    except (TypeError, ValueError):
        return False
    return True


def run_as_main(entrypoint: Entrypoint, root: Path) -> Mapping[str, object]:
    """Run the module as a script would be; the names it has defined."""
    if entrypoint.module:
        return runpy.run_module(entrypoint.module, run_name="__main__", alter_sys=True)
    assert entrypoint.file is not None
    return runpy.run_path(str(root / entrypoint.file), run_name="__main__")


def start(text: str, root: Path) -> NoReturn:
    """Serve the page that ``text`` names, until a signal ends the process. Raises CannotStartError."""
    blocks = _gradio_blocks()
    launches = Launches()
    launches.patch(blocks)

    def is_page(value: object) -> bool:
        return isinstance(value, blocks)

    entrypoint = parse_entrypoint(text, root)
    module = load(entrypoint, root)
    if launches.happened:
        wait_forever()
    page = find_page(module, entrypoint.attribute, launches, is_page)
    if page is None and not launches.happened:
        note(f"{entrypoint} defines none of {', '.join(FALLBACK_NAMES)}; running it as a script.")
        page = _page_of_script(run_as_main(entrypoint, root), launches, is_page, entrypoint)
    if page is not None:
        serve(page, is_page)
    wait_forever()


def _page_of_script(
    names: Mapping[str, object], launches: Launches, is_page: Callable[[object], bool], entrypoint: Entrypoint
) -> object | None:
    """The page that a script left behind without launching it; None when it has launched one."""
    if launches.happened:
        return None
    pages = {name: value for name, value in names.items() if is_page(value)}
    for name in FALLBACK_NAMES:
        if name in pages:
            return pages[name]
    if len(pages) == 1:
        return next(iter(pages.values()))
    if pages:
        raise CannotStartError(
            f"{entrypoint} defines several Gradio pages ({', '.join(pages)}) and launches none: "
            f"name one of them `demo`, or in the entry point."
        )
    raise CannotStartError(
        f"{entrypoint} has no Gradio page: define one as `demo = gr.Interface(…)` or `with gr.Blocks() as demo:`, "
        f"or call launch()."
    )


def serve(page: Any, is_page: Callable[[object], bool]) -> None:
    """Begin to serve: a Gradio page in its own threads, an ASGI application until it ends."""
    if is_page(page):
        page.launch(prevent_thread_lock=True)
        return
    uvicorn = importlib.import_module("uvicorn")
    server = uvicorn.Server(uvicorn.Config(page, host=HOST, port=PORT))
    # Not in the main thread: uvicorn would take SIGTERM for itself, and wait for every open page before it ends.
    thread = threading.Thread(target=server.run, name="uvicorn", daemon=True)
    thread.start()
    thread.join()
    raise CannotStartError("the ASGI application did not start, or has ended; see above.")


def wait_forever() -> NoReturn:
    """The page is served by other threads; this one waits for the signal that ends the process."""
    while True:
        threading.Event().wait()


def _gradio_blocks() -> Any:
    try:
        return importlib.import_module("gradio").Blocks
    except ModuleNotFoundError as error:
        raise CannotStartError(
            f"this image lacks {error.name}, which Gradio pages need; rebuild it on the Gradio base."
        ) from error


def explain(error: BaseException, root: Path) -> str:
    """The error of a plugin in one line: what and where."""
    if isinstance(error, CannotStartError):
        return str(error)
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(root):
            where = f" at {Path(frame.filename).relative_to(root)} line {frame.lineno}"
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(root):
        where = f" at {Path(error.filename).relative_to(root)} line {error.lineno}"
    if isinstance(error, SystemExit):
        return f"the plugin ended by itself (exit code {error.code}){where} before it served anything."
    if isinstance(error, ModuleNotFoundError):
        return f"the module {error.name} is missing, imported{where}: add its package to requirements.txt."
    text = " ".join(str(error).split())
    return f"the plugin raised {type(error).__name__}{f' ({text})' if text else ''}{where}."


def _without_launcher(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the plugin's first frame on, where it has one."""
    rest = trace
    while rest is not None and (rest.tb_frame.f_code.co_filename.startswith("<frozen") or _is_own(rest.tb_frame)):
        rest = rest.tb_next
    return rest or trace


def _is_own(frame: FrameType) -> bool:
    return frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename


def note(text: str) -> None:
    """A line for the log of the playground."""
    sys.stderr.write(f"playground: {text}\n")
    sys.stderr.flush()


def main() -> int:
    """Serve until a signal comes; the exit code when nothing could be served."""
    if os.getpid() == 1:  # without an init the kernel would ignore the signal
        signal.signal(signal.SIGTERM, lambda _signal, _frame: os._exit(143))
    root = Path.cwd()
    sys.path[0] = str(root)
    for variable in SCRATCH_VARIABLES:
        if os.environ.get(variable, "").startswith("/tmp/"):  # noqa: S108 - the container's own, a tmpfs
            Path(os.environ[variable]).mkdir(parents=True, exist_ok=True)
    try:
        start(os.environ.get("PLAYGROUND_ENTRYPOINT", ""), root)
    except BaseException as error:
        if not isinstance(error, CannotStartError):
            traceback.print_exception(type(error), error, _without_launcher(error.__traceback__))
        note(f"cannot start: {explain(error, root)}")
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that a plugin left behind must not keep a failed container alive
