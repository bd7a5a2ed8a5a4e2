"""What a practice holds in its hand: one container of its own that only its passphrase opens; each title is a rule."""

from __future__ import annotations

import json
import stat
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pytest
import yaml
from docx import Document
from harness import PRACTICES, Town, bsn, client, is_one_sentence, ok, quarterly, smartstart, weekly, women_of
from openpyxl import load_workbook
from pypdf import PdfReader
from pyzipper import AESZipFile

from smartstart.workspace import find_workspace

FIRST_LINE = "Is de zwangerschap beëindigd? Nodig niet uit; meld het ons."
GIF = b"GIF89a made up"


def packed(workspace: Path, out: Path, *options: str) -> dict[str, dict[str, object]]:
    return {one["practice"]: one for one in ok("lists", "pack", "--out", out, "--json", *options, w=workspace).json}


def opened(one: dict[str, object]) -> dict[str, bytes]:
    passphrase = Path(str(one["passphrase_file"])).read_text().strip()
    with AESZipFile(str(one["file"])) as container:
        container.setpassword(passphrase.encode())
        return {name: container.read(name) for name in container.namelist()}


def text_of(name: str, content: bytes) -> str:
    """Return the words of a file, by readers that are not ours."""
    if name.endswith(".pdf"):
        return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())
    if name.endswith(".docx"):
        document = Document(BytesIO(content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return " ".join([paragraph.text for paragraph in document.paragraphs] + cells)
    book = load_workbook(BytesIO(content))
    return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell)


@pytest.fixture
def offered(loaded: Path) -> list[int]:
    return women_of("offer", loaded)


def test_each_practice_gets_one_container_with_its_own_clients_only(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    found = packed(loaded, tmp_path / "uit")
    assert found.keys() == {PRACTICES[nth % 3] for nth in offered}
    for practice, one in found.items():
        own = {client(nth) for nth in offered if PRACTICES[nth % 3] == practice}
        files = opened(one)
        assert {"1-voorblad.pdf", "2-wijzigingen.pdf", "2-wijzigingen.xlsx", "uitnodiging.pdf", "uitnodiging.docx",
                "uitnodigingslijst-2024Q1.pdf", "uitnodigingslijst-2024Q1.xlsx", "uitnodigingslijst-2024Q1.docx",
                } == files.keys()  # fmt: skip
        assert one["listed"] == one["new"] == len(own) and one["gone"] == 0
        for name, content in files.items():
            words = text_of(name, content)
            named = {client(nth) for nth in range(1, 60) if client(nth) in words}
            assert named == (own if name.startswith(("2-", "uitnodigingslijst")) else set()), name
            assert not any(bsn(nth) in words for nth in range(1, 25)) and "Testdreef" not in words


def test_only_the_passphrase_opens_a_container_and_it_travels_apart(loaded: Path, tmp_path: Path) -> None:
    found = packed(loaded, tmp_path / "uit")
    phrases = {Path(str(one["passphrase_file"])).read_text().strip() for one in found.values()}
    assert len(phrases) == len(found)
    for one in found.values():
        file, kept = Path(str(one["file"])), Path(str(one["passphrase_file"]))
        assert kept.parent == find_workspace(loaded).keys_folder
        assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(kept.stat().st_mode) == 0o600
        with ZipFile(file) as plain:  # Python's own reader knows no AES
            assert all(
                entry.flag_bits & 1 and entry.compress_type == 99 and entry.CRC == 0 for entry in plain.infolist()
            )
            with pytest.raises((RuntimeError, NotImplementedError, BadZipFile)):
                plain.read("1-voorblad.pdf")
        with AESZipFile(file) as wrong:
            wrong.setpassword(b"nee")
            with pytest.raises(RuntimeError):
                wrong.read("1-voorblad.pdf")
        assert not any(word in file.read_bytes() for word in (b"Vrouwe", b"Proefstra", *map(str.encode, phrases)))
    assert sorted(path.suffix for path in (tmp_path / "uit").iterdir()) == [".zip"] * len(found)


def test_the_lists_in_a_container_are_those_in_the_workspace(loaded: Path, tmp_path: Path) -> None:
    for practice, one in packed(loaded, tmp_path / "uit").items():
        files = opened(one)
        for kind in ("pdf", "xlsx"):
            in_place = loaded / "lists" / "2024Q1" / f"{practice}.{kind}"
            assert files[f"uitnodigingslijst-2024Q1.{kind}"] == in_place.read_bytes()


def test_the_cover_names_whom_to_call_and_the_last_day(loaded: Path, tmp_path: Path) -> None:
    one = next(iter(packed(loaded, tmp_path / "uit").values()))
    words = text_of("1-voorblad.pdf", opened(one)["1-voorblad.pdf"])
    assert words.startswith(FIRST_LINE)
    assert "0416 00 00 00" in words and "Geldig tot en met: 9 april 2024" in words and one["expires"] == "2024-04-09"


def test_the_next_container_says_who_is_new_and_who_is_gone_and_never_why(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    packed(loaded, tmp_path / "een")
    gone = offered[0]
    practice = PRACTICES[gone % 3]
    town = Town()
    town.event(gone, "zwangerschap_beeindigd", "20240406")
    for nth in range(41, 53):
        town.woman(nth, practice=practice)
    done = weekly(
        loaded, town.write(tmp_path / "week", ("personen", "vragenlijst", "meldingen")), "2024-W14", "2024-04-08"
    )
    assert done.code == 0, done.err
    fresh = {client(nth) for nth in women_of("offer", loaded) if nth > 40}
    for again in ("twee", "drie"):  # the same day again tells the same
        one = packed(loaded, tmp_path / again)[practice]
        files = opened(one)
        words = text_of("2-wijzigingen.xlsx", files["2-wijzigingen.xlsx"])
        assert one["gone"] == 1 and one["new"] == len(fresh)
        assert f"{client(gone)} Vrouwe{gone} van Proefstra{gone} niet meer uitnodigen" in words
        assert {client(nth) for nth in range(1, 60) if client(nth) in words} == {client(gone), *fresh}
        assert "Sinds het pakket van 2 april 2024." in words and "beeindigd" not in words
        assert client(gone) in text_of("t.pdf", files["terugroeplijst.pdf"])
        assert client(gone) not in text_of("u.docx", files["uitnodigingslijst-2024Q1.docx"])


def test_nothing_is_packed_with_status_data_that_are_too_old(loaded: Path, tmp_path: Path) -> None:
    done = smartstart("lists", "pack", "--out", tmp_path / "uit", "--as-of", "2024-06-01", w=loaded)
    assert is_one_sentence(done, 4) and not (tmp_path / "uit").exists()


def test_nothing_to_hand_over_writes_nothing(empty: Path, tmp_path: Path) -> None:
    assert is_one_sentence(smartstart("lists", "pack", "--out", tmp_path / "uit", w=empty), 4)


# --- the house style --------------------------------------------------------------------------------------


def state(workspace: Path, **letters: object) -> None:
    path = workspace / "programme.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    stated["letters"] |= letters
    path.write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")


def own_template(workspace: Path, text: str) -> None:
    document = Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    (workspace / "huisstijl").mkdir(exist_ok=True)
    document.save(str(workspace / "huisstijl" / "uitnodigingslijst.docx"))


HEAD = "{{ eerste_regel }} {{ oefening }} {{ titel }} {{ gegevens }}"
ROWS = "{%p for vrouw in vrouwen %}\n{{ vrouw.naam }}\n{%p endfor %}\n{{ slot[0] }} {{ vertrouwelijk }}"


def test_a_municipality_puts_its_own_template_in_its_place(loaded: Path, tmp_path: Path) -> None:
    own_template(
        loaded,
        f"Onze eigen lijst\n{HEAD}\n{ROWS}",
    )
    one = next(iter(packed(loaded, tmp_path / "uit").values()))
    words = text_of("x.docx", opened(one)["uitnodigingslijst-2024Q1.docx"])
    assert words.startswith(f"Onze eigen lijst {FIRST_LINE} OEFENING") and "Proefstra" in words


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (f"{{{{ oefening }}}} {{{{ titel }}}} {{{{ gegevens }}}}\n{ROWS}", "leaves out eerste_regel"),
        ("{{ titel }", "no Word template"),
        (f"{HEAD} {{{{ 1/0 }}}}\n{ROWS}", "could not be filled"),
    ],
)  # fmt: skip
def test_a_template_that_leaves_out_the_first_question_or_is_broken_is_refused(
    loaded: Path, tmp_path: Path, template: str, said: str
) -> None:
    own_template(loaded, template)
    before = {*find_workspace(loaded).keys_folder.iterdir()}
    done = smartstart("lists", "pack", "--out", tmp_path / "uit", w=loaded)
    assert is_one_sentence(done, 2) and said in done.err and "huisstijl/uitnodigingslijst.docx" in done.err
    assert not list((tmp_path / "uit").glob("*")) and {*find_workspace(loaded).keys_folder.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "said"), [(None, "is not there"), (GIF, "no PNG or JPEG"), (bytes(200_001), "larger")]
)
def test_a_logo_that_cannot_be_used_is_named(loaded: Path, tmp_path: Path, content: bytes | None, said: str) -> None:
    state(loaded, logo="logo.png")
    (loaded / "huisstijl").mkdir()
    if content is not None:
        (loaded / "huisstijl" / "logo.png").write_bytes(content)
    done = smartstart("lists", "pack", "--out", tmp_path / "uit", w=loaded)
    assert is_one_sentence(done, 2) and "huisstijl/logo.png" in done.err and said in done.err


def test_a_colour_that_nobody_can_read_is_refused(loaded: Path, tmp_path: Path) -> None:
    state(loaded, colour="#ffee00")
    done = smartstart("letters", "information", "--out", tmp_path, w=loaded)
    assert is_one_sentence(done, 2) and "letters, colour" in done.err


# --- letters ----------------------------------------------------------------------------------------------


def test_the_sheet_for_all_women_says_that_a_draw_decides_and_how_to_stop(empty: Path, tmp_path: Path) -> None:
    files = ok("letters", "information", "--out", tmp_path, "--json", w=empty).json["files"]
    for name in files:
        words = text_of(name, Path(name).read_bytes())
        said = ["OEFENING", "een loting", "één op de twee", "tot 5 jaar", "ik stop", "zonder reden", "jonger dan 16"]
        assert [one for one in said if one not in words] == [], name
    assert len(PdfReader(next(name for name in files if name.endswith(".pdf"))).pages) == 1


def test_the_invitation_bears_no_name_and_no_house_style(loaded: Path, tmp_path: Path) -> None:
    state(loaded, colour="#154273")
    for name in ok("letters", "invitation", "--out", tmp_path, "--json", w=loaded).json["files"]:
        words = text_of(name, Path(name).read_bytes())
        assert "Nee zeggen mag" in words and "gemeente" not in words.lower() and "toezicht" not in words
    plain = (tmp_path / "uitnodiging.pdf").read_bytes()
    state(loaded, house_style_on_invitation=True)
    ok("letters", "invitation", "--out", tmp_path, w=loaded)
    assert (tmp_path / "uitnodiging.pdf").read_bytes() != plain


def test_without_the_section_no_letter_is_written(empty: Path, tmp_path: Path) -> None:
    path = empty / "programme.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    del stated["letters"]
    path.write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")
    for command in ("information", "invitation"):
        assert is_one_sentence(smartstart("letters", command, "--out", tmp_path, w=empty), 2)


def own_page(workspace: Path, nth: int, out: Path) -> str:
    done = smartstart(
        "letters", "own-page", "--out", out, "--as-of", "2024-04-09", "--json", w=workspace, typed=bsn(nth)
    )
    assert done.code == 0, done.err
    made = json.loads(done.out)
    reader = PdfReader(made["file"])
    assert reader.is_encrypted and reader.decrypt(Path(made["passphrase_file"]).read_text().strip()) > 0
    assert bsn(nth) not in done.text
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_her_own_page_holds_her_consent_and_no_score_of_hers(loaded: Path, offered: list[int], tmp_path: Path) -> None:
    words = own_page(loaded, offered[0], tmp_path / "eigen.pdf")
    assert f"Vrouwe{offered[0]} van Proefstra{offered[0]}" in words and "Op 11 maart 2024 gaf u toestemming" in words
    assert "U kunt het nieuwe aanbod krijgen" in words and "Zeg “ik stop”" in words
    assert not any(word in words for word in ("2+", "0–1", "risico", bsn(offered[0])))
    assert "met wie u woont" in words and "jeugdhulp" not in words


def test_her_own_page_says_that_she_has_stopped(loaded: Path, offered: list[int], tmp_path: Path) -> None:
    told = ("event", "intrekking_toestemming", "--on", "2024-04-08", "--owner", "gemeente", "--reason", "zij belde")
    assert smartstart("trial", *told, w=loaded, typed=bsn(offered[0])).code == 0
    assert "U bent gestopt." in own_page(loaded, offered[0], tmp_path / "eigen.pdf")


def test_a_page_of_nobody_is_refused(loaded: Path, tmp_path: Path) -> None:
    done = smartstart("letters", "own-page", "--out", tmp_path / "x.pdf", w=loaded, typed=bsn(390))
    assert is_one_sentence(done, 2) and bsn(390) not in done.text and not (tmp_path / "x.pdf").exists()


# --- what harms -------------------------------------------------------------------------------------------


HOSTILE = (
    "{{ 77777*99999 }}",
    "{% raw %}",
    "<w:p/>&amp;",
    "=1+1",
    "👩‍👩‍👧",
    "\u202eomgekeerd",
    "李小龍",
    "{{ vrouwen }}",
)


def test_a_hostile_name_is_only_ever_shown(empty: Path, tmp_path: Path) -> None:
    town = Town()
    for nth, name in enumerate(HOSTILE, start=1):
        for more in range(4):  # half of them are offered: each name is, with near certainty
            town.woman(nth + 10 * more, geslachtsnaam=name)
    assert quarterly(empty, town.write(tmp_path / "in")).code == 0
    one = next(iter(packed(empty, tmp_path / "uit").values()))
    files = opened(one)
    words = text_of("x.docx", files["uitnodigingslijst-2024Q1.docx"])
    listed = [name for nth, name in enumerate(HOSTILE, start=1) if any(client(nth + 10 * k) in words for k in range(4))]
    assert len(listed) >= 5
    for name in listed:
        shown = name.replace("\u202e", "")  # a mark that turns the line is taken out on every list
        assert f"van {shown}" in words, name
    assert "7777622223" not in words and all(text_of(name, content) for name, content in files.items())


def test_who_was_erased_is_gone_without_a_name_and_the_practice_is_told_so(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    packed(loaded, tmp_path / "een")
    gone = offered[0]
    how = ("--owner", "gemeente", "--reason", "op verzoek", "--yes")
    assert smartstart("trial", "erase", *how, w=loaded, typed=bsn(gone)).code == 0
    with find_workspace(loaded).open() as (warehouse, vault):
        rows = warehouse.rows("SELECT research_id FROM handed_list")
        assert not {row["research_id"] for row in rows} - vault.pseudonyms(row["research_id"] for row in rows).keys()
    one = packed(loaded, tmp_path / "twee", "--as-of", "2024-04-05")[PRACTICES[gone % 3]]
    words = text_of("w.pdf", opened(one)["2-wijzigingen.pdf"])
    assert "wij kunnen haar niet noemen" in words and client(gone) not in words and one["gone"] == 0


def test_a_death_told_in_a_delivery_is_in_the_next_container_as_any_other_reason(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    packed(loaded, tmp_path / "een")
    dead, lost = [nth for nth in offered if PRACTICES[nth % 3] == PRACTICES[offered[0] % 3]][:2]
    town = Town()
    town.event(dead, "overlijden", "20240405")
    town.event(lost, "verhuizing", "20240405")
    assert (
        weekly(
            loaded, town.write(tmp_path / "w", ("personen", "vragenlijst", "meldingen")), "2024-W14", "2024-04-08"
        ).code
        == 0
    )
    one = packed(loaded, tmp_path / "twee")[PRACTICES[dead % 3]]
    rows = load_workbook(BytesIO(opened(one)["2-wijzigingen.xlsx"])).worksheets[0].iter_rows(values_only=True)
    said = {row[0]: row[2] for row in rows if row[0] in {client(dead), client(lost)}}
    assert said == dict.fromkeys((client(dead), client(lost)), "niet meer uitnodigen")
