"""Make the golden ledgers of a release: python tests/golden/make_golden.py

Run once for each release whose draw or ledger differs, and never again: what stands in a folder here is what every
later release must repeat. The keys are made up and stand beside the ledgers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from smartstart import __version__
from smartstart.trial.allocation import Unit, level_code, nonce_commitment, stratum_code, subject_token
from smartstart.trial.design import Design, Factor, Minimisation, closed
from smartstart.trial.entries import Stamp, to_jsonl
from smartstart.trial.ledger import NO_NONCE, Ledger, Nonce

KEYS = (bytes(range(32)), bytes(range(100, 132)))
STAMP = Stamp("2024-04-02T08:30:00Z", "one officer")
MADE = {"recorded_at": STAMP.recorded_at, "delivery": "de11" * 16}
BAND = Factor("risk_band", ("0–1", "2+", "unknown"))
GESTATION, SMOKING = Factor("gestation", ("<16", ">=16")), Factor("smoking", ("yes", "no", "unknown"))
MINIMISED = Minimisation((GESTATION, SMOKING), (2, 1), "variance")
DESIGNS = {
    "blocks": Design("golden", strata=(BAND,), block_sizes=(4, 6, 8)),
    "blocks-two-to-one": Design("golden", ratio=(2, 1), strata=(BAND,), block_sizes=(6, 9)),
    "households": Design("golden", strata=(BAND,), block_sizes=(4, 6, 8), unit="household"),
    "simple": Design("golden", ratio=(3, 2), method="simple"),
    "big-stick": Design("golden", method="big_stick", bound=4),
    "minimisation": Design("golden", strata=(BAND,), method="minimisation", minimisation=MINIMISED),
    "minimisation-two-to-one": Design(
        "golden", ratio=(2, 1), method="minimisation", minimisation=replace(MINIMISED, imbalance="range")
    ),
    "minimisation-biased-coin": Design(
        "golden", ratio=(2, 1), method="minimisation", minimisation=replace(MINIMISED, unequal="biased_coin")
    ),
}
NONCES = (
    (NO_NONCE, ""),
    (Nonce("second_officer", nonce_commitment("5ec0" * 16)), "5ec0" * 16),
    (Nonce("dice"), "35142661425316245316"),
    (Nonce("beacon", "a beacon, round 12345"), "0123456789abcdef" * 4),
)


def women(design: Design, epoch: int, key: bytes, first: int, number: int) -> list[Unit]:
    """Return made-up women; every third lives with the one before her."""
    factors = design.minimisation.factors if design.minimisation else ()
    return [
        Unit(
            subject_token(KEYS[0], f"woman {n}"),
            stratum_code(key, "golden", epoch, [factor.levels[n % len(factor.levels)] for factor in design.strata]),
            tuple(level_code(key, "golden", epoch, f.name, f.levels[n * 7 % len(f.levels)]) for f in factors),
            f"{n - n // 3:016x}" if design.unit == "household" else "",
            f"{n:032x}",
        )
        for n in range(first, first + number)
    ]


def trial(design: Design) -> Ledger:
    """Conduct four batches, each with another source of its nonce, a new key between, and the closing."""
    ledger = Ledger()
    ledger.begin(design, KEYS[0], programme="golden", rehearsal=True, stamp=STAMP)
    for number, (nonce, text) in enumerate(NONCES):
        key = KEYS[number // 2]
        if number == 2:
            ledger.open_epoch("rekey", design, key, reason="the key leaked", owner="projectleider", stamp=STAMP)
        units = women(design, ledger.epoch, key, 30 * number, 30)
        ledger.freeze(f"b{number}", as_of=date(2024, 4, 1), units=units, nonce=nonce, **MADE)
        ledger.draw(design, key, recorded_at=STAMP.recorded_at, nonce=text)
    ledger.note("a due date was corrected", stamp=STAMP)
    ledger.event("0" * 64, stamp=STAMP)
    everyone = closed(design)
    ledger.open_epoch("close", everyone, KEYS[1], reason="enough women", owner="gemeente", stamp=STAMP)
    ledger.freeze("last", as_of=date(2025, 4, 1), units=women(everyone, 3, KEYS[1], 120, 5), **MADE)
    ledger.draw(everyone, KEYS[1], recorded_at=STAMP.recorded_at)
    return ledger


def main() -> None:
    """Write the ledgers, their heads and the keys into a new folder named by the release."""
    folder = Path(__file__).parent / __version__
    folder.mkdir()
    (folder / "keys").write_text("".join(f"{key.hex()}\n" for key in KEYS), "ascii")
    made = {name: trial(design) for name, design in DESIGNS.items()}
    for name, ledger in made.items():
        (folder / f"{name}.jsonl").write_bytes(to_jsonl(ledger.entries))
    (folder / "heads").write_text("".join(f"{ledger.head}  {name}\n" for name, ledger in made.items()), "ascii")


if __name__ == "__main__":
    main()
