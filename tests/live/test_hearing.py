"""C4, C3, E4 on real calls: "告知恢复时间; 留下联系电话; 恢复后通知"; "短信、电话告知客户; 道歉"; "测试验收".

The announcement is heard before anybody answers, and goes on without us; a number left by a key is called back; every path is called;
nobody is told twice, also after SIGKILL."""

import pytest

from lab import bench, hearing

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def test_what_a_plan_lets_callers_hear_and_do() -> None:
    try:
        result = hearing.play()
    finally:
        bench.down()
    print(result)
    assert (result.announced_to, result.heard_packets > 40) == ("183", True)
    assert set(result.steps.values()) == {"done"}
    assert result.is_announced_without_us
    assert (result.registered, result.rung) == (["asked", "asked"], ["5550022"])
    assert result.penalties == ["5", "5"]
    assert result.first_in_queue == "5550021"
    assert result.closed == ["rang in himself, served", "reached"]
    for number in ("5550021", "5550022"):
        fault, recovery = (told.removeprefix(f"{number}: ") for told in result.told if told.startswith(number))
        assert fault.startswith("非常抱歉 / we apologise\n系统故障")
        assert "预计恢复时间" in fault
        assert recovery == "服务已恢复 / service is back"
    assert len(result.told) == 4
    assert result.is_quiet_afterwards
