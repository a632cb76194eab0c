//! Other programs on the same layers, by a Python script that the program brings along.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use yolov4::Result;

use super::{network, plan::NetworkSpec};
use crate::output;

/// What it is called here.
pub const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

const SCRIPT: &str = include_str!("peers.py");
const LAYERS: &str = include_str!("layers.py");

/// The command that times them; the sentence that says why there is none.
///
/// # Errors
/// If script or network cannot be written.
pub fn command(
    python: &Path,
    program: &Path,
    network: &NetworkSpec,
    work: &Path,
    (quick, f16): (bool, bool),
) -> Result<std::result::Result<Command, String>> {
    let answers = Command::new(python).args(["-c", "import numpy"]).stdin(Stdio::null()).output();
    match answers {
        Err(e) => return Ok(Err(format!("{}: {e}", python.display()))),
        Ok(out) if !out.status.success() => return Ok(Err(format!("{} has no numpy", python.display()))),
        Ok(_) => {}
    }
    let script = work.join("peers.py");
    output::write(&script, SCRIPT.as_bytes())?;
    output::write(&work.join("layers.py"), LAYERS.as_bytes())?;
    let stem = work.join(network.id());
    network::write(network, &stem)?;
    let mut command = Command::new(python);
    command.arg(script).arg(stem).arg("--program").arg(program);
    command.args(["--model", &network.name, "--size", &format!("{}x{}", network.size.0, network.size.1)]);
    let (rounds, frames, warmup) = if quick { ("2", "2", "1") } else { ("5", "20", "200") };
    command.args(["--rounds", rounds, "--frames", frames, "--warmup", warmup]);
    if !f16 {
        command.args(["--precision", "f32"]);
    }
    Ok(Ok(command))
}
