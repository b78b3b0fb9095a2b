"""`mcpgateway apply`: makes a gateway as documents say. The plan is printed first; all of it is
done, or nothing. What is so already is left alone."""

import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.cli.declarative import plan_text
from mcpgateway.cli.declarative.run import FINE, WRONG, Session, guarded, parser
from mcpgateway.cli.errors import UsageError


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: it is as the documents say; 2: it is not."""
    made = parser("apply", __doc__)
    add = made.add_argument
    add("--set", metavar="NAME", default="", help="mark what is applied as this set's")
    add("--prune", action="store_true", help="delete what is marked as of --set and in no document")
    add("--dry-run", action="store_true", help="print the plan and its effects, change nothing")
    add("--yes", "-y", action="store_true", help="do not ask before something is deleted")
    add("--best-effort", action="store_true", help="leave out what fails alone, and say so")
    args = made.parse_args(argv)

    def act() -> int:
        session = Session(args, environ)
        options = {"set": args.set, "prune": args.prune, "best_effort": args.best_effort}
        planned = session.apply(dry_run=True, **options)
        session.say(plan_text.plan(planned, tried=True, fields=True))
        if args.dry_run:
            session.say(plan_text.effects(planned))
            return WRONG if plan_text.fails(planned) else FINE
        if not plan_text.changes_anything(planned):
            session.say(plan_text.summary(planned))
            return WRONG if plan_text.fails(planned) else FINE
        if planned["summary"].get("delete") and not args.yes:
            _ask(planned["summary"]["delete"])
        done = session.apply(dry_run=False, **options)
        session.say(f"\n{plan_text.plan(done, tried=False, fields=False)}")
        session.say(f"{plan_text.summary(done)}")
        return WRONG if plan_text.fails(done) else FINE

    return guarded("apply", act)


def _ask(count: int) -> None:
    """Raises UsageError when the answer is no, or nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(f"{count} things would be deleted: say --yes")
    print(f"{count} things will be deleted. Go on? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was changed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
