"""The course's cheat sheet is what the library gives, and what PyTorch gives."""

import pytest

from autodiff import Value
from tools.cheatsheet import FILE, SECTIONS, SETUP, TORCH_SETUP, page, results


def test_the_cheat_sheet_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == page(), "run: python -m tools.cheatsheet"


@pytest.mark.parametrize("title", SECTIONS)
def test_pytorch_gives_the_same(title):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rows = SECTIONS[title]
    before = torch.get_default_dtype()
    try:
        theirs = results([row.torch for row in rows], TORCH_SETUP)
    finally:
        torch.set_default_dtype(before)
    for row, mine, other in zip(rows, results([r.ours for r in rows], SETUP), theirs, strict=True):
        assert not isinstance(mine, Value), row.ours
        if mine is None or mine == ():
            assert other is None, row.torch
        elif isinstance(mine, list):
            for one, two in zip(mine, other, strict=True):
                assert one == pytest.approx(two, rel=1e-12)
        else:
            assert mine == pytest.approx(other, rel=1e-12), row.ours
