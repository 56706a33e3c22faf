"""Docker behind the engine interface, by its low-level API: a method is one request, or as few as there can be."""

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from api.resources.secret import masked
from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer, Usage
from controller.engine.connect import EngineClient, connect
from controller.engine.errors import EngineUnavailable, ImageMissing, NameConflict, NotFound
from controller.engine.hidden import HiddenValues
from controller.engine.image_build import BuildRequest, build_image
from controller.engine.inspected import observed_container, observed_usage
from controller.engine.interface import EngineEvent, ImageToBuild
from controller.engine.lately import Lately
from controller.engine.log_frames import log_frames, log_refusal
from controller.engine.networks import Networks
from controller.engine.sandbox import host_config, run_as
from controller.engine.translate import translated

LABEL_CONTROLLER = "playground.controller"
LABEL_UID = "playground.uid"
LABEL_RELEASE = "playground.release"
LABEL_SPEC_HASH = "playground.spec-hash"
UNTAGGED = "<none>:<none>"


class DockerEngine:
    """One Docker Engine. Safe to share between threads: each has a client of its own."""

    def __init__(
        self, docker_host: str | None, controller_id: str, timeout: float, hidden: HiddenValues | None = None
    ) -> None:
        """`hidden`: where it notes what its containers know and must not show."""
        self._docker_host = docker_host
        self._controller_id = controller_id
        self._timeout = timeout
        self._local = threading.local()
        self._cores: float | None = None
        self._networks = Networks(controller_id)
        self._images = Lately()
        self._hidden = hidden or HiddenValues()

    def ping(self) -> None:
        """Answer, or raise EngineUnavailable."""
        with translated("ping"):
            self._api().ping()

    def listing(self) -> tuple[ListedContainer, ...]:
        """All containers with our controller's label, in one call."""
        with translated("list containers"):
            rows = self._api().containers(all=True, filters={"label": [f"{LABEL_CONTROLLER}={self._controller_id}"]})
        return tuple(
            ListedContainer(
                id=row["Id"],
                uid=row["Labels"].get(LABEL_UID, ""),
                state=ContainerState(row["State"]),
                spec_hash=row["Labels"].get(LABEL_SPEC_HASH, ""),
            )
            for row in rows
        )

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        """Everything about the containers of one playground; one that vanishes meanwhile is not among them."""
        labels = [f"{LABEL_CONTROLLER}={self._controller_id}", f"{LABEL_UID}={uid}"]
        with translated("list containers"):
            rows = self._api().containers(all=True, filters={"label": labels})
        return self.inspected([row["Id"] for row in rows])

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        """Everything about these containers, by their ids; one that is gone is not among them."""
        seen = []
        for container in containers:
            with suppress(NotFound), translated("inspect a container"):
                inspected: dict[str, Any] = self._api().inspect_container(container)
                self._hidden.learn(inspected)
                seen.append(observed_container(inspected))
        return tuple(seen)

    def published_ports(self) -> frozenset[int]:
        """The host ports of all running containers, whoever they belong to."""
        with translated("list containers"):
            rows = self._api().containers()
        return frozenset(port["PublicPort"] for row in rows for port in row["Ports"] if "PublicPort" in port)

    def has_image(self, reference: str) -> bool:
        """Whether the image is on this engine, or was a moment ago: a create says if it is not any more."""
        if reference in self._images:
            return True
        try:
            with translated(f"look for image {reference}"):
                self._api().inspect_image(reference)
        except (NotFound, ImageMissing):
            return False
        self._images.saw(reference)
        return True

    def images(self) -> tuple[ListedImage, ...]:
        """All images with our controller's label; the containers that use one are looked at first."""
        with translated("list containers"):
            used = {row["ImageID"] for row in self._api().containers(all=True)}
        with translated("list images"):
            rows = self._api().images(filters={"label": [f"{LABEL_CONTROLLER}={self._controller_id}"]})
        return tuple(
            ListedImage(
                id=row["Id"],
                tags=tuple(sorted(tag for tag in row["RepoTags"] or () if tag != UNTAGGED)),
                release=row["Labels"].get(LABEL_RELEASE, ""),
                created_at=float(row["Created"]),
                in_use=row["Id"] in used,
            )
            for row in rows
        )

    def remove_image(self, reference: str) -> None:
        """Remove an image, without force: the engine itself refuses one that is in use. Success when it is gone."""
        self._images.forget()
        with suppress(NotFound, ImageMissing), translated(f"remove image {reference}"):
            self._api().remove_image(reference)

    def networks(self) -> tuple[ListedNetwork, ...]:
        """All networks with our controller's label, and whether they are in use."""
        return self._networks.listing(self._api())

    def remove_network(self, name: str) -> None:
        """Remove a network of ours that no container uses; success when it is gone."""
        self._networks.remove(self._api(), name)

    def create(self, spec: ContainerSpec) -> str:
        """Create a container, and its network where that is not there yet; returns the container's id.

        The name stands for playground and spec, so a container of ours that has it already is this one: an earlier
        create whose reply was lost.
        """
        api = self._api()
        with self._networks.lock:
            if spec.network:
                self._networks.ensure(api, spec.network)
            try:
                return self._create(api, spec)
            except NameConflict:
                return self._own_container(spec)
            except ImageMissing:
                self._images.forget()
                raise

    def start(self, container: str) -> None:
        """Start it; success when it runs already."""
        with self._networks.needed(), translated(f"start {container}"):
            self._api().start(container)

    def restart(self, container: str, grace: int) -> None:
        """Stop it within `grace` seconds and start it again."""
        with self._networks.needed(), translated(f"restart {container}"):
            self._api().restart(container, timeout=grace)

    def stop(self, container: str, grace: int) -> None:
        """Stop it within `grace` seconds, by force if it has to be; success when it is gone."""
        with suppress(NotFound), translated(f"stop {container}"):
            self._api().stop(container, timeout=grace)

    def remove(self, container: str) -> None:
        """Kill and remove it; success when it is gone or going."""
        self._hidden.forget(container)
        with suppress(NotFound), translated(f"remove {container}"):
            self._api().remove_container(container, force=True, v=True)

    def usage(self, container: str) -> Usage:
        """What it uses; takes a second or two, as a rate needs two looks."""
        with translated(f"measure {container}"):
            return observed_usage(self._api().stats(container, stream=False))

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        """The last lines it wrote to standard output and standard error, without their line ends.

        The client's own call would inspect the container each time, for a terminal that ours never have.
        """
        api = self._api()
        url, query = f"{api.base_url}/v{api.api_version}/containers/{container}/logs", {"stdout": 1, "stderr": 1}
        with translated(f"read the log of {container}"):
            answer = api.get(url, params={**query, "tail": lines}, timeout=self._timeout)
            if answer.status_code != 200:
                raise log_refusal(answer, container)
            hidden = self._hidden.of(container)
            if hidden is None:
                hidden = self._hidden.learn(api.inspect_container(container))
        raw = b"".join(log_frames(io.BytesIO(answer.content).read))
        return tuple(masked(line, hidden) for line in raw.decode(errors="replace").splitlines()[-lines:])

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        """What happens to our containers from `since` on; ends when `stop` is set, raises when the stream breaks."""
        filters = {"type": "container", "label": f"{LABEL_CONTROLLER}={self._controller_id}"}
        with translated("listen to events"):
            stream = self._api().events(since=int(since), filters=filters, decode=True)
            for event in stream:
                if stop.is_set():
                    stream.close()
                    return
                actor = event.get("Actor", {})
                uid = actor.get("Attributes", {}).get(LABEL_UID)
                if uid:
                    at = event.get("timeNano", 0) / 1e9
                    yield EngineEvent(uid, str(event.get("Action", "")), at, str(actor.get("ID", "")))
        raise EngineUnavailable("The engine's event stream has ended.")

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        """Build an image over BuildKit and return its id."""
        return build_image(
            self._api(),
            context,
            BuildRequest(tag=image.tag, labels=image.labels, network_mode=image.network),
            cancelled=cancelled,
            deadline_s=deadline,
            on_line=on_line,
        )

    def _create(self, api: EngineClient, spec: ContainerSpec) -> str:
        with translated(f"create {spec.name}"):
            created: dict[str, Any] = api.create_container(
                image=spec.image,
                name=spec.name,
                user=run_as(),
                environment=dict(spec.environment),
                labels=dict(spec.labels),
                ports=[(spec.container_port, "tcp")],
                host_config=host_config(api, spec, self._core_count()),
            )
        return str(created["Id"])

    def _own_container(self, spec: ContainerSpec) -> str:
        """The id of the container with that name if it is ours. Raises NameConflict if it is a stranger's."""
        try:
            with translated(f"inspect {spec.name}"):
                there: dict[str, Any] = self._api().inspect_container(spec.name)
        except NotFound as error:
            raise EngineUnavailable(f"The engine is creating {spec.name}, or just removed it.") from error
        labels = there["Config"]["Labels"] or {}
        if any(labels.get(name) != value for name, value in spec.labels if name in {LABEL_CONTROLLER, LABEL_UID}):
            raise NameConflict(
                f"A container that is not ours has the name {spec.name}. It is left alone: rename or remove it."
            )
        return str(there["Id"])

    def _api(self) -> EngineClient:
        """This thread's client, connected at first need: an engine that is not up yet is only unavailable."""
        api: EngineClient | None = getattr(self._local, "api", None)
        if api is None:
            api = connect(self._docker_host, self._timeout)
            self._local.api = api
        return api

    def _core_count(self) -> float:
        """The engine's cores: it refuses a container that is promised more."""
        if self._cores is None:
            self._cores = float(self._api().info()["NCPU"])
        return self._cores
