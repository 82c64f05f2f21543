//! Columns without boxes: one row a thing, header once, `-` for what is absent.
//!
//! In: rows of safe text. Out: aligned text for a terminal, tab-separated lines for a program.
//! Limits: nothing is cut; a row wider than the terminal wraps there.

use comfy_table::{ContentArrangement, presets};

/// A table that grows row by row.
#[derive(Debug, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns an empty table with its column names.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; empty cells become `-`.
    pub(crate) fn row<I: IntoIterator<Item = String>>(&mut self, cells: I) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| {
                    if cell.is_empty() {
                        "-".to_owned()
                    } else {
                        cell
                    }
                })
                .collect(),
        );
    }

    /// Returns whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the table as text, each line with its end.
    pub(crate) fn render(&self, aligned: bool, _width: usize) -> String {
        if !aligned {
            return self
                .rows
                .iter()
                .map(|row| {
                    let cells: Vec<_> = row
                        .iter()
                        .map(|cell| console::strip_ansi_codes(cell))
                        .collect();
                    cells.join("\t") + "\n"
                })
                .collect();
        }
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(&self.header)
            .add_rows(&self.rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
            .lines()
            .fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["hop", "written by", "trust"]);
        table.row([
            "1".to_owned(),
            "mx.example.net".to_owned(),
            "boundary".to_owned(),
        ]);
        table.row(["2".to_owned(), String::new(), "claimed".to_owned()]);
        table
    }

    #[test]
    fn a_terminal_gets_columns() {
        insta::assert_snapshot!(table().render(true, 80), @r"
        hop  written by      trust
        1    mx.example.net  boundary
        2    -               claimed
        ");
    }

    #[test]
    fn a_program_gets_tabs_and_no_header() {
        assert_eq!(
            table().render(false, 80),
            "1\tmx.example.net\tboundary\n2\t-\tclaimed\n"
        );
    }
}
