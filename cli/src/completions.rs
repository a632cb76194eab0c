//! `yolov4 completions` and the manual page, both made from the options as clap knows them.

use clap::CommandFactory;
use yolov4::Error;

use crate::{Cli, CommandResult, output};

#[derive(clap::Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: &CompletionsArgs) -> CommandResult {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "yolov4", &mut text);
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(())
}

pub fn man() -> CommandResult {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(Error::io("stdout"))?;
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(())
}
