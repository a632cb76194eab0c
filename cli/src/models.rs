//! `yolov4 models`: the networks that have names, and the way to their files.

use clap::Subcommand;
use serde::Serialize;
use yolov4::{
    Error, Result,
    low_level::{
        graph::explain::Totals,
        model::{
            CfgOptions,
            zoo::{self, ENTRIES, Entry, ModelFiles, Origin, Store},
        },
    },
};

use crate::{CommandResult, options, output};

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: Option<ModelsCommand>,
    /// Everything known of each, with the addresses, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Fetch weights into the cache folder; those that are there are checked
    Fetch {
        /// Which networks
        #[arg(required = true, value_name = "NAME", value_parser = names())]
        names: Vec<String>,
        #[command(flatten)]
        mirror: options::Mirror,
    },
    /// Print where the files of a network are, or belong; without a name, the cache folder
    Path {
        /// Which network
        #[arg(value_name = "NAME", value_parser = names())]
        name: Option<String>,
    },
}

fn names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(ENTRIES.iter().map(|entry| entry.name))
}

pub fn run(args: &ModelsArgs) -> CommandResult {
    let store = Store::from_env();
    match &args.action {
        Some(ModelsCommand::Fetch { names, mirror }) => fetch(names, mirror)?,
        Some(ModelsCommand::Path { name: Some(name) }) => {
            let entry = zoo::named(name)?;
            if entry.weights.is_none() {
                output::say(format_args!("{name} has no files: {}", entry.remark));
            }
            let files = entry.files().map(|file| store.path(file)).collect::<Result<Vec<_>>>()?;
            let lines: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
            output::print(&lines)?;
        }
        Some(ModelsCommand::Path { name: None }) => output::print(&format!("{}\n", store.folder()?.display()))?,
        None => {
            let rows = ENTRIES.iter().map(|entry| ModelRow::new(entry, &store)).collect::<Result<Vec<_>>>()?;
            output::print(&if args.json { json(&rows)? } else { table(&rows) })?;
        }
    }
    Ok(())
}

fn fetch(names: &[String], mirror: &options::Mirror) -> Result<()> {
    let mut files = ModelFiles { store: Store::from_env(), remote: Some(mirror.remote()), ..ModelFiles::default() };
    for name in names {
        let entry = zoo::named(name)?;
        if let Origin::Carried(_) = entry.origin {
            output::say(format_args!("{name}: nothing to fetch, it is part of the program"));
            continue;
        }
        if entry.weights.is_none() {
            return Err(Error::Usage(format!("{name}: {}", entry.remark)));
        }
        for file in entry.files() {
            let found = files.renew(entry, file)?;
            let how = if found.fetched { "fetched" } else { "there already, and right" };
            output::say(format_args!("{}: {how}", found.path.display()));
        }
    }
    Ok(())
}

/// One network.
#[derive(Serialize)]
struct ModelRow {
    name: &'static str,
    width: usize,
    height: usize,
    parameters: u64,
    gflop: f64,
    /// Of all of its files together; none if there are none.
    download_bytes: Option<u64>,
    ap: f64,
    metric: &'static str,
    ap_side: usize,
    source: &'static str,
    licence: &'static str,
    /// Whether it can be used without a network.
    cached: bool,
    remark: &'static str,
    files: Vec<FileRow>,
}

/// One file of it.
#[derive(Serialize)]
struct FileRow {
    /// What a mirror takes the place of.
    base: &'static str,
    urls: Vec<String>,
    bytes: u64,
    sha1: Option<&'static str>,
    /// Where it is, or belongs.
    path: Option<String>,
}

impl ModelRow {
    fn new(entry: &'static Entry, store: &Store) -> Result<Self> {
        let (size, parameters, gflop) = match &entry.origin {
            Origin::Foreign(foreign) => (foreign.size, foreign.parameters, foreign.gflop),
            Origin::Built | Origin::Carried(_) => {
                let network = entry.network(&CfgOptions::default(), &mut ModelFiles::cached())?;
                let (totals, shape) = (Totals::new(&network.graph), network.graph.input_shape());
                ((shape.w, shape.h), totals.parameters, totals.conv_gflop)
            }
        };
        let files = entry.files().map(|file| FileRow {
            base: file.base,
            urls: file.urls(None),
            bytes: file.bytes,
            sha1: file.sha1,
            path: store.path(file).ok().map(|path| path.display().to_string()),
        });
        Ok(Self {
            name: entry.name,
            width: size.0,
            height: size.1,
            parameters,
            gflop,
            download_bytes: entry.weights.is_some().then(|| entry.files().map(|file| file.bytes).sum()),
            ap: entry.published.value,
            metric: entry.published.metric,
            ap_side: entry.published.side,
            source: entry.published.source,
            licence: entry.licence,
            cached: matches!(entry.origin, Origin::Carried(_)) || store.holds_all(entry),
            remark: entry.remark,
            files: files.collect(),
        })
    }
}

fn json(rows: &[ModelRow]) -> Result<String> {
    let text = serde_json::to_string_pretty(rows).map_err(Error::format("the list", "JSON"))?;
    Ok(text + "\n")
}

fn table(rows: &[ModelRow]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["name", "input", "parameters", "GFLOP", "download", "AP", "at", "source", "licence", "cached"]);
    for row in rows {
        let star = if row.metric == "AP" { "" } else { " (AP50)" };
        table.add_row([
            row.name.to_owned(),
            format!("{}x{}", row.width, row.height),
            format!("{:.2} M", row.parameters as f64 / 1e6),
            format!("{:.2}", row.gflop),
            row.download_bytes.map_or_else(|| "none".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
            format!("{:.1}{star}", row.ap),
            row.ap_side.to_string(),
            row.source.to_owned(),
            row.licence.to_owned(),
            if row.cached { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let remarks = rows.iter().filter(|row| !row.remark.is_empty());
    let remarks: String = remarks.map(|row| format!("{}: {}\n", row.name, row.remark)).collect();
    format!("{table}\n\n{remarks}")
}
