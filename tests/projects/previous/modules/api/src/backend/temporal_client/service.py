"""Keeps a process connected to Temporal, and its worker running."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConnectConfig
from temporalio.service import RPCError, RPCStatusCode

from .connection import (
    DEFAULT_ADDRESS,
    DEFAULT_NAMESPACE,
    connect,
    load_config,
    runtime_for,
)
from .errors import ConfigurationError, NotConnectedError
from .health import Health, State
from .settings import TemporalSettings
from .unknown import unknown_workflow_names, workflow_names
from .worker import new_executor, new_worker

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

FIRST_PAUSE = 0.5
"""Seconds before the first retry; doubled for each further one."""

MAX_PAUSE = 15.0
"""Maximum pause between two attempts, in seconds."""

CONNECT_TIMEOUT = 10.0
"""Attempt timeout, in seconds."""

PROBE_INTERVAL = 5.0
"""Seconds between two probes of an open connection."""

PROBE_TIMEOUT = timedelta(seconds=3)
"""Timeout of one probe."""

STOP_LEEWAY = 1.5
"""Seconds that stopping may take beyond the graceful shutdown timeout."""


class Temporal:
    """A connection to Temporal that reconnects itself, with or without a worker.

    Call `start` when the service starts: it returns immediately, even if Temporal
    does not answer. `client` is the connection, and `health` reports its state.
    """

    def __init__(
        self,
        settings: Callable[[], TemporalSettings],
        *,
        workflows: Sequence[type] = (),
        activities: Sequence[Callable[..., Any]] = (),
        versioned: bool = False,
    ) -> None:
        """Prepare the connection. `start` reads the settings and connects.

        Args:
            settings: Reads the settings. Invalid settings are reported in
                `health`; the service starts anyway.
            workflows: The workflows that the worker runs; if empty, no worker.
            activities: The activities that the worker runs.
            versioned: Whether a build ID in the settings enables versioning.
        """
        self._read_settings = settings
        self._workflows = workflows
        self._activities = activities
        self._versioned = versioned
        self._settings = TemporalSettings()
        self._address = DEFAULT_ADDRESS
        self._namespace = DEFAULT_NAMESPACE
        self._state = State.STOPPED
        self._polling = False
        self._last_error: str | None = None
        self._client: Client | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def client(self) -> Client:
        """The open connection.

        Raises:
            NotConnectedError: It is not open; `health` has details.
        """
        if self._client is None:
            reason = f": {self._last_error}" if self._last_error else ""
            raise NotConnectedError(
                f"no connection to Temporal at {self._address} "
                f"({self._state.value}){reason}"
            )
        return self._client

    @property
    def task_queue(self) -> str:
        """The task queue that this service's workflows are started on."""
        return self._settings.task_queue

    @property
    def stop_timeout(self) -> float:
        """Seconds after which `stop` gives up: a blocked thread cannot be ended."""
        return self._settings.graceful_shutdown.total_seconds() + STOP_LEEWAY

    def health(self) -> Health:
        """Return the last observed state; makes no request."""
        return Health(
            state=self._state,
            address=self._address,
            namespace=self._namespace,
            task_queue=self._settings.task_queue,
            polling=self._polling,
            last_error=self._last_error,
            workflows=workflow_names(self._workflows) if self._polling else (),
            unknown_workflows=unknown_workflow_names() if self._polling else (),
        )

    async def start(self) -> None:
        """Connect in the background, and run the worker unless it is disabled."""
        if self._task is None or self._task.done():
            self._stopping.clear()
            self._task = asyncio.create_task(self._run_embedded(), name="temporal")

    async def stop(self) -> None:
        """Wait for running activities up to the configured time, then disconnect.

        Returns within `stop_timeout`, even if an activity blocks its thread or the
        server does not answer.
        """
        self.request_stop()
        task, self._task = self._task, None
        if task is None:
            return
        await asyncio.wait({task}, timeout=self.stop_timeout)
        if not task.done():
            logger.error("Temporal: gave up waiting after %.1f s", self.stop_timeout)
            task.cancel()
            await asyncio.wait({task}, timeout=STOP_LEEWAY)

    def request_stop(self) -> None:
        """Ask `run` to return once running activities have ended."""
        self._stopping.set()

    async def run(self, *, with_worker: bool = True) -> None:
        """Connect and serve until asked to stop.

        Raises:
            ConfigurationError: A setting, profile or registered workflow is invalid.
        """
        try:
            await self._run(with_worker=with_worker)
        except ConfigurationError as error:
            self._state = State.MISCONFIGURED
            self._last_error = str(error)
            raise
        else:
            self._state = State.STOPPED
        finally:
            self._polling = False
            self._client = None
            if self._executor is not None:
                self._executor.shutdown(wait=False)
                self._executor = None

    async def _run_embedded(self) -> None:
        try:
            settings = self._read_settings()
            await self.run(with_worker=settings.embedded_worker)
        except ConfigurationError as error:
            self._state = State.MISCONFIGURED
            self._last_error = str(error)
            logger.error("Temporal is disabled: %s", error)
        except Exception as error:
            self._state = State.LOST
            self._last_error = _describe(error)
            logger.exception("Temporal failed; disconnected")

    async def _run(self, *, with_worker: bool) -> None:
        self._state = State.CONNECTING
        self._settings = self._read_settings()
        config = load_config()
        self._address = config.get("target_host", DEFAULT_ADDRESS)
        self._namespace = config.get("namespace", DEFAULT_NAMESPACE)
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            client = await self._unless_stopping(self._connect(config))
            if client is not None:
                served_well = await self._serve(client, with_worker=with_worker)
                if served_well:
                    pause = FIRST_PAUSE
            if self._stopping.is_set():
                return
            logger.warning(
                "Temporal at %s, namespace %s: %s; next try in %.1f s",
                self._address,
                self._namespace,
                self._last_error,
                pause,
            )
            await self._unless_stopping(asyncio.sleep(pause))
            pause = min(pause * 2, MAX_PAUSE)

    async def _connect(self, config: ClientConnectConfig) -> Client | None:
        """Try once; on failure store why."""
        runtime = runtime_for(self._settings.metrics_address)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                client = await connect(config, runtime)
                await self._ask(client)
                return client
        except RPCError as error:
            self._last_error = self._explain(error)
        except TimeoutError:
            self._last_error = f"no answer within {CONNECT_TIMEOUT:.0f} s"
        except RuntimeError as error:
            self._last_error = _describe(error)
        return None

    async def _serve(self, client: Client, *, with_worker: bool) -> bool:
        """Use the connection until asked to stop or until the worker fails.

        A worker that failed to start cannot be restarted on the same connection, so
        the caller opens a new one after a failure. Returns whether the connection
        was used for longer than `MAX_PAUSE`.
        """
        self._client = client
        self._state = State.CONNECTED
        self._last_error = None
        logger.info(
            "Connected to Temporal at %s, namespace %s", self._address, self._namespace
        )
        started = asyncio.get_running_loop().time()
        probe = asyncio.create_task(self._probe(client), name="temporal-probe")
        try:
            if with_worker and self._workflows:
                await self._run_worker(client)
            else:
                await self._stopping.wait()
        except ConfigurationError:
            raise
        except Exception as error:
            logger.debug("The worker failed", exc_info=True)
            self._client = None
            self._state = State.CONNECTING
            self._last_error = f"the worker failed: {_describe(error)}"
        finally:
            self._polling = False
            probe.cancel()
            await asyncio.gather(probe, return_exceptions=True)
        return asyncio.get_running_loop().time() - started > MAX_PAUSE

    async def _run_worker(self, client: Client) -> None:
        if self._executor is None:
            self._executor = new_executor(self._settings)
        try:
            worker = new_worker(
                client,
                self._settings,
                workflows=self._workflows,
                activities=self._activities,
                # Shared by all workers of this process.
                activity_executor=self._executor,
                versioned=self._versioned,
            )
        except Exception as error:
            # Building does not use the server: a retry would fail the same way.
            raise ConfigurationError(
                f"the worker cannot be built: {_describe(error)}"
            ) from error
        running = asyncio.create_task(worker.run(), name="temporal-worker")
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            self._polling = True
            logger.info(
                "The worker takes tasks from `%s`. Workflows: %s. Activities: %d",
                self._settings.task_queue,
                ", ".join(workflow_names(self._workflows)),
                len(self._activities),
            )
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await worker.shutdown()
            await running
        finally:
            stopping.cancel()
            running.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)

    async def _probe(self, client: Client) -> None:
        """Check regularly whether the server answers, and store the result."""
        while True:
            await asyncio.sleep(PROBE_INTERVAL)
            try:
                await self._ask(client)
            except RPCError as error:
                self._last_error = self._explain(error)
                if self._state is not State.LOST:
                    logger.warning("Temporal does not answer: %s", self._last_error)
                self._state = State.LOST
            else:
                if self._state is State.LOST:
                    logger.info("Temporal answers again")
                self._state = State.CONNECTED
                self._last_error = None

    async def _ask(self, client: Client) -> None:
        """Check that the namespace exists and is accessible."""
        request = DescribeNamespaceRequest(namespace=self._namespace)
        await client.workflow_service.describe_namespace(request, timeout=PROBE_TIMEOUT)

    def _explain(self, error: RPCError) -> str:
        if error.status is RPCStatusCode.NOT_FOUND:
            return f"the namespace `{self._namespace}` does not exist"
        return _describe(error)

    async def _unless_stopping(
        self, work: Coroutine[Any, Any, _Result]
    ) -> _Result | None:
        """Wait for the work, or cancel it when a stop is requested."""
        task = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
            stopping.cancel()
            await asyncio.gather(task, stopping, return_exceptions=True)


def _describe(error: BaseException) -> str:
    """The error and its causes, on one line."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < 3:
        text = " ".join(str(current).split()) or type(current).__name__
        if text not in parts:
            parts.append(text)
        current = current.__cause__
    return ": ".join(parts)
