"""The tokenizer of RoBERTa, from either kind of files."""

import json

import pytest

from kerasaudio.zero_shot.byte_pairs import BytePairs
from kerasaudio.zero_shot.pieces import split
from support.clap import MERGES, SPECIAL, vocabulary, write_tokenizer

BEGIN, PADDING, END = 0, 1, 2
SENTENCES = (
    "a dog's barking, 12 times!!",
    "  rain  on\ta roof \n",
    "it'll rain; I'm in",
    "»s été ¡ 一二３ ½ _x",
    "ra" * 5 + " dogdog",
)


@pytest.fixture
def tokenizer(tmp_path):
    write_tokenizer(tmp_path)
    return BytePairs.from_folder(tmp_path)


def spelled(tokenizer, text):
    """Give the tokens of a text, less begin and end, as written in the vocabulary."""
    names = {number: token for token, number in tokenizer.vocabulary.items()}
    begin, *found, end = tokenizer.tokens(text)
    assert (begin, end) == (BEGIN, END)
    return [names[number] for number in found]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a dog's bark", ["a", " dog", "'s", " bark"]),
        ("12 times!! now", ["12", " times", "!!", " now"]),
        ("it'll  rain", ["it", "'ll", " ", " rain"]),
        ("\t\tgo \n", ["\t", "\t", "go", " \n"]),
        ("été_３½", ["été", "_", "３½"]),
        ("   ", ["   "]),
    ],
)
def test_texts_are_split_into_words_with_the_space_before(text, pieces):
    assert list(split(text)) == pieces


def test_the_earliest_pairs_are_merged_first(tokenizer):
    assert spelled(tokenizer, "rain") == ["rain"]
    assert spelled(tokenizer, "rin") == ["r", "in"]
    assert spelled(tokenizer, "dog b") == ["dog", "Ġb"]


def test_letters_without_a_token_of_their_own_are_bytes(tokenizer):
    assert spelled(tokenizer, "é ☔") == ["Ã", "©", "Ġ", "â", "ĺ", "Ķ"]


def test_a_batch_is_padded(tokenizer):
    batch = tokenizer.batch(["rain", "dog in"], 77)

    assert batch.shape == (2, 16)
    assert batch.dtype == "int32"
    numbers = vocabulary()
    assert batch[0].tolist() == [BEGIN, numbers["rain"], END] + 13 * [PADDING]
    assert batch[1, 1] == numbers["dog"]


def test_a_long_text_is_refused_with_its_length(tokenizer):
    assert tokenizer.batch(["x" * 75], 77).shape == (1, 77)
    with pytest.raises(ValueError, match=r"at most 77 tokens.*Received 78 tokens: 'xx"):
        tokenizer.batch(["rain", "x" * 76], 77)


@pytest.mark.parametrize("as_pairs", [False, True])
def test_a_tokenizer_in_one_file_gives_the_same(tokenizer, tmp_path, as_pairs):
    merges = [merge.split(" ") for merge in MERGES] if as_pairs else MERGES
    whole = {"model": {"type": "BPE", "vocab": vocabulary(), "merges": merges}}
    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(whole))
    other = BytePairs.from_folder(folder)

    for text in SENTENCES:
        assert other.tokens(text) == tokenizer.tokens(text)


def test_it_gives_the_tokens_of_the_library_for_them(tokenizer, tmp_path):
    library = pytest.importorskip("tokenizers")
    theirs = library.ByteLevelBPETokenizer(
        str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    )

    for text in SENTENCES:
        assert tokenizer.tokens(text)[1:-1] == theirs.encode(text).ids


def test_a_space_in_front_is_added_where_the_config_says_so(tokenizer, tmp_path):
    (tmp_path / "tokenizer_config.json").write_text('{"add_prefix_space": true}')
    spaced = BytePairs.from_folder(tmp_path)

    assert spaced.tokens("rain") == tokenizer.tokens(" rain")


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"neither vocab\.json and merges\.txt"):
        BytePairs.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("vocab.json", "{", "is not a JSON file"),
        ("vocab.json", "[]", "one number for each token"),
        ("vocab.json", json.dumps(vocabulary() | {"z": 5}), "one number for each"),
        ("vocab.json", json.dumps(vocabulary() | {"z": -1}), "one number for each"),
        ("vocab.json", json.dumps({token: 1 for token in SPECIAL[:1]}), "no '<pad>'"),
        ("merges.txt", "r a i\n", "merges must be pairs"),
        ("merges.txt", "q q\n", "vocabulary has no 'qq'"),
    ],
)
def test_damaged_files_are_refused(tmp_path, file, content, message):
    write_tokenizer(tmp_path)
    (tmp_path / file).write_text(content)

    with pytest.raises(ValueError, match=message):
        BytePairs.from_folder(tmp_path)


def test_a_tokenizer_of_another_kind_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram"}}')

    with pytest.raises(ValueError, match=r"type 'BPE'\. Received: 'Unigram'"):
        BytePairs.from_folder(tmp_path)
