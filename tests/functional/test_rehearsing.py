"""The commands before the first draw: a design in words and numbers, a rehearsal, and the council's page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from harness import smartstart

from smartstart.describing import describe_design
from smartstart.errors import PolicyRefused, UsageError
from smartstart.identity import keys
from smartstart.programme.loading import load_programme, programme_file
from smartstart.rehearsing import Request, rehearse
from smartstart.report.rehearsal_page import caution, words
from smartstart.risk import factor_count
from smartstart.synthetic.arrivals import arrivals, level_shares
from smartstart.synthetic.chance import Chance

SMALL = ("--towns", 20, "--years", 2)


def programme_with(tmp_path: Path, *changes: tuple[str, str], of: str = "heusden") -> Path:
    text = programme_file(of).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    return path


def silent(_: str) -> None:
    return None


# --- design -----------------------------------------------------------------------------------------------


def test_a_design_is_said_in_words_with_its_hash_cells_and_chances() -> None:
    done = smartstart("trial", "design", "--programme", "heusden", "--json")
    said = done.json
    text = " ".join(said["sentences"])
    assert said["probability"] == {"offer": "1/2", "care_as_usual": "1/2"}
    assert said["cells"] == [{"risk_band": "0–1"}, {"risk_band": "2+"}, {"risk_band": "unknown"}]
    assert re.fullmatch("[0-9a-f]{64}", said["hash"])
    assert "blocks of 4, 6 or 8" in text
    assert "Hidden while the trial runs: the key" in text
    assert factor_count.CAUTION in text
    assert 0.015 < said["predictability"]["certain"] < 0.03


def test_a_rehearsal_says_what_the_looks_will_say_and_how_often_that_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = smartstart("trial", "rehearse", "--programme", "heusden", "--towns", 300, "--years", 1, "--out", page,
                      "--json").json["looks_played"]  # fmt: skip
    assert [one["truth"] for one in said] == [0, 0.15, 0.3, -0.3]
    nothing, _, planned, harm = said
    assert nothing["wrong"] < 0.13 < nothing["naive_wrong"] and nothing["missed"] == 0
    assert planned["says_helps"] > 0.7 and harm["says_harms"] > 0.7
    for one in said:
        assert one["says_helps"] + one["says_harms"] + one["says_no_difference"] == pytest.approx(1)
        assert 1.5 < one["years_5"] <= one["years"] <= one["years_95"]
    text = page.read_text("utf-8")
    assert "Wat zal deze pagina dan zeggen?" in text and "Wie elk kwartaal kijkt" in text


def test_where_the_primary_outcome_is_an_event_no_look_is_played(tmp_path: Path) -> None:
    path = programme_file("heusden").read_text("utf-8")
    scale = re.search(r"- \{outcome: welbevinden.*?primary: true\}", path)
    event = re.search(r"- \{outcome: placed_without_mother.*?\}", path)
    assert scale and event, "the shipped programme states its outcomes otherwise"
    text = path.replace(scale.group(), scale.group().replace("primary: true", "primary: false"))
    text = text.replace(event.group(), re.sub(r"primary: false", "primary: true", event.group()))
    own = tmp_path / "own.yaml"
    own.write_text(text, "utf-8")
    done = smartstart("trial", "rehearse", "--programme", own, *SMALL)
    assert done.code == 0, done.err
    assert "At the planned looks" not in done.out


@pytest.mark.parametrize("name", ["heusden", "minimisation"])
@pytest.mark.parametrize("command", ["design", "rehearse"])
def test_the_tables_fit_eighty_columns(name: str, command: str) -> None:
    done = smartstart("trial", command, "--programme", name, *(SMALL if command == "rehearse" else ()))
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if len(line) > 80 and "Hash" not in line] == []


def test_a_workspace_describes_its_own_programme(empty: Path) -> None:
    named = smartstart("trial", "design", "--programme", "heusden", "--json").json
    assert smartstart("trial", "design", "--json", w=empty).json == named


def test_a_workspace_without_a_programme_named_must_be_one(tmp_path: Path) -> None:
    assert smartstart("trial", "design", w=tmp_path).code == 5
    assert smartstart("trial", "design", "--programme", "heusde").code == 2


def test_cells_that_stay_emptier_than_a_block_a_year_are_warned_of(tmp_path: Path) -> None:
    path = programme_with(tmp_path, ("expected_per_year: 65", "expected_per_year: 12"))
    described = describe_design(load_programme(path), silent, trials=5)
    assert "3 cells for 12 women a year" in described.warnings[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("method: minimisation ", "method: minimisation "), ("ratio: [1, 1]", "ratio: [2, 1]")], "3 equal shares"),
        ([("unit: woman ", "unit: household ")], "Women of one household get one arm"),
    ],
)
def test_other_designs_have_their_own_words(tmp_path: Path, changes: list[tuple[str, str]], words: str) -> None:
    path = programme_with(tmp_path, *changes, of="minimisation")
    described = describe_design(load_programme(path), silent, trials=2)
    assert words in " ".join(described.sentences)


def test_an_unfair_design_is_refused_before_it_is_played(tmp_path: Path) -> None:
    path = programme_with(
        tmp_path,
        ("ratio: [1, 1]", "ratio: [2, 1]"),
        ("unequal: equal_shares", "unequal: biased_coin"),
        of="minimisation",
    )
    for command in ("design", "rehearse"):
        done = smartstart("trial", command, "--programme", path)
        assert done.code == 4
        assert "9/10 at step 1" in done.err
    with pytest.raises(PolicyRefused, match="equal_shares"):
        rehearse(load_programme(path), Request(towns=1), silent)


# --- rehearsal --------------------------------------------------------------------------------------------


def test_a_rehearsal_reads_no_key_of_the_workspace(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "read_key", lambda *_: pytest.fail("a key was read"))
    before = {path: path.stat().st_mtime_ns for path in empty.rglob("*")}
    assert smartstart("trial", "rehearse", *SMALL, w=empty).code == 0
    assert {path: path.stat().st_mtime_ns for path in empty.rglob("*")} == before


def test_a_rehearsal_gives_the_same_numbers_and_page_again(tmp_path: Path) -> None:
    runs = [
        smartstart("trial", "rehearse", "--programme", "heusden", *SMALL, "--json", "--out", tmp_path / name)
        for name in ("a.html", "b.html")
    ]
    assert runs[0].json == runs[1].json
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert runs[0].json["caution"] == factor_count.CAUTION


def test_blocks_keep_the_arms_of_every_town_close() -> None:
    played = rehearse(load_programme(programme_file("heusden")), Request(towns=100, years=3), silent)
    for difference in played.balance.differences:
        assert difference.worst <= (12 if difference.group == "all women" else 4)
    assert played.women == pytest.approx(3 * 65 * 0.6, rel=0.03)
    assert [plan.per_arm for plan in played.plans] == [131, 175, 48, 63, 4673]


def test_only_who_consents_is_drawn_and_the_assumption_is_said() -> None:
    programme = load_programme(programme_file("heusden"))
    played = rehearse(programme, Request(towns=20, years=2, consent=0.3), silent)
    assert played.women == pytest.approx(2 * 65 * 0.3, rel=0.1)
    assert played.plans[1].recruitment_years == pytest.approx(350 / (65 * 0.3 * 0.8), rel=0.01)
    assert "[A] 30 % of the eligible women consent; only they are drawn." in played.assumptions
    assert "zeggen 30 ja" in played.page.decode()


def test_a_team_with_little_room_draws_no_more_than_it_can_take(tmp_path: Path) -> None:
    path = programme_with(tmp_path, ("capacity_per_month: none", "capacity_per_month: 1"))
    played = rehearse(load_programme(path), Request(towns=20, years=2), silent)
    assert 45 < played.women <= 48


@pytest.mark.parametrize(
    "request_",
    [Request(towns=0), Request(years=0), Request(correlation=1.0), Request(answered=0.0), Request(consent=1.5)],
)
def test_a_request_that_makes_no_sense_is_refused_by_its_option(request_: Request) -> None:
    with pytest.raises(UsageError, match="--"):
        rehearse(load_programme(programme_file("heusden")), request_, silent)


# --- the council's page -----------------------------------------------------------------------------------


class Read(HTMLParser):
    """What a reader, or a screen reader, finds on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.open: list[str] = []
        self.wrongly_closed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrongly_closed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "text"}:
            self.cells.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(programme: Path, years: int = 7) -> str:
    return rehearse(load_programme(programme), Request(towns=20, years=years), silent).page.decode()


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(programme_file("heusden"))


def test_the_page_is_whole_dutch_and_stands_by_itself(page: str) -> None:
    read = Read(page)
    assert (read.open, read.wrongly_closed) == ([], [])
    assert read.named("html")[0]["lang"] == "nl"
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in read.tags}
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert [tag for tag, _ in read.tags].count("h1") == 1


def test_every_table_has_a_caption_and_scopes_and_the_figure_a_title_and_a_table_beside_it(page: str) -> None:
    read = Read(page)
    assert len(read.named("caption")) == len(read.named("table")) >= 3
    assert all(attrs.get("scope") in {"col", "row"} for attrs in read.named("th"))
    [figure] = read.named("svg")
    assert figure["role"] == "img"
    assert f'<title id="{figure["aria-labelledby"]}">' in page
    assert "De tabel zegt hetzelfde" in page


def test_the_page_of_a_rehearsal_says_so_in_its_title_and_first(page: str) -> None:
    assert page.index(words().say("rehearsal")) < page.index("<h1>")
    assert "<title>OEFENING" in page


def test_the_caution_stands_where_a_risk_band_is_shown_and_not_where_none_is(page: str) -> None:
    assert caution() in page
    assert caution() not in page_of(programme_file("minimisation"))


def test_before_outcomes_nothing_compares_the_arms(page: str) -> None:
    assert "vergelijken we de groepen niet" in page
    assert not re.search(r"p-waarde|betrouwbaarheidsinterval|significant|effect", page)


def counts(page: str) -> list[str]:
    """The counts of women who took part: in the figure, and in the tables of that part and of the cells."""
    shown = page[page.index("Wie deden er mee?") : page.index("Wat de oefening liet zien")]
    return [cell for cell in Read(f"<div>{shown[shown.index('</h2>') + 5 :]}").cells if re.match(r"\d|minder", cell)]


def test_counts_of_women_are_rounded_and_their_totals_are_those_of_the_shown_cells(page: str) -> None:
    numbers = [int(cell) for cell in counts(page)]
    assert numbers
    assert all(number % 5 == 0 and number >= 10 for number in numbers)
    seen, aside, offer, usual = numbers[4:8]  # the table, after the four boxes of the figure
    assert numbers[:4] in ([seen, aside, offer, usual], [seen, aside, usual, offer])
    assert seen == aside + offer + usual
    cells = numbers[8:]
    assert (sum(cells[0::2]), sum(cells[1::2])) == (offer, usual)


def test_a_town_with_a_handful_of_women_shows_no_count(tmp_path: Path) -> None:
    path = programme_with(tmp_path, ("expected_per_year: 65", "expected_per_year: 6"))
    shown = counts(page_of(path, years=1))
    assert set(shown) == {"minder dan 10"}


def test_the_page_says_who_was_asked_for_the_draw(tmp_path: Path, page: str) -> None:
    assert "gaven daar vooraf toestemming voor" in page
    zelen = programme_with(tmp_path, ("model: before_draw", "model: zelen"), ('ruling: ""', 'ruling: "NL-1"'))
    assert "is niet gevraagd of zij aan de loting wilden meedoen" in page_of(zelen, years=1)


def test_a_name_of_a_municipality_is_text_and_nothing_else(tmp_path: Path) -> None:
    path = programme_with(tmp_path, ("name: Heusden", 'name: "<script>x</script>"'))
    assert "<script" not in page_of(path)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_on_the_page_stands_out_from_white(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    colours = set(re.findall(r"(?<![-\w])(?:color|fill): (#[0-9a-f]{6})", style))
    assert colours
    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in colours)


# --- who is made up ---------------------------------------------------------------------------------------


def test_assumed_shares_add_up_and_unknown_levels_are_of_one_size() -> None:
    for factor, levels in (
        ("risk_band", ("0–1", "2+", "unknown")),
        ("risk_band", ("0", "1+", "unknown")),
        ("risk_band", ("none",)),
        ("smoking", ("yes", "no", "unknown")),
        ("practice", ("a", "b", "other")),
        ("smoking", ("yes", "no")),
    ):
        assert sum(share for _, share in level_shares(factor, levels)) == pytest.approx(1)
    assert level_shares("practice", ("a", "b")) == [("a", 0.5), ("b", 0.5)]


def test_as_many_women_come_as_expected_and_some_share_a_home() -> None:
    months = list(arrivals(Chance(2), {"smoking": ("yes", "no", "unknown")}, per_year=65, years=40))
    women = [woman for month in months for woman in month]
    assert len(months) == 480
    assert len(women) == pytest.approx(2600, rel=0.05)
    assert 0.01 < 1 - len({woman.household for woman in women}) / len(women) < 0.06
