"""Keeps a process connected to Temporal, and its worker running."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Plugin
from temporalio.envconfig import ClientConnectConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from .connection import connect, load_config, runtime_for
from .errors import ConfigurationError, NotConnectedError
from .health import Health, State
from .interceptors import report_blocked_loop
from .settings import TemporalSettings
from .unknown import unknown_workflow_names, workflow_names
from .worker import new_worker

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
"""Seconds before the first retry; doubled for each further one."""

MAX_PAUSE = 15.0
"""Maximum pause between two attempts, in seconds."""

CONNECT_TIMEOUT = 10.0
"""Attempt timeout, in seconds."""

PROBE_INTERVAL = 5.0
"""Seconds between two checks of an open connection."""

STOP_LEEWAY = 1.5
"""Seconds that stopping may take beyond the graceful shutdown timeout."""


class WorkerError(Exception):
    """The worker could not start, or ended. A new one is started."""


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
        dependencies: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
        plugins: Sequence[Plugin] = (),
        standalone: bool = False,
    ) -> None:
        """Prepare the connection. `start` reads the settings and connects.

        Args:
            settings: Reads the settings. Invalid settings are reported in
                `health`; the service starts anyway.
            workflows: The workflows that the worker runs; if empty, no worker.
            activities: The activities that the worker runs.
            dependencies: Opens what the activities need when the worker starts, and
                closes it after the worker's last activity.
            plugins: What changes the client and its worker, e.g. for tracing.
            standalone: Whether this process is only a worker: it then runs even if the
                embedded worker is turned off, and versioned if a build ID is set.
        """
        self._read_settings = settings
        self._workflows = workflows
        self._activities = activities
        self._dependencies = dependencies
        self._plugins = plugins
        self._standalone = standalone
        self._settings = TemporalSettings()
        self._health = Health()
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def client(self) -> Client:
        """The open connection.

        Raises:
            NotConnectedError: It is not open; `health` has details.
        """
        if self._client is None:
            health = self._health
            reason = f": {health.last_error}" if health.last_error else ""
            where = f" at {health.address}" if health.address else ""
            raise NotConnectedError(
                f"no connection to Temporal{where} ({health.state.value}){reason}"
            )
        return self._client

    @property
    def task_queue(self) -> str:
        """The task queue that this service's workflows are started on."""
        return self._settings.task_queue

    def health(self) -> Health:
        """Return the last observed state; makes no request."""
        unknown = unknown_workflow_names() if self._health.polling else ()
        return replace(self._health, unknown_workflows=unknown)

    async def start(self) -> asyncio.Task[None]:
        """Connect in the background, and run the worker unless it is disabled.

        The task ends by itself only if that is impossible; `health` then says why.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="temporal")
        return self._task

    async def stop(self) -> bool:
        """Wait for running activities up to the configured time, then disconnect.

        Returns whether they have ended. A blocked thread cannot be ended, so this waits
        no longer than the graceful shutdown timeout and `STOP_LEEWAY`.
        """
        task, self._task = self._task, None
        if task is None:
            return True
        task.cancel()
        limit = self._settings.graceful_shutdown_seconds + STOP_LEEWAY
        _, running = await asyncio.wait({task}, timeout=limit)
        if running:
            logger.error("Activities still run: Temporal retries them after a timeout")
        return not running

    async def _run(self) -> None:
        try:
            self._settings = self._read_settings()
            await self._keep_connected(load_config())
        except asyncio.CancelledError:
            self._note(state=State.STOPPED)
            raise
        except ConfigurationError as error:
            self._note(state=State.MISCONFIGURED, last_error=str(error))
            logger.error("Temporal is disabled: %s", error)
        except Exception as error:
            self._note(state=State.LOST, last_error=_describe(error))
            logger.exception("Temporal failed; disconnected")

    async def _keep_connected(self, config: ClientConnectConfig) -> None:
        self._note(
            state=State.CONNECTING,
            address=config.get("target_host", ""),
            namespace=config.get("namespace", ""),
            task_queue=self._settings.task_queue,
        )
        runtime = runtime_for(self._settings.metrics_address)
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE
        while True:
            started = clock()
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    client = await connect(
                        config, runtime=runtime, plugins=self._plugins
                    )
                    await _check(client)
                await self._serve(client)
            except (RPCError, RuntimeError, TimeoutError, WorkerError) as error:
                self._note(state=State.CONNECTING, last_error=self._explain(error))
            if clock() - started > MAX_PAUSE + CONNECT_TIMEOUT:
                pause = FIRST_PAUSE
            logger.warning(
                "Temporal at %s, namespace %s: %s; next try in %.1f s",
                self._health.address,
                self._health.namespace,
                self._health.last_error,
                pause,
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    async def _serve(self, client: Client) -> None:
        """Use the connection until cancelled, or until the worker fails.

        A worker that failed to start cannot be restarted on the same connection, so
        the caller opens a new one.
        """
        self._client = client
        self._note(state=State.CONNECTED, last_error=None)
        logger.info(
            "Connected to Temporal at %s, namespace %s",
            self._health.address,
            self._health.namespace,
        )
        probe = asyncio.create_task(self._probe(client), name="temporal-probe")
        try:
            if self._workflows and (self._standalone or self._settings.embedded_worker):
                await self._run_worker(client)
            else:
                await asyncio.Event().wait()
        finally:
            self._client = None
            self._note(polling=False, workflows=())
            probe.cancel()

    async def _run_worker(self, client: Client) -> None:
        try:
            async with self._dependencies() as dependencies:
                worker = self._build_worker(client, dependencies)
                names = workflow_names(self._workflows)
                self._note(polling=True, workflows=names)
                text = "The worker takes tasks from `%s`. Workflows: %s."
                logger.info(text, self._settings.task_queue, ", ".join(names))
                running = asyncio.create_task(worker.run(), name="temporal-worker")
                with report_blocked_loop(), suppress(asyncio.CancelledError):
                    # If this is cancelled, it waits for running activities.
                    await asyncio.gather(running, return_exceptions=True)
            # Only now, so that the dependencies are closed as after any other block.
            await running
        except ConfigurationError:
            raise
        except Exception as error:
            if (task := asyncio.current_task()) and task.cancelling():
                logger.exception("The worker did not stop cleanly")
                raise asyncio.CancelledError from error
            raise WorkerError(f"the worker failed: {_describe(error)}") from error

    def _build_worker(self, client: Client, dependencies: Any) -> Worker:
        try:
            return new_worker(
                client,
                self._settings,
                versioned=self._standalone,
                workflows=self._workflows,
                activities=self._activities,
                dependencies=dependencies,
            )
        except Exception as error:
            # Building does not use the server: a retry would fail as well.
            reason = f"the worker cannot be built: {_describe(error)}"
            raise ConfigurationError(reason) from error

    async def _probe(self, client: Client) -> None:
        """Check regularly whether the server answers, and store the result."""
        while True:
            await asyncio.sleep(PROBE_INTERVAL)
            try:
                await _check(client)
            except RPCError as error:
                if self._health.state is not State.LOST:
                    logger.warning("Temporal does not answer: %s", error)
                self._note(state=State.LOST, last_error=self._explain(error))
            else:
                if self._health.state is State.LOST:
                    logger.info("Temporal answers again")
                self._note(state=State.CONNECTED, last_error=None)

    def _note(self, **changes: Any) -> None:
        self._health = replace(self._health, **changes)

    def _explain(self, error: Exception) -> str:
        if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
            return f"the namespace `{self._health.namespace}` does not exist"
        if isinstance(error, TimeoutError):
            return f"no answer within {CONNECT_TIMEOUT:.0f} s"
        return _describe(error)


async def _check(client: Client) -> None:
    """Check that the namespace exists and is accessible."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    timeout = timedelta(seconds=3)
    await client.workflow_service.describe_namespace(request, timeout=timeout)


def _describe(error: BaseException) -> str:
    """The error and its causes, on one line."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < 3:
        text = " ".join(str(current).split()) or type(current).__name__
        if not any(text in part for part in parts):
            parts.append(text)
        current = current.__cause__
    return ": ".join(parts)
