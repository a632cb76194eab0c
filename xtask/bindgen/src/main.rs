//! Writes the JavaScript and the TypeScript beside a wasm file: STEM.js, STEM_bg.wasm, STEM.d.ts, for `--target web`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use wasm_bindgen_cli_support::Bindgen;

#[derive(Parser)]
#[command(name = "yolov4-bindgen")]
struct Cli {
    /// The file that rustc has written
    input: PathBuf,
    /// Where the three files go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What they are called
    #[arg(long)]
    stem: String,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&cli.input).out_name(&cli.stem).typescript(true).web(true)?;
    bindgen.generate(&cli.out)
}
