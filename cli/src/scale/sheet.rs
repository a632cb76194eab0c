//! A table of figures, whatever it is written as.

use clap::ValueEnum;
use comfy_table::{CellAlignment, presets};
use serde_json::{Map, Value, json};
use yolov4::{Error, Result, low_level::text::grouped};

use crate::output;

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SheetFormat {
    /// For people
    Text,
    /// One table: a line a row; several: a line a figure (table, row, column, value)
    Csv,
    /// Every figure with all of its digits
    Json,
    /// Markdown
    Md,
}

/// One figure.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, and how many decimals people see.
    Number(f64, usize),
    /// A whole number.
    Count(u64),
    /// There is none.
    Nothing,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Cell {
    /// A number that may be missing.
    pub fn maybe(value: Option<f64>, decimals: usize) -> Self {
        value.map_or(Self::Nothing, |value| Self::Number(value, decimals))
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value, decimals) => format!("{value:.decimals$}"),
            Self::Count(count) => grouped(*count),
            Self::Nothing => "-".to_owned(),
        }
    }

    /// For programs: nothing is rounded, and nothing is empty.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value, _) => value.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Nothing => String::new(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(value, _) => json!(value),
            Self::Count(count) => json!(count),
            Self::Nothing => Value::Null,
        }
    }
}

/// A table.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it is asked for by: the paper's number, say.
    pub id: &'static str,
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// What is to be said of it.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Without rows and notes yet.
    pub fn new(id: &'static str, title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { id, title: title.into(), columns, rows: vec![], notes: vec![] }
    }

    /// With a row more.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// With something more to be said.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn drawn(&self, style: comfy_table::TableStyle) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(style);
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        table.set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row.iter().map(Cell::text));
        }
        for (i, column) in table.column_iter_mut().enumerate() {
            let words = self.rows.iter().any(|row| matches!(row.get(i), Some(Cell::Text(_))));
            if !words {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn text(&self) -> String {
        let notes: String = self.notes.iter().map(|note| format!("{note}\n")).collect();
        format!("{}\n\n{}{}{notes}", self.title, self.drawn(presets::NOTHING), if notes.is_empty() { "" } else { "\n" })
    }

    fn markdown(&self) -> String {
        let notes: String = self.notes.iter().map(|note| format!("\n{note}\n")).collect();
        format!("### {}\n\n{}{notes}", self.title, self.drawn(presets::ASCII_MARKDOWN))
    }

    fn json(&self) -> Value {
        let row = |row: &Vec<Cell>| -> Value {
            let members = self.columns.iter().cloned().zip(row.iter().map(Cell::json));
            Value::Object(members.collect::<Map<_, _>>())
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "id": self.id, "title": self.title, "columns": self.columns, "rows": rows, "notes": self.notes })
    }
}

/// All of them.
///
/// # Errors
/// [`Error::Format`] if they cannot be written so.
pub fn written(sheets: &[Sheet], format: SheetFormat) -> Result<String> {
    let joined = |texts: Vec<String>| texts.join("\n\n");
    Ok(match format {
        SheetFormat::Text => joined(sheets.iter().map(Sheet::text).collect()),
        SheetFormat::Md => joined(sheets.iter().map(Sheet::markdown).collect()),
        SheetFormat::Json => output::json("the tables", &sheets.iter().map(Sheet::json).collect::<Vec<_>>())?,
        SheetFormat::Csv => csv(sheets)?,
    })
}

fn csv(sheets: &[Sheet]) -> Result<String> {
    let fail = |e: csv::Error| Error::format("the tables", "CSV")(e);
    let mut writer = csv::Writer::from_writer(vec![]);
    if let [only] = sheets {
        writer.write_record(&only.columns).map_err(fail)?;
        for row in &only.rows {
            writer.write_record(row.iter().map(Cell::plain)).map_err(fail)?;
        }
    } else {
        writer.write_record(["table", "row", "column", "value"]).map_err(fail)?;
        for sheet in sheets {
            for (number, row) in sheet.rows.iter().enumerate() {
                for (column, cell) in sheet.columns.iter().zip(row) {
                    let row = (number + 1).to_string();
                    writer.write_record([sheet.id, &row, column, &cell.plain()]).map_err(fail)?;
                }
            }
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::format("the tables", "CSV")(e.error().to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
