import pytest

from graders.kit.label_keys import label_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Self_Harm", "self harm"),
        (" violence / graphic ", "violence graphic"),
        ("S\u20112", "s 2"),
        ("ＨＡＴＥ", "hate"),
        ("Straße", "strasse"),
        ("a ,b , c", "a,b,c"),
        ("--", ""),
        ("h\u0430te", "h\u0430te"),
    ],
)
def test_spellings_of_a_label_have_one_key(text: str, key: str) -> None:
    assert label_key(text) == key
    assert label_key(key) == key
