import pytest

from supervisor.observe.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("DU1234567", "DU***67"),
        ("U1234567", "U***67"),
        ("U12345678", "U***78"),
        ("F1234567,DF7654321", "F***67,DF***21"),
        ("DUM123456", "DUM***56"),
        ("account=DU1234567.", "account=DU***67."),
        ("acct_U1234567_x", "acct_U***67_x"),
        ("U1234567C", "U***67C"),
    ],
)
def test_of_an_account_number_the_letters_and_two_digits_are_left(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usfarm",
        "code 1100",
        "127.0.0.1:4001",
        "USD10000",
        "EU12345",
        "U12",
        "order 1234567",
        "du1234567",
        "1U12345",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert mask(text) == text


def test_what_is_masked_stays_masked() -> None:
    assert mask(mask("DU1234567")) == "DU***67"
