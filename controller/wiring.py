"""The composition root: the only file that names the concrete classes and puts them together."""

import os
import socket
from dataclasses import dataclass

from api.archives.files import ArchiveFiles
from api.clock import SystemClock, new_uid
from api.local_files import ensure_controller_id, ensure_controller_token
from api.resources.playground import Playground
from api.settings import Settings
from api.store import Store
from controller.backend import BackendHealth, http_post
from controller.builds.build_logs import BuildLogs
from controller.builds.image_builder import ImageBuilder
from controller.builds.pool import BuildPool
from controller.builds.recipe import BuildOptions, build_fingerprint
from controller.domain.container_spec import Limits
from controller.engine.breaker import BreakerEngine
from controller.engine.container_logs import DockerContainerLogs
from controller.engine.docker_engine import DockerEngine
from controller.engine.hidden import HiddenValues
from controller.engine.others import OtherContainers
from controller.executor import Executor
from controller.host_ports import listening_ports
from controller.logs.kept_logs import KeptLogs
from controller.logs.reader import LogReader
from controller.loop.collector import Collector
from controller.loop.control_loop import ControlLoop
from controller.loop.hearing import Hearing
from controller.loop.leader import Leader
from controller.loop.observer import Observer
from controller.loop.overview import Overview
from controller.loop.prober import Prober
from controller.loop.reconciler import Reconciler
from controller.loop.taken_ports import TakenPorts
from controller.loop.workqueue import Workqueue
from controller.metrics import ControllerMetrics
from controller.planner import Policy
from controller.planner.garbage import Keep
from controller.private_api import PrivateApi
from controller.probes import probe_http


@dataclass(frozen=True, slots=True)
class Controller:
    """The parts of a controller process that have to be started, asked or stopped."""

    loop: ControlLoop
    reconciler: Reconciler
    private_api: PrivateApi
    builds: BuildPool
    store: Store


def policy_of(settings: Settings, controller_id: str, options: BuildOptions) -> Policy:
    """The settings, as far as decisions depend on them."""
    return Policy(
        controller_id=controller_id,
        build_fingerprint=build_fingerprint(settings.base_image, options),
        bind_host=settings.bind_host,
        advertise_host=settings.resolved_advertise_host,
        limits=Limits(settings.memory, settings.cpu, settings.pids, settings.tmpfs_bytes),
        ports=settings.port_range,
        egress=settings.egress == "on",
        network_capacity=settings.network_capacity,
        allowed_images=settings.allowed_images,
        readiness_timeout=settings.readiness_timeout,
        liveness_interval=settings.liveness_interval,
        liveness_failures=settings.liveness_failures,
    )


def wire(settings: Settings) -> Controller:
    """Put a controller together. Connects to the database, not yet to the engine.

    Raises:
        StoreError: when the database does not answer or its schema is another.
    """
    clock = SystemClock()
    controller_id = ensure_controller_id(settings)
    options = BuildOptions(offline=settings.build_network == "none", memory=settings.build_memory)
    policy = policy_of(settings, controller_id, options)
    store = Store.open(settings.resolved_database_url)
    store.migrate()
    metrics = ControllerMetrics(store, settings.port_range, clock)
    hidden = HiddenValues()
    engine = _engine(settings, controller_id, metrics, hidden)
    queue = Workqueue(clock)
    leader = Leader(store, _holder(), settings.lease_ttl, clock)
    logs = BuildLogs(settings.logs_dir / "builds")
    container_logs, kept_logs = _container_logs(settings, clock, hidden)
    archives = ArchiveFiles(settings.archives_dir)
    builder = _builder(settings, engine, archives, logs, controller_id, options)
    builds = BuildPool(builder, settings.build_concurrency, clock, queue.add)
    hearing = Hearing()
    observer = _observer(settings, engine, builds, policy, clock, hearing)
    executor = _executor(settings, engine, store, builds, logs, leader, kept_logs)
    backend = _backend(settings, clock)
    reconciler = Reconciler(store, engine, observer, executor, policy, clock, backend.note if backend else _to_nobody)
    collector = Collector(store, engine, archives, logs, policy, Keep(settings.keep_images), clock, kept_logs.prune)
    prober = Prober(observer.probe_host, settings.liveness_interval, clock, queue.add)
    loop = ControlLoop(
        store=store,
        engine=engine,
        reconciler=reconciler,
        leader=leader,
        queue=queue,
        clock=clock,
        workers=settings.resolved_start_slots,
        resync_interval=settings.resync_interval,
        collector=collector,
        gc_interval=settings.gc_interval,
        overview=Overview(store, engine, reconciler, prober, queue.add_after),
        prober=prober,
        hearing=hearing,
        on_pass=metrics.note_pass,
        on_sweep=metrics.note_sweep,
        beside=(("backend", backend.run),) if backend else (),
    )
    _watch(metrics, queue, leader, engine)
    private_api = PrivateApi(
        engine=engine,
        build_logs=logs,
        leader=leader,
        reconciler=reconciler,
        collector=collector,
        token=ensure_controller_token(settings),
        log_reader=LogReader(engine, container_logs, logs, builds, kept_logs, clock),
        metrics=metrics.text,
        strangers=OtherContainers(settings.docker_host, controller_id, settings.engine_timeout).listing,
    )
    return Controller(loop, reconciler, private_api, builds, store)


def _to_nobody(_playground: Playground) -> None:
    """There is no backend to tell."""


def _watch(metrics: ControllerMetrics, queue: Workqueue, leader: Leader, engine: BreakerEngine) -> None:
    """Have these parts looked at whenever the metrics are read."""
    metrics.watch_queue(lambda: len(queue), lambda: queue.adds)
    metrics.watch_state(leads=lambda: leader.claim() is not None, breaker_open=lambda: engine.why_open is not None)


def _engine(settings: Settings, controller_id: str, metrics: ControllerMetrics, hidden: HiddenValues) -> BreakerEngine:
    """Docker, behind the breaker; each call is measured."""
    docker = DockerEngine(settings.docker_host, controller_id, settings.engine_timeout, hidden)
    return BreakerEngine(docker, metrics.measure_call)


def _container_logs(
    settings: Settings, clock: SystemClock, hidden: HiddenValues
) -> tuple[DockerContainerLogs, KeptLogs]:
    """Logs of containers that are there, and those that are kept of the ones that are gone."""
    logs = DockerContainerLogs(settings.docker_host, settings.engine_timeout, hidden)
    return logs, KeptLogs(settings.logs_dir / "containers", logs, clock)


def _holder() -> str:
    """Who this process is to the lease: no other one is called so, whenever it runs."""
    return f"{socket.gethostname()}/{os.getpid()}/{new_uid()}"


def _builder(
    settings: Settings,
    engine: BreakerEngine,
    archives: ArchiveFiles,
    logs: BuildLogs,
    controller_id: str,
    options: BuildOptions,
) -> ImageBuilder:
    return ImageBuilder(
        engine=engine,
        archives=archives,
        logs=logs,
        controller_id=controller_id,
        base_image=settings.base_image,
        options=options,
        deadline=settings.build_timeout,
    )


def _observer(
    settings: Settings,
    engine: BreakerEngine,
    builds: BuildPool,
    policy: Policy,
    clock: SystemClock,
    hearing: Hearing,
) -> Observer:
    return Observer(
        engine=engine,
        builds=builds,
        policy=policy,
        clock=clock,
        probe=probe_http,
        taken_ports=TakenPorts(engine.published_ports, listening_ports, clock),
        probe_host="127.0.0.1" if settings.bind_host == "0.0.0.0" else settings.bind_host,  # noqa: S104 (compared)
        heard_since=hearing.since,
    )


def _backend(settings: Settings, clock: SystemClock) -> BackendHealth | None:
    """Who tells the backend, where there is one."""
    if settings.backend_url is None:
        return None
    token = settings.backend_token.get_secret_value() if settings.backend_token else None
    return BackendHealth(http_post(settings.backend_url, token), clock)


def _executor(
    settings: Settings,
    engine: BreakerEngine,
    store: Store,
    builds: BuildPool,
    logs: BuildLogs,
    leader: Leader,
    kept_logs: KeptLogs,
) -> Executor:
    return Executor(
        engine=engine,
        store=store,
        builds=builds,
        build_logs=logs,
        clock=SystemClock(),
        ports=settings.port_range,
        bind_host=settings.bind_host,
        stop_grace=settings.stop_grace,
        leads=leader.holds,
        keep_log=kept_logs.keep,
    )
