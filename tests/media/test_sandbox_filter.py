"""The code of the kernel's filter, looked at on machines this test doesn't run on, too."""

import struct

import pytest

from media.sandbox import filter as sandbox_filter


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_whole_on_each_machine(machine: str) -> None:
    """Every jump of the filter lands within it, on a step that ends by a verdict."""
    code = sandbox_filter.program(machine)
    steps = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    assert all(at + 1 + max(yes, no) < len(steps) for at, (kind, yes, no, _) in enumerate(steps) if kind & 7 == 5)
    assert steps[-1][0] == 6
    assert len(steps) < 4096
