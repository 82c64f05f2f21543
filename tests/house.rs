//! The house keeps its own rules: stages import upwards only, modules stay small, places stay where they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The stages in the order the data passes them.
const STAGES: [&str; 8] = [
    "intake",
    "trace",
    "evidence",
    "contact",
    "complaint",
    "consent",
    "delivery",
    "ledger",
];

/// What every stage may import beside the stages above it.
const BESIDE: [&str; 2] = ["rules", "failure"];

/// Lines of a module at most; what is longer has more than one job.
const MODULE_LINES: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all Rust files below a folder of the project.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

/// Returns the text of a file above its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    match text.find("#[cfg(test)]\nmod tests") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Returns what a file imports by `crate::…`, comments left out.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let name: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn stages_import_only_stages_above_them() {
    for (at, stage) in STAGES.iter().enumerate() {
        for path in sources(&format!("src/{stage}")) {
            for name in imports(&code(&path)) {
                let allowed = STAGES[..=at].contains(&name.as_str())
                    || BESIDE.contains(&name.as_str())
                    || name.is_empty();
                assert!(
                    allowed,
                    "{} imports `{name}`, which lies below `{stage}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn rules_and_failure_import_no_stage_but_the_escaping_type() {
    for path in sources("src/rules") {
        for name in imports(&code(&path)) {
            assert!(
                name == "rules" || name == "intake" || name == "failure" || name.is_empty(),
                "{} imports `{name}`",
                path.display()
            );
        }
    }
}

#[test]
fn modules_are_small_and_say_what_they_are_for() {
    let mut lengths = Vec::new();
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not say what it is for",
            path.display()
        );
        let lines = text.lines().count();
        let is_table = path.ends_with("cli/flags.rs");
        assert!(
            is_table || lines <= MODULE_LINES,
            "{} has {lines} lines",
            path.display()
        );
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 200, "the median module has {median} lines");
}

#[test]
fn only_term_prints() {
    for path in sources("src") {
        if path.starts_with(root().join("src/term")) {
            continue;
        }
        let text = code(&path);
        for word in ["println!", "eprintln!", "io::stdout()", "io::stderr()"] {
            assert!(
                !text.contains(word),
                "{} prints with `{word}`",
                path.display()
            );
        }
    }
}

/// RFCs that the code obeys or departs from, as `tests/data/standards.tsv` lists them.
fn standards() -> BTreeMap<u32, String> {
    let path = root().join("tests/data/standards.tsv");
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 3, "number, title, support: {line}");
            assert!(
                ["yes", "partial", "no"].contains(&columns[2]),
                "support is yes, partial or no: {line}"
            );
            (columns[0].parse().unwrap(), columns[1].to_owned())
        })
        .collect()
}

#[test]
fn every_rfc_that_the_code_names_is_in_the_table_of_standards() {
    let known = standards();
    let mut named: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        for (at, line) in text.lines().enumerate() {
            let Some(comment) = line.find("//").map(|at| &line[at..]) else {
                continue;
            };
            for part in comment.split("RFC ").skip(1) {
                let number: String = part.chars().take_while(char::is_ascii_digit).collect();
                if let Ok(number) = number.parse() {
                    named
                        .entry(number)
                        .or_default()
                        .push(format!("{}:{}", path.display(), at + 1));
                }
            }
        }
    }
    for (number, places) in &named {
        assert!(
            known.contains_key(number),
            "RFC {number} is not in tests/data/standards.tsv; it is named at {}",
            places.join(", ")
        );
    }
    for number in known.keys() {
        assert!(
            named.contains_key(number),
            "RFC {number} stands in tests/data/standards.tsv, and no code names it"
        );
    }
}

#[test]
fn no_file_of_rules_is_left_out() {
    let code: String = sources("src/rules")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut seen = 0;
    for folder in fs::read_dir(root().join("rules")).unwrap() {
        let folder = folder.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let (folder, file) = (folder.file_name(), file.unwrap().file_name());
            let (folder, file) = (folder.to_string_lossy(), file.to_string_lossy());
            // A folder whose files a macro embeds has their names in a list.
            let named = code.contains(&format!("rules/{folder}/{file}\")"))
                || code.contains(&format!("rules/{folder}/\", $"))
                    && code.contains(&format!("\"{file}\""));
            assert!(named, "rules/{folder}/{file} is built into nothing");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} files");
}
