"""Where a lab puts its things."""

import pytest

from lab.layout import lab_name


@pytest.mark.parametrize("wanted", [None, ""])
def test_a_lab_without_a_name_has_the_usual_one(wanted: str | None) -> None:
    """With an empty name its run folder was /run, and `make lab-down` removes the run folder."""
    assert lab_name(wanted) == "cti-lab"


@pytest.mark.parametrize("wanted", [".", "..", "a/b", "/", " ", "Lab", "a" * 17, "-a"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match=r"CTI_LAB_NAME is .* it must be"):
        lab_name(wanted)
