"""The running side of one upstream: its instances, each a stdio server that is served over HTTP."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.processes import Process, StdioTicket
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget
from mcpgateway.runner.stdio.launching import Launched
from mcpgateway.runner.stdio.watching import Watch

_MOST = "max_processes of the gateway"


@dataclass
class Instance:
    """`used`: when it was asked last, on the loop's clock."""

    app: Translator
    used: float


class Instances:
    """Of one version of an upstream. By caller, where each has one of his own; else by ""."""

    def __init__(self, path: str, launched: Launched, ticket: StdioTicket, shared: Budget) -> None:
        """`path`: where it is served; `shared`: the budget of all upstreams."""
        self.process: Process = ticket.process
        self._launched = launched
        self._path = path
        self._budget = Budget(ticket.process.max_processes, shared, _MOST)
        self._by_caller: dict[str, Instance] = {}
        self._loop = asyncio.get_running_loop()

    def get(self, caller: str, watch: Watch) -> Translator:
        """Raises Unavailable when there are as many callers as there may be."""
        found = self._by_caller.get(caller)
        if found is None:
            if len(self._by_caller) >= self.process.max_processes:
                count = len(self._by_caller)
                raise Unavailable(f"{count} callers are served already ({_MOST})")
            found = Instance(Translator(self._options(watch), self._budget), 0.0)
            self._by_caller[caller] = found
        found.used = self._loop.time()
        return found.app

    def _options(self, watch: Watch) -> Serve:
        return Serve(
            command=self._launched.argv,
            environment=self._launched.environment,
            cwd=self._launched.cwd,
            path=self._path,
            sse=False,
            idle=self.process.idle_seconds,
            stateless=self.process.instances != "session",
            watcher=watch,
        )

    def sweep(self, stopping: Stopping) -> None:
        """End what nobody uses."""
        oldest = self._loop.time() - self.process.idle_seconds
        for caller, instance in list(self._by_caller.items()):
            instance.app.sweep()
            if caller and instance.used < oldest:
                del self._by_caller[caller]
                stopping.stop(instance.app.aclose())

    def keep_alive(self) -> None:
        for instance in self._by_caller.values():
            instance.app.keep_alive()

    def stop(self, stopping: Stopping) -> None:
        """All of them; the next request begins anew."""
        instances, self._by_caller = self._by_caller, {}
        for instance in instances.values():
            stopping.stop(instance.app.aclose())

    @property
    def callers(self) -> list[str]:
        return sorted(self._by_caller)


class Upstream:
    """One upstream: the version that was ordered last, the one before for a short time, and what is
    known of the processes of both."""

    def __init__(self, id: str, clock: Callable[[], float], stopping: Stopping) -> None:
        self.id = id
        self.watch = Watch(id, clock)
        self._stopping = stopping
        self._versions: dict[str, Instances] = {}
        self._retiring: dict[str, asyncio.TimerHandle] = {}

    def version(self, digest: str) -> Instances | None:
        return self._versions.get(digest)

    def begin(self, digest: str, instances: Instances, name: str, grace: float) -> None:
        """A newer version; others end after `grace` seconds."""
        for older in self._versions:
            if older not in self._retiring:
                timer = asyncio.get_running_loop().call_later(grace, self._retire, older)
                self._retiring[older] = timer
        again = self._retiring.pop(digest, None)
        if again is not None:
            again.cancel()
        self._versions[digest] = instances
        self.watch.begin(name or self.id, instances.process.max_restarts)

    def _retire(self, digest: str) -> None:
        self._retiring.pop(digest, None)
        gone = self._versions.pop(digest, None)
        if gone is not None:
            gone.stop(self._stopping)

    def stop(self, *, forget: bool) -> None:
        """Every process. With `forget` its versions, too."""
        for instances in self._versions.values():
            instances.stop(self._stopping)
        if forget:
            for timer in self._retiring.values():
                timer.cancel()
            self._retiring.clear()
            self._versions.clear()

    def sweep(self) -> None:
        for instances in self._versions.values():
            instances.sweep(self._stopping)

    def keep_alive(self) -> None:
        for instances in self._versions.values():
            instances.keep_alive()

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        callers = {caller for each in self._versions.values() for caller in each.callers if caller}
        return {"upstream": self.id, "callers": sorted(callers), **self.watch.shown()}
