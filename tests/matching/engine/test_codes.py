"""The codes: which ones exist, their order, their families and their sentences."""

from odis_app.matching.engine.codes import CONCESSION_CODES, SAFETY_CODES, Code, codes_in, first_code

from . import naive


def test_the_twenty_one_codes_and_the_opaque_one_in_the_order_shown():
    assert [code.value for code in Code] == naive.ORDER
    assert [int(code.bit) for code in Code] == [1 << place for place in range(22)]


def test_safety_is_never_a_concession():
    assert {code.value for code in SAFETY_CODES} == {"securite", "H08", "H12", "H15", "H16", "H17"}
    assert {code.value for code in CONCESSION_CODES} == set(naive.CONCESSIONS)
    assert not any(code.is_safety and code.is_concession for code in Code)


def test_a_mask_gives_its_codes_in_order_and_the_first():
    mask = Code.H14.bit | Code.SAFETY.bit | Code.H09.bit
    assert list(codes_in(mask)) == [Code.SAFETY, Code.H09, Code.H14]
    assert first_code(mask) is Code.SAFETY
    assert first_code(0) is None


def test_every_code_has_a_sentence_of_its_own():
    sentences = [code.sentence for code in Code]
    assert len(set(sentences)) == len(sentences)
    assert not any(mark in sentence for sentence in sentences for mark in "!—'")
