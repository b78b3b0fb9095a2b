"""Features are switched on one by one; what a build does not know is left out and named."""

from bench.features import FEATURES, NOTHING, Feature, steps, unknown

SOME = (
    Feature("token", {"AUTH": "false"}),
    Feature("metrics", {"METRICS": "off"}),
    Feature("limits", {"LIMIT": "0", "LIMIT_TOO": "0"}),
)


def test_each_step_has_one_feature_more_and_the_last_has_all() -> None:
    found = list(steps(lambda _: True, SOME))
    assert [step.name for step in found] == [NOTHING, "+ token", "+ metrics", "+ limits"]
    assert [len(step.settings) for step in found] == [4, 3, 2, 0]
    assert found[1].settings == {"METRICS": "off", "LIMIT": "0", "LIMIT_TOO": "0"}
    assert [step.credentials for step in found] == [False, True, True, True]


def test_a_feature_with_an_unknown_setting_is_left_out_and_named() -> None:
    known = {"AUTH", "LIMIT"}.__contains__
    assert [step.name for step in steps(known, SOME)] == [NOTHING, "+ token"]
    assert unknown(known, SOME) == [
        "metrics: this build has no setting METRICS",
        "limits: this build has no setting LIMIT_TOO",
    ]


def test_the_first_feature_is_the_one_that_asks_for_credentials() -> None:
    assert FEATURES[0].off == {"AUTH_REQUIRED": "false"}
