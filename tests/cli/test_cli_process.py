"""The command as a process: how fast it is, what it looks like on a terminal, and how it is interrupted."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.test_cli_apply import document
from tests.cli.test_cli_read import BROKEN, HELLO, page
from tests.sdk.recorder import Agent, Reply
from tests.sdk.test_declarative import applied, resource
from tests.testbed.pauses import await_true

COMMAND = [sys.executable, "-c", "from playground_sdk.cli import main; main()"]
HEARS_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""What a shell starts in the background ignores them, and so does all that it starts, such as these tests."""
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")


def environment(agent: Agent, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PLAYGROUND_SERVER": agent.url,
        "PLAYGROUND_TOKEN": "t",
        "TERM": "xterm-256color",
        "COLUMNS": "120",
        **more,
    }


def on_a_terminal(agent: Agent, *arguments: str, **more: str) -> str:
    """Run with stdout and stderr on a pseudo-terminal, and return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(agent, **more)
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0
    return shown.decode()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, atexit; from playground_sdk.cli import main; sys.argv[1:] = ['--help']; "
        "atexit.register(lambda: print(sorted(set(sys.modules) & {'requests', 'rich', 'urllib3'}), file=sys.stderr)); "
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Usage: playground" in done.stdout


def test_without_the_extra_it_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['typer'] = None; from playground_sdk.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install 'playground-sdk[cli]'")
    assert len(done.stderr.splitlines()) == 1


def test_piped_it_is_plain(agent: Agent) -> None:
    agent.answers(page(HELLO, BROKEN))
    done = subprocess.run(
        [*COMMAND, "list", "-o", "wide"], capture_output=True, text=True, env=environment(agent), check=True
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert "…" not in done.stdout


def test_on_a_terminal_a_status_has_its_colour(agent: Agent) -> None:
    agent.answers(page(HELLO, BROKEN))
    shown = on_a_terminal(agent, "list")
    assert "\x1b[32mrunning" in shown
    assert "\x1b[31mfailed" in shown


def test_no_color_is_honoured(agent: Agent) -> None:
    agent.answers(page(HELLO, BROKEN))
    shown = on_a_terminal(agent, "list", NO_COLOR="1")
    assert "running" in shown
    assert not COLOUR.search(shown)


def test_on_a_terminal_a_create_shows_its_stages_and_ends_with_the_url(agent: Agent, plugin: Path) -> None:
    agent.answers(
        Reply(202, {"build_id": "b1"}),
        {"status": "building", "message": "installs [the] requirements"},
        {"status": "completed", "result": HELLO},
    )
    shown = on_a_terminal(agent, "create", "--file", str(plugin))
    assert "building: installs [the] requirements" in shown
    assert "uploading: sending hello-gradio.zip" in shown
    assert shown.rstrip().endswith("http://127.0.0.1:7860")


def test_results_go_into_the_pipe_while_the_terminal_shows_progress(agent: Agent, tmp_path: Path) -> None:
    agent.answers(applied("created", name="a"), resource("a", "starting"), resource("a"))
    path = tmp_path / "a.yaml"
    path.write_text(document("a"))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "apply", "-f", str(path), "--wait"], stdout=subprocess.PIPE, stderr=theirs, env=environment(agent)
    )
    os.close(theirs)
    stdout, _ = process.communicate(timeout=30)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert process.returncode == 0
    assert stdout.decode() == "playground/a created\nplayground/a ready\n"
    assert "starting: a: told" in seen
    assert "ready" not in seen


def sleeps(pid: int) -> bool:
    """Whether the process waits for something, by the kernel's word."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_an_interrupt_ends_it_with_130(agent: Agent) -> None:
    agent.answers(Reply(never=True))
    command = [*COMMAND[:-1], HEARS_INTERRUPTS + COMMAND[-1]]
    process = subprocess.Popen(
        [*command, "health"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(agent)
    )
    assert agent.asked.wait(30)
    # Python loses an interrupt that comes while it finalizes an object; so it gets one while it waits for the answer.
    await_true("its waiting for the answer", lambda: all(sleeps(process.pid) for _ in range(20)), 10)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    says = "Interrupted; what was asked of the server goes on there.\n"
    assert (process.returncode, stdout, stderr) == (130, "", says)
