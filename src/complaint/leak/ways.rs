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
    &[UNTAG, PLAIN, PERCENT, NO_BLANKS],
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
        &[PERCENT, ENTITIES, UNTAG, PLAIN],
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
    branch(
        Step::Pieces,
        "pieces of a parameter joined",
        false,
        &[branch(Step::Percent, "percent signs undone", false, &[])],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns every path of the tree, and whether codes are looked for at its end.
    fn paths(ways: &[Branch], path: &[Step], codes: bool, found: &mut Vec<(Vec<Step>, bool)>) {
        for way in ways {
            let path = [path, &[way.step]].concat();
            paths(way.then, &path, codes && way.codes, found);
            found.push((path, codes && way.codes));
        }
    }

    #[test]
    fn nothing_is_undone_once_the_blanks_are_gone() {
        fn ends(ways: &[Branch]) -> bool {
            let is_end = |way: &Branch| way.step != Step::NoBlanks || way.then.is_empty();
            ways.iter().all(|way| is_end(way) && ends(way.then))
        }
        assert!(ends(WAYS));
    }

    #[test]
    fn a_path_without_one_of_its_steps_is_a_path() {
        let mut all = Vec::new();
        paths(WAYS, &[], true, &mut all);
        assert!(all.len() > 40, "{}", all.len());
        for (path, codes) in all.iter().filter(|(path, _)| path.len() > 1) {
            for left_out in 0..path.len() {
                let mut rest = path.clone();
                rest.remove(left_out);
                // Without any blank, lines are joined, too.
                if rest.contains(&Step::NoBlanks) {
                    rest.retain(|step| *step != Step::Join);
                }
                let holds = |(known, known_codes): &(Vec<Step>, bool)| {
                    *known == rest && (*known_codes || !codes)
                };
                assert!(all.iter().any(holds), "{path:?} has no {rest:?}");
            }
        }
    }
}
