"""Notices read from codes and texts."""

import datetime as dt
import re
import time
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.codes.notices import (
    NAME_LIMIT,
    ClientIdInUse,
    CompetingSession,
    Desupported,
    FarmNotice,
    Notice,
    PacingWarning,
    Plain,
    PortChanged,
    UpstreamLost,
    UpstreamRestored,
    beginning,
    kind_of_unseen,
    summary,
)
from supervisor.core.codes.table import KNOWN, read
from tests.core.codes.notice_samples import (
    BACK_IB,
    BROKEN,
    CONNECTING,
    FARM_CODES,
    HMDS,
    HMDS_BROKEN,
    INACTIVE,
    LOST_IB,
    MD,
    MD_BROKEN,
    MD_DORMANT,
    MD_OK,
    SAMPLES,
    SEC,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with other things proves nothing about this code."""

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=600)
ENDINGS = st.text(st.sampled_from("abcXYZ019_.-:;= \n\0é市\ud800"), max_size=300)
NEAR_TEXT = st.builds("".join, st.lists(st.sampled_from([text for _, _, text, _ in SAMPLES]) | ENDINGS, max_size=6))
ANY_CODE = st.sampled_from(sorted(KNOWN)) | st.integers()


def names_in(notice: Notice) -> list[str]:
    """Every text that was taken out of a message."""
    match notice:
        case FarmNotice(name=str(name)):
            return [name]
        case UpstreamRestored(connected=connected, not_connected=not_connected):
            return [*connected, *not_connected]
        case Desupported(version=version, minimum=minimum):
            return [text for text in (version, minimum) if text is not None]
    return []


@pytest.mark.parametrize(
    ("code", "text", "notice"),
    [pytest.param(*sample[1:], id=f"sample {sample[0]}: {sample[1]}") for sample in SAMPLES],
)
def test_a_real_line_is_read(code: int, text: str, notice: Notice) -> None:
    assert read(code, text) == notice


def test_every_real_line_that_was_collected_is_a_test() -> None:
    assert {sample[0] for sample in SAMPLES} == set(range(1, 41))


class TestFarmNames:
    @pytest.mark.parametrize("code", FARM_CODES)
    def test_the_code_alone_tells_kind_and_state(self, code: int) -> None:
        assert read(code, "") == FarmNotice(*FARM_CODES[code], None)

    @pytest.mark.parametrize("separator", [".", ":", ". ", ": ", " : "])
    def test_a_dormant_sec_def_farm_is_read_with_any_separator(self, separator: str) -> None:
        text = f"Sec-def data farm connection is inactive but should be available upon demand{separator}secdefnj"
        assert read(2159, text) == FarmNotice(SEC, INACTIVE, "secdefnj")

    def test_a_connecting_historical_farm_is_read(self) -> None:
        assert read(2120, "HMDS data farm is connecting:euhmds.us") == FarmNotice(HMDS, CONNECTING, "euhmds.us")

    @pytest.mark.parametrize("ending", ["", ".", " ", "\n", "\r\n", ".\n"])
    def test_what_follows_the_name_is_not_part_of_it(self, ending: str) -> None:
        assert read(2103, f"{MD_BROKEN}usfarm.nj{ending}") == FarmNotice(MD, BROKEN, "usfarm.nj")

    def test_words_after_the_name_are_not_part_of_it(self) -> None:
        assert read(2103, f"{MD_BROKEN}usfarm (retrying in 20 s)") == FarmNotice(MD, BROKEN, "usfarm")

    @pytest.mark.parametrize(
        "text",
        [
            "Conexión con el servidor de datos rota:usfarm.nj",
            "Verbindung zur Marktdatenfarm unterbrochen: usfarm.nj",
            "Données disponibles à la demande.usfarm.nj",
            "市场数据中心连接断开：usfarm.nj",
            "市场数据中心连接断开。usfarm.nj",
            "マーケットデータファーム -usfarm.nj",
            "ferme=usfarm.nj.",
        ],
    )
    def test_a_translated_text_gives_the_name_at_its_end(self, text: str) -> None:
        assert read(2103, text) == FarmNotice(MD, BROKEN, "usfarm.nj")

    @pytest.mark.parametrize(
        "text",
        [
            "A market data farm is disconnected.",
            "Market data farm connection is broken",
            MD_BROKEN,
            "Market data farm connection is broken: ",
            "Market data farm connection is broken:...",
            "Market data farm connection is inactive but should be available upon demand",
            "La connexion est rompue. Attendez.",
            "Verbindung unterbrochen",
            "市场数据中心连接断开。",
            "unknown:日本",
        ],
    )
    def test_a_word_of_the_sentence_is_never_a_farm(self, text: str) -> None:
        assert read(2103, text) == FarmNotice(MD, BROKEN, None)

    def test_a_name_too_long_is_cut(self) -> None:
        assert read(2103, MD_BROKEN + "f" * 200) == FarmNotice(MD, BROKEN, "f" * NAME_LIMIT)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("ushmds", HMDS),
            ("cashhmds", HMDS),
            ("USHMDS.nj", HMDS),
            ("fundfarm", HMDS),
            ("secdefnj", SEC),
            ("usfarm", MD),
            ("usfuture.us", MD),
            ("fundfarm2", MD),
            ("mysecdef", MD),
        ],
    )
    def test_the_kind_of_an_unseen_farm_is_guessed_from_its_name(self, name: str, kind: FarmKind) -> None:
        assert kind_of_unseen(name) is kind


class TestUpstream:
    @pytest.mark.parametrize("code", [1100, 2110])
    @pytest.mark.parametrize("text", ["", "anything:usfarm", LOST_IB])
    def test_it_is_lost_whatever_the_text(self, code: int, text: str) -> None:
        assert read(code, text) == UpstreamLost(code)

    def test_1101_says_that_data_is_lost(self) -> None:
        text = "Connectivity between IB and Trader Workstation has been restored - data lost."
        assert read(1101, text) == UpstreamRestored("lost")
        assert read(1101, f"{text} All data farms are connected: usfarm.") == UpstreamRestored("lost", ("usfarm",))

    def test_dotted_names_are_told_from_the_full_stop(self) -> None:
        text = (
            f"{BACK_IB} The following farms are connected: a.nj; b. The following farms are not connected: c.us; d.nj."
        )
        assert read(1102, text) == UpstreamRestored("maintained", ("a.nj", "b"), ("c.us", "d.nj"))

    def test_all_farms_may_be_away(self) -> None:
        text = f"{BACK_IB} The following farms are not connected: usfarm; ushmds."
        assert read(1102, text) == UpstreamRestored("maintained", (), ("usfarm", "ushmds"))

    @pytest.mark.parametrize(
        "text",
        [
            "All data farms are connected.",
            "All data farms are connected:",
            "All data farms are connected: .",
            "All data farms are connected: ; ;.",
            "Todas las granjas de datos: usfarm; ushmds.",
        ],
    )
    def test_no_list_gives_no_names(self, text: str) -> None:
        assert read(1102, f"{BACK_IB} {text}") == UpstreamRestored("maintained")

    def test_a_name_listed_twice_is_told_once(self) -> None:
        assert read(1102, "All data farms are connected: b; a; b.") == UpstreamRestored("maintained", ("b", "a"))

    def test_what_is_no_name_is_left_out_of_the_list(self) -> None:
        text = "All data farms are connected: usfarm; two words; 日本; $x; .; ushmds."
        assert read(1102, text) == UpstreamRestored("maintained", ("usfarm", "ushmds"))

    def test_an_endless_list_is_cut_between_two_names(self) -> None:
        notice = read(1102, "All data farms are connected: " + "; ".join(f"farm{n:06}" for n in range(100_000)))
        assert isinstance(notice, UpstreamRestored)
        assert 1000 < len(notice.connected) < 2000
        assert all(len(name) == 10 for name in notice.connected)


class TestPort:
    @pytest.mark.parametrize(
        ("text", "port"),
        [
            (
                "Socket port has been reset and this connection is being dropped.\n"
                "Please reconnect on the new port -4002",
                4002,
            ),
            ("Please reconnect on the new port - 7496.", 7496),
            ("Le port 4001 a été changé: 4002", 4002),
            ("new port -65535", 65535),
            ("new port -65536", None),
            ("new port -0", None),
            ("new port -00", None),
            ("new port -123456", None),
            ("new port -4,002", None),
            ("new port -٤٠٠٢", None),
            ("no port", None),
            ("", None),
        ],
    )
    def test_the_port_is_the_last_number_and_the_dash_is_no_sign(self, text: str, port: int | None) -> None:
        assert read(1300, text) == PortChanged(port)


class TestAccountsInTexts:
    """What is read here is shown as it is, in metric labels too."""

    @pytest.mark.parametrize("account", ["U1234567", "DU12345", "DUM1234567", "F12345", "U1234567A", "EU1234567"])
    def test_an_account_is_no_farm(self, account: str) -> None:
        assert read(2104, f"{MD_OK}{account}") == FarmNotice(*FARM_CODES[2104], None)
        assert read(2103, f"账户：{account}") == FarmNotice(*FARM_CODES[2103], None)
        text = f"All data farms are connected: {account}; usfarm. The following farms are not connected: {account}."
        assert read(1102, text) == UpstreamRestored("maintained", ("usfarm",))

    def test_its_digits_are_no_port_and_no_version(self) -> None:
        assert read(1300, "reset for DU12345") == PortChanged(None)
        assert read(1300, "new port -4002 for DU12345") == PortChanged(4002)
        assert read(2172, "Version 1019.2 of U1234567, on 20250320, then 1030.1") == Desupported(
            "1019.2", dt.date(2025, 3, 20), "1030.1"
        )
        assert read(2172, "U12345678 and DU20250320") == Desupported(None, None, None)


class TestDesupported:
    @pytest.mark.parametrize(
        ("text", "notice"),
        [
            ("", Desupported(None, None, None)),
            ("upgrade 10.19", Desupported("10.19", None, None)),
            (
                "Die Version 1019.2 wird am 20250320 eingestellt, dann 1030",
                Desupported("1019.2", dt.date(2025, 3, 20), "1030"),
            ),
            ("1019.2, on 20251399, then 1030.1.", Desupported("1019.2", None, "1030.1")),
            ("1019.2, on 00000000, then 1030.1.", Desupported("1019.2", None, "1030.1")),
        ],
    )
    def test_what_is_not_told_is_none(self, text: str, notice: Notice) -> None:
        assert read(2172, text) == notice


class TestRequests:
    @pytest.mark.parametrize("code", [162, 420, 10189])
    def test_a_different_address_is_a_competing_session(self, code: int) -> None:
        text = "Service error message:Trading TWS session is connected from a different IP address"
        assert read(code, text) == CompetingSession(code)

    @pytest.mark.parametrize("code", [162, 420, 10189])
    def test_any_other_reason_is_not(self, code: int) -> None:
        assert read(code, "Historical Market Data Service error message:HMDS query returned no data") == Plain()

    @pytest.mark.parametrize("code", [321, 2148, 200])
    def test_the_address_matters_in_no_other_code(self, code: int) -> None:
        assert read(code, "from a different IP address") == Plain()

    def test_too_many_messages_are_told_by_the_code(self) -> None:
        assert read(100, "") == PacingWarning()

    def test_code_0_without_the_warning_is_nothing(self) -> None:
        assert read(0, "hello") == Plain()

    def test_an_invalid_request_is_not_read_only(self) -> None:
        assert read(321, "Error validating request.-'bN' : cause - Please enter a valid contract") == Plain()

    def test_a_client_id_in_use_is_told_by_the_code(self) -> None:
        assert read(326, "该客户号已被使用") == ClientIdInUse()

    @pytest.mark.parametrize("code", [165, 200, 502, 507, 2139, 2199, 10141, 999_999, -5])
    def test_every_other_code_changes_nothing(self, code: int) -> None:
        assert read(code, MD_BROKEN + "usfarm") == Plain()


class TestAnyText:
    @unhurried
    @given(code=ANY_CODE, text=ANY_TEXT | NEAR_TEXT)
    def test_no_text_raises_and_no_name_is_unsafe(self, code: int, text: str) -> None:
        notice = read(code, text)
        assert isinstance(notice, get_args(Notice))
        for name in names_in(notice):
            assert re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", name)

    @unhurried
    @given(code=st.sampled_from(sorted(FARM_CODES)), text=ANY_TEXT | NEAR_TEXT)
    def test_no_text_changes_what_a_farm_code_says(self, code: int, text: str) -> None:
        notice = read(code, text)
        assert isinstance(notice, FarmNotice)
        assert (notice.kind, notice.state) == FARM_CODES[code]

    @unhurried
    @given(
        name=st.from_regex(r"[a-z][a-z0-9]{2,20}(\.[a-z]{2})?", fullmatch=True),
        code=st.sampled_from(sorted(FARM_CODES)),
    )
    def test_every_sane_name_survives(self, name: str, code: int) -> None:
        for text in (MD_OK, HMDS_BROKEN, MD_DORMANT, "Sec-def data farm is connecting:", "行情中心："):
            assert read(code, text + name) == FarmNotice(*FARM_CODES[code], name)

    @unhurried
    @given(
        up=st.lists(st.from_regex(r"[a-z]{3,9}(\.nj)?", fullmatch=True), unique=True, max_size=20),
        down=st.lists(st.from_regex(r"[a-z]{3,9}(\.us)?", fullmatch=True), unique=True, max_size=20),
    )
    def test_both_lists_survive(self, up: list[str], down: list[str]) -> None:
        text = (
            f"{BACK_IB} The following farms are connected: {'; '.join(up)}."
            f" The following farms are not connected: {'; '.join(down)}."
        )
        assert read(1102, text) == UpstreamRestored("maintained", tuple(up), tuple(down))

    @pytest.mark.parametrize(
        "unit",
        [
            "a",
            "a.",
            ".",
            ":",
            ": ",
            "1",
            "1.",
            "12345678 ",
            " ",
            "\x00",
            "�",
            "connected: a; ",
            "farms are connected:",
            "connection is OK",
            "connection is OK upon demand.",
            "farm is connecting ",
            "-",
            ";",
            "different IP ",
        ],
    )
    def test_sixteen_megabytes_take_no_time(self, unit: str) -> None:
        text = unit * (2**24 // len(unit))
        began = time.perf_counter()
        for code in KNOWN:
            read(code, text)
            summary(text)
        assert time.perf_counter() - began < 5.0


class TestSummary:
    def test_a_plain_line_stays_as_it_is(self) -> None:
        assert summary(LOST_IB) == LOST_IB
        assert summary("请求实时更新失败") == "请求实时更新失败"
        assert summary("") == ""

    def test_it_stays_raw_for_whoever_masks_it(self) -> None:
        raw = "a\nDU1234567\0\x1b[31m\x7f\u2028"
        assert summary(raw) == raw

    def test_a_long_line_is_cut_and_says_so(self) -> None:
        assert summary("x" * 300) == "x" * 300
        assert summary("x" * 301) == "x" * 297 + "..."

    @pytest.mark.parametrize("limit", range(12))
    def test_a_cut_never_leaves_half_an_account_number(self, limit: int) -> None:
        assert summary("DU1234567 is yours", limit) in ("", ".", "..", "...", "D...", "DU...", "DU1234567...")
        assert beginning("DU1234567", limit) in ("", "D", "DU", "DU1234567")

    @unhurried
    @given(text=ANY_TEXT, limit=st.integers(0, 400))
    def test_it_is_always_short(self, text: str, limit: int) -> None:
        assert len(summary(text, limit)) <= limit
