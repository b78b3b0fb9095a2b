"""What one class of principals is offered at one endpoint: names, lists, capabilities.

Views are derived, never sent. Each part is built when it is first asked for and then kept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

import msgspec
from typing_extensions import override

from mcpgateway.common.ids import numbered
from mcpgateway.common.policy.visibility import Viewer, sees
from mcpgateway.common.routing import uri_template
from mcpgateway.common.routing.model import Kind, Prompt, Resource, Server, Tool, Upstream
from mcpgateway.common.routing.offers import has_values, tells_of_resources
from mcpgateway.common.routing.view_lists import Formers, Lists, NamesByKind, later

INSTRUCTIONS_LIMIT = 16_384  # characters

R = TypeVar("R", bound=Tool | Prompt | Resource)
Named = TypeVar("Named", bound=Tool | Prompt)
Claims = Mapping[str, tuple[str, ...]]
_OFFERED: tuple[Kind, ...] = ("upstream", "tool", "prompt", "resource")
ViewKey = tuple[str | None, Viewer]


class Catalogue(Protocol):
    """The part of a table that views are made of."""

    @property
    def upstreams(self) -> Mapping[str, Upstream]: ...
    @property
    def tools(self) -> Mapping[str, Tool]: ...
    @property
    def prompts(self) -> Mapping[str, Prompt]: ...
    @property
    def resources(self) -> Mapping[str, Resource]: ...
    def own(self, kind: Kind) -> Iterable[str]:
        """Ids of what has no upstream."""


class View:
    """One endpoint as one class of principals sees it.

    The lists are JSON arrays of definitions, sorted by name (URI), names spliced in; `lists` has
    them in parts.
    """

    def __init__(
        self,
        server: Server | None,
        tools: Mapping[str, Tool],
        prompts: Mapping[str, Prompt],
        resources: Mapping[str, Resource],
        upstreams: Iterable[Upstream],
        depends: frozenset[str] | None = None,
        formers: Formers | None = None,
    ) -> None:
        """`depends`: the ids whose change makes this view stale; None: any offered resource.
        `formers`: lists of the view before, of which a change leaves most as it was."""
        self.server = server
        self.tools = tools
        self.prompts = prompts
        self.resources = resources
        self._upstreams = upstreams
        self.depends = depends
        offered: dict[Kind, Mapping[str, Any]] = {
            "tool": tools,
            "prompt": prompts,
            "resource": resources,
        }
        self.lists = Lists(offered, formers or {}, upstreams, told=depends is None)

    @staticmethod
    def of_prompt(prompt: Prompt) -> "View":
        """Offers this prompt and nothing else."""
        return View(None, {}, {prompt.name: prompt}, {}, ())

    @staticmethod
    def of_resource(resource: Resource) -> "View":
        """Offers this resource, or what its template makes, and nothing else."""
        return View(None, {}, {}, {resource.uri: resource}, ())

    @property
    def server_id(self) -> str:
        """Empty where everything is offered."""
        return "" if self.server is None else self.server.id

    @property
    def upstreams(self) -> Iterable[Upstream]:
        """Those of which something is offered."""
        return self._upstreams

    def resource(self, uri: str) -> Resource | None:
        """The resource of this URI, else the first (by template text) whose template fits."""
        found = self.resources.get(uri)
        if found is not None and not found.template:
            return found
        if not self._templates:
            return None
        asked = uri_template.Uri(uri)
        for template, resource in self._templates:
            if asked.matches(template):
                return resource
        return None

    @cached_property
    def _templates(self) -> list[tuple[uri_template.Template, Resource]]:
        found = sorted((uri, each) for uri, each in self.resources.items() if each.template)
        return [(uri_template.parse(uri), each) for uri, each in found]

    @property
    def tools_list(self) -> bytes:
        return self.lists["tools"].json

    @property
    def legacy_tools_list(self) -> bytes:
        """For clients before 2026-07-28, which know only output schemas of objects."""
        return self.lists["legacy_tools"].json

    @property
    def task_tools_list(self) -> bytes:
        """For clients of 2025-11-25 where calls of tools can be made tasks."""
        return self.lists["task_tools"].json

    @property
    def prompts_list(self) -> bytes:
        return self.lists["prompts"].json

    @property
    def resources_list(self) -> bytes:
        return self.lists["resources"].json

    @property
    def templates_list(self) -> bytes:
        return self.lists["templates"].json

    @cached_property
    def capabilities(self) -> bytes:
        """JSON of the union of what the upstreams have, of what can be passed on, and of what is
        our own. Changes of a list are seen in the table, whether or not its upstreams announce
        them."""
        declared: set[str] = set()
        for upstream in self._upstreams:
            declared |= msgspec.json.decode(
                upstream.capabilities, type=dict[str, msgspec.Raw]
            ).keys()
        offered: dict[str, dict[str, bool]] = {}
        for name, present in (
            ("tools", self.tools),
            ("prompts", self.prompts),
            ("resources", self.resources),
        ):
            if name in declared or any(True for _ in present):
                offered[name] = {"listChanged": True}
        if "resources" in offered:
            # What is our own changes in the table, so that we tell of it.
            tells = bool(_own(self.resources)) or any(map(tells_of_resources, self._upstreams))
            offered["resources"]["subscribe"] = tells
        if has_values(*_own(self.prompts), *_own(self.resources)):
            declared.add("completions")
        offered |= {name: {} for name in ("completions", "logging") if name in declared}
        return msgspec.json.encode(offered)

    @cached_property
    def instructions(self) -> str:
        """The server's description, then the upstreams' instructions, each once."""
        texts = [self.server.description] if self.server is not None else []
        texts += [each.instructions for each in sorted(self._upstreams, key=lambda u: u.slug)]
        whole = "\n\n".join(dict.fromkeys(text for text in texts if text))
        return whole[:INSTRUCTIONS_LIMIT]


def server_view(
    server: Server, who: Viewer, catalogue: Catalogue, formers: Formers | None = None
) -> View:
    """Members that are not in the table or not visible are not offered."""
    tools = _members(server.tools, catalogue.tools, who)
    prompts = _members(server.prompts, catalogue.prompts, who)
    resources = _members(server.resources, catalogue.resources, who)
    parents = dict.fromkeys(
        [each.upstream for each in tools]
        + [each.upstream for each in prompts]
        + [each.upstream for each in resources]
    )
    return View(
        server,
        _offered(server, tools),
        _offered(server, prompts),
        # Where two have one URI, the first member answers.
        {each.uri: each for each in reversed(resources)},
        tuple(catalogue.upstreams[id] for id in parents if id),
        frozenset((server.id, *parents, *server.tools, *server.prompts, *server.resources)),
        formers,
    )


def everything_view(
    who: Viewer,
    catalogue: Catalogue,
    claims: Mapping[Kind, Claims],
    formers: Formers | None = None,
) -> View:
    """Names are looked up in the table's own indexes, so that this view costs nothing to make."""
    return View(
        None,
        _Visible(claims["tool"], catalogue.tools, who, catalogue.own("tool")),
        _Visible(claims["prompt"], catalogue.prompts, who, catalogue.own("prompt")),
        _Visible(claims["resource"], catalogue.resources, who, catalogue.own("resource")),
        _VisibleUpstreams(catalogue.upstreams, who),
        formers=formers,
    )


class _Visible(Mapping[str, R]):
    """Everything of a kind that a class of principals sees, by claimed name or URI."""

    def __init__(
        self, claims: Claims, by_id: Mapping[str, R], who: Viewer, own: Iterable[str]
    ) -> None:
        self._claims = claims
        self._own = own
        self._by_id = by_id
        self._who = who
        self._found: dict[str, R] = {}  # what was asked for; 0.1 us instead of 2 (measured)

    @override
    def __getitem__(self, name: str) -> R:
        found: R | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    @override
    def get(self, name: str, default: Any = None) -> Any:
        found = self._found.get(name)
        if found is None:
            found = self._first(self._claims.get(name, ()))
            if found is None:
                return default
            self._found[name] = found
        return found

    @override
    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs())

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self.pairs())

    def pairs(self) -> Iterator[tuple[str, R]]:
        """As `items`, without looking each name up again."""
        for name, ids in self._claims.items():
            found = self._first(ids)
            if found is not None:
                yield name, found

    def own(self) -> list[R]:
        """What of it has no upstream."""
        found = (self._by_id.get(id) for id in self._own)
        return [each for each in found if each is not None and sees(self._who, each.access)]

    def _first(self, ids: tuple[str, ...]) -> R | None:
        for id in ids:
            found = self._by_id.get(id)
            if found is not None and sees(self._who, found.access):
                return found
        return None


class _VisibleUpstreams(Iterable[Upstream]):
    def __init__(self, upstreams: Mapping[str, Upstream], who: Viewer) -> None:
        self._upstreams = upstreams
        self._who = who

    @override
    def __iter__(self) -> Iterator[Upstream]:
        return (each for each in self._upstreams.values() if sees(self._who, each.access))


class ViewCache:
    """The views of one table. At most `LIMIT`, and at most `MEMBERS` named members over all of
    them: when full, the oldest go (they are made again when asked for)."""

    LIMIT = 1024
    MEMBERS = 200_000
    FORMERS = 64  # views that changed, whose lists are kept for the view that takes their place

    def __init__(self) -> None:
        self._views: dict[ViewKey, View] = {}
        self._formers: dict[ViewKey, Formers] = {}
        self._members = 0

    def __len__(self) -> int:
        return len(self._views)

    def get(self, key: ViewKey) -> View | None:
        return self._views.get(key)

    def put(self, key: ViewKey, view: View) -> None:
        self._views[key] = view
        self._members += _size(view)
        while len(self._views) > 1 and (
            len(self._views) > self.LIMIT or self._members > self.MEMBERS
        ):
            self._members -= _size(self._views.pop(next(iter(self._views))))

    def formers(self, key: ViewKey) -> Formers:
        """Lists of the view that was here, for the one that takes its place."""
        return self._formers.pop(key, {})

    def without(self, touched: Mapping[Kind, Collection[str]], names: NamesByKind) -> "ViewCache":
        """The cache of the next table: views that depend on what was touched (ids by kind) are
        left out. `names` are all that the touched had and have."""
        kept = ViewCache()
        if not self._views and not self._formers:
            return kept
        ids = frozenset(id for of_kind in touched.values() for id in of_kind)
        offers_touched = any(touched[kind] for kind in _OFFERED)
        for key, formers in self._formers.items():
            kept._keep(key, later(formers, names))
        for key, view in self._views.items():
            depends = view.depends
            stale = offers_touched if depends is None else not ids.isdisjoint(depends)
            if stale:
                kept._keep(key, view.lists.after(names))
            else:
                kept.put(key, view)
        return kept

    def _keep(self, key: ViewKey, formers: Formers) -> None:
        if not formers:
            return
        self._formers[key] = formers
        if len(self._formers) > self.FORMERS:
            del self._formers[next(iter(self._formers))]


def _own(offered: Mapping[str, R]) -> list[R]:
    """What of it has no upstream; at the endpoint of everything, without looking at the rest."""
    if isinstance(offered, _Visible):
        return offered.own()
    return [each for each in offered.values() if not each.upstream]


def _size(view: View) -> int:
    return 1 + len(view.depends or ())


def _members(named: Iterable[str], by_id: Mapping[str, R], who: Viewer) -> list[R]:
    found = [each for id in named if (each := by_id.get(id)) is not None]
    return found if who.admin else [each for each in found if sees(who, each.access)]


def _offered(server: Server, members: Iterable[Named]) -> dict[str, Named]:
    """By the name under which each is offered. Upstreams' own names may collide: the later one
    then goes by its prefixed name, numbered if that is taken too; none is lost."""
    if server.naming != "original":
        return {each.name: each for each in members}  # no two of a table have one name
    offered: dict[str, Named] = {}
    for each in members:
        name = each.original_name
        if name in offered:
            name = each.name
        n = 2
        while name in offered:
            name = numbered(each.name, n)
            n += 1
        offered[name] = each
    return offered
