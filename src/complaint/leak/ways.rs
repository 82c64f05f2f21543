//! In which order, and how deep, a text is read in every way.
//!
//! Out: [`WAYS`], a tree of ways to read.
//! Limits: combinations that nobody was seen to use are not tried; each costs a pass over the text.

use super::view::Step;

/// A way of reading, and what may follow it.
pub(super) struct Branch {
    pub(super) step: Step,
    pub(super) name: &'static str,
    /// Whether codes are looked for in what it gives.
    pub(super) codes: bool,
    pub(super) then: &'static [Self],
}

const fn branch(step: Step, name: &'static str, codes: bool, then: &'static [Branch]) -> Branch {
    Branch {
        step,
        name,
        codes,
        then,
    }
}

const PERCENT_3: &[Branch] = &[branch(Step::Percent, "percent signs undone", false, &[])];
const PERCENT_2: &[Branch] = &[branch(
    Step::Percent,
    "percent signs undone",
    true,
    PERCENT_3,
)];
const PERCENT: Branch = branch(Step::Percent, "percent signs undone", true, PERCENT_2);
const NO_BLANKS: Branch = branch(Step::NoBlanks, "blanks removed", true, &[]);
const PLAIN: Branch = branch(Step::Plain, "wide letters made plain", false, &[NO_BLANKS]);
const UNTAG: Branch = branch(
    Step::Untag,
    "tags and invisible characters removed",
    false,
    &[PLAIN, NO_BLANKS],
);
const ENTITIES: Branch = branch(
    Step::Entities,
    "HTML references undone",
    true,
    &[UNTAG, PLAIN, PERCENT],
);
const ESCAPES: Branch = branch(Step::Escapes, "backslashes undone", false, &[]);
const QUOTED: &[Branch] = &[
    branch(Step::Join, "lines joined", false, &[]),
    PERCENT,
    ENTITIES,
    UNTAG,
    PLAIN,
    NO_BLANKS,
    ESCAPES,
];

/// Every way in which a text is read.
pub(super) const WAYS: &[Branch] = &[
    branch(
        Step::Join,
        "lines joined",
        false,
        &[PERCENT, ENTITIES, UNTAG],
    ),
    PERCENT,
    branch(
        Step::QuotedPrintable,
        "quoted-printable undone",
        true,
        QUOTED,
    ),
    ENTITIES,
    UNTAG,
    PLAIN,
    NO_BLANKS,
    ESCAPES,
    branch(Step::Numbers, "numbers read as letters", false, &[]),
];
