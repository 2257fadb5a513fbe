# %% socket
import socket

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        socket.socket().close()  # expect: network
        return "opened"


# %% hostname
import socket

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return socket.gethostname()  # expect: network


# %% urllib
from urllib.request import urlopen

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        urlopen("http://127.0.0.1:9/")  # expect: network
        return "got"


# %% http_client
import http.client

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        http.client.HTTPConnection("127.0.0.1", 9)  # expect: network
        return "made"


# %% smtp
from smtplib import SMTP

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        SMTP()  # expect: network
        return "made"


# %% parse_only
from urllib.parse import urlsplit

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return urlsplit("http://example.com/a").path


# %% http_status
from http import HTTPStatus

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return HTTPStatus.OK.phrase
