"""The marks: what the benchmark holds us to, one line each. A scenario's claims name them by number."""

MARKS: dict[int, str] = {
    1: "One create → running, image there, idle machine: ≤ raw + 30 ms at p50; "
    "faster than JupyterHub's spawner and Swarm",
    2: "40 creates at once → 40 answer HTTP 200: ≤ 1.05 × raw; ahead of Swarm, compose, podman, JupyterHub",
    3: "Delete 40, nothing left: ≤ 1.15 × raw",
    4: "900 playgrounds on one engine: every port answers; start rate at the end ≥ 90 % of raw",
    5: "A pass over 900 settled playgrounds: ≤ 2 × the one list call it makes; 0 inspects, 0 writes",
    6: "Idle with 100 playgrounds, both processes: ≤ 1 % of a core, probes included; ≤ 150 MB together",
    7: "Heal after kill -9 and rm -f: ≤ raw start + 60 ms at p95; ahead of restart: always after the second kill, "
    "and of Swarm by 10 ×",
    8: "dockerd SIGKILLed with 40 playgrounds: all answer within 40 / raw rate + 3 s of the engine's first ping",
    9: "API on one worker, 16 connections: GET ≥ 50 % of a bare hello, list of 100 ≥ 15 %, durable POST ≥ 12 %; "
    "p99 ≤ 15 ms, ≤ 50 ms while 40 start",
    10: "Commit of a desired state → a worker has the key: p99 ≤ 25 ms on SQLite, ≤ 10 ms on PostgreSQL",
    11: "Archive with changed code → image: ≤ 1.5 × the same Dockerfile by hand; ≥ 4 × faster than the naive one; "
    "unchanged: no build",
    12: "Archive → Gradio answers, dependencies cached: ≤ the same image by hand + 0.4 s",
    13: "First Gradio base: ≥ 2.5 × faster than pip",
    14: "Hardened against bare start: ≤ + 40 ms",
    15: "10,000 records on the fake engine: a full pass ≤ 1 s of CPU, a settled one ≤ 150 ms; ≤ 25 KB a record, linear",
    16: "`playground --help` ≤ 0.3 s, `playground get` ≤ 0.4 s",
}
