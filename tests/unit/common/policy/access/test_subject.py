"""Subjects: as whom a caller goes on when the table changes."""

from msgspec.structs import replace

from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from support.registries import ANN, BOB

NARROW = Subject(ANN, Scope(teams=()), b'{"aud":"x"}', "jti", ("agent",))


def test_a_renewed_subject_is_its_principal_as_it_is_now_and_keeps_all_else() -> None:
    now = replace(ANN, teams=("blue",))
    assert NARROW.renewed({ANN.id: now}) == replace(NARROW, principal=now)
    assert NARROW.renewed({ANN.id: ANN}) is NARROW


def test_a_subject_whose_principal_is_gone_is_nobody_anymore() -> None:
    assert NARROW.renewed({BOB.id: BOB}) is None
    assert NOBODY.renewed({}) is NOBODY


def test_only_principals_of_the_table_are_stored() -> None:
    assert NARROW.stored({ANN.id: ANN})
    assert not NARROW.stored({BOB.id: BOB})
    assert not NOBODY.stored({"": ANN})


def test_subjects_are_the_same_but_for_the_names_of_their_tokens() -> None:
    assert replace(NARROW, token="another").sameness() == NARROW.sameness()
    others = (
        replace(NARROW, principal=BOB),
        replace(NARROW, scope=Scope(teams=("red",))),
        replace(NARROW, claims=b"{}"),
        replace(NARROW, chain=()),
    )
    assert len({each.sameness() for each in (*others, NARROW)}) == 5
