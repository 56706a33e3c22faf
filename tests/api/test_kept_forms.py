"""Wire forms in memory: within the bound, and nothing that was forgotten is found again."""

from api.http.kept_forms import Form, KeptForms


def kept(most: int = 10_000) -> KeptForms:
    """Three forms of some 1,100 bytes each, and a word for each."""
    made = KeptForms(most)
    for uid in ("a", "b", "c"):
        made.put(uid, "view", Form(uid.encode() * 100, 1))
        made.learn(f"*{uid}", uid)
    return made


def test_a_form_is_found_by_uid_and_by_word() -> None:
    forms = kept()
    assert forms.get("a", "view") == forms.by_word("*a", "view") == Form(b"a" * 100, 1)
    assert forms.get("a", "detail") is None
    assert forms.by_word("*d", "view") is None


def test_what_was_not_asked_for_longest_goes_first() -> None:
    forms = kept(3500)
    assert forms.get("a", "view") is not None
    forms.put("d", "view", Form(b"d" * 100, 1))
    assert [uid for uid in "abcd" if forms.get(uid, "view")] == ["a", "c", "d"]
    assert forms.by_word("*b", "view") is None
    assert forms.size <= 3500


def test_the_size_is_that_of_what_is_kept() -> None:
    forms = kept()
    before = forms.size
    forms.put("a", "view", Form(b"a" * 300, 2))
    assert forms.size == before + 200
    forms.put("a", "detail", Form(b"x", 2))
    assert forms.size == before + 201
    for uid in ("a", "b", "c", "unknown"):
        forms.forget(uid)
    assert forms.size == 0


def test_one_that_is_larger_than_the_bound_is_kept_alone() -> None:
    forms = kept(2000)
    forms.put("d", "view", Form(b"d" * 5000, 1))
    assert forms.get("d", "view") is not None
    assert forms.get("c", "view") is None


def test_a_word_leads_to_the_one_it_was_learnt_for_last() -> None:
    forms = kept()
    forms.learn("*a", "b")
    forms.forget("a")
    assert forms.by_word("*a", "view") == forms.get("b", "view")
    forms.forget_words(["*a", "*nobody"])
    assert forms.by_word("*a", "view") is None
    forms.forget("b")
    forms.learn("*gone", "gone")
    assert forms.by_word("*gone", "view") is None


def test_cleared_it_is_empty() -> None:
    forms = kept()
    forms.clear()
    assert (forms.size, forms.get("a", "view"), forms.by_word("*a", "view")) == (0, None, None)
