"""Random lives, deliveries, corrections, re-runs and crashes: the lists, the lot and the ledger keep their promises.

The rules drive the functions behind the commands; ``lives_model`` says what must then hold. `make soak` goes on with
other seeds for as long as one likes.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from harness import PRACTICES, Town, bsn, same_secrets, write_csv
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from lives_model import Form, Invited, Person, Report, Rows, Trial
from openpyxl import load_workbook
from test_draw import AUDITOR

from smartstart import auditing, bookkeeping, clock, erasing, flow, releasing, taking_back, telling
from smartstart.epochs import open_epoch
from smartstart.errors import PolicyRefused, StateError, UsageError
from smartstart.identity.vault import Vault
from smartstart.new_workspace import make_workspace
from smartstart.pipeline import Request, draw_frozen, rebuild_lists, run_pipeline
from smartstart.synthetic.deliveries import COLUMNS, REGISTER_QUESTIONNAIRE
from smartstart.trial.allocation import nonce_commitment
from smartstart.trial.entries import from_jsonl
from smartstart.trial.flow import flow_of
from smartstart.trial.ledger import NO_NONCE, Nonce, verify
from smartstart.warehouse.warehouse import Warehouse
from smartstart.workspace import Workspace, find_workspace

STEPS, STEPS_EACH = 1_200, 200
WOMEN = 20
QUIET = int(os.environ.get("LIVES_BETWEEN_COMMANDS", "25"))  # lives that change before the next command
START = date(2024, 1, 8)
VARIANTS = {
    "blocks": ("heusden", {}),
    "household": ("heusden", {"unit: woman": "unit: household"}),
    "minimisation": ("minimisation", {}),
    "capacity": (
        "heusden",
        {"capacity_per_month: none": "capacity_per_month: 3", "after_closing: offered": "after_closing: as_drawn"},
    ),
}
FORBIDDEN = ("offer", "care_as_usual", "controle", "risico", "2+", "0–1", "unknown", "Testdreef", "5151", "Drunen")
BIRTHDATES = (
    (date(1999, 3, 10),) * 2, (date(2003, 2, 28),) * 2, (date(1999, 3, 10),) * 2, (date(1990, 1, 1),) * 2,
    (date(1995, 1, 1), date(1995, 12, 31)), (date(2009, 6, 1),) * 2,
)  # fmt: skip
ANSWERS = ["ja", "nee", "niet bereikt", "zwangerschap beëindigd", ""]
CHILDREN = 200  # the numbers of children begin here

women = st.integers(0, WOMEN - 1)
days = st.integers(0, 20) | st.integers(20, 280)  # ago: what is heard late may be of an earlier pregnancy
CRASHES = st.sampled_from(["step", "file", "vault", "commit"])
SOMETIMES = st.sampled_from(["", "", "", "file", "commit"])  # interrupted, in one way or another


def life(**given: Any) -> Callable[[Any], Any]:
    """Make a rule of what happens in a life; after a while a command is wanted."""
    return lambda happens: precondition(lambda self: self.changes < QUIET + 10)(rule(**given)(happens))


class Killed(Exception):
    """The machine stopped here."""


def client(nth: int, practice: int) -> str:
    """A woman has another number at each practice, so that a number tells whose client stands on a list."""
    return f"{'CK'[practice]}{nth:06}"


@cache
def made(variant: str) -> Path:
    """Make an empty workspace, and its keys beside it, once; each example has a copy."""
    root = Path(tempfile.mkdtemp(prefix="lives-"))
    programme, changes = VARIANTS[variant]
    with same_secrets(variant), mock.patch.dict(os.environ, SMARTSTART_KEYS=str(root / "keys")):
        workspace = make_workspace(root / "workspace", programme, rehearsal=True, keys=None)
    change(workspace.programme_file, changes)
    return root


def change(programme: Path, changes: dict[str, str]) -> None:
    text = programme.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    programme.write_text(text, "utf-8")


@cache
def texts_of(content: bytes) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a workbook as text; most workbooks on the disk stay what they were."""
    book = load_workbook(BytesIO(content), read_only=False)
    return tuple(
        tuple("" if cell is None else str(cell) for cell in row)
        for sheet in book.worksheets
        for row in sheet.iter_rows(values_only=True)
    )


def table_of(content: bytes, first: str) -> list[tuple[str, ...]]:
    rows = texts_of(content)
    header = next(at for at, row in enumerate(rows) if row[0] == first)
    found = []
    for row in rows[header + 1 :]:
        if not row[0] or not row[1]:
            break
        found.append(row)
    return found


def hexed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Lives(RuleBasedStateMachine):
    """A town of women at two practices, and the workspace of its trial."""

    ran = 0  # rules that were applied, over all examples of this process
    commands = 0  # as many of them as were commands

    @initialize(
        variant=st.sampled_from(sorted(VARIANTS)), spared=st.sampled_from([0, 5, 10]),
        weeks=st.lists(st.integers(6, 35), min_size=8, max_size=8),
    )  # fmt: skip
    def begin(self, variant: str, spared: int, weeks: list[int]) -> None:
        """Begin with some women at both practices; to the first of them, the spared, nothing bad happens."""
        self.variant, self.spared = variant, spared
        self.root = Path(tempfile.mkdtemp(prefix="lives-example-"))
        for part in ("keys", "workspace"):
            shutil.copytree(made(variant) / part, self.root / part)
        self.held = ExitStack()
        self.held.enter_context(mock.patch.dict(os.environ, SMARTSTART_KEYS=str(self.root / "keys")))
        self.held.enter_context(same_secrets(f"{variant} example"))
        # a PDF has tests of its own, and takes longer than all the rest of a list
        self.held.enter_context(
            mock.patch("smartstart.outreach.pdf.page_pdf", lambda page, _house: repr(page).encode())
        )
        self.held.enter_context(mock.patch("smartstart.clock.now", self.tick))
        self.folder = self.root / "workspace"
        self.municipality = self.workspace().programme.municipality.code
        self.today, self.seconds = START, 0
        # the town
        self.persons: dict[int, Person] = {}
        self.forms: list[Form] = []
        self.reports: list[Report] = []
        self.unreadable: list[Report] = []  # their day is lost on the way
        self.children: dict[int, tuple[int, date]] = {}
        self.placed: set[int] = set()
        self.sent: set[Any] = set()
        # the trial
        self.model = Trial()
        self.allocated: dict[int, dict[str, Any]] = {}
        self.invited: set[Invited] = set()
        self.ids: dict[str, int] = {}
        self.known: set[int] = set()
        self.gone_decided: set[int] = set()
        self.ledger = b""
        self.last: tuple[Request, int] | None = None
        self.nonce = ""
        self.waiting: set[int] = set()
        self.frozen_on = START
        self.closed = False
        self.closing_epoch = 0
        self.checks = self.changes = self.sendings = 0
        for at, week in enumerate(weeks):
            self.fills_in(at % 2, week, BIRTHDATES[0])

    def teardown(self) -> None:
        if hasattr(self, "held"):
            self.held.close()
            shutil.rmtree(self.root, ignore_errors=True)

    def workspace(self) -> Workspace:
        return find_workspace(self.folder)

    def tick(self) -> datetime:
        """Tell a moment of the town's own days; no two are the same, whatever the machine is doing."""
        self.seconds += 1
        begun = datetime(self.today.year, self.today.month, self.today.day, 8, tzinfo=UTC)
        return begun + timedelta(seconds=self.seconds)

    def now(self) -> str:
        return self.tick().isoformat(timespec="seconds")

    # --- lives ------------------------------------------------------------------------------------------------

    def lived(self) -> None:
        Lives.ran += 1
        self.changes += 1

    def woman(self, who: int) -> int:
        return 1 + who % self.grown

    def unlucky(self, who: int) -> int:
        """Return a woman to whom bad things happen."""
        return self.spared + 1 + who % (self.grown - self.spared) if self.grown > self.spared else self.grown

    @property
    def grown(self) -> int:
        return sum(nth < CHILDREN for nth in self.persons)

    def fills_in(self, practice: int, week: int, born: tuple[date, date], *, consents: bool = True) -> None:
        """Let a new woman in this week of her pregnancy fill in her first questionnaire."""
        if self.grown < WOMEN:
            nth, due = self.grown + 1, self.today + timedelta(days=280 - 7 * week)
            self.persons[nth] = Person(born)
            self.forms.append(Form(nth, practice, self.today, due, self.today if consents else None))

    def latest(self, nth: int) -> Form | None:
        return next((f for f in reversed(self.forms) if f.nth == nth and f.moment == "nulmeting"), None)

    def report(self, nth: int, kind: str, ago: int) -> None:
        self.lived()
        self.reports.append(Report(nth, kind, self.today - timedelta(days=ago)))

    def register(self, nth: int, **shown: Any) -> None:
        self.lived()
        self.persons[nth] = replace(self.persons[nth], **shown)

    @life(week=st.integers(6, 35), practice=st.integers(0, 1), born=st.sampled_from(BIRTHDATES))
    def a_woman_fills_in_a_questionnaire(self, week: int, practice: int, born: tuple[date, date]) -> None:
        self.lived()
        self.fills_in(practice, week, born)

    @life(week=st.integers(8, 30), practice=st.integers(0, 1))
    def a_woman_gives_no_consent(self, week: int, practice: int) -> None:
        self.lived()
        self.fills_in(practice, week, BIRTHDATES[0], consents=False)

    @life(who=women)
    def she_goes_to_the_other_practice(self, who: int) -> None:
        self.lived()
        form = self.latest(self.woman(who))
        if form and form.due > self.today:
            self.forms.append(replace(form, practice=1 - form.practice, filled=self.today, consent=self.today))

    @life(who=women)
    def she_consents_anew(self, who: int) -> None:
        self.lived()
        form = self.latest(self.woman(who))
        if form and form.due > self.today:
            self.forms.append(replace(form, filled=self.today, consent=self.today))

    @life(who=women, ago=st.integers(1, 20))
    def she_withdraws_and_then_consents_anew(self, who: int, ago: int) -> None:
        form = self.latest(self.woman(who))
        self.report(self.woman(who), "intrekking_toestemming", ago)
        if form and form.due > self.today:
            self.forms.append(replace(form, filled=self.today, consent=self.today))

    @life(who=women, week=st.integers(8, 30))
    def she_is_pregnant_again(self, who: int, week: int) -> None:
        self.lived()
        form, due = self.latest(self.woman(who)), self.today + timedelta(days=280 - 7 * week)
        if form and due > form.due + timedelta(days=240):
            self.forms.append(replace(form, filled=self.today, due=due, consent=self.today))

    @life(who=women, later=st.integers(-20, 20))
    def her_due_date_is_corrected(self, who: int, later: int) -> None:
        """The midwife mends the questionnaire: the row that comes from now on has another due date."""
        self.lived()
        form = self.latest(self.woman(who))
        if form:
            due = min(max(form.due + timedelta(days=later), form.filled), form.filled + timedelta(days=280))
            self.forms[self.forms.index(form)] = replace(form, due=due)

    @life(who=women, wave=st.sampled_from(["tussenmeting", "eindmeting"]))
    def she_answers_a_later_questionnaire(self, who: int, wave: str) -> None:
        self.lived()
        form = self.latest(self.woman(who))
        if form and form.consent:
            self.forms.append(replace(form, filled=self.today, moment=wave))

    @life(who=women, offset=st.integers(-25, 14), twins=st.booleans())
    def she_gives_birth(self, who: int, offset: int, twins: bool) -> None:
        self.lived()
        form = self.latest(self.woman(who))
        if (
            form
            and form.consent
            and not any(m == form.nth and abs((b - form.due).days) < 60 for m, b in self.children.values())
        ):
            born = form.due + timedelta(days=offset)
            for _ in range(1 + twins):
                child = CHILDREN + len(self.children)
                self.children[child] = (form.nth, born)
                self.persons[child] = Person((born, born))

    @life(which=st.integers(0, 30), after=st.integers(0, 200))
    def a_child_dies_by_the_register(self, which: int, after: int) -> None:
        self.lived()
        if self.children:
            child = sorted(self.children)[which % len(self.children)]
            self.persons[child] = replace(self.persons[child], died=self.children[child][1] + timedelta(days=after))

    @life(which=st.integers(0, 30))
    def a_child_is_placed(self, which: int) -> None:
        self.lived()
        if self.children:
            self.placed.add(sorted(self.children)[which % len(self.children)])

    @life(who=women, kind=st.sampled_from(["zwangerschap_beeindigd", "doodgeboorte", "overlijden_kind"]), ago=days)
    def a_loss_is_reported(self, who: int, kind: str, ago: int) -> None:
        self.report(self.unlucky(who), kind, ago)

    @life(who=women, kind=st.sampled_from(["bezwaar", "intrekking_toestemming", "afgewezen"]), ago=days)
    def she_says_no(self, who: int, kind: str, ago: int) -> None:
        self.report(self.unlucky(who), kind, ago)

    @life(who=women, kind=st.sampled_from(["aanvaard", "niet_bereikt", "niet_bereikt"]), ago=days)
    def she_answers_her_invitation(self, who: int, kind: str, ago: int) -> None:
        self.report(self.woman(who), kind, ago)

    @life(who=women, kind=st.sampled_from(["zelf_aangemeld", "hulp_buiten_arm", "beoordelaar_ontblind"]), ago=days)
    def the_trial_is_departed_from(self, who: int, kind: str, ago: int) -> None:
        self.report(self.woman(who), kind, ago)

    @life(who=women, kind=st.sampled_from(["verhuizing", "vestiging", "vestiging"]), ago=days)
    def a_move_is_reported(self, who: int, kind: str, ago: int) -> None:
        self.report(self.unlucky(who), kind, ago)

    @life(who=women, kind=st.sampled_from(["overlijden", "geheimhouding"]), ago=days)
    def her_death_or_her_wish_for_secrecy_is_reported(self, who: int, kind: str, ago: int) -> None:
        self.report(self.unlucky(who), kind, ago)

    @life(who=women, ago=days)
    def what_was_reported_was_a_mistake(self, who: int, ago: int) -> None:
        self.report(self.woman(who), "vergissing", ago)

    @life(who=women, kind=st.sampled_from(["bezwaar", "doodgeboorte", "aanvaard"]))
    def a_report_loses_its_date(self, who: int, kind: str) -> None:
        self.lived()
        self.unreadable.append(Report(self.unlucky(who), kind, self.today))

    @life(keep=st.booleans())
    def an_unreadable_report_is_mended(self, keep: bool) -> None:
        self.lived()
        if self.unreadable:
            one = self.unreadable.pop(0)
            self.reports += [one] * keep

    @life(who=women, here=st.booleans())
    def the_register_shows_where_she_lives(self, who: int, here: bool) -> None:
        self.register(self.unlucky(who), here=here)

    @life(who=women)
    def she_comes_back(self, who: int) -> None:
        self.register(self.woman(who), here=True, suspended=False)

    @life(who=women, suspended=st.booleans(), faulty=st.booleans())
    def the_register_closes_her_entry(self, who: int, suspended: bool, faulty: bool) -> None:
        shown: dict[str, Any] = {"suspended": True} if suspended else {"died": self.today}
        self.register(self.unlucky(who), faulty=faulty, **shown)

    @life(who=women)
    def the_register_was_wrong(self, who: int) -> None:
        self.register(self.woman(who), died=None, suspended=False, faulty=False)

    @life(who=women, secrecy=st.booleans())
    def the_register_keeps_her_address_secret(self, who: int, secrecy: bool) -> None:
        self.register(self.woman(who), secrecy=secrecy)

    @life(who=women, born=st.sampled_from(BIRTHDATES))
    def her_birth_date_is_corrected(self, who: int, born: tuple[date, date]) -> None:
        self.register(self.unlucky(who), born=born)

    @life(on=st.sampled_from([3, 7, 14, 30, 60]))
    def time_passes(self, on: int) -> None:
        self.lived()
        self.today += timedelta(days=on)

    # --- deliveries -------------------------------------------------------------------------------------------

    def send(self, *, only_new: bool, shuffle: int, outcomes: bool = False) -> tuple[Path, Rows]:
        """Write what the town has to tell as a folder of extracts, and return the same for the model."""
        self.sendings += 1
        folder = self.root / f"delivery-{self.sendings}"

        def fresh(things: list[Any]) -> list[Any]:
            return [one for one in things if not only_new or one not in self.sent]

        born = {c: (m, day) for c, (m, day) in self.children.items() if day <= self.today}
        forms = [] if outcomes else fresh(self.forms)
        reports = fresh(self.reports) + fresh([Report(r.nth, r.kind, None) for r in self.unreadable])
        named = {f.nth for f in forms} | {r.nth for r in reports}
        persons = {}
        for nth, person in self.persons.items():
            if (nth < CHILDREN or nth in born) and (nth in named or nth in born or fresh([(nth, person)])):
                died = person.died if person.died and person.died <= self.today else None
                persons[nth] = replace(person, died=died)
        self.sent |= {*forms, *reports, *((nth, self.persons[nth]) for nth in persons)}
        rows = Rows(
            persons,
            tuple(dict.fromkeys(forms)),
            tuple(dict.fromkeys(reports)),
            born if outcomes else {},
            frozenset(self.placed & born.keys()) if outcomes else frozenset(),
        )
        tables = {
            "personen": [self.person_row(nth, person) for nth, person in persons.items()],
            "meldingen": [self.report_row(report) for report in reports],
        }
        if outcomes:
            tables["kinderen"] = [
                {"burgerservicenummer_moeder": bsn(m), "burgerservicenummer_kind": bsn(c),
                 "geboortedatum_kind": f"{day:%Y%m%d}"} for c, (m, day) in born.items()
            ]  # fmt: skip
            tables["jeugdhulp"] = [
                {"burgerservicenummer_kind": bsn(c), "hulpvorm": "11", "datum_aanvang": f"{born[c][1]:%Y%m%d}",
                 "datum_einde": ""} for c in sorted(rows.placed)
            ]  # fmt: skip
            tables["maatregelen"] = []
        else:
            tables["vragenlijst"] = [self.form_row(form) for form in forms]
            if forms or not only_new:  # a stranger without consent, so that no two deliveries have the same bytes
                stranger = Form(900, 0, self.today, self.today + timedelta(days=100), None)
                tables["vragenlijst"].append(
                    self.form_row(stranger) | {"clientnummer": f"X{self.sendings}", "burgerservicenummer": bsn(900)}
                )
        for name, lines in tables.items():
            random.Random(shuffle).shuffle(lines)
            columns = REGISTER_QUESTIONNAIRE if name == "vragenlijst" else COLUMNS[name]
            folder.mkdir(exist_ok=True)
            write_csv(folder / f"{name}.csv", columns, lines)
        return folder, rows

    def person_row(self, nth: int, person: Person) -> dict[str, str]:
        earliest, latest = person.born
        return Town._person(nth) | {
            "burgerservicenummer": bsn(nth),
            "geboortedatum": f"{earliest:%Y%m%d}" if earliest == latest else f"{earliest:%Y}0000",
            "huisnummer": str(nth // 2 if nth < CHILDREN else nth),  # two women share a home
            "gemeentecode": self.municipality if person.here else "0855",
            "indicatie_geheim": "7" if person.secrecy else "0",
            "datum_overlijden": f"{person.died:%Y%m%d}" if person.died else "",
            "reden_opschorting": "E" if person.suspended else "",
            "geslachtsaanduiding": "X" if person.faulty else "V",
        }

    def form_row(self, form: Form) -> dict[str, str]:
        return {
            "clientnummer": client(form.nth, form.practice),
            "burgerservicenummer": bsn(form.nth),
            "praktijk_agb": PRACTICES[form.practice],
            "invuldatum": f"{form.filled:%d-%m-%Y}",
            "aterme_datum": f"{form.due:%d-%m-%Y}",
            "meetmoment": form.moment,
            "toestemming_datum": f"{form.consent:%d-%m-%Y}" if form.consent else "",
            "roken": "N" if form.nth % 3 else "J",
        }

    @staticmethod
    def report_row(report: Report) -> dict[str, str]:
        day = f"{report.day:%Y%m%d}" if report.day else "20240231"
        return {"burgerservicenummer": bsn(report.nth), "soort": report.kind, "datum": day}

    # --- commands -----------------------------------------------------------------------------------------------

    def commanded(self) -> None:
        Lives.ran += 1
        Lives.commands += 1
        self.changes = 0

    def give(self, act: Callable[..., Any], crash: str = "", after: int = 0) -> Any:
        """Give a command; where it is interrupted, give the same one again."""
        if crash:
            steps = 0

            def progress(_: str) -> None:
                nonlocal steps
                steps += 1
                if crash == "step" and steps > after:
                    raise Killed

            try:
                with interrupted(crash, after):
                    return act(progress)
            except Killed:
                pass
        return act(lambda _: None)

    @property
    def weeks(self) -> set[str]:
        return {d.period for d in self.model.deliveries if d.pipeline == "weekly"}

    def new_week(self, weeks: int) -> str:
        """Go on to a day in a week of which nothing was loaded, and return the week's label."""
        self.today += timedelta(days=7 * (weeks - 1))
        while (label := f"{self.today:%G-W%V}") <= max(self.weeks, default=""):
            self.today += timedelta(days=1)
        return label

    ready = precondition(lambda self: self.changes >= QUIET or (self.changes >= 8 and not self.model.deliveries))
    later = precondition(lambda self: self.changes >= QUIET and self.model.deliveries)

    @rule(only_new=st.booleans(), weeks=st.sampled_from([1, 1, 2, 4, 9]), shuffle=st.integers(0, 9))
    @ready
    def a_week_is_run(self, only_new: bool, weeks: int, shuffle: int) -> None:
        self.run_week(weeks, only_new=only_new, shuffle=shuffle)

    @rule(weeks=st.integers(1, 4))
    @ready
    def all_so_far_is_delivered_once_more(self, weeks: int) -> None:
        self.run_week(weeks, only_new=False, shuffle=weeks)

    @rule(weeks=st.integers(1, 2), crash=CRASHES, after=st.integers(0, 8), twin=st.booleans(), only_new=st.booleans())
    @ready
    def a_run_is_interrupted_and_given_again(
        self, weeks: int, crash: str, after: int, twin: bool, only_new: bool
    ) -> None:
        self.run_week(weeks, only_new=only_new, shuffle=after, crash=crash, after=after, twin=twin)

    @rule(weeks=st.integers(1, 4))
    @ready
    def a_week_is_frozen_for_a_second_officer(self, weeks: int) -> None:
        self.run_week(weeks, only_new=False, shuffle=0, two_officers=True)

    def run_week(
        self, weeks: int, *, only_new: bool, shuffle: int, crash: str = "", after: int = 0, twin: bool = False,
        two_officers: bool = False,
    ) -> None:  # fmt: skip
        self.commanded()
        period = self.new_week(weeks)
        folder, rows = self.send(only_new=only_new, shuffle=shuffle)
        request = Request("weekly", folder, self.today, period)
        if two_officers:
            request = replace(request, nonce=Nonce("second_officer", nonce_commitment(hexed(period))))
        if self.nonce and two_officers:
            self.is_refused(StateError, lambda: run_pipeline(self.workspace(), request))
            return
        self.run(request, rows, crash=crash, after=after, twin=twin)
        if two_officers:
            self.nonce = hexed(period)

    @rule(which=st.integers(0, 5), crash=SOMETIMES, after=st.integers(0, 8), only_new=st.booleans())
    @later
    def a_week_is_corrected(self, which: int, crash: str, after: int, only_new: bool) -> None:
        if not self.weeks:
            return
        self.commanded()
        period = sorted(self.weeks, reverse=True)[which % len(self.weeks)]
        folder, rows = self.send(only_new=only_new and which > 3, shuffle=which)
        request = Request(
            "weekly", folder, self.today, period, delivered=self.today, corrects=True, reason="a made-up reason"
        )
        self.run(request, rows, crash=crash, after=after)

    def run(self, request: Request, rows: Rows, *, crash: str, after: int, twin: bool = False) -> None:
        """Run a week, and hold who was frozen for the draw against who may be drawn."""
        other = self.twin_of(request) if twin else None
        self.give(lambda progress: run_pipeline(self.workspace(), request, progress), crash, after)
        assert request.period
        delivery = self.model.take_in("weekly", request.period, self.today, rows, corrects=request.corrects)
        self.last = (request, len(self.model.deliveries))
        if self.nonce:  # a batch waits for its draw: who is new waits too, and what happened counts at once
            self.check()
        else:
            self.frozen_on = self.today
            self.check(may=self.model.eligible(delivery, self.allocated), frozen_in=request)
        if other is not None:
            assert other == {nth: one["arm"] for nth, one in self.allocated.items()}, "a crash changed the draw"

    def twin_of(self, request: Request) -> dict[int, str]:
        """Run the same week in a copy, without a crash, and return the arms there."""
        folder = self.root / f"twin-{self.sendings}"
        shutil.copytree(self.folder, folder)
        with find_workspace(folder).open() as (_, vault):
            pass
        with mock.patch("secrets.token_hex", lambda size: os.urandom(size).hex()):
            run_pipeline(find_workspace(folder), request)
        with find_workspace(folder).open() as (warehouse, vault):
            arms = {row["research_id"]: row["arm"] for row in warehouse.rows("FROM allocation")}
            named = vault.known_ids(map(bsn, range(1, WOMEN + 1)))
        shutil.rmtree(folder)
        whose = self.ids | {named[bsn(nth)]: nth for nth in range(1, WOMEN + 1) if bsn(nth) in named}
        return {whose[who]: arm for who, arm in arms.items()}

    @rule()
    @precondition(lambda self: self.last and self.changes >= QUIET + 4)
    def the_last_run_is_given_again(self) -> None:
        self.commanded()
        assert self.last
        request, deliveries = self.last
        if len(self.model.deliveries) == deliveries:
            before = self.on_disk()
            assert run_pipeline(self.workspace(), request).already_loaded
            assert self.on_disk() == before
        self.check()

    @rule(
        crash=SOMETIMES,
        after=st.integers(0, 6),
        shuffle=st.integers(0, 9),
        on=st.integers(1, 40),
    )
    @later
    def outcomes_are_followed_up(self, crash: str, after: int, shuffle: int, on: int) -> None:
        self.follow_up(on, shuffle, crash, after)

    @rule(on=st.integers(20, 60))
    @later
    def outcomes_are_followed_up_later(self, on: int) -> None:
        self.follow_up(on, shuffle=on)

    def follow_up(self, on: int, shuffle: int, crash: str = "", after: int = 0) -> None:
        self.commanded()
        self.today += timedelta(days=on)
        folder, rows = self.send(only_new=False, shuffle=shuffle, outcomes=True)
        request = Request("follow_up", folder, self.today)
        self.give(lambda progress: run_pipeline(self.workspace(), request, progress), crash, after)
        self.model.take_in("follow_up", f"follow_up-{self.today}", self.today, rows)
        self.check()

    @rule(
        who=women, ago=days, by_client=st.booleans(), crash=SOMETIMES,
        kind=st.sampled_from(
            ["zwangerschap_beeindigd", "overlijden", "bezwaar", "intrekking_toestemming", "afgewezen", "niet_bereikt",
             "verhuizing", "vestiging", "geheimhouding", "zelf_aangemeld", "vergissing"]
        ),
    )  # fmt: skip
    @later
    def an_event_is_told(self, who: int, ago: int, by_client: bool, crash: str, kind: str) -> None:
        nth = self.woman(who)
        self.commanded()
        report = Report(nth, kind, self.today - timedelta(days=ago))
        assert report.day
        whom = bsn(nth)
        form = next((f for f in self.model._forms() if f.nth == nth), None)
        if by_client and form:
            whom = f"{PRACTICES[form.practice]} {client(nth, form.practice)}"
        event = telling.Event(kind, report.day, "projectleider", "by telephone", whom)

        def tell(_: Any = None) -> Any:
            return telling.tell_event(self.workspace(), event, self.today, self.now())

        taken_back = kind != "vergissing" and self.model.takes_back(nth, report.day)
        if nth not in self.known or taken_back:
            self.is_refused(UsageError, tell)
            return
        self.give(tell, crash, 1)
        self.model.events.setdefault(report, False)
        self.check()

    @rule(
        which=st.integers(0, 20), ago=days, crash=SOMETIMES,
        answers=st.lists(st.sampled_from(ANSWERS), min_size=6, max_size=6),
    )  # fmt: skip
    @precondition(lambda self: self.changes >= QUIET and self.lists("[0-9]*"))
    def a_list_comes_back(self, which: int, ago: int, crash: str, answers: list[str]) -> None:
        self.commanded()
        paths = self.lists("[0-9]*")
        path = paths[which % len(paths)]
        listed = {i for i in self.invited if (i.batch, PRACTICES[i.practice]) == (path.parent.name, path.stem)}
        as_of = next(iter(listed)).as_of
        day = max(as_of, self.today - timedelta(days=ago))
        book = load_workbook(path)
        sheet = book.worksheets[0]
        by_client = {client(i.nth, i.practice): i.nth for i in listed}
        told = {}
        for at, cells in enumerate(row for row in sheet.iter_rows() if row[0].value in by_client):
            answer = answers[at % len(answers)]
            cells[5].value, cells[6].value = (f"{day:%d-%m-%Y}", answer) if answer else (None, None)
            told[by_client[cells[0].value]] = answer
        back = self.root / f"back-{self.checks}.xlsx"
        book.save(back)
        self.give(lambda _: taking_back.take_back(self.workspace(), [back], self.today, self.now()), crash, 1)
        final = {n for n in told if any(k == "afgewezen" for k, _, _ in self.model.told_of(n))}
        kinds = {"nee": "afgewezen", "zwangerschap beëindigd": "zwangerschap_beeindigd"}
        for nth, answer in told.items():  # a yes changes no list, so the model need not know it
            if answer in kinds:
                report = Report(nth, kinds[answer], day)
                if report not in self.model.events and self.model.takes_back(nth, day):
                    report = Report(nth, kinds[answer], self.model.last_mistake(nth) + timedelta(days=1))
                self.model.events[report] = self.model.events.get(report, True)
            elif answer == "niet bereikt" and nth not in final:
                self.model.events.setdefault(Report(nth, "niet_bereikt", day), True)
        self.check()

    @rule()
    @precondition(lambda self: self.weeks and self.changes >= QUIET + 4)
    def lists_are_built_again(self) -> None:
        self.commanded()
        before = self.on_disk()
        rebuild_lists(self.workspace())
        assert self.on_disk() == before
        self.check()

    @rule()
    @precondition(lambda self: self.nonce and self.changes >= 6)
    def the_second_officer_draws(self) -> None:
        self.commanded()
        self.is_refused(PolicyRefused, lambda: draw_frozen(self.workspace(), hexed("another")))
        draw_frozen(self.workspace(), self.nonce)
        self.nonce = ""
        self.check()

    @rule(why=st.sampled_from(["rekey", "redesign"]))
    @precondition(lambda self: self.changes >= QUIET and self.ledger and not self.closed)
    def an_epoch_is_opened(self, why: str) -> None:
        self.commanded()
        if self.nonce:
            self.is_refused(
                StateError, lambda: open_epoch(self.workspace(), "rekey", reason="a made-up reason", owner="FG")
            )
            return
        if why == "redesign":
            programme = self.workspace().programme_file
            once = "looks: [100]" in programme.read_text("utf-8")
            looks = ["looks: [100]", "looks: [50, 100]"]
            change(programme, dict([looks if once else looks[::-1]]))
        open_epoch(self.workspace(), why, reason="a made-up reason", owner="projectleider")  # type: ignore[arg-type]
        self.check()

    @rule()
    @precondition(
        lambda self: (
            self.changes >= QUIET and self.ledger and not self.closed and not self.nonce and len(self.weeks) > 2
        )
    )
    def the_trial_is_closed(self) -> None:
        self.commanded()
        opened = open_epoch(self.workspace(), "close", reason="a made-up reason", owner="projectleider")
        self.closed, self.closing_epoch = True, opened["epoch"]
        self.check()

    @rule(who=women, objected=st.booleans(), crash=SOMETIMES)
    @later
    def somebody_is_erased(self, who: int, objected: bool, crash: str) -> None:
        nth = self.woman(who)
        self.commanded()
        whose = {"objected": True} if objected else {"person": bsn(nth)}
        request = erasing.Request("FG", "AVG art. 17", clock.moment(), **whose)  # type: ignore[arg-type]

        def erase(_: Any = None) -> Any:
            return erasing.erase(self.workspace(), request, self.today, lambda *_: True)

        if self.nonce:
            self.is_refused(StateError, erase)
        elif not objected and nth not in self.known | self.model.erased:
            self.is_refused(UsageError, erase)
        else:
            self.give(erase, crash, 1)
            told = {n for n in self.known if any(kind == "bezwaar" for kind, _, _ in self.model.told_of(n))}
            gone = told if objected else {nth}
            self.gone_decided |= gone & self.model.seen()
            self.model.erase(gone)
            self.check()

    def is_refused(self, error: type[Exception], act: Callable[[], Any]) -> None:
        before = self.on_disk()
        with pytest.raises(error):
            act()
        assert self.on_disk() == before

    # --- what must hold -----------------------------------------------------------------------------------------

    def on_disk(self) -> dict[str, bytes]:
        folders = [self.folder / "lists", self.folder / "ledger"]
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def lists(self, folder: str) -> list[Path]:
        return sorted((self.folder / "lists").glob(f"{folder}/*.xlsx"))

    def check(self, may: dict[int, Any] | None = None, frozen_in: Request | None = None) -> None:
        """Hold all that is on the disk and in the warehouse against the model."""
        self.checks += 1
        workspace = self.workspace()
        with workspace.open() as (warehouse, vault):
            named = vault.known_ids(map(bsn, range(1, CHILDREN + len(self.children))))
            nth_of = {bsn(nth): nth for nth in range(1, CHILDREN + len(self.children))}
            self.known = {nth_of[number] for number in named}
            self.ids |= {who: nth_of[number] for number, who in named.items()}
            keys = bookkeeping.draw_keys(workspace)
            content = bookkeeping.ledger_bytes(warehouse)
            assert auditing.disagreements(warehouse, vault, keys) == []
            told = flow_of(flow.participants(warehouse), workspace.programme.trial.arms)
            allocated = {self.ids[row["research_id"]]: row for row in warehouse.rows("FROM allocation")}
            frozen = {self.ids[row["research_id"]]: row for row in warehouse.rows("FROM frozen")}
            invited = {
                Invited(row["batch"], PRACTICES.index(row["practice"]), self.ids[row["research_id"]], row["as_of"],
                        row["due_date"], row["basis"])
                for row in warehouse.rows("FROM invitation")
            }  # fmt: skip
            if self.checks % 3 == 0:  # made again from what is stored, every list has the bytes that it has
                made_again = {file.path: file.content for file in releasing.list_files(workspace, warehouse, vault)}
                on_disk = self.on_disk()
                assert made_again == {name: held for name, held in on_disk.items() if name.startswith("lists/")}
        assert not self.known & self.model.erased, "who was erased came back"
        self.ledger_only_grows(workspace, content, keys.keys)
        self.nobody_is_drawn_who_may_not_be(may, frozen_in, frozen, allocated)
        self.an_allocation_stays(allocated)
        self.sisters_share_an_arm(workspace)
        self.everybody_is_in_one_box(told)
        self.lists_are_of_the_offer_only(invited)
        self.the_lists_on_the_disk_name_nobody_else()

    def ledger_only_grows(self, workspace: Workspace, content: bytes, keys: tuple[bytes, ...]) -> None:
        assert content.startswith(self.ledger), "the ledger was changed"
        exported = workspace.ledger_file.read_bytes() if workspace.ledger_file.is_file() else b""
        assert exported == content
        if content:
            head = json.loads(self.ledger.splitlines()[-1])["hash"] if self.ledger else None
            held = verify(from_jsonl(content), keys=keys, head=head)
            assert held.ok, held.faults
            assert AUDITOR.faults(content, list(keys), head) == []
        self.ledger = content

    def nobody_is_drawn_who_may_not_be(
        self, may: dict[int, Any] | None, request: Request | None, frozen: dict[int, Any], allocated: dict[int, Any]
    ) -> None:
        new = {nth: row for nth, row in frozen.items() if nth not in self.allocated}
        if may is None or request is None:
            assert new.keys() <= self.waiting, "a woman was frozen past a batch that waits"
            assert not new.keys() & allocated.keys() if self.nonce else new.keys() <= allocated.keys()
            return
        self.waiting = set(new)
        room = self.room(allocated, new)
        assert new.keys() <= may.keys(), "a woman was frozen who may not be drawn"
        assert len(new) == (len(may) if room is None else min(len(may), room)), "a woman was not drawn who may be"
        assert all(may[a].due <= may[b].due for a in new for b in may.keys() - new.keys())
        for nth, row in new.items():
            as_frozen = (row["practice"], row["index_date"], row["due_date"])
            as_told = (PRACTICES[may[nth].practice], may[nth].index, may[nth].due)
            assert as_frozen == as_told, f"frozen as {as_frozen}, told was {as_told}"
        assert request.nonce == NO_NONCE or not new.keys() & allocated.keys()
        assert request.nonce != NO_NONCE or new.keys() <= allocated.keys()

    def room(self, allocated: dict[int, Any], new: dict[int, Any]) -> int | None:
        """How many women there are places for this month, whatever the arms of those who were frozen in it."""
        if self.variant != "capacity":
            return None
        month = (self.today.year, self.today.month)
        taken = sum(one["month"] == month for one in self.allocated.values())
        return max(3 * (1 if self.closed else 2) - taken, 0)  # one in two is offered, until everyone is

    def an_allocation_stays(self, allocated: dict[int, Any]) -> None:
        for nth, row in allocated.items():
            as_drawn = (row["arm"], row["batch"], row["epoch"], row["index_date"], row["practice"], row["token"])
            if nth not in self.allocated:
                assert nth not in self.model.erased, "an erased woman was drawn"
                self.allocated[nth] = {"arm": row["arm"], "row": as_drawn, "index": row["index_date"],
                                       "epoch": row["epoch"], "batch": row["batch"],
                                       "month": (self.frozen_on.year, self.frozen_on.month)}  # fmt: skip
            assert self.allocated[nth]["row"] == as_drawn, "an allocation changed"
        assert allocated.keys() == self.allocated.keys(), "an allocation disappeared"

    def sisters_share_an_arm(self, workspace: Workspace) -> None:
        if workspace.programme.trial.unit == "household":
            homes: dict[int, set[str]] = {}
            for nth, one in self.allocated.items():
                if not self.closed or one["epoch"] < self.closing_epoch:
                    homes.setdefault(nth // 2, set()).add(one["arm"])
            assert all(len(arms) == 1 for arms in homes.values()), "sisters in one home have two arms"

    def everybody_is_in_one_box(self, told: Any) -> None:
        ever = self.model.seen() | self.gone_decided
        assert told.seen == len(ever) == told.drawn + sum(box.women for box in told.not_drawn)
        by_lot = [one for one in self.allocated.values() if not self.closed or one["epoch"] < self.closing_epoch]
        assert told.drawn == len(by_lot)  # once the trial is closed the offer is for everybody, without a draw
        arms = Counter((one["epoch"], one["arm"]) for one in by_lot)
        for arm in told.arms:
            excluded = sum(box.women for box in arm.excluded)
            not_followed = sum(box.women for box in arm.not_per_protocol)
            assert arm.allocated == arms[arm.epoch, arm.arm] == excluded + arm.intention_to_treat
            assert arm.intention_to_treat == arm.per_protocol + not_followed
        assert told.drawn == sum(arm.allocated for arm in told.arms)

    def lists_are_of_the_offer_only(self, invited: set[Invited]) -> None:
        """Judge whoever was put on a list since the last look: drawn for it, a reminder, or after the closing."""
        forgotten = {replace(one, due=None) if one.nth in self.model.erased else one for one in self.invited}
        assert forgotten <= invited, "a released list was changed"
        for one in invited - forgotten:
            arm = self.allocated[one.nth]["arm"]
            if one.basis == "drawn":
                assert arm == "offer" and self.allocated[one.nth]["batch"] == one.batch
                continue
            assert self.model.blocked(one.nth, one.due) is None, f"a blocked woman on a list ({one.basis})"
            if one.basis == "reminder":
                assert any(kind == "niet_bereikt" for kind, _, _ in self.model.told_of(one.nth))
                assert any(other.nth == one.nth for other in self.invited)
            else:
                assert one.basis == "after_closing" and self.closed and self.variant != "capacity"
                assert arm == "care_as_usual" and len(self.model.pregnancies(one.nth)) > 1
        self.invited = invited
        often = Counter((one.nth, one.basis, one.basis == "after_closing" and one.due) for one in invited if one.due)
        assert all(times == 1 for times in often.values()), "a woman was put on a list twice"

    def the_lists_on_the_disk_name_nobody_else(self) -> None:
        listed: Counter[tuple[str, int, int]] = Counter()
        for path in self.lists("[0-9]*"):
            practice = PRACTICES.index(path.stem)
            for row in table_of(path.read_bytes(), "Cliëntnummer"):
                nth = int(row[0][1:])
                assert row[0] == client(nth, practice), "another practice's client"
                assert row[1] == f"Vrouwe{nth} van Proefstra{nth}"
                listed[path.parent.name, practice, nth] += 1
        expected = Counter(
            (one.batch, one.practice, one.nth) for one in self.invited if not self.model.blocked(one.nth, one.due)
        )
        assert listed == expected, f"listed wrongly: {listed - expected}; missing: {expected - listed}"
        self.recalls_name_whom_a_practice_must_not_invite()
        self.questionnaires_are_due_whatever_the_arm()
        for path in self.lists("*"):
            said = "\n".join("\n".join(row) for row in texts_of(path.read_bytes()))
            text = re.sub("[0-9a-f]{64}", "", said)  # the head of the draw, in which any digits may stand
            assert not [word for word in FORBIDDEN if word in text]
            assert not [nth for nth in self.persons if bsn(nth) in text], "a BSN on a list"

    def recalls_name_whom_a_practice_must_not_invite(self) -> None:
        found = {
            (PRACTICES.index(path.stem), row[0], row[2])
            for path in self.lists("terugroep")
            for row in table_of(path.read_bytes(), "Cliëntnummer")
        }
        in_use = [one for one in self.invited if one.as_of + timedelta(days=42) >= self.model.last_day()]
        assert found == {
            (one.practice, client(one.nth, one.practice), one.batch)
            for one in in_use
            if self.model.blocked(one.nth, one.due) in {"gone", "child", "told"}
        }

    def questionnaires_are_due_whatever_the_arm(self) -> None:
        found = []
        for path in self.lists("vragenlijsten"):
            for row in table_of(path.read_bytes(), "Moeder"):
                found.append((int(row[0].split("Proefstra")[1].split(",")[0]), row[2].split()[0]))
        index_dates = {nth: one["index"] for nth, one in self.allocated.items()}
        assert Counter(found) == Counter(self.model.due(index_dates)), "questionnaires due"


@contextmanager
def interrupted(crash: str, after: int) -> Iterator[None]:
    """Stop the machine at a write of a file, or at a commit; a step of a run stops by itself."""
    seen = 0

    def killing(act: Callable[..., Any], at: Callable[..., bool]) -> Callable[..., Any]:
        def acts(*given: Any, **named: Any) -> Any:
            nonlocal seen
            if at(*given):
                seen += 1
                if seen > after:
                    raise Killed
            return act(*given, **named)

        return acts

    patches: dict[str, Any] = {
        "file": (releasing, "write_file", lambda *_: True),
        "vault": (Vault, "commit", lambda *_: True),
        "commit": (Warehouse, "_execute", lambda _, sql, *__: sql == "COMMIT"),
    }
    if crash not in patches:
        yield
        return
    owner, name, at = patches[crash]
    with mock.patch.object(owner, name, killing(getattr(owner, name), at)):
        yield


def live(machine: type[Lives] = Lives, **more: Any) -> None:
    """Run the machine. All rules take part in every example: a town that is never asked anything tests nothing."""
    flags = "hypothesis.strategies._internal.featureflags.FeatureFlags.is_enabled"
    with mock.patch(flags, lambda *_: True):
        run_state_machine_as_test(machine, settings=profile(**more))  # type: ignore[no-untyped-call]


def profile(**more: Any) -> settings:
    return settings(
        stateful_step_count=STEPS_EACH,
        deadline=None,
        phases=[Phase.reuse, Phase.generate, *([Phase.shrink] if os.environ.get("LIVES_SHRINK") else [])],
        suppress_health_check=list(HealthCheck),
        **more,
    )


def test_whatever_happens_the_lists_the_lot_and_the_ledger_keep_their_promises() -> None:
    Lives.ran = Lives.commands = 0
    live(max_examples=STEPS // STEPS_EACH + 1, derandomize=True, database=None)
    assert Lives.ran >= STEPS
    assert Lives.commands >= STEPS // 30  # or the lives went by without a trial
