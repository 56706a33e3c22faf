"""The verbs that write: apply, diff, push, and delete by manifests."""

import json
from pathlib import Path
from typing import Any

import pytest

from playground_sdk.content import content_digest
from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply
from tests.sdk.test_declarative import applied, dry, page, resource

NONE = Reply(404, {"detail": "There is no playground 'a'."})
BAD_PATH = {"loc": ["body", "spec", "plugin", "archive"], "msg": "no content is kept", "type": "value_error"}
UNSENT = Reply(422, {"detail": [BAD_PATH]})


def document(name: str, labels: str = "{}", plugin: str = "{release: hello@1}") -> str:
    return (
        f"apiVersion: playground/v1\nkind: Playground\nmetadata: {{name: {name}, labels: {labels}}}\n"
        f"spec: {{plugin: {plugin}}}\n"
    )


def manifest(folder: Path, *documents: str) -> str:
    path = folder / "x.yaml"
    path.write_text("---\n".join(documents))
    return str(path)


def named(result: str, name: str) -> Reply:
    return applied(result, name=name)


def release(plugin: Path) -> dict[str, Any]:
    return {"metadata": {"name": "hello@1"}, "spec": {"archive": content_digest(plugin)}}


def releases(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "metadata": {}}


def test_each_is_told_with_its_result(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    agent.answers(named("created", "a"), named("configured", "b"), named("unchanged", "c"))
    done = cli("apply", "-f", manifest(tmp_path, *map(document, "abc")))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "playground/a created\nplayground/b configured\nplayground/c unchanged\n"
    assert agent.lines() == [f"PUT /v1/playgrounds/{name}" for name in "abc"]
    agent.answers(named("unchanged", "a"))
    assert cli("-q", "apply", "-f", manifest(tmp_path, document("a"))).output == "a\n"


def test_nothing_is_sent_when_anything_is_wrong(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    done = cli("apply", "-f", manifest(tmp_path, document("a"), document("B")))
    assert (done.exit_code, done.stdout, agent.sent) == (1, "", [])
    assert "x.yaml, document 2, line 8: metadata.name" in done.stderr
    assert "Nothing was applied" in done.stderr


def test_one_that_is_refused_does_not_keep_the_others(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    refused = Reply(422, {"detail": [{"loc": ["body", "spec", "port", "host"], "msg": "out of range"}]})
    agent.answers(named("created", "a"), refused, Reply(409, {"detail": "taken"}), named("created", "d"))
    done = cli("apply", "-f", manifest(tmp_path, *map(document, "abcd")))
    assert done.exit_code == 1
    assert done.stdout == "playground/a created\nplayground/d created\n"
    assert "playground/b: Error: spec.port.host: out of range" in done.stderr
    assert "playground/c: Error: taken" in done.stderr


def test_a_manifest_from_standard_input(agent: Agent, cli: Cli) -> None:
    agent.answers(named("created", "a"))
    assert cli("apply", "-f", "-", stdin=document("a")).stdout == "playground/a created\n"


def test_a_folder_is_packed_and_sent_once(agent: Agent, cli: Cli, tmp_path: Path, plugin: Path) -> None:
    text = document("{}", plugin="{archive: ./hello-gradio}")
    file = manifest(tmp_path, text.replace("{}", "a", 1), text.replace("{}", "b", 1))
    agent.answers(releases(), Reply(201, release(plugin)), named("created", "a"), named("created", "b"))
    done = cli("apply", "-f", file)
    assert done.stdout == "playground/a created\nplayground/b created\n"
    assert "packing: hello-gradio, 2 files\n" in done.stderr
    assert agent.lines() == [
        "GET /v1/pluginreleases?limit=500",
        "POST /v1/pluginreleases",
        "PUT /v1/playgrounds/a",
        "PUT /v1/playgrounds/b",
    ]
    assert agent.last.json()["spec"]["plugin"] == {"archive": content_digest(plugin)}


def test_what_the_server_has_is_not_sent_again(agent: Agent, cli: Cli, tmp_path: Path, plugin: Path) -> None:
    agent.answers(releases(release(plugin)), named("unchanged", "a"))
    cli("apply", "-f", manifest(tmp_path, document("a", plugin="{archive: ./hello-gradio}")))
    assert [sent.method for sent in agent.sent] == ["GET", "PUT"]


def test_a_client_dry_run_asks_nobody(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    done = cli("apply", "-f", manifest(tmp_path, document("a")), "--dry-run=client")
    assert (done.stdout, agent.sent) == ("playground/a valid (client dry run)\n", [])


def test_a_server_dry_run_tells_the_plan(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    agent.answers(dry("created", resource("a"), {"text": "BuildImage\nCreateContainer"}), NONE)
    done = cli("apply", "-f", manifest(tmp_path, document("a")), "--dry-run=server")
    assert done.stdout == "playground/a created (server dry run)\n  BuildImage\n  CreateContainer\n"


def test_a_dry_run_sends_no_content(agent: Agent, cli: Cli, tmp_path: Path, plugin: Path) -> None:
    file = manifest(tmp_path, document("a", plugin="{archive: ./hello-gradio}"))
    agent.answers(UNSENT, NONE)
    done = cli("apply", "-f", file, "--dry-run=server")
    assert done.stdout == "playground/a created (server dry run)\n"
    assert "its content is not on the server yet" in done.stderr
    before = resource("a", plugin={"release": "hello@1", "archive": "sha256:old"})
    before["status"]["archive"] = f"sha256:{'0' * 64}"
    agent.answers(UNSENT, before, dry("unchanged", before), before)
    changed = cli("diff", "-f", file)
    assert changed.exit_code == 1
    assert f"+    archive: {content_digest(plugin)}" in changed.stdout
    assert {sent.method for sent in agent.sent} == {"PUT", "GET"}
    assert all("dryRun=All" in sent.target for sent in agent.sent if sent.method == "PUT")


def test_prune_deletes_what_is_no_longer_there(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    agent.answers(named("unchanged", "a"), page(resource("a"), resource("old")), Reply(200, resource("old")))
    file = manifest(tmp_path, document("a", "{team: vision}"))
    done = cli("apply", "-f", file, "--prune", "-l", "team=vision")
    assert done.stdout == "playground/a unchanged\nplayground/old pruned\n"
    assert agent.last.line == "DELETE /v1/playgrounds/old"


def test_nothing_is_pruned_after_a_failure(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    agent.answers(Reply(409, {"detail": "taken"}))
    done = cli("apply", "-f", manifest(tmp_path, document("a", "{team: vision}")), "--prune", "-l", "team=vision")
    assert done.exit_code == 4
    assert "Nothing is pruned" in done.stderr
    assert len(agent.sent) == 1


@pytest.mark.parametrize("arguments", [["--prune"], ["-l", "a=b"], ["--prune", "-l", "team=other"]])
def test_prune_needs_a_selector_that_its_manifests_match(
    agent: Agent, cli: Cli, tmp_path: Path, arguments: list[str]
) -> None:
    done = cli("apply", "-f", manifest(tmp_path, document("a", "{team: vision}")), *arguments)
    assert (done.exit_code, agent.sent) == (2, [])


def test_apply_waits_for_all_and_names_the_one_that_fails(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    failed = resource("b", "failed")
    failed["status"]["lastFailure"] = {"reason": "BuildFailed", "message": "oh", "time": "x", "logTail": ["why"]}
    agent.answers(named("created", "a"), named("created", "b"), page(resource("a"), failed))
    done = cli("apply", "-f", manifest(tmp_path, *map(document, "ab")), "--wait")
    assert done.exit_code == 1
    assert "playground/a ready" in done.stdout
    assert "playground/b: Error: Playground b has failed: BuildFailed: oh" in done.stderr


def test_diff_tells_what_would_change(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    file = manifest(tmp_path, document("a"))
    agent.answers(dry("configured", resource("a", model=2)), resource("a", version=5))
    done = cli("diff", "-f", file)
    assert done.exit_code == 1
    assert [line for line in done.stdout.splitlines() if line[:1] in "+-"] == [
        "--- playground/a (now)",
        "+++ playground/a (applied)",
        "+  model: 2",
    ]
    agent.answers(dry("unchanged", resource("a")), resource("a", version=5))
    same = cli("diff", "-f", file)
    assert (same.exit_code, same.output) == (0, "")


@pytest.mark.parametrize(("reply", "code"), [(Reply(422, {"detail": "no"}), 2), (Reply(401, {"detail": "no"}), 5)])
def test_a_diff_that_can_t_be_told_is_no_difference(
    agent: Agent, cli: Cli, tmp_path: Path, reply: Reply, code: int
) -> None:
    agent.answers(reply)
    assert cli("diff", "-f", manifest(tmp_path, document("a"))).exit_code == code
    assert cli("diff", "-f", manifest(tmp_path, document("A"))).exit_code == 2


def test_delete_by_manifests(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    agent.answers(Reply(200, resource("a")), NONE)
    done = cli("delete", "-f", manifest(tmp_path, document("a"), document("b", plugin="{image: not right}")))
    assert done.exit_code == 3
    assert done.stdout == "playground/a deleting\n"
    assert agent.lines() == ["DELETE /v1/playgrounds/a", "DELETE /v1/playgrounds/b"]
    assert cli("delete").exit_code == 2
    assert cli("delete", "a", "-f", "x").exit_code == 2


def test_push_sends_only_what_is_new(agent: Agent, cli: Cli, plugin: Path) -> None:
    digest = content_digest(plugin)
    agent.answers(releases(), Reply(200, release(plugin) | {"warnings": ["version is a number"]}))
    done = cli("push", str(plugin))
    assert done.stdout == f"hello@1 configured {digest}\n"
    assert "warning: version is a number" in done.stderr
    agent.answers(releases(release(plugin)))
    assert cli("push", str(plugin)).stdout == f"hello@1 unchanged {digest}\n"
    assert cli("push", "/nowhere").exit_code == 2
    assert cli("push", str(plugin / "plugin")).exit_code == 2
    (plugin / "x.zip").write_text("no zip")
    assert cli("push", str(plugin / "x.zip")).exit_code == 2


def test_doctor_says_how_to_mend_it(agent: Agent, cli: Cli) -> None:
    agent.answers(
        {"status": "ok", "database": {"status": "ok"}, "controller": {"status": "ok"}, "engine": {"status": "ok"}}
    )
    agent.answers({"info": {"version": "v1"}}, NONE)
    well = cli("doctor")
    assert (well.exit_code, "BAD" in well.stdout) == (0, False)
    absent = {"status": "absent"}
    agent.answers(
        {
            "status": "degraded",
            "reasons": ["No controller is running"],
            "controller": absent,
            "database": {"status": "ok"},
        },
        Reply(404, {"detail": "There is no /openapi.json."}),
        Reply(401, {"detail": "Wrong token."}),
    )
    ill = cli("doctor")
    assert ill.exit_code == 1
    assert "BAD   token: the one from --token or PLAYGROUND_TOKEN is refused" in ill.stdout
    assert "playground-server controller" in ill.stdout
    assert "note  versions: the server knows no resources" in ill.stdout
    assert json.dumps(absent) not in ill.stdout


def test_doctor_without_a_server(cli: Cli) -> None:
    done = cli("doctor", "--server", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "BAD   reachable: No server answers" in done.stdout
    assert "playground-server run" in done.stdout
